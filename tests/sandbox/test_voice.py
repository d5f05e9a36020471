"""Voice messages and phones imitated: files, phones, calls and their records hang together."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from support.asking import Answer, Asker
from support.seeds import APPLICATION

from itnio_async import AsyncClient, ValidationError
from itnio_async.api.voice import GET_RECORD
from itnio_async.sandbox import Fault, Sandbox

ANSWERED, BUSY, UNRATED = "4915100000001", "4915100000010", "0049151000001"
NOW = 1_750_000_000.0  # 2025-06-15 15:06:40 in UTC


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(trunks=0) as running:
        running.clock = lambda: NOW
        yield running


@pytest.fixture
def ask(sandbox: Sandbox) -> Asker:
    return Asker(sandbox)


def after(sandbox: Sandbox, seconds: float) -> None:
    sandbox.clock = lambda: NOW + seconds


def uploaded(ask: Asker, name: str = "hello.mp3", file: str | None = None) -> Answer:
    return ask("/voice/fileUpload", {"fileName": name, "file": file or b64encode(b"ID3").decode()})


def listed(ask: Asker, path: str, params: dict[str, Any] | None) -> list[dict[str, Any]]:
    answer = ask(f"/voice/{path}", {"current": 1, "size": 100, **({} if params is None else {"params": params})})
    assert answer.code == 0, answer
    records: list[dict[str, Any]] = answer.data["records"]
    return records


def add_phones(ask: Asker, **changes: Any) -> Answer:
    body = {"groupName": "desk", "phoneName": "phone", "quantity": 2, "displayNum": "4930123456", "appId": APPLICATION}
    return ask("/voice/sipAdd", {**body, **changes})


def phones(ask: Asker, app_id: str = APPLICATION) -> list[dict[str, Any]]:
    return listed(ask, "sipQuery", {"appId": app_id})


def send_code(ask: Asker, **changes: Any) -> Answer:
    body = {"callee": ANSWERED, "language": "EN", "text": "Hello.", "appId": APPLICATION, **changes}
    return ask("/voice/sendCode", {name: value for name, value in body.items() if value is not ...})


def send_file(ask: Asker, callee: str, **changes: Any) -> Answer:
    return ask("/voice/sendGroup", {"callee": callee, "fileId": "?", "appId": APPLICATION, **changes})


def send_phone_call(ask: Asker, account: str, **changes: Any) -> Answer:
    return ask("/voice/sendSip", {"callee": ANSWERED, "account": account, "appId": APPLICATION, **changes})


WINDOW = {"strTime": "2025-06-15T15:06:40+00:00", "endTime": "2025-06-16T00:00:00+08:00"}


# -- files ------------------------------------------------------------------------------------------------------------


def test_files_have_names_of_their_own(ask: Asker) -> None:
    first = uploaded(ask)
    second = uploaded(ask, "hello.wav")
    assert (first.rule, second.rule) == ("0 documented", "0 documented")
    assert first.data.endswith(".mp3")
    assert uploaded(ask, "hello.wav").rule == "20 documented"
    files = [{"fileId": first.data, "fileName": "hello.mp3"}, {"fileId": second.data, "fileName": "hello.wav"}]
    assert listed(ask, "fileQuery", None) == files


@pytest.mark.parametrize(("name", "file"), [("hello.ogg", None), ("hello.mp3", "no base64!")])
def test_files_that_are_refused(ask: Asker, sandbox: Sandbox, name: str, file: str | None) -> None:
    assert uploaded(ask, name, file).rule == "21 assumed"
    sandbox.assumptions.voice_file_code = -22
    assert uploaded(ask, name, file).rule == "22 assumed"
    assert listed(ask, "fileQuery", None) == []


# -- calls ------------------------------------------------------------------------------------------------------------


def test_a_call_has_a_record_once_it_has_ended(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.call_seconds = 10.0
    sent = send_code(ask, displayNum="4930123456", calledInfo="Ada")
    assert (sent.rule, len(sent.data)) == ("0 documented", 19)
    path = f"/voice/recordGroup/{sent.data}"
    after(sandbox, 9)
    assert ask(path) == Answer(0, None, "0 assumed", "the call has not ended")
    assert listed(ask, "recordGroupQuery", WINDOW) == []
    for code in (-22, -24):
        sandbox.assumptions.unended_record_code = code
        assert ask(path).rule == f"{-code} assumed"
    after(sandbox, 10)
    record = ask(path).data
    assert listed(ask, "recordGroupQuery", WINDOW) == [record]
    expected = {
        "voiceId": sent.data,
        "callee": ANSWERED,
        "displayNum": "4930123456",
        "calledInfo": "Ada",
        "terminationCode": "200",
        "submitTime": "2025-06-15 15:06:40",
        "answerTime": "2025-06-15 15:06:45",
        "hangupTime": "2025-06-15 15:06:50",
        "callDuration": 5,
        "chargedDuration": 60,
        "cost": "0.0100",
        "voiceFileId": None,
    }
    assert record | expected == record


def test_numbers_that_end_like_those_of_tasks_are_busy(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.failing_numbers = "01"
    sent = [send_code(ask, callee=number).data for number in (ANSWERED, BUSY, "4915100000002")]
    after(sandbox, 1)
    records = [ask(f"/voice/recordGroup/{one}").data for one in sent]
    assert [record["terminationCode"] for record in records] == ["486", "486", "200"]
    assert [record["chargedDuration"] for record in records] == [0, 0, 60]
    assert records[0]["answerTime"] is None
    assert (records[0]["hangupTime"], records[0]["cost"]) == ("2025-06-15 15:06:40", "0.0000")


def test_a_file_is_played_to_each_number_that_has_a_rate(ask: Asker, sandbox: Sandbox) -> None:
    file_id = uploaded(ask).data
    answer = send_file(ask, f"{ANSWERED},{UNRATED},{BUSY}", fileId=file_id)
    assert answer.rule == "0 documented"
    assert [(one["callee"], one["terminationCode"]) for one in answer.data] == [
        (ANSWERED, "0"),
        (UNRATED, "-26"),
        (BUSY, "0"),
    ]
    after(sandbox, 1)
    records = listed(ask, "recordGroupQuery", WINDOW)
    assert [(one["voiceId"], one["voiceFileId"]) for one in records] == [
        (answer.data[0]["voiceId"], file_id),
        (answer.data[2]["voiceId"], file_id),
    ]
    assert [one["terminationCode"] for one in records] == ["200", "486"]
    sandbox.assumptions.unrated_result = "1"
    assert send_file(ask, f"{ANSWERED},{UNRATED}", fileId=file_id).data[1]["terminationCode"] == "1"
    assert send_file(ask, UNRATED, fileId=file_id).rule == "26 assumed"


def test_a_file_that_nobody_has_uploaded(ask: Asker) -> None:
    assert send_file(ask, ANSWERED).rule == "22 assumed"


@pytest.mark.parametrize(
    ("callee", "rule"),
    [
        (",".join([ANSWERED] * 1000), "0 documented"),
        (",".join([ANSWERED] * 1001), "22 documented"),
        (f"{ANSWERED},", "22 documented"),
        (f"{ANSWERED}, {BUSY}", "22 documented"),
        (f"{ANSWERED},123456", "22 documented"),
        (f"{ANSWERED},+49151000000", "22 documented"),
        ("", "22 documented"),
    ],
    ids=len,
)
def test_how_many_numbers_and_how_long_they_are(ask: Asker, callee: str, rule: str) -> None:
    file_id = uploaded(ask).data
    assert send_file(ask, callee, fileId=file_id).rule == rule


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"callee": UNRATED}, "26 assumed"),
        ({"callee": "49 151 000 000"}, "22 documented"),
        ({"text": "a" * 1001}, "22 documented"),
        ({"text": "a" * 1000, "loopCount": 9, "speakingRate": 4}, "0 documented"),
        ({"language": ...}, "22 documented"),
        ({"speakingRate": 0.24}, "22 documented"),
        ({"speakingRate": "1"}, "22 documented"),
        ({"speakingRate": True}, "22 documented"),
        ({"ssmlGender": 3}, "22 documented"),
        ({"maxRingingTime": 19}, "22 documented"),
        ({"recallCount": 0, "recallInterval": 0}, "0 documented"),
        ({"recallCount": 1, "recallInterval": 0}, "22 assumed"),
        ({"recallCount": 9, "recallInterval": 999}, "0 documented"),
        ({"fileId": "a"}, "22 assumed"),
    ],
)
def test_texts_that_are_read_out_and_others(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    assert send_code(ask, **changes).rule == rule


def test_calls_that_the_balance_does_not_pay_for(ask: Asker, sandbox: Sandbox) -> None:
    file_id = uploaded(ask).data
    add_phones(ask)
    account = phones(ask)[0]["account"]
    sandbox.assumptions.call_price = 50.0
    assert send_file(ask, f"{ANSWERED},{BUSY}", fileId=file_id).rule == "0 documented"
    assert send_file(ask, f"{ANSWERED},{BUSY},{ANSWERED}", fileId=file_id).rule == "10 documented"
    sandbox.assumptions.call_price = 100.01
    assert send_code(ask).rule == "10 documented"
    assert send_phone_call(ask, account).rule == "10 documented"


# -- phones -----------------------------------------------------------------------------------------------------------


def test_phones_from_their_making_to_their_calls(ask: Asker, sandbox: Sandbox) -> None:
    assert add_phones(ask) == Answer(0, None, "0 documented", "success")
    assert add_phones(ask, appId="another").code == 0
    first, second = phones(ask)
    assert (first["groupName"], first["phoneName"], second["phoneName"]) == ("desk", "phone001", "phone002")
    assert phones(ask, "none") == []
    everybody = [*phones(ask), *phones(ask, "another")]
    assert len({phone["account"] for phone in everybody}) == 4

    reset = ask("/voice/sipReset", {"account": first["account"], "appId": APPLICATION})
    assert reset.rule == "0 documented"
    assert reset.data == {"account": first["account"], "password": phones(ask)[0]["password"]}
    assert reset.data["password"] != first["password"]
    assert phones(ask)[1] == second
    assert ask("/voice/sipReset", {"account": first["account"], "appId": "another"}).rule == "24 documented"

    made = send_phone_call(ask, first["account"])
    shown = send_phone_call(ask, second["account"], callee=BUSY, displayNum="4930654321")
    assert (made.rule, shown.rule) == ("0 documented", "0 documented")
    assert send_phone_call(ask, "nobody").rule == "22 assumed"
    after(sandbox, 1)
    record = ask(f"/voice/recordSip/{made.data}").data
    expected = {
        "sipGroupName": "desk",
        "phoneName": "phone001",
        "displayNum": "4930123456",
        "terminationCode": "200",
        "recordingFileId": f"{made.data}.wav",
    }
    assert record | expected == record
    records = listed(ask, "recordSipQuery", {**WINDOW, "sipGroupName": "desk", "phoneName": ""})
    assert [one["voiceId"] for one in records] == [made.data, shown.data]
    assert (records[1]["displayNum"], records[1]["recordingFileId"]) == ("4930654321", None)
    assert listed(ask, "recordSipQuery", {**WINDOW, "phoneName": "phone002"}) == records[1:]
    # Names match exactly.
    assert listed(ask, "recordSipQuery", {**WINDOW, "sipGroupName": "des"}) == []


def test_the_records_of_phones_and_of_messages_are_apart(ask: Asker, sandbox: Sandbox) -> None:
    add_phones(ask)
    call = send_phone_call(ask, phones(ask)[0]["account"]).data
    message = send_code(ask).data
    assert call != message
    after(sandbox, 1)
    assert ask(f"/voice/recordGroup/{call}").rule == "22 assumed"
    assert ask(f"/voice/recordSip/{message}").rule == "22 assumed"
    assert [one["voiceId"] for one in listed(ask, "recordGroupQuery", WINDOW)] == [message]
    assert [one["voiceId"] for one in listed(ask, "recordSipQuery", WINDOW)] == [call]


def test_a_record_is_there_for_two_months(ask: Asker, sandbox: Sandbox) -> None:
    add_phones(ask)
    path = f"/voice/recordSip/{send_phone_call(ask, phones(ask)[0]['account']).data}"
    for days, rule in ((62, "0 documented"), (62.001, "22 assumed")):
        after(sandbox, days * 86_400)
        assert ask(path).rule == rule


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"groupName": "other"}, "20 documented"),
        ({"phoneName": "other"}, "20 documented"),
        ({"groupName": "other", "phoneName": "phone001"}, "20 documented"),
        ({"groupName": "other", "phoneName": "other"}, "23 assumed"),
        ({"groupName": "other", "phoneName": "other", "quantity": 1}, "0 documented"),
        ({"groupName": "other", "phoneName": "sip"}, "22 documented"),
        ({"quantity": 51}, "22 documented"),
        ({"displayNum": "12345678901234"}, "22 documented"),
    ],
)
def test_phones_that_are_refused(ask: Asker, sandbox: Sandbox, changes: dict[str, Any], rule: str) -> None:
    sandbox.assumptions.phone_quota = 3
    add_phones(ask)
    assert add_phones(ask, **changes).rule == rule
    assert len(phones(ask)) == 2 + (rule == "0 documented")


def test_phones_may_all_have_the_name_that_was_given(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.phone_names = "as given"
    add_phones(ask)
    assert [phone["phoneName"] for phone in phones(ask)] == ["phone", "phone"]


# -- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["recordSipQuery", "recordGroupQuery"])
@pytest.mark.parametrize(
    ("start", "end", "rule"),
    [
        ("2025-05-16T00:00:00+00:00", "2025-06-16T00:00:00+00:00", "0 documented"),
        ("2025-05-16T00:00:00+00:00", "2025-06-16T00:00:01+00:00", "22 documented"),
        ("2025-06-16T00:00:00+00:00", "2025-06-15T00:00:00+00:00", "22 assumed"),
        ("2025-04-14T15:06:39+00:00", "2025-05-01T00:00:00+00:00", "22 documented"),
        ("2025-04-14T15:06:40+00:00", "2025-05-01T00:00:00+00:00", "0 documented"),
        ("2025-06-16 00:00:00", "2025-06-15T00:00:00+00:00", "22 documented"),
    ],
)
def test_the_time_that_is_asked_about(ask: Asker, path: str, start: str, end: str, rule: str) -> None:
    answer = ask(f"/voice/{path}", {"current": 1, "size": 10, "params": {"strTime": start, "endTime": end}})
    assert answer.rule == rule


def test_calls_outlive_the_sandbox(tmp_path: Any) -> None:
    state = tmp_path / "state"
    with Sandbox(trunks=0, state=state) as sandbox:
        ask = Asker(sandbox)
        uploaded(ask)
        add_phones(ask)
        sent, kept = send_code(ask).data, phones(ask)
        after = sandbox.clock() + 60
    with Sandbox(state=state) as sandbox:
        sandbox.clock = lambda: after
        ask = Asker(sandbox)
        assert phones(ask) == kept
        assert len(listed(ask, "fileQuery", None)) == 1
        assert ask(f"/voice/recordGroup/{sent}").data["voiceId"] == sent


@pytest.mark.parametrize("voice_id", ["a/b", "1//2", "12/../x", "%2F", "a b", "\u00fc", "a?b#c", "{voiceId}"])
async def test_any_text_may_stand_for_an_id_in_a_path(sandbox: Sandbox, voice_id: str) -> None:
    sandbox.clock = time.time
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
        with pytest.raises(ValidationError) as refused:
            await client.voice.get_record(voice_id)
    assert refused.value.headers["X-Itnio-Rule-Text"] == "no call of this kind has the id"
    assert sandbox.requests[-1].path == f"/voice/recordGroup/{voice_id}"


@pytest.mark.parametrize("endpoint", ["recordGroup", GET_RECORD.path, "recordGroup/{voiceId}", "/voice/recordGroup"])
def test_a_fault_names_an_endpoint_with_an_id_in_its_path(ask: Asker, sandbox: Sandbox, endpoint: str) -> None:
    order = sandbox.order(Fault("minus18", endpoint=endpoint))
    assert ask("/voice/recordGroup/7").code == -18
    assert ask("/voice/recordSip/7").code == -22
    assert order.struck == 1
