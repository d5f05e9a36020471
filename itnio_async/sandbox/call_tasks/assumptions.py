"""What the vendor's pages on call tasks leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import SharedAssumptions, choice, switch, value
from itnio_async.validators import whole


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class CallTaskAssumptions(SharedAssumptions):
    """The decisions about call tasks, and the shared ones."""

    callee_file_bytes: int = value(
        20 * 2**20, whole(1), text="How many bytes a callee file may have before it is -38: the page states no size."
    )
    callee_file_read: bool = switch(
        True,
        "A callee file is read as XLSX or as CSV whatever its name is, its first row as headers and its first column "
        "as the numbers; what cannot be read, such as a binary .xls, is -39. The page names neither forms nor columns.",
    )
    submitted_task_answered: str = choice(
        "id", "null", text="What submitTask answers: the newer page has the task's id, the older null."
    )
    resent_task_answered: str = choice(
        "null", "id", text="What resendTask answers: null on most pages, the new task's id on one brand's newest."
    )
    ended_task_code: int = choice(
        -22, -41, 0, text="The code for cancelling or changing a task that has ended: these pages show no code for it."
    )
    automatic_task_cancelled: bool = switch(
        False,
        "An automatic task can be cancelled and changed too: both pages are about tasks that hand calls to agents, and "
        "do not say what becomes of others (here -22).",
    )
    automatic_call_type: int = choice(
        3, 1, text="The callType of an automatic task's calls: 1 is a group call to agents, 3 an outbound call."
    )
