"""The endpoints of group calls and redials: the rules beyond the form of their fields, and what is done."""

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
    give_up,
    keys_pressed,
    make_steps,
    make_task,
    start_of,
)
from itnio_async.sandbox.group_calls.tables import (
    AGENT,
    COMPLETED,
    GIVEN_UP,
    PENDING,
    PLAYED,
    REDIALS,
    SCRIPT,
    SEARCHED,
    TABLES,
    TASKS,
    WAITING,
)
from itnio_async.sandbox.handler import COMMON, STORING, Family
from itnio_async.sandbox.rules import Decision, Rule, assumed, unknown_id
from itnio_async.sandbox.times import seconds, written

FAMILY = Family(GROUP_CALLS, "/voice", GroupCallCall, TABLES, codes=COMMON, keys=("code", "msg"))
_BY_PAGE = "group_call_keys"
_NAMED = STORING | {-21, -24}
_AI_AGENTS = 3
Rules = Sequence[Rule[GroupCallCall]]


# What the fields must be together.

_OF_SOURCE = {1: ("voiceFileId",), 2: ("uploadName", "baseFile"), 3: ("text", "lan")}
_OCCASIONS = ("feedbackPush", "successPush", "failedPush", "ringPush")


def _lacks(fields: Mapping[str, Any], *names: str) -> str | None:
    return next((name for name in names if fields.get(name) in (None, "")), None)


def _lacks_for_source(fields: Mapping[str, Any]) -> str | None:
    return _lacks(fields, *_OF_SOURCE[fields["source"]])


def _lacks_for_sms(fields: Mapping[str, Any], *names: str) -> str | None:
    return _lacks(fields, *names) if fields.get("hangUpSms") == 1 else None


def _lacks_for_occasion(fields: Mapping[str, Any], *, delay: bool) -> str | None:
    if fields.get("hangUpSms") == 1 and all(fields.get(name) != 1 for name in _OCCASIONS):
        return f"one of {', '.join(_OCCASIONS)}"
    lacking = _lacks(fields, "feedbackValue") if fields.get("feedbackPush") == 1 else None
    return lacking or (_lacks(fields, "successPushTime") if delay and fields.get("successPush") == 1 else None)


def _lacks_for_agents(fields: Mapping[str, Any], *names: str) -> str | None:
    return _lacks(fields, "sipGroupId", *names) if fields.get("toSeat") == 1 else None


_RATIO = ("outboundControl", "calloutRate", "toSeatType")
_PLAYING: Rules = (
    Rule(-22, "what is played lacks a field", lambda call: _lacks_for_source(call.body)),
    assumed(-22, "baseFile is not base64", lambda call: not call.is_base64),
    assumed(0, "any voiceFileId is taken", lambda call: call.body["source"] == 1),
    unknown_id(
        "no agent group has this sipGroupId",
        lambda call: call.body.get("toSeat") == 1 and relations.lacks_group(call.database, [call.body["sipGroupId"]]),
    ),
)


def _sms(*, delay: bool) -> Rules:
    """Return the rules on an SMS after the call and its occasions; of one after success, `delay` wants the seconds."""
    return (
        _SMS,
        Rule(-22, "the SMS has no occasion", lambda call: _lacks_for_occasion(call.body, delay=delay)),
    )


_SMS: Rule[GroupCallCall] = Rule(
    -22, "the SMS lacks a field", lambda call: _lacks_for_sms(call.body, "smsAppId", "smsContent")
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
    "group/call/send",
    fields=forms.SEND,
    rules=(
        Rule(-22, "calls that are handed to agents lack a field", lambda call: _lacks_for_agents(call.body, *_RATIO)),
        *_PLAYING,
        *_sms(delay=False),
        *_MAKING,
    ),
    keys_by=_BY_PAGE,
)
def send(call: GroupCallCall) -> int | None:
    """Make a task that plays something."""
    return answered(call, make_task(call, PLAYED, call.numbers, call.body["appId"]))


@FAMILY.endpoint("group/call/send/agent", fields=forms.SEND_AGENT, rules=_MAKING, keys_by=_BY_PAGE)
def send_agent(call: GroupCallCall) -> int | None:
    """Make a task that an AI agent runs."""
    return answered(call, make_task(call, AGENT, call.numbers, call.body["appId"]))


@FAMILY.endpoint("group/call/send/ai", fields=forms.SEND_SCRIPT, rules=_MAKING, keys_by=_BY_PAGE)
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
    "group/call/update",
    fields=forms.UPDATE,
    rules=(
        Rule(-22, "calls that are handed to agents lack a field", lambda call: _lacks_for_agents(call.body)),
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
    "group/call/update/ai",
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
    "group/call/resend",
    fields=forms.RESEND,
    rules=(
        Rule(-22, "calls that are handed to agents lack a field", lambda call: _lacks_for_agents(call.body, *_RATIO)),
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
    "group/call/resend/ai",
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
    "group/call/cancel",
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


def _moment(call: GroupCallCall, at: float | None) -> str | None:
    return None if at is None else written(at, call.assumptions.utc_offset)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "0%"


def _window(call: GroupCallCall) -> dict[str, Any]:
    """Return the values for a listing: its time, and now."""
    params, offset = call.body["params"], call.assumptions.utc_offset
    return {"now": call.now, **{name: seconds(params[name], offset) for name in ("strTime", "endTime")}}


_IN_TIME = {"strTime": "created_at >= :strTime", "endTime": "created_at <= :endTime"}


@FAMILY.endpoint("group/call/query", fields=forms.QUERY)
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
            "createdTime": _moment(call, task["created_at"]),
            "scriptId": json.loads(task["settings"]).get("scriptId"),
        }

    columns = {
        **_IN_TIME,
        "statusList": "status",
        "idxAppId": "app_id = CAST(:idxAppId AS TEXT)",
        "searchCondition": f"instr({SEARCHED}, :searchCondition)",
        "taskType": f"(:taskType = {_AI_AGENTS} AND kind = '{AGENT}')",
    }
    listed = TASKS if wants_agents or call.assumptions.agent_task_listed else f"{TASKS} WHERE kind <> '{AGENT}'"
    return page(call, listed, columns, record, _window(call), key="job_id")


@FAMILY.endpoint("group/call/detail/{id}", method="GET", fields={"id": ID}, rules=(_EXISTS,), key_field="id")
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
        "createdTime": _moment(call, task["created_at"]),
        "mdfTime": _moment(call, task["changed_at"]),
        "finishTime": _moment(call, ends_at) if task["status"] >= COMPLETED else None,
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


# Redials.


@FAMILY.endpoint("recallFlow/queryPage", fields=forms.QUERY_REDIALS, keys_by=_BY_PAGE)
def query_redials(call: GroupCallCall) -> dict[str, Any]:
    """List one page of the redials of a time."""
    begin_what_is_due(call)
    columns = {**_IN_TIME, "taskName": "(instr(task_name, :taskName) OR CAST(job_id AS TEXT) = :taskName)"}

    def record(redial: dict[str, Any]) -> dict[str, Any]:
        names = ("key_id", "task_name", "recall_type", "recall_interval", "recall_num", "finish_num", "status")
        created = _moment(call, redial["created_at"])
        return {**shown(redial, *names), "taskId": redial["job_id"], "createTime": created}

    return page(call, REDIALS, columns, record, _window(call))


_REDIAL_EXISTS: Rule[GroupCallCall] = unknown_id("no redial has this keyId", lambda call: call.redial is None)
_IS_PENDING = "what is meant is no longer pending"


@FAMILY.endpoint(
    "recallFlow/queryDetail",
    fields={"keyId": ID},
    rules=(_REDIAL_EXISTS,),
    key_field="keyId",
    keys_by=_BY_PAGE,
    integer_status=True,
)
def get_redial(call: GroupCallCall) -> dict[str, Any]:
    """Tell all of a redial, with its steps."""
    redial = call.redial
    task = json.loads(call.database.row("group_call WHERE job_id = ?", redial["job_id"])["settings"])
    names = ("scriptId", "source", "voiceFileId", "uploadName", "text", "lan", "speakingRate", "ssmlGender", "accent")

    def shown_step(step: dict[str, Any]) -> dict[str, Any]:
        settings = {**task, **json.loads(step["settings"])}
        own = {name: settings.get(name) for name in (*names, "hangUpSms", "smsContent")}
        return {**shown(step, "key_id", "node_status"), "taskId": step["job_id"], **own}

    steps = call.steps("redial_id = :redial", redial=redial["key_id"])
    fields = shown(redial, "key_id", "recall_interval", "recall_num", "recall_type", "status")
    return {**fields, "nodeList": [shown_step(step) for step in steps]}


def _lacks_in_a_step(call: GroupCallCall) -> str | None:
    for index, step in enumerate(call.body.get("nodeList") or ()):
        if step.get("source") is None:
            lacking = _lacks(step, "scriptId")
        else:
            lacking = _lacks(step, "hangUpSms") or _lacks_for_source(step)
        lacking = lacking or _lacks_for_sms(step, "smsContent") or _lacks_for_occasion(step, delay=True)
        if lacking:
            return f"nodeList[{index}].{lacking}"
    return None


@FAMILY.endpoint(
    "recallFlow/update",
    fields=forms.UPDATE_REDIAL,
    rules=(
        Rule(-22, "a step lacks a field", _lacks_in_a_step),
        _REDIAL_EXISTS,
        assumed("redial_state_code", _IS_PENDING, lambda call: call.redial["status"] != PENDING),
    ),
    key_field="keyId",
    integer_status=True,
)
def update_redial(call: GroupCallCall) -> None:
    """Change a pending redial: it has as many steps as there are attempts, the last of those given for all further."""
    body, key = call.body, call.redial["key_id"]
    values = {
        "recall_interval": body["recallInterval"],
        "recall_num": body["recallNum"],
        "recall_type": body["recallType"],
    }
    call.database.change("redial", {"key_id": key}, values)
    before = [json.loads(step["settings"]) for step in call.steps("redial_id = :redial", redial=key)]
    given = body.get("nodeList") or before
    call.database.run("DELETE FROM redial_step WHERE redial_id = :redial", {"redial": key})
    make_steps(call, key, (given[min(position, len(given) - 1)] for position in range(body["recallNum"])))


# What an id is of, by the type: the steps that it names.
_NAMED_BY_TYPE = {
    1: "redial_id = :id",
    2: "parent_id = :id",
    3: "redial_id = (SELECT redial_id FROM redial_step WHERE key_id = :id) "
    "AND position >= (SELECT position FROM redial_step WHERE key_id = :id)",
}


def _steps_to_cancel(call: GroupCallCall) -> list[dict[str, Any]]:
    steps = call.steps(_NAMED_BY_TYPE[call.body["type"]], id=call.body["id"])
    return [step for step in steps if step["node_status"] != GIVEN_UP] or steps


@FAMILY.endpoint(
    "recallFlow/cancel",
    fields=forms.CANCEL_REDIAL,
    rules=(
        unknown_id("nothing of this type has this id", lambda call: not _steps_to_cancel(call)),
        assumed(
            "redial_state_code",
            _IS_PENDING,
            lambda call: any(step["node_status"] != PENDING for step in _steps_to_cancel(call)),
        ),
    ),
    key_field="id",
    keys_by=_BY_PAGE,
    integer_status=True,
)
def cancel_redial(call: GroupCallCall) -> None:
    """Cancel a redial, or its steps from one on."""
    give_up(call, _steps_to_cancel(call))
