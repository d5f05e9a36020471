"""Group calls: what a task and a redial need, the file that is played, both envelopes, long lists."""

from __future__ import annotations

import json
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from support.facts import FACTS
from support.scripted import ScriptedTransport, answer
from support.values import KEY, SECRET

from itnio_async import AsyncClient, ConflictError, InvalidRequestError, ServerError, UnexpectedResponseError
from itnio_async.api.call_tasks import CallTaskResendType
from itnio_async.api.group_calls import (
    RESEND_AI,
    AgentCalledNumber,
    AiCalledNumber,
    CalledNumber,
    GroupCallAgentSend,
    GroupCallAiResend,
    GroupCallAiSend,
    GroupCallResend,
    GroupCallResendType,
    GroupCallSend,
    GroupCallSource,
    GroupCallUpdate,
    OutboundControl,
    RedialCancelType,
    RedialStepUpdate,
    RedialUpdate,
    ToSeatType,
    YesNo,
)
from itnio_async.codec import as_json, encode
from itnio_async.uploads import as_base64
from itnio_async.values import UNSET, Base64

TASK = GroupCallSend(
    app_id="a",
    task_name="spring",
    source=GroupCallSource.TEXT,
    text="hello",
    lan="EN",
    number_list=["4915100000001"],
    loop_count=1,
    max_calls=60,
)
UPDATE = GroupCallUpdate(key_id=1, task_name="spring", source=GroupCallSource.TEXT, text="hello", lan="EN")
AGAIN = GroupCallResend(
    key_id=1,
    app_id="a",
    task_name="again",
    source=GroupCallSource.TEXT,
    text="hello",
    lan="EN",
    resend_type=GroupCallResendType.ALL,
)
STEP = RedialStepUpdate(source=GroupCallSource.TEXT, text="hello", lan="EN", hang_up_sms=YesNo.NO)
SMS = {"hang_up_sms": YesNo.YES, "sms_app_id": "7", "sms_content": "hello"}
AGENTS = {"to_seat": YesNo.YES, "sip_group_id": 5}
RATIO = {"outbound_control": OutboundControl.BY_RATIO, "callout_rate": 1, "to_seat_type": ToSeatType.BY_KEY}


def client_of(*steps: Any) -> tuple[AsyncClient, ScriptedTransport]:
    transport = ScriptedTransport(*steps)
    return AsyncClient(KEY, SECRET, transport=transport), transport


async def refused_field(method: str, request: Any) -> str | None:
    """Return the field that a call is refused for before it is sent, or None where it is sent."""
    client, transport = client_of(answer())
    field = None
    async with client:
        try:
            await getattr(client.group_calls, method)(request)
        except InvalidRequestError as error:
            field = error.field
    assert len(transport.sent) == (field is None)
    return field


# -- what is needed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"number_list": UNSET}, "number_list"),
        ({"number_list": []}, "number_list"),
        ({"number_list": UNSET, "number_info_list": [CalledNumber(callee_number="4915100000001")]}, None),
        ({"number_list": ["4915100000001", "+4915100000001"]}, "number_list"),
        ({"number_list": ["123456"]}, "number_list"),
        ({"number_info_list": [CalledNumber(callee_number="123456")]}, "number_info_list[0].callee_number"),
        ({"text": UNSET}, "text"),
        ({"lan": ""}, "lan"),
        ({"source": 1}, "voice_file_id"),
        ({"source": 1, "voice_file_id": "15", "text": None}, None),
        ({"source": 2, "upload_name": "hello.mp3"}, "base_file"),
        ({"source": 2, "base_file": "AAAA"}, "upload_name"),
        ({"source": 2, "base_file": "AAAA", "upload_name": "h.mp"}, "upload_name"),
        ({"source": 4, "text": UNSET}, None),
        ({"source": "3"}, "source"),
        ({"loop_count": 10}, "loop_count"),
        ({"max_calls": 1000}, "max_calls"),
        ({"hang_up_sms": YesNo.YES}, "sms_app_id"),
        ({**SMS, "sms_content": None}, "sms_content"),
        ({**SMS}, "success_push"),
        ({**SMS, "ring_push": YesNo.YES}, None),
        ({**SMS, "success_push": YesNo.YES}, None),
        ({**SMS, "feedback_push": YesNo.YES}, "feedback_value"),
        ({**SMS, "feedback_push": YesNo.YES, "feedback_value": "12"}, "feedback_value"),
        ({**SMS, "feedback_push": YesNo.YES, "feedback_value": "1"}, None),
        ({**SMS, "success_push": 1}, "success_push"),
        ({"hang_up_sms": YesNo.NO}, None),
        ({"to_seat": YesNo.YES, **RATIO}, "sip_group_id"),
        ({**AGENTS}, "outbound_control"),
        ({**AGENTS, **RATIO, "to_seat_type": UNSET}, "to_seat_type"),
        ({**AGENTS, **RATIO}, None),
        ({"to_seat": YesNo.NO}, None),
    ],
    ids=str,
)
async def test_what_a_task_needs(changes: dict[str, Any], field: str | None) -> None:
    assert await refused_field("send", attrs.evolve(TASK, **changes)) == field


@pytest.mark.parametrize(
    ("request_", "changes", "field"),
    [
        # The page on changing a task is cut before the ratio, and wants the delay of an SMS after success.
        (UPDATE, AGENTS, None),
        (UPDATE, {"to_seat": YesNo.YES}, "sip_group_id"),
        (UPDATE, {**SMS, "success_push": YesNo.YES}, "success_push_time"),
        (UPDATE, {**SMS, "success_push": YesNo.YES, "success_push_time": 0}, None),
        (UPDATE, SMS, "success_push"),
        # The one on resending wants neither an occasion nor a key.
        (AGAIN, SMS, None),
        (AGAIN, {**SMS, "feedback_push": YesNo.YES, "display_num": "+49"}, None),
        (AGAIN, {"hang_up_sms": YesNo.YES}, "sms_app_id"),
        (AGAIN, AGENTS, "outbound_control"),
        (AGAIN, {"text": UNSET}, "text"),
    ],
)
async def test_what_a_changed_and_a_repeated_task_need(request_: Any, changes: dict[str, Any], field: str) -> None:
    method = "update" if request_ is UPDATE else "resend"
    assert await refused_field(method, attrs.evolve(request_, **changes)) == field


@pytest.mark.parametrize(
    ("step", "field"),
    [
        (STEP, None),
        (RedialStepUpdate(script_id=5), None),
        (RedialStepUpdate(), "script_id"),
        (attrs.evolve(STEP, hang_up_sms=UNSET), "hang_up_sms"),
        (attrs.evolve(STEP, lan=UNSET), "lan"),
        (attrs.evolve(STEP, text="x" * 2048), None),
        (attrs.evolve(STEP, text="x" * 2049), "text"),
        (attrs.evolve(STEP, speaking_rate=0.25), None),
        (attrs.evolve(STEP, speaking_rate=0.2), "speaking_rate"),
        (attrs.evolve(STEP, hang_up_sms=YesNo.YES), "sms_content"),
        (attrs.evolve(STEP, hang_up_sms=YesNo.YES, sms_content="hi"), "success_push"),
        (attrs.evolve(STEP, hang_up_sms=YesNo.YES, sms_content="hi", success_push=YesNo.YES), "success_push_time"),
        # The page is cut before two of the occasions.
        (attrs.evolve(STEP, hang_up_sms=YesNo.YES, sms_content="hi", extra={"failedPush": 1}), None),
    ],
)
async def test_what_a_step_of_a_redial_needs(step: RedialStepUpdate, field: str | None) -> None:
    update = RedialUpdate(
        key_id=1,
        recall_interval=30,
        recall_num=2,
        recall_type=GroupCallResendType.FAILED,
        node_list=[RedialStepUpdate(script_id=1), step],
    )
    assert await refused_field("update_redial", update) == (field and f"node_list[1].{field}")


def test_which_numbers_are_called_again_has_other_numbers_than_for_call_tasks() -> None:
    assert (GroupCallResendType.ALL, GroupCallResendType.FAILED) == (0, 1)
    assert (CallTaskResendType.ALL, CallTaskResendType.FAILED) == (3, 1)


# -- the file that is played ------------------------------------------------------------------------------------------

PLAYED = attrs.evolve(TASK, source=GroupCallSource.SENT_FILE, text=UNSET, lan=UNSET)


@pytest.mark.parametrize("method", ["send", "update", "resend"])
async def test_a_file_is_sent_along_under_its_name(method: str, tmp_path: Path) -> None:
    sound = tmp_path / "hello.mp3"
    sound.write_bytes(b"ID3\x00")
    request = attrs.evolve({"send": TASK, "update": UPDATE, "resend": AGAIN}[method], source=GroupCallSource.SENT_FILE)
    client, transport = client_of(answer(data={"id": 5}))
    async with client:
        send = getattr(client.group_calls, method)
        assert await send(request, sound) == {"id": 5}
        assert await send(attrs.evolve(request, upload_name="other.mp3"), BytesIO(b"ID3\x01")) == {"id": 5}
    bodies = [json.loads(sent.content) for sent in transport.sent]
    assert [(body["uploadName"], b64decode(body["baseFile"])) for body in bodies] == [
        ("hello.mp3", b"ID3\x00"),
        ("other.mp3", b"ID3\x01"),
    ]


@pytest.mark.parametrize(
    ("task", "file", "field"),
    [
        (PLAYED, b"ID3", "upload_name"),
        (attrs.evolve(PLAYED, upload_name="hello.mp3"), b"", "file"),
        (TASK, b"ID3", "source"),
        (attrs.evolve(PLAYED, source=1, voice_file_id="15"), b"ID3", "source"),
    ],
)
async def test_a_file_that_cannot_be_sent_along(task: GroupCallSend, file: bytes, field: str) -> None:
    client, transport = client_of(answer())
    async with client:
        with pytest.raises(InvalidRequestError) as refused:
            await client.group_calls.send(task, file)
    assert refused.value.field == field
    assert not transport.sent


@pytest.mark.parametrize("method", ["send", "update", "resend"])
async def test_what_a_file_does_not_go_with(method: str) -> None:
    wanted = {"send": PLAYED, "update": UPDATE, "resend": AGAIN}[method]
    both = attrs.evolve(wanted, source=GroupCallSource.SENT_FILE, upload_name="hello.mp3", base_file="SUQz")
    client, transport = client_of(answer())
    async with client:
        for request, field in ((both, "file"), ({"source": 2}, "request"), (None, "request")):
            with pytest.raises(InvalidRequestError) as refused:
                await getattr(client.group_calls, method)(request, b"ID3")
            assert refused.value.field == field
    assert transport.sent == []


async def test_what_is_no_task_is_refused_with_a_file_too() -> None:
    client, transport = client_of(answer())
    wrong: Any = {"taskName": "spring"}
    async with client:
        for method in (client.group_calls.send, client.group_calls.update, client.group_calls.resend):
            with pytest.raises(InvalidRequestError, match="not a dict"):
                await method(wrong, b"ID3")
    assert not transport.sent


async def test_a_step_of_a_redial_plays_a_file() -> None:
    step = attrs.evolve(
        STEP, source=GroupCallSource.SENT_FILE, upload_name="hello.mp3", base_file=await as_base64(b"x")
    )
    assert isinstance(step.base_file, Base64)
    update = RedialUpdate(key_id=1, recall_interval=1, recall_num=1, recall_type=0, node_list=[step])
    client, transport = client_of(answer())
    async with client:
        await client.group_calls.update_redial(update)
    (body,) = (json.loads(sent.content) for sent in transport.sent)
    assert body["nodeList"][0]["baseFile"] == "eA=="


# -- answers ----------------------------------------------------------------------------------------------------------

REPEAT = GroupCallAiResend(key_id=1, task_name="again", script_id=5, resend_type=GroupCallResendType.FAILED)


@pytest.mark.parametrize("name", ["response", "response_other"])
async def test_both_envelopes_of_one_endpoint_are_read(name: str) -> None:
    sample = json.loads(FACTS[str(RESEND_AI)]["examples"][name])
    client, _ = client_of(httpx.Response(200, json=sample))
    async with client:
        assert await client.group_calls.resend_ai(REPEAT) == 123123


@pytest.mark.parametrize(
    "refusal", [{"code": "-20", "msg": "Data existing"}, {"status": -20, "reason": "Data existing"}]
)
async def test_a_refusal_in_either_envelope(refusal: dict[str, Any]) -> None:
    client, _ = client_of(httpx.Response(200, json={**refusal, "data": None}))
    async with client:
        with pytest.raises(ConflictError, match="-20 'Data existing'"):
            await client.group_calls.cancel_redial(RedialCancelType.TASK, 7)


async def test_null_under_one_name_of_the_code_leaves_the_other() -> None:
    client, _ = client_of(httpx.Response(200, json={"code": None, "msg": None, "status": "0", "reason": "", "data": 5}))
    async with client:
        assert await client.group_calls.send(TASK) == 5
    client, _ = client_of(httpx.Response(200, json={"code": None, "data": 5}))
    async with client:
        with pytest.raises(UnexpectedResponseError, match="`code`: expected an integer, got null"):
            await client.group_calls.send(TASK)


async def test_a_name_that_is_taken_may_be_that_of_the_task_sent_before() -> None:
    client, _ = client_of(answer(-20))
    async with client:
        with pytest.raises(ConflictError, match="an earlier attempt may have sent the task"):
            await client.group_calls.send(TASK)


@pytest.mark.parametrize("data", [None, 5, "5", {"jobId": 5}, [5]])
async def test_an_answer_that_no_page_shows_is_returned_as_it_came(data: Any) -> None:
    client, _ = client_of(answer(data=data))
    async with client:
        assert await client.group_calls.send(TASK) == data


async def test_a_task_is_sent_once_though_the_vendor_fails() -> None:
    client, transport = client_of(answer(-18))
    async with client:
        with pytest.raises(ServerError):
            await client.group_calls.send(TASK)
    assert len(transport.sent) == 1


@pytest.mark.parametrize("name", ["jobId", "taskId"])
async def test_the_id_of_a_task_has_two_names(name: str) -> None:
    page = {"total": 1, "records": [{name: "7", "status": 99, "new": 1}]}
    client, _ = client_of(httpx.Response(200, json={"code": 0, "msg": "success", "data": page}))
    async with client:
        (task,) = await client.group_calls.list("2024-01-01 00:00:00", "2024-02-01 00:00:00")
    assert (task.id, task.status, dict(task.extra)) == (7, 99, {"new": 1})


async def test_a_country_code_in_the_data_is_no_code_of_the_answer() -> None:
    client, transport = client_of(httpx.Response(200, json={"code": 0, "msg": "", "data": {"code": "91", "jobId": 7}}))
    async with client:
        task = await client.group_calls.get(7)
    assert (task.code, task.job_id) == ("91", 7)
    assert transport.sent[0].url.path == "/voice/group/call/detail/7"


async def test_a_cancelled_list_may_be_half_done() -> None:
    client, _ = client_of(httpx.Response(200, json={"code": "-54", "msg": "wrong task"}))
    async with client:
        with pytest.raises(ConflictError) as refused:
            await client.group_calls.cancel(number for number in (1, 2))
    assert refused.value.may_have_been_processed is True


# -- lists of numbers -------------------------------------------------------------------------------------------------

MANY = [str(number) for number in range(4_915_100_000_000, 4_915_100_200_000)]


def test_no_number_is_printed() -> None:
    assert "4915" not in repr(TASK)
    assert "spring" in repr(TASK)


def test_200_000_numbers_are_sent_as_they_are() -> None:
    sent = as_json(attrs.evolve(TASK, number_list=MANY), GroupCallSend)
    assert sent["numberList"] is MANY  # no copy of it was made


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (MANY + MANY[:1], "200001 items"),
        ([*MANY[:-1], "49151-0000000"], "other characters"),
        ([*MANY[:-1], "4" * 16], "longer than 15"),
        (["", *MANY[1:]], "shorter than 7"),
    ],
    ids=["too many", "letters", "long", "empty"],
)
def test_one_wrong_number_of_200_000_is_found(wrong: list[str], found: str) -> None:
    with pytest.raises(InvalidRequestError, match=found) as refused:
        encode(attrs.evolve(TASK, number_list=wrong), GroupCallSend)
    assert refused.value.field == "number_list"
    assert "4915" not in str(refused.value)


@pytest.mark.parametrize("wrong", [5, None, b"4915100000001"])
def test_a_number_that_is_no_text_is_found(wrong: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        encode(attrs.evolve(TASK, number_list=["4915100000001", wrong]), GroupCallSend)
    assert refused.value.field == "number_list[1]"


def test_numbers_with_and_without_texts_come_through_plain_data() -> None:
    task = GroupCallAiSend(
        app_id="a",
        task_name="spring",
        number_list=["491510", AiCalledNumber(callee_number="491511", text1="Ada", extra={"new": 1})],
    )
    back = GroupCallAiSend.from_dict(task.to_dict())
    assert back == task
    assert json.loads(encode(back, GroupCallAiSend))["numberList"] == [
        "491510",
        {"calleeNumber": "491511", "text1": "Ada", "new": 1},
    ]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ("12345", "number_list"),
        (AiCalledNumber(callee_number="x"), "number_list[1].callee_number"),
        (5, "number_list[1]"),
    ],
)
def test_a_wrong_number_among_those_with_texts(item: Any, field: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        encode(GroupCallAiSend(app_id="a", task_name="xx", number_list=["491510", item]), GroupCallAiSend)
    assert refused.value.field == field


@pytest.mark.parametrize("information", [{"name": 5}, {5: "name"}, [("name", "Ada")], "name"])
def test_information_of_another_form_is_refused_without_telling_it(information: Any) -> None:
    number = AgentCalledNumber(callee_number="491510", call_information=information)
    with pytest.raises(InvalidRequestError) as refused:
        encode(GroupCallAgentSend(app_id="a", task_name="xx", number_info_list=[number]), GroupCallAgentSend)
    assert (refused.value.field or "").startswith("number_info_list[0].call_information")
    assert "name" not in str(refused.value).replace("number_info_list", "")
