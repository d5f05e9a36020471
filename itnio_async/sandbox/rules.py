"""The checks of a SIP trunk request, one `Rule` each, in the order in which they are made.

The order: the form of the body (-22), the trunk it is about (-56 and unknown key ids), then by the number of the code,
-44 to -61 (the check for an unknown agent group stands before -52), last what is required but has no code of its own
(-22). Within one number, what the page says comes before what is assumed. The first rule that is broken decides.
Before any of these, see `authentication`: -1, -2 and -16.

A rule is documented where the vendor's page names the code for that very condition, and assumed where the page names
the code or the condition but not both. An assumed rule names its switch in `Assumptions`, where the reason is given.
-18, -20 and -23 have no condition that an update could bring about by itself: order them as a `Fault`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox.assumptions import Assumptions
from itnio_async.sandbox.seed import INBOUND, OUTBOUND
from itnio_async.sandbox.state import State, StoredTrunk

LONGEST = 50  # characters of an address or a number, as the page says
MOST_PAGES = 2**31 - 1  # the pages are an Integer; more would overflow the offset
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_LEFT_OUT_OF_NUMBERS = str.maketrans("", "", " .-()")


@frozen
class Decision:
    """How a request was decided: the code, the rule's text, and whether it rests on an assumption."""

    code: int
    text: str
    assumed: bool

    @property
    def rule(self) -> str:
        """The value of the header X-Itnio-Rule: the code without its sign, and documented or assumed."""
        return f"{abs(self.code)} {'assumed' if self.assumed else 'documented'}"


@frozen
class Asked:
    """What a rule looks at: the request's body, what is stored, and the trunk to be replaced (add: None)."""

    body: Mapping[str, Any]
    state: State
    assumptions: Assumptions
    trunk: StoredTrunk | None = None
    groups: Sequence[Mapping[str, Any]] = field(init=False)

    @groups.default
    def _groups(self) -> Sequence[Mapping[str, Any]]:
        return self.body.get("groupList") or ()

    @property
    def key_id(self) -> int:
        """The trunk's own key id, 0 for a new one: whose name and addresses are no conflict."""
        return self.trunk.key_id if self.trunk else 0

    @property
    def type(self) -> int:
        """The direction: a trunk keeps its own, a new one has what the request says."""
        return self.trunk.type if self.trunk else self.type_given

    @property
    def type_given(self) -> int:
        """The request's own type: a String by the page's table, an integer in its sample; 0 if it is neither."""
        return {"1": OUTBOUND, "2": INBOUND}.get(str(self.body.get("type")), 0)

    @property
    def numbers(self) -> list[str]:
        """The numbers given for agent groups."""
        return [group["number"] for group in self.groups if group.get("number")]


@frozen
class Rule:
    """One check: the code it answers and the condition for it.

    `switch` names the assumption that turns an assumed rule off; what it would have refused is then a success that
    rests on an assumption. Code 0 refuses nothing and only marks the success so. `code` may be taken from the
    assumptions.
    """

    code: int | Callable[[Assumptions], int]
    text: str
    broken: Callable[[Asked], Any]
    assumed: bool = False
    switch: str | None = None


def decide(rules: Sequence[Rule], asked: Asked) -> Decision:
    """Return the first rule that the request breaks, or success."""
    success = Decision(0, "success", assumed=False)
    for rule in rules:
        if not rule.broken(asked):
            continue
        code = rule.code if isinstance(rule.code, int) else rule.code(asked.assumptions)
        if code == 0 or (rule.switch is not None and not getattr(asked.assumptions, rule.switch)):
            success = Decision(0, rule.text, assumed=True)
        else:
            return Decision(code, rule.text, rule.assumed)
    return success


# The form of a body.


def is_text(value: object) -> bool:
    """Tell whether a JSON value is a string."""
    return isinstance(value, str)


def is_boolean(value: object) -> bool:
    """Tell whether a JSON value is true or false."""
    return isinstance(value, bool)


def is_integer(value: object) -> bool:
    """Tell whether a JSON value is an integer of 64 bits: no true, no 1.0, no "1"."""
    return type(value) is int and -(2**63) <= value < 2**63


def _is_type(value: object) -> bool:
    return is_integer(value) or is_text(value)  # which of them are right is -44's business


def _is_group_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(group, dict) and not misfits(group, _GROUP) for group in value)


_GROUP = {"voiceGroupId": is_integer, "number": is_text}
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


def misfits(body: Mapping[str, Any], fields: Mapping[str, Callable[[object], bool]]) -> list[str]:
    """Return the names of known fields whose value has the wrong type; null is left to the rules that require one."""
    return [name for name, fits in fields.items() if (value := body.get(name)) is not None and not fits(value)]


def _unknown(body: Mapping[str, Any], groups: Sequence[Mapping[str, Any]], fields: Mapping[str, Any]) -> bool:
    return bool(body.keys() - fields.keys()) or any(group.keys() - _GROUP.keys() for group in groups)


# Conditions that take more than a line.


def _lacks_account(asked: Asked) -> bool:
    body = asked.body
    registers = asked.type == OUTBOUND and body["sipTrunkState"]
    return bool(registers and not (body.get("sipAccount") and body.get("sipPassword")))


def _another_type(asked: Asked) -> bool:
    return asked.body.get("type") is not None and asked.type_given != asked.type


def _group_twice(asked: Asked) -> bool:
    return len({group["voiceGroupId"] for group in asked.groups}) < len(asked.groups)


def _without_country(number: str) -> bool:
    digits = number.translate(_LEFT_OUT_OF_NUMBERS).removeprefix("+").removeprefix("00")
    return re.fullmatch("[1-9][0-9]*+", digits) is None


def _optional_left_out(asked: Asked) -> bool:
    trunk, body = asked.trunk, asked.body
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


def _form(fields: Mapping[str, Callable[[object], bool]]) -> tuple[Rule, ...]:
    return (
        Rule(-22, "a field has another type than documented", lambda asked: misfits(asked.body, fields)),
        Rule(
            -22,
            "each member of groupList needs a voiceGroupId",
            lambda asked: any(group.get("voiceGroupId") is None for group in asked.groups),
        ),
        Rule(
            -22,
            "a field is not documented",
            lambda asked: _unknown(asked.body, asked.groups, fields),
            assumed=True,
            switch="unknown_field_refused",
        ),
    )


def _address(wire: str, codes: tuple[int, int, int], direction: int, switch: str) -> tuple[Rule, ...]:
    """The rules of one address: missing for its direction, malformed, bound to another trunk."""
    missing, malformed, taken = codes
    in_use = State.gateway_taken if direction == OUTBOUND else State.white_address_taken
    return (
        Rule(missing, f"{wire} is required", lambda asked: asked.type == direction and not asked.body.get(wire)),
        Rule(malformed, f"{wire} is too long", lambda asked: len(asked.body.get(wire) or "") > LONGEST),
        Rule(
            malformed,
            f"{wire} has a blank or a control character",
            lambda asked: _BLANK_OR_CONTROL.search(asked.body.get(wire) or ""),
            assumed=True,
            switch="address_form_checked",
        ),
        Rule(
            taken,
            f"another trunk has this {wire}",
            lambda asked: asked.body.get(wire) and in_use(asked.state, asked.body[wire], asked.key_id),
            switch=switch,
        ),
    )


_NAME = (
    Rule(-45, "sipTrunkName is required", lambda asked: not (asked.body.get("sipTrunkName") or "").strip()),
    Rule(
        -47,
        "another trunk has this sipTrunkName",
        lambda asked: asked.state.name_taken(asked.body["sipTrunkName"], asked.key_id),
    ),
)
_GROUP_LIST_GIVEN = Rule(-48, "groupList is required", lambda asked: not asked.groups)
_GROUPS = (
    Rule(-51, "an agent group is there twice", _group_twice),
    Rule(
        -22,
        "an agent group does not exist",
        lambda asked: any(asked.state.group_name(group["voiceGroupId"]) is None for group in asked.groups),
        assumed=True,
        switch="unknown_group_refused",
    ),
    Rule(
        -52,
        "an agent group is bound to another trunk",
        lambda asked: any(asked.state.group_taken(group["voiceGroupId"], asked.key_id) for group in asked.groups),
        assumed=True,
        switch="group_bound_once",
    ),
)
_NUMBERS = (
    Rule(
        -57,
        "an agent group of an inbound trunk needs a number",
        lambda asked: asked.type == INBOUND and len(asked.numbers) < len(asked.groups),
    ),
    Rule(-58, "a number is too long", lambda asked: any(len(number) > LONGEST for number in asked.numbers)),
    Rule(
        -59,
        "another inbound trunk has the number",
        lambda asked: (
            asked.type == INBOUND and any(asked.state.number_taken(number, asked.key_id) for number in asked.numbers)
        ),
    ),
)
_COUNTRY = Rule(
    -61,
    "a number has no country code",
    lambda asked: asked.type == INBOUND and any(map(_without_country, asked.numbers)),
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
    Rule(-22, "sipTrunkState is required", lambda asked: asked.body.get("sipTrunkState") is None),
    Rule(
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
    Rule(-56, "keyId is required", lambda asked: asked.body.get("keyId") is None),
)
UPDATE = (
    Rule(
        lambda assumptions: assumptions.unknown_key_code,
        "no trunk has this keyId",
        lambda asked: asked.trunk is None,
        assumed=True,
    ),
    Rule(-44, "type is not the trunk's own", _another_type, assumed=True, switch="type_checked_on_update"),
    *_BY_NUMBER,
    *_REGISTRATION,
    Rule(0, "an optional field with a stored value was left out", _optional_left_out, assumed=True),
)

ADD = (
    *_form(ADD_FIELDS),
    Rule(
        -23,
        "the account has as many trunks as it may",
        lambda asked: (
            asked.assumptions.trunk_quota is not None and asked.state.count() >= asked.assumptions.trunk_quota
        ),
        assumed=True,
    ),
    Rule(-44, "type is 1 or 2", lambda asked: asked.type not in (OUTBOUND, INBOUND)),
    *_BY_NUMBER,
    *_REGISTRATION,
)

_FILTERS = {"type": is_integer, "sipTrunkName": is_text}
QUERY_FIELDS = {"current": is_integer, "size": is_integer, "params": lambda value: isinstance(value, dict)}
QUERY = (
    Rule(-22, "a field has another type than documented", lambda asked: misfits(asked.body, QUERY_FIELDS)),
    Rule(
        -22,
        "current, size and params are required",
        lambda asked: any(asked.body.get(name) is None for name in QUERY_FIELDS),
    ),
    Rule(-22, "a filter has another type than documented", lambda asked: misfits(asked.body["params"], _FILTERS)),
    Rule(-22, "current is 1 or more", lambda asked: not 1 <= asked.body["current"] <= MOST_PAGES),
    Rule(-22, "size is 1 to 100", lambda asked: not 1 <= asked.body["size"] <= 100),
    Rule(-22, "type is 1 or 2", lambda asked: asked.body["params"].get("type") not in (None, OUTBOUND, INBOUND)),
    Rule(
        -22,
        "a field is not documented",
        lambda asked: asked.body.keys() - QUERY_FIELDS.keys() or asked.body["params"].keys() - _FILTERS.keys(),
        assumed=True,
        switch="unknown_field_refused",
    ),
)
