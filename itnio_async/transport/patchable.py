"""The last hop of a client: the pool, or what a tool that has replaced a part of httpx expects to stand there.

These tools see requests below the signing, with its headers.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine
from functools import cache, cached_property, lru_cache
from operator import call, is_
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import httpx

from itnio_async.transport.httpx_stock import StockTransport
from itnio_async.transport.messages import raw_headers_of
from itnio_async.transport.pooled import PooledTransport

if TYPE_CHECKING:
    import httpcore


class LastHop(httpx.AsyncBaseTransport):
    """The way out, chosen again for each request.

    `pool` None means that everything goes over `stock`: httpx's own transport, which knows about proxies.
    """

    def __init__(self, pool: PooledTransport | None, stock: StockTransport) -> None:
        self._pool = pool
        self._stock = stock
        self._over_pool = None if pool is None else _HttpxOverPool(pool)

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        # Wanted only by tools that replace parts of it; it keeps nothing open of its own.
        return _ToolsClient(transport=_Inner(self), trust_env=False)

    def handle_async_request(self, request: httpx.Request) -> Coroutine[Any, Any, httpx.Response]:
        """Send the request the way that a tool may have laid."""
        # Handed on and not awaited here: each coroutine on the way of all calls costs them some time.
        if self._pool is not None and not HTTPX.are_replaced() and not is_core_replaced():
            return self._pool.handle_async_request(request)  # no tool: one look instead of two
        if CLIENT.are_replaced():
            return self._client.send(request, stream=True)
        return self.send_below_client(request)

    def send_below_client(self, request: httpx.Request) -> Coroutine[Any, Any, httpx.Response]:
        """Send the request as httpx's client would hand it to its transport."""
        if self._pool is None or self._over_pool is None or is_core_replaced():
            return self._stock.handle_async_request(request)
        if TRANSPORT.are_replaced():
            return self._over_pool.handle_async_request(request)
        return self._pool.handle_async_request(request)

    def counts(self) -> tuple[int, int, int, int]:
        """Return how many connections were made, used again, are open, are idle; httpx's as far as answers came."""
        opened, reused, connections, idle = self._stock.counts()
        if self._pool is None:
            return opened, reused, connections, idle
        own = self._pool.stats
        return (
            opened + own.connections_opened,
            reused + own.connections_reused,
            connections + own.connections_open,
            idle + own.idle,
        )

    def forget(self) -> object:
        """Let go of connections of another event loop or process without closing them, and return them."""
        return self._stock.forget()  # the pool notices by itself

    async def aclose(self) -> None:
        """Close all connections."""
        await self._stock.aclose()
        if self._pool is not None:
            await self._pool.aclose()


class _ToolsClient(httpx.AsyncClient):
    """httpx's client as tools replace parts of it; what a signed request has no use for is left out.

    That is authentication, redirects, cookies and a line in httpx's log: they take longer than the call itself.
    """

    async def _send_handling_auth(self, request: httpx.Request, *_: Any, **__: Any) -> httpx.Response:
        if SINGLE.are_replaced():
            return await self._send_single_request(request)
        response = await self._transport_for_url(request.url).handle_async_request(request)
        response.request = request
        return response


class _Inner(httpx.AsyncBaseTransport):
    """The last hop as httpx's client sees it."""

    def __init__(self, hop: LastHop) -> None:
        self._hop = hop

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._hop.send_below_client(request)


class _HttpxOverPool(httpx.AsyncHTTPTransport):
    """httpx's own transport, over our pool: for tools that replace its `handle_async_request` and may call it."""

    def __init__(self, pool: PooledTransport) -> None:
        # Without the parent's, which would make a pool of httpcore's; the name is its own.
        self._pool = _CorePool(pool)  # type: ignore[assignment]


class _CorePool:
    """Our pool with the interface of httpcore's."""

    def __init__(self, pool: PooledTransport) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        import httpcore  # loaded already, by httpx's transport which asks

        url = request.url
        response = await self._pool.handle_async_request(
            httpx.Request(
                request.method.decode("ascii"),
                _url_of(url.scheme, url.host, url.port, url.target),
                headers=request.headers,
                stream=request.stream,  # type: ignore[arg-type]
                extensions=request.extensions,
            )
        )
        return httpcore.Response(
            response.status_code,
            headers=list(raw_headers_of(response)),
            content=response.stream,
            extensions=response.extensions,
        )


@lru_cache(maxsize=16)  # to take one apart and put it together takes 30 µs
def _url_of(scheme: bytes, host: bytes, port: int | None, target: bytes) -> httpx.URL:
    return httpx.URL(scheme=scheme.decode("ascii"), host=host.decode("ascii"), port=port, raw_path=target)


class Seams:
    """Methods that tools replace; looked at closely only when another object stands there than before."""

    __slots__ = ("_are_replaced", "_folder", "_gets", "_last", "_names")

    def __init__(self, *places: tuple[type, str]) -> None:
        package = sys.modules[places[0][0].__module__.partition(".")[0]]
        self._folder = str(Path(str(package.__file__)).parent) + os.sep
        self._gets = [vars(owner).get for owner, _ in places]
        self._names = [name for _, name in places]
        self._last: list[object] = [self] * len(places)  # what stood there: at first nothing that can
        self._are_replaced = False

    def are_replaced(self) -> bool:
        """Tell whether something else than the library's own function stands in one of the places now."""
        # Not compared as values: what OpenTelemetry puts there says that it equals what it stands for. `map` looks
        # without a step of Python's for each of the places, which a loop takes in every call: 0.6 µs.
        if not all(map(is_, map(call, self._gets, self._names), self._last)):
            self._last = [*map(call, self._gets, self._names)]
            self._are_replaced = not all(map(self._is_own, self._last))
        return self._are_replaced

    def _is_own(self, found: object) -> bool:
        if found is None:  # inherited
            return True
        return type(found) is FunctionType and found.__code__.co_filename.startswith(self._folder)


# pytest-httpx, vcrpy and OpenTelemetry.
_TRANSPORT = (httpx.AsyncHTTPTransport, "handle_async_request")
TRANSPORT = Seams(_TRANSPORT)
# Sentry, `respx.mock(using="httpx")`, and vcrpy before its version 8.
_CLIENT = [(httpx.AsyncClient, name) for name in ("send", "_transport_for_url", "_send_single_request")]
CLIENT = Seams(*_CLIENT)
SINGLE = Seams((httpx.AsyncClient, "_send_single_request"))
HTTPX = Seams(_TRANSPORT, *_CLIENT)


@cache
def _core() -> Seams:
    """What respx replaces, unless told otherwise."""
    import httpcore

    classes = (httpcore.AsyncConnectionPool, httpcore.AsyncHTTPConnection, httpcore.AsyncHTTPProxy)
    return Seams(*((owner, "handle_async_request") for owner in classes))


def is_core_replaced() -> bool:
    """Tell whether a tool stands in for httpcore's pool or connections."""
    # Loading it takes 20 ms, which a client that never uses it need not wait for.
    return "httpcore" in sys.modules and _core().are_replaced()
