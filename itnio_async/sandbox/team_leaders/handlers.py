"""What each team leader endpoint does with a request that its rules let through."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from itnio_async.api.team_leaders.codes import TEAM_LEADERS
from itnio_async.sandbox import relations
from itnio_async.sandbox.changes import BATCH, DELETE, ENABLE, batch, changed, page, sought
from itnio_async.sandbox.handler import STORING, endpoint
from itnio_async.sandbox.rules import Decision
from itnio_async.sandbox.team_leaders import rules
from itnio_async.sandbox.team_leaders.rules import LeaderCall
from itnio_async.sandbox.team_leaders.tables import TeamLeaders

# In the listing's sample, but not in its table.
_CUSTOMER = {"customerId": 1, "customerName": "sandbox"}


def add_leader(call: LeaderCall) -> int | str:
    """Make a team leader and return the key id."""
    body = call.body
    groups = body.get("voiceGroupIdList") or ()
    key_id = call.stored.add(body["name"], body.get("petName") or None, groups, call.context.moment)
    return str(key_id) if call.assumptions.new_leader_answered == "text" else key_id


def query_leaders(call: LeaderCall) -> dict[str, Any]:
    """List one page of team leaders."""
    params = call.body["params"]
    groups = params.get("voiceGroupIdList")
    filters = {
        "enable": params.get("enable"),
        "name": params.get("name") or None,
        "whole": call.assumptions.name_filter == "whole",
        "groups": json.dumps(groups) if groups else None,
    }
    total, leaders = call.stored.find(filters, **sought(call))
    return page(call, (total, [_record(call, leader) for leader in leaders]))


def _record(call: LeaderCall, leader: dict[str, Any]) -> dict[str, Any]:
    groups = call.stored.groups(leader["key_id"])
    return {
        "keyId": leader["key_id"],
        "empNo": leader["emp_no"],
        "petName": leader["pet_name"],
        "name": leader["name"],
        "enable": leader["enable"],
        "voiceGroupIdList": groups,
        "voiceGroupNameList": [relations.group_name(call.context.database, group) for group in groups],
        "account": leader["account"],
        "password": leader["password"],
        "createTime": leader["create_time"],
        "updateTime": leader["update_time"],
        **_CUSTOMER,
    }


def update_leader(call: LeaderCall) -> None:
    """Change one team leader."""
    body = call.body
    values = {"name": body["name"], "emp_no": body["empNo"], **changed(call, {"petName": "pet_name"})}
    if body.get("password"):
        values["password"] = body["password"]
    call.stored.change(body["keyId"], values, body["voiceGroupIdList"], call.context.moment)


def change_leaders(call: LeaderCall) -> Decision | None:
    """Delete, disable or enable team leaders."""

    def change(key_id: int, action: int) -> None:
        if action == DELETE:
            call.stored.delete(key_id)
        else:
            call.stored.change(key_id, {"enable": 0 if action == ENABLE else 1}, None, call.context.moment)

    return batch(call, rules.CHANGING, change)


_endpoint = partial(endpoint, store=TeamLeaders, family=TEAM_LEADERS)
_PATH = "/v3/cc/teamleader"
HANDLERS = (
    _endpoint(f"{_PATH}/add", add_leader, fields=rules.ADD, rules=rules.ADDING),
    _endpoint(f"{_PATH}/query", query_leaders, fields=rules.QUERY),
    _endpoint(
        f"{_PATH}/update",
        update_leader,
        fields=rules.UPDATE,
        rules=rules.UPDATING,
        codes=STORING | {-33, -34},
        key_field="keyId",
    ),
    _endpoint(f"{_PATH}/batchUpdateStatus", change_leaders, fields=BATCH),
)
