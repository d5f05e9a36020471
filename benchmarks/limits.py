"""Vendors that allow only so much, as parts: how many calls they take by their clock, and what that adds up to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from attrs import define


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
