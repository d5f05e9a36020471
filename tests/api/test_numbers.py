"""What is special to numbers: an announcement within an update, lists with commas, and what must not be done twice."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve
from support.scripted import FakeSleep, ScriptedTransport, answer
from support.values import KEY, SECRET

from itnio_async import AsyncClient, InvalidRequestError, RetryPolicy, ServerError, response_of
from itnio_async.api.numbers import (
    ADD_POOL,
    LONGEST_VOICEMAIL,
    UPDATE,
    UPDATE_POOL,
    BindType,
    CallSource,
    NumberPoolAdd,
    NumberPoolFilter,
    NumberPoolQuery,
    NumberPoolUpdate,
    NumberState,
    NumberUpdate,
    PhoneBind,
    YesNo,
)
from itnio_async.api.numbers.service import LIST_POOLS
from itnio_async.codec import encode

NUMBER = NumberUpdate(number="1", app_id="a", enable_voicemail=YesNo.NO)
MOMENT = datetime(2022, 1, 31, tzinfo=UTC)
PAIR = PhoneBind(phone_a="1", phone_b="1234", pool_number="1", expire_s=60, app_id="a", biz_type=BindType.AXB)
POOL = NumberPoolUpdate(old_pool_number="1", pool_number="2", customer_whitelist=["192.0.2.1"], max_concurrency=1)
QUICK = RetryPolicy(sleep=FakeSleep(), random=lambda: 0.0)


def client_of(*answers: Any) -> tuple[AsyncClient, ScriptedTransport]:
    transport = ScriptedTransport(*answers)
    return AsyncClient(KEY, SECRET, transport=transport, retry=QUICK), transport


def page(record: dict[str, Any]) -> httpx.Response:
    return answer(data={"total": 1, "records": [record]})


# -- the announcement -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("update", "field", "said"),
    [
        ({"number": "1"}, "request", "takes a NumberUpdate, not a dict"),
        (None, "request", "takes a NumberUpdate, not a NoneType"),
        (evolve(NUMBER, voicemail_file_name="a.mp3", voicemail_file="SUQz"), "file", "by itself"),
        (evolve(NUMBER, voicemail_file_name="a.mp3", voicemail_file=None), "file", "by itself"),
    ],
    ids=str,
)
async def test_an_update_that_a_file_does_not_go_with(update: Any, field: str, said: str) -> None:
    client, transport = client_of(answer())
    async with client:
        with pytest.raises(InvalidRequestError, match=said) as refused:
            await client.numbers.update(update, b"ID3")
    assert refused.value.field == field
    assert transport.sent == []


@pytest.mark.parametrize("kind", ["path", "bytes", "file"])
async def test_an_announcement_comes_from_a_path_bytes_or_a_file(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "away.mp3"
    path.write_bytes(b"ID3" * 100_000)
    client, transport = client_of(answer())
    async with client:
        if kind == "path":
            await client.numbers.update(NUMBER, path)
        elif kind == "bytes":
            await client.numbers.update(evolve(NUMBER, voicemail_file_name="away.mp3"), path.read_bytes())
        else:
            with path.open("rb") as file:
                await client.numbers.update(NUMBER, file)
    sent = json.loads(transport.sent[0].content)
    assert (sent["voicemailFile"], sent["voicemailFileName"]) == (b64encode(b"ID3" * 100_000).decode(), "away.mp3")


@pytest.mark.parametrize(
    ("name", "content", "field"),
    [
        ("away.mp3", b"", "file"),
        ("away.mp3", bytes(LONGEST_VOICEMAIL + 1), "file"),
        ("away.ogg", b"OggS", "voicemail_file_name"),
        (None, b"ID3", "voicemail_file_name"),
    ],
)
async def test_an_announcement_that_is_not_sent(name: str | None, content: bytes, field: str) -> None:
    client, transport = client_of()
    async with client:
        with pytest.raises(InvalidRequestError) as refused:
            await client.numbers.update(evolve(NUMBER, voicemail_file_name=name), io.BytesIO(content))
    assert refused.value.field == field
    assert transport.sent == []


@pytest.mark.parametrize("longest", [None, 0, 1000])
async def test_voicemail_needs_its_length(longest: Any) -> None:
    client, _ = client_of()
    update = evolve(NUMBER, enable_voicemail=YesNo.YES, voicemail_max_hangup=longest)
    async with client:
        with pytest.raises(InvalidRequestError) as refused:
            await client.numbers.update(update)
    assert (refused.value.field, refused.value.code) == ("voicemail_max_hangup", -22)


# -- the form of what is sent and read --------------------------------------------------------------------------------


def test_the_commas_count_too() -> None:
    addresses = ["192.0.2.101", "192.0.2.102", "192.0.2.103", "192.0.2.10404"]
    assert len(",".join(addresses)) == 50 - 1
    update = evolve(NUMBER, out_ip=addresses)
    assert json.loads(encode(update, NumberUpdate))["outIp"] == ",".join(addresses)
    encode(evolve(NUMBER, out_ip=[*addresses[:3], "192.0.2.104044"]), NumberUpdate)
    with pytest.raises(InvalidRequestError, match="51 characters") as refused:
        encode(evolve(NUMBER, out_ip=[*addresses[:3], "192.0.2.1040444"]), NumberUpdate)
    assert refused.value.field == "out_ip"


@pytest.mark.parametrize("whitelist", [[], ["192.0.2.1,192.0.2.2"], ["192.0.2.1", ""], "192.0.2.1", ["1" * 201]])
def test_a_whitelist_is_a_list_of_addresses(whitelist: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        encode(evolve(POOL, customer_whitelist=whitelist), NumberPoolUpdate)
    assert refused.value.field.startswith("customer_whitelist")


@pytest.mark.parametrize("wanted", [-1, 10_000, "9", True])
def test_how_many_calls_a_pool_has_is_a_number(wanted: Any) -> None:
    for kind, request in (
        (NumberPoolUpdate, POOL),
        (NumberPoolAdd, NumberPoolAdd(pool_number="1", customer_whitelist=["a"], max_concurrency=1)),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            encode(evolve(request, max_concurrency=wanted), kind)
        assert refused.value.field == "max_concurrency"


def test_the_vendors_texts_are_read_back() -> None:
    """The types of each page's table are sent, and both are taken from the vendor's JSON."""
    for limit in ("9999", 9999):
        pool = NumberPoolUpdate.from_dict({**POOL.to_dict(), "maxConcurrency": limit, "customerWhitelist": "a,b"})
        assert (pool.max_concurrency, pool.customer_whitelist) == (9999, ["a", "b"])
        assert json.loads(encode(pool, NumberPoolUpdate))["maxConcurrency"] == "9999"
    for switch in ("1", 1):
        update = NumberUpdate.from_dict({**NUMBER.to_dict(), "enableVoicemail": switch})
        assert json.loads(encode(update, NumberUpdate))["enableVoicemail"] == "1"
    bare: Any = 1
    with pytest.raises(InvalidRequestError, match=r"YesNo\.NO"):
        encode(evolve(NUMBER, enable_voicemail=bare), NumberUpdate)


async def test_what_tables_and_samples_disagree_on_is_read_in_both_forms() -> None:
    client, _ = client_of(
        answer(data={"bindId": 1002, "pnsNumberA": "1"}),
        answer(data={"bindId": "1002", "pnsNumberA": 1}),
        answer(data={"bindId": "B7"}),
    )
    async with client:
        assert [(await client.numbers.bind(PAIR)).bind_id for _ in range(3)] == [1002, 1002, "B7"]
    client, _ = client_of(page({"maxConcurrency": "99"}), page({"maxConcurrency": 99}), page({"customerWhitelist": ""}))
    async with client:
        assert [(await client.numbers.list_pools())[0].max_concurrency for _ in range(2)] == [99, 99]
        assert (await client.numbers.list_pools())[0].customer_whitelist == []
    client, _ = client_of(page({"pnsNumberB": 915022112, "expireTime": 1697936400}))
    async with client:
        binding = (await client.numbers.list_bindings())[0]
    assert (binding.pns_number_b, binding.expire_time) == ("915022112", "1697936400")


async def test_a_listed_number_and_its_call() -> None:
    client, _ = client_of(page({"outIp": "192.0.2.1,192.0.2.2", "state": 4, "autoRenew": 0, "enableVoicemail": "1"}))
    async with client:
        number = (await client.numbers.list())[0]
    assert (number.out_ip, number.state) == (["192.0.2.1", "192.0.2.2"], NumberState.EXPIRED)
    assert (number.auto_renew, number.enable_voicemail) == (0, YesNo.YES)
    records = [
        {"startTime": 1643558400, "callSource": 2, "pay": "0.5", "quoteExchange": "1.1"},
        {"startTime": "1643558400000", "callSource": 7, "QuoteExchange": 1.1},
        {},
    ]
    client, _ = client_of(*map(page, records))
    async with client:
        calls = [(await client.numbers.list_records(*([MOMENT] * 2)))[0] for _ in records]
    assert [call.start_time for call in calls] == ["1643558400", "1643558400000", None]
    assert [call.call_source for call in calls] == [CallSource.INBOUND, 7, None]
    assert [call.exchange_rate for call in calls] == ["1.1", "1.1", None]
    assert calls[0].pay == 0.5


async def test_a_filter_of_pools_is_sent_as_it_is() -> None:
    client, transport = client_of(page({}))
    async with client:
        query = NumberPoolQuery(current=1, size=9, params=NumberPoolFilter(extra={"poolNumber": "1"}))
        await client.call(LIST_POOLS, query)
    assert json.loads(transport.sent[0].content) == {"current": 1, "size": 9, "params": {"poolNumber": "1"}}


# -- what is repeated -------------------------------------------------------------------------------------------------


async def test_what_would_bind_or_rename_twice_is_not_repeated() -> None:
    for method, request in (
        ("bind", PAIR),
        ("update_pool", POOL),
        ("add_pool", NumberPoolAdd(pool_number="1", customer_whitelist=["a"], max_concurrency=1)),
    ):
        client, transport = client_of(answer(-18))
        async with client:
            with pytest.raises(ServerError):
                await getattr(client.numbers, method)(request)
        assert len(transport.sent) == 1
    assert not ADD_POOL.idempotent
    assert not UPDATE_POOL.idempotent


async def test_an_update_is_repeated_with_its_announcement() -> None:
    client, transport = client_of(answer(-18), answer())
    async with client:
        await client.numbers.update(evolve(NUMBER, voicemail_file_name="a.wav"), b"RIFF")
    first, second = (json.loads(request.content) for request in transport.sent)
    assert first == second
    assert UPDATE.idempotent


async def test_a_binding_that_an_earlier_attempt_may_have_ended_is_ended() -> None:
    client, _ = client_of(answer(-18), answer(-24, "Data does not exist"))
    async with client:
        response = await response_of(client.numbers.unbind, 7, "a")
    assert (response.status, response.attempts) == (-24, 2)


async def test_many_pairs_are_bound_at_once() -> None:
    client, transport = client_of(*(answer(data={"bindId": index}) for index in range(3)))
    async with client:
        pairs = [evolve(PAIR, phone_a=str(index)) for index in range(3)]
        async with client.numbers.bind_many(pairs, concurrency=1, ordered=True) as run:
            bound = [outcome.response.data.bind_id async for outcome in run if outcome.response is not None]
    assert bound == [0, 1, 2]
    assert [json.loads(request.content)["phoneA"] for request in transport.sent] == ["0", "1", "2"]
