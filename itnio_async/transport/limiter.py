"""How many calls are under way at once, and how many begin in a second: first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from itnio_async.config import RateLimit
from itnio_async.errors import PoolTimeout

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter


class Limiter:
    """The gate before the connections, for one event loop.

    `in_use` counts the calls past it, and `waiting` those before it; only `enter` and `leave` change them. `slots` None
    is no limit. A free slot goes to the longest waiter, directly, so that no newcomer can take it.
    """

    def __init__(self, slots: int | None, rate: RateLimit | None) -> None:
        self._slots = slots
        self._rate = bucket_of(rate) if rate else None
        # aiolimiter lets a newcomer overtake one that it has just woken, and sends that one to the end.
        self._turn = asyncio.Lock()
        self._taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._queued = 0
        self._before_rate = 0

    @property
    def in_use(self) -> int:
        """The calls past the limiter."""
        return self._taken - self._before_rate

    @property
    def waiting(self) -> int:
        """The calls before it."""
        return self._queued + self._before_rate

    def enter_at_once(self) -> bool:
        """Take a slot if there is nothing to wait for, and tell whether that was so."""
        return self._rate is None and self._take()

    async def enter(self, timeout: float | None) -> None:
        """Wait for a slot and for the rate, for at most `timeout` seconds.

        Raises `PoolTimeout`.
        """
        if self.enter_at_once():
            return
        if timeout is None:
            await self._wait()
            return
        scope = asyncio.timeout(timeout)
        try:
            async with scope:
                await self._wait()
        except TimeoutError:
            if not scope.expired():
                raise
            raise PoolTimeout(
                f"No slot came free within {timeout:g} s (timeout.pool): {self.in_use} calls are under way and "
                f"{self.waiting} wait. Nothing was sent. Raise limits.max_connections or timeout.pool, or start fewer "
                "calls at once."
            ) from None

    def leave(self) -> None:
        """Give the slot back, to the longest waiter."""
        while self._queue:
            future = self._queue.popleft()
            if not future.done():
                future.set_result(None)
                self._queued -= 1
                return
        self._taken -= 1

    def _take(self) -> bool:
        if self._slots is not None and self._taken >= self._slots:
            return False
        self._taken += 1
        return True

    async def _wait(self) -> None:
        if not self._take():
            await self._queue_up()
        if self._rate is None:
            return
        self._before_rate += 1
        try:
            async with self._turn:
                await self._rate.acquire()
        except BaseException:
            self.leave()
            raise
        finally:
            self._before_rate -= 1

    async def _queue_up(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(future)
        self._queued += 1
        try:
            await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                # The slot had come at the same tick: pass it on.
                self.leave()
            else:
                self._queued -= 1
            raise


def bucket_of(rate: RateLimit) -> AsyncLimiter:
    """Return what lets so many calls begin in so many seconds."""
    from aiolimiter import AsyncLimiter  # most clients have no rate and need not wait for it to load

    return AsyncLimiter(rate.calls, rate.seconds)
