"""Pages of the listing are read again shortly before their rows are sent."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, strategies
from support.trunks import row

from itnio_async import AsyncClient, ConnectError, RetryPolicy, SipTrunk
from itnio_async.bulk.job.job import Job, JobOptions
from itnio_async.bulk.job.pages import Pages
from itnio_async.bulk.journal.journal import RowState, read_journal
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.sandbox import Sandbox


def listing(count, **changes):
    return [SipTrunk(key_id=n, type=1, sip_trunk_name=f"t{n}", group_list=[], **changes) for n in range(1, count + 1)]


class Reads:
    """Reads pages of a listing as it is now, and counts them."""

    def __init__(self, trunks):
        self.trunks = trunks
        self.numbers = []

    async def __call__(self, number):
        self.numbers.append(number)
        return self.trunks[(number - 1) * 100 : number * 100]


def items(trunks, ids):
    return list(make_plan([row(n + 1, n, sip_prefix="9") for n in ids], trunks))


@given(strategies.sets(strategies.integers(1, 450)))
def test_at_most_a_tenth_of_the_calls_are_more(ids):
    trunks = listing(450)
    chosen = items(trunks, sorted(ids))
    reads = Reads(trunks)

    async def look():
        pages = Pages(reads, trunks, chosen)
        found = [await pages.changed(item) for item in sorted(chosen, key=pages.place)]
        await pages.aclose()
        return found

    assert asyncio.run(look()) == [[]] * len(ids)
    assert len(reads.numbers) == len(set(reads.numbers)) <= len(ids) / 10
    wanted = [page for page in range(1, 6) if sum((n - 1) // 100 + 1 == page for n in ids) >= 10]
    assert reads.numbers == wanted


async def test_what_changed_is_named_and_pages_that_moved_tell_nothing():
    trunks = listing(200)
    chosen = items(trunks, range(1, 201))
    now = listing(200)
    now[4] = SipTrunk(key_id=5, type=1, sip_trunk_name="t5", group_list=[], sip_gateway_ip="10.9.9.9")
    del now[150]
    reads = Reads(now)
    pages = Pages(reads, trunks, chosen)
    found = {item.key_id: names for item in chosen if (names := await pages.changed(item))}
    assert found == {5: ["sip_gateway_ip"]}


async def test_the_next_page_is_read_ahead():
    trunks = listing(300)
    chosen = items(trunks, range(1, 301))
    reads = Reads(trunks)
    pages = Pages(reads, trunks, chosen)
    await pages.changed(chosen[0])
    await asyncio.sleep(0)
    assert reads.numbers == [1, 2]
    await pages.changed(chosen[100])
    await asyncio.sleep(0)
    assert reads.numbers == [1, 2, 3]
    await pages.aclose()


async def test_a_page_that_cannot_be_read_ends_nothing():
    async def read(number):
        raise ConnectError("made up", may_have_been_processed=False)

    trunks = listing(20)
    chosen = items(trunks, range(1, 21))
    pages = Pages(read, trunks, chosen)
    assert await pages.changed(chosen[0]) == []


# -- in a job ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def sandbox():
    with Sandbox(trunks=300) as running:
        yield running


@pytest.fixture
async def client(sandbox):
    async with AsyncClient(
        sandbox.api_key, sandbox.api_secret, base_url=sandbox.url, retry=RetryPolicy(attempts=1)
    ) as client:
        yield client


@pytest.mark.parametrize("force", [False, True])
async def test_what_somebody_changes_while_the_job_runs_is_held_back(sandbox, client, tmp_path, force):
    rows = [row(n, n, sip_prefix="9") for n in range(1, 301)]
    plan = make_plan(rows, await list_trunks(client))
    order = sandbox.order("hold,endpoint=update,count=1")
    job = Job(client, plan, tmp_path / "j", JobOptions(concurrency=1, force=force))
    running = asyncio.ensure_future(job.run())
    await order.reached(1)
    # The first page has been read again by now, and the second one perhaps; the third one has not.
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as other:
        await other.sip_trunks.update((await list_trunks(client))[249].to_update(sip_prefix="5"))
    order.release()
    result = await running
    assert sandbox.trunk(250).sip_prefix == ("9" if force else "5")
    if force:
        assert result.ok
        return
    assert result.counts == {RowState.DONE: 299, RowState.REFUSED: 1}
    kept = read_journal(tmp_path / "j").rows[249].result
    assert (kept.attempts, "the trunk changed since the plan was made: sip_prefix" in kept.reason) == (0, True)


async def test_rows_in_no_order_are_sent_page_by_page(sandbox, client, tmp_path):
    ids = [n for start in range(1, 101) for n in (start + 200, start, start + 100)]
    plan = make_plan([row(n, n, sip_prefix="9") for n in ids], await list_trunks(client))
    before = len(sandbox.requests)
    assert (await Job(client, plan, tmp_path / "j", JobOptions(concurrency=1)).run()).ok
    sent = [request for request in list(sandbox.requests)[before:] if request.path.endswith("/update")]
    assert [(request.key_id - 1) // 100 for request in sent] == [0] * 100 + [1] * 100 + [2] * 100
    queries = len(sandbox.requests) - before - len(sent)
    assert queries == 3 + 3  # the look before the first update, and each page once
