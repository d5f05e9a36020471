"""httpx's own transport as the last hop: rebuilt for each event loop, without a limit of its own.

httpcore's pool loses a slot when a call is cancelled at the wrong tick. Without a limit there is no slot to lose; the
limiter before it counts. A cancelled call may leave its connection behind until the client is closed.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from weakref import WeakKeyDictionary

import httpx
from attrs import frozen

from itnio_async.transport.loops import close_with_loop


@frozen
class ConnectionCounts:
    """The connections of a transport: made since the beginning, used again, open now, and idle among those."""

    opened: int = 0
    reused: int = 0
    open: int = 0
    idle: int = 0


class StockTransport(httpx.AsyncBaseTransport):
    """An httpx transport that is made anew after `forget`.

    `make` gives one without a limit of its own; its TLS settings are read once, at the first request.
    """

    def __init__(self, make: Callable[[], httpx.AsyncHTTPTransport]) -> None:
        self._make = make
        self._current: httpx.AsyncHTTPTransport | None = None
        # By the stream that each answer names: httpx tells nothing else of its connections.
        self._numbers: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._opened = 0
        self._reused = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request on a connection of this loop."""
        if self._current is None:
            self._current = self._make()
            await close_with_loop(self.aclose)
        response = await self._current.handle_async_request(request)
        self._count(response)
        return response

    def _count(self, response: httpx.Response) -> None:
        stream = response.extensions.get("network_stream")
        if stream is None:
            return
        number = self._numbers.get(stream)
        if number is None:
            self._opened += 1
            number = self._numbers[stream] = self._opened
        else:
            self._reused += 1
        response.extensions["itnio_connection"] = number

    def counts(self) -> ConnectionCounts:
        """Return the counts of connections, as far as answers came over them."""
        pool = getattr(self._current, "_pool", None)
        connections = list(getattr(pool, "connections", ()))
        idle = sum(connection.is_idle() for connection in connections)
        return ConnectionCounts(self._opened, self._reused, len(connections), idle)

    def forget(self) -> object:
        """Let go of the connections without closing them, and return them."""
        current, self._current = self._current, None
        return current

    async def aclose(self) -> None:
        """Close the connections; the next request makes new ones."""
        current, self._current = self._current, None
        if current is not None:
            await current.aclose()


_contexts: dict[tuple[bool, bool], ssl.SSLContext] = {}


def tls_context(verify: bool | ssl.SSLContext, *, trust_env: bool) -> ssl.SSLContext:
    """Return the TLS settings; those from a plain `verify` are read once and shared, since reading takes 20 ms."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    key = (verify, trust_env)
    if key not in _contexts:
        _contexts[key] = httpx.create_ssl_context(verify=verify, trust_env=trust_env)
    return _contexts[key]
