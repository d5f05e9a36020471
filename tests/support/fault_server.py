"""Servers that do what a test says, byte by byte, over TCP and TLS, in the test's event loop or a thread of their own.

A handler is an async function of one `Connection`; `serve` is the one that behaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Self

import httpx

from itnio_async.transport.pooled import PooledTransport
from support import certificates
from support.certificates import issued
from support.raw_server import Connection, Handler, RawServer, http_bytes

OK = http_bytes(b"{}")
TIMEOUT = {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}


@functools.cache
def server_tls(*names: str) -> ssl.SSLContext:
    return certificates.server_tls(issued(*names))


@functools.cache
def client_tls() -> ssl.SSLContext:
    return certificates.client_tls()


class FaultServer(RawServer):
    """`async with FaultServer(handler, tls=True) as server`; `port` None takes a free one."""

    def __init__(self, handler: Handler, *, tls: bool | ssl.SSLContext = False, port: int = 0) -> None:
        super().__init__(handler)
        self.tls = server_tls() if tls is True else tls or None
        self.port = port
        self.open = 0

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self.tls, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def quiet(self) -> None:
        """Wait until it has no connection."""
        await until(lambda: self.open == 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await super()._accept(reader, writer)
        finally:
            self.open -= 1
            with contextlib.suppress(AttributeError):  # CPython 3.11.2, over TLS, after a second close
                writer.transport.abort()


async def serve(connection: Connection) -> None:
    while True:
        await connection.receive()
        await connection.send(OK)


def scripted(*handlers: Handler, then: Handler = serve) -> Handler:
    """A handler that takes its nth connection to the nth handler, and all later ones to the last."""

    async def handler(connection: Connection) -> None:
        await (handlers[connection.number - 1] if connection.number <= len(handlers) else then)(connection)

    return handler


def answering(*parts: bytes, close: bool = False) -> Handler:
    """A handler that answers its first request with these parts, each in a packet of its own, and then behaves."""

    async def handler(connection: Connection) -> None:
        await connection.receive()
        for part in parts:
            await connection.send(part)
            await asyncio.sleep(0)
        if not close:
            await serve(connection)

    return handler


async def silent(connection: Connection) -> None:
    """A handler that reads and never answers."""
    while await connection.reader.read(65536):
        pass


@contextlib.contextmanager
def in_thread(handler: Handler, **options: Any) -> Iterator[FaultServer]:
    """Run a server beside the test, for tests that make event loops, or fork."""
    ready = threading.Event()
    server = FaultServer(handler, **options)
    stops: list[Callable[[], object]] = []

    async def run() -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(done.set))
        async with server:
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield server
    finally:
        stops[0]()
        thread.join(5)


def request(server: RawServer | str, method: str = "POST", **options: Any) -> httpx.Request:
    """A request with the timeouts that httpx's client would give it."""
    url = server if isinstance(server, str) else f"{server.url}/v3"
    extensions = {"timeout": {**TIMEOUT, **options.pop("timeout", {})}, **options.pop("extensions", {})}
    return httpx.Request(method, url, extensions=extensions, **options)


async def directly(transport: PooledTransport, request: httpx.Request) -> httpx.Response:
    return await transport.handle_async_request(request)


async def in_a_client(transport: PooledTransport, request: httpx.Request) -> httpx.Response:
    # Not closed: the transport is the test's, and the client has nothing else.
    return await httpx.AsyncClient(transport=transport, trust_env=False).send(request, stream=True)


# How `call` sends; tests may put another way in its place.
send = directly


async def call(transport: PooledTransport, server: RawServer | str, method: str = "POST", **options: Any) -> Any:
    """Send a request and read all of its answer."""
    response = await send(transport, request(server, method, **options))
    try:
        await response.aread()
    finally:
        await response.aclose()
    return response


async def assert_whole(transport: PooledTransport, server: RawServer | str, calls: int = 3) -> None:
    """Plain calls pass, at once and as many as there are slots, and every slot is given back."""
    limit = transport._settings.limits.max_connections or calls
    async with asyncio.timeout(5):
        for response in await asyncio.gather(*(call(transport, server) for _ in range(max(limit, calls)))):
            assert response.status_code == 200
    stats = transport.stats
    assert (stats.in_use, stats.waiting) == (0, 0)
    assert stats.idle == stats.connections_open


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is polled are counts and system calls
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def pool_of(connections: int | None = 10, **options: Any) -> AsyncIterator[PooledTransport]:
    """A transport that is closed afterwards, with nothing left open."""
    limits = options.pop("limits", httpx.Limits(max_connections=connections, max_keepalive_connections=connections))
    async with PooledTransport(limits=limits, **{"verify": client_tls(), **options}) as transport:
        yield transport


Call = Callable[..., Awaitable[httpx.Response]]
