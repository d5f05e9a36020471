"""A report as one page of HTML that needs nothing else: no network, no other file, and no secret in it.

How it looks is in `page.html`, `page.css` and `page.js`; what it shows is made here. Jinja2 puts both together;
it comes with the extra `cli` and is imported on first use.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from itnio_async._version import __version__
from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.journal.rows import JournalRow, RowState, Run
from itnio_async.bulk.report import charts
from itnio_async.bulk.report.changes import changes_of
from itnio_async.bulk.report.facts import facts_of, shown_time
from itnio_async.bulk.report.report import Report
from itnio_async.bulk.report.words import BAD_WORDS, STATE_WORDS, meaning_of
from itnio_async.errors import ConfigurationError
from itnio_async.text import counted

if TYPE_CHECKING:
    from jinja2 import Template

# More than a person reads, and few enough for a browser to sort; `--failed` writes all of them.
MOST_ROWS = 5_000

_TONES = {RowState.DONE: "good", RowState.REFUSED: "bad", RowState.UNKNOWN: "bad"}
# The columns of the tables, each with its class in the page's style.
_TRUNK = (("Line", "number"), ("Key id", "number"), ("Name", ""), ("State", ""))
_FAILED = (*_TRUNK, ("Code", "number"), ("Reason", "text"))
_CHANGES = (*_TRUNK, ("Changes", "text"))
_READ_BACK = (*_TRUNK, ("Read back", "text"))
_RUNS = (("Begun", ""), ("Ended", ""), ("By", ""), ("How it ended", "text"), ("Retries", "number"), ("Exit", "number"))


def write_html(report: Report, path: str | os.PathLike[str], *, zone: tzinfo | None = None) -> None:
    """Write the page; the file is its owner's alone (mode 0600). `zone` is what times are shown in, UTC unless given.

    Raises `ConfigurationError` where it cannot be written, or where Jinja2 is not installed.
    """
    text = html_of(report, zone=zone)
    with private_file(path) as file:
        file.write(text.encode("utf-8", "replace"))


def html_of(report: Report, *, zone: tzinfo | None = None) -> str:
    """Return the page as text; `zone` is what times are shown in, UTC unless given.

    Raises `ConfigurationError` where Jinja2 is not installed.
    """
    zone = zone or UTC
    return _template().render(
        name=Path(report.header.source).name,
        report=report,
        tone="" if report.is_running else "good" if report.is_well else "bad",
        facts=list(facts_of(report, zone)),
        tiles=list(_tiles(report)),
        # Those of which a row is on the page: their links lead to the first one.
        linked={row.why for row in report.listed[:MOST_ROWS]},
        charts=charts,
        drawn=_drawn(report, zone),
        tables=list(_tables(report, zone)),
        most=MOST_ROWS,
        version=__version__,
        style=_text("page.css"),
        script=_text("page.js"),
    )


def _template() -> Template:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError:
        raise ConfigurationError(
            "The page of a report needs Jinja2, which is in the extra `cli`: pip install 'itnio-async[cli]'."
        ) from None
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: "" if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_text("page.html"))


def _text(name: str) -> str:
    return files("itnio_async.bulk.report").joinpath(name).read_text(encoding="utf-8")


# -- how many rows ----------------------------------------------------------------------------------------------------


def _tiles(report: Report) -> Iterator[tuple[str, int, str, str]]:
    """Yield of each state its tone in the page's style, how many rows are in it, its name and what it means."""
    yield "", report.total, "Rows", ""
    for state, (name, _) in STATE_WORDS.items():
        if count := report.counts[state]:
            named = sum(row.state is state for row in report.named_temporarily)
            meaning = meaning_of(state, named)
            if state is RowState.DONE and report.disabled:
                meaning += f" ({report.disabled:,} on disabled trunks)"
            if named:
                meaning += f" ({named:,} with a temporary name: names are exchanged)"
            if state is RowState.DONE and report.drifted:
                meaning += f" ({report.drifted:,} had drifted since an earlier job)"
            yield _TONES.get(state, ""), count, name, meaning
    if report.bad:
        yield "bad", report.bad_count, *BAD_WORDS


# -- over time --------------------------------------------------------------------------------------------------------


def _drawn(report: Report, zone: tzinfo) -> list[charts.Chart]:
    """Return the charts; none where all ended in the same moment."""
    moments, step = report.timeline.moments, report.timeline.step
    if len(moments) < 2:
        return []
    begins = [moment.begin for moment in moments]
    rates = [
        charts.Series("done", "good", [moment.done / step for moment in moments]),
        charts.Series("refused or unknown", "bad", [moment.failed / step for moment in moments]),
    ]
    # A moment in which no row ended took no time: a gap.
    took = [
        charts.Series("half of them at most", "good", [moment.median or None for moment in moments]),
        charts.Series("95 of 100 at most", "slow", [moment.slowest or None for moment in moments]),
    ]
    return [
        charts.bar_chart("Rows a second", begins, rates, zone),
        charts.line_chart("Seconds a row took, repeats and waits included", begins, took, zone),
    ]


# -- rows -------------------------------------------------------------------------------------------------------------


@frozen
class _Row:
    """A row of a table: its cells, and the number of the reason that it belongs to, if any.

    `is_first` tells that it is the first one with that reason: links lead to it.
    """

    cells: Sequence[object]
    reason: int | None = None
    is_first: bool = False


@frozen
class _Table:
    """Rows under their columns, each with its class in the page's style; `file` says which option writes all rows."""

    id: str
    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[_Row]
    file: str = ""


def _tables(report: Report, zone: tzinfo) -> Iterator[_Table]:
    if report.listed:
        yield _Table("failed", counted(len(report.listed), "failed row"), _FAILED, list(_failed(report)), "--failed")
    drifted = [row for row in report.rows if row.drifted]
    if drifted:
        title = f"{counted(len(drifted), 'row')} had drifted since an earlier job"
        yield _Table("drifted", title, _CHANGES, _changed(drifted))
    if report.canary:
        rows = [_Row((*_trunk(row), row.read_back)) for row in report.canary]
        yield _Table("canary", f"Canary: {counted(len(rows), 'row')} went first", _READ_BACK, rows)
    changed = _changed(report.rows)
    if changed:
        yield _Table("changes", f"Changes of {counted(len(changed), 'row')}", _CHANGES, changed, "--changes")
    if len(report.runs) > 1:
        yield _Table("runs", counted(len(report.runs), "run"), _RUNS, [_run(run, zone) for run in report.runs])


def _failed(report: Report) -> Iterator[_Row]:
    seen = set()
    numbers = {why: number for number, why in enumerate(report.reasons)}
    for row in report.listed:
        reason = numbers[row.why]
        cells = (row.line, row.key_id, row.trunk_name, row.state, row.code, row.text)
        yield _Row(cells, reason, is_first=reason not in seen)
        seen.add(reason)


def _changed(rows: Iterable[JournalRow]) -> list[_Row]:
    return [_Row((*_trunk(row), "\n".join(map(str, changes)))) for row, changes in changes_of(rows)]


def _trunk(row: JournalRow) -> tuple[object, ...]:
    return row.place.line, row.key_id, row.trunk_name, STATE_WORDS[row.state][0]


def _run(run: Run, zone: tzinfo) -> _Row:
    ended, how, retries = "", "no end was noted", None
    if run.end is not None:
        ended, retries = shown_time(run.end.ended, zone), run.end.retries
        how = ", ".join(filter(None, (run.end.how.replace("_", " "), run.end.reason)))
    return _Row((shown_time(run.began, zone), ended, run.by, how, retries, run.exit_status))
