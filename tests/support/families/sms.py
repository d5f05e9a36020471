"""What the tests of all families know of text messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.api.sms import (
    SentSmsStatus,
    SmsBackfillReport,
    SmsBatchSend,
    SmsReportStatus,
    SmsSend,
    SmsText,
)
from itnio_async.sandbox import Sandbox
from support.seeds import APPLICATION, move_on
from support.values import CHINA

CALLS = {
    "sms.send": lambda client: client.sms.send(
        SmsSend(
            app_id="4luaKsL2",
            numbers=["91856321412", "91856321413"],
            content="hello world",
            sender_id="123",
            order_id=["21412", "21413"],
        )
    ),
    "sms.send_batch": lambda client: client.sms.send_batch(
        SmsBatchSend(
            app_id="4luaKsL2",
            array=[
                SmsText(
                    numbers=["91856321412", "91856321413"],
                    content="test message",
                    sender_id="",
                    order_id=["56584", "56585"],
                ),
                SmsText(numbers=["91856321414"], content="test message1", sender_id="", order_id=["56586"]),
            ],
        )
    ),
    "sms.get_report": lambda client: client.sms.get_report("4luaKsL2", ("2108021054011000095", "2108021059531000096")),
    "sms.list_sent": lambda client: client.sms.list_sent(
        "4luaKsL2", datetime(2021, 2, 12, tzinfo=CHINA), datetime(2021, 2, 12, 23, 59, 59, tzinfo=CHINA)
    ),
    "sms.report_backfill": lambda client: client.sms.report_backfill(
        SmsBackfillReport(
            app_id="NivPei4f",
            number="8613712659204",
            time=datetime(2023, 4, 11, 3, 46, 4, tzinfo=UTC),
            msgid="2108021059531000096",
        )
    ),
    "sms.list_inbound": lambda client: client.sms.list_inbound(
        "4luaKsL2", datetime(2022, 8, 1, tzinfo=CHINA), datetime(2022, 8, 31, tzinfo=CHINA), size=10
    ),
}

LINES = {
    "sms.send": "--app-id 4luaKsL2 --numbers 91856321412 --numbers 91856321413 --content 'hello world' "
    "--sender-id 123 --order-id 21412 --order-id 21413 --yes",
    "sms.send_batch": "--app-id 4luaKsL2 "
    """--array '{"numbers": "91856321412,91856321413", "content": "test message", "senderId": "", """
    """"orderId": "56584,56585"}' """
    """--array '{"numbers": "91856321414", "content": "test message1", "senderId": "", "orderId": "56586"}' --yes""",
    "sms.get_report": "4luaKsL2 2108021054011000095 2108021059531000096",
    "sms.list_sent": "4luaKsL2 2021-02-12T00:00:00+08:00 2021-02-12T23:59:59+08:00 --start-index 0",
    "sms.report_backfill": "--app-id NivPei4f --number 8613712659204 --time 2023-04-11T03:46:04+00:00 "
    "--msgid 2108021059531000096",
    "sms.list_inbound": "4luaKsL2 2022-08-01T00:00:00+08:00 2022-08-31T00:00:00+08:00 --limit 10",
}

NOT_REPEATED = {"sms.send", "sms.send_batch", "sms.report_backfill"}

ASKED_ABOUT = {"sms.send", "sms.send_batch"}

OPEN_ANSWER_TYPES = {
    (f"{endpoint}", name): "a count, which the page has as a text"
    for endpoint in ("POST /sms/sendSms", "POST /sms/sendSms/batch", "GET /sms/getReport", "GET /sms/getSentRcd")
    for name in ("success", "fail", "sending", "nofound")
}

IN_WORDS = {
    "as many as numbers",
    "at most 31 days after startTime",
    "not before 2022-07-01T00:00:00+08:00",
    "at most one month after strTime",
    "with country code",
}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    sms = client.sms
    began = datetime.now(UTC) - timedelta(minutes=1)
    numbers = ["911350000001", "911350000010", "911350000009"]
    sent = await sms.send(SmsSend(app_id=APPLICATION, numbers=numbers, content="hello", order_id=["a", "b", "c"]))
    assert (sent.success, sent.fail, sent.is_partial) == (3, 0, False)
    ids = {message.order_id: message.msg_id or "" for message in sent.array or ()}
    batch = [SmsText(numbers=numbers[:1], content="one"), SmsText(numbers=["none", *numbers[1:]], content="two")]
    assert (await sms.send_batch(SmsBatchSend(app_id=APPLICATION, array=batch))).is_partial
    move_on(sandbox, 120)
    report = await sms.get_report(APPLICATION, [*ids.values(), "7"])
    assert (report.success, report.fail, report.sending, report.nofound) == (2, 1, 0, 1)
    delivered, failed, _ = report.array or ()
    assert (delivered.msg_id, delivered.status) == (ids["a"], SmsReportStatus.DELIVERED)
    assert (failed.msg_id, failed.status) == (ids["b"], SmsReportStatus.FAILED)
    ended = datetime.now(UTC) + timedelta(minutes=10)
    over = [message async for message in sms.list_sent(APPLICATION, began, ended)]
    assert len(over) == 6
    assert (over[1].msg_id, over[1].status) == (ids["b"], SentSmsStatus.FAILED)
    replies = [reply.number async for reply in sms.list_inbound(APPLICATION, began, ended)]
    assert replies == ["911350000009"] * 2
    await sms.report_backfill(
        SmsBackfillReport(app_id=APPLICATION, number=numbers[0], time=datetime.now(UTC), msgid=ids["a"])
    )
