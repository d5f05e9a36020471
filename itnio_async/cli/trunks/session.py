"""Carry out the job of `apply` or `undo`: show its plan, ask, run it, and show what became of it.

A command passes `carry_out` a function that makes a `PreparedJob` as soon as there is a client. `_Session` takes the
job through all steps, its methods in their order; `job_end` has the last one.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

import httpx
import typer
from attrs import field, frozen

from itnio_async import AsyncClient, config
from itnio_async.account import is_vendor
from itnio_async.bulk import (
    Identity,
    Job,
    JobOptions,
    JobResult,
    JournalContents,
    JournalFinishedError,
    JournalHeader,
    Plan,
    ReadBack,
    RowState,
    Verdict,
    digest_of,
    identity_of,
    read_journal,
)
from itnio_async.bulk.job.account_lock import require_free
from itnio_async.bulk.job.job import Bulk
from itnio_async.bulk.job.sending import paced_rate_of
from itnio_async.bulk.journal.journal import has_journal
from itnio_async.bulk.trunks.export import check_failed
from itnio_async.cli.account import Access
from itnio_async.cli.exits import INTERRUPTED, REFUSED_OR_UNKNOWN, CommandError
from itnio_async.cli.interrupts import interruptible, interrupts
from itnio_async.cli.output import counted, say, visible
from itnio_async.cli.trunks.cluster import calls_of_cluster
from itnio_async.cli.trunks.done_rows import DoneRows
from itnio_async.cli.trunks.job_end import tell_end
from itnio_async.cli.trunks.job_options import SessionOptions
from itnio_async.cli.trunks.job_view import (
    JobSummary,
    show_canary,
    show_dry_run,
    show_summary,
)
from itnio_async.cli.trunks.plan_view import say_bad_rows, status_of_plan, write_plan
from itnio_async.cli.trunks.prepared_job import PreparedJob
from itnio_async.cli.trunks.progress import PausableProgress, Tell
from itnio_async.cli.trunks.report_files import ReportFileOptions

Prepare = Callable[[AsyncClient, Identity], Awaitable[PreparedJob]]


def carry_out(
    access: Access,
    prepare: Prepare,
    job: JobOptions,
    *,
    dask: str | None,
    how: SessionOptions,
    files: ReportFileOptions,
) -> int:
    """Prepare a job, carry it out, and return the exit status; `dask` is the address of a cluster to make its calls."""
    return asyncio.run(_carry_out(access, prepare, job, dask, how, files))


async def _carry_out(
    access: Access, prepare: Prepare, job: JobOptions, dask: str | None, how: SessionOptions, files: ReportFileOptions
) -> int:
    async with _client(access, job) as client:
        identity = await identity_of(client)
        prepared = await prepare(client, identity)
        async with calls_of_cluster(None if how.dry_run else dask, identity, access, job) as bulk:
            session = _Session(client=client, identity=identity, job=prepared, how=how, files=files, bulk=bulk)
            try:
                return await session.carry_out()
            except JournalFinishedError as error:
                say("\n  ".join(map(visible, f"Error: {error}".splitlines())))
                return REFUSED_OR_UNKNOWN


def _client(access: Access, options: JobOptions) -> AsyncClient:
    """Return a client that admits as many calls as the job has in flight; the rate limit counts retries too."""
    at_once = max(config.LIMITS.max_connections or 0, options.concurrency)
    limits = httpx.Limits(
        max_connections=at_once,
        max_keepalive_connections=at_once,
        keepalive_expiry=config.LIMITS.keepalive_expiry,
    )
    at_most = paced_rate_of(options)
    return access.client(limits=limits, rate_limit=None if at_most is None else at_most.at_most)


@frozen(kw_only=True)
class _Session:
    """A job and everything that it is carried out with; `bulk` makes the calls instead of the client."""

    client: AsyncClient = field(repr=False)
    identity: Identity
    job: PreparedJob
    how: SessionOptions
    files: ReportFileOptions
    bulk: Bulk | None = None

    async def carry_out(self) -> int:
        """Take all steps and return the exit status."""
        job, how = self.job, self.how
        contents = read_journal(job.journal) if has_journal(job.journal) else None
        if contents is not None:
            self._require_same_rows(contents.header)
        elif job.plan.bad_rows and not job.options.skip_invalid:
            return self._refuse()
        if self.files.failed is not None and job.source is not None:
            check_failed(job.source, self.files.failed)
        is_as_planned = contents is None and not job.changed and not how.dry_run
        left = job.plan if is_as_planned else await self._bulk_job().dry_run(job.trunks, contents)
        if how.dry_run:
            show_dry_run(left, job.bad, json=how.json)
            return status_of_plan(left, job.bad)
        # Before anybody is asked, and before a saved plan counts as applied.
        await asyncio.to_thread(require_free, self.identity)
        done = self._summarize(left, contents)
        if left.has_changes and not how.yes and not self._is_wanted(left.counts[Verdict.UPDATE]):
            say("Nothing was sent.")
            return INTERRUPTED
        job.mark_applied(job.journal)
        return tell_end(job, await self._run(), done, how, self.files)

    # -- before it is sent --------------------------------------------------------------------------------------------

    def _require_same_rows(self, header: JournalHeader) -> None:
        """Refuse a journal of other rows before anything is said about it; the job itself checks all of it."""
        if header.rows != digest_of(item.row for item in self.job.plan) or header.plan != self.job.plan_id:
            raise CommandError(
                f"the journal {self.job.journal} belongs to other rows, from {header.source} as it was then.",
                "give another --journal, or the file or plan that it belongs to.",
            )

    def _refuse(self) -> int:
        say_bad_rows(self.job.plan.bad_rows)
        say("Nothing was sent. Correct the rows, or go on without them (--skip-invalid).")
        if self.how.json:
            write_plan(self.job.plan, self.job.bad, only_refused=True)
        return REFUSED_OR_UNKNOWN

    def _summarize(self, left: Plan, contents: JournalContents | None) -> DoneRows:
        """Say what is about to be sent; `contents` is the journal that the job resumes."""
        job, done = self.job, DoneRows()
        if contents is not None:
            say(f"Resuming the journal {visible(job.journal)}: rows that are done are not sent again.")
            done = DoneRows.compare(contents, job.plan, left, self.identity)
            for remark in done.remarks():
                say(remark)
        summary = JobSummary(
            plan=left,
            bad=job.bad,
            source=job.name,
            identity=self.identity,
            journal=job.journal,
            resumes=contents is not None,
            changed=done.changed,
        )
        show_summary(summary, json=self.how.json)
        if left.has_changes:
            say(
                "The trunks are read once more before the first update. What others change in them after that, while "
                "the job runs, is overwritten."
            )
        return done

    def _is_wanted(self, count: int) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("there is nobody to ask: stdin is not a terminal.", "give --yes.")
        trunks = f"{counted(count, 'trunk')} of the account {self.identity}"
        with interruptible():
            if is_vendor(self.identity.host.partition(":")[0]):
                typed: str = typer.prompt(f"Updating {trunks}. Type the number of trunks to go on", err=True)
                return typed.strip().replace(",", "") == str(count)
            return bool(typer.confirm(f"Update {trunks}?", err=True))

    # -- while it runs ------------------------------------------------------------------------------------------------

    async def _run(self) -> JobResult:
        with PausableProgress() as progress:
            job = self._bulk_job(progress.tell, lambda rows: progress.paused(lambda: self._is_confirmed(rows)))

            def stop() -> None:
                say("Stopping: updates in flight are finished first. Press Ctrl-C again to cancel them.")
                job.stop()

            with interrupts(stop, job.stop_now):
                return await job.run()

    def _bulk_job(
        self, tell: Tell | None = None, confirm: Callable[[Sequence[ReadBack]], bool] = lambda _: False
    ) -> Job:
        return Job(
            self.client,
            self.job.plan,
            self.job.journal,
            self.job.options,
            source=self.job.name,
            plan_id=self.job.plan_id,
            changed=self.job.changed,
            on_progress=tell,
            confirm=confirm,
            bulk=self.bulk,
        )

    def _is_confirmed(self, rows: Sequence[ReadBack]) -> bool:
        """Show the canary's trunks as they were read back, and ask whether to go on."""
        show_canary(rows, json=self.how.json)
        if self.how.yes:
            return all(row.ok and row.state is RowState.DONE for row in rows)
        try:
            with interruptible():
                return bool(typer.confirm("Go on with the others?", err=True))
        except (typer.Abort, KeyboardInterrupt):
            return False
