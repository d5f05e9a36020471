"""Call records: what is asked for and what comes back."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Any

from attrs import frozen

from itnio_async.api.open_types import OpenRecord
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.values import UNSET, Unset


class CallType(IntEnum):
    """What kind of call it was."""

    GROUP_CALL = 1
    INBOUND = 2
    OUTBOUND = 3


class CallHangupReason(IntEnum):
    """Why a call ended."""

    OUTBOUND_UNANSWERED = 0
    OUTBOUND_HUNG_UP = 1
    HUNG_UP_DURING_TRANSFER = 2
    HUNG_UP_AFTER_TRANSFER = 3
    FAILED = 4
    NO_OPERATOR_SERVICE = 5
    OUT_OF_AREA = 6
    BUSY = 7
    INBOUND_UNANSWERED = 8
    INBOUND_HUNG_UP = 9


class HangingDirection(IntEnum):
    """Who ended a call. 3 is the system by most of the vendor's pages, and nobody by one of them."""

    CUSTOMER = 0
    AGENT = 1
    SYSTEM = 3


@frozen(kw_only=True, repr=False)
class CallFilter(Request):
    """Which calls a listing shows, beside those of its time."""

    sip_group_name: str | Unset = UNSET
    """Only calls of the agent group of this name."""
    seat_name_list: list[str] | Unset = UNSET
    """Only calls of the agents of these names."""
    call_type: list[CallType | int] | Unset = UNSET
    """Only calls of these kinds."""
    hangup_reason: list[CallHangupReason | int] | Unset = UNSET
    """Only calls that ended for these reasons."""
    called_or_caller: str | Unset = UNSET
    """Only calls from or to this number."""
    ccode: list[str] | Unset = UNSET
    """Only calls to these country codes."""
    hanging_direction: list[HangingDirection | int] | Unset = UNSET
    """Only calls that were ended by these."""
    label_names: list[str] | Unset = UNSET
    """Only calls with these tags."""


@frozen(kw_only=True, repr=False)
class CallRecordFilter(CallFilter):
    """Which calls a listing shows."""

    start_time: datetime | str
    """The earliest: a datetime with its zone, as the page's words want it, or a text such as its sample's
    `2025-01-08 00:00:00`, whose zone is not stated."""
    end_time: datetime | str
    """The latest, likewise."""
    voice_group_id: int | Unset = UNSET
    """Only calls of this agent group."""
    seat_id: list[int] | Unset = UNSET
    """Only calls of these agents."""


@frozen(kw_only=True, repr=False)
class CallRecordQuery(PageQuery):
    """One page of a listing of calls."""

    params: CallRecordFilter
    """Which calls are listed."""


@frozen(kw_only=True)
class CallRecord(OpenRecord):
    """A call. The vendor's table goes on in what could not be read of it: see `extra`."""

    key_id: int | None = None
    """The record's id."""
    call_session_id: str | None = None
    """The id of the call's session."""
    called: str | None = None
    """The number that was called, as it is."""
    encrypt_called: str | None = None
    """The number that was called, masked."""
    called_info: Any = None
    """What was told of the one called, as it came: the page states no type."""


@frozen(kw_only=True, repr=False)
class VoiceCallRecordFilter(CallFilter):
    """Which calls of the last two months the older listing shows, at most 31 days of them."""

    str_time: datetime
    """The earliest: a datetime with its zone."""
    end_time: datetime
    """The latest, at most 31 days later."""


@frozen(kw_only=True, repr=False)
class VoiceCallRecordQuery(PageQuery):
    """One page of the older listing of calls."""

    params: VoiceCallRecordFilter
    """Which calls are listed."""


@frozen(kw_only=True)
class VoiceCallRecord(OpenRecord):
    """A call in the older listing. No field of it could be read on the vendor's pages: all of them are in `extra`."""
