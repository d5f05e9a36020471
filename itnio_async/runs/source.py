"""The requests of a run, read one at a time from whatever the caller has them in."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from itnio_async.errors import InvalidRequestError
from itnio_async.transport.limiter import RateWindow

Q = TypeVar("Q")


class Signal(Enum):
    """What is read in place of a request: there is none any more, or none yet."""

    END = "end"
    LATER = "later"


END: Literal[Signal.END] = Signal.END
LATER: Literal[Signal.LATER] = Signal.LATER


class ReadySource(AsyncIterator[Q]):
    """An async source that mostly has the next request at hand: asking for it so saves a run the waiting for it."""

    @abstractmethod
    def next_at_once(self) -> Q | Signal:
        """Return the next request, or END, or LATER where it must be waited for."""

    @abstractmethod
    async def aclose(self) -> None:
        """Learn that no more is read."""


class Feed(Generic[Q]):
    """An iterable or an async iterable, read in one way; nothing of it is touched before the first request is read.

    `may_be_ready` tells whether `next_at_once` ever gives anything but LATER. Raises `InvalidRequestError` for what is
    neither.
    """

    def __init__(self, source: Iterable[Q] | AsyncIterable[Q]) -> None:
        if not isinstance(source, Iterable | AsyncIterable):
            raise InvalidRequestError(
                f"an iterable or an async iterable of requests is wanted, not a {type(source).__name__}.",
                field="requests",
            )
        self._source = source
        self._iterator: Any = None
        self._ready = source if isinstance(source, ReadySource) else None
        self._is_async = isinstance(source, AsyncIterable)
        self.may_be_ready = self._ready is not None or not self._is_async
        if self._ready is not None:
            # The source's own: a step in between would be one more for each of a job's rows.
            self.next_at_once = self._ready.next_at_once  # type: ignore[method-assign]

    def next_at_once(self) -> Q | Signal:
        """Return what `next` does, or LATER where that would have to wait."""
        if self._is_async:
            return LATER
        if self._iterator is None:
            self._iterator = iter(self._source)  # type: ignore[arg-type]
        return next(self._iterator, END)

    async def next(self) -> Q | Signal:
        """Return the next request, or END; what the source raises passes unchanged."""
        if not self._is_async:
            return self.next_at_once()
        if self._iterator is None:
            self._iterator = aiter(self._source)  # type: ignore[arg-type]
        try:
            return await anext(self._iterator)
        except StopAsyncIteration:
            return END

    async def aclose(self) -> None:
        """Close a source that is a generator, so that what it has open is closed now and not some day."""
        if self._ready is not None:
            await self._ready.aclose()
        elif isinstance(self._iterator, AsyncGenerator):
            await self._iterator.aclose()
        elif isinstance(self._iterator, Generator):
            self._iterator.close()


# Where many requests come at once, all are read within some ticks of the loop if each reader calls two more; and a
# single one wakes no more than these.
_CALLED_WHERE_MANY_COME = 2


class Turns(Generic[Q]):
    """The readers of a feed: one waits at it, for the rate first if there is one, and the others for a call.

    `reads_at_once` tells whether a request may be there without any waiting. Who is cancelled passes its turn to
    nobody: only a run that stops cancels, and then all of them.
    """

    def __init__(self, feed: Feed[Q], rate: RateWindow | None) -> None:
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
