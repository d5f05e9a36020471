"""JSON to values, in any form that loses nothing."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import datetime
from typing import Any

from itnio_async.conversion.mismatch import Mismatch

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,20}+")
_NUMBER = re.compile(r"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
# What a larger whole number is rounded to, too.
FIRST_INEXACT = 2**53
_TRUTHS = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}


def read_int(value: Any) -> int:
    """Return the whole number that a value of an answer says, in any form that loses nothing."""
    if type(value) is int:
        return value
    if type(value) is str and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    if type(value) is float and value.is_integer() and abs(value) < FIRST_INEXACT:
        return int(value)
    raise Mismatch("an integer", value)


def read_str(value: Any) -> str:
    """Return the text that a value of an answer is."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise Mismatch("a string", value)


def read_bool(value: Any) -> bool:
    """Return the truth that a value of an answer says."""
    if type(value) is bool:
        return value
    if type(value) in (int, str) and value in _TRUTHS:
        return _TRUTHS[value]
    raise Mismatch("a boolean", value)


def read_float(value: Any) -> float:
    """Return the number that a value of an answer says."""
    if type(value) in (int, float):
        return float(value)
    if type(value) is str and _NUMBER.fullmatch(value) and math.isfinite(float(value)):
        return float(value)
    raise Mismatch("a number", value)


def read_datetime(value: Any) -> datetime:
    """Return the moment that a text in ISO 8601 says, with its zone."""
    moment = None
    if type(value) is str:
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if moment is None or moment.utcoffset() is None:
        raise Mismatch("a moment in ISO 8601 with its zone", value, found="another form" if value else None)
    return moment
