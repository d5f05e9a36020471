"""Records, the lines of a file as they were read; where in it something stands; the errors that name such places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
from attrs import field, frozen

from itnio_async.errors import InvalidRequestError
from itnio_async.text import counted, first_of

# How the place of a change begins that has no file; its line is then the key id of the trunk.
WITHOUT_FILE = "itnio trunks set "
# How the source of a job begins that undoes another one, and what those are called that can be read only once.
UNDO_OF = "undo of "
STANDARD_INPUT_NAME, PIPE_NAME = "standard input", "a pipe"
# How the file of a place ends whose rows share lines, as in JSON of one line; its line is then the row's number.
COUNTED = " (by record)"
# What an error's text lists; `rows` has all of them.
_MOST_SHOWN = 20


# A row of a table before its header is known: its line, its cells, whether the file ends within it, and whether a sheet
# hides it.
Cells = tuple[int, list[Any], bool, bool]


@frozen
class Record:
    """One row: its first line, and its cells by the names of their columns as the file writes them.

    Where rows share lines, `line` is the row's number. A cell is text in CSV and TSV files; else what JSON or the
    workbook has there. `problem` says why the row cannot be told apart into cells, of which there are then none.
    `is_hidden` tells whether a sheet does not show the row.
    """

    line: int
    cells: Mapping[str, Any] = field(repr=lambda cells: f"<{', '.join(cells)}>")
    problem: str | None = None
    is_hidden: bool = False


@frozen
class Place:
    """A row of a file by its first line (from 1), or one cell of it by its column as the file writes it.

    Where rows share lines, `line` is the row's number, and `file` ends with `COUNTED`.
    """

    file: str
    line: int
    column: str | None = None

    def __str__(self) -> str:
        cell = f", column {self.column}" if self.column else ""
        return f"{self.file.removesuffix(COUNTED)} {self.unit} {self.line}{cell}"

    @property
    def unit(self) -> str:
        """What `line` counts."""
        if self.file.startswith(WITHOUT_FILE):
            return "trunk"
        return "record" if self.file.endswith(COUNTED) else "line"

    def at(self, column: str | None) -> Place:
        """Return the place of one cell of this row."""
        return attrs.evolve(self, column=column)


@frozen
class BadRow:
    """Why a row cannot be sent; `code` is the vendor's code for the same mistake, or None where it has none.

    `cells` are those of a row that cannot be read, as text by their columns: of secrets only the columns are there.
    """

    place: Place
    reason: str
    code: int | None = None
    cells: Mapping[str, str] = field(factory=dict, eq=False, repr=False)

    def __str__(self) -> str:
        code = f" (the vendor's code {self.code})" if self.code is not None else ""
        return f"{self.place}: {self.reason}{code}"


def count_of(bad: Iterable[BadRow]) -> int:
    """Return how many rows are bad; `bad` may have several mistakes of one row."""
    return len({(row.place.file, row.place.line) for row in bad})


class BadRows(InvalidRequestError):
    """Rows of a file that cannot be sent: `rows` has every one of them, in the file's order."""

    def __init__(self, message: str = "", *, rows: Iterable[BadRow] = ()) -> None:
        super().__init__(message)
        self.rows: tuple[BadRow, ...] = tuple(rows)

    @classmethod
    def of(cls, rows: Iterable[BadRow]) -> BadRows:
        """Return the error for these rows, with a text that lists the first of them."""
        rows = tuple(rows)
        heading = f"{counted(count_of(rows), 'row')} cannot be sent; nothing was sent yet. Correct them:"
        return cls("\n".join([heading, *first_of(rows, _MOST_SHOWN)]), rows=rows)


class SourceError(InvalidRequestError):
    """A file that cannot be read as rows at all; `place` says where, as far as that is known."""

    def __init__(self, message: str = "", *, place: Place | None = None) -> None:
        super().__init__(message)
        self.place = place

    @classmethod
    def at(cls, place: Place, reason: str) -> SourceError:
        """Return the error for this place."""
        return cls(f"{place}: {reason}", place=place)
