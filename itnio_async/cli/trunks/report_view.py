"""Write what became of a job's rows, for people or programs."""

from __future__ import annotations

from typing import Any

from itnio_async.bulk import (
    JournalRow,
    Report,
    RowState,
)
from itnio_async.bulk.report.report import STATE_WORDS, explain
from itnio_async.cli.output import json_line, line, table

# -- for people -------------------------------------------------------------------------------------------------------


def show_report(report: Report) -> None:
    """Write how many rows are in each state, and for those that are not done why and what to do."""
    rows: list[tuple[str, int, str]] = []
    for state, (name, meaning) in STATE_WORDS.items():
        if count := report.counts[state]:
            rows.append((name, count, meaning))
            if state is RowState.DONE and report.disabled:
                rows.append(("  disabled", report.disabled, "updated, although the trunks are disabled"))
            if state is RowState.DONE and report.drifted:
                rows.append(("  drifted", report.drifted, "were so after an earlier job, and are set right"))
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
        "drifted": report.drifted,
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
