"""Times as the pages write them: with a zone, or without one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from math import floor

_CHINA = timezone(timedelta(hours=8))


def is_local_time(value: object) -> bool:
    """Tell whether a JSON value is a time like 2025-01-08 00:00:00."""
    return _local(value) is not None


def is_zoned_time(value: object) -> bool:
    """Tell whether a JSON value is a time in ISO 8601 with its zone, like 2022-01-01T00:00:00+08:00."""
    return _zoned(value) is not None


def is_date(value: object) -> bool:
    """Tell whether a JSON value is a day like 2025-01-10."""
    if not isinstance(value, str) or len(value) != 10:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return value[4] == "-"


def seconds(text: str, utc_offset: int) -> float:
    """Return the Unix time of a text in one of these forms; without a zone, it is that of the offset in hours.

    A day is its first second.
    """
    if is_date(text):
        text = f"{text} 00:00:00"
    zoned = _zoned(text)
    if zoned is not None:
        return zoned.timestamp()
    local = _local(text)
    assert local is not None
    return (local.replace(tzinfo=UTC) - timedelta(hours=utc_offset)).timestamp()


def through(end: float) -> float:
    """Return the last moment of the second in which a time ends: what is listed is written in whole seconds too."""
    return floor(end) + 1 - 1e-6


def written(seconds: float, utc_offset: int = 0) -> str:
    """Write a Unix time as the vendor's listings do: without a zone, `utc_offset` hours ahead of UTC."""
    return (datetime.fromtimestamp(seconds, UTC) + timedelta(hours=utc_offset)).strftime("%Y-%m-%d %H:%M:%S")


def written_with_zone(seconds: float) -> str:
    """Write a Unix time in ISO 8601 with China's zone, as the vendor's pages show it."""
    return datetime.fromtimestamp(int(seconds), _CHINA).isoformat()


def _local(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) != 19:
        return None
    try:
        # A year that is far off could not be moved to another zone.
        moment = datetime.strptime(value, "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
    return moment if 1970 <= moment.year < 9999 else None


def _zoned(value: object) -> datetime | None:
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and 1970 <= moment.year < 9999 else None
