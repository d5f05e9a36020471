"""How many calls are under way at once, and how many begin in a second: repeats first, then in order of arrival."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context
from math import ceil
from typing import Any

from itnio_async.config import RateLimit
from itnio_async.errors import PoolTimeout


class RateWindow:
    """Lets at most so many calls begin in any so many seconds, all of them at once if it so happens.

    2.5 calls in a second are 3 in 1.2 seconds. It remembers when each call of the last window began. `clock` gives
    seconds that never go back, and `sleep` waits for some.
    """

    def __init__(
        self,
        rate: RateLimit,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._calls = ceil(rate.calls)
        self._seconds = rate.seconds * (self._calls / rate.calls)
        self._clock = clock
        self._sleep = sleep
        self._begun: deque[float] = deque()

    def take(self) -> float:
        """Let a call begin now and return 0.0, or return the seconds until one may."""
        now, begun = self._clock(), self._begun
        while begun and begun[0] + self._seconds <= now:
            begun.popleft()
        if len(begun) < self._calls:
            begun.append(now)
            return 0.0
        return begun[0] + self._seconds - now

    async def acquire(self) -> None:
        """Wait until a call may begin; of several that wait here, any may be the next."""
        while wait := self.take():
            await self._sleep(wait)


_Line = dict[asyncio.Future[None], None]  # for its order, and since any one can be taken out at once


class Limiter:
    """The gate before the connections, for one event loop.

    `slots` None is no limit. A call takes a slot and its place in the `window` in the same moment. Calls that were
    admitted before (repeats, whose deadline runs) go before those that were not; among equals, the longest waiter is
    next, and no newcomer can overtake it.
    """

    def __init__(self, slots: int | None, window: RateWindow | None = None) -> None:
        self._slots = slots
        self._window = window
        self._taken = 0
        self._coming = 0  # waiters that were admitted and have not gone on yet
        self._repeats: _Line = {}
        self._firsts: _Line = {}
        self._timer: asyncio.TimerHandle | None = None  # rings when the window lets the next one begin

    @property
    def in_use(self) -> int:
        """The calls past the limiter."""
        return self._taken

    @property
    def waiting(self) -> int:
        """The calls before it."""
        return len(self._repeats) + len(self._firsts)

    def enter_at_once(self) -> bool:
        """Take a slot if there is nothing to wait for, and tell whether that was so."""
        if self._coming or (self._slots is not None and self._taken >= self._slots):
            return False
        # Without a window, nobody waits while a slot is free.
        if self._window is not None and (self._repeats or self._firsts or self._window.take()):
            return False
        self._taken += 1
        return True

    async def enter(self, timeout: float | None, *, is_repeat: bool = False) -> None:
        """Wait for a slot and for the rate, for at most `timeout` seconds.

        Raises `PoolTimeout`, and what `close` is given.
        """
        if self.enter_at_once():
            return
        loop = asyncio.get_running_loop()
        line = self._repeats if is_repeat else self._firsts
        turn: asyncio.Future[None] = loop.create_future()
        line[turn] = None
        self._admit()
        timer = (
            None if timeout is None else loop.call_later(timeout, self._give_up, line, turn, timeout, context=Context())
        )
        try:
            if turn.done():  # those that were admitted before go on first
                await asyncio.sleep(0)
            await turn
        except BaseException:
            line.pop(turn, None)
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._coming -= 1
                self.leave()  # the slot had come in the same tick: pass it on
            raise
        else:
            self._coming -= 1
        finally:
            if timer is not None:
                timer.cancel()

    def leave(self) -> None:
        """Give the slot back, to the next waiter."""
        self._taken -= 1
        if self._firsts or self._repeats:
            self._admit()

    def close(self, error: Callable[[], Exception]) -> None:
        """End every wait with an error."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for line in (self._repeats, self._firsts):
            for turn in line:
                if not turn.done():
                    turn.set_exception(error())
            line.clear()

    def _admit(self) -> None:
        """Let in those that may come in now."""
        while (line := self._repeats or self._firsts) and (self._slots is None or self._taken < self._slots):
            turn = next(iter(line))
            if turn.done():  # cancelled, in this tick
                del line[turn]
                continue
            if self._window is not None and (wait := self._window.take()):
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(wait, self._ring, context=Context())
                return
            del line[turn]
            self._taken += 1
            self._coming += 1
            turn.set_result(None)

    def _ring(self) -> None:
        self._timer = None
        self._admit()

    def _give_up(self, line: _Line, turn: asyncio.Future[None], timeout: float) -> None:
        if turn.done():
            return
        del line[turn]
        is_full = self._slots is not None and self._taken >= self._slots
        what, cure = (
            ("No slot came free", "limits.max_connections") if is_full else ("The rate let none begin", "rate_limit")
        )
        turn.set_exception(
            PoolTimeout(
                f"{what} within {timeout:g} s (timeout.pool): {self.in_use} calls are under way and {self.waiting} "
                f"wait. Nothing was sent. Raise {cure} or timeout.pool, or start fewer calls at once."
            )
        )
