"""Hands out the updates of a plan: claimed in the journal first, and each only after those that it needs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from graphlib import TopologicalSorter

from attrs import frozen

from itnio_async.api.sip_trunks import SipTrunkUpdate
from itnio_async.bulk.journal import Journal, Result, RowState
from itnio_async.bulk.outage import Outage
from itnio_async.bulk.plan import PlanItem

# A block that is not sent yet when the process dies must be read back: the smaller, the less; but each costs a commit.
BLOCK = 100


@frozen
class Entry:
    """An item that is to be sent, and its row in the journal."""

    row: int
    item: PlanItem


class Dispatch:
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
        self._may_go_on = may_go_on
        self._outage = outage
        self._entries = {entry.item.index: entry for entry in entries}
        self._ready: deque[Entry] = deque()
        self._news = asyncio.Event()
        self._sorter: TopologicalSorter[int] = TopologicalSorter()
        for index, entry in self._entries.items():
            self._sorter.add(index, *(needed for needed in entry.item.needs if needed not in done))
        self._sorter.prepare()

    async def updates(self) -> AsyncGenerator[SipTrunkUpdate, None]:
        """Yield each update when it may be sent; raises `JournalError`, and what ends an outage."""
        while self._may_go_on() and (block := await self._next_block()):
            # What is still in it at the end was claimed and not sent.
            try:
                await self._journal.claim([entry.row for entry in block])
                while block:
                    await self._outage.pause()
                    if not self._may_go_on():
                        return
                    entry = block.popleft()
                    assert entry.item.update is not None
                    self.under_way[entry.item.update.key_id] = entry
                    yield entry.item.update
            finally:
                for entry in block:
                    self._journal.settle(entry.row, Result(state=RowState.WAITING))

    async def _next_block(self) -> deque[Entry]:
        """Wait until something is ready; nothing is where nothing is under way that others need."""
        while True:
            # What is needed and not among the entries failed before, or it would be done: it is never marked so.
            self._ready += [self._entries[index] for index in self._sorter.get_ready() if index in self._entries]
            if self._ready or not self.under_way:
                return deque(self._ready.popleft() for _ in range(min(BLOCK, len(self._ready))))
            self._news.clear()
            await self._news.wait()

    def finished(self, update: SipTrunkUpdate, state: RowState, *, again: bool = False) -> Entry:
        """Take note of what became of an update, and return its entry; `again` has it tried once more."""
        entry = self.under_way.pop(update.key_id)
        if state is RowState.DONE:
            self._sorter.done(entry.item.index)
        elif again:
            self._ready.append(entry)
        self._news.set()
        return entry
