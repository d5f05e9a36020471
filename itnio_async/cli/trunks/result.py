"""Write the `result`, the last line of a job's JSON: of one shape, whatever ended the job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from itnio_async.bulk import Report
from itnio_async.cli.due_result import note_result
from itnio_async.cli.output import json_line
from itnio_async.cli.trunks.report_files import ReportFileOptions
from itnio_async.cli.trunks.report_view import summary_of


def write_result(
    report: Report,
    *,
    ended: str,
    status: int,
    error: BaseException | None,
    text: str | None,
    journal: Path | None,
    files: ReportFileOptions,
    not_as_wanted: int = 0,
    notes: Sequence[str] = (),
) -> None:
    """Write a job's end as JSON.

    `ended` is how it did, `error` what ended it early and `text` that in words, `status` the exit status; `files` are
    those that were made of its report, and `not_as_wanted` is how many trunks were read back with other values.
    """
    note_result()
    json_line(
        {
            "event": "result",
            **summary_of(report),
            "not_as_wanted": not_as_wanted,
            "ended": ended,
            "error": None if error is None else type(error).__name__,
            "code": getattr(error, "code", None),
            "text": text,
            "notes": notes,
            "journal": None if journal is None else str(journal),
            "failed": None if files.failed is None else str(files.failed),
            "html": None if files.html is None else str(files.html),
            "changes": None if files.changes is None else str(files.changes),
            "exit_status": status,
        }
    )
