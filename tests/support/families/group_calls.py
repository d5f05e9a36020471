"""What the tests of all families know of group calls and their redials."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from itnio_async import AsyncClient
from itnio_async.api.group_calls import (
    AgentCalledNumber,
    AiCalledNumber,
    CalledNumber,
    CallHours,
    GroupCallAgentSend,
    GroupCallAiResend,
    GroupCallAiSend,
    GroupCallAiUpdate,
    GroupCallResend,
    GroupCallResendType,
    GroupCallSend,
    GroupCallSource,
    GroupCallStatus,
    GroupCallUpdate,
    RedialCancelType,
    RedialStatus,
    RedialStepUpdate,
    RedialUpdate,
    YesNo,
)
from itnio_async.sandbox import Sandbox
from support.seeds import APPLICATION, move_on

CALLS = {
    "group_calls.send": lambda client: client.group_calls.send(
        GroupCallSend(
            app_id="4luaKsL2",
            task_name="spring",
            source=GroupCallSource.STORED_FILE,
            voice_file_id="15",
            number_info_list=[CalledNumber(callee_number="4915100000001", text1="Ada")],
            loop_count=1,
            max_calls=60,
            hang_up_sms=YesNo.YES,
            sms_app_id="7",
            sms_content="hello ${text1}",
            success_push=YesNo.YES,
        )
    ),
    "group_calls.send_agent": lambda client: client.group_calls.send_agent(
        GroupCallAgentSend(
            app_id="4luaKsL2",
            task_name="spring",
            number_info_list=[AgentCalledNumber(callee_number="491510", text1="Ada", call_information={"debt": "5"})],
            extra={"scriptId": 123},
        )
    ),
    "group_calls.send_ai": lambda client: client.group_calls.send_ai(
        GroupCallAiSend(
            app_id="4luaKsL2",
            task_name="spring",
            number_list=["4915100000001", AiCalledNumber(callee_number="4915100000002", text1="Ben")],
        )
    ),
    "group_calls.list": lambda client: client.group_calls.list(
        "2024-01-01 00:00:00", "2024-06-03 15:13:01", status_list=[], size=10
    ),
    "group_calls.get": lambda client: client.group_calls.get(1),
    "group_calls.update": lambda client: client.group_calls.update(
        GroupCallUpdate(key_id=123, task_name="spring", source=GroupCallSource.TEXT, text="hello", lan="EN")
    ),
    "group_calls.update_ai": lambda client: client.group_calls.update_ai(
        GroupCallAiUpdate(
            key_id=12,
            display_num="123",
            task_name="2024-06-03 10:42:05",
            send_time="2024-06-03 10:42:05",
            max_calls=40,
            allow_send_time=[CallHours(str_time="12:00", end_time="12:01")],
            script_id=1234,
            max_ringing_time=20,
            enable_recording=YesNo.NO,
        )
    ),
    "group_calls.resend": lambda client: client.group_calls.resend(
        GroupCallResend(
            key_id=123,
            app_id="4luaKsL2",
            task_name="again",
            source=GroupCallSource.TEXT,
            text="hello",
            lan="EN",
            resend_type=GroupCallResendType.FAILED,
        )
    ),
    "group_calls.resend_ai": lambda client: client.group_calls.resend_ai(
        GroupCallAiResend(
            key_id=123,
            task_name="2024-06-03 10:42:05",
            max_calls=40,
            display_num="1008122211",
            send_time=None,
            resend_type=GroupCallResendType.FAILED,
            script_id=1,
            max_ringing_time=60,
            enable_recording=YesNo.YES,
            allow_send_time=[CallHours(str_time="10:00", end_time="22:00")],
        )
    ),
    "group_calls.cancel": lambda client: client.group_calls.cancel([123, 456]),
    "group_calls.list_redials": lambda client: client.group_calls.list_redials(
        "2024-05-18 00:00:00", "2024-05-19 23:59:59", task_name="1111", size=10
    ),
    "group_calls.get_redial": lambda client: client.group_calls.get_redial(12),
    "group_calls.update_redial": lambda client: client.group_calls.update_redial(
        RedialUpdate(
            key_id=299,
            recall_type=GroupCallResendType.ALL,
            recall_interval=30,
            recall_num=1,
            recall_intent=["101"],
            node_list=[RedialStepUpdate(script_id=123)],
        )
    ),
    "group_calls.cancel_redial": lambda client: client.group_calls.cancel_redial(RedialCancelType.REDIAL, 12),
}

SENT: dict[str, dict[str, Any]] = {
    "group_calls.send": {
        "appId": "4luaKsL2",
        "taskName": "spring",
        "source": 1,
        "voiceFileId": "15",
        "numberInfoList": [{"calleeNumber": "4915100000001", "text1": "Ada"}],
        "loopCount": 1,
        "maxCalls": 60,
        "hangUpSms": 1,
        "smsAppId": "7",
        "smsContent": "hello ${text1}",
        "successPush": 1,
    },
    "group_calls.send_agent": {
        "appId": "4luaKsL2",
        "taskName": "spring",
        "numberInfoList": [{"calleeNumber": "491510", "text1": "Ada", "callInformation": {"debt": "5"}}],
        "scriptId": 123,
    },
    "group_calls.send_ai": {
        "appId": "4luaKsL2",
        "taskName": "spring",
        "numberList": ["4915100000001", {"calleeNumber": "4915100000002", "text1": "Ben"}],
    },
    "group_calls.update": {"keyId": 123, "taskName": "spring", "source": 3, "text": "hello", "lan": "EN"},
    "group_calls.resend": {
        "keyId": 123,
        "appId": "4luaKsL2",
        "taskName": "again",
        "source": 3,
        "text": "hello",
        "lan": "EN",
        "resendType": 1,
    },
}

LINES = {
    "group_calls.send": "--app-id 4luaKsL2 --task-name spring --source stored-file --voice-file-id 15 "
    """--number-info-list '{"calleeNumber": "4915100000001", "text1": "Ada"}' --loop-count 1 --max-calls 60 """
    "--hang-up-sms yes --sms-app-id 7 --sms-content 'hello ${text1}' --success-push yes --yes",
    "group_calls.send_agent": "--app-id 4luaKsL2 --task-name spring --number-info-list "
    """'{"calleeNumber": "491510", "text1": "Ada", "callInformation": {"debt": "5"}}' --extra '{"scriptId": 123}' """
    "--yes",
    "group_calls.send_ai": "--app-id 4luaKsL2 --task-name spring --number-list 4915100000001 "
    """--number-list '{"calleeNumber": "4915100000002", "text1": "Ben"}' --yes""",
    # An empty list cannot be told from none here: both list all.
    "group_calls.list": "'2024-01-01 00:00:00' '2024-06-03 15:13:01' --status-list '' --limit 10",
    "group_calls.get": "1",
    "group_calls.update": "--key-id 123 --task-name spring --source text --text hello --lan EN",
    "group_calls.update_ai": "--key-id 12 --display-num 123 --task-name '2024-06-03 10:42:05' --send-time "
    "'2024-06-03 10:42:05' --max-calls 40 "
    """--allow-send-time '{"strTime": "12:00", "endTime": "12:01"}' --script-id 1234 --max-ringing-time 20 """
    "--enable-recording no",
    "group_calls.resend": "--key-id 123 --app-id 4luaKsL2 --task-name again --source text --text hello --lan EN "
    "--resend-type failed --yes",
    "group_calls.resend_ai": "--key-id 123 --task-name '2024-06-03 10:42:05' --max-calls 40 --display-num 1008122211 "
    "--null send-time --resend-type failed --script-id 1 --max-ringing-time 60 --enable-recording yes "
    """--allow-send-time '{"strTime": "10:00", "endTime": "22:00"}' --yes""",
    "group_calls.cancel": "123 456",
    "group_calls.list_redials": "'2024-05-18 00:00:00' '2024-05-19 23:59:59' --task-name 1111 --limit 10",
    "group_calls.get_redial": "12",
    "group_calls.update_redial": "--key-id 299 --recall-type all --recall-interval 30 --recall-num 1 "
    """--recall-intent 101 --node-list '{"scriptId": 123}'""",
    "group_calls.cancel_redial": "redial 12",
}

NOT_REPEATED = {
    "group_calls.send",
    "group_calls.send_agent",
    "group_calls.send_ai",
    "group_calls.resend",
    "group_calls.resend_ai",
}

ASKED_ABOUT = NOT_REPEATED

OPEN_FIELDS = {
    # Named in a note to the list, whose table calls it a list of texts.
    ("POST /voice/group/call/send/ai", f"numberList.{name}")
    for name in ("calleeNumber", *(f"text{number}" for number in range(1, 11)))
}

IN_WORDS = {
    "1 by default",
    "cut beyond 30 characters",
    "only while pending",
    "scriptId (AI agent tasks) or source (tasks that play a file) in each step",
    "times are yyyy-MM-dd HH:mm:ss in the sample; taskType 3 selects AI agent tasks and is required on that page only",
}

OPEN_ENUMERATIONS = {r"(nodeList\[\d+\]\.)?(source|ssmlGender)|outboundControl|toSeatType|recallType"}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    sandbox.assumptions.call_seconds = 10.0
    sandbox.assumptions.group_call_redials = 2
    sound = folder / "hello.mp3"
    sound.write_bytes(b"ID3" + bytes(100))
    calls = client.group_calls
    now = datetime.fromtimestamp(sandbox.clock(), UTC)
    window = [f"{now + timedelta(days=days):%Y-%m-%d %H:%M:%S}" for days in (-1, 1)]
    spring = GroupCallSend(
        app_id=APPLICATION,
        task_name="spring",
        source=GroupCallSource.SENT_FILE,
        number_list=["4915100000001", "4915100000010"],
        loop_count=1,
        max_calls=60,
        send_time=f"{now + timedelta(seconds=60):%Y-%m-%d %H:%M:%S}",
    )
    key = await calls.send(spring, sound)
    texted = GroupCallUpdate(key_id=key, task_name="Spring", source=GroupCallSource.TEXT, text="hello", lan="EN")
    assert await calls.update(texted) is None
    task = await calls.get(key)
    assert (task.status, task.upload_name, task.text) == (GroupCallStatus.WAITING, "hello.mp3", "hello")
    move_on(sandbox, 100)
    (listed,) = [task async for task in calls.list(*window, search_condition="Spring")]
    assert (listed.id, listed.status, listed.success, listed.fail) == (key, GroupCallStatus.COMPLETED, 1, 1)

    (redial,) = [redial async for redial in calls.list_redials(*window, task_name="Spring")]
    assert redial.key_id is not None
    change = {"recall_interval": 5, "recall_type": GroupCallResendType.ALL, "recall_num": 2}
    await calls.update_redial(RedialUpdate(key_id=redial.key_id, **change))
    steps = (await calls.get_redial(redial.key_id)).node_list or []
    await calls.cancel_redial(RedialCancelType.STEP, steps[1].key_id or 0)
    await calls.cancel_redial(RedialCancelType.STEP, steps[0].key_id or 0)
    assert (await calls.get_redial(redial.key_id)).status == RedialStatus.CANCELLED

    again = {"source": GroupCallSource.TEXT, "text": "hello", "lan": "EN", "app_id": APPLICATION}
    repeat = GroupCallResend(key_id=key, task_name="again", resend_type=GroupCallResendType.FAILED, **again)
    repeated = await calls.resend(repeat)
    agent = GroupCallAgentSend(
        app_id=APPLICATION, task_name="agent", number_info_list=[AgentCalledNumber(callee_number="491510")]
    )
    await calls.cancel([repeated, await calls.send_agent(agent)])
    later = GroupCallAiSend(app_id=APPLICATION, task_name="script", number_list=["4915100000010"])
    spoken = await calls.send_ai(later)
    move_on(sandbox, 20)
    resent = await calls.resend_ai(
        GroupCallAiResend(
            key_id=spoken,
            script_id=5,
            task_name="script again",
            resend_type=GroupCallResendType.FAILED,
            send_time=f"{now + timedelta(hours=1):%Y-%m-%d %H:%M:%S}",
        )
    )
    assert resent is not None
    await calls.update_ai(GroupCallAiUpdate(key_id=resent, script_id=6, task_name="script later"))
    assert (await calls.get(resent)).task_name == "script later"
