"""The workers by themselves: sources that have much at once, but not always, and ends at any tick."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest
from hypothesis import given, settings, strategies as st
from support.held import HeldTransport, others
from support.scripted import ticks
from support.values import trunk_update

from itnio_async import Response
from itnio_async.runs import workers
from itnio_async.runs.outcome import Shelf, StopRule
from itnio_async.runs.source import Source
from itnio_async.runs.workers import Workers

ANSWER = Response(None, {}, 0, "success", 200, httpx.Headers(), 1, 0.0)


class Trickle:
    """Has so many numbers each time, after some ticks without; `most_reading` is how many read at the same time."""

    def __init__(self, bursts):
        self._bursts = bursts
        self.given = self.closed = self.reading = self.most_reading = 0

    async def __aiter__(self):
        try:
            for pause, burst in self._bursts:
                self.reading += 1
                self.most_reading = max(self.most_reading, self.reading)
                await ticks(pause)
                self.reading -= 1
                for _ in range(burst):
                    self.given += 1
                    yield self.given - 1
        finally:
            self.closed += 1


@settings(deadline=None, max_examples=80)
@given(
    bursts=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 7)), max_size=8),
    concurrency=st.integers(1, 4),
    call=st.integers(0, 4),
    consumer=st.integers(0, 3),
    ordered=st.booleans(),
    is_async=st.booleans(),
)
def test_each_request_is_sent_once_and_no_outcome_keeps_its_place(
    bursts, concurrency, call, consumer, ordered, is_async
):
    count = sum(burst for _, burst in bursts)
    under_way = most = 0

    async def send(_):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await ticks(call)
        under_way -= 1
        return ANSWER

    async def main():
        trickle = Trickle(bursts)
        outcomes = Shelf(ordered=ordered)
        source = Source(trickle if is_async else range(count))
        under_test = Workers("x", send, source, outcomes, StopRule((), 0), concurrency=concurrency)
        under_test.start()
        seen = []
        async with asyncio.timeout(5):
            while (outcome := await under_test.next()) is not None:
                assert outcome.request == outcome.index
                seen.append(outcome.index)
                await ticks(consumer)
        assert (seen if ordered else sorted(seen)) == list(range(count))
        assert trickle.most_reading <= 1
        assert trickle.closed == is_async
        assert most <= concurrency
        # A worker that the end met while it read keeps its place, and nothing else does.
        assert concurrency <= under_test._free < 2 * concurrency
        assert not others()

    asyncio.run(main())


@pytest.mark.parametrize("moment", range(0, 40, 3))
@pytest.mark.parametrize("end", ["stop", "cut off"])
async def test_a_run_ends_at_any_moment_also_while_workers_wait_for_the_source(moment, end):
    async def send(_):
        await ticks(2)
        return ANSWER

    trickle = Trickle([(3, 4)] * 6)
    under_test = Workers("x", send, Source(trickle), Shelf(ordered=False), StopRule((), 0), concurrency=3)
    under_test.start()
    await ticks(moment)
    async with asyncio.timeout(5):
        if end == "stop":
            under_test.stop()
            await under_test.wait()
            assert not under_test.under_way
        else:
            await under_test.cut_off()
    taken = []
    while (outcome := under_test.take()) is not None:
        taken.append(outcome.index)
    assert sorted([*taken, *under_test.under_way]) == list(range(trickle.given))
    assert trickle.closed == (moment > 0)  # at once, nothing was read
    assert not others()


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("moment", range(3))
def test_the_end_of_the_loop_ends_a_run_that_begins_at_that_moment(make_client, within, moment):
    """`asyncio.run` cancels every task at its end, also workers that have not made their first step."""

    async def consume(run):
        async with AsyncExitStack() as stack:
            if within:
                await stack.enter_async_context(run)
            async for _ in run:
                pass

    tasks = []

    async def main():
        updates = [trunk_update(key_id=n) for n in range(1, 9)]
        run = make_client(HeldTransport()).sip_trunks.update_many(updates, concurrency=3)
        tasks.append(asyncio.create_task(consume(run)))
        await ticks(moment)

    asyncio.run(main())
    assert tasks[0].cancelled()
    assert not workers._running
