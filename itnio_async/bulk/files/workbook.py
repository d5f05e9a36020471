"""The rows of an XLSX workbook as its XML has them, with what a spreadsheet has damaged marked as such.

The file is read part by part and not with openpyxl: rows that are hidden, merged cells, escaped characters, formulas
beside their results, and the form that the standard calls strict are all in the XML, and time goes by the cells that
hold something, wherever the formatting ends. openpyxl writes workbooks; it comes with the extra `cli`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import IO, Any, BinaryIO
from xml.etree.ElementTree import Element, fromstring, iterparse
from zipfile import ZipFile

from attrs import field, frozen

from itnio_async.bulk.files.cells import Damaged
from itnio_async.bulk.files.damage import SHEET_CELLS, first, is_date_format
from itnio_async.bulk.files.places import Cells, SourceError
from itnio_async.errors import ConfigurationError

_BROKEN = "it is not an XLSX workbook, or a damaged one. Open it in a spreadsheet and save it again."
# By a part that only they have: other packed files that people have for spreadsheets.
_OTHERS = {
    "content.xml": "an OpenDocument spreadsheet",
    "xl/workbook.bin": "a binary XLSB workbook",
    "index/document.iwa": "a Numbers document",
    "word/document.xml": "a Word document",
}
_NO_RESULT = Damaged(
    "the cell is a formula, and the program that wrote the file has not calculated it. Open the file in a spreadsheet "
    "and save it again, or put the value in its place (copy, then paste as values)."
)
_MERGED = Damaged(
    "the cell is merged with cells of other columns, and which of them its value is for is not clear. Unmerge them and "
    "fill each."
)
# Number formats that are known by their numbers alone, as far as they matter here.
_BUILTIN = {
    **dict.fromkeys((*range(14, 18), *range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
    **dict.fromkeys((*range(18, 22), 22, 45, 46, 47), "hh:mm:ss"),
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    48: "##0.0E+0",
    49: "@",
}
_MOST_COLUMNS = 2**14
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"\$?+([A-Za-z]{1,3}+)\$?+([0-9]++)")


def openpyxl() -> Any:
    """Return the module, or raise `ConfigurationError` that says how to get it."""
    try:
        return import_module("openpyxl")
    except ImportError:
        raise ConfigurationError(
            "XLSX files need openpyxl, which is in the extra `cli`: pip install 'itnio-async[cli]'. Or write CSV."
        ) from None


def rows_of(stream: BinaryIO, sheet: str | None) -> Iterator[Cells]:
    """Yield the rows that hold something; raises `SourceError` for another file, or where a sheet must be named.

    A formula stands for the result that the spreadsheet saved with it. A value in merged cells of one column is that of
    each of their rows.
    """
    try:
        with ZipFile(stream) as archive:
            yield from _Book(archive).rows(sheet)
    except SourceError:
        raise
    except Exception as error:
        # Whatever a damaged file ran into: the user can only save it again.
        raise SourceError(_BROKEN) from error


def escaped(text: str) -> str:
    """Return the text as a workbook has it where it looks like an escape of the format (`_x0041_`)."""
    return _ESCAPED.sub(r"_x005F_x\1_", text)


def _unescaped(text: str) -> str:
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)
    # Two halves of a character, each escaped.
    return found if found.isascii() else found.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _local(tag: str) -> str:
    # The strict form of the standard has other namespaces, and the same names in them.
    return tag.rpartition("}")[2]


def _text_of(item: Element) -> str:
    """Return the text of a string, in one run or several; how it is pronounced (`rPh`) is left out."""
    parts = [*item.iterfind("{*}t"), *item.iterfind("{*}r/{*}t")]
    return _unescaped("".join(part.text or "" for part in parts))


def _position(reference: str) -> tuple[int, int]:
    """Return the row and the column, each from 1, of a reference such as B7."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ValueError("not a reference")
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - 64
    return int(found[2]), column


@frozen
class _Row:
    """A row: whether the sheet shows it, and its cells that hold something, by column from 1."""

    is_hidden: bool
    cells: dict[int, Any] = field(factory=dict)


class _Book:
    """The parts of a workbook."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._names = {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}
        for part, kind in _OTHERS.items():
            if part in self._names:
                raise SourceError(f"it is {kind}. Save it as XLSX (File, Save As, Excel workbook) or CSV.")
        self._path = next(path for kind, path, _ in self._related("") if kind == "officedocument")
        self._root = self._parsed(self._path)
        related = list(self._related(self._path))
        self._sheets = {id: path for kind, path, id in related if kind == "worksheet"}
        self._parts = {kind: path for kind, path, _ in related}
        self._formats = self._formats_by_style()
        # The programs that ask for this have not calculated anything themselves, and some write 0 for every result.
        self._is_calculated = not any(
            calc.get("fullCalcOnLoad") in ("1", "true") for calc in self._root.iterfind("{*}calcPr")
        )

    def _opened(self, path: str) -> IO[bytes]:
        return self._archive.open(self._names[path.lower()])

    def _parsed(self, path: str) -> Element:
        with self._opened(path) as part:
            return fromstring(part.read())  # noqa: S314 - as above

    def _related(self, path: str) -> Iterator[tuple[str, str, str]]:
        """Yield the kind, the path and the id of each part that this part points to."""
        folder, name = posixpath.split(path)
        for link in self._parsed(posixpath.join(folder, "_rels", f"{name}.rels")):
            if link.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, link.get("Target", "").replace("\\", "/")))
                yield posixpath.basename(link.get("Type", "")).lower(), target.lstrip("/"), link.get("Id", "")

    def _formats_by_style(self) -> list[str]:
        """Return the number format of each style of cells."""
        if "styles" not in self._parts:
            return []
        styles = self._parsed(self._parts["styles"])
        own = {
            int(form.get("numFmtId", "0")): form.get("formatCode", "")
            for form in styles.iterfind("{*}numFmts/{*}numFmt")
        }
        known: Mapping[int, str] = {**_BUILTIN, **own}
        ids = (int(style.get("numFmtId", "0")) for style in styles.iterfind("{*}cellXfs/{*}xf"))
        return [known.get(id, "General") for id in ids]

    @cached_property
    def _strings(self) -> list[str]:
        with self._opened(self._parts["sharedstrings"]) as part:
            return [_text_of(item) for item in _elements(part, "sst", "si")]

    # -- sheets -------------------------------------------------------------------------------------------------------

    def rows(self, name: str | None) -> Iterator[Cells]:
        """Yield the rows of the sheet of this name, or of the only one that holds something."""
        sheets = {
            sheet.get("name", ""): (self._sheets[id], sheet.get("state", "visible") == "visible")
            for sheet in self._root.iterfind("{*}sheets/{*}sheet")
            if (id := next(value for key, value in sheet.items() if _local(key) == "id")) in self._sheets
        }
        if name is not None:
            if name not in sheets:
                raise SourceError(f"it has no sheet of that name. It has: {', '.join(sheets)}.")
            rows = self._read(sheets[name][0])
        else:
            read = {title: self._read(path) for title, (path, is_shown) in sheets.items() if is_shown}
            filled = {title: rows for title, rows in read.items() if rows}
            if len(filled) > 1:
                titles = ", ".join(filled)
                raise SourceError(f"several of its sheets hold something: {titles}. Say which one is meant (--sheet).")
            rows = next(iter(filled.values()), {})
        if not rows:
            raise SourceError("it holds nothing: its first row must name the columns.")
        for line, row in sorted(rows.items()):
            width = max(row.cells)
            yield line, [row.cells.get(column) for column in range(1, width + 1)], False, row.is_hidden

    def _read(self, path: str) -> dict[int, _Row]:
        """Return the rows of a sheet that hold something, by their numbers."""
        rows: dict[int, _Row] = {}
        merged: list[str] = []
        number = 0
        with self._opened(path) as part:
            for element in _elements(part, "sheetData", "row", merged):
                number = int(element.get("r") or number + 1)
                row = _Row(element.get("hidden") in ("1", "true"))
                column = 0
                for cell in element:
                    reference = cell.get("r")
                    column = _position(reference)[1] if reference else column + 1
                    if len(cell) and (value := self._value(cell)) is not None and value != "":
                        row.cells[column] = value
                if row.cells:
                    rows[number] = row
        for reference in merged:
            _spread(rows, reference)
        return rows

    def _value(self, cell: Element) -> Any:
        kind, style = cell.get("t", "n"), int(cell.get("s") or 0)
        result: str | None = None
        is_formula = False
        for child in cell:
            tag = _local(child.tag)
            if tag == "v":
                result = child.text
            elif tag == "is":
                return _text_of(child)
            elif tag == "f":
                is_formula = True
        if is_formula and ((result is None and kind != "str") or (result == "0" and not self._is_calculated)):
            return _NO_RESULT
        if result is None:
            return None
        if kind == "s":
            return self._strings[int(result)]
        if kind == "str":
            return _unescaped(result)
        if kind == "b":
            return result in ("1", "true")
        shown_as = self._formats[style] if style < len(self._formats) else "General"
        return _judged(_number(result) if kind == "n" else result, kind, shown_as)


def _number(text: str) -> int | float:
    text = text.strip()
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _judged(value: Any, kind: str, shown_as: str) -> Any:
    reason = first(SHEET_CELLS, value, kind, shown_as)
    # To a spreadsheet 26.0 is 26: which of the two is in the file is up to the program that wrote it.
    is_number = kind == "n" and not is_date_format(shown_as)
    number = (int(value) if value == int(value) else value) if is_number else None
    return number if reason is None else Damaged(reason, None if number is None else str(number))


def _elements(part: IO[bytes], parent: str, name: str, merged: list[str] | None = None) -> Iterator[Element]:
    """Yield the children of this name as they end, each forgotten afterwards; `merged` gets what cells are merged."""
    above: Element | None = None
    tag = ""
    for event, element in iterparse(part, events=("start", "end")):  # noqa: S314 - as above
        if event == "start":
            if above is None and _local(element.tag) == parent:
                above, tag = element, element.tag.removesuffix(parent) + name
        elif element.tag == tag:
            yield element
            if above is not None:
                above.clear()
        elif merged is not None and element.tag.endswith("}mergeCell"):
            merged.append(element.get("ref", ""))


def _spread(rows: dict[int, _Row], reference: str) -> None:
    """Give each row under merged cells of one column their value; mark what is merged across columns."""
    first_cell, _, last_cell = reference.partition(":")
    (top, left), (bottom, right) = _position(first_cell), _position(last_cell or first_cell)
    value = rows[top].cells.get(left) if top in rows else None
    if value is None:
        return
    for number in rows.keys() & range(top, bottom + 1):
        for column in range(left, min(right, _MOST_COLUMNS) + 1):
            rows[number].cells[column] = value if left == right else _MERGED
