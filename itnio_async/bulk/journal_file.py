"""The journal as a SQLite database: its tables, and what is written in one step.

Everything here blocks; `journal.Journal` calls it from a thread of its own.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, Self

import attrs
import orjson
from attrs import field, frozen

from itnio_async.bulk.file_system import network_file_system
from itnio_async.bulk.journal_lock import is_locked, make_private, take_lock
from itnio_async.bulk.places import Place
from itnio_async.errors import ConfigurationError, ItnioError

# Marks a file as ours, so that no other database is ever written to by mistake.
_APPLICATION_ID = 0x49544E4A
_VERSION = 1

_TABLES = f"""
CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE row (
    id INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    line INTEGER NOT NULL,
    key_id INTEGER,
    trunk_name TEXT,
    disabled INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    secrets TEXT NOT NULL,
    state TEXT NOT NULL,
    code INTEGER,
    error TEXT,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    elapsed REAL NOT NULL,
    ended REAL,
    verified INTEGER
);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
"""


class JournalError(ItnioError):
    """The journal cannot be used or written; nothing is sent without it."""


class JournalMismatchError(JournalError, ConfigurationError):
    """The journal is of another file, another account or another plan."""


class JournalBusyError(JournalError):
    """Another run has the journal."""


class RowState(Enum):
    """What became of a row.

    WAITING: not sent, or it certainly did not reach the vendor. SENT: claimed, so that it may be under way. DONE: the
    vendor said so, or it was read back so. REFUSED: by the vendor, or before sending (then `attempts` is 0). UNKNOWN:
    sent, and no answer says what became of it. UNCHANGED: it stood as wanted already.
    """

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNCHANGED = "unchanged"


@frozen(kw_only=True)
class Result:
    """What is noted of a row: its state and how it came to that.

    `code` is the vendor's, `error` the name of the exception's class, `reason` the vendor's words or ours; `attempts`
    and `elapsed` (seconds) are of the call, and `ended` is its end in Unix seconds. None of them has a secret in it.
    """

    state: RowState
    code: int | None = None
    error: str | None = None
    reason: str = ""
    attempts: int = 0
    elapsed: float = 0.0
    ended: float | None = None


@frozen(kw_only=True)
class JournalRow:
    """A row of the file, as the journal keeps it: without its secrets.

    `before` are the values that the trunk had, `after` those that the row changes; `secrets` are the names of the
    secret fields that it gives. `verified` is whether the trunk was read back as wanted, None where nobody looked.
    """

    id: int
    place: Place
    key_id: int | None
    trunk_name: str | None
    disabled: bool = False
    before: Mapping[str, Any] = field(factory=dict)
    after: Mapping[str, Any] = field(factory=dict)
    secrets: tuple[str, ...] = ()
    result: Result
    verified: bool | None = None

    @property
    def state(self) -> RowState:
        """What became of it."""
        return self.result.state


@frozen(kw_only=True)
class JournalHeader:
    """What a journal is about: one file (or saved plan, by its id) for one account at one host.

    `rows` is the digest of the file's rows, `account` that of the API key, which `api_key` has masked. `created` is in
    Unix seconds.
    """

    source: str
    rows: str
    host: str
    api_key: str
    account: str
    endpoint: str
    plan: str | None = None
    created: float = 0.0


class JournalFile:
    """A journal that is open for one run, and locked against any other.

    `note` says what is out of the ordinary about it, or is empty.
    """

    def __init__(self, path: str | os.PathLike[str], *, durable: bool) -> None:
        self.path = Path(os.path.realpath(path))
        self.note = ""
        self._durable = durable
        self._lock: sqlite3.Connection | None = None
        self._database: sqlite3.Connection | None = None

    def open(self, header: JournalHeader, rows: Iterable[JournalRow], *, same_account: bool) -> bool:
        """Make the journal with these rows, or go on with the one that is there; tells whether it is new.

        Raises `JournalBusyError` while another run has it, `JournalMismatchError` for a journal of something else
        (`same_account` allows another API key), `JournalError` for a file that cannot be used.
        """
        try:
            with _explained(self.path):
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = take_lock(self.path)
                if self._lock is None:
                    raise JournalBusyError(
                        f"Another run has the journal {self.path} at this moment. Wait for its end, or stop it."
                    )
                make_private(self.path)
                self._database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
                self._choose_journal_mode()
                with self._transaction() as database:
                    is_new = _is_empty(database)
                    if is_new:
                        _fill(database, header, rows)
                    else:
                        _check_ours(database, self.path)
                        check_header(self.path, _header_of(database), header, same_account=same_account)
                        self._go_on(database)
        except BaseException:
            self.close()
            raise
        return is_new

    def _choose_journal_mode(self) -> None:
        assert self._database is not None
        kind = network_file_system(self.path.parent)
        wanted = "TRUNCATE" if kind else "WAL"
        (mode,) = self._database.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
        if mode != "wal":
            why = f"it is on a network file system ({kind})" if kind else "its file system does not allow that"
            self.note = f"The journal {self.path} is written without SQLite's write-ahead log: {why}. That is slower."
        # NORMAL loses no commit when the process dies, only when the machine does: repeating those does no harm where
        # the endpoint is idempotent.
        self._database.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")

    def _go_on(self, database: sqlite3.Connection) -> None:
        database.execute(
            "UPDATE row SET state = ?, error = NULL, code = NULL, reason = ? WHERE state = ?",
            (RowState.UNKNOWN.value, "the run ended before the answer was noted", RowState.SENT.value),
        )

    # -- what a run writes --------------------------------------------------------------------------------------------

    def write(
        self,
        results: Sequence[tuple[int, Result]] = (),
        *,
        claimed: Sequence[int] = (),
        befores: Sequence[tuple[int, Mapping[str, Any], Mapping[str, Any]]] = (),
        verified: Sequence[tuple[int, bool]] = (),
    ) -> None:
        """Write all of this in one step, or nothing of it; raises `JournalError`.

        `befores` has the values before and after for rows whose trunk is to be overwritten although it changed.
        """
        with _explained(self.path), self._transaction() as database:
            database.executemany(_SET_RESULT, [(*_result_columns(result), row) for row, result in results])
            database.executemany("UPDATE row SET state = 'sent' WHERE id = ?", [(row,) for row in claimed])
            database.executemany(
                "UPDATE row SET before = ?, after = ? WHERE id = ?",
                [(_json(before), _json(after), row) for row, before, after in befores],
            )
            database.executemany("UPDATE row SET verified = ? WHERE id = ?", [(int(yes), row) for row, yes in verified])

    def rows(self, *states: RowState) -> list[JournalRow]:
        """Return the rows in these states (none: all), in the file's order."""
        assert self._database is not None
        with _explained(self.path):
            return _rows_of(self._database, states)

    def close(self) -> None:
        """Close the database and let the next run have it."""
        for connection in (self._database, self._lock):
            if connection is not None:
                connection.close()
        self._database = self._lock = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._database
        assert database is not None
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled it back already.
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_header(path: Path, found: JournalHeader, wanted: JournalHeader, *, same_account: bool) -> None:
    """Raise `JournalMismatchError` if a journal is not of these rows, this account (or its new key) and host."""
    advice = "Give another --journal, or take the one that belongs to it."
    if found.plan != wanted.plan or found.rows != wanted.rows or found.endpoint != wanted.endpoint:
        raise JournalMismatchError(
            f"The journal {path} is of other rows: of {found.source} as it was when the journal was made, and this is "
            f"{wanted.source}. {advice}"
        )
    if found.host != wanted.host:
        raise JournalMismatchError(
            f"The journal {path} is of an account at {found.host}, not at {wanted.host}. {advice}"
        )
    if found.account != wanted.account and not same_account:
        raise JournalMismatchError(
            f"The journal {path} was made with the API key {found.api_key}, and this one is {wanted.api_key}. If it is "
            f"a new key of the same account, say so (--same-account). {advice}"
        )


@frozen
class JournalContents:
    """A journal as it stands. `is_running` tells whether a run has it at this moment."""

    path: Path
    header: JournalHeader
    rows: tuple[JournalRow, ...]
    is_running: bool


def has_journal(path: str | os.PathLike[str]) -> bool:
    """Tell whether there is a journal to go on with: one that a crash kept from being made has nothing in it.

    Raises `JournalError` for a file that is something else.
    """
    path = Path(os.path.realpath(path))
    if not path.is_file():
        return False
    with _explained(path), closing(sqlite3.connect(path, isolation_level=None)) as database:
        if _is_empty(database):
            return False
        _check_ours(database, path)
    return True


def read_journal(path: str | os.PathLike[str]) -> JournalContents:
    """Return what a journal says, also while a run writes it.

    A row that was claimed by a run that is gone is UNKNOWN. Raises `JournalError` for what is no journal.
    """
    path = Path(os.path.realpath(path))
    if not has_journal(path):
        raise JournalError(f"There is no journal {path}. Give the path that `apply` named.")
    with _explained(path), closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA query_only = ON")
        database.execute("BEGIN")  # one moment for all that is read
        header, rows = _header_of(database), _rows_of(database, ())
    is_running = is_locked(path)
    if not is_running:
        rows = [_orphaned(row) if row.state is RowState.SENT else row for row in rows]
    return JournalContents(path, header, tuple(rows), is_running)


def _orphaned(row: JournalRow) -> JournalRow:
    reason = "the run ended before the answer was noted"
    return attrs.evolve(row, result=attrs.evolve(row.result, state=RowState.UNKNOWN, reason=reason))


# -- errors -----------------------------------------------------------------------------------------------------------


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into what to do about it."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
            advice = "Make room on the disk, then start the same command again: it goes on from here."
        elif getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
            advice = "It is no journal; give another path."
        else:
            advice = "Give a path on a local disk that can be written to, and start the same command again."
        raise JournalError(f"The journal {path} cannot be used ({error}). {advice}") from error
    except OSError as error:
        raise JournalError(
            f"The journal {path} cannot be used ({error.strerror}). Give a path that can be written to."
        ) from error


# -- tables -----------------------------------------------------------------------------------------------------------

_ROW_COLUMNS = "id, file, line, key_id, trunk_name, disabled, before, after, secrets, verified"
_RESULT_COLUMNS = "state, code, error, reason, attempts, elapsed, ended"
_SET_RESULT = f"UPDATE row SET {_RESULT_COLUMNS.replace(',', ' = ?,')} = ? WHERE id = ?"  # noqa: S608  (constants only)


def _is_empty(database: sqlite3.Connection) -> bool:
    return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def _check_ours(database: sqlite3.Connection, path: Path) -> None:
    (owner,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if (owner, version) != (_APPLICATION_ID, _VERSION):
        raise JournalMismatchError(
            f"{path} is no journal, or one of another version of this package. Give another path."
        )


def _fill(database: sqlite3.Connection, header: JournalHeader, rows: Iterable[JournalRow]) -> None:
    for statement in filter(str.strip, _TABLES.split(";")):  # `executescript` would commit before
        database.execute(statement)
    database.executemany(
        "INSERT INTO header VALUES (?, ?)", [(name, _json(value)) for name, value in attrs.asdict(header).items()]
    )
    columns = f"{_ROW_COLUMNS}, {_RESULT_COLUMNS}"
    marks = ", ".join("?" * len(columns.split(", ")))
    database.executemany(f"INSERT INTO row ({columns}) VALUES ({marks})", map(_row_columns, rows))  # noqa: S608


def _header_of(database: sqlite3.Connection) -> JournalHeader:
    entries = database.execute("SELECT name, value FROM header").fetchall()
    return JournalHeader(**{name: orjson.loads(value) for name, value in entries})


def _row_columns(row: JournalRow) -> tuple[Any, ...]:
    return (
        row.id,
        row.place.file,
        row.place.line,
        row.key_id,
        row.trunk_name,
        int(row.disabled),
        _json(row.before),
        _json(row.after),
        _json(row.secrets),
        None if row.verified is None else int(row.verified),
        *_result_columns(row.result),
    )


def _result_columns(result: Result) -> tuple[Any, ...]:
    return (
        result.state.value,
        result.code,
        result.error,
        result.reason,
        result.attempts,
        result.elapsed,
        result.ended,
    )


def _rows_of(database: sqlite3.Connection, states: Sequence[RowState]) -> list[JournalRow]:
    where = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
    query = f"SELECT {_ROW_COLUMNS}, {_RESULT_COLUMNS} FROM row {where} ORDER BY id"  # noqa: S608  (constants only)
    return [_row(*columns) for columns in database.execute(query, [state.value for state in states])]


def _row(
    id: int,
    file: str,
    line: int,
    key_id: int | None,
    trunk_name: str | None,
    disabled: int,
    before: str,
    after: str,
    secrets: str,
    verified: int | None,
    state: str,
    *result: Any,
) -> JournalRow:
    code, error, reason, attempts, elapsed, ended = result
    return JournalRow(
        id=id,
        place=Place(file, line),
        key_id=key_id,
        trunk_name=trunk_name,
        disabled=bool(disabled),
        before=orjson.loads(before),
        after=orjson.loads(after),
        secrets=tuple(orjson.loads(secrets)),
        verified=None if verified is None else bool(verified),
        result=Result(
            state=RowState(state),
            code=code,
            error=error,
            reason=reason,
            attempts=attempts,
            elapsed=elapsed,
            ended=ended,
        ),
    )


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
