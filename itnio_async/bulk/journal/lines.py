"""The lines of the journal's tables: how rows and the header are written there, and checked when they are read."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import orjson

from itnio_async.bulk.files.own_json import own_json
from itnio_async.bulk.files.places import BadRow, Place
from itnio_async.bulk.journal.rows import JournalHeader, JournalRow, Result, RowState, Run, RunEnd
from itnio_async.bulk.trunks.settings import FIELDS, from_data
from itnio_async.text import readable

# Numbers that may be longer than SQLite's have no type: such a one is kept as text.
TABLES = (
    """CREATE TABLE header (
        source TEXT, rows TEXT, host TEXT, api_key TEXT, account TEXT, endpoint TEXT, plan TEXT, key_check TEXT,
        created REAL)""",
    """CREATE TABLE row (
        id INTEGER PRIMARY KEY, state TEXT, code, error TEXT, reason TEXT, attempts INTEGER, elapsed REAL,
        sent_at REAL, ended_at REAL, temporary TEXT, verified INTEGER,
        source TEXT, line INTEGER, key_id, name TEXT, disabled INTEGER,
        before TEXT, after TEXT, secrets TEXT, fingerprint TEXT, drifted INTEGER, canary INTEGER, read_back TEXT,
        new_secrets TEXT, at_first TEXT)""",
    """CREATE TABLE run (
        id INTEGER PRIMARY KEY, by TEXT, began REAL, options TEXT, ended REAL, how TEXT, reason TEXT, retries INTEGER,
        exit_status INTEGER, secrets_kept INTEGER)""",
    """CREATE TABLE bad (run INTEGER, source TEXT, line INTEGER, "column" TEXT, code, reason TEXT, cells TEXT)""",
)
INSERT_HEADER = f"INSERT INTO header VALUES ({', '.join('?' * 9)})"  # noqa: S608 - no text of others
INSERT = f"INSERT OR REPLACE INTO row VALUES ({', '.join('?' * 25)})"  # noqa: S608 - no text of others
INSERT_RUN = "INSERT INTO run (by, began, options, secrets_kept) VALUES (?, ?, ?, ?)"
END_RUN = "UPDATE run SET ended = ?, how = ?, reason = ?, retries = ? WHERE id = ?"
INSERT_BAD = "INSERT INTO bad VALUES (?, ?, ?, ?, ?, ?, ?)"
_STATES = {state.value: state for state in RowState}
_NAMES = frozenset(FIELDS)
# The last second of the year 9999: a later one is damage, and no date can show it.
_LATEST = 253_402_300_799.0

_SELECT = (
    "SELECT id, state, code, error, reason, attempts, elapsed, ended_at, temporary, verified, source, line, key_id, "
    "name, disabled, before, after, secrets, fingerprint, drifted, canary, read_back, new_secrets, at_first FROM row"
)
_INTEGER, _REAL, _TEXT, _NUMBER = (int,), (float,), (str,), (int, str, type(None))
_REAL_OR_NONE, _TEXT_OR_NONE, _INTEGER_OR_NONE = (float, type(None)), (str, type(None)), (int, type(None))
_KINDS: tuple[tuple[type, ...], ...] = (
    *(_INTEGER, _TEXT, _NUMBER, _TEXT_OR_NONE, _TEXT, _INTEGER, _REAL, _REAL_OR_NONE, _TEXT_OR_NONE),
    *(_INTEGER_OR_NONE, _TEXT, _INTEGER, _NUMBER, _TEXT_OR_NONE, _INTEGER, _TEXT, _TEXT, _TEXT),
    *(_TEXT_OR_NONE, _INTEGER, _INTEGER, _TEXT, _TEXT, _TEXT_OR_NONE),
)
_RUN_KINDS = (
    *(_INTEGER, _TEXT, _REAL, _TEXT),
    *(_REAL_OR_NONE, _TEXT_OR_NONE, _TEXT_OR_NONE, _INTEGER_OR_NONE, _INTEGER_OR_NONE, _INTEGER),
)
_BAD_KINDS = (_TEXT, _INTEGER, _TEXT_OR_NONE, _NUMBER, _TEXT, _TEXT)
_HEADER = tuple(field.name for field in attrs.fields(JournalHeader))


class DamagedError(Exception):
    """What a journal says cannot be."""


def header_values(header: JournalHeader) -> tuple[Any, ...]:
    """Return the values of the header, in the order of its columns."""
    return tuple(readable(value) if isinstance(value, str) else value for value in attrs.astuple(header))


def values_of(row: JournalRow) -> tuple[Any, ...]:
    """Return the values of a row in the order of its columns."""
    place = row.place
    return (
        *(row.id, *result_values(row.result), row.verified),
        *(readable(place.file), place.line, _number(row.key_id), _text(row.trunk_name), row.disabled),
        *(_json(row.before), _json(row.after), _json(row.secrets), row.fingerprint, row.drifted, row.canary),
        *(readable(row.read_back), _json(row.new_secrets), None if row.at_first is None else _json(row.at_first)),
    )


def result_values(result: Result) -> tuple[Any, ...]:
    """Return the values of a result, from the column `state` to `temporary`."""
    state, code, error, reason, attempts, elapsed, ended, temporary = result
    sent = None if ended is None else ended - elapsed
    return (state.value, _number(code), error, readable(reason), attempts, elapsed, sent, ended, _text(temporary))


def run_values(run: Run) -> tuple[Any, ...]:
    """Return the values of a run that begins, in the order of `INSERT_RUN`."""
    return readable(run.by), run.began, _json(run.options), run.secrets_kept


def end_values(end: RunEnd) -> tuple[Any, ...]:
    """Return the values of a run's end, in the order of `END_RUN`."""
    return end.ended, end.how, readable(end.reason), end.retries


def bad_values(run: int, row: BadRow) -> tuple[Any, ...]:
    """Return the values of a row that a run leaves out, in the order of its columns."""
    place = row.place
    where = readable(place.file), place.line, _text(place.column)
    return run, *where, _number(row.code), readable(row.reason), _json(row.cells)


def _number(number: int | None) -> int | str | None:
    return number if number is None or -(2**63) <= number < 2**63 else str(number)


def _text(text: str | None) -> str | None:
    return text if text is None else readable(text)


def _json(value: Any) -> str:
    return own_json(value).decode()


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


def runs_of(database: sqlite3.Connection) -> list[Run]:
    """Return the runs, the first one first; raises `DamagedError`."""
    return list(map(_run_of, database.execute("SELECT * FROM run ORDER BY id")))


def _run_of(values: tuple[Any, ...]) -> Run:
    _require(values, _RUN_KINDS, "a run")
    id, by, began, options, ended, how, reason, retries, exit_status, secrets_kept = values
    for seconds in (began, ended):
        if seconds is not None:
            _check_seconds(seconds)
    end = None if ended is None else RunEnd(ended=ended, how=how or "", reason=reason or "", retries=retries or 0)
    return Run(
        id=id,
        by=by,
        began=began,
        options=_object(options, "a run"),
        secrets_kept=secrets_kept,
        end=end,
        exit_status=exit_status,
    )


def bad_of(database: sqlite3.Connection) -> list[BadRow]:
    """Return the rows that the last run left out, in the file's order; raises `DamagedError`."""
    found = database.execute(
        'SELECT source, line, "column", code, reason, cells FROM bad WHERE run = (SELECT max(id) FROM run) '
        "ORDER BY rowid"
    )
    return list(map(_bad_of, found))


def _bad_of(values: tuple[Any, ...]) -> BadRow:
    _require(values, _BAD_KINDS, "a bad row")
    file, line, column, code, reason, cells = values
    try:
        texts = {name: str(text) for name, text in _object(cells, "a bad row").items()}
        return BadRow(Place(file, line, column), reason, _whole(code), texts)
    except ValueError as error:
        raise DamagedError("a bad row says what cannot be") from error


def _require(values: tuple[Any, ...], kinds: Sequence[tuple[type, ...]], what: str) -> None:
    for value, allowed in zip(values, kinds, strict=True):
        if type(value) not in allowed:
            raise DamagedError(f"{what} says what cannot be")


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        data = orjson.loads(text)
    except ValueError as error:
        raise DamagedError(f"{what} says what cannot be") from error
    if not isinstance(data, dict):
        raise DamagedError(f"{what} says what cannot be")
    return data


def _row_of(values: tuple[Any, ...]) -> JournalRow:
    _require(values, _KINDS, f"row {values[0]}")
    id, state, code, error, reason, attempts, elapsed, ended, temporary, verified, *rest = values
    file, line, key_id, name, disabled, before, after, secrets, fingerprint, drifted, canary, *more = rest
    read_back, new_secrets, at_first = more
    if ended is not None:
        _check_seconds(ended)
    _check_seconds(elapsed)
    try:
        return JournalRow(
            id,
            Place(file, line),
            _whole(key_id),
            name,
            Result(state_of(state), _whole(code), error, reason, attempts, elapsed, ended, temporary),
            bool(disabled),
            _data(before),
            _data(after),
            tuple(map(str, orjson.loads(secrets))),
            None if verified is None else bool(verified),
            fingerprint,
            bool(drifted),
            bool(canary),
            read_back,
            tuple(map(str, orjson.loads(new_secrets))),
            None if at_first is None else _data(at_first),
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
