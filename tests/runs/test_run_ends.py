"""The ends that a consumer gives a bulk run: break, aclose, stop, cancellation, an exception, the garbage collector."""

from __future__ import annotations

import asyncio
import gc

import pytest
from support.held import HeldTransport, collect, others
from support.scripted import ScriptedTransport, answer, ticks, until
from support.values import KEY, SECRET, trunk_update

from itnio_async import AsyncClient, BulkRun
from itnio_async.runs import workers


class Source:
    """A generator of updates that knows whether it was closed; it waits for ever after `last` of them."""

    def __init__(self, last=10**9):
        self.last = last
        self.read = 0
        self.closed = False

    def plain(self):
        try:
            while self.read < self.last:
                self.read += 1
                yield trunk_update(key_id=self.read)
        finally:
            self.closed = True

    async def asynchronous(self):
        try:
            while True:
                if self.read == self.last:
                    await asyncio.Event().wait()
                self.read += 1
                yield trunk_update(key_id=self.read)
        finally:
            await asyncio.sleep(0)
            self.closed = True


async def consumed(run):
    """Take all outcomes in an `async with`."""
    async with run:
        async for _ in run:
            pass


OPTIONS = {"concurrency": 4, "rate_limit": None, "stop_on": (), "max_failures": 0, "ordered": False}
KINDS = pytest.mark.parametrize("kind", ["plain", "asynchronous"])


@pytest.fixture
def held(make_client):
    """A transport that holds, and a function that starts a run of four at once over a source."""
    transport = HeldTransport()

    def run(source, **options):
        return make_client(transport).sip_trunks.update_many(source, **{"concurrency": 4, **options})

    return transport, run


async def release_when_held(transport, *key_ids):
    await until(lambda: set(key_ids) <= set(transport.under_way))
    transport.release(*key_ids)


@KINDS
@pytest.mark.parametrize("ordered", [False, True])
async def test_break_in_async_with(held, kind, ordered):
    transport, make = held
    source = Source()
    run = make(getattr(source, kind)(), ordered=ordered)
    releasing = asyncio.create_task(release_when_held(transport, 1))
    async with run:
        async for outcome in run:
            assert outcome.index == 0
            break
        began = source.read
        await ticks(20)
        # The break alone has ended it: the first one's worker may have read one more before.
        assert source.read == began <= 5
        transport.release(*transport.under_way)
    assert not others()
    assert source.closed
    assert source.read == began
    assert sorted(outcome.index for outcome in await run.aclose()) == list(range(1, began))
    assert await run.aclose() == []
    assert run.error is None
    await releasing


@KINDS
async def test_break_in_a_bare_loop(held, kind):
    transport, make = held
    source = Source()
    releasing = asyncio.create_task(release_when_held(transport, 1))
    async for _ in make(getattr(source, kind)()):
        break
    await releasing
    await ticks(20)
    began = source.read
    transport.release(*transport.under_way)
    await until(lambda: not others())
    assert source.read == began
    assert source.closed
    assert not transport.cut_off


async def test_a_second_loop_after_a_break_gets_the_rest(held):
    transport, make = held
    source = Source()
    run = make(source.plain())
    releasing = asyncio.create_task(release_when_held(transport, 1))
    async for _ in run:
        break
    await ticks(5)
    began = source.read
    transport.release(*transport.under_way)
    assert len([outcome async for outcome in run]) == began - 1
    await releasing
    assert not others()


@KINDS
async def test_aclose_waits_for_what_was_started(held, kind):
    transport, make = held
    source = Source(last=3)
    run = make(getattr(source, kind)())
    outcomes = aiter(run)
    first = asyncio.create_task(anext(outcomes))
    await release_when_held(transport, 1)
    await first
    closing = asyncio.create_task(run.aclose())
    await ticks(20)
    assert not closing.done()
    transport.release(2, 3)
    assert sorted(outcome.index for outcome in await closing) == [1, 2]
    with pytest.raises(StopAsyncIteration):
        await anext(outcomes)
    assert source.closed
    assert not others()


async def test_stop_lets_the_consumer_have_the_rest(held):
    transport, make = held
    run = make(Source().plain())
    seen = []
    consumer = asyncio.create_task(collect(run, seen))
    await until(lambda: len(transport.under_way) == 4)
    run.stop()
    run.stop()
    transport.release(4, 3, 2, 1)
    await consumer
    assert sorted(outcome.index for outcome in seen) == [0, 1, 2, 3]
    assert not others()


async def test_an_exception_in_the_body_waits_for_what_was_started(held):
    transport, make = held
    source = Source()
    run = make(source.plain())
    releasing = asyncio.create_task(release_when_held(transport, 2))

    async def consume():
        async with run:
            async for _ in run:
                raise KeyError

    consumer = asyncio.create_task(consume())
    await releasing
    await ticks(20)
    assert not consumer.done()
    transport.release(*transport.under_way)
    with pytest.raises(KeyError):
        await consumer
    assert not others()
    assert source.closed
    assert not transport.cut_off
    assert len(await run.aclose()) == source.read - 1


@KINDS
@pytest.mark.parametrize("where", ["waiting", "body", "leaving", "bare", "aclose"])
async def test_cancellation_cuts_the_started_calls_off(held, kind, where):
    transport, make = held
    source = Source()
    run = make(getattr(source, kind)())

    async def consume():
        if where == "bare":
            async for _ in run:
                pass
        async with run:
            async for _ in run:
                if where == "body":
                    await asyncio.Event().wait()
                if where == "leaving":
                    break
                if where == "aclose":
                    await run.aclose()

    consumer = asyncio.create_task(consume())
    await until(lambda: len(transport.under_way) == 4)
    if where not in ("waiting", "bare"):
        transport.release(1)
        await ticks(20)
    under_way = transport.under_way
    assert len(under_way) in (3, 4)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    # At once, not some ticks later.
    assert not others()
    assert source.closed
    assert sorted(transport.cut_off) == sorted(under_way)
    assert sorted(request.key_id for request in run.under_way.values()) == sorted(under_way)
    assert [index + 1 for index in sorted(run.under_way)] == sorted(under_way)
    assert await run.aclose() == []


@KINDS
@pytest.mark.parametrize("again", range(6))
async def test_a_second_cancellation_does_not_leave_the_run_alone(held, kind, again):
    transport, make = held
    source = Source()
    run = make(getattr(source, kind)())
    consumer = asyncio.create_task(consumed(run))
    await until(lambda: len(transport.under_way) == 4)
    for _ in range(again):  # as two timeouts do, and each await within a cancelled scope of anyio
        consumer.cancel()
        await ticks(1)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert not others()
    assert source.closed


async def test_finished_outcomes_survive_a_cut_off(held):
    transport, make = held
    run = make(Source().plain(), ordered=True)
    consumer = asyncio.create_task(consumed(run))
    await until(lambda: len(transport.under_way) == 4)
    transport.release(3, 4)
    await until(lambda: len(transport.began) == 6)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert [outcome.index for outcome in await run.aclose()] == [2, 3]
    assert sorted(run.under_way) == [0, 1, 4, 5]


async def test_a_timeout_that_is_caught_inside_goes_on(held):
    transport, make = held
    async with make([trunk_update(key_id=key_id) for key_id in (1, 2)]) as run:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(collect(run, []), 0.01)
        assert transport.under_way == [1, 2]
        transport.release(1, 2)
        assert len([outcome async for outcome in run]) == 2
    assert not transport.cut_off


async def test_a_read_that_is_interrupted_by_a_stop_loses_no_item(held):
    transport, make = held
    queue: asyncio.Queue[int] = asyncio.Queue()

    async def source():
        while True:
            yield trunk_update(key_id=await queue.get())

    run = make(source())
    first = asyncio.create_task(anext(aiter(run)))
    for key_id in (1, 2):
        queue.put_nowait(key_id)
    await release_when_held(transport, 1)
    assert (await first).request.key_id == 1
    run.stop()
    queue.put_nowait(3)
    await release_when_held(transport, 2)
    assert [outcome.request.key_id for outcome in await run.aclose()] == [2]
    assert queue.get_nowait() == 3


async def test_a_source_that_fails_while_it_is_closed(held):
    transport, make = held

    def source():
        try:
            while True:
                yield trunk_update(key_id=1)
        finally:
            raise OSError("cannot close")

    run = make(source(), concurrency=1)
    releasing = asyncio.create_task(release_when_held(transport, 1))
    async with run:
        async for _ in run:
            break
        await ticks(5)
        transport.release(*transport.under_way)
    assert str(run.error) == "cannot close"
    assert not others()
    await releasing


@pytest.mark.parametrize("in_a_cycle", [False, True])
async def test_a_forgotten_run_ends(scripted, in_a_cycle, caplog):
    client, transport = scripted(answer())
    run = client.sip_trunks.update_many(Source().plain(), concurrency=4)
    outcomes = aiter(run)
    await anext(outcomes)
    await until(lambda: len(transport.sent) == 9)
    assert len(others()) == 4
    if in_a_cycle:
        circle = [run, outcomes]
        circle.append(circle)
        del circle
    del run, outcomes
    gc.collect()
    await until(lambda: not others())
    assert len(transport.sent) == 9
    assert not workers._running
    # asyncio's "Task was destroyed but it is pending!" would stand here.
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_a_forgotten_run_without_a_loop_over_it_ends(scripted):
    client, _ = scripted(answer())
    run = client.sip_trunks.update_many(Source().plain(), concurrency=2)
    outcomes = aiter(run)
    await anext(outcomes)
    # The generator is over, but nobody told the run: as after a timeout that was caught in an `async with`.
    run._entered = True
    with pytest.raises(asyncio.CancelledError):
        await outcomes.athrow(asyncio.CancelledError)
    assert others()
    del run, outcomes
    gc.collect()
    await until(lambda: not others())
    assert not workers._running


def test_a_loop_that_ends_takes_its_runs_along():
    source = Source()

    async def leave():
        client = AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer()))
        async for _ in client.sip_trunks.update_many(source.plain()):
            break
        await client.aclose()

    asyncio.run(leave())
    assert source.closed
    assert not workers._running


def test_a_loop_that_is_closed_without_an_end_keeps_nothing_alive(caplog):
    async def begin():
        client = AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer()))
        outcomes = aiter(client.sip_trunks.update_many(Source().plain()))
        await anext(outcomes)
        await client.aclose()
        return outcomes

    loop = asyncio.new_event_loop()
    outcomes = loop.run_until_complete(begin())
    loop.close()
    del outcomes
    assert len(workers._running) == 1
    asyncio.run(collect(BulkRun("next", None, [], **OPTIONS), []))
    assert not workers._running
    gc.collect()
    # asyncio's own words on whoever closes a loop with tasks in it.
    assert {record.message.split("\n")[0] for record in caplog.records if record.name == "asyncio"} == {
        "Task was destroyed but it is pending!"
    }
