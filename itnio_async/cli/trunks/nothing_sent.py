"""Tell the end of a job that sends nothing: its files and its JSON are those of this run, whatever ended it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from attrs import define, field

from itnio_async import ItnioError
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.bulk import (
    BadRow,
    Identity,
    JournalHeader,
    JournalRow,
    Plan,
    Report,
    Result,
    RowState,
    Source,
    TrunkChange,
)
from itnio_async.bulk.job.decide import journal_row
from itnio_async.bulk.journal.runs import Run, RunEnd, user_at_host
from itnio_async.cli.error_text import plain_text, text_of
from itnio_async.cli.exits import ERROR, CommandError
from itnio_async.cli.interrupts import interrupted_status
from itnio_async.cli.output import json_line, say, until_nobody_reads
from itnio_async.cli.trunks.report_files import ReportFileOptions, write_files
from itnio_async.cli.trunks.report_view import summary_of

_Ends = (ItnioError, CommandError, OSError, KeyboardInterrupt, typer.Abort)


@define(kw_only=True)
class NothingSent:
    """What is known of a job so far, to tell its end with while nothing has been sent.

    `options` are those of `JobOptions` as a journal has them, and `began` is when the command did, in Unix seconds.
    `is_over` says that this is not the case any more: the job tells its end by itself.
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
                self._write_result(report, ended, status, error, is_written=is_written)
        return status

    def _report(self, ended: str, status: int, error: BaseException | None) -> Report:
        reason = "" if error is None else plain_text(error)
        end = RunEnd(ended=time.time(), how=ended, reason=reason)
        run = Run(by=user_at_host(), began=self.began, options=self.options, end=end, exit_status=status)
        return Report(self._header(), tuple(self._rows(error)), runs=(run,), bad=self.bad)

    def _rows(self, error: BaseException | None) -> Iterator[JournalRow]:
        if self.plan is not None:
            yield from map(journal_row, self.plan)
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

    def _write_result(
        self, report: Report, ended: str, status: int, error: BaseException | None, *, is_written: bool
    ) -> None:
        files = self.files if is_written else ReportFileOptions()
        json_line(
            {
                "event": "result",
                **summary_of(report),
                "not_as_wanted": 0,
                "ended": ended,
                "error": None if error is None else type(error).__name__,
                "code": getattr(error, "code", None),
                "text": None if error is None else plain_text(error),
                "notes": (),
                "journal": None if self.journal is None else str(self.journal),
                "failed": None if files.failed is None else str(files.failed),
                "html": None if files.html is None else str(files.html),
                "changes": None if files.changes is None else str(files.changes),
                "exit_status": status,
            }
        )


@contextmanager
def told_at_the_end(
    name: str, files: ReportFileOptions, *, needed: Iterable[str | os.PathLike[str] | None], json: bool
) -> Iterator[NothingSent]:
    """Give what takes note of a job; an error that ends it before anything is sent is told there too.

    Raises `CommandError` or `ConfigurationError` where the files cannot be written, or would replace what is `needed`.
    """
    known = NothingSent(name=name, files=files, json=json)
    try:
        files.require_writable()
        files.require_apart(path for path in needed if path is not None)
    except (ItnioError, CommandError) as error:
        known.files = ReportFileOptions()
        known.tell("error", ERROR, error)
        raise
    try:
        yield known
    except _Ends as error:
        if not known.is_over:
            known.tell(*_end_of(error), error)
        raise


def _end_of(error: BaseException) -> tuple[str, int]:
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return "stopped", interrupted_status()
    return "error", error.status if isinstance(error, CommandError) else ERROR
