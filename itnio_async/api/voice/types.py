"""Voice messages, phones and their calls: what is sent and what comes back."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from itnio_async.api.enumerations import SsmlGender
from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import Form, Limit, between, content, joined, length
from itnio_async.values import NAME, UNSET, Base64, Unset, secret

# `terminationCode` says success by one number where a call is ordered, and by another in the record of the call.
_ACCEPTED = "0"
_ANSWERED = "200"


# -- sound files ------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class VoiceFileUpload(OpenRequest):
    """A sound file to be stored."""

    file_name: str = field(metadata=length(5, 32, endings=(".mp3", ".m4a", ".wav")))
    """The file's name with its ending, which no other sound file has (-20)."""
    file: Base64 | str = field(repr=False, metadata=content())
    """The file's content as base64, as `uploads.as_base64` makes it. The page does not say how long it may be."""


@frozen(kw_only=True, repr=False)
class VoiceFileQuery(PageQuery):
    """One page of the listing of sound files, which has no filters."""


@frozen(kw_only=True)
class VoiceFile(OpenRecord):
    """A sound file as the listing shows it."""

    file_id: str | None = None
    """The file's id."""
    file_name: str | None = None
    """The file's name."""


# -- calls ------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class CallSend(OpenRequest):
    """What all calls have that are ordered."""

    app_id: str = field(metadata=NAME)
    """The voice application's id."""
    display_num: str | Unset | None = field(default=UNSET, metadata=length(7, 15, form=Form.DIGITS))
    """The number that is shown to those who are called."""
    called_info: str | Unset | None = field(default=UNSET, metadata=length(0, 1000))
    """Something about those who are called, which comes back in the record."""


@frozen(kw_only=True, repr=False)
class MessageSend(CallSend):
    """What all calls have that play a message."""

    loop_count: int | Unset | None = field(default=UNSET, metadata=between(1, 9))
    """How often the message is played, 1 unless given. An older page takes no more than 3."""
    max_duration: int | Unset | None = field(default=UNSET, metadata=between(1, 120))
    """After how many seconds the call is ended."""
    max_ringing_time: int | Unset | None = field(default=UNSET, metadata=between(20, 120))
    """For how many seconds it may ring, 60 unless given."""


@frozen(kw_only=True, repr=False)
class VoiceCodeSend(MessageSend):
    """A text to be read out to one number."""

    callee: str = field(metadata=length(7, 15, form=Form.DIGITS))
    """The number that is called, with its country code."""
    language: str
    """The language of the text, such as `EN`; the vendor's list of them grows."""
    text: str = field(repr=False, metadata=length(most=1000))
    """The text. An older page takes no more than 800 characters, and 299 in the languages IDN, VN and TH.

    It may have a one-time code in it: where the request is printed, it is left out.
    """
    speaking_rate: float | Unset | None = field(default=UNSET, metadata=between(0.25, 4))
    """How fast it is read."""
    ssml_gender: SsmlGender | int | Unset | None = UNSET
    """Whose voice reads it."""
    accent: str | Unset | None = UNSET
    """The accent, such as `91`. The page does not list them."""
    recall_count: int | Unset | None = field(default=UNSET, metadata=between(0, 9))
    """How often the number is dialled again, 0 unless given."""
    recall_interval: int | Unset | None = field(default=UNSET, metadata=between(0, 999))
    """After how many minutes it is dialled again, 5 unless given. The table wants 1 at least; 0 is in the sample,
    where nothing is dialled again."""


@frozen(kw_only=True, repr=False)
class VoiceFileSend(MessageSend):
    """A sound file to be played to many numbers."""

    callee: list[str] = field(metadata=joined(1, 1000, each=Limit(7, 15, unit="characters", form=Form.DIGITS)))
    """The numbers that are called, with their country codes. An older page takes no more than 200."""
    file_id: str = field(metadata=NAME)
    """The sound file's id: what `upload_file` returned."""


@frozen(kw_only=True)
class VoiceFileSent(OpenRecord):
    """What became of the order to call one number: some may be accepted and others not."""

    voice_id: str | None = None
    """The id of the call's record."""
    callee: str | None = None
    """The number."""
    termination_code: str | None = None
    """`0` where the order was accepted, which is not the `200` of an answered call in a record: see `accepted`."""
    termination_reason: str | None = None
    """What is wrong, in words."""

    @property
    def accepted(self) -> bool:
        """Whether the number is called; whether somebody answers, only the record tells."""
        return self.termination_code == _ACCEPTED


# -- phones -----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class PhoneAdd(OpenRequest):
    """A group of phones to be created."""

    app_id: str = field(metadata=NAME)
    """The voice application's id."""
    group_name: str = field(metadata=NAME | length(4, 32))
    """The group's name, which no other group of phones in the application has (-20)."""
    phone_name: str = field(metadata=length(4, 32))
    """The name of the phones, which no others in the application have (-20)."""
    quantity: int = field(metadata=between(1, 50))
    """How many phones are created."""
    display_num: str = field(metadata=length(7, 13, form=Form.DIGITS))
    """The number that is shown to those whom they call."""


@frozen(kw_only=True, repr=False)
class PhoneFilter(Request):
    """Which phones a listing shows."""

    app_id: str = field(metadata=NAME)
    """The phones of this voice application."""


@frozen(kw_only=True, repr=False)
class PhoneQuery(PageQuery):
    """One page of a listing of phones."""

    params: PhoneFilter
    """Which phones are listed."""


@frozen(kw_only=True, repr=False)
class PhoneReset(OpenRequest):
    """Which phone gets a new password."""

    account: str = field(metadata=length(4, 32))
    """The account that the phone logs in with."""
    app_id: str = field(metadata=NAME)
    """The voice application's id."""


@frozen(kw_only=True)
class PhonePassword(OpenRecord):
    """What a phone logs in with."""

    account: str | None = None
    """The account."""
    password: str | None = secret(None)
    """The password of that account."""


@frozen(kw_only=True)
class Phone(PhonePassword):
    """A phone as the listing shows it, password and all."""

    group_name: str | None = None
    """The name of its group."""
    phone_name: str | None = None
    """Its name."""
    display_num: str | None = None
    """The number that is shown to those whom it calls."""


@frozen(kw_only=True, repr=False)
class PhoneCallSend(CallSend):
    """A call that a phone makes."""

    callee: str = field(metadata=length(7, 15, form=Form.DIGITS))
    """The number that is called, with its country code."""
    account: str
    """The account of the phone that calls it."""


# -- records ----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class VoiceRecordKey(Request):
    """Which record of a call is meant."""

    voice_id: str = field(metadata=NAME)
    """The record's id."""


@frozen(kw_only=True, repr=False)
class VoiceRecordFilter(Request):
    """Which calls of the last two months a listing shows, at most 31 days of them."""

    str_time: datetime
    """The earliest: a datetime with its zone."""
    end_time: datetime
    """The latest, at most 31 days later."""


@frozen(kw_only=True, repr=False)
class VoiceRecordQuery(PageQuery):
    """One page of a listing of calls that played a message."""

    params: VoiceRecordFilter
    """Which calls are listed."""


@frozen(kw_only=True, repr=False)
class PhoneRecordFilter(VoiceRecordFilter):
    """Which calls of phones a listing shows."""

    sip_group_name: str | Unset = UNSET
    """Only calls of the group of phones that has exactly this name."""
    phone_name: str | Unset = UNSET
    """Only calls of the phone that has exactly this name."""


@frozen(kw_only=True, repr=False)
class PhoneRecordQuery(PageQuery):
    """One page of a listing of calls that phones made."""

    params: PhoneRecordFilter
    """Which calls are listed."""


@frozen(kw_only=True)
class CallDetailRecord(OpenRecord):
    """What all records of calls have. Times are as on the wire: the pages state neither their form nor their zone.

    Amounts are decimal numbers in texts, as the vendor writes them.
    """

    voice_id: str | None = None
    """The record's id: what the order of the call returned."""
    callee: str | None = None
    """The number that was called."""
    display_num: str | None = None
    """The number that was shown."""
    code: str | None = None
    """The region and the operator of the number."""
    submit_time: str | None = None
    """When the call was ordered."""
    call_time: str | None = None
    """When it was dialled."""
    ringing_time: str | None = None
    """When it rang."""
    answer_time: str | None = None
    """When it was answered."""
    hangup_time: str | None = None
    """When it ended."""
    call_duration: int | None = None
    """How many seconds it took."""
    charged_duration: int | None = None
    """How many seconds are charged."""
    termination_code: str | None = None
    """The SIP code with which it ended: `200` where it was answered, see `answered`."""
    termination_reason: str | None = None
    """That code in words."""
    cost: str | None = None
    """What it cost, in the currency of the price list."""
    bill_period: str | None = None
    """The steps in which seconds are charged, such as `20+20`."""
    rate: str | None = None
    """The price, in the currency of the price list."""
    settle_rate: str | None = None
    """The price in the account's own currency, where that is not USD."""
    quote_exchange: str | None = None
    """The rate of exchange, likewise."""
    settle_pay: str | None = None
    """What it cost in the account's own currency, likewise."""
    currency: str | None = None
    """The currency, likewise: `EUR`, or another."""

    @property
    def answered(self) -> bool:
        """Whether somebody answered: a record has the code 200 for it, where an order has 0 for success."""
        return self.termination_code == _ANSWERED


@frozen(kw_only=True)
class VoiceRecord(CallDetailRecord):
    """A call that played a message, be it a text that was read out or a sound file."""

    base_cost: str | None = None
    """The base cost: in USD by the vendor's Chinese page, in the currency of the price list by its English one."""
    voice_file_id: str | None = None
    """The sound file's id."""
    feedback_value: str | None = None
    """The key that was pressed, `-1` if none was."""
    called_info: str | None = None
    """What the order said about the one who was called."""


@frozen(kw_only=True)
class PhoneRecord(CallDetailRecord):
    """A call that a phone made."""

    sip_group_name: str | None = None
    """The name of the phone's group."""
    phone_name: str | None = None
    """The phone's name."""
    recording_file_id: str | None = None
    """The id of its recording."""
