"""`may_have_been_processed` is False only where it is certain: every sending of every attempt counts."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from support.programs import unused_port
from support.raw_server import Connection, http_answer
from support.scripted import FakeSleep, ScriptedTransport, answer, hang, ticks, until
from support.values import trunk_update

from itnio_async import (
    ConfigurationError,
    ConnectError,
    DeadlineExceeded,
    ItnioError,
    PoolTimeout,
    ProtocolError,
    QuotaError,
    RetryPolicy,
)
from itnio_async.transport import PooledTransport

GONE = httpx.ReadError("gone")
REFUSED = httpx.ConnectError("refused")


class Again(httpx.AsyncBaseTransport):
    """A middleware that asks once more, whatever the first time gives."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            response = await self.inner.handle_async_request(request)
            await response.aread()
            await response.aclose()
        except httpx.HTTPError:
            pass
        return await self.inner.handle_async_request(request)


class Unchanged(httpx.AsyncBaseTransport):
    """A middleware that changes nothing."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.inner.handle_async_request(request)


class OneRequest:
    """A server's handler: a connection's first request is answered; its second is taken, and the connection ends.

    What comes on a connection after that is refused with -23.
    """

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, connection: Connection) -> None:
        while True:
            await connection.receive()
            if self.taken.is_set():
                await connection.send(http_answer(-23, "one change a minute"))
                continue
            await connection.send(http_answer())
            await connection.receive()
            self.taken.set()
            await self.may_end.wait()
            return


@pytest.mark.parametrize("middleware", [[], [Unchanged]], ids=["plain", "middleware"])
async def test_a_refusal_after_a_quiet_replacement_leaves_the_first_sending_open(
    raw_server: Any, make_client: Any, middleware: list[Any]
) -> None:
    handler = OneRequest()
    handler.may_end.set()
    server = await raw_server(handler)
    client = make_client(base_url=server.url, middleware=middleware)
    await client.sip_trunks.update(trunk_update())
    with pytest.raises(QuotaError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert server.connections == 2
    assert caught.value.may_have_been_processed
    # The next call is another one, whose single sending was refused for certain.
    with pytest.raises(QuotaError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert not caught.value.may_have_been_processed


@pytest.mark.parametrize("middleware", [[], [Unchanged]], ids=["plain", "middleware"])
async def test_a_client_that_closes_after_a_sending_leaves_it_open(
    raw_server: Any, make_client: Any, names: asyncio.Event, middleware: list[Any]
) -> None:
    handler = OneRequest()
    server = await raw_server(handler)
    client = make_client(base_url=server.url.replace("127.0.0.1", "localhost"), middleware=middleware)
    await client.sip_trunks.update(trunk_update())
    names.clear()
    call = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await handler.taken.wait()
    handler.may_end.set()
    await until(lambda: client.stats.connections_open == 0)
    await ticks(5)
    await client.aclose()  # while the replacement connects
    with pytest.raises(ConfigurationError, match="closed") as caught:
        await call
    assert caught.value.may_have_been_processed


@pytest.mark.parametrize(
    ("first", "second", "processed"),
    [
        (GONE, answer(-23), True),
        (GONE, REFUSED, True),
        (REFUSED, answer(-23), True),  # asked twice: the word of a foreign transport is not enough
        (REFUSED, REFUSED, True),
        (answer(-18), answer(-23), True),
        (answer(-23), REFUSED, True),
    ],
)
async def test_each_asking_of_a_foreign_transport_counts(
    scripted: Any, first: Any, second: Any, processed: bool
) -> None:
    client, transport = scripted(first, second, middleware=[Again])
    with pytest.raises(ItnioError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 2
    assert caught.value.may_have_been_processed is processed


@pytest.mark.parametrize(("failure", "kind"), [(REFUSED, ConnectError), (httpx.PoolTimeout("full"), PoolTimeout)])
async def test_a_foreign_transport_is_believed_where_it_was_asked_once(
    scripted: Any, failure: Exception, kind: type[ItnioError]
) -> None:
    client, _ = scripted(failure, middleware=[Unchanged])
    with pytest.raises(kind, match="nothing was sent") as caught:
        await client.sip_trunks.update(trunk_update())
    assert not caught.value.may_have_been_processed


@pytest.mark.parametrize("then", [REFUSED, httpx.PoolTimeout("full"), httpx.ConnectTimeout("late"), answer(-23)])
async def test_a_repeat_that_was_not_processed_tells_of_the_attempt_before_it(scripted: Any, then: Any) -> None:
    client, transport = scripted(answer(-18, "unusual"), then, retry=RetryPolicy(sleep=FakeSleep(), attempts=2))
    with pytest.raises(ItnioError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 2
    assert caught.value.may_have_been_processed
    assert "An earlier attempt may have been processed" in str(caught.value)
    assert "-18 'unusual'" in str(caught.value)


@pytest.mark.parametrize("end", ["full", "closed"])
async def test_so_does_a_repeat_that_did_not_begin(scripted: Any, end: str) -> None:
    async def sleep(_: float) -> None:
        # While it waits before the repeat, another call takes the only slot, or the client closes.
        if end == "closed":
            await client.aclose()
        else:
            others.append(asyncio.create_task(client.sip_trunks.update(trunk_update())))
            await until(lambda: len(transport.sent) == 2)

    others: list[asyncio.Task[None]] = []
    client, transport = scripted(
        answer(-18, "unusual"),
        hang,
        retry=RetryPolicy(sleep=sleep, attempts=2),
        limits=httpx.Limits(max_connections=1),
        timeout=httpx.Timeout(5, pool=0.01),
    )
    with pytest.raises(PoolTimeout if end == "full" else ConfigurationError, match="-18 'unusual'") as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed
    for other in others:
        other.cancel()


async def test_a_pool_that_cannot_connect_twice_is_certain(make_client: Any) -> None:
    for transport in (None, PooledTransport()):
        client = make_client(transport, base_url=f"http://127.0.0.1:{unused_port()}", middleware=[Again])
        with pytest.raises(ConnectError, match="nothing was sent") as caught:
            await client.sip_trunks.update(trunk_update())
        assert not caught.value.may_have_been_processed
        if transport is not None:
            await transport.aclose()


async def test_one_sending_of_two_through_the_pool_is_open(raw_server: Any, make_client: Any) -> None:
    async def take_and_refuse(connection: Connection) -> None:
        await connection.receive()
        if connection.number > 1:
            await connection.send(http_answer(-23))

    client = make_client(base_url=(await raw_server(take_and_refuse)).url, middleware=[Again])
    with pytest.raises(QuotaError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed


class Broken(Unchanged):
    """A middleware that makes of the request what cannot be written."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-User"] = "somebody\r\n"
        return await super().handle_async_request(request)


class Elsewhere(Unchanged):
    """A middleware that sends to an address that cannot be asked."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = httpx.URL("ftp://127.0.0.1/")
        return await super().handle_async_request(request)


@pytest.mark.parametrize("middleware", [Broken, Elsewhere])
async def test_what_is_refused_before_a_byte_is_sent_was_not_sent(
    raw_server: Any, make_client: Any, middleware: Any
) -> None:
    async def receive(connection: Connection) -> None:
        await connection.receive()

    server = await raw_server(receive)
    client = make_client(base_url=server.url, middleware=[middleware])
    with pytest.raises(ProtocolError, match="nothing was sent") as caught:
        await client.sip_trunks.update(trunk_update())
    assert not caught.value.may_have_been_processed
    assert server.connections == 0


@pytest.mark.parametrize(
    ("earlier", "processed"), [([answer(-16)], False), ([answer(-18)], True), ([], False)], ids=["-16", "-18", "first"]
)
async def test_a_deadline_in_the_middleware_counts_what_was_sent_before(
    make_client: Any, loop_clock: Any, earlier: list[Any], processed: bool
) -> None:
    transport = ScriptedTransport(*earlier, hang)
    waits = asyncio.Event()

    class Waiting(Unchanged):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if len(transport.sent) == len(earlier):
                waits.set()
                await asyncio.Event().wait()
            return await super().handle_async_request(request)

    client = make_client(transport, middleware=[Waiting], deadline=5, retry=RetryPolicy(sleep=FakeSleep()))
    call = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await until(waits.is_set)
    await loop_clock.run(6)
    with pytest.raises(DeadlineExceeded) as caught:
        await call
    assert caught.value.may_have_been_processed is processed
