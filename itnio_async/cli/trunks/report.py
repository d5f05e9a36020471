"""`itnio trunks report`: show what became of each row of a job, also while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from itnio_async.bulk import read_journal, report_of
from itnio_async.cli.output import say
from itnio_async.cli.trunks.file_options import FormatOptions
from itnio_async.cli.trunks.report_files import ReportFileOptions, write_files
from itnio_async.cli.trunks.report_view import show_facts, show_report, write_report


def report_trunks(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", help="The journal of a job, as `apply` names it.")],
    *,
    files: ReportFileOptions,
    json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object a line: the counts and reasons, then each failed row.")
    ] = False,
    source: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the file that was applied is now, if it has moved.")
    ] = None,
    form: FormatOptions,
) -> None:
    """Show what became of a job's rows, also while it runs: how many, why, and what to do; and how it was run.

    For --failed, the file that was applied is read again. If it is gone or has changed, the failed rows are written as
    the journal has them.
    """
    report = report_of(read_journal(journal))
    if json:
        write_report(report)
    else:
        if report.is_running:
            say("The job is still running; these are its rows at this moment.")
        show_report(report)
        show_facts(report)
    path = source or report.header.file
    write_files(report, form.source(path) if path else None, files)
