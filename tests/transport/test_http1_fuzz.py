"""Mutated answers in random pieces: an answer or one of httpx's errors, and the same answer as h11 where both take it.

The connection is fed directly, by a transport that only remembers what is asked of it: thousands of answers a second.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
from collections.abc import Iterator
from typing import Any

import h11
import httpx
import pytest
from hypothesis import example, given, settings, strategies as st

from itnio_async.transport.http1 import Body, Connection

SEEDS = [
    b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"status":0}',
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nuntil the end",
    b"HTTP/1.1 204 No Content\r\nDate: today\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n",
]
FRAGMENTS = [
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\0", b"\xff", b"0", b"-1", b"99999999999999999999", b";", b","),
    *(b"HTTP/1.1 ", b"HTTP/2 ", b"100 ", b"chunked", b"gzip", b"Content-Length: 5\r\n", b"Connection: close\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"\r\n ", b"Upgrade: x\r\n", b"Connection: upgrade\r\n", b"{}" * 50),
]


class SilentTransport(asyncio.Transport):
    """A transport that goes nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def write(self, data: Any) -> None:
        """Take it."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Need none."""

    def pause_reading(self) -> None:
        """Go on regardless."""

    def resume_reading(self) -> None:
        """Go on."""

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


class Slots:
    """Counts what a pool would be told."""

    def __init__(self) -> None:
        self.released = self.ended = 0

    def release(self, connection: Connection) -> None:
        self.released += 1

    def lost(self, connection: Connection, *, busy: bool) -> None:
        self.ended += busy

    def gone(self, connection: Connection) -> None:
        """Not looked at."""


async def ours(parts: list[bytes], method: str) -> tuple[httpx.Response, bytes] | Exception:
    """What we read; the slot must have come back exactly once."""
    slots = Slots()
    connection = Connection(slots, asyncio.get_running_loop(), 64 * 1024)
    connection.connection_made(SilentTransport())
    token = connection.start(b"", 5.0, 5.0, head_only=method == "HEAD")
    for part in parts:
        if not connection.is_closed:
            connection.data_received(part)
    if not connection.is_closed:
        connection.eof_received()
    connection.connection_lost(None)
    assert slots.released + slots.ended == 1
    assert token.done()
    try:
        read = token.result()
        answer = read.response() if isinstance(read, Body) else read
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        return answer, b"".join([part async for part in answer.stream])
    except httpx.TransportError as error:
        return error


def theirs(parts: list[bytes], method: str) -> tuple[h11.Response, bytes] | None:
    """What h11 reads, or None where it refuses."""
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    peer.send(h11.EndOfMessage())
    response, body = None, b""
    try:
        for part in [*parts, b""]:
            peer.receive_data(part)
            while (event := peer.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Response):
                    response = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    assert response is not None
                    return response, body
                elif isinstance(event, h11.ConnectionClosed):
                    return None
    except h11.ProtocolError:
        return None
    return None


async def compare(answer: bytes, cuts: list[int], method: str) -> None:
    places = sorted({cut % len(answer) for cut in cuts} | {0, len(answer)})
    parts = [part for a, b in itertools.pairwise(places) if (part := answer[a:b])]
    async with asyncio.timeout(2):
        read = await ours(parts, method)
    if isinstance(read, Exception):
        assert isinstance(read, httpx.ReadError | httpx.RemoteProtocolError)
        return
    mine, body = read
    reference = theirs(parts, method)
    if reference is not None:
        response, expected = reference
        assert (mine.status_code, body) == (response.status_code, expected)
        assert [(name.lower(), value) for name, value in mine.headers.raw] == list(response.headers)
        assert mine.extensions["reason_phrase"] == bytes(response.reason)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    answer = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):  # of many changes one is surely fatal
        place = draw(st.integers(0, len(answer)))
        match draw(st.sampled_from(["insert", "delete", "replace", "repeat", "cut"])):
            case "insert":
                answer = answer[:place] + draw(st.sampled_from(FRAGMENTS)) + answer[place:]
            case "delete":
                answer = answer[:place] + answer[place + draw(st.integers(1, 10)) :]
            case "replace":
                answer = answer[:place] + draw(st.binary(min_size=1, max_size=2)) + answer[place + 1 :]
            case "repeat":
                answer = answer[:place] + answer[max(0, place - draw(st.integers(1, 60))) :]
            case "cut":
                answer = answer[:place]
    return answer or b"\n"


@given(answer=mutated(), cuts=st.lists(st.integers(0, 400), max_size=6), method=st.sampled_from(["GET", "GET", "HEAD"]))
@example(answer=SEEDS[0] + SEEDS[0], cuts=[], method="GET")
@example(answer=SEEDS[1], cuts=list(range(400)), method="GET")
@example(answer=SEEDS[1], cuts=[], method="HEAD")
@example(answer=SEEDS[3], cuts=[18], method="GET")
@settings(max_examples=400, deadline=2000)
def test_an_answer_or_a_typed_error_and_the_same_as_h11(
    runner: asyncio.Runner, answer: bytes, cuts: list[int], method: str
) -> None:
    runner.run(compare(answer, cuts, method))


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_seeds_are_read_by_both_alike_at_every_cut(seed: bytes) -> None:
    for cut in range(len(seed)):
        read, reference = await ours([part for part in (seed[:cut], seed[cut:]) if part], "GET"), theirs([seed], "GET")
        assert not isinstance(read, Exception)
        assert reference is not None
        assert (read[0].status_code, read[1]) == (reference[0].status_code, reference[1])


async def test_bytes_at_random() -> None:
    source = random.Random(4)
    for _ in range(2000):
        answer = SEEDS[source.randrange(len(SEEDS))]
        noise = bytes(source.randrange(256) for _ in range(source.randrange(1, 6)))
        place = source.randrange(len(answer))
        await compare(answer[:place] + noise + answer[place + len(noise) :], [place, place // 2], "GET")


async def test_an_error_in_the_tick_of_a_cancellation_is_not_reported_as_unseen() -> None:
    loop = asyncio.get_running_loop()
    reports: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: reports.append(context))
    connection = Connection(Slots(), loop, 64 * 1024)
    connection.connection_made(SilentTransport())
    token = connection.start(b"", None, None)
    connection.data_received(b"no answer")
    connection.abandon(token)
    del token
    gc.collect()
    assert reports == []
