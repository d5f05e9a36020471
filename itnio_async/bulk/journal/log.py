"""The journal's tables: a log of entries, each a JSON array of many rows, and how to read it again.

A table with a line for each row of the file would be written twice or three times for each: an entry for some hundred
rows costs a tenth of that. What a row's state is, the last entry that names it says. The view `row` is for people with
`sqlite3` in their hands.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import Any

import attrs
import orjson

from itnio_async.bulk.files.places import Place
from itnio_async.bulk.journal.rows import JournalHeader, JournalRow, Result, RowState

# Marks a file as ours, so that no other database is ever written to by mistake.
APPLICATION_ID = 0x49544E4A
VERSION = 3

_TABLES = """
CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE entry (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, items TEXT NOT NULL);
CREATE VIEW state AS
SELECT id, state, code, reason, max(number) AS last FROM (
    SELECT entry.id * 1000000 + item.key AS number, json_extract(item.value, '$[0]') AS id,
           json_extract(item.value, '$[1]') AS state, json_extract(item.value, '$[2]') AS code,
           json_extract(item.value, '$[4]') AS reason
    FROM entry, json_each(entry.items) AS item WHERE entry.kind = 'states'
    UNION ALL
    SELECT entry.id * 1000000 + item.key, item.value, 'sent', NULL, NULL
    FROM entry, json_each(entry.items) AS item WHERE entry.kind = 'claims'
) GROUP BY id;
CREATE VIEW row AS
SELECT json_extract(item.value, '$[0]') AS id, json_extract(item.value, '$[1]') AS file,
       json_extract(item.value, '$[2]') AS line, json_extract(item.value, '$[3]') AS key_id,
       json_extract(item.value, '$[4]') AS trunk_name, coalesce(state.state, 'waiting') AS state,
       state.code, state.reason
FROM entry, json_each(entry.items) AS item LEFT JOIN state ON state.id = json_extract(item.value, '$[0]')
WHERE entry.kind = 'rows';
"""
# Rows in one entry of a new journal: enough to make the entry's own cost small, and not all at once in memory.
_ROWS_AT_ONCE = 500
_STATES = {state.value: state for state in RowState}

Values = Mapping[str, Any]
State = tuple[Any, ...]


def is_empty(database: sqlite3.Connection) -> bool:
    """Tell whether nothing is in the database, as after a crash while the journal was made."""
    return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def create(database: sqlite3.Connection, header: JournalHeader, rows: Iterable[JournalRow]) -> None:
    """Make the tables of a new journal and fill in its rows."""
    for statement in filter(str.strip, _TABLES.split(";")):  # `executescript` would commit before
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {VERSION}")
    entries = [(name, _json(value)) for name, value in attrs.asdict(header).items()]
    database.executemany("INSERT INTO header VALUES (?, ?)", entries)
    every = iter(rows)
    while _append_rows(database, islice(every, _ROWS_AT_ONCE)):
        pass


def _append_rows(database: sqlite3.Connection, rows: Iterable[JournalRow]) -> bool:
    """Write some rows of a new journal, and tell whether there were any."""
    columns: list[tuple[Any, ...]] = []
    states: list[State] = []
    read_back: list[tuple[int, bool]] = []
    waiting = RowState.WAITING
    for id, place, key_id, trunk_name, result, disabled, before, after, secrets, verified, fingerprint in rows:
        columns.append((id, place.file, place.line, key_id, trunk_name, disabled, before, after, secrets, fingerprint))
        if result[0] is not waiting:
            states.append(state_of(id, result))
        if verified is not None:
            read_back.append((id, verified))
    add(database, rows=columns, states=states, verified=read_back)
    return bool(columns)


def header_of(database: sqlite3.Connection) -> JournalHeader:
    """Return the header of a journal."""
    entries = database.execute("SELECT name, value FROM header").fetchall()
    return JournalHeader(**{name: orjson.loads(value) for name, value in entries})


# -- what a run adds --------------------------------------------------------------------------------------------------


def state_of(row: int, result: Result) -> State:
    """Return what became of a row as it is written: a tuple of nothing that the garbage collector has to look at."""
    state, code, error, reason, attempts, elapsed, ended = result
    return (row, state._value_, code, error, reason, attempts, elapsed, ended)  # `value` is a descriptor, and slow


def add(
    database: sqlite3.Connection,
    *,
    rows: Sequence[tuple[Any, ...]] = (),
    states: Sequence[State] = (),
    claimed: Sequence[int] = (),
    befores: Sequence[tuple[int, Values, Values]] = (),
    verified: Sequence[tuple[int, bool | None]] = (),
    fingerprints: Sequence[tuple[int, str | None]] = (),
) -> None:
    """Add what is said of rows, all of it or nothing.

    `rows` are new ones; `states` what became of some, and `claimed` which are about to be sent; `befores` the values
    before and after of rows whose trunk stands otherwise by now; `verified` and `fingerprints` which ones were read
    back as wanted, and which have other secrets now.
    """
    said = {
        "rows": rows,
        "states": states,
        "claims": [*claimed],
        "befores": befores,
        "verified": verified,
        "fingerprints": fingerprints,
    }
    entries = [(kind, _json(items)) for kind, items in said.items() if items]
    if entries:
        # One statement, which is a transaction by itself: between two the thread waits for Python's lock each time.
        places = ", ".join(["(?, ?)"] * len(entries))
        database.execute(f"INSERT INTO entry (kind, items) VALUES {places}", [*chain(*entries)])  # noqa: S608 - no text


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


# -- reading it again -------------------------------------------------------------------------------------------------


def rows_of(database: sqlite3.Connection) -> list[JournalRow]:
    """Return all rows as the last entries have them, in the file's order."""
    # What was said of the rows comes first, and each row is made once, without objects in between.
    states: dict[int, Sequence[Any]] = {}
    befores: dict[int, Sequence[Values]] = {}
    verified: dict[int, bool | None] = {}
    fingerprints: dict[int, str | None] = {}
    for kind, items in _entries(database, _SAID_OF_ROWS):
        if kind == "states":
            states.update((item[0], item) for item in items)
        elif kind == "claims":
            states.update(dict.fromkeys(items, _CLAIMED))
        elif kind == "befores":
            befores.update((id, (before, after)) for id, before, after in items)
        elif kind == "verified":
            verified.update(items)
        else:
            fingerprints.update(items)
    rows = [
        JournalRow(
            id,
            Place(file, line),
            key_id,
            trunk_name,
            _result(*states.pop(id)) if id in states else _WAITING,
            disabled,
            before,
            after,
            tuple(secrets),
            verified.get(id),
            fingerprints.get(id, fingerprint),
        )
        for _, items in _entries(database, _ROWS)
        for id, file, line, key_id, trunk_name, disabled, *values, secrets, fingerprint in items
        for before, after in (befores.get(id, values),)
    ]
    rows.sort(key=itemgetter(0))
    return rows


_ROWS = "SELECT kind, items FROM entry WHERE kind = 'rows' ORDER BY id"
_SAID_OF_ROWS = "SELECT kind, items FROM entry WHERE kind <> 'rows' ORDER BY id"


def _entries(database: sqlite3.Connection, query: str) -> Iterator[tuple[str, list[Any]]]:
    for kind, items in database.execute(query):
        yield kind, orjson.loads(items)


_WAITING = Result(state=RowState.WAITING)
_CLAIMED = (0, RowState.SENT.value)


def _result(_: int, state: str, *rest: Any) -> Result:
    return Result(_STATES[state], *rest)
