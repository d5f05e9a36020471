"""The rows of CSV and TSV text as they stand, with the line that each begins on."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TextIO

from itnio_async.bulk.files.places import Cells, Place, SourceError

SEPARATORS = ",;\t"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*+', re.IGNORECASE | re.DOTALL)
_QUOTED = re.compile(r'"[^"]*+"')


def check_separator(separator: str) -> None:
    """Raise `SourceError` for what cannot stand between cells."""
    if len(separator) != 1 or separator in "\"'\r\n" or separator.isalnum():
        raise SourceError("the separator is one character that stands between cells, such as ; or a tab.")


def find_separator(text: TextIO, place: Callable[[int], Place], asked: str | None) -> tuple[str, int]:
    """Return the separator, and how many lines stand before the first one that says something.

    A first line `sep=;` is a spreadsheet's own word for it. Else it is the character that the line of column names has
    most of, as column names have none. Raises `SourceError` where two are as frequent.
    """
    skipped = 0
    said = None
    while line := text.readline():
        if not skipped and (found := _SEPARATOR_LINE.fullmatch(line)):
            said = found[1]
        elif line.strip():
            separator = asked or said or _most_frequent(line, place(skipped + 1))
            check_separator(separator)
            return separator, skipped
        skipped += 1
    return asked or said or ",", skipped


def _most_frequent(line: str, place: Place) -> str:
    bare = _QUOTED.sub("", line)
    counts = {separator: bare.count(separator) for separator in SEPARATORS}
    most = max(counts.values())
    best = [separator for separator, count in counts.items() if count == most]
    if most and len(best) > 1:
        raise SourceError.at(place, "it has as many of one separator as of another. Say which one is meant (--sep).")
    return best[0]


def rows_of(text: TextIO, skipped: int, separator: str, place: Callable[[int], Place]) -> Iterator[Cells]:
    """Yield the rows but for blank lines; raises `SourceError` where quotes do not pair and rows cannot be told apart.

    A row's line is its first one: quoted cells may go over several.
    """
    last = ""

    def lines() -> Iterator[str]:
        nonlocal last
        text.seek(0)
        for last in islice(text, skipped, None):  # noqa: UP028 - it is looked at below
            yield last

    # Strict, since what it would make of broken quotes is a guess.
    reader = csv.reader(lines(), delimiter=separator, strict=True)
    over = 0
    try:
        for cells in reader:
            if cells:
                yield skipped + over + 1, cells, not last.endswith(("\n", "\r")), False
            over = reader.line_num
    except csv.Error as error:
        raise SourceError.at(place(skipped + over + 1), _explain(str(error))) from None


def _explain(message: str) -> str:
    if "unexpected end" in message:
        return "a quote that opens in this row is never closed, or the file is cut off."
    if "limit" in message:
        return "a cell is longer than any value can be: perhaps a quote is never closed."
    return 'its quotes do not pair. A quote within a quoted cell is written twice: "".'
