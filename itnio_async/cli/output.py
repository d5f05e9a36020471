"""Write results: as tables on a terminal, as lines of tab-separated fields elsewhere, and as JSON where asked for.

Results go to stdout, everything else to stderr. Control characters in texts from elsewhere are written as escapes: they
could move the cursor, or fake a line.
"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def on_terminal() -> bool:
    """Tell whether stdout is a terminal, where a person reads."""
    return sys.stdout.isatty()


def visible(value: object) -> str:
    """Return a value as one line of text; what cannot be printed becomes an escape."""
    text = "" if value is None else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str) -> None:
    """Write a remark to stderr; where nobody can read it any more, what it tells of goes on."""
    with suppress(OSError):
        print(_wrapped(text) if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def until_nobody_reads() -> AbstractContextManager[None]:
    """Leave off writing where nobody reads stdout any more, as `head` does after its lines; what follows goes on."""
    return suppress(BrokenPipeError)


def line(text: str) -> None:
    """Write a line of the result."""
    print(text, flush=True)


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
    # A program that reads another encoding than UTF-8 still gets JSON.
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not is_utf8), flush=True)


def console() -> Console:
    """Return rich's console on stdout."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def columns(row: Iterable[object]) -> None:
    """Write a row for programs: one line, its fields separated by tabs."""
    line("\t".join(visible(cell) for cell in row))


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows as a table on a terminal, and elsewhere line by line after a line of headings."""
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
        is_number = all(isinstance(row[index], int) for row in rows)
        drawn.add_column(heading, overflow="fold", justify="right" if is_number else "left")
    for row in rows:
        drawn.add_row(*(Text(visible(cell)) for cell in row))
    console().print(drawn)


def records(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write each row as a block of `name: value` lines, for what has too much text for a table."""
    for number, row in enumerate(rows):
        if number:
            line("")
        width = max(map(len, names)) + 1
        for name, cell in zip(names, row, strict=True):
            text = f"{name + ':':<{width}} {visible(cell)}"
            print(_wrapped(text, width + 1) if on_terminal() else text, flush=True)
