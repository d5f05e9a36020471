"""The rounds of a job: look at the trunks, decide what needs nothing, send the rest, and look again.

Each round lists the account's trunks and compares them with the rows that have no outcome yet. So going on after a
crash, reading back what is unknown, and the last look before anything is overwritten are one and the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from inspect import isawaitable

from itnio_async.bulk.identity import Identity
from itnio_async.bulk.job.decide import Decider, ReadBack, read_back, reopened, require_as_left, with_values
from itnio_async.bulk.job.options import Ended, JobOptions
from itnio_async.bulk.job.progress import Meter
from itnio_async.bulk.job.sending import Ending, Open, Sender
from itnio_async.bulk.journal.journal import Journal
from itnio_async.bulk.journal.rows import JournalHeader, JournalRow, RowState
from itnio_async.bulk.plan.plan import Plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.bulk.trunks.reading import Reading
from itnio_async.client import AsyncClient

Confirm = Callable[[Sequence[ReadBack]], bool | Awaitable[bool]]


class Rounds:
    """The rounds of one run; `not_as_wanted` are the rows done that were read back otherwise at the end."""

    def __init__(
        self,
        client: AsyncClient,
        journal: Journal,
        decider: Decider,
        sender: Sender,
        options: JobOptions,
        *,
        identity: Identity,
        ending: Ending,
        meter: Meter,
        confirm: Confirm | None,
    ) -> None:
        self.not_as_wanted: tuple[ReadBack, ...] = ()
        self._client = client
        self._journal = journal
        self._decider = decider
        self._plan = decider.plan
        self._sender = sender
        self._options = options
        self._identity = identity
        self._ending = ending
        self._meter = meter
        self._confirm = confirm
        self._reading = Reading(options.patience)

    async def run(self) -> None:
        """Go on until no row is open, or something ends the job."""
        if not self._journal.is_new:
            await self._reopen()
        for number in range(self._options.rounds):
            rows = await self._journal.rows(*open_states(self._options, first=number == 0))
            if not self._ending.may_go_on():
                break
            if not rows:
                if number == 0 and not self._journal.is_new:
                    await self._require_as_left()
                break
            await self._round(rows, first=number == 0)
        if self._options.verify and self._ending.how in (Ended.FINISHED, Ended.UNTIL):
            await self._verify()

    async def _reopen(self) -> None:
        """Have what is done sent again where the file has another secret for it by now."""
        header, known = self._journal.header, await self._journal.fingerprints()
        if header.key_check == self._identity.key_check and any(
            fingerprint != self._identity.fingerprint_of(self._plan.items[id].row.values)
            for id, fingerprint in known.items()
        ):
            rows = await self._journal.rows()
            await self._journal.write(with_new_secrets(rows, header, self._plan, self._identity))

    async def _require_as_left(self) -> None:
        rows = await self._journal.rows(RowState.DONE, RowState.UNCHANGED)
        trunks = await list_trunks(self._client, reading=self._reading)
        journal = self._journal
        await asyncio.to_thread(require_as_left, journal.path, journal.header, rows, self._plan, trunks)

    async def _round(self, rows: Sequence[JournalRow], *, first: bool) -> None:
        """Look at the trunks, write down what is certain, and send the rest."""
        trunks = await list_trunks(self._client, reading=self._reading)
        look = await asyncio.to_thread(self._decider.look, rows, trunks)
        changed: list[JournalRow] = []
        to_send: list[Open] = []
        for row, item in zip(rows, look.plan, strict=True):
            result = look.results.get(item.index)
            if result is not None:
                changed.append(row._replace(result=result))
                if not first:
                    self._meter.count(row.id, row.place, row.trunk_name, result)
                continue
            to_send.append((row, item))
            # Of an unknown row the journal has what was before it was sent.
            if row.state is not RowState.UNKNOWN and (now := with_values(row, item)) != row:
                changed.append(now)
        await self._journal.write(changed)
        if first:
            self._meter.total = len(to_send)
            self._meter.tell(now=True)  # the first outcome may take a while
        await self._send(to_send, canary=self._options.canary if first else 0)

    async def _send(self, rows: Sequence[Open], *, canary: int) -> None:
        done: set[int] = set()
        if canary:
            first = [(row, item) for row, item in rows if not item.needs][:canary]
            chosen = {row.id for row, _ in first}
            done = await self._sender.send(first)
            if self._ending.is_early or not await self._is_confirmed(first):
                return
            rows = [(row, item) for row, item in rows if row.id not in chosen]
        await self._sender.send(rows, done)

    async def _is_confirmed(self, first: Sequence[Open]) -> bool:
        assert self._confirm is not None
        states = {row.id: row.state for row in await self._journal.rows()}
        trunks = {trunk.key_id: trunk for trunk in await list_trunks(self._client, reading=self._reading)}
        answer = self._confirm([read_back(item, states[row.id], trunks.get(item.key_id)) for row, item in first])
        if isawaitable(answer):
            answer = await answer
        self._meter.go_on()
        if not answer:
            self._ending.end(Ended.CANARY)
        return bool(answer) and not self._ending.is_early

    async def _verify(self) -> None:
        """Read back every trunk that is done, and note whether it is as wanted."""
        trunks = {trunk.key_id: trunk for trunk in await list_trunks(self._client, reading=self._reading)}
        rows = await self._journal.rows(RowState.DONE)
        read = [read_back(self._plan.items[row.id], row.state, trunks.get(row.key_id)) for row in rows]
        await self._journal.write([row._replace(verified=back.ok) for row, back in zip(rows, read, strict=True)])
        self.not_as_wanted = tuple(back for back in read if not back.ok)


def open_states(options: JobOptions, *, first: bool) -> tuple[RowState, ...]:
    """Return the states of the rows that a round goes on with."""
    states = (RowState.WAITING, RowState.UNKNOWN)
    return (*states, RowState.REFUSED) if first and options.retry_refused else states


def with_new_secrets(
    rows: Iterable[JournalRow], header: JournalHeader, plan: Plan, identity: Identity
) -> list[JournalRow]:
    """Return the rows of a journal that have other secrets in the file by now, open again.

    None where that cannot be told: the fingerprints are of another API secret.
    """
    if header.key_check != identity.key_check:
        return []
    now = [(row, identity.fingerprint_of(plan.items[row.id].row.values)) for row in rows]
    return [reopened(row, fingerprint) for row, fingerprint in now if fingerprint != row.fingerprint]
