"""Carry out the job of `apply` or `undo`: show its plan, ask, run it, and show what became of it.

A command passes `carry_out` a function that makes a `PreparedJob` as soon as there is a client. `_Session` takes that
through all steps; its methods stand in the order of these steps.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx
import typer
from attrs import field, frozen

from itnio_async import ApiError, AsyncClient, ItnioError, config
from itnio_async.account import is_vendor
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.bulk import (
    BadRow,
    Ended,
    Identity,
    Job,
    JobOptions,
    JobResult,
    JournalContents,
    JournalFinishedError,
    JournalHeader,
    Plan,
    ReadBack,
    Report,
    RowState,
    Source,
    Verdict,
    digest_of,
    identity_of,
    read_journal,
    report_of,
)
from itnio_async.bulk.job.account_lock import require_free
from itnio_async.bulk.job.decide import as_read
from itnio_async.bulk.job.job import Bulk
from itnio_async.bulk.journal.journal import has_journal
from itnio_async.bulk.trunks.export import check_failed
from itnio_async.cli.account import Access
from itnio_async.cli.error_text import status_of, text_of
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, ERROR, INTERRUPTED, REFUSED_OR_UNKNOWN, CommandError
from itnio_async.cli.interrupts import interruptible, interrupts
from itnio_async.cli.output import counted, say, visible
from itnio_async.cli.trunks.cluster import calls_of_cluster
from itnio_async.cli.trunks.done_rows import DoneRows
from itnio_async.cli.trunks.job_options import SessionOptions
from itnio_async.cli.trunks.job_view import (
    JobSummary,
    show_canary,
    show_dry_run,
    show_outcome,
    show_summary,
    write_result,
)
from itnio_async.cli.trunks.plan_view import say_bad_rows, status_of_plan, write_plan
from itnio_async.cli.trunks.progress import PausableProgress, Tell
from itnio_async.cli.trunks.report_view import ReportFileOptions, write_files
from itnio_async.runs.stopping import is_among


@frozen(kw_only=True)
class PreparedJob:
    """A plan to apply, and the journal to record it in.

    `name` says where its rows come from; `source` is that as a file (None: it is not one), and `bad` are the rows of it
    that cannot be read. Of a saved plan, `plan_id` is its id, `changed` are the key ids of the trunks that changed
    since, and `mark_applied` notes in it that this journal applies it.
    """

    plan: Plan
    journal: Path
    name: str
    options: JobOptions
    source: Source | None = None
    bad: Sequence[BadRow] = ()
    plan_id: str | None = None
    changed: frozenset[int] = frozenset()
    mark_applied: Callable[[Path], object] = field(default=lambda _: None)


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
    return access.client(limits=limits, rate_limit=options.rate_limit)


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
        left = job.plan if is_as_planned else await self._bulk_job().dry_run()
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
        return self._finish(await self._run(), done)

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

    # -- when it has ended --------------------------------------------------------------------------------------------

    def _finish(self, result: JobResult, done: DoneRows) -> int:
        report = report_of(read_journal(result.journal))
        show_outcome(report, result.not_as_wanted, json=self.how.json)
        self._say_how_it_ended(result)
        if report.failed and not (self.files.failed or self.files.html or self.how.json):
            path = shlex.quote(str(result.journal))
            say(f"Which rows failed and why: itnio trunks report {visible(path)} --failed FILE")
        is_written = self._write_files(report)
        status = self._status(result, done) if is_written else ERROR
        if self.how.json:
            files = self.files if is_written else ReportFileOptions()
            write_result(report, result, bad=self.job.bad, files=files, status=status)
        return status

    def _say_how_it_ended(self, result: JobResult) -> None:
        for row in result.not_as_wanted:
            say(f"{row.place}: trunk {row.key_id} was read back with other values: {as_read(row)}")
        for note in result.notes:
            say(note)
        if result.error is not None:
            say(f"The job ended early{self._why(result.error)}.\n{text_of(result.error)}")
        elif result.ended is not Ended.FINISHED:
            say(f"The job ended early: {result.ended.value}.")
        say(f"Journal: {visible(result.journal)}")
        if any(result.counts.get(state) for state in (RowState.WAITING, RowState.UNKNOWN)):
            say("Run the same command again to go on with the rows that are left.")

    def _why(self, error: ItnioError) -> str:
        """Return why the refusal of one row ends a job, if it was one."""
        options = self.job.options
        is_of_a_row = isinstance(error, ApiError) and error.endpoint == str(UPDATE)
        if not is_of_a_row or is_among(error, options.stop_on):
            return ""
        return f" after {counted(options.max_failures, 'equal refusal')} one after another (--max-failures)"

    def _write_files(self, report: Report) -> bool:
        """Write the files that were asked for, and tell whether that worked: the job's end is told in any case."""
        try:
            write_files(report, self.job.source, self.files, self.job.bad)
        except (ItnioError, OSError) as error:
            # Only its first line: the next would say that nothing was sent.
            say(text_of(error).splitlines()[0])
            return False
        return True

    def _status(self, result: JobResult, done: DoneRows) -> int:
        if result.ended in (Ended.STOPPED, Ended.CUT_OFF):
            return INTERRUPTED
        if result.ended is Ended.CANARY:
            return REFUSED_OR_UNKNOWN if self.how.yes else INTERRUPTED
        if result.error is not None:
            return status_of(result.error)
        if result.counts.get(RowState.REFUSED) or result.counts.get(RowState.UNKNOWN):
            return REFUSED_OR_UNKNOWN
        if self.job.bad or result.not_as_wanted:
            return REFUSED_OR_UNKNOWN
        if result.counts.get(RowState.WAITING):
            return ERROR if result.ended is Ended.FINISHED else CHANGES_TO_MAKE
        return REFUSED_OR_UNKNOWN if done.changed else DONE
