"""A request about call tasks, and the calls that are planned for one that makes a task."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import cycle
from typing import Any

from itnio_async.sandbox.call_tasks.assumptions import CallTaskAssumptions
from itnio_async.sandbox.call_tasks.sheets import read_sheet
from itnio_async.sandbox.call_tasks.tables import FAILED, LISTED, NOT_CALLED, NUMBERS, TO_AGENTS
from itnio_async.sandbox.fields import number_of
from itnio_async.sandbox.relations import is_busy
from itnio_async.sandbox.uploads import UploadCall

# Of the reasons for which a call ends, as the listings of calls number them, and who ended it.
_HUNG_UP, _HUNG_UP_AFTER_TRANSFER, _FAILED, _NO_AGENT, _BUSY = 1, 3, 4, 5, 7
_CUSTOMER, _SYSTEM = 0, 3
_FAILURES = {_FAILED: "not a number", _NO_AGENT: "no agent", _BUSY: "busy"}
# Which numbers are called again; 3 is all of them.
_CHOSEN = {1: FAILED, 2: NOT_CALLED}


class TaskCall(UploadCall[CallTaskAssumptions]):
    """A request about call tasks."""

    @cached_property
    def sheet(self) -> Any:
        """The `Sheet` that an upload holds, or None if that is no sheet."""
        return read_sheet(self.content)

    @cached_property
    def stored_sheet(self) -> Any:
        """The stored `Sheet` that a task is made of, or None."""
        file = self.database.row("upload WHERE path = ?", str(self.body["filePath"]))
        return read_sheet(file["content"]) if file else None

    @cached_property
    def groups(self) -> Sequence[int]:
        """The ids of the agent groups that are given."""
        return self.body.get("voiceGroupId") or ()

    @cached_property
    def task(self) -> Any:
        """The task that it is about, with its status now, or None."""
        rows = self.database.rows(
            f"SELECT * FROM ({LISTED}) WHERE task_id = :task", {"task": number_of(self.body["taskId"]), "now": self.now}
        )
        return rows[0] if rows else None

    @cached_property
    def numbers_to_call(self) -> list[Any]:
        """The numbers of an earlier task that are called again."""
        wanted = _CHOSEN.get(self.body["resendType"])
        return [number for number in self.numbers(self.task["task_id"]) if wanted in (None, number["status"])]

    def numbers(self, task_id: int) -> list[Any]:
        """Return a task's numbers, each with its status now."""
        return self.database.rows(f"{NUMBERS} ORDER BY key_id", {"taskId": task_id, "now": self.now})


def make_task(call: TaskCall, rows: Sequence[Sequence[str]]) -> int:
    """Store a task of these rows and its calls, and return its id."""
    body, planned = call.body, list(_planned(call, rows))
    values = {
        "type": body["type"],
        "app_id": body.get("appId") or None,
        "callout_rate": body.get("calloutRate"),
        "display_num": body.get("displayNum") or None,
        "ccode": body.get("ccode") or None,
        "remark": body.get("remark") or None,
        "created_at": call.now,
        "ends_at": max(number["ends_at"] for number in planned),
    }
    task_id = call.database.insert("call_task", values)
    call.database.run_all("INSERT INTO call_task_group VALUES (?, ?)", [(task_id, group) for group in call.groups])
    for number in planned:
        call.database.insert("call_task_number", {**number, "task_id": task_id})
    return task_id


def _planned(call: TaskCall, rows: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
    """Plan the calls: some at a time, one after another, handed to the agents in turn."""
    assumptions = call.assumptions
    to_agents = call.body["type"] == TO_AGENTS
    first_group = call.groups[0] if call.groups else None
    agents = cycle(_agents_of(call) or [(None, first_group)])
    for index, cells in enumerate(rows):
        starts_at = call.now + index // assumptions.calls_at_once * assumptions.call_seconds
        ends_at = starts_at + assumptions.call_seconds
        agent, group = next(agents) if to_agents else (None, first_group)
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
            "call_id": call.database.insert("call_record", record),
            "agent_id": record["agent_id"],
            "voice_group_id": group,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "failure": _FAILURES.get(reason),
        }


def _agents_of(call: TaskCall) -> list[Any]:
    """Return the agents of the groups that may work, each with its group."""
    query = (
        "SELECT key_id, voice_group_id FROM agent WHERE delete_flag = 0 AND enable = 0 "
        "AND voice_group_id IN (SELECT value FROM json_each(?)) ORDER BY key_id"
    )
    return call.database.rows(query, (json.dumps(list(call.groups)),))


def _reason(call: TaskCall, number: str, *, is_without_agent: bool) -> int:
    digits = number.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return _FAILED
    if is_busy(call.assumptions, number):
        return _BUSY
    if is_without_agent:
        return _NO_AGENT
    return _HUNG_UP_AFTER_TRANSFER if call.body["type"] == TO_AGENTS else _HUNG_UP
