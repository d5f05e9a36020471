"""The agents' endpoints: the fields of each, the rules beyond their form, and what is done.

An update is refused by the number of the code, after the agent (-22, assumed) has been found: -34, -64, -65, -66, -67.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from itnio_async.api.agents.codes import AGENTS
from itnio_async.sandbox.agents.assumptions import AgentAssumptions
from itnio_async.sandbox.changes import BATCH, DELETE, ENABLE, batch, changed, each, page, shown
from itnio_async.sandbox.countries import COUNTRY_CODES
from itnio_async.sandbox.fields import ID, ON_OFF, OPTIONAL_ID, REQUIRED_TEXT, TEXT, Field, filters, is_list, number_of
from itnio_async.sandbox.handler import COMMON, STORING, Family
from itnio_async.sandbox.rules import Call, Decision, Rule, assumed, is_integer, is_object, is_text, unknown_id
from itnio_async.sandbox.times import is_local_time, seconds, through

# `enable` is 0 for enabled and 1 for disabled, a deleted agent has the `delete_flag` 1.
TABLES = """
CREATE TABLE agent (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    voice_group_id INTEGER NOT NULL,
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    emp_no TEXT NOT NULL,
    pet_name TEXT,
    account TEXT NOT NULL,
    password TEXT NOT NULL,
    display_num TEXT,
    ccode TEXT,
    enable INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL DEFAULT 1,
    status INTEGER NOT NULL,
    delete_flag INTEGER NOT NULL DEFAULT 0,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL
);
CREATE INDEX agent_group_id ON agent (voice_group_id);
CREATE INDEX agent_account ON agent (account);
CREATE INDEX agent_emp_no ON agent (emp_no);
"""
_COUNTED = "agent_id = agent.key_id AND started_at >= :start AND started_at <= :end AND ended_at <= :now"
# An agent is busy while one of its calls lasts.
_LISTED = f"""
SELECT agent.*, group_name,
    CASE WHEN EXISTS (
        SELECT 1 FROM call_record WHERE agent_id = agent.key_id AND started_at <= :now AND ended_at > :now
    ) THEN 3 ELSE status END AS status_now,
    (SELECT count(*) FROM call_record WHERE {_COUNTED}) AS calls,
    (SELECT count(*) FROM call_record WHERE {_COUNTED} AND answered_at IS NOT NULL) AS answered
FROM agent LEFT JOIN agent_group USING (voice_group_id)
WHERE :deleted OR delete_flag = 0
"""
_MOST_SECONDS = 32 * 86_400


class AgentCall(Call[AgentAssumptions]):
    """A request about agents."""

    @cached_property
    def agent(self) -> Any:
        """The agent with the key id, None if there is none or it was deleted."""
        return self.database.row("agent WHERE key_id = ? AND delete_flag = 0", self.body["keyId"])

    @cached_property
    def group(self) -> Any:
        """The agent group, None if there is none."""
        return self.database.row("agent_group WHERE voice_group_id = ?", number_of(self.body["voiceGroupId"]))

    @cached_property
    def is_on_call(self) -> bool:
        """Whether the agent with the key id is on a call."""
        where = "call_record WHERE agent_id = ? AND started_at <= ? AND ended_at > ?"
        return self.database.exists(where, self.body["keyId"], self.now, self.now)

    @cached_property
    def remaining(self) -> int:
        """How many agents may still be made."""
        of_group = self.assumptions.agent_quota_of == "group"
        where, group = ("AND voice_group_id = ?", [self.group["voice_group_id"]]) if of_group else ("", [])
        made = self.database.count(f"agent WHERE delete_flag = 0 {where}", *group)
        return max(0, self.assumptions.agent_quota - made)

    @cached_property
    def window(self) -> tuple[float, float] | None:
        """The time that the listing counts calls of; None unless both ends are given."""
        ends = [self.body["params"].get(name) for name in ("strTime", "endTime")]
        if not all(ends):
            return None
        start, end = (seconds(text, self.assumptions.utc_offset) for text in ends)
        return start, end

    def change(self, key_id: int, **values: object) -> None:
        """Set columns of an agent."""
        self.database.change("agent", {"key_id": key_id}, {**values, "update_time": self.moment})


FAMILY = Family(AGENTS, "/v3/cc/seat", AgentCall, TABLES)
_GROUP = {"voiceGroupId": ID}
_GROUP_EXISTS: Rule[AgentCall] = unknown_id("no agent group has this id", lambda call: call.group is None)
_EXISTS: Rule[AgentCall] = unknown_id("no agent has this id", lambda call: call.agent is None)


@FAMILY.endpoint("querySipTotal", method="GET", fields=_GROUP, rules=(_GROUP_EXISTS,), key_field="voiceGroupId")
def get_total(call: AgentCall) -> dict[str, int]:
    """Tell how many agents there may be, and how many more."""
    return {"total": call.assumptions.agent_quota, "remaining": call.remaining}


@FAMILY.endpoint(
    "addSeatList",
    fields={**_GROUP, "size": Field(is_integer, required=True, least=1), "displayNum": TEXT, "ccode": TEXT},
    rules=(
        _GROUP_EXISTS,
        Rule(-36, "more agents than may still be made", lambda call: call.body["size"] > call.remaining),
    ),
    codes=STORING | {-36},
    key_field="voiceGroupId",
)
def add_agents(call: AgentCall) -> list[dict[str, Any]]:
    """Make some agents, whose names, staff numbers, accounts and passwords come of their key ids."""
    body, group = call.body, call.group
    last = call.database.row("sqlite_sequence WHERE name = 'agent'")
    first = last["seq"] + 1 if last else 1
    added = [
        {
            "key_id": key_id,
            "voice_group_id": group["voice_group_id"],
            "app_id": group["app_id"],
            "name": f"agent{key_id:05d}",
            "emp_no": f"{key_id:06d}",
            "account": f"SB{group['voice_group_id']}_{key_id:03d}",
            "password": f"madeup{key_id}",
            "display_num": body.get("displayNum") or None,
            "ccode": body.get("ccode") or None,
            "status": call.assumptions.new_agent_status,
            "create_time": call.moment,
            "update_time": call.moment,
        }
        for key_id in range(first, first + body["size"])
    ]
    for agent in added:
        call.database.insert("agent", agent)
    return [shown(agent, "key_id", "name") for agent in added]


def _has_foreign_characters(call: AgentCall) -> bool:
    password = call.body.get("password") or "a"
    return not (password.isascii() and password.isalnum())


@FAMILY.endpoint(
    "updateSeat",
    fields={
        "keyId": ID,
        # A String here, an Integer in every other request.
        "voiceGroupId": Field((is_text, is_integer), required=True),
        "name": REQUIRED_TEXT,
        "displayNum": TEXT,
        "ccode": TEXT,
        "petName": TEXT,
        "empNo": REQUIRED_TEXT,
        "password": TEXT,
    },
    rules=(
        unknown_id("no agent has this keyId", lambda call: call.agent is None),
        _GROUP_EXISTS,
        Rule(
            -34,
            "another agent has this empNo",
            lambda call: call.database.exists(
                "agent WHERE emp_no = ? AND key_id <> ? AND delete_flag = 0", call.body["empNo"], call.body["keyId"]
            ),
        ),
        Rule(-64, "password has other characters than letters and digits", _has_foreign_characters),
        Rule(
            -65,
            "the agent group is of another application",
            lambda call: call.group["app_id"] != call.agent["app_id"],
        ),
        Rule(
            -66,
            "ccode is no country's",
            lambda call: call.body.get("ccode") and call.body["ccode"] not in COUNTRY_CODES,
        ),
        Rule(-67, "the agent is on a call", lambda call: call.is_on_call),
    ),
    codes=STORING | {-34, -64, -65, -66, -67},
    key_field="keyId",
)
def update_agent(call: AgentCall) -> None:
    """Change one agent."""
    body = call.body
    password = {"password": body["password"]} if body.get("password") else {}
    values = {"name": body["name"], "emp_no": body["empNo"], "voice_group_id": call.group["voice_group_id"]}
    call.change(body["keyId"], **values, **changed(call, "displayNum", "ccode", "petName"), **password)


@FAMILY.endpoint(
    "query",
    fields=filters(
        {
            "enable": ON_OFF,
            "name": TEXT,
            "voiceGroupId": OPTIONAL_ID,
            "status": Field(is_integer, least=1, most=5),
            "strTime": Field(is_local_time),
            "endTime": Field(is_local_time),
        }
    ),
    rules=(
        assumed(
            -22, "strTime and endTime are required", lambda call: call.window is None, switch="agent_window_required"
        ),
        Rule(
            -22,
            "strTime is at most 32 days before endTime",
            lambda call: call.window and not 0 <= call.window[1] - call.window[0] <= _MOST_SECONDS,
        ),
    ),
)
def query_agents(call: AgentCall) -> dict[str, Any]:
    """List one page of agents, each with its group's name and (of a time) its calls."""

    def record(agent: dict[str, Any]) -> dict[str, Any]:
        calls, answered, status = agent.pop("calls"), agent.pop("answered"), agent.pop("status_now")
        rate = f"{100 * answered / calls:.2f}%" if calls else "0%"
        counted = {"num": calls, "connectNum": answered, "connectRate": rate} if call.window else {}
        return {**shown(agent), "status": status, **counted}

    start, end = call.window or (0, 0)
    columns = {
        "enable": "enable",
        "name": "instr(name, :name)",
        "voiceGroupId": "voice_group_id",
        "status": "status_now",
    }
    values = {"now": call.now, "start": start, "end": through(end), "deleted": call.assumptions.deleted_agents_listed}
    return page(call, _LISTED, columns, record, values)


def _is_in_running_task(call: AgentCall) -> bool:
    return call.database.exists(
        "call_task JOIN call_task_group USING (task_id) JOIN agent USING (voice_group_id) "
        "WHERE agent.key_id = ? AND type = 1 AND ends_at > ?",
        call.body["keyId"],
        call.now,
    )


_CHANGING: tuple[Rule[AgentCall], ...] = (
    _EXISTS,
    Rule(-67, "an agent is on a call", lambda item: item.is_on_call),
    Rule(-68, "an agent is in a running task", lambda item: item.body["type"] == DELETE and _is_in_running_task(item)),
)


@FAMILY.endpoint("batchingSeat", fields=BATCH, codes=STORING | {-67, -68}, acting=(-67, -68))
def change_agents(call: AgentCall) -> Decision | None:
    """Delete, disable or enable agents."""

    def change(key_id: int, action: int) -> None:
        values = {"delete_flag": 1} if action == DELETE else {"enable": 0 if action == ENABLE else 1}
        call.change(key_id, **values)

    return batch(call, _CHANGING, change)


_RANKING: tuple[Rule[AgentCall], ...] = (
    _EXISTS,
    assumed(
        "unknown_id_code",
        "an agent is not in the group",
        lambda item: item.agent is None or item.agent["voice_group_id"] != item.body["voiceGroupId"],
        switch="group_checked_for_priorities",
    ),
)
_RANK = {"keyId": ID, "priority": Field(is_integer, required=True, least=1, most=999)}


@FAMILY.endpoint(
    "updatePriority",
    fields={
        **_GROUP,
        "params": Field(is_list, required=True, least=1, members=Field(is_object, required=True, fields=_RANK)),
    },
    key_field="voiceGroupId",
)
def set_priorities(call: AgentCall) -> Decision | None:
    """Set the priorities of agents of a group."""

    def change(item: Mapping[str, Any]) -> None:
        call.change(item["keyId"], priority=item["priority"])

    ranks = {agent["keyId"]: {**agent, "voiceGroupId": call.body["voiceGroupId"]} for agent in call.body["params"]}
    return each(call, ranks.values(), _RANKING, change)


@FAMILY.endpoint(
    "createSdkAuthentication",
    fields={"account": REQUIRED_TEXT, "expires": Field(is_integer, required=True, least=60, most=28_800)},
    rules=(
        Rule(
            -24,
            "no agent has this account",
            lambda call: not call.database.exists("agent WHERE account = ? AND delete_flag = 0", call.body["account"]),
        ),
    ),
    codes=COMMON | {-24},
)
def create_authentication(call: AgentCall) -> dict[str, str]:
    """Make a credential for an agent's browser phone, another each time; nothing here takes one."""
    account, expires_at = call.body["account"], int(call.now + call.body["expires"])
    return {"authentication": f"Bearer {account}:{expires_at}:made-up-{secrets.token_hex(16)}"}
