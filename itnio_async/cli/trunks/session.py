"""Carry out the job of `apply` or `undo`: show its plan, ask, run it, and show what became of it.

A command passes `carry_out` a function that makes a `PreparedJob` as soon as there is a client. `_Session` takes the
job through all steps, its methods in their order; `job_end` has the last one.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial

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
    PlanItem,
    ReadBack,
    RowState,
    Verdict,
    digest_of,
    identity_of,
    read_journal,
)
from itnio_async.bulk.files.source import STANDARD_INPUT
from itnio_async.bulk.job.account_lock import require_free
from itnio_async.bulk.job.again import Again, begun_again, is_finished
from itnio_async.bulk.job.decide import as_read
from itnio_async.bulk.job.job import Bulk
from itnio_async.bulk.job.options import as_data
from itnio_async.bulk.job.rounds import is_canary_refused
from itnio_async.bulk.job.sending import paced_rate_of
from itnio_async.bulk.journal.journal import has_journal
from itnio_async.bulk.journal.table import put_aside
from itnio_async.bulk.report.words import STATE_WORDS
from itnio_async.bulk.trunks.export import check_failed
from itnio_async.cli.account import Access
from itnio_async.cli.exits import CHANGES_TO_MAKE, REFUSED, CommandError
from itnio_async.cli.interrupts import interruptible, interrupts
from itnio_async.cli.loudness import remark
from itnio_async.cli.output import BAD, GOOD, json_line, say, table, until_nobody_reads, visible
from itnio_async.cli.progress import PausableProgress, Tell, heartbeat
from itnio_async.cli.trunks.cluster import calls_of_cluster
from itnio_async.cli.trunks.job_end import KnownJob
from itnio_async.cli.trunks.job_options import SessionOptions
from itnio_async.cli.trunks.plan_view import (
    counts_of,
    say_bad_rows,
    show_counts,
    show_fields,
    show_plan,
    status_of_plan,
    write_bad_rows,
    write_plan,
    write_read_back,
)
from itnio_async.cli.trunks.prepared_job import Prepare, PreparedJob
from itnio_async.cli.trunks.when import When
from itnio_async.text import counted, first_of
from itnio_async.values import is_masked

# Of rows that drifted, in the text for people; JSON has all.
_MOST_NAMED = 20
_TERMINAL = "/dev/tty"


async def carry_out(
    access: Access,
    prepare: Prepare,
    job: JobOptions,
    *,
    dask: str | None,
    how: SessionOptions,
    known: KnownJob,
    when: When,
) -> int:
    """Prepare a job, carry it out, and return the exit status; `dask` is the address of a cluster to make its calls.

    `known` takes note of what there is to tell if it ends before anything is sent.
    """
    known.options = as_data(job)
    async with _client(access, job) as client:
        identity = known.identity = await identity_of(client)
        prepared = await prepare(client, identity)
        known.plan, known.source = prepared.plan, prepared.source
        known.name, known.bad = prepared.name, prepared.bad
        async with calls_of_cluster(None if how.dry_run else dask, identity, access, job) as bulk:
            session = _Session(
                client=client, identity=identity, job=prepared, how=how, known=known, when=when, bulk=bulk
            )
            try:
                return await session.carry_out()
            except JournalFinishedError as error:
                say("\n  ".join(map(visible, f"Error: {error}".splitlines())))
                return known.tell("error", REFUSED, error)


def _through_before(contents: JournalContents, left: Plan) -> dict[str, int]:
    """Return how many rows the job was through with before, by the names of their states; `left` is what it is not."""
    places = {item.place for item in left}
    counts = Counter(row.state for row in contents.rows if row.place not in places)
    return {f"{name} before": counts[state] for state, (name, _) in STATE_WORDS.items() if counts[state]}


def _is_seen_to_differ(item: PlanItem) -> bool:
    """Tell whether the trunk differs for certain: a password that the listing hides always looks changed."""
    listed = [getattr(item.trunk, change.name) for change in item.changes if change.secret]
    return len(listed) < len(item.changes) or any(value and not is_masked(value) for value in listed)


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
    known: KnownJob
    when: When
    bulk: Bulk | None = None

    async def carry_out(self) -> int:
        """Take all steps and return the exit status."""
        job, how = self.job, self.how
        contents = read_journal(job.journal) if has_journal(job.journal) else None
        is_next = contents is not None and self._is_next(contents)
        if is_next:
            contents = None
        if contents is not None:
            self._require_same_rows(contents.header)
        elif job.plan.bad_rows and not job.options.skip_invalid:
            return self._refuse()
        again = None
        if contents is not None:
            look = partial(begun_again, skip_invalid=job.options.skip_invalid)
            again = await asyncio.to_thread(look, contents, job.plan, job.trunks, self.identity)
        if self.known.files.failed is not None and job.source is not None:
            check_failed(job.source, self.known.files.failed)
        is_as_planned = contents is None and not job.changed and not how.dry_run
        left = job.plan if is_next or is_as_planned else await self._bulk_job().dry_run(job.trunks, contents)
        if contents is not None:
            self.known.journal = job.journal  # it is of this job
        job.check(left)
        if how.dry_run:
            show_plan(left, job.bad, json=how.json, full=how.full)
            self.known.plan = left
            return self.known.tell("dry_run", REFUSED if job.plan.secrets_kept else status_of_plan(left, job.bad))
        # Before anybody is asked, and before a saved plan counts as applied.
        await asyncio.to_thread(require_free, self.identity)
        self._summarize(left, contents, again)
        if self._is_to_ask(left, contents) and not self._is_wanted(left.counts[Verdict.UPDATE]):
            say("Nothing was sent.")
            return self.known.tell("declined", CHANGES_TO_MAKE)
        await self.when.wait()
        if is_next:
            say(f"The journal of the job before is now {visible(put_aside(job.journal))}.")
        job.mark_applied(job.journal)
        self.known.journal = job.journal
        if contents is not None:
            self.known.rows = contents.rows if again is None else again.rows
        return self.known.tell_result(job, await self._run())

    # -- before it is sent --------------------------------------------------------------------------------------------

    def _require_same_rows(self, header: JournalHeader) -> None:
        """Refuse a journal of other rows before anything is said about it; the job itself checks all of it."""
        if header.rows != digest_of(item.row for item in self.job.plan) or header.plan != self.job.plan_id:
            raise CommandError(
                f"the journal {self.job.journal} belongs to other rows, from {header.source} as it was then.",
                "give another --journal, or the file or plan that it belongs to.",
            )

    def _is_next(self, contents: JournalContents) -> bool:
        """Tell whether the journal is that of the same command's last job, which has ended and had other trunks."""
        job, header = self.job, contents.header
        is_own = header.account == self.identity.account or job.options.same_account
        is_same = is_own and (header.source, header.host) == (job.name, self.identity.host)
        rows = digest_of(item.row for item in job.plan)
        return job.is_chosen and is_same and header.rows != rows and is_finished(contents.rows)

    def _refuse(self) -> int:
        say_bad_rows(self.job.plan.bad_rows)
        say("Nothing was sent. Correct the rows, or go on without them (--skip-invalid).")
        if self.how.json:
            write_plan(self.job.plan, self.job.bad, only_refused=True)
        return self.known.tell("refused", REFUSED)

    def _summarize(self, left: Plan, contents: JournalContents | None, again: Again | None) -> None:
        """Say what is about to be sent; `contents` is the journal that the job resumes, unless it begins `again`."""
        changed = 0 if contents is None else self._say_what_is_done(contents, again, left)
        try:
            self._show_summary(left, contents, again, changed)
        except BrokenPipeError:
            raise CommandError(
                "nobody reads the output any more. Nothing was sent.", "let it go to a file, and read that."
            ) from None
        if left.has_changes:
            remark(
                "The trunks are read once more before the first update, and where ten or more of a page of the listing "
                "are updated, that page again shortly before them. What others change between that and the update is "
                "overwritten."
            )
            for text in self.when.remarks():
                remark(text)

    def _show_summary(self, left: Plan, contents: JournalContents | None, again: Again | None, changed: int) -> None:
        """Write to stdout how much is about to be sent."""
        job = self.job
        before = None if contents is None or again is not None else _through_before(contents, left)
        if not self.how.json:
            show_fields(left)
            show_counts(left, job.bad, before=before)
            return
        drifted = () if again is None else again.drifted
        write_bad_rows(job.bad)
        write_read_back("drifted", drifted)
        json_line(
            {
                "event": "plan",
                "source": job.name,
                "host": self.identity.host,
                "api_key": self.identity.api_key,
                "journal": str(job.journal),
                "goes_on": before is not None,
                "done_but_changed_since": changed,
                "drifted": len(drifted),
                "counts": counts_of(left, job.bad),
            }
        )

    def _say_what_is_done(self, contents: JournalContents, again: Again | None, left: Plan) -> int:
        """Say what the journal that is there means for the job; returns how many of the rows done differ by now."""
        where = visible(self.job.journal)
        if again is not None:
            remark(f"The job of the journal {where} has ended, and not all is as it left it. A new job begins:")
            rows = [f"{row.place}, trunk {row.key_id}: {as_read(row)}" for row in again.drifted]
            for text in first_of(rows, _MOST_NAMED):
                remark(f"  drifted: {visible(text)}")
            if again.secrets:
                remark(f"  {counted(again.secrets, 'row')}: the file has another password now.")
            return 0
        if is_finished(contents.rows):
            remark(f"The job of the journal {where} has ended; what it has done is still so.")
        else:
            remark(f"Resuming the journal {where}: rows that are done are not sent again.")
        return self._say_what_differs(contents, left)

    def _say_what_differs(self, contents: JournalContents, left: Plan) -> int:
        """Compare the rows that the journal has as done with the file and the trunks; returns how many differ."""
        done = {row.place for row in contents.rows if row.state in (RowState.DONE, RowState.UNCHANGED)}
        again = done & {item.place for item in left}
        differing = [item for item in self.job.plan.of(Verdict.UPDATE) if item.place in done - again]
        changed = sum(map(_is_seen_to_differ, differing))
        if again:
            remark(
                f"But {len(again)} of the rows that are done will be sent again: the file has another password for "
                "them now."
            )
        if changed:
            remark(
                f"{changed} of the rows that are done will not be sent again, although their trunks differ from "
                "the file now. Run the same command once more when this job has ended, and they are set right."
            )
        # With the same API secret, the journal's fingerprints say that the password is the same.
        if len(differing) > changed and contents.header.key_check != self.identity.key_check:
            remark(
                f"{len(differing) - changed} of the rows that are done will not be sent again, although the file may "
                "have another password for them now: the listing hides it, and the journal was made with another API "
                "secret. If it has, give another --journal."
            )
        return changed

    def _is_to_ask(self, left: Plan, contents: JournalContents | None) -> bool:
        if contents is not None and is_canary_refused(contents.rows, self.job.options):
            return False  # nothing will be sent
        return left.has_changes and not self.how.yes

    def _is_wanted(self, count: int) -> bool:
        trunks = f"{counted(count, 'trunk')} of the account {self.identity}"
        with self._asking():
            if is_vendor(self.identity.host.partition(":")[0]):
                typed: str = typer.prompt(f"Updating {trunks}. Type the number of trunks to go on", err=True)
                return typed.strip().replace(",", "") == str(count)
            return bool(typer.confirm(f"Update {trunks}?", err=True))

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Let prompts read from the terminal, also where rows come by standard input; Ctrl-C ends them at once.

        Raises `CommandError` where there is nobody to ask.
        """
        stdin, source = sys.stdin, self.job.source
        with ExitStack() as until_answered:
            if not stdin.isatty():
                if source is None or source.path != STANDARD_INPUT:
                    # A job without a terminal, perhaps with the one of somebody who has started it and looks elsewhere.
                    raise CommandError("there is nobody to ask: stdin is not a terminal.", "give --yes.")
                try:
                    terminal = open(_TERMINAL, encoding="utf-8", errors="replace")  # noqa: PTH123, SIM115 - closed below
                except OSError:
                    raise CommandError("there is nobody to ask: this process has no terminal.", "give --yes.") from None
                until_answered.enter_context(terminal)
                until_answered.callback(setattr, sys, "stdin", stdin)
                sys.stdin = terminal
            until_answered.enter_context(interruptible())
            yield

    # -- while it runs ------------------------------------------------------------------------------------------------

    async def _run(self) -> JobResult:
        with PausableProgress() as progress:
            job = self._bulk_job(progress.tell, lambda rows: progress.paused(lambda: self._is_confirmed(rows, stop)))

            def stop() -> None:
                job.stop()
                say("Stopping: updates in flight are finished first. Press Ctrl-C again to cancel them.")

            self.known.results = job.results
            with interrupts(stop, job.stop_now):
                every = self.how.seconds_between_events
                async with heartbeat(progress, every) if self.how.json else nullcontext():
                    result = await job.run()
            progress.tell(result.progress)
            return result

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
            bad=self.job.bad,
            changed=self.job.changed,
            on_progress=tell,
            confirm=confirm,
            bulk=self.bulk,
        )

    def _is_confirmed(self, rows: Sequence[ReadBack], stop: Callable[[], None]) -> bool:
        """Show the canary's trunks as they were read back, and ask whether to go on; Ctrl-C stops the job."""
        with until_nobody_reads():
            self._show_canary(rows)
        if self.how.yes:
            return all(row.ok and row.state is RowState.DONE for row in rows)
        try:
            with self._asking():
                return bool(typer.confirm("Go on with the others?", err=True))
        except (typer.Abort, KeyboardInterrupt):
            stop()
            return False

    def _show_canary(self, rows: Sequence[ReadBack]) -> None:
        if self.how.json:
            write_read_back("canary", rows)
            return
        table(
            ("Key id", "Name", "Outcome", "Read back"),
            [(row.key_id, row.trunk_name, row.state.value, as_read(row)) for row in rows],
        )
        well = sum(row.ok and row.state is RowState.DONE for row in rows)
        said = f"Canary: {counted(len(rows), 'trunk')} read back, {well:,} as wanted."
        say(said, GOOD if well == len(rows) else BAD)
