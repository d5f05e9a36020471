"""What is special to voice messages and phones: numbers between commas, two codes for success, ids in the path."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import httpx
import pytest
from support.scripted import FakeSleep, ScriptedTransport, answer
from support.values import KEY, SECRET

from itnio_async import (
    ApiError,
    AsyncClient,
    ConflictError,
    InvalidRequestError,
    QuotaError,
    RetryPolicy,
    ServerError,
    ValidationError,
)
from itnio_async.api.paths import family_of_path
from itnio_async.api.voice import (
    LIST_RECORDS,
    Phone,
    PhoneAdd,
    PhoneCallSend,
    PhonePassword,
    PhoneRecord,
    VoiceCodeSend,
    VoiceFileSend,
    VoiceFileSent,
    VoiceRecord,
)

QUICK = RetryPolicy(sleep=FakeSleep(), random=lambda: 0.0)
CODE = VoiceCodeSend(callee="4915100000001", language="EN", text="1, 2, 3", app_id="a")
FILE = VoiceFileSend(callee=["4915100000001", "4915100000002"], file_id="f.mp3", app_id="a")


def client_of(*steps: Any) -> tuple[AsyncClient, ScriptedTransport]:
    transport = ScriptedTransport(*steps)
    return AsyncClient(KEY, SECRET, transport=transport, retry=QUICK), transport


def body_of(request: httpx.Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.content)
    return body


# -- many numbers in one text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("callee", [FILE.callee, tuple(FILE.callee)], ids=lambda value: type(value).__name__)
async def test_numbers_are_sent_with_commas_between_them(callee: Any) -> None:
    client, transport = client_of(answer(data=[]))
    async with client:
        await client.voice.send_file(attrs.evolve(FILE, callee=callee))
    assert body_of(transport.sent[0])["callee"] == "4915100000001,4915100000002"


def test_numbers_come_through_both_forms_of_plain_data() -> None:
    vendors, python = FILE.to_dict(), FILE.to_dict(names="python")
    assert vendors["callee"] == "4915100000001,4915100000002"
    assert python["callee"] == FILE.callee
    assert VoiceFileSend.from_dict(vendors) == VoiceFileSend.from_dict(python, names="python") == FILE
    # A list under the vendor's name is one too.
    assert VoiceFileSend.from_dict({**vendors, "callee": FILE.callee}) == FILE


@pytest.mark.parametrize(
    ("callee", "said"),
    [
        ([], "0 items"),
        (["4915100000001"] * 1001, "1001 items"),
        (["4915100000001", "491510"], "one shorter than 7"),
        (["4915100000001", "4915100000001,"], "other characters"),
        (["+4915100000001"], "other characters"),
        (["4915100000001", 4915100000001], "an integer"),
        ("4915100000001,4915100000002", "a string"),
        (None, "null"),
    ],
    ids=str,
)
async def test_numbers_that_are_refused_before_anything_is_sent(callee: Any, said: str) -> None:
    client, transport = client_of(answer(data=[]))
    async with client:
        with pytest.raises(InvalidRequestError, match=said) as refused:
            await client.voice.send_file(attrs.evolve(FILE, callee=callee))
    assert refused.value.field.startswith("callee")
    assert transport.sent == []


async def test_a_thousand_numbers_are_one_order() -> None:
    client, transport = client_of(answer(data=[]))
    async with client:
        await client.voice.send_file(attrs.evolve(FILE, callee=["4915100000001"] * 1000))
    assert body_of(transport.sent[0])["callee"].count(",") == 999


# -- two codes for success --------------------------------------------------------------------------------------------


async def test_some_numbers_may_be_accepted_and_others_not() -> None:
    # The code is a text in the table; a number is read all the same.
    entries = [
        {"voiceId": "1", "callee": "4915100000001", "terminationCode": "0", "terminationReason": "success"},
        {"voiceId": None, "callee": "4915100000002", "terminationCode": 26, "terminationReason": "no rate"},
        {"callee": "4915100000003", "terminationCode": 0},
    ]
    client, _ = client_of(answer(data=entries))
    async with client:
        sent = await client.voice.send_file(FILE)
    assert [(one.callee, one.accepted) for one in sent] == [
        ("4915100000001", True),
        ("4915100000002", False),
        ("4915100000003", True),
    ]


@pytest.mark.parametrize(
    ("code", "accepted", "answered"),
    [("0", True, False), ("200", False, True), ("486", False, False), (None, False, False)],
)
def test_the_code_of_one_success_is_not_that_of_the_other(code: str | None, accepted: bool, answered: bool) -> None:
    assert VoiceFileSent(termination_code=code).accepted is accepted
    assert VoiceRecord(termination_code=code).answered is answered


# -- what must not be done twice --------------------------------------------------------------------------------------

PHONES = PhoneAdd(app_id="a", group_name="desk", phone_name="phone", quantity=1, display_num="4930123456")
ONCE: dict[str, Callable[[AsyncClient], Any]] = {
    "send_code": lambda client: client.voice.send_code(CODE),
    "send_file": lambda client: client.voice.send_file(FILE),
    "send_phone_call": lambda client: client.voice.send_phone_call(
        PhoneCallSend(callee="4915100000001", account="a", app_id="a")
    ),
    "add_phones": lambda client: client.voice.add_phones(PHONES),
    "reset_phone": lambda client: client.voice.reset_phone("phone", "a"),
    "upload_file": lambda client: client.voice.upload_file(b"ID3", "hello.mp3"),
}


@pytest.mark.parametrize("verb", ONCE)
async def test_what_may_have_been_done_is_not_repeated(verb: str) -> None:
    client, transport = client_of(answer(-18))
    async with client:
        with pytest.raises(ServerError) as failed:
            await ONCE[verb](client)
    assert failed.value.may_have_been_processed
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    ("code", "kind"), [(-10, QuotaError), (-20, ConflictError), (-21, ValidationError), (-26, ValidationError)]
)
async def test_what_was_refused_has_called_nobody(code: int, kind: type[ApiError]) -> None:
    client, _ = client_of(answer(code))
    async with client:
        with pytest.raises(kind) as refused:
            await client.voice.send_code(CODE)
    assert refused.value.may_have_been_processed is False


async def test_many_texts_and_many_orders() -> None:
    client, transport = client_of(answer(data="1"))
    async with client:
        texts = [attrs.evolve(CODE, text=str(number)) for number in range(3)]
        ids = [made.response.data async for made in client.voice.send_code_many(texts, ordered=True) if made.response]
    assert ids == ["1", "1", "1"]
    assert sorted(body_of(request)["text"] for request in transport.sent) == ["0", "1", "2"]
    client, transport = client_of(answer(data=[{"callee": "4915100000001", "terminationCode": "0"}]))
    async with client:
        orders = [outcome async for outcome in client.voice.send_file_many([FILE, FILE])]
    assert all(made.response and made.response.data[0].accepted for made in orders)


# -- phones -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Phone, PhonePassword])
def test_the_password_of_a_phone_is_not_shown(kind: Any) -> None:
    phone = kind(account="phone", password="hunter2")
    assert "hunter2" not in f"{phone!r} {phone.to_dict()}"
    assert (phone.password, phone.to_dict(secrets=True)["password"]) == ("hunter2", "hunter2")


# -- files ------------------------------------------------------------------------------------------------------------


async def test_a_file_from_a_path_or_from_bytes(tmp_path: Any) -> None:
    path = tmp_path / "hello.wav"
    path.write_bytes(b"RIFF")
    client, transport = client_of(answer(data="f"), answer(data="g"))
    async with client:
        assert await client.voice.upload_file(path) == "f"
        assert await client.voice.upload_file(b"ID3", "hello.M4A") == "g"
        for name in ("hello.ogg", "a.mp", "a" * 29 + ".mp3"):
            with pytest.raises(InvalidRequestError) as refused:
                await client.voice.upload_file(path, name)
            assert refused.value.field == "file_name"
    assert [body_of(request) for request in transport.sent] == [
        {"fileName": "hello.wav", "file": "UklGRg=="},
        {"fileName": "hello.M4A", "file": "SUQz"},
    ]


async def test_the_listing_of_files_has_no_params() -> None:
    files = [{"fileId": "f", "fileName": "hello.mp3", "duration": 3}]
    client, transport = client_of(answer(data={"total": 1, "pages": 1, "records": files}))
    async with client:
        (file,) = [file async for file in client.voice.list_files()]
    assert (file.file_id, file.file_name, dict(file.extra)) == ("f", "hello.mp3", {"duration": 3})
    assert body_of(transport.sent[0]) == {"current": 1, "size": 100}


# -- records ----------------------------------------------------------------------------------------------------------


async def test_a_record_is_asked_for_by_its_path() -> None:
    client, transport = client_of(answer(data={"voiceId": 7, "terminationCode": 200}), answer(data=None))
    async with client:
        record = await client.voice.get_record("22/0?")
        assert (record.voice_id, record.answered) == ("7", True)
        # No page says what is answered of a call that has not ended.
        assert await client.voice.get_phone_record("8") == PhoneRecord()
        for wrong in ("", ".."):
            with pytest.raises(InvalidRequestError) as refused:
                await client.voice.get_record(wrong)
            assert refused.value.field == "voice_id"
    assert [request.url.raw_path for request in transport.sent] == [
        b"/voice/recordGroup/22%2F0%3F",
        b"/voice/recordSip/8",
    ]
    assert transport.sent[0].content == b""


@pytest.mark.parametrize("verb", ["list_records", "list_phone_records"])
async def test_the_times_of_a_listing_have_their_zone(verb: str) -> None:
    client, transport = client_of(answer(data={"total": 0, "records": []}), answer(-22))
    now = datetime(2025, 6, 15, tzinfo=UTC)
    async with client:
        listing = getattr(client.voice, verb)
        await listing(now - timedelta(days=1), now)
        for wrong in (now.replace(tzinfo=None), "2025-06-15T00:00:00+00:00", None):
            with pytest.raises(InvalidRequestError) as refused:
                await listing(wrong, now)
            assert refused.value.field == "params.str_time"
        with pytest.raises(ValidationError, match="31 days at a time"):
            await listing(now - timedelta(days=40), now)
    params = body_of(transport.sent[0])["params"]
    assert params == {"strTime": "2025-06-14T00:00:00+00:00", "endTime": "2025-06-15T00:00:00+00:00"}


def test_the_older_listing_of_calls_is_the_call_centres() -> None:
    assert family_of_path("/voice/ccRecordQuery").name == "call records"
    assert family_of_path("/voice/recordGroup/1").name == "voice"
    assert "31 days" in family_of_path(LIST_RECORDS.path)[-22].advice
    # Nothing else under these paths is taken for one of this family.
    assert family_of_path("/voice/sendIvr").name == "shared"
