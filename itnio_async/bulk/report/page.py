"""A report as one page of HTML that needs nothing else: no network, no other file, and no secret in it.

How it looks is in `page.html`, `page.css` and `page.js`; what it shows is made here. Jinja2 puts both together;
it comes with the extra `cli` and is imported on first use.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from attrs import frozen

from itnio_async._version import __version__
from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.journal.rows import JournalRow, RowState
from itnio_async.bulk.journal.runs import Run
from itnio_async.bulk.report import charts
from itnio_async.bulk.report.changes import changes_of
from itnio_async.bulk.report.facts import facts_of, shown_time
from itnio_async.bulk.report.report import Report
from itnio_async.bulk.report.words import BAD_WORDS, STATE_WORDS
from itnio_async.errors import ConfigurationError
from itnio_async.text import counted

# More than a person reads, and few enough for a browser to sort; `--failed` writes all of them.
MOST_ROWS = 5_000

_TONES = {RowState.DONE: "good", RowState.REFUSED: "bad", RowState.UNKNOWN: "bad"}
_TRUNK = (("Line", "number"), ("Key id", "number"), ("Name", ""))
_FAILED = (*_TRUNK, ("State", ""), ("Code", "number"), ("Reason", "text"))
_CHANGES = (*_TRUNK, ("State", ""), ("Changes", "text"))
_READ_BACK = (*_TRUNK, ("State", ""), ("Read back", "text"))
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
    text: str = _template(_jinja2()).render(
        name=Path(report.header.source).name,
        header=report.header,
        verdict=report.verdict,
        tone="" if report.is_running else "good" if report.is_well else "bad",
        facts=list(facts_of(report, zone)),
        is_running=report.is_running,
        tiles=list(_tiles(report)),
        reasons=_reasons(report),
        charts=charts,
        drawn=_drawn(report, zone),
        tables=list(_tables(report, zone)),
        version=__version__,
        style=_text("page.css"),
        script=_text("page.js"),
    )
    return text


def _jinja2() -> Any:
    try:
        return import_module("jinja2")
    except ImportError:
        raise ConfigurationError(
            "The page of a report needs Jinja2, which is in the extra `cli`: pip install 'itnio-async[cli]'."
        ) from None


@cache
def _template(jinja2: Any) -> Any:
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_text("page.html"))


def _text(name: str) -> str:
    return files("itnio_async.bulk.report").joinpath(name).read_text(encoding="utf-8")


# -- how many rows ----------------------------------------------------------------------------------------------------


@frozen
class _Tile:
    count: str
    name: str
    meaning: str = ""
    kind: str = ""


def _tiles(report: Report) -> Iterator[_Tile]:
    yield _Tile(f"{report.total:,}", "Rows")
    for state, (name, meaning) in STATE_WORDS.items():
        if count := report.counts[state]:
            if state is RowState.DONE and report.disabled:
                meaning += f" ({report.disabled:,} on disabled trunks)"
            if named := sum(row.state is state for row in report.named_temporarily):
                meaning += f" ({named:,} with a temporary name: names are exchanged)"
            if state is RowState.DONE and report.drifted:
                meaning += f" ({report.drifted:,} had drifted since an earlier job)"
            yield _Tile(f"{count:,}", name, meaning, _TONES.get(state, ""))
    if report.bad:
        yield _Tile(f"{report.bad_count:,}", *BAD_WORDS, "bad")


def _reasons(report: Report) -> list[tuple[str, str, str, str, str]]:
    """Return why rows are not done; the last one of each is the row on this page that it leads to, if there is one."""
    shown = {id(row.why) for row in report.listed[:MOST_ROWS]}
    return [
        (_cell(one.code), f"{one.count:,}", one.meaning, one.advice, f"reason-{number}" if id(one) in shown else "")
        for number, one in enumerate(report.reasons)
    ]


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
    """A row of a table: each cell with its class in the page's style, and the reason that it belongs to, if any.

    `anchor` is what links lead to.
    """

    cells: Sequence[tuple[str, str, str]]
    reason: str = ""
    anchor: str = ""


@frozen
class _Table:
    """Rows under their columns; `first` says how many they are if not all, and `file` which option writes all."""

    id: str
    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[_Row]
    first: str = ""
    file: str = ""


def _tables(report: Report, zone: tzinfo) -> Iterator[_Table]:
    if report.listed:
        yield _cut("failed", counted(len(report.listed), "failed row"), _FAILED, list(_failed(report)), "--failed")
    drifted = [row for row in report.rows if row.drifted]
    if drifted:
        title = f"{counted(len(drifted), 'row')} had drifted since an earlier job"
        yield _cut("drifted", title, _CHANGES, _changed(drifted))
    if report.canary:
        rows = [_row(_READ_BACK, *_trunk(row), _state(row), row.read_back) for row in report.canary]
        yield _cut("canary", f"Canary: {counted(len(rows), 'row')} went first", _READ_BACK, rows)
    changed = _changed(report.rows)
    if changed:
        yield _cut("changes", f"Changes of {counted(len(changed), 'row')}", _CHANGES, changed, "--changes")
    if len(report.runs) > 1:
        yield _cut("runs", counted(len(report.runs), "run"), _RUNS, [_run(run, zone) for run in report.runs])


def _cut(id: str, title: str, columns: Sequence[tuple[str, str]], rows: Sequence[_Row], file: str = "") -> _Table:
    first = f"{MOST_ROWS:,}" if len(rows) > MOST_ROWS else ""
    return _Table(id, title, columns, rows[:MOST_ROWS], first, file)


def _failed(report: Report) -> Iterator[_Row]:
    seen = set()
    numbers = {id(why): f"reason-{number}" for number, why in enumerate(report.reasons)}
    for row in report.listed:
        reason = numbers[id(row.why)]
        cells = (row.line, row.key_id, row.trunk_name, row.state, row.code, row.text)
        yield _row(_FAILED, *cells, reason=reason, anchor="" if reason in seen else reason)
        seen.add(reason)


def _changed(rows: Iterable[JournalRow]) -> list[_Row]:
    return [
        _row(_CHANGES, *_trunk(found.row), _state(found.row), "\n".join(map(str, found.changes)))
        for found in changes_of(rows)
    ]


def _run(run: Run, zone: tzinfo) -> _Row:
    end = run.end
    if end is None:
        return _row(_RUNS, shown_time(run.began, zone), "", run.by, "no end was noted", None, run.exit_status)
    how = ", ".join(filter(None, (end.how.replace("_", " "), end.reason)))
    return _row(
        _RUNS, shown_time(run.began, zone), shown_time(end.ended, zone), run.by, how, end.retries, run.exit_status
    )


def _trunk(row: JournalRow) -> tuple[object, ...]:
    return row.place.line, row.key_id, row.trunk_name


def _state(row: JournalRow) -> str:
    return STATE_WORDS[row.state][0]


def _row(columns: Sequence[tuple[str, str]], *values: object, reason: str = "", anchor: str = "") -> _Row:
    cells = [(_cell(value), title, kind) for value, (title, kind) in zip(values, columns, strict=True)]
    return _Row(cells, reason, anchor)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
