"""`itnio trunks apply`: update the account's trunks to a file of trunks, or to a plan saved from one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import attrs
import typer

from itnio_async import AsyncClient
from itnio_async.bulk import (
    Identity,
    JobOptions,
    RowsRead,
    SavedPlan,
    default_journal_path,
    digest_of,
    list_trunks,
    make_plan,
    read_plan,
)
from itnio_async.bulk.files.source import STANDARD_INPUT
from itnio_async.bulk.plan.saved import is_saved_plan
from itnio_async.bulk.trunks.reading import Reading
from itnio_async.bulk.trunks.where import Condition
from itnio_async.cli.account import AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import REFUSED, CommandError
from itnio_async.cli.trunks.fields import MatchBy, WhereOptions
from itnio_async.cli.trunks.file_options import (
    AcceptZerosOption,
    FileOptions,
    SkipInvalidOption,
    TrunkFile,
    chosen_rows,
)
from itnio_async.cli.trunks.job_end import told_at_the_end
from itnio_async.cli.trunks.job_options import (
    CanaryOption,
    ConsentOptions,
    ForceOption,
    JobRunOptions,
    RetryOption,
    SessionOptions,
)
from itnio_async.cli.trunks.plan_view import write_bad_rows
from itnio_async.cli.trunks.prepared_job import ChosenJob, Prepare, PreparedJob
from itnio_async.cli.trunks.report_files import ReportFileOptions
from itnio_async.cli.trunks.session import carry_out
from itnio_async.cli.trunks.when import WhenOptions


def apply_trunks(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE|PLAN", help="A file of trunks as `plan` takes it, or a plan that it has saved."),
    ],
    *,
    how: SessionOptions,
    files: ReportFileOptions,
    skip_invalid: SkipInvalidOption = False,
    accept_zeros: AcceptZerosOption = False,
    canary: CanaryOption = 0,
    force: ForceOption = False,
    retry_refused: RetryOption = False,
    consent: ConsentOptions,
    time: WhenOptions,
    run: JobRunOptions,
    where: WhereOptions,
    form: FileOptions,
    account: AccountOptions,
) -> int:
    """Update the account's trunks to what a file of trunks says.

    Shows how many trunks would be updated, and asks. What becomes of each row is recorded in a journal: after Ctrl-C, a
    crash or a full disk, run the same command again and it goes on. Rows that are done or refused are not sent again;
    rows whose outcome is unknown are read back first. Ctrl-C once starts no more updates and waits for those in flight;
    Ctrl-C twice cancels them.

    Exits with 0 if every row is as wanted, 3 if rows were refused or are not as wanted any more, 5 if the outcome of
    some is unknown and none was refused, 4 if the canary failed, 2 if the time was up and rows are left, 130 after
    Ctrl-C.
    """
    trunk_file = TrunkFile(file, form)
    needed = [None if file == STANDARD_INPUT else file, form.secrets_from, run.journal]
    with told_at_the_end(trunk_file.full_name, files, needed=needed, how=how) as known:
        when = time.when()
        conditions = where.conditions()
        job = run.job_options(
            force=force,
            retry_refused=retry_refused,
            skip_invalid=skip_invalid,
            accept_zeros=accept_zeros,
            allow_swap_names=consent.allow_swap_names,
            canary=canary,
            until=when.until,
        )
        prepare: Prepare
        if is_saved_plan(file):
            if conditions:
                raise CommandError("--where chooses rows of a file, and this is a saved plan.", "give it to `plan`.")
            prepare = partial(_from_plan, read_plan(file), trunk_file, job, run, consent)
        else:
            known.source = trunk_file.source
            rows = trunk_file.read()
            known.changes, known.bad = rows.changes, rows.bad
            if rows.bad and not skip_invalid:
                if how.json:
                    write_bad_rows(rows.bad)
                return known.tell("refused", REFUSED)
            prepare = partial(_from_file, rows, trunk_file, job, run, consent, conditions)
        return run_on_loop(carry_out(account.access(), prepare, job, dask=run.dask, how=how, known=known, when=when))


async def _from_file(
    rows: RowsRead,
    file: TrunkFile,
    job: JobOptions,
    run: JobRunOptions,
    consent: ConsentOptions,
    conditions: Sequence[Condition],
    client: AsyncClient,
    identity: Identity,
) -> PreparedJob:
    consent.require_account(rows.accounts, identity, same_account=job.same_account)
    trunks = await list_trunks(client, reading=Reading(job.patience))
    journal = run.journal or default_journal_path(file.full_name, digest_of(rows.changes), identity)
    if conditions:
        what = [digest_of(rows.changes), *map(str, conditions)]
        journals = ChosenJob("where", what, identity, run.journal)
        rows = chosen_rows(rows, trunks, conditions, journals.going_on())
        journal = journals.path(rows.changes)
    plan = make_plan(rows.changes, trunks, accept_zeros=job.accept_zeros, allow_swap_names=job.allow_swap_names)
    consent.require_names(plan, is_of_account=bool(rows.accounts))
    return PreparedJob(
        plan=plan,
        trunks=trunks,
        journal=journal,
        name=file.full_name,
        options=job,
        source=file.source,
        bad=rows.bad,
        is_chosen=bool(conditions),
        check=consent.require_few,
    )


async def _from_plan(
    saved: SavedPlan,
    file: TrunkFile,
    job: JobOptions,
    run: JobRunOptions,
    consent: ConsentOptions,
    client: AsyncClient,
    identity: Identity,
) -> PreparedJob:
    """Plan again what a saved plan was made of, with the secrets from its source, and find out what changed since."""
    header = saved.header
    consent.require_account(header.accounts, identity, same_account=job.same_account)
    form = attrs.evolve(file.options, match=MatchBy(header.match))
    file = TrunkFile(header.source, form)
    secrets = file.rows().changes if saved.needs_source else ()
    changes = saved.changes(identity, secrets)
    trunks = await list_trunks(client, reading=Reading(job.patience))
    job = attrs.evolve(
        job,
        accept_zeros=job.accept_zeros or header.accept_zeros,
        allow_swap_names=job.allow_swap_names or header.allow_swap_names,
    )
    plan = make_plan(changes, trunks, accept_zeros=job.accept_zeros, allow_swap_names=job.allow_swap_names)
    consent.require_names(plan, is_of_account=bool(header.accounts))
    return PreparedJob(
        plan=plan,
        trunks=trunks,
        journal=run.journal or default_journal_path(str(saved.path), header.id, identity),
        name=header.source,
        options=job,
        source=file.source,
        plan_id=header.id,
        changed=saved.changed(identity, trunks),
        mark_applied=saved.begin,
        check=consent.require_few,
    )
