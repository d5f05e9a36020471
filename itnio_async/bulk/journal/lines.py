"""The lines of the journal's tables: how rows and the header are written there, and checked when they are read."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson

from itnio_async.bulk.files.places import Place
from itnio_async.bulk.journal.rows import JournalHeader, JournalRow, Result, RowState
from itnio_async.bulk.trunks.settings import FIELDS, from_data

# Numbers that may be longer than SQLite's have no type: such a one is kept as text.
TABLES = (
    """CREATE TABLE header (
        source TEXT, rows TEXT, host TEXT, api_key TEXT, account TEXT, endpoint TEXT, plan TEXT, key_check TEXT,
        created REAL)""",
    """CREATE TABLE row (
        id INTEGER PRIMARY KEY, state TEXT, code, error TEXT, reason TEXT, attempts INTEGER, elapsed REAL,
        sent_at REAL, ended_at REAL, verified INTEGER,
        source TEXT, line INTEGER, key_id, name TEXT, disabled INTEGER,
        before TEXT, after TEXT, secrets TEXT, fingerprint TEXT, drifted INTEGER, canary INTEGER)""",
)
INSERT_HEADER = f"INSERT INTO header VALUES ({', '.join('?' * 9)})"  # noqa: S608 - no text of others
INSERT = f"INSERT OR REPLACE INTO row VALUES ({', '.join('?' * 21)})"  # noqa: S608 - no text of others
_STATES = {state.value: state for state in RowState}
_NAMES = frozenset(FIELDS)
# The last second of the year 9999: a later one is damage, and no date can show it.
_LATEST = 253_402_300_799.0

_SELECT = (
    "SELECT id, state, code, error, reason, attempts, elapsed, ended_at, verified, source, line, key_id, name, "
    "disabled, before, after, secrets, fingerprint, drifted, canary FROM row"
)
_INTEGER, _REAL, _TEXT, _NUMBER = (int,), (float,), (str,), (int, str, type(None))
_REAL_OR_NONE, _TEXT_OR_NONE, _INTEGER_OR_NONE = (float, type(None)), (str, type(None)), (int, type(None))
_KINDS: tuple[tuple[type, ...], ...] = (
    *(_INTEGER, _TEXT, _NUMBER, _TEXT_OR_NONE, _TEXT, _INTEGER, _REAL, _REAL_OR_NONE, _INTEGER_OR_NONE),
    *(_TEXT, _INTEGER, _NUMBER, _TEXT_OR_NONE, _INTEGER, _TEXT, _TEXT, _TEXT, _TEXT_OR_NONE, _INTEGER, _INTEGER),
)
_HEADER = tuple(field.name for field in attrs.fields(JournalHeader))


class DamagedError(Exception):
    """What a journal says cannot be."""


def values_of(row: JournalRow) -> tuple[Any, ...]:
    """Return the values of a row in the order of its columns."""
    place = row.place
    return (
        *(row.id, *result_values(row.result), row.verified),
        *(place.file, place.line, _number(row.key_id), row.trunk_name, row.disabled),
        *(_json(row.before), _json(row.after), _json(row.secrets), row.fingerprint, row.drifted, row.canary),
    )


def result_values(result: Result) -> tuple[Any, ...]:
    """Return the values of a result, from the column `state` to `ended_at`."""
    state, code, error, reason, attempts, elapsed, ended = result
    sent = None if ended is None else ended - elapsed
    return (state.value, _number(code), error, reason, attempts, elapsed, sent, ended)


def _number(number: int | None) -> int | str | None:
    return number if number is None or -(2**63) <= number < 2**63 else str(number)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def check(database: sqlite3.Connection) -> None:
    """Raise `DamagedError` for the damage that SQLite notices, and for rows that are not there."""
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise DamagedError(found)
    count, first, last = database.execute("SELECT count(*), min(id), max(id) FROM row").fetchone()
    if count and (first, last) != (0, count - 1):
        raise DamagedError("rows are missing")


def header_of(database: sqlite3.Connection) -> JournalHeader:
    """Return the header; raises `DamagedError`."""
    headers = database.execute(f"SELECT {', '.join(_HEADER)} FROM header").fetchall()  # noqa: S608 - our own names
    if len(headers) != 1:
        raise DamagedError("it has not one header")
    header = JournalHeader(**dict(zip(_HEADER, headers[0], strict=True)))
    *texts, plan, key_check, created = headers[0]
    if not all(type(text) is str for text in (*texts, key_check)) or type(plan) not in _TEXT_OR_NONE:
        raise DamagedError("its header says what cannot be")
    _check_seconds(created)
    return header


def rows_of(database: sqlite3.Connection, states: Sequence[RowState] = ()) -> list[JournalRow]:
    """Return the rows in these states (none: all), in the file's order; raises `DamagedError`."""
    wanted = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
    found = database.execute(f"{_SELECT} {wanted} ORDER BY id", [state.value for state in states])
    return list(map(_row_of, found))


def _row_of(values: tuple[Any, ...]) -> JournalRow:
    for value, kinds in zip(values, _KINDS, strict=True):
        if type(value) not in kinds:
            raise DamagedError(f"row {values[0]} says what cannot be")
    id, state, code, error, reason, attempts, elapsed, ended, verified, *rest = values
    file, line, key_id, name, disabled, before, after, secrets, fingerprint, drifted, canary = rest
    if ended is not None:
        _check_seconds(ended)
    _check_seconds(elapsed)
    try:
        return JournalRow(
            id,
            Place(file, line),
            _whole(key_id),
            name,
            Result(state_of(state), _whole(code), error, reason, attempts, elapsed, ended),
            bool(disabled),
            _data(before),
            _data(after),
            tuple(map(str, orjson.loads(secrets))),
            None if verified is None else bool(verified),
            fingerprint,
            bool(drifted),
            bool(canary),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise DamagedError(f"row {id} says what cannot be") from error


def state_of(value: Any) -> RowState:
    """Return the state of that name; raises `DamagedError` where there is none."""
    state = _STATES.get(value)
    if state is None:
        raise DamagedError("a row has a state that there is not")
    return state


def _check_seconds(seconds: Any) -> None:
    """Raise `DamagedError` for what is neither a date in Unix seconds nor a length of time."""
    if not isinstance(seconds, float) or not math.isfinite(seconds) or not 0 <= seconds <= _LATEST:
        raise DamagedError("a row has a time that there is not")


def _whole(value: int | str | None) -> int | None:
    return int(value) if isinstance(value, str) else value


def _data(text: str) -> Mapping[str, Any]:
    data: dict[str, Any] = orjson.loads(text)
    from_data(data)  # it is used later, and must not fail then
    if not data.keys() <= _NAMES:
        raise ValueError("a setting that there is not")
    return data
