"""How a run over a cluster forms its chunks; the workers are made up."""

from __future__ import annotations

import asyncio
from itertools import chain
from math import inf

import pytest
from support.held import collect
from support.programs import until

from bulk.dask.test_worker import updates
from itnio_async import AuthenticationError, ConflictError, ConnectError, ConnectionLost, ItnioError
from itnio_async.bulk.dask.cluster import ChunkedRun
from itnio_async.endpoint import Response
from itnio_async.runs.outcome import Outcome


class Workers:
    """A cluster that answers when the test says so; `chunks` has what it was given."""

    def __init__(self, *addresses):
        self.addresses = addresses
        self.chunks = []
        self.cancelled = []
        self._answers = []
        self._tasks = set()

    def require_private(self, update):
        pass

    def start(self, work):
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        return task

    async def send(self, updates, concurrency, rules):
        number = len(self.chunks)
        self.chunks.append([update.key_id for update in updates])
        self._answers.append(asyncio.get_running_loop().create_future())
        try:
            upto = await self._answers[number]
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        if isinstance(upto, Exception):
            raise upto
        return [outcome(index, update) for index, update in enumerate(updates[: min(upto, len(updates))])]

    def answer(self, number, upto=inf):
        self._answers[number].set_result(upto)


def outcome(index, update, error=None):
    response = None if error else Response(None, {}, 0, "", 200, [], 1, 0.0)
    return Outcome(index, update, response, error, 1, 0.125)


def run_over(cluster, requests, concurrency=4, **more):
    rules = {"stop_on": (AuthenticationError,), "max_failures": 0, **more}
    return ChunkedRun("a run", cluster, requests, concurrency=concurrency, **rules)


@pytest.fixture
async def started():
    """Starts a run whose outcomes are collected."""
    tasks = []

    def start(run):
        seen = []
        tasks.append(asyncio.ensure_future(collect(run, seen)))
        return seen, tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
        await asyncio.wait([task])


async def test_the_first_chunks_are_small_and_later_ones_as_large_as_the_workers_are_fast(started):
    cluster = Workers("a")
    _, task = started(run_over(cluster, updates(*range(30))))
    for number in range(4):
        await until(lambda wanted=number: len(cluster.chunks) > wanted)
        cluster.answer(number)
    await task
    assert list(map(len, cluster.chunks)) == [4, 8, 16, 2]
    assert list(chain.from_iterable(cluster.chunks)) == list(range(30))


async def test_a_chunk_is_smaller_after_a_slow_one(started, monkeypatch):
    monkeypatch.setattr("itnio_async.bulk.dask.cluster._LASTS", 0.0)
    cluster = Workers("a")
    _, task = started(run_over(cluster, updates(*range(8)), concurrency=2))
    for number in range(4):
        await until(lambda wanted=number: len(cluster.chunks) > wanted)
        cluster.answer(number)
    await task
    assert list(map(len, cluster.chunks)) == [2, 2, 2, 2]


async def test_updates_are_read_when_a_worker_is_free(started):
    read = []

    def source():
        for update in updates(*range(20)):
            read.append(update.key_id)
            yield update

    cluster = Workers("a", "b")
    started(run_over(cluster, source()))
    await until(lambda: len(cluster.chunks) == 2)
    assert cluster.chunks == [[0, 1], [2, 3]]
    for _ in range(20):
        await asyncio.sleep(0)
    assert read == [0, 1, 2, 3]
    cluster.answer(1)
    await until(lambda: len(cluster.chunks) == 3)
    assert cluster.chunks[2] == read[4:] == [4, 5, 6, 7]


async def test_a_source_that_has_no_more_for_now_does_not_hold_its_chunk_back(started):
    waits = asyncio.Event()

    async def source():
        for update in updates(1, 2):
            yield update
        await waits.wait()
        for update in updates(3):
            yield update

    cluster = Workers("a")
    seen, task = started(run_over(cluster, source(), concurrency=10))
    await until(lambda: cluster.chunks == [[1, 2]])
    cluster.answer(0)
    await until(lambda: len(seen) == 2)
    waits.set()
    await until(lambda: cluster.chunks == [[1, 2], [3]])
    cluster.answer(1)
    await task


async def test_what_was_not_sent_goes_first_into_the_next_chunk(started):
    cluster = Workers("a")
    seen, task = started(run_over(cluster, updates(*range(6))))
    await until(lambda: len(cluster.chunks) == 1)
    cluster.answer(0, upto=1)
    await until(lambda: len(cluster.chunks) == 2)
    assert cluster.chunks[1] == [1, 2, 3, 4, 5]
    cluster.answer(1)
    await task
    assert [each.request.key_id for each in seen] == list(range(6))
    assert {each.elapsed for each in seen} == {0.125}


async def test_after_a_stop_chunks_under_way_end_and_what_waits_was_not_sent(started):
    cluster = Workers("a")
    run = run_over(cluster, updates(*range(20)))
    seen, task = started(run)
    await until(lambda: len(cluster.chunks) == 1)
    run.stop()
    cluster.answer(0, upto=3)
    await task
    assert len(cluster.chunks) == 1
    assert [each.ok for each in seen] == [True, True, True, False]
    assert type(seen[3].error) is ItnioError
    assert "Not sent" in str(seen[3].error)
    assert not seen[3].error.may_have_been_processed
    assert not run.under_way


async def test_leaving_the_loop_begins_no_further_chunk(started):
    cluster = Workers("a")
    run = run_over(cluster, updates(*range(20)))

    async def take_one():
        async for _ in run:
            break

    task = asyncio.ensure_future(take_one())
    await until(lambda: len(cluster.chunks) == 1)
    cluster.answer(0, upto=1)
    await task
    assert not any(each.ok for each in await run.aclose())
    assert len(cluster.chunks) == 1


async def test_what_ends_the_run_leaves_the_rest_of_its_chunk_unsent(started, monkeypatch):
    cluster = Workers("a")
    refused = AuthenticationError("made up", code=-1)

    async def send(updates, concurrency, rules):
        cluster.chunks.append(updates)
        return [outcome(0, updates[0]), outcome(1, updates[1], refused)]

    monkeypatch.setattr(cluster, "send", send)
    seen, task = started(run_over(cluster, updates(*range(20))))
    with pytest.raises(AuthenticationError):
        await task
    assert len(cluster.chunks) == 1
    assert [type(each.error) for each in seen] == [type(None), AuthenticationError, ItnioError, ItnioError]


async def test_refusals_one_after_another_are_counted_over_all_chunks(started, monkeypatch):
    cluster = Workers("a", "b")

    async def send(updates, concurrency, rules):
        cluster.chunks.append(updates)
        return [outcome(n, update, ConflictError("made up", code=-47)) for n, update in enumerate(updates)]

    monkeypatch.setattr(cluster, "send", send)
    seen, task = started(run_over(cluster, updates(*range(40)), max_failures=3))
    with pytest.raises(ConflictError):
        await task
    assert 3 <= len(seen) <= 4


async def test_a_chunk_that_is_lost_for_good_may_have_been_done(started):
    cluster = Workers("a")
    seen, task = started(run_over(cluster, updates(1, 2)))
    await until(lambda: len(cluster.chunks) == 1)
    cluster.answer(0, upto=RuntimeError("made up"))
    await task
    assert [type(each.error) for each in seen] == [ConnectionLost] * 2
    assert all(each.error.may_have_been_processed for each in seen)


async def test_without_a_worker_nothing_is_sent_and_a_later_one_goes_on(started):
    cluster = Workers()
    requests = iter(updates(*range(5)))
    seen, task = started(run_over(cluster, (next(requests) for _ in range(2)), patience=0.01))
    await task
    assert [type(each.error) for each in seen] == [ConnectError] * 2
    assert not any(each.error.may_have_been_processed for each in seen)


async def test_a_new_worker_begins_once_the_others_have_their_smaller_share(started):
    cluster = Workers("a")
    run = run_over(cluster, updates(*range(20)))
    started(run)
    await until(lambda: len(cluster.chunks) == 1)
    cluster.addresses = ("a", "b")
    run.look()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(cluster.chunks) == 1
    cluster.answer(0)
    await until(lambda: len(cluster.chunks) == 3)


async def test_cancelling_cancels_the_chunks(started):
    cluster = Workers("a", "b")
    run = run_over(cluster, updates(*range(20)))
    _, task = started(run)
    await until(lambda: len(cluster.chunks) == 2)
    task.cancel()
    await asyncio.wait([task])
    await until(lambda: cluster.cancelled == [0, 1])
    assert [update.key_id for update in run.under_way.values()] == [0, 1, 2, 3]
