"""What each agent endpoint does with a request that its rules let through."""

from __future__ import annotations

import secrets
from functools import partial
from typing import Any

from itnio_async.api.agents.codes import AGENTS
from itnio_async.sandbox.agents import rules
from itnio_async.sandbox.agents.rules import AgentCall
from itnio_async.sandbox.agents.tables import Agents
from itnio_async.sandbox.changes import BATCH, DELETE, ENABLE, Item, batch, changed, each, page, sought
from itnio_async.sandbox.handler import COMMON, STORING, endpoint
from itnio_async.sandbox.rules import Decision


def get_total(call: AgentCall) -> dict[str, int]:
    """Tell how many agents there may be, and how many more."""
    return {"total": call.assumptions.agent_quota, "remaining": rules.remaining(call)}


def add_agents(call: AgentCall) -> list[dict[str, Any]]:
    """Make some agents."""
    body = call.body
    added = [
        call.stored.add(
            body["voiceGroupId"],
            status=call.assumptions.new_agent_status,
            moment=call.context.moment,
            display_num=body.get("displayNum") or None,
            ccode=body.get("ccode") or None,
        )
        for _ in range(body["size"])
    ]
    return [{"keyId": agent.key_id, "name": agent.name} for agent in added]


def update_agent(call: AgentCall) -> None:
    """Change one agent."""
    body = call.body
    values = {
        "name": body["name"],
        "emp_no": body["empNo"],
        "voice_group_id": rules.group_id(call),
        **changed(call, {"displayNum": "display_num", "ccode": "ccode", "petName": "pet_name"}),
    }
    if body.get("password"):
        values["password"] = body["password"]
    call.stored.change(body["keyId"], values, call.context.moment)


def query_agents(call: AgentCall) -> dict[str, Any]:
    """List one page of agents."""
    params, window = call.body["params"], rules.window(call)
    start, end = window or (0, 0)
    filters = {
        "now": call.now,
        "start": start,
        "end": end,
        "deleted": call.assumptions.deleted_agents_listed,
        "enable": params.get("enable"),
        "name": params.get("name") or None,
        "group": params.get("voiceGroupId"),
        "status": params.get("status"),
    }
    total, agents = call.stored.find(filters, **sought(call))
    return page(call, (total, [_record(agent, counted=window is not None) for agent in agents]))


def _record(agent: dict[str, Any], *, counted: bool) -> dict[str, Any]:
    calls, answered = agent["calls"], agent["answered"]
    record = {
        "keyId": agent["key_id"],
        "empNo": agent["emp_no"],
        "petName": agent["pet_name"],
        "name": agent["name"],
        "appId": agent["app_id"],
        "deleteFlag": agent["delete_flag"],
        "enable": agent["enable"],
        "priority": agent["priority"],
        "voiceGroupId": agent["voice_group_id"],
        "groupName": agent["group_name"],
        "account": agent["account"],
        "password": agent["password"],
        "createTime": agent["create_time"],
        "updateTime": agent["update_time"],
        "displayNum": agent["display_num"],
        "ccode": agent["ccode"],
        "status": agent["status_now"],
    }
    if counted:
        rate = f"{100 * answered / calls:.2f}%" if calls else "0%"
        record |= {"num": calls, "connectNum": answered, "connectRate": rate}
    return record


def change_agents(call: AgentCall) -> Decision | None:
    """Delete, disable or enable agents."""

    def change(key_id: int, action: int) -> None:
        values = {"delete_flag": 1} if action == DELETE else {"enable": 0 if action == ENABLE else 1}
        call.stored.change(key_id, values, call.context.moment)

    return batch(call, rules.CHANGING, change)


def set_priorities(call: AgentCall) -> Decision | None:
    """Set the priorities of agents of a group."""
    priorities = {agent["keyId"]: agent["priority"] for agent in call.body["params"]}
    items = [Item(call, key_id, priority) for key_id, priority in priorities.items()]
    moment = call.context.moment
    return each(call, items, rules.RANKING, lambda item: call.stored.change(item.id, {"priority": item.action}, moment))


def create_authentication(call: AgentCall) -> dict[str, str]:
    """Make a credential for an agent's browser phone, which ends the one before."""
    account = call.body["account"]
    expires_at = call.now + call.body["expires"]
    authentication = f"Bearer {account}:{int(expires_at)}:made-up-{secrets.token_hex(16)}"
    call.stored.authenticate(account, authentication, expires_at)
    return {"authentication": authentication}


_endpoint = partial(endpoint, store=Agents, family=AGENTS)
_PATH = "/v3/cc/seat"
HANDLERS = (
    _endpoint(
        f"{_PATH}/querySipTotal",
        get_total,
        method="GET",
        fields=rules.GROUP,
        rules=(rules.GROUP_EXISTS,),
        key_field="voiceGroupId",
    ),
    _endpoint(
        f"{_PATH}/addSeatList",
        add_agents,
        fields=rules.ADD,
        rules=rules.ADDING,
        codes=STORING | {-36},
        key_field="voiceGroupId",
    ),
    _endpoint(
        f"{_PATH}/updateSeat",
        update_agent,
        fields=rules.UPDATE,
        rules=rules.UPDATING,
        codes=STORING | {-34, -64, -65, -66, -67},
        key_field="keyId",
    ),
    _endpoint(f"{_PATH}/query", query_agents, fields=rules.QUERY, rules=rules.QUERYING),
    _endpoint(f"{_PATH}/batchingSeat", change_agents, fields=BATCH, codes=STORING | {-67, -68}, acting=(-67, -68)),
    _endpoint(f"{_PATH}/updatePriority", set_priorities, fields=rules.PRIORITIES, key_field="voiceGroupId"),
    _endpoint(
        f"{_PATH}/createSdkAuthentication",
        create_authentication,
        fields=rules.AUTHENTICATION,
        rules=rules.AUTHENTICATING,
        codes=COMMON | {-24},
    ),
)
