"""One-time codes sent and checked: what is sent and what comes back."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any

from attrs import NOTHING, field, frozen

from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.codec import Request
from itnio_async.limits import Form, length
from itnio_async.values import KEY_ID, NAME, UNSET, Unset, secret


class OtpMatched(IntEnum):
    """What came of checking a code: only `RIGHT`, which is 0, lets anybody in.

    `RIGHT` is true and all others are false, unlike their numbers, so that `if answer.matched` is never true of a wrong
    code; so are the results that the vendor may add, which have their numbers in their names.
    """

    NOT_CHECKED = -1
    RIGHT = 0
    SENDING = 1
    WRONG = 2
    UNKNOWN_ID = 3
    USED = 4
    EXPIRED = 5

    def __bool__(self) -> bool:
        return self == OtpMatched.RIGHT

    @classmethod
    def _missing_(cls, value: object) -> OtpMatched | None:
        if type(value) is not int:
            return None
        member = int.__new__(cls, value)
        member._name_, member._value_ = f"NUMBER_{value}", value
        return member


class OtpChannel(StrEnum):
    """The way that a code goes: a text, a call that reads it out, or a silent network authentication."""

    SMS = "sms"
    CALL = "call"
    SNA = "sna"


class OtpSmsStatus(IntEnum):
    """What became of a text with a code."""

    SENDING = -1
    DELIVERED = 0
    FAILED = 1


# -- sending and checking ---------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class OtpSending(OpenRequest):
    """Where a code is sent, and how."""

    app_id: str = field(metadata=NAME | length(4, 32))
    """The application's id."""
    to: str = field(metadata=length(10, 14, form=Form.DIGITS))
    """The number with its country code, of digits only."""
    flow_id: int | Unset | None = UNSET
    """The flow's id: which channels are tried one after another."""
    channel: OtpChannel | str | Unset | None = UNSET
    """The way that the code goes; a text unless it is said."""
    order_id: str | Unset | None = field(default=UNSET, metadata=length(0, 64))
    """An id of your own, such as a UUID, that no other code ever had: without one, a code whose answer was lost
    cannot be found again."""


@frozen(kw_only=True, repr=False)
class OtpSend(OtpSending):
    """A code that the vendor makes."""

    template_id: int = field(metadata=KEY_ID)
    """The template's id."""


@frozen(kw_only=True, repr=False)
class OtpOwnCodeSend(OtpSending):
    """A code of your own."""

    code: str = secret(NOTHING, limit=length(1, 10))
    """The code. To have it checked by `verify` it must have 4 characters or more."""
    template_id: int | Unset | None = UNSET
    """The template's id."""


@frozen(kw_only=True, repr=False)
class OtpResend(OpenRequest):
    """A code that is sent again."""

    verification_id: str = field(metadata=NAME)
    """The id that the first sending returned."""
    channel: OtpChannel | str | Unset | None = UNSET
    """The way that the code goes; a text unless it is said."""


@frozen(kw_only=True)
class OtpSent(OpenRecord):
    """A code that was sent."""

    verification_id: str | None = None
    """The code's id, for checking it."""
    to: str | None = None
    """The number."""
    channel: OtpChannel | str | None = None
    """The way that it went."""
    sna_url: str | None = None
    """Where the user's phone authenticates itself; only for the channel `sna`."""


@frozen(kw_only=True, repr=False)
class OtpVerify(OpenRequest):
    """A code that somebody typed, to be checked."""

    verification_id: str = field(metadata=NAME)
    """The id that the sending returned."""
    code: str = secret(NOTHING, limit=length(4, 10))
    """The code as it was typed."""


@frozen(kw_only=True)
class OtpVerification(OpenRecord):
    """What came of checking a code: look at `is_right`. An answer comes for a wrong code too, with the status 0.

    The record itself is true for a right code and false for any other.
    """

    matched: OtpMatched | int | None = None
    """The result, of which only `OtpMatched.RIGHT` says that the code was right."""
    verification_id: str | None = None
    """The code's id."""
    to: str | None = None
    """The number."""
    channel: OtpChannel | str | None = None
    """The way that the code went."""

    @property
    def is_right(self) -> bool:
        """Whether the code was right; not without an answer that says so."""
        return type(self.matched) is not bool and self.matched == OtpMatched.RIGHT

    def __bool__(self) -> bool:
        return self.is_right


# -- records ----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class OtpCheck(OpenRecord):
    """Whether a code was checked, and what came of it."""

    matched: OtpMatched | int | None = None
    """The result. `OtpMatched.UNKNOWN_ID` says that there is no such code."""
    verified_date: str | None = None
    """When it was checked, in a form that the page does not state."""
    ori_receiver: str | None = None
    """The number."""
    channel: OtpChannel | str | None = None
    """The way that the code went."""
    order_id: str | None = None
    """The id of your own."""


@frozen(kw_only=True)
class OtpText(OpenRecord):
    """A text with a code. Times have a form that the page does not state."""

    submit_tm: str | None = None
    """When it was submitted."""
    send_tm: str | None = None
    """When it was sent."""
    done_tm: str | None = None
    """When its end was known."""
    mcc: int | None = None
    """The mobile country code."""
    mnc: int | None = None
    """The mobile network code."""
    sender: str | None = None
    """The sender that was shown."""
    charge_cnt: int | None = None
    """How many messages were charged."""
    pay: str | None = None
    """What they cost."""
    settle_pay: str | None = None
    """What they cost in the currency of the account; only on the newest page, as the next three."""
    settle_price: str | None = None
    """The price of one in that currency."""
    settle_currency: str | None = None
    """That currency."""
    quote_exchange: str | None = None
    """The rate of exchange."""
    status: OtpSmsStatus | int | None = None
    """What became of it: 0 is delivered."""
    reason: str | None = None
    """Why, in words."""


@frozen(kw_only=True)
class OtpCall(OpenRecord):
    """A call that read out a code. Times have a form that the page does not state."""

    termination_code: int | None = None
    """0 for success, anything else for a failure."""
    termination_reason: str | None = None
    """The reason in words."""
    submit_time: str | None = None
    """When it was submitted."""
    call_time: str | None = None
    """When it was dialled."""
    ringing_time: str | None = None
    """When it rang."""
    answer_time: str | None = None
    """When it was answered."""
    hangup_time: str | None = None
    """When it ended."""
    call_duration: int | None = None
    """How long it was."""
    charged_duration: int | None = None
    """How much of that is charged."""
    display_num: str | None = None
    """The number that was shown."""
    bill_period: str | None = None
    """The step that is billed by. The vendor's Chinese tables write `billPeriodstring`, which would be in `extra`."""
    code: str | None = None
    """Region and operator."""
    rate: str | None = None
    """The rate."""
    cost: str | None = None
    """What it cost."""


@frozen(kw_only=True)
class OtpDelivery(OpenRecord):
    """What became of a code. Texts and calls are lists, though one page has objects: a flow may send several times."""

    verifications: OtpCheck | None = None
    """Whether it was checked."""
    sms: list[OtpText] | None = None
    """The texts with it."""
    call: list[OtpCall] | None = None
    """The calls with it."""
    sna: Any = None
    """The silent network authentication, as it came: its fields could not be read on the pages."""


@frozen(kw_only=True)
class OtpRecord(OtpDelivery):
    """What became of the code with an id of the vendor's."""

    verification_id: str | None = None
    """The code's id."""


@frozen(kw_only=True)
class OtpOrderRecord(OtpDelivery):
    """What became of the code with an id of your own. The vendor's id of it is not among the page's fields."""

    order_id: str | None = None
    """The id of your own."""
    flow_id: int | None = None
    """The flow's id."""


@frozen(kw_only=True, repr=False)
class OtpRecordKey(Request):
    """Which code is meant, by the vendor's id."""

    verification_id: str = field(metadata=NAME)
    """The id that the sending returned."""


@frozen(kw_only=True, repr=False)
class OtpOrderKey(OpenRequest):
    """Which code is meant, by an id of your own."""

    app_id: str = field(metadata=NAME)
    """The application's id."""
    order_id: str
    """The id of your own that it was sent with."""
