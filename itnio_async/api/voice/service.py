"""`client.voice`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from datetime import datetime
from types import NoneType
from typing import Unpack

from itnio_async.api.base import Service
from itnio_async.api.shapes import given
from itnio_async.api.voice.codes import NAMED_CODES, RECORD_CODES, VOICE
from itnio_async.api.voice.types import (
    Phone,
    PhoneAdd,
    PhoneCallSend,
    PhoneFilter,
    PhonePassword,
    PhoneQuery,
    PhoneRecord,
    PhoneRecordFilter,
    PhoneRecordQuery,
    PhoneReset,
    VoiceCodeSend,
    VoiceFile,
    VoiceFileQuery,
    VoiceFileSend,
    VoiceFileSent,
    VoiceFileUpload,
    VoiceRecord,
    VoiceRecordFilter,
    VoiceRecordKey,
    VoiceRecordQuery,
)
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.listing import Listing
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.uploads import FileSource, as_base64, name_of
from itnio_async.values import Page

# Repeated, it is refused for its name (-20), and the id that the first attempt may have got is lost.
UPLOAD_FILE = Endpoint[VoiceFileUpload, "str | None"](
    "POST", "/voice/fileUpload", VoiceFileUpload, str, idempotent=False, family=NAMED_CODES
)
LIST_FILES = Endpoint("POST", "/voice/fileQuery", VoiceFileQuery, Page[VoiceFile], idempotent=True, family=VOICE)
# Repeated, it calls somebody a second time, which is charged, and nothing stands in its way.
SEND_CODE = Endpoint[VoiceCodeSend, "str | None"](
    "POST", "/voice/sendCode", VoiceCodeSend, str, idempotent=False, family=VOICE
)
# Likewise, up to a thousand people.
SEND_FILE = Endpoint("POST", "/voice/sendGroup", VoiceFileSend, list[VoiceFileSent], idempotent=False, family=VOICE)
# Repeated, it may create the phones a second time: only their names, which are unique (-20), stand in its way.
ADD_PHONES = Endpoint("POST", "/voice/sipAdd", PhoneAdd, NoneType, idempotent=False, family=NAMED_CODES)
LIST_PHONES = Endpoint("POST", "/voice/sipQuery", PhoneQuery, Page[Phone], idempotent=True, family=VOICE)
# Each one makes another password: where a first request is processed late, a second one's answer no longer holds.
RESET_PHONE = Endpoint("POST", "/voice/sipReset", PhoneReset, PhonePassword, idempotent=False, family=VOICE)
# As for a text that is read out.
SEND_PHONE_CALL = Endpoint[PhoneCallSend, "str | None"](
    "POST", "/voice/sendSip", PhoneCallSend, str, idempotent=False, family=VOICE
)
GET_PHONE_RECORD = Endpoint(
    "GET", "/voice/recordSip/{voiceId}", VoiceRecordKey, PhoneRecord, idempotent=True, family=VOICE
)
LIST_PHONE_RECORDS = Endpoint(
    "POST", "/voice/recordSipQuery", PhoneRecordQuery, Page[PhoneRecord], idempotent=True, family=RECORD_CODES
)
GET_RECORD = Endpoint("GET", "/voice/recordGroup/{voiceId}", VoiceRecordKey, VoiceRecord, idempotent=True, family=VOICE)
LIST_RECORDS = Endpoint(
    "POST", "/voice/recordGroupQuery", VoiceRecordQuery, Page[VoiceRecord], idempotent=True, family=RECORD_CODES
)


class Voice(Service):
    """Calls that play a message, phones and their calls, and the records of both.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does. After a lost answer a call
    may be under way: look at the records before you order it again. A failure of the vendor's system is not repeated
    for the same reason.
    """

    async def upload_file(
        self, file: FileSource, file_name: str | None = None, **options: Unpack[CallOptions]
    ) -> str | None:
        """Store a sound file, an MP3, an M4A or a WAV file, and return its id, for `send_file`.

        `file` is a path, the content as bytes, or a file open for reading bytes; `file_name` (5 to 32 characters) is
        the path's last part unless given, and must be new (-20). After a lost answer, look for the name in
        `list_files`. Raises OSError too, for a file that cannot be read.
        """
        upload = VoiceFileUpload(file_name=name_of(file, file_name), file=await as_base64(file))
        return (await self._caller.call(UPLOAD_FILE, upload, **options)).data

    def list_files(self, *, current: int = 1, size: int = 100, **options: Unpack[CallOptions]) -> Listing[VoiceFile]:
        """List sound files: `await` it for page `current` (from 1), or `async for` over it for all from there on."""
        return self._listing(LIST_FILES, VoiceFileQuery(current=current, size=size), options)

    async def send_code(self, message: VoiceCodeSend, **options: Unpack[CallOptions]) -> str | None:
        """Call a number and read out a text, such as a code, and return the id of the call's record."""
        call = self._caller.call(SEND_CODE, message, **options)
        del message  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    def send_code_many(
        self, messages: Iterable[VoiceCodeSend] | AsyncIterable[VoiceCodeSend], **options: Unpack[BulkOptions]
    ) -> BulkRun[VoiceCodeSend, str | None]:
        """Call many numbers, each with its own text, and give each one's outcome. Takes and raises what `bulk` does."""
        return self._caller.bulk(SEND_CODE, messages, **options)

    async def send_file(self, message: VoiceFileSend, **options: Unpack[CallOptions]) -> list[VoiceFileSent]:
        """Call up to 1,000 numbers and play a sound file, and return what became of the order for each number.

        Some may be accepted and others not: look at `accepted` of each. It says by the code 0 that a number is called;
        `answered` of a record says by the code 200 that somebody was there.
        """
        call = self._caller.call(SEND_FILE, message, **options)
        del message
        return (await call).data

    def send_file_many(
        self, messages: Iterable[VoiceFileSend] | AsyncIterable[VoiceFileSend], **options: Unpack[BulkOptions]
    ) -> BulkRun[VoiceFileSend, list[VoiceFileSent]]:
        """Call more numbers than one order takes, and give each order's outcome. Takes and raises what `bulk` does.

        An order that was taken is a success of the run, also if some of its numbers are refused: look at `accepted`.
        """
        return self._caller.bulk(SEND_FILE, messages, **options)

    async def add_phones(self, phones: PhoneAdd, **options: Unpack[CallOptions]) -> None:
        """Create a group of phones. Their accounts do not come back: list the application's phones to find them.

        A lost answer does not tell whether they were created: list them before trying again.
        """
        call = self._caller.call(ADD_PHONES, phones, **options)
        del phones
        return (await call).data

    def list_phones(
        self, app_id: str, *, current: int = 1, size: int = 100, **options: Unpack[CallOptions]
    ) -> Listing[Phone]:
        """List the phones of an application with their passwords: `await` it or iterate over it, as for files."""
        query = PhoneQuery(current=current, size=size, params=PhoneFilter(app_id=app_id))
        return self._listing(LIST_PHONES, query, options)

    async def reset_phone(self, account: str, app_id: str, **options: Unpack[CallOptions]) -> PhonePassword:
        """Give a phone another password, and return it.

        After a lost answer the password may have changed all the same: `list_phones` has the one that holds.
        """
        request = PhoneReset(account=account, app_id=app_id)
        return (await self._caller.call(RESET_PHONE, request, **options)).data

    async def send_phone_call(self, request: PhoneCallSend, **options: Unpack[CallOptions]) -> str | None:
        """Call a number from a phone, and return the id of the call's record."""
        call = self._caller.call(SEND_PHONE_CALL, request, **options)
        del request
        return (await call).data

    async def get_phone_record(self, voice_id: str, **options: Unpack[CallOptions]) -> PhoneRecord:
        """Return the record of a call that a phone made within the last two months."""
        return (await self._caller.call(GET_PHONE_RECORD, VoiceRecordKey(voice_id=voice_id), **options)).data

    def list_phone_records(
        self,
        str_time: datetime,
        end_time: datetime,
        *,
        sip_group_name: str | None = None,
        phone_name: str | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[PhoneRecord]:
        """List the calls of phones within at most 31 days of the last two months: `await` it or iterate over it.

        The times are datetimes with their zone. The names match exactly.
        """
        filters = given(
            PhoneRecordFilter,
            str_time=str_time,
            end_time=end_time,
            sip_group_name=sip_group_name,
            phone_name=phone_name,
        )
        return self._listing(LIST_PHONE_RECORDS, PhoneRecordQuery(current=current, size=size, params=filters), options)

    async def get_record(self, voice_id: str, **options: Unpack[CallOptions]) -> VoiceRecord:
        """Return the record of a call that played a message.

        What is answered of a call that has not ended yet, the page does not say: all fields may be None.
        """
        return (await self._caller.call(GET_RECORD, VoiceRecordKey(voice_id=voice_id), **options)).data

    def list_records(
        self,
        str_time: datetime,
        end_time: datetime,
        *,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[VoiceRecord]:
        """List the calls that played a message within at most 31 days of the last two months: as for files.

        The times are datetimes with their zone.
        """
        query = VoiceRecordQuery(
            current=current, size=size, params=VoiceRecordFilter(str_time=str_time, end_time=end_time)
        )
        return self._listing(LIST_RECORDS, query, options)
