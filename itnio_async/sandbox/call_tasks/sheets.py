"""Read the numbers of an uploaded sheet: XLSX or CSV, its first row headers, its first column numbers."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from attrs import frozen

MOST_ROWS = 100_000


@frozen
class Sheet:
    """The headers of a sheet, and its rows as texts; a row's first cell is the number to be called."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def repeated(self) -> int:
        """How many numbers stand in it more than once."""
        return len(self.rows) - len({row[0] for row in self.rows})

    @property
    def distinct(self) -> list[tuple[str, ...]]:
        """Its rows, each number once."""
        first: dict[str, tuple[str, ...]] = {}
        for row in self.rows:
            first.setdefault(row[0], row)
        return list(first.values())

    @property
    def has_header_twice(self) -> bool:
        """Whether two columns have the same header."""
        named = [header for header in self.headers if header]
        return len({*named}) < len(named)


def read_sheet(content: bytes) -> Sheet | None:
    """Return what a file holds, or None if that is no sheet."""
    rows = _workbook(content) if content.startswith(b"PK") else _text(content)
    if rows is None:
        return None
    lines = iter(rows)
    headers = tuple(next(lines, ()))
    return Sheet(headers, tuple(tuple(line) for line in lines if line and line[0]))


def _text(content: bytes) -> Iterable[list[str]] | None:
    try:
        text = content.decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None


def _workbook(content: bytes) -> Iterable[list[str]] | None:
    openpyxl: Any = import_module("openpyxl")

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        return list(_lines(book.worksheets[0].iter_rows(values_only=True)))
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError):
        return None


def _lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[list[str]]:
    for row in rows:
        yield ["" if cell is None else str(cell).strip() for cell in row]
