"""The tables of call tasks and their numbers, and the queries that tell how far each is by now."""

from __future__ import annotations

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
LISTED = f"""
SELECT *, CASE
    WHEN cancelled_at IS NOT NULL THEN {CANCELLED}
    WHEN ends_at <= :now THEN {COMPLETED}
    ELSE {CALLING}
END AS status
FROM call_task
"""
NUMBERS = f"""
SELECT call_task_number.*, group_name, agent.name AS agent_name, CASE
    WHEN call_task_number.starts_at > min(:now, ifnull(cancelled_at, :now)) THEN {NOT_CALLED}
    WHEN call_task_number.ends_at > :now THEN {IN_PROGRESS}
    WHEN failure IS NULL THEN {CALLED}
    ELSE {FAILED}
END AS status
FROM call_task_number
    JOIN call_task USING (task_id)
    LEFT JOIN agent ON agent.key_id = agent_id
    LEFT JOIN agent_group ON agent_group.voice_group_id = call_task_number.voice_group_id
WHERE task_id = :taskId
"""
OF_GROUPS = """
task_id IN (SELECT task_id FROM call_task_group WHERE voice_group_id IN (SELECT value FROM json_each(:voiceGroupIds)))
"""
