"""Text messages: what is checked before they are sent, what is never sent twice, and what comes back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import attrs
import httpx
import pytest
from support.scripted import FakeSleep, ScriptedTransport, answer
from support.values import CHINA, KEY, SECRET

from itnio_async import (
    AsyncClient,
    InvalidRequestError,
    ItnioError,
    QuotaError,
    RetryPolicy,
    UnexpectedResponseError,
    response_of,
)
from itnio_async.api.sms import (
    GET_REPORT,
    InboundSms,
    ReportedSms,
    SentSms,
    SentSmsStatus,
    SmsBackfillReport,
    SmsBatchSend,
    SmsPrice,
    SmsReport,
    SmsReportStatus,
    SmsSend,
    SmsSent,
    SmsText,
)
from itnio_async.codec import decode

TEXT = SmsSend(app_id="a", numbers=["911", "912"], content="hello")
START, END = datetime(2021, 2, 12, tzinfo=CHINA), datetime(2021, 2, 13, tzinfo=CHINA)
QUICK = RetryPolicy(sleep=FakeSleep(), random=lambda: 0.0)


def beside(**fields: Any) -> httpx.Response:
    return httpx.Response(200, json={"status": "0", "reason": "success", **fields})


def client_of(*steps: Any) -> tuple[AsyncClient, ScriptedTransport]:
    transport = ScriptedTransport(*steps)
    return AsyncClient(KEY, SECRET, transport=transport, retry=QUICK), transport


# -- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"numbers": []}, "numbers", -8),
        ({"numbers": ["911"] * 1001}, "numbers", -7),
        ({"numbers": ["911,912"]}, "numbers", None),
        ({"numbers": "911"}, "numbers", None),
        ({"content": ""}, "content", -4),
        ({"content": "x" * 1025}, "content", -5),
        ({"sender_id": "x" * 33}, "sender_id", None),
        ({"order_id": ["1"]}, "order_id", None),
        ({"order_id": ["1", "2", "3"]}, "order_id", None),
        ({"order_id": ["1", "2,3"]}, "order_id", None),
    ],
)
async def test_what_is_refused_before_anything_is_sent(changes: dict[str, Any], field: str, code: int | None) -> None:
    client, transport = client_of(beside(success="1", fail="0", array=[]))
    async with client:
        with pytest.raises(InvalidRequestError) as refused:
            await client.sms.send(attrs.evolve(TEXT, **changes))
    assert (refused.value.field, refused.value.code) == (field, code)
    assert transport.sent == []


@pytest.mark.parametrize("order_id", [["1", "2"], [], None])
async def test_order_ids_are_as_many_as_numbers_or_none(order_id: Any) -> None:
    client, transport = client_of(beside(success="2", fail="0", array=[]))
    async with client:
        await client.sms.send(attrs.evolve(TEXT, order_id=order_id))
    assert json.loads(transport.sent[0].content)["orderId"] == (None if order_id is None else ",".join(order_id))


@pytest.mark.parametrize("second", [{"order_id": ["1", "2"]}, {"numbers": []}, {"content": ""}])
async def test_a_batch_is_refused_by_the_text_that_is_wrong(second: dict[str, Any]) -> None:
    right = {"numbers": ["911"], "content": "hello"}
    batch = SmsBatchSend(app_id="a", array=[SmsText(**right), SmsText(**{**right, **second})])
    client, transport = client_of(beside())
    async with client:
        with pytest.raises(InvalidRequestError) as refused:
            await client.sms.send_batch(batch)
        with pytest.raises(InvalidRequestError):
            await client.sms.send_batch(attrs.evolve(batch, array=["text"]))
    assert refused.value.field == f"array[1].{next(iter(second))}"
    assert transport.sent == []


@pytest.mark.parametrize("app_id", ["a", "another"])
async def test_a_text_of_a_batch_has_no_application_of_its_own(app_id: str) -> None:
    client, transport = client_of(beside())
    async with client:
        with pytest.raises(InvalidRequestError, match="give an SmsText") as refused:
            await client.sms.send_batch(SmsBatchSend(app_id="a", array=[attrs.evolve(TEXT, app_id=app_id)]))
    assert refused.value.field == "array[0].app_id"
    assert transport.sent == []


@pytest.mark.parametrize("step", [answer(-18), httpx.ReadTimeout("made-up"), httpx.ReadError("made-up")])
async def test_what_may_have_been_sent_is_not_sent_again(step: Any) -> None:
    sends: list[Any] = [
        lambda client: client.sms.send(TEXT),
        lambda client: client.sms.send_batch(
            SmsBatchSend(app_id="a", array=[SmsText(numbers=["911"], content="hello")])
        ),
        lambda client: client.sms.report_backfill(SmsBackfillReport(app_id="a", number="911", time=START)),
    ]
    for send in sends:
        client, transport = client_of(step, beside())
        async with client:
            with pytest.raises(ItnioError) as failed:
                await send(client)
        assert failed.value.may_have_been_processed is True
        assert len(transport.sent) == 1


async def test_what_certainly_was_not_is_sent_again() -> None:
    client, transport = client_of(answer(-16), beside(success="2", fail="0", array=[]))
    async with client:
        assert (await client.sms.send(TEXT)).success == 2
    assert len(transport.sent) == 2


async def test_many_texts_each_have_an_outcome() -> None:
    client, transport = client_of(beside(success="2", fail="0", array=[]), answer(-10))
    async with client, client.sms.send_many([TEXT, TEXT], concurrency=1, ordered=True) as run:
        first, second = [outcome async for outcome in run]
    assert first.response is not None
    assert first.response.data.success == 2
    assert isinstance(second.error, QuotaError)
    assert len(transport.sent) == 2


# -- what comes back --------------------------------------------------------------------------------------------------


async def test_a_success_for_a_part_says_so() -> None:
    accepted = {"msgId": "7", "number": "911", "orderId": "x"}
    client, _ = client_of(beside(success="1", fail="1", array=[accepted]), beside(success=2, fail=0, array=[]))
    async with client:
        sent = await client.sms.send(TEXT)
        assert (sent.success, sent.fail, sent.is_partial) == (1, 1, True)
        assert [message.to_dict() for message in sent.array or ()] == [accepted]
        assert not (await client.sms.send(TEXT)).is_partial
    assert not SmsSent().is_partial


@pytest.mark.parametrize(
    ("message", "is_delivered", "is_failed"),
    [
        (ReportedSms(status=SmsReportStatus.SENDING), False, False),
        (ReportedSms(status=SmsReportStatus.DELIVERED), True, False),
        (ReportedSms(status=SmsReportStatus.FAILED), False, True),
        (SentSms(status=SentSmsStatus.DELIVERED), True, False),
        (SentSms(status=SentSmsStatus.FAILED), False, True),
        # The other listing's value, one that no page has, and none.
        (ReportedSms(status="2"), False, True),
        (SentSms(status="-1"), False, False),
        (SentSms(status="99"), False, True),
        (SentSms(), False, False),
    ],
)
def test_what_has_become_of_a_message(message: Any, is_delivered: bool, is_failed: bool) -> None:
    assert (message.is_delivered, message.is_failed) == (is_delivered, is_failed)


@pytest.mark.parametrize("status", ["1", 1])
async def test_a_report(status: Any) -> None:
    message = {"msgId": "7", "number": "911", "receiveTime": "2021-02-12T00:00:00+08:00", "status": status}
    later = {"msgId": "8", "receiveTime": "yesterday", "status": -1}
    client, transport = client_of(
        beside(success="0", fail="1", sending="1", nofound="2", array=[message, later], new=1)
    )
    async with client:
        report = await client.sms.get_report("a", ["7", "8", "9", "10"])
    assert (report.success, report.fail, report.sending, report.nofound, dict(report.extra)) == (0, 1, 1, 2, {"new": 1})
    failed, sending = report.array or ()
    assert (failed.status, failed.receive_time) == (SmsReportStatus.FAILED, START)
    assert (sending.status, sending.receive_time) == (SmsReportStatus.SENDING, "yesterday")
    assert transport.sent[0].url.params["msgIds"] == "7,8,9,10"


@pytest.mark.parametrize("ids", [[], ["7"] * 201, ["7,8"], "78", None, [7]])
async def test_a_report_is_about_1_to_200_messages(ids: Any) -> None:
    client, transport = client_of(beside())
    async with client:
        with pytest.raises(InvalidRequestError) as refused:
            await client.sms.get_report("a", ids)
    assert (refused.value.field or "").startswith("msg_ids")
    assert transport.sent == []


async def test_the_zone_of_a_time_in_a_query_is_encoded() -> None:
    client, transport = client_of(beside(success="0", fail="0", array=[]))
    async with client:
        assert [message async for message in client.sms.list_sent("a", START, END)] == []
        with pytest.raises(InvalidRequestError, match="datetime with its zone"):
            await client.sms.list_sent("a", START.replace(tzinfo=None), END)
    (request,) = transport.sent
    assert b"startTime=2021-02-12T00%3A00%3A00%2B08%3A00" in request.url.query
    assert request.content == b""


class Sent:
    """The vendor's listing of sent messages."""

    def __init__(self, count: int, at_once: int) -> None:
        self.ids = list(map(str, range(count)))
        self.at_once = at_once
        self.asked: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        index = int(request.url.params["startIndex"])
        self.asked.append(index)
        array = [{"msgId": id, "status": "0"} for id in self.ids[index : index + self.at_once]]
        return beside(success=str(len(array)), fail="0", array=array, new=1)


@pytest.mark.parametrize("options", [{}, {"read_ahead": True}, {"concurrency": 4}])
async def test_sent_messages_are_listed_until_there_are_none(options: dict[str, Any]) -> None:
    vendor = Sent(count=7, at_once=3)
    client, _ = client_of(vendor)
    async with client:
        listing = client.sms.list_sent("a", START, END, start_index=1)
        assert [message.msg_id async for message in listing.records(**options)] == vendor.ids[1:]
        # A short answer does not say that it is the last: the vendor may have a size of its own.
        assert vendor.asked == [1, 4, 7]
        page = await listing
        assert [message.msg_id for message in page] == ["1", "2", "3"]
        assert (page.total, dict(page.extra)) == (None, {"success": 3, "fail": 0, "new": 1})
        counted = (await response_of(client.sms.list_sent, "a", START, END)).data
        assert counted.success == 3


async def test_a_vendor_that_ignores_the_index_is_noticed() -> None:
    client, transport = client_of(beside(success="1", fail="0", array=[{"msgId": "7"}]))
    async with client:
        with pytest.raises(UnexpectedResponseError, match="gives the same from index 1 again") as failed:
            _ = [message async for message in client.sms.list_sent("a", START, END)]
    assert failed.value.may_have_been_processed is False
    assert len(transport.sent) == 2


@pytest.mark.parametrize("index", [-1, True, "0", 2**31])
async def test_an_index_that_is_none(index: Any) -> None:
    client, _ = client_of(beside())
    async with client:
        with pytest.raises(InvalidRequestError) as refused:
            await client.sms.list_sent("a", START, END, start_index=index)
    assert refused.value.field == "start_index"


async def test_received_messages_with_what_they_cost() -> None:
    price = {"pay": "0.02", "chargeCnt": "2", "currency": "USD", "price": "0.01"}
    received = {"number": "911", "receiveTime": "2022-08-01T00:00:00+08:00", "mcc": 404, "pricedetail": price, "x": 1}
    client, transport = client_of(answer(data={"total": 1, "records": [received]}))
    async with client:
        (message,) = [message async for message in client.sms.list_inbound("a", START, END, size=10)]
    assert message == InboundSms(
        number="911",
        receive_time=datetime(2022, 7, 31, 16, tzinfo=UTC),
        mcc=404,
        pricedetail=SmsPrice(pay="0.02", charge_cnt=2, currency="USD", price="0.01"),
    )
    assert InboundSms.from_dict(message.to_dict(names="python"), names="python") == message
    asked = json.loads(transport.sent[0].content)
    assert asked.keys() == {"appId", "current", "size", "params"}
    assert asked["params"]["strTime"] == "2021-02-12T00:00:00+08:00"


@pytest.mark.parametrize("price", ["", [], None])
def test_a_received_message_without_a_price_or_a_network(price: Any) -> None:
    found = decode({"number": "911", "mcc": "", "mnc": "", "receiveTime": "", "pricedetail": price}, InboundSms)
    assert found == InboundSms(number="911", receive_time="")


@pytest.mark.parametrize("price", [{"pay": 0.02, "price": 1.0}, [{"pay": "0.02", "price": "1.0"}]])
def test_a_price_in_either_form(price: Any) -> None:
    assert decode({"pricedetail": price}, InboundSms).pricedetail == SmsPrice(pay="0.02", price="1.0")


def test_a_count_that_is_none_is_told_by_its_name() -> None:
    assert decode({}, SmsReport) == SmsReport()
    assert GET_REPORT.response_type is SmsReport
    with pytest.raises(Exception, match="expected an integer") as mismatch:
        decode({"success": "many"}, SmsReport)
    assert mismatch.value.where() == "success"  # type: ignore[attr-defined]
