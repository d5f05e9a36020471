"""What endpoints can say: fields in the path and in the query, a delete that an earlier attempt did, batches."""

from __future__ import annotations

from typing import Any

import attrs
import httpx
import pytest
from attrs import field, frozen
from hypothesis import given, strategies as st
from support.scripted import FakeSleep, ScriptedTransport, answer
from support.values import KEY, SECRET

from itnio_async import (
    AsyncClient,
    AuthenticationError,
    ConflictError,
    Endpoint,
    InvalidRequestError,
    NotFoundError,
    RetryPolicy,
    ServerError,
    response_of,
)
from itnio_async.api.agent_groups import DELETE, AgentGroupKey
from itnio_async.api.agents import DELETE as DELETE_AGENTS, AgentAdd, BatchAction, IdBatch
from itnio_async.api.call_tasks import CANCEL, CallTaskCancel
from itnio_async.api.open_types import OpenRequest
from itnio_async.endpoint import EnvelopeForm
from itnio_async.values import UNSET, Unset


@frozen(kw_only=True, repr=False)
class Part(OpenRequest):
    app_id: str | int
    name: str | Unset | None = UNSET
    flag: bool | Unset = UNSET
    start: str | Unset = UNSET


GET = Endpoint[Part, None]("GET", "/otp/app/details/{appId}/x", Part, None, idempotent=True)
PUT = attrs.evolve(GET, method="PUT", path="/otp/app/update/{appId}")


async def sent(endpoint: Endpoint[Any, Any], request: Any) -> httpx.Request:
    transport = ScriptedTransport(answer())
    async with AsyncClient(KEY, SECRET, transport=transport, base_url="https://api.itniotech.com/base") as client:
        await client.call(endpoint, request)
    return transport.sent[0]


async def test_ids_go_into_the_path_and_the_rest_of_a_get_into_the_query() -> None:
    request = await sent(GET, Part(app_id="4luaKsL2", name="a b", flag=True, start="2021-02-12T00:00:00+08:00"))
    assert request.url.raw_path == (
        b"/base/otp/app/details/4luaKsL2/x?name=a+b&flag=true&start=2021-02-12T00%3A00%3A00%2B08%3A00"
    )
    assert request.content == b""
    assert request.headers["Content-Type"] == "application/json;charset=UTF-8"
    request = await sent(GET, Part(app_id=7, name=None, extra={"new": 1}))
    assert request.url.raw_path == b"/base/otp/app/details/7/x?new=1"


async def test_the_rest_of_a_put_goes_into_the_body() -> None:
    request = await sent(PUT, Part(app_id="a", name=None))
    assert (request.method, request.url.raw_path, request.content) == (
        "PUT",
        b"/base/otp/app/update/a",
        b'{"name":null}',
    )


@given(app_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=8))
async def test_an_id_is_one_segment_of_the_path_or_refused(app_id: str) -> None:
    if app_id in (".", ".."):
        with pytest.raises(InvalidRequestError) as refused:
            await sent(PUT, Part(app_id=app_id))
        assert refused.value.field == "appId"
        return
    request = await sent(PUT, Part(app_id=app_id))
    path = request.url.raw_path.decode()
    assert path.startswith("/base/otp/app/update/")
    assert path.count("/") == 5
    assert request.url.path == f"/base/otp/app/update/{app_id}"
    assert request.url.query == b""


@pytest.mark.parametrize("app_id", ["", None])
async def test_a_missing_id_would_be_another_path(app_id: Any) -> None:
    with pytest.raises(InvalidRequestError):
        await sent(PUT, Part(app_id=app_id))


@pytest.mark.parametrize("task_id", [7, 3_000_000_000, "3000000000", 2**63])
async def test_an_id_that_is_sent_as_a_text_is_of_any_length(task_id: Any) -> None:
    request = await sent(CANCEL, CallTaskCancel(task_id=task_id))
    assert request.content == b'{"taskId":"%d"}' % int(task_id)


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("get", "/x", "endpoint"),
        ("CONNECT", "/x", "method"),
        ("GET", "x", "path"),
        ("GET", "https://x.example/", "path"),
    ],
)
async def test_an_own_endpoint_that_cannot_be_called(method: str, path: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await sent(Endpoint(method, path, Part, Part, idempotent=True), Part(app_id="a"))
    assert refused.value.field == field


async def test_each_call_of_a_run_has_its_own_address() -> None:
    transport = ScriptedTransport(answer())
    async with AsyncClient(KEY, SECRET, transport=transport) as client:
        keys = [AgentGroupKey(voice_group_id=number) for number in range(1, 6)]
        async with client.bulk(DELETE, keys, concurrency=2) as run:
            assert all([outcome.ok async for outcome in run])
    assert sorted(request.url.query for request in transport.sent) == [b"voiceGroupId=%d" % n for n in range(1, 6)]
    assert {request.method for request in transport.sent} == {"GET"}


async def test_a_field_of_an_answer_beside_its_code_has_its_own_path_in_an_error() -> None:
    from itnio_async import UnexpectedResponseError
    from itnio_async.api.account import GET_BALANCE

    assert GET_BALANCE.envelope is EnvelopeForm.BESIDE
    transport = ScriptedTransport(httpx.Response(200, json={"status": "0", "reason": "", "balance": [1]}))
    async with AsyncClient(KEY, SECRET, transport=transport) as client:
        with pytest.raises(UnexpectedResponseError, match="`balance`: expected a string, got an array"):
            await client.account.get_balance()


# -- a delete that an earlier attempt did -----------------------------------------------------------------------------

QUICK = RetryPolicy(sleep=FakeSleep(), random=lambda: 0.0)


def scripted_client(*steps: Any) -> tuple[AsyncClient, ScriptedTransport]:
    transport = ScriptedTransport(*steps)
    return AsyncClient(KEY, SECRET, transport=transport, retry=QUICK), transport


async def test_a_delete_that_finds_nothing_after_an_attempt_that_may_have_deleted_is_done() -> None:
    client, transport = scripted_client(answer(-18), answer(-24, "Data does not exist"))
    async with client:
        response = await response_of(client.agent_groups.delete, 5)
        assert (response.status, response.reason, response.attempts, response.data) == (
            -24,
            "Data does not exist",
            2,
            None,
        )
        assert response.raw["status"] == -24
    assert len(transport.sent) == 2


@pytest.mark.parametrize("steps", [[answer(-24)], [answer(-16), answer(-24)]])
async def test_one_that_nothing_may_have_deleted_is_refused(steps: list[Any]) -> None:
    client, _ = scripted_client(*steps)
    async with client:
        with pytest.raises(NotFoundError) as refused:
            await client.agent_groups.delete(5)
    assert refused.value.may_have_been_processed is False


async def test_another_refusal_after_such_an_attempt_stands() -> None:
    client, _ = scripted_client(answer(-18), answer(-64))
    async with client:
        with pytest.raises(ConflictError) as refused:
            await client.agent_groups.delete(5)
    assert refused.value.may_have_been_processed is True


async def test_other_calls_that_find_nothing_are_refused_all_the_same() -> None:
    client, _ = scripted_client(answer(-18), answer(-24))
    async with client:
        with pytest.raises(NotFoundError):
            await client.agent_groups.get_settings(5)


# -- batches ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "may_be_half_done"), [(-67, True), (-24, True), (-22, True), (-1, False)])
async def test_a_refused_batch_may_be_half_done(code: int, may_be_half_done: bool) -> None:
    client, transport = scripted_client(answer(code))
    async with client:
        with pytest.raises((ConflictError, NotFoundError, AuthenticationError, Exception)) as refused:
            await client.agents.disable([1, 2])
    assert refused.value.code == code
    assert refused.value.may_have_been_processed is may_be_half_done
    assert len(transport.sent) == 1


@pytest.mark.parametrize("family", ["agents", "team_leaders"])
@pytest.mark.parametrize(("verb", "kind"), [("delete", 2), ("disable", 3), ("enable", 4)])
async def test_what_is_done_to_a_batch(family: str, verb: str, kind: int) -> None:
    client, transport = scripted_client(answer())
    async with client:
        service = getattr(client, family)
        await getattr(service, verb)(number for number in (5, 6))
        with pytest.raises(InvalidRequestError) as refused:
            await getattr(service, verb)([])
        assert refused.value.field == "id_list"
        for wrong in (5, "56", [5, "6"], [2**31]):
            with pytest.raises(InvalidRequestError):
                await getattr(service, verb)(wrong)
    (request,) = transport.sent
    assert request.content == b'{"type":%d,"idList":[5,6]}' % kind


async def test_the_raw_batch_takes_the_vendors_json() -> None:
    batch = IdBatch.from_dict({"type": 2, "idList": [12]})
    assert batch == IdBatch(type=BatchAction.DELETE, id_list=[12])
    assert (await sent(DELETE_AGENTS, batch)).content == b'{"type":2,"idList":[12]}'


# -- many -------------------------------------------------------------------------------------------------------------


async def test_adds_that_fail_are_not_repeated_and_say_so_each() -> None:
    client, transport = scripted_client(answer(data=[{"keyId": 1, "name": "a"}]), answer(-18))
    async with client:
        adds = [
            AgentAdd(voice_group_id=1, size=1),
            AgentAdd(voice_group_id=2, size=1),
            AgentAdd(voice_group_id=3, size=0),
        ]
        async with client.agents.add_many(adds, concurrency=1, ordered=True) as run:
            first, second, third = [outcome async for outcome in run]
    assert first.response is not None
    assert first.response.data[0].key_id == 1
    assert isinstance(second.error, ServerError)
    assert isinstance(third.error, InvalidRequestError)
    assert third.error.field == "size"
    assert len(transport.sent) == 2


async def test_no_agents_are_an_empty_list() -> None:
    client, _ = scripted_client(answer(data=None))
    async with client:
        assert await client.agents.add(AgentAdd(voice_group_id=1, size=1)) == []


# -- call tasks -------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Case:
    changes: dict[str, Any]
    refused: str | None = field(default=None)


@pytest.mark.parametrize(
    "case",
    [
        Case(changes={}),
        Case(changes={"voice_group_id": [1, 2]}, refused="voice_group_id"),
        Case(changes={"voice_group_id": []}, refused="voice_group_id"),
        Case(changes={"voice_group_id": UNSET}, refused="voice_group_id"),
        Case(changes={"app_id": ""}, refused="app_id"),
        Case(changes={"callout_rate": None}, refused="callout_rate"),
        Case(changes={"callout_rate": 0}),
        Case(changes={"type": 0, "voice_group_id": [1, 2], "app_id": UNSET, "callout_rate": UNSET}),
        Case(changes={"max_ringing_time": 19}, refused="max_ringing_time"),
        Case(changes={"max_ringing_time": 120}),
        Case(changes={"display_num": "+91"}, refused="display_num"),
        Case(changes={"type": "1"}, refused="type"),
    ],
    ids=str,
)
async def test_what_a_task_that_hands_calls_to_agents_needs(case: Case) -> None:
    from itnio_async.api.call_tasks import CallTaskSubmit, CallTaskType

    task = CallTaskSubmit(
        file_path="/a.xls",
        file_name="a.xls",
        type=CallTaskType.AGENT,
        voice_group_id=[1],
        app_id="x",
        callout_rate=1,
    )
    client, transport = scripted_client(answer(data=5017560))
    async with client:
        if case.refused is None:
            assert await client.call_tasks.submit(attrs.evolve(task, **case.changes)) == 5017560
        else:
            with pytest.raises(InvalidRequestError) as refused:
                await client.call_tasks.submit(attrs.evolve(task, **case.changes))
            assert refused.value.field == case.refused
    assert len(transport.sent) == (case.refused is None)


async def test_a_task_is_not_submitted_twice() -> None:
    from itnio_async.api.call_tasks import CallTaskSubmit

    client, transport = scripted_client(answer(-18))
    async with client:
        with pytest.raises(ServerError):
            await client.call_tasks.submit(CallTaskSubmit(file_path="/a", file_name="a", type=0))
    assert len(transport.sent) == 1
