"""A call cancelled at any tick of the event loop leaves the pool whole: the sweep goes through every tick of a call.

With nginx before the server a call takes more ticks, since there the loop waits for another process: there the sweep
has the same number of steps, each of more ticks.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import warnings
from math import ceil
from typing import Any

import httpx
import pytest
import uvloop
from support.fault_server import OK, FaultServer, assert_whole, call, in_thread, pool_of, serve
from support.peers import Peer
from support.raw_server import Connection, Handler, RawServer

TICKS = range(61)

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


async def in_pieces(connection: Connection) -> None:
    """Answer with the head and the body in two parts each: ticks to be cancelled at."""
    while True:
        await connection.receive()
        for part in (OK[:20], OK[20:-2], OK[-2:-1], OK[-1:]):
            await connection.send(part)
            await asyncio.sleep(0)


async def ticks(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def ticks_of_an_attempt(server: RawServer) -> int:
    """The ticks that a call takes from connecting to its end."""
    async with pool_of(1) as transport:
        task = asyncio.create_task(call(transport, server))
        count = 0
        while not task.done():
            count += 1
            await asyncio.sleep(0)
        assert (await task).status_code == 200
    return count


async def sweep(peer: Peer, handler: Handler) -> range:
    """The ticks to cancel at: sixty steps that go from the beginning of a call to beyond its end."""
    async with peer(handler) as server:
        longest = max([await ticks_of_an_attempt(server) for _ in range(3)])
    return range(0, max(TICKS.stop, longest + 1), ceil(longest / TICKS.stop))


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task; it ends with its answer, if it had it, or as cancelled."""
    task.cancel()
    results = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(results[0], httpx.Response | asyncio.CancelledError)


@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("connections", [1, 2, 10])
async def test_at_every_tick_with_others_waiting(peer: Peer, connections: int, warm: bool) -> None:
    """One call is cancelled while others use the rest of the connections or wait for its own."""
    # TLS handshakes cost milliseconds each: where there are ten a tick, every fourth tick is enough.
    for tick in (await sweep(peer, in_pieces))[:: 4 if peer.tls and connections == 10 else 1]:
        async with peer(in_pieces) as server, pool_of(connections) as transport:
            if warm:
                await call(transport, server)
            victim = asyncio.create_task(call(transport, server))
            others = [asyncio.create_task(call(transport, server)) for _ in range(connections + 1)]
            await ticks(tick)
            await cancel(victim)
            async with asyncio.timeout(5):
                for response in await asyncio.gather(*others):
                    assert response.content == b"{}"
            await assert_whole(transport, server)
            assert transport.stats.connections_open <= connections


async def test_a_waiter_at_every_tick(peer: Peer) -> None:
    """A call that waits for another's connection is cancelled; the one behind it is served."""
    steps = await sweep(peer, in_pieces)
    async with peer(in_pieces) as server, pool_of(1) as transport:
        for tick in steps:
            first, victim, last = (asyncio.create_task(call(transport, server)) for _ in range(3))
            await ticks(tick)
            await cancel(victim)
            async with asyncio.timeout(5):
                assert [response.status_code for response in await asyncio.gather(first, last)] == [200, 200]
            await assert_whole(transport, server, 1)


async def test_every_call_at_once_at_every_tick(peer: Peer) -> None:
    steps = await sweep(peer, in_pieces)
    async with peer(in_pieces) as server, pool_of(3) as transport:
        for tick in steps:
            victims = [asyncio.create_task(call(transport, server)) for _ in range(8)]
            await ticks(tick)
            for victim in victims:
                victim.cancel()
            await asyncio.gather(*victims, return_exceptions=True)
            await assert_whole(transport, server)


async def test_uploads_at_every_tick(peer: Peer) -> None:
    async def source() -> Any:
        for _ in range(5):
            yield bytes(200_000)
            await asyncio.sleep(0)

    steps = await sweep(peer, serve)
    async with peer(serve) as server, pool_of(2) as transport:
        for tick in steps:
            victims = [
                asyncio.create_task(call(transport, server, content=source(), headers={"Content-Length": "1000000"})),
                asyncio.create_task(call(transport, server, content=bytes(1_000_000))),
                asyncio.create_task(call(transport, server)),
            ]
            await ticks(tick)
            await asyncio.gather(*(cancel(victim) for victim in victims))
            await assert_whole(transport, server)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_connecting_at_every_tick_leaves_no_socket_open(scheme: str) -> None:
    """A name with two addresses, one of which refuses: both sockets of the race are closed, whoever wins."""
    with in_thread(serve, tls=scheme == "https") as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        async with pool_of(1) as transport:
            for tick in TICKS:
                victim = asyncio.create_task(call(transport, f"{scheme}://localhost:{server.port}"))
                await ticks(tick)
                await cancel(victim)
                assert transport.stats.in_use == 0
            gc.collect()
            assert (await call(transport, server)).status_code == 200


async def test_the_race_between_addresses_at_every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    with in_thread(serve) as server:

        async def addresses(*_: Any) -> Any:
            return [(socket.AF_INET, ("127.0.0.1", server.port))] * 3

        monkeypatch.setattr("itnio_async.transport.connect._addresses", addresses)
        monkeypatch.setattr("itnio_async.transport.connect.ATTEMPT_DELAY", 0)  # all of them win
        async with pool_of(1) as transport:
            for tick in TICKS:
                victim = asyncio.create_task(call(transport, "http://several/"))
                await ticks(tick)
                await cancel(victim)
                assert transport.stats.in_use == 0
            gc.collect()
            assert (await call(transport, "http://several/")).status_code == 200


@pytest.mark.parametrize("kind", ["read", "connect", "pool"])
async def test_a_cancellation_at_the_tick_of_a_timeout_wins(kind: str) -> None:
    async def stuck(connection: Connection) -> None:
        await connection.receive()
        await asyncio.sleep(60)

    async with FaultServer(stuck) as server, pool_of(1) as transport:
        holder = asyncio.create_task(call(transport, server)) if kind == "pool" else None
        await asyncio.sleep(0.01)
        url = server.url.replace("http:", "https:") if kind == "connect" else server.url
        victim = asyncio.create_task(call(transport, url, timeout={kind: 0.03}))
        await asyncio.sleep(0)
        victim.get_loop().call_later(0.03, victim.cancel)
        result = (await asyncio.gather(victim, return_exceptions=True))[0]
        assert isinstance(result, asyncio.CancelledError | httpx.TimeoutException)
        if holder is not None:
            await cancel(holder)
        assert (transport.stats.in_use, transport.stats.waiting) == (0, 0)
