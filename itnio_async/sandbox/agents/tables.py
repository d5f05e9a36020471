"""The tables of agents and of their credentials, and what is read from them and written to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox import relations
from itnio_async.sandbox.database import Database

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
CREATE TABLE credential (account TEXT PRIMARY KEY, authentication TEXT NOT NULL, expires_at REAL NOT NULL);
"""

# An agent is busy while one of its calls lasts.
_STATUS = """
CASE WHEN EXISTS (SELECT 1 FROM call_record WHERE agent_id = agent.key_id AND started_at <= :now AND ended_at > :now)
THEN 3 ELSE status END
"""
_FIND = f"""
SELECT agent.*, group_name, {_STATUS} AS status_now,
    (SELECT count(*) FROM call_record WHERE agent_id = agent.key_id AND {{window}}) AS calls,
    (SELECT count(*) FROM call_record WHERE agent_id = agent.key_id AND answered_at IS NOT NULL AND {{window}})
        AS answered
FROM agent LEFT JOIN agent_group USING (voice_group_id)
WHERE (:deleted OR delete_flag = 0)
    AND (:enable IS NULL OR enable = :enable)
    AND (:name IS NULL OR instr(name, :name))
    AND (:group IS NULL OR voice_group_id = :group)
    AND (:status IS NULL OR {_STATUS} = :status)
""".format(window="started_at >= :start AND started_at <= :end AND ended_at <= :now")


@frozen(kw_only=True)
class StoredAgent:
    """An agent; `enable` is 0 for enabled and 1 for disabled, a deleted one has the `delete_flag` 1."""

    key_id: int
    voice_group_id: int
    app_id: str
    name: str
    emp_no: str
    pet_name: str | None
    account: str
    password: str = field(repr=False)
    display_num: str | None
    ccode: str | None
    enable: int
    priority: int
    status: int
    delete_flag: int
    create_time: str
    update_time: str


class Agents:
    """The stored agents."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def agents(self) -> list[StoredAgent]:
        """Return all agents by key id, deleted ones too."""
        return [StoredAgent(**row) for row in self.database.rows("SELECT * FROM agent ORDER BY key_id")]

    def agent(self, key_id: int) -> StoredAgent | None:
        """Return the agent with that key id, or None; one that was deleted is None too."""
        rows = self.database.rows("SELECT * FROM agent WHERE key_id = ? AND delete_flag = 0", (key_id,))
        return StoredAgent(**rows[0]) if rows else None

    def count(self, voice_group_id: int | None) -> int:
        """Return how many agents a group has, or the account."""
        query = "SELECT count(*) FROM agent WHERE delete_flag = 0 AND (:group IS NULL OR voice_group_id = :group)"
        number: int = self.database.rows(query, {"group": voice_group_id})[0][0]
        return number

    def is_number_taken(self, emp_no: str, key_id: int) -> bool:
        """Tell whether another agent has the staff number."""
        return self.database.exists("agent WHERE emp_no = ? AND key_id <> ? AND delete_flag = 0", emp_no, key_id)

    def has_account(self, account: str) -> bool:
        """Tell whether an agent has that account."""
        return self.database.exists("agent WHERE account = ? AND delete_flag = 0", account)

    def find(self, filters: Mapping[str, Any], **sought: Any) -> tuple[int, list[dict[str, Any]]]:
        """Return how many agents fit, and those of one page, each with its group's name and its calls."""
        return self.database.page(_FIND, filters, key="agent.key_id", **sought)

    def add(
        self, voice_group_id: int, *, status: int, moment: str, display_num: str | None = None, ccode: str | None = None
    ) -> StoredAgent:
        """Store a new agent, whose name, staff number, account and password come of its key id."""
        last = self.database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'agent'")
        key_id = last[0][0] + 1 if last else 1
        values = {
            "key_id": key_id,
            "voice_group_id": voice_group_id,
            "app_id": relations.application_of(self.database, voice_group_id),
            "name": f"agent{key_id:05d}",
            "emp_no": f"{key_id:06d}",
            "account": f"SB{voice_group_id}_{key_id:03d}",
            "password": f"madeup{key_id}",
            "display_num": display_num,
            "ccode": ccode,
            "status": status,
            "create_time": moment,
            "update_time": moment,
        }
        self.database.insert("agent", values)
        added = self.agent(key_id)
        assert added is not None
        return added

    def change(self, key_id: int, values: Mapping[str, Any], moment: str) -> None:
        """Set columns of an agent."""
        self.database.change("agent", {"key_id": key_id}, {**values, "update_time": moment})

    # What they do.

    def is_on_call(self, key_id: int, now: float) -> bool:
        """Tell whether the agent is on a call."""
        return relations.is_on_call(self.database, key_id, now)

    def is_in_running_task(self, key_id: int, now: float) -> bool:
        """Tell whether a task that hands calls to the agent's group is running."""
        return relations.is_in_running_task(self.database, key_id, now)

    # Credentials.

    def authenticate(self, account: str, authentication: str, expires_at: float) -> None:
        """Store an agent's credential in the place of the one before."""
        values = {"account": account, "authentication": authentication, "expires_at": expires_at}
        self.database.run("DELETE FROM credential WHERE account = :account", values)
        self.database.insert("credential", values)

    def credential(self, account: str, now: float) -> str | None:
        """Return the credential that holds for an account, or None."""
        query = "SELECT authentication FROM credential WHERE account = ? AND expires_at > ?"
        rows = self.database.rows(query, (account, now))
        return rows[0][0] if rows else None
