"""A job against a vendor in memory that fails in any way: every row is accounted for, and none is lost or repeated."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from itertools import count
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings, strategies as st
from support.held import others
from support.scripted import answer, ticks
from support.trunks import row

from itnio_async import AsyncClient, RetryPolicy
from itnio_async.bulk.job.job import Ended, Job, JobOptions
from itnio_async.bulk.journal.journal import Journal, JournalError, RowState, read_journal
from itnio_async.bulk.journal.table import Table
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.trunks.listing import list_trunks

TRUNKS = 6


class Vendor(httpx.AsyncBaseTransport):
    """Keeps trunks, and does to the updates of each what is planned for it, and then what is asked.

    `took_effect` counts the updates by key id. It refuses a name that another trunk has.
    """

    def __init__(self, plans):
        self.trunks = {
            n: {
                "keyId": n,
                "type": 1,
                "state": 1,
                "sipTrunkName": f"t{n}",
                "sipGatewayIp": f"10.0.0.{n}",
                "sipTrunkState": False,
                "groupList": [{"voiceGroupId": 1000 + n}],
            }
            for n in range(1, TRUNKS + 1)
        }
        self.plans = plans
        self.took_effect = Counter()
        self.clashes = 0
        self.on_update = None

    async def handle_async_request(self, request):
        body = json.loads(await request.aread())
        if request.url.path.endswith("/query"):
            return answer(data={"total": len(self.trunks), "pages": 1, "records": list(self.trunks.values())})
        if self.on_update is not None:
            self.on_update()
        await asyncio.sleep(0)
        step = self.plans[body["keyId"]].pop(0) if self.plans.get(body["keyId"]) else "ok"
        if step == "connect":
            raise httpx.ConnectError("refused")
        status = self._update(body) if step in ("ok", "lost after") else step
        if isinstance(step, str) and step.startswith("lost"):
            raise httpx.ReadError("gone")
        return answer(status)

    def _update(self, body):
        key_id = body["keyId"]
        if any(t["sipTrunkName"] == body["sipTrunkName"] for n, t in self.trunks.items() if n != key_id):
            self.clashes += 1
            return -47
        self.trunks[key_id] = {"type": 1, "state": 1, **body}
        self.took_effect[key_id] += 1
        return 0


steps = st.sampled_from(["ok", "lost after", "lost before", -18, -23, "connect"])
plans = st.dictionaries(st.integers(1, TRUNKS), st.lists(steps, max_size=3))


def wanted(chain):
    """Rows that give each trunk a prefix, and the first ones the name of the next."""
    rows = []
    for n in range(1, TRUNKS + 1):
        name = {"sip_trunk_name": f"t{n + 1}" if n < chain else "free"} if n <= chain else {}
        rows.append(row(n, n, sip_prefix="9", **name))
    return rows


async def run_once(vendor, rows, path, stop_after, *, stop=Job.stop_now, **options):
    retry = RetryPolicy(attempts=1)
    async with AsyncClient("key", "made-up-secret", transport=vendor, retry=retry) as client:
        plan = make_plan(rows, await list_trunks(client))
        job = Job(client, plan, path, JobOptions(**{"max_failures": 0, "skip_invalid": True, **options}))
        left = stop_after

        def count():
            nonlocal left
            left -= 1
            if left == 0:
                stop(job)

        vendor.on_update = count
        return await job.run()


@settings(max_examples=25, deadline=None)
@given(plans, st.integers(0, TRUNKS), st.lists(st.integers(1, 8), max_size=2), st.integers(1, 4), st.integers(1, 3))
def test_whatever_happens_every_row_is_accounted_for(plans, chain, stops, concurrency, rounds):
    asyncio.run(check({key: list(steps) for key, steps in plans.items()}, chain, stops, concurrency, rounds))


async def check(plans, chain, stops, concurrency, rounds):
    vendor, rows = Vendor(plans), wanted(chain)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rows.journal"
        for stop_after in stops:
            await run_once(vendor, rows, path, stop_after, concurrency=concurrency, rounds=rounds)
            assert len(read_journal(path).rows) == TRUNKS
            assert RowState.SENT not in {kept.state for kept in read_journal(path).rows}
        vendor.plans = {}
        refused = (
            {kept.key_id for kept in read_journal(path).rows if kept.state is RowState.REFUSED} if stops else set()
        )
        # The refused ones stay so until somebody asks for them.
        result = await run_once(vendor, rows, path, 0, concurrency=concurrency)
        assert result.ended is Ended.FINISHED
        now = {kept.key_id for kept in read_journal(path).rows if kept.state is RowState.REFUSED}
        assert refused <= now
        for _ in range(TRUNKS):
            result = await run_once(vendor, rows, path, 0, concurrency=concurrency, retry_refused=True)
        assert result.ok, result
        assert result.counts.keys() <= {RowState.DONE, RowState.UNCHANGED}
    assert {n: (t["sipPrefix"], t["sipTrunkName"]) for n, t in vendor.trunks.items()} == {
        n: ("9", (f"t{n + 1}" if n < chain else "free") if n <= chain else f"t{n}") for n in range(1, TRUNKS + 1)
    }
    assert vendor.took_effect == dict.fromkeys(range(1, TRUNKS + 1), 1)
    assert vendor.clashes == 0


async def test_what_did_not_reach_the_vendor_is_tried_again_in_the_same_round(tmp_path):
    vendor = Vendor({2: ["connect"], 3: ["connect", "connect"]})
    result = await run_once(vendor, wanted(0), tmp_path / "rows.journal", 0, rounds=1)
    assert result.counts == {RowState.DONE: TRUNKS}


async def test_a_refused_key_that_ends_nothing_is_not_tried_without_end(tmp_path):
    vendor = Vendor({n: [-1] * 3 for n in range(1, TRUNKS + 1)})
    result = await run_once(vendor, wanted(0), tmp_path / "rows.journal", 0, stop_on=())
    assert result.counts == {RowState.WAITING: TRUNKS}
    assert not any(vendor.plans.values())  # once a round


async def test_what_was_marked_again_and_not_sent_is_as_it_was_before(tmp_path):
    path = tmp_path / "rows.journal"
    vendor = Vendor({2: ["lost before", "connect"], 3: ["lost before"], 5: [-23]})
    await run_once(vendor, wanted(0), path, 0, rounds=1)
    before = [kept.result for kept in read_journal(path).rows]
    assert [kept.state.value for kept in before] == ["done", "unknown", "unknown", "done", "refused", "done"]
    # The second one does not get through, and the third and fifth are not begun any more.
    result = await run_once(vendor, wanted(0), path, 1, stop=Job.stop, concurrency=1, retry_refused=True)
    assert result.ended is Ended.STOPPED
    assert [kept.result for kept in read_journal(path).rows] == before
    assert (await run_once(vendor, wanted(0), path, 0, retry_refused=True)).ok


# -- a journal that fails, and an end at any tick ---------------------------------------------------------------------


class Watched(Vendor):
    """Notes the trunks whose update came without a mark on the disk, and takes a few ticks for each."""

    def __init__(self, plans, path):
        super().__init__(plans)
        self._path = path
        self.unmarked = []

    async def handle_async_request(self, request):
        if request.url.path.endswith("/update"):
            key_id = json.loads(await request.aread())["keyId"]
            states = {kept.key_id: kept.state for kept in read_journal(self._path).rows}
            if states[key_id] is not RowState.SENT:
                self.unmarked.append(key_id)
            await ticks(key_id % 3)
        return await super().handle_async_request(request)


def fail_from(monkeypatch, first, last):
    """Let the journal's writes fail from one to another, counted from now."""
    number, write = count(1), Table.write

    def maybe(self, *results, **more):
        if first <= next(number) < last:
            raise JournalError("The disk is full.")
        write(self, *results, **more)

    monkeypatch.setattr(Table, "write", maybe)


def check_rows(vendor, path):
    """Every row has an outcome that is true of its trunk."""
    kept = read_journal(path)
    assert not kept.is_running
    assert len(kept.rows) == TRUNKS
    assert not vendor.unmarked
    took_effect = {row.key_id for row in kept.rows if vendor.took_effect[row.key_id]}
    assert not took_effect & {row.key_id for row in kept.rows if row.state is RowState.WAITING}
    assert took_effect >= {row.key_id for row in kept.rows if row.state is RowState.DONE}
    return Counter(row.state for row in kept.rows)


async def check_the_rest(vendor, rows, path):
    """Gone on with, it ends as the file wants it, with each trunk updated once."""
    assert (await run_once(vendor, rows, path, 0)).ok
    assert vendor.took_effect == dict.fromkeys(range(1, TRUNKS + 1), 1)
    assert vendor.clashes == 0


@pytest.mark.parametrize("how_long", [1, 2, 99])
@pytest.mark.parametrize("first", range(1, 8))
async def test_a_journal_that_fails_at_any_write_loses_and_repeats_nothing(monkeypatch, tmp_path, first, how_long):
    path, rows = tmp_path / "rows.journal", wanted(3)
    vendor = Watched({4: ["connect"]}, path)
    with monkeypatch.context() as failing:
        fail_from(failing, first, first + how_long)
        result = await run_once(vendor, rows, path, 0, concurrency=2)
    counts = check_rows(vendor, path)
    assert result.counts == counts
    assert isinstance(result.error, JournalError)
    if how_long == 1:  # there was room again at the end
        assert not counts[RowState.UNKNOWN]
    await check_the_rest(vendor, rows, path)


@pytest.mark.parametrize("how", ["stop", "stop now", "stop now, again", "cancel", "cancel, again"])
@pytest.mark.parametrize("first_tick", range(4))
async def test_an_end_at_any_tick_leaves_each_row_with_one_outcome(monkeypatch, tmp_path, how, first_tick):
    for moment in range(first_tick, 60, 12):
        path, rows = tmp_path / f"{moment}.journal", wanted(3)
        vendor = Watched({4: ["connect"]}, path)
        retry = RetryPolicy(attempts=1)
        async with AsyncClient("key", "made-up-secret", transport=vendor, retry=retry) as client:
            job = Job(client, make_plan(rows, await list_trunks(client)), path, JobOptions(concurrency=2))
            running = asyncio.ensure_future(job.run())
            begun = asyncio.Event()
            vendor.on_update = begun.set
            await begun.wait()
            await ticks(moment)
            end = {"stop": job.stop, "stop now": job.stop_now, "cancel": running.cancel}[how.split(",")[0]]
            for _ in range(2 if "again" in how else 1):
                end()
                await asyncio.sleep(0)
            await asyncio.wait([running], timeout=5)
            counts = check_rows(vendor, path)
            assert running.cancelled() or running.result().counts == counts
            assert not others()
        await check_the_rest(vendor, rows, path)


@pytest.mark.parametrize("how", ["stop", "stop_now", "cancel"])
async def test_an_end_while_the_first_rows_are_marked_leaves_all_as_they_were(monkeypatch, tmp_path, how):
    path, rows = tmp_path / "rows.journal", wanted(3)
    vendor = Watched({}, path)
    mark = Journal.mark

    def mark_and_end(journal, *marked):
        asyncio.get_running_loop().call_soon(ending[0])
        return mark(journal, *marked)

    with monkeypatch.context() as ended:
        ended.setattr(Journal, "mark", mark_and_end)
        async with AsyncClient("key", "made-up-secret", transport=vendor) as client:
            job = Job(client, make_plan(rows, await list_trunks(client)), path, JobOptions(concurrency=2))
            running = asyncio.ensure_future(job.run())
            ending = [running.cancel if how == "cancel" else getattr(job, how)]
            await asyncio.wait([running], timeout=5)
        assert running.cancelled() is (how == "cancel")
        assert check_rows(vendor, path) == {RowState.WAITING: TRUNKS}
        assert not others()
    await check_the_rest(vendor, rows, path)
