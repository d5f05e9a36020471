"""The time that a listing of records asks about, and the rules on it."""

from __future__ import annotations

from typing import Any

from itnio_async.sandbox.fields import Field
from itnio_async.sandbox.rules import Call, Rule, assumed
from itnio_async.sandbox.times import is_zoned_time, seconds

_DAY = 86_400
ZONED = Field(is_zoned_time, required=True)


def texts_of(call: Call[Any]) -> list[str]:
    """Return the texts of the time that is asked about; its beginning has one of two names."""
    params = call.body["params"]
    return [params["startTime" if "startTime" in params else "strTime"], params["endTime"]]


def window_of(call: Call[Any]) -> tuple[float, float]:
    """Return the time that is asked about, in Unix seconds."""
    start, end = (seconds(text, call.assumptions.utc_offset) for text in texts_of(call))
    return start, end


def begins_too_early(call: Call[Any], moment: float) -> bool:
    """Tell whether a moment is longer ago than the last two months."""
    return bool(moment < call.now - call.assumptions.voice_record_days * _DAY)


def _ends_before_it_starts(call: Call[Any]) -> bool:
    start, end = window_of(call)
    return end < start


def _is_too_long(call: Call[Any]) -> bool:
    start, end = window_of(call)
    return end - start > 31 * _DAY


IN_ORDER: Rule[Any] = assumed(-22, "the end of the time is before its beginning", _ends_before_it_starts)
OF_TWO_MONTHS: tuple[Rule[Any], ...] = (
    IN_ORDER,
    Rule(-22, "strTime is at most 31 days before endTime", _is_too_long),
    Rule(-22, "strTime is longer ago than two months", lambda call: begins_too_early(call, window_of(call)[0])),
)
"""The rules of a listing that has the records of two months, and takes 31 days of them at a time."""
