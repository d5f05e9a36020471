"""The files that can be made of a job's report: its failed rows, to be corrected, and a page to look at."""

from __future__ import annotations

import io
import json
import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from attrs import frozen

from itnio_async.bulk import (
    FailedRow,
    Report,
    Source,
    SourceError,
    read_changes,
    write_failed,
    write_html,
)
from itnio_async.bulk.files import cells
from itnio_async.bulk.files.private_file import STANDARD_OUTPUT, require_writable
from itnio_async.bulk.files.write import is_typed, require_ending, write_cells, write_objects
from itnio_async.bulk.report.changes import write_changes
from itnio_async.bulk.report.words import said_of
from itnio_async.bulk.trunks.columns import REPORT_COLUMNS
from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import say, visible
from itnio_async.text import counted


@frozen
class ReportFileOptions:
    """The options that say which files are made of a job's report."""

    failed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the failed rows to this file: with the columns of the file that was applied, without "
            "passwords, and with code, reason and meaning. Correct it and apply it with --secrets-from FIRST_FILE, "
            "which gives the passwords.",
        ),
    ] = None
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with counts, charts, the failed rows and the changes."),
    ] = None
    changes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write every change to this file: the value of each field before and after, trunk by trunk, without "
            "passwords.",
        ),
    ] = None

    def require_writable(self) -> None:
        """Raise `CommandError` or `ConfigurationError` where one of the files could not be written at this moment."""
        for _, path in self._named():
            require_writable(path)
            if path is not self.html:
                require_ending(path)
        for (option, path), (other, same) in combinations(self._named(), 2):
            if str(path) != STANDARD_OUTPUT and os.path.realpath(path) == os.path.realpath(same):
                raise CommandError(f"{option} and {other} name the same file.", "give each a name of its own.")

    def require_apart(self, others: Iterable[str | os.PathLike[str]]) -> None:
        """Raise `CommandError` where one of the files would replace one that the job needs."""
        needed = {os.path.realpath(path) for path in others}
        for option, path in self._named():
            if str(path) != STANDARD_OUTPUT and os.path.realpath(path) in needed:
                raise CommandError(f"{option} {path} would replace a file of the job.", "give it another name.")

    def _named(self) -> list[tuple[str, Path]]:
        return [(f"--{name}", path) for name, path in attrs.asdict(self).items() if path is not None]


def write_files(report: Report, source: Source | None, files: ReportFileOptions) -> None:
    """Write the files that were asked for.

    Failed rows have the form of the source; where that is None, gone or changed, they are written as the journal has
    them.
    """
    if files.failed is not None:
        count = _write_failed(report, source, files.failed)
        say(f"{counted(count, 'failed row')}: {visible(files.failed)}")
        if any(row.secrets for row in report.failed):
            # Standard input cannot be read again.
            first = shlex.quote(source.path) if source is not None and Path(source.path).is_file() else "FIRST_FILE"
            again = f"{shlex.quote(str(files.failed))} --secrets-from {first}"
            say(f"It has no passwords. When the rows are corrected: itnio trunks apply {visible(again)}")
    if files.html is not None:
        write_html(report, files.html, zone=datetime.now().astimezone().tzinfo)
        say(f"Report: {visible(files.html)}")
    if files.changes is not None:
        count = write_changes(report.rows, files.changes)
        say(f"{counted(count, 'change')}: {visible(files.changes)}")


def _write_failed(report: Report, source: Source | None, path: Path) -> int:
    if not report.failed and not report.bad:
        return _write_none(source, path)
    if source is None or not _has_rows_of(report, source):
        return _write_kept(report, path)
    return write_failed(source, report.failed_rows(), path)


def _write_none(source: Source | None, path: Path) -> int:
    """Write a file without failed rows: with the columns of the source, where that can be read."""
    with suppress(SourceError):
        if source is not None:
            return write_failed(source, [], path)
    if is_typed(path):
        write_objects(path, [])
    else:
        write_cells(path, REPORT_COLUMNS, [])
    return 0


def _has_rows_of(report: Report, source: Source) -> bool:
    """Tell whether the source still has the failed rows in their lines; if not, say why.

    Those that were left out must still be bad there.
    """
    bad = {row.place.line for row in report.bad}
    why = f"{source.name} has changed since."
    # The journal does not say by which of the two the rows named their trunks.
    for match in ("key_id", "name"):
        wanted = {row.place.line: row.key_id if match == "key_id" else row.trunk_name for row in report.failed}
        try:
            rows = read_changes(source, match=match)
        except SourceError as error:
            why = error.args[0]
            continue
        found = {change.place.line: change.key for change in rows.changes}
        if wanted.items() <= found.items() and bad <= {row.place.line for row in rows.bad}:
            return True
    say(f"{visible(why)} The failed rows are written as the journal has them.")
    return False


def _write_kept(report: Report, path: Path) -> int:
    """Write the failed rows as the journal has them."""
    lines: list[dict[str, Any]] = []
    rows: list[FailedRow] = []
    for number, row in enumerate(report.failed, 1):
        key = {"key_id": row.key_id} if row.key_id is not None else {"sip_trunk_name": row.trunk_name}
        values = {name: _as_cell(value) for name, value in row.after.items()}
        lines.append({**key, **values, **dict.fromkeys(row.secrets, "")})
        rows.append(FailedRow(number, row.result.code, said_of(row), report.explain(row).meaning))
    for mistakes in report.bad_rows.values():
        lines.append(dict(mistakes[0].cells))
        rows += [FailedRow(len(lines), bad.code, bad.reason, "the row cannot be sent") for bad in mistakes]
    kept = Source("-", format="jsonl", stdin=io.BytesIO(b"\n".join(json.dumps(line).encode() for line in lines)))
    return write_failed(kept, rows, path)


def _as_cell(value: Any) -> Any:
    if value is None:
        return cells.CLEAR_WORD
    return f"'{value}" if isinstance(value, str) and cells.is_clear_word(value.lstrip("'")) else value
