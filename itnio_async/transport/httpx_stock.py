"""httpx's own transport: for proxies, and for tools that replace parts of httpcore.

httpcore's pool loses a slot when a call is cancelled at the wrong tick. Here it has no limit of its own, so that there
are no slots to lose, and the limiter before it counts. A cancelled call may leave its connection behind until the
client is closed.
"""

from __future__ import annotations

import ssl
from weakref import WeakKeyDictionary

import httpx

from itnio_async.transport.connect import tls_context
from itnio_async.transport.loops import close_with_loop
from itnio_async.transport.messages import CONNECTION_EXTENSION


class StockTransport(httpx.AsyncBaseTransport):
    """An httpx transport that is made at the first request, and again after `forget` or `aclose`."""

    def __init__(
        self, *, limits: httpx.Limits, proxy: httpx.Proxy | None, verify: bool | ssl.SSLContext, trust_env: bool
    ) -> None:
        self._limits = httpx.Limits(
            max_connections=None,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
        )
        self._proxy = proxy
        self._verify = verify
        self._trust_env = trust_env
        self._current: httpx.AsyncHTTPTransport | None = None
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
                self._current = httpx.AsyncHTTPTransport(
                    verify=context, limits=self._limits, proxy=self._proxy, trust_env=self._trust_env
                )
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
            response.extensions[CONNECTION_EXTENSION] = (number, False)
        else:
            self._reused += 1
            response.extensions[CONNECTION_EXTENSION] = (number, True)

    def counts(self) -> tuple[int, int, int, int]:
        """Return how many connections were made, used again, are open, are idle; as far as answers came over them."""
        pool = getattr(self._current, "_pool", None)
        connections = list(getattr(pool, "connections", ()))
        idle = sum(connection.is_idle() for connection in connections)
        return self._opened, self._reused, len(connections), idle

    def forget(self) -> object:
        """Let go of the connections without closing them, and return them."""
        current, self._current = self._current, None
        return current

    async def aclose(self) -> None:
        """Close the connections; the next request makes new ones."""
        current, self._current = self._current, None
        if current is not None:
            await current.aclose()
