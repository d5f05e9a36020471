"""The redials of group calls, which the vendor calls recalls: what is sent and what comes back."""

from __future__ import annotations

from enum import IntEnum

from attrs import field, frozen

from itnio_async.api.enumerations import SsmlGender, YesNo
from itnio_async.api.group_calls.contents import CallContent, GroupCallResendType, GroupCallSource
from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import between, length
from itnio_async.values import (
    KEY_ID,
    UNSET,
    Base64,  # noqa: F401  (an annotation that is inherited names it)
    Unset,
)


class RedialCancelType(IntEnum):
    """What is cancelled: a redial, the redials of a task, or the steps of a redial from one on."""

    REDIAL = 1
    TASK = 2
    STEP = 3


class RedialStatus(IntEnum):
    """How far a redial is, or a step of one."""

    PENDING = 0
    IN_PROGRESS = 1
    COMPLETED = 2
    CANCELLED = 3
    FAILED = 4


@frozen(kw_only=True, repr=False)
class RedialFilter(Request):
    """Which redials a listing shows."""

    str_time: str
    """The earliest, as `2024-05-18 00:00:00`; the zone is not stated."""
    end_time: str
    """The latest, likewise."""
    task_name: str | Unset = UNSET
    """Only redials of tasks that have this in their name, or that have this id."""


@frozen(kw_only=True, repr=False)
class RedialQuery(PageQuery):
    """One page of a listing of redials."""

    params: RedialFilter
    """Which redials are listed."""


@frozen(kw_only=True)
class Redial(OpenRecord):
    """An automatic redial of a task's numbers, as the listing shows it."""

    key_id: int | None = None
    """The redial's id."""
    task_id: int | None = None
    """The id of the task whose numbers are called again."""
    task_name: str | None = None
    """The name of that task."""
    create_time: str | None = None
    """When the redial was made, as it came: the page shows no time."""
    recall_type: GroupCallResendType | int | None = None
    """Which numbers are called again."""
    recall_interval: int | None = None
    """How many minutes lie between two attempts."""
    recall_num: int | None = None
    """How many attempts are wanted."""
    finish_num: int | None = None
    """How many attempts were made."""
    status: RedialStatus | int | None = None
    """How far it is."""


@frozen(kw_only=True, repr=False)
class RedialKey(OpenRequest):
    """Which redial is meant."""

    key_id: int = field(metadata=KEY_ID)
    """The redial's id."""


@frozen(kw_only=True)
class RedialStep(OpenRecord):
    """One attempt of a redial. The vendor's table goes on in what could not be read of it: see `extra`."""

    key_id: int | None = None
    """The step's id, by which the redial is cancelled from it on."""
    task_id: int | None = None
    """The id of the step's own task."""
    node_status: RedialStatus | int | None = None
    """How far it is."""
    script_id: int | None = None
    """The id of the AI agent's template."""
    source: GroupCallSource | int | None = None
    """What is played."""
    voice_file_id: str | None = None
    """The stored file's id."""
    upload_name: str | None = None
    """The sent file's name."""
    text: str | None = None
    """The text that is read out."""
    lan: str | None = None
    """The language of that text."""
    speaking_rate: float | None = None
    """How fast it is read."""
    ssml_gender: SsmlGender | int | None = None
    """Whose voice reads it."""
    accent: int | None = None
    """The voice's accent."""
    hang_up_sms: YesNo | int | None = None
    """Whether an SMS follows the call: 1 is yes."""
    sms_content: str | None = None
    """The SMS's text."""


@frozen(kw_only=True)
class RedialDetail(OpenRecord):
    """A redial with its steps."""

    key_id: int | None = None
    """The redial's id."""
    recall_interval: int | None = None
    """How many minutes lie between two attempts."""
    recall_num: int | None = None
    """How many attempts there are."""
    recall_type: GroupCallResendType | int | None = None
    """Which numbers are called again."""
    status: RedialStatus | int | None = None
    """How far it is."""
    node_list: list[RedialStep] | None = None
    """Its steps."""
    total: int | None = None
    """In the page's sample only, as the four that follow: they seem to be left over from a listing."""
    size: int | None = None
    """Likewise."""
    current: int | None = None
    """Likewise."""
    pages: int | None = None
    """Likewise."""
    search_count: bool | None = None
    """Likewise."""


@frozen(kw_only=True, repr=False)
class RedialStepUpdate(CallContent):
    """What one step of a redial does: `script_id` for an AI agent's, `source` and `hang_up_sms` for another."""

    script_id: int | Unset | None = UNSET
    """The id of the AI agent's template."""
    source: GroupCallSource | int | Unset | None = UNSET
    """What is played."""
    text: str | Unset | None = field(default=UNSET, metadata=length(0, 2048))
    """The text to be read out: at most 1,000 characters on the older pages."""
    speaking_rate: float | Unset | None = field(default=UNSET, metadata=between(0.25, 4))
    """How fast it is read."""
    ssml_gender: SsmlGender | int | Unset | None = UNSET
    """Whose voice reads it: a woman's by default."""
    accent: int | Unset | None = UNSET
    """The voice's accent."""
    success_push_time: int | Unset | None = field(default=UNSET, metadata=between(1, 9999))
    """How many seconds after such a call the SMS is sent."""


@frozen(kw_only=True, repr=False)
class RedialUpdate(OpenRequest):
    """What a pending redial shall be."""

    key_id: int = field(metadata=KEY_ID)
    """The redial's id."""
    recall_interval: int = field(metadata=between(1, 1440))
    """How many minutes lie between two attempts."""
    recall_num: int = field(metadata=between(1, 10))
    """How many attempts there are."""
    recall_type: GroupCallResendType | int
    """Which numbers are called again."""
    recall_intent: list[str] | Unset | None = UNSET
    """The intents, such as `101`. The page does not say what they are for."""
    node_list: list[RedialStepUpdate] | Unset | None = UNSET
    """The steps."""


@frozen(kw_only=True, repr=False)
class RedialCancel(OpenRequest):
    """What of a redial is cancelled."""

    type: RedialCancelType | int
    """What the id is of."""
    id: int
    """The id of a redial, of its task, or of its first step to be cancelled."""
