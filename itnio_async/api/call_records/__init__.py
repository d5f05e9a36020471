"""Call records: the types, the endpoints and the service of `client.call_records`."""

from itnio_async.api.call_records.service import CALLS, LIST, LIST_VOICE, CallRecords
from itnio_async.api.call_records.types import (
    CallFilter,
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

__all__ = [
    "CALLS",
    "LIST",
    "LIST_VOICE",
    "CallFilter",
    "CallHangupReason",
    "CallRecord",
    "CallRecordFilter",
    "CallRecordQuery",
    "CallRecords",
    "CallType",
    "HangingDirection",
    "VoiceCallRecord",
    "VoiceCallRecordFilter",
    "VoiceCallRecordQuery",
]
