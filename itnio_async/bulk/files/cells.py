"""What one cell says: the conventions of spreadsheet files, and values in each spelling that loses nothing.

A reason never repeats the cell's value, which may be a password in the wrong column.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, Literal

from attrs import frozen

CLEAR_WORD = "<clear>"


class Clear(Enum):
    """The type of `CLEAR`."""

    CLEAR = ...


CLEAR: Literal[Clear.CLEAR] = Clear.CLEAR
"""A cell that asks for the trunk's value to be emptied."""


@frozen
class Damaged:
    """Stands for a cell whose value a spreadsheet has damaged."""

    reason: str


class BadCell(Exception):
    """Why a cell cannot be taken."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


# -- text of a spreadsheet --------------------------------------------------------------------------------------------

# What spreadsheets run, also in the full width of East Asian keyboards, and the blanks before which some do too.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - these forms are meant
_SHORTENED = re.compile(r"[+-]?[0-9]++(?:[.,][0-9]++)?[eE]\+[0-9]++")
_TOO_NARROW = re.compile("#{4,}+")  # shorter ones may be a prefix to dial
_ERRORS = frozenset(
    ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA")
)
ERROR_VALUE = "#VALUE!"


def damage_of(text: str) -> str | None:
    """Return what a spreadsheet has done to this text, or None."""
    # Asked for by its letter first, which no telephone number has.
    if "+" in text and ("E" in text or "e" in text) and _SHORTENED.fullmatch(text):
        return (
            "a spreadsheet has shortened a long number to this form, and its last digits may be lost. Format the "
            "column as text and enter the number again; if the text is meant as it stands, put ' before it."
        )
    if text[:1] == "#" and (text.upper() in _ERRORS or _TOO_NARROW.fullmatch(text)):
        return "the cell holds a spreadsheet's error instead of a value. Correct the sheet and save it again."
    return None


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet may run this text when it opens the file."""
    return text.startswith(_FORMULA)


def is_clear_word(text: str) -> bool:
    """Tell whether the text is the word that empties a value."""
    return text.lower() == CLEAR_WORD


def _is_misread(text: str) -> bool:
    return is_formula(text) or text != text.strip() or is_clear_word(text) or damage_of(text) is not None


def protect(text: str, is_misread: Callable[[str], bool] = _is_misread) -> str:
    """Return the text as a cell says it: with an apostrophe before it where it would be run, trimmed or misread."""
    return f"'{text}" if is_misread(text.lstrip("'")) else text


def unprotect(text: str, is_misread: Callable[[str], bool] = _is_misread) -> str:
    """Return what `protect` was given; an apostrophe before anything else stays, since nothing asked for it."""
    return text[1:] if text[:1] == "'" and is_misread(text.lstrip("'")) else text


def understand_written(value: Any) -> Any:
    """Return what a cell of a spreadsheet or CSV file says: trimmed, without the apostrophe that protects it.

    Raises `BadCell` for one that a spreadsheet has damaged.
    """
    if not isinstance(value, str):
        if isinstance(value, Damaged):
            raise BadCell(value.reason)
        return value
    text = value.strip()
    first = text[:1]
    if first == "'":
        # What is protected keeps the blanks behind it.
        return unprotect(value.lstrip())
    # Asked for by what they have in common, which almost no other cell has.
    if (first == "#" or "+" in text) and (damage := damage_of(text)) is not None:
        raise BadCell(damage)
    return CLEAR if first == "<" and is_clear_word(text) else text


def understand_typed(value: Any) -> Any:
    """Return what a value of a JSON file says: itself, but for the word that empties."""
    if not isinstance(value, str):
        return value
    return CLEAR if is_clear_word(value) else unprotect(value, is_clear_word)


# -- values -----------------------------------------------------------------------------------------------------------

_WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]*+")
_MOST_CHARACTERS = 20
_SURELY_SHORT = 19  # any fewer digits fit into 64 bits
_LONGEST = 2**64
_TRUTHS = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False, "1": True, "0": False}


def is_whole(text: str) -> bool:
    """Tell whether the text has no lone surrogates, the half characters that JSON can escape and nothing can hold."""
    if text.isascii():
        return True
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
        # Almost all, without the regular expression's five times the time.
        if len(value) < _SURELY_SHORT and value.isdecimal() and value.isascii() and value[0] != "0":
            return int(value)
        if len(value) <= _MOST_CHARACTERS and _WHOLE_NUMBER.fullmatch(value):
            value = int(value)
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
