"""The numbers that a new sandbox starts with, and their calls: the same every time, but for the time itself."""

from __future__ import annotations

from itnio_async.sandbox.database import Database
from itnio_async.sandbox.relations import FIRST_APPLICATION

_HOUR = 3_600
_DAY = 24 * _HOUR
# 100 numbers with this beginning are set aside for what is made up.
_BEGINNING = "120255501"
_NUMBERS, _CALLS = 20, 24
_INBOUND, _OUTBOUND = 2, 3
_ANSWERED, _BUSY = "200", "486"


def seed(database: Database, now: float) -> None:
    """Store 20 numbers and their calls of the last 24 hours, unless any number was ever stored.

    The last but one has expired, the last is disabled. There is one call an hour, of one number after another; every
    fourth is not answered.
    """
    if database.exists("number"):
        return
    with database.transaction():
        for index in range(1, _NUMBERS + 1):
            database.insert("number", _number(index, now))
        for index in range(_CALLS, 0, -1):
            database.insert("number_record", _call(index, now))


def _number(index: int, now: float) -> dict[str, object]:
    return {
        "number": f"{_BEGINNING}{index:02d}",
        "ccode": "1",
        "country": "United States",
        "type": "MOBILE" if index % 2 else "FIXED",
        "app_id": FIRST_APPLICATION,
        "due_at": now + (-_DAY if index == _NUMBERS - 1 else 365 * _DAY),
        "disabled": index == _NUMBERS,
    }


def _call(index: int, now: float) -> dict[str, object]:
    started_at = now - index * _HOUR
    is_answered = index % 4 != 0
    return {
        "number": f"{_BEGINNING}{index % (_NUMBERS - 2) + 1:02d}",
        "other": f"{_BEGINNING}{50 + index}",
        "call_source": _INBOUND if index % 2 else _OUTBOUND,
        "sip_code": _ANSWERED if is_answered else _BUSY,
        "started_at": started_at,
        "ended_at": started_at + (10 * index if is_answered else 0),
    }
