"""The endpoints of one-time codes: the fields of each, the rules beyond their form, and what is done.

A code is sent if the application (-22, assumed), its template, its flow and an id that is not taken are found, and by
the number of the code: -26, -27, -28, -29. -10 (the balance) has no condition here: order it as a `Fault`. A check is
answered in this order: no such id (3), already used (4), expired (5), on its way (1), wrong (2), right (0).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from itnio_async.sandbox.fields import ID, OPTIONAL_ID, REQUIRED_TEXT, TEXT, Field, Fields
from itnio_async.sandbox.handler import COMMON
from itnio_async.sandbox.otp import applications as applications
from itnio_async.sandbox.otp.calls import APP_EXISTS, FAMILY as FAMILY, LIMITS, NAME, OtpCall
from itnio_async.sandbox.otp.tables import (
    CALL,
    EXPIRED,
    NOT_CHECKED,
    RIGHT,
    SENDING,
    SMS,
    SNA,
    UNKNOWN_ID,
    USED,
    WRONG,
    is_lost,
    made_code,
    sendings,
    verification_id,
)
from itnio_async.sandbox.rules import Rule, assumed, is_text, unknown_id
from itnio_async.sandbox.times import is_zoned_time, written

# Sending and checking.

_SENT = COMMON | {-10, -26, -27, -28, -29}
_CHANNEL = Field(is_text, values=(SMS, CALL, SNA))
_SENDING: Fields = {
    "appId": NAME,
    "to": Field(is_text, required=True, least=10, most=14, form=re.compile("[0-9]{10,14}+")),
    "flowId": OPTIONAL_ID,
    "channel": _CHANNEL,
    "orderId": Field(is_text, most=64),
}
_MAY_BE_SENT: tuple[Rule[OtpCall], ...] = (
    assumed(
        -26,
        "the number begins with no country code",
        lambda call: call.receiver.startswith("0"),
        switch="otp_rate_needs_country",
    ),
    Rule(-27, "the limit of all numbers is reached", lambda call: call.is_at_limit(LIMITS[0], of_number=False)),
    Rule(-28, "the limit of the number is reached", lambda call: call.is_at_limit(LIMITS[1], of_number=True)),
    assumed(
        -29,
        "the template has a forbidden word",
        lambda call: call.template and call.assumptions.forbidden_otp_word in call.template["text"].lower(),
    ),
)
_SENDING_RULES: tuple[Rule[OtpCall], ...] = (
    APP_EXISTS,
    unknown_id(
        "no template of the application has this templateId",
        lambda call: (
            call.body.get("templateId") is not None
            and (call.template is None or call.template["app_id"] != call.body["appId"])
        ),
    ),
    unknown_id("no flow has this flowId", lambda call: call.body.get("flowId") is not None and call.flow is None),
    assumed(
        "repeated_otp_order_code",
        "an earlier code has this orderId",
        lambda call: call.body.get("orderId") and _of_order(call) is not None,
    ),
    *_MAY_BE_SENT,
)


def _of_order(call: OtpCall) -> Any:
    return call.database.row(
        "otp_code WHERE app_id = ? AND order_id = ? ORDER BY key_id DESC", call.body["appId"], call.body["orderId"]
    )


def _send(call: OtpCall, code: str, **values: object) -> dict[str, Any]:
    channel = call.body.get("channel") or SMS
    key_id = call.database.insert(
        "otp_code",
        {
            "app_id": call.app["app_id"],
            "receiver": call.receiver,
            "channel": channel,
            "code": code,
            "sent_at": call.now,
            "expires_at": call.now + 60 * call.app["code_expiry"],
            **values,
        },
    )
    id = verification_id(key_id)
    url = {"snaUrl": f"https://sna.sandbox.invalid/{id}"} if channel == SNA else {}
    return {"verificationId": id, "to": call.receiver, "channel": channel, **url}


def _given(call: OtpCall) -> dict[str, Any]:
    body = call.body
    return {
        "template_id": body.get("templateId"),
        "flow_id": body.get("flowId"),
        "order_id": body.get("orderId") or None,
    }


@FAMILY.endpoint("verification/send", fields={**_SENDING, "templateId": ID}, rules=_SENDING_RULES, codes=_SENT)
def send(call: OtpCall) -> dict[str, Any]:
    """Send a code that is made here: the end of the number."""
    return _send(call, made_code(call.template, call.receiver), **_given(call))


@FAMILY.endpoint(
    "verification/sendRule",
    fields={**_SENDING, "templateId": OPTIONAL_ID, "code": Field(is_text, required=True, least=1, most=10)},
    rules=_SENDING_RULES,
    codes=_SENT,
)
def send_own_code(call: OtpCall) -> dict[str, Any]:
    """Send the code that is given."""
    return _send(call, call.body["code"], **_given(call))


@FAMILY.endpoint(
    "verification/resend",
    fields={"verificationId": REQUIRED_TEXT, "channel": _CHANNEL},
    rules=(unknown_id("no code has this verificationId", lambda call: call.earlier is None), *_MAY_BE_SENT),
    codes=_SENT,
)
def resend(call: OtpCall) -> dict[str, Any]:
    """Send a code again, under a new id."""
    earlier = call.earlier
    if call.assumptions.earlier_otp == "ends":
        call.database.change("otp_code", {"key_id": earlier["key_id"]}, {"is_over": 1})
    return _send(call, earlier["code"], template_id=earlier["template_id"])


@FAMILY.endpoint(
    "verification/verify",
    fields={"verificationId": REQUIRED_TEXT, "code": Field(is_text, required=True, least=4, most=10)},
)
def verify(call: OtpCall) -> dict[str, Any]:
    """Check a code, whose right one is used up by it."""
    code = call.earlier
    if code is None:
        return {"verificationId": call.body["verificationId"], "to": None, "channel": None, "matched": UNKNOWN_ID}
    matched = _checked(call, code)
    if matched in (RIGHT, WRONG):
        is_over = matched == RIGHT or call.assumptions.wrong_otp_check == "uses up"
        values = {"matched": matched, "checked_at": call.now, "is_over": int(is_over)}
        call.database.change("otp_code", {"key_id": code["key_id"]}, values)
    channel, _ = _sendings(call, code)[-1]
    return {
        "verificationId": call.body["verificationId"],
        "to": code["receiver"],
        "channel": channel,
        "matched": matched,
    }


def _checked(call: OtpCall, code: Mapping[str, Any]) -> int:
    if code["is_over"]:
        return USED
    if code["expires_at"] <= call.now:
        return EXPIRED
    if _is_on_its_way(call, code["sent_at"]):
        return SENDING
    return RIGHT if call.body["code"] == code["code"] else WRONG


# Records.


def _is_on_its_way(call: OtpCall, at: float) -> bool:
    return at + call.assumptions.otp_seconds > call.now


def _sendings(call: OtpCall, code: Mapping[str, Any]) -> list[tuple[str, float]]:
    flow = call.database.row("otp_flow WHERE flow_id = ?", code["flow_id"])
    undelivered = call.assumptions.undelivered_otp_numbers
    return list(sendings(code, flow["flow"] if flow else None, call.now, undelivered))


def _text(call: OtpCall, code: Mapping[str, Any], at: float) -> dict[str, Any]:
    is_sending, fails = (
        _is_on_its_way(call, at),
        is_lost(SMS, code["receiver"], call.assumptions.undelivered_otp_numbers),
    )
    offset = call.assumptions.utc_offset
    template = call.database.row("otp_template WHERE template_id = ?", code["template_id"])
    return {
        "submitTm": written(at, offset),
        "sendTm": written(at, offset),
        "doneTm": None if is_sending else written(at + call.assumptions.otp_seconds, offset),
        # Of no country: these are set aside for networks of one's own.
        "mcc": 999,
        "mnc": 99,
        "sender": template["sender_id"] if template else None,
        "chargeCnt": 1,
        "pay": "0.01",
        "status": -1 if is_sending else int(fails),
        "reason": "not delivered" if fails and not is_sending else None,
    }


def _spoken(call: OtpCall, at: float) -> dict[str, Any]:
    moments = (at, at, at, at + call.assumptions.otp_seconds, at + call.assumptions.otp_seconds)
    names = ("submitTime", "callTime", "ringingTime", "answerTime", "hangupTime")
    return {
        "terminationCode": 0,
        "terminationReason": "success",
        **{name: written(moment, call.assumptions.utc_offset) for name, moment in zip(names, moments, strict=True)},
        "callDuration": 1,
        "chargedDuration": 60,
        "displayNum": None,
        "billPeriod": "60",
        "code": None,
        "rate": "0.01",
        "cost": "0.01",
    }


def _record(call: OtpCall, code: Mapping[str, Any]) -> dict[str, Any]:
    """Return what became of a code, with all texts and calls that there were."""
    sent = _sendings(call, code)
    channel, at = sent[-1]
    checked_at, matched = code["checked_at"], code["matched"]
    return {
        "verifications": {
            "matched": matched if matched is not None else SENDING if _is_on_its_way(call, at) else NOT_CHECKED,
            "verifiedDate": None if checked_at is None else written(checked_at, call.assumptions.utc_offset),
            "oriReceiver": code["receiver"],
            "channel": channel,
        },
        "sms": [_text(call, code, at) for channel, at in sent if channel == SMS],
        "call": [_spoken(call, at) for channel, at in sent if channel == CALL],
        "sna": None,
    }


_NOTHING = {"verifications": {"matched": UNKNOWN_ID}, "sms": None, "call": None, "sna": None}


@FAMILY.endpoint("verification/record/{verificationId}", method="GET", fields={"verificationId": REQUIRED_TEXT})
def get_record(call: OtpCall) -> dict[str, Any]:
    """Tell what became of a code; of a flow, the newest text and the newest call."""
    code, id = call.earlier, {"verificationId": call.body["verificationId"]}
    if code is None:
        return {**id, **_NOTHING}
    record = _record(call, code)
    record["verifications"]["orderId"] = code["order_id"]
    return {**id, **record, **{kind: record[kind][-1] if record[kind] else None for kind in (SMS, CALL)}}


@FAMILY.endpoint(
    "verification/orderId/record",
    fields={"appId": REQUIRED_TEXT, "orderId": REQUIRED_TEXT},
    rules=(
        unknown_id(
            "no code of the application has this orderId",
            lambda call: call.assumptions.unknown_otp_order == "refused" and _of_order(call) is None,
        ),
    ),
)
def get_order_record(call: OtpCall) -> dict[str, Any]:
    """Tell what became of the code that an id of the caller's own was given to."""
    code = _of_order(call)
    id = {"orderId": call.body["orderId"], "flowId": code["flow_id"] if code else None}
    return {**id, **(_record(call, code) if code else {**_NOTHING, SMS: [], CALL: []})}


@FAMILY.endpoint(
    "backfillRate",
    fields={
        "appId": TEXT,
        "mcc": OPTIONAL_ID,
        "backfillNumber": TEXT,
        "backfillCardinalNumber": TEXT,
        "backfillNow": TEXT,
        "callbackTime": Field(is_zoned_time),
    },
    rules=(unknown_id("no application has this appId", lambda call: call.body.get("appId") and call.app is None),),
)
def report_backfill_rate(call: OtpCall) -> None:
    """Take note that codes were used, which shows nowhere."""
