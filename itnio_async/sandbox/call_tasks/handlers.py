"""What each call task endpoint does with a request that its rules let through."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle
from typing import Any

from itnio_async.api.call_tasks.codes import CALL_TASKS
from itnio_async.sandbox import relations
from itnio_async.sandbox.call_tasks import rules
from itnio_async.sandbox.call_tasks.rules import TaskCall
from itnio_async.sandbox.call_tasks.tables import (
    AUTOMATIC,
    CALLED,
    CALLING,
    COMPLETED,
    IN_PROGRESS,
    NOT_CALLED,
    TO_AGENTS,
    CallTasks,
    as_list,
)
from itnio_async.sandbox.changes import changed, page, sought
from itnio_async.sandbox.handler import COMMON, STORING, endpoint
from itnio_async.sandbox.times import is_date, seconds
from itnio_async.sandbox.uploads import UPLOAD, Uploads, content_of

_DAY = 86_400
# Of the reasons for which a call ends, as the listings of calls number them, and who ended it.
_HUNG_UP, _HUNG_UP_AFTER_TRANSFER, _FAILED, _NO_AGENT, _BUSY = 1, 3, 4, 5, 7
_CUSTOMER, _SYSTEM = 0, 3
_FAILURES = {_FAILED: "not a number", _NO_AGENT: "no agent", _BUSY: "busy"}


def upload(call: TaskCall) -> dict[str, Any]:
    """Store a sheet of numbers."""
    content = content_of(call.body)
    assert content is not None
    stored = Uploads(call.context.database).add("/mnt/cc/", call.body["fileName"], content, call.context.moment)
    sheet = rules.sheet_of(call)
    counts = (0, 0) if sheet is None else (len(sheet.rows), sheet.repeated)
    return {"filePath": stored, "numberTotalCount": counts[0], "numberSameCount": counts[1]}


def submit(call: TaskCall) -> int | None:
    """Make a task of a stored sheet, each of its numbers once."""
    sheet = rules.stored_sheet(call)
    assert sheet is not None
    task_id = _begin(call, sheet.distinct)
    return task_id if call.assumptions.submitted_task_answered == "id" else None


def resend(call: TaskCall) -> int | None:
    """Make a task of numbers of an earlier one."""
    task_id = _begin(call, [json.loads(number["cells"]) for number in rules.numbers_to_call(call)])
    return task_id if call.assumptions.resent_task_answered == "id" else None


def _begin(call: TaskCall, rows: Sequence[Sequence[str]]) -> int:
    body, groups = call.body, call.body.get("voiceGroupId") or []
    numbers = list(_planned(call, rows, groups))
    values = {
        "type": body["type"],
        "app_id": body.get("appId") or None,
        "callout_rate": body.get("calloutRate"),
        "display_num": body.get("displayNum") or None,
        "ccode": body.get("ccode") or None,
        "remark": body.get("remark") or None,
        "created_at": call.now,
        "ends_at": max(number["ends_at"] for number in numbers),
    }
    return call.stored.add(values, groups, numbers)


def _planned(call: TaskCall, rows: Sequence[Sequence[str]], groups: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Plan the calls: some at a time, one after another, handed to the agents in turn."""
    assumptions, database = call.assumptions, call.context.database
    to_agents = call.body["type"] == TO_AGENTS
    agents = cycle(relations.agents_of(database, groups) or [(None, groups[0] if groups else None)])
    for index, cells in enumerate(rows):
        starts_at = call.now + index // assumptions.calls_at_once * assumptions.call_seconds
        ends_at = starts_at + assumptions.call_seconds
        agent, group = next(agents) if to_agents else (None, groups[0] if groups else None)
        reason = _reason(call, cells[0], is_without_agent=to_agents and agent is None)
        is_answered = reason not in _FAILURES
        record = {
            "called": cells[0],
            "called_info": ", ".join(cells[1:]) or None,
            "caller": call.body.get("displayNum") or None,
            "ccode": call.body.get("ccode") or None,
            "agent_id": agent if is_answered else None,
            "voice_group_id": group,
            "call_type": 1 if to_agents else assumptions.automatic_call_type,
            "hangup_reason": reason,
            "hanging_direction": _CUSTOMER if is_answered else _SYSTEM,
            "started_at": starts_at,
            "answered_at": (starts_at + ends_at) / 2 if is_answered else None,
            "ended_at": ends_at,
        }
        yield {
            "cells": json.dumps(list(cells)),
            "called": cells[0],
            "call_id": relations.add_call(database, record),
            "agent_id": record["agent_id"],
            "voice_group_id": group,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "failure": _FAILURES.get(reason),
        }


def _reason(call: TaskCall, number: str, *, is_without_agent: bool) -> int:
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return _FAILED
    if number[-1] in call.assumptions.failing_numbers:
        return _BUSY
    if is_without_agent:
        return _NO_AGENT
    return _HUNG_UP_AFTER_TRANSFER if call.body["type"] == TO_AGENTS else _HUNG_UP


def query_tasks(call: TaskCall) -> dict[str, Any]:
    """List one page of tasks."""
    params = call.body["params"]
    filters = {
        "now": call.now,
        "start": _seconds(call, params.get("startTime")),
        "end": _seconds(call, params.get("endTime"), is_end=True),
        # An id that is not a number is nobody's.
        "task": (rules.number_of(params["taskId"]) or 0) if params.get("taskId") else None,
        "type": params.get("taskType"),
        "statuses": as_list(params.get("taskStatus")),
        "finished": params.get("finishFlag"),
        "groups": as_list(params.get("voiceGroupIds")),
    }
    total, tasks = call.stored.find(filters, **sought(call))
    return page(call, (total, [_task(call, task) for task in tasks]))


def _seconds(call: TaskCall, text: str | None, *, is_end: bool = False) -> float | None:
    if not text:
        return None
    # A day as the end is the whole of it.
    return seconds(text, call.assumptions.utc_offset) + (_DAY if is_end and is_date(text) else 0)


def _task(call: TaskCall, task: dict[str, Any]) -> dict[str, Any]:
    groups = call.stored.groups(task["task_id"])
    numbers = call.stored.numbers(task["task_id"], call.now)
    over = [number for number in numbers if number["ends_at"] <= call.now and number["starts_at"] < task["ends_at"]]
    called = [number for number in over if number["status"] == CALLED]
    names = [relations.group_name(call.context.database, group) or "" for group in groups]
    return {
        "taskId": task["task_id"],
        "voiceGroupId": groups,
        "seatGroupName": ", ".join(names) or None,
        "remainCount": len(numbers) - len(over),
        "totalCount": len(numbers),
        "remark": task["remark"],
        "ccode": task["ccode"],
        "codeName": None,
        "taskStatus": task["status"],
        "taskType": task["type"],
        "finishFlag": int(task["status"] == COMPLETED),
        "completedRate": f"{100 * len(over) / len(numbers):.2f}%",
        "groupTaskId": None if task["type"] == AUTOMATIC else task["task_id"],
        "transfersNum": sum(number["agent_id"] is not None for number in called),
        "callFailuresNum": len(over) - len(called),
    }


def query_numbers(call: TaskCall) -> dict[str, Any]:
    """List one page of a task's numbers, each with what became of it."""
    params = call.body["params"]
    filters = {
        "now": call.now,
        "task": params["taskId"],
        # No number has a tag or a remark of its own here.
        "tagged": bool(params.get("labelNames") or params.get("remark")),
        "called": params.get("called") or None,
        "group": params.get("sipGroupId"),
        "agents": as_list(params.get("seatId")),
        "statuses": as_list(params.get("statusList")),
    }
    total, numbers = call.stored.find_numbers(filters, **sought(call))
    return page(call, (total, [_number(call, number) for number in numbers]))


def _number(call: TaskCall, number: dict[str, Any]) -> dict[str, Any]:
    is_over = number["status"] not in (NOT_CALLED, IN_PROGRESS)
    cells = json.loads(number["cells"])
    return {
        "keyId": number["key_id"],
        "encryptCalled": relations.masked(call.context.database, number["called"], number["voice_group_id"]),
        "seatName": number["agent_name"] if is_over else None,
        "sipGroupName": number["group_name"],
        "labelName": None,
        "remark": None,
        "callId": number["call_id"] if is_over else None,
        "errorReason": number["failure"] if is_over else None,
        "status": number["status"],
        "callCount": float(is_over),
        **{f"var{column:02d}": cell for column, cell in enumerate(cells, 1)},
    }


def cancel(call: TaskCall) -> None:
    """End a task that is calling; one that has ended is left as it is."""
    task = rules.task_of(call)
    assert task is not None
    if task["status"] == CALLING:
        call.stored.cancel(task["task_id"], call.now)


def update(call: TaskCall) -> None:
    """Set remark and ratio of a task."""
    task = rules.task_of(call)
    assert task is not None
    values = {"callout_rate": call.body["calloutRate"], **changed(call, {"remark": "remark"})}
    call.stored.change(task["task_id"], values)


_endpoint = partial(endpoint, store=CallTasks, family=CALL_TASKS)
_PATH = "/v3/cc/preview"
HANDLERS = (
    _endpoint(f"{_PATH}/upload", upload, fields=UPLOAD, rules=rules.UPLOADING, codes=STORING | {-38, -39, -40}),
    _endpoint(
        f"{_PATH}/submitTask", submit, fields=rules.SUBMIT, rules=rules.SUBMITTING, codes=STORING | {-43, -74, -77}
    ),
    _endpoint(
        f"{_PATH}/resendTask",
        resend,
        fields=rules.RESEND,
        rules=rules.RESENDING,
        codes=STORING | {-41, -42, -74, -77},
        key_field="taskId",
    ),
    _endpoint(f"{_PATH}/query", query_tasks, fields=rules.QUERY),
    _endpoint(f"{_PATH}/queryTaskDetail", query_numbers, fields=rules.QUERY_NUMBERS),
    _endpoint(
        f"{_PATH}/agent/cancelTask",
        cancel,
        fields=rules.CANCEL,
        rules=rules.CHANGING,
        codes=COMMON,
        key_field="taskId",
    ),
    _endpoint(
        f"{_PATH}/agent/editTask",
        update,
        fields=rules.UPDATE,
        rules=rules.CHANGING,
        codes=STORING | {-36},
        key_field="taskId",
    ),
)
