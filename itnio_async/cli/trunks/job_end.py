"""Tell how a job ended, from its journal or from what its run knows: the report, the files that were asked for, the
`result` in JSON, and the exit status.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import typer
from attrs import asdict, define, evolve, field

from itnio_async import ApiError, ItnioError
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.bulk import (
    BadRow,
    Ended,
    Identity,
    JobOptions,
    JobResult,
    JournalError,
    JournalHeader,
    JournalRow,
    Plan,
    Report,
    Result,
    RowState,
    Source,
    TrunkChange,
    read_journal,
    report_of,
)
from itnio_async.bulk.job.decide import as_read, journal_row
from itnio_async.bulk.journal.rows import Run, RunEnd, user_at_host
from itnio_async.bulk.journal.table import note_exit_status
from itnio_async.cli.error_text import plain_text, status_of, text_of
from itnio_async.cli.exits import CANARY_FAILED, CHANGES_TO_MAKE, DONE, ERROR, OUTCOME_UNKNOWN, REFUSED, CommandError
from itnio_async.cli.interrupts import interrupted_status, interrupted_text
from itnio_async.cli.output import json_line, say, until_nobody_reads, visible
from itnio_async.cli.trunks.job_options import SessionOptions
from itnio_async.cli.trunks.plan_view import write_read_back
from itnio_async.cli.trunks.prepared_job import PreparedJob
from itnio_async.cli.trunks.report import say_verdict, show_report, summary_of
from itnio_async.cli.trunks.report_files import ReportFileOptions, write_files
from itnio_async.runs.outcome import is_among
from itnio_async.text import counted

# Ctrl-C, and Ctrl-D at a question.
_Interrupted = (KeyboardInterrupt, EOFError, typer.Abort)
# What ends a job in order; everything else is a fault of this package.
_Ends = (ItnioError, CommandError, OSError, *_Interrupted)


@define(kw_only=True)
class KnownJob:
    """What is known of a job so far, to tell its end with.

    `options` are those of `JobOptions` as a journal has them, and `began` is when the command did, in Unix seconds.
    `is_over` says that the end has been told. `rows` are those of the journal that it goes on with, and `results` what
    this run has noted since, by row.
    """

    name: str
    files: ReportFileOptions
    json: bool
    source: Source | None = None
    changes: Sequence[TrunkChange] = ()
    bad: Sequence[BadRow] = ()
    plan: Plan | None = None
    identity: Identity | None = None
    journal: Path | None = None
    is_over: bool = False
    options: Mapping[str, Any] = field(factory=dict)
    began: float = field(factory=time.time)
    rows: Sequence[JournalRow] = field(default=(), repr=False)
    results: Mapping[int, Result] = field(factory=dict, repr=False)

    def tell(self, ended: str, status: int, error: BaseException | None = None) -> int:
        """Tell the end of a job that has sent nothing, or of which a fault leaves this to tell; returns the status."""
        self.is_over = True
        report = self._report(ended, status, error)
        if self.journal is not None and not os.path.exists(self.journal):  # noqa: PTH110 - as in `_read`
            self.journal = None  # it was not made
        if not self._write_files(report):
            status = status or ERROR
        self._write_result(report, ended, status, error)
        return status

    def tell_result(self, job: PreparedJob, result: JobResult) -> int:
        """Tell how a job ended that was run, and return the exit status.

        Where the journal cannot be read any more, this tells what is known without it.
        """
        self.is_over = True
        lost = None
        try:
            report = _read(result)
        except JournalError as error:
            lost, result = error, _without_journal(result, error)
            report = self._report_without_journal(result.ended.name.lower(), None, result.error)
        status = _status(report, result)
        _note_status(result, status)
        number = result.run if lost is None else 1
        report = evolve(
            report, runs=[evolve(run, exit_status=status) if run.id == number else run for run in report.runs]
        )
        unwritten = None
        try:
            if self.json and job.options.verify:
                write_read_back("verify", result.not_as_wanted)
            elif not self.json:
                show_report(report)
        except OSError as error:
            unwritten = error  # the terminal or the reader may be gone; files and status are what is left then
        say_verdict(report, verified=job.options.verify)
        _say_end(result, job.options, report, lost)
        if lost is None and report.failed and not (self.files.failed or self.files.html or self.json):
            path = shlex.quote(str(result.journal))
            say(f"Which rows failed and why: itnio trunks report {visible(path)} --failed FILE")
        if not self._write_files(report):
            status = ERROR
            _note_status(result, status)
        if unwritten is None:
            ended, differing = result.ended.name.lower(), len(result.not_as_wanted)
            self._write_result(report, ended, status, result.error, not_as_wanted=differing, notes=result.notes)
        elif not isinstance(unwritten, BrokenPipeError):
            say(text_of(unwritten))
            return status or ERROR
        return status

    def _write_files(self, report: Report) -> bool:
        """Write the files that were asked for, and tell whether that worked."""
        try:
            write_files(report, self.source, self.files)
        except (ItnioError, OSError) as error:
            # Only its first line: the next one would say that nothing was sent.
            say(text_of(error).splitlines()[0])
            self.files = ReportFileOptions()
            return False
        return True

    def _write_result(
        self,
        report: Report,
        ended: str,
        status: int,
        error: BaseException | None,
        *,
        not_as_wanted: int = 0,
        notes: Sequence[str] = (),
    ) -> None:
        """Write the `result`, the last line of a job's JSON: of one shape, whatever ended the job."""
        if not self.json:
            return
        with until_nobody_reads():
            json_line(
                {
                    "event": "result",
                    **summary_of(report),
                    "not_as_wanted": not_as_wanted,
                    "ended": ended,
                    "error": None if error is None else type(error).__name__,
                    "code": getattr(error, "code", None),
                    "text": _reason(error),
                    "notes": notes,
                    "journal": None if self.journal is None else str(self.journal),
                    **{name: path and str(path) for name, path in asdict(self.files).items()},
                    "exit_status": status,
                }
            )

    # -- what there is without the journal ----------------------------------------------------------------------------

    def _report(self, ended: str, status: int, error: BaseException | None) -> Report:
        may_have_sent = self.results or not isinstance(error, (*_Ends, type(None)))
        if may_have_sent and self.journal is not None:
            with suppress(JournalError):
                return report_of(read_journal(self.journal))
        return self._report_without_journal(ended, status, error)

    def _report_without_journal(self, ended: str, status: int | None, error: BaseException | None) -> Report:
        end = RunEnd(ended=time.time(), how=ended, reason=_reason(error) or "")
        kept = 0 if self.plan is None else self.plan.secrets_kept
        run = Run(
            by=user_at_host(), began=self.began, options=self.options, secrets_kept=kept, end=end, exit_status=status
        )
        return Report(self._header(), tuple(self._rows(error)), runs=(run,), bad=self.bad)

    def _rows(self, error: BaseException | None) -> Iterator[JournalRow]:
        if self.plan is not None:
            for row in self.rows or map(journal_row, self.plan):
                yield row._replace(result=self.results.get(row.id, row.result))
            return
        # How they compare with their trunks is not known.
        result = Result(RowState.WAITING, error=None if error is None else type(error).__name__)
        for number, change in enumerate(self.changes):
            yield JournalRow(number, change.place, change.key_id, change.name, result)

    def _header(self) -> JournalHeader:
        identity = self.identity
        return JournalHeader(
            source=self.name,
            rows="",
            host="" if identity is None else identity.host,
            api_key="" if identity is None else identity.api_key,
            account="" if identity is None else identity.account,
            endpoint=str(UPDATE),
            created=self.began,
        )


@contextmanager
def told_at_the_end(
    name: str, files: ReportFileOptions, *, needed: Iterable[str | os.PathLike[str] | None], how: SessionOptions
) -> Iterator[KnownJob]:
    """Give what takes note of a job; an error that ends it before its end is told is told there too.

    Raises `CommandError` or `ConfigurationError` where the files cannot be written, or would replace what is `needed`.
    """
    known = KnownJob(name=name, files=files, json=how.json)
    try:
        files.require_writable()
        files.require_apart(path for path in needed if path is not None)
    except (ItnioError, CommandError) as error:
        known.files = ReportFileOptions()
        known.tell("error", ERROR, error)
        raise
    try:
        how.require_sense()
        yield known
    except BaseException as error:
        if not known.is_over:
            known.tell(*_end_of(error), error)
        raise


def tell_error(error: BaseException) -> None:
    """Write the result of a job that an error has ended before its options were known."""
    KnownJob(name="", files=ReportFileOptions(), json=True).tell(*_end_of(error), error)


def _end_of(error: BaseException) -> tuple[str, int]:
    if isinstance(error, _Interrupted):
        return "stopped", interrupted_status()
    return "error", error.status if isinstance(error, CommandError) else ERROR


def _reason(error: BaseException | None) -> str | None:
    if error is None:
        return None
    if isinstance(error, _Interrupted):
        return interrupted_text()
    if isinstance(error, _Ends):
        return plain_text(error)
    # Its text may have anything in it, secrets too.
    return f"A fault of itnio-async ({type(error).__name__}): its traceback is on stderr."


# -- after the job was run --------------------------------------------------------------------------------------------


def _note_status(result: JobResult, status: int) -> None:
    with suppress(JournalError):  # a full disk has been told of already
        note_exit_status(result.journal, result.run, status)


def _read(result: JobResult) -> Report:
    """Return the report on the journal; raises `JournalError`."""
    try:
        return report_of(read_journal(result.journal))
    except JournalError:
        if os.path.exists(result.journal):  # noqa: PTH110 - `Path.exists` raises where a directory may not be read
            raise
    raise JournalError(
        f"The journal {result.journal} is not there any more, and without it the job cannot be undone. For what is "
        "left, start the same command again: rows that are up to date are not sent again."
    )


def _without_journal(result: JobResult, lost: JournalError) -> JobResult:
    """Return the result of a job whose journal cannot be read at its end: that is an error, also where all is done."""
    ended = Ended.ERROR if result.ended is Ended.FINISHED else result.ended
    if result.error is None:
        return evolve(result, ended=ended, error=lost)
    if isinstance(result.error, JournalError):
        return result  # that was the beginning of it
    return evolve(result, ended=ended, notes=(*result.notes, plain_text(lost)))


def _say_end(result: JobResult, options: JobOptions, report: Report, lost: JournalError | None) -> None:
    for row in result.not_as_wanted if options.verify else ():
        say(f"{row.place}: trunk {row.key_id} was read back with other values: {as_read(row)}")
    for note in result.notes:
        say(note)
    if result.error is not None and result.error is lost:
        say(text_of(lost))
    elif result.error is not None:
        say(f"The job ended early{_why(result.error, options)}.\n{text_of(result.error)}")
    elif result.ended is not Ended.FINISHED:
        say(f"The job ended early: {result.ended.value}.")
    say(f"Journal: {visible(result.journal)}")
    if result.ended is Ended.CANARY:
        say(_after_canary(report))
    elif any(result.counts.get(state) for state in (RowState.WAITING, RowState.UNKNOWN)):
        say("Run the same command again to go on with the rows that are left.")


def _after_canary(report: Report) -> str:
    count = sum(row.canary and row.state is RowState.REFUSED for row in report.rows)
    if not count:
        return "The same command begins with the same rows."
    again = "begin again with another --journal" if report.header.is_undo else "send them again with --retry-refused"
    return (
        f"The canary has failed: {counted(count, 'row')} of it {'is' if count == 1 else 'are'} refused. Nothing else "
        f"is sent while that is so, with or without --canary. When the cause is gone, {again}."
    )


def _why(error: ItnioError, options: JobOptions) -> str:
    """Return why the refusal of one row ended the job, if it did."""
    is_of_a_row = isinstance(error, ApiError) and error.endpoint == str(UPDATE)
    if not is_of_a_row or is_among(error, options.stop_on):
        return ""
    return f" after {counted(options.max_failures, 'equal refusal')} one after another (--max-failures)"


def _status(report: Report, result: JobResult) -> int:
    """Return the exit status: 0 is what the report's verdict calls well."""
    if result.ended in (Ended.STOPPED, Ended.CUT_OFF):
        return interrupted_status()
    if result.ended is Ended.CANARY:
        return CANARY_FAILED
    if result.error is not None:
        status = status_of(result.error)
        return REFUSED if status == OUTCOME_UNKNOWN and report.is_refused else status
    if report.is_well:
        return DONE
    if report.is_refused:
        return REFUSED
    if report.counts[RowState.UNKNOWN]:
        return OUTCOME_UNKNOWN
    return ERROR if result.ended is Ended.FINISHED else CHANGES_TO_MAKE
