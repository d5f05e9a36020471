"""One-time codes: nothing lets a wrong code pass for a right one, and nothing shows a code."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st
from support.families.otp import CALLS
from support.scripted import answer

from itnio_async import AsyncClient, InvalidRequestError, UnexpectedResponseError, ValidationError
from itnio_async.api.otp import (
    ChannelCut,
    OtpAppAdd,
    OtpFlowAdd,
    OtpFlowChannel,
    OtpFlowCondition,
    OtpFlowStep,
    OtpLimitUnit,
    OtpMatched,
    OtpOrderRecord,
    OtpOwnCodeSend,
    OtpRecord,
    OtpSend,
    OtpSendLimit,
    OtpSmsStatus,
    OtpTemplate,
    OtpTemplateAdd,
    OtpVerification,
    OtpVerify,
)
from itnio_async.api.otp.codes import OTP
from itnio_async.api.paths import calls_of, family_of_path, form_of_path
from itnio_async.cli.families.inputs import inputs_of
from itnio_async.codec import check_value, decode, encode
from itnio_async.codes import SHARED
from itnio_async.endpoint import EnvelopeForm
from itnio_async.redaction import secrets_in, without_named_secrets
from itnio_async.values import UNSET

Scripted = Callable[..., tuple[AsyncClient, Any]]
ID = "22206051443051000003"
CODE = "584931"


# -- a wrong code is not a right one ----------------------------------------------------------------------------------


@pytest.mark.parametrize("matched", [-1, 1, 2, 3, 4, 5, 6, -2, 99, None, "2", "6"])
async def test_only_one_result_lets_anybody_in(scripted: Scripted, matched: Any) -> None:
    client, _ = scripted(answer(data={"verificationId": ID, "matched": matched}))
    checked = await client.otp.verify(ID, CODE)
    assert checked.is_right is False
    assert not checked
    assert not checked.matched
    assert checked.matched != OtpMatched.RIGHT


@pytest.mark.parametrize("matched", [0, "0", 0.0])
async def test_the_right_code(scripted: Scripted, matched: Any) -> None:
    client, _ = scripted(answer(data={"verificationId": ID, "to": "91856321412", "channel": "sms", "matched": matched}))
    checked = await client.otp.verify(ID, CODE)
    assert checked.is_right is True
    assert checked
    assert checked.matched
    assert checked.matched is OtpMatched.RIGHT


@pytest.mark.parametrize("data", [None, {}, [], {"match": 0}, {"status": 0}, {"matched": ""}])
async def test_an_answer_without_a_result_lets_nobody_in(scripted: Scripted, data: Any) -> None:
    client, _ = scripted(answer(data=data))
    assert not (await client.otp.verify(ID, CODE)).is_right


@pytest.mark.parametrize("data", [True, "0", 0, {"matched": False}, {"matched": " "}, {"matched": []}, [{}, {}]])
async def test_a_result_of_another_type_is_an_error(scripted: Scripted, data: Any) -> None:
    client, _ = scripted(answer(data=data))
    with pytest.raises(UnexpectedResponseError):
        await client.otp.verify(ID, CODE)


@given(st.none() | st.booleans() | st.integers() | st.sampled_from(OtpMatched))
def test_a_record_made_by_hand_is_right_by_its_result_alone(matched: Any) -> None:
    checked = OtpVerification(matched=matched)
    assert checked.is_right == bool(checked) == (type(matched) is not bool and matched == 0 and matched is not None)


@pytest.mark.parametrize("number", [*OtpMatched, 6, -7])
def test_a_result_stays_what_it_is(number: int) -> None:
    result = decode({"matched": int(number)}, OtpVerification).matched
    for one in (result, pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert isinstance(one, OtpMatched)
        assert (one, bool(one), json.dumps(one)) == (number, number == 0, str(int(number)))
    assert OtpVerification(matched=result).to_dict()["matched"] == number
    assert {result: 1}[number] == 1


@pytest.mark.parametrize("value", ["0", None, 0.5, []])
def test_what_is_no_number_is_no_result(value: Any) -> None:
    with pytest.raises(ValueError, match="is not a valid OtpMatched"):
        OtpMatched(value)


async def test_the_records_have_results_too(scripted: Scripted) -> None:
    data = {"verificationId": ID, "verifications": {"matched": 2, "orderId": "a"}, "sms": {"status": 0, "new": 1}}
    client, transport = scripted(answer(data=data))
    record = await client.otp.get_record(ID)
    assert record.verifications is not None
    assert not record.verifications.matched
    assert record.verifications.matched is OtpMatched.WRONG
    assert [(text.status, dict(text.extra)) for text in record.sms or ()] == [(OtpSmsStatus.DELIVERED, {"new": 1})]
    assert transport.sent[0].url.path == f"/otp/verification/record/{ID}"


# -- a check is made once ---------------------------------------------------------------------------------------------


async def test_a_check_whose_answer_is_lost_is_not_repeated(scripted: Scripted) -> None:
    client, transport = scripted(answer(-18))
    with pytest.raises(Exception, match="-18") as failed:
        await client.otp.verify(ID, CODE)
    assert failed.value.may_have_been_processed is True
    assert len(transport.sent) == 1


# -- codes are secrets ------------------------------------------------------------------------------------------------


async def test_no_error_log_or_repr_has_the_code(scripted: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    own = OtpOwnCodeSend(app_id="mRELxtHc", code=CODE, to="91856321412", order_id="order 7")
    for call in (lambda client: client.otp.verify(ID, CODE), lambda client: client.otp.send_own_code(own)):
        client, transport = scripted(answer(-22, f"code {CODE} is wrong", data={"code": "kept", "text": f"<{CODE}>"}))
        with pytest.raises(ValidationError) as refused:
            await call(client)
        assert CODE.encode() in transport.sent[0].content
        error = refused.value
        assert "code *** is wrong" in error.reason
        shown = f"{error} {error!r} {error.raw} {error.args}"
        assert CODE not in shown
        assert error.raw["data"] == {"code": "kept", "text": "<***>"}
    logged = [record.getMessage() + str(vars(record)) for record in caplog.records]
    assert any(ID in line for line in logged)
    assert not any("order 7" in line for line in logged)  # an id of the caller may say who somebody is
    assert not any(CODE in line for line in logged)


def test_a_request_does_not_show_its_code() -> None:
    for request in (
        OtpVerify(verification_id=ID, code=CODE),
        OtpOwnCodeSend(app_id="abcd", code=CODE, to="9185632141"),
    ):
        assert CODE not in f"{request!r} {request.to_dict()} {attrs.asdict(request)}"
        assert json.loads(encode(request, type(request)))["code"] == CODE


def test_only_the_code_at_the_top_of_a_request_is_one() -> None:
    language = b'{"code":"kept","language":{"code":"zh_CN"}}'
    assert secrets_in(language) == ("kept",)
    assert json.loads(without_named_secrets(language, of_request=True)) == {
        "code": "***",
        "language": {"code": "zh_CN"},
    }
    # In an answer it is the API's own.
    assert without_named_secrets(b'{"code":0,"msg":"success"}') == b'{"code":0,"msg":"success"}'
    for other in (b"[]", b'{"code":null}', b'{"code":[]}', b'{"code":true}'):
        assert secrets_in(other) == ()
        assert without_named_secrets(other, of_request=True) == other


def test_no_code_is_given_on_a_command_line() -> None:
    for verb in ("verify", "send_own_code"):
        (call,) = (call for call in calls_of("otp") if call.verb == verb)
        (code,) = (one for one in inputs_of(call) if one.name == "code")
        assert code.option == "--code-file or --ask-code"


# -- what is refused beforehand ---------------------------------------------------------------------------------------

SEND: dict[str, Any] = {"app_id": "mRELxtHc", "template_id": 1, "to": "91856321412"}


@pytest.mark.parametrize("to", ["+91856321412", "918563214", "918563214123456", "91 856321412", ""])
def test_a_number_is_digits_with_its_country_code(to: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        encode(OtpSend(**{**SEND, "to": to}), OtpSend)
    assert refused.value.field == "to"


@pytest.mark.parametrize("code", ["123", "12345678901", ""])
async def test_a_typed_code_of_no_possible_length_is_not_sent(scripted: Scripted, code: str) -> None:
    client, transport = scripted()
    with pytest.raises(InvalidRequestError) as refused:
        await client.otp.verify(ID, code)
    assert refused.value.field == "code"
    assert not transport.sent


@pytest.mark.parametrize("name", ["period_total_send_limit", "period_phone_send_limit"])
@pytest.mark.parametrize("missing", ["unit", "period", "limit"])
@pytest.mark.parametrize("nothing", [None, UNSET])
async def test_a_limit_that_holds_is_whole(scripted: Scripted, name: str, missing: str, nothing: Any) -> None:
    client, transport = scripted(answer(data={"name": "shop"}))
    whole: dict[str, Any] = {"enabled": True, "unit": OtpLimitUnit.HOUR, "period": 90, "limit": 10_000_000_000}
    with pytest.raises(InvalidRequestError) as refused:
        await client.otp.add_app(OtpAppAdd(**{name: OtpSendLimit(**{**whole, missing: nothing})}))
    assert (refused.value.field, refused.value.code) == (f"{name}.{missing}", -22)
    assert (await client.otp.add_app(OtpAppAdd(**{name: OtpSendLimit(**whole)}))).name == "shop"
    assert len(transport.sent) == 1


def test_a_template_has_a_place_for_the_code() -> None:
    with pytest.raises(InvalidRequestError, match="to 256 characters, with ##code## in it, got one without") as refused:
        check_value("text", "Your code is #code#", OtpTemplateAdd)
    assert refused.value.field == "text"
    check_value("text", "##code##", OtpTemplateAdd)


@pytest.mark.parametrize("cut", [0, 1, "0", True])
def test_whether_a_step_switches_is_said_by_name(cut: Any) -> None:
    values: dict[str, Any] = {
        "waiting_time": 30,
        "status": OtpFlowCondition.NOT_VERIFIED,
        "channel": OtpFlowChannel.CALL,
    }
    with pytest.raises(InvalidRequestError) as refused:
        encode(OtpFlowAdd(name="flow", flow=[OtpFlowStep(**values, channel_cut=cut)]), OtpFlowAdd)
    assert refused.value.field == "flow[0].channel_cut"
    sent = json.loads(
        encode(OtpFlowAdd(name="flow", flow=[OtpFlowStep(**values, channel_cut=ChannelCut.SWITCH)]), OtpFlowAdd)
    )
    assert sent["flow"][0]["channelCut"] == 0


# -- what the tables leave open ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [{"templateId": 455}, [{"templateId": "455"}]])
async def test_templates_are_a_list_in_either_form(scripted: Scripted, data: Any) -> None:
    client, transport = scripted(answer(data=data))
    assert await client.otp.list_templates() == [OtpTemplate(template_id=455)]
    assert transport.sent[0].content == b""


@pytest.mark.parametrize("kind", [OtpRecord, OtpOrderRecord])
@pytest.mark.parametrize("as_list", [True, False])
def test_texts_and_calls_are_lists_in_either_form(kind: Any, as_list: bool) -> None:
    text, call = {"status": 1}, {"terminationCode": 0, "code": "CN"}
    record = decode({"sms": [text] if as_list else text, "call": [call] if as_list else call, "sna": [{"a": 1}]}, kind)
    assert [one.status for one in record.sms] == [OtpSmsStatus.FAILED]
    assert [one.code for one in record.call] == ["CN"]
    assert record.sna == [{"a": 1}]


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_a_record_of_a_channel_that_was_not_used_has_nothing_of_it(nothing: Any) -> None:
    record = decode({"sms": nothing, "call": {"cost": 0.02, "callDuration": ""}, "sna": nothing}, OtpRecord)
    assert not record.sms
    assert [(call.cost, call.call_duration) for call in record.call] == [("0.02", None)]


@pytest.mark.parametrize("check", [{"matched": 0}, [{"matched": "0"}]])
def test_what_came_of_a_check_is_an_object_in_either_form(check: Any) -> None:
    assert decode({"verifications": check}, OtpRecord).verifications.matched is OtpMatched.RIGHT


def test_a_record_comes_back_from_its_plain_data() -> None:
    data = {"verificationId": ID, "verifications": {"matched": 4, "oriReceiver": "1"}, "sms": [{"submitTm": "a"}]}
    record = OtpRecord.from_dict(data)
    assert OtpRecord.from_dict(record.to_dict(names="python"), names="python") == record
    assert record.verifications is not None
    assert record.verifications.ori_receiver == "1"


async def test_what_a_change_of_an_application_answers_does_not_matter(scripted: Scripted) -> None:
    for data in (None, True, "ok", {"name": "a"}, [1]):
        client, transport = scripted(answer(data=data))
        assert await CALLS["otp.update_app"](client) is None
        assert transport.sent[0].method == "PUT"
        assert "appId" not in json.loads(transport.sent[0].content)


@pytest.mark.parametrize(
    "path",
    ["/otp/verification/send", "/otp/app/details/mRELxtHc", "/otp/app/update/a%2Fb", "/otp/verification/record/222"],
)
def test_a_path_with_an_id_has_the_codes_of_its_endpoint(path: str) -> None:
    assert family_of_path(path) is OTP
    assert form_of_path(path) is EnvelopeForm.STATUS
    assert "limit" in family_of_path(path)[-28].meaning


@pytest.mark.parametrize("path", ["/otp/app/details/", "/otp/app/details", "/otp/app/details/a/b", "/otp/of/tomorrow"])
def test_another_path_has_the_codes_that_all_share(path: str) -> None:
    assert family_of_path(path) is SHARED
