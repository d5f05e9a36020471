"""Group calls: what is sent and what comes back."""

from __future__ import annotations

from enum import IntEnum

from attrs import field, frozen

from itnio_async.api.enumerations import YesNo
from itnio_async.api.group_calls.contents import (
    AgentCalledNumber,
    AiCalledNumber,
    CallContent,
    CalledNumber,
    GroupCallResendType,
    GroupCallSource,
)
from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import Form, Limit, between, items, length
from itnio_async.values import (
    KEY_ID,
    NAME,
    UNSET,
    Base64,  # noqa: F401  (an annotation that is inherited names it)
    Unset,
)

MOST_NUMBERS = 200_000
"""How many numbers a task may have; of those with texts of their own, a task that plays something half as many."""
_DIGITS = "characters", Form.DIGITS
# The lists are left out where a task is printed: they would be megabytes, of people's numbers.


class GroupCallStatus(IntEnum):
    """How far a task is."""

    WAITING = 0
    CALLING = 1
    COMPLETED = 2
    FAILED = 3
    CANCELLED = 4
    SUSPENDED = 5
    SUBMITTING = 6


class GroupCallTaskType(IntEnum):
    """What kind of task it is. The vendor's pages name no other."""

    AI_AGENT = 3


class OutboundControl(IntEnum):
    """How the calls to be handed to agents are controlled. The vendor's pages name no other way."""

    BY_RATIO = 1


class ToSeatType(IntEnum):
    """When a call is handed to an agent: after what is played, or when a key is pressed."""

    AFTER_MESSAGE = 1
    BY_KEY = 2


@frozen(kw_only=True, repr=False)
class GroupCallSettings(CallContent):
    """How the numbers of a task are called. With `to_seat`, the agent group is needed too."""

    task_name: str = field(metadata=NAME)
    """The task's name, which no other task has."""
    source: GroupCallSource | int
    """What is played."""
    display_num: str | Unset | None = field(default=UNSET, metadata=length(0, 20, form=Form.DIGITS))
    """The number that is shown to those who are called."""
    send_time: str | Unset | None = UNSET
    """When the calls begin, as `2024-06-03 10:42:05`; null is now. The zone is not stated."""
    loop_count: int | Unset | None = UNSET
    """How often it is played: 1 by default."""
    max_calls: int | Unset | None = UNSET
    """How many seconds a call may last."""
    sms_app_id: str | Unset | None = UNSET
    """The SMS application's id, for an SMS after the call."""
    failed_push: YesNo | Unset | None = UNSET
    """Whether the SMS is sent after a call that failed."""
    ring_push: YesNo | Unset | None = UNSET
    """Whether the SMS is sent after the ringing."""
    to_seat: YesNo | Unset | None = UNSET
    """Whether calls are handed to agents."""
    sip_group_id: int | Unset | None = UNSET
    """Their group: a `voice_group_id` under another name."""


@frozen(kw_only=True, repr=False)
class GroupCallSend(GroupCallSettings):
    """A task to be created: its numbers are called. Either list of numbers is needed, by two versions of the page.

    With `to_seat`, `outbound_control`, `callout_rate` and `to_seat_type` are needed too.
    """

    app_id: str
    """The voice application's id."""
    task_name: str = field(metadata=NAME | length(2, 64))
    """The task's name, which no other task has."""
    number_list: list[str] | Unset | None = field(
        default=UNSET, repr=False, metadata=items(most=MOST_NUMBERS, each=Limit(7, 15, *_DIGITS))
    )
    """The numbers, with their country codes."""
    number_info_list: list[CalledNumber] | Unset | None = field(default=UNSET, repr=False, metadata=items(most=100_000))
    """The numbers, each with texts for the SMS."""
    loop_count: int = field(metadata=between(most=9))
    """How often it is played."""
    max_calls: int = field(metadata=between(most=999))
    """How many seconds a call may last."""
    outbound_control: OutboundControl | int | Unset | None = UNSET
    """How calls that are handed to agents are controlled."""
    callout_rate: int | Unset | None = UNSET
    """The ratio of calls. The page does not say to what."""
    to_seat_type: ToSeatType | int | Unset | None = UNSET
    """When a call is handed to an agent."""


@frozen(kw_only=True, repr=False)
class GroupCallUpdate(GroupCallSettings):
    """What a task shall be. Whether what is left out stays, the page does not say."""

    key_id: int = field(metadata=KEY_ID)
    """The task's id."""


@frozen(kw_only=True, repr=False)
class GroupCallResend(GroupCallSettings):
    """Numbers of an earlier task to be called again, by a new task.

    With `to_seat`, `outbound_control`, `callout_rate` and `to_seat_type` are needed too.
    """

    key_id: int = field(metadata=KEY_ID)
    """The earlier task's id."""
    app_id: str
    """The voice application's id."""
    resend_type: GroupCallResendType | int
    """Which numbers: optional on one brand's page."""
    display_num: str | Unset | None = UNSET
    """The number that is shown to those who are called."""
    sms_content: str | Unset | None = UNSET
    """The SMS's text."""
    sender_id: str | Unset | None = UNSET
    """The SMS's sender as it is shown."""
    outbound_control: OutboundControl | int | Unset | None = UNSET
    """How calls that are handed to agents are controlled."""
    callout_rate: int | Unset | None = UNSET
    """The ratio of calls. The page does not say to what."""
    to_seat_type: ToSeatType | int | Unset | None = UNSET
    """When a call is handed to an agent."""


@frozen(kw_only=True, repr=False)
class GroupCallAgentSend(OpenRequest):
    """A task to be created that an AI agent runs. The page's table goes on in what could not be read: see `extra`."""

    app_id: str
    """The application's id."""
    task_name: str = field(metadata=NAME | length(2, 64))
    """The task's name, which no other task has."""
    number_info_list: list[AgentCalledNumber] = field(repr=False, metadata=items(1, MOST_NUMBERS))
    """The numbers, each with its texts."""
    display_num: str | Unset | None = field(default=UNSET, metadata=length(0, 20, form=Form.DIGITS))
    """The number that is shown to those who are called."""


@frozen(kw_only=True, repr=False)
class GroupCallAiSend(OpenRequest):
    """A task to be created that an AI script speaks. The page's table is cut, as that on AI agents is."""

    app_id: str
    """The application's id."""
    task_name: str = field(metadata=NAME | length(2, 64))
    """The task's name, which no other task has."""
    number_list: list[AiCalledNumber | str] = field(
        repr=False, metadata=items(1, MOST_NUMBERS, each=Limit(6, 18, *_DIGITS))
    )
    """The numbers, with texts or without: the page's table has a list of texts, and below it fields."""
    display_num: str | Unset | None = field(default=UNSET, metadata=length(0, 20, form=Form.DIGITS))
    """The number that is shown to those who are called."""


@frozen(kw_only=True, repr=False)
class CallHours(Request):
    """A time of day in which calls may be made, as `10:00` to `22:00`."""

    str_time: str | Unset | None = UNSET
    """Its beginning."""
    end_time: str | Unset | None = UNSET
    """Its end."""


@frozen(kw_only=True, repr=False)
class AiScriptSettings(OpenRequest):
    """How an AI script calls the numbers of a task."""

    key_id: int = field(metadata=KEY_ID)
    """The task's id."""
    task_name: str = field(metadata=NAME)
    """The task's name, which no other task has."""
    script_id: int
    """The AI script's id."""
    display_num: str | Unset | None = UNSET
    """The number that is shown to those who are called."""
    send_time: str | Unset | None = UNSET
    """When the calls begin, as `2024-06-03 10:42:05`; null is now. The zone is not stated."""
    max_calls: int | Unset | None = UNSET
    """How many seconds a call may last."""
    allow_send_time: list[CallHours] | Unset | None = field(default=UNSET, metadata=items(most=3))
    """The times of day in which calls may be made."""
    max_ringing_time: int | Unset | None = field(default=UNSET, metadata=between(20, 120))
    """For how many seconds it may ring: 60 by default."""
    enable_recording: YesNo | Unset | None = UNSET
    """Whether the calls are recorded: no by default."""
    callout_rate: int | Unset | None = UNSET
    """The ratio of calls, 1 by default. The page does not say to what."""


@frozen(kw_only=True, repr=False)
class GroupCallAiUpdate(AiScriptSettings):
    """What a task that an AI script speaks shall be. Whether what is left out stays, the page does not say."""


@frozen(kw_only=True, repr=False)
class GroupCallAiResend(AiScriptSettings):
    """Numbers of an earlier task to be called again by an AI script; `key_id` is the earlier task's id."""

    task_name: str = field(metadata=NAME | length(2, 64))
    """The new task's name, which no other task has."""
    resend_type: GroupCallResendType | int
    """Which numbers."""
    display_num: str | Unset | None = field(default=UNSET, metadata=length(0, 20, form=Form.DIGITS))
    """The number that is shown to those who are called."""


@frozen(kw_only=True, repr=False)
class GroupCallFilter(Request):
    """Which tasks a listing shows."""

    str_time: str
    """The earliest, as `2024-01-01 00:00:00`; the zone is not stated."""
    end_time: str
    """The latest, likewise."""
    status_list: list[GroupCallStatus | int] | Unset = UNSET
    """Only tasks that are so far."""
    idx_app_id: int | Unset = UNSET
    """Only tasks of this application, whose id is a number here and a text elsewhere."""
    search_condition: str | Unset = UNSET
    """Only tasks that have this in their name, their file's name or their text."""
    task_type: GroupCallTaskType | int | Unset = UNSET
    """Only tasks of this kind: required by the page on AI agents, and not known to the other."""


@frozen(kw_only=True, repr=False)
class GroupCallQuery(PageQuery):
    """One page of a listing of tasks."""

    params: GroupCallFilter
    """Which tasks are listed."""


@frozen(kw_only=True)
class GroupCall(OpenRecord):
    """A task as the listing shows it. The vendor's table goes on in what could not be read of it: see `extra`."""

    job_id: int | None = None
    """The task's id. The page on AI agents has it as `taskId`, which is read as well: see `id`."""
    task_id: int | None = None
    """The task's id under that name."""
    task_name: str | None = None
    """Its name."""
    status: GroupCallStatus | int | None = None
    """How far it is."""
    rate: str | None = None
    """How much of it is done."""
    num_cnt: int | None = None
    """How many numbers it has."""
    call_num: int | None = None
    """How many of them were called."""
    success: int | None = None
    """How many calls succeeded."""
    fail: int | None = None
    """How many calls failed."""
    created_time: str | None = None
    """When it was submitted, as `2024-06-03 10:42:05`."""
    script_id: int | None = None
    """The id of its AI agent's template."""

    @property
    def id(self) -> int | None:
        """The task's id, whichever name the answer has for it."""
        return self.task_id if self.job_id is None else self.job_id


@frozen(kw_only=True, repr=False)
class GroupCallKey(Request):
    """Which task is meant."""

    id: int = field(metadata=KEY_ID)
    """The task's id."""


@frozen(kw_only=True)
class GroupCallDetail(OpenRecord):
    """A task with all that is told of it."""

    job_id: int | None = None
    """The task's id."""
    task_name: str | None = None
    """Its name."""
    app_id: str | None = None
    """The application's id."""
    status: GroupCallStatus | int | None = None
    """How far it is."""
    rate: str | None = None
    """How much of it is done."""
    num_cnt: int | None = None
    """How many numbers it has."""
    call_total: int | None = None
    """How many calls were made."""
    success: int | None = None
    """How many of them succeeded."""
    fail: int | None = None
    """How many of them failed."""
    success_rate: str | None = None
    """The share of those that succeeded."""
    source: GroupCallSource | int | None = None
    """What is played."""
    voice_file_id: str | None = None
    """The stored file's id."""
    upload_name: str | None = None
    """The sent file's name."""
    base_file: str | None = field(default=None, repr=False)
    """The sent file's content as base64."""
    text: str | None = None
    """The text that is read out."""
    lan: str | None = None
    """The language of that text."""
    display_num: str | None = None
    """The number that is shown to those who are called."""
    code: str | None = None
    """The country code, which is no code of the answer."""
    loop_count: int | None = None
    """How often it is played."""
    max_calls: int | None = None
    """How many seconds a call may last."""
    callout_rate: int | None = None
    """The ratio of calls."""
    send_time: str | None = None
    """When the calls were to begin, as `2024-06-03 10:42:05`."""
    created_time: str | None = None
    """When it was submitted, likewise."""
    mdf_time: str | None = None
    """When it was changed."""
    finish_time: str | None = None
    """When it ended."""
    charge_len: int | None = None
    """How much time is charged. The page states no unit."""
    call_duration: int | None = None
    """How long was talked, likewise."""
    acd: str | None = None
    """How long a call lasted on average."""
    key_feedback_num: int | None = None
    """In how many calls a key was pressed."""
    call_loss_num: int | None = None
    """How many calls were lost."""
    call_loss_num_rate: str | None = None
    """The share of those that were lost."""
    sip_group_name: str | None = None
    """The name of the agent group that calls are handed to."""
    toseat_num: int | None = None
    """How many calls were handed to agents."""
    toseat_num_rate: str | None = None
    """The share of those that were handed to agents."""
    all_call_toseat_num: int | None = None
    """How many of all calls were handed to agents."""
    received_seat_num: int | None = None
    """How many agents received calls."""
    onine_seat_num: int | None = None
    """How many agents are online: the page spells it so."""


@frozen(kw_only=True, repr=False)
class GroupCallCancel(OpenRequest):
    """Which tasks are cancelled."""

    task_id_list: list[int] = field(metadata=items(1))
    """Their ids."""
