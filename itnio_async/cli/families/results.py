"""Write what calls return: as a table, as CSV, or as JSON."""

from __future__ import annotations

import csv
import sys
from collections.abc import AsyncIterable, Sequence
from enum import Enum, StrEnum
from typing import Annotated, Any

import attrs
import typer
from attrs import frozen

from itnio_async.cli.exits import CommandError
from itnio_async.cli.families.words import option_name
from itnio_async.cli.output import columns, console, json_line, line, on_terminal, records, say, table, visible
from itnio_async.redaction import BLANK
from itnio_async.text import counted
from itnio_async.values import secret_fields


class Form(StrEnum):
    """How results are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"


@frozen
class ResultOptions:
    """The options that say how a result is written."""

    output: Annotated[
        Form,
        typer.Option(
            "--output",
            "-o",
            help="A table (on a terminal; elsewhere lines with tabs), CSV, one JSON value, or a JSON object a line.",
        ),
    ] = Form.TABLE
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Show passwords and credentials of the answer; else they are ***.")
    ] = False

    def write(self, data: Any) -> None:
        """Write the result of one call: a record, a list of them, an id, or nothing."""
        if isinstance(data, list):
            self._write_all(data)
        elif attrs.has(type(data)):
            self._write_all([data], is_one=True)
        elif self.output in (Form.JSON, Form.JSONL):
            json_line({"outcome": "done"} if data is None else {"outcome": "done", "id": data})
        else:
            line("Done." if data is None else str(data))

    async def write_listing(self, listing: AsyncIterable[Any], limit: int | None, chosen: Sequence[str]) -> None:
        """Write a listing's records, as many as `limit` says, with the columns that were chosen; all if none was."""
        found: list[Any] = []
        writer: _Rows | None = None
        count = 0
        # A table and one JSON value want all records first; the others are written as the records come.
        waits = self.output is Form.JSON or (self.output is Form.TABLE and on_terminal())
        async for record in listing:
            if waits:
                found.append(record)
            else:
                writer = writer or _Rows(type(record), chosen, self)
                writer.write(record)
            count += 1
            if count == limit:
                break
        if waits:
            self._write_all(found, chosen)
        if self.output is Form.TABLE and on_terminal():
            line(counted(count, "record"))

    def _write_all(self, found: list[Any], chosen: Sequence[str] = (), *, is_one: bool = False) -> None:
        if self.output is Form.JSON:
            plain = [_plain(record, chosen, self.show_secrets) for record in found]
            json_line(plain[0] if is_one else plain)
        elif not found:
            return
        elif self.output is Form.TABLE and is_one and not chosen:
            names = _columns(type(found[0]), ())
            records(names, [[_cell(found[0], name, self.show_secrets) for name in names]])
        elif self.output is Form.TABLE and on_terminal():
            _draw(found, chosen, secrets=self.show_secrets)
        else:
            rows = _Rows(type(found[0]), chosen, self)
            for record in found:
                rows.write(record)


class _Rows:
    """Writes records one by one: as JSON, as CSV, or as lines with tabs, the last two after a line of headings."""

    def __init__(self, kind: type[Any], chosen: Sequence[str], options: ResultOptions) -> None:
        self._options = options
        self._chosen = chosen
        self._names = _columns(kind, chosen)
        self._csv = csv.writer(sys.stdout)
        if options.output is not Form.JSONL:
            self._row(self._names)

    def write(self, record: Any) -> None:
        """Write one record."""
        secrets = self._options.show_secrets
        if self._options.output is Form.JSONL:
            json_line(_plain(record, self._chosen, secrets))
        else:
            self._row([_cell(record, name, secrets) for name in self._names])

    def _row(self, cells: Sequence[object]) -> None:
        if self._options.output is Form.CSV:
            self._csv.writerow(["" if cell is None else cell for cell in cells])
        else:
            columns(cells)


def _columns(kind: type[Any], chosen: Sequence[str]) -> list[str]:
    """Return the fields to be shown, in the order in which they were chosen."""
    names = [field.name for field in attrs.fields(kind) if field.name != "extra"]
    wanted = [name.replace("-", "_") for name in chosen]
    for name in wanted:
        if name not in names:
            raise CommandError(f"there is no column {name!r}.", f"choose of {', '.join(names)}.")
    return wanted or names


def _draw(found: list[Any], chosen: Sequence[str], *, secrets: bool) -> None:
    """Draw a table of the columns that have something in them, as many of the first as the terminal has room for."""
    names = _columns(type(found[0]), chosen)
    cells = {name: [_cell(record, name, secrets) for record in found] for name in names}
    used = [name for name in names if chosen or any(cell not in (None, "") for cell in cells[name])]
    room = console().width
    shown: list[str] = []
    for name in used:
        room -= min(24, max(len(visible(text)) for text in (name, *cells[name]))) + 2
        if room < 0 and shown and not chosen:
            break
        shown.append(name)
    table([name.replace("_", " ").capitalize() for name in shown], list(zip(*(cells[name] for name in shown))))  # noqa: B905
    if left := used[len(shown) :]:
        say(f"{counted(len(left), 'column')} left out: {', '.join(left)}. Choose with --columns, or give -o json.")


def _cell(record: Any, name: str, secrets: bool) -> object:
    value = getattr(record, name)
    if not secrets and value is not None and name in secret_fields(type(record)):
        return BLANK
    return _text(value)


def _text(value: Any) -> object:
    if isinstance(value, Enum):
        return option_name(value.name.lower())
    if isinstance(value, list | tuple):
        return ", ".join(str(_text(item)) for item in value)
    if attrs.has(type(value)):
        return ", ".join(f"{name}={_text(found)}" for name, found in value.to_dict(names="python").items())
    return value


def _plain(record: Any, chosen: Sequence[str], secrets: bool) -> dict[str, Any]:
    plain: dict[str, Any] = record.to_dict(names="python", secrets=secrets)
    return {name: plain.get(name) for name in _columns(type(record), chosen)} if chosen else plain
