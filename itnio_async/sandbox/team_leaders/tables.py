"""The tables of team leaders, and what is read from them and written to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox.database import Database

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
_FIND = """
SELECT * FROM team_leader
WHERE (:enable IS NULL OR enable = :enable)
    AND (:name IS NULL OR CASE WHEN :whole THEN name = :name ELSE instr(name, :name) END)
    AND (:groups IS NULL OR key_id IN (
        SELECT key_id FROM team_leader_group WHERE voice_group_id IN (SELECT value FROM json_each(:groups))
    ))
"""


@frozen(kw_only=True)
class StoredTeamLeader:
    """A team leader and the agent groups that it leads; `enable` is 0 for enabled and 1 for disabled."""

    key_id: int
    name: str
    emp_no: str
    pet_name: str | None
    account: str
    password: str = field(repr=False)
    enable: int
    create_time: str
    update_time: str
    voice_group_ids: tuple[int, ...]


class TeamLeaders:
    """The stored team leaders."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def leaders(self) -> list[StoredTeamLeader]:
        """Return all team leaders by key id."""
        with self.database.lock:
            rows = self.database.rows("SELECT * FROM team_leader ORDER BY key_id")
            return [StoredTeamLeader(**row, voice_group_ids=self.groups(row["key_id"])) for row in rows]

    def groups(self, key_id: int) -> tuple[int, ...]:
        """Return the ids of the groups that a team leader leads."""
        query = "SELECT voice_group_id FROM team_leader_group WHERE key_id = ? ORDER BY voice_group_id"
        return tuple(row[0] for row in self.database.rows(query, (key_id,)))

    def exists(self, key_id: int) -> bool:
        """Tell whether there is a team leader with that key id."""
        return self.database.exists("team_leader WHERE key_id = ?", key_id)

    def is_taken(self, column: str, value: str, *, besides: int = 0) -> bool:
        """Tell whether another team leader than `besides` has that name or staff number."""
        return self.database.exists(f"team_leader WHERE {column} = ? AND key_id <> ?", value, besides)

    def find(self, filters: Mapping[str, Any], **sought: Any) -> tuple[int, list[dict[str, Any]]]:
        """Return how many team leaders fit, and those of one page."""
        return self.database.page(_FIND, filters, key="key_id", **sought)

    def add(self, name: str, pet_name: str | None, groups: Iterable[int], moment: str) -> int:
        """Store a new team leader, whose staff number, account and password come of its key id; return that."""
        values = {"name": name, "pet_name": pet_name, "create_time": moment, "update_time": moment}
        key_id = self.database.insert("team_leader", {**values, "emp_no": "", "account": "", "password": ""})
        own = {"emp_no": str(700_000 + key_id), "account": f"SBTL_{key_id:03d}", "password": f"madeup{key_id}"}
        self.change(key_id, own, groups, moment)
        return key_id

    def change(self, key_id: int, values: Mapping[str, Any], groups: Iterable[int] | None, moment: str) -> None:
        """Set columns of a team leader, and the groups, unless they are None."""
        self.database.change("team_leader", {"key_id": key_id}, {**values, "update_time": moment})
        if groups is not None:
            self.database.run("DELETE FROM team_leader_group WHERE key_id = :key_id", {"key_id": key_id})
            rows = [(key_id, group) for group in dict.fromkeys(groups)]
            self.database.run_all("INSERT INTO team_leader_group VALUES (?, ?)", rows)

    def delete(self, key_id: int) -> None:
        """Delete a team leader, which frees its groups."""
        for table in ("team_leader_group", "team_leader"):
            self.database.run(f"DELETE FROM {table} WHERE key_id = :key_id", {"key_id": key_id})
