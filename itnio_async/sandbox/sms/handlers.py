"""The endpoints of text messages: the fields of each, the rules beyond their form, and what is done."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from attrs import evolve

from itnio_async.api.sms.codes import SMS
from itnio_async.sandbox import relations
from itnio_async.sandbox.changes import page
from itnio_async.sandbox.fields import PAGE, REQUIRED_TEXT, TEXT, Field, Fields, is_list
from itnio_async.sandbox.handler import AUTHENTICATION, Family
from itnio_async.sandbox.rules import Call, Rule, assumed, is_integer, is_object, is_text, unknown_id
from itnio_async.sandbox.sms.assumptions import SmsAssumptions
from itnio_async.sandbox.sms.tables import (
    DELIVERED,
    FAILED_IN_LISTING,
    FAILED_IN_REPORT,
    OVER,
    RECEIVED,
    REPORTED,
    SENDING,
    TABLES,
)
from itnio_async.sandbox.times import is_zoned_time, seconds, through, written_with_zone

_NUMBER = re.compile(r"\+?[0-9]{7,15}+")
_DAY = 86_400
_FIRST_INBOUND = seconds("2022-07-01T00:00:00+08:00", 0)


class SmsCall(Call[SmsAssumptions]):
    """A request about text messages."""

    @cached_property
    def texts(self) -> list[Mapping[str, Any]]:
        """The texts to be sent: those of a batch, or the one that the request itself is."""
        texts: list[Mapping[str, Any]] = self.body.get("array") or [self.body]
        return texts

    @cached_property
    def messages(self) -> list[tuple[Mapping[str, Any], str, str | None]]:
        """What is to be sent: a text, a number and an id of the caller's own, for each number."""
        return list(_messages(self.texts))

    @cached_property
    def accepted(self) -> list[tuple[Mapping[str, Any], str, str | None]]:
        """Those of them that have a number."""
        return [message for message in self.messages if _NUMBER.fullmatch(message[1])]

    @property
    def cost(self) -> Decimal:
        """What they cost."""
        return Decimal(str(self.assumptions.sms_price)) * len(self.accepted)

    @cached_property
    def window(self) -> tuple[float, float]:
        """The time that is asked about, in Unix seconds."""
        asked = self.body.get("params") or self.body
        start, end = (asked.get("startTime") or asked["strTime"], asked["endTime"])
        return seconds(start, 0), seconds(end, 0)


def _messages(texts: list[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], str, str | None]]:
    for text in texts:
        numbers = text["numbers"].split(",")
        ids = text["orderId"].split(",") if text.get("orderId") else [None] * len(numbers)
        for number, order_id in zip(numbers, ids, strict=True):
            yield text, number, order_id


def _has_other_count_of_ids(call: SmsCall) -> bool:
    return any(text.get("orderId") and text["orderId"].count(",") != text["numbers"].count(",") for text in call.texts)


def _has_forbidden_words(call: SmsCall) -> bool:
    words = call.assumptions.forbidden_sms_words.lower().split()
    return any(word in text["content"].lower() for text in call.texts for word in words)


def _is_of_another_application(call: SmsCall) -> bool:
    return bool(call.body["appId"] != relations.FIRST_APPLICATION)


def _ends_before_it_starts(call: SmsCall) -> bool:
    return call.window[1] < call.window[0]


def _is_longer_than_a_month(call: SmsCall) -> bool:
    return call.window[1] - call.window[0] > 31 * _DAY


FAMILY = Family(SMS, "/sms", SmsCall, TABLES, beside=True)
_SENDING_CODES = AUTHENTICATION | {-18, -3, -4, -5, -6, -7, -8, -9, -10, -13, -19}
_APPLICATION: Fields = {"appId": REQUIRED_TEXT}
_APPLICATION_EXISTS: Rule[SmsCall] = unknown_id("no application has this appId", _is_of_another_application)


_JOINED = Field(is_text, required=True, joined=True, least=1)


def _text(numbers: Field) -> Fields:
    """Return the fields of a text, of which a batch has many; how many numbers each takes there, no page says."""
    return {
        "numbers": evolve(numbers, missing_code=-8),
        "content": Field(is_text, required=True, least=1, most=1024, missing_code=-4, beyond_code=-5),
        "senderId": Field(is_text, most=32),
        "orderId": Field(is_text, joined=True),
    }


_TEXTS = Field(is_list, required=True, least=1, members=Field(is_object, required=True, fields=_text(_JOINED)))


_SENDING: tuple[Rule[SmsCall], ...] = (
    _APPLICATION_EXISTS,
    assumed("sms_form_code", "there are not as many orderId as numbers", _has_other_count_of_ids),
    Rule(-3, "the text has forbidden words", _has_forbidden_words),
    Rule(-9, "no number is well-formed", lambda call: not call.accepted),
    assumed(
        -9,
        "a number is malformed",
        lambda call: len(call.accepted) < len(call.messages),
        switch="malformed_sms_number_refused",
    ),
    Rule(-10, "it costs more than the balance", lambda call: call.cost > relations.balance(call.database)),
)


# No route or price (-19), no template that fits (-6) and a locked user (-13) are nothing that a request could say here.
@FAMILY.endpoint(
    "sendSms/batch",
    fields={**_APPLICATION, "array": _TEXTS},
    rules=_SENDING,
    form_code="sms_form_code",
    codes=_SENDING_CODES,
)
@FAMILY.endpoint(
    "sendSms",
    fields={**_APPLICATION, **_text(evolve(_JOINED, most=1000, beyond_code=-7))},
    rules=_SENDING,
    form_code="sms_form_code",
    codes=_SENDING_CODES,
)
def send(call: SmsCall) -> dict[str, Any]:
    """Store a message for each number, with what becomes of it, and the reply that comes of it."""
    if call.cost:
        relations.charge(call.database, call.cost)
    array = [_store(call, *message) for message in call.accepted]
    return {"success": str(len(array)), "fail": str(len(call.messages) - len(array)), "array": array}


def _store(call: SmsCall, text: Mapping[str, Any], number: str, order_id: str | None) -> dict[str, Any]:
    assumptions = call.assumptions
    sent_at = call.now + assumptions.sms_queued_seconds
    ends_at = sent_at + assumptions.sms_sending_seconds
    is_failed = number[-1] in assumptions.failing_sms_numbers
    common = {"app_id": call.body["appId"], "number": number}
    message = {
        **common,
        "msg_id": "",
        "order_id": order_id,
        "content": text["content"],
        "sender_id": text.get("senderId") or None,
        "sent_at": sent_at,
        "ends_at": ends_at,
        "is_failed": is_failed,
    }
    key_id = call.database.insert("sms", message)
    msg_id = re.sub("[^0-9]", "", call.moment)[2:] + f"{key_id:08d}"
    call.database.change("sms", {"key_id": key_id}, {"msg_id": msg_id})
    if not is_failed and number[-1] in assumptions.replying_sms_numbers:
        reply = {**common, "send_id": message["sender_id"], "content": "OK", "received_at": ends_at}
        call.database.insert("sms_inbound", reply)
    return {"msgId": msg_id, "number": number, **({} if order_id is None else {"orderId": order_id})}


@FAMILY.endpoint(
    "getReport",
    method="GET",
    fields={**_APPLICATION, "msgIds": evolve(_JOINED, most=200, beyond_code="sms_form_code")},
    rules=(Rule(-14, "no application has this appId", _is_of_another_application),),
    form_code=-14,
    codes=AUTHENTICATION | {-11, -14, -18, -19},
)
def get_report(call: SmsCall) -> dict[str, Any]:
    """Tell what has become of messages, each id once; of those that wait to be sent, as of unknown ones, only that."""
    ids = list(dict.fromkeys(call.body["msgIds"].split(",")))
    oldest = call.now - call.assumptions.sms_report_days * _DAY
    values = {"app": call.body["appId"], "now": call.now, "oldest": oldest, "ids": json.dumps(ids)}
    array = [_reported(call, dict(row), FAILED_IN_REPORT) for row in call.database.rows(REPORTED, values)]
    return {
        **_counted(array),
        "sending": _count(array, SENDING),
        "nofound": str(len(ids) - len(array)),
        "array": array,
    }


def _reported(call: SmsCall, message: Mapping[str, Any], failed: str) -> dict[str, Any]:
    if message["ends_at"] > call.now:
        status, time = SENDING, None
    else:
        status = failed if message["is_failed"] else DELIVERED
        time = message["sent_at" if call.assumptions.sms_receive_time == "sent" else "ends_at"]
    return {
        "msgId": message["msg_id"],
        "number": message["number"],
        "receiveTime": None if time is None else written_with_zone(time),
        "status": status,
    }


def _counted(array: list[dict[str, Any]]) -> dict[str, str]:
    failed = sum(message["status"] in (FAILED_IN_REPORT, FAILED_IN_LISTING) for message in array)
    return {"success": _count(array, DELIVERED), "fail": str(failed)}


def _count(array: list[dict[str, Any]], status: str) -> str:
    return str(sum(message["status"] == status for message in array))


@FAMILY.endpoint(
    "getSentRcd",
    method="GET",
    fields={
        **_APPLICATION,
        "startTime": Field(is_zoned_time, required=True, mistyped_code=-11),
        "endTime": Field(is_zoned_time, required=True, mistyped_code=-11),
        "startIndex": Field(is_integer, least=0),
    },
    rules=(
        _APPLICATION_EXISTS,
        assumed(-11, "endTime is before startTime", _ends_before_it_starts),
        assumed(
            -11,
            "startTime is more than 31 days before endTime",
            _is_longer_than_a_month,
        ),
    ),
    form_code="sms_form_code",
    codes=AUTHENTICATION | {-11, -18, -19},
)
def list_sent(call: SmsCall) -> dict[str, Any]:
    """List the messages of a time that are over, from one of them on."""
    start, end = call.window
    assumptions = call.assumptions
    oldest = call.now - 90 * _DAY
    values = {"app": call.body["appId"], "now": call.now, "oldest": oldest, "start": start, "end": through(end)}
    rows = call.database.rows(OVER, {**values, "time": assumptions.sms_receive_time})
    array = [_reported(call, dict(row), FAILED_IN_LISTING) for row in rows]
    first = call.body.get("startIndex") or 0
    given = array[first : first + assumptions.sent_sms_at_once]
    return {**_counted(array if assumptions.sent_sms_counts == "window" else given), "array": given}


def _is_about_unknown_message(call: SmsCall) -> bool:
    msg_id = call.body.get("msgid")
    return bool(msg_id) and not call.database.exists("sms WHERE msg_id = ?", msg_id)


@FAMILY.endpoint(
    "postback/backfill",
    fields={
        **_APPLICATION,
        "number": REQUIRED_TEXT,
        "time": Field(is_text, required=True, form=re.compile("[0-9]{1,14}+")),
        "msgid": TEXT,
    },
    rules=(_APPLICATION_EXISTS, unknown_id("no message has this msgid", _is_about_unknown_message)),
    form_code="sms_form_code",
    codes=frozenset(),
)
def report_backfill(call: SmsCall) -> dict[str, Any]:
    """Store that a code was used."""
    body = call.body
    values = {"app_id": body["appId"], "msgid": body.get("msgid"), "number": body["number"], "time": body["time"]}
    call.database.insert("sms_backfill", values)
    return {}


@FAMILY.endpoint(
    "recordMo",
    fields={
        **_APPLICATION,
        **PAGE,
        "params": Field(
            is_object,
            required=True,
            fields={
                "strTime": Field(is_zoned_time, required=True),
                "endTime": Field(is_zoned_time, required=True),
            },
        ),
    },
    rules=(
        _APPLICATION_EXISTS,
        assumed(-22, "endTime is before strTime", _ends_before_it_starts),
        Rule(-25, "strTime is before July 2022", lambda call: call.window[0] < _FIRST_INBOUND),
        Rule(
            -25,
            "strTime is more than a month before endTime",
            _is_longer_than_a_month,
        ),
    ),
    codes=AUTHENTICATION | {-13, -18, -22, -25},
    beside=False,
)
def list_inbound(call: SmsCall) -> dict[str, Any]:
    """List one page of the messages that were received in a time."""
    start, end = call.window
    values = {"app": call.body["appId"], "now": call.now, "start": start, "end": through(end)}
    return page(call, RECEIVED, {}, _received, values)


def _received(message: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": message["number"],
        "sendId": message["send_id"],
        "receiveTime": written_with_zone(message["received_at"]),
        "content": message["content"],
        "mcc": 1,  # of test networks
        "mnc": 1,
        "operator": "sandbox",
        "pricedetail": {"pay": "0", "chargeCnt": 1, "currency": "USD", "price": "0"},
    }
