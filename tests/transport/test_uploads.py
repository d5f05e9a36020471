"""Requests that take their time to go out: answers that come before their end, long heads, bodies in parts."""

from __future__ import annotations

import asyncio
import contextvars
import socket
import ssl
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvloop
from support.fault_server import OK, FaultServer, assert_whole, call, pool_of, scripted, server_tls, silent, until
from support.raw_server import Connection


@pytest.fixture(params=[asyncio.DefaultEventLoopPolicy, uvloop.EventLoopPolicy], ids=["asyncio", "uvloop"])
def event_loop_policy(request: pytest.FixtureRequest) -> Any:
    return request.param()


pytestmark = pytest.mark.filterwarnings('ignore:Overriding the "event_loop_policy" fixture')

tls = pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])

REFUSAL = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much"


@contextmanager
def refusing(context: ssl.SSLContext | None) -> Iterator[str]:
    """A server that reads the beginning of a request, answers and closes, in a thread: gives its address.

    The system sends RST after the answer, since there are bytes that the server has not read. The answer goes out at
    once: else the server's system holds it back until the session tickets of TLS are acknowledged, and throws it away
    where the connection is closed before. No client gets it then, and on a busy machine that is often so.
    """

    def work() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with peer if context is None else context.wrap_socket(peer, server_side=True) as peer:
                peer.recv(65536)
                peer.sendall(REFUSAL)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield f"{'http' if context is None else 'https'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


async def parts(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(size)


@tls
@pytest.mark.parametrize("size", [250_000, 2_000_000])
@pytest.mark.parametrize("in_parts", [False, True], ids=["bytes", "stream"])
async def test_a_refusal_that_comes_before_all_was_sent_is_delivered(tls: bool, size: int, in_parts: bool) -> None:
    seen: Counter[Any] = Counter()
    with refusing(server_tls() if tls else None) as url:
        async with pool_of(1) as transport:
            for _ in range(20):
                content = parts(size // 50_000, 50_000) if in_parts else bytes(size)
                try:
                    seen[(await call(transport, url, content=content)).status_code] += 1
                except httpx.TransportError as error:
                    seen[repr(error)] += 1
    # uvloop does not show what is under its TLS: the answer is lost where it comes with the end of the connection while
    # a slice is encrypted.
    is_uvloop = not isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop)
    assert seen[413] >= (14 if tls and is_uvloop else 20), seen


@tls
@pytest.mark.parametrize("size", [0, 300_000], ids=["at once", "after some"])
async def test_an_answer_is_delivered_while_the_source_is_waited_for(tls: bool, size: int) -> None:
    ended = []

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            if size:
                yield bytes(size)
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def refuse(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.reader.readexactly(size)
        await connection.send(OK)
        await connection.reader.read()

    async with FaultServer(scripted(refuse), tls=tls) as server, pool_of(1) as transport:
        async with asyncio.timeout(3):
            assert (await call(transport, server, content=source())).content == b"{}"
        await until(lambda: ended == [True])
        # In the middle of a request no other one can follow.
        assert (await call(transport, server)).extensions["itnio_connection"] == (2, False)
        await assert_whole(transport, server)


async def test_the_end_of_the_connection_is_told_while_the_source_is_waited_for() -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    async def leave(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        connection.reset()

    async with FaultServer(scripted(leave)) as server, pool_of(1) as transport:
        async with asyncio.timeout(3):
            with pytest.raises((httpx.WriteError, httpx.ReadError)):
                await call(transport, server, content=source())
        await assert_whole(transport, server)


async def test_a_source_is_cancelled_with_its_call_and_sees_its_context() -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
    seen: list[str] = []
    waiting = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        seen.append(name.get())
        yield b"x"
        try:
            waiting.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async with FaultServer(scripted(silent)) as server, pool_of(1) as transport:
        name.set("of the call")
        upload = asyncio.create_task(call(transport, server, content=source()))
        await waiting.wait()
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        assert seen == ["of the call", "cancelled"]
        await assert_whole(transport, server)


@tls
@pytest.mark.parametrize("in_parts", [False, True], ids=["bytes", "stream"])
async def test_a_long_head_goes_out_whole_to_a_peer_that_is_slow_to_read(tls: bool, in_parts: bool) -> None:
    received = bytearray()

    async def slow(connection: Connection) -> None:
        connection.writer.transport.pause_reading()
        await asyncio.sleep(0.1)  # until nobody takes any more
        connection.writer.transport.resume_reading()
        while not received.endswith(b"THE END"):
            received.extend(await connection.reader.read(65536))
        await connection.send(OK)

    async def source() -> AsyncIterator[bytes]:
        yield b"B" * 1000
        yield b"THE END"

    body = b"B" * 1000 + b"THE END"
    headers = {"X-Long": "c" * 8_000_000, "X-After": "yes", "Content-Length": str(len(body))}
    async with FaultServer(slow, tls=tls) as server, pool_of(1) as transport:
        await call(transport, server, content=source() if in_parts else body, headers=headers)
    head, _, rest = bytes(received).partition(b"\r\n\r\n")
    assert rest == body
    assert head.count(b"c" * 8_000_000) == 1
    assert b"X-After: yes" in head


async def test_a_streamed_request_for_the_head_alone_waits_for_no_body() -> None:
    async def answer(connection: Connection) -> None:
        for _ in range(2):
            await connection.reader.readuntil(b"0\r\n\r\n")
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")

    async with FaultServer(answer) as server, pool_of(1) as transport:
        for number in range(2):
            response = await call(transport, server, "HEAD", content=parts(2, 10))
            assert response.headers["content-length"] == "2"
            assert response.extensions["itnio_connection"] == (1, number > 0)


async def test_a_peer_that_answers_at_length_before_all_was_sent_is_read_and_the_rest_is_sent() -> None:
    """Neither waits for the other: it answers while it reads."""
    size, received = 20_000_000, 0

    async def echo(connection: Connection) -> None:
        nonlocal received
        head = await connection.reader.readuntil(b"\r\n\r\n")
        assert head
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while received < size:
            data = await connection.reader.read(65536)
            received += len(data)
            await connection.send(data)

    async with FaultServer(scripted(echo)) as server, pool_of(1) as transport:
        response = await call(transport, server, content=bytes(size))
        assert len(response.content) == received == size
        await assert_whole(transport, server)
