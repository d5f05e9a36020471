"""`itnio trunks report`: what became of a job's rows, at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from itnio_async.bulk.journal.journal import read_journal
from itnio_async.bulk.report.report import report_of
from itnio_async.cli.output import say
from itnio_async.cli.trunks.report_view import FailedOption, HtmlOption, show_report, write_files, write_json
from itnio_async.cli.trunks.trunk_file import EncodingOption, FormatOption, SeparatorOption, SheetOption, TrunkFile


def report_trunks(
    journal: Annotated[Path, typer.Argument(metavar="JOURNAL", help="The journal of a job, as `apply` names it.")],
    failed: FailedOption = None,
    html: HtmlOption = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Write one JSON object a line: the counts and reasons, then each row that failed."),
    ] = False,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="FILE", help="Where the job's file is now, for --failed, if it was moved."),
    ] = None,
    format: FormatOption = None,
    encoding: EncodingOption = None,
    sep: SeparatorOption = None,
    sheet: SheetOption = None,
) -> None:
    """Show what became of a job's rows, also while it runs: how many, why, and what to do.

    --failed reads the job's file again, as the other options say; where that is gone or has changed, the rows are
    written as the journal has them.
    """
    report = report_of(read_journal(journal))
    if json:
        write_json(report)
    else:
        if report.is_running:
            say("The job is running: this is how it stands at this moment.")
        show_report(report)
    given = TrunkFile(source or report.header.source, format=format, encoding=encoding, separator=sep, sheet=sheet)
    write_files(report, given.source(), failed, html, ())
