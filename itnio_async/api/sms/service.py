"""`client.sms`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from datetime import datetime
from types import NoneType
from typing import Unpack

from attrs import evolve

from itnio_async.api.base import Service
from itnio_async.api.shapes import given
from itnio_async.api.sms.checks import check_text, check_texts
from itnio_async.api.sms.codes import SMS
from itnio_async.api.sms.types import (
    InboundSms,
    InboundSmsFilter,
    InboundSmsQuery,
    SentSms,
    SentSmsPage,
    SentSmsQuery,
    SmsBackfillReport,
    SmsBatchSend,
    SmsReport,
    SmsReportGet,
    SmsSend,
    SmsSent,
)
from itnio_async.endpoint import CallOptions, Endpoint, EnvelopeForm
from itnio_async.listing import Listing
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.values import Page

_BESIDE = EnvelopeForm.BESIDE
_MOST_SENT = 50_000

# Repeated, people get the text twice, and each is charged: order ids are not said to keep from it.
SEND = Endpoint(
    "POST", "/sms/sendSms", SmsSend, SmsSent, idempotent=False, family=SMS, envelope=_BESIDE, check=check_text
)
# Likewise, for every text of the batch.
SEND_BATCH = Endpoint(
    "POST",
    "/sms/sendSms/batch",
    SmsBatchSend,
    SmsSent,
    idempotent=False,
    family=SMS,
    envelope=_BESIDE,
    check=check_texts,
)
GET_REPORT = Endpoint("GET", "/sms/getReport", SmsReportGet, SmsReport, idempotent=True, family=SMS, envelope=_BESIDE)
LIST_SENT = Endpoint("GET", "/sms/getSentRcd", SentSmsQuery, SentSmsPage, idempotent=True, family=SMS, envelope=_BESIDE)
# Repeated, it may count twice: whether the message's id keeps from it, the page does not say.
REPORT_BACKFILL = Endpoint(
    "POST", "/sms/postback/backfill", SmsBackfillReport, NoneType, idempotent=False, family=SMS, envelope=_BESIDE
)
LIST_INBOUND = Endpoint("POST", "/sms/recordMo", InboundSmsQuery, Page[InboundSms], idempotent=True, family=SMS)


class Sms(Service):
    """Text messages.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does.
    """

    async def send(self, text: SmsSend, **options: Unpack[CallOptions]) -> SmsSent:
        """Send a text to numbers, and return the messages that were accepted.

        Some numbers may be refused all the same: see `is_partial`. After a lost answer the text may be on its way: a
        second call would send it to everybody again. A failure of the vendor's system is not repeated for this reason.
        """
        call = self._caller.call(SEND, text, **options)
        del text  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    def send_many(
        self, texts: Iterable[SmsSend] | AsyncIterable[SmsSend], **options: Unpack[BulkOptions]
    ) -> BulkRun[SmsSend, SmsSent]:
        """Send many texts, a call for each, and give each call's outcome. Takes and raises what `bulk` does."""
        return self._caller.bulk(SEND, texts, **options)

    async def send_batch(self, batch: SmsBatchSend, **options: Unpack[CallOptions]) -> SmsSent:
        """Send several texts in one call, each to its own numbers, and return the messages that were accepted.

        What `send` says of refused numbers and of a lost answer holds for every text.
        """
        call = self._caller.call(SEND_BATCH, batch, **options)
        del batch
        return (await call).data

    async def get_report(self, app_id: str, msg_ids: Iterable[str], **options: Unpack[CallOptions]) -> SmsReport:
        """Return what has become of up to 200 messages of the last 90 days.

        A message that waits to be sent is not among them yet: it counts as `nofound`, as an unknown id does.
        """
        request = given(SmsReportGet, app_id=app_id, msg_ids=msg_ids)
        return (await self._caller.call(GET_REPORT, request, **options)).data

    def list_sent(
        self,
        app_id: str,
        start_time: datetime,
        end_time: datetime,
        *,
        start_index: int = 0,
        **options: Unpack[CallOptions],
    ) -> Listing[SentSms]:
        """List messages that are over: `await` it for those of one call, or `async for` over it for all from there on.

        The times are datetimes with their zone, at most 31 days apart and in the last 90 days. A call gives at most
        50,000 messages; the listing goes on behind them until there are none.
        """
        query = SentSmsQuery(app_id=app_id, start_time=start_time, end_time=end_time)

        async def fetch(index: int) -> Page[SentSms]:
            found = (await self._caller.call(LIST_SENT, evolve(query, start_index=index), **options)).data
            return Page(found.array, extra={"success": found.success, "fail": found.fail, **found.extra})

        return Listing(fetch, current=start_index, size=_MOST_SENT, by_index=True)

    async def report_backfill(self, report: SmsBackfillReport, **options: Unpack[CallOptions]) -> None:
        """Tell the vendor that a code which was sent by SMS has been used."""
        call = self._caller.call(REPORT_BACKFILL, report, **options)
        del report
        return (await call).data

    def list_inbound(
        self,
        app_id: str,
        str_time: datetime,
        end_time: datetime,
        *,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[InboundSms]:
        """List received messages: `await` it for page `current` (from 1), or `async for` over it for all from there on.

        The times are datetimes with their zone, at most one month apart and not before 1 July 2022.
        """
        filters = InboundSmsFilter(str_time=str_time, end_time=end_time)
        query = InboundSmsQuery(app_id=app_id, current=current, size=size, params=filters)
        return self._listing(LIST_INBOUND, query, options)
