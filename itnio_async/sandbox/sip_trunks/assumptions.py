"""What the vendor's pages on SIP trunks leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import SharedAssumptions, choice, switch, value
from itnio_async.validators import or_none, whole


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class SipTrunkAssumptions(SharedAssumptions):
    """The decisions about SIP trunks, and the shared ones."""

    # What an update may ask for.
    unknown_key_code: int = choice(
        -22,
        -24,
        -56,
        text="The code for a key id that no trunk has. The update page names only a missing one (-56); -24 (does not "
        "exist) is on other pages.",
    )
    unknown_group_refused: bool = switch(
        True, "An agent group that does not exist is refused, with -22: the page has no code for it."
    )
    type_checked_on_update: bool = switch(
        True,
        "An update that carries a `type` other than the trunk's own is refused with -44. -44 is in the page's list, "
        "but `type` is not among its fields.",
    )
    group_bound_once: bool = switch(
        True,
        "An agent group bound to another trunk is refused with -52, whatever that trunk's direction: the page does "
        "not say whether one outbound and one inbound trunk may share a group.",
    )
    gateway_bound_once: bool = switch(
        True,
        "A gateway address bound to another trunk is refused with -53, as the page words it; its reach (the account, "
        "the direction) is not stated, here it is all trunks.",
    )
    white_address_bound_once: bool = switch(
        True, "A whitelist address bound to another trunk is refused with -60; its reach is all trunks, as for -53."
    )
    address_form_checked: bool = switch(
        True,
        "An address with a blank or a control character is malformed (-50, -55). The page does not say what a correct "
        "form is, and its own sample, 12.325.353.2, is not an IPv4 address; host names pass.",
    )
    country_checked: bool = switch(
        True,
        "A number finds its country (else -61) if, after an optional + or 00 and without blanks, dots, dashes and "
        "parentheses, it is all digits and does not begin with 0: no country code does.",
    )
    registration_needs_account: bool = switch(
        True,
        "Registration switched on for an outbound trunk without account and password is refused with -22. The page "
        "requires both but names no code.",
    )

    # What an update leaves behind.
    left_out: str = choice(
        "clears",
        "keeps",
        text="What leaving out an optional field does to the stored value: the page reads like a replacement.",
    )
    null: str = choice("clears", "keeps", text="What null or an empty string in an optional field does.")
    group_list: str = choice(
        "replaces",
        "adds",
        text="Whether groupList replaces the bindings whole or adds to them: the form suggests whole.",
    )

    # New trunks.
    new_trunk_enabled: bool = switch(True, "A new trunk starts enabled (state 1): there is no field to say so.")
    trunk_quota: int | None = value(
        None,
        or_none(whole(0)),
        text="How many trunks the account may have before add answers -23. No quota is stated; None is none.",
    )

    # The listing.
    listed_password: str = choice(
        "clear",
        "masked",
        "absent",
        text="How the listing shows sipPassword: its table lists the field, no sample shows it.",
    )
    listed_groups: str = choice(
        "array",
        "object",
        text="groupList in the listing: documented as an object, sent as an array. As an object it is the first group.",
    )
    listed_trunk_state: str = choice(
        "switch",
        "live",
        text="sipTrunkState in the listing: the registration switch that update sets, or (as the table words it) the "
        "gateway's live status, false here since no gateway is there.",
    )
    listed_registration: str = choice(
        "null",
        "absent",
        text="Whether a trunk without registration has sipAccount, sipPassword and sipTrunkState in the listing; the "
        "only sample lacks all three.",
    )
