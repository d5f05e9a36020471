"""What the vendor's pages on group calls leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import SharedAssumptions, choice, switch, value
from itnio_async.validators import or_none, whole


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class GroupCallAssumptions(SharedAssumptions):
    """The decisions about group calls and their redials, and the shared ones."""

    group_call_keys: str = choice(
        "code",
        "status",
        text="Under which keys the answers on group calls and redials have code and text, where the pages disagree or "
        "could not be read so far: code and msg, or status and reason.",
    )
    group_call_answered: str = choice(
        "id", "null", text="What sending and resending a task answer, but for AI scripts: no page could be read so far."
    )
    group_call_quota: int | None = value(
        None, or_none(whole(0)), text="How many tasks there may be before a new one is -23: no number is stated."
    )
    group_call_state_code: int = choice(
        -22,
        -54,
        0,
        text="The code for changing a task that no longer waits, and for resending one that has not ended: no page has "
        "a code for these.",
    )
    group_call_kind_checked: bool = switch(
        True,
        "A task is changed and resent by the calls of its own kind only: that AI scripts are changed by others, no "
        "page says (here -22).",
    )
    played_task_cancelled: bool = switch(
        True, "Tasks that play something are cancelled too: the page is about AI agents and does not say."
    )
    agent_task_listed: bool = switch(
        True, "A listing without taskType has the tasks of AI agents too: the page that has no taskType does not say."
    )
    nothing_to_call_code: int = choice(
        -34,
        -22,
        text="The code for resending a task that has no such numbers, but for AI scripts, whose page has -34.",
    )
    key_pressed: bool = switch(True, "Whoever answers a group call presses the key that is asked for.")
    group_call_redials: int = value(
        0,
        whole(0, 10),
        text="How many steps the redial of each new task has; 0 makes none. How a task gets one stands in what could "
        "not be read of the pages.",
    )
    group_call_redial_minutes: int = value(
        30, whole(1, 1440), text="How many minutes lie between a task and its redial, and between the redial's steps."
    )
    redial_state_code: int = choice(
        -22, -54, text="The code for changing or cancelling a redial that is no longer pending: the pages have none."
    )
