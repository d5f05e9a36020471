"""What the vendor's pages leave open and the sandbox had to decide: each decision once, here, with a switch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import attrs
from attrs import define, frozen, setters

from itnio_async.errors import ConfigurationError


@frozen
class Assumption:
    """One decision as it stands: its name, its value, the values it may take (None: see the text), and why."""

    name: str
    value: Any
    choices: tuple[Any, ...] | None
    text: str


def _one_of(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    choices = attribute.metadata["choices"]
    # By type too: 1 == True, but a switch set to 1 is a slip.
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise ConfigurationError(
            f"assumptions.{attribute.name} is {value!r}; give one of {', '.join(map(repr, choices))}."
        )


def _seconds(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise ConfigurationError(f"assumptions.{attribute.name} is {value!r}; give a number of seconds above 0.")


def _quota(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ConfigurationError(
            f"assumptions.{attribute.name} is {value!r}; give a number of trunks, or None for no quota."
        )


def _switch(default: bool, text: str) -> Any:
    return attrs.field(default=default, validator=_one_of, metadata={"choices": (True, False), "text": text})


def _choice(default: Any, *others: Any, text: str) -> Any:
    return attrs.field(default=default, validator=_one_of, metadata={"choices": (default, *others), "text": text})


@define(kw_only=True, on_setattr=setters.validate)
class Assumptions:
    """The decisions; iterating lists them, assigning to one flips it for the requests that follow.

    A value that a decision cannot take raises `ConfigurationError`.
    """

    # Who may call.
    window: float = attrs.field(
        default=300,
        validator=_seconds,
        metadata={
            "choices": None,
            "text": "How many seconds a Timestamp may be off, either way, before it is -16. No window is stated; five "
            "minutes are usual.",
        },
    )
    failure_http_status: int = _choice(
        200,
        400,
        500,
        text="The HTTP status of a refusal. None is documented; the samples suggest 200 with a non-zero status inside.",
    )

    # What an update may ask for.
    unknown_key_code: int = _choice(
        -22,
        -24,
        -56,
        text="The code for a key id that no trunk has. The update page names only a missing one (-56); -24 (does not "
        "exist) is on other pages.",
    )
    unknown_group_refused: bool = _switch(
        True, "An agent group that does not exist is refused, with -22: the page has no code for it."
    )
    unknown_field_refused: bool = _switch(
        True, "A field that the page does not list is refused with -22, so that a misspelt one is noticed."
    )
    type_checked_on_update: bool = _switch(
        True,
        "An update that carries a `type` other than the trunk's own is refused with -44. -44 is in the page's list, "
        "but `type` is not among its fields.",
    )
    group_bound_once: bool = _switch(
        True,
        "An agent group bound to another trunk is refused with -52, whatever that trunk's direction: the page does "
        "not say whether one outbound and one inbound trunk may share a group.",
    )
    gateway_bound_once: bool = _switch(
        True,
        "A gateway address bound to another trunk is refused with -53, as the page words it; its reach (the account, "
        "the direction) is not stated, here it is all trunks.",
    )
    white_address_bound_once: bool = _switch(
        True, "A whitelist address bound to another trunk is refused with -60; its reach is all trunks, as for -53."
    )
    address_form_checked: bool = _switch(
        True,
        "An address with a blank or a control character is malformed (-50, -55). The page does not say what a correct "
        "form is, and its own sample, 12.325.353.2, is no IPv4 address; host names pass.",
    )
    country_checked: bool = _switch(
        True,
        "A number finds its country (else -61) if, after an optional + or 00 and without blanks, dots, dashes and "
        "parentheses, it is all digits and does not begin with 0: no country code does.",
    )
    registration_needs_account: bool = _switch(
        True,
        "Registration switched on for an outbound trunk without account and password is refused with -22. The page "
        "requires both but names no code.",
    )

    # What an update leaves behind.
    left_out: str = _choice(
        "clears",
        "keeps",
        text="What leaving out an optional field does to the stored value: the page reads like a replacement.",
    )
    null: str = _choice("clears", "keeps", text="What null or an empty string in an optional field does.")
    group_list: str = _choice(
        "replaces",
        "adds",
        text="Whether groupList replaces the bindings whole or adds to them: the form suggests whole.",
    )

    # New trunks.
    new_trunk_enabled: bool = _switch(True, "A new trunk starts enabled (state 1): there is no field to say so.")
    trunk_quota: int | None = attrs.field(
        default=None,
        validator=_quota,
        metadata={
            "choices": None,
            "text": "How many trunks the account may have before add answers -23. No quota is stated; None is none.",
        },
    )

    # The listing.
    listed_password: str = _choice(
        "clear",
        "masked",
        "absent",
        text="How the listing shows sipPassword: its table lists the field, no sample shows it.",
    )
    listed_groups: str = _choice(
        "array",
        "object",
        text="groupList in the listing: documented as an object, sent as an array. As an object it is the first group.",
    )
    listed_trunk_state: str = _choice(
        "switch",
        "live",
        text="sipTrunkState in the listing: the registration switch that update sets, or (as the table words it) the "
        "gateway's live status, false here since no gateway is there.",
    )
    listed_registration: str = _choice(
        "null",
        "absent",
        text="Whether a trunk without registration has sipAccount, sipPassword and sipTrunkState in the listing; the "
        "only sample lacks all three.",
    )
    listed_order: str = _choice(
        "oldest first", "newest first", text="The order of the listing, by key id: none is stated."
    )

    def __iter__(self) -> Iterator[Assumption]:
        """Go through the decisions in the order in which they stand here."""
        for field in attrs.fields(type(self)):
            yield Assumption(field.name, getattr(self, field.name), field.metadata["choices"], field.metadata["text"])
