"""What a field may hold, said once as a marker on it: the check, the pages and the command read the same."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from attrs import Attribute, fields

from itnio_async.wire import JOINED, WIRE

Marker: TypeAlias = MappingProxyType[str, Any]
LIMIT = "itnio_async.limit"


class Form(Enum):
    """Which characters a text is made of; the value is the name for people."""

    DIGITS = "digits"
    LETTERS_AND_DIGITS = "letters and digits"
    ALL_BUT_COMMAS = "characters and no comma"

    def fits(self, text: str) -> bool:
        """Tell whether a text has no other characters; whether it may be empty, its length says."""
        if self is Form.ALL_BUT_COMMAS:
            return "," not in text
        return not text or (text.isascii() and (text.isdigit() if self is Form.DIGITS else text.isalnum()))


class Limit(NamedTuple):
    """The bounds of one field.

    `least` and `most` bound a number, or how many `unit` a text or a list has. `form` is what a text is made of,
    `endings` are those that a file's name may have, and `part` is what a text has in it. `distinct` wants each item of
    a list once, and `each` is what holds for each of them. `code` is the vendor's code for what breaks the limit, or
    None where the page names none; `least_code` is the one for nothing at all, where that is another. With `by_check`,
    the check of the endpoint refuses it, in the words of that code.
    """

    least: float | None = None
    most: float | None = None
    unit: str = ""
    form: Form | None = None
    endings: tuple[str, ...] = ()
    distinct: bool = False
    each: Limit | None = None
    code: int | None = None
    by_check: bool = False
    least_code: int | None = None
    part: str = ""

    def __str__(self) -> str:
        parts = [self._range(), "each once" if self.distinct else "", f"each of {self.each}" if self.each else ""]
        if self.endings:
            parts.append(f"ending in {' or '.join(self.endings)}")
        if self.part:
            parts.append(f"with {self.part} in it")
        return ", ".join(part for part in parts if part)

    def _range(self) -> str:
        unit = self.form.value if self.form else self.unit
        if self.least is not None and self.most is not None:
            text = f"{self.least} to {self.most}"
        elif self.most is not None:
            text = f"at most {self.most}"
        elif self.least is not None:
            text = "one or more" if unit and self.least == 1 else f"at least {self.least}"
        else:
            return self.form.value if self.form else ""
        return f"{text} {unit}".strip()

    def code_for(self, value: Any) -> int | None:
        """Return the vendor's code for a value that breaks the limit; of an item that does, the item's."""
        if isinstance(value, str | list | tuple):
            if not value and self.least_code is not None:
                return self.least_code
            if self.each and not self._is_beyond(self._size_of(value)):
                return self.each.code
        return self.code

    def broken_by(self, value: Any) -> str | None:
        """Say what is found where that breaks the limit, without the value of a text; None if all is well.

        A value of another type than the limit is about is not its matter.
        """
        if isinstance(value, str):
            return self._broken_by_text(value)
        if isinstance(value, list | tuple):
            return self._broken_by_items(value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if is_number and self._is_beyond(value) else None

    def _broken_by_text(self, text: str) -> str | None:
        size = len(text) * 3 // 4 if self.unit == _BYTES else len(text)
        if self._is_beyond(size):
            beyond = "longer" if self.most is not None and size > self.most else "shorter"
            bound = self.most if beyond == "longer" else self.least
            return f"one {beyond} than {bound} {self.unit} ({size})"
        if self.form is not None and not self.form.fits(text):
            return "other characters"
        if self.part not in text:
            return f"one without {self.part}"
        return "another ending" if self.endings and not text.lower().endswith(self.endings) else None

    def _broken_by_items(self, items: Sequence[Any]) -> str | None:
        size = self._size_of(items)
        if self._is_beyond(size):
            return f"{size} {self.unit}"
        if self.distinct and any(item in items[:index] for index, item in enumerate(items)):
            return "one of them twice"
        if self.each is None or self.each.fits_all(items):
            return None
        broken = ((index, self.each.broken_by(item)) for index, item in enumerate(items))
        # Where it is: nobody finds one of 200,000 numbers by looking.
        return next((f"{found} at [{index}]" for index, found in broken if found is not None), None)

    def fits_all(self, items: Sequence[Any]) -> bool:
        """Tell whether these are texts that all keep the limit; only that they do not may be a mistake.

        Without a step of Python's for each: a list may have 200,000 numbers, for which they would take 0.2 s.
        """
        if not items or {*map(type, items)} != {str} or self.unit == _BYTES or self.endings or self.part:
            return False
        sizes = {*map(len, items)}
        within = not (self._is_beyond(min(sizes)) or self._is_beyond(max(sizes)))
        return within and (self.form is None or self.form.fits("".join(items)))

    def _size_of(self, items: Sequence[Any]) -> int:
        """Return how many items there are, or how many characters they have together with commas between them."""
        return len(",".join(items)) if self.unit == _CHARACTERS else len(items)

    def _is_beyond(self, size: float) -> bool:
        return (self.least is not None and size < self.least) or (self.most is not None and size > self.most)


_CHARACTERS, _ITEMS, _BYTES = "characters", "items", "bytes"
_BETWEEN_COMMAS = Limit(1, None, _CHARACTERS, Form.ALL_BUT_COMMAS)


def between(least: float | None = None, most: float | None = None, *, code: int | None = None) -> Marker:
    """Return the marker of a number within these bounds."""
    return _marker(Limit(least, most, code=code))


def length(
    least: int | None = None,
    most: int | None = None,
    *,
    form: Form | None = None,
    endings: tuple[str, ...] = (),
    part: str = "",
    code: int | None = None,
    least_code: int | None = None,
    by_check: bool = False,
) -> Marker:
    """Return the marker of a text of so many characters, made of `form`, with one of these endings or this part."""
    limit = Limit(
        least, most, _CHARACTERS, form, endings, code=code, by_check=by_check, least_code=least_code, part=part
    )
    return _marker(limit)


def items(
    least: int | None = None,
    most: int | None = None,
    *,
    each: Limit | None = None,
    distinct: bool = False,
    code: int | None = None,
) -> Marker:
    """Return the marker of a list of so many items."""
    return _marker(Limit(least, most, _ITEMS, distinct=distinct, each=each, code=code))


def joined(
    least: int | None = None,
    most: int | None = None,
    *,
    each: Limit = _BETWEEN_COMMAS,
    code: int | None = None,
    least_code: int | None = None,
) -> Marker:
    """Return the marker of a list of so many texts that is sent as one text, with commas between them.

    None of them may be empty or have a comma in it: to the vendor it would be another list. `each` may ask for more.
    """
    limit = Limit(least, most, _ITEMS, each=each, code=code, least_code=least_code)
    return MappingProxyType({LIMIT: limit, WIRE: JOINED})


def joined_length(least: int | None = None, most: int | None = None, *, code: int | None = None) -> Marker:
    """Return the marker of a list as `joined` is for, whose one text has so many characters, commas included."""
    limit = Limit(least, most, _CHARACTERS, each=_BETWEEN_COMMAS, code=code)
    return MappingProxyType({LIMIT: limit, WIRE: JOINED})


def content(most: int | None = None, *, code: int | None = None) -> Marker:
    """Return the marker of a file's content, sent as base64, of at least one and at most so many bytes."""
    return _marker(Limit(1, most, _BYTES, code=code))


def limit_of(attribute: Attribute[Any]) -> Limit | None:
    """Return the limit of an attrs field, or None."""
    return attribute.metadata.get(LIMIT)


def limits_of(cls: type[Any]) -> dict[str, Limit]:
    """Return the limits of an attrs class, by the names of its fields."""
    found = {attribute.name: limit_of(attribute) for attribute in fields(cls)}
    return {name: limit for name, limit in found.items() if limit is not None}


def _marker(limit: Limit) -> Marker:
    return MappingProxyType({LIMIT: limit})
