"""What is left of calls that are over, what is seen before a connection is used again, and the end in a bad moment."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import select
import time
import weakref
from typing import Any

import httpx
import pytest
import uvloop
from support.fault_server import OK, FaultServer, call, in_thread, pool_of, request, silent, until
from support.raw_server import Connection, http_bytes, serve as serve_api

from itnio_async import AsyncClient, RateLimit
from itnio_async.transport.pooled import PooledTransport


@pytest.fixture(params=[asyncio.DefaultEventLoopPolicy, uvloop.EventLoopPolicy], ids=["asyncio", "uvloop"])
def event_loop_policy(request: pytest.FixtureRequest) -> Any:
    return request.param()


pytestmark = pytest.mark.filterwarnings('ignore:Overriding the "event_loop_policy" fixture')

tls = pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])


# -- origins ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ended_by", ["the pool", "the server", "the call"])
async def test_origins_without_connections_are_forgotten(ended_by: str) -> None:
    async def answer(connection: Connection) -> None:
        while b"/v3" in await connection.receive():
            await connection.send(OK)
            if ended_by == "the server":
                return

    limits = httpx.Limits(max_connections=2, max_keepalive_connections=2, keepalive_expiry=None)
    async with FaultServer(answer) as server, pool_of(limits=limits) as transport:
        for number in range(50):
            response = await transport.handle_async_request(
                request(server, extensions={"sni_hostname": f"{number}.example"})
            )
            await response.aread()
            if ended_by == "the call":
                late = asyncio.create_task(call(transport, server, extensions={"sni_hostname": f"{number}.example"}))
                await asyncio.sleep(0)
                late.cancel()
        assert transport._pool is not None
        assert len(transport._pool._idle) <= 2


# -- contexts ---------------------------------------------------------------------------------------------------------

current_request: contextvars.ContextVar[Any] = contextvars.ContextVar("current_request")


class Request:
    """Stands for what a web framework keeps in its context."""


async def left_of(calls: Any, count: int) -> int:
    """Make calls, each in a context with a request of its own; return how many requests are still in memory."""
    kept = []

    async def handler() -> None:
        current_request.set(Request())
        kept.append(weakref.ref(current_request.get()))
        await calls()

    await asyncio.gather(*(asyncio.create_task(handler()) for _ in range(count)))
    # asyncio keeps the handles of the last tick for the next one.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gc.collect()
    return sum(reference() is not None for reference in kept)


@tls
@pytest.mark.parametrize("size", [2, 2_000_000], ids=["whole", "streamed"])
async def test_connections_and_timers_keep_no_context_of_a_call(tls: bool, size: int) -> None:
    async def answer(connection: Connection) -> None:
        while await connection.receive():
            await connection.send(http_bytes(bytes(size)))

    async with FaultServer(answer, tls=tls) as server, pool_of(5) as transport:

        async def calls() -> None:
            await call(transport, server, content=bytes(100_000))
            await call(transport, server)

        assert await left_of(calls, 8) == 0
        assert transport.stats.connections_open == 5


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"rate_limit": RateLimit(1, 0.001)},
        {"limits": httpx.Limits(max_connections=1), "timeout": httpx.Timeout(5, pool=5)},
    ],
    ids=["deadline", "rate", "pool timeout"],
)
async def test_a_client_keeps_no_context_of_a_call(options: dict[str, Any]) -> None:
    async with FaultServer(serve_api) as server, AsyncClient("k", "s", base_url=server.url, **options) as client:
        assert await left_of(lambda: client.request("GET", "/v3/x"), 5) == 0


# -- dead connections -------------------------------------------------------------------------------------------------


async def answer_once(connection: Connection) -> None:
    """Answer and hang up, without saying so before."""
    await connection.receive()
    await connection.send(OK)


def wait_for_the_end(response: httpx.Response) -> None:
    """Hold up the loop until the peer has closed the connection of an answer."""
    sock = response.extensions["network_stream"].get_extra_info("socket")
    assert select.select([sock.fileno()], [], [], 5)[0]


@tls
async def test_a_connection_that_has_just_been_used_is_looked_at_before_it_is_used_again(tls: bool) -> None:
    with in_thread(answer_once, tls=tls) as server:
        async with pool_of(1) as transport:
            for _ in range(10):
                # A repeat could do harm: a POST that is lost on a dead connection fails.
                wait_for_the_end(await call(transport, server))


@tls
async def test_a_connection_that_is_handed_on_is_looked_at_first(tls: bool) -> None:
    with in_thread(answer_once, tls=tls) as server:
        async with pool_of(1) as transport:

            async def one() -> None:
                wait_for_the_end(await call(transport, server))  # before the next one's turn

            await asyncio.gather(*(one() for _ in range(10)))
            assert transport.stats.in_use == 0


# -- the end ----------------------------------------------------------------------------------------------------------


async def test_closing_in_the_tick_in_which_connecting_takes_too_long() -> None:
    async with FaultServer(silent) as server:
        transport = PooledTransport()
        loop = asyncio.get_running_loop()
        under_way = asyncio.create_task(call(transport, server))
        await until(lambda: server.open == 1)
        # The handshake never comes.
        handshake = server.url.replace("http:", "https:")
        connecting = [
            asyncio.create_task(call(transport, handshake, timeout={"connect": 0.05 + 0.001 * number}))
            for number in range(20)
        ]
        now: asyncio.Future[None] = loop.create_future()
        loop.call_later(0.055, now.set_result, None)
        loop.call_later(0.01, time.sleep, 0.1)  # so that all of these come due in one tick
        await now
        await transport.aclose()
        outcomes = await asyncio.wait_for(asyncio.gather(under_way, *connecting, return_exceptions=True), 1)
        assert all(isinstance(outcome, httpx.TransportError | RuntimeError) for outcome in outcomes)
        await server.quiet()
