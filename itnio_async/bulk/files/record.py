"""A record: a line of a file as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

# A row of a table before its header is known: its line, its cells, whether the file ends within it, and whether a sheet
# hides it.
Cells = tuple[int, list[Any], bool, bool]


@frozen
class Record:
    """One row: its first line, and its cells by the names of their columns as the file writes them.

    A cell is text in CSV and TSV files; else what JSON or the workbook has there. `problem` says why the row cannot be
    told apart into cells, of which there are then none. `is_hidden` tells whether a sheet does not show the row.
    """

    line: int
    cells: Mapping[str, Any] = field(repr=lambda cells: f"<{', '.join(cells)}>")
    problem: str | None = None
    is_hidden: bool = False
