"""The SIP trunks' endpoints: the fields of each, the rules beyond their form, and what is done.

The order of the rules: the form of the body (-22), the trunk it is about (-56 and unknown key ids), then by the number
of the code, -44 to -61 (the check for an unknown agent group comes before -52), last what is required but has no code
of its own (-22). Within one number, what the page says comes before what is assumed. Before any of these, see
`authentication`: -1, -2 and -16. -18, -20 and -23 have no condition that an update could bring about by itself: order
them as a `Fault`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.sandbox import relations
from itnio_async.sandbox.changes import page, quota, shown
from itnio_async.sandbox.fields import OPTIONAL_ID, TEXT, Field, Fields, filters, is_list
from itnio_async.sandbox.handler import Family
from itnio_async.sandbox.rules import Call, Rule, assumed, is_boolean, is_integer, is_long, is_object, is_text
from itnio_async.sandbox.sip_trunks.assumptions import SipTrunkAssumptions
from itnio_async.sandbox.sip_trunks.tables import (
    INBOUND,
    OUTBOUND,
    TABLES,
    StoredBinding,
    StoredTrunk,
    bind,
    stored_trunks,
)

LONGEST = 50  # characters of an address or a number, as the page says
CALL_CENTRE_ADDRESS = "192.0.2.1"
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_LEFT_OUT_OF_NUMBERS = str.maketrans("", "", " .-()")


class TrunkCall(Call[SipTrunkAssumptions]):
    """A request about SIP trunks."""

    @property
    def trunk(self) -> StoredTrunk | None:
        """The trunk to be replaced, None if there is none."""
        return None

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

    @cached_property
    def groups(self) -> Sequence[Mapping[str, Any]]:
        """The agent groups, each with its number."""
        return self.body.get("groupList") or ()

    @cached_property
    def numbers(self) -> list[str]:
        """The numbers given for agent groups."""
        return [group["number"] for group in self.groups if group.get("number")]

    def text(self, name: str) -> str:
        """Return the text of a field, empty where there is none."""
        return self.body.get(name) or ""

    def has_another(self, column: str, value: object) -> bool:
        """Tell whether another trunk has that value."""
        return self.database.exists(f"trunk WHERE {column} = ? AND key_id <> ?", value, self.key_id)

    def has_another_bound(self, column: str, value: object, rest: str = "") -> bool:
        """Tell whether another trunk has a binding with that value."""
        where = f"binding JOIN trunk USING (key_id) WHERE {column} = ? AND key_id <> ? {rest}"
        return self.database.exists(where, value, self.key_id)


class UpdateCall(TrunkCall):
    """A request to replace a trunk."""

    @cached_property
    def trunk(self) -> StoredTrunk | None:
        """The trunk to be replaced, None if there is none."""
        return next(iter(stored_trunks(self.database, self.body["keyId"])), None)


# The fields of which the page does not say what leaving them out does to the stored value.
_OPTIONAL = {
    "sipPrefix": "sip_prefix",
    "sipGatewayIp": "sip_gateway_ip",
    "sipWhiteIp": "sip_white_ip",
    "sipAccount": "sip_account",
    "sipPassword": "sip_password",
}
_GROUP: Fields = {"voiceGroupId": Field(is_long, required=True), "number": TEXT}
_SETTINGS: Fields = {
    "sipTrunkName": TEXT,
    "groupList": Field(is_list, members=Field(is_object, required=True, fields=_GROUP)),
    "sipTrunkState": Field(is_boolean),
    "type": Field((is_integer, is_text)),  # which of them are right is -44's business
    **dict.fromkeys(_OPTIONAL, TEXT),
}


# Conditions that take more than a line.


def _lacks_account(call: TrunkCall) -> bool:
    registers = call.type == OUTBOUND and call.body["sipTrunkState"]
    return bool(registers and not (call.text("sipAccount") and call.text("sipPassword")))


def _has_a_group_twice(call: TrunkCall) -> bool:
    return len({group["voiceGroupId"] for group in call.groups}) < len(call.groups)


def _is_without_country(number: str) -> bool:
    digits = number.translate(_LEFT_OUT_OF_NUMBERS).removeprefix("+").removeprefix("00")
    return re.fullmatch("[1-9][0-9]*+", digits) is None


def _leaves_out_a_value(call: TrunkCall) -> bool:
    return any(
        call.body.get(name) in (None, "") and getattr(call.trunk, column) is not None
        for name, column in _OPTIONAL.items()
    )


def _address(
    name: str, codes: tuple[int, int, int], direction: int, switch: str
) -> tuple[tuple[Rule[TrunkCall], ...], Rule[TrunkCall]]:
    """Return the rules on the form of one address, missing or malformed, and the one on who else has it."""
    missing, malformed, taken = codes
    form: tuple[Rule[TrunkCall], ...] = (
        Rule(missing, f"{name} is required", lambda call: call.type == direction and not call.text(name)),
        Rule(malformed, f"{name} is too long", lambda call: len(call.text(name)) > LONGEST),
        assumed(
            malformed,
            f"{name} has a blank or a control character",
            lambda call: _BLANK_OR_CONTROL.search(call.text(name)),
            switch="address_form_checked",
        ),
    )
    in_use: Rule[TrunkCall] = Rule(
        taken,
        f"another trunk has this {name}",
        lambda call: call.text(name) and call.has_another(_OPTIONAL[name], call.body[name]),
        switch=switch,
    )
    return form, in_use


_GATEWAY, _GATEWAY_TAKEN = _address("sipGatewayIp", (-49, -50, -53), OUTBOUND, "gateway_bound_once")
_WHITE_ADDRESS, _WHITE_ADDRESS_TAKEN = _address("sipWhiteIp", (-54, -55, -60), INBOUND, "white_address_bound_once")
_BY_NUMBER: tuple[Rule[TrunkCall], ...] = (
    Rule(-45, "sipTrunkName is required", lambda call: not call.text("sipTrunkName").strip()),
    Rule(
        -47,
        "another trunk has this sipTrunkName",
        lambda call: call.has_another("sip_trunk_name", call.body["sipTrunkName"]),
    ),
    Rule(-48, "groupList is required", lambda call: not call.groups),
    *_GATEWAY,  # -49, -50
    Rule(-51, "an agent group is there twice", _has_a_group_twice),
    assumed(
        -22,
        "an agent group does not exist",
        lambda call: relations.lacks_group(call.database, (group["voiceGroupId"] for group in call.groups)),
        switch="unknown_group_refused",
    ),
    assumed(
        -52,
        "an agent group is bound to another trunk",
        lambda call: any(call.has_another_bound("voice_group_id", group["voiceGroupId"]) for group in call.groups),
        switch="group_bound_once",
    ),
    _GATEWAY_TAKEN,  # -53
    *_WHITE_ADDRESS,  # -54, -55
    Rule(
        -57,
        "an agent group of an inbound trunk needs a number",
        lambda call: call.type == INBOUND and len(call.numbers) < len(call.groups),
    ),
    Rule(-58, "a number is too long", lambda call: any(len(number) > LONGEST for number in call.numbers)),
    Rule(
        -59,
        "another inbound trunk has the number",
        lambda call: (
            call.type == INBOUND
            and any(call.has_another_bound("number", number, f"AND type = {INBOUND}") for number in call.numbers)
        ),
    ),
    _WHITE_ADDRESS_TAKEN,  # -60
    assumed(
        -61,
        "a number has no country code",
        lambda call: call.type == INBOUND and any(map(_is_without_country, call.numbers)),
        switch="country_checked",
    ),
    Rule(-22, "sipTrunkState is required", lambda call: call.body.get("sipTrunkState") is None),
    assumed(-22, "registration needs sipAccount and sipPassword", _lacks_account, switch="registration_needs_account"),
)

# In update's list, but no condition on an update could bring them about.
FAMILY = Family(
    SIP_TRUNKS, "/v3/cc/sipTrunk", TrunkCall, TABLES, codes=SIP_TRUNKS.codes, without_condition=(-20, -23, -44)
)


@FAMILY.endpoint(
    "update",
    call=UpdateCall,
    fields={"keyId": OPTIONAL_ID, **_SETTINGS},
    rules=(
        Rule(-56, "keyId is required", lambda call: call.body.get("keyId") is None),
        assumed("unknown_key_code", "no trunk has this keyId", lambda call: call.trunk is None),
        assumed(
            -44,
            "type is not the trunk's own",
            lambda call: call.body.get("type") is not None and call.type_given != call.type,
            switch="type_checked_on_update",
        ),
        *_BY_NUMBER,
        assumed(0, "an optional field with a stored value was left out", _leaves_out_a_value),
    ),
    key_field="keyId",
)
def update_trunk(call: UpdateCall) -> None:
    """Replace a trunk's settings."""
    trunk, database = call.trunk, call.database
    assert trunk is not None
    groups = _groups(call)
    if call.assumptions.group_list == "adds":
        groups = {**{group.voice_group_id: group.number for group in trunk.groups}, **groups}
    values = {**_settings(call), "update_time": call.moment, "updates": trunk.updates + 1}
    database.change("trunk", {"key_id": trunk.key_id}, values)
    bindings = tuple(StoredBinding(*group) for group in groups.items())
    if bindings != trunk.groups:
        database.run("DELETE FROM binding WHERE key_id = :key_id", {"key_id": trunk.key_id})
        bind(database, trunk.key_id, bindings)


@FAMILY.endpoint(
    "add",
    fields=_SETTINGS,
    rules=(
        quota("the account has as many trunks as it may", "trunk", "trunk_quota"),
        Rule(-44, "type is 1 or 2", lambda call: call.type not in (OUTBOUND, INBOUND)),
        *_BY_NUMBER,
    ),
    key_field="keyId",
)
def add_trunk(call: TrunkCall) -> int:
    """Make a trunk and return its key id."""
    made = {"state": int(call.assumptions.new_trunk_enabled), "create_time": call.moment, "update_time": call.moment}
    key_id = call.database.insert("trunk", {**_settings(call), "type": call.type, **made})
    bind(call.database, key_id, (StoredBinding(*group) for group in _groups(call).items()))
    return key_id


def _groups(call: TrunkCall) -> dict[int, str | None]:
    return {group["voiceGroupId"]: group.get("number") or None for group in call.groups}


def _settings(call: TrunkCall) -> dict[str, Any]:
    values = {"sip_trunk_name": call.body["sipTrunkName"], "sip_trunk_state": call.body["sipTrunkState"]}
    for name, column in _OPTIONAL.items():
        effect = call.assumptions.null if name in call.body else call.assumptions.left_out
        kept = getattr(call.trunk, column) if call.trunk and effect == "keeps" else None
        values[column] = call.body.get(name) or kept
    return values


@FAMILY.endpoint(
    "query",
    fields=filters({"type": Field(is_integer, values=(OUTBOUND, INBOUND)), "sipTrunkName": TEXT}),
    integer_status=True,
    key_field="keyId",
)
def query_trunks(call: TrunkCall) -> dict[str, Any]:
    """List one page of trunks."""
    columns = {"type": "type", "sipTrunkName": "instr(sip_trunk_name, :sipTrunkName)"}
    # The listing's sample asks for 15 and shows 50: a client that pages by the size in the answer loses records here.
    found = page(call, "SELECT * FROM trunk", columns, lambda trunk: _record(call, trunk), size_shown=50)
    return {**found, "searchCount": True}


def _record(call: TrunkCall, trunk: dict[str, Any]) -> dict[str, Any]:
    query = """
        SELECT voice_group_id, group_name, number FROM binding LEFT JOIN agent_group USING (voice_group_id)
        WHERE key_id = ? ORDER BY position
    """
    groups = [shown(dict(group)) for group in call.database.rows(query, (trunk["key_id"],))]
    columns = ("key_id", "sip_gateway_ip", "sip_white_ip", "type", "state", "sip_trunk_name", "sip_prefix")
    return {
        **shown(trunk, *columns, "create_time", "update_time"),
        "ccIp": CALL_CENTRE_ADDRESS,
        **_registration(call.assumptions, trunk),
        "groupList": groups if call.assumptions.listed_groups == "array" else groups[0],
    }


def _registration(assumptions: SipTrunkAssumptions, trunk: dict[str, Any]) -> dict[str, Any]:
    registers = bool(trunk["sip_trunk_state"])
    if not registers and assumptions.listed_registration == "absent":
        return {}
    registration = shown(trunk, "sip_account", "sip_password")
    if assumptions.listed_password == "absent":  # noqa: S105  (no password)
        del registration["sipPassword"]
    elif assumptions.listed_password == "masked" and registration["sipPassword"] is not None:  # noqa: S105  (likewise)
        registration["sipPassword"] = "******"
    return {**registration, "sipTrunkState": registers and assumptions.listed_trunk_state == "switch"}
