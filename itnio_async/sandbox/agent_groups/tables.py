"""The table of agent groups, and what is read from it and written to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox import relations
from itnio_async.sandbox.database import Database

TABLES = """
CREATE TABLE agent_group (
    voice_group_id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_name TEXT NOT NULL,
    app_id TEXT NOT NULL,
    callin_strategy INTEGER DEFAULT 1,
    timeout_transfer_sec INTEGER,
    callin_auto_answer_sec INTEGER,
    wrap_up_time INTEGER,
    timeout_idle INTEGER,
    timeout_wait_sec INTEGER,
    turn_seat_ring TEXT,
    label_name TEXT,
    display_switch INTEGER NOT NULL DEFAULT 0,
    encrypt_number INTEGER NOT NULL DEFAULT 1,
    fs_node TEXT
);
CREATE INDEX agent_group_name ON agent_group (group_name);
"""


def _as_labels(text: str | None) -> tuple[str, ...]:
    return tuple(json.loads(text or "[]"))


@frozen(kw_only=True)
class StoredGroup:
    """An agent group with its settings; `bound_to` are the key ids of the trunks that it is bound to.

    `display_switch` and `encrypt_number` are 0 for on and 1 for off.
    """

    voice_group_id: int
    group_name: str
    bound_to: tuple[int, ...]
    app_id: str
    callin_strategy: int | None
    timeout_transfer_sec: int | None
    callin_auto_answer_sec: int | None
    wrap_up_time: int | None
    timeout_idle: int | None
    timeout_wait_sec: int | None
    turn_seat_ring: str | None
    label_name: tuple[str, ...] = field(converter=_as_labels)
    display_switch: int
    encrypt_number: int
    fs_node: str | None


class Groups:
    """The stored agent groups."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def groups(self) -> list[StoredGroup]:
        """Return all agent groups by id, each with the trunks that it is bound to."""
        with self.database.lock:
            groups = self.database.rows("SELECT * FROM agent_group ORDER BY voice_group_id")
            bound = self.database.rows("SELECT voice_group_id, key_id FROM binding ORDER BY key_id")
        trunks: dict[int, list[int]] = {}
        for voice_group_id, key_id in bound:
            trunks.setdefault(voice_group_id, []).append(key_id)
        return [StoredGroup(**row, bound_to=tuple(trunks.get(row["voice_group_id"], ()))) for row in groups]

    def group(self, voice_group_id: int) -> Mapping[str, Any] | None:
        """Return the columns of one agent group, or None."""
        rows = self.database.rows("SELECT * FROM agent_group WHERE voice_group_id = ?", (voice_group_id,))
        return dict(rows[0]) if rows else None

    def count(self) -> int:
        """Return how many agent groups there are."""
        number: int = self.database.value("SELECT count(*) FROM agent_group")
        return number

    def is_name_taken(self, name: str, app_id: str, *, besides: int = 0) -> bool:
        """Tell whether another group of the application than `besides` has the name."""
        where = "agent_group WHERE group_name = ? AND app_id = ? AND voice_group_id <> ?"
        return self.database.exists(where, name, app_id, besides)

    def find(self, name: str | None, *, whole: bool, **sought: Any) -> tuple[int, list[dict[str, Any]]]:
        """Return how many groups have that name or (unless `whole`) part of one, and those of one page."""
        query = """
            SELECT voice_group_id, callin_strategy, group_name, app_id,
                (SELECT count(*) FROM agent WHERE agent.voice_group_id = agent_group.voice_group_id
                    AND delete_flag = 0) AS agents
            FROM agent_group
            WHERE :name IS NULL OR CASE WHEN :whole THEN group_name = :name ELSE instr(group_name, :name) END
        """
        return self.database.page(query, {"name": name, "whole": whole}, key="voice_group_id", **sought)

    def add(self, name: str, app_id: str) -> None:
        """Store a new group with the first settings."""
        self.database.insert("agent_group", {"group_name": name, "app_id": app_id})

    def change(self, voice_group_id: int, values: Mapping[str, Any]) -> None:
        """Set columns of a group."""
        self.database.change("agent_group", {"voice_group_id": voice_group_id}, values)

    def delete(self, voice_group_id: int) -> None:
        """Delete a group."""
        self.database.run("DELETE FROM agent_group WHERE voice_group_id = :id", {"id": voice_group_id})

    # Who uses a group.

    def has_agents(self, voice_group_id: int) -> bool:
        """Tell whether the group has agents that are not deleted."""
        return relations.has_agents(self.database, voice_group_id)

    def has_team_leader(self, voice_group_id: int) -> bool:
        """Tell whether a team leader is bound to the group."""
        return relations.has_team_leader(self.database, voice_group_id)

    def has_trunk(self, voice_group_id: int) -> bool:
        """Tell whether a SIP trunk is bound to the group."""
        return relations.has_trunk(self.database, voice_group_id)
