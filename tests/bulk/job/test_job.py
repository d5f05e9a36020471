"""A plan applied to the sandbox: in order, with every row accounted for, stopped and gone on with."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import count

import attrs
import pytest
from support.programs import until
from support.trunks import row

from itnio_async import (
    AsyncClient,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    ConnectError,
    ConnectionLost,
    RetryPolicy,
)
from itnio_async.bulk.files.places import BadRows
from itnio_async.bulk.identity import identity_of
from itnio_async.bulk.job.again import begun_again
from itnio_async.bulk.job.job import Ended, Job, JobOptions
from itnio_async.bulk.journal.journal import (
    Journal,
    JournalError,
    JournalFinishedError,
    JournalMismatchError,
    RowState,
    read_journal,
)
from itnio_async.bulk.journal.table import Table
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict
from itnio_async.bulk.report.report import report_of
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.sandbox import Sandbox

TRUNKS = 40
QUICK = RetryPolicy(attempts=1)


@pytest.fixture
def sandbox():
    with Sandbox(trunks=TRUNKS) as running:
        yield running


@pytest.fixture
async def client(sandbox):
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url, retry=QUICK) as client:
        yield client


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.journal"


def prefixes(count=TRUNKS, value="9"):
    return [row(n + 1, n, sip_prefix=value) for n in range(1, count + 1)]


async def planned(client, rows, **options):
    return make_plan(rows, await list_trunks(client), **options)


async def apply(client, rows, path, *, plan=None, confirm=None, on_progress=None, changed=(), **options):
    plan = plan or await planned(client, rows)
    job = Job(client, plan, path, JobOptions(**options), confirm=confirm, on_progress=on_progress, changed=changed)
    return await job.run()


def updates(sandbox):
    """How often each trunk was to be updated."""
    return Counter(request.key_id for request in sandbox.requests if request.path.endswith("/update"))


def states(path):
    return {row.id: row.state for row in read_journal(path).rows}


# -- in the ordinary run ----------------------------------------------------------------------------------------------


async def test_every_row_is_done_and_has_one_outcome(sandbox, client, path):
    result = await apply(client, prefixes(), path)
    assert (result.ended, result.error, result.counts) == (Ended.FINISHED, None, {RowState.DONE: TRUNKS})
    assert result.ok
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}
    assert set(updates(sandbox).values()) == {1}
    for kept in read_journal(path).rows:
        assert kept.before["sip_prefix"] is None
        assert kept.after == {"sip_prefix": "9"}
        assert kept.result.attempts == 1
        assert kept.result.ended > 0
    assert "made-up-password" not in path.read_bytes().decode("latin-1")


async def test_the_same_again_sends_nothing(sandbox, client, path):
    await apply(client, prefixes(), path)
    before = updates(sandbox)
    result = await apply(client, prefixes(), path)
    assert result.ok
    assert updates(sandbox) == before


@pytest.mark.parametrize(
    "drift",
    [
        {"sip_prefix": "8"},
        {"sip_prefix": ""},
        {"sip_gateway_ip": "10.8.8.8"},
        {"sip_password": "made-up-other"},
    ],
)
@pytest.mark.parametrize("stood", [False, True])
async def test_what_drifted_is_set_right_by_the_same_again(sandbox, client, path, drift, stood):
    rows = [row(n, n, sip_prefix="9", sip_gateway_ip=f"10.9.9.{n}", sip_password="made-up-1") for n in (1, 3)]
    if stood:
        assert (await apply(client, rows, path.with_name("before"))).ok
    assert (await apply(client, rows, path)).ok
    first = read_journal(path)
    before = updates(sandbox)
    await client.sip_trunks.update((await list_trunks(client))[2].to_update(**drift))
    dry = await Job(client, await planned(client, rows), path).dry_run()
    assert [item.key_id for item in dry.of(Verdict.UPDATE)] == [3]
    result = await apply(client, rows, path)
    assert result.ok
    assert result.counts == {RowState.DONE: 1, RowState.UNCHANGED: 1}
    assert updates(sandbox) == before + Counter([3, 3])
    trunk = sandbox.trunk(3)
    assert (trunk.sip_prefix, trunk.sip_gateway_ip, trunk.sip_password) == ("9", "10.9.9.3", "made-up-1")
    report = report_of(read_journal(path))
    assert (report.drifted, [kept.drifted for kept in report.rows]) == (1, [False, True])
    # The journal of before is as it was.
    (kept,) = path.parent.glob(f"{path.name}-*")
    assert result.notes == (f"The journal of the job before is now {kept}.",)
    assert (read_journal(kept).rows, read_journal(kept).header) == (first.rows, first.header)
    assert kept.stat().st_mode & 0o777 == 0o600


async def test_switching_to_and_fro_with_the_same_files(sandbox, client, tmp_path):
    rows = {name: [row(2, 5, sip_gateway_ip=gateway)] for name, gateway in (("a", "10.9.9.9"), ("b", "10.0.0.5"))}
    for name in "abababa":
        assert (await apply(client, rows[name], tmp_path / name)).counts == {RowState.DONE: 1}
        assert sandbox.trunk(5).sip_gateway_ip == rows[name][0].values["sip_gateway_ip"]
    # Journals whose last change was in the same second all have names of their own.
    assert len(list(tmp_path.glob("a-*"))) == 3


async def test_what_a_hidden_password_is_by_now_cannot_be_seen(sandbox, client, path):
    sandbox.assumptions.listed_password = "masked"
    rows = [row(n, n, sip_prefix="9", sip_password="made-up-1") for n in (1, 3, 5)]
    assert (await apply(client, rows, path)).ok
    await client.sip_trunks.update((await list_trunks(client))[2].to_update(sip_password="made-up-2"))
    before = updates(sandbox)
    assert (await apply(client, rows, path)).ok
    assert updates(sandbox) == before
    # Another row's drift is no reason to send it, but another password in the file is.
    await client.sip_trunks.update((await list_trunks(client))[0].to_update(sip_prefix="8", sip_password="made-up-1"))
    rows[2] = row(5, 5, sip_prefix="9", sip_password="made-up-3")
    assert (await apply(client, rows, path)).counts == {RowState.DONE: 2, RowState.UNCHANGED: 1}
    assert updates(sandbox) == before + Counter([1, 1, 5])
    assert [sandbox.trunk(n).sip_password for n in (1, 3, 5)] == ["made-up-1", "made-up-2", "made-up-3"]


async def test_a_trunk_that_is_gone_since_is_a_bad_row(sandbox, client, path):
    rows = prefixes(2)
    await apply(client, rows, path)
    plan = make_plan(rows, (await list_trunks(client))[:1])
    identity = await identity_of(client)
    contents = read_journal(path)
    trunks = (await list_trunks(client))[:1]
    with pytest.raises(BadRows, match="no trunk of the account has the key id 2"):
        begun_again(contents, plan, trunks, identity, skip_invalid=False)
    again = begun_again(contents, plan, trunks, identity, skip_invalid=True)
    assert [back.found for back in again.drifted] == [False]


async def test_bad_rows_of_a_new_job_leave_the_journal_as_it_is(sandbox, client, path):
    rows = [row(2, 1, sip_trunk_name="wanted")]
    assert (await apply(client, rows, path)).ok
    trunks = await list_trunks(client)
    await client.sip_trunks.update(trunks[0].to_update(sip_trunk_name="other"))
    await client.sip_trunks.update(trunks[1].to_update(sip_trunk_name="wanted"))
    before = read_journal(path)
    with pytest.raises(BadRows, match="keeps it"):
        await apply(client, rows, path)
    assert read_journal(path) == before
    assert [file.name for file in path.parent.glob(f"{path.name}*")] == [path.name, f"{path.name}.lock"]


async def test_a_saved_plan_that_was_applied_is_to_be_made_again(client, path):
    plan = await planned(client, prefixes(8))
    await Job(client, plan, path, plan_id="p").run()
    for trunk in (await list_trunks(client))[:8]:
        await client.sip_trunks.update(trunk.to_update(sip_prefix="8"))
    for attempt in (Job(client, plan, path, plan_id="p").run, Job(client, plan, path, plan_id="p").dry_run):
        with pytest.raises(JournalFinishedError, match="make it again") as caught:
            await attempt()
        assert str(caught.value).count("sip_prefix is 8, not 9") == 5
        assert "and 3 more" in str(caught.value)


async def test_what_was_refused_stays_so_in_a_new_job(sandbox, client, path):
    order = sandbox.order("minus23,key_id=7")
    await apply(client, prefixes(), path)
    order.cancel()
    await client.sip_trunks.update((await list_trunks(client))[0].to_update(sip_prefix="8"))
    again = await apply(client, prefixes(), path)
    assert again.counts == {RowState.DONE: 1, RowState.UNCHANGED: TRUNKS - 2, RowState.REFUSED: 1}
    assert [sandbox.trunk(n).sip_prefix for n in (1, 7)] == ["9", None]
    assert read_journal(path).rows[6].result.code == -23
    await client.sip_trunks.update((await list_trunks(client))[0].to_update(sip_prefix="8"))
    assert (await apply(client, prefixes(), path, retry_refused=True)).ok
    assert [sandbox.trunk(n).sip_prefix for n in (1, 7)] == ["9", "9"]


async def test_a_job_that_has_not_ended_goes_on_whatever_changed(sandbox, client, path):
    order = sandbox.order("minus18,key_id=7")
    await apply(client, prefixes(), path)
    order.cancel()
    await client.sip_trunks.update((await list_trunks(client))[0].to_update(sip_prefix="8"))
    result = await apply(client, prefixes(), path)
    assert (result.ok, [back.key_id for back in result.not_as_wanted]) == (False, [1])
    assert [sandbox.trunk(n).sip_prefix for n in (1, 7)] == ["8", "9"]
    assert (await apply(client, prefixes(), path)).counts[RowState.DONE] == 1
    assert sandbox.trunk(1).sip_prefix == "9"


async def test_what_needs_nothing_is_not_sent(sandbox, client, path):
    plan = await planned(client, prefixes())
    await client.sip_trunks.update((await list_trunks(client))[4].to_update(sip_prefix="9"))
    result = await apply(client, [], path, plan=plan)
    assert result.counts == {RowState.DONE: TRUNKS - 1, RowState.UNCHANGED: 1}
    assert updates(sandbox)[5] == 1


async def test_updates_go_in_the_order_of_what_they_need(sandbox, client, path):
    chain = 20
    rows = [row(n, n, sip_trunk_name=f"trunk{n + 1:05d}", sip_prefix="1") for n in range(1, chain)]
    rows += [row(chain, chain, sip_trunk_name="free")]
    result = await apply(client, rows, path, concurrency=30)
    assert result.ok
    order = [request.key_id for request in sandbox.requests if request.path.endswith("/update")]
    assert order == list(range(chain, 0, -1))


async def test_bad_rows_stop_everything_unless_they_are_skipped(sandbox, client, path):
    rows = [*prefixes(2), row(9, 9999, sip_prefix="1"), row(10, 5, sip_gateway_ip="")]
    with pytest.raises(BadRows, match=r"2 rows cannot be sent(?s:.*)line 9(?s:.*)line 10") as caught:
        await apply(client, rows, path)
    assert [bad.place.line for bad in caught.value.rows] == [9, 10]
    assert not updates(sandbox)
    result = await apply(client, rows, path, skip_invalid=True)
    assert result.counts == {RowState.DONE: 2, RowState.REFUSED: 2}
    assert not result.ok
    assert [kept.result.attempts for kept in read_journal(path).rows if kept.state is RowState.REFUSED] == [0, 0]


async def test_a_trunk_that_changed_since_the_plan_is_not_overwritten_without_force(sandbox, client, path, tmp_path):
    plan = await planned(client, prefixes(3))
    await client.sip_trunks.update((await list_trunks(client))[0].to_update(sip_trunk_name="renamed"))
    result = await apply(client, [], path, plan=plan)
    assert result.counts == {RowState.DONE: 2, RowState.REFUSED: 1}
    (refused,) = [kept for kept in read_journal(path).rows if kept.state is RowState.REFUSED]
    assert "changed since the plan was made: sip_trunk_name" in refused.result.reason
    assert sandbox.trunk(1).sip_prefix is None
    forced = await apply(client, [], tmp_path / "forced", plan=plan, force=True)
    assert forced.ok
    assert (sandbox.trunk(1).sip_trunk_name, sandbox.trunk(1).sip_prefix) == ("renamed", "9")
    assert read_journal(tmp_path / "forced").rows[0].before["sip_trunk_name"] == "renamed"


async def test_what_changed_since_a_saved_plan_stays_so_also_when_gone_on_with(sandbox, client, path):
    result = await apply(client, prefixes(2), path, changed={1})
    assert result.counts == {RowState.DONE: 1, RowState.REFUSED: 1}
    assert (await apply(client, prefixes(2), path)).counts == result.counts
    assert sandbox.trunk(1).sip_prefix is None


async def test_progress_is_told_up_to_the_end(sandbox, client, path):
    sandbox.order("minus23,key_id=7")
    told = []
    await apply(client, prefixes(), path, on_progress=told.append)
    last = told[-1]
    assert (last.total, last.done, last.failed, last.unknown, last.under_way) == (TRUNKS, TRUNKS - 1, 1, 0, 0)
    assert last.remaining == 0
    assert [(failure.place.line, failure.result.code) for failure in last.failures] == [(8, -23)]
    assert [one.finished for one in told] == sorted(one.finished for one in told)


async def test_retries_are_counted(sandbox, path):
    sandbox.order("minus18,key_id=7,count=2")
    told = []
    retry = RetryPolicy(initial=0)
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url, retry=retry) as client:
        assert (await apply(client, prefixes(), path, on_progress=told.append)).ok
    assert told[-1].retried == 2


# -- the canary -------------------------------------------------------------------------------------------------------


async def test_a_canary_that_is_not_confirmed_is_the_same_rows_again(sandbox, client, path):
    shown = []

    def confirm(rows):
        shown.append([row.key_id for row in rows])
        return len(shown) == 3

    for _ in range(2):
        result = await apply(client, prefixes(), path, canary=3, confirm=confirm)
        assert (result.ended, result.counts[RowState.DONE]) == (Ended.CANARY, 3)
    assert (await apply(client, prefixes(), path, canary=3, confirm=confirm)).ok
    assert shown == [[1, 2, 3]] * 3
    assert set(updates(sandbox).values()) == {1}


async def test_a_canary_that_is_refused_keeps_the_others_back(sandbox, client, path):
    order = sandbox.order("minus22,key_id=2")
    asked = []

    def confirm(rows):
        asked.append([row.state for row in rows])
        return all(row.ok and row.state is RowState.DONE for row in rows)

    assert (await apply(client, prefixes(), path, canary=3, confirm=confirm)).ended is Ended.CANARY
    order.cancel()
    before = updates(sandbox)
    again = await apply(client, prefixes(), path, canary=3, confirm=confirm)
    assert (again.ended, again.counts) == (
        Ended.CANARY,
        {RowState.DONE: 2, RowState.REFUSED: 1, RowState.WAITING: TRUNKS - 3},
    )
    assert (updates(sandbox), len(asked)) == (before, 1)
    assert (await apply(client, prefixes(), path, canary=3, confirm=confirm, retry_refused=True)).ok
    assert asked[1] == [RowState.DONE] * 3
    assert updates(sandbox) == Counter(dict.fromkeys(range(1, TRUNKS + 1), 1)) + Counter([2])


async def test_a_canary_of_unknown_outcome_is_read_back_and_shown_again(sandbox, client, path):
    sandbox.order("half,key_id=2,count=1,processed=false")
    shown = []

    def confirm(rows):
        shown.append([(row.key_id, row.state, row.ok) for row in rows])
        return all(row.ok for row in rows)

    assert (await apply(client, prefixes(), path, canary=2, confirm=confirm)).ended is Ended.CANARY
    assert (await apply(client, prefixes(), path, canary=2, confirm=confirm)).ok
    done = (1, RowState.DONE, True)
    assert shown == [[done, (2, RowState.UNKNOWN, False)], [done, (2, RowState.DONE, True)]]


async def test_a_larger_canary_has_more_rows(client, path):
    shown = []

    def confirm(rows):
        shown.append([row.key_id for row in rows])
        return False

    for rows in (1, 3, 2):
        await apply(client, prefixes(), path, canary=rows, confirm=confirm)
    assert shown == [[1], [1, 2, 3], [1, 2, 3]]


# -- refused, unknown, and neither ------------------------------------------------------------------------------------


async def test_refused_rows_are_sent_again_only_if_asked_to(sandbox, client, path):
    order = sandbox.order("minus23,key_id=7")
    result = await apply(client, prefixes(), path)
    assert result.counts == {RowState.DONE: TRUNKS - 1, RowState.REFUSED: 1}
    (refused,) = [kept for kept in read_journal(path).rows if kept.state is RowState.REFUSED]
    assert (refused.result.code, refused.result.error, refused.result.reason) == (-23, "QuotaError", "Data caps")
    order.cancel()
    assert (await apply(client, prefixes(), path)).counts == result.counts
    assert updates(sandbox)[7] == 1
    assert (await apply(client, prefixes(), path, retry_refused=True)).ok
    assert updates(sandbox) == {**dict.fromkeys(range(1, TRUNKS + 1), 1), 7: 2}


@pytest.mark.parametrize("processed", [True, False])
@pytest.mark.parametrize("fault", ["minus18", "garbage", "half", "page"])
async def test_an_unknown_outcome_is_read_back_and_sent_only_if_it_does_not_stand(
    sandbox, client, path, fault, processed
):
    sandbox.order(f"{fault},key_id=7,count=1,processed={str(processed).lower()}")
    first = await apply(client, prefixes(), path, rounds=1)
    assert first.counts == {RowState.DONE: TRUNKS - 1, RowState.UNKNOWN: 1}
    second = await apply(client, prefixes(), path)
    assert second.ok
    assert second.counts == {RowState.DONE: TRUNKS}
    assert sandbox.trunk(7).updates == 1
    assert updates(sandbox)[7] == (1 if processed else 2)


async def test_unknown_outcomes_are_settled_in_the_same_run(sandbox, client, path):
    sandbox.order("half,endpoint=update,count=10")
    sandbox.order("half,endpoint=update,count=10,processed=false")
    result = await apply(client, prefixes(), path, concurrency=5)
    assert result.ok
    assert {trunk.updates for trunk in sandbox.trunks} == {1}
    assert result.progress.unknown == 0


async def test_a_minus_18_that_stays_is_an_unknown_outcome(sandbox, client, path):
    sandbox.order("minus18,key_id=7")
    result = await apply(client, prefixes(), path)
    assert result.counts == {RowState.DONE: TRUNKS - 1, RowState.UNKNOWN: 1}
    assert result.ended is Ended.FINISHED
    assert not result.ok
    assert updates(sandbox)[7] == 3


async def test_an_unknown_row_that_somebody_else_changed_is_not_overwritten(sandbox, client, path):
    order = sandbox.order("drop,key_id=7")
    await apply(client, prefixes(), path, rounds=1)
    order.cancel()
    await client.sip_trunks.update(
        (await list_trunks(client))[6].to_update(sip_gateway_ip="10.77.7.7", sip_password="x")
    )
    result = await apply(client, prefixes(), path)
    assert result.counts == {RowState.DONE: TRUNKS - 1, RowState.REFUSED: 1}
    assert "sip_gateway_ip" in next(k for k in read_journal(path).rows if k.state is RowState.REFUSED).result.reason


async def test_an_unknown_row_that_was_done_in_part_is_sent_again(sandbox, client, path):
    order = sandbox.order("minus18,key_id=7")
    rows = [row(2, 7, sip_prefix="9", sip_trunk_name="new")]
    await apply(client, rows, path, rounds=1, rate_limit=None)
    order.cancel()
    await client.sip_trunks.update((await list_trunks(client))[6].to_update(sip_prefix="9"))
    result = await apply(client, rows, path)
    assert result.ok
    assert sandbox.trunk(7).sip_trunk_name == "new"
    # What was before the job, and not before its second run.
    (kept,) = read_journal(path).rows
    assert kept.before["sip_prefix"] is None
    assert kept.after == {"sip_prefix": "9", "sip_trunk_name": "new"}


async def test_who_needs_a_row_that_failed_is_not_sent(sandbox, client, path):
    sandbox.order("minus23,key_id=2")
    rows = [row(2, 1, sip_trunk_name="trunk00002"), row(3, 2, sip_trunk_name="free"), row(4, 3, sip_prefix="1")]
    result = await apply(client, rows, path)
    assert updates(sandbox)[1] == 0
    assert states(path) == {0: RowState.REFUSED, 1: RowState.REFUSED, 2: RowState.DONE}
    assert [kept.result.code for kept in read_journal(path).rows] == [-47, -23, None]
    assert result.ended is Ended.FINISHED


async def test_a_wrong_secret_stops_the_job_and_refuses_no_row(sandbox, client, path):
    plan = await planned(client, prefixes())
    order = sandbox.order("minus1,endpoint=update")
    result = await apply(client, [], path, plan=plan, concurrency=4)
    assert result.ended is Ended.ERROR
    assert isinstance(result.error, AuthenticationError)
    assert result.counts == {RowState.WAITING: TRUNKS}
    assert 0 < updates(sandbox).total() <= 8
    order.cancel()
    assert (await apply(client, prefixes(), path)).ok


async def test_many_equal_refusals_stop_the_job(sandbox, client, path):
    sandbox.order("minus52,endpoint=update")
    result = await apply(client, prefixes(), path, max_failures=5, concurrency=2)
    assert result.ended is Ended.ERROR
    assert isinstance(result.error, ConflictError)
    assert 5 <= result.counts[RowState.REFUSED] <= 8
    assert result.counts[RowState.WAITING] == TRUNKS - result.counts[RowState.REFUSED]


async def test_a_vendor_that_is_restarted_costs_no_row(sandbox, client, path):
    plan = await planned(client, prefixes())
    halfway = asyncio.Event()
    job = Job(
        client, plan, path, JobOptions(concurrency=2), on_progress=lambda p: halfway.set() if p.done >= 1 else None
    )
    sandbox.order("wait,seconds=0.01,endpoint=update")
    running = asyncio.ensure_future(job.run())
    await halfway.wait()
    sandbox.stop()
    await until(lambda: job._ending.run is not None and job._ending.run.held_back == "no connection can be made")
    sandbox.start()
    result = await running
    assert result.ok, result
    assert {trunk.updates for trunk in sandbox.trunks} == {1}


async def test_a_vendor_that_stays_away_ends_the_job_and_leaves_the_rows_waiting(sandbox, client, path):
    plan = await planned(client, prefixes())
    order = sandbox.order("hold,endpoint=update")
    job = Job(client, plan, path, JobOptions(concurrency=2, patience=0.2, rounds=1))
    running = asyncio.ensure_future(job.run())
    await order.reached(2)
    sandbox.stop()
    result = await running
    assert result.ended is Ended.ERROR
    # What was under way may be lost before or after the patience of what waits.
    assert isinstance(result.error, ConnectError | ConnectionLost)
    assert result.counts == {RowState.UNKNOWN: 2, RowState.WAITING: TRUNKS - 2}
    order.cancel()
    sandbox.start()
    assert (await apply(client, prefixes(), path)).ok


@pytest.mark.parametrize("fault", ["drop", "half", "page,http_status=502", "hold"])
@pytest.mark.parametrize("rate_limit", ["auto", None])
async def test_a_vendor_that_answers_no_update_well_ends_the_job_and_leaves_most_rows_waiting(
    sandbox, path, fault, rate_limit
):
    order = sandbox.order(f"{fault},endpoint=update")
    async with AsyncClient(
        sandbox.api_key, sandbox.api_secret, base_url=sandbox.url, retry=QUICK, timeout=0.2
    ) as client:
        result = await apply(client, prefixes(), path, concurrency=2, patience=0.001, rate_limit=rate_limit)
        assert result.ended is Ended.ERROR
        assert result.error is not None
        assert result.counts.keys() == {RowState.UNKNOWN, RowState.WAITING}
        assert 2 <= result.counts[RowState.UNKNOWN] <= 10
        assert updates(sandbox).total() <= 10
        order.cancel()
        assert (await apply(client, prefixes(), path)).ok


async def test_a_journal_that_cannot_be_read_any_more_ends_the_job_with_what_the_run_knows(
    sandbox, client, path, monkeypatch
):
    """Also of rows that an earlier run has done."""
    order = sandbox.order("minus1,key_id=9,endpoint=update")
    await apply(client, prefixes(), path, concurrency=1)
    order.cancel()
    before = sum(trunk.updates for trunk in sandbox.trunks)
    plan = await planned(client, prefixes())
    left, settle = 5, Journal.settle

    def settle_and_overwrite(journal, row, result):
        nonlocal left
        settle(journal, row, result)
        left -= 1
        if left == 0:
            for one in (path, path.with_name(f"{path.name}-wal")):
                one.write_bytes(b"no journal " * 5000)

    monkeypatch.setattr(Journal, "settle", settle_and_overwrite)
    job = Job(client, plan, path, JobOptions(concurrency=2))
    result = await job.run()
    done = sum(trunk.updates for trunk in sandbox.trunks)
    assert (result.ended, type(result.error)) == (Ended.ERROR, JournalError)
    assert 0 < before < done
    # When SQLite notices is its own affair.
    assert (result.counts[RowState.DONE], result.counts.total()) == (done, TRUNKS)
    assert sum(known.state is RowState.DONE for known in job.results.values()) == done - before


# -- stopping ---------------------------------------------------------------------------------------------------------


async def held(sandbox, client, path, count=4, **options):
    """A job with `count` calls that the sandbox holds."""
    plan = await planned(client, prefixes())
    order = sandbox.order("hold,endpoint=update")
    job = Job(client, plan, path, JobOptions(concurrency=count, rate_limit=None, **options))
    running = asyncio.ensure_future(job.run())
    await order.reached(count)
    return job, running, order


async def test_stopped_once_it_finishes_what_is_under_way(sandbox, client, path):
    job, running, order = await held(sandbox, client, path)
    # What is under way, and a batch ahead.
    assert Counter(states(path).values()) == {RowState.SENT: 8, RowState.WAITING: TRUNKS - 8}
    job.stop()
    order.release()
    result = await running
    assert result.ended is Ended.STOPPED
    assert result.counts == {RowState.DONE: 4, RowState.WAITING: TRUNKS - 4}
    assert (await apply(client, prefixes(), path)).ok
    assert {trunk.updates for trunk in sandbox.trunks} == {1}


async def test_stopped_now_what_is_under_way_is_unknown_and_read_back_later(sandbox, client, path):
    job, running, order = await held(sandbox, client, path)
    job.stop()
    job.stop_now()
    result = await running
    assert result.ended is Ended.CUT_OFF
    assert result.counts == {RowState.UNKNOWN: 4, RowState.WAITING: TRUNKS - 4}
    reasons = [kept.result.reason for kept in read_journal(path).rows if kept.state is RowState.UNKNOWN]
    assert reasons == ["cut off"] * 4
    order.cancel()
    assert (await apply(client, prefixes(), path)).ok


async def test_a_job_that_is_cancelled_accounts_for_what_was_under_way(sandbox, client, path):
    _, running, order = await held(sandbox, client, path)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    order.cancel()
    assert Counter(states(path).values()) == {RowState.UNKNOWN: 4, RowState.WAITING: TRUNKS - 4}


async def test_a_callback_that_raises_does_not_end_the_job(sandbox, client, path, caplog):
    def fail(progress):
        raise ZeroDivisionError

    assert (await apply(client, prefixes(), path, on_progress=fail)).ok
    assert caplog.text.count("on_progress failed; the job goes on without it") == 1


async def test_stopped_before_it_began_it_sends_nothing(sandbox, client, path):
    job = Job(client, await planned(client, prefixes()), path)
    job.stop()
    result = await job.run()
    assert (result.ended, result.counts) == (Ended.STOPPED, {RowState.WAITING: TRUNKS})
    assert not updates(sandbox)


async def test_until_begins_nothing_after_its_time(sandbox, client, path):
    plan = await planned(client, prefixes())
    seconds = count(100)  # each look at the clock takes one
    job = Job(client, plan, path, JobOptions(concurrency=2, until=120.0), clock=lambda: float(next(seconds)))
    result = await job.run()
    assert result.ended is Ended.UNTIL
    assert 0 < result.counts[RowState.DONE] < TRUNKS
    assert result.counts[RowState.WAITING] == TRUNKS - result.counts[RowState.DONE]


# -- looking twice ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [True, False])
async def test_the_first_rows_go_first_and_are_shown(sandbox, client, path, answer):
    shown = []

    async def confirm(read_back):
        shown.extend(read_back)
        assert updates(sandbox).total() == 3
        return answer

    result = await apply(client, prefixes(), path, canary=3, confirm=confirm)
    assert [(back.key_id, back.state, back.ok) for back in shown] == [(n, RowState.DONE, True) for n in (1, 2, 3)]
    assert result.ended is (Ended.FINISHED if answer else Ended.CANARY)
    assert result.counts[RowState.DONE] == (TRUNKS if answer else 3)
    assert set(updates(sandbox).values()) == {1}


async def test_what_the_vendor_did_otherwise_is_seen_in_the_read_back(sandbox, client, path):
    sandbox.assumptions.null = "keeps"
    await client.sip_trunks.update((await list_trunks(client))[0].to_update(sip_prefix="5"))
    rows = [row(2, 1, sip_prefix=""), row(3, 2, sip_prefix="6")]
    result = await apply(client, rows, path, verify=True)
    (back,) = result.not_as_wanted
    assert (back.key_id, back.found) == (1, True)
    assert [str(change) for change in back.differences] == ["sip_prefix: 5 -> (nothing)"]
    assert result.counts == {RowState.DONE: 2}
    assert not result.ok
    assert [kept.verified for kept in read_journal(path).rows] == [False, True]


async def test_a_dry_run_lists_once_more_and_sends_nothing(sandbox, client, path):
    sandbox.order("minus23,key_id=7,count=1")
    plan = await planned(client, prefixes())
    assert (await Job(client, plan, path).dry_run()).counts == {Verdict.UPDATE: TRUNKS}
    assert not path.exists()
    await apply(client, [], path, plan=plan)
    assert len(await Job(client, plan, path).dry_run()) == 0
    (left,) = await Job(client, plan, path, JobOptions(retry_refused=True)).dry_run()
    assert (left.key_id, left.verdict) == (7, Verdict.UPDATE)
    assert updates(sandbox).total() == TRUNKS


async def test_a_dry_run_shows_what_the_job_would_hold_back(sandbox, client, path):
    """Trunk 1 gives its name up for trunk 3, and is renamed by somebody else; so is trunk 5."""
    name = sandbox.trunk(1).sip_trunk_name
    rows = [
        row(2, 1, sip_trunk_name="given-up"),
        row(3, 3, sip_trunk_name=name),
        *prefixes()[6:],
        row(99, 5, sip_prefix="9"),
    ]
    plan = await planned(client, rows)
    assert plan.items[1].needs == (0,)
    trunks = {trunk.key_id: trunk for trunk in await list_trunks(client)}
    for key_id in (1, 5):
        await client.sip_trunks.update(trunks[key_id].to_update(sip_prefix="77"))
    shown = await Job(client, plan, path, JobOptions(skip_invalid=True)).dry_run()
    held = [item for item in shown if item.refusal is not None]
    assert [(item.index, item.key_id, item.refusal.code) for item in held] == [
        (0, 1, None),
        (1, 3, -47),
        (len(rows) - 1, 5, None),
    ]
    assert "changed since the plan was made: sip_prefix" in held[0].refusal.reason
    assert [item.place.line for item in shown] == [item.place.line for item in plan]
    before = updates(sandbox).total()
    # And so it is.
    result = await apply(client, [], path, plan=plan)
    assert result.counts == {RowState.REFUSED: len(held), RowState.DONE: updates(sandbox).total() - before}
    assert {kept.key_id for kept in read_journal(path).rows if kept.state is RowState.REFUSED} == {1, 3, 5}
    forced = Job(client, plan, path.with_name("forced"), JobOptions(force=True))
    assert (await forced.dry_run()).bad_rows == []


@pytest.mark.parametrize(("force", "verdict"), [(False, Verdict.REFUSED), (True, Verdict.UPDATE)])
async def test_what_changed_since_a_saved_plan_is_not_overwritten_by_a_second_try(
    sandbox, client, path, force, verdict
):
    plan = await planned(client, prefixes(2))
    first = Job(client, plan, path, changed={1})
    (shown, _) = await first.dry_run()
    assert "not as the saved plan shows it" in shown.refusal.reason
    await first.run()
    again = Job(client, plan, path, JobOptions(retry_refused=True, force=force), changed={1})
    (shown,) = await again.dry_run()
    assert shown.verdict is verdict
    assert (await again.run()).ok is force
    assert (sandbox.trunk(1).sip_prefix == "9") is force


@pytest.mark.parametrize("shown", ["clear", "masked", "absent"])
async def test_rows_that_are_done_are_sent_again_with_another_password_only(sandbox, client, path, shown):
    sandbox.assumptions.listed_password = shown

    def rows(password):
        changes = [row(2, 3, sip_password=password, sip_prefix="1"), row(3, 7, sip_password="made-up-new-2")]
        return [*changes, row(4, 8, sip_prefix="2")]

    assert (await apply(client, rows("made-up-new-1"), path)).ok
    assert (await apply(client, rows("made-up-new-3"), path)).ok
    assert updates(sandbox) == {3: 2, 7: 1, 8: 1}
    assert [sandbox.trunk(n).sip_password for n in (3, 7)] == ["made-up-new-3", "made-up-new-2"]
    assert (await apply(client, rows("made-up-new-3"), path)).ok
    assert updates(sandbox) == {3: 2, 7: 1, 8: 1}
    assert "made-up" not in path.read_bytes().decode("latin-1")


async def test_a_dry_run_shows_the_rows_with_another_password(sandbox, client, path):
    assert (await apply(client, [row(2, 3, sip_password="made-up-new-1")], path)).ok
    plan = await planned(client, [row(2, 3, sip_password="made-up-new-2")])
    (item,) = await Job(client, plan, path).dry_run()
    assert (item.verdict, [change.name for change in item.changes]) == (Verdict.UPDATE, ["sip_password"])
    assert updates(sandbox) == {3: 1}


async def test_who_changed_a_done_trunk_is_not_overwritten_for_its_new_password(sandbox, client, path):
    order = sandbox.order("minus18,key_id=5")
    other = row(3, 5, sip_prefix="1")
    first = await apply(client, [row(2, 3, sip_password="made-up-new-1", sip_prefix="1"), other], path)
    assert first.counts == {RowState.DONE: 1, RowState.UNKNOWN: 1}  # so that the job goes on
    order.cancel()
    trunk = (await list_trunks(client))[2]
    await client.sip_trunks.update(trunk.to_update(sip_prefix="7", sip_password="made-up-new-1"))
    plan = await planned(client, [row(2, 3, sip_password="made-up-new-2", sip_prefix="1"), other])
    result = await apply(client, [], path, plan=plan)
    assert result.counts == {RowState.REFUSED: 1, RowState.DONE: 1}
    assert "changed since the plan was made: sip_prefix" in read_journal(path).rows[0].result.reason
    assert sandbox.trunk(3).sip_prefix == "7"


async def test_the_listing_hides_passwords_and_rows_that_give_them_are_done_once(sandbox, client, path):
    sandbox.assumptions.listed_password = "masked"
    rows = [row(2, 3, sip_password="made-up-new-1"), row(3, 7, sip_password="made-up-new-2")]
    sandbox.order("half,key_id=7,count=1")
    result = await apply(client, rows, path, verify=True)
    assert result.ok
    assert [sandbox.trunk(n).sip_password for n in (3, 7)] == ["made-up-new-1", "made-up-new-2"]
    # Whether a hidden password stands cannot be seen: sent again, which does no harm.
    assert updates(sandbox) == {3: 1, 7: 2}
    assert read_journal(path).rows[0].secrets == ("sip_password",)
    assert "made-up" not in "".join(file.read_bytes().decode("latin-1") for file in path.parent.iterdir())


# -- the journal ------------------------------------------------------------------------------------------------------


async def test_a_journal_of_other_rows_or_another_key_is_refused(sandbox, client, path):
    await apply(client, prefixes(2), path)
    with pytest.raises(JournalMismatchError, match="other rows"):
        await apply(client, prefixes(3), path)
    with pytest.raises(JournalMismatchError, match="other rows"):
        await Job(client, await planned(client, prefixes(3)), path).dry_run()
    sandbox.accounts["new-key"] = "made-up-new-secret"
    async with AsyncClient("new-key", "made-up-new-secret", base_url=sandbox.url) as other:
        with pytest.raises(JournalMismatchError, match="--same-account"):
            await apply(other, prefixes(2), path)
        assert (await apply(other, prefixes(2), path, same_account=True)).ok


async def test_a_disk_that_fills_up_ends_the_job_and_the_same_goes_on(sandbox, client, path, monkeypatch):
    written = Table.write

    def until_full(self, *states, **more):
        if updates(sandbox):
            raise JournalError("The journal cannot be used (database or disk is full).")
        written(self, *states, **more)

    with monkeypatch.context() as full:
        full.setattr(Table, "write", until_full)
        result = await apply(client, prefixes(), path, concurrency=2)
    assert result.ended is Ended.ERROR
    assert isinstance(result.error, JournalError)
    assert 0 < updates(sandbox).total() <= 4  # what was marked before
    assert (await apply(client, prefixes(), path)).ok
    assert {trunk.updates for trunk in sandbox.trunks} == {1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"max_failures": -1},
        {"canary": -1},
        {"rounds": 0},
        {"patience": 0},
        {"rate_limit": -1},
        {"until": "05:00"},
    ],
)
def test_options_that_cannot_be_are_refused_at_once(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        JobOptions(**wrong)


async def test_options_are_values(client):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        JobOptions().force = True
    with pytest.raises(ValueError, match="give confirm"):
        Job(client, make_plan([], []), "j", JobOptions(canary=1))
