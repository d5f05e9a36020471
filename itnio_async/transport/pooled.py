"""The transport with its own connection pool: fast, and whole after anything that happens to a request.

Above it are httpx's requests and answers. Below it, `pool` shares out connections, `connect` makes them, and `http1`
speaks on one.
"""

from __future__ import annotations

import asyncio
import ssl
import weakref
from typing import Any

import httpx

from itnio_async.config import LIMITS
from itnio_async.transport.connect import PORTS, Origin
from itnio_async.transport.head import Upload, outgoing
from itnio_async.transport.http1 import Answer, Body, Connection
from itnio_async.transport.loops import Home, close_with_loop, keep_for_parent, this_process
from itnio_async.transport.messages import LazyRequest
from itnio_async.transport.pool import Counts, Pool, PoolStats, Settings, Timeouts, closed
from itnio_async.transport.signing import SENDING_EXTENSION, Sending
from itnio_async.validators import checked, number, or_none

IDEMPOTENT_EXTENSION = "itnio_idempotent"
# Beyond what any server sends by itself: llhttp's users and nginx stop at 8 to 80 KB.
MAX_HEAD_BYTES = 64 * 1024

_IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})


class PooledTransport(httpx.AsyncBaseTransport):
    """An httpx transport that speaks HTTP/1.1 over connections of its own.

    `limits`, `verify` and `trust_env` are httpx's. `connect_retries` is how often connecting is tried once more within
    `timeout.connect`. With `replace_dead_connections`, a request that may be repeated, and whose connection turns out
    to have died before any byte of the answer, is sent once more on a new one; which may, the extension
    `itnio_idempotent` says, or else the method. `max_head_bytes` bounds an answer's head. A connection is not used for
    another request when it was made more than `max_connection_age` seconds ago (None: no bound). Of httpx's extensions,
    requests may have `timeout` and `sni_hostname`; answers have `http_version`, `reason_phrase` and `network_stream`,
    whose `get_extra_info` tells about the connection while it is open.

    It belongs to the event loop that uses it first; once that is closed, and in a forked child, to the next. Requests
    raise httpx's exceptions, `RuntimeError` after `aclose` or while another event loop still has the connections, and
    `ConfigurationError` where `SSL_CERT_FILE` or `SSL_CERT_DIR` names nothing that could be read.
    """

    def __init__(
        self,
        *,
        limits: httpx.Limits = LIMITS,
        verify: bool | ssl.SSLContext = True,
        trust_env: bool = True,
        connect_retries: int = 1,
        replace_dead_connections: bool = True,
        max_head_bytes: int = MAX_HEAD_BYTES,
        max_connection_age: float | None = None,
    ) -> None:
        checked("max_connection_age", max_connection_age, or_none(number(above=0)))
        self._settings = Settings(limits, verify, trust_env, connect_retries, max_head_bytes, max_connection_age)
        self._replace = replace_dead_connections
        self._counts = Counts()
        self._home = Home()
        self._pool: Pool | None = None
        self._finalizer: weakref.finalize[..., PooledTransport] | None = None
        self._is_closed = False
        # A client asks one address over and over, with a URL that it keeps.
        self._last_origin: tuple[httpx.URL, str | None, Origin] | None = None

    @property
    def stats(self) -> PoolStats:
        """What the connections are doing now."""
        if self._pool is None or self._pool.process != this_process():
            return PoolStats(self._counts.opened, self._counts.reused, 0, 0, 0, 0)
        return self._pool.stats()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its answer: whole if it came in one piece, or read while it arrives."""
        extensions = request.extensions
        sending: Sending | None = extensions.get(SENDING_EXTENSION)
        if sending is not None and sending.asked:
            sending.asked -= 1  # counted here, when it begins to go out
        upload, last = None, False
        data = request.as_bytes() if isinstance(request, LazyRequest) else None
        if data is None:
            data, upload, last = outgoing(request)
        origin = self._origin_of(request.url, extensions.get("sni_hostname"))
        timeouts: Timeouts = extensions.get("timeout") or {}
        read, write = timeouts.get("read"), timeouts.get("write")
        head_only = request.method == "HEAD"
        pool = self._pool
        if pool is None or pool.is_closed or not self._home.is_here():
            pool = await self._move_in()
        connection = pool.take(origin) or await pool.acquire(origin, timeouts)
        if sending is not None:
            sending.begun += 1
        if upload is not None:
            return await _send_in_parts(connection, data, upload, timeouts, head_only=head_only, last=last)
        token = connection.start(data, read, write, head_only=head_only, last=last)
        try:
            return _response_of(await token)
        except (httpx.ReadError, httpx.WriteError) as error:
            died_idle = connection.requests > 1 and not connection.received
            if pool.is_closed or not (died_idle and self._replace and may_be_repeated(request)):
                raise
            died = error
        except BaseException:
            connection.abandon(token)
            raise
        try:
            connection = await pool.acquire(origin, timeouts, fresh=True)
        except httpx.TransportError as error:
            # Of the repeat nothing was sent, but the first one may have been processed.
            raise died from error
        if sending is not None:
            sending.begun += 1
        token = connection.start(data, read, write, head_only=head_only, last=last)
        try:
            return _response_of(await token)
        except BaseException:
            connection.abandon(token)
            raise

    def _origin_of(self, url: httpx.URL, server_name: str | None) -> Origin:
        last = self._last_origin
        if last is not None and last[0] is url and last[1] == server_name:
            return last[2]
        origin = origin_of(url, server_name)
        self._last_origin = (url, server_name, origin)
        return origin

    async def aclose(self) -> None:
        """Close all connections; requests under way fail, later ones are refused."""
        self._is_closed = True
        pool, self._pool = self._pool, None
        if pool is None:
            return
        if self._home.is_here():
            await pool.aclose()
        else:
            _leave(pool)

    async def _move_in(self) -> Pool:
        """Return a pool for the running event loop, and let go of the old one.

        Raises `RuntimeError`.
        """
        if self._is_closed:
            raise closed()
        old = self._pool
        if old is not None and not old.is_closed and self._home.is_elsewhere():
            raise RuntimeError(
                "The connections belong to another event loop that is still open. Use one transport for each event "
                "loop, or close the other loop first."
            )
        self._home.move(None)
        if old is not None:
            _leave(old)
        if self._finalizer is not None:
            self._finalizer.detach()
        loop = asyncio.get_running_loop()
        self._pool = pool = Pool(self._settings, self._counts, loop)
        self._finalizer = weakref.finalize(self, _leave, pool)
        if old is None or old.loop is not loop:  # else this loop has been shut down before: it will not say so again
            await close_with_loop(pool.aclose)
        return pool


def origin_of(url: httpx.URL, server_name: str | None = None) -> Origin:
    """Return where a URL's requests go.

    Raises `httpx.UnsupportedProtocol`, and `httpx.ConnectError` for a port that cannot be.
    """
    scheme, host = url.scheme, url.raw_host.decode("ascii")
    if scheme not in PORTS or not host:
        raise httpx.UnsupportedProtocol("Only addresses that begin with http:// or https:// and a host can be asked.")
    port = PORTS[scheme] if url.port is None else url.port
    if not 0 < port < 2**16:
        raise httpx.ConnectError(f"No connection could be made: there is no port {port}.")
    return Origin(scheme == "https", host, port, server_name)


def may_be_repeated(request: httpx.Request) -> bool:
    """Tell whether sending a request twice does no more than sending it once."""
    return bool(request.extensions.get(IDEMPOTENT_EXTENSION, request.method in _IDEMPOTENT_METHODS))


def _response_of(answer: Answer) -> httpx.Response:
    return answer.response() if isinstance(answer, Body) else answer


async def _send_in_parts(
    connection: Connection, head: bytes, upload: Upload, timeouts: Timeouts, *, head_only: bool, last: bool
) -> httpx.Response:
    """Send a request whose body comes in parts; an answer that comes before its end ends it."""
    read, write = timeouts.get("read"), timeouts.get("write")
    token = connection.start(head, read, write, head_only=head_only, last=last, uploading=True)
    # In a task of its own, which ends with the answer: the source may wait for long.
    sender = asyncio.get_running_loop().create_task(_send_body(connection, upload))
    either: list[asyncio.Future[Any]] = [token, sender]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not token.done():
            await sender
        return _response_of(await token)
    except BaseException:
        connection.abandon(token)
        raise
    finally:
        sender.cancel()
        await asyncio.wait([sender])
        if not sender.cancelled():
            sender.exception()  # so that the event loop does not report it as unseen


async def _send_body(connection: Connection, upload: Upload) -> None:
    """Send a body in parts, until its end or as long as the answer waits for it."""
    sent, whole = 0, False
    try:
        async for part in upload.stream:
            sent += len(part)
            if upload.length is not None and sent > upload.length:
                raise httpx.LocalProtocolError("The request's body is longer than its Content-Length.")
            if part and not await connection.send(upload.frame(part)):
                return
        if upload.length is not None and sent < upload.length:
            raise httpx.LocalProtocolError("The request's body is shorter than its Content-Length.")
        end = upload.end()
        whole = not end or await connection.send(end)
    finally:
        connection.sent(whole=whole)


def _leave(pool: Pool) -> None:
    """Let go of a pool from outside its event loop, or when its transport is collected.

    In a forked child nothing is touched, and nothing may be collected: the sockets are the parent's, and so is the
    selector behind them.
    """
    if pool.process != this_process():
        keep_for_parent(pool)
        return
    if pool.loop.is_closed():
        pool.bury()
        return
    try:
        pool.loop.call_soon_threadsafe(pool.retire)
    except RuntimeError:  # closed since
        pool.bury()
