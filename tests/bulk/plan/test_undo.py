"""The way back from a journal."""

from __future__ import annotations

import asyncio

import attrs
import pytest
from support.fault_server import until
from support.trunks import row

from itnio_async import GroupBinding
from itnio_async.bulk.identity import identity_of
from itnio_async.bulk.job.job import Ended, Job, JobOptions
from itnio_async.bulk.journal.journal import Journal, JournalMismatchError, RowState, read_journal
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict
from itnio_async.bulk.plan.undo import plan_undo
from itnio_async.bulk.report.changes import changes_of
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.sandbox import Sandbox

ROWS = [
    row(2, 1, sip_trunk_name="trunk00002", sip_prefix="9"),
    row(3, 2, sip_trunk_name="free", group_list=[GroupBinding(voice_group_id=1000005, number="+15559999")]),
    row(4, 3, sip_password="made-up-new", sip_gateway_ip="10.50.0.1"),
    row(5, 5, sip_prefix="7"),
    row(6, 6, sip_prefix=""),
    row(7, 7, sip_prefix="4"),
]


@pytest.fixture
def sandbox():
    with Sandbox(trunks=8) as running:
        yield running


def settings(sandbox):
    return [attrs.evolve(trunk, updates=0, update_time="", sip_password=None) for trunk in sandbox.trunks]


async def applied(client, path, rows=ROWS, **options):
    return await Job(client, make_plan(rows, await list_trunks(client)), path, JobOptions(**options)).run()


async def undo(client, path, **options):
    return plan_undo(read_journal(path), await list_trunks(client), await identity_of(client), **options)


async def test_everything_but_the_secrets_is_as_before(sandbox, client, tmp_path):
    before = settings(sandbox)
    assert (await applied(client, tmp_path / "there")).ok
    assert settings(sandbox) != before
    back = await undo(client, tmp_path / "there")
    assert back.skipped == ()
    assert [str(one) for one in back.secrets] == [
        "trunks.csv line 4, trunk 3: sip_password stays as it is: the journal does not keep secrets"
    ]
    assert back.plan.counts == {Verdict.UPDATE: 5}
    result = await Job(client, back.plan, tmp_path / "back").run()
    assert result.ok
    assert settings(sandbox) == before
    assert sandbox.trunk(3).sip_password == "made-up-new"
    # Once undone, nothing is left to undo.
    again = await undo(client, tmp_path / "there")
    assert again.plan.counts == {Verdict.UNCHANGED: 5}
    assert again.skipped == ()


async def test_what_has_changed_since_is_listed_as_skipped(sandbox, client, tmp_path):
    await applied(client, tmp_path / "there")
    await client.sip_trunks.update((await list_trunks(client))[4].to_update(sip_prefix="6"))
    back = await undo(client, tmp_path / "there")
    assert [(one.key_id, one.reason) for one in back.skipped] == [(5, "it has changed since: sip_prefix")]
    (left_alone,) = back.plan.of(Verdict.REFUSED)
    assert (left_alone.key_id, left_alone.refusal.reason) == (5, "it has changed since: sip_prefix")
    await Job(client, back.plan, tmp_path / "back", JobOptions(skip_invalid=True)).run()
    assert sandbox.trunk(5).sip_prefix == "6"
    # Nor is it taken for what has drifted since the undo.
    await Job(
        client, (await undo(client, tmp_path / "there")).plan, tmp_path / "back", JobOptions(skip_invalid=True)
    ).run()
    assert sandbox.trunk(5).sip_prefix == "6"


async def test_what_changes_after_the_undo_is_left_alone_by_the_next_one(sandbox, client, tmp_path):
    await applied(client, tmp_path / "there")
    await Job(client, (await undo(client, tmp_path / "there")).plan, tmp_path / "back").run()
    await client.sip_trunks.update((await list_trunks(client))[4].to_update(sip_prefix="6"))
    plan = (await undo(client, tmp_path / "there")).plan
    result = await Job(client, plan, tmp_path / "back", JobOptions(skip_invalid=True)).run()
    assert result.counts == {RowState.UNCHANGED: 4, RowState.REFUSED: 1}
    assert sandbox.trunk(5).sip_prefix == "6"


async def test_an_undo_that_was_cut_off_goes_on_with_the_same_rows(sandbox, client, tmp_path):
    before = settings(sandbox)
    await applied(client, tmp_path / "there")
    order = sandbox.order("hold,endpoint=update")
    job = Job(client, (await undo(client, tmp_path / "there")).plan, tmp_path / "back", JobOptions(concurrency=2))
    running = asyncio.ensure_future(job.run())
    await order.reached(2)
    job.stop()
    order.release()
    assert (await running).ended is Ended.STOPPED
    # One more that somebody changed meanwhile is held back.
    trunk = next(trunk for trunk in await list_trunks(client) if trunk.key_id == 7)
    await client.sip_trunks.update(trunk.to_update(sip_prefix="6"))
    plan = (await undo(client, tmp_path / "there")).plan
    result = await Job(client, plan, tmp_path / "back", JobOptions(skip_invalid=True)).run()
    assert result.counts == {RowState.DONE: 4, RowState.REFUSED: 1}
    assert sandbox.trunk(7).sip_prefix == "6"
    assert [trunk for trunk in settings(sandbox) if trunk.key_id != 7] == [t for t in before if t.key_id != 7]


async def test_a_trunk_that_is_gone_is_skipped(client, tmp_path):
    await applied(client, tmp_path / "there")
    trunks = [trunk for trunk in await list_trunks(client) if trunk.key_id != 5]
    back = plan_undo(read_journal(tmp_path / "there"), trunks, await identity_of(client))
    assert [one.reason for one in back.skipped] == ["the trunk is not there any more"]


@pytest.mark.parametrize("processed", [True, False])
async def test_an_unknown_outcome_is_undone_if_it_took_effect(sandbox, client, tmp_path, processed):
    sandbox.order(f"half,key_id=5,endpoint=update,processed={str(processed).lower()}")
    await applied(client, tmp_path / "there", rounds=1)
    back = await undo(client, tmp_path / "there")
    (item,) = [item for item in back.plan if item.key_id == 5]
    assert item.verdict is (Verdict.UPDATE if processed else Verdict.UNCHANGED)
    assert back.skipped == ()


async def test_refused_rows_are_nothing_to_undo(sandbox, client, tmp_path):
    sandbox.order("minus23,endpoint=update")
    await applied(client, tmp_path / "there")
    back = await undo(client, tmp_path / "there")
    assert (len(back.plan), back.skipped, back.secrets) == (0, (), ())


async def test_another_account_and_a_journal_in_use_are_refused(sandbox, client, tmp_path):
    await applied(client, tmp_path / "there")
    contents = read_journal(tmp_path / "there")
    other = attrs.evolve(contents, header=attrs.evolve(contents.header, account="other"))
    trunks, identity = await list_trunks(client), await identity_of(client)
    with pytest.raises(JournalMismatchError, match="--same-account"):
        plan_undo(other, trunks, identity)
    assert plan_undo(other, trunks, identity, same_account=True).plan.has_changes
    journal = await Journal.open(tmp_path / "there", contents.header, [])
    try:
        with pytest.raises(JournalMismatchError, match="A run has the journal"):
            await undo(client, tmp_path / "there")
    finally:
        await journal.aclose()


# -- rows that a job sends a second time ------------------------------------------------------------------------------


def with_password(password):
    """A row that corrects a password and one that keeps the job from being over."""
    return [row(2, 3, sip_prefix="9", sip_password=password), row(3, 5, sip_prefix="9")]


async def opened_again(sandbox, client, path):
    """A journal whose first row is done, with a wrong password, and whose second row is open."""
    before = settings(sandbox)
    order = sandbox.order("drop,key_id=5,endpoint=update")
    await applied(client, path, with_password("made-up-wrong"), rounds=1)
    order.cancel()
    assert sandbox.trunk(3).sip_prefix == "9"
    return before


async def refused_at_the_second_time(sandbox, client, path, password="made-up-right"):
    sandbox.order("minus23,key_id=3,endpoint=update")
    result = await applied(client, path, with_password(password))
    assert result.counts == {RowState.REFUSED: 1, RowState.DONE: 1}


async def interrupted_before_the_second_time(sandbox, client, path):
    job = Job(client, make_plan(with_password("made-up-right"), await list_trunks(client)), path)
    order = sandbox.order("minus1,endpoint=update")
    assert (await job.run()).ended is Ended.ERROR
    order.cancel()
    assert read_journal(path).rows[0].state is RowState.WAITING


async def interrupted_at_the_second_time(sandbox, client, path):
    order = sandbox.order("hold,key_id=3,endpoint=update")
    job = Job(client, make_plan(with_password("made-up-right"), await list_trunks(client)), path)
    running = asyncio.ensure_future(job.run())
    await order.reached(1)
    job.stop_now()
    assert (await running).ended is Ended.CUT_OFF
    order.cancel()
    # The vendor carries it out all the same, after its client has gone.
    await until(lambda: any(request.fault == "hold" for request in sandbox.requests))
    assert read_journal(path).rows[0].state is RowState.UNKNOWN


async def done_at_the_second_time(sandbox, client, path):
    assert (await applied(client, path, with_password("made-up-right"))).ok


async def done_at_the_third_time(sandbox, client, path):
    await interrupted_at_the_second_time(sandbox, client, path)
    assert (await applied(client, path, with_password("made-up-again"))).ok


async def lost_and_then_refused(sandbox, client, path):
    order = sandbox.order("half,key_id=3,endpoint=update")
    await applied(client, path, with_password("made-up-right"), rounds=1)
    order.cancel()
    await refused_at_the_second_time(sandbox, client, path, "made-up-again")


@pytest.mark.parametrize("listed", ["clear", "masked"])
@pytest.mark.parametrize(
    "then",
    [
        refused_at_the_second_time,
        interrupted_before_the_second_time,
        interrupted_at_the_second_time,
        done_at_the_second_time,
        done_at_the_third_time,
        lost_and_then_refused,
    ],
)
async def test_what_a_job_did_before_it_sent_a_row_again_is_undone_too(sandbox, client, tmp_path, then, listed):
    sandbox.assumptions.listed_password = listed
    before = await opened_again(sandbox, client, tmp_path / "there")
    await then(sandbox, client, tmp_path / "there")
    assert sandbox.trunk(3).sip_prefix == "9"
    sandbox.assumptions.listed_password = "clear"  # an update needs it
    back = await undo(client, tmp_path / "there")
    assert back.skipped == ()
    assert 3 in {one.key_id for one in back.secrets}
    for order in sandbox.orders:
        order.cancel()
    assert (await Job(client, back.plan, tmp_path / "back").run()).ok
    assert settings(sandbox) == before
    # Once undone, nothing is left to undo.
    assert not (await undo(client, tmp_path / "there")).plan.has_changes


async def test_a_first_update_that_was_lost_and_then_refused_is_undone_where_it_took_effect(sandbox, client, tmp_path):
    sandbox.assumptions.listed_password = "masked"
    before = settings(sandbox)
    await lost_and_then_refused(sandbox, client, tmp_path / "there")
    sandbox.assumptions.listed_password = "clear"
    back = await undo(client, tmp_path / "there")
    assert back.skipped == ()
    for order in sandbox.orders:
        order.cancel()
    assert (await Job(client, back.plan, tmp_path / "back").run()).ok
    assert settings(sandbox) == before


async def test_what_somebody_changes_before_a_row_is_sent_again_is_skipped(sandbox, client, tmp_path):
    await opened_again(sandbox, client, tmp_path / "there")
    await client.sip_trunks.update((await list_trunks(client))[2].to_update(sip_prefix="6"))
    result = await applied(client, tmp_path / "there", with_password("made-up-right"))
    assert result.counts == {RowState.REFUSED: 1, RowState.DONE: 1}
    back = await undo(client, tmp_path / "there")
    assert [(one.key_id, one.reason) for one in back.skipped] == [(3, "it has changed since: sip_prefix")]


async def test_the_report_has_all_that_a_job_changed_on_a_trunk(sandbox, client, tmp_path):
    await opened_again(sandbox, client, tmp_path / "there")
    await done_at_the_second_time(sandbox, client, tmp_path / "there")
    ((_, changes), _) = changes_of(read_journal(tmp_path / "there").rows)
    assert list(map(str, changes)) == ["sip_prefix: (nothing) -> 9", "sip_password: (changed)"]
