"""Updates as a job of the SDK hands them to its run: claimed in a journal first, in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from itnio_async.bulk.job.blocks import Blocks
from itnio_async.bulk.journal.journal import Journal
from itnio_async.runs.source import END, LATER, ReadySource, Signal


class Claimed(ReadySource[Any]):
    """So many updates, each with its number as its row in the journal, and made when it is sent."""

    def __init__(self, journal: Journal, updates: Iterator[Any], items: int) -> None:
        self._updates = updates
        self._rows = iter(range(items))
        self._blocks: Blocks[int] = Blocks(journal, self._ready, int)

    def _ready(self, most: int) -> Sequence[int]:
        return list(islice(self._rows, most))

    async def begin(self) -> None:
        """Claim the first ones."""
        await self._blocks.begin()

    def next_at_once(self) -> Any:
        """Return the next update, or END, or LATER."""
        if self._blocks.take() is None:
            return LATER if self._blocks.is_coming else END
        return next(self._updates)

    async def __anext__(self) -> Any:
        """Return the next update once it is claimed."""
        while (update := self.next_at_once()) is LATER:
            await self._blocks.wait()
        if isinstance(update, Signal):
            raise StopAsyncIteration
        return update

    async def aclose(self) -> None:
        """Nothing is left over: the benchmark goes to the end."""
        self._blocks.give_back()
