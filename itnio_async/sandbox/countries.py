"""The calling codes of countries, as the International Telecommunication Union has assigned them."""

from __future__ import annotations

_OF_ONE_OR_TWO_DIGITS = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 "
    "86 90 91 92 93 94 95 98"
)
_OF_THREE_DIGITS = (
    "211 212 213 216 218 290 291 297 298 299 385 386 387 389 420 421 423 850 852 853 855 856 880 886 998",
    range(220, 270),
    range(350, 360),
    range(370, 384),
    range(500, 510),
    range(590, 600),
    range(670, 693),
    range(960, 978),
    range(992, 997),
)
_UNASSIGNED = {"259", "671", "684", "693", "969"}
COUNTRY_CODES = frozenset(_OF_ONE_OR_TWO_DIGITS.split()) | frozenset(
    code
    for codes in _OF_THREE_DIGITS
    for code in (codes.split() if isinstance(codes, str) else map(str, codes))
    if code not in _UNASSIGNED
)


def country_code_of(number: str) -> str | None:
    """Return the country code that a number begins with, or None: none of them begins with another."""
    digits = number.removeprefix("+")
    return next((digits[:size] for size in (1, 2, 3) if digits[:size] in COUNTRY_CODES), None)
