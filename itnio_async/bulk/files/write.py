"""Writes rows as CSV, TSV, XLSX, JSON Lines or JSON, as the name of the file says, plain or gzip."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from itnio_async.bulk.files import workbook
from itnio_async.bulk.files.cells import is_whole
from itnio_async.bulk.files.places import SourceError
from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.files.source import named_format
from itnio_async.errors import ConfigurationError

# What XML has no way to write, and the carriage return, which it takes for a line's end.
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_IN_XLSX = 32_767


def is_typed(path: str | os.PathLike[str]) -> bool:
    """Tell whether the file's name is one of JSON; a name that says nothing is one of CSV."""
    return named_format(path) in ("json", "jsonl")


def require_ending(path: str | os.PathLike[str]) -> None:
    """Raise `ConfigurationError` for a name whose ending is none of the formats that can be written."""
    name = Path(os.fspath(path).lower().removesuffix(".gz"))
    # Devices and standard output have names that say nothing.
    if name.suffix and named_format(path) is None and (not name.exists() or name.is_file()):
        raise ConfigurationError(
            f"{os.fspath(path)}: files that end in {name.suffix} cannot be written. Give a name that ends in .csv, "
            ".tsv, .jsonl, .json or .xlsx, with .gz or without."
        )


def write_cells(
    path: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[Sequence[str]], separator: str = ","
) -> None:
    """Write a header and rows of text; raises `ConfigurationError` or `SourceError` where that cannot be done."""
    kind = named_format(path)
    if kind == "xlsx":
        content = _xlsx([columns, *rows])
    else:
        content = _csv([columns, *rows], "\t" if kind == "tsv" else separator)
    with _opened(path) as file:
        file.write(content)


def write_objects(path: str | os.PathLike[str], objects: Iterable[Mapping[str, Any]]) -> None:
    """Write objects, one a line; raises `ConfigurationError` where the file cannot be written."""
    lines = [json_text(item).encode() for item in objects]
    if named_format(path) == "json":
        content = b"[\n" + b",\n".join(lines) + b"\n]\n"
    else:
        content = b"".join(line + b"\n" for line in lines)
    with _opened(path) as file:
        file.write(content)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    with private_file(path) as file:
        if not os.fspath(path).lower().endswith(".gz"):
            yield file
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=file) as packed:
            yield cast(BinaryIO, packed)


def _csv(rows: Iterable[Sequence[str]], separator: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows(rows)
    content = text.getvalue()
    # Without the mark spreadsheets take UTF-8 for the encoding of their country, and save what they made of it.
    return content.encode("ascii" if content.isascii() else "utf-8-sig")


def _xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    openpyxl = workbook.openpyxl()
    # Before there is a sheet, which must not be left half written.
    if any(len(text) > _LONGEST_IN_XLSX or _NOT_IN_XML.search(text) for row in rows for text in row):
        raise SourceError("a value has a character that XLSX files cannot have, or is too long for them. Write CSV.")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("trunks")
    for row in rows:
        sheet.append([_xlsx_cell(openpyxl, sheet, text) for text in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _xlsx_cell(openpyxl: Any, sheet: Any, text: str) -> Any:
    cell = openpyxl.cell.WriteOnlyCell(sheet, value=workbook.escaped(text))
    # Text, whatever it looks like, now and after somebody has typed over it.
    cell.data_type = "s"
    cell.number_format = "@"
    return cell


def json_text(value: Any) -> str:
    """Return JSON as people read it, and escaped where it has half characters in it, which no file can hold."""
    text = json.dumps(value, ensure_ascii=False)
    return text if is_whole(text) else json.dumps(value)
