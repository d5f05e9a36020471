"""The endpoints of group calls: the rules beyond the form of their fields, and what is done."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from itnio_async.api.group_calls.codes import GROUP_CALLS
from itnio_async.sandbox import relations
from itnio_async.sandbox.changes import each, new_values, page, quota, shown
from itnio_async.sandbox.fields import ID, Fields, ids
from itnio_async.sandbox.group_calls import forms
from itnio_async.sandbox.group_calls.calls import (
    GroupCallCall,
    answered,
    begin_what_is_due,
    keys_pressed,
    make_task,
    start_of,
)
from itnio_async.sandbox.group_calls.needs import lacks_for_agents, lacks_for_occasion, lacks_for_sms, lacks_for_source
from itnio_async.sandbox.group_calls.tables import (
    AGENT,
    COMPLETED,
    IN_TIME,
    PLAYED,
    SCRIPT,
    SEARCHED,
    TABLES,
    TASKS,
    WAITING,
)
from itnio_async.sandbox.handler import COMMON, STORING, Family
from itnio_async.sandbox.rules import Decision, Rule, assumed, unknown_id

FAMILY = Family(GROUP_CALLS, "/voice/group/call", GroupCallCall, TABLES, codes=COMMON, keys=("code", "msg"))
_BY_PAGE = "group_call_keys"
_NAMED = STORING | {-21, -24}
_AI_AGENTS = 3
Rules = Sequence[Rule[GroupCallCall]]

_RATIO = ("outboundControl", "calloutRate", "toSeatType")
_PLAYING: Rules = (
    Rule(-22, "what is played lacks a field", lambda call: lacks_for_source(call.body)),
    assumed(-22, "baseFile is not base64", lambda call: not call.is_base64),
    unknown_id(
        "no sound file has this voiceFileId",
        lambda call: (
            call.body["source"] == 1
            and not call.database.exists("voice_file WHERE file_id = ?", call.body["voiceFileId"])
        ),
    ),
    unknown_id(
        "no agent group has this sipGroupId",
        lambda call: call.body.get("toSeat") == 1 and relations.lacks_group(call.database, [call.body["sipGroupId"]]),
    ),
)
_SMS: Rule[GroupCallCall] = Rule(
    -22, "the SMS lacks a field", lambda call: lacks_for_sms(call.body, "smsAppId", "smsContent")
)


def _sms(*, delay: bool) -> Rules:
    """Return the rules on an SMS after the call and its occasions; of one after success, `delay` wants the seconds."""
    return (
        _SMS,
        Rule(-22, "the SMS has no occasion", lambda call: lacks_for_occasion(call.body, delay=delay)),
    )


def _is_taken(call: GroupCallCall) -> bool:
    return call.database.exists("group_call WHERE task_name = ?", call.body["taskName"])


def _is_anothers(call: GroupCallCall) -> bool:
    return call.database.exists(
        "group_call WHERE task_name = ? AND job_id <> ?", call.body["taskName"], call.body["keyId"]
    )


_NAME_TAKEN = "another task has this taskName"
_QUOTA = quota("there are as many tasks as there may be", "group_call", "group_call_quota")
_MAKING: Rules = (
    assumed(-20, _NAME_TAKEN, _is_taken),
    _QUOTA,
    Rule(-22, "the task has no numbers", lambda call: not call.numbers),
)


# New tasks.


@FAMILY.endpoint(
    "send",
    fields=forms.SEND,
    rules=(
        Rule(-22, "calls that are handed to agents lack a field", lambda call: lacks_for_agents(call.body, *_RATIO)),
        *_PLAYING,
        *_sms(delay=False),
        *_MAKING,
    ),
    keys_by=_BY_PAGE,
)
def send(call: GroupCallCall) -> int | None:
    """Make a task that plays something."""
    return answered(call, make_task(call, PLAYED, call.numbers, call.body["appId"]))


@FAMILY.endpoint("send/agent", fields=forms.SEND_AGENT, rules=_MAKING, keys_by=_BY_PAGE)
def send_agent(call: GroupCallCall) -> int | None:
    """Make a task that an AI agent runs."""
    return answered(call, make_task(call, AGENT, call.numbers, call.body["appId"]))


@FAMILY.endpoint("send/ai", fields=forms.SEND_SCRIPT, rules=_MAKING, keys_by=_BY_PAGE)
def send_script(call: GroupCallCall) -> int | None:
    """Make a task that an AI script speaks."""
    return answered(call, make_task(call, SCRIPT, call.numbers, call.body["appId"]))


# Earlier tasks.

_EXISTS: Rule[GroupCallCall] = unknown_id("no task has this id", lambda call: call.task is None)
_EXISTS_BY_PAGE: Rule[GroupCallCall] = Rule(-24, "no task has this keyId", lambda call: call.task is None)


def _is_of(*kinds: str) -> Rule[GroupCallCall]:
    text = "the task is of another kind"
    return assumed(-22, text, lambda call: call.task["kind"] not in kinds, switch="group_call_kind_checked")


_WAITS: Rule[GroupCallCall] = assumed(
    "group_call_state_code", "the task no longer waits", lambda call: call.task["status"] != WAITING
)
_HAS_ENDED: Rule[GroupCallCall] = assumed(
    "group_call_state_code", "the task has not ended", lambda call: not call.has_ended
)


def _change(call: GroupCallCall, fields: Fields) -> None:
    """Set what is given of a waiting task."""
    if call.task["status"] != WAITING:
        return  # taken without an effect, by the assumption on its code
    settings = {**json.loads(call.task["settings"]), **new_values(call, fields)}
    values = {"task_name": call.body["taskName"], "settings": json.dumps(settings), "changed_at": call.now}
    if "sendTime" in call.body:
        values["starts_at"] = start_of(call)
    call.database.change("group_call", {"job_id": call.task["job_id"]}, values)


@FAMILY.endpoint(
    "update",
    fields=forms.UPDATE,
    rules=(
        Rule(-22, "calls that are handed to agents lack a field", lambda call: lacks_for_agents(call.body)),
        *_PLAYING,
        *_sms(delay=True),
        _EXISTS,
        _is_of(PLAYED),
        _WAITS,
        assumed(-20, _NAME_TAKEN, _is_anothers),
    ),
    key_field="keyId",
    keys_by=_BY_PAGE,
)
def update(call: GroupCallCall) -> None:
    """Change a task that plays something."""
    _change(call, forms.UPDATE)


@FAMILY.endpoint(
    "update/ai",
    fields=forms.UPDATE_SCRIPT,
    rules=(_EXISTS_BY_PAGE, _is_of(SCRIPT), _WAITS, Rule(-20, _NAME_TAKEN, _is_anothers)),
    codes=_NAMED | {-26, -35, -37},
    key_field="keyId",
    keys=("status", "reason"),
)
def update_script(call: GroupCallCall) -> None:
    """Change a task that an AI script speaks."""
    _change(call, forms.UPDATE_SCRIPT)


@FAMILY.endpoint(
    "resend",
    fields=forms.RESEND,
    rules=(
        Rule(-22, "calls that are handed to agents lack a field", lambda call: lacks_for_agents(call.body, *_RATIO)),
        *_PLAYING,
        _SMS,
        _EXISTS,
        _HAS_ENDED,
        assumed(-20, _NAME_TAKEN, _is_taken),
        _QUOTA,
        assumed("nothing_to_call_code", "no numbers to call", lambda call: not call.numbers_again),
    ),
    key_field="keyId",
    keys_by=_BY_PAGE,
)
def resend(call: GroupCallCall) -> int | None:
    """Make a task of numbers of an earlier one."""
    return answered(call, make_task(call, PLAYED, call.numbers_again, call.body["appId"]))


@FAMILY.endpoint(
    "resend/ai",
    fields=forms.RESEND_SCRIPT,
    rules=(
        _EXISTS_BY_PAGE,
        _is_of(SCRIPT),
        _HAS_ENDED,
        Rule(-20, _NAME_TAKEN, _is_taken),
        _QUOTA,
        Rule(-34, "the task left no number to call", lambda call: not call.numbers_again),
    ),
    codes=_NAMED | {-10, -26, -34},
    key_field="keyId",
    keys_by=_BY_PAGE,
)
def resend_script(call: GroupCallCall) -> int:
    """Make a task of numbers of an earlier one, which an AI script speaks."""
    return make_task(call, SCRIPT, call.numbers_again, call.task["app_id"])


_CANCELLING: Rules = (
    Rule(-24, "no task has an id", lambda item: item.task is None),
    assumed(
        -54,
        "a task plays something",
        lambda item: item.task["kind"] == PLAYED and not item.assumptions.played_task_cancelled,
    ),
    assumed(-54, "a task has ended", lambda item: item.has_ended),
)


@FAMILY.endpoint(
    "cancel",
    fields={"taskIdList": ids(least=1)},
    codes=_NAMED | {-54},
    acting=(-24, -54),
)
def cancel(call: GroupCallCall) -> Decision | None:
    """End tasks, whose further calls are not made."""

    def end(item: Mapping[str, Any]) -> None:
        call.database.change("group_call", {"job_id": item["id"]}, {"cancelled_at": call.now})

    return each(call, [{"id": id} for id in dict.fromkeys(call.body["taskIdList"])], _CANCELLING, end)


# Looking at tasks.


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "0%"


@FAMILY.endpoint("query", fields=forms.QUERY)
def query_tasks(call: GroupCallCall) -> dict[str, Any]:
    """List one page of the tasks of a time."""
    begin_what_is_due(call)
    wants_agents = call.body["params"].get("taskType") == _AI_AGENTS
    # The page on AI agents calls a task's id so.
    id_name = "taskId" if wants_agents else "jobId"

    def record(task: dict[str, Any]) -> dict[str, Any]:
        return {
            id_name: task["job_id"],
            **shown(task, "task_name", "status", "num_cnt", "call_num", "success"),
            "rate": _share(task["call_num"], task["num_cnt"]),
            "fail": task["call_num"] - task["success"],
            "createdTime": call.moment_of(task["created_at"]),
            "scriptId": json.loads(task["settings"]).get("scriptId"),
        }

    columns = {
        **IN_TIME,
        "statusList": "status",
        "idxAppId": "app_id = CAST(:idxAppId AS TEXT)",
        "searchCondition": f"instr({SEARCHED}, :searchCondition)",
        "taskType": f"(:taskType = {_AI_AGENTS} AND kind = '{AGENT}')",
    }
    listed = TASKS if wants_agents or call.assumptions.agent_task_listed else f"{TASKS} WHERE kind <> '{AGENT}'"
    return page(call, listed, columns, record, call.window, key="job_id")


@FAMILY.endpoint("detail/{id}", method="GET", fields={"id": ID}, rules=(_EXISTS,), key_field="id")
def get_task(call: GroupCallCall) -> dict[str, Any]:
    """Tell all of a task."""
    task, settings = call.task, json.loads(call.task["settings"])
    made, success = task["call_num"], task["success"]
    group = settings.get("sipGroupId") if settings.get("toSeat") == 1 else None
    pressed = keys_pressed(call, task, settings)
    wanted = (pressed if settings.get("toSeatType") == 2 else success) if group is not None else 0
    agents = call.database.count("agent WHERE voice_group_id = ? AND delete_flag = 0 AND enable = 0", group)
    handed = wanted if agents else 0
    lost = wanted - handed
    ends_at = task["cancelled_at"] or task["starts_at"] + task["duration"]
    talked = round(success * task["call_seconds"])
    kept = ("displayNum", "text", "source", "voiceFileId", "calloutRate", "uploadName", "baseFile")
    return {
        **shown(task, "job_id", "task_name", "status", "num_cnt", "success", "app_id"),
        **{name: settings.get(name) for name in (*kept, "maxCalls", "loopCount", "lan", "sendTime")},
        "rate": _share(made, task["num_cnt"]),
        "chargeLen": talked,
        "fail": made - success,
        "toseatNum": handed,
        "successRate": _share(success, made),
        "toseatNumRate": _share(handed, made),
        "createdTime": call.moment_of(task["created_at"]),
        "mdfTime": call.moment_of(task["changed_at"]),
        "finishTime": call.moment_of(ends_at) if task["status"] >= COMPLETED else None,
        "keyFeedbackNum": pressed,
        "callLossNum": lost,
        "callDuration": talked,
        "callLossNumRate": _share(lost, made),
        "code": None,
        "allCallToseatNum": handed,
        "callTotal": made,
        "acd": f"{talked / success:.2f}" if success else "0",
        "sipGroupName": None if group is None else relations.group_name(call.database, group),
        "receivedSeatNum": min(agents, handed),
        "onineSeatNum": agents,
    }
