"""The workers of a run: each reads a request, makes the call, and puts its outcome where the consumer takes it.

What is read from the source is sent: a worker reads a request only when it can send it at once, so that after a stop
nothing was read in vain, and a source knows that what it has handed over was started. At most
`concurrency` calls are under way, and at most as many outcomes again wait for the consumer; a worker waits for a place
before it reads, never with an outcome in its hands, so that a slow first item cannot block those behind it for good.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Set
from contextlib import suppress
from typing import Any, Generic, TypeVar

from itnio_async.endpoint import Response
from itnio_async.errors import ItnioError
from itnio_async.runs.outcome import AnyOutcome, Failed, Shelf, StopRule, Succeeded
from itnio_async.runs.source import Source, Waiters
from itnio_async.transport.loops import no_loop

logger: logging.Logger = logging.getLogger("itnio_async.bulk")

Q = TypeVar("Q")
R = TypeVar("R")

# Python 3.11's `wait_for` swallows a cancellation that comes in the tick in which its wait ends: a source that waits so
# goes on to its next wait, and is interrupted once more. Not at once: it may be busy with what it does at its end.
_WAIT_FOR_SWALLOWS = sys.version_info < (3, 12)
_HEEDS_WITHIN = 1.0

# The loop knows its tasks weakly only: workers that wait for a consumer that is gone would be collected half-done.
_running: set[Workers[Any, Any]] = set()


class Workers(Generic[Q, R]):
    """A fixed number of workers over one source; they know nothing of the consumer.

    `under_way` has the requests of the calls that have begun and not ended, by index; those that were cut off stay in
    it. `error` is what ended the run before its source did. `send` makes one call, and raises `ItnioError` for its
    failures; anything else from it ends the run. `give_up` is called on a stop: what `send` would only send again
    later is not.
    """

    def __init__(
        self,
        name: str,
        send: Callable[[Q], Awaitable[Response[R]]],
        source: Source[Q],
        outcomes: Shelf[Q, R],
        rule: StopRule,
        *,
        concurrency: int,
        give_up: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.under_way: dict[int, Q] = {}
        self.error: BaseException | None = None
        self.started: int = 0
        self.succeeded: int = 0
        self.failed: int = 0
        self._send = send
        self._source = source
        self._outcomes = outcomes
        self._rule = rule
        self._concurrency = concurrency
        self._give_up = give_up
        # Places for the calls under way and the outcomes that nobody has taken yet. An `asyncio.Semaphore` takes five
        # calls a request also where nobody waits for it.
        self._free = 2 * concurrency
        self._waiters = Waiters()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._workers: list[asyncio.Task[None]] = []
        self._working = concurrency
        self._reading: set[asyncio.Task[None]] = set()
        self._second_try: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._news = asyncio.Event()
        self._over = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Tell whether nothing runs any more."""
        return self._over.is_set()

    # -- for the consumer ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the workers; does nothing a second time, or after a stop."""
        if self._loop is not None or self._stopping:
            return
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise no_loop() from None
        self._began = time.monotonic()
        logger.info("%s in bulk: begins, at most %d calls at once", self.name, self._concurrency)
        for other in [other for other in _running if other._loop is not None and other._loop.is_closed()]:
            _running.discard(other)
        _running.add(self)
        self._workers = [
            self._loop.create_task(self._work(), name=f"bulk {self.name} {number}")
            for number in range(self._concurrency)
        ]

    def take(self) -> AnyOutcome[Q, R] | None:
        """Return an outcome that is there, or None."""
        outcome = self._outcomes.take()
        if outcome is not None:
            self._free += 1
            self._waiters.wake()
        return outcome

    async def next(self) -> AnyOutcome[Q, R] | None:
        """Return the next outcome, or None after the last one; a cancelled wait loses none."""
        while (outcome := self.take()) is None and not self.is_over:
            self._news.clear()
            await self._news.wait()
        return outcome

    def stop(self, error: BaseException | None = None) -> None:
        """Begin no further call; `error` says why, and the first one given stands."""
        if self.error is None:
            self.error = error
        if self._give_up is not None:
            self._give_up()
        self._read_no_more()

    def _read_no_more(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        self._interrupt(self._reading)
        if self._loop is None:
            self._over.set()
        elif _WAIT_FOR_SWALLOWS and self._reading:
            self._second_try = self._loop.call_later(_HEEDS_WITHIN, self._interrupt, self._reading.copy())

    async def wait(self) -> None:
        """Wait until nothing runs any more; on cancellation, the calls are cut off."""
        try:
            await self._over.wait()
        except asyncio.CancelledError:
            await self.cut_off()
            raise

    async def cut_off(self) -> None:
        """Cancel the calls that are under way, and wait for their end, also if that wait is cancelled."""
        self.stop()
        for worker in self._workers:
            worker.cancel()
        cancelled: asyncio.CancelledError | None = None
        while running := [worker for worker in self._workers if not worker.done()]:
            try:
                await asyncio.wait(running)
            except asyncio.CancelledError as error:  # as a TaskGroup: what was begun within it ends first
                cancelled = error
        if self._workers and self._working:
            # A task that is cancelled before its first step, as at the end of `asyncio.run`, never gets to its last.
            self._working = 0
            await self._end()
        await self._over.wait()
        if cancelled is not None:
            raise cancelled

    def abandon(self) -> None:
        """Stop from wherever the garbage collector runs."""
        if self._loop is None or self.is_over or self._loop.is_closed():
            return
        with suppress(RuntimeError):  # closed at this very moment, by another thread
            self._loop.call_soon_threadsafe(self.stop)

    def _interrupt(self, workers: Set[asyncio.Task[None]]) -> None:
        for worker in workers & self._reading:
            worker.cancel()

    # -- the workers --------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        worker = asyncio.current_task()
        assert worker is not None
        try:
            await self._send_all(worker)
        except BaseException as error:
            # Also what is not an Exception (pytest's skip, a panic from Rust): the run would look finished. A stop
            # cancels the workers that wait to read, and a cut-off all of them: neither is a failure.
            if not (isinstance(error, asyncio.CancelledError) and self._stopping):
                self.stop(error)
        finally:
            self._working -= 1
            if not self._working:
                await self._end()

    async def _send_all(self, worker: asyncio.Task[None]) -> None:
        """Read, make the call, keep its outcome or that it has none, and so on until there is nothing to read."""
        while not self._stopping:
            # A stop interrupts those that wait here.
            self._reading.add(worker)
            try:
                while not self._free:  # one that was woken may find that another has come first
                    await self._waiters.wait()
                self._free -= 1
                request = await self._source.read()
            except StopAsyncIteration:
                self._read_no_more()
                return
            finally:
                self._reading.discard(worker)
            index = self.started
            self.started += 1
            self.under_way[index] = request
            outcome: AnyOutcome[Q, R] | None = None
            began = time.monotonic()
            try:
                try:
                    response = await self._send(request)
                except ItnioError as error:
                    # Without this frame, whose variables go on to the next requests.
                    error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
                    outcome = Failed(index, request, None, error, error.attempts, time.monotonic() - began)
                    self.failed += 1
                else:
                    outcome = Succeeded(index, request, response, None, response.attempts, time.monotonic() - began)
                    self.succeeded += 1
                del self.under_way[index]
                if self._rule.ends_run(outcome.error):
                    self.stop(outcome.error)
            finally:
                self._outcomes.put(index, outcome)
                self._news.set()

    async def _end(self) -> None:
        """Close the source and tell everybody; the last worker does it."""
        try:
            await self._source.aclose()
        except BaseException as error:
            self.stop(error)
        finally:
            _running.discard(self)
            if self._second_try is not None:
                self._second_try.cancel()
            logger.info(
                "%s in bulk: ended after %.1f s, %d done, %d failed, %d cut off%s",
                self.name,
                time.monotonic() - self._began,
                self.succeeded,
                self.failed,
                len(self.under_way),
                "" if self.error is None else f", stopped by {type(self.error).__name__}",
            )
            self._over.set()
            self._news.set()
