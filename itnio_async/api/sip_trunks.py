"""SIP trunks: `client.sip_trunks`.

Sources: the vendor's pages on adding, updating and listing a SIP trunk. Every check here refuses only what the vendor
is certain to refuse. The form of addresses is not checked: the vendor's own sample, `12.325.353.2`, is no IPv4 address.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from enum import IntEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypedDict

import attrs
from attrs import field, frozen

from itnio_async import config
from itnio_async.codec import local
from itnio_async.codes import SIP_TRUNKS
from itnio_async.endpoint import Endpoint, Listing
from itnio_async.errors import InvalidRequestError, ItnioError
from itnio_async.frames import FramesDropped
from itnio_async.values import UNSET, Page, Unset, extra_field

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from itnio_async.bulk import BulkRun
    from itnio_async.client import AsyncClient
    from itnio_async.config import RateLimit

_LONGEST = 50
_SIZED = (str, int, list, tuple)


class TrunkDirection(IntEnum):
    """Which way calls go over a trunk."""

    OUTBOUND = 1
    INBOUND = 2


_DIRECTIONS = frozenset(TrunkDirection)


@frozen(kw_only=True)
class GroupBinding:
    """An agent group bound to a trunk, and for inbound trunks the phone number that leads to it (50 characters)."""

    voice_group_id: int
    number: str | Unset | None = UNSET


@frozen(kw_only=True)
class SipTrunkUpdate:
    """The whole of a trunk as it shall be: an update replaces it, and what is left out may be lost.

    `trunk.to_update(**changes)` makes one from a listed trunk. `sip_trunk_state` is whether the trunk registers at the
    gateway, which takes `sip_account` and `sip_password` in every update. `direction` is never sent: it lets the checks
    know what the vendor asks of an outbound or an inbound trunk.
    """

    key_id: int
    sip_trunk_name: str
    group_list: list[GroupBinding]
    sip_trunk_state: bool
    sip_prefix: str | Unset | None = UNSET
    sip_gateway_ip: str | Unset | None = UNSET
    sip_white_ip: str | Unset | None = UNSET
    sip_account: str | Unset | None = UNSET
    sip_password: str | Unset | None = field(default=UNSET, repr=False)
    direction: TrunkDirection | int | Unset | None = local()


@frozen(kw_only=True)
class SipTrunkAdd:
    """A trunk to be created; `type` is its direction, and cannot be changed later."""

    type: TrunkDirection | int
    sip_trunk_name: str
    group_list: list[GroupBinding]
    sip_trunk_state: bool
    sip_prefix: str | Unset | None = UNSET
    sip_gateway_ip: str | Unset | None = UNSET
    sip_white_ip: str | Unset | None = UNSET
    sip_account: str | Unset | None = UNSET
    sip_password: str | Unset | None = field(default=UNSET, repr=False)


@frozen(kw_only=True)
class SipTrunkFilter:
    """Which trunks a listing shows; the name matches in part."""

    type: TrunkDirection | int | Unset = UNSET
    sip_trunk_name: str | Unset = UNSET


@frozen(kw_only=True)
class SipTrunkQuery:
    """One page of a listing: its number from 1 and its size from 1 to 100."""

    current: int
    size: int
    params: SipTrunkFilter


@frozen(kw_only=True)
class BoundGroup:
    """An agent group as the listing shows it under a trunk."""

    voice_group_id: int | None = None
    group_name: str | None = None
    number: str | None = None
    extra: Mapping[str, Any] = extra_field()


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


@frozen(kw_only=True)
class SipTrunk:
    """A trunk as the listing shows it; a field that the answer leaves out or gives as null is None.

    `state` is 0 (disabled) or 1 (enabled). `sip_trunk_state` is called the gateway's status in the listing and the
    registration switch in an update: the two may differ. `sip_password` may be clear, masked or absent.
    `create_time` and `update_time` are as on the wire, without a zone.
    """

    key_id: int | None = None
    type: TrunkDirection | int | None = None
    state: int | None = None
    sip_trunk_name: str | None = None
    sip_prefix: str | None = None
    group_list: list[BoundGroup] | None = None
    sip_gateway_ip: str | None = None
    sip_white_ip: str | None = None
    sip_trunk_state: bool | None = None
    sip_account: str | None = None
    sip_password: str | None = field(default=None, repr=False)
    cc_ip: str | None = None
    create_time: str | None = None
    update_time: str | None = None
    extra: Mapping[str, Any] = extra_field()

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
        if _is_direction(self.type):
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
        if "sip_password" not in changes and not (self.sip_password or "").strip("*"):
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


_UPDATE_FIELDS = attrs.fields_dict(SipTrunkUpdate)
_LISTED_FIELDS = tuple(name for name in attrs.fields_dict(SipTrunk) if name in _UPDATE_FIELDS)
_listed_values = attrgetter(*_LISTED_FIELDS)


def _binding(group: BoundGroup) -> GroupBinding:
    number = UNSET if group.number is None else group.number
    # An id that the listing leaves out is refused with its place when the update is sent.
    return GroupBinding(voice_group_id=group.voice_group_id, number=number)  # type: ignore[arg-type]


# -- checks -----------------------------------------------------------------------------------------------------------


def check_field(name: str, value: Any) -> None:
    """Refuse what an update may not have in this field, whatever its others are.

    Raises `InvalidRequestError`.
    """
    if check := _CHECKS.get(name):
        check(value)


def _check_key_id(value: Any) -> None:
    if _is_missing(value) or (_is_int(value) and value < 0):
        _refuse("key_id", -56)


def _check_name(value: Any) -> None:
    if _is_missing(value):
        _refuse("sip_trunk_name", -45)


def _check_gateway(value: Any) -> None:
    if _is_too_long(value):
        _refuse("sip_gateway_ip", -50)


def _check_white(value: Any) -> None:
    if _is_too_long(value):
        _refuse("sip_white_ip", -55)


def _check_update(request: SipTrunkUpdate) -> None:
    _check_key_id(request.key_id)
    direction = request.direction
    if direction is None or direction is UNSET:
        direction = _direction_by_addresses(request)
    elif not _is_direction(direction):
        _refuse("direction", -44)
    _check_trunk(request, direction)


def _check_add(request: SipTrunkAdd) -> None:
    if not _is_direction(request.type):
        _refuse("type", -44)
    _check_trunk(request, request.type)


def _direction_by_addresses(request: SipTrunkUpdate) -> TrunkDirection | None:
    """Return what a single address means: a trunk of the other direction would be refused for lack of its own."""
    no_gateway = _is_missing(request.sip_gateway_ip)
    if no_gateway == _is_missing(request.sip_white_ip):
        return None
    return TrunkDirection.INBOUND if no_gateway else TrunkDirection.OUTBOUND


def _check_trunk(request: SipTrunkUpdate | SipTrunkAdd, direction: TrunkDirection | int | None) -> None:
    _check_name(request.sip_trunk_name)
    _check_groups(request.group_list, direction)
    _check_addresses(request, direction)
    if request.sip_trunk_state is True and direction == TrunkDirection.OUTBOUND:
        for name in ("sip_account", "sip_password"):
            if _is_missing(getattr(request, name)):
                raise InvalidRequestError("an outbound trunk that registers needs it in every update.", field=name)


def _check_groups(groups: Any, direction: TrunkDirection | int | None = None) -> None:
    if _is_missing(groups):
        _refuse("group_list", -48)
    if not isinstance(groups, list | tuple):
        return
    seen: set[int] = set()
    are_several = len(groups) > 1
    is_inbound = direction == TrunkDirection.INBOUND
    for index, group in enumerate(groups):
        if not isinstance(group, GroupBinding):
            return
        if are_several and _is_int(group.voice_group_id):
            if group.voice_group_id in seen:
                _refuse(f"group_list[{index}].voice_group_id", -51)
            seen.add(group.voice_group_id)
        if is_inbound and _is_missing(group.number):
            _refuse(f"group_list[{index}].number", -57)
        if _is_too_long(group.number):
            _refuse(f"group_list[{index}].number", -58)


def _check_addresses(request: SipTrunkUpdate | SipTrunkAdd, direction: TrunkDirection | int | None) -> None:
    gateway, white = request.sip_gateway_ip, request.sip_white_ip
    if direction == TrunkDirection.INBOUND:
        if _is_missing(white):
            _refuse("sip_white_ip", -54)
    elif _is_missing(gateway) and (direction == TrunkDirection.OUTBOUND or _is_missing(white)):
        _refuse("sip_gateway_ip", -49)
    _check_gateway(gateway)
    _check_white(white)


_CHECKS: dict[str, Callable[[Any], None]] = {
    "key_id": _check_key_id,
    "sip_trunk_name": _check_name,
    "group_list": _check_groups,
    "sip_gateway_ip": _check_gateway,
    "sip_white_ip": _check_white,
}


def _is_too_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > _LONGEST


def _check_query(request: SipTrunkQuery) -> None:
    if _is_int(request.current) and request.current < 1:
        raise InvalidRequestError("pages are numbered from 1.", field="current", code=-22)
    if _is_int(request.size) and not 1 <= request.size <= 100:
        raise InvalidRequestError("a page has 1 to 100 records.", field="size", code=-22)


def _is_missing(value: object) -> bool:
    # Asks no object of another type for its truth, which may raise.
    return value is UNSET or value is None or (isinstance(value, _SIZED) and not value)


def _is_direction(value: object) -> bool:
    return _is_int(value) and value in _DIRECTIONS


def _is_int(value: object) -> bool:
    # Other types pass here: the codec refuses them with a better text.
    return type(value) is int or (isinstance(value, int) and not isinstance(value, bool))


def _refuse(name: str, code: int) -> None:
    entry = SIP_TRUNKS[code]
    raise InvalidRequestError(f"{entry.meaning}. {entry.advice}", field=name, code=code)


# -- endpoints and service --------------------------------------------------------------------------------------------

# Repeating an update with the same values ends in the same trunk. Repeating an add may create a second one, unless the
# vendor refuses the name.
UPDATE = Endpoint[SipTrunkUpdate, None](
    "POST", "/v3/cc/sipTrunk/update", SipTrunkUpdate, None, idempotent=True, family=SIP_TRUNKS, check=_check_update
)
ADD = Endpoint[SipTrunkAdd, "int | None"](
    "POST", "/v3/cc/sipTrunk/add", SipTrunkAdd, int, idempotent=False, family=SIP_TRUNKS, check=_check_add
)
QUERY = Endpoint[SipTrunkQuery, Page[SipTrunk]](
    "POST",
    "/v3/cc/sipTrunk/query",
    SipTrunkQuery,
    Page[SipTrunk],
    idempotent=True,
    family=SIP_TRUNKS,
    check=_check_query,
)

ENDPOINTS = (UPDATE, ADD, QUERY)


class SipTrunks:
    """The SIP trunks of the account."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def update(self, update: SipTrunkUpdate) -> None:
        """Replace the settings of one trunk by those given, whole: what is left out may be lost.

        A call that is cancelled or runs out of time may have been processed all the same: list the trunk to see, or
        send the same update again, which does no harm.

        Raises `InvalidRequestError` before sending, `ApiError` for what the vendor refuses, `TransportError` or
        `DeadlineExceeded` where no answer came. Source: the vendor's page on updating a SIP trunk.
        """
        call = self._client.call(UPDATE, update)
        del update  # a report of an error shows the variables here, and who knows what was passed
        return (await call).data

    def update_many(
        self,
        updates: Iterable[SipTrunkUpdate] | AsyncIterable[SipTrunkUpdate],
        *,
        concurrency: int = config.BULK_CONCURRENCY,
        rate_limit: float | RateLimit | None = None,
        stop_on: tuple[type[ItnioError], ...] = config.BULK_STOP_ON,
        max_failures: int = 0,
        ordered: bool = False,
    ) -> BulkRun[SipTrunkUpdate, None]:
        """Update many trunks at once: `async for outcome in client.sip_trunks.update_many(updates)`.

        Each update replaces its trunk, as `update` does, and a failed one is an outcome. Two updates of one trunk may
        overtake each other. Takes and raises what `client.bulk` does.
        """
        return self._client.bulk(
            UPDATE,
            updates,
            concurrency=concurrency,
            rate_limit=rate_limit,
            stop_on=stop_on,
            max_failures=max_failures,
            ordered=ordered,
        )

    async def add(self, trunk: SipTrunkAdd) -> int | None:
        """Create a trunk and return its key id, or None where the vendor's answer leaves it out.

        A lost answer does not tell whether the trunk was created: look for its name before trying again. A failure of
        the vendor's system is not repeated by itself for the same reason. Raises as `update` does.
        """
        call = self._client.call(ADD, trunk)
        del trunk
        return (await call).data

    def list(
        self,
        *,
        type: TrunkDirection | int | None = None,
        sip_trunk_name: str | None = None,
        current: int = 1,
        size: int = 100,
    ) -> Listing[SipTrunk]:
        """List trunks: `await` it for page `current` (from 1), or `async for` over it for all trunks from there on.

        `type` keeps one direction, `sip_trunk_name` the names that have this text in them; `size` is 1 to 100 a page.
        """
        filters = SipTrunkFilter(
            type=UNSET if type is None else type,
            sip_trunk_name=UNSET if sip_trunk_name is None else sip_trunk_name,
        )

        async def fetch(page: int) -> Page[SipTrunk]:
            return (await self._client.call(QUERY, SipTrunkQuery(current=page, size=size, params=filters))).data

        return Listing(fetch, current=current, size=size)
