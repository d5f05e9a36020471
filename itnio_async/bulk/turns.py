"""Whose turn it is to read from a source that mostly has the next requests at hand."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from itnio_async.bulk.feed import LATER, Feed, Signal

Q = TypeVar("Q")

# Many requests that come at once are read within some ticks of the loop, as each reader calls two more; and a single
# one wakes no more than these.
_CALLED = 2


class Turns(Generic[Q]):
    """The readers of a feed where there is nothing to read yet: one waits at the feed, and the others for a call.

    Who is cancelled passes its turn to nobody: only a run that stops cancels, and then all of them.
    """

    def __init__(self, feed: Feed[Q]) -> None:
        self._feed = feed
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_one_at_feed = False

    async def read(self) -> Q | Signal:
        """Return what `Feed.next` does."""
        while (request := self._feed.next_at_once()) is LATER:
            if not self._is_one_at_feed:
                request = await self._read_at_feed()
                break
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        self._call()
        return request

    async def _read_at_feed(self) -> Q | Signal:
        self._is_one_at_feed = True
        try:
            return await self._feed.next()
        finally:
            self._is_one_at_feed = False

    def _call(self) -> None:
        for _ in range(min(_CALLED, len(self._waiting))):
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
