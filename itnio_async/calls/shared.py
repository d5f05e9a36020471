"""What a client and its views share: the chain of transports, the limiter, the learnt clock, the tokens, the counts."""

from __future__ import annotations

import asyncio
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import iscoroutine
from typing import Any, TypeVar

import httpx
from attrs import frozen

from itnio_async.account import is_loopback
from itnio_async.calls.clock import ServerClock
from itnio_async.calls.deadlines import Deadline, Deadlines
from itnio_async.calls.details import CallDetails, Watch
from itnio_async.config import CONTENT_TYPE, USER_AGENT, RateLimit
from itnio_async.credentials import Credentials
from itnio_async.errors import ConfigurationError
from itnio_async.retry import RetryDetails, RetryTokens
from itnio_async.transport.limiter import Limiter, RateWindow
from itnio_async.transport.loops import Home
from itnio_async.transport.patchable import LastHop
from itnio_async.transport.signing import Signer, SigningTransport

logger: logging.Logger = logging.getLogger("itnio_async.client")

T = TypeVar("T")

Middleware = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]


@frozen
class Stats:
    """A snapshot of what a client has done and is doing.

    `requests` counts attempts, and `retries` those that were repeats. `in_use` are the calls past the limiter and
    `waiting` those before it. The four of connections are 0 for a transport that the caller made.
    """

    requests: int
    retries: int
    connections_opened: int
    connections_reused: int
    connections_open: int
    idle: int
    in_use: int
    waiting: int


class Shared:
    """The shared part of a client and its views, and the owner of its connections."""

    def __init__(
        self,
        hop: httpx.AsyncBaseTransport,
        middleware: Sequence[Middleware],
        *,
        base_url: httpx.URL,
        owns_hop: bool,
        slots: int | None,
        rate_limit: RateLimit | None,
        clock: ServerClock,
        tokens: RetryTokens,
        on_retry: Callable[[RetryDetails], Any] | None,
        on_call: Callable[[CallDetails], Any] | None,
        max_response_bytes: int,
    ) -> None:
        self.clock = clock
        self.signer: Signer = Signer(clock)
        self.tokens = tokens
        # Over plain http anyone on the way could set our clock, and have requests signed for another time.
        self.learns_clock: bool = base_url.scheme == "https" or is_loopback(base_url.host)
        self.headers: tuple[tuple[bytes, bytes], ...] = (
            (b"Host", base_url.netloc),
            (b"Accept", b"application/json"),
            # Answers are small; where one comes compressed all the same, it is read.
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", USER_AGENT.encode()),
            (b"Content-Type", CONTENT_TYPE.encode()),
        )
        self.max_response_bytes = max_response_bytes
        self.requests: int = 0
        self.retries: int = 0
        # Whether anybody but the log wants to know of the end of each call.
        self.is_watched: bool = on_call is not None
        self._on_retry = on_retry
        self._on_call = on_call
        self._begin_watch: Callable[[str, Mapping[str, int | str]], Watch] | None = None
        self.hop = hop  # the last transport of the chain
        self._owns_hop = owns_hop
        self._slots = slots
        # The client's and no limiter's, so that it holds from one event loop to the next.
        self._window = None if rate_limit is None else RateWindow(rate_limit)
        self._home = Home()
        self._limiter: Limiter | None = None
        # Calls between two attempts, with their tasks.
        self._sleeping: dict[Deadline, asyncio.Task[Any] | None] = {}
        self.deadlines: Deadlines
        self.chain: httpx.AsyncBaseTransport = _chain(
            SigningTransport(hop, _no_credentials, clock=clock, base_url=base_url), middleware
        )
        # Last, so that a constructor that fails leaves nothing to warn about.
        self.closed: bool = False

    def enter(self) -> Limiter:
        """Return the limiter of the running loop, after moving there if need be.

        Raises `ConfigurationError` for a closed client, and for a second loop while the first one lives.
        """
        self.check_open()
        if self._limiter is not None and self._home.is_here():
            return self._limiter
        if self._home.loop is not None and isinstance(self.hop, httpx.AsyncHTTPTransport):
            raise ConfigurationError(
                "The client's transport, an httpx.AsyncHTTPTransport, has connections of a loop that has ended, or of "
                "the parent process: answers could go to the wrong calls. Make transport and client here."
            )
        self._move()
        self.deadlines = Deadlines(asyncio.get_running_loop())
        self._sleeping = {}
        self._limiter = Limiter(self._slots, self._window)
        return self._limiter

    def check_open(self) -> None:
        """Raise `ConfigurationError` if the client is closed."""
        if self.closed:
            raise _closed()

    @contextmanager
    def ended_by_close(self) -> Iterator[None]:
        """Return a block in which a call sleeps; when the client is closed, it ends with `ConfigurationError`."""
        sleeping, scope = self._sleeping, Deadline()
        sleeping[scope] = asyncio.current_task()
        try:
            with scope:
                yield
        except TimeoutError:
            if scope.has_struck:
                raise _closed() from None
            raise
        finally:
            del sleeping[scope]

    def _move(self) -> None:
        """Make the running loop the client's, unless the one before is still open."""
        if self._home.is_elsewhere():
            raise ConfigurationError(
                "The client is used on a second event loop while the first one is still open. Make one client a loop, "
                "or close the first loop before."
            )
        self._home.move(self.hop.forget() if isinstance(self.hop, LastHop) else None)

    def watch_with(self, begin: Callable[[str, Mapping[str, int | str]], Watch]) -> None:
        """Have each call accompanied from now on: `begin` gets its endpoint and ids. It replaces the one before."""
        self._begin_watch = begin
        self.is_watched = True

    def begin_watch(self, endpoint: str, ids: Mapping[str, int | str]) -> Watch | None:
        """Return what accompanies a call that begins, if anything does."""
        return _told("telemetry", self._begin_watch, endpoint, ids)

    def tell_repeat(self, watch: Watch | None, details: RetryDetails) -> None:
        """Count a repeat, and tell of it whoever wants to know."""
        self.retries += 1
        if watch is not None:
            _told("telemetry", watch.repeats, details)
        _told("on_retry", self._on_retry, details)

    def tell_end(self, watch: Watch | None, details: CallDetails) -> None:
        """Tell of a call's end whoever wants to know."""
        try:
            _log_end(details)
            _told("on_call", self._on_call, details)
        finally:
            if watch is not None:
                _told("telemetry", watch.ends, details)

    def stats(self) -> Stats:
        """Return the counts as they are now."""
        of_connections = self.hop.counts() if isinstance(self.hop, LastHop) else (0, 0, 0, 0)
        of_calls = (self._limiter.in_use, self._limiter.waiting) if self._limiter else (0, 0)
        return Stats(self.requests, self.retries, *of_connections, *of_calls)

    async def aclose(self) -> None:
        """Close what is ours; a second time does nothing.

        Raises `ConfigurationError` on another loop while the one with the connections is open: only there they close.
        """
        if self.closed:
            return
        if not self._home.is_here():
            # The connections are of a loop that ended or of the parent process: nobody can close them from here.
            self._move()
        elif self._limiter is not None:
            self._limiter.close(_closed)
            closing = asyncio.current_task()
            for scope, task in self._sleeping.items():
                if task is not closing:  # a sleep that closes the client must come to the end of that
                    scope.strike()
        self.closed = True
        self.signer.forget()
        if self._owns_hop:
            await self.hop.aclose()

    def __del__(self) -> None:
        # At the interpreter's end the system closes everything, and warnings about it help nobody.
        if not getattr(self, "closed", True) and not sys.is_finalizing():
            warnings.warn(
                "An AsyncClient was not closed: use `async with`, or `await client.aclose()`.",
                ResourceWarning,
                source=self,
                stacklevel=2,
            )


def _told(name: str, function: Callable[..., T] | None, *arguments: Any) -> T | None:
    """Call what was given to be told, if anything was; its failure is logged, and is not the call's."""
    if function is None:
        return None
    try:
        told = function(*arguments)
    except Exception:
        logger.exception("%s failed; the call goes on", name)
        return None
    if iscoroutine(told):
        told.close()
        logger.error("%s gave a coroutine, which nobody awaits: give a plain function", name)
        return None
    return told


def _log_end(details: CallDetails) -> None:
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug(
            "%s %s code=%s http=%s attempts=%d waited=%.3f s %.1f ms",
            details.endpoint or "a call",
            details.ended,
            details.code,
            details.http_status,
            details.attempts,
            details.waited,
            details.elapsed * 1000,
            extra=details.log_fields(),
        )


def _closed() -> ConfigurationError:
    return ConfigurationError("The client is closed. Make a new one, or close it later.")


def _no_credentials() -> Credentials:
    # Each request brings its own, since views may have different ones.
    raise ConfigurationError(
        "A middleware sent a request without the extensions of the one that it got: keep them, as in "
        "httpx.Request(..., extensions=request.extensions)."
    )


def _chain(transport: httpx.AsyncBaseTransport, middleware: Sequence[Middleware]) -> httpx.AsyncBaseTransport:
    """Return the transport wrapped by each middleware, the first of them outermost."""
    if not isinstance(middleware, Sequence):
        raise ConfigurationError("middleware takes a list of callables that get a transport and give one.")
    for wrap in reversed(middleware):
        if not callable(wrap):
            raise ConfigurationError("middleware takes callables that get a transport and give one.")
        transport = wrap(transport)
        if not hasattr(transport, "handle_async_request"):
            raise ConfigurationError(f"middleware {wrap!r} gave no httpx.AsyncBaseTransport.")
    return transport
