"""`itnio trunks report`: show what became of each row of a job, also while it runs; other commands show parts of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from itnio_async.bulk import BadRow, JournalRow, Report, RowState, read_journal, report_of
from itnio_async.bulk.report.facts import facts_of, read_back_in_words
from itnio_async.bulk.report.words import BAD_WORDS, STATE_WORDS, meaning_of, reason_of
from itnio_async.cli.output import BAD, GOOD, json_line, line, records, say, table
from itnio_async.cli.trunks.file_options import FormatOptions
from itnio_async.cli.trunks.plan_view import place_data
from itnio_async.cli.trunks.report_files import ReportFileOptions, write_files


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
        _write_report(report)
    else:
        if report.is_running:
            say("The job is still running; these are its rows at this moment.")
        show_report(report)
        _show_facts(report)
    path = source or report.header.file
    write_files(report, form.source(path) if path else None, files)


# -- for people -------------------------------------------------------------------------------------------------------


def show_report(report: Report) -> None:
    """Write how many rows are in each state, and for those that are not done why and what to do."""
    rows: list[tuple[str, int, str]] = []
    for state, (name, _) in STATE_WORDS.items():
        if count := report.counts[state]:
            named = sum(row.state is state for row in report.named_temporarily)
            rows.append((name, count, meaning_of(state, named)))
            if state is RowState.DONE and report.disabled:
                rows.append(("  disabled", report.disabled, "updated, although the trunks are disabled"))
            if state is RowState.DONE and report.drifted:
                rows.append(("  drifted", report.drifted, "were so after an earlier job, and are set right"))
            if named:
                rows.append(("  temporary name", named, "names are exchanged, and these trunks lack their own"))
    if report.bad:
        rows.append((BAD_WORDS[0], report.bad_count, BAD_WORDS[1]))
    table(("Rows", "Count", "Meaning"), rows, {"Done": GOOD, "Refused": BAD, "Unknown": BAD, "Bad rows": BAD})
    if report.reasons:
        line("")
        table(
            ("Code", "Count", "Why", "What to do"),
            [(one.code, one.count, one.meaning, one.advice) for one in report.reasons],
        )


def _show_facts(report: Report) -> None:
    """Write how the job was run: when, by whom, with which options, and what was read back."""
    line("")
    zone = datetime.now().astimezone().tzinfo
    names, values = zip(("Verdict", report.verdict), *facts_of(report, zone), strict=True)
    records(names, [values])


def say_verdict(report: Report, *, verified: bool) -> None:
    """Say in one line how the job went, and before that what was `verified`, if it was."""
    if verified and (said := read_back_in_words(report)):
        say(f"Read back: {said}.", BAD if report.read_back[1] else GOOD)
    say(report.verdict, GOOD if report.is_well else "" if report.is_running else BAD)


# -- for programs -----------------------------------------------------------------------------------------------------


def _write_report(report: Report) -> None:
    """Write one JSON object with the counts and reasons, and one for each failed row."""
    json_line(summary_of(report))
    for row in report.failed:
        json_line(_failed_row(row, report.explain(row).meaning))
    for bad in report.bad:
        json_line(_bad_row(bad))


def summary_of(report: Report) -> dict[str, Any]:
    """Return as JSON what a job was about, how many rows are in each state, and why."""
    header = report.header
    return {
        "source": header.source,
        "host": header.host,
        "api_key": header.api_key,
        "created": header.created,
        "running": report.is_running,
        "seconds": None if report.seconds is None else round(report.seconds, 3),
        "conclusion": report.verdict,
        "rows": len(report.rows),
        "bad": report.bad_count,
        "retries": report.retries,
        "read_back": {"as_wanted": report.read_back[0], "otherwise": report.read_back[1]},
        "canary": len(report.canary),
        "runs": [attrs.asdict(run) for run in report.runs],
        "drifted": report.drifted,
        "secrets_kept": report.secrets_kept,
        "temporary_names": [{"key_id": row.key_id, "name": row.result.temporary} for row in report.named_temporarily],
        "counts": {state.value: report.counts[state] for state in RowState},
        "reasons": [
            {"state": "bad" if r.state is None else r.state.value, "code": r.code, "error": r.error, "count": r.count}
            | {"meaning": r.meaning, "advice": r.advice}
            for r in report.reasons
        ],
    }


def _failed_row(row: JournalRow, meaning: str) -> dict[str, Any]:
    result = row.result
    return {
        "file": row.place.file,
        "line": row.place.line,
        "key_id": row.key_id,
        "trunk_name": row.trunk_name,
        "state": result.state.value,
        "code": result.code,
        "error": result.error,
        "reason": reason_of(result),
        "meaning": meaning,
        "attempts": result.attempts,
        "verified": row.verified,
        "read_back": row.read_back,
        "canary": row.canary,
        "temporary_name": result.temporary,
    }


def _bad_row(bad: BadRow) -> dict[str, Any]:
    return {
        **place_data(bad.place),
        "state": "bad",
        "code": bad.code,
        "reason": bad.reason,
        "cells": dict(bad.cells),
    }
