"""What one cell says: the conventions of spreadsheet files, and values in each spelling that loses nothing.

A reason never repeats the cell's value, which may be a password in the wrong column.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import field, frozen

from itnio_async.bulk.files.damage import TEXTS, Form, first, plain_test, trimmed

CLEAR_WORD = "<clear>"
CLEAR = object()
"""A cell that asks for the trunk's value to be emptied."""


@frozen
class Damaged:
    """Stands for a cell that a spreadsheet has damaged; `text` is what it holds, or None for what cannot be a value."""

    reason: str
    text: str | None = None


class BadCell(Exception):
    """Why a cell cannot be taken."""


# -- text of a spreadsheet --------------------------------------------------------------------------------------------

# What spreadsheets run, also in the full width of East Asian keyboards, and the blanks before which some do too.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - these forms are meant
ERROR_VALUE = "#VALUE!"


def damage_of(text: str, form: Form = Form.NAME) -> str | None:
    """Return what has been done to this text by a spreadsheet or another program, or None."""
    return first(TEXTS, text, form)


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet may run this text when it opens the file."""
    return text.startswith(_FORMULA)


def is_clear_word(text: str) -> bool:
    """Tell whether the text is the word that empties a value."""
    return text.lower() == CLEAR_WORD


def is_misread(text: str, form: Form = Form.NAME, *, is_typed: bool = False) -> bool:
    """Tell whether a text of this form needs an apostrophe before it to be read as it stands.

    In a JSON file (`is_typed`) nothing is run or trimmed.
    """
    if not is_typed and (is_formula(text) or text != trimmed(text)):
        return True
    return is_clear_word(text) or damage_of(text, form) is not None


def protect(text: str, form: Form = Form.NAME, *, is_typed: bool = False) -> str:
    """Return the text as a cell says it: with an apostrophe before it where it would be run, trimmed or misread."""
    return f"'{text}" if is_misread(text.lstrip("'"), form, is_typed=is_typed) else text


def unprotect(text: str, form: Form = Form.NAME, *, is_typed: bool = False) -> str:
    """Return what `protect` was given; an apostrophe before anything else stays, since nothing asked for it."""
    return text[1:] if text[:1] == "'" and is_misread(text.lstrip("'"), form, is_typed=is_typed) else text


@frozen
class Understanding:
    """How cells of a form are understood: by the conventions of JSON files (`is_typed`), or of spreadsheets and CSV.

    `is_literal` takes them as they stand: nothing is trimmed, and nothing is damage. `empty` are texts that mean
    nothing.
    """

    form: Form = Form.NAME
    is_typed: bool = False
    is_literal: bool = False
    empty: frozenset[str] = frozenset()
    is_plain: Callable[[str], Any] = field(init=False, repr=False, eq=False)

    @is_plain.default
    def _plain_test(self) -> Callable[[str], Any]:
        # A word that means nothing may be any.
        return (lambda _: False) if self.empty else plain_test(self.form)

    def __call__(self, value: Any) -> tuple[Any, str | None]:
        """Return what a cell says, and why that seems damaged, or None where it does not.

        Raises `BadCell` for a damaged cell without a text.
        """
        if type(value) is str and self.is_plain(value):
            return value, None
        if isinstance(value, Damaged):
            if value.text is None or (self.form is Form.OTHER and not self.is_literal):
                raise BadCell(value.reason)
            return value.text, None if self.is_literal else value.reason
        if not isinstance(value, str):
            return value, None
        bare = value if self.is_typed else trimmed(value)
        if bare in self.empty:
            return "", None
        if is_clear_word(bare):
            return CLEAR, None
        if bare[:1] == "'":
            # What is protected keeps the blanks behind it, unless something stands before the apostrophe as well.
            protected = value if value[:1] == "'" else bare
            meant = unprotect(protected, self.form, is_typed=self.is_typed)
            if meant != protected:
                return meant, None
        if self.is_literal:
            return value, None
        return bare, damage_of(bare, self.form)


# -- values -----------------------------------------------------------------------------------------------------------

_MOST_CHARACTERS = 20
_LONGEST = 2**64
_TRUTHS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False, "1": True, "0": False}


def is_whole(text: str) -> bool:
    """Tell whether the text has no lone surrogates, the half characters that JSON can escape and nothing can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(value: Any) -> str:
    """Return the text that a cell gives; a whole number is its digits, and `CLEAR` is the empty text."""
    if isinstance(value, str):
        if not is_whole(value):
            raise BadCell("the text has half a character in it (a lone surrogate). Enter it again.")
        return value
    if value is CLEAR:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise BadCell(f"a text is wanted, not {_kind(value)}.")


def whole_number(value: Any) -> int:
    """Return the whole number that a cell gives, of at most 64 bits."""
    if isinstance(value, str):
        digits = value.removeprefix("-")
        is_plain = digits.isdecimal() and digits.isascii() and (digits[0] != "0" or value == "0")
        value = int(value) if is_plain and len(value) <= _MOST_CHARACTERS else None
    if not isinstance(value, int) or isinstance(value, bool) or not -_LONGEST // 2 <= value < _LONGEST:
        raise BadCell("a whole number of at most 64 bits is wanted, in plain digits without leading zeros.")
    return value


def truth(value: Any) -> bool:
    """Return the switch that a cell gives: true/false, yes/no, on/off or 1/0, in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        value = str(value)
    found = _TRUTHS.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise BadCell("true or false is wanted (yes/no, on/off and 1/0 are the same).")
    return found


def _kind(value: Any) -> str:
    if isinstance(value, float):
        return "a number with a fraction or an exponent: write it as text"
    return {bool: "true or false", list: "a list", dict: "an object"}.get(type(value), "this")
