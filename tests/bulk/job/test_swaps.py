"""Jobs in which trunks exchange their names: done, refused, stopped and killed in the middle, and undone."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from support.trunks import row

from bulk.job.test_job_any import Vendor, plans
from bulk.job.test_kill import Run
from itnio_async import AsyncClient, RetryPolicy
from itnio_async.bulk.identity import identity_of
from itnio_async.bulk.job.job import Ended, Job, JobOptions
from itnio_async.bulk.journal.journal import RowState, read_journal
from itnio_async.bulk.plan.conflicts import temporary_name
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict
from itnio_async.bulk.plan.undo import plan_undo
from itnio_async.bulk.report.report import report_of
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.sandbox import Sandbox

FIRST, SECOND, THIRD = (f"trunk{n:05d}" for n in (1, 2, 3))
SWAP = [row(2, 1, sip_trunk_name=SECOND, sip_prefix="9"), row(3, 2, sip_trunk_name=FIRST, sip_prefix="8")]
CIRCLE = [
    row(2, 1, sip_trunk_name=SECOND),
    row(3, 2, sip_trunk_name=THIRD, sip_prefix="8"),
    row(4, 3, sip_trunk_name=FIRST),
]
TEMPORARY = temporary_name(SECOND, 1, ())


@pytest.fixture
def sandbox():
    with Sandbox(trunks=8) as running:
        yield running


def names(sandbox):
    return [trunk.sip_trunk_name for trunk in sandbox.trunks][:3]


def sent(sandbox):
    return [request.key_id for request in sandbox.requests if request.path.endswith("/update")]


async def applied(client, path, rows=SWAP, **options):
    options = {"allow_swap_names": True, **options}
    plan = make_plan(rows, await list_trunks(client), allow_swap_names=options["allow_swap_names"])
    confirm = options.pop("confirm", None)
    return await Job(client, plan, path, JobOptions(skip_invalid=True, **options), confirm=confirm).run()


async def undone(client, path, back, begun=None):
    begun = read_journal(begun) if begun else None
    undo = plan_undo(read_journal(path), await list_trunks(client), await identity_of(client), begun=begun)
    return undo, await Job(client, undo.plan, back, JobOptions(skip_invalid=True)).run()


async def test_both_have_what_they_want_and_the_undo_exchanges_them_again(sandbox, client, tmp_path):
    def stands():
        return [attrs.evolve(trunk, updates=0, update_time="") for trunk in sandbox.trunks]

    before = stands()
    result = await applied(client, tmp_path / "there", verify=True)
    assert result.ok
    assert result.counts == {RowState.DONE: 2}
    assert (names(sandbox)[:2], sandbox.trunk(1).sip_prefix) == ([SECOND, FIRST], "9")
    assert sent(sandbox) == [1, 2, 1]
    kept = read_journal(tmp_path / "there").rows
    assert [(one.before["sip_trunk_name"], one.after["sip_trunk_name"]) for one in kept] == [
        (FIRST, SECOND),
        (SECOND, FIRST),
    ]
    assert {one.result.temporary for one in kept} == {None}
    assert report_of(read_journal(tmp_path / "there")).is_well
    # Again there is nothing to do.
    assert (await applied(client, tmp_path / "there")).ok
    assert len(sent(sandbox)) == 3
    # The leave is not asked for again.
    undo, result = await undone(client, tmp_path / "there", tmp_path / "back")
    assert (undo.skipped, result.ok, stands()) == ((), True, before)


async def test_the_progress_counts_a_row_once(sandbox, client, tmp_path):
    told = []
    plan = make_plan(SWAP, await list_trunks(client), allow_swap_names=True)
    result = await Job(client, plan, tmp_path / "rows", JobOptions(), on_progress=told.append).run()
    assert (result.progress.total, result.progress.done, told[-1].done) == (2, 2, 2)


async def test_without_leave_nothing_is_sent(sandbox, client, tmp_path):
    result = await applied(client, tmp_path / "rows", allow_swap_names=False)
    assert (result.counts, sent(sandbox)) == ({RowState.REFUSED: 2}, [])


async def test_where_the_first_update_is_refused_no_name_has_changed(sandbox, client, tmp_path):
    sandbox.order("minus22,endpoint=update,key_id=1")
    result = await applied(client, tmp_path / "rows")
    assert result.counts == {RowState.REFUSED: 2}
    assert (names(sandbox)[:2], sent(sandbox)) == ([FIRST, SECOND], [1])
    assert report_of(read_journal(tmp_path / "rows")).named_temporarily == ()


@pytest.mark.parametrize(("processed", "expected"), [("true", [1, 2, 1]), ("false", [1, 1, 2, 1])])
async def test_where_the_first_update_is_lost_it_is_looked_at_before_the_next(
    sandbox, client, tmp_path, processed, expected
):
    sandbox.order(f"half,endpoint=update,key_id=1,count=1,processed={processed}")
    assert (await applied(client, tmp_path / "rows")).ok
    assert (names(sandbox)[:2], sent(sandbox)) == ([SECOND, FIRST], expected)


async def test_refused_in_the_middle_the_trunk_with_the_temporary_name_is_named_and_what_to_do(
    sandbox, client, tmp_path
):
    path = tmp_path / "rows"
    refusing = sandbox.order("minus22,endpoint=update,key_id=2")
    result = await applied(client, path, CIRCLE)
    # The third had the free name already.
    assert (names(sandbox), result.counts) == ([TEMPORARY, SECOND, FIRST], {RowState.REFUSED: 2, RowState.DONE: 1})
    report = report_of(read_journal(path))
    assert [one.result.temporary for one in report.rows] == [TEMPORARY, None, None]
    assert (
        f"With a temporary name: trunk 1 ({TEMPORARY}). Run the same command again with --retry-refused, or undo the "
        "job." in report.verdict
    )
    assert next(iter(report.failed_rows())).reason.endswith(f"; the trunk has the temporary name {TEMPORARY!r}")
    # Nothing is sent again by itself, and it is still said.
    assert (await applied(client, path, CIRCLE)).counts == {RowState.REFUSED: 2, RowState.DONE: 1}
    assert report_of(read_journal(path)).named_temporarily[0].key_id == 1
    refusing.cancel()
    assert (await applied(client, path, CIRCLE, retry_refused=True)).ok
    assert names(sandbox) == [SECOND, THIRD, FIRST]
    assert (await undone(client, path, tmp_path / "back"))[1].ok
    assert names(sandbox) == [FIRST, SECOND, THIRD]


@pytest.mark.parametrize("rows", [SWAP, CIRCLE])
async def test_refused_in_the_middle_it_can_be_undone(sandbox, client, tmp_path, rows):
    refusing = sandbox.order("minus22,endpoint=update,key_id=2")
    await applied(client, tmp_path / "rows", rows)
    assert names(sandbox)[0] == TEMPORARY
    refusing.cancel()
    undo, result = await undone(client, tmp_path / "rows", tmp_path / "back")
    assert (undo.skipped, result.ok, names(sandbox)) == ((), True, [FIRST, SECOND, THIRD])
    assert sandbox.trunk(1).sip_prefix in (None, "")


async def test_the_last_update_refused_leaves_a_trunk_that_is_named_too(sandbox, client, tmp_path):
    path = tmp_path / "rows"
    plan = make_plan(SWAP, await list_trunks(client), allow_swap_names=True)
    held = sandbox.order("hold,endpoint=update,key_id=2")
    running = asyncio.ensure_future(Job(client, plan, path, JobOptions()).run())
    await held.reached(1)
    refusing = sandbox.order("minus22,endpoint=update,key_id=1")
    held.release()
    result = await running
    assert result.counts == {RowState.DONE: 1, RowState.REFUSED: 1}
    assert "temporary name: trunk 1" in report_of(read_journal(path)).verdict
    refusing.cancel()
    assert (await applied(client, path, retry_refused=True)).ok
    assert names(sandbox)[:2] == [SECOND, FIRST]


async def test_a_stopped_job_names_the_trunk_and_goes_on(sandbox, client, tmp_path):
    path = tmp_path / "rows"
    plan = make_plan(SWAP, await list_trunks(client), allow_swap_names=True)
    job = Job(client, plan, path, JobOptions())
    held = sandbox.order("hold,endpoint=update,key_id=1")
    running = asyncio.ensure_future(job.run())
    await held.reached(1)
    job.stop()
    held.release()
    held.cancel()
    assert (await running).ended is Ended.STOPPED
    assert names(sandbox)[:2] == [TEMPORARY, SECOND]
    report = report_of(read_journal(path))
    assert [one.state for one in report.rows] == [RowState.WAITING] * 2
    assert f"With a temporary name: trunk 1 ({TEMPORARY}). Run the same command again, or undo" in report.verdict
    assert report.reasons[0].meaning.startswith("names are exchanged")
    # Seen by the plan of what is left, too.
    rest = await Job(client, plan, path, JobOptions()).dry_run()
    assert [item.verdict for item in rest] == [Verdict.UPDATE] * 2
    assert rest.swaps == []
    # Without the leave: what is left needs none.
    assert (await applied(client, path, allow_swap_names=False)).ok
    assert sent(sandbox) == [1, 2, 1]
    assert [one.before["sip_trunk_name"] for one in read_journal(path).rows] == [FIRST, SECOND]
    assert (await undone(client, path, tmp_path / "back"))[1].ok
    assert names(sandbox)[:2] == [FIRST, SECOND]


async def test_a_change_of_somebody_else_meanwhile_is_one(sandbox, client, tmp_path):
    path = tmp_path / "rows"
    refusing = sandbox.order("minus22,endpoint=update,key_id=2")
    await applied(client, path)
    refusing.cancel()
    (first, *_) = await list_trunks(client)
    await client.sip_trunks.update(first.to_update(sip_gateway_ip="10.99.0.1"))
    result = await applied(client, path, retry_refused=True)
    kept = read_journal(path).rows[0].result
    assert not result.ok
    assert "sip_gateway_ip" in kept.reason
    assert kept.temporary == TEMPORARY


async def test_finished_by_hand_it_is_done(sandbox, client, tmp_path):
    path = tmp_path / "rows"
    refusing = sandbox.order("minus22,endpoint=update,key_id=2")
    await applied(client, path)
    refusing.cancel()
    first, second, *_ = await list_trunks(client)
    await client.sip_trunks.update(second.to_update(sip_trunk_name="other"))
    await client.sip_trunks.update(first.to_update(sip_trunk_name=SECOND))
    await applied(client, path, retry_refused=True, force=True)
    assert read_journal(path).rows[0].result.state is RowState.DONE
    assert read_journal(path).rows[0].result.temporary is None


@pytest.mark.parametrize("is_well", [True, False])
async def test_a_canary_of_names_alone_is_a_whole_circle(sandbox, client, tmp_path, is_well):
    rows = [*SWAP, row(4, 3, sip_trunk_name="trunk00004"), row(5, 4, sip_trunk_name=THIRD)]
    shown = []
    result = await applied(
        client, tmp_path / "rows", rows, canary=1, confirm=lambda read: shown.extend(read) or is_well
    )
    assert [(one.key_id, one.ok) for one in shown] == [(1, True), (2, True)]
    assert result.ok is is_well
    assert len(sent(sandbox)) == (6 if is_well else 3)
    assert [one.canary for one in read_journal(tmp_path / "rows").rows] == [True, True, False, False]


# -- killed -----------------------------------------------------------------------------------------------------------


def write_rows(path):
    path.write_text(f"keyId,sipTrunkName,sipPrefix\n1,{SECOND},9\n2,{FIRST},8\n")


@pytest.mark.parametrize("processed", ["true", "false"])
@pytest.mark.parametrize("update", [0, 1, 2])
async def test_killed_at_each_of_the_three_updates_it_goes_on(tmp_path, update, processed):
    rows, journal = tmp_path / "rows.csv", tmp_path / "rows.journal"
    write_rows(rows)
    with Sandbox(trunks=8) as sandbox:
        run = Run(sandbox, rows, journal)
        holds = "hold,endpoint=update,key_id={},processed={}"
        before_it = sandbox.order(holds.format(2, "false")) if update == 2 else None
        held = sandbox.order(holds.format((1, 2)[update], processed)) if update < 2 else None
        process = await run.start()
        if before_it is not None:
            await before_it.reached(1)
            held = sandbox.order(holds.format(1, processed))
            before_it.release()
            before_it.cancel()
        await held.reached(1)
        process.kill()
        await process.communicate()
        done = processed == "true"
        assert (
            names(sandbox)[:2]
            == {
                0: [TEMPORARY, SECOND] if done else [FIRST, SECOND],
                1: [TEMPORARY, FIRST] if done else [TEMPORARY, SECOND],
                2: [SECOND, FIRST] if done else [TEMPORARY, FIRST],
            }[update]
        )
        report = report_of(read_journal(journal))
        assert report.rows[0].result.temporary == TEMPORARY
        assert f"With a temporary name: trunk 1 ({TEMPORARY})" in report.verdict
        held.cancel()
        status, output = await run.to_its_end()
        assert (status, names(sandbox)[:2]) == (0, [SECOND, FIRST]), output
        assert (sandbox.trunk(1).sip_prefix, sandbox.trunk(2).sip_prefix) == ("9", "8")
        report = report_of(read_journal(journal))
        assert report.is_well or "cut off" not in report.verdict
        assert [(one.state, one.result.temporary) for one in report.rows] == [(RowState.DONE, None)] * 2
        assert [one.before["sip_trunk_name"] for one in report.rows] == [FIRST, SECOND]


# -- any exchange -----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    st.integers(2, 6).flatmap(lambda count: st.permutations(range(1, count + 1))),
    st.lists(st.integers(1, 8), max_size=2),
    st.lists(st.integers(1, 8), max_size=2),
    st.integers(1, 4),
    st.just({}) | plans,
)
def test_any_exchange_of_names_is_one_job_and_undone_by_another(order, stops, stops_back, concurrency, plans):
    """Stopped at any update, and refused or lost at any; the same command goes on."""
    asyncio.run(check(order, stops, stops_back, concurrency, {key: list(steps) for key, steps in plans.items()}))


async def check(order, stops, stops_back, concurrency, plans):
    vendor = Vendor(plans)
    wanted = {n: f"t{name}" for n, name in enumerate(order, 1)}
    rows = [row(n, n, sip_trunk_name=name, sip_prefix="9") for n, name in wanted.items()]
    options = JobOptions(concurrency=concurrency, allow_swap_names=True, retry_refused=True, max_failures=0)
    # Each time, the vendor fails at least one call fewer.
    times = [0] * (1 + sum(map(len, plans.values())))
    retry = RetryPolicy(attempts=1)

    def stands():
        return {n: (t["sipTrunkName"], t.get("sipPrefix") or "") for n, t in vendor.trunks.items()}

    before = stands()
    with tempfile.TemporaryDirectory() as directory:
        there, back = Path(directory) / "there", Path(directory) / "back"
        async with AsyncClient("key", "made-up-secret", transport=vendor, retry=retry) as client:

            async def way(plan, path, stop_after):
                job = Job(client, plan, path, options)
                left = stop_after

                def stop():
                    nonlocal left
                    left -= 1
                    if left == 0:
                        job.stop_now()

                vendor.on_update = stop
                return await job.run()

            for stop_after in [*stops, *times]:
                plan = make_plan(rows, await list_trunks(client), allow_swap_names=True)
                assert plan.bad_rows == []
                result = await way(plan, there, stop_after)
            assert result.ok, read_journal(there).rows
            assert stands() == {**before, **{n: (name, "9") for n, name in wanted.items()}}
            vendor.plans = {}
            for stop_after in [*stops_back, 0]:
                begun = read_journal(back) if back.exists() else None
                undo = plan_undo(read_journal(there), await list_trunks(client), await identity_of(client), begun=begun)
                assert undo.skipped == ()
                result = await way(undo.plan, back, stop_after)
            assert result.ok, result
            assert stands() == before
    assert vendor.clashes == 0
