"""What each SIP trunk endpoint does with a request that has passed authentication."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.sandbox.handler import Context, Handler
from itnio_async.sandbox.rules import Decision, decide
from itnio_async.sandbox.sip_trunks.assumptions import SipTrunkAssumptions
from itnio_async.sandbox.sip_trunks.rules import ADD, OPTIONAL, QUERY, UPDATE, UPDATE_FORM, TrunkRequest
from itnio_async.sandbox.sip_trunks.tables import StoredBinding, StoredTrunk, Trunks

# The listing's sample asks for 15 and shows 50: a client that pages by the size in the answer loses records here too.
SIZE_SHOWN = 50
CALL_CENTRE_ADDRESS = "192.0.2.1"


def update_trunk(context: Context[SipTrunkAssumptions], body: Mapping[str, Any]) -> tuple[Decision, Any]:
    """Replace a trunk's settings."""
    trunks, assumptions = Trunks(context.database), context.assumptions
    with trunks.transaction():
        form = decide(UPDATE_FORM, TrunkRequest(body, trunks, assumptions))
        if form.code:
            return form, None
        trunk = trunks.trunk(body["keyId"])
        decision = decide(UPDATE, TrunkRequest(body, trunks, assumptions, trunk))
        if decision.code:
            return decision, None
        assert trunk is not None
        groups = {group["voiceGroupId"]: group.get("number") for group in body["groupList"]}
        if assumptions.group_list == "adds":
            groups = {**{group.voice_group_id: group.number for group in trunk.groups}, **groups}
        values = {**_settings(body, trunk, assumptions), "update_time": context.moment}
        trunks.update_trunk(trunk, values, _bindings(groups))
    # A success of the form may already rest on an assumption.
    return (form if form.assumed else decision), None


def add_trunk(context: Context[SipTrunkAssumptions], body: Mapping[str, Any]) -> tuple[Decision, Any]:
    """Make a trunk and return its key id."""
    trunks, assumptions = Trunks(context.database), context.assumptions
    with trunks.transaction():
        request = TrunkRequest(body, trunks, assumptions)
        decision = decide(ADD, request)
        if decision.code:
            return decision, None
        values = {
            **_settings(body, None, assumptions),
            "type": request.type,
            "state": int(assumptions.new_trunk_enabled),
            "create_time": context.moment,
            "update_time": context.moment,
        }
        groups = {group["voiceGroupId"]: group.get("number") for group in body["groupList"]}
        return decision, trunks.add_trunk(values, _bindings(groups))


def _settings(body: Mapping[str, Any], trunk: StoredTrunk | None, assumptions: SipTrunkAssumptions) -> dict[str, Any]:
    values = {"sip_trunk_name": body["sipTrunkName"], "sip_trunk_state": body["sipTrunkState"]}
    for wire, name in OPTIONAL.items():
        value = body.get(wire) or None
        effect = assumptions.null if wire in body else assumptions.left_out
        values[name] = getattr(trunk, name) if value is None and trunk and effect == "keeps" else value
    return values


def _bindings(groups: Mapping[int, str | None]) -> list[StoredBinding]:
    return [StoredBinding(group, number or None) for group, number in groups.items()]


def query_trunks(context: Context[SipTrunkAssumptions], body: Mapping[str, Any]) -> tuple[Decision, Any]:
    """List one page of trunks."""
    trunks, assumptions = Trunks(context.database), context.assumptions
    decision = decide(QUERY, TrunkRequest(body, trunks, assumptions))
    if decision.code:
        return decision, None
    current, size, filters = body["current"], body["size"], body["params"]
    total, found = trunks.find(
        type=filters.get("type"),
        name=filters.get("sipTrunkName") or None,
        newest_first=assumptions.listed_order == "newest first",
        limit=size,
        offset=(current - 1) * size,
    )
    return decision, {
        "total": total,
        "size": SIZE_SHOWN,
        "current": current,
        "searchCount": True,
        "pages": -(-total // size),
        "records": [_record(trunk, trunks, assumptions) for trunk in found],
    }


def _record(trunk: StoredTrunk, trunks: Trunks, assumptions: SipTrunkAssumptions) -> dict[str, Any]:
    groups = [
        {
            "voiceGroupId": group.voice_group_id,
            "groupName": trunks.group_name(group.voice_group_id),
            "number": group.number,
        }
        for group in trunk.groups
    ]
    return {
        "keyId": trunk.key_id,
        "sipGatewayIp": trunk.sip_gateway_ip,
        "sipWhiteIp": trunk.sip_white_ip,
        "type": trunk.type,
        "state": trunk.state,
        "sipTrunkName": trunk.sip_trunk_name,
        "sipPrefix": trunk.sip_prefix,
        "ccIp": CALL_CENTRE_ADDRESS,
        **_registration(trunk, assumptions),
        "createTime": trunk.create_time,
        "updateTime": trunk.update_time,
        "groupList": groups if assumptions.listed_groups == "array" else groups[0],
    }


def _registration(trunk: StoredTrunk, assumptions: SipTrunkAssumptions) -> dict[str, Any]:
    if not trunk.sip_trunk_state and assumptions.listed_registration == "absent":
        return {}
    password = trunk.sip_password
    if password is not None and assumptions.listed_password == "masked":  # noqa: S105  (no password)
        password = "******"  # noqa: S105  (what stands in for one)
    shown: dict[str, Any] = {"sipAccount": trunk.sip_account, "sipPassword": password}
    if assumptions.listed_password == "absent":  # noqa: S105  (no password)
        del shown["sipPassword"]
    return {**shown, "sipTrunkState": trunk.sip_trunk_state and assumptions.listed_trunk_state == "switch"}


_handler = partial(
    Handler,
    family=SIP_TRUNKS,
    key_field="keyId",
    # In update's list, but no condition on an update could bring them about.
    without_condition=(-20, -23, -44),
)
HANDLERS = (
    _handler(path="/v3/cc/sipTrunk/add", handle=add_trunk),
    _handler(path="/v3/cc/sipTrunk/update", handle=update_trunk),
    _handler(path="/v3/cc/sipTrunk/query", handle=query_trunks, integer_status=True),
)
