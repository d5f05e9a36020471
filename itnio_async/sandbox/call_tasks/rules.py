"""The fields of call task requests, and the rules beyond their form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from itnio_async.sandbox import relations
from itnio_async.sandbox.call_tasks.assumptions import CallTaskAssumptions
from itnio_async.sandbox.call_tasks.sheets import MOST_ROWS, Sheet, read_sheet
from itnio_async.sandbox.call_tasks.tables import AUTOMATIC, CALLING, FAILED, NOT_CALLED, TO_AGENTS, CallTasks
from itnio_async.sandbox.fields import ID, OPTIONAL_ID, Field, Fields, filters, ids, is_list
from itnio_async.sandbox.handler import Call
from itnio_async.sandbox.rules import Rule, is_integer, is_text, unknown_id
from itnio_async.sandbox.times import is_date, is_local_time
from itnio_async.sandbox.uploads import Uploads, content_of

TaskCall: TypeAlias = Call[CallTasks, CallTaskAssumptions]
_Rule = Rule[TaskCall]

FAILED_ONES, NOT_CALLED_ONES, ALL_OF_THEM = 1, 2, 3
_CHOSEN = {FAILED_ONES: {FAILED}, NOT_CALLED_ONES: {NOT_CALLED}}

# A String in the tables, an Integer in the samples; in the listings both.
_TASK_ID = Field((is_text, is_integer), required=True)
_DAY = Field((is_date, is_local_time))
_SETTINGS: Fields = {
    "type": Field(is_integer, required=True, values=(AUTOMATIC, TO_AGENTS)),
    "voiceGroupId": ids(required=False),
    "appId": Field(is_text),
    "calloutRate": Field(is_integer),
    "displayNum": Field(is_text, least=0, most=20, form=re.compile("[A-Za-z0-9]*+")),
    "ccode": Field(is_text),
    "remark": Field(is_text),
}
SUBMIT: Fields = {
    # An Integer in the table, a path in the sample.
    "filePath": Field((is_text, is_integer), required=True),
    "fileName": Field(is_text, required=True),
    **_SETTINGS,
    "maxRingingTime": Field(is_integer, least=20, most=120),
}
RESEND: Fields = {
    "taskId": _TASK_ID,
    "resendType": Field(is_integer, required=True, values=(FAILED_ONES, NOT_CALLED_ONES, ALL_OF_THEM)),
    **_SETTINGS,
    "maxRingingTime": Field(is_integer),
}
CANCEL: Fields = {"taskId": _TASK_ID}
UPDATE: Fields = {"taskId": _TASK_ID, "remark": Field(is_text, most=50), "calloutRate": ID}
QUERY = filters(
    {
        "startTime": _DAY,
        "endTime": _DAY,
        "taskId": Field((is_text, is_integer)),
        "taskStatus": Field(is_list, members=Field(is_integer, required=True, values=(1, 2, *range(11, 17)))),
        "taskType": Field(is_integer, values=(AUTOMATIC, TO_AGENTS)),
        "finishFlag": Field(is_integer, values=(0, 1)),
        "voiceGroupIds": ids(required=False),
    }
)
QUERY_NUMBERS = filters(
    {
        "taskId": ID,
        "called": Field(is_text),
        "sipGroupId": OPTIONAL_ID,
        "seatId": ids(required=False),
        "labelNames": Field(is_list, members=Field(is_text, required=True)),
        "remark": Field(is_text),
        "statusList": Field(is_list, members=Field(is_integer, required=True, values=(1, 5, 7, 9))),
    }
)


def number_of(value: object) -> int | None:
    """Return an id that came as a number or as its text, None if it is neither."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def task_of(call: TaskCall) -> Mapping[str, Any] | None:
    """Return the task that a request is about, or None."""
    return call.stored.task(number_of(call.body["taskId"]), call.now)


# Sheets.

_NONE = Sheet((), ())


def sheet_of(call: TaskCall) -> Sheet | None:
    """Return what an upload holds, or None if that is no sheet."""
    return _read(content_of(call.body) or b"")


def stored_sheet(call: TaskCall) -> Sheet | None:
    """Return the stored sheet that a task is made of, or None."""
    file = Uploads(call.context.database).file(str(call.body["filePath"]))
    return _read(file.content) if file is not None else None


# The rules and the action look at the same few sheets.
_read = lru_cache(maxsize=8)(read_sheet)


UPLOADING: tuple[_Rule, ...] = (
    Rule(-39, "file is not base64", lambda call: content_of(call.body) is None, assumed=True),
    Rule(
        -38,
        "the file is too large",
        lambda call: len(content_of(call.body) or b"") > call.assumptions.callee_file_bytes,
        assumed=True,
    ),
    Rule(
        -39,
        "the file is neither XLSX nor CSV",
        lambda call: sheet_of(call) is None,
        assumed=True,
        switch="callee_file_read",
    ),
    Rule(-40, "the file has more than 100,000 rows", lambda call: len((sheet_of(call) or _NONE).rows) > MOST_ROWS),
)


# Tasks.


def _lacks_for_agents(call: TaskCall) -> str | None:
    body = call.body
    if body["type"] != TO_AGENTS:
        return None
    if len(body.get("voiceGroupId") or ()) != 1:
        return "voiceGroupId"
    return next((name for name in ("appId", "calloutRate") if body.get(name) in (None, "")), None)


def _lacks_group(call: TaskCall) -> bool:
    return relations.lacks_group(call.context.database, call.body.get("voiceGroupId") or ())


def _is_of_another_application(call: TaskCall) -> bool:
    app_id, groups = call.body.get("appId"), call.body.get("voiceGroupId") or ()
    return bool(app_id) and any(relations.application_of(call.context.database, group) != app_id for group in groups)


def numbers_to_call(call: TaskCall) -> list[dict[str, Any]]:
    """Return the numbers of an earlier task that are called again."""
    task = task_of(call)
    assert task is not None
    wanted = _CHOSEN.get(call.body["resendType"])
    numbers = call.stored.numbers(task["task_id"], call.now)
    return [number for number in numbers if wanted is None or number["status"] in wanted]


_MAKING: tuple[_Rule, ...] = (
    Rule(-22, "a task that hands calls to agents lacks a field", _lacks_for_agents),
    unknown_id("no agent group has this id", _lacks_group),
    Rule(-74, "the agent group is not of the application", _is_of_another_application),
)
SUBMITTING: tuple[_Rule, ...] = (
    *_MAKING,
    unknown_id("no upload has answered this filePath", lambda call: stored_sheet(call) is None),
    Rule(-43, "a header of the sheet is there twice", lambda call: (stored_sheet(call) or _NONE).has_header_twice),
    Rule(-22, "the sheet has no numbers", lambda call: not (stored_sheet(call) or _NONE).rows, assumed=True),
)
_EXISTS: _Rule = unknown_id("no task has this taskId", lambda call: task_of(call) is None)
RESENDING: tuple[_Rule, ...] = (
    _EXISTS,
    *_MAKING,
    Rule(-41, "the task is still calling", lambda call: (task_of(call) or {}).get("status") == CALLING),
    Rule(-42, "no numbers to call", lambda call: not numbers_to_call(call)),
)


def _is_automatic(call: TaskCall) -> bool:
    return (task_of(call) or {}).get("type") == AUTOMATIC


CHANGING: tuple[_Rule, ...] = (
    _EXISTS,
    Rule(
        lambda call: 0 if call.assumptions.automatic_task_cancelled else -22,
        "the task hands no calls to agents",
        _is_automatic,
        assumed=True,
    ),
    Rule(
        lambda call: call.assumptions.ended_task_code,
        "the task has ended",
        lambda call: (task_of(call) or {}).get("status") != CALLING,
        assumed=True,
    ),
)
