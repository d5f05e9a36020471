"""`itnio trunks set`: give the same values to all trunks that are meant, as a job."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from itnio_async import AsyncClient, InvalidRequestError, SipTrunk
from itnio_async.bulk import Identity, JournalContents, list_trunks, make_plan
from itnio_async.bulk.trunks.assignments import changes_to, place_of, values_of
from itnio_async.bulk.trunks.reading import Reading
from itnio_async.bulk.trunks.where import Condition, chosen
from itnio_async.cli.account import AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import CommandError
from itnio_async.cli.trunks.fields import WhereOptions
from itnio_async.cli.trunks.file_options import SkipInvalidOption
from itnio_async.cli.trunks.job_end import told_at_the_end
from itnio_async.cli.trunks.job_options import (
    CanaryOption,
    ConsentOptions,
    ForceOption,
    JobRunOptions,
    RetryOption,
    SessionOptions,
)
from itnio_async.cli.trunks.prepared_job import ChosenJob, PreparedJob
from itnio_async.cli.trunks.report_files import ReportFileOptions
from itnio_async.cli.trunks.session import carry_out
from itnio_async.cli.trunks.when import WhenOptions


def set_trunks(
    assignments: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD=VALUE...",
            help="What the trunks shall have, such as sip_gateway_ip=10.0.0.9 or prefix=00; nothing after the sign "
            "empties the field. Agent groups are group=1000026, or with their numbers group='1000026:0049301;1000027'.",
        ),
    ],
    *,
    where: WhereOptions,
    all: Annotated[bool, typer.Option("--all", help="All trunks of the account, without any --where.")] = False,
    how: SessionOptions,
    files: ReportFileOptions,
    skip_invalid: SkipInvalidOption = False,
    canary: CanaryOption = 0,
    force: ForceOption = False,
    retry_refused: RetryOption = False,
    consent: ConsentOptions,
    time: WhenOptions,
    run: JobRunOptions,
    account: AccountOptions,
) -> int:
    """Give the same values to all trunks for which --where holds; what is not given stays as it is.

    This is a whole job, as of a file: it shows how many trunks would be updated, and asks; it has a journal, a report
    and an undo. If it is cut off, run the same command again: it goes on with the trunks that it began with, also if
    --where does not hold for them any more.

    Exits as `apply` does.
    """
    with told_at_the_end(_name(assignments, where.where or ()), files, needed=[run.journal], how=how) as known:
        conditions = where.conditions()
        if bool(conditions) is all:
            raise CommandError(
                "--all and --where are both given." if all else "it is not said which trunks are meant.",
                "give --where FIELD=VALUE, or --all for all trunks of the account.",
            )
        values = _values(assignments)
        when = time.when()
        job = run.job_options(
            force=force,
            retry_refused=retry_refused,
            skip_invalid=skip_invalid,
            accept_zeros=True,  # a person has typed it
            allow_swap_names=consent.allow_swap_names,
            canary=canary,
            until=when.until,
        )

        async def prepare(client: AsyncClient, identity: Identity) -> PreparedJob:
            trunks = await list_trunks(client, reading=Reading(job.patience))
            journals = ChosenJob("set", [*assignments, "where", *map(str, conditions)], identity, run.journal)
            changes = changes_to(assignments, values, _meant(trunks, conditions, journals.going_on()))
            return PreparedJob(
                plan=make_plan(changes, trunks, accept_zeros=True, allow_swap_names=job.allow_swap_names),
                trunks=trunks,
                journal=journals.path(changes),
                name=known.name,
                options=job,
                is_chosen=True,
                check=consent.require_few,
            )

        return run_on_loop(carry_out(account.access(), prepare, job, dask=run.dask, how=how, known=known, when=when))


def _values(assignments: Sequence[str]) -> Mapping[str, Any]:
    try:
        return values_of(assignments)
    except InvalidRequestError as error:
        raise CommandError(str(error.args[0]), "`itnio trunks set --help` has examples. Nothing was sent.") from None


def _name(assignments: Sequence[str], conditions: Sequence[object]) -> str:
    """Return the command as the journal names it, so that it can be given again."""
    options = [f"--where {shlex.quote(str(condition))}" for condition in conditions] or ["--all"]
    return " ".join([place_of([shlex.quote(text) for text in assignments]), *options])


def _meant(
    trunks: Sequence[SipTrunk], conditions: Sequence[Condition], going_on: JournalContents | None
) -> list[SipTrunk]:
    """Return the trunks that are meant; a job that goes on has those that it began with."""
    if going_on is None:
        return chosen(trunks, conditions)
    begun_with = {row.key_id for row in going_on.rows}
    return [trunk for trunk in trunks if trunk.key_id in begun_with]
