"""What a trunk's fields must be together, before anything is sent.

Every check refuses only what the vendor is certain to refuse. The form of addresses is not checked: the vendor's own
sample, `12.325.353.2`, is not an IPv4 address.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.api.sip_trunks.types import GroupBinding, SipTrunkAdd, SipTrunkUpdate, TrunkDirection, is_direction
from itnio_async.codec import check_value
from itnio_async.errors import InvalidRequestError
from itnio_async.limits import limits_of
from itnio_async.values import UNSET, is_missing

_LONGEST_GATEWAY, _LONGEST_WHITE, _LONGEST_NUMBER = (
    int(limits_of(kind)[name].most or 0)
    for kind, name in ((SipTrunkUpdate, "sip_gateway_ip"), (SipTrunkUpdate, "sip_white_ip"), (GroupBinding, "number"))
)


def check_field(name: str, value: Any) -> None:
    """Refuse what an update may not have in this field, whatever its others are.

    Raises `InvalidRequestError`.
    """
    if check := _CHECKS.get(name):
        check(value)
    check_value(name, value, SipTrunkUpdate)


def _check_key_id(value: Any) -> None:
    # Which key ids there are, the vendor alone knows: 0 and -1 are given too.
    if is_missing(value):
        _refuse("key_id", -56)


def _check_name(value: Any) -> None:
    if is_missing(value):
        _refuse("sip_trunk_name", -45)


def _check_gateway(value: Any) -> None:
    if _is_too_long(value, _LONGEST_GATEWAY):
        _refuse("sip_gateway_ip", -50)


def _check_white(value: Any) -> None:
    if _is_too_long(value, _LONGEST_WHITE):
        _refuse("sip_white_ip", -55)


def check_update(request: SipTrunkUpdate) -> None:
    """Refuse an update that the vendor is certain to refuse; raises `InvalidRequestError`."""
    _check_key_id(request.key_id)
    direction = request.direction
    if direction is None or direction is UNSET:
        direction = _direction_by_addresses(request)
    elif not is_direction(direction):
        _refuse("direction", -44, "It is 1 (outbound), 2 (inbound), or left out.")
    _check_trunk(request, direction)


def check_add(request: SipTrunkAdd) -> None:
    """Refuse a new trunk that the vendor is certain to refuse; raises `InvalidRequestError`."""
    if not is_direction(request.type):
        _refuse("type", -44)
    _check_trunk(request, request.type)


def _direction_by_addresses(request: SipTrunkUpdate) -> TrunkDirection | None:
    """Return what a single address means: a trunk of the other direction would be refused for lack of its own."""
    no_gateway = is_missing(request.sip_gateway_ip)
    if no_gateway == is_missing(request.sip_white_ip):
        return None
    return TrunkDirection.INBOUND if no_gateway else TrunkDirection.OUTBOUND


def _check_trunk(request: SipTrunkUpdate | SipTrunkAdd, direction: TrunkDirection | int | None) -> None:
    _check_name(request.sip_trunk_name)
    _check_groups(request.group_list, direction)
    _check_addresses(request, direction)
    if request.sip_trunk_state is True and direction == TrunkDirection.OUTBOUND:
        for name in ("sip_account", "sip_password"):
            if is_missing(getattr(request, name)):
                raise InvalidRequestError("an outbound trunk that registers needs it in every update.", field=name)


def _check_groups(groups: Any, direction: TrunkDirection | int | None = None) -> None:
    if is_missing(groups):
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
        if is_inbound and is_missing(group.number):
            _refuse(f"group_list[{index}].number", -57)
        if _is_too_long(group.number, _LONGEST_NUMBER):
            _refuse(f"group_list[{index}].number", -58)


def _check_addresses(request: SipTrunkUpdate | SipTrunkAdd, direction: TrunkDirection | int | None) -> None:
    gateway, white = request.sip_gateway_ip, request.sip_white_ip
    if direction == TrunkDirection.INBOUND:
        if is_missing(white):
            _refuse("sip_white_ip", -54)
    elif is_missing(gateway) and (direction == TrunkDirection.OUTBOUND or is_missing(white)):
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


def _is_too_long(value: object, most: float) -> bool:
    return isinstance(value, str) and len(value) > most


def _is_int(value: object) -> bool:
    # Other types pass here: the codec refuses them with a better text.
    return type(value) is int or (isinstance(value, int) and not isinstance(value, bool))


def _refuse(name: str, code: int, advice: str | None = None) -> None:
    entry = SIP_TRUNKS[code]
    raise InvalidRequestError(f"{entry.meaning}. {advice or entry.advice}", field=name, code=code)
