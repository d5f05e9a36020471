"""The endpoints of redials: the rules beyond the form of their fields, and what is done."""

from __future__ import annotations

import json
from typing import Any

from itnio_async.api.group_calls.codes import GROUP_CALLS
from itnio_async.sandbox.changes import page, shown
from itnio_async.sandbox.fields import ID
from itnio_async.sandbox.group_calls import forms
from itnio_async.sandbox.group_calls.calls import GroupCallCall, begin_what_is_due, give_up, make_steps
from itnio_async.sandbox.group_calls.needs import lacks, lacks_for_occasion, lacks_for_sms, lacks_for_source
from itnio_async.sandbox.group_calls.tables import GIVEN_UP, IN_TIME, PENDING, REDIALS
from itnio_async.sandbox.handler import COMMON, Family
from itnio_async.sandbox.rules import Rule, assumed, unknown_id

FAMILY = Family(GROUP_CALLS, "/voice/recallFlow", GroupCallCall, "", codes=COMMON, keys=("code", "msg"))
_BY_PAGE = "group_call_keys"


@FAMILY.endpoint("queryPage", fields=forms.QUERY_REDIALS, keys_by=_BY_PAGE)
def query_redials(call: GroupCallCall) -> dict[str, Any]:
    """List one page of the redials of a time."""
    begin_what_is_due(call)
    columns = {**IN_TIME, "taskName": "(instr(task_name, :taskName) OR CAST(job_id AS TEXT) = :taskName)"}

    def record(redial: dict[str, Any]) -> dict[str, Any]:
        names = ("key_id", "task_name", "recall_type", "recall_interval", "recall_num", "finish_num", "status")
        created = call.moment_of(redial["created_at"])
        return {**shown(redial, *names), "taskId": redial["job_id"], "createTime": created}

    return page(call, REDIALS, columns, record, call.window)


_REDIAL_EXISTS: Rule[GroupCallCall] = unknown_id("no redial has this keyId", lambda call: call.redial is None)
_IS_PENDING = "what is meant is no longer pending"


@FAMILY.endpoint(
    "queryDetail",
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
            lacking = lacks(step, "scriptId")
        else:
            lacking = lacks(step, "hangUpSms") or lacks_for_source(step)
        lacking = lacking or lacks_for_sms(step, "smsContent") or lacks_for_occasion(step, delay=True)
        if lacking:
            return f"nodeList[{index}].{lacking}"
    return None


@FAMILY.endpoint(
    "update",
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
    "cancel",
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
