"""The rows of an XLSX workbook, with what a spreadsheet has damaged marked as such.

openpyxl comes with the extra `cli` and is imported on first use.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from itnio_async.bulk.files.cells import Damaged
from itnio_async.bulk.files.places import SourceError
from itnio_async.bulk.files.record import Cells
from itnio_async.errors import ConfigurationError

# A cell's number is a 64-bit float, and a spreadsheet keeps 15 digits of it.
_LARGEST_NUMBER = 10**15
_ZEROS = re.compile(r"0{2,}+")

_TOO_LONG = Damaged(
    "the cell is a number of more than 15 digits, the last of which a spreadsheet loses. Format the column as text and "
    "enter it again."
)
_FRACTION = Damaged("the cell is a number with a fraction. Format the column as text and enter it again.")
_DATE = Damaged("a spreadsheet has made a date or time of it. Format the column as text and enter it again.")
_ERROR = Damaged("the cell holds a spreadsheet's error instead of a value. Correct the sheet and save it again.")
_ZEROS_SHOWN = Damaged(
    "the cell is a number whose format shows leading zeros that it does not have. Format the column as text and enter "
    "it again, with the zeros."
)
_NO_RESULT = Damaged(
    "the cell is a formula, and the file does not have its result. Open it in a spreadsheet and save it again."
)


def openpyxl() -> Any:
    """Return the module, or raise `ConfigurationError` that says how to get it."""
    try:
        return import_module("openpyxl")
    except ImportError:
        raise ConfigurationError(
            "XLSX files need openpyxl, which is in the extra `cli`: pip install 'itnio-async[cli]'. Or save the sheet "
            "as CSV."
        ) from None


def rows_of(stream: BinaryIO, sheet: str | None) -> Iterator[Cells]:
    """Yield the rows, blank ones too; raises `SourceError` for what is not a workbook, or where a sheet must be named.

    A formula stands for the result that the spreadsheet saved with it.
    """
    openpyxl()
    rows = _cells(stream, sheet)
    while True:
        try:
            # Around each step, since the filters are the whole process's and must not stay changed over a yield.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                row = next(rows, None)
        except SourceError:
            raise
        except Exception as error:
            # The reader has no error of its own: what is wrong with a file comes as whatever it ran into.
            raise SourceError(
                "it is no XLSX workbook, or a damaged one. Open it in a spreadsheet and save it again."
            ) from error
        if row is None:
            return
        yield row


def _cells(stream: BinaryIO, sheet: str | None) -> Iterator[Cells]:
    book = openpyxl().load_workbook(stream, read_only=True)
    try:
        chosen = _choose(book, sheet)
        chosen.reset_dimensions()  # what the file says of its size is wrong with some writers
        results = _Results(stream, chosen.title)
        for line, cells in enumerate(chosen.iter_rows(), 1):
            yield line, [_value(cell, results, line) for cell in cells], False
    finally:
        book.close()


def _choose(book: Any, name: str | None) -> Any:
    sheets = book.worksheets
    if name is not None:
        for sheet in sheets:
            if sheet.title == name:
                return sheet
        raise SourceError(f"it has no sheet of that name. It has: {', '.join(sheet.title for sheet in sheets)}.")
    filled = [sheet for sheet in sheets if sheet.sheet_state == "visible" and _is_filled(sheet)]
    if len(filled) > 1:
        names = ", ".join(sheet.title for sheet in filled)
        raise SourceError(f"several of its sheets hold something: {names}. Say which one is meant (--sheet).")
    if not filled:
        raise SourceError("it holds nothing: its first row must name the columns.")
    return filled[0]


def _is_filled(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


class _Results:
    """The results of formulas, for which the file must be read a second time; only where there are any."""

    def __init__(self, stream: BinaryIO, sheet: str) -> None:
        self._stream = stream
        self._sheet = sheet
        self._rows: Iterator[Any] | None = None
        self._line = 0
        self._row: Any = ()

    def at(self, line: int, column: int) -> Any:
        """Return the result in this cell; lines are asked for in their order."""
        if self._rows is None:
            book = openpyxl().load_workbook(self._stream, read_only=True, data_only=True)
            sheet = book[self._sheet]
            sheet.reset_dimensions()
            self._rows = iter(sheet.iter_rows())
        while self._line < line:
            self._row = next(self._rows)
            self._line += 1
        return self._row[column - 1]


def _value(cell: Any, results: _Results, line: int) -> Any:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if kind == "f":
        value = _value(results.at(line, cell.column), results, line)
        return _NO_RESULT if value is None else value
    if kind == "e":
        return _ERROR
    if kind == "d" or (value is not None and getattr(cell, "is_date", False)):
        return _DATE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return _number(value, cell.number_format or "")


def _number(value: float, shown_as: str) -> int | Damaged:
    if abs(value) >= _LARGEST_NUMBER:
        return _TOO_LONG
    if value != int(value):
        return _FRACTION
    if (zeros := _ZEROS.match(shown_as)) and len(str(int(value))) < zeros.end():
        return _ZEROS_SHOWN
    # To a spreadsheet 26.0 is 26: which of the two is in the file is up to the program that wrote it.
    return int(value)
