"""The SQLite database that keeps what is stored, for the tables of all families."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from itnio_async.bulk.files.private_file import create_private, require_database
from itnio_async.bulk.journal.lock import take_lock
from itnio_async.errors import ConfigurationError

# Marks a file as ours, so that no other database is ever written to by mistake; the version is the tables' form.
_APPLICATION_ID = 0x49544E49
_VERSION = 3


def _connect(path: str | None, opened: ExitStack) -> sqlite3.Connection:
    """Open the database, and before it the lock of its file: two sandboxes on one would have their data mixed."""
    try:
        if path is not None:
            require_database(Path(path))  # before a lock is made beside it
            lock = take_lock(Path(path))
            if lock is None:
                raise ConfigurationError(
                    f"state {path!r} is in use by another sandbox; end that one, or give another path."
                )
            opened.callback(lock.close)
            create_private(Path(path))  # its owner's alone: it may come to hold somebody's own passwords
        # One connection behind a lock: the statements take microseconds, and the memory is one connection's own.
        connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
    except (sqlite3.Error, OSError) as error:
        raise ConfigurationError(f"state {path!r} cannot be opened ({error}); give a path to write to.") from error
    opened.callback(connection.close)
    connection.row_factory = sqlite3.Row
    return connection


class Database:
    """One connection, used by the server's thread and by the tests' own; each method is one step for all threads.

    Hold `lock` to read what several statements return together.

    Args:
        path: the file; None keeps everything in memory.
        tables: the SQL that makes the tables in a new database.

    Raises:
        ConfigurationError: the path cannot be opened, or is something else.
    """

    def __init__(self, path: str | None, tables: str) -> None:
        self.lock: threading.RLock = threading.RLock()
        with ExitStack() as opened:
            self._connection = _connect(path, opened)
            self._prepare(path, tables)
            self._opened = opened.pop_all()

    def _prepare(self, path: str | None, tables: str) -> None:
        try:
            is_new = not self.value("SELECT count(*) FROM sqlite_master")
            owner, version = self.value("PRAGMA application_id"), self.value("PRAGMA user_version")
            if not is_new and (owner, version) != (_APPLICATION_ID, _VERSION):
                raise ConfigurationError(
                    f"state {path!r} is a database of something else or of another version; give a new path."
                )
            # The journal in one appended file, never waiting for the disk: a crash of the process loses nothing.
            self._connection.execute("PRAGMA synchronous = OFF")
            self._connection.execute("PRAGMA journal_mode = WAL")
            if is_new:
                self._connection.executescript(
                    f"BEGIN; {tables} PRAGMA application_id = {_APPLICATION_ID}; "
                    f"PRAGMA user_version = {_VERSION}; COMMIT;"
                )
            self._connection.execute("CREATE TABLE IF NOT EXISTS account (api_key TEXT, api_secret TEXT)")
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"state {path!r} cannot be used as the sandbox's database ({error}); give a new path."
            ) from error

    def close(self) -> None:
        """Close the database; what was in memory is gone."""
        with self.lock:
            self._opened.close()

    def account(self, account: tuple[str, str], *, replace: bool) -> tuple[str, str]:
        """Return the API key and secret that are stored; these, where there are none yet or they replace others."""
        with self.transaction():
            rows = self._connection.execute("SELECT api_key, api_secret FROM account").fetchall()
            if rows and not replace:
                return tuple(rows[0])
            self._connection.execute("DELETE FROM account")
            self._connection.execute("INSERT INTO account VALUES (?, ?)", account)
            return account

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one step for all threads, undone if it fails."""
        with self.lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, query: str, arguments: Sequence[object] | Mapping[str, object] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self.lock:
            return self._connection.execute(query, arguments).fetchall()

    def row(self, rest: str, *arguments: object) -> Any:
        """Return the columns of the first row by their names, or None; `rest` is the query after its FROM."""
        found = self.rows(f"SELECT * FROM {rest}", arguments)
        return dict(found[0]) if found else None

    def value(self, query: str, *arguments: object) -> Any:
        """Return what a query of one row and one column gives."""
        with self.lock:
            return self._connection.execute(query, arguments).fetchone()[0]

    def run(self, statement: str, values: Mapping[str, object]) -> int | None:
        """Carry out a statement with named values; return the key of the row that it inserted last."""
        with self.lock:
            return self._connection.execute(statement, values).lastrowid

    def insert(self, table: str, values: Mapping[str, object]) -> int:
        """Store a row and return its key."""
        columns = ", ".join(values)
        key = self.run(f"INSERT INTO {table} ({columns}) VALUES ({', '.join(f':{name}' for name in values)})", values)
        assert key is not None
        return key

    def change(self, table: str, key: Mapping[str, object], values: Mapping[str, object]) -> None:
        """Set columns of the row whose key column has that value."""
        ((column, _),) = key.items()
        columns = ", ".join(f"{name} = :{name}" for name in values)
        if columns:
            self.run(f"UPDATE {table} SET {columns} WHERE {column} = :{column}", {**values, **key})

    def exists(self, rest: str, *arguments: object) -> bool:
        """Tell whether a row is there; `rest` is the query after its FROM."""
        return bool(self.value(f"SELECT EXISTS (SELECT 1 FROM {rest})", *arguments))

    def count(self, rest: str, *arguments: object) -> int:
        """Return how many rows there are; `rest` is the query after its FROM."""
        number: int = self.value(f"SELECT count(*) FROM {rest}", *arguments)
        return number

    def run_all(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """Carry out a statement once for each row."""
        with self.lock:
            self._connection.executemany(statement, rows)
