"""Requests and answers that are made whole when somebody looks: they are httpx's own in all that can be seen."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st

from itnio_async.transport.head import head, outgoing
from itnio_async.transport.messages import LazyRequest, LazyResponse, RequestHead, full_request, raw_headers_of

URL = httpx.URL("https://api.itniotech.com/v3/cc/sipTrunk/update?a=1")
NAMES = st.from_regex(rb"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in (b"host", b"content-length", b"transfer-encoding", b"connection")
)
VALUES = st.from_regex(rb"[ -~]{0,20}", fullmatch=True)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=5)


def lazy(headers: list[tuple[bytes, bytes]], content: bytes, method: str = "POST") -> LazyRequest:
    raw = [(b"Host", b"api.itniotech.com"), *headers]
    opening = head(method.encode(), URL.raw_path, raw).removesuffix(b"\r\n")
    return LazyRequest(RequestHead(method, URL, raw, opening), content, {"timeout": {"read": 5}})


def raw_headers(headers: list[tuple[bytes, bytes]], content: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"Host", b"api.itniotech.com"), *headers, (b"Content-Length", b"%d" % len(content))]


def usual(headers: list[tuple[bytes, bytes]], content: bytes, method: str = "POST") -> httpx.Request:
    raw, extensions = raw_headers(headers, content), {"timeout": {"read": 5}}
    full = httpx.Request(method, URL, headers=raw, content=content, extensions=extensions)
    full.headers = httpx.Headers(raw)
    return full


@given(headers=HEADERS, more=HEADERS, content=st.binary(max_size=50))
def test_the_kept_bytes_are_those_that_httpxs_request_would_make(
    headers: list[tuple[bytes, bytes]], more: list[tuple[bytes, bytes]], content: bytes
) -> None:
    request = lazy(headers, content)
    signed = request.with_headers(more, b"".join(b"%b: %b\r\n" % line for line in more))
    assert isinstance(signed, LazyRequest)
    wire = signed.as_bytes()
    assert wire == outgoing(full_request(usual(headers, content), more)).data
    # Nor does it matter that somebody looks.
    assert signed.headers.raw == [*raw_headers(headers, content), *more]
    assert signed.as_bytes() is None
    assert outgoing(signed).data == wire
    assert request.as_bytes() is not None


@given(headers=HEADERS, content=st.binary(max_size=50), method=st.sampled_from(["GET", "POST", "PUT"]))
def test_what_can_be_seen_is_httpxs_own(headers: list[tuple[bytes, bytes]], content: bytes, method: str) -> None:
    request, full = lazy(headers, content, method), usual(headers, content, method)
    assert isinstance(request, httpx.Request)
    assert (request.method, request.url, request.content) == (full.method, full.url, full.content)
    assert request.headers == full.headers
    assert b"".join(request.stream) == b"".join(full.stream)  # type: ignore[arg-type]
    assert repr(request).replace("Lazy", "") == repr(full)
    assert request.extensions == full.extensions
    again = pickle.loads(pickle.dumps(request))
    assert (again.method, again.url, again.content, again.headers) == (full.method, full.url, content, full.headers)


CHANGES: dict[str, Callable[[httpx.Request], Any]] = {
    "a header is set": lambda request: request.headers.__setitem__("X-Trace", "7"),
    "a header goes": lambda request: request.headers.__delitem__("X-Old"),
    "other headers": lambda request: setattr(request, "headers", httpx.Headers({"Host": "x", "Content-Length": "2"})),
    "another address": lambda request: setattr(request, "url", httpx.URL("https://vendor.example/other")),
    "another method": lambda request: setattr(request, "method", "PUT"),
    "another body": lambda request: setattr(request, "stream", httpx.ByteStream(b"[]")),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("signed", [False, True])
def test_a_change_of_a_middleware_goes_out(change: str, signed: bool) -> None:
    request: httpx.Request = lazy([(b"X-Old", b"1")], b"{}")
    full: httpx.Request = usual([(b"X-Old", b"1")], b"{}")
    for each in (request, full):
        CHANGES[change](each)
    assert isinstance(request, LazyRequest)
    assert request.as_bytes() is None
    if signed:
        request = request.with_headers([(b"Sign", b"x")], b"Sign: x\r\n")
        full = full_request(full, [(b"Sign", b"x")])
    assert outgoing(request).data == outgoing(full).data


@given(headers=HEADERS, body=st.binary(max_size=50), status=st.integers(100, 999))
async def test_an_answer_is_httpxs_own(headers: list[tuple[bytes, bytes]], body: bytes, status: int) -> None:
    response = LazyResponse(status, headers, body, 3, (b"HTTP/1.1", b"Fine", False, None))
    full = httpx.Response(status, headers=headers, stream=httpx.ByteStream(body), extensions=response.extensions)
    assert isinstance(response, httpx.Response)
    assert raw_headers_of(response) == headers == full.headers.raw
    assert response.body() == body
    for name in (
        "status_code",
        "headers",
        "is_closed",
        "is_stream_consumed",
        "history",
        "next_request",
        "reason_phrase",
    ):
        assert getattr(response, name) == getattr(full, name)
    with pytest.raises(RuntimeError):
        _ = response.request
    with pytest.raises(httpx.ResponseNotRead):
        _ = response.content
    assert repr(response).replace("LazyR", "R") == repr(full)
    assert await response.aread() == await full.aread() == body
    assert response.body() is None  # it was read: whoever wants it takes the content
    assert (response.is_closed, response.is_stream_consumed, response.num_bytes_downloaded) == (
        full.is_closed,
        full.is_stream_consumed,
        full.num_bytes_downloaded,
    )


async def test_a_stream_in_the_place_of_the_body_is_the_body() -> None:
    response = LazyResponse(200, [], b"vendor")
    response.stream = httpx.ByteStream(b"middleware")
    assert response.body() is None
    assert await response.aread() == b"middleware"


async def test_other_headers_in_the_place_of_the_first() -> None:
    response = LazyResponse(200, [(b"A", b"1")], b"")
    response.headers = httpx.Headers({"B": "2"})
    assert raw_headers_of(response) == [(b"B", b"2")]


async def test_an_answer_can_be_pickled_as_httpxs_can() -> None:
    response = LazyResponse(200, [(b"A", b"1")], b"body", 3, (b"HTTP/1.1", b"OK", True, None))
    response.set_request(httpx.Request("GET", URL), 1.5)
    await response.aread()
    again = pickle.loads(pickle.dumps(response))
    assert (again.status_code, again.headers, again.content) == (200, response.headers, b"body")
    assert (again.elapsed, again.extensions) == (timedelta(seconds=1.5), {})


def test_the_time_is_known_once_it_was_taken() -> None:
    response = LazyResponse(200, [], b"")
    with pytest.raises(RuntimeError, match="elapsed"):
        _ = response.elapsed
    response.elapsed = timedelta(milliseconds=5)
    assert response.elapsed == timedelta(milliseconds=5)
