"""Write what calls return: as a table, as CSV, or as JSON."""

from __future__ import annotations

import csv
import sys
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from enum import Enum, StrEnum
from typing import Annotated, Any, get_args, get_origin

import attrs
import typer
from attrs import frozen

from itnio_async.cli.exits import CommandError
from itnio_async.cli.families.words import option_name
from itnio_async.cli.output import columns, console, json_line, line, on_terminal, records, say, table, visible
from itnio_async.redaction import BLANK, without_secrets
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

    def write(self, data: Any, kind: Any) -> None:
        """Write the result of one call: a record, a list of them, an id, nothing, or what no page shows.

        `kind` is the type that the call returns, which alone tells what an empty list is of.
        """
        if get_origin(kind) is list:
            _Writer(self, get_args(kind)[0]).write_all(data)
        elif attrs.has(type(data)):
            _Writer(self, type(data)).write_all([data], is_one=True)
        else:
            # What no page shows may be anything.
            self._write_plain(data if self.show_secrets else without_secrets(data, ()))

    def _write_plain(self, data: Any) -> None:
        if self.output in (Form.JSON, Form.JSONL):
            name = "id" if isinstance(data, int | str) and not isinstance(data, bool) else "data"
            json_line({"outcome": "done", **({} if data is None else {name: data})})
        else:
            line("Done." if data in (None, "", [], {}) else visible(_text(data, self.show_secrets)))

    async def write_listing(
        self, listing: AsyncIterable[Any], kind: type[Any], limit: int | None, chosen: Sequence[str]
    ) -> None:
        """Write a listing's records of a class, as many as `limit` says, with the columns that were chosen, or all.

        Raises `CommandError` for a column that none of the records has.
        """
        # A table and one JSON value want all records first; the others are written as the records come.
        waits = self.output is Form.JSON or (self.output is Form.TABLE and on_terminal())
        writer = _Writer(self, kind, chosen)
        found: list[Any] = []
        count = 0
        async for record in listing:
            if waits:
                found.append(record)
            else:
                writer.write(record)
            count += 1
            if count == limit:
                break
        if waits:
            writer.write_all(found)
        else:
            writer.end()
        if self.output is Form.TABLE and on_terminal():
            line(counted(count, "record"))


class _Writer:
    """Writes records of a class, all at once or one by one; then the first one tells the columns.

    The columns are the fields of the class, and the keys that it does not know, of which only records tell; or those
    that are `chosen`, in this order. Records are held back until each of these is known, so that a wrong one is an
    error and nothing else. Where `chosen` is None, no option chooses.
    """

    def __init__(self, options: ResultOptions, kind: type[Any], chosen: Sequence[str] | None = None) -> None:
        self._form, self._secrets = options.output, options.show_secrets
        self._known = [field.name for field in attrs.fields(kind) if field.name != "extra"]
        in_python = {name: name.replace("-", "_") for name in chosen or ()}
        self._chosen = [in_python[name] if in_python[name] in self._known else name for name in chosen or ()]
        self._may_be_chosen = chosen is not None
        self._has_records = False
        self._head: list[str] | None = None
        self._held: list[Any] = []
        self._csv = csv.writer(sys.stdout)

    def write_all(self, found: list[Any], *, is_one: bool = False) -> None:
        """Write all records there are; `is_one` says that they are not a list, but one."""
        for record in found:
            self._learn(record)
        self._require_chosen()
        if self._form is Form.JSON:
            plain = [self._plain(record) for record in found]
            json_line(plain[0] if is_one else plain)
        elif self._form is Form.TABLE and is_one:
            records(self._names(), [self._cells(found[0], self._names())])
        elif self._form is Form.TABLE and on_terminal():
            self._draw(found)
        else:
            for record in found:
                self.write(record)
            self.end()

    def write(self, record: Any) -> None:
        """Write one record: as JSON, as CSV, or as a line with tabs, the last two after a line of headings."""
        is_first = self._head is None and not self._held
        self._learn(record)
        self._held.append(record)
        if self._unknown() and not (is_first and not record.extra):
            return  # later records may have other keys
        self._write_held()

    def _write_held(self) -> None:
        self._require_chosen()
        names = self._begin()
        for record in self._held:
            if self._form is Form.JSONL:
                json_line(self._plain(record))
            else:
                self._row(self._cells(record, names))
        self._held.clear()

    def end(self) -> None:
        """Write the headings where there was no record, and say which columns only later ones have."""
        self._write_held()
        head = self._begin()
        if self._form is not Form.JSONL:
            self._say_left_out([name for name in self._names() if name not in head])

    def _names(self) -> list[str]:
        return self._chosen or list(self._known)

    def _learn(self, record: Any) -> None:
        self._has_records = True
        self._known += [name for name in record.extra if name not in self._known]

    def _unknown(self) -> list[str]:
        return [name for name in self._chosen if name not in self._known]

    def _require_chosen(self) -> None:
        """Raise `CommandError` for a column that none of the records has."""
        if self._has_records and (unknown := self._unknown()):
            raise CommandError(f"there is no column {unknown[0]!r}.", f"choose of {', '.join(self._known)}.")

    def _begin(self) -> list[str]:
        if self._head is None:
            self._head = self._names()
            if self._form is not Form.JSONL:
                self._row(self._head)
        return self._head

    def _row(self, cells: Sequence[object]) -> None:
        if self._form is Form.CSV:
            self._csv.writerow(["" if cell is None else cell for cell in cells])
        else:
            columns(cells)

    def _cells(self, record: Any, names: Sequence[str]) -> list[object]:
        cells = _cells(record, names, self._secrets)
        if self._form is not Form.TABLE:
            return cells
        # A file's content would fill the terminal with megabytes that nobody reads.
        unseen = {field.name for field in attrs.fields(type(record)) if not field.repr and field.name != "extra"}
        contents = unseen - secret_fields(type(record))
        return [
            counted(len(cell), "character") if name in contents and isinstance(cell, str) else cell
            for name, cell in zip(names, cells, strict=True)
        ]

    def _plain(self, record: Any) -> dict[str, Any]:
        plain: dict[str, Any] = record.to_dict(names="python", secrets=self._secrets)
        return {name: (plain | plain.get("extra", {})).get(name) for name in self._chosen} if self._chosen else plain

    def _draw(self, found: list[Any]) -> None:
        """Draw a table of the columns that have something in them, as many of the first as there is room for."""
        if not found:
            return
        names = self._names()
        rows = [self._cells(record, names) for record in found]
        cells = dict(zip(names, zip(*rows, strict=True), strict=True))
        used = [name for name in names if self._chosen or any(cell not in (None, "") for cell in cells[name])]
        room = console().width
        shown: list[str] = []
        for name in used:
            room -= min(24, max(len(visible(text)) for text in (name, *cells[name]))) + 2
            if room < 0 and shown and not self._chosen:
                break
            shown.append(name)
        table(list(map(_heading, shown)), list(zip(*(cells[name] for name in shown), strict=True)))
        self._say_left_out(used[len(shown) :])

    def _say_left_out(self, names: Sequence[str]) -> None:
        if names:
            advice = "Choose with --columns, or give -o json." if self._may_be_chosen else "Give -o json for all."
            say(f"{counted(len(names), 'column')} left out: {', '.join(names)}. {advice}")


def _heading(name: str) -> str:
    # What the class does not know has the vendor's name, such as voiceUrl.
    return name.replace("_", " ").capitalize() if name.islower() else name


def _cells(record: Any, names: Sequence[str], secrets: bool) -> list[object]:
    hidden = () if secrets else secret_fields(type(record))
    extra = record.to_dict(names="python", secrets=secrets).get("extra", {})
    cells = []
    for name in names:
        value = getattr(record, name, None) if name not in extra else extra[name]
        cells.append(BLANK if name in hidden and value is not None else _text(value, secrets))
    return cells


def _text(value: Any, secrets: bool) -> object:
    if isinstance(value, Enum):
        return option_name(value.name.lower())
    if isinstance(value, list | tuple):
        # What has parts of its own must be told from the next.
        between = "; " if any(_has_parts(item) for item in value) else ", "
        return between.join(str(_text(item, secrets)) for item in value)
    if _has_parts(value):
        return ", ".join(f"{name}={text}" for name, text in _parts(value, secrets) if text is not None)
    return value


def _has_parts(value: Any) -> bool:
    return isinstance(value, Mapping) or attrs.has(type(value))


def _parts(value: Any, secrets: bool) -> Iterable[tuple[str, object]]:
    if isinstance(value, Mapping):
        return [(name, _text(found, secrets)) for name, found in value.items()]
    names = [field.name for field in attrs.fields(type(value)) if field.name != "extra"]
    names += [name for name in getattr(value, "extra", ()) if name not in names]
    return zip(names, _cells(value, names, secrets), strict=True)
