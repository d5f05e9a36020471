"""The samples of the vendor's pages: each call sends its page's request, and loses nothing of its page's answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import attrs
import httpx
import pytest
import respx
from support.facts import FACTS, assert_same_address, example, sent_sample
from support.families import all_of, path_pattern
from support.values import KEY, SECRET

from itnio_async import ENDPOINTS, AsyncClient
from itnio_async.api.paths import calls

BASE = "https://api.itniotech.com"
CALLS: dict[str, Callable[[AsyncClient], Awaitable[Any]]] = all_of("CALLS")
EACH = pytest.mark.parametrize("call", CALLS)
ENDPOINT_OF = {str(call): call.endpoint for call in calls()}


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    # httpx's own transport, which respx takes the place of.
    async with AsyncClient(KEY, SECRET, transport=httpx.AsyncHTTPTransport()) as client:
        yield client


def test_each_endpoint_is_called() -> None:
    assert {ENDPOINT_OF[call] for call in CALLS} == set(ENDPOINTS)


@EACH
@respx.mock(base_url=BASE)
async def test_the_sample_of_the_page_is_sent(call: str, client: AsyncClient, respx_mock: respx.MockRouter) -> None:
    endpoint = ENDPOINT_OF[call]
    fact = FACTS[str(endpoint)]
    route = respx_mock.request(endpoint.method, path__regex=path_pattern(endpoint)).respond(
        json={"status": "0", "reason": "success"}
    )
    await CALLS[call](client)
    (request,) = [made.request for made in route.calls]
    sample = sent_sample(fact, call)
    assert (json.loads(request.content) if request.content else None) == sample
    url = fact.get("examples", {}).get("request_url", f"{BASE}{endpoint.path}")
    assert_same_address(request.url, url)
    assert request.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert {"Sign", "Timestamp", "Api-Key"} <= {name.decode() for name, _ in request.headers.raw}


def assert_holds(plain: Any, sample: Any) -> None:
    """Check that data has all of a sample."""
    if isinstance(sample, dict):
        assert sample.keys() <= plain.keys()
        for name, value in sample.items():
            assert_holds(plain[name], value)
    elif isinstance(sample, list):
        for one, value in zip(plain, sample, strict=True):
            assert_holds(one, value)
    else:
        assert plain == sample


ANSWERED = [call for call in CALLS if example(FACTS[str(ENDPOINT_OF[call])], "response") is not None]


@pytest.mark.parametrize("call", ANSWERED)
@respx.mock(base_url=BASE)
async def test_nothing_of_the_pages_answer_is_lost(
    call: str, client: AsyncClient, respx_mock: respx.MockRouter
) -> None:
    endpoint = ENDPOINT_OF[call]
    sample = example(FACTS[str(endpoint)], "response")
    respx_mock.request(endpoint.method, path__regex=path_pattern(endpoint)).respond(json=sample)
    given = await CALLS[call](client)
    data = getattr(given, "data", given)  # two of the calls are `client.call`
    plain = data.to_dict(secrets=True) if attrs.has(type(data)) else data
    if isinstance(data, list):
        plain = [one.to_dict(secrets=True) for one in data]
    assert_holds(plain, sample["data"])
    assert getattr(data, "extra", {}).keys() <= {"searchCount"}


@pytest.mark.parametrize("status", ["0", 0])
@respx.mock(base_url=BASE)
async def test_a_balance_stands_beside_the_code(status: Any, client: AsyncClient, respx_mock: respx.MockRouter) -> None:
    body = {"status": status, "reason": "success", "balance": "99.990", "gift": "5", "credit": 0, "new": [1]}
    respx_mock.get("/sms/getBalance").respond(json=body)
    balance = await client.account.get_balance()
    assert (balance.balance, balance.gift, balance.credit, dict(balance.extra)) == ("99.990", "5", "0", {"new": [1]})
    assert str(balance.amount()) == "99.990"
    # The raw call knows the path.
    assert (await client.request("GET", "/sms/getBalance")).data == {
        name: value for name, value in body.items() if name not in ("status", "reason")
    }


@respx.mock(base_url=BASE)
async def test_a_group_id_has_two_names_in_the_settings(client: AsyncClient, respx_mock: respx.MockRouter) -> None:
    for name in ("voiceGroupId", "seatGroupId"):
        respx_mock.get("/v3/cc/seatGroup/basicSettingResp").respond(json={"status": 0, "data": {name: 5}})
        assert (await client.agent_groups.get_settings(5)).group_id == 5


@respx.mock(base_url=BASE)
async def test_what_the_tables_leave_open_is_read_in_each_form(
    client: AsyncClient, respx_mock: respx.MockRouter
) -> None:
    def page(record: dict[str, Any]) -> dict[str, Any]:
        return {"status": "0", "data": {"total": 1, "records": [record]}}

    respx_mock.post("/v3/cc/preview/query").respond(json=page({"completedRate": 0.5, "taskStatus": 99}))
    task = (await client.call_tasks.list())[0]
    assert (task.completed_rate, task.task_status) == (0.5, 99)
    respx_mock.post("/v3/cc/preview/query").respond(json=page({"completedRate": "50%"}))
    assert (await client.call_tasks.list())[0].completed_rate == "50%"
    record = {"seatName": 12, "callId": 7, "var02": "b", "var01": "a", "var10": None, "callCount": 1}
    respx_mock.post("/v3/cc/preview/queryTaskDetail").respond(json=page(record))
    number = (await client.call_tasks.list_numbers(1))[0]
    assert (number.seat_name, number.call_id, number.columns, number.call_count) == ("12", "7", ["a", "b", None], 1.0)
