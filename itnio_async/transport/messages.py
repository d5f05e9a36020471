"""httpx's request and answer, whose costly parts are made only when somebody looks at them.

Making httpx's headers takes longer than all the rest of a call. Most requests pass through the chain of transports
without anybody looking: their bytes are kept as they are then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
from attrs import frozen

RawHeaders = Sequence[tuple[bytes, bytes]]

CONNECTION_EXTENSION = "itnio_connection"


def _late(place: str, make: Callable[[Any], Any]) -> Any:
    """Return an attribute that is made when somebody looks at it first; it stands at `place`, where None is before."""

    def get(instance: Any) -> Any:
        if getattr(instance, place) is None:
            setattr(instance, place, make(instance))
        return getattr(instance, place)

    return property(get, lambda instance, value: setattr(instance, place, value))


class RequestHead(NamedTuple):
    """What many requests have in common; `opening` is the same as bytes, checked, without the empty line after it."""

    method: str
    url: httpx.URL
    headers: RawHeaders
    opening: bytes


class LazyRequest(httpx.Request):
    """A request that is kept as bytes until somebody looks at its headers or its stream, or changes a part of it.

    Its headers are those of `head`, the length of the content, and `more`; `lines` are the latter as bytes, each with
    its line break. Method and address are plain attributes, since a property costs each look at it a call.
    """

    _headers: httpx.Headers | None = None
    _stream: Any = None
    headers: httpx.Headers = _late("_headers", lambda self: self._make_headers())
    stream: Any = _late("_stream", lambda self: httpx.ByteStream(self._content))

    def __init__(
        self,
        head: RequestHead,
        content: bytes,
        extensions: dict[str, Any],
        more: RawHeaders = (),
        lines: bytes = b"",
    ) -> None:
        self.method: str = head.method
        self.url: httpx.URL = head.url
        self.extensions = extensions
        self._head = head
        self._content = content
        self._more = more
        self._lines = lines

    def as_bytes(self) -> bytes | None:
        """Return the request as it goes over the wire, or None where somebody may have changed it."""
        head, content = self._head, self._content
        if self._headers is not None or self._stream is not None:
            return None
        if self.url is not head.url or self.method is not head.method:
            return None
        return b"%bContent-Length: %d\r\n%b\r\n%b" % (head.opening, len(content), self._lines, content)

    def with_headers(self, more: RawHeaders, lines: bytes) -> httpx.Request:
        """Return this request with more headers; `lines` are the same as bytes, each with its line break."""
        head = self._head
        if self._headers is None and self._stream is None and self.url is head.url and self.method is head.method:
            return LazyRequest(head, self._content, self.extensions, (*self._more, *more), self._lines + lines)
        return full_request(self, more)

    def _make_headers(self) -> httpx.Headers:
        length = (b"Content-Length", b"%d" % len(self._content))
        return httpx.Headers([*self._head.headers, length, *self._more])


def full_request(request: httpx.Request, more: RawHeaders) -> httpx.Request:
    """Return a request of httpx's own with more headers, and its body at hand where that was so."""
    full = httpx.Request(
        request.method,
        request.url,
        headers=[*request.headers.raw, *more],
        stream=request.stream,
        extensions=request.extensions,
    )
    if isinstance(full.stream, httpx.ByteStream):
        full.read()  # for a transport of the caller's that looks at `request.content`
    return full


# Of an answer: version of HTTP, reason phrase, whether its connection had been used before, and the event loop's
# side of that.
Details = tuple[bytes, bytes, bool, asyncio.Transport | None]


class LazyResponse(httpx.Response):
    """An answer whose body came whole: all but status and body is made when somebody looks at it.

    `connection` is the number of the one that it came over, `details` are what else its extensions tell.
    """

    # What `httpx.Response.__init__` sets on each answer.
    _request: httpx.Request | None = None
    next_request: httpx.Request | None = None
    is_closed = False
    is_stream_consumed = False
    default_encoding = "utf-8"
    _num_bytes_downloaded = 0
    _headers: httpx.Headers | None = None
    _extensions = _history = _time_taken = None
    _stream: Any = None
    headers: httpx.Headers = _late("_headers", lambda self: httpx.Headers(list(self._raw_headers)))
    extensions: dict[str, Any] = _late("_extensions", lambda self: self._make_extensions())
    history: list[httpx.Response] = _late("_history", lambda _: [])
    elapsed: timedelta = _late("_time_taken", lambda self: self._take_time())
    stream: Any = _late("_stream", lambda self: httpx.ByteStream(self._body))
    _seconds: float | None = None

    def __init__(
        self,
        status: int,
        raw_headers: RawHeaders,
        body: bytes,
        connection: int | None = None,
        details: Details | None = None,
    ) -> None:
        self.status_code = status
        self._raw_headers = raw_headers
        self._body = body
        self.connection = connection
        self._details = details

    def set_request(self, request: httpx.Request, seconds: float) -> None:
        """Say whose answer this is, and how long it took."""
        self._request = request
        self._seconds = seconds

    def body(self) -> bytes | None:
        """Return the body, or None where somebody may have read it or put another one in its place."""
        return self._body if self._stream is None else None

    def _make_extensions(self) -> dict[str, Any]:
        return {} if self._details is None else extensions_of(self.connection, self._details)

    def _take_time(self) -> timedelta:
        if self._seconds is None:
            raise RuntimeError("`elapsed` is set once the answer has passed the signer.")
        return timedelta(seconds=self._seconds)

    def __getstate__(self) -> dict[str, Any]:
        # The transport's own objects do not travel, as with httpx's answers.
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_details", "_extensions", "_stream")}


def raw_headers_of(response: httpx.Response) -> RawHeaders:
    """Return the headers as they came, without making httpx's of them."""
    if isinstance(response, LazyResponse) and response._headers is None:
        return response._raw_headers
    return response.headers.raw


def connection_of(response: httpx.Response) -> int | None:
    """Return the number of the connection that an answer came over, if it is known."""
    if isinstance(response, LazyResponse):
        return response.connection
    number: int | None = response.extensions.get(CONNECTION_EXTENSION, (None,))[0]
    return number


def extensions_of(connection: int | None, details: Details) -> dict[str, Any]:
    """Return what httpx's answers tell besides, and the number of the connection."""
    version, reason, reused, transport = details
    return {
        "http_version": version,
        "reason_phrase": reason,
        "network_stream": _NetworkStream(transport),
        CONNECTION_EXTENSION: (connection, reused),
    }


# httpx's names for what can be asked of a connection, and asyncio's.
_INFOS = {"client_addr": "sockname", "server_addr": "peername", "socket": "socket", "ssl_object": "ssl_object"}


@frozen(eq=False, repr=False)
class _NetworkStream:
    """httpx's view of the connection of an answer: it can be asked about, but not read or written."""

    _transport: asyncio.Transport | None

    def get_extra_info(self, info: str) -> Any:
        """Return the connection's `ssl_object`, `client_addr`, `server_addr` or `socket`, or None."""
        name = _INFOS.get(info)
        return self._transport.get_extra_info(name) if self._transport is not None and name is not None else None
