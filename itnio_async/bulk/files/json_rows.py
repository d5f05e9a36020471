"""The objects of JSON and JSON Lines text, with the line that each begins on, or its number."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TextIO

import attrs

from itnio_async.bulk.files.places import Place, Record, SourceError

_BLANK = re.compile(r"[ \t\r\n]*+")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in an object.")
    return found


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON.")


# The package's own parser, orjson, keeps the last of equal keys and makes floats of long integers, both in silence.
_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant)


def _explain(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"broken JSON: {error.msg[:1].lower()}{error.msg[1:]}, at column {error.colno}."
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply."
    # Python's own text for an integer of thousands of digits is about Python.
    return str(error) if error.args and "digits" not in str(error) else "a number is too long."


def _record(line: int, value: Any) -> Record:
    if isinstance(value, dict):
        return Record(line, value)
    return Record(line, {}, "a row is an object of column names and values.")


def rows_of_lines(text: TextIO) -> Iterator[Record]:
    """Yield the objects of JSON Lines; a broken line is a row with a problem."""
    for line, content in enumerate(text, 1):
        if not content.strip():
            continue
        try:
            yield _record(line, _decoder.decode(content))
        except (ValueError, RecursionError) as error:
            yield Record(line, {}, _explain(error))


def rows_of_document(text: TextIO, place: Callable[[int], Place]) -> tuple[list[Record], bool]:
    """Return the objects of a JSON array, or the only one, and whether they share lines and are counted instead.

    Raises `SourceError` where the text is broken.
    """
    records = list(_records_of(_Document(text.read()), place))
    if len({record.line for record in records}) == len(records):
        return records, False
    return [attrs.evolve(record, line=number) for number, record in enumerate(records, 1)], True


def _records_of(document: _Document, place: Callable[[int], Place]) -> Iterator[Record]:
    try:
        if document.take("["):
            if not document.take("]"):
                yield document.record()
                while document.take(","):
                    yield document.record()
                document.expect("]")
        else:
            yield document.record()
        document.expect("")
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else document.line
        raise SourceError.at(place(line), _explain(error)) from None


class _Document:
    """A JSON text, read value by value so that each has its line."""

    def __init__(self, content: str) -> None:
        self._content = content
        self._position = 0
        self.line = 1

    def _advance(self, position: int) -> None:
        self.line += self._content.count("\n", self._position, position)
        self._position = position

    def take(self, character: str) -> bool:
        """Step over blanks and then this character, if it stands there."""
        found = _BLANK.match(self._content, self._position)
        assert found is not None
        self._advance(found.end())
        if self._content[self._position : self._position + 1] != character:
            return False
        self._advance(self._position + len(character))
        return True

    def expect(self, character: str) -> None:
        """Step over this character; the empty one is the end of the text."""
        if not self.take(character):
            wanted = f"'{character}' is missing" if character else "there is more after the end"
            raise json.JSONDecodeError(wanted, self._content, self._position)

    def record(self) -> Record:
        self.take("")
        value, end = _decoder.raw_decode(self._content, self._position)
        record = _record(self.line, value)
        self._advance(end)
        return record
