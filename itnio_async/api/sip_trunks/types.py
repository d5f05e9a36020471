"""What is sent and received about SIP trunks: requests, listed trunks, and one made from the other.

Sources: the vendor's pages on adding, updating and listing a SIP trunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from operator import attrgetter
from typing import Any, TypedDict, Unpack

import attrs
from attrs import field, frozen

from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Record, Request
from itnio_async.errors import InvalidRequestError
from itnio_async.frames import FramesDropped
from itnio_async.limits import length
from itnio_async.values import KEY_ID, LONG, NAME, UNSET, Unset, extra_field, is_masked, local, secret, sent_extra_field


class TrunkDirection(IntEnum):
    """Which way calls go over a trunk."""

    OUTBOUND = 1
    INBOUND = 2


@frozen(kw_only=True, repr=False)
class GroupBinding(Request):
    """An agent group bound to a trunk, and for inbound trunks the phone number that leads to it (50 characters)."""

    voice_group_id: int = field(metadata=LONG)
    """The agent group's id."""
    number: str | Unset | None = field(default=UNSET, metadata=length(0, 50, code=-58, by_check=True))
    """The phone number that leads to the group: for inbound trunks, at most 50 characters."""
    extra: Mapping[str, Any] = sent_extra_field()
    """What is sent beside these fields, under the vendor's names."""


@frozen(kw_only=True, repr=False)
class SipTrunkUpdate(Request):
    """The whole of a trunk as it shall be: an update replaces it, and what is left out may be lost.

    `trunk.to_update(**changes)` makes one from a listed trunk. `sip_trunk_state` is whether the trunk registers at the
    gateway, which takes `sip_account` and `sip_password` in every update. `direction` is never sent: it lets the checks
    know what the vendor asks of an outbound or an inbound trunk. `extra` is sent as it is, for what the vendor wants
    beside its page's fields, such as `extra={"type": 1}`.
    """

    key_id: int = field(metadata=KEY_ID)
    """The trunk's id: its primary key at the vendor."""
    sip_trunk_name: str = field(metadata=NAME)
    """The trunk's name; one that another trunk has is refused (-47)."""
    group_list: list[GroupBinding]
    """The agent groups bound to the trunk: at least one, each once."""
    sip_trunk_state: bool
    """Whether the trunk registers at the gateway."""
    sip_prefix: str | Unset | None = UNSET
    """The trunk's prefix. The vendor's pages do not say what it is put in front of."""
    sip_gateway_ip: str | Unset | None = field(default=UNSET, metadata=length(0, 50, code=-50, by_check=True))
    """The address of the SIP gateway that calls go out to: for outbound trunks, at most 50 characters."""
    sip_white_ip: str | Unset | None = field(default=UNSET, metadata=length(0, 50, code=-55, by_check=True))
    """The address that inbound SIP is accepted from: for inbound trunks, at most 50 characters."""
    sip_account: str | Unset | None = UNSET
    """The account that an outbound trunk registers with at its gateway."""
    sip_password: str | Unset | None = secret(default=UNSET)
    """The password of that account."""
    direction: TrunkDirection | int | Unset | None = local()
    """Which way calls go over the trunk, for the checks alone: it is never sent."""
    extra: Mapping[str, Any] = sent_extra_field()
    """What is sent beside these fields, under the vendor's names."""


@frozen(kw_only=True, repr=False)
class SipTrunkAdd(Request):
    """A trunk to be created; `type` is its direction, and cannot be changed later. `extra` is sent as it is."""

    type: TrunkDirection | int
    """Which way calls go over the trunk."""
    sip_trunk_name: str = field(metadata=NAME)
    """The trunk's name; one that another trunk has is refused (-47)."""
    group_list: list[GroupBinding]
    """The agent groups bound to the trunk: at least one, each once."""
    sip_trunk_state: bool
    """Whether the trunk registers at the gateway."""
    sip_prefix: str | Unset | None = UNSET
    """The trunk's prefix. The vendor's pages do not say what it is put in front of."""
    sip_gateway_ip: str | Unset | None = field(default=UNSET, metadata=length(0, 50, code=-50, by_check=True))
    """The address of the SIP gateway that calls go out to: for outbound trunks, at most 50 characters."""
    sip_white_ip: str | Unset | None = field(default=UNSET, metadata=length(0, 50, code=-55, by_check=True))
    """The address that inbound SIP is accepted from: for inbound trunks, at most 50 characters."""
    sip_account: str | Unset | None = UNSET
    """The account that an outbound trunk registers with at its gateway."""
    sip_password: str | Unset | None = secret(default=UNSET)
    """The password of that account."""
    extra: Mapping[str, Any] = sent_extra_field()
    """What is sent beside these fields, under the vendor's names."""


@frozen(kw_only=True, repr=False)
class SipTrunkFilter(Request):
    """Which trunks a listing shows; the name matches in part."""

    type: TrunkDirection | int | Unset = UNSET
    """Only trunks of this direction."""
    sip_trunk_name: str | Unset = UNSET
    """Only trunks that have this text in their names."""


@frozen(kw_only=True, repr=False)
class SipTrunkQuery(PageQuery):
    """One page of a listing of trunks."""

    params: SipTrunkFilter
    """Which trunks are listed."""


@frozen(kw_only=True)
class BoundGroup(Record):
    """An agent group as the listing shows it under a trunk."""

    voice_group_id: int | None = None
    """The agent group's id."""
    group_name: str | None = None
    """The agent group's name."""
    number: str | None = None
    """The phone number that leads to the group."""
    extra: Mapping[str, Any] = extra_field()
    """The keys of the answer that are not known."""


class SipTrunkChanges(TypedDict, total=False):
    """What `SipTrunk.to_update` takes."""

    key_id: int
    sip_trunk_name: str
    group_list: list[GroupBinding]
    sip_trunk_state: bool
    sip_prefix: str | Unset | None
    sip_gateway_ip: str | Unset | None
    sip_white_ip: str | Unset | None
    sip_account: str | Unset | None
    sip_password: str | Unset | None
    direction: TrunkDirection | int | Unset | None
    extra: Mapping[str, Any]


@frozen(kw_only=True)
class SipTrunk(Record):
    """A trunk as the listing shows it; a field that the answer leaves out or gives as null is None.

    `state` is 0 (disabled) or 1 (enabled). `sip_trunk_state` is called the gateway's status in the listing and the
    registration switch in an update: the two may differ. `sip_password` may be clear, masked or absent.
    `create_time` and `update_time` are as on the wire, without a zone.
    """

    key_id: int | None = None
    """The trunk's id: its primary key at the vendor."""
    type: TrunkDirection | int | None = None
    """Which way calls go over the trunk."""
    state: int | None = None
    """0: disabled, 1: enabled."""
    sip_trunk_name: str | None = None
    """The trunk's name."""
    sip_prefix: str | None = None
    """The trunk's prefix. The vendor's pages do not say what it is put in front of."""
    group_list: list[BoundGroup] | None = None
    """The agent groups bound to the trunk."""
    sip_gateway_ip: str | None = None
    """The address of the SIP gateway that calls go out to."""
    sip_white_ip: str | None = None
    """The address that inbound SIP is accepted from."""
    sip_trunk_state: bool | None = None
    """What this page calls the gateway's status, and the pages of update and add the registration."""
    sip_account: str | None = None
    """The account that an outbound trunk registers with at its gateway."""
    sip_password: str | None = secret(default=None)
    """The password of that account: in the clear, masked or absent, which the vendor's pages do not say."""
    cc_ip: str | None = None
    """The address of the call centre's side. The vendor's page says no more, and no request has it."""
    create_time: str | None = None
    """When the trunk was made, as `2025-01-10 11:31:21`; the zone is not stated."""
    update_time: str | None = None
    """When the trunk was last changed, likewise."""
    extra: Mapping[str, Any] = extra_field()
    """The keys of the answer that are not known."""

    def to_update(self, **changes: Unpack[SipTrunkChanges]) -> SipTrunkUpdate:
        """Return the full replacement that `update` needs: this trunk with the changes.

        Nulls of the listing are left out; a change to None is sent as null. Where the listing shows an account or
        registration on, a usable password and registration that is on must come from the listing or the changes: a
        masked password would be written over the real one, and `sip_trunk_state` may be the gateway's status. Where it
        shows neither, no password is sent.

        Raises `InvalidRequestError` that names the field to give.
        """
        try:
            with FramesDropped():
                return self._updated(changes)
        finally:
            del changes  # a report of an error shows the variables here

    def _updated(self, changes: SipTrunkChanges) -> SipTrunkUpdate:
        for name in changes:
            if name not in _UPDATE_FIELDS:
                raise InvalidRequestError(
                    f"an update has no such field. It has: {', '.join(_UPDATE_FIELDS)}.", field=name
                )
        shown = zip(_LISTED_FIELDS, _listed_values(self), strict=True)
        listed: dict[str, Any] = {name: value for name, value in shown if value is not None}
        # A type that the vendor added since must not keep the trunk from being updated.
        if is_direction(self.type):
            listed["direction"] = self.type
        if self.group_list is not None and "group_list" not in changes:
            listed["group_list"] = [_binding(group) for group in self.group_list]
        if not (self.sip_account or self.sip_trunk_state):
            listed.pop("sip_password", None)
        else:
            self._guard_registration(changes)
        wanted = {**listed, **changes}
        for name in ("key_id", "sip_trunk_name", "group_list", "sip_trunk_state"):
            if name not in wanted:
                raise InvalidRequestError("the listing does not show it. Give it as a change.", field=name)
        return SipTrunkUpdate(**wanted)

    def _guard_registration(self, changes: SipTrunkChanges) -> None:
        if "sip_password" not in changes and (not self.sip_password or is_masked(self.sip_password)):
            raise InvalidRequestError(
                "the trunk has a registration, and the listing does not show its password: an update without the real "
                "one would lose it. Give sip_password as a change.",
                field="sip_password",
            )
        if "sip_trunk_state" not in changes and not self.sip_trunk_state:
            raise InvalidRequestError(
                "the trunk has a registration account, but the listing does not show it on, which may be the gateway's "
                "status and not the switch. Give sip_trunk_state as a change.",
                field="sip_trunk_state",
            )


def is_direction(value: object) -> bool:
    """Tell whether a value is one of the directions, as an enumeration or as a number."""
    return isinstance(value, int) and not isinstance(value, bool) and value in _DIRECTIONS


_DIRECTIONS = frozenset(TrunkDirection)
_UPDATE_FIELDS = attrs.fields_dict(SipTrunkUpdate)
# The listing's `extra` is what nobody knows: it goes into an update only by hand.
_LISTED_FIELDS = tuple(name for name in attrs.fields_dict(SipTrunk) if name in _UPDATE_FIELDS and name != "extra")
_listed_values = attrgetter(*_LISTED_FIELDS)


def _binding(group: BoundGroup) -> GroupBinding:
    number = UNSET if group.number is None else group.number
    # An id that the listing leaves out is refused with its place when the update is sent.
    return GroupBinding(voice_group_id=group.voice_group_id, number=number)  # type: ignore[arg-type]
