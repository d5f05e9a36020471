"""What group calls and their redials have in common: what is played, who is called, and who is called again.

The pages call a redial `recall`, and a task's id `jobId`, `taskId`, `keyId` or `id`: each field keeps its page's name.
Times are texts without a zone, as on the wire: none of the pages states one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from attrs import field, frozen

from itnio_async.api.enumerations import YesNo
from itnio_async.api.open_types import OpenRequest
from itnio_async.codec import Request
from itnio_async.limits import Form, between, length
from itnio_async.values import UNSET, Base64, Unset, sent_extra_field


class GroupCallSource(IntEnum):
    """What is played to those who answer."""

    STORED_FILE = 1
    SENT_FILE = 2
    TEXT = 3


class GroupCallResendType(IntEnum):
    """Which numbers of a task are called again: the numbers are not those of `CallTaskResendType`, where 3 is all."""

    ALL = 0
    FAILED = 1


@frozen(kw_only=True, repr=False)
class CalledTexts(Request):
    """What a template has for `${text1}` to `${text10}` with one number: beyond 30 characters the vendor cuts it.

    What the template has a place for may not be null.
    """

    text1: str | Unset | None = UNSET
    """For `${text1}`."""
    text2: str | Unset | None = UNSET
    """For `${text2}`."""
    text3: str | Unset | None = UNSET
    """For `${text3}`."""
    text4: str | Unset | None = UNSET
    """For `${text4}`."""
    text5: str | Unset | None = UNSET
    """For `${text5}`."""
    text6: str | Unset | None = UNSET
    """For `${text6}`."""
    text7: str | Unset | None = UNSET
    """For `${text7}`."""
    text8: str | Unset | None = UNSET
    """For `${text8}`."""
    text9: str | Unset | None = UNSET
    """For `${text9}`."""
    text10: str | Unset | None = UNSET
    """For `${text10}`."""


@frozen(kw_only=True, repr=False)
class CalledNumber(CalledTexts):
    """A number to be called, with the texts for its SMS."""

    callee_number: str = field(metadata=length(7, 15, form=Form.DIGITS))
    """The number, with its country code."""


@frozen(kw_only=True, repr=False)
class AgentCalledNumber(CalledTexts):
    """A number that an AI agent calls, with its texts."""

    callee_number: str = field(metadata=length(6, 18, form=Form.DIGITS))
    """The number, with its country code."""
    call_information: Mapping[str, str] | Unset | None = UNSET
    """Fields of your own, for the collection of debts only: on one brand's page, and not on another's."""


@frozen(kw_only=True, repr=False)
class AiCalledNumber(CalledTexts):
    """A number to which an AI script speaks, with its texts. The page's table goes on in what could not be read."""

    callee_number: str = field(metadata=length(6, 18, form=Form.DIGITS))
    """The number, with its country code: 7 to 15 digits on one copy of the page."""
    extra: Mapping[str, Any] = sent_extra_field()
    """What is sent beside these fields, under the vendor's names."""


@frozen(kw_only=True, repr=False)
class CallContent(OpenRequest):
    """What is played in a call, and the SMS that follows it.

    Each `source` needs fields of its own, and so does an SMS.
    """

    voice_file_id: str | Unset | None = UNSET
    """The stored file's id, for `GroupCallSource.STORED_FILE`."""
    upload_name: str | Unset | None = field(default=UNSET, metadata=length(5, 32))
    """The sent file's name, for `GroupCallSource.SENT_FILE`."""
    base_file: Base64 | str | Unset | None = field(default=UNSET, repr=False)
    """The sent file's content as base64, as `uploads.as_base64` makes it."""
    text: str | Unset | None = field(default=UNSET, metadata=length(0, 1000))
    """The text to be read out, for `GroupCallSource.TEXT`."""
    lan: str | Unset | None = UNSET
    """The language of that text, such as `EN`."""
    hang_up_sms: YesNo | Unset | None = UNSET
    """Whether an SMS follows the call; when, the fields whose names end in `_push` say."""
    sms_content: str | Unset | None = field(default=UNSET, metadata=length(0, 1000))
    """The SMS's text."""
    sender_id: str | Unset | None = field(default=UNSET, metadata=length(0, 32))
    """The SMS's sender as it is shown."""
    feedback_push: YesNo | Unset | None = UNSET
    """Whether it is sent when a key was pressed."""
    feedback_value: str | Unset | None = field(default=UNSET, metadata=length(0, 1, form=Form.DIGITS))
    """That key, from 0 to 9."""
    success_push: YesNo | Unset | None = UNSET
    """Whether it is sent after a call that succeeded."""
    success_push_time: int | Unset | None = field(default=UNSET, metadata=between(0, 9999))
    """How many seconds after it: 10 by default, as the page on resending says."""
