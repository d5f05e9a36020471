"""The tables of group calls and redials, and the queries that tell how far each is by now."""

from __future__ import annotations

WAITING, CALLING, COMPLETED, CANCELLED = 0, 1, 2, 4
PENDING, IN_PROGRESS, DONE, GIVEN_UP = 0, 1, 2, 3
# What a task plays or who speaks in it.
PLAYED, AGENT, SCRIPT = "played", "agent", "script"

# All calls of a task are planned when it is sent, from its beginning on; what has become of them is a matter of the
# time now. A step of a redial gets a task of its own when its time has come.
TABLES = """
CREATE TABLE group_call (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    task_name TEXT NOT NULL,
    app_id TEXT NOT NULL,
    settings TEXT NOT NULL,
    num_cnt INTEGER NOT NULL,
    call_seconds REAL NOT NULL,
    duration REAL NOT NULL,
    created_at REAL NOT NULL,
    changed_at REAL NOT NULL,
    starts_at REAL NOT NULL,
    cancelled_at REAL
);
CREATE INDEX group_call_name ON group_call (task_name);
CREATE TABLE group_call_number (
    job_id INTEGER NOT NULL,
    called TEXT NOT NULL,
    after REAL NOT NULL,
    is_busy INTEGER NOT NULL
);
CREATE INDEX group_call_number_job ON group_call_number (job_id);
CREATE TABLE redial (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL,
    recall_interval INTEGER NOT NULL,
    recall_num INTEGER NOT NULL,
    recall_type INTEGER NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX redial_job ON redial (job_id);
CREATE TABLE redial_step (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    redial_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    settings TEXT NOT NULL,
    job_id INTEGER,
    cancelled_at REAL
);
CREATE INDEX redial_step_redial ON redial_step (redial_id);
"""
_OVER = """
SELECT count(*) FROM group_call_number AS number
WHERE number.job_id = group_call.job_id
    AND starts_at + after + call_seconds <= :now AND (cancelled_at IS NULL OR starts_at + after < cancelled_at)
"""
TASKS = f"""
SELECT *, CASE
    WHEN cancelled_at IS NOT NULL THEN {CANCELLED}
    WHEN starts_at > :now THEN {WAITING}
    WHEN starts_at + duration > :now THEN {CALLING}
    ELSE {COMPLETED}
END AS status,
({_OVER}) AS call_num,
({_OVER} AND NOT is_busy) AS success
FROM group_call
"""
# Where a listing's filter may find its text.
SEARCHED = """
task_name || char(10) || ifnull(json_extract(settings, '$.uploadName'), '')
    || char(10) || ifnull(json_extract(settings, '$.voiceFileId'), '')
    || char(10) || ifnull(json_extract(settings, '$.text'), '')
"""
_PLANNED = """
SELECT step.*, redial.job_id AS parent_id, recall_type, parent.cancelled_at AS parent_cancelled_at,
    parent.starts_at + parent.duration + position * recall_interval * 60 AS due_at,
    own.starts_at + own.duration AS ends_at
FROM redial_step AS step
    JOIN redial ON redial.key_id = redial_id
    JOIN group_call AS parent ON parent.job_id = redial.job_id
    LEFT JOIN group_call AS own ON own.job_id = step.job_id
"""
STEPS = f"""
SELECT *, CASE
    WHEN cancelled_at IS NOT NULL OR (job_id IS NULL AND parent_cancelled_at IS NOT NULL) THEN {GIVEN_UP}
    WHEN due_at > :now THEN {PENDING}
    WHEN ends_at > :now THEN {IN_PROGRESS}
    ELSE {DONE}
END AS node_status
FROM ({_PLANNED})
"""
_COUNTED = f"""
SELECT redial.*, task_name, sum(node_status = {PENDING}) AS pending, sum(node_status = {IN_PROGRESS}) AS under_way,
    sum(node_status = {DONE}) AS finish_num
FROM redial JOIN group_call USING (job_id) JOIN ({STEPS}) AS step ON redial_id = redial.key_id
GROUP BY redial.key_id
"""
REDIALS = f"""
SELECT *, CASE
    WHEN pending + under_way + finish_num = 0 THEN {GIVEN_UP}
    WHEN under_way > 0 OR (pending > 0 AND finish_num > 0) THEN {IN_PROGRESS}
    WHEN pending > 0 THEN {PENDING}
    ELSE {DONE}
END AS status
FROM ({_COUNTED})
"""
# The filter of both listings by their time.
IN_TIME = {"strTime": "created_at >= :strTime", "endTime": "created_at <= :endTime"}
