"""The team leaders' endpoints: the fields of each, the rules beyond their form, and what is done."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from itnio_async.api.team_leaders.codes import TEAM_LEADERS
from itnio_async.sandbox import relations
from itnio_async.sandbox.changes import BATCH, DELETE, ENABLE, batch, by_name, changed, page, shown
from itnio_async.sandbox.fields import ID, ON_OFF, TEXT, Field, filters, ids
from itnio_async.sandbox.handler import STORING, Family
from itnio_async.sandbox.rules import Call, Decision, Rule, assumed, is_text, unknown_id
from itnio_async.sandbox.team_leaders.assumptions import TeamLeaderAssumptions

# `enable` is 0 for enabled and 1 for disabled.
TABLES = """
CREATE TABLE team_leader (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    emp_no TEXT NOT NULL,
    pet_name TEXT,
    account TEXT NOT NULL,
    password TEXT NOT NULL,
    enable INTEGER NOT NULL DEFAULT 0,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL
);
CREATE TABLE team_leader_group (
    key_id INTEGER NOT NULL,
    voice_group_id INTEGER NOT NULL,
    PRIMARY KEY (key_id, voice_group_id)
) WITHOUT ROWID;
CREATE INDEX team_leader_group_id ON team_leader_group (voice_group_id);
"""
_LEADS = """
key_id IN (
    SELECT key_id FROM team_leader_group WHERE voice_group_id IN (SELECT value FROM json_each(:voiceGroupIdList))
)
"""
# In the listing's sample, but not in its table.
_CUSTOMER = {"customerId": 1, "customerName": "sandbox"}
_PET_NAME = Field(is_text, most=20)


class LeaderCall(Call[TeamLeaderAssumptions]):
    """A request about team leaders."""

    @cached_property
    def is_of_nobody(self) -> bool:
        """Whether there is no team leader with the key id."""
        return not self.database.exists("team_leader WHERE key_id = ?", self.body["keyId"])

    @cached_property
    def lacks_group(self) -> bool:
        """Whether a group to be led does not exist."""
        return relations.lacks_group(self.database, self.body.get("voiceGroupIdList"))

    def is_taken(self, column: str, value: str, *, besides: int = 0) -> bool:
        """Tell whether another team leader than `besides` has that name or staff number."""
        return self.database.exists(f"team_leader WHERE {column} = ? AND key_id <> ?", value, besides)

    def change(self, key_id: int, groups: Iterable[int] | None = None, **values: object) -> None:
        """Set columns of a team leader, and the groups, unless they are None."""
        self.database.change("team_leader", {"key_id": key_id}, {**values, "update_time": self.moment})
        if groups is not None:
            self.database.run("DELETE FROM team_leader_group WHERE key_id = :key_id", {"key_id": key_id})
            rows = [(key_id, group) for group in dict.fromkeys(groups)]
            self.database.run_all("INSERT INTO team_leader_group VALUES (?, ?)", rows)


FAMILY = Family(TEAM_LEADERS, "/v3/cc/teamleader", LeaderCall, TABLES)
_GROUPS_EXIST: Rule[LeaderCall] = unknown_id("no agent group has this id", lambda call: call.lacks_group)


@FAMILY.endpoint(
    "add",
    # For the least of the name, see the assumption leader_name_least.
    fields={
        "name": Field(is_text, required=True, most=32),
        "petName": _PET_NAME,
        "voiceGroupIdList": ids(required=False),
    },
    rules=(
        assumed(
            -22,
            "name has fewer than 4 characters",
            lambda call: len(call.body["name"]) < call.assumptions.leader_name_least,
        ),
        _GROUPS_EXIST,
        assumed(
            "new_leader_name_code",
            "a team leader has this name",
            lambda call: call.is_taken("name", call.body["name"]),
        ),
    ),
)
def add_leader(call: LeaderCall) -> int | str:
    """Make a team leader, whose staff number, account and password come of the key id; return that."""
    body = call.body
    values = {"name": body["name"], "pet_name": body.get("petName") or None, "create_time": call.moment}
    unknown = {"emp_no": "", "account": "", "password": "", "update_time": call.moment}
    key_id = call.database.insert("team_leader", {**values, **unknown})
    own = {"emp_no": str(700_000 + key_id), "account": f"SBTL_{key_id:03d}", "password": f"madeup{key_id}"}
    call.change(key_id, body.get("voiceGroupIdList"), **own)
    return str(key_id) if call.assumptions.new_leader_answered == "text" else key_id


@FAMILY.endpoint("query", fields=filters({"enable": ON_OFF, "name": TEXT, "voiceGroupIdList": ids(required=False)}))
def query_leaders(call: LeaderCall) -> dict[str, Any]:
    """List one page of team leaders."""

    def record(leader: dict[str, Any]) -> dict[str, Any]:
        query = """
            SELECT voice_group_id, group_name FROM team_leader_group LEFT JOIN agent_group USING (voice_group_id)
            WHERE key_id = ? ORDER BY voice_group_id
        """
        groups = call.database.rows(query, (leader["key_id"],))
        names = {"voiceGroupIdList": [id for id, _ in groups], "voiceGroupNameList": [name for _, name in groups]}
        return {**shown(leader), **names, **_CUSTOMER}

    columns = {"enable": "enable", "name": by_name(call, "name", "name"), "voiceGroupIdList": _LEADS}
    return page(call, "SELECT * FROM team_leader", columns, record)


@FAMILY.endpoint(
    "update",
    fields={
        "keyId": ID,
        "empNo": Field(is_text, required=True, least=1, most=12, form=re.compile("[0-9]++")),
        "password": TEXT,
        "name": Field(is_text, required=True, least=4, most=32),
        "petName": _PET_NAME,
        "voiceGroupIdList": ids(),
    },
    rules=(
        unknown_id("no team leader has this keyId", lambda call: call.is_of_nobody),
        _GROUPS_EXIST,
        Rule(
            -33,
            "another team leader has this name",
            lambda call: call.is_taken("name", call.body["name"], besides=call.body["keyId"]),
        ),
        Rule(
            -34,
            "another team leader has this empNo",
            lambda call: call.is_taken("emp_no", call.body["empNo"], besides=call.body["keyId"]),
        ),
    ),
    codes=STORING | {-33, -34},
    key_field="keyId",
)
def update_leader(call: LeaderCall) -> None:
    """Change one team leader."""
    body = call.body
    password = {"password": body["password"]} if body.get("password") else {}
    values = {"name": body["name"], "emp_no": body["empNo"], **changed(call, "petName"), **password}
    call.change(body["keyId"], body["voiceGroupIdList"], **values)


@FAMILY.endpoint("batchUpdateStatus", fields=BATCH)
def change_leaders(call: LeaderCall) -> Decision | None:
    """Delete, disable or enable team leaders."""

    def change(key_id: int, action: int) -> None:
        if action != DELETE:
            call.change(key_id, enable=0 if action == ENABLE else 1)
            return
        for table in ("team_leader_group", "team_leader"):  # which frees the groups
            call.database.run(f"DELETE FROM {table} WHERE key_id = :key_id", {"key_id": key_id})

    return batch(call, [unknown_id("no team leader has this id", lambda item: item.is_of_nobody)], change)
