"""Applications, templates and flows: by what one-time codes are made and sent. What is sent and what comes back."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum

from attrs import field, frozen

from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.codec import Request
from itnio_async.limits import between, length
from itnio_async.values import KEY_ID, LONG, NAME, TEXT, UNSET, Unset

_PERIOD, _LIMIT = between(1, 90), LONG | between(1, 10_000_000_000)


class OtpFlowChannel(StrEnum):
    """The ways that a step of a flow may send a code."""

    SMS = "sms"
    CALL = "call"


class OtpFlowCondition(IntEnum):
    """When a step of a flow is taken."""

    SENDING_FAILED = 1
    NOT_VERIFIED = 2


class ChannelCut(IntEnum):
    """Whether a step of a flow sends the code over its channel: 0 is yes here."""

    SWITCH = 0
    DO_NOT_SWITCH = 1


class OtpLimitUnit(IntEnum):
    """What a period of a send limit is counted in."""

    DAY = 1
    HOUR = 2
    MINUTE = 3
    SECOND = 4


class OtpCodeType(IntEnum):
    """What codes are made of."""

    NUMERIC = 1
    ALPHA = 2
    ALPHANUMERIC = 3
    HEX = 4


class OtpLanguage(StrEnum):
    """The language that a code is read out in. The members have the vendor's names: CN is Chinese, IN is India's."""

    CN = "CN"
    EN = "EN"
    VN = "VN"
    JP = "JP"
    ARB = "ARB"
    DE = "DE"
    IN = "IN"
    IT = "IT"
    KR = "KR"
    RU = "RU"
    ES = "ES"
    PT = "PT"
    IDN = "IDN"
    BD = "BD"


@frozen(kw_only=True, repr=False)
class OtpSendLimit(Request):
    """How many codes may be sent in a period; one that is `enabled` needs unit, period and limit."""

    enabled: bool | Unset | None = UNSET
    """Whether it holds; it does not unless that is said."""
    unit: OtpLimitUnit | int | Unset | None = UNSET
    """What the period is counted in."""
    period: int | Unset | None = field(default=UNSET, metadata=_PERIOD)
    """How many of these units the period has."""
    limit: int | Unset | None = field(default=UNSET, metadata=_LIMIT)
    """How many codes may be sent in it."""


@frozen(kw_only=True)
class OtpAppLimit(OpenRecord):
    """How many codes an application may send in a period."""

    enabled: bool | None = None
    """Whether it holds."""
    unit: OtpLimitUnit | int | None = None
    """What the period is counted in."""
    period: int | None = None
    """How many of these units the period has."""
    limit: int | None = None
    """How many codes may be sent in it."""


@frozen(kw_only=True, repr=False)
class OtpAppSettings(OpenRequest):
    """What an application that sends codes is like."""

    code_expiry: int | Unset | None = field(default=UNSET, metadata=between(1, 60))
    """How many minutes a code lives; 5 unless it is said."""
    period_total_send_limit: OtpSendLimit | Unset | None = UNSET
    """How many codes it may send in a period to all numbers together."""
    period_phone_send_limit: OtpSendLimit | Unset | None = UNSET
    """How many codes it may send in a period to one number."""


@frozen(kw_only=True, repr=False)
class OtpAppAdd(OtpAppSettings):
    """An application to be created."""

    name: str | Unset | None = field(default=UNSET, metadata=NAME | length(4, 32))
    """The name, which no other application has."""


@frozen(kw_only=True, repr=False)
class OtpAppUpdate(OtpAppSettings):
    """What an application shall be. Whether what is left out stays, the page does not say."""

    app_id: str = field(metadata=NAME)
    """The application's id."""
    name: str = field(metadata=NAME | length(4, 32))
    """The name, which no other application has."""


@frozen(kw_only=True, repr=False)
class OtpAppKey(Request):
    """Which application is meant."""

    app_id: str = field(metadata=NAME)
    """The application's id."""


@frozen(kw_only=True)
class OtpApp(OpenRecord):
    """An application that sends codes. What an add answers beside the name, the page could not be read to tell."""

    app_id: str | None = None
    """The application's id."""
    name: str | None = None
    """The name."""
    code_expiry: int | None = None
    """How many minutes a code lives."""
    period_total_send_limit: OtpAppLimit | None = None
    """How many codes it may send in a period to all numbers together."""
    period_phone_send_limit: OtpAppLimit | None = None
    """How many codes it may send in a period to one number."""
    create_time: datetime | str | None = None
    """When it was made."""


# -- templates --------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class OtpTemplateSettings(OpenRequest):
    """What codes are like, and how they are told."""

    name: str = field(metadata=NAME | length(4, 32))
    """The name, which no other template has."""
    text: str = field(metadata=length(1, 256, part="##code##"))
    """The text, which has `##code##` where the code is put."""
    code_length: int | Unset | None = field(default=UNSET, metadata=between(4, 10))
    """How many characters a code has; 4 unless it is said."""
    speech_rate: int | Unset | None = field(default=UNSET, metadata=between(0, 100))
    """How fast it is read out; 50 unless it is said."""
    language: OtpLanguage | str | Unset | None = UNSET
    """The language that it is read out in; English unless it is said."""
    max_duration: int | Unset | None = field(default=UNSET, metadata=between(5, 599))
    """How many seconds a call may last; 59 unless it is said."""
    repeat_cnt: int | Unset | None = field(default=UNSET, metadata=between(1, 10))
    """How often it is read out; once unless it is said."""
    sender_id: str | Unset | None = UNSET
    """The sender that is shown."""


@frozen(kw_only=True, repr=False)
class OtpTemplateAdd(OtpTemplateSettings):
    """A template to be created."""

    app_id: str = field(metadata=NAME)
    """The application's id."""
    code_type: OtpCodeType | int
    """What codes are made of."""


@frozen(kw_only=True, repr=False)
class OtpTemplateUpdate(OtpTemplateSettings):
    """What a template shall be. Its page states defaults, so that what is left out may be set back to them."""

    template_id: int | str = field(metadata=KEY_ID | TEXT)
    """The template's id."""
    code_type: OtpCodeType | int | Unset | None = UNSET
    """What codes are made of."""


@frozen(kw_only=True, repr=False)
class OtpTemplateKey(Request):
    """Which template is meant."""

    template_id: int = field(metadata=KEY_ID)
    """The template's id."""


@frozen(kw_only=True)
class OtpTemplate(OpenRecord):
    """A template for codes."""

    template_id: int | None = None
    """The template's id."""
    app_id: str | None = None
    """The application's id."""
    name: str | None = None
    """The name."""
    text: str | None = None
    """The text, with `##code##` in it."""
    code_type: OtpCodeType | int | None = None
    """What codes are made of."""
    code_length: int | None = None
    """How many characters a code has."""
    speech_rate: int | None = None
    """How fast it is read out."""
    language: OtpLanguage | str | None = None
    """The language that it is read out in."""
    max_duration: int | None = None
    """How many seconds a call may last."""
    repeat_cnt: int | None = None
    """How often it is read out."""
    sender_id: str | None = None
    """The sender that is shown."""


# -- flows ------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True, repr=False)
class OtpFlowStep(Request):
    """A step of a flow: when it is taken, and what is done then."""

    waiting_time: int = field(metadata=between(30, 120))
    """How many seconds are waited before it."""
    status: OtpFlowCondition | int
    """What must have become of the code by then."""
    channel: OtpFlowChannel | str
    """The way that the code goes then."""
    channel_cut: ChannelCut | Unset | None = UNSET
    """Whether it is sent over that channel: `ChannelCut.SWITCH` is 0, and what holds unless it is said."""


@frozen(kw_only=True, repr=False)
class OtpFlowAdd(OpenRequest):
    """A flow to be created: channels that are tried one after another."""

    name: str = field(metadata=NAME | length(4, 32))
    """The name, which no other flow of the account has."""
    flow: list[OtpFlowStep]
    """The steps in their order."""


@frozen(kw_only=True, repr=False)
class OtpFlowUpdate(OtpFlowAdd):
    """What a flow shall be."""

    flow_id: int | str = field(metadata=KEY_ID | TEXT)
    """The flow's id."""


@frozen(kw_only=True, repr=False)
class OtpFlowKey(Request):
    """Which flow is meant."""

    flow_id: int = field(metadata=KEY_ID)
    """The flow's id."""


@frozen(kw_only=True)
class OtpStoredStep(OpenRecord):
    """A step of a flow as it is stored."""

    waiting_time: int | None = None
    """How many seconds are waited before it."""
    status: OtpFlowCondition | int | None = None
    """What must have become of the code by then."""
    channel: OtpFlowChannel | str | None = None
    """The way that the code goes then."""
    channel_cut: ChannelCut | int | None = None
    """Whether it is sent over that channel: 0 is yes."""


@frozen(kw_only=True)
class OtpFlow(OpenRecord):
    """A flow: channels that are tried one after another."""

    flow_id: int | None = None
    """The flow's id."""
    name: str | None = None
    """The name."""
    flow: list[OtpStoredStep] | None = None
    """The steps in their order."""


@frozen(kw_only=True, repr=False)
class OtpBackfillReport(OpenRequest):
    """How many of the codes were used. Which fields are required, the page could not be read to tell."""

    app_id: str | Unset | None = field(default=UNSET, metadata=NAME)
    """The application's id."""
    mcc: int | Unset | None = UNSET
    """The mobile country code."""
    backfill_number: str | Unset | None = UNSET
    """How many codes were used."""
    backfill_cardinal_number: str | Unset | None = UNSET
    """How many codes were sent."""
    backfill_now: str | Unset | None = UNSET
    """The share of those that were used: the page's sample has 10 for 100 of 1000."""
    callback_time: datetime | Unset | None = UNSET
    """The time, with its zone."""
