"""The files that can be made of a job's report: its failed rows, to be corrected, and a page to look at."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import frozen

from itnio_async.bulk import BadRow, FailedRow, Report, Source, SourceError, read_changes, write_failed, write_html
from itnio_async.bulk.files import cells
from itnio_async.bulk.report.report import explain
from itnio_async.cli.output import say, visible
from itnio_async.text import counted


@frozen
class ReportFileOptions:
    """The options that say which files are made of a job's report."""

    failed: Annotated[
        Path | None,
        typer.Option(
            "--failed",
            metavar="FILE",
            help="Write the failed rows to this file: with the columns of the file that was applied, without "
            "passwords, and with code, reason and meaning. Correct it and apply it with --secrets-from FIRST_FILE, "
            "which gives the passwords.",
        ),
    ] = None
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with counts, charts and the failed rows."),
    ] = None


def write_files(report: Report, source: Source | None, files: ReportFileOptions, bad: Sequence[BadRow] = ()) -> None:
    """Write the files that were asked for; `bad` are rows of the source that are in no journal.

    Failed rows have the form of the source; where that is None, gone or changed, they are written as the journal has
    them.
    """
    if files.failed is not None:
        count = _write_failed(report, source, files.failed, bad)
        say(f"{counted(count, 'failed row')}: {visible(files.failed)}")
        if any(row.secrets for row in report.failed):
            # Standard input cannot be read again.
            first = shlex.quote(source.path) if source is not None and Path(source.path).is_file() else "FIRST_FILE"
            again = f"{shlex.quote(str(files.failed))} --secrets-from {first}"
            say(f"It has no passwords. When the rows are corrected: itnio trunks apply {visible(again)}")
    if files.html is not None:
        write_html(report, files.html, zone=datetime.now().astimezone().tzinfo)
        say(f"Report: {visible(files.html)}")


def _write_failed(report: Report, source: Source | None, path: Path, bad: Sequence[BadRow]) -> int:
    if source is None or not _has_rows_of(report, source):
        return _write_kept(report, path)
    cannot = [FailedRow(row.place.line, row.code, row.reason, "the row cannot be sent") for row in bad]
    return write_failed(source, [*report.failed_rows(), *cannot], path)


def _has_rows_of(report: Report, source: Source) -> bool:
    """Tell whether the source still has the failed rows in their lines; if not, say why."""
    why = f"{source.name} has changed since."
    # The journal does not say by which of the two the rows named their trunks.
    for match in ("key_id", "name"):
        wanted = {row.place.line: row.key_id if match == "key_id" else row.trunk_name for row in report.failed}
        try:
            found = {change.place.line: change.key for change in read_changes(source, match=match).changes}
        except SourceError as error:
            why = error.args[0]
            continue
        if wanted.items() <= found.items():
            return True
    say(f"{visible(why)} The failed rows are written as the journal has them.")
    return False


def _write_kept(report: Report, path: Path) -> int:
    """Write the failed rows as the journal has them."""
    lines, rows = [], []
    for number, row in enumerate(report.failed, 1):
        key = {"key_id": row.key_id} if row.key_id is not None else {"sip_trunk_name": row.trunk_name}
        values = {name: _as_cell(value) for name, value in row.after.items()}
        lines.append(json.dumps({**key, **values, **dict.fromkeys(row.secrets, "")}))
        rows.append(FailedRow(number, row.result.code, row.result.reason, explain(row).meaning))
    kept = Source("-", format="jsonl", stdin=io.BytesIO("\n".join(lines).encode()))
    return write_failed(kept, rows, path)


def _as_cell(value: Any) -> Any:
    if value is None:
        return cells.CLEAR_WORD
    return cells.protect(value, cells.is_clear_word) if isinstance(value, str) else value
