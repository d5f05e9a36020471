"""How a job was run, in words: when, by whom, how fast, with which options, and what was read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from itnio_async.bulk.job.options import JobOptions, as_data
from itnio_async.bulk.report.report import Report
from itnio_async.text import counted

# Of the options in the journal, those that are named by themselves.
_NAMED = ("rate_limit", "concurrency")


def facts_of(report: Report, zone: tzinfo | None) -> Iterator[tuple[str, str]]:
    """Yield what there is to know of the job as a whole: a word for it, and what it is.

    `zone` is what times are shown in.
    """
    runs, header = report.runs, report.header
    yield "Account", f"{header.api_key} at {header.host}" if header.host else "not known yet"
    yield "Begun", shown_time(runs[0].began if runs else header.created, zone)
    if runs and (end := runs[-1].end) is not None:
        yield "Ended", shown_time(end.ended, zone)
    if report.seconds is not None:
        yield "Took", f"{_duration(report.seconds)} from the first answer to the last"
    if runs:
        last = runs[-1]
        yield "Run by", last.by
        options = last.options
        if "rate_limit" in options:
            yield "Rate", f"{options['rate_limit']}, {options.get('concurrency')} updates in flight at most"
        yield "Other options", ", ".join(_other_options(options, zone)) or "none"
    yield "Retries", f"{report.retries:,}"
    if report.canary:
        well = sum(row.verified is True for row in report.canary)
        yield "Canary", f"{counted(len(report.canary), 'row')} went first, {well:,} read back as wanted"
    yield "Read back", read_back_in_words(report) or "nothing (--verify reads all trunks back)"
    if runs and (status := runs[-1].exit_status) is not None:
        yield "Exit status", str(status)


def shown_time(seconds: float, zone: tzinfo | None) -> str:
    """Return a moment (Unix seconds) as people read it."""
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def read_back_in_words(report: Report) -> str:
    """Return how many trunks were read back, and how they were; nothing where none was."""
    well, otherwise = report.read_back
    if not well + otherwise:
        return ""
    return f"{counted(well + otherwise, 'trunk')}, {well:,} as wanted, {otherwise:,} otherwise"


def _other_options(options: Mapping[str, Any], zone: tzinfo | None) -> Iterator[str]:
    usual = as_data(JobOptions())
    for name, value in options.items():
        if name in _NAMED or value == usual.get(name):
            continue
        said = shown_time(value, zone) if name == "until" and isinstance(value, float) else value
        yield name.replace("_", "-") if value is True else f"{name.replace('_', '-')} {said}"


def _duration(seconds: float) -> str:
    if seconds < 0.05:
        return "under 0.1 s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
