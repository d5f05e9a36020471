"""Vendors that allow only so much, as parts: how many calls they take by their clock, and what that adds up to."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import httpx
from attrs import define

from itnio_async import GatewayBusyError, Response

ANSWER: Response[None] = Response(None, {}, 0, "success", 200, httpx.Headers(), 1, 0.0)


class Limit(Protocol):
    """What a vendor allows; the time is in seconds since the run began."""

    def takes(self, now: float) -> bool:
        """Take a call that arrives now, or refuse it."""

    def leaves(self) -> None:
        """Note that a call which was taken has its answer."""

    def allowed(self, now: float) -> float:
        """Return the calls a second that are allowed at this moment."""


class Change(NamedTuple):
    """From this moment on, so many calls a second are allowed."""

    at: float
    rate: float


@define
class Bucket:
    """A bucket of tokens that holds those of one second, full at the beginning."""

    changes: Sequence[Change]
    tokens: float = -1.0
    last: float = 0.0

    def takes(self, now: float) -> bool:
        rate = self.allowed(now)
        self.tokens = rate if self.tokens < 0 else min(max(rate, 1.0), self.tokens + (now - self.last) * rate)
        self.last = now
        if not rate or self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def leaves(self) -> None:
        pass

    def allowed(self, now: float) -> float:
        return [rate for at, rate in self.changes if at <= now][-1]


@define
class FixedWindow:
    """So many calls in each second of the clock."""

    rate: float
    window: int = -1
    taken: int = 0

    def takes(self, now: float) -> bool:
        if int(now) != self.window:
            self.window, self.taken = int(now), 0
        self.taken += 1
        return self.taken <= self.rate

    def leaves(self) -> None:
        pass

    def allowed(self, now: float) -> float:
        return self.rate


@define
class AtOnce:
    """So many calls at the same time, each of which takes so many seconds."""

    most: int
    seconds: float
    taken: int = 0

    def takes(self, now: float) -> bool:
        if self.taken >= self.most:
            return False
        self.taken += 1
        return True

    def leaves(self) -> None:
        self.taken -= 1

    def allowed(self, now: float) -> float:
        return self.most / self.seconds


RATE = 100.0
LIMITS: dict[str, Callable[[float], Limit]] = {
    "token bucket": lambda latency: Bucket([Change(0, RATE)]),
    "fixed window": lambda latency: FixedWindow(RATE),
    "20 at once": lambda latency: AtOnce(20, latency),
    "falls to a third": lambda latency: Bucket([Change(0, RATE), Change(30, RATE / 3), Change(45, RATE)]),
    "outage of 6 s": lambda latency: Bucket([Change(0, RATE), Change(20, 0), Change(26, RATE)]),
}


def integral(limit: Limit, begin: float, end: float, *, step: float = 0.01) -> float:
    """Return how many calls were allowed from one moment to another."""
    return sum(limit.allowed(begin + step * index) * step for index in range(int(max(0.0, end - begin) / step)))


class Vendor:
    """Takes what its limit allows, and refuses the rest with 429; `done` and `refused` are moments.

    A call takes `latency` seconds, more or less by up to that share of it which `jitter` is.
    """

    def __init__(
        self, limit: Limit, latency: float, retry_after: float | None = None, *, jitter: float = 0.1, seed: int = 7
    ) -> None:
        self.done: list[float] = []
        self.refused: list[float] = []
        self._limit = limit
        self._latency = latency
        self._retry_after = retry_after
        self._jitter = jitter
        self._random = random.Random(seed)

    async def __call__(self, request: object) -> Response[None]:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.0005 * self._random.random())
        if not self._limit.takes(loop.time()):
            self.refused.append(loop.time())
            await asyncio.sleep(0.001)
            raise GatewayBusyError("busy", 429, self._retry_after, may_have_been_processed=False, attempts=1)
        await asyncio.sleep(self._latency * (1 + self._jitter * (2 * self._random.random() - 1)))
        self._limit.leaves()
        self.done.append(loop.time())
        return ANSWER
