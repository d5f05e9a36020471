"""Call records: the types, the endpoints and the service of `client.call_records`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.call_records.service import (
        CALLS as CALLS,
        LIST as LIST,
        LIST_VOICE as LIST_VOICE,
        CallRecords as CallRecords,
    )
    from itnio_async.api.call_records.types import (
        CallFilter as CallFilter,
        CallHangupReason as CallHangupReason,
        CallRecord as CallRecord,
        CallRecordFilter as CallRecordFilter,
        CallRecordQuery as CallRecordQuery,
        CallType as CallType,
        HangingDirection as HangingDirection,
        VoiceCallRecord as VoiceCallRecord,
        VoiceCallRecordFilter as VoiceCallRecordFilter,
        VoiceCallRecordQuery as VoiceCallRecordQuery,
    )
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
