"""Write to stdout what a job of `apply` or `undo` does: as tables for people, or with `json` as lines for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from itnio_async.bulk import BadRow, Identity, Plan, ReadBack, Report, RowState
from itnio_async.bulk.job.decide import as_read
from itnio_async.cli.output import BAD, GOOD, json_line, say, table
from itnio_async.cli.trunks.plan_view import (
    changes_data,
    counts_of,
    place_data,
    show_counts,
    show_fields,
    show_plan,
    write_bad_rows,
    write_plan,
)
from itnio_async.cli.trunks.report_view import show_report
from itnio_async.text import counted


@frozen(kw_only=True)
class JobSummary:
    """What is about to be sent; `plan` is what is left to send, and `bad` are the rows that cannot be read.

    `before` are the counts, by their names, of the rows that the job was through with in earlier runs.
    `changed` is how many rows are done in the journal, while their trunks differ from the file now; `drifted` are those
    that a job before had done, and that are set right now.
    """

    plan: Plan
    bad: Sequence[BadRow]
    source: str
    identity: Identity
    journal: Path
    resumes: bool
    changed: int
    drifted: Sequence[ReadBack] = ()
    before: Mapping[str, int] = field(factory=dict)


def show_dry_run(plan: Plan, bad: Sequence[BadRow], *, json: bool, full: bool) -> None:
    """Write what would be sent, as `itnio trunks plan` does."""
    if json:
        write_plan(plan, bad)
    else:
        show_plan(plan, bad, full=full)


def show_summary(summary: JobSummary, *, json: bool) -> None:
    """Write how much is about to be sent."""
    if not json:
        show_fields(summary.plan)
        show_counts(summary.plan, summary.bad, before=summary.before if summary.resumes else None)
        return
    write_bad_rows(summary.bad)
    _write_read_back("drifted", summary.drifted)
    json_line(
        {
            "event": "plan",
            "source": summary.source,
            "host": summary.identity.host,
            "api_key": summary.identity.api_key,
            "journal": str(summary.journal),
            "goes_on": summary.resumes,
            "done_but_changed_since": summary.changed,
            "drifted": len(summary.drifted),
            "counts": counts_of(summary.plan, summary.bad),
        }
    )


def show_canary(rows: Sequence[ReadBack], *, json: bool) -> None:
    """Write the first trunks, read back."""
    if json:
        _write_read_back("canary", rows)
        return
    table(
        ("Key id", "Name", "Outcome", "Read back"),
        [(row.key_id, row.trunk_name, row.state.value, as_read(row)) for row in rows],
    )
    well = sum(row.ok and row.state is RowState.DONE for row in rows)
    say(f"Canary: {counted(len(rows), 'trunk')} read back, {well:,} as wanted.", GOOD if well == len(rows) else BAD)


def show_outcome(report: Report, differing: Sequence[ReadBack], *, json: bool) -> None:
    """Write what became of the rows; `differing` are those whose trunks were read back with other values."""
    if json:
        _write_read_back("verify", differing)
    else:
        show_report(report)


def _write_read_back(event: str, rows: Sequence[ReadBack]) -> None:
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
