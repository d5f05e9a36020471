"""`itnio trunks undo`: give the trunks back the values that they had before a job."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from itnio_async import AsyncClient, SipTrunk
from itnio_async.bulk import (
    Identity,
    JobOptions,
    JournalContents,
    Skipped,
    Undo,
    default_journal_path,
    digest_of,
    list_trunks,
    plan_undo,
    read_journal,
)
from itnio_async.bulk.files.places import UNDO_OF
from itnio_async.bulk.journal.journal import has_journal
from itnio_async.bulk.trunks.reading import Reading
from itnio_async.cli.account import AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.output import json_line, say, visible
from itnio_async.cli.trunks.job_end import told_at_the_end
from itnio_async.cli.trunks.job_options import AmountOptions, CanaryOption, JobRunOptions, SessionOptions
from itnio_async.cli.trunks.plan_view import place_data
from itnio_async.cli.trunks.prepared_job import PreparedJob
from itnio_async.cli.trunks.report_files import ReportFileOptions
from itnio_async.cli.trunks.session import carry_out
from itnio_async.cli.trunks.when import WhenOptions
from itnio_async.text import counted, listed

# Of rows with the same reason, in the text for people; JSON has all.
_MOST_NAMED = 5


def undo_trunks(
    of: Annotated[Path, typer.Argument(metavar="JOURNAL", help="The journal of the job, as `apply` names it.")],
    *,
    how: SessionOptions,
    files: ReportFileOptions,
    canary: CanaryOption = 0,
    amount: AmountOptions,
    time: WhenOptions,
    run: JobRunOptions,
    account: AccountOptions,
) -> int:
    """Undo a job: give each trunk that it changed the values from before.

    Shows how many trunks would be updated, and asks. A trunk that has changed since the job is left alone and named.
    Passwords stay as they are, since no journal keeps them. The undo has a journal of its own: after a crash, run the
    same command again and it goes on.

    Exits as `apply` does; with 3 also if something stays that the job has changed, such as a password.
    """
    with told_at_the_end(f"{UNDO_OF}{of}", files, needed=[of, run.journal], how=how) as known:
        when = time.when()
        job = run.job_options(
            skip_invalid=True, accept_zeros=True, allow_swap_names=True, canary=canary, until=when.until
        )
        contents = read_journal(of)

        async def prepare(client: AsyncClient, identity: Identity) -> PreparedJob:
            trunks = await list_trunks(client, reading=Reading(job.patience))
            undo, journal = _undo(contents, trunks, identity, job, run.journal)
            _say_what_stays(undo)
            if how.json:
                _write_what_stays(undo)
            return PreparedJob(
                plan=undo.plan,
                trunks=trunks,
                journal=journal,
                name=f"{UNDO_OF}{contents.header.source}",
                options=job,
                check=amount.require_few,
            )

        return run_on_loop(carry_out(account.access(), prepare, job, dask=run.dask, how=how, known=known, when=when))


def _undo(
    contents: JournalContents, trunks: Sequence[SipTrunk], identity: Identity, job: JobOptions, journal: Path | None
) -> tuple[Undo, Path]:
    """Return what the undo does, and its journal: where there is one, the undo goes on."""
    undo = plan_undo(contents, trunks, identity, same_account=job.same_account)
    rows = digest_of(item.row for item in undo.plan)
    # The next job with the same journal can be undone again.
    which = hashlib.sha256(f"{rows} {contents.header.created}".encode()).hexdigest()
    journal = journal or default_journal_path(f"undo-{contents.path.stem}", which, identity)
    if has_journal(journal):
        begun = read_journal(journal)
        undo = plan_undo(contents, trunks, identity, same_account=job.same_account, begun=begun)
    return undo, journal


def _say_what_stays(undo: Undo) -> None:
    by_reason: dict[str, list[Skipped]] = {}
    for row in (*undo.skipped, *undo.secrets):
        by_reason.setdefault(row.reason, []).append(row)
    for reason, rows in by_reason.items():
        if len(rows) <= _MOST_NAMED:
            say("\n".join(map(visible, rows)))
        else:
            trunks = listed([row.key_id for row in rows], _MOST_NAMED)
            say(visible(f"{len(rows)} rows: {reason} (trunks {trunks})"))
    if undo.skipped:
        say(f"{counted(len(undo.skipped), 'row')} skipped.")


def _write_what_stays(undo: Undo) -> None:
    for verdict, rows in (("skipped", undo.skipped), ("secrets_kept", undo.secrets)):
        for row in rows:
            json_line(
                {
                    "verdict": verdict,
                    **place_data(row.place),
                    "key_id": row.key_id,
                    "trunk_name": row.trunk_name,
                    "reason": row.reason,
                }
            )
