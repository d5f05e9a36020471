"""`client.call_records`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Unpack

from itnio_async.api.base import Service
from itnio_async.api.call_records.codes import CALL_RECORDS
from itnio_async.api.call_records.types import (
    CallHangupReason,
    CallRecord,
    CallRecordFilter,
    CallRecordQuery,
    CallType,
    HangingDirection,
    VoiceCallRecord,
    VoiceCallRecordFilter,
    VoiceCallRecordQuery,
)
from itnio_async.api.shapes import given
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.listing import Listing
from itnio_async.values import Page

LIST = Endpoint("POST", "/v3/cc/record/query", CallRecordQuery, Page[CallRecord], idempotent=True, family=CALL_RECORDS)
LIST_VOICE = Endpoint(
    "POST", "/voice/ccRecordQuery", VoiceCallRecordQuery, Page[VoiceCallRecord], idempotent=True, family=CALL_RECORDS
)


class CallRecords(Service):
    """The calls of the call centre.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does.
    """

    def list(
        self,
        start_time: datetime | str,
        end_time: datetime | str,
        *,
        voice_group_id: int | None = None,
        sip_group_name: str | None = None,
        seat_id: Iterable[int] | None = None,
        seat_name_list: Iterable[str] | None = None,
        call_type: Iterable[CallType | int] | None = None,
        hangup_reason: Iterable[CallHangupReason | int] | None = None,
        called_or_caller: str | None = None,
        ccode: Iterable[str] | None = None,
        hanging_direction: Iterable[HangingDirection | int] | None = None,
        label_names: Iterable[str] | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[CallRecord]:
        """List the calls of a time: `await` it for page `current` (from 1), or `async for` over it for all from there.

        The times are datetimes with their zone. The page's sample has texts without one, such as `2025-01-08 00:00:00`,
        which are taken too.
        """
        filters = given(
            CallRecordFilter,
            start_time=start_time,
            end_time=end_time,
            voice_group_id=voice_group_id,
            sip_group_name=sip_group_name,
            seat_id=seat_id,
            seat_name_list=seat_name_list,
            call_type=call_type,
            hangup_reason=hangup_reason,
            called_or_caller=called_or_caller,
            ccode=ccode,
            hanging_direction=hanging_direction,
            label_names=label_names,
        )
        return self._listing(LIST, CallRecordQuery(current=current, size=size, params=filters), options)

    def list_voice(
        self,
        str_time: datetime,
        end_time: datetime,
        *,
        sip_group_name: str | None = None,
        seat_name_list: Iterable[str] | None = None,
        call_type: Iterable[CallType | int] | None = None,
        hangup_reason: Iterable[CallHangupReason | int] | None = None,
        called_or_caller: str | None = None,
        ccode: Iterable[str] | None = None,
        hanging_direction: Iterable[HangingDirection | int] | None = None,
        label_names: Iterable[str] | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[VoiceCallRecord]:
        """List the calls of at most 31 days of the last two months, as the older listing has them.

        The times are datetimes with their zone.
        """
        filters = given(
            VoiceCallRecordFilter,
            str_time=str_time,
            end_time=end_time,
            sip_group_name=sip_group_name,
            seat_name_list=seat_name_list,
            call_type=call_type,
            hangup_reason=hangup_reason,
            called_or_caller=called_or_caller,
            ccode=ccode,
            hanging_direction=hanging_direction,
            label_names=label_names,
        )
        return self._listing(LIST_VOICE, VoiceCallRecordQuery(current=current, size=size, params=filters), options)
