"""The call tasks' endpoints: the fields of each, the rules beyond their form, and what is done."""

from __future__ import annotations

import json
import re
from typing import Any

from itnio_async.api.call_tasks.codes import CALL_TASKS
from itnio_async.sandbox import relations
from itnio_async.sandbox.call_tasks.calls import TaskCall, make_task
from itnio_async.sandbox.call_tasks.sheets import MOST_ROWS, Sheet
from itnio_async.sandbox.call_tasks.tables import (
    AUTOMATIC,
    CALLED,
    CALLING,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    LISTED,
    NOT_CALLED,
    NUMBERS,
    OF_GROUPS,
    TABLES,
    TO_AGENTS,
)
from itnio_async.sandbox.changes import changed, page, shown
from itnio_async.sandbox.fields import (
    ID,
    ON_OFF,
    OPTIONAL_ID,
    REQUIRED_TEXT,
    TEXT,
    TEXTS,
    Field,
    Fields,
    filters,
    ids,
    number_of,
    numbers,
)
from itnio_async.sandbox.handler import COMMON, STORING, Family
from itnio_async.sandbox.rules import Rule, assumed, is_integer, is_text, unknown_id
from itnio_async.sandbox.times import is_date, is_local_time, seconds
from itnio_async.sandbox.uploads import UPLOAD

_DAY = 86_400
_NO_SHEET = Sheet((), ())


FAMILY = Family(CALL_TASKS, "/v3/cc/preview", TaskCall, TABLES)


@FAMILY.endpoint(
    "upload",
    fields=UPLOAD,
    rules=(
        assumed(-39, "file is not base64", lambda call: call.content is None),
        assumed(-38, "the file is too large", lambda call: len(call.content) > call.assumptions.callee_file_bytes),
        assumed(-39, "the file is neither XLSX nor CSV", lambda call: call.sheet is None, switch="callee_file_read"),
        Rule(
            -40,
            "the file has more than 100,000 rows",
            lambda call: len((call.sheet or _NO_SHEET).rows) > MOST_ROWS,
        ),
    ),
    codes=STORING | {-38, -39, -40},
)
def upload(call: TaskCall) -> dict[str, Any]:
    """Store a sheet of numbers."""
    sheet = call.sheet or _NO_SHEET
    stored = call.store("/mnt/cc/")
    return {"filePath": stored, "numberTotalCount": len(sheet.rows), "numberSameCount": sheet.repeated}


# Tasks.


def _lacks_for_agents(call: TaskCall) -> str | None:
    if call.body["type"] != TO_AGENTS:
        return None
    if len(call.groups) != 1:
        return "voiceGroupId"
    return next((name for name in ("appId", "calloutRate") if call.body.get(name) in (None, "")), None)


def _is_of_another_application(call: TaskCall) -> bool:
    groups = (call.database.row("agent_group WHERE voice_group_id = ?", group) for group in call.groups)
    return bool(call.body.get("appId")) and any(group["app_id"] != call.body["appId"] for group in groups)


# A String in the tables, an Integer in the samples; in the listings both.
_TASK_ID = Field((is_text, is_integer), required=True)
_SETTINGS: Fields = {
    "type": Field(is_integer, required=True, values=(AUTOMATIC, TO_AGENTS)),
    "voiceGroupId": ids(required=False),
    "appId": TEXT,
    "calloutRate": OPTIONAL_ID,
    "displayNum": Field(is_text, least=0, most=20, form=re.compile("[A-Za-z0-9]*+")),
    "ccode": TEXT,
    "remark": TEXT,
}
_MAKING: tuple[Rule[TaskCall], ...] = (
    Rule(-22, "a task that hands calls to agents lacks a field", _lacks_for_agents),
    unknown_id("no agent group has this id", lambda call: relations.lacks_group(call.database, call.groups)),
    Rule(-74, "the agent group is not of the application", _is_of_another_application),
)
_EXISTS: Rule[TaskCall] = unknown_id("no task has this taskId", lambda call: call.task is None)


@FAMILY.endpoint(
    "submitTask",
    fields={
        # An Integer in the table, a path in the sample.
        "filePath": Field((is_text, is_integer), required=True),
        "fileName": REQUIRED_TEXT,
        **_SETTINGS,
        "maxRingingTime": Field(is_integer, least=20, most=120),
    },
    rules=(
        *_MAKING,
        unknown_id("no upload has answered this filePath", lambda call: call.stored_sheet is None),
        Rule(-43, "a header of the sheet is there twice", lambda call: call.stored_sheet.has_header_twice),
        assumed(-22, "the sheet has no numbers", lambda call: not call.stored_sheet.rows),
    ),
    codes=STORING | {-43, -74, -77},
)
def submit(call: TaskCall) -> int | None:
    """Make a task of a stored sheet, each of its numbers once."""
    task_id = make_task(call, call.stored_sheet.distinct)
    return task_id if call.assumptions.submitted_task_answered == "id" else None


@FAMILY.endpoint(
    "resendTask",
    fields={
        "taskId": _TASK_ID,
        "resendType": Field(is_integer, required=True, values=(1, 2, 3)),
        **_SETTINGS,
        "maxRingingTime": OPTIONAL_ID,
    },
    rules=(
        _EXISTS,
        *_MAKING,
        Rule(-41, "the task is still calling", lambda call: call.task["status"] == CALLING),
        Rule(-42, "no numbers to call", lambda call: not call.numbers_to_call),
    ),
    codes=STORING | {-41, -42, -74, -77},
    key_field="taskId",
)
def resend(call: TaskCall) -> int | None:
    """Make a task of numbers of an earlier one."""
    task_id = make_task(call, [json.loads(number["cells"]) for number in call.numbers_to_call])
    return task_id if call.assumptions.resent_task_answered == "id" else None


_CHANGING: tuple[Rule[TaskCall], ...] = (
    _EXISTS,
    assumed(
        -22,
        "the task hands no calls to agents",
        lambda call: call.task["type"] == AUTOMATIC and not call.assumptions.automatic_task_cancelled,
    ),
    assumed(0, "the task hands no calls to agents", lambda call: call.task["type"] == AUTOMATIC),
    assumed("ended_task_code", "the task has ended", lambda call: call.task["status"] != CALLING),
)


@FAMILY.endpoint("agent/cancelTask", fields={"taskId": _TASK_ID}, rules=_CHANGING, codes=COMMON, key_field="taskId")
def cancel(call: TaskCall) -> None:
    """End a task that is calling, whose further calls are not made; one that has ended is left as it is."""
    if call.task["status"] != CALLING:
        return
    task_id = call.task["task_id"]
    calls = "SELECT call_id FROM call_task_number WHERE task_id = :task"
    query = f"DELETE FROM call_record WHERE started_at > :now AND key_id IN ({calls})"
    call.database.run(query, {"now": call.now, "task": task_id})
    call.database.change("call_task", {"task_id": task_id}, {"cancelled_at": call.now, "ends_at": call.now})


@FAMILY.endpoint(
    "agent/editTask",
    fields={"taskId": _TASK_ID, "remark": Field(is_text, most=50), "calloutRate": ID},
    rules=_CHANGING,
    codes=STORING | {-36},
    key_field="taskId",
)
def update(call: TaskCall) -> None:
    """Set remark and ratio of a task."""
    values = {"callout_rate": call.body["calloutRate"], **changed(call, "remark")}
    call.database.change("call_task", {"task_id": call.task["task_id"]}, values)


# Listings.


_TIME = Field((is_date, is_local_time))


@FAMILY.endpoint(
    "query",
    fields=filters(
        {
            "startTime": _TIME,
            "endTime": _TIME,
            "taskId": Field((is_text, is_integer)),
            "taskStatus": numbers(1, 2, *range(11, 17)),
            "taskType": ON_OFF,
            "finishFlag": ON_OFF,
            "voiceGroupIds": ids(required=False),
        }
    ),
)
def query_tasks(call: TaskCall) -> dict[str, Any]:
    """List one page of tasks."""
    columns = {
        "startTime": "created_at >= :startTime",
        "endTime": "created_at <= :endTime",
        "taskId": "task_id",
        "taskType": "type",
        "taskStatus": "status",
        "finishFlag": f"(status = {COMPLETED}) = :finishFlag",
        "voiceGroupIds": OF_GROUPS,
    }
    params, offset = call.body["params"], call.assumptions.utc_offset
    start, end, task_id = params.get("startTime"), params.get("endTime"), params.get("taskId")
    values = {
        "now": call.now,
        "startTime": seconds(start, offset) if start else None,
        # A day as the end is the whole of it.
        "endTime": seconds(end, offset) + (_DAY if is_date(end) else 0) if end else None,
        # An id that is not a number is nobody's.
        "taskId": (number_of(task_id) or 0) if task_id else None,
    }
    return page(call, LISTED, columns, lambda task: _task(call, task), values, key="task_id")


def _task(call: TaskCall, task: dict[str, Any]) -> dict[str, Any]:
    query = """
        SELECT voice_group_id, group_name FROM call_task_group LEFT JOIN agent_group USING (voice_group_id)
        WHERE task_id = ? ORDER BY call_task_group.rowid
    """
    groups = call.database.rows(query, (task["task_id"],))
    planned = call.numbers(task["task_id"])
    over = [number for number in planned if number["ends_at"] <= call.now and number["starts_at"] < task["ends_at"]]
    called = [number for number in over if number["status"] == CALLED]
    return {
        **shown(task, "task_id", "remark", "ccode"),
        "voiceGroupId": [id for id, _ in groups],
        "seatGroupName": ", ".join(name or "" for _, name in groups) or None,
        "remainCount": len(planned) - len(over),
        "totalCount": len(planned),
        "codeName": None,
        "taskStatus": task["status"],
        "taskType": task["type"],
        "finishFlag": int(task["status"] == COMPLETED),
        "completedRate": f"{100 * len(over) / len(planned):.2f}%",
        "groupTaskId": None if task["type"] == AUTOMATIC else task["task_id"],
        "transfersNum": sum(number["agent_id"] is not None for number in called),
        "callFailuresNum": len(over) - len(called),
    }


@FAMILY.endpoint(
    "queryTaskDetail",
    fields=filters(
        {
            "taskId": ID,
            "called": TEXT,
            "sipGroupId": OPTIONAL_ID,
            "seatId": ids(required=False),
            "labelNames": TEXTS,
            "remark": TEXT,
            "statusList": numbers(IN_PROGRESS, NOT_CALLED, FAILED, CALLED),
        }
    ),
)
def query_numbers(call: TaskCall) -> dict[str, Any]:
    """List one page of a task's numbers, each with what became of it."""
    columns = {
        "called": "called",
        "sipGroupId": "voice_group_id",
        "seatId": "agent_id",
        "statusList": "status",
        # No number has a tag or a remark of its own here.
        "labelNames": ":labelNames IS NULL",
        "remark": ":remark IS NULL",
    }
    return page(call, NUMBERS, columns, lambda number: _number(call, number), {"now": call.now})


def _number(call: TaskCall, number: dict[str, Any]) -> dict[str, Any]:
    is_over = number["status"] not in (NOT_CALLED, IN_PROGRESS)
    return {
        **shown(number, "key_id", "status"),
        "encryptCalled": relations.masked(call.database, number["called"], number["voice_group_id"]),
        "seatName": number["agent_name"] if is_over else None,
        "sipGroupName": number["group_name"],
        "labelName": None,
        "remark": None,
        "callId": number["call_id"] if is_over else None,
        "errorReason": number["failure"] if is_over else None,
        "callCount": float(is_over),
        **{f"var{column:02d}": cell for column, cell in enumerate(json.loads(number["cells"]), 1)},
    }
