"""Updates: what is handed out was marked on the disk before, and what was marked and not handed out is given back."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter

import pytest
from hypothesis import given, strategies as st
from support.scripted import ticks
from support.trunks import row
from support.values import trunk_update

from benchmarks import limits, virtual_time
from itnio_async import (
    BulkRun,
    ConflictError,
    ConnectionLost,
    DeadlineExceeded,
    GatewayBusyError,
    RateLimit,
    ReadTimeout,
    ServerError,
    UnexpectedResponseError,
)
from itnio_async.bulk.job.options import Ended, JobOptions
from itnio_async.bulk.job.progress import Meter
from itnio_async.bulk.job.sending import Ending, Sender, Updates
from itnio_async.bulk.job.silence import Silence
from itnio_async.bulk.journal.journal import JournalError, JournalRow, Result, RowState
from itnio_async.bulk.plan.plan import PlanItem, Verdict
from itnio_async.runs.pace import Pace


class SlowJournal:
    """A journal whose marks are on the disk when the test says so."""

    def __init__(self):
        self.marks = []
        self.settled = []
        self.error = None

    def mark(self, rows, temporary=None):
        if self.error is not None:
            raise self.error
        self.marks.append((rows, asyncio.get_running_loop().create_future()))
        return self.marks[-1][1]

    def settle(self, row, result):
        self.settled.append((row, result))

    def to_disk(self):
        for _, marking in self.marks:
            if not marking.done():
                marking.set_result(None)

    @property
    def marked(self):
        return [row for rows, _ in self.marks for row in rows]

    @property
    def on_disk(self):
        return {row for rows, marking in self.marks if marking.done() for row in rows}


BEFORE = Result(RowState.REFUSED, code=-23, attempts=1)


def opened(count, needs=()):
    """So many rows that are to be sent, with the indexes that some need."""
    needs = dict(needs)
    pairs = []
    for number in range(count):
        change, update = row(number + 2, number + 1, sip_prefix="9"), trunk_update(key_id=number + 1)
        item = PlanItem(
            index=number, verdict=Verdict.UPDATE, update=update, row=change, needs=tuple(needs.get(number, ()))
        )
        pairs.append((JournalRow(number, change.place, number + 1, f"t{number}", BEFORE), item))
    return pairs


def updates_of(journal, pairs, batch, ending=None, done=()):
    ending = ending or Ending(None, time.time)
    return Updates(pairs, journal, batch=batch, done=done, ending=ending)


async def taken(reading):
    """The key id that is handed out without any waiting for the disk, or None."""
    task = asyncio.ensure_future(anext(reading))
    await ticks(3)
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
        return None
    return task.result().key_id


async def test_nothing_is_handed_out_before_its_mark_is_on_the_disk_and_a_batch_is_marked_ahead():
    journal = SlowJournal()
    reading = aiter(updates_of(journal, opened(7), 3))
    first = asyncio.ensure_future(anext(reading))
    await ticks(3)
    assert not first.done()
    assert journal.marked == [0, 1, 2]
    journal.to_disk()
    assert (await first).key_id == 1
    assert journal.marked == [0, 1, 2, 3, 4, 5]
    assert [await taken(reading) for _ in range(2)] == [2, 3]
    fourth = asyncio.ensure_future(anext(reading))
    await ticks(3)
    assert not fourth.done()
    journal.to_disk()
    assert (await fourth).key_id == 4
    assert journal.marked == list(range(7))
    await reading.aclose()


async def test_a_mark_that_fails_is_raised_and_what_was_marked_is_given_back():
    journal = SlowJournal()
    updates = updates_of(journal, opened(2), 5)
    first = asyncio.ensure_future(anext(aiter(updates)))
    await ticks(2)
    journal.marks[0][1].set_exception(sqlite3.OperationalError("full"))
    with pytest.raises(sqlite3.OperationalError):
        await first
    updates.give_back()
    assert journal.settled == [(0, BEFORE), (1, BEFORE)]


async def test_a_journal_that_fails_between_two_batches_costs_no_row_of_the_first():
    journal = SlowJournal()
    updates = updates_of(journal, opened(6), 2)
    first = asyncio.ensure_future(anext(aiter(updates)))
    await ticks(2)
    journal.to_disk()
    journal.error = JournalError("full")
    with pytest.raises(JournalError):
        await first
    assert not updates.under_way
    updates.give_back()
    # Nothing is said of what never was marked.
    assert journal.settled == [(0, BEFORE), (1, BEFORE)]


async def test_what_needs_another_one_is_marked_once_that_is_done_and_never_where_it_failed():
    journal = SlowJournal()
    pairs = opened(4, needs={0: [1], 2: [3]})
    updates = updates_of(journal, pairs, 9)
    reading = aiter(updates)
    handed = asyncio.ensure_future(anext(reading))
    await ticks(2)
    journal.to_disk()
    first, second = await handed, await anext(reading)
    assert sorted(journal.marked) == [1, 3]
    waiting = asyncio.ensure_future(anext(reading))
    await ticks(2)
    assert not waiting.done()
    states = {2: RowState.DONE, 4: RowState.REFUSED}
    for update in (first, second):
        updates.finished(update, states[update.key_id])
    await ticks(3)
    journal.to_disk()
    assert (await waiting).key_id == 1
    updates.finished(pairs[0][1].update, RowState.DONE)
    with pytest.raises(StopAsyncIteration):
        await anext(reading)
    assert sorted(journal.marked) == [0, 1, 3]


async def test_what_was_done_before_is_not_waited_for():
    journal = SlowJournal()
    reading = aiter(updates_of(journal, opened(1, needs={0: [7]}), 9, done={7}))
    handed = asyncio.ensure_future(anext(reading))
    await ticks(2)
    journal.to_disk()
    assert (await handed).key_id == 1


@given(
    count=st.integers(0, 40),
    batch=st.integers(1, 9),
    steps=st.lists(st.sampled_from(["take", "to disk", "finish"]), max_size=60),
)
def test_each_is_handed_out_in_order_and_marked_before_or_given_back(count, batch, steps):
    async def main():
        journal, ending = SlowJournal(), Ending(None, time.time)
        updates = updates_of(journal, opened(count), batch, ending)
        handed: list[int] = []

        async def read():
            async for update in updates:
                handed.append(update.key_id - 1)
                assert update.key_id - 1 in journal.on_disk
                await turn.get()

        turn = asyncio.Queue()
        reading = asyncio.ensure_future(read())
        for step in steps:
            await ticks(4)
            if step == "take":
                turn.put_nowait(None)
            elif step == "to disk":
                journal.to_disk()
            elif updates.under_way:
                (_, item), *_ = updates.under_way.values()
                updates.finished(item.update, RowState.DONE)
        await ticks(4)
        if reading.done():
            reading.result()
        else:
            reading.cancel()
            await asyncio.wait([reading])
        ending.end(Ended.STOPPED)
        updates.give_back()
        assert handed == list(range(len(handed)))
        assert sorted([*handed, *(row for row, _ in journal.settled)]) == sorted(journal.marked)
        assert len(journal.settled) <= 2 * batch

    asyncio.run(main())


class FastJournal(SlowJournal):
    """A journal whose marks are on the disk at once."""

    def mark(self, rows, temporary=None):
        marking = super().mark(rows, temporary)
        marking.set_result(None)
        return marking


@pytest.mark.parametrize("at_most", [None, RateLimit(1, 3600.0)], ids=["auto", "one an hour"])
@pytest.mark.parametrize("retry_after", [None, 7.0, 3600.0])
@pytest.mark.parametrize("refuses_from", [0.0, 20.0])
def test_at_its_time_a_job_ends_also_where_all_that_is_left_waits_to_be_sent_again(refuses_from, retry_after, at_most):
    sent: list[float] = []

    async def vendor(update):
        now = asyncio.get_running_loop().time()
        sent.append(now)
        await asyncio.sleep(0.5)
        if now >= refuses_from:
            raise GatewayBusyError("busy", 429, retry_after, may_have_been_processed=False, attempts=1)
        return limits.ANSWER

    def bulk(endpoint, updates, **options):
        return BulkRun(str(endpoint), vendor, updates, idempotent=True, **options)

    async def main():
        clock = asyncio.get_running_loop().time
        journal, ending = FastJournal(), Ending(60.25, clock)
        options = JobOptions(concurrency=3, patience=3600.0)
        pace = Pace(3, patience=3600.0, at_most=at_most, clock=clock, random=lambda: 0.5)
        told = []
        sender = Sender(
            journal, bulk, options, ending=ending, meter=Meter(told.append, clock=clock), clock=clock, pace=pace
        )
        await sender.send([(row._replace(result=Result(RowState.WAITING)), item) for row, item in opened(200)])
        return journal, ending, told[-1], clock()

    journal, ending, told, end = virtual_time.run(main())
    assert (ending.how, ending.error) == (Ended.UNTIL, None)
    # One that was under way may have half a second left.
    assert 60.25 <= end <= 60.25 + 0.5
    assert max(sent) < 60.25
    states = {row: result.state for row, result in journal.settled}
    done = [row for row, state in states.items() if state is RowState.DONE]
    assert bool(done) == bool(refuses_from)
    # Each row that was marked and is not done waits as before: none is unknown.
    assert set(states) == set(journal.marked)
    assert {state for row, state in states.items() if row not in done} == {RowState.WAITING}
    assert (told.under_way, told.unknown, told.failed) == (0, 0, 0)


# -- a vendor that answers nothing well -------------------------------------------------------------------------------

PATIENCE, TIMEOUT = 30.0, 10.0
NOTHING_WELL = {
    "lost": (lambda: ConnectionLost("lost"), 0.05),
    "late": (lambda: ReadTimeout("late"), TIMEOUT),
    "no time left": (lambda: DeadlineExceeded("late"), TIMEOUT),
    "a page": (lambda: UnexpectedResponseError("502", 502), 0.05),
    "no room": (lambda: GatewayBusyError("busy", 429, may_have_been_processed=False), 0.05),
    "its system fails": (lambda: ServerError("-18", -18), 0.05),
}


async def refused():
    raise ConflictError("taken", -47)


def send_in_rounds(answer, *, rows=2000, rounds=1, rate_limit="auto", between=0.0):
    """How a job ends whose updates `answer` answers, how many of its rows have an outcome, and when it ends."""

    async def main():
        clock = asyncio.get_running_loop().time

        async def vendor(update):
            await answer(update.key_id)
            return limits.ANSWER

        def bulk(endpoint, updates, **options):
            return BulkRun(str(endpoint), vendor, updates, idempotent=True, **options)

        journal, ending = FastJournal(), Ending(None, clock)
        options = JobOptions(concurrency=10, patience=PATIENCE, rate_limit=rate_limit, max_failures=0)
        sender = Sender(
            journal,
            bulk,
            options,
            ending=ending,
            meter=Meter(None, clock=clock),
            clock=clock,
            silence=Silence(PATIENCE, clock=clock),
            pace=None if rate_limit is None else Pace(10, patience=PATIENCE, clock=clock),
        )
        for _ in range(rounds):
            if not ending.is_early:
                await asyncio.sleep(between)
                await sender.send(opened(rows))
        states = Counter(result.state for _, result in journal.settled if result.attempts)
        return ending, states, clock()

    return virtual_time.run(main())


@pytest.mark.parametrize("rate_limit", ["auto", None, 100])
@pytest.mark.parametrize("kind", NOTHING_WELL)
def test_a_vendor_that_answers_nothing_well_ends_the_job_after_its_patience_and_one_timeout(kind, rate_limit):
    error, seconds = NOTHING_WELL[kind]

    async def answer(key_id):
        await asyncio.sleep(seconds)
        failure = error()
        failure.attempts = 1
        raise failure

    ending, states, end = send_in_rounds(answer, rows=20_000, rate_limit=rate_limit)
    assert ending.how is Ended.ERROR
    assert type(ending.error) is type(error())
    assert PATIENCE <= end <= PATIENCE + TIMEOUT + 1
    assert states.total() < 10_000


def test_rounds_that_are_shorter_than_the_patience_add_up_and_what_lies_between_them_does_not():
    async def answer(key_id):
        await asyncio.sleep(0.1)
        raise ConnectionLost("lost", attempts=1)

    # Each takes 10 s and an hour of listing before it.
    ending, _, end = send_in_rounds(answer, rows=1000, rounds=6, rate_limit=None, between=3600.0)
    assert (ending.how, type(ending.error)) == (Ended.ERROR, ConnectionLost)
    assert 3 * 3600 + PATIENCE <= end <= 4 * 3600 + PATIENCE + 1


@pytest.mark.parametrize("answers", [asyncio.sleep, lambda _: refused()], ids=["done", "refused for what it is"])
def test_now_and_then_a_good_answer_keeps_the_job_going(answers):
    async def answer(key_id):
        await asyncio.sleep(TIMEOUT)
        if key_id % 20 == 0:
            return await answers(0)
        raise ReadTimeout("late", attempts=1)

    ending, _, end = send_in_rounds(answer, rows=200, rate_limit=None)
    assert (ending.how, end) == (Ended.FINISHED, 200)


def test_one_row_that_is_never_answered_does_not_end_the_job():
    async def answer(key_id):
        if key_id == 1:
            await asyncio.sleep(10 * PATIENCE)
            raise ReadTimeout("late", attempts=1)

    ending, _, end = send_in_rounds(answer, rows=20, rounds=3)
    assert (ending.how, end) == (Ended.FINISHED, 30 * PATIENCE)
