"""A request about group calls or redials, and the calls that are planned for one that makes a task."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from itnio_async.sandbox.group_calls.assumptions import GroupCallAssumptions
from itnio_async.sandbox.group_calls.tables import COMPLETED, PENDING, REDIALS, STEPS, TASKS
from itnio_async.sandbox.relations import is_busy
from itnio_async.sandbox.rules import Call
from itnio_async.sandbox.times import seconds, written

# Of a request, what is no setting of the task.
_NUMBERS = ("numberList", "numberInfoList")
_ALL = 0
_BY_KEY = 2


class GroupCallCall(Call[GroupCallAssumptions]):
    """A request about group calls or their redials."""

    @cached_property
    def task(self) -> Any:
        """The task that it is about, with its status now, or None."""
        key = self.body["id" if "id" in self.body else "keyId"]
        return self.one(TASKS, "job_id", key)

    @cached_property
    def redial(self) -> Any:
        """The redial that it is about, with its status now, or None."""
        return self.one(REDIALS, "key_id", self.body["keyId"])

    @cached_property
    def numbers(self) -> list[str]:
        """The numbers of a new task."""
        given = [item for name in _NUMBERS for item in self.body.get(name) or ()]
        return [item if isinstance(item, str) else item["calleeNumber"] for item in given]

    @cached_property
    def numbers_again(self) -> list[str]:
        """The numbers of an earlier task that are called again."""
        return called_again(self, self.task["job_id"], self.body["resendType"])

    @property
    def has_ended(self) -> bool:
        """Whether the task calls nobody any more."""
        return bool(self.task["status"] >= COMPLETED)

    @cached_property
    def is_base64(self) -> bool:
        """Whether the content of the sent file is base64."""
        try:
            base64.b64decode(self.body.get("baseFile") or "", validate=True)
        except (binascii.Error, ValueError):
            return False
        return True

    @property
    def window(self) -> dict[str, Any]:
        """The values for a listing: its time, and now."""
        params, offset = self.body["params"], self.assumptions.utc_offset
        return {"now": self.now, **{name: seconds(params[name], offset) for name in ("strTime", "endTime")}}

    def moment_of(self, at: float | None) -> str | None:
        """Return a time as the answers have it."""
        return None if at is None else written(at, self.assumptions.utc_offset)

    def one(self, query: str, key: str, value: object) -> Any:
        """Return the row of a query with that key, after whatever is due was begun, or None."""
        begin_what_is_due(self)
        rows = self.database.rows(f"SELECT * FROM ({query}) WHERE {key} = :value", {"value": value, "now": self.now})
        return dict(rows[0]) if rows else None

    def steps(self, where: str, **values: object) -> list[dict[str, Any]]:
        """Return steps of redials, each with its status now."""
        query = f"SELECT * FROM ({STEPS}) WHERE {where} ORDER BY redial_id, position"
        return [dict(row) for row in self.database.rows(query, {"now": self.now, **values})]


def start_of(call: GroupCallCall) -> float:
    """Return when the calls of a task begin: at the time that is asked for, or now."""
    asked = call.body.get("sendTime")
    return max(call.now, seconds(asked, call.assumptions.utc_offset)) if asked else call.now


def make_task(call: GroupCallCall, kind: str, numbers: Sequence[str], app_id: str) -> int:
    """Store the task that a request asks for, with its calls and the redial that it may have; return its id."""
    settings = {name: value for name, value in call.body.items() if name not in _NUMBERS}
    job_id = _store(call, kind, call.body["taskName"], app_id, settings, numbers, call.now, start_of(call))
    if call.assumptions.group_call_redials:
        _make_redial(call, job_id)
    return job_id


def answered(call: GroupCallCall, job_id: int) -> int | None:
    """Return what a new task is answered with."""
    return job_id if call.assumptions.group_call_answered == "id" else None


def _store(
    call: GroupCallCall,
    kind: str,
    name: str,
    app_id: str,
    settings: Mapping[str, Any],
    numbers: Sequence[str],
    created_at: float,
    starts_at: float,
) -> int:
    assumptions = call.assumptions
    begun = [index // assumptions.calls_at_once * assumptions.call_seconds for index in range(len(numbers))]
    values = {
        "kind": kind,
        "task_name": name,
        "app_id": app_id,
        "settings": json.dumps(settings),
        "num_cnt": len(numbers),
        "call_seconds": assumptions.call_seconds,
        "duration": begun[-1] + assumptions.call_seconds,
        "created_at": created_at,
        "changed_at": created_at,
        "starts_at": starts_at,
    }
    job_id = call.database.insert("group_call", values)
    rows = [(job_id, number, after, is_busy(assumptions, number)) for number, after in zip(numbers, begun, strict=True)]
    call.database.run_all("INSERT INTO group_call_number VALUES (?, ?, ?, ?)", rows)
    return job_id


def called_again(call: GroupCallCall, job_id: int, resend_type: int) -> list[str]:
    """Return all numbers of a task, or those that were called and did not answer."""
    query = """
        SELECT called FROM group_call_number AS number JOIN group_call USING (job_id)
        WHERE job_id = :job AND (:all OR (is_busy AND (cancelled_at IS NULL OR starts_at + after < cancelled_at)))
        ORDER BY number.rowid
    """
    return [row["called"] for row in call.database.rows(query, {"job": job_id, "all": resend_type == _ALL})]


def keys_pressed(call: GroupCallCall, task: Mapping[str, Any], settings: Mapping[str, Any]) -> int:
    """Return in how many calls of a task a key was pressed."""
    is_asked_for = settings.get("feedbackPush") == 1 or settings.get("toSeatType") == _BY_KEY
    return int(task["success"]) if is_asked_for and call.assumptions.key_pressed else 0


# Redials.


def _make_redial(call: GroupCallCall, job_id: int) -> None:
    steps = call.assumptions.group_call_redials
    values = {
        "job_id": job_id,
        "recall_interval": call.assumptions.group_call_redial_minutes,
        "recall_num": steps,
        "recall_type": 1,
        "created_at": call.now,
    }
    make_steps(call, call.database.insert("redial", values), [{}] * steps)


def make_steps(call: GroupCallCall, redial_id: int, settings: Iterable[Mapping[str, Any]]) -> None:
    """Store the steps of a redial, each with what it sets otherwise than the task."""
    rows = [(redial_id, position, json.dumps(each)) for position, each in enumerate(settings, 1)]
    call.database.run_all("INSERT INTO redial_step (redial_id, position, settings) VALUES (?, ?, ?)", rows)


def give_up(call: GroupCallCall, steps: Iterable[Mapping[str, Any]]) -> None:
    """Cancel steps of redials."""
    for step in steps:
        call.database.change("redial_step", {"key_id": step["key_id"]}, {"cancelled_at": call.now})


def begin_what_is_due(call: GroupCallCall) -> None:
    """Make the tasks of the steps whose time has come; one that has nobody to call gets none."""
    due = "job_id IS NULL AND due_at <= :now AND cancelled_at IS NULL AND parent_cancelled_at IS NULL"
    for step in call.steps(due):
        assert step["node_status"] != PENDING
        parent = call.database.row("group_call WHERE job_id = ?", step["parent_id"])
        if numbers := called_again(call, step["parent_id"], step["recall_type"]):
            settings = {**json.loads(parent["settings"]), **json.loads(step["settings"])}
            name = f"{parent['task_name']} {step['position']}"
            due_at = step["due_at"]
            own = _store(call, parent["kind"], name, parent["app_id"], settings, numbers, due_at, due_at)
            call.database.change("redial_step", {"key_id": step["key_id"]}, {"job_id": own})
