"""Text messages imitated: they wait, are sent, are delivered or fail, and some are answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import define
from support.asking import Answer, Asker

from itnio_async.sandbox import Sandbox

APPLICATION = "sandbox1"
NUMBERS = ["911350000001", "911350000010", "911350000009"]
NOW = 1_750_000_000.0  # 2025-06-15T15:06:40Z
DAY = 86_400


@define
class Clock:
    """The vendor's time, which stands still until it is moved."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(trunks=0) as running:
        running.clock = clock
        running.assumptions.sms_queued_seconds = 10.0
        running.assumptions.sms_sending_seconds = 10.0
        yield running


@pytest.fixture
def ask(sandbox: Sandbox) -> Asker:
    return Asker(sandbox)


def text(**changes: Any) -> dict[str, Any]:
    body = {"appId": APPLICATION, "numbers": ",".join(NUMBERS), "content": "hello", **changes}
    return {name: value for name, value in body.items() if value is not ...}


def send(ask: Asker, **changes: Any) -> Answer:
    return ask("/sms/sendSms", text(**changes))


def sent(ask: Asker, **changes: Any) -> list[str]:
    """Send a text; return the ids of its messages."""
    answer = send(ask, **changes)
    assert answer.code == 0, answer
    return [message["msgId"] for message in answer.data["array"]]


def report(ask: Asker, ids: list[str]) -> dict[str, Any]:
    answer = ask("/sms/getReport", appId=APPLICATION, msgIds=",".join(ids))
    assert answer.code == 0, answer
    found: dict[str, Any] = answer.data
    return found


def counts(found: dict[str, Any]) -> list[str]:
    return [found[name] for name in ("success", "fail", "sending", "nofound")]


def listing(ask: Asker, **changes: Any) -> Answer:
    day = {"startTime": "2025-06-15T00:00:00+08:00", "endTime": "2025-06-16T00:00:00+08:00"}
    return ask("/sms/getSentRcd", **{"appId": APPLICATION, **day, **changes})


def inbound(ask: Asker, **params: Any) -> Answer:
    day = {"strTime": "2025-06-15T00:00:00+08:00", "endTime": "2025-06-16T00:00:00+08:00"}
    return ask("/sms/recordMo", {"appId": APPLICATION, "current": 1, "size": 100, "params": {**day, **params}})


# -- what becomes of a message ----------------------------------------------------------------------------------------


def test_messages_from_their_sending_to_their_end(ask: Asker, clock: Clock) -> None:
    answer = send(ask, orderId="a,b,c")
    assert (answer.rule, answer.data["success"], answer.data["fail"]) == ("0 documented", "3", "0")
    assert [(one["number"], one["orderId"]) for one in answer.data["array"]] == list(zip(NUMBERS, "abc", strict=True))
    ids = [message["msgId"] for message in answer.data["array"]]
    assert counts(report(ask, ids)) == ["0", "0", "0", "3"]
    clock.now += 10
    found = report(ask, [*ids, "7", ids[0]])
    assert counts(found) == ["0", "0", "3", "1"]
    assert {(message["status"], message["receiveTime"]) for message in found["array"]} == {("-1", None)}
    assert listing(ask).data["array"] == []
    clock.now += 10
    found = report(ask, ids)
    assert counts(found) == ["2", "1", "0", "0"]
    assert [message["status"] for message in found["array"]] == ["0", "1", "0"]
    assert found["array"][0]["receiveTime"] == "2025-06-15T23:07:00+08:00"
    over = listing(ask).data
    assert [message["status"] for message in over["array"]] == ["0", "2", "0"]
    assert (over["success"], over["fail"], "sending" in over) == ("2", "1", False)
    assert [message["msgId"] for message in over["array"]] == ids


def test_a_batch_sends_each_text_to_its_numbers(ask: Asker, clock: Clock) -> None:
    texts = [
        {"numbers": ",".join(NUMBERS[:2]), "content": "one", "orderId": "a,b"},
        {"numbers": NUMBERS[2], "content": "two", "senderId": ""},
    ]
    answer = ask("/sms/sendSms/batch", {"appId": APPLICATION, "array": texts})
    assert (answer.data["success"], answer.data["fail"]) == ("3", "0")
    assert [message.get("orderId") for message in answer.data["array"]] == ["a", "b", None]
    clock.now += 20
    assert counts(report(ask, [message["msgId"] for message in answer.data["array"]])) == ["2", "1", "0", "0"]


def test_who_replies_is_listed(ask: Asker, clock: Clock) -> None:
    sent(ask, senderId="me")
    assert inbound(ask).data["total"] == 0
    clock.now += 20
    (reply,) = inbound(ask).data["records"]
    assert (reply["number"], reply["sendId"], reply["content"]) == (NUMBERS[2], "me", "OK")
    assert reply["receiveTime"] == "2025-06-15T23:07:00+08:00"
    assert reply["pricedetail"].keys() == {"pay", "chargeCnt", "currency", "price"}
    assert inbound(ask, endTime="2025-06-15T23:06:59+08:00").data["total"] == 0


def test_a_failed_message_has_no_reply(ask: Asker, sandbox: Sandbox, clock: Clock) -> None:
    sandbox.assumptions.failing_sms_numbers = "9"
    sent(ask)
    clock.now += 20
    assert inbound(ask).data["total"] == 0


def test_a_code_that_was_used_is_reported(ask: Asker) -> None:
    body = {"appId": APPLICATION, "number": NUMBERS[0], "time": "1681184764000"}
    (message, *_) = sent(ask)
    for more in ({}, {"msgid": message}):
        assert ask("/sms/postback/backfill", {**body, **more}) == Answer(0, None, "0 documented", "success")
    for wrong in ({"msgid": "7"}, {"time": "today"}, {"number": ""}, {"appId": "other"}):
        assert ask("/sms/postback/backfill", {**body, **wrong}).rule == "22 assumed", wrong


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"numbers": ...}, "8 documented"),
        ({"numbers": ""}, "8 documented"),
        ({"numbers": ",".join(["911350000001"] * 1000)}, "0 documented"),
        ({"numbers": ",".join(["911350000001"] * 1001)}, "7 documented"),
        ({"content": ...}, "4 documented"),
        ({"content": "x" * 1024}, "0 documented"),
        ({"content": "x" * 1025}, "5 documented"),
        ({"content": "That is Forbidden."}, "3 documented"),
        ({"numbers": "none,12"}, "9 documented"),
        ({"numbers": ","}, "9 documented"),
        ({"numbers": "+911350000001"}, "0 documented"),
        ({"senderId": "x" * 33}, "22 assumed"),
        ({"orderId": "a,b"}, "22 assumed"),
        ({"orderId": "a,b,c,d"}, "22 assumed"),
        ({"numbers": ["911350000001"]}, "22 assumed"),
        ({"appId": ...}, "22 assumed"),
        ({"appId": "other"}, "22 assumed"),
        ({"unknown": 1}, "22 assumed"),
    ],
)
def test_how_sending_is_decided(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    assert send(ask, **changes).rule == rule
    if "appId" not in changes:
        batch = {name: value for name, value in text(**changes).items() if name != "appId"}
        answer = ask("/sms/sendSms/batch", {"appId": APPLICATION, "array": [batch]})
        # How many numbers each text of a batch may have, no page says.
        assert answer.rule == ("0 documented" if rule == "7 documented" else rule)


def test_a_part_of_the_numbers_is_enough(ask: Asker, sandbox: Sandbox) -> None:
    answer = send(ask, numbers="none,911350000001,,+12", orderId="a,b,c,d")
    assert (answer.rule, answer.text) == ("0 assumed", "a number is malformed")
    assert (answer.data["success"], answer.data["fail"]) == ("1", "3")
    assert [(one["number"], one["orderId"]) for one in answer.data["array"]] == [("911350000001", "b")]
    sandbox.assumptions.malformed_sms_number_refused = True
    assert send(ask, numbers="none,911350000001").rule == "9 assumed"


def test_the_balance_pays_for_what_is_accepted(ask: Asker, sandbox: Sandbox) -> None:
    def left() -> str:
        balance: str = ask("/sms/getBalance").data["balance"]
        return balance

    sent(ask)
    assert left() == "100.00"
    sandbox.assumptions.sms_price = 33.3
    sent(ask, numbers="911350000001,none")
    assert left() == "66.70"
    assert send(ask).rule == "10 documented"
    assert left() == "66.70"
    sent(ask, numbers="911350000001,911350000002")
    assert left() == "0.10"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, "0 documented"),
        ({"startTime": "2025-06-15 00:00:00"}, "11 documented"),
        ({"endTime": "2025-06-16T00:00:00"}, "11 documented"),
        ({"endTime": "2025-06-14T00:00:00+08:00"}, "11 assumed"),
        ({"endTime": "2025-07-16T00:00:00+08:00"}, "0 documented"),
        ({"endTime": "2025-07-16T00:00:01+08:00"}, "11 assumed"),
        ({"endTime": ""}, "11 documented"),
        ({"startIndex": "x"}, "22 assumed"),
        ({"startIndex": -1}, "22 assumed"),
        ({"appId": "other"}, "22 assumed"),
    ],
)
def test_how_the_listing_of_sent_messages_is_decided(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    assert listing(ask, **changes).rule == rule


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        ({"endTime": "2025-07-16T00:00:00+08:00"}, "0 documented"),
        ({"endTime": "2025-07-16T00:00:01+08:00"}, "25 documented"),
        ({"strTime": "2022-06-30T23:59:59+08:00", "endTime": "2022-07-02T00:00:00+08:00"}, "25 documented"),
        ({"strTime": "2022-07-01T00:00:00+08:00", "endTime": "2022-07-02T00:00:00+08:00"}, "0 documented"),
        ({"endTime": "2025-06-14T00:00:00+08:00"}, "22 assumed"),
        ({"strTime": "2025-06-15 00:00:00"}, "22 documented"),
    ],
)
def test_how_the_listing_of_received_messages_is_decided(ask: Asker, params: dict[str, Any], rule: str) -> None:
    assert inbound(ask, **params).rule == rule


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ({"msgIds": ",".join(map(str, range(200)))}, "0 documented"),
        ({"msgIds": ",".join(map(str, range(201)))}, "22 assumed"),
        ({"msgIds": ""}, "14 documented"),
        ({"appId": "", "msgIds": "1"}, "14 documented"),
        ({"appId": "other", "msgIds": "1"}, "14 documented"),
    ],
)
def test_how_a_report_is_decided(ask: Asker, query: dict[str, Any], rule: str) -> None:
    assert ask("/sms/getReport", **{"appId": APPLICATION, **query}).rule == rule


# -- what is assumed --------------------------------------------------------------------------------------------------


def test_the_listing_goes_on_from_an_index(ask: Asker, sandbox: Sandbox, clock: Clock) -> None:
    sandbox.assumptions.sent_sms_at_once = 2
    ids = sent(ask)
    clock.now += 20
    first, second, end = (listing(ask, startIndex=index).data for index in (0, 2, 3))
    assert [one["msgId"] for found in (first, second, end) for one in found["array"]] == ids
    assert [(found["success"], found["fail"]) for found in (first, second, end)] == [("1", "1"), ("1", "0"), ("0", "0")]
    sandbox.assumptions.sent_sms_counts = "window"
    assert (listing(ask, startIndex=3).data["success"], listing(ask).data["fail"]) == ("2", "1")


def test_messages_are_kept_for_some_days(ask: Asker, sandbox: Sandbox, clock: Clock) -> None:
    ids = sent(ask)
    clock.now += 91 * DAY
    assert counts(report(ask, ids)) == ["0", "0", "0", "3"]
    assert listing(ask).data["array"] == []
    sandbox.assumptions.sms_report_days = 120
    assert counts(report(ask, ids)) == ["2", "1", "0", "0"]
    clock.now += 30 * DAY
    assert counts(report(ask, ids)) == ["0", "0", "0", "3"]


def test_the_time_of_a_message_is_that_of_its_sending_or_of_its_end(ask: Asker, sandbox: Sandbox, clock: Clock) -> None:
    ids = sent(ask)
    clock.now += 20
    window = {"endTime": "2025-06-15T23:06:55+08:00"}
    assert listing(ask, **window).data["array"] == []
    sandbox.assumptions.sms_receive_time = "sent"
    assert len(listing(ask, **window).data["array"]) == 3
    assert report(ask, ids)["array"][0]["receiveTime"] == "2025-06-15T23:06:50+08:00"


def test_a_form_without_a_code_has_the_assumed_one(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.sms_form_code = -14
    assert send(ask, appId=...).rule == "14 assumed"
    # The page on received messages has a code for it.
    assert inbound(ask, strTime="").rule == "22 documented"
