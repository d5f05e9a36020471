"""The table of calls, and what is read from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itnio_async.sandbox.database import Database

# The moments are Unix times: a call is there as soon as it is planned, and is listed once it has ended.
TABLES = """
CREATE TABLE call_record (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    called TEXT NOT NULL,
    called_info TEXT,
    caller TEXT,
    ccode TEXT,
    agent_id INTEGER,
    voice_group_id INTEGER,
    call_type INTEGER NOT NULL,
    hangup_reason INTEGER NOT NULL,
    hanging_direction INTEGER NOT NULL,
    started_at REAL NOT NULL,
    answered_at REAL,
    ended_at REAL NOT NULL
);
CREATE INDEX call_record_agent ON call_record (agent_id, started_at);
CREATE INDEX call_record_start ON call_record (started_at);
"""

# A filter that is null lets all pass; no call has tags.
_FIND = """
SELECT call_record.*, agent.name AS agent_name, agent.account AS agent_account, group_name
FROM call_record
    LEFT JOIN agent ON agent.key_id = agent_id
    LEFT JOIN agent_group ON agent_group.voice_group_id = call_record.voice_group_id
WHERE ended_at <= :now AND started_at >= :start AND started_at <= :end AND NOT :tagged
    AND (:group IS NULL OR call_record.voice_group_id = :group)
    AND (:group_name IS NULL OR CASE WHEN :whole THEN group_name = :group_name ELSE instr(group_name, :group_name) END)
    AND (:agents IS NULL OR agent_id IN (SELECT value FROM json_each(:agents)))
    AND (:agent_names IS NULL OR agent.name IN (SELECT value FROM json_each(:agent_names)))
    AND (:call_types IS NULL OR call_type IN (SELECT value FROM json_each(:call_types)))
    AND (:hangup_reasons IS NULL OR hangup_reason IN (SELECT value FROM json_each(:hangup_reasons)))
    AND (:directions IS NULL OR hanging_direction IN (SELECT value FROM json_each(:directions)))
    AND (:ccodes IS NULL OR call_record.ccode IN (SELECT value FROM json_each(:ccodes)))
    AND (:number IS NULL OR called = :number OR caller = :number)
"""


class CallRecords:
    """The stored calls."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def find(self, filters: Mapping[str, Any], **sought: Any) -> tuple[int, list[dict[str, Any]]]:
        """Return how many calls fit, and those of one page, each with the names of its agent and group."""
        return self.database.page(_FIND, filters, key="call_record.key_id", **sought)

    def records(self) -> list[dict[str, Any]]:
        """Return all calls by id, planned ones too."""
        return [dict(row) for row in self.database.rows("SELECT * FROM call_record ORDER BY key_id")]
