"""Tell how a job ended: show its report, write the files that were asked for, and choose the exit status."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress

from attrs import evolve

from itnio_async import ApiError, ItnioError
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.bulk import Ended, JobOptions, JobResult, JournalError, Report, RowState, read_journal, report_of
from itnio_async.bulk.job.decide import as_read
from itnio_async.bulk.journal.table import note_exit_status
from itnio_async.cli.error_text import plain_text, status_of, text_of
from itnio_async.cli.exits import CANARY_FAILED, CHANGES_TO_MAKE, DONE, ERROR, OUTCOME_UNKNOWN, REFUSED
from itnio_async.cli.interrupts import interrupted_status
from itnio_async.cli.output import say, until_nobody_reads, visible
from itnio_async.cli.trunks.done_rows import DoneRows
from itnio_async.cli.trunks.job_options import SessionOptions
from itnio_async.cli.trunks.job_view import show_outcome
from itnio_async.cli.trunks.nothing_sent import NothingSent
from itnio_async.cli.trunks.prepared_job import PreparedJob
from itnio_async.cli.trunks.report_files import ReportFileOptions, write_files
from itnio_async.cli.trunks.report_view import say_verdict
from itnio_async.cli.trunks.result import write_result
from itnio_async.runs.outcome import is_among
from itnio_async.text import counted


def tell_end(job: PreparedJob, result: JobResult, done: DoneRows, how: SessionOptions, known: NothingSent) -> int:
    """Tell how the job ended, and return the exit status; `done` are the rows that were done before it began.

    Where the journal cannot be read any more, this tells what is `known` without it.
    """
    files = known.files
    status = _status(job, result, done)
    _note_status(result, status)
    lost = None
    try:
        report = _read(result)
    except JournalError as error:
        lost, result = error, _without_journal(result, error)
        status = _status(job, result, done)
        report = known.report(result.ended.name.lower(), status, result.error)
    unwritten = None
    try:
        show_outcome(report, result.not_as_wanted, json=how.json)
    except OSError as error:
        unwritten = error  # the terminal or the reader may be gone; files and status are what is left then
    say_verdict(report, verified=job.options.verify)
    _say_end(result, job.options, report, lost)
    if lost is None and report.failed and not (files.failed or files.html or how.json):
        path = shlex.quote(str(result.journal))
        say(f"Which rows failed and why: itnio trunks report {visible(path)} --failed FILE")
    is_written = _write_files(job, report, files)
    if not is_written:
        status = ERROR
        _note_status(result, status)
    if how.json and unwritten is None:
        with until_nobody_reads():
            write_result(
                report,
                ended=result.ended.name.lower(),
                status=status,
                error=result.error,
                text=None if result.error is None else plain_text(result.error),
                journal=result.journal,
                files=files if is_written else ReportFileOptions(),
                not_as_wanted=len(result.not_as_wanted),
                notes=result.notes,
            )
    if unwritten is not None and not isinstance(unwritten, BrokenPipeError):
        say(text_of(unwritten))
        return status or ERROR
    return status


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
    for row in result.not_as_wanted:
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
    return (
        f"The canary has failed: {counted(count, 'row')} of it {'is' if count == 1 else 'are'} refused. Nothing else "
        "is sent while that is so. When the cause is gone, send them again with --retry-refused, or correct the file."
    )


def _why(error: ItnioError, options: JobOptions) -> str:
    """Return why the refusal of one row ended the job, if it did."""
    is_of_a_row = isinstance(error, ApiError) and error.endpoint == str(UPDATE)
    if not is_of_a_row or is_among(error, options.stop_on):
        return ""
    return f" after {counted(options.max_failures, 'equal refusal')} one after another (--max-failures)"


def _write_files(job: PreparedJob, report: Report, files: ReportFileOptions) -> bool:
    """Write the files that were asked for, and tell whether that worked."""
    try:
        write_files(report, job.source, files)
    except (ItnioError, OSError) as error:
        # Only its first line: the next one would say that nothing was sent.
        say(text_of(error).splitlines()[0])
        return False
    return True


def _status(job: PreparedJob, result: JobResult, done: DoneRows) -> int:
    if result.ended in (Ended.STOPPED, Ended.CUT_OFF):
        return interrupted_status()
    if result.ended is Ended.CANARY:
        return CANARY_FAILED
    is_refused = bool(result.counts.get(RowState.REFUSED) or job.bad or job.stays or result.not_as_wanted)
    if result.error is not None:
        status = status_of(result.error)
        return REFUSED if status == OUTCOME_UNKNOWN and is_refused else status
    if is_refused:
        return REFUSED
    if result.counts.get(RowState.UNKNOWN):
        return OUTCOME_UNKNOWN
    if result.counts.get(RowState.WAITING):
        return ERROR if result.ended is Ended.FINISHED else CHANGES_TO_MAKE
    return REFUSED if done.changed else DONE
