"""The connections of one event loop: those in use, the idle ones, and the waiters.

What holds at every moment: connections, those being made among them, are never more than the limit; while somebody
waits, none is idle and none could be made. A free slot is handed to the longest waiter, directly, so that no newcomer
can take it; a waiter that was handed one and is cancelled in the same tick hands it on.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from contextvars import Context

import httpx
from attrs import define, frozen

from itnio_async.transport.connect import Origin, open_connection, tls_context
from itnio_async.transport.http1 import TURNS_TO_READ, Connection
from itnio_async.transport.loops import in_empty_context, this_process

log: logging.Logger = logging.getLogger("itnio_async.pool")

# Seconds for sockets to be closed in: it takes event loops a few ticks.
_CLOSING_TIME = 1.0


# A request's seconds for each kind of wait, as httpx has them: `connect`, `read`, `write`, `pool`; None is unbounded.
Timeouts = Mapping[str, float | None]


@frozen
class Settings:
    """What a pool goes by; `PooledTransport` documents each."""

    limits: httpx.Limits
    verify: bool | ssl.SSLContext
    trust_env: bool
    connect_retries: int
    max_head_bytes: int
    max_connection_age: float | None


@frozen
class PoolStats:
    """A moment of a transport: `in_use` counts connections in use or being made, `waiting` requests without one."""

    connections_opened: int
    connections_reused: int
    connections_open: int
    idle: int
    in_use: int
    waiting: int


@define(eq=False)
class Counts:
    """What goes on counting from one event loop to the next."""

    opened: int = 0
    reused: int = 0


# What a waiter is handed: a connection, or (None) the right to make one.
_Handed = Connection | None


class Pool:
    """The connections of one event loop in one process, to all origins."""

    def __init__(self, settings: Settings, counts: Counts, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.process: int = this_process()
        self.is_closed: bool = False
        self._settings = settings
        self._counts = counts
        self._limit = settings.limits.max_connections
        self._idle_limit = settings.limits.max_keepalive_connections
        self._expiry = settings.limits.keepalive_expiry
        self._max_age = settings.max_connection_age
        self._tls_context: ssl.SSLContext | None = None
        self._taken = 0
        self._idle_count = 0
        # Dicts for their order: the last is the freshest, and any one can be taken out at once.
        self._idle: dict[Origin, dict[Connection, None]] = {}
        self._origins: dict[Connection, Origin] = {}
        # The waiters, for a connection to an origin, or (None) for the right to make one.
        self._waiters: OrderedDict[asyncio.Future[_Handed], Origin | None] = OrderedDict()
        self._dialling: set[asyncio.Timeout] = set()
        self._closing: set[Connection] = set()
        self._all_gone: asyncio.Future[None] | None = None
        self._reaper: asyncio.TimerHandle | None = None

    def stats(self) -> PoolStats:
        """Return what the connections are doing now."""
        in_use = self._taken - self._idle_count
        counts, waiting = self._counts, len(self._waiters)
        return PoolStats(counts.opened, counts.reused, len(self._origins), self._idle_count, in_use, waiting)

    def take(self, origin: Origin) -> Connection | None:
        """Return the idle connection that was used last, if there is one."""
        idle = self._idle.get(origin)
        while idle:
            connection, _ = idle.popitem()
            self._idle_count -= 1
            if self._is_fit(connection):
                self._count_reuse(connection)
                return connection
            connection.close()
            self._let_go(connection)
            self._vacate()
        return None

    async def acquire(self, origin: Origin, timeouts: Timeouts, *, fresh: bool = False) -> Connection:
        """Return a connection, made or waited for; `fresh` wants one that has not been used.

        Raises httpx's `PoolTimeout`, `ConnectTimeout`, `ConnectError`.
        """
        if self._limit is None or self._taken < self._limit:
            self._taken += 1
        elif self._idle_count:
            self._close_oldest()  # its slot is now ours
        else:
            connection = await self._wait(None if fresh else origin, timeouts.get("pool"))
            if connection is not None and connection.is_usable:
                if connection.is_ready():
                    self._count_reuse(connection)
                    return connection
                connection.close()
                self._let_go(connection)
        try:
            return await in_empty_context(self._dial(origin, timeouts.get("connect")))
        except BaseException:
            self._vacate()
            raise

    # What connections say: `http1.Owner`.

    def release(self, connection: Connection) -> None:
        """Take back a connection: for the longest waiter, or among the idle ones."""
        origin = self._origins[connection]
        if self.is_closed or self._expiry == 0 or self._is_too_old(connection):
            connection.close()
            self.lost(connection, busy=True)
            return
        while self._waiters:
            waiter, wanted = self._waiters.popitem(last=False)
            if waiter.done():
                continue
            if wanted == origin:
                waiter.set_result(connection)
            else:
                connection.close()
                self._let_go(connection)
                waiter.set_result(None)
            return
        connection.idle_since = self.loop.time()
        self._idle.setdefault(origin, {})[connection] = None
        self._idle_count += 1
        if self._idle_limit is not None and self._idle_count > self._idle_limit:
            self._close_oldest()
            self._vacate()
        elif self._reaper is None and self._expiry is not None:
            self._ring_at(connection.idle_since + self._expiry)

    def lost(self, connection: Connection, *, busy: bool) -> None:
        """Forget a connection; its slot too, unless it is already someone else's."""
        origin = self._origins.get(connection)
        if origin is None:
            return
        idle = self._idle.get(origin)
        if idle and connection in idle:
            del idle[connection]
            self._idle_count -= 1
            self._vacate()
        elif busy:
            self._vacate()
        self._let_go(connection)

    def gone(self, connection: Connection) -> None:
        """Learn that a socket is closed."""
        self._closing.discard(connection)
        if not self._closing and self._all_gone is not None and not self._all_gone.done():
            self._all_gone.set_result(None)

    # The end.

    def close(self) -> None:
        """Close all connections; their users are told so, and the waiters."""
        self.retire()
        for scope in self._dialling:
            if not scope.expired():  # else it ends by itself, in this tick
                scope.reschedule(self.loop.time())
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                waiter.set_exception(closed())
        for connection in list(self._origins):
            connection.end("The transport was closed")

    async def aclose(self) -> None:
        """Close all connections, and wait until their sockets are."""
        self.close()
        if self._closing:
            if self._all_gone is None:
                self._all_gone = self.loop.create_future()
            # Bounded, since the end of a program may wait for this: an event loop that does not say so in time won't.
            await asyncio.wait([self._all_gone], timeout=_CLOSING_TIME)

    def retire(self) -> None:
        """Close what is idle now, and the rest when it is done: nobody can ask for more."""
        self.is_closed = True
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        for connection in [connection for idle in self._idle.values() for connection in idle]:
            connection.end("The transport was dropped")

    def bury(self) -> None:
        """Close the sockets that a closed event loop left open."""
        self.is_closed = True
        for connection in [*self._origins, *self._closing]:
            connection.bury()
        self._origins.clear()
        self._closing.clear()
        self._idle.clear()
        self._waiters.clear()
        self._taken = self._idle_count = 0

    # Slots.

    def _vacate(self) -> None:
        """Give a slot to the longest waiter."""
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                waiter.set_result(None)
                return
        self._taken -= 1

    async def _wait(self, origin: Origin | None, timeout: float | None) -> _Handed:
        waiter: asyncio.Future[_Handed] = self.loop.create_future()
        self._waiters[waiter] = origin
        timer = None if timeout is None else self.loop.call_later(timeout, self._give_up, waiter, context=Context())
        try:
            return await waiter
        except asyncio.CancelledError:
            self._waiters.pop(waiter, None)
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._hand_on(waiter.result())
            raise
        finally:
            if timer is not None:
                timer.cancel()

    def _give_up(self, waiter: asyncio.Future[_Handed]) -> None:
        if not waiter.done():
            self._waiters.pop(waiter, None)
            now = self.stats()
            waiter.set_exception(
                httpx.PoolTimeout(
                    f"No connection came free in time (timeout.pool): {now.in_use} are in use, {now.waiting} more "
                    "requests wait."
                )
            )

    def _hand_on(self, handed: _Handed) -> None:
        if handed is not None and handed.is_usable:
            self.release(handed)
        else:
            self._vacate()

    def _let_go(self, connection: Connection) -> None:
        origin = self._origins.pop(connection)
        # An entry is there for origins with a connection only, so that their number is bounded.
        if not self._idle.get(origin, True):
            del self._idle[origin]
        self._closing.add(connection)
        log.debug("connection %d closed", connection.number)

    # Idle connections.

    def _is_fit(self, connection: Connection) -> bool:
        if self._expiry is not None and self.loop.time() - connection.idle_since > self._expiry:
            return False
        return connection.is_ready() and not self._is_too_old(connection)

    def _is_too_old(self, connection: Connection) -> bool:
        return self._max_age is not None and self.loop.time() - connection.opened_at > self._max_age

    def _oldest(self) -> Connection | None:
        firsts = [next(iter(idle)) for idle in self._idle.values() if idle]
        return min(firsts, key=lambda connection: connection.idle_since, default=None)

    def _close_oldest(self) -> None:
        """Close the connection that has been idle longest; its slot stays taken."""
        connection = self._oldest()
        assert connection is not None
        del self._idle[self._origins[connection]][connection]
        self._idle_count -= 1
        connection.close()
        self._let_go(connection)

    def _reap(self) -> None:
        """Close what has been idle too long; ring again for the oldest that is left."""
        self._reaper = None
        assert self._expiry is not None
        # Half a millisecond early is on time: clocks of event loops are that coarse.
        too_old = self.loop.time() - self._expiry + 0.0005
        while (oldest := self._oldest()) is not None:
            if oldest.idle_since > too_old:
                self._ring_at(oldest.idle_since + self._expiry)
                return
            self._close_oldest()
            self._vacate()

    def _ring_at(self, when: float) -> None:
        # In a context of its own, since the next timer is set in it, and so on for ever.
        self._reaper = self.loop.call_at(when, self._reap, context=Context())

    def _count_reuse(self, connection: Connection) -> None:
        self._counts.reused += 1
        if log.isEnabledFor(logging.DEBUG):
            log.debug("connection %d reused", connection.number)

    # New connections.

    async def _dial(self, origin: Origin, timeout: float | None) -> Connection:
        """Return a new connection; all attempts together, with name look-up and handshake, take at most `timeout`."""
        if self.is_closed:  # in the tick in which the slot was handed over
            raise closed()
        scope = asyncio.timeout(timeout)
        try:
            async with scope:
                self._dialling.add(scope)
                return await self._dial_repeatedly(origin)
        except TimeoutError as error:
            if self.is_closed:
                raise closed() from None
            if not scope.expired():  # the system's own
                raise httpx.ConnectError(_why(error)) from error
            raise httpx.ConnectTimeout("The peer could not be reached in time (timeout.connect).") from None
        except OSError as error:
            raise httpx.ConnectError(_why(error)) from error
        finally:
            self._dialling.discard(scope)

    async def _dial_repeatedly(self, origin: Origin) -> Connection:
        context = None
        if origin.secure:
            if self._tls_context is None:
                self._tls_context = await tls_context(self._settings.verify, trust_env=self._settings.trust_env)
            context = self._tls_context
        repeats = self._settings.connect_retries
        while True:
            try:
                return await self._dial_once(origin, context)
            except OSError as error:
                # What a certificate says will not change.
                if not repeats or isinstance(error, ssl.SSLCertVerificationError):
                    raise
                repeats -= 1
                log.debug("connecting failed, once more: %s", type(error).__name__)

    async def _dial_once(self, origin: Origin, context: ssl.SSLContext | None) -> Connection:
        connection = Connection(self, self.loop, self._settings.max_head_bytes)
        await open_connection(connection, origin, context)
        if context is not None and connection.has_news():
            await _let_it_be_read(connection)
        if not connection.is_usable:
            raise connection.lost_by or ConnectionResetError("The peer closed the new connection at once")
        self._counts.opened += 1
        connection.number = self._counts.opened
        connection.opened_at = self.loop.time()
        self._origins[connection] = origin
        log.debug("connection %d opened", connection.number)
        return connection


async def _let_it_be_read(connection: Connection) -> None:
    """Have the event loop read what came right after the handshake, and with it why the peer refuses it.

    In TLS 1.3 a client is told only then that its certificate is missing.
    """
    try:
        # To read it, then to close, and to tell each of the layers.
        for _ in range(TURNS_TO_READ + 3):
            await asyncio.sleep(0)
    except BaseException:
        connection.close()
        raise


def closed() -> RuntimeError:
    """Return the error for what is asked of a closed transport."""
    return RuntimeError("The transport is closed; nothing was sent.")


def _why(error: OSError) -> str:
    text = error.strerror or str(error) or type(error).__name__
    return f"No connection could be made: {text}."
