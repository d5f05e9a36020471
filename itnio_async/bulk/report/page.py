"""A report as one page of HTML that needs nothing else: no network, no other file, and no secret in it.

How it looks is in `page.html`, `page.css` and `page.js`; what it shows is made here. Jinja2 puts both together;
it comes with the extra `cli` and is imported on first use.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from attrs import frozen

from itnio_async._version import __version__
from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.journal.rows import JournalRow, RowState
from itnio_async.bulk.report import charts
from itnio_async.bulk.report.report import STATE_WORDS, Report, explain
from itnio_async.errors import ConfigurationError

# More than a person reads, and few enough for a browser to sort; `--failed` writes all of them.
MOST_ROWS = 5_000

_TONES = {RowState.DONE: "good", RowState.REFUSED: "bad", RowState.UNKNOWN: "bad"}
_COLUMNS = (("Line", "number"), ("Key id", "number"), ("Name", ""), ("State", ""), ("Code", "number"), ("Reason", ""))


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
        begun=datetime.fromtimestamp(report.header.created, zone).strftime("%Y-%m-%d %H:%M %Z"),
        took=_duration(report.seconds) if report.seconds else "",
        is_running=report.is_running,
        tiles=list(_tiles(report)),
        reasons=[(_cell(one.code), f"{one.count:,}", one.meaning, one.advice) for one in report.reasons],
        charts=charts,
        drawn=_drawn(report, zone),
        failed=_failed(report.failed),
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
    yield _Tile(f"{len(report.rows):,}", "Rows")
    for state, (name, meaning) in STATE_WORDS.items():
        if count := report.counts[state]:
            if state is RowState.DONE and report.disabled:
                meaning += f" ({report.disabled:,} on disabled trunks)"
            if state is RowState.DONE and report.drifted:
                meaning += f" ({report.drifted:,} had drifted since an earlier job)"
            yield _Tile(f"{count:,}", name, meaning, _TONES.get(state, ""))


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


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


# -- what failed ------------------------------------------------------------------------------------------------------


@frozen
class _Failed:
    """The failed rows, each cell with its class in the page's style; `first` says how many they are if not all."""

    title: str
    first: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[tuple[str, str]]]


def _failed(rows: Sequence[JournalRow]) -> _Failed:
    return _Failed(
        title=f"{len(rows):,} failed row{'' if len(rows) == 1 else 's'}",
        first=f"{MOST_ROWS:,}" if len(rows) > MOST_ROWS else "",
        columns=_COLUMNS,
        rows=[_cells(row) for row in rows[:MOST_ROWS]],
    )


def _cells(row: JournalRow) -> list[tuple[str, str]]:
    """Return what the columns show of a row, each with its class in the page's style."""
    name, _ = STATE_WORDS[row.state]
    meaning = explain(row).meaning
    why = f"{meaning}: {row.result.reason}" if row.result.reason else meaning
    values = (row.place.line, row.key_id, row.trunk_name, name, row.result.code, why)
    return [(_cell(value), kind) for value, (_, kind) in zip(values, _COLUMNS, strict=True)]


def _cell(value: object) -> str:
    return "" if value is None else str(value)
