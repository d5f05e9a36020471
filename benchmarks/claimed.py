"""Updates as a job of the SDK hands them to its run: claimed in a journal first, in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from itnio_async.bulk.blocks import Blocks
from itnio_async.bulk.feed import END, LATER, ReadySource, Signal
from itnio_async.bulk.journal import Journal


class Claimed(ReadySource[Any]):
    """The updates, each with its number as its row in the journal."""

    def __init__(self, journal: Journal, updates: Iterator[Any]) -> None:
        self._updates = enumerate(updates)
        self._blocks: Blocks[Any] = Blocks(journal, self._ready)

    def _ready(self, most: int) -> Sequence[tuple[int, Any]]:
        return list(islice(self._updates, most))

    def next_at_once(self) -> Any:
        """Return the next update, or END, or LATER."""
        update = self._blocks.take()
        if update is None:
            return LATER if self._blocks.is_coming else END
        return update

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
