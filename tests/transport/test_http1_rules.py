"""What is read as an answer and what is refused, as RFC 9112 says; and which answers end their connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from support.fault_server import (
    FaultServer,
    answering,
    assert_whole,
    call,
    pool_of,
    request,
    scripted,
    serve,
    silent,
    until,
)
from support.raw_server import Connection

from itnio_async.transport.pooled import PooledTransport

LINE = b"HTTP/1.1 200 OK\r\n"
whole_or_split = pytest.mark.parametrize("split", [False, True], ids=["whole", "byte by byte"])
CHUNKED = LINE + b"Transfer-Encoding: chunked\r\n\r\n"


async def exchange(*parts: bytes, method: str = "POST", close: bool = False) -> tuple[httpx.Response, bool]:
    """The answer to one call, and whether its connection is used again."""
    async with FaultServer(scripted(answering(*parts, close=close))) as server, pool_of(1) as transport:
        response = await call(transport, server, method, timeout={"read": 2.0})
        again = await call(transport, server)
        assert again.status_code == 200
        await assert_whole(transport, server)
        return response, again.extensions["itnio_connection"] == (1, True)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        pytest.param(LINE + b"Content-Length: 5\r\n\r\nhello", b"hello", id="length"),
        pytest.param(LINE + b"content-length:5 \r\n\r\nhello", b"hello", id="length-spaces"),
        pytest.param(LINE + b"Content-Length: 0\r\n\r\n", b"", id="empty"),
        pytest.param(CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde", id="chunked-extension"),
        pytest.param(CHUNKED + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", b"abc", id="chunked-trailers"),
        pytest.param(LINE + b"Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", b"", id="chunked-capital"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" + LINE + b"Content-Length: 2\r\n\r\n{}", b"{}", id="100"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + LINE + b"Content-Length: 2\r\n\r\n{}",
            b"{}",
            id="103",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", id="204"),
        pytest.param(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", b"", id="304"),
        pytest.param(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", b"{}", id="no-reason"),
        pytest.param(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", b"{}", id="1.0-keep"),
        pytest.param(
            LINE + b"Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}", b"{}", id="upgrade-offered"
        ),
    ],
)
@whole_or_split
async def test_an_answer_is_read_and_its_connection_is_used_again(answer: bytes, body: bytes, split: bool) -> None:
    parts = [answer[i : i + 1] for i in range(len(answer))] if split else [answer]
    response, again = await exchange(*parts)
    assert response.content == body
    assert again


FOLDED = b"X-Folded: a\r\n b\r\n\t \tc\r\n \r\nX-Empty:\r\n d\r\n"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        pytest.param(LINE + FOLDED + b"Content-Length: 7\r\n\r\n\r\n {}\r\n", b"\r\n {}\r\n", id="length"),
        pytest.param(
            LINE + FOLDED + b"Transfer-Encoding:\r\n chunked\r\n\r\n3\r\n\r\n \r\n0\r\n\r\n", b"\r\n ", id="chunked"
        ),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>,\r\n </b>\r\n\r\n" * 2
            + LINE
            + FOLDED
            + b"Content-Length: 2\r\n\r\n{}",
            b"{}",
            id="after-interim",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\n" + LINE + FOLDED + b"Content-Length: 0\r\n\r\n",
            b"",
            id="after-plain-interim",
        ),
    ],
)
@whole_or_split
async def test_a_folded_line_is_read_as_one(answer: bytes, body: bytes, split: bool) -> None:
    """RFC 9112, 5.2; a body is left as it is."""
    parts = [answer[i : i + 1] for i in range(len(answer))] if split else [answer]
    response, again = await exchange(*parts)
    assert response.headers["x-folded"].split() == ["a", "b", "c"]
    assert response.headers["x-empty"].strip() == "d"
    assert response.content == body
    assert again


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        pytest.param(LINE + b"\r\nuntil the end", b"until the end", id="close-delimited"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end", id="close-delimited-1.0"),
        pytest.param(LINE + b"\r\n", b"", id="close-delimited-empty"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", id="1.0"),
        pytest.param(LINE + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", b"{}", id="close"),
        pytest.param(LINE + b"Connection: x, Close\r\nContent-Length: 2\r\n\r\n{}", b"{}", id="close-in-list"),
        # Trailers are dropped, and behind the last chunk the body is whole.
        pytest.param(CHUNKED + b"2\r\n{}\r\n0\r\nX: a\r\n b\r\n\tc\r\nY: d\r\n\r\n", b"{}", id="folded-trailer"),
        pytest.param(
            LINE + FOLDED + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX:\r\n a\r\n\r\n",
            b"{}",
            id="folded-both",
        ),
    ],
)
@whole_or_split
async def test_an_answer_that_ends_its_connection(answer: bytes, body: bytes, split: bool) -> None:
    parts = [answer[i : i + 1] for i in range(len(answer))] if split else [answer]
    response, again = await exchange(*parts, close=True)
    assert response.content == body
    assert not again


@pytest.mark.parametrize(
    "surplus",
    [b"x", b"\0", LINE + b"Content-Length: 0\r\n\r\n", b"HTTP/1.1 2", b"\r\n\r\nx"],
    ids=["letter", "nul", "answer", "half an answer", "after a blank line"],
)
@pytest.mark.parametrize("answer", [LINE + b"Content-Length: 2\r\n\r\n{}", CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"])
async def test_bytes_after_an_answer_leave_the_answer_and_end_the_connection(answer: bytes, surplus: bytes) -> None:
    response, again = await exchange(answer + surplus)
    assert response.content == b"{}"
    assert not again


async def test_a_head_answer_has_no_body() -> None:
    response, again = await exchange(LINE + b"Content-Length: 512\r\n\r\n", method="HEAD")
    assert (response.content, response.headers["content-length"]) == (b"", "512")
    assert again


@pytest.mark.parametrize("surplus", [b"h", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"5"])
@pytest.mark.parametrize("framing", [b"Content-Length: 5", b"Transfer-Encoding: chunked"])
async def test_a_head_answer_with_a_body_ends_the_connection(framing: bytes, surplus: bytes) -> None:
    response, again = await exchange(LINE + framing + b"\r\n\r\n" + surplus, method="HEAD")
    assert response.content == b""
    assert not again


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(LINE + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", id="two-lengths"),
        # The same length twice could be read as one (RFC 9112, section 6.3) or be refused (RFC 9110, section 8.6). It
        # says that something on the way joins messages that it has misread, and what follows may be another's answer.
        pytest.param(LINE + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", id="length-twice"),
        pytest.param(LINE + b"Content-Length: 5, 5\r\n\r\nhello", id="length-list-of-equals"),
        pytest.param(LINE + b"Content-Length: 5, 6\r\n\r\nhello", id="length-list"),
        pytest.param(LINE + b"Content-Length: -5\r\n\r\nhello", id="length-negative"),
        pytest.param(LINE + b"Content-Length: +5\r\n\r\nhello", id="length-plus"),
        pytest.param(LINE + b"Content-Length: 0x5\r\n\r\nhello", id="length-hex"),
        pytest.param(LINE + b"Content-Length:\r\n\r\nhello", id="length-empty"),
        pytest.param(LINE + b"Content-Length: 99999999999999999999\r\n\r\n", id="length-over-64-bits"),
        pytest.param(LINE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", id="length-and-chunked"),
        pytest.param(LINE + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", id="chunked-and-length"),
        pytest.param(LINE + b"Transfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", id="coding"),
        pytest.param(LINE + b"Transfer-Encoding: chunked, gzip\r\n\r\nabc", id="chunked-not-last"),
        pytest.param(LINE + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", id="coding-unknown"),
        pytest.param(
            LINE + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked-twice"
        ),
        pytest.param(CHUNKED + b"g\r\n", id="chunk-size"),
        pytest.param(CHUNKED + b"-1\r\n", id="chunk-negative"),
        pytest.param(CHUNKED + b"fffffffffffffffff\r\n", id="chunk-over-64-bits"),
        pytest.param(CHUNKED + b"1\r\nab\r\n0\r\n\r\n", id="chunk-too-long"),
        pytest.param(LINE + b" X: a\r\nContent-Length: 0\r\n\r\n", id="fold-of-the-first-line"),
        pytest.param(LINE + b"X\r\n : a\r\nContent-Length: 0\r\n\r\n", id="fold-of-a-name"),
        pytest.param(LINE + b"X: a\r\n b\r\nContent-Length: 1\r\n 0\r\n\r\n", id="fold-of-a-length"),
        pytest.param(LINE + b"X: a\r\n b\0\r\nContent-Length: 0\r\n\r\n", id="fold-and-nul"),
        pytest.param(LINE + b"X: a\r\n" + b" b\r\n" * 20_000, id="endless-folds"),
        pytest.param(LINE + b"X : a\r\nContent-Length: 0\r\n\r\n", id="space-before-colon"),
        pytest.param(LINE + b"X: a\0b\r\n\r\n", id="nul"),
        pytest.param(LINE + b"no colon\r\n\r\n", id="no-colon"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", id="bare-lf"),
        pytest.param(b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", id="2.0"),
        pytest.param(b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n", id="0.9"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", id="rtsp"),
        pytest.param(b"HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n", id="status-099"),
        pytest.param(b"HTTP/1.1 2000 x\r\nContent-Length: 0\r\n\r\n", id="status-2000"),
        pytest.param(b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", id="101"),
        pytest.param(b"HTTP/1.1 101 x\r\n\r\n", id="101-bare"),
        pytest.param(b"<html>", id="html"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x0a", id="tls-alert"),
        pytest.param(LINE + b"X: " + b"a" * 70_000, id="huge-header"),
        pytest.param(LINE + b"X: a\r\n" * 20_000, id="many-headers"),
        pytest.param(LINE + b"X: a\r\n" * 20_000 + b"Content-Length: 2\r\n\r\n{}", id="huge-head-complete"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000, id="endless-interim"),
        pytest.param(CHUNKED + b"0\r\nX: " + b"a" * 70_000, id="huge-trailer"),
        pytest.param(CHUNKED + b"1;" + b"a" * 70_000, id="huge-chunk-extension"),
    ],
)
@pytest.mark.parametrize("size", [10**6, 1000], ids=["whole", "in parts"])
async def test_what_is_not_http_is_refused(answer: bytes, size: int) -> None:
    parts = [answer[i : i + size] for i in range(0, len(answer), size)]
    async with FaultServer(scripted(answering(*parts))) as server, pool_of(1) as transport:
        with pytest.raises(httpx.RemoteProtocolError):
            await call(transport, server, timeout={"read": 2.0})
        await assert_whole(transport, server)
        assert transport.stats.connections_opened == 2


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200", LINE + b"Content-Le", LINE + b"Content-Length: 5\r\n\r\nhell", CHUNKED + b"5\r\nhello\r\n"],
    ids=["nothing", "line", "head", "length", "chunked"],
)
async def test_an_answer_that_breaks_off_is_a_lost_connection(answer: bytes) -> None:
    async with FaultServer(scripted(answering(answer, close=True))) as server, pool_of(1) as transport:
        with pytest.raises(httpx.ReadError):
            await call(transport, server, "GET")
        await assert_whole(transport, server)


async def test_the_reason_and_the_version_are_passed_on() -> None:
    response, _ = await exchange(b"HTTP/1.0 299 Why ", b"Not\r\nContent-Length: 0\r\nX: 1\r\nX: 2\r\n\r\n")
    assert response.status_code == 299
    assert response.extensions["reason_phrase"] == b"Why Not"
    assert response.extensions["http_version"] == b"HTTP/1.0"
    assert response.headers.get_list("x") == ["1", "2"]


async def test_an_answer_before_the_request_has_gone_ends_the_connection_but_stands() -> None:
    async def impatient(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
        await connection.reader.read(1)
        await silent(connection)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(65536)
            await asyncio.sleep(0)

    async with FaultServer(scripted(impatient, impatient)) as server, pool_of(1) as transport:
        for content in (bytes(20_000_000), endless()):
            response = await call(transport, server, content=content)
            assert (response.status_code, response.content) == (413, b"{}")
        await assert_whole(transport, server)
        assert transport.stats.connections_opened == 3


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("POST", {"headers": {"X": "a\r\nY: b"}}),
        ("POST", {"headers": {"X": "a\nb"}}),
        ("POST", {"headers": {"X": "a\rb"}}),
        ("POST", {"headers": {"X": "a\0b"}}),
        ("POST", {"headers": {"X Y": "a"}}),
        ("POST", {"headers": {"X:": "a"}}),
        ("POST", {"headers": {"": "a"}}),
        ("POST", {"headers": [("Host", "a"), ("Host", "b")]}),
        ("POST", {"headers": {"Content-Length": "1"}, "content": b"ab"}),
        ("POST", {"headers": {"Content-Length": "x"}, "content": b"ab"}),
        ("POST", {"headers": [("Content-Length", "2"), ("Content-Length", "2")], "content": b"ab"}),
        ("POST", {"headers": {"Content-Length": "2", "Transfer-Encoding": "chunked"}, "content": b"ab"}),
        ("POST", {"headers": {"Transfer-Encoding": "gzip"}, "content": b"ab"}),
        ("GE T", {}),
        ("GET\r\n", {}),
        ("GÉT", {}),
        ("CONNECT", {}),
    ],
)
async def test_a_request_that_could_be_read_as_two_is_not_sent(method: str, options: dict[str, object]) -> None:
    async with FaultServer(serve) as server, pool_of(1) as transport:
        with pytest.raises(httpx.LocalProtocolError):
            await call(transport, server, method, **options)
        assert server.connections == 0


async def test_a_target_with_a_line_break_is_not_sent() -> None:
    async with FaultServer(serve) as server, pool_of(1) as transport:
        with pytest.raises(httpx.LocalProtocolError):
            await transport.handle_async_request(_with_target(server, b"/a HTTP/1.1\r\nX: "))
        assert server.connections == 0


def _with_target(server: FaultServer, target: bytes) -> httpx.Request:
    sent = request(server)
    sent.url = _RawTarget(sent.url, target)
    return sent


class _RawTarget(httpx.URL):
    def __init__(self, url: httpx.URL, target: bytes) -> None:
        super().__init__(url)
        self._target = target

    @property
    def raw_path(self) -> bytes:
        return self._target


async def test_a_body_that_does_not_fit_its_length_ends_the_connection() -> None:
    async def body(size: int) -> AsyncIterator[bytes]:
        for _ in range(size):
            yield b"x"

    async with FaultServer(serve) as server, pool_of(1) as transport:
        for size in (4, 6):
            with pytest.raises(httpx.LocalProtocolError):
                await call(transport, server, headers={"Content-Length": "5"}, content=body(size))
            await until(lambda: server.open == 0)
        await assert_whole(transport, server)


@pytest.mark.parametrize("close", [False, True])
async def test_a_request_that_asks_for_the_end_is_the_last_on_its_connection(close: bool) -> None:
    async with FaultServer(serve) as server, pool_of(1) as transport:
        await call(transport, server, headers={"Connection": "close" if close else "keep-alive"})
        assert transport.stats.idle == (0 if close else 1)


async def test_the_bytes_of_a_request() -> None:
    seen: list[bytes] = []

    async def reading(connection: Connection) -> None:
        seen.append(await connection.receive())
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await serve(connection)

    async with FaultServer(reading) as server, pool_of(1) as transport:
        await call(transport, f"{server.url}/v3/a%20b?q=1", content=b"{}", headers={"Host": "x", "Api-Key": "k"})
    head, body = seen[0].split(b"\r\n\r\n")
    assert head.split(b"\r\n") == [b"POST /v3/a%20b?q=1 HTTP/1.1", b"Host: x", b"Api-Key: k", b"Content-Length: 2"]
    assert body == b"{}"


async def test_a_request_without_framing_headers_gets_them() -> None:
    seen: list[bytes] = []

    async def reading(connection: Connection) -> None:
        seen.append(await connection.reader.readuntil(b"{}"))
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await silent(connection)

    async with FaultServer(reading) as server, PooledTransport() as transport:
        await transport.handle_async_request(httpx.Request("POST", server.url, stream=httpx.ByteStream(b"{}")))
        host = server.url.removeprefix("http://").encode()
    assert seen == [b"POST / HTTP/1.1\r\nHost: " + host + b"\r\nContent-Length: 2\r\n\r\n{}"]
