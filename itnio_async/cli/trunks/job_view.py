"""What `apply --json` and `undo --json` write: a line for the plan, for each row that is read back, and for the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from itnio_async.bulk.files.places import BadRow
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.job.job import JobResult, ReadBack
from itnio_async.bulk.report.report import Report
from itnio_async.cli.output import json_line
from itnio_async.cli.trunks.plan_view import changes_data, count_of, place_data
from itnio_async.cli.trunks.report_view import summary_of


def write_plan(
    counts: dict[str, int], *, source: str, identity: Identity, journal: Path, goes_on: bool, otherwise: int
) -> None:
    """Write what is about to be sent; `otherwise` rows are done in the journal and do not stand so any more."""
    json_line(
        {
            "event": "plan",
            "source": source,
            "host": identity.host,
            "api_key": identity.api_key,
            "journal": str(journal),
            "goes_on": goes_on,
            "done_but_changed_since": otherwise,
            "counts": counts,
        }
    )


def write_read_back(event: str, rows: Iterable[ReadBack]) -> None:
    """Write how trunks stand that were read back; `changes` is what they lack."""
    for row in rows:
        json_line(
            {
                "event": event,
                **place_data(row.place),
                "key_id": row.key_id,
                "trunk_name": row.trunk_name,
                "state": row.state.value,
                "found": row.found,
                "as_wanted": row.ok,
                "changes": changes_data(row.differences),
            }
        )


def write_result(
    report: Report, result: JobResult, *, bad: Sequence[BadRow], failed: Path | None, html: Path | None, status: int
) -> None:
    """Write what became of the job; `failed` and `html` are the files that were made of its report."""
    error = result.error
    json_line(
        {
            "event": "result",
            **summary_of(report),
            "bad": count_of(bad),
            "not_as_wanted": len(result.not_as_wanted),
            "ended": result.ended.name.lower(),
            "error": None if error is None else type(error).__name__,
            "code": getattr(error, "code", None),
            "text": None if error is None else str(error),
            "notes": result.notes,
            "journal": str(result.journal),
            "failed": None if failed is None else str(failed),
            "html": None if html is None else str(html),
            "exit_status": status,
        }
    )
