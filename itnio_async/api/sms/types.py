"""Text messages: what is sent and what comes back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import between, items, joined, length
from itnio_async.values import MILLISECONDS, UNSET, Unset


class SmsReportStatus(StrEnum):
    """What has become of a message, as `get_report` says it."""

    SENDING = "-1"
    DELIVERED = "0"
    FAILED = "1"


class SentSmsStatus(StrEnum):
    """What has become of a message, as `list_sent` says it: failed is another value than in `SmsReportStatus`."""

    DELIVERED = "0"
    FAILED = "2"


@frozen(kw_only=True, repr=False)
class SmsText(OpenRequest):
    """A text, and the numbers that it goes to."""

    numbers: list[str] = field(metadata=joined(1, least_code=-8))
    """The numbers that it is sent to, each with its country code."""
    content: str = field(metadata=length(1, 1024, code=-5, least_code=-4))
    """The text."""
    sender_id: str | Unset | None = field(default=UNSET, metadata=length(0, 32))
    """The sender that is shown."""
    order_id: list[str] | Unset | None = field(default=UNSET, metadata=joined())
    """Ids of your own, one for each number and in the same order. They come back with the messages; whether one keeps
    a text from being sent twice, no page says.
    """


@frozen(kw_only=True, repr=False)
class SmsSend(SmsText):
    """A text to be sent to up to 1000 numbers."""

    app_id: str
    """The id of the SMS application."""
    numbers: list[str] = field(metadata=joined(1, 1000, code=-7, least_code=-8))
    """The numbers that it is sent to, each with its country code."""


@frozen(kw_only=True, repr=False)
class SmsBatchSend(OpenRequest):
    """Several texts to be sent, each to its own numbers."""

    app_id: str
    """The id of the SMS application."""
    array: list[SmsText] = field(metadata=items(1))
    """The texts with their numbers."""


@frozen(kw_only=True)
class SmsCounts(OpenRecord):
    """How many messages an answer is about; the vendor writes the counts as texts."""

    success: int | None = None
    """How many were accepted, or delivered."""
    fail: int | None = None
    """How many were refused, or failed."""


@frozen(kw_only=True)
class AcceptedSms(OpenRecord):
    """A message that was accepted."""

    msg_id: str | None = None
    """The message's id."""
    number: str | None = None
    """The number that it goes to."""
    order_id: str | None = None
    """The id of your own."""


@frozen(kw_only=True)
class SmsSent(SmsCounts):
    """What was accepted of what was to be sent. The call succeeds even if a part, or all of it, was refused."""

    array: list[AcceptedSms] | None = None
    """The accepted messages, and no others: the numbers that are missing were refused."""

    @property
    def is_partial(self) -> bool:
        """Whether the vendor refused any of the numbers, although the call succeeded."""
        return bool(self.fail)


@frozen(kw_only=True, repr=False)
class SmsReportGet(Request):
    """Which messages a report is about."""

    app_id: str
    """The id of the SMS application."""
    msg_ids: list[str] = field(metadata=joined(1, 200))
    """The ids of the messages."""


@frozen(kw_only=True)
class SmsResult(OpenRecord):
    """A message with what has become of it; `get_report` and `list_sent` write it in values of their own."""

    msg_id: str | None = None
    """The message's id."""
    number: str | None = None
    """The number that it went to."""
    receive_time: datetime | str | None = None
    """When it was sent by the vendor's Chinese page, when it was received by its English one. It is a text where the
    vendor gives it in another form than its pages say.
    """
    status: str | None = None
    """What has become of it."""

    @property
    def is_delivered(self) -> bool:
        """Whether it was delivered."""
        return self.status == SmsReportStatus.DELIVERED

    @property
    def is_failed(self) -> bool:
        """Whether it failed: whatever is neither delivered nor on its way."""
        return self.status not in (None, SmsReportStatus.DELIVERED, SmsReportStatus.SENDING)


@frozen(kw_only=True)
class ReportedSms(SmsResult):
    """A message in a report."""

    status: SmsReportStatus | str | None = None
    """What has become of it."""


@frozen(kw_only=True)
class SmsReport(SmsCounts):
    """What has become of some messages. `success` counts those that were delivered."""

    sending: int | None = None
    """How many are on their way."""
    nofound: int | None = None
    """How many ids the vendor does not know, or not yet: it counts messages here that wait to be sent."""
    array: list[ReportedSms] | None = None
    """The messages."""


@frozen(kw_only=True, repr=False)
class SentSmsQuery(Request):
    """Which messages a listing shows, from one of them on."""

    app_id: str
    """The id of the SMS application."""
    start_time: datetime
    """The earliest: a datetime with its zone."""
    end_time: datetime
    """The latest, at most 31 days later."""
    start_index: int | Unset = field(default=UNSET, metadata=between(0))
    """How many messages are left out at the beginning."""


@frozen(kw_only=True)
class SentSms(SmsResult):
    """A message in the listing of those that are over."""

    status: SentSmsStatus | str | None = None
    """What has become of it."""


@frozen(kw_only=True)
class SentSmsPage(SmsCounts):
    """At most 50,000 messages of a listing. `success` counts those that were delivered."""

    array: list[SentSms] | None = None
    """The messages."""


@frozen(kw_only=True, repr=False)
class SmsBackfillReport(OpenRequest):
    """A code that was sent by SMS and has been used."""

    app_id: str
    """The id of the application."""
    number: str
    """The number, with its country code."""
    time: datetime = field(metadata=MILLISECONDS)
    """When the code was used: a datetime with its zone. It is sent in milliseconds, as the page's sample has it."""
    msgid: str | Unset | None = UNSET
    """The id of the message that had the code; whether it is required, the page does not say."""


@frozen(kw_only=True, repr=False)
class InboundSmsFilter(Request):
    """Which received messages a listing shows."""

    str_time: datetime
    """The earliest: a datetime with its zone, not before 1 July 2022 in China."""
    end_time: datetime
    """The latest, at most one month later."""


@frozen(kw_only=True, repr=False)
class InboundSmsQuery(PageQuery):
    """One page of a listing of received messages."""

    app_id: str
    """The id of the SMS application, which stands beside the filters here."""
    params: InboundSmsFilter
    """Which messages are listed."""


@frozen(kw_only=True)
class SmsPrice(OpenRecord):
    """What a message costs, each amount as the vendor writes it: a decimal number in a text."""

    pay: str | None = None
    """The cost in all."""
    charge_cnt: int | None = None
    """How many messages are charged."""
    currency: str | None = None
    """The currency."""
    price: str | None = None
    """The price of one."""


@frozen(kw_only=True)
class InboundSms(OpenRecord):
    """A message that was received. It has no id in the listing."""

    number: str | None = None
    """The number that it came from."""
    send_id: str | None = None
    """The sender id that it went to."""
    receive_time: datetime | str | None = None
    """When it was received, or the vendor's text where that has another form than its page says."""
    content: str | None = None
    """The text."""
    mcc: int | None = None
    """The mobile country code."""
    mnc: int | None = None
    """The mobile network code."""
    operator: str | None = None
    """The operator."""
    pricedetail: SmsPrice | None = None
    """What it costs."""
