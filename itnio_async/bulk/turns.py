"""Whose turn it is to read from the source, where there is something to wait for."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from itnio_async.bulk.feed import LATER, Feed, Signal

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

Q = TypeVar("Q")

# Where many requests come at once, all are read within some ticks of the loop if each reader calls two more; and a
# single one wakes no more than these.
_CALLED_WHERE_MANY_COME = 2


class Turns(Generic[Q]):
    """The readers of a feed: one waits at it, for the rate first if there is one, and the others for a call.

    `reads_at_once` tells whether a request may be there without any waiting. Who is cancelled passes its turn to
    nobody: only a run that stops cancels, and then all of them.
    """

    def __init__(self, feed: Feed[Q], rate: AsyncLimiter | None) -> None:
        self.reads_at_once = rate is None and feed.may_be_ready
        self._feed = feed
        self._rate = rate
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_one_at_feed = False

    async def read(self) -> Q | Signal:
        """Return what `Feed.next` does."""
        while (request := self._read_at_once()) is LATER:
            if not self._is_one_at_feed:
                request = await self._read_at_feed()
                break
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        self._call()
        return request

    def _read_at_once(self) -> Q | Signal:
        return self._feed.next_at_once() if self.reads_at_once else LATER

    async def _read_at_feed(self) -> Q | Signal:
        self._is_one_at_feed = True
        try:
            # Before reading, or a stop would find a request that was read and not sent.
            if self._rate is not None:
                await self._rate.acquire()
            return await self._feed.next()
        finally:
            self._is_one_at_feed = False

    def _call(self) -> None:
        called = _CALLED_WHERE_MANY_COME if self.reads_at_once else 1
        for _ in range(min(called, len(self._waiting))):
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
