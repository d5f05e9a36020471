"""Tell the end of a job that sends nothing, or has no journal to tell it: files and JSON are those of this run."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import typer
from attrs import define, field

from itnio_async import ItnioError
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.bulk import (
    BadRow,
    Identity,
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
from itnio_async.bulk.job.decide import journal_row
from itnio_async.bulk.journal.rows import Run, RunEnd, user_at_host
from itnio_async.cli.error_text import plain_text, text_of
from itnio_async.cli.exits import ERROR, CommandError
from itnio_async.cli.interrupts import interrupted_status, interrupted_text
from itnio_async.cli.output import say, until_nobody_reads
from itnio_async.cli.trunks.job_options import SessionOptions
from itnio_async.cli.trunks.report_files import ReportFileOptions, write_files
from itnio_async.cli.trunks.result import write_result

# Ctrl-C, and Ctrl-D at a question.
_Interrupted = (KeyboardInterrupt, EOFError, typer.Abort)
# What ends a job in order; everything else is a fault of this package.
_Ends = (ItnioError, CommandError, OSError, *_Interrupted)


@define(kw_only=True)
class NothingSent:
    """What is known of a job so far, to tell its end with while nothing has been sent.

    `options` are those of `JobOptions` as a journal has them, and `began` is when the command did, in Unix seconds.
    `is_over` says that this is not the case any more: the job tells its end by itself. `rows` are those of the journal
    that it goes on with, and `results` what this run has noted since, by row.
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
        """Write the files and, with `--json`, the result; returns the status."""
        self.is_over = True
        report = self._report(ended, status, error)
        is_written = True
        try:
            write_files(report, self.source, self.files)
        except (ItnioError, OSError) as problem:
            say(text_of(problem).splitlines()[0])
            is_written, status = False, status or ERROR
        if self.json:
            with until_nobody_reads():
                write_result(
                    report,
                    ended=ended,
                    status=status,
                    error=error,
                    text=_reason(error),
                    journal=self.journal,
                    files=self.files if is_written else ReportFileOptions(),
                )
        return status

    def _report(self, ended: str, status: int, error: BaseException | None) -> Report:
        may_have_sent = self.results or not isinstance(error, (*_Ends, type(None)))
        if may_have_sent and self.journal is not None:
            with suppress(JournalError):
                return report_of(read_journal(self.journal))
        return self.report(ended, status, error)

    def report(self, ended: str, status: int, error: BaseException | None) -> Report:
        """Return the report without the journal: on what this run knows."""
        end = RunEnd(ended=time.time(), how=ended, reason=_reason(error) or "")
        run = Run(by=user_at_host(), began=self.began, options=self.options, end=end, exit_status=status)
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
) -> Iterator[NothingSent]:
    """Give what takes note of a job; an error that ends it before anything is sent is told there too.

    Raises `CommandError` or `ConfigurationError` where the files cannot be written, or would replace what is `needed`.
    """
    known = NothingSent(name=name, files=files, json=how.json)
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
    NothingSent(name="", files=ReportFileOptions(), json=True).tell(*_end_of(error), error)


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
