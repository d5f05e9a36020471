"""Write results: as tables on a terminal, as lines of tab-separated fields elsewhere, and as JSON where asked for.

Results go to stdout, everything else to stderr. Control characters in texts from elsewhere are written as escapes: they
could move the cursor, or fake a line.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

NO_STYLES: Mapping[object, str] = {}
# What colours mean; rich leaves them out where `NO_COLOR` is set, and on a terminal that has none.
GOOD, BAD, CARE, SOFT = "green", "red", "yellow", "dim"
# The headings of columns whose numbers are counts: people are shown those with separators, programs without.
_COUNTS = frozenset({"Count", "Trunks", "All well", "In trouble"})
# A process has one standard output, and a run of the command one result.
_is_result_due = False


def on_terminal() -> bool:
    """Tell whether stdout is a terminal, where a person reads."""
    return sys.stdout.isatty()


def visible(value: object) -> str:
    """Return a value as one line of text; what cannot be printed becomes an escape."""
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str, style: str = "") -> None:
    """Write a remark to stderr; where nobody can read it any more, what it tells of goes on."""
    with suppress(OSError):
        _write(text, style, sys.stderr)


def until_nobody_reads() -> AbstractContextManager[None]:
    """Leave off writing where nobody reads stdout any more, as `head` does after its lines; what follows goes on."""
    return suppress(BrokenPipeError)


def line(text: str, style: str = "") -> None:
    """Write a line of the result; on a terminal, what does not fit is carried over below its beginning."""
    _write(text, style, sys.stdout)


def _write(text: str, style: str, stream: TextIO) -> None:
    is_seen = stream.isatty()
    if is_seen:
        text = _wrapped(text)
    if not is_seen or not style:
        print(text, file=stream, flush=True)
        return
    from rich.text import Text

    console(stderr=stream is sys.stderr).print(Text(text, style), soft_wrap=True)
    stream.flush()


def _wrapped(text: str, indent: int = 2) -> str:
    """Wrap the text at the terminal's width, between words; continued lines are indented."""
    width = max(20, shutil.get_terminal_size().columns)
    lines = []
    for part in text.split("\n"):
        deeper = " " * (indent + len(part) - len(part.lstrip()))
        lines.append(
            textwrap.fill(part, width, subsequent_indent=deeper, break_long_words=False, break_on_hyphens=False)
        )
    return "\n".join(lines)


def json_line(value: Any) -> None:
    """Write a value as one line of JSON; an event has the time at which it is written."""
    if isinstance(value, dict) and "event" in value:
        value |= {"time": datetime.now(UTC).isoformat(timespec="milliseconds")}
        if value["event"] == "result":
            expect_result(False)
    # A program that reads another encoding than UTF-8 still gets JSON.
    print(json.dumps(value, ensure_ascii=not _is_utf8()), flush=True)


def expect_result(due: bool) -> None:
    """Say whether the command that begins now has to end with a `result`: whatever ends it, a job with `--json` has."""
    global _is_result_due
    _is_result_due = due


def is_result_due() -> bool:
    """Tell whether a result is still to be written."""
    return _is_result_due


def times(count: int) -> str:
    """Return a count as the beginning of a line about what there is so often."""
    return f"{count:,} {'×' if _is_utf8() else 'x'}"


def _is_utf8() -> bool:
    # What is written into a string has no encoding.
    return (sys.stdout.encoding or "utf-8").lower().replace("-", "") == "utf8"


def console(*, stderr: bool = False) -> Console:
    """Return rich's console on stdout or stderr."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def columns(row: Iterable[object]) -> None:
    """Write a row for programs: one line, its fields separated by tabs."""
    line("\t".join(visible(cell) for cell in row))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], styles: Mapping[object, str] = NO_STYLES) -> None:
    """Write rows as a table on a terminal, and elsewhere line by line after a line of headings.

    `styles` are those of rows, by their first cells.
    """
    if not on_terminal():
        columns(headings)
        for row in rows:
            columns(row)
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    rows = list(rows)
    for index, heading in enumerate(headings):
        is_number = all(isinstance(row[index], int) or row[index] is None for row in rows)
        drawn.add_column(heading, overflow="fold", justify="right" if is_number else "left")
    for row in rows:
        shown = [_shown(heading, cell) for heading, cell in zip(headings, row, strict=True)]
        drawn.add_row(*map(Text, shown), style=styles.get(row[0], ""))
    console().print(drawn)


def _shown(heading: str, cell: object) -> str:
    return f"{cell:,}" if heading in _COUNTS and isinstance(cell, int) else visible(cell)


def records(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write each row as a block of `name: value` lines, for what has too much text for a table."""
    for number, row in enumerate(rows):
        if number:
            line("")
        width = max(map(len, names)) + 1
        for name, cell in zip(names, row, strict=True):
            text = f"{name + ':':<{width}} {visible(cell)}"
            print(_wrapped(text, width + 1) if on_terminal() else text, flush=True)
