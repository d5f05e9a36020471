"""Applying a plan for a person: its summary, the question, the progress, the report."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import typer
from attrs import evolve, field, frozen

from itnio_async import ApiError, AsyncClient, ItnioError
from itnio_async.account import is_vendor
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.places import BadRow
from itnio_async.bulk.files.source import Source
from itnio_async.bulk.identity import Identity, digest_of, identity_of
from itnio_async.bulk.job.account_lock import require_free
from itnio_async.bulk.job.decide import as_read
from itnio_async.bulk.job.job import Bulk, Ended, Job, JobOptions, JobResult, ReadBack
from itnio_async.bulk.job.progress import Progress
from itnio_async.bulk.journal.journal import (
    JournalContents,
    JournalFinishedError,
    JournalHeader,
    RowState,
    has_journal,
    read_journal,
)
from itnio_async.bulk.plan.plan import Plan, PlanItem, Verdict
from itnio_async.bulk.report.report import Report, report_of
from itnio_async.bulk.trunks.export import check_failed
from itnio_async.bulk.trunks.settings import is_masked
from itnio_async.cli.account import Access
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, ERROR, INTERRUPTED, REFUSED_OR_UNKNOWN, CommandError
from itnio_async.cli.interrupts import interruptible, interrupts
from itnio_async.cli.job_lines import write_plan, write_read_back, write_result
from itnio_async.cli.job_options import client_for
from itnio_async.cli.output import say, table, visible
from itnio_async.cli.plan_view import counts_of, refused_of, show_counts, show_items, write_bad_rows, write_json
from itnio_async.cli.progress import Tell, shown_progress
from itnio_async.cli.report_view import show_report, write_files
from itnio_async.cli.reporting import status_of, text_of
from itnio_async.cli.spread import spread
from itnio_async.cli.trunk_file import say_bad_rows
from itnio_async.runs.stopping import is_among


@frozen
class Manner:
    """How somebody wants it: without a question, without sending, for a program, with files made of the report."""

    yes: bool = False
    dry_run: bool = False
    json: bool = False
    failed: Path | None = None
    html: Path | None = None

    def __attrs_post_init__(self) -> None:
        if self.json and not (self.yes or self.dry_run):
            raise CommandError(
                "--json asks nothing, and somebody must say that trunks may be updated.",
                "give --yes, or --dry-run to see what would be sent.",
            )


@frozen
class _Standing:
    """How many rows that are done in the journal are sent again, do not stand so any more, and may not.

    The first have another password in the file by now. The last have nothing but a password to change, which the
    listing hides, where nothing tells whether the file's is the same.
    """

    again: int = 0
    otherwise: int = 0
    hidden: int = 0


@frozen(kw_only=True)
class Application:
    """A plan to apply to an account.

    `trunks` is the listing that `plan` was made with. `name` is what its rows come from, and `source` that as a file
    (None: there is none), `bad` the rows of it that cannot be read. `plan_id` and `changed` are those of a saved plan,
    and `begin` notes in it that it is applied. `bulk` makes the calls in place of the client.
    """

    client: AsyncClient = field(repr=False)
    identity: Identity
    plan: Plan
    trunks: Sequence[SipTrunk] = field(repr=False)
    journal: Path
    name: str
    options: JobOptions
    source: Source | None = None
    bad: Sequence[BadRow] = ()
    manner: Manner = Manner()
    plan_id: str | None = None
    changed: frozenset[int] = frozenset()
    begin: Callable[[Path], object] = field(default=lambda _: None)
    bulk: Bulk | None = None

    async def carry_out(self) -> int:
        """Apply it and return the exit status."""
        try:
            return await self._carry_out()
        except JournalFinishedError as error:
            say("\n  ".join(map(visible, f"Error: {error}".splitlines())))
            return REFUSED_OR_UNKNOWN

    async def _carry_out(self) -> int:
        contents = read_journal(self.journal) if has_journal(self.journal) else None
        if contents is not None:
            self._require_same_rows(contents.header)
        elif self.plan.bad_rows and not self.options.skip_invalid:
            return self._refuse()
        if self.manner.failed is not None and self.source is not None:
            check_failed(self.source, self.manner.failed)
        looks_again = contents is not None or self.changed or self.manner.dry_run
        plan = await self._job().dry_run(self.trunks, contents) if looks_again else self.plan
        if self.manner.dry_run:
            return self._show_dry_run(plan)
        await asyncio.to_thread(require_free, self.identity)  # before somebody is asked, or a plan counts as applied
        standing = _Standing() if contents is None else self._standing(plan, contents)
        self._summarize(plan, standing, goes_on=contents is not None)
        if plan.has_changes and not self.manner.yes and not self._is_wanted(plan.counts[Verdict.UPDATE]):
            say("Nothing was sent.")
            return INTERRUPTED
        self.begin(self.journal)
        return self._finish(await self._run(), standing.otherwise)

    def _require_same_rows(self, header: JournalHeader) -> None:
        """Refuse a journal of other rows before anything is said about it; the job itself looks at all of it."""
        if header.rows != digest_of(item.row for item in self.plan) or header.plan != self.plan_id:
            raise CommandError(
                f"the journal {self.journal} is of other rows: of {header.source} as it was then.",
                "give another --journal, or the file or plan that it belongs to.",
            )

    def _refuse(self) -> int:
        say_bad_rows(tuple(self.plan.bad_rows))
        say("Nothing was sent. Correct the rows, or go on without them (--skip-invalid).")
        if self.manner.json:
            write_json(self.plan, self.bad, only_refused=True)
        return REFUSED_OR_UNKNOWN

    def _show_dry_run(self, plan: Plan) -> int:
        if self.manner.json:
            write_json(plan, self.bad)
        else:
            show_items(plan)
            show_counts(plan, self.bad)
        if refused_of(plan, self.bad):
            return REFUSED_OR_UNKNOWN
        return CHANGES_TO_MAKE if plan.has_changes else DONE

    # -- before -------------------------------------------------------------------------------------------------------

    def _summarize(self, plan: Plan, standing: _Standing, *, goes_on: bool) -> None:
        if goes_on:
            say(f"Going on with the journal {visible(self.journal)}: what is done there is not sent again.")
            if standing.again:
                say(
                    f"{standing.again} of the rows that are done {_have(standing.again)} another password in the file "
                    "by now: sent again."
                )
            if standing.otherwise:
                say(
                    f"{standing.otherwise} of the rows that are done do not stand so any more. They are not sent "
                    "again: to apply the whole file anew, give another --journal."
                )
            if standing.hidden:
                say(
                    f"{standing.hidden} of the rows that are done {_have(standing.hidden)} a password, which the "
                    "listing hides, and the API secret is another one than the journal's: if the file has a new "
                    "password since, give another --journal."
                )
        if self.manner.json:
            write_bad_rows(self.bad)
            write_plan(
                counts_of(plan, self.bad),
                source=self.name,
                identity=self.identity,
                journal=self.journal,
                goes_on=goes_on,
                otherwise=standing.otherwise,
            )
        else:
            show_counts(plan, self.bad)
        if plan.has_changes:
            say(
                "The trunks are read once more before the first is sent. Who changes one after that, while this runs, "
                "is overwritten."
            )

    def _standing(self, open_: Plan, contents: JournalContents) -> _Standing:
        """Look at the rows that are done in the journal; `open_` are those that the job goes on with."""
        done = {row.place for row in contents.rows if row.state in (RowState.DONE, RowState.UNCHANGED)}
        again = done & {item.place for item in open_}
        items = [item for item in self.plan.of(Verdict.UPDATE) if item.place in done - again]
        otherwise = sum(map(_is_otherwise, items))
        is_known = contents.header.key_check == self.identity.key_check
        return _Standing(len(again), otherwise, 0 if is_known else len(items) - otherwise)

    def _is_wanted(self, count: int) -> bool:
        if not sys.stdin.isatty():
            raise CommandError("nobody is there to confirm: stdin is no terminal.", "give --yes.")
        trunks = f"{count} trunk{'' if count == 1 else 's'} of the account {self.identity}"
        with interruptible():
            if is_vendor(self.identity.host.partition(":")[0]):
                typed: str = typer.prompt(f"Updating {trunks}. Type the number of trunks to go on", err=True)
                return typed.strip().replace(",", "") == str(count)
            return bool(typer.confirm(f"Update {trunks}?", err=True))

    # -- meanwhile ----------------------------------------------------------------------------------------------------

    def _job(self, tell: Tell | None = None, confirm: Callable[[Sequence[ReadBack]], bool] = lambda _: False) -> Job:
        return Job(
            self.client,
            self.plan,
            self.journal,
            self.options,
            source=self.name,
            plan_id=self.plan_id,
            changed=self.changed,
            on_progress=tell,
            confirm=confirm,
            bulk=self.bulk,
        )

    async def _run(self) -> JobResult:
        with _Pausing() as shown:
            job = self._job(shown.tell, lambda rows: shown.paused(lambda: self._is_confirmed(rows)))

            def first() -> None:
                say("Stopping: those under way finish. Press Ctrl-C again to cut them off.")
                job.stop()

            with interrupts(first, job.stop_now):
                return await job.run()

    def _is_confirmed(self, rows: Sequence[ReadBack]) -> bool:
        """Show the canary's trunks as they were read back, and ask whether to go on."""
        if self.manner.json:
            write_read_back("canary", rows)
        else:
            table(
                ("Key id", "Name", "Outcome", "Read back"),
                [(row.key_id, row.trunk_name, row.state.value, as_read(row)) for row in rows],
            )
        if self.manner.yes:
            return all(row.ok and row.state is RowState.DONE for row in rows)
        try:
            with interruptible():
                return bool(typer.confirm("Go on with the others?", err=True))
        except (typer.Abort, KeyboardInterrupt):
            return False

    # -- at the end ---------------------------------------------------------------------------------------------------

    def _finish(self, result: JobResult, otherwise: int) -> int:
        report = report_of(read_journal(result.journal))
        if self.manner.json:
            write_read_back("verify", result.not_as_wanted)
        else:
            show_report(report)
        for row in result.not_as_wanted:
            say(f"{row.place}: trunk {row.key_id} was read back otherwise: {as_read(row)}")
        for note in result.notes:
            say(note)
        if result.error is not None:
            say(f"The job ended early{self._why(result.error)}.\n{text_of(result.error)}")
        elif result.ended is not Ended.FINISHED:
            say(f"The job ended early: {result.ended.value}.")
        say(f"Journal: {visible(result.journal)}")
        if any(result.counts.get(state) for state in (RowState.WAITING, RowState.UNKNOWN)):
            say("The same command goes on with what is left.")
        if report.failed and not (self.manner.failed or self.manner.html or self.manner.json):
            path = shlex.quote(str(result.journal))
            say(f"Which rows failed and why: itnio trunks report {visible(path)} --failed FILE")
        written = self._write_files(report)
        status = self._status(result, otherwise) if written else ERROR
        if self.manner.json:
            failed, html = (self.manner.failed, self.manner.html) if written else (None, None)
            write_result(report, result, bad=self.bad, failed=failed, html=html, status=status)
        return status

    def _why(self, error: ItnioError) -> str:
        """Return why a job ends for what was said of one row, where that needs a word."""
        is_of_a_row = isinstance(error, ApiError) and error.endpoint == str(UPDATE)
        if not is_of_a_row or is_among(error, self.options.stop_on):
            return ""
        return f": {self.options.max_failures} rows in a row came to the same (--max-failures)"

    def _write_files(self, report: Report) -> bool:
        """Write the files that were asked for, and tell whether that worked: how the job ended is said in any case."""
        try:
            write_files(report, self.source, self.manner.failed, self.manner.html, self.bad)
        except (ItnioError, OSError) as error:
            # Without what follows: that nothing was sent.
            say(text_of(error).splitlines()[0])
            return False
        return True

    def _status(self, result: JobResult, otherwise: int) -> int:
        if result.ended in (Ended.STOPPED, Ended.CUT_OFF):
            return INTERRUPTED
        if result.ended is Ended.CANARY:
            return REFUSED_OR_UNKNOWN if self.manner.yes else INTERRUPTED
        if result.error is not None:
            return status_of(result.error)
        if result.counts.get(RowState.REFUSED) or result.counts.get(RowState.UNKNOWN):
            return REFUSED_OR_UNKNOWN
        if self.bad or result.not_as_wanted:
            return REFUSED_OR_UNKNOWN
        if result.counts.get(RowState.WAITING):
            return ERROR if result.ended is Ended.FINISHED else CHANGES_TO_MAKE
        return REFUSED_OR_UNKNOWN if otherwise else DONE


Prepare = Callable[[AsyncClient, Identity], Awaitable[Application]]


def carry_out(access: Access, profile: str | None, dask: str | None, options: JobOptions, prepare: Prepare) -> int:
    """Prepare an application and carry it out, on the workers of the Dask cluster at that address if there is one."""
    return asyncio.run(_carry_out(access, profile, dask, options, prepare))


async def _carry_out(
    access: Access, profile: str | None, dask: str | None, options: JobOptions, prepare: Prepare
) -> int:
    async with client_for(access, options) as client:
        identity = await identity_of(client)
        application = await prepare(client, identity)
        address = None if application.manner.dry_run else dask
        async with spread(address, identity, access, profile, options) as bulk:
            return await evolve(application, bulk=bulk).carry_out()


def _is_otherwise(item: PlanItem) -> bool:
    """Tell whether the trunk is seen to differ: a password that the listing hides always looks so."""
    listed = [getattr(item.trunk, change.name) for change in item.changes if change.secret]
    return len(listed) < len(item.changes) or any(value and not is_masked(value) for value in listed)


class _Pausing:
    """The progress on the screen, which can be taken off it for a question."""

    def __init__(self) -> None:
        self._shown = ExitStack()
        self._tell: Tell | None = None
        self._last: Progress | None = None

    def tell(self, progress: Progress) -> None:
        """Show how far the job is."""
        self._last = progress
        if self._tell is not None:
            self._tell(progress)

    def paused(self, ask: Callable[[], bool]) -> bool:
        """Ask with nothing else on the screen."""
        self._shown.close()
        try:
            return ask()
        finally:
            self.__enter__()

    def __enter__(self) -> Self:
        self._tell = self._shown.enter_context(shown_progress())
        if self._last is not None:
            self._tell(self._last)
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.close()


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
