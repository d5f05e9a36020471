"""What families ask about each other's records, so that none needs another's tables: above all, agent groups."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from itnio_async.sandbox.database import Database

# The application of the groups that a new sandbox starts with; applications are made in the vendor's console.
FIRST_APPLICATION = "sandbox1"


def add_groups(database: Database, groups: Iterable[tuple[int, str]]) -> None:
    """Store agent groups, each an id and a name."""
    rows = ((id, name, FIRST_APPLICATION) for id, name in groups)
    database.run_all("INSERT INTO agent_group (voice_group_id, group_name, app_id) VALUES (?, ?, ?)", rows)


def has_groups(database: Database) -> bool:
    """Tell whether there is any agent group."""
    return database.exists("agent_group")


def group_name(database: Database, voice_group_id: int) -> str | None:
    """Return the name of an agent group, None if there is no such group."""
    rows = database.rows("SELECT group_name FROM agent_group WHERE voice_group_id = ?", (voice_group_id,))
    return rows[0]["group_name"] if rows else None


def application_of(database: Database, voice_group_id: object) -> str | None:
    """Return the id of an agent group's application, None if there is no such group."""
    rows = database.rows("SELECT app_id FROM agent_group WHERE voice_group_id = ?", (voice_group_id,))
    return rows[0]["app_id"] if rows else None


def lacks_group(database: Database, voice_group_ids: Iterable[int]) -> bool:
    """Tell whether any of these agent groups does not exist."""
    return any(group_name(database, id) is None for id in voice_group_ids)


def application_name(app_id: str) -> str:
    """Return what the listings call an application."""
    return f"application {app_id}"


# Who uses an agent group.


def has_agents(database: Database, voice_group_id: int) -> bool:
    """Tell whether the group has agents that are not deleted."""
    return database.exists("agent WHERE voice_group_id = ? AND delete_flag = 0", voice_group_id)


def has_team_leader(database: Database, voice_group_id: int) -> bool:
    """Tell whether a team leader is bound to the group."""
    return database.exists("team_leader_group WHERE voice_group_id = ?", voice_group_id)


def has_trunk(database: Database, voice_group_id: int) -> bool:
    """Tell whether a SIP trunk is bound to the group."""
    return database.exists("binding WHERE voice_group_id = ?", voice_group_id)


# Calls, which tasks make.


def agents_of(database: Database, voice_group_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Return the agents of these groups that may work, each with its group, by key id."""
    query = (
        "SELECT key_id, voice_group_id FROM agent WHERE delete_flag = 0 AND enable = 0 "
        "AND voice_group_id IN (SELECT value FROM json_each(?)) ORDER BY key_id"
    )
    return [(row[0], row[1]) for row in database.rows(query, (json.dumps(list(voice_group_ids)),))]


def agent_name(database: Database, key_id: int | None) -> str | None:
    """Return the name of an agent, None if there is no such agent."""
    rows = database.rows("SELECT name FROM agent WHERE key_id = ?", (key_id,))
    return rows[0]["name"] if rows else None


def add_call(database: Database, values: Mapping[str, object]) -> int:
    """Store a call from its beginning to its end, and return its id; it may begin later than now."""
    return database.insert("call_record", values)


def drop_calls_after(database: Database, calls: Iterable[int], moment: float) -> None:
    """Take back those calls that have not begun at a moment."""
    query = "DELETE FROM call_record WHERE started_at > :moment AND key_id IN (SELECT value FROM json_each(:calls))"
    database.run(query, {"moment": moment, "calls": json.dumps(list(calls))})


def masked(database: Database, number: str, voice_group_id: int | None) -> str:
    """Return a number as the listings show it: masked if the settings of the call's group say so."""
    rows = database.rows("SELECT encrypt_number FROM agent_group WHERE voice_group_id = ?", (voice_group_id,))
    return f"{number[:3]}****{number[-2:]}" if rows and rows[0][0] == 0 else number


# What agents do.


def is_on_call(database: Database, agent: int, now: float) -> bool:
    """Tell whether the agent is on a call."""
    return database.exists("call_record WHERE agent_id = ? AND started_at <= ? AND ended_at > ?", agent, now, now)


def is_in_running_task(database: Database, agent: int, now: float) -> bool:
    """Tell whether a task that hands calls to the agent's group is running."""
    return database.exists(
        "call_task JOIN call_task_group USING (task_id) JOIN agent USING (voice_group_id) "
        "WHERE agent.key_id = ? AND type = 1 AND ends_at > ?",
        agent,
        now,
    )
