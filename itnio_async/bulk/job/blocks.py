"""Rows in blocks that are claimed in the journal before the first of them is sent, one block ahead of what is sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from itnio_async.bulk.journal.journal import Journal

T = TypeVar("T")

# What is claimed and not sent when the process dies must be read back, and each block costs a commit: so a block is as
# much as is sent in so many seconds, as far as the one before it tells. The first one is for many workers at once: with
# too few for them they begin one by one, and go on so for a while, with less to do in each turn of the loop.
LASTS = 0.05
FIRST, LEAST, BLOCK = 200, 10, 1000


class Blocks(Generic[T]):
    """What is claimed and may be sent now: `take` gives one, and `wait` waits where it gives None.

    `ready` returns at most so many of what may be claimed, and `row_of` the row of one in the journal. `clock` gives
    seconds.
    """

    def __init__(
        self,
        journal: Journal,
        ready: Callable[[int], Sequence[T]],
        row_of: Callable[[T], int],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._ready = ready
        self._row_of = row_of
        self._clock = clock
        self._size = min(FIRST, BLOCK)
        self._opened = 0.0
        self._length = 0
        # What is left of the block, the part of it that is taken before more is asked for, and how many come after it.
        self._block: Iterator[T] = iter(())
        self._part: Iterator[T] = self._block
        self._left = 0
        self._coming: Sequence[T] = ()
        self._claim: asyncio.Future[None] | None = None

    @property
    def is_coming(self) -> bool:
        """Whether more is being claimed."""
        return self._claim is not None

    async def begin(self) -> None:
        """Have the first ones claimed, so that nobody who takes has to wait; what became of that `take` says."""
        self._claim_more()
        await self.wait()

    def take(self) -> T | None:
        """Return the next one, or None where there is none or its claim is not on the disk yet.

        Raises `JournalError`.
        """
        for item in self._part:
            return item
        return self._take_of_next_part()

    async def wait(self) -> None:
        """Wait for what is coming; what became of it `take` says."""
        if self._claim is not None:
            await asyncio.wait([self._claim])

    def give_back(self) -> list[T]:
        """Return what was claimed and not taken; nothing comes any more."""
        left = [*self._block, *self._coming]
        self._left, self._coming, self._claim = 0, (), None
        return left

    def _take_of_next_part(self) -> T | None:
        if not self._left and not self._open_next():
            return None
        part = self._left - self._size // 2
        if part <= 0:
            # Before one is taken: where the journal fails here, that one was not sent.
            self._claim_more()
            # Asked again soon where nothing is ready: it may need what is under way.
            part = (self._left + 1) // 2 if self._claim is None else self._left
        self._left -= part
        self._part = islice(self._block, part)
        return next(self._part)

    def _open_next(self) -> bool:
        if self._claim is None:
            self._claim_more()
        if self._claim is None or not self._claim.done():
            return False
        self._claim.result()
        self._block, self._left = iter(self._coming), len(self._coming)
        self._adapt_size()
        self._coming, self._claim = (), None
        return True

    def _adapt_size(self) -> None:
        before, self._opened = self._opened, self._clock()
        sent, self._length = self._length, self._left
        if sent and self._opened > before:
            # Not more than twice as many: the first ones go at once, to all the workers there are.
            wanted = min(2 * self._size, int(sent * LASTS / (self._opened - before)))
            self._size = min(BLOCK, max(LEAST, wanted))

    def _claim_more(self) -> None:
        more = self._ready(self._size)
        if more:
            self._claim = self._journal.mark(list(map(self._row_of, more)))
            self._coming = more
