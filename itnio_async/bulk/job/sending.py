"""Send the updates of rows: each marked in the journal first, after those that it needs, and its result noted.

`Updates` hands them out, `Ending` tells whether the job may go on, and `Sender` runs them and takes note of what
becomes of each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from graphlib import TopologicalSorter
from itertools import chain
from math import inf
from typing import Any

from attrs import evolve

from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.api.sip_trunks.types import SipTrunkUpdate
from itnio_async.bulk.job.decide import held, is_begun
from itnio_async.bulk.job.options import Ended, JobOptions
from itnio_async.bulk.job.progress import Meter
from itnio_async.bulk.job.silence import Silence
from itnio_async.bulk.journal.journal import Journal
from itnio_async.bulk.journal.rows import TEMPORARY_NAME, JournalRow, Result, RowState
from itnio_async.bulk.plan.plan import PlanItem, Swap
from itnio_async.config import BULK_STOP_ON, Paced, bulk_rate_of
from itnio_async.errors import ApiError, GatewayBusyError, InvalidRequestError, ItnioError, TransientError
from itnio_async.runs.outcome import Outcome
from itnio_async.runs.pace import LAST, NOT_SENT, Pace
from itnio_async.runs.run import BulkRun
from itnio_async.text import said_by

# Seconds. While calls are held back, nothing but the clock tells that the job goes on.
_TELLS_EACH = 1.0

# A row as the journal has it, and its item with the update that is to be sent.
Open = tuple[JournalRow, PlanItem]
# Looks at a row's trunk right before it is sent; True where it is held back, and that is noted.
Changed = Callable[[PlanItem], Awaitable[Sequence[str]]]
HoldBack = Callable[[JournalRow, PlanItem], Awaitable[bool]]
# `client.bulk`, or what makes the calls elsewhere.
Bulk = Callable[..., BulkRun[SipTrunkUpdate, None]]


class Ending:
    """How a job ends: `how` stays FINISHED until something ends it early. `clock` gives Unix seconds."""

    def __init__(self, until: float | None, clock: Callable[[], float]) -> None:
        self.how: Ended = Ended.FINISHED
        self.error: ItnioError | None = None
        self.run: BulkRun[SipTrunkUpdate, None] | None = None
        self._until = until
        self._clock = clock

    @property
    def is_early(self) -> bool:
        """Tell whether something has ended the job."""
        return self.how is not Ended.FINISHED

    def end(self, how: Ended) -> None:
        """End the job: nothing more is begun."""
        if self.how in (Ended.FINISHED, Ended.STOPPED, Ended.UNTIL):
            self.how = how
        if self.run is not None:
            self.run.stop()

    def fail(self, error: ItnioError) -> None:
        """End the job for an error; the first one counts."""
        self.error = self.error or error
        if self.how is not Ended.CUT_OFF:
            self.how = Ended.ERROR

    def may_go_on(self) -> bool:
        """Tell whether another call may begin."""
        if not self.is_early and self._until is not None and self._clock() >= self._until:
            self.how = Ended.UNTIL
        return not self.is_early

    @property
    def left(self) -> float:
        """The seconds until the time after which no call may begin; infinite where there is none."""
        return inf if self.is_early or self._until is None else max(0.0, self._until - self._clock())


class Updates:
    """The updates of rows, for one run to read; what the run makes of each is told to `finished`.

    They are marked as sent in batches of so many, a batch ahead. `done` are indexes of items that are done already. A
    row that needs any other one, or one that fails, is not handed out. One whose trunk gets a temporary name first is
    handed out twice (`in_steps`).
    """

    def __init__(
        self,
        rows: Sequence[Open],
        journal: Journal,
        *,
        batch: int,
        done: Collection[int],
        ending: Ending,
        hold_back: HoldBack | None = None,
    ) -> None:
        self.under_way: dict[int, Open] = {}
        self._journal = journal
        self._batch = batch
        self._ending = ending
        self._hold_back = hold_back
        rows = in_steps(rows)
        self._rows = {item.index: (row, item) for row, item in rows}
        self._marked: deque[Open] = deque()
        self._coming: list[Open] = []
        self._marking: asyncio.Future[None] | None = None
        self._news = asyncio.Event()
        needs = {
            item.index: needed for _, item in rows if (needed := [index for index in item.needs if index not in done])
        }
        # Only those that need another one or are needed are sorted: in most files none, and sorting one takes 10 µs.
        self._linked = frozenset(chain(needs, *needs.values()))
        self._sorter = TopologicalSorter(needs)
        self._sorter.prepare()
        self._ready = deque(pair for index, pair in self._rows.items() if index not in self._linked)

    async def __aiter__(self) -> AsyncGenerator[SipTrunkUpdate, None]:
        """Yield each update when it may be sent; raises `JournalError`."""
        while self._ending.may_go_on() and await self._has_marked():
            # Taken after the wait, so that it is given back if that is cancelled.
            is_held = self._hold_back is not None and await self._hold_back(*self._marked[0])
            if is_held:
                self._marked.popleft()
                continue
            if not self._ending.may_go_on():
                return
            row, item = self._marked.popleft()
            assert item.update is not None
            self.under_way[item.update.key_id] = row, item
            yield item.update

    async def _has_marked(self) -> bool:
        """Wait until there is a row that is marked as sent; False where nothing is left."""
        while not self._marked:
            if self._marking is None and not self._mark_more():
                if not self.under_way:
                    return False
                # What is ready later needs what is under way.
                self._news.clear()
                await self._news.wait()
                continue
            assert self._marking is not None
            await self._marking
            self._marked += self._coming
            self._coming, self._marking = [], None
            self._mark_more()
        return True

    def _mark_more(self) -> bool:
        # What is needed and not among the rows failed before, or it would be done: it is never marked so.
        self._ready += [self._rows[index] for index in self._sorter.get_ready() if index in self._rows]
        if self._ready:
            more = [self._ready.popleft() for _ in range(min(self._batch, len(self._ready)))]
            names = {row.id: item.swap.name for row, item in more if item.swap is not None}
            self._marking = self._journal.mark([row.id for row, _ in more], names)
            self._coming = more
        return self._marking is not None

    def finished(self, update: SipTrunkUpdate, state: RowState) -> Open:
        """Take note of what became of an update, and return its row."""
        row, item = self.under_way.pop(update.key_id)
        if state is RowState.DONE and item.index in self._linked:
            self._sorter.done(item.index)
            if item.swap is not None:
                # From here on it waits under that name, also where it is given back.
                second = _first_step(item.index)
                self._rows[second] = (row._replace(result=named_temporarily(item.swap)), self._rows[second][1])
        self._news.set()
        return row, item

    def give_back(self) -> None:
        """Note of what was marked and is not sent any more that it is as it was."""
        for row, _ in (*self._marked, *self._coming):
            self._journal.settle(row.id, row.result)
        self._marked.clear()
        self._coming.clear()


def in_steps(rows: Sequence[Open]) -> Sequence[Open]:
    """Return the rows with those twice whose trunks get a temporary name first, each step an item with its own needs.

    The first step has the item's `swap` and an index that no item has. Who needs the item needs that step only: by then
    the trunk has given up all that it gives up.
    """
    first = {item.index: _first_step(item.index) for _, item in rows if item.swap is not None}
    if not first:
        return rows
    steps: list[Open] = []
    for row, item in rows:
        needs = [first.get(needed, needed) for needed in item.needs]
        if item.swap is not None:
            assert item.update is not None
            steps.append(
                (
                    row,
                    evolve(
                        item,
                        index=first[item.index],
                        update=evolve(item.update, sip_trunk_name=item.swap.name),
                        needs=tuple(first.get(needed, needed) for needed in item.swap.needs),
                    ),
                )
            )
            needs.append(first[item.index])
        steps.append((row, evolve(item, needs=tuple(needs), swap=None)))
    return steps


def _first_step(index: int) -> int:
    """Return the index of an item's first step, and of a first step that of its item."""
    return -1 - index


def named_temporarily(swap: Swap) -> Result:
    """Return the result of a row whose trunk has its temporary name, and waits for its own."""
    return Result(RowState.WAITING, error=TEMPORARY_NAME, temporary=swap.name)


class Sender:
    """Sends rows and notes the results, in the journal and for the progress."""

    def __init__(
        self,
        journal: Journal,
        bulk: Bulk,
        options: JobOptions,
        *,
        ending: Ending,
        meter: Meter,
        clock: Callable[[], float],
        silence: Silence | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._journal = journal
        self._bulk = bulk
        self._options = options
        self._ending = ending
        self._meter = meter
        self._clock = clock
        # A job's run gives up only what the vendor has had no room for so long, unless it is not paced.
        self._rate = pace or paced_rate_of(options)
        self._successes: deque[bool] = deque(maxlen=LAST)
        # One for all rounds: each of them may be shorter than the patience.
        self._silence = silence or Silence(options.patience)

    async def send(self, rows: Sequence[Open], done: Collection[int] = (), changed: Changed | None = None) -> set[int]:
        """Send these, and return the indexes of the items that are done; `done` are done already.

        `changed` names the fields that somebody has changed meanwhile: such a row is held back.
        """

        async def hold_back(row: JournalRow, item: PlanItem) -> bool:
            names = [] if changed is None else await changed(item)
            if names:
                self._settle(row, item, held(", ".join(names)))
            return bool(names)

        options = self._options
        done = set(done)
        updates = Updates(
            rows,
            self._journal,
            batch=options.concurrency,
            done=done,
            ending=self._ending,
            hold_back=None if changed is None else hold_back,
        )
        run = self._bulk(
            UPDATE,
            updates,
            concurrency=options.concurrency,
            rate_limit=self._rate,
            patience=options.patience,
            stop_on=options.stop_on,
            max_failures=options.max_failures,
        )
        self._ending.run = run
        self._silence.go_on()
        watching = asyncio.create_task(self._watch(run))
        try:
            async with run:
                async for outcome in run:
                    self._account_for(updates, outcome, done)
                    if self._journal.error is not None:
                        raise self._journal.error
        except ItnioError as error:
            self._ending.fail(error)
        finally:
            watching.cancel()
            self._ending.run = None
            for outcome in await run.aclose():
                self._account_for(updates, outcome, done)
            updates.give_back()
            for update in run.under_way.values():
                cut_off = Result(RowState.UNKNOWN, reason="cut off", ended=self._clock())
                self._settle(*updates.finished(update, RowState.UNKNOWN), cut_off)
            self._meter.under_way = 0
            self._meter.tell(now=True)
        return done

    def _account_for(self, updates: Updates, outcome: Outcome[SipTrunkUpdate, None], done: set[int]) -> None:
        self._successes.append(outcome.ok)
        result = result_of(outcome, ended=self._clock())
        row, item = updates.finished(outcome.request, result.state)
        is_silent = self._silence.is_too_long(row.id, outcome.error)
        error = outcome.error
        if error is not None and (is_silent or self._is_given_up(error)) and not self._ending.is_early:
            self._ending.fail(error)
            if self._ending.run is not None:
                self._ending.run.stop()
        if result.state is RowState.DONE:
            done.add(item.index)
        self._meter.under_way = len(updates.under_way)
        self._settle(row, item, result)

    def _is_given_up(self, error: ItnioError) -> bool:
        """Tell whether the run has sent something again for all the time that the job has for it."""
        if self._rate is None:
            return False
        if isinstance(error, TransientError):
            return not any(self._successes)
        return isinstance(error, (GatewayBusyError, *NOT_SENT))

    async def _watch(self, run: BulkRun[SipTrunkUpdate, None]) -> None:
        """See to what is due while no call ends: the progress, and the end of a job whose time is up."""
        while True:
            # Not in one sleep until its time: that is by the clock of the machine, which somebody may set.
            await asyncio.sleep(min(_TELLS_EACH, self._ending.left))
            if not self._ending.may_go_on():
                run.stop()
            self._meter.held_back = run.held_back
            self._meter.tell()

    def _settle(self, row: JournalRow, item: PlanItem, result: Result) -> None:
        settled = result
        if item.swap is not None and result.state is RowState.DONE:
            settled = result = named_temporarily(item.swap)._replace(attempts=result.attempts, elapsed=result.elapsed)
        elif item.swap is not None and result.state is RowState.UNKNOWN:
            settled = result._replace(temporary=item.swap.name)
        elif result.state is RowState.WAITING and (row.state is not RowState.WAITING or is_begun(row)):
            # What did not get through now may have done so before, or was refused then.
            settled = row.result
        elif result.state is not RowState.DONE:
            settled = result._replace(temporary=row.result.temporary)
        self._journal.settle(row.id, settled)
        self._meter.count(row.id, item.place, item.trunk_name, result)


def paced_rate_of(options: JobOptions) -> Paced | None:
    """Return how fast a job goes: a rate that is given is the most, and the vendor may allow less."""
    rate = bulk_rate_of(options.rate_limit)
    return rate if rate is None or isinstance(rate, Paced) else Paced(rate)


def pace_of(options: JobOptions) -> Pace | None:
    """Return a pace for all runs of a job, or None where it has none."""
    rate = paced_rate_of(options)
    return None if rate is None else Pace(options.concurrency, patience=options.patience, at_most=rate.at_most)


def result_of(outcome: Outcome[Any, Any], *, ended: float) -> Result:
    """Return what an outcome means for its row.

    Whether a failure is a refusal or an unknown outcome, `may_have_been_processed` alone decides. What certainly did
    not happen and is not a refusal of the row (no connection, a refused key or clock) leaves the row waiting.
    """
    error = outcome.error
    if error is None:
        return Result.done(outcome.attempts, outcome.elapsed, ended)
    if error.may_have_been_processed:
        state = RowState.UNKNOWN
    elif isinstance(error, ApiError | InvalidRequestError) and not isinstance(error, BULK_STOP_ON):
        state = RowState.REFUSED
    else:
        state = RowState.WAITING
    return Result(
        state=state,
        code=getattr(error, "code", None),
        error=type(error).__name__,
        reason=getattr(error, "reason", "") or said_by(error),
        attempts=outcome.attempts,
        elapsed=outcome.elapsed,
        ended=ended,
    )
