"""Hands out the updates of a plan: claimed in the journal first, and each only after those that it needs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from graphlib import TopologicalSorter
from itertools import chain
from operator import attrgetter

from attrs import frozen

from itnio_async.api.sip_trunks.types import SipTrunkUpdate
from itnio_async.bulk.job.blocks import Blocks
from itnio_async.bulk.job.outage import Outage
from itnio_async.bulk.journal.journal import Journal, Result, RowState
from itnio_async.bulk.plan.plan import PlanItem
from itnio_async.runs.source import END, LATER, ReadySource, Signal


@frozen
class Entry:
    """An item that is to be sent, its row in the journal, and what that said of it before."""

    row: int
    item: PlanItem
    before: Result


class Dispatch(ReadySource[SipTrunkUpdate]):
    """The source of a run over these entries; what the run makes of each is told to `finished`.

    `done` are indexes of items that are done already. An entry that needs any other one, or one that fails, is not
    handed out. `may_go_on` is asked before each: where it says no, the source ends.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        journal: Journal,
        *,
        done: Collection[int] = (),
        may_go_on: Callable[[], bool],
        outage: Outage,
    ) -> None:
        self.under_way: dict[int, Entry] = {}
        self._journal = journal
        self._blocks: Blocks[Entry] = Blocks(journal, self._take_ready, attrgetter("row"))
        self._may_go_on = may_go_on
        self._outage = outage
        self._entries = {entry.item.index: entry for entry in entries}
        self._news = asyncio.Event()
        needs = {
            entry.item.index: needed
            for entry in entries
            if (needed := [index for index in entry.item.needs if index not in done])
        }
        # Only those that need another one or are needed are sorted: in most files none, and sorting one takes 10 µs.
        self._linked = frozenset(chain(needs, *needs.values()))
        self._sorter = TopologicalSorter(needs)
        self._sorter.prepare()
        first = frozenset(self._sorter.get_ready())
        self._ready = deque(
            entry for index, entry in self._entries.items() if index not in self._linked or index in first
        )

    async def begin(self) -> None:
        """Claim the first ones before the workers of the run are there; raises `JournalError`."""
        if self._may_go_on():
            await self._blocks.begin()

    def next_at_once(self) -> SipTrunkUpdate | Signal:
        """Return the next update, or END, or LATER; raises `JournalError`."""
        return LATER if self._outage.is_on else self._next()

    async def __anext__(self) -> SipTrunkUpdate:
        """Return the next update when it may be sent; raises `JournalError`, and what ends an outage."""
        await self._outage.pause()
        while (update := self._next()) is LATER:
            await self._wait()
        if isinstance(update, Signal):
            raise StopAsyncIteration
        return update

    async def aclose(self) -> None:
        """Note what was claimed and is not sent any more: it is as it was."""
        for entry in self._blocks.give_back():
            self._journal.settle(entry.row, entry.before)

    def _next(self) -> SipTrunkUpdate | Signal:
        if not self._may_go_on():
            return END
        entry = self._blocks.take()
        if entry is None:
            # Nothing is left where nothing is under way that others need.
            return LATER if self._blocks.is_coming or self.under_way else END
        assert entry.item.update is not None
        self.under_way[entry.item.update.key_id] = entry
        return entry.item.update

    async def _wait(self) -> None:
        if self._blocks.is_coming:
            await self._blocks.wait()
        else:
            self._news.clear()
            await self._news.wait()

    def _take_ready(self, most: int) -> Sequence[Entry]:
        # What is needed and not among the entries failed before, or it would be done: it is never marked so.
        self._ready += [self._entries[index] for index in self._sorter.get_ready() if index in self._entries]
        return [self._ready.popleft() for _ in range(min(most, len(self._ready)))]

    def finished(self, update: SipTrunkUpdate, state: RowState, *, again: bool = False) -> Entry:
        """Take note of what became of an update, and return its entry; `again` has it tried once more."""
        entry = self.under_way.pop(update.key_id)
        if state is RowState.DONE and entry.item.index in self._linked:
            self._sorter.done(entry.item.index)
        elif again:
            self._ready.append(entry)
        self._news.set()
        return entry
