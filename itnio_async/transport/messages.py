"""httpx's request and answer, whose costly parts are made only when somebody looks at them.

Making httpx's headers takes longer than all the rest of a call. Most requests pass through the chain of transports
without anybody looking: their bytes are kept as they are then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import httpx

RawHeaders = Sequence[tuple[bytes, bytes]]


class LazyRequest(httpx.Request):
    """A request that is kept as bytes until somebody looks at its headers or changes a part of it.

    `opening` are the bytes of `method`, the target and `raw_headers`, checked, without the empty line after them.
    """

    # What is made when somebody looks.
    _headers: httpx.Headers | None = None
    _stream: Any = None

    def __init__(
        self,
        method: str,
        url: httpx.URL,
        raw_headers: RawHeaders,
        opening: bytes,
        content: bytes,
        extensions: dict[str, Any],
    ) -> None:
        self._method = method
        self._url = url
        self._raw_headers = raw_headers
        self._opening: bytes | None = opening
        self._content = content
        self.extensions = extensions

    @property
    def as_bytes(self) -> bytes | None:
        """The request as it goes over the wire, or None where somebody may have changed it."""
        opening = self._opening
        return None if opening is None else b"%b\r\n%b" % (opening, self._content)

    def with_headers(self, more: RawHeaders, lines: bytes) -> httpx.Request:
        """Return this request with more headers; `lines` are the same as bytes, each with its line break."""
        if self._opening is not None:
            return LazyRequest(
                self._method,
                self._url,
                (*self._raw_headers, *more),
                self._opening + lines,
                self._content,
                self.extensions,
            )
        return full_request(self, more)

    @property
    def method(self) -> str:
        """The method."""
        return self._method

    @method.setter
    def method(self, value: str) -> None:
        self._opening, self._method = None, value

    @property
    def url(self) -> httpx.URL:
        """The address."""
        return self._url

    @url.setter
    def url(self, value: httpx.URL) -> None:
        self._opening, self._url = None, value

    @property
    def headers(self) -> httpx.Headers:
        """The headers, made now; from here on they may be changed."""
        if self._headers is None:
            self._opening, self._headers = None, httpx.Headers(list(self._raw_headers))
        return self._headers

    @headers.setter
    def headers(self, value: httpx.Headers) -> None:
        self._opening, self._headers = None, value

    @property
    def stream(self) -> Any:
        """The body as httpx's transports read it."""
        if self._stream is None:
            self._stream = httpx.ByteStream(self._content)
        return self._stream

    @stream.setter
    def stream(self, value: Any) -> None:
        self._opening, self._stream = None, value


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


class LazyResponse(httpx.Response):
    """An answer whose body came whole: all but status and body is made when somebody looks at it.

    `describe` gives the extensions, `connection` is the number of the one that it came over, and `seconds` is what
    `elapsed` is made of.
    """

    # What `httpx.Response.__init__` sets on each answer.
    _request = None
    next_request: httpx.Request | None = None
    is_closed = False
    is_stream_consumed = False
    default_encoding = "utf-8"
    _num_bytes_downloaded = 0
    # What is made when somebody looks.
    _headers: httpx.Headers | None = None
    _stream: Any = None
    _extensions: dict[str, Any] | None = None
    _history: list[httpx.Response] | None = None
    seconds: float | None = None

    def __init__(
        self,
        status: int,
        raw_headers: RawHeaders,
        body: bytes,
        describe: Callable[[], dict[str, Any]] = dict,
        connection: int | None = None,
    ) -> None:
        self.status_code = status
        self._raw_headers = raw_headers
        self._body = body
        self._describe = describe
        self.connection = connection

    @property
    def body(self) -> bytes | None:
        """The body, or None where somebody may have read it or put another one in its place."""
        return self._body if self._stream is None else None

    @property
    def headers(self) -> httpx.Headers:
        """The headers, made now."""
        if self._headers is None:
            self._headers = httpx.Headers(list(self._raw_headers))
        return self._headers

    @headers.setter
    def headers(self, value: httpx.Headers) -> None:
        self._headers = value

    @property
    def extensions(self) -> dict[str, Any]:
        """What the transport tells besides, made now."""
        if self._extensions is None:
            self._extensions = self._describe()
        return self._extensions

    @extensions.setter
    def extensions(self, value: dict[str, Any]) -> None:
        self._extensions = value

    @property
    def history(self) -> list[httpx.Response]:
        """The redirects before, of which there are none."""
        if self._history is None:
            self._history = []
        return self._history

    @history.setter
    def history(self, value: list[httpx.Response]) -> None:
        self._history = value

    @property
    def elapsed(self) -> timedelta:
        """The time from the request to its answer."""
        if self.seconds is None:
            raise RuntimeError("`elapsed` is set once the answer has passed the signer.")
        return timedelta(seconds=self.seconds)

    @elapsed.setter
    def elapsed(self, value: timedelta) -> None:
        self.seconds = value.total_seconds()

    @property
    def stream(self) -> Any:
        """The body as a stream."""
        if self._stream is None:
            self._stream = httpx.ByteStream(self._body)
        return self._stream

    @stream.setter
    def stream(self, value: Any) -> None:
        self._stream = value

    def __getstate__(self) -> dict[str, Any]:
        # The transport's own objects do not travel, as with httpx's answers.
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("_describe", "_extensions", "_stream")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._describe = dict


def raw_headers_of(response: httpx.Response) -> RawHeaders:
    """Return the headers as they came, without making httpx's of them."""
    if isinstance(response, LazyResponse) and response._headers is None:
        return response._raw_headers
    return response.headers.raw
