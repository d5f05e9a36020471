"""What the tests of all families know of one-time codes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.api.otp import (
    ChannelCut,
    OtpAppAdd,
    OtpAppUpdate,
    OtpBackfillReport,
    OtpChannel,
    OtpCodeType,
    OtpFlowAdd,
    OtpFlowChannel,
    OtpFlowCondition,
    OtpFlowStep,
    OtpFlowUpdate,
    OtpLanguage,
    OtpLimitUnit,
    OtpMatched,
    OtpOwnCodeSend,
    OtpResend,
    OtpSend,
    OtpSendLimit,
    OtpTemplateAdd,
    OtpTemplateUpdate,
)
from itnio_async.sandbox import Sandbox
from support.seeds import APPLICATION
from support.values import CHINA

VERIFICATION = "22206051443051000003"
ONE_A_DAY = OtpSendLimit(enabled=True, unit=OtpLimitUnit.DAY, period=1, limit=1)
OFF = OtpSendLimit(enabled=False, unit=None, period=None, limit=None)


def step(cut: ChannelCut) -> OtpFlowStep:
    return OtpFlowStep(
        waiting_time=30, status=OtpFlowCondition.SENDING_FAILED, channel=OtpFlowChannel.SMS, channel_cut=cut
    )


CALLS = {
    "otp.send": lambda client: client.otp.send(
        OtpSend(
            app_id="mRELxtHc",
            template_id=455,
            flow_id=None,
            to="91856321412",
            channel=OtpChannel.SMS,
            order_id=None,
        )
    ),
    "otp.send_own_code": lambda client: client.otp.send_own_code(
        OtpOwnCodeSend(
            app_id="mRELxtHc",
            template_id=1,
            code="12345",
            flow_id=None,
            to="91856321412",
            channel=OtpChannel.SMS,
            order_id=None,
        )
    ),
    "otp.resend": lambda client: client.otp.resend(OtpResend(verification_id=VERIFICATION, channel=OtpChannel.SMS)),
    "otp.verify": lambda client: client.otp.verify(VERIFICATION, "5863"),
    "otp.get_record": lambda client: client.otp.get_record(VERIFICATION),
    "otp.get_order_record": lambda client: client.otp.get_order_record("ad454212", "1234566"),
    "otp.add_app": lambda client: client.otp.add_app(
        OtpAppAdd(
            name="test_app",
            code_expiry=5,
            period_total_send_limit=ONE_A_DAY,
            period_phone_send_limit=ONE_A_DAY,
        )
    ),
    "otp.get_app": lambda client: client.otp.get_app("mRELxtHc"),
    "otp.update_app": lambda client: client.otp.update_app(
        OtpAppUpdate(
            app_id="mRELxtHc",
            name="test_app",
            code_expiry=5,
            period_total_send_limit=ONE_A_DAY,
            period_phone_send_limit=OFF,
        )
    ),
    "otp.add_template": lambda client: client.otp.add_template(
        OtpTemplateAdd(
            app_id="mRELxtHc",
            name="name",
            text="##code## is your verification,expires in 5 minutes! ",
            code_type=OtpCodeType.NUMERIC,
            code_length=4,
            speech_rate=50,
            language=OtpLanguage.EN,
            max_duration=59,
            repeat_cnt=1,
            sender_id="senderId",
        )
    ),
    "otp.update_template": lambda client: client.otp.update_template(
        OtpTemplateUpdate(
            template_id=455,
            name="name",
            text=" ##code## is your verification,expires in 5 minutes! ",
            code_type=OtpCodeType.NUMERIC,
            code_length=4,
            speech_rate=50,
            language=OtpLanguage.EN,
            max_duration=59,
            repeat_cnt=1,
            sender_id="senderId",
        )
    ),
    "otp.get_template": lambda client: client.otp.get_template(455),
    "otp.list_templates": lambda client: client.otp.list_templates(),
    "otp.add_flow": lambda client: client.otp.add_flow(OtpFlowAdd(name="name", flow=[step(ChannelCut.DO_NOT_SWITCH)])),
    "otp.update_flow": lambda client: client.otp.update_flow(
        OtpFlowUpdate(flow_id=1, name="name", flow=[step(ChannelCut.SWITCH)])
    ),
    "otp.get_flow": lambda client: client.otp.get_flow(1),
    "otp.list_flows": lambda client: client.otp.list_flows(),
    "otp.report_backfill_rate": lambda client: client.otp.report_backfill_rate(
        OtpBackfillReport(
            app_id="mRELxtHc",
            mcc=460,
            backfill_number="100",
            backfill_cardinal_number="1000",
            backfill_now="10",
            callback_time=datetime(2023, 1, 29, 9, 59, 58, tzinfo=CHINA),
        )
    ),
}

_TEMPLATE = (
    "--name name --code-type numeric --code-length 4 --speech-rate 50 --language en --max-duration 59 "
    "--repeat-cnt 1 --sender-id senderId"
)
_ONE_A_DAY = """'{"enabled": true, "unit": 1, "period": 1, "limit": 1}'"""
_OFF = """'{"enabled": false, "unit": null, "period": null, "limit": null}'"""
LINES = {
    "otp.send": "--app-id mRELxtHc --template-id 455 --to 91856321412 --channel sms --null flow-id --null order-id "
    "--yes",
    "otp.send_own_code": "--app-id mRELxtHc --template-id 1 --code-file SECRET:12345 --to 91856321412 --channel sms "
    "--null flow-id --null order-id --yes",
    "otp.resend": f"--verification-id {VERIFICATION} --channel sms --yes",
    "otp.verify": f"{VERIFICATION} --code-file SECRET:5863",
    "otp.get_record": VERIFICATION,
    "otp.get_order_record": "ad454212 1234566",
    "otp.add_app": f"--name test_app --code-expiry 5 --period-total-send-limit {_ONE_A_DAY} "
    f"--period-phone-send-limit {_ONE_A_DAY}",
    "otp.get_app": "mRELxtHc",
    "otp.update_app": "--app-id mRELxtHc --name test_app --code-expiry 5 "
    f"--period-total-send-limit {_ONE_A_DAY} --period-phone-send-limit {_OFF}",
    "otp.add_template": f"--app-id mRELxtHc {_TEMPLATE} --text '##code## is your verification,expires in 5 minutes! '",
    "otp.update_template": f"--template-id 455 {_TEMPLATE} "
    "--text ' ##code## is your verification,expires in 5 minutes! '",
    "otp.get_template": "455",
    "otp.list_templates": "",
    "otp.add_flow": "--name name --flow "
    """'{"waitingTime": 30, "status": 1, "channel": "sms", "channelCut": 1}'""",
    "otp.update_flow": "--flow-id 1 --name name --flow "
    """'{"waitingTime": 30, "status": 1, "channel": "sms", "channelCut": 0}'""",
    "otp.get_flow": "1",
    "otp.list_flows": "",
    "otp.report_backfill_rate": "--app-id mRELxtHc --mcc 460 --backfill-number 100 --backfill-cardinal-number 1000 "
    "--backfill-now 10 --callback-time 2023-01-29T09:59:58+08:00",
}
# A check that is answered without a result is not a right code.
ANSWERS = {"otp.verify": {"status": "0", "reason": "success", "data": {"matched": 0}}}

NOT_REPEATED = {
    "otp.send",
    "otp.send_own_code",
    "otp.resend",
    "otp.verify",
    "otp.add_app",
    "otp.add_template",
    "otp.add_flow",
    "otp.report_backfill_rate",
}

ASKED_ABOUT = {"otp.send", "otp.send_own_code", "otp.resend"}

SECRETS = {
    # Whoever has the code is let in, though the pages do not call it a secret.
    ("POST /otp/verification/sendRule", "code"),
    ("POST /otp/verification/verify", "code"),
}

_BOTH = ("POST /otp/app/add", "PUT /otp/app/update/{appId}")
_LIMITS = ("periodTotalSendLimit", "periodPhoneSendLimit")
OPEN_TYPES = {
    (name, f"{limit}.limit"): "Integer in the table, which allows 10 billion all the same"
    for name in _BOTH
    for limit in _LIMITS
}

OPEN_PLACES = {
    # In the path, and by the table in the body too; the sample's body leaves it out.
    ("PUT /otp/app/update/{appId}", "appId", "body"),
}

SAID_ELSEWHERE = {
    (name, f"{limit}.{field}"): words
    for name in _BOTH
    for limit in _LIMITS
    for field, words in (
        ("unit", "1 day, 2 hour, 3 minute, 4 second"),
        ("period", "1..90"),
        ("limit", "1..10000000000"),
    )
}

OPEN_ENUMERATIONS = {r"channel|codeType|language|\w+\.unit|flow\[\d+\]\.(status|channel)"}

IDS_AS_TEXT = {"templateId", "flowId"}

# It has no place for the code.
BY_RULES = {"text"}

IN_WORDS = {
    "enabled off by default; unit 1 day, 2 hour, 3 minute, 4 second; period 1-90; limit 1 to 10 billion",
    "as above",
    "as in add_otp_app",
}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    otp = client.otp
    app = await otp.add_app(OtpAppAdd(name="shop", code_expiry=10))
    assert app.app_id is not None
    await otp.update_app(OtpAppUpdate(app_id=app.app_id, name="shop2", period_phone_send_limit=ONE_A_DAY))
    changed = await otp.get_app(app.app_id)
    assert (changed.name, changed.code_expiry) == ("shop2", 10)
    assert changed.period_phone_send_limit is not None
    assert changed.period_phone_send_limit.unit is OtpLimitUnit.DAY
    made = await otp.add_template(
        OtpTemplateAdd(app_id=app.app_id, name="login", text="##code##", code_type=OtpCodeType.NUMERIC)
    )
    assert made.template_id is not None
    updated = await otp.update_template(
        OtpTemplateUpdate(template_id=made.template_id, name="login", text="Use ##code##", code_length=6)
    )
    assert await otp.get_template(made.template_id) == updated
    assert [one.name for one in await otp.list_templates()] == ["first", "login"]
    flow = await otp.add_flow(OtpFlowAdd(name="then", flow=[step(ChannelCut.DO_NOT_SWITCH)]))
    assert flow.flow_id is not None
    await otp.update_flow(OtpFlowUpdate(flow_id=flow.flow_id, name="then", flow=[step(ChannelCut.SWITCH)]))
    assert [await otp.get_flow(flow.flow_id)] == await otp.list_flows()
    sent = await otp.send(
        OtpSend(
            app_id=app.app_id,
            template_id=made.template_id,
            flow_id=flow.flow_id,
            to="4915112345678",
            order_id="order 1",
        )
    )
    assert sent.verification_id is not None
    wrong = await otp.verify(sent.verification_id, "000000")
    assert (wrong.is_right, wrong.matched) == (False, OtpMatched.WRONG)
    assert (await otp.verify(sent.verification_id, "345678")).is_right
    record = await otp.get_record(sent.verification_id)
    by_order = await otp.get_order_record(app.app_id, "order 1")
    assert record.verifications is not None
    assert record.verifications.matched is OtpMatched.RIGHT
    assert (record.sms, by_order.flow_id) == (by_order.sms, flow.flow_id)
    own = await otp.send_own_code(OtpOwnCodeSend(app_id=APPLICATION, code="my code", to="4915112345678"))
    assert own.verification_id is not None
    again = await otp.resend(OtpResend(verification_id=own.verification_id, channel=OtpChannel.CALL))
    assert again.verification_id is not None
    assert (await otp.verify(again.verification_id, "my code")).is_right
    await otp.report_backfill_rate(OtpBackfillReport(app_id=APPLICATION, mcc=262, backfill_number="1"))
