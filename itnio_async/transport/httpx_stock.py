"""httpx's own transport: for proxies, and for tools that replace parts of httpcore.

httpcore's pool loses a slot when a call is cancelled at the wrong tick. Here it has no limit of its own, so that there
are no slots to lose, and the limiter before it counts. A cancelled call may leave its connection behind until the
client is closed. Idle connections are closed when the next request comes: httpcore looks for them only then.

Proxies close connections that httpcore keeps; tinyproxy does it after each answer, and says nothing of it. httpcore
looks for that before it uses a connection again, and may look too early. So a request that may be repeated is then sent
once more on a new connection, and any other has one to itself, where the proxy sees the requests.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import httpx
from attrs import define

from itnio_async.transport.connect import tls_context
from itnio_async.transport.loops import close_with_loop
from itnio_async.transport.messages import CONNECTION_EXTENSION, full_request
from itnio_async.transport.pooled import may_be_repeated
from itnio_async.transport.signing import SENDING_EXTENSION, Sending


class _Transports(NamedTuple):
    """One whose connections are used again, and one that makes a new connection for each request."""

    kept: httpx.AsyncHTTPTransport
    new: httpx.AsyncHTTPTransport


class StockTransport(httpx.AsyncBaseTransport):
    """An httpx transport that is made at the first request, and again after `forget` or `aclose`."""

    def __init__(
        self, *, limits: httpx.Limits, proxy: httpx.Proxy | None, verify: bool | ssl.SSLContext, trust_env: bool
    ) -> None:
        self._limits = limits
        self._proxy = proxy
        self._verify = verify
        self._trust_env = trust_env
        self._current: _Transports | None = None
        # By the stream that each answer names: httpx tells nothing else of its connections.
        self._numbers: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._opened = 0
        self._reused = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request on a connection of this event loop."""
        if self._current is None:
            context = await tls_context(self._verify, trust_env=self._trust_env)
            # Another request may have come first meanwhile.
            if self._current is None:
                self._current = _Transports(
                    self._make(context, self._limits.max_keepalive_connections), self._make(context, 0)
                )
                await close_with_loop(self.aclose)
        transports = self._current
        if self._proxy is None:
            response = await transports.kept.handle_async_request(request)
        elif may_be_repeated(request) and isinstance(request.stream, httpx.ByteStream):
            response = await _send_repeatable(request, transports)
        else:
            # In a tunnel only the vendor's server closes connections, and says so.
            way = transports.new if request.url.scheme == "http" else transports.kept
            response = await _send(request, way, _Watch(request.extensions.get("trace")))
        self._count(response)
        return response

    def _make(self, context: ssl.SSLContext, kept: int | None) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=kept, keepalive_expiry=self._limits.keepalive_expiry
        )
        return httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=self._proxy, trust_env=self._trust_env)

    def _count(self, response: httpx.Response) -> None:
        stream = response.extensions.get("network_stream")
        if stream is None:
            return
        number = self._numbers.get(stream)
        if number is None:
            self._opened += 1
            number = self._numbers[stream] = self._opened
            response.extensions[CONNECTION_EXTENSION] = (number, False)
        else:
            self._reused += 1
            response.extensions[CONNECTION_EXTENSION] = (number, True)

    def counts(self) -> tuple[int, int, int, int]:
        """Return how many connections were made, used again, are open, are idle; as far as answers came over them."""
        pools = [getattr(way, "_pool", None) for way in self._current or ()]
        connections = [connection for pool in pools for connection in getattr(pool, "connections", ())]
        idle = sum(connection.is_idle() for connection in connections)
        return self._opened, self._reused, len(connections), idle

    def forget(self) -> object:
        """Let go of the connections without closing them, and return them."""
        current, self._current = self._current, None
        return current

    async def aclose(self) -> None:
        """Close the connections; the next request makes new ones."""
        current, self._current = self._current, None
        for way in current or ():
            await way.aclose()


async def _send_repeatable(request: httpx.Request, transports: _Transports) -> httpx.Response:
    """Send a request, and once more on a new connection where one that had been used before brought no answer."""
    watch = _Watch(request.extensions.get("trace"))
    try:
        return await _send(request, transports.kept, watch)
    except (httpx.ReadError, httpx.RemoteProtocolError) as error:
        if not watch.is_used_connection or not _is_hang_up(error):
            raise
        died = error
    sending: Sending | None = request.extensions.get(SENDING_EXTENSION)
    if sending is not None:
        sending.asked += 1
    try:
        return await _send(request, transports.new, _Watch(request.extensions.get("trace")))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        # Of the repeat nothing was sent, but the first one may have been processed.
        raise died from error


async def _send(request: httpx.Request, way: httpx.AsyncHTTPTransport, watch: _Watch) -> httpx.Response:
    """Send a request by a proxy, and make the way to the vendor before it, within `timeout.connect`.

    What httpcore raises where that way is not made depends on the proxy, and with SOCKS it has no time limit and leaves
    the socket open: here it is `httpx.ConnectTimeout`, `ConnectError` or `ProxyError`, after which nothing was sent.
    """
    watched = full_request(request, ())
    watched.extensions = {**request.extensions, "trace": watch}
    try:
        async with asyncio.timeout(request.extensions.get("timeout", {}).get("connect")) as watch.connecting:
            return await way.handle_async_request(watched)
    except Exception as error:
        if watch.is_sending or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
            raise
        failed = error
    finally:
        if not watch.is_sending:
            await watch.close()
    is_late = isinstance(failed, TimeoutError | httpx.TimeoutException)
    raise (httpx.ConnectTimeout if is_late else httpx.ProxyError)(str(failed) or "it broke off") from failed


def _is_hang_up(error: httpx.TransportError) -> bool:
    # httpcore's words for a connection that ended before the head of an answer was whole.
    return isinstance(error, httpx.ReadError) or "Server disconnected" in str(error)


@define(eq=False)
class _Watch:
    """What httpx tells of a request under way, as its extension `trace`; `further` is the caller's own, if any.

    `connecting` bounds the time until `is_sending`: until the request itself goes out, and not one for a tunnel.
    """

    further: Callable[[str, Any], Awaitable[None]] | None
    connecting: asyncio.Timeout | None = None
    is_sending: bool = False
    is_used_connection: bool = False
    _is_new: bool = False
    _stream: Any = None

    async def __call__(self, event: str, details: Any) -> None:
        if event.endswith("connect_tcp.started"):
            self._is_new = True
        elif event.endswith("connect_tcp.complete"):
            self._stream = details["return_value"]
        elif event == "http11.send_request_headers.started" and details["request"].method != b"CONNECT":
            self.is_sending = True
            self.is_used_connection = not self._is_new
            if self.connecting is not None:
                self.connecting.reschedule(None)
        if self.further is not None:
            await self.further(event, details)

    async def close(self) -> None:
        """Close the socket on which nothing was sent, if there is one."""
        if self._stream is not None:
            await self._stream.aclose()
