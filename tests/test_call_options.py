"""Options of one call, and the whole answer of a service's method."""

import asyncio
import inspect
import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any, get_type_hints

import httpx
import pytest
from support.scripted import ScriptedTransport, answer
from support.values import registered_update, trunk_update

from itnio_async import (
    AsyncClient,
    BulkOptions,
    CallOptions,
    ConfigurationError,
    DeadlineExceeded,
    Page,
    Response,
    RetryPolicy,
    ServerError,
    SipTrunkAdd,
    api,
    response_of,
)
from itnio_async.api.base import Service
from itnio_async.api.sip_trunks import UPDATE

Scripted = Callable[..., tuple[AsyncClient, ScriptedTransport]]
SERVICES = [
    member
    for family in pkgutil.iter_modules(api.__path__)
    if family.ispkg
    for _, member in inspect.getmembers(import_module(f"itnio_async.api.{family.name}"), inspect.isclass)
    if issubclass(member, Service)
]
METHODS = [
    pytest.param(function, id=function.__qualname__)
    for service in SERVICES
    for name, function in inspect.getmembers(service, inspect.isfunction)
    if not name.startswith("_")
]
SUCCESS = answer()
FAILED = answer(-18, "Port program unusual")
NEW = SipTrunkAdd(
    type=1,
    sip_trunk_name="a",
    group_list=trunk_update().group_list,
    sip_trunk_state=False,
    sip_gateway_ip="192.0.2.1",
)


async def by_update(client: AsyncClient, **options: Any) -> Any:
    return await client.sip_trunks.update(trunk_update(), **options)


async def by_list(client: AsyncClient, **options: Any) -> Any:
    return await client.sip_trunks.list(**options)


async def by_records(client: AsyncClient, **options: Any) -> Any:
    return [trunk async for trunk in client.sip_trunks.list(**options)]


async def by_many(client: AsyncClient, **options: Any) -> Any:
    async with client.sip_trunks.update_many([trunk_update()], **options) as run:
        async for outcome in run:
            if outcome.error is not None:
                raise outcome.error


async def by_endpoint(client: AsyncClient, **options: Any) -> Any:
    return await client.call(UPDATE, trunk_update(), **options)


async def by_bulk(client: AsyncClient, **options: Any) -> Any:
    async for outcome in client.bulk(UPDATE, [trunk_update()], **options):
        if outcome.error is not None:
            raise outcome.error


async def by_path(client: AsyncClient, **options: Any) -> Any:
    return await client.request("POST", "/v3/cc/sipTrunk/update", json={}, idempotent=True, **options)


async def by_response_of(client: AsyncClient, **options: Any) -> Any:
    return await response_of(client.sip_trunks.update, trunk_update(), **options)


WAYS = [by_update, by_list, by_records, by_many, by_endpoint, by_bulk, by_path, by_response_of]
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_of_a_service_takes_the_options(method: Any) -> None:
    (options,) = [p for p in inspect.signature(method).parameters.values() if p.kind is p.VAR_KEYWORD]
    assert str(options.annotation) in ("Unpack[CallOptions]", "Unpack[BulkOptions]")
    assert get_type_hints(CallOptions).items() <= get_type_hints(BulkOptions).items()


def test_the_options_are_those_of_a_view_but_for_the_account() -> None:
    of_view = inspect.signature(AsyncClient.with_options).parameters.keys() - {"self", "credentials"}
    assert get_type_hints(CallOptions).keys() == of_view


@each_way
async def test_timeout_of_one_call(way: Any, scripted: Scripted) -> None:
    client, transport = scripted(SUCCESS, SUCCESS)
    await way(client, timeout=httpx.Timeout(3, connect=1))
    await way(client)
    first, second = (request.extensions["timeout"] for request in transport.sent)
    # A call of a run waits for its turn as long as that takes.
    waits = None if way in (by_many, by_bulk) else 3
    assert first == {"connect": 1, "read": 3, "write": 3, "pool": waits}
    assert second == {"connect": 5, "read": 10, "write": 10, "pool": None}


@each_way
async def test_retry_of_one_call(way: Any, scripted: Scripted) -> None:
    client, transport = scripted(*[FAILED] * 3)
    with pytest.raises(ServerError) as caught:
        await way(client, retry=RetryPolicy(attempts=3, initial=0))
    assert caught.value.attempts == len(transport.sent) == 3


@each_way
async def test_deadline_of_one_call(way: Any, scripted: Scripted, loop_clock: Any) -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        loop_clock.advance(2.0)
        await asyncio.Event().wait()
        raise AssertionError

    client, _ = scripted(never)
    with pytest.raises(DeadlineExceeded, match=r"within 1 s"):
        await way(client, deadline=1)


@each_way
@pytest.mark.parametrize("name", ["timeot", "credentials", "idempotence"])
async def test_another_option_is_an_error(way: Any, name: str, scripted: Scripted) -> None:
    client, transport = scripted()
    with pytest.raises(TypeError, match=f"no option '{name}'"):
        await way(client, **{name: 3})
    assert not transport.sent


@each_way
@pytest.mark.parametrize("options", [{"timeout": "3"}, {"deadline": 0}, {"retry": 3}])
async def test_a_wrong_value_is_refused_before_sending(way: Any, options: Any, scripted: Scripted) -> None:
    client, transport = scripted()
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        await way(client, **options)
    assert not transport.sent


async def test_response_of_gives_the_whole_answer(scripted: Scripted) -> None:
    client, transport = scripted(SUCCESS, answer(data=7), answer(reason="listed", data={"records": [{"keyId": 5}]}))
    response = await response_of(client.sip_trunks.update, trunk_update())
    assert (type(response), response.data, response.raw["reason"]) == (Response, None, "success")
    added = await response_of(client.sip_trunks.add, NEW)
    assert added.data == 7
    listed = await response_of(client.sip_trunks.list, sip_trunk_name="a", size=5)
    assert isinstance(listed.data, Page)
    assert (listed.data[0].key_id, listed.reason, listed.attempts) == (5, "listed", 1)
    assert len(transport.sent) == 3


async def test_response_of_uses_the_account_and_options_of_the_methods_client(scripted: Scripted) -> None:
    client, transport = scripted(SUCCESS)
    view = client.with_options(timeout=1)
    await response_of(view.sip_trunks.update, trunk_update())
    assert transport.sent[0].extensions["timeout"]["read"] == 1


async def test_response_of_raises_what_the_method_raises_and_shows_no_password(scripted: Scripted) -> None:
    client, _ = scripted(FAILED)
    with pytest.raises(ServerError) as caught:
        await response_of(client.sip_trunks.update, registered_update(), retry=RetryPolicy(attempts=1))
    trace = caught.value.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals["__name__"].startswith("itnio_async"):
            assert not [value for value in trace.tb_frame.f_locals.values() if "SipTrunkUpdate(" in repr(value)]
        trace = trace.tb_next


@pytest.mark.parametrize("method", [len, trunk_update, AsyncClient.aclose, None])
async def test_response_of_takes_methods_of_services_only(method: Any) -> None:
    with pytest.raises(ConfigurationError, match="a method of a client's service"):
        await response_of(method, trunk_update())


async def test_response_of_refuses_a_run(scripted: Scripted) -> None:
    client, _ = scripted()
    with pytest.raises(ConfigurationError, match=r"outcome\.response"):
        await response_of(client.sip_trunks.update_many, [])  # type: ignore[arg-type]
