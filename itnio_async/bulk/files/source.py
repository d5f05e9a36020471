"""Rows from a file or standard input: CSV, TSV, JSON Lines, JSON or XLSX, plain or gzip.

What a file is follows from its first bytes or its name, and is never guessed from what it says.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import sys
import tempfile
import weakref
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import attrs
from attrs import field, frozen

from itnio_async.bulk.files import delimited, json_rows, workbook
from itnio_async.bulk.files.damage import trimmed
from itnio_async.bulk.files.encodings import encoding_of, undecodable_line
from itnio_async.bulk.files.places import COUNTED, STANDARD_INPUT_NAME, Cells, Place, Record, SourceError
from itnio_async.errors import ConfigurationError
from itnio_async.text import readable

FORMATS = ("csv", "tsv", "jsonl", "json", "xlsx")
STANDARD_INPUT = "-"

_SUFFIXES = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_HEAD = 512
_IN_MEMORY = 2**24

_UNDECODABLE = (
    "the text is not in the encoding that it is read in. Say which one it is in, such as gbk or cp1252 (--encoding), "
    "or save it as UTF-8."
)


@frozen
class Table:
    """The rows of a source, to be read once.

    `columns` are the names in its header and `line` the header's line; JSON has no header, so that both are None.
    `separator` stands between the cells of CSV and TSV files.
    """

    records: Iterator[Record] = field(repr=False)
    columns: tuple[str, ...] | None = None
    line: int | None = None
    separator: str | None = None

    @property
    def is_typed(self) -> bool:
        """Tell whether values have types of their own, as in JSON, so that nothing in them stands for something."""
        return self.columns is None


class Source:
    """A file of rows, which can be read as often as needed; what can be read only once (`-`, a pipe) is spooled.

    `path` is a file or `-` for standard input; `format` one of `FORMATS`, by default what the file's first bytes or
    its name say; `separator` one character; `encoding` that of a text file that is neither UTF-8 nor UTF-16; `sheet`
    the name of a workbook's sheet, needed where several hold something. `ignore` names columns with which nothing is
    done, as with those that begin with #. The spool has no name, so that nobody else finds it. Raises `SourceError`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        format: str | None = None,
        separator: str | None = None,
        encoding: str | None = None,
        sheet: str | None = None,
        ignore: Iterable[str] = (),
        stdin: BinaryIO | None = None,
    ) -> None:
        self.path: str = os.fspath(path)
        self.name: str = STANDARD_INPUT_NAME if self.path == STANDARD_INPUT else readable(self.path)
        if format is not None and format not in FORMATS:
            raise SourceError(f"there is no such format. There are: {', '.join(FORMATS)}.")
        if separator is not None:
            delimited.check_separator(separator)
        self.ignored: frozenset[str] = frozenset(trimmed(name).lower() for name in ignore)
        self._format = format
        self._separator = separator
        self._encoding = encoding
        self._sheet = sheet
        self._stdin = stdin
        self._spool: BinaryIO | None = None
        self._is_counted = False  # once it is open: its rows share lines

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def place(self, line: int) -> Place:
        """Return the place of a row."""
        return Place(self.name + COUNTED if self._is_counted else self.name, line)

    @contextmanager
    def table(self) -> Iterator[Table]:
        """Open the source and give its table, with the header (if it has one) read already."""
        with ExitStack() as stack:
            with self._explained():
                table = self._table(self._content(stack), stack)
            yield attrs.evolve(table, records=self._guarded(table.records))

    def _guarded(self, records: Iterator[Record]) -> Iterator[Record]:
        with self._explained():
            yield from records

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what reading may run into, whatever the file holds, into `SourceError`."""
        try:
            yield
        except SourceError as error:
            if error.place is not None:
                raise
            raise SourceError(f"{self.name}: {error.args[0]}") from error.__cause__
        except ConfigurationError:
            raise
        except UnicodeDecodeError:
            raise SourceError.at(self.place(self._undecodable_line()), _UNDECODABLE) from None
        except UnicodeError:
            raise SourceError(f"{self.name}: {_UNDECODABLE}") from None
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise SourceError(f"{self.name}: it is cut off or damaged: it cannot be unpacked. Copy it again.") from None
        except OSError as error:
            raise SourceError(f"{self.name}: it cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            # A name with a NUL in it, or standard input that is closed.
            raise SourceError(f"{self.name}: it cannot be read: {error}.") from error

    def _undecodable_line(self) -> int:
        with ExitStack() as stack, self._explained():
            content = self._content(stack).read()
            return undecodable_line(content, encoding_of(content[:_HEAD], self._encoding))

    # -- bytes --------------------------------------------------------------------------------------------------------

    def _content(self, stack: ExitStack) -> BinaryIO:
        """Return the bytes, unpacked, from their start; they can be sought in."""
        file = self._spool
        if file is None and self.path == STANDARD_INPUT:
            file = self._keep(_spooled(self._stdin or sys.stdin.buffer))
        if file is None:
            file = stack.enter_context(Path(self.path).open("rb"))  # noqa: SIM115 - the stack closes it
            if not file.seekable():
                file = self._keep(_spooled(file))
        file.seek(0)
        is_packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        return cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=file, mode="rb"))) if is_packed else file

    def _keep(self, spool: BinaryIO) -> BinaryIO:
        weakref.finalize(self, spool.close)
        self._spool = spool
        return spool

    def _kind(self, head: bytes) -> str:
        if self._format is not None:
            return self._format
        if head.startswith(_ZIP):
            return "xlsx"
        if head.startswith(_OLE):
            raise SourceError("it is an old XLS workbook, or one with a password. Save it as XLSX or CSV.")
        if self._begin(head) == "<":
            # Many programs write one of these and call it .xls or .csv.
            raise SourceError(
                "it is a web page or XML, not a table. Open it in a spreadsheet, and save it as XLSX or CSV."
            )
        if (named := named_format(self.path)) is not None:
            return named
        # No column's name begins with a bracket.
        return {"[": "json", "{": "jsonl"}.get(self._begin(head), "csv")

    def _begin(self, head: bytes) -> str:
        return head.decode(encoding_of(head, self._encoding), errors="ignore").lstrip()[:1]

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _table(self, content: BinaryIO, stack: ExitStack) -> Table:
        head = content.read(_HEAD)
        content.seek(0)
        kind = self._kind(head)
        if kind == "xlsx":
            # A workbook is read from its end, which unpacking on the way cannot do.
            is_packed = isinstance(cast(Any, content), gzip.GzipFile)
            file = stack.enter_context(_spooled(content)) if is_packed else content
            return self._with_header(workbook.rows_of(file, self._sheet))
        text = stack.enter_context(_text(content, encoding_of(head, self._encoding)))
        if kind == "jsonl":
            return Table(json_rows.rows_of_lines(text))
        if kind == "json":
            self._is_counted = False
            records, self._is_counted = json_rows.rows_of_document(text, self.place)
            return Table(iter(records))
        asked = self._separator or ("\t" if kind == "tsv" else None)
        separator, skipped = delimited.find_separator(text, self.place, asked)
        return self._with_header(delimited.rows_of(text, skipped, separator, self.place), separator)

    def _with_header(self, rows: Iterator[Cells], separator: str | None = None) -> Table:
        for line, cells, _, _ in rows:
            if not _is_blank(cells):
                names = self._names(line, cells)
                return Table(_records(names, rows), tuple(filter(None, names)), line, separator)
        raise SourceError("it is empty: its first line must name the columns.")

    def _names(self, line: int, header: list[Any]) -> list[str]:
        names = []
        for cell in header:
            if not isinstance(cell, str | None):
                raise SourceError.at(self.place(line), "it must name the columns, and a name is text.")
            name = trimmed(cell or "")
            if name and name in names:
                raise SourceError.at(self.place(line).at(name), "the column stands twice. Remove one of them.")
            names.append(name)
        while names and not names[-1]:
            # A spreadsheet's formatting may reach to its last column.
            names.pop()
        return names


def named_format(path: str | os.PathLike[str]) -> str | None:
    """Return the format that a file's name says, or None."""
    return _SUFFIXES.get(Path(os.fspath(path).lower().removesuffix(".gz")).suffix)


def _spooled(stream: BinaryIO) -> BinaryIO:
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - lives as long as the source
    shutil.copyfileobj(stream, spool)
    spool.seek(0)
    return cast(BinaryIO, spool)


@contextmanager
def _text(content: BinaryIO, encoding: str) -> Iterator[TextIO]:
    text = io.TextIOWrapper(content, encoding=encoding, newline="")
    try:
        yield text
    finally:
        # Else it would close what is below it, which a spool must survive.
        text.detach()


def _is_blank(cells: list[Any]) -> bool:
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _records(names: list[str], rows: Iterator[Cells]) -> Iterator[Record]:
    width = len(names)
    is_gapless = all(names)
    for line, cells, is_cut, is_hidden in rows:
        if _is_blank(cells):
            continue
        if len(cells) < width and is_cut:
            yield Record(line, {}, "the file is cut off within this row.")
        elif is_gapless and len(cells) == width:
            yield Record(line, dict(zip(names, cells, strict=True)), None, is_hidden)
        elif _is_blank([cell for name, cell in zip_longest(names, cells) if not name]):
            # A spreadsheet may leave out the separators of the last, empty cells.
            yield Record(line, {name: cell for name, cell in zip(names, cells, strict=False) if name}, None, is_hidden)
        else:
            problem = "it has a cell under no column's name: perhaps a separator within a cell."
            yield Record(line, {}, problem, is_hidden)
