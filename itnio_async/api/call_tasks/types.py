"""Call tasks: what is sent and what comes back."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from attrs import field, frozen

from itnio_async.api.enumerations import YesNo
from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import Form, between, content, length
from itnio_async.values import TEXT, UNSET, Base64, Unset


class CallTaskType(IntEnum):
    """Who speaks: the system by itself, or an agent that the calls are handed to."""

    AUTOMATIC = 0
    AGENT = 1


class CallTaskStatus(IntEnum):
    """How far a task is."""

    ENABLED = 1
    DISABLED = 2
    CALLING = 11
    COMPLETED = 12
    SUBMISSION_FAILED = 13
    CANCELLED = 14
    SUSPENDED = 15
    SUBMITTING = 16


class CallTaskResendType(IntEnum):
    """Which numbers of a task are called again."""

    FAILED = 1
    NOT_CALLED = 2
    ALL = 3


class CallTaskNumberStatus(IntEnum):
    """What became of a number of a task."""

    IN_PROGRESS = 1
    NOT_CALLED = 5
    FAILED = 7
    CALLED = 9


@frozen(kw_only=True, repr=False)
class CalleeFileUpload(OpenRequest):
    """A spreadsheet of the numbers to be called, to be stored for a task."""

    file_name: str = field(metadata=length(5, 32))
    """The file's name with its ending."""
    file: Base64 | str = field(repr=False, metadata=content())
    """The file's content as base64, as `uploads.as_base64` makes it: at most 100,000 numbers (-40)."""


@frozen(kw_only=True)
class CalleeFile(OpenRecord):
    """A spreadsheet as it is stored."""

    file_path: str | None = None
    """Where it is, for the task."""
    number_total_count: int | None = None
    """How many numbers it has."""
    number_same_count: int | None = None
    """How many of them stand in it more than once."""


@frozen(kw_only=True, repr=False)
class CallTaskSettings(OpenRequest):
    """How the numbers of a task are called. With `CallTaskType.AGENT`, one group, `app_id` and `callout_rate` too."""

    type: CallTaskType | int
    """Who speaks."""
    voice_group_id: list[int] | Unset | None = UNSET
    """The ids of the agent groups: exactly one where calls are handed to agents."""
    app_id: str | Unset | None = UNSET
    """The application's id."""
    callout_rate: int | Unset | None = UNSET
    """The ratio of calls. The page does not say to what."""
    display_num: str | Unset | None = field(default=UNSET, metadata=length(0, 20, form=Form.LETTERS_AND_DIGITS))
    """The number that is shown to those who are called."""
    ccode: str | Unset | None = UNSET
    """The country code of that number, such as `91`."""
    remark: str | Unset | None = UNSET
    """A remark."""


@frozen(kw_only=True, repr=False)
class CallTaskSubmit(CallTaskSettings):
    """A task to be created from a stored spreadsheet: its numbers are called, each once."""

    file_path: str
    """Where the spreadsheet is: the `file_path` that `upload` returned. The page's table has an Integer."""
    file_name: str
    """The spreadsheet's name."""
    max_ringing_time: int | Unset | None = field(default=UNSET, metadata=between(20, 120))
    """For how many seconds it may ring."""


@frozen(kw_only=True, repr=False)
class CallTaskResend(CallTaskSettings):
    """Numbers of an earlier task to be called again."""

    task_id: int | str = field(metadata=TEXT)
    """The task's id. It is sent as a text, as the page's table has it."""
    resend_type: CallTaskResendType | int
    """Which numbers."""
    max_ringing_time: int | Unset | None = UNSET
    """For how many seconds it may ring: on one brand's newest page only, and without bounds."""


@frozen(kw_only=True, repr=False)
class CallTaskFilter(Request):
    """Which tasks a listing shows."""

    start_time: str | Unset = UNSET
    """Only tasks from this day on, as `2025-01-10`; the zone is not stated."""
    end_time: str | Unset = UNSET
    """Only tasks up to this day."""
    task_id: int | str | Unset = field(default=UNSET, metadata=TEXT)
    """Only this task."""
    task_status: list[CallTaskStatus | int] | Unset = UNSET
    """Only tasks that are so far."""
    task_type: CallTaskType | int | Unset = UNSET
    """Only tasks in which this one speaks."""
    finish_flag: YesNo | Unset = UNSET
    """Only tasks that are completed, or that are not: `YesNo.YES` is 1."""
    voice_group_ids: list[int] | Unset = UNSET
    """Only tasks of these agent groups."""


@frozen(kw_only=True, repr=False)
class CallTaskQuery(PageQuery):
    """One page of a listing of tasks."""

    params: CallTaskFilter
    """Which tasks are listed."""


@frozen(kw_only=True)
class CallTask(OpenRecord):
    """A task as the listing shows it. The vendor's table goes on in what could not be read of it: see `extra`."""

    task_id: int | None = None
    """The task's id."""
    voice_group_id: list[int] | None = None
    """The ids of its agent groups."""
    seat_group_name: str | None = None
    """The name of its agent group."""
    remain_count: int | None = None
    """How many numbers are left."""
    total_count: int | None = None
    """How many numbers it has."""
    remark: str | None = None
    """Its remark."""
    ccode: str | None = None
    """The country code of the number that is shown."""
    code_name: str | None = None
    """The name of that code."""
    task_status: CallTaskStatus | int | None = None
    """How far it is."""
    task_type: CallTaskType | int | None = None
    """Who speaks."""
    finish_flag: YesNo | int | None = None
    """Whether it is completed: 1 is yes."""
    completed_rate: str | float | None = None
    """How much of it is completed: a text by one page, a number by another."""
    group_task_id: int | None = None
    """The id of its group call task."""
    transfers_num: int | None = None
    """How many calls were handed to agents."""
    call_failures_num: int | None = None
    """How many calls were lost."""


@frozen(kw_only=True, repr=False)
class CallTaskNumberFilter(Request):
    """Which numbers of a task a listing shows."""

    task_id: int
    """The task's id, which is a number on this page."""
    called: str | Unset = UNSET
    """Only this number."""
    sip_group_id: int | Unset = UNSET
    """Only numbers of this agent group, whose id has another name here."""
    seat_id: list[int] | Unset = UNSET
    """Only numbers of these agents."""
    label_names: list[str] | Unset = UNSET
    """Only numbers with these tags."""
    remark: str | Unset = UNSET
    """Only numbers with this remark."""
    status_list: list[CallTaskNumberStatus | int] | Unset = UNSET
    """Only numbers of which this became."""


@frozen(kw_only=True, repr=False)
class CallTaskNumberQuery(PageQuery):
    """One page of a listing of a task's numbers."""

    params: CallTaskNumberFilter
    """Which numbers are listed."""


@frozen(kw_only=True)
class CallTaskNumber(OpenRecord):
    """A number of a task, with what became of it."""

    key_id: int | None = None
    """The id of this number in the task."""
    encrypt_called: str | None = None
    """The number, which may be masked."""
    seat_name: str | None = None
    """The agent's name. The page's table has a Long."""
    sip_group_name: str | None = None
    """The agent group's name."""
    label_name: str | None = None
    """Its tag."""
    remark: str | None = None
    """Its remark."""
    call_id: str | None = None
    """The call's id: an Integer here, a text in the other families."""
    error_reason: str | None = None
    """Why it failed."""
    status: CallTaskNumberStatus | int | None = None
    """What became of it."""
    call_count: float | None = None
    """A completion rate by the page's words, which do not fit the name."""

    @property
    def columns(self) -> list[Any]:
        """What the spreadsheet has for this number, column after column: `var01`, `var02` and so on of the answer."""
        names = sorted(name for name in self.extra if name.startswith("var") and name[3:].isdigit())
        return [self.extra[name] for name in sorted(names, key=lambda name: int(name[3:]))]


@frozen(kw_only=True, repr=False)
class CallTaskCancel(OpenRequest):
    """Which task is cancelled."""

    task_id: int | str = field(metadata=TEXT)
    """The task's id. It is sent as a text, as the page's table has it."""


@frozen(kw_only=True, repr=False)
class CallTaskUpdate(OpenRequest):
    """Another remark and ratio of a task."""

    task_id: int | str = field(metadata=TEXT)
    """The task's id. It is sent as a text, as the page's table has it."""
    callout_rate: int
    """The ratio of calls."""
    remark: str | Unset | None = field(default=UNSET, metadata=length(0, 50))
    """The remark."""
