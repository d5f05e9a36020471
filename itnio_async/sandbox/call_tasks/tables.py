"""The tables of call tasks and their numbers, and what is read from them and written to them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from itnio_async.sandbox import relations
from itnio_async.sandbox.database import Database

AUTOMATIC, TO_AGENTS = 0, 1
CALLING, COMPLETED, CANCELLED = 11, 12, 14
IN_PROGRESS, NOT_CALLED, FAILED, CALLED = 1, 5, 7, 9

# All calls of a task are planned when it is submitted; what has become of them is a matter of the time now.
TABLES = """
CREATE TABLE call_task (
    task_id INTEGER PRIMARY KEY AUTOINCREMENT,
    type INTEGER NOT NULL,
    app_id TEXT,
    callout_rate INTEGER,
    display_num TEXT,
    ccode TEXT,
    remark TEXT,
    created_at REAL NOT NULL,
    cancelled_at REAL,
    ends_at REAL NOT NULL
);
CREATE TABLE call_task_group (task_id INTEGER NOT NULL, voice_group_id INTEGER NOT NULL);
CREATE INDEX call_task_group_id ON call_task_group (voice_group_id);
CREATE TABLE call_task_number (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    task_id INTEGER NOT NULL,
    cells TEXT NOT NULL,
    called TEXT NOT NULL,
    call_id INTEGER NOT NULL,
    agent_id INTEGER,
    voice_group_id INTEGER,
    starts_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    failure TEXT
);
CREATE INDEX call_task_number_task ON call_task_number (task_id);
"""
_TASK_STATUS = (
    f"CASE WHEN cancelled_at IS NOT NULL THEN {CANCELLED} WHEN ends_at <= :now THEN {COMPLETED} ELSE {CALLING} END"
)
_NUMBER_STATUS = f"""
CASE
    WHEN call_task_number.starts_at > min(:now, ifnull(cancelled_at, :now)) THEN {NOT_CALLED}
    WHEN call_task_number.ends_at > :now THEN {IN_PROGRESS}
    WHEN failure IS NULL THEN {CALLED}
    ELSE {FAILED}
END
"""
_NUMBERS = f"""
SELECT call_task_number.*, {_NUMBER_STATUS} AS status, group_name, agent.name AS agent_name
FROM call_task_number
    JOIN call_task USING (task_id)
    LEFT JOIN agent ON agent.key_id = agent_id
    LEFT JOIN agent_group ON agent_group.voice_group_id = call_task_number.voice_group_id
WHERE task_id = :task
"""
_FIND_NUMBERS = f"""
SELECT * FROM ({_NUMBERS})
WHERE NOT :tagged
    AND (:called IS NULL OR called = :called)
    AND (:group IS NULL OR voice_group_id = :group)
    AND (:agents IS NULL OR agent_id IN (SELECT value FROM json_each(:agents)))
    AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
"""
_FIND_TASKS = f"""
SELECT * FROM (SELECT *, {_TASK_STATUS} AS status FROM call_task)
WHERE (:start IS NULL OR created_at >= :start)
    AND (:end IS NULL OR created_at <= :end)
    AND (:task IS NULL OR task_id = :task)
    AND (:type IS NULL OR type = :type)
    AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
    AND (:finished IS NULL OR (status = {COMPLETED}) = :finished)
    AND (:groups IS NULL OR task_id IN (
        SELECT task_id FROM call_task_group WHERE voice_group_id IN (SELECT value FROM json_each(:groups))
    ))
"""


class CallTasks:
    """The stored tasks."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def task(self, task_id: int | None, now: float) -> Mapping[str, Any] | None:
        """Return the columns of a task and its `status` now, or None."""
        query = f"SELECT *, {_TASK_STATUS} AS status FROM call_task WHERE task_id = :task"
        rows = self.database.rows(query, {"task": task_id, "now": now})
        return dict(rows[0]) if rows else None

    def groups(self, task_id: int) -> list[int]:
        """Return the ids of a task's agent groups."""
        query = "SELECT voice_group_id FROM call_task_group WHERE task_id = ? ORDER BY rowid"
        return [row[0] for row in self.database.rows(query, (task_id,))]

    def numbers(self, task_id: int, now: float) -> list[dict[str, Any]]:
        """Return a task's numbers, each with its `status` now."""
        rows = self.database.rows(f"{_NUMBERS} ORDER BY key_id", {"task": task_id, "now": now})
        return [dict(row) for row in rows]

    def find(self, filters: Mapping[str, Any], **sought: Any) -> tuple[int, list[dict[str, Any]]]:
        """Return how many tasks fit, and those of one page."""
        return self.database.page(_FIND_TASKS, filters, key="task_id", **sought)

    def find_numbers(self, filters: Mapping[str, Any], **sought: Any) -> tuple[int, list[dict[str, Any]]]:
        """Return how many numbers of a task fit, and those of one page."""
        return self.database.page(_FIND_NUMBERS, filters, key="key_id", **sought)

    def add(self, values: Mapping[str, Any], groups: Iterable[int], numbers: Sequence[Mapping[str, Any]]) -> int:
        """Store a new task with its groups and its planned calls, each a number and its call; return its id."""
        task_id = self.database.insert("call_task", values)
        self.database.run_all("INSERT INTO call_task_group VALUES (?, ?)", [(task_id, group) for group in groups])
        for number in numbers:
            self.database.insert("call_task_number", {**number, "task_id": task_id})
        return task_id

    def change(self, task_id: int, values: Mapping[str, Any]) -> None:
        """Set columns of a task."""
        self.database.change("call_task", {"task_id": task_id}, values)

    def cancel(self, task_id: int, now: float) -> None:
        """End a task: the calls that have not begun are not made."""
        calls = [number["call_id"] for number in self.numbers(task_id, now)]
        relations.drop_calls_after(self.database, calls, now)
        self.change(task_id, {"cancelled_at": now, "ends_at": now})


def as_list(values: Any) -> str | None:
    """Return the members of a filter for SQL, None for one that is empty."""
    return json.dumps(values) if values else None
