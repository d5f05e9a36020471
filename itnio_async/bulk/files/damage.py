"""The kinds of damage that cells come with, as values: what finds each, and what to say about it.

`TEXTS` are of a cell's text in any file, `SHEET_CELLS` of what only a workbook tells, `CHANGES` of what is told by the
trunk's present value alone. `first` is the loop over all of them. A reason never repeats the cell's value, which may be
a password in the wrong column; characters are named by their place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from decimal import Decimal
from enum import Enum
from typing import Any

from attrs import frozen

from itnio_async.bulk.files.words import ERRORS, NOTHING, NUMBERED


class Form(Enum):
    """What a column's cells can be made of."""

    NAME = "name"  # every visible letter of any script: names, passwords
    CODE = "code"  # visible ASCII: addresses, accounts
    NUMBER = "number"  # what is dialled: prefixes, numbers
    OTHER = "other"  # whole numbers, switches, JSON: what reads them takes nothing else


@frozen
class Damage:
    """One kind: `finds` gives what it found (anything true) or nothing; `says` is the advice, with that in `{}`."""

    finds: Callable[..., Any]
    says: str


def first(kinds: Iterable[Damage], *cell: Any) -> str | None:
    """Return what the first of these kinds that the cell has says, or None."""
    for kind in kinds:
        if found := kind.finds(*cell):
            return kind.says.format(found)
    return None


# -- texts ------------------------------------------------------------------------------------------------------------

_AS_TEXT = "Format the column as text and enter it again"
_IF_MEANT = "if the text is meant as it stands, put ' before it (or give --literal and the column)."
_SHORTENED = re.compile(r"[+-]?[0-9]++(?:[.,][0-9]++)?[eE]\+[0-9]++")
_EXPONENT = re.compile(r"[0-9]++(?:[.,][0-9]++)?[eE]-?[0-9]++")
_TOO_NARROW = re.compile("#{4,}+")  # shorter ones may be a prefix to dial
_NARROW = re.compile("[\u00a0\u202f]")  # blanks that French puts before a sign
_NUMBERED = re.compile(r"(\w++) ?+: ?+5[0-9]{2}")
_FRACTION_OF_ZEROS = re.compile(r"[+-]?[0-9]++\.0++")
_DATE = re.compile(
    r"[0-9]{1,2}+[- /](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:[- /][0-9]{2,4}+)?+"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[- /][0-9]{2,4}+"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]++)?+",
    re.IGNORECASE,
)


def _is_error(text: str, _: Form) -> bool:
    upper = _NARROW.sub(" ", text.upper())
    if upper[:1] == "#":
        return upper.replace(" ", "") in ERRORS or _TOO_NARROW.fullmatch(upper) is not None
    found = _NUMBERED.fullmatch(upper) if ":" in upper else None
    return found is not None and found[1] in NUMBERED


# What has no width or no look of its own, beyond the categories Cc, Cf, Zs, Zl and Zp: fillers, blank Braille, joiners.
_LOOKLESS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffc\ufffd\ufffe\uffff"
)
_JOINERS = "\u200c\u200d"  # between letters of some scripts, and between the parts of an emoji
_UNSEEN = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp", "Co"))
_CONTROLS = {"\n": "a line break", "\r": "a carriage return", "\t": "a tab", "\0": "NUL"}


def _is_joined(text: str, index: int) -> bool:
    around = text[index - 1 : index] + text[index + 1 : index + 2]
    # Letters, marks (of Indic scripts, the selector of an emoji), symbols and skin tones, but none of ASCII.
    return len(around) == 2 and all(not c.isascii() and unicodedata.category(c)[0] in "LMS" for c in around)


def _odd_character(text: str, form: Form) -> str | None:
    """Return the first character that a cell of this form cannot have, by name and place."""
    if form is Form.OTHER:
        return None
    for index, character in enumerate(text):
        if character == " ":
            is_odd = form is Form.CODE
        elif form is not Form.NAME and not character.isascii():
            is_odd = True
        elif character in _JOINERS:
            is_odd = not _is_joined(text, index)
        else:
            is_odd = character in _LOOKLESS or unicodedata.category(character) in _UNSEEN
        if is_odd:
            return f"character {index + 1} is {_name_of(character)}"
    return None


def _name_of(character: str) -> str:
    code = f"U+{ord(character):04X}"
    name = _CONTROLS.get(character) or unicodedata.name(character, "a control or private character")
    return f"{name} ({code})"


TEXTS = (
    Damage(
        lambda text, _: "+" in text and _SHORTENED.fullmatch(text),
        "a spreadsheet has shortened a long number to this form, and its last digits may be lost. Format the column as "
        f"text and enter the number again; {_IF_MEANT}",
    ),
    Damage(
        lambda text, form: form is Form.NUMBER and _EXPONENT.fullmatch(text),
        "it may be a number that a program has shortened to this form, or one that a spreadsheet will read so: write "
        f"all its digits; {_IF_MEANT}",
    ),
    Damage(
        _is_error,
        f"the cell holds a spreadsheet's error instead of a value. Correct the sheet and save it again; {_IF_MEANT}",
    ),
    Damage(
        lambda text, _: text in NOTHING,
        "it is a word that programs write for nothing. Leave the cell empty, or say that this word means nothing "
        f"(--empty and the word); {_IF_MEANT}",
    ),
    Damage(
        lambda text, _: _FRACTION_OF_ZEROS.fullmatch(text),
        f"a program has made a number with a fraction of it. Write it without .0; {_IF_MEANT}",
    ),
    Damage(
        lambda text, form: form is Form.NUMBER and _DATE.fullmatch(text),
        f"a spreadsheet has made a date of it. {_AS_TEXT}; {_IF_MEANT}",
    ),
    Damage(
        _odd_character,
        f"it has a character that cannot be seen, or not told from another, or that such a value cannot have: {{}}. "
        f"Enter the value again without it; {_IF_MEANT}",
    ),
)

# What stands at the ends of a cell and means nothing there: blanks, controls, and what has no look, but for the
# selectors that belong to an emoji.
_ENDS = "".join(
    chr(code)
    for code in (*range(0x3100), 0x3164, *range(0xFE00, 0x10000))
    if (
        unicodedata.category(chr(code)) in ("Cc", "Cf", "Zs", "Zl", "Zp")
        or chr(code) in "\u2800\u3164\uffa0\u115f\u1160"
    )
)


def trimmed(text: str) -> str:
    """Return the text without what stands at its ends and means nothing there."""
    return text.strip(_ENDS)


# What cannot be damage of any kind nor mean anything but itself, told at once: digits, numbers and lists of them, IPv4
# addresses, and words of ASCII that begin with a letter, but for those that stand for nothing.
_PLAIN = {
    Form.NAME: re.compile(r"[0-9]++|[A-Za-z][A-Za-z0-9]*+(?:[_. -]++[A-Za-z0-9]++)*+").fullmatch,
    Form.CODE: re.compile(
        r"[0-9]++(?:\.[0-9]++\.[0-9]++\.[0-9]++)?+|[A-Za-z][A-Za-z0-9]*+(?:[_.-]++[A-Za-z0-9]++)*+"
    ).fullmatch,
    Form.NUMBER: re.compile(r"\+?+[0-9]++(?:;\+?+[0-9]++)*+").fullmatch,
    Form.OTHER: re.compile("[0-9]++(?:;[0-9]++)*+|true|false").fullmatch,
}


def plain_test(form: Form) -> Callable[[str], Any]:
    """Return what tells at once, if true, that a text of this form has no damage and no meaning but its own."""
    match = _PLAIN[form]
    return lambda text: match(text) is not None and text not in NOTHING


# -- cells of a workbook ----------------------------------------------------------------------------------------------

# A cell's number is a 64-bit float, and a spreadsheet keeps 15 digits of it.
_LARGEST_NUMBER = 10**15
_QUOTED = re.compile(r'"[^"]*+"|\\.|_.|\*.|\[[^\]]*+\]')
_LITERALS = re.compile(r'"([^"]*+)"|\\(.)|\[\$([^\]-]*+)[^\]]*+\]')
_DATE_LETTERS = re.compile(r"[ymdhs]|AM/PM", re.IGNORECASE)
_ELAPSED = re.compile(r"\[(?:h++|m++|s++)\]", re.IGNORECASE)


def is_date_format(shown_as: str) -> bool:
    """Tell whether a number format shows dates or times."""
    if shown_as.lower() == "general":
        return False
    return _ELAPSED.search(shown_as) is not None or _DATE_LETTERS.search(_QUOTED.sub("", shown_as)) is not None


def _shown_before(value: Any, shown_as: str) -> str | None:
    """Return the number format if it shows digits or a plus that the whole number does not have."""
    if shown_as.lower() in ("general", "@", "0"):
        return None
    # One section for positive numbers, one for negative ones, more with conditions: any may be the one.
    sections = re.sub(r'("[^"]*+")|;', lambda found: found[1] or "\n", shown_as).split("\n")[:3]
    return shown_as if any(_adds(section, len(str(abs(int(value))))) for section in sections if section) else None


def _adds(section: str, digits: int) -> bool:
    literals = "".join(part for found in _LITERALS.findall(section) for part in found)
    bare = _QUOTED.sub("", section)
    if "E" in bare:
        return False  # only shortened to look at: the cell has all digits
    whole = re.sub(r"[^0#?]", "", bare.partition(".")[0])
    padded = len(whole) - whole.find("0") if "0" in whole else 0
    return "%" in bare or padded > digits or bool(re.search(r"[0-9+]", literals) or re.search(r"[1-9+]", bare))


SHEET_CELLS = (
    Damage(
        lambda value, kind, _: kind == "e",
        "the cell holds a spreadsheet's error instead of a value. Correct the sheet and save it again.",
    ),
    Damage(
        lambda value, kind, shown_as: kind == "d" or (kind == "n" and is_date_format(shown_as)),
        f"a spreadsheet has made a date or time of it. {_AS_TEXT}.",
    ),
    Damage(
        lambda value, kind, _: kind == "n" and abs(value) >= _LARGEST_NUMBER,
        f"the cell is a number of more than 15 digits, the last of which a spreadsheet loses. {_AS_TEXT}.",
    ),
    Damage(
        lambda value, kind, _: kind == "n" and value != int(value),
        f"the cell is a number with a fraction. {_AS_TEXT}.",
    ),
    Damage(
        lambda value, kind, shown_as: kind == "n" and _shown_before(value, shown_as),
        "the cell is a number whose format ({}) shows leading zeros, a plus or other digits that it does not have. "
        f"{_AS_TEXT}, as it is shown; if the number is meant without them, format the column as a plain number.",
    ),
)

# -- changes ----------------------------------------------------------------------------------------------------------

_DIGITS_KEPT = 15


def only_drops_zeros(before: str | None, after: str | None) -> bool:
    """Tell whether a change only takes zeros off the front of a number, which is what spreadsheets do by themselves."""
    if not before or not after or before[0] != "0" or len(after) >= len(before):
        return False
    return before.isdecimal() and after.isdecimal() and before.lstrip("0") == after.lstrip("0")


def only_drops_plus(before: str | None, after: str | None) -> bool:
    """Tell whether a change only takes the plus off a number, and zeros or blanks with it, as spreadsheets do."""
    if not before or not after or before[0] != "+" or not after.isdecimal():
        return False
    number = before[1:].replace(" ", "")
    return number.isdecimal() and number.lstrip("0") == after.lstrip("0")


def _is_rounded(before: str, after: str) -> bool:
    if len(before) <= _DIGITS_KEPT or len(before) != len(after) or not (before.isdecimal() and after.isdecimal()):
        return False
    certain = _DIGITS_KEPT - 1
    return before != after and before[:certain] == after[:certain] and not after[_DIGITS_KEPT:].strip("0")


def _is_written_out(before: str, after: str) -> bool:
    # Not a Decimal of 1E999999999 as an integer: it is compared as it is.
    return (
        after.isdecimal()
        and _EXPONENT.fullmatch(before) is not None
        and Decimal(before.replace(",", ".")) == Decimal(after)
    )


CHANGES = (
    Damage(only_drops_zeros, "only drops leading zeros"),
    Damage(only_drops_plus, "only drops the plus of a number"),
    Damage(_is_rounded, "only makes zeros of a long number's last digits"),
    Damage(_is_written_out, "only writes out what may not be a number"),
    Damage(
        lambda before, after: before and after == "'" + before,
        "only adds the apostrophe that protects it in a table",
    ),
)
