"""Numbers, their pools and the bindings of phones: what is sent and what comes back."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

from attrs import field, frozen

from itnio_async.api.enumerations import YesNo
from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import between, content, joined, joined_length, length
from itnio_async.values import TEXT, UNSET, Base64, Unset

LONGEST_VOICEMAIL = 5 * 2**20
"""The most bytes that a voicemail announcement may have: the vendor's page says 5 MB."""


class NumberState(IntEnum):
    """Whether a number works."""

    IN_USE = 3
    EXPIRED = 4
    DISABLED = 5


class NumberType(StrEnum):
    """What kind of number it is."""

    MOBILE = "MOBILE"
    FIXED = "FIXED"


class CallSource(IntEnum):
    """Which way a call went."""

    INBOUND = 2
    OUTBOUND = 3


class BindType(IntEnum):
    """How many numbers stand between two phones: one that both see (AXB), or one for each of them (AXXB)."""

    AXB = 1
    AXXB = 2


# -- numbers ----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class NumberFilter(Request):
    """Which numbers a listing shows."""

    app_id: str | Unset = UNSET
    """Only numbers of this application."""


@frozen(kw_only=True, repr=False)
class NumberQuery(PageQuery):
    """One page of a listing of numbers."""

    params: NumberFilter
    """Which numbers are listed."""


@frozen(kw_only=True)
class PhoneNumber(OpenRecord):
    """A number of the account as the listing shows it."""

    number: str | None = None
    """The number."""
    ccode: str | None = None
    """Its country code."""
    country: str | None = None
    """Its country."""
    due_date: str | None = None
    """When it expires, as on the wire: the page states no form."""
    state: NumberState | int | None = None
    """Whether it works."""
    inbound_prefix: str | None = None
    """What is put before it in inbound calls."""
    type: NumberType | str | None = None
    """What kind of number it is."""
    out_ip: list[str] | None = field(default=None, metadata=joined())
    """The addresses that may call out with it, which the vendor joins by commas."""
    in_ip: str | None = None
    """The address and port that inbound calls go to."""
    remark: str | None = None
    """A remark."""
    app_id: str | None = None
    """The application's id."""
    enable_voicemail: YesNo | int | None = None
    """Whether it has voicemail: 1 is yes."""
    voicemail_file_id: str | None = None
    """The voicemail announcement's id."""
    voicemail_file_name: str | None = None
    """The announcement's name."""
    voicemail_max_hangup: int | None = None
    """How many seconds a voicemail may last."""
    auto_renew: int | None = None
    """In the page's samples alone, where it is 0. By its name, whether the number is renewed at its due date."""


@frozen(kw_only=True, repr=False)
class NumberUpdate(OpenRequest):
    """What a number shall be. Whether what is left out stays, the page does not say."""

    number: str
    """The number."""
    app_id: str
    """The application's id."""
    enable_voicemail: YesNo = field(metadata=TEXT)
    """Whether it has voicemail: `YesNo.YES` is 1. It is sent as a text, as the page's table has it."""
    out_ip: list[str] | Unset | None = field(default=UNSET, metadata=joined_length(0, 50))
    """The addresses that may call out with it; all of them joined by commas have at most 50 characters."""
    in_ip: str | Unset | None = field(default=UNSET, metadata=length(0, 50))
    """The address and port that inbound calls go to, such as `192.0.2.24:5060`."""
    inbound_prefix: str | Unset | None = field(default=UNSET, metadata=length(0, 32))
    """What is put before it in inbound calls."""
    remark: str | Unset | None = field(default=UNSET, metadata=length(0, 50))
    """A remark."""
    voicemail_file: Base64 | str | Unset | None = field(
        default=UNSET, repr=False, metadata=content(LONGEST_VOICEMAIL, code=-22)
    )
    """The announcement: an MP3, WAV or M4A file of at most 5 MB.

    It is sent as base64, which `numbers.update` makes of its `file`.
    """
    voicemail_file_name: str | Unset | None = field(
        default=UNSET, metadata=length(endings=(".mp3", ".wav", ".m4a"), code=-22)
    )
    """The announcement's name with its ending: the file's own unless it is given."""
    voicemail_max_hangup: int | Unset | None = field(default=UNSET, metadata=between(1, 999, code=-22))
    """How many seconds a voicemail may last: required where there is voicemail."""


@frozen(kw_only=True, repr=False)
class NumberRecordFilter(Request):
    """Which calls of the numbers a listing shows."""

    str_time: datetime
    """The earliest: a datetime with its zone."""
    end_time: datetime
    """The latest, likewise."""


@frozen(kw_only=True, repr=False)
class NumberRecordQuery(PageQuery):
    """One page of a listing of the numbers' calls."""

    params: NumberRecordFilter
    """Which calls are listed."""


@frozen(kw_only=True)
class NumberRecord(OpenRecord):
    """A call of a number. The vendor's table goes on in what could not be read of it: see `extra`."""

    callid: str | None = None
    """The record's id."""
    number: str | None = None
    """The number."""
    type: NumberType | str | None = None
    """What kind of number it is."""
    caller: str | None = None
    """Who called."""
    called: str | None = None
    """Who was called."""
    ccode: str | None = None
    """The country code of the one called."""
    country: str | None = None
    """The country of the one called."""
    call_source: CallSource | int | None = None
    """Which way the call went."""
    call_duration: int | None = None
    """How long it was. The page states no unit."""
    charged_duration: int | None = None
    """How long it was for the bill, likewise."""
    start_time: str | None = None
    """When it began: a timestamp as on the wire, since the page does not say whether it counts seconds."""
    end_time: str | None = None
    """When it ended, likewise."""
    pay: float | None = None
    """What it cost, in `currency`."""
    sip_code: str | None = None
    """Its SIP code."""
    recording_file_url: str | None = None
    """Where the recording is."""
    hangup_reason: str | None = None
    """Why it ended."""
    app_id: str | None = None
    """The application's id."""
    charged_period: str | None = None
    """The period that is charged for, as on the wire."""
    customer_rate: str | None = None
    """The rate, in `currency`."""
    currency: str | None = None
    """The currency, such as `EUR`: None where it is USD."""
    quote_exchange: str | None = None
    """The exchange rate, None where the currency is USD. One page prints it as `QuoteExchange`: see `exchange_rate`."""

    @property
    def exchange_rate(self) -> str | None:
        """The exchange rate, however the answer writes its name; None where the currency is USD."""
        printed = self.extra.get("QuoteExchange")
        return str(printed) if self.quote_exchange is None and printed is not None else self.quote_exchange


# -- pools ------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class NumberPoolSettings(OpenRequest):
    """What a pool of numbers has, whether it is new or not."""

    pool_number: str
    """The number that the pool's calls seem to come from, by which the pool is named."""
    customer_whitelist: list[str] = field(metadata=joined_length(1, 200))
    """The addresses that may use it; all of them joined by commas have at most 200 characters."""
    number_list: list[str] | Unset | None = UNSET
    """The pool's numbers."""


@frozen(kw_only=True, repr=False)
class NumberPoolAdd(NumberPoolSettings):
    """A pool to be created."""

    pool_number: str = field(metadata=length(1, 20))
    """The number that the pool's calls seem to come from, which no other pool has (-20)."""
    max_concurrency: int = field(metadata=between(0, 9999))
    """How many calls there may be at once. The page's table has an Array, its sample a number."""


@frozen(kw_only=True, repr=False)
class NumberPoolUpdate(NumberPoolSettings):
    """What a pool shall be, its own number included. Whether its numbers stay if they are left out, no page says."""

    old_pool_number: str
    """The pool's number until now. The page's sample lacks it, its table requires it."""
    max_concurrency: int = field(metadata=TEXT | between(0, 9999))
    """How many calls there may be at once. It is sent as a text, as this page's table has it."""


@frozen(kw_only=True, repr=False)
class NumberPoolFilter(OpenRequest):
    """Which pools a listing shows: all of them, since the page lists no filters; `extra` takes them."""


@frozen(kw_only=True, repr=False)
class NumberPoolQuery(PageQuery):
    """One page of a listing of pools."""

    params: NumberPoolFilter = NumberPoolFilter()
    """Which pools are listed."""


@frozen(kw_only=True)
class NumberPool(OpenRecord):
    """A pool as the listing shows it."""

    pool_number: str | None = None
    """The number that its calls seem to come from."""
    customer_whitelist: list[str] | None = field(default=None, metadata=joined())
    """The addresses that may use it, which the vendor joins by commas."""
    max_concurrency: int | str | None = None
    """How many calls there may be at once."""
    number_list: list[str] | None = None
    """Its numbers."""


# -- bindings ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class PhoneBind(OpenRequest):
    """Two phones to be bound, so that each reaches the other by a number of the pool and sees no more of it."""

    phone_a: str = field(metadata=length(1, 20))
    """The first phone, with its country code, which the second one has as well."""
    phone_b: str = field(metadata=length(4, 20))
    """The second phone, likewise."""
    pool_number: str = field(metadata=length(1, 20))
    """The pool that the middle numbers are of."""
    expire_s: int = field(metadata=between(1, 259_200))
    """For how many seconds they are bound: at most three days."""
    app_id: str
    """The application's id."""
    biz_type: BindType | int
    """Whether both see one middle number or each one of its own."""


@frozen(kw_only=True)
class PhoneBound(OpenRecord):
    """Two phones that were bound: what each of them calls to reach the other."""

    pns_number_a: str | None = None
    """The middle number for the first phone."""
    pns_number_b: str | None = None
    """The middle number for the second phone: the same one, if it is only one."""
    bind_id: int | str | None = None
    """The binding's id. The page's table has a text, its sample and the listing a number."""


@frozen(kw_only=True, repr=False)
class PhoneUnbind(OpenRequest):
    """A binding to be ended."""

    bind_id: int | str = field(metadata=TEXT)
    """The binding's id. It is sent as a text, as the page's table has it."""
    app_id: str
    """The application's id."""


@frozen(kw_only=True, repr=False)
class PhoneBindingFilter(Request):
    """Which bindings a listing shows."""

    app_id: str | Unset = UNSET
    """Only bindings of this application."""


@frozen(kw_only=True, repr=False)
class PhoneBindingQuery(PageQuery):
    """One page of a listing of bindings."""

    params: PhoneBindingFilter
    """Which bindings are listed."""


@frozen(kw_only=True)
class PhoneBinding(OpenRecord):
    """A binding as the listing shows it."""

    bind_id: int | None = None
    """The binding's id."""
    phone_a: str | None = None
    """The first phone."""
    phone_b: str | None = None
    """The second phone."""
    pns_number_a: str | None = None
    """The middle number that the first phone sees."""
    pns_number_b: str | None = None
    """The middle number that the second phone sees. The page's table has an Integer, its sample a text."""
    expire_time: str | None = None
    """When it ends, as on the wire: seconds by the page's table, a time such as `2023-10-22 09:00:00` in its sample."""
