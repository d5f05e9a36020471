"""Write what became of a job's rows, for people or programs, and the files that can be made of it."""

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

from itnio_async.bulk import (
    BadRow,
    FailedRow,
    JournalRow,
    Report,
    RowState,
    Source,
    SourceError,
    read_changes,
    write_failed,
    write_html,
)
from itnio_async.bulk.files import cells
from itnio_async.bulk.report.report import explain
from itnio_async.cli.output import counted, json_line, line, say, table, visible

_STATES = (
    (RowState.DONE, "Done", "accepted by the vendor"),
    (RowState.UNCHANGED, "Unchanged", "already up to date"),
    (RowState.REFUSED, "Refused", "not changed"),
    (RowState.UNKNOWN, "Unknown", "sent, but no answer says whether they were updated"),
    (RowState.SENT, "Under way", "sent, and no answer yet"),
    (RowState.WAITING, "Not sent", "not changed"),
)

# -- for people -------------------------------------------------------------------------------------------------------


def show_report(report: Report) -> None:
    """Write how many rows are in each state, and for those that are not done why and what to do."""
    rows: list[tuple[str, int, str]] = []
    for state, name, meaning in _STATES:
        if count := report.counts[state]:
            rows.append((name, count, meaning))
            if state is RowState.DONE and report.disabled:
                rows.append(("  disabled", report.disabled, "updated, although the trunks are disabled"))
    table(("Rows", "Count", "Meaning"), rows)
    if report.reasons:
        line("")
        table(
            ("Code", "Count", "Why", "What to do"),
            [("" if one.code is None else one.code, one.count, one.meaning, one.advice) for one in report.reasons],
        )


# -- for programs -----------------------------------------------------------------------------------------------------


def write_report(report: Report) -> None:
    """Write one JSON object with the counts and reasons, and one for each failed row."""
    json_line(summary_of(report))
    for row in report.failed:
        json_line(_failed_row(row))


def summary_of(report: Report) -> dict[str, Any]:
    """Return as JSON what a job was about, how many rows are in each state, and why."""
    header = report.header
    return {
        "source": header.source,
        "host": header.host,
        "api_key": header.api_key,
        "created": header.created,
        "running": report.is_running,
        "seconds": round(report.seconds, 3),
        "rows": len(report.rows),
        "counts": {state.value: report.counts[state] for state in RowState},
        "reasons": [
            {"state": r.state.value, "code": r.code, "error": r.error, "count": r.count}
            | {"meaning": r.meaning, "advice": r.advice}
            for r in report.reasons
        ],
    }


def _failed_row(row: JournalRow) -> dict[str, Any]:
    result = row.result
    return {
        "file": row.place.file,
        "line": row.place.line,
        "key_id": row.key_id,
        "trunk_name": row.trunk_name,
        "state": result.state.value,
        "code": result.code,
        "error": result.error,
        "reason": result.reason,
        "meaning": explain(row).meaning,
        "attempts": result.attempts,
        "verified": row.verified,
    }


# -- files ------------------------------------------------------------------------------------------------------------


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
