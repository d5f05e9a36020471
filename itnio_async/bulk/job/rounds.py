"""The rounds of a job: look at the trunks, decide what needs nothing, send the rest, and look again.

Each round lists the account's trunks and compares them with the rows that have no outcome yet. So going on after a
crash, reading back what is unknown, and the last look before anything is overwritten are one and the same.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import partial
from inspect import isawaitable

from attrs import define, evolve

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.places import BadRow
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.job.again import begun_again, is_finished, with_new_secrets
from itnio_async.bulk.job.decide import (
    Decider,
    ReadBack,
    as_read,
    is_begun,
    is_named_temporarily,
    read_back,
    sent_again,
    with_values,
)
from itnio_async.bulk.job.options import Ended, JobOptions
from itnio_async.bulk.job.pages import Pages
from itnio_async.bulk.job.progress import Meter
from itnio_async.bulk.job.sending import Ending, Open, Sender
from itnio_async.bulk.journal.journal import Journal
from itnio_async.bulk.journal.rows import (
    AS_WANTED,
    JournalContents,
    JournalHeader,
    JournalRow,
    RowState,
    Run,
    is_otherwise,
)
from itnio_async.bulk.trunks.listing import list_trunks, read_page
from itnio_async.bulk.trunks.reading import Reading
from itnio_async.client import AsyncClient
from itnio_async.values import Page

Confirm = Callable[[Sequence[ReadBack]], bool | Awaitable[bool]]


@define(eq=False, kw_only=True)
class Rounds:
    """The rounds of one run; `not_as_wanted` are the rows done that were read back otherwise when somebody looked last.

    That is at the end with `verify`, else at the beginning: what earlier runs did may have been changed since.
    """

    _client: AsyncClient
    _journal: Journal
    _decider: Decider
    _sender: Sender
    _options: JobOptions
    _identity: Identity
    _header: JournalHeader
    _ending: Ending
    _meter: Meter
    _confirm: Confirm | None
    _reading: Reading
    not_as_wanted: tuple[ReadBack, ...] = ()

    async def run(self, run: Run, bad: Sequence[BadRow]) -> None:
        """Go on until no row is open, or something ends the job; `bad` are the rows of the file that are left out."""
        before, trunks = ((), None) if self._journal.is_new else await self._reopen_or_begin_again()
        # Not before: an attempt that is refused leaves the journal as it is.
        await self._journal.begin(run, bad)
        self._meter.begin(await self._journal.count(), Counter())
        if done := [row for row in before if row.state in AS_WANTED]:
            trunks = await self._list_trunks() if trunks is None else trunks
            await self._look_at(done, trunks)
        for number in range(self._options.rounds):
            rows = await self._journal.rows(*open_states(self._options, first=number == 0))
            if rows and is_canary_refused(before, self._options):
                self._ending.end(Ended.CANARY)
            if not rows or not self._ending.may_go_on():
                break
            await self._round(rows, trunks or await self._list_trunks(), first=number == 0)
            trunks = None
        if self._options.verify and self._ending.how in (Ended.FINISHED, Ended.UNTIL):
            rows = [
                row for row in await self._journal.rows(*AS_WANTED) if row.state is RowState.DONE or is_otherwise(row)
            ]
            self.not_as_wanted = tuple(back for back in await self._read_back(rows) if not back.ok)

    async def _reopen_or_begin_again(self) -> tuple[Sequence[JournalRow], Sequence[SipTrunk] | None]:
        """Send again what has another secret in the file by now, or begin a new job where the journal's has ended.

        Returns the rows of earlier runs, none of a new job, and the trunks, where that needed to look at them.
        """
        journal, plan, identity = self._journal, self._decider.plan, self._identity
        rows = await journal.rows()
        if not is_finished(rows):
            reopened = with_new_secrets(rows, journal.header, plan, identity)
            await journal.write(reopened)
            now = {row.id: row for row in (*rows, *reopened)}
            return list(now.values()), None
        trunks = await self._list_trunks()
        contents = JournalContents(journal.path, journal.header, tuple(rows), is_running=True)
        skip_invalid = self._options.skip_invalid
        again = await asyncio.to_thread(begun_again, contents, plan, trunks, identity, skip_invalid=skip_invalid)
        if again is not None:
            await journal.begin_again(self._header, again.rows)
            self._decider = evolve(self._decider, is_new=True)
            return [], trunks
        return rows, trunks

    async def _list_trunks(self) -> Sequence[SipTrunk]:
        return await list_trunks(self._client, reading=self._reading)

    async def _round(self, rows: Sequence[JournalRow], trunks: Sequence[SipTrunk], *, first: bool) -> None:
        """Look at the trunks, which were read just now, write down what is certain, and send the rest."""
        plan, results = await asyncio.to_thread(self._decider.look, rows, trunks)
        changed: list[JournalRow] = []
        to_send: list[Open] = []
        for row, item in zip(rows, plan, strict=True):
            result = results.get(item.index)
            if result is not None:
                changed.append(row._replace(result=result))
                if not first:
                    self._meter.count(row.id, row.place, row.trunk_name, result)
                continue
            # Of a row that may have been sent the journal has what was before that.
            is_known = is_begun(row) or self._decider.is_as_planned(row, item)
            now = row if is_known else with_values(row, item)
            if row.state is RowState.UNKNOWN:
                now = sent_again(now)
            if row.result.temporary is not None and not is_named_temporarily(row, item.trunk):
                now = now._replace(result=row.result._replace(temporary=None))
            if now != row:
                changed.append(now)
            to_send.append((now, item))
        await self._journal.write(changed)
        if first:
            self._meter.begin(await self._journal.count(), Counter(row.state for row, _ in to_send))
        pages = Pages(self._read_page, trunks, [item for _, item in to_send])
        try:
            await self._send(to_send, pages, canary=self._options.canary if first else 0)
        finally:
            await pages.aclose()

    async def _read_page(self, number: int) -> Page[SipTrunk]:
        return await self._reading.ask(partial(read_page, self._client, number))

    async def _send(self, rows: Sequence[Open], pages: Pages, *, canary: int) -> None:
        done: set[int] = set()
        if canary and rows:
            chosen = await self._canary(rows, canary)
            done = await self._sender.send([(row, item) for row, item in rows if row.id in chosen])
            if self._ending.is_early or not await self._is_confirmed(chosen):
                return
            rows = [(row, item) for row, item in rows if row.id not in chosen]
        if self._options.force:
            await self._sender.send(rows, done)
        else:
            await self._sender.send(sorted(rows, key=lambda one: pages.place(one[1])), done, pages.changed)

    async def _canary(self, rows: Sequence[Open], count: int) -> set[int]:
        """Return the ids of the rows that go first: those of an earlier run, and as many more as are missing."""
        now = await self._journal.rows()
        chosen = {row.id for row in now if row.canary}
        free = [row.id for row, item in rows if not item.needs and row.id not in chosen]
        if not free and not chosen:
            free = _smallest_circle(rows)
            count = len(free)  # all of it, or nothing of it can be sent
        more = set(free[: max(0, count - len(chosen))])
        await self._journal.write([row._replace(canary=True) for row in now if row.id in more])
        return chosen | more

    async def _is_confirmed(self, chosen: Collection[int]) -> bool:
        assert self._confirm is not None
        rows = [row for row in await self._journal.rows() if row.id in chosen]
        answer = self._confirm(await self._read_back(rows))
        if isawaitable(answer):
            answer = await answer
        self._meter.go_on()
        if not answer and not self._ending.is_early:
            self._ending.end(Ended.CANARY)
        return bool(answer) and not self._ending.is_early

    async def _read_back(self, rows: Sequence[JournalRow]) -> list[ReadBack]:
        """Compare rows with their trunks as those are now, and note whether they are as wanted."""
        read = read_back(rows, self._decider.plan, await self._list_trunks())
        await self._note(zip(rows, read, strict=True))
        return read

    async def _look_at(self, rows: Sequence[JournalRow], trunks: Sequence[SipTrunk]) -> None:
        """Note which rows of earlier runs are not as wanted any more, or are so again."""
        read = await asyncio.to_thread(read_back, rows, self._decider.plan, trunks)
        await self._note((row, back) for row, back in zip(rows, read, strict=True) if not back.ok or is_otherwise(row))
        self.not_as_wanted = tuple(back for back in read if not back.ok)

    async def _note(self, read: Iterable[tuple[JournalRow, ReadBack]]) -> None:
        await self._journal.write(
            [
                row._replace(verified=back.ok if row.state in AS_WANTED else None, read_back=as_read(back))
                for row, back in read
            ]
        )


def _smallest_circle(rows: Sequence[Open]) -> list[int]:
    """Return the fewest rows that exchange their names and need no others."""
    by_index = {item.index: (row, item) for row, item in rows}
    found: list[set[int]] = []
    for _, item in rows:
        if item.swap is not None and not item.swap.needs:
            circle, open_ = {item.index}, list(item.needs)
            while open_:
                index = open_.pop()
                if index not in circle:
                    circle.add(index)
                    open_ += by_index[index][1].needs
            found.append(circle)
    return [by_index[index][0].id for index in sorted(sorted(found, key=len)[0])]


def is_canary_refused(rows: Iterable[JournalRow], options: JobOptions) -> bool:
    """Tell whether a row of the canary of an earlier run is refused, and is not to be sent again."""
    return not options.retry_refused and any(row.canary and row.state is RowState.REFUSED for row in rows)


def open_states(options: JobOptions, *, first: bool) -> tuple[RowState, ...]:
    """Return the states of the rows that a round goes on with."""
    states = (RowState.WAITING, RowState.UNKNOWN)
    return (*states, RowState.REFUSED) if first and options.retry_refused else states
