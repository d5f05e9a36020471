"""The deadlines of the calls under way on one event loop, watched by one timer instead of one each.

A timer a call costs 4 µs, and nearly no call ever needs its own. The timer here is set for the earliest deadline known,
and looked at again only when it rings.
"""

from __future__ import annotations

import asyncio


class Deadlines:
    """Scopes of `asyncio.timeout(None)`, ended when their time has come; `watch` and `forget` change them."""

    __slots__ = ("_loop", "_scopes", "_timer", "_timer_at")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._scopes: dict[asyncio.Timeout, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def watch(self, scope: asyncio.Timeout, seconds: float) -> None:
        """End the scope in so many seconds, unless it is forgotten before."""
        when = self._loop.time() + seconds
        self._scopes[scope] = when
        if self._timer is None or when < self._timer_at:
            self._arm(when)

    def forget(self, scope: asyncio.Timeout) -> None:
        """Let a scope be that has ended."""
        self._scopes.pop(scope, None)

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer = None
        # What the event loop calls due may lie a clock tick ahead.
        now = max(self._loop.time(), self._timer_at)
        for scope in [scope for scope, when in self._scopes.items() if when <= now]:
            del self._scopes[scope]
            scope.reschedule(now)
        if self._scopes:
            self._arm(min(self._scopes.values()))
