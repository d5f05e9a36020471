"""The checks of a SIP trunk request, one `Rule` each, in the order in which they are made.

The order: the form of the body (-22), the trunk it is about (-56 and unknown key ids), then by the number of the code,
-44 to -61 (the check for an unknown agent group comes before -52), last what is required but has no code of its own
(-22). Within one number, what the page says comes before what is assumed. Before any of these, see `authentication`:
-1, -2 and -16. -18, -20 and -23 have no condition that an update could bring about by itself: order them as a `Fault`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox.rules import Rule, is_boolean, is_integer, is_long, is_object, is_text, misfits
from itnio_async.sandbox.sip_trunks.assumptions import SipTrunkAssumptions
from itnio_async.sandbox.sip_trunks.tables import INBOUND, OUTBOUND, StoredTrunk, Trunks

LONGEST = 50  # characters of an address or a number, as the page says
MOST_PAGES = 2**31 - 1  # the pages are an Integer; more would overflow the offset
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_LEFT_OUT_OF_NUMBERS = str.maketrans("", "", " .-()")


@frozen
class TrunkRequest:
    """What a rule looks at: the request's body, what is stored, and the trunk to be replaced (add: None)."""

    body: Mapping[str, Any]
    trunks: Trunks
    assumptions: SipTrunkAssumptions
    trunk: StoredTrunk | None = None
    groups: Sequence[Mapping[str, Any]] = field(init=False)

    @groups.default
    def _groups(self) -> Sequence[Mapping[str, Any]]:
        return self.body.get("groupList") or ()

    @property
    def key_id(self) -> int:
        """The trunk's own key id, 0 for a new one: its name and addresses do not conflict with the request's."""
        return self.trunk.key_id if self.trunk else 0

    @property
    def type(self) -> int:
        """The direction: a trunk keeps its own, a new one has what the request says."""
        return self.trunk.type if self.trunk else self.type_given

    @property
    def type_given(self) -> int:
        """The request's own type: a String by the page's table, an integer in its sample; 0 if neither 1 nor 2."""
        return {"1": OUTBOUND, "2": INBOUND}.get(str(self.body.get("type")), 0)

    @property
    def numbers(self) -> list[str]:
        """The numbers given for agent groups."""
        return [group["number"] for group in self.groups if group.get("number")]


_Rule = Rule[TrunkRequest]


# The form of a body.


def _is_type(value: object) -> bool:
    return is_integer(value) or is_text(value)  # which of them are right is -44's business


def _is_group_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(group, dict) and not misfits(group, _GROUP) for group in value)


_GROUP = {"voiceGroupId": is_long, "number": is_text}
_SETTINGS = {
    "sipTrunkName": is_text,
    "sipPrefix": is_text,
    "groupList": _is_group_list,
    "sipGatewayIp": is_text,
    "sipWhiteIp": is_text,
    "sipTrunkState": is_boolean,
    "sipAccount": is_text,
    "sipPassword": is_text,
    "type": _is_type,
}
UPDATE_FIELDS = {"keyId": is_integer, **_SETTINGS}
ADD_FIELDS = _SETTINGS


def _unknown(body: Mapping[str, Any], groups: Sequence[Mapping[str, Any]], fields: Mapping[str, Any]) -> bool:
    return bool(body.keys() - fields.keys()) or any(group.keys() - _GROUP.keys() for group in groups)


# Conditions that take more than a line.


def _lacks_account(request: TrunkRequest) -> bool:
    body = request.body
    registers = request.type == OUTBOUND and body["sipTrunkState"]
    return bool(registers and not (body.get("sipAccount") and body.get("sipPassword")))


def _another_type(request: TrunkRequest) -> bool:
    return request.body.get("type") is not None and request.type_given != request.type


def _group_twice(request: TrunkRequest) -> bool:
    return len({group["voiceGroupId"] for group in request.groups}) < len(request.groups)


def _without_country(number: str) -> bool:
    digits = number.translate(_LEFT_OUT_OF_NUMBERS).removeprefix("+").removeprefix("00")
    return re.fullmatch("[1-9][0-9]*+", digits) is None


def _optional_left_out(request: TrunkRequest) -> bool:
    trunk, body = request.trunk, request.body
    return trunk is not None and any(
        body.get(wire) in (None, "") and getattr(trunk, name) is not None for wire, name in OPTIONAL.items()
    )


# The fields of which the page does not say what leaving them out does to the stored value.
OPTIONAL = {
    "sipPrefix": "sip_prefix",
    "sipGatewayIp": "sip_gateway_ip",
    "sipWhiteIp": "sip_white_ip",
    "sipAccount": "sip_account",
    "sipPassword": "sip_password",
}


def _form(fields: Mapping[str, Callable[[object], bool]]) -> tuple[_Rule, ...]:
    return (
        _Rule(-22, "a field has another type than documented", lambda request: misfits(request.body, fields)),
        _Rule(
            -22,
            "each member of groupList needs a voiceGroupId",
            lambda request: any(group.get("voiceGroupId") is None for group in request.groups),
        ),
        _Rule(
            -22,
            "a field is not documented",
            lambda request: _unknown(request.body, request.groups, fields),
            assumed=True,
            switch="unknown_field_refused",
        ),
    )


def _address(wire: str, codes: tuple[int, int, int], direction: int, switch: str) -> tuple[_Rule, ...]:
    """The rules of one address: missing for its direction, malformed, bound to another trunk."""
    missing, malformed, taken = codes
    in_use = Trunks.gateway_taken if direction == OUTBOUND else Trunks.white_address_taken
    return (
        _Rule(missing, f"{wire} is required", lambda request: request.type == direction and not request.body.get(wire)),
        _Rule(malformed, f"{wire} is too long", lambda request: len(request.body.get(wire) or "") > LONGEST),
        _Rule(
            malformed,
            f"{wire} has a blank or a control character",
            lambda request: _BLANK_OR_CONTROL.search(request.body.get(wire) or ""),
            assumed=True,
            switch="address_form_checked",
        ),
        _Rule(
            taken,
            f"another trunk has this {wire}",
            lambda request: request.body.get(wire) and in_use(request.trunks, request.body[wire], request.key_id),
            switch=switch,
        ),
    )


_NAME = (
    _Rule(-45, "sipTrunkName is required", lambda request: not (request.body.get("sipTrunkName") or "").strip()),
    _Rule(
        -47,
        "another trunk has this sipTrunkName",
        lambda request: request.trunks.name_taken(request.body["sipTrunkName"], request.key_id),
    ),
)
_GROUP_LIST_GIVEN = _Rule(-48, "groupList is required", lambda request: not request.groups)
_GROUPS = (
    _Rule(-51, "an agent group is there twice", _group_twice),
    _Rule(
        -22,
        "an agent group does not exist",
        lambda request: any(request.trunks.group_name(group["voiceGroupId"]) is None for group in request.groups),
        assumed=True,
        switch="unknown_group_refused",
    ),
    _Rule(
        -52,
        "an agent group is bound to another trunk",
        lambda request: any(
            request.trunks.group_taken(group["voiceGroupId"], request.key_id) for group in request.groups
        ),
        assumed=True,
        switch="group_bound_once",
    ),
)
_NUMBERS = (
    _Rule(
        -57,
        "an agent group of an inbound trunk needs a number",
        lambda request: request.type == INBOUND and len(request.numbers) < len(request.groups),
    ),
    _Rule(-58, "a number is too long", lambda request: any(len(number) > LONGEST for number in request.numbers)),
    _Rule(
        -59,
        "another inbound trunk has the number",
        lambda request: (
            request.type == INBOUND
            and any(request.trunks.number_taken(number, request.key_id) for number in request.numbers)
        ),
    ),
)
_COUNTRY = _Rule(
    -61,
    "a number has no country code",
    lambda request: request.type == INBOUND and any(map(_without_country, request.numbers)),
    assumed=True,
    switch="country_checked",
)

_GATEWAY = _address("sipGatewayIp", (-49, -50, -53), OUTBOUND, "gateway_bound_once")
_WHITE_ADDRESS = _address("sipWhiteIp", (-54, -55, -60), INBOUND, "white_address_bound_once")

# -48 to -61 in the order of the numbers.
_BY_NUMBER = (
    *_NAME,
    _GROUP_LIST_GIVEN,
    *_GATEWAY[:-1],  # -49, -50
    *_GROUPS,  # -51, an unknown group, -52
    _GATEWAY[-1],  # -53
    *_WHITE_ADDRESS[:-1],  # -54, -55
    *_NUMBERS,  # -57, -58, -59
    _WHITE_ADDRESS[-1],  # -60
    _COUNTRY,  # -61
)

_REGISTRATION = (
    _Rule(-22, "sipTrunkState is required", lambda request: request.body.get("sipTrunkState") is None),
    _Rule(
        -22,
        "registration needs sipAccount and sipPassword",
        _lacks_account,
        assumed=True,
        switch="registration_needs_account",
    ),
)

# An update's rules up to the point at which its trunk is looked up, and those after it.
UPDATE_FORM = (
    *_form(UPDATE_FIELDS),
    _Rule(-56, "keyId is required", lambda request: request.body.get("keyId") is None),
)
UPDATE = (
    _Rule(
        lambda request: request.assumptions.unknown_key_code,
        "no trunk has this keyId",
        lambda request: request.trunk is None,
        assumed=True,
    ),
    _Rule(-44, "type is not the trunk's own", _another_type, assumed=True, switch="type_checked_on_update"),
    *_BY_NUMBER,
    *_REGISTRATION,
    _Rule(0, "an optional field with a stored value was left out", _optional_left_out, assumed=True),
)

ADD = (
    *_form(ADD_FIELDS),
    _Rule(
        -23,
        "the account has as many trunks as it may",
        lambda request: (
            request.assumptions.trunk_quota is not None and request.trunks.count() >= request.assumptions.trunk_quota
        ),
        assumed=True,
    ),
    _Rule(-44, "type is 1 or 2", lambda request: request.type not in (OUTBOUND, INBOUND)),
    *_BY_NUMBER,
    *_REGISTRATION,
)

_FILTERS = {"type": is_integer, "sipTrunkName": is_text}
QUERY_FIELDS = {"current": is_integer, "size": is_integer, "params": is_object}
QUERY = (
    _Rule(-22, "a field has another type than documented", lambda request: misfits(request.body, QUERY_FIELDS)),
    _Rule(
        -22,
        "current, size and params are required",
        lambda request: any(request.body.get(name) is None for name in QUERY_FIELDS),
    ),
    _Rule(-22, "a filter has another type than documented", lambda request: misfits(request.body["params"], _FILTERS)),
    _Rule(-22, "current is 1 or more", lambda request: not 1 <= request.body["current"] <= MOST_PAGES),
    _Rule(-22, "size is 1 to 100", lambda request: not 1 <= request.body["size"] <= 100),
    _Rule(-22, "type is 1 or 2", lambda request: request.body["params"].get("type") not in (None, OUTBOUND, INBOUND)),
    _Rule(
        -22,
        "a field is not documented",
        lambda request: request.body.keys() - QUERY_FIELDS.keys() or request.body["params"].keys() - _FILTERS.keys(),
        assumed=True,
        switch="unknown_field_refused",
    ),
)
