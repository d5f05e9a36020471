"""The journal as a SQLite file: who may use it, and what is written in one step.

Everything here blocks; `journal.Journal` calls it from a thread of its own.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from attrs import frozen

from itnio_async.bulk.files.private_file import NotAFileError, make_private, require_database
from itnio_async.bulk.journal import log
from itnio_async.bulk.journal.file_system import network_file_system
from itnio_async.bulk.journal.lock import is_locked, lock_of, take_lock
from itnio_async.bulk.journal.rows import JournalHeader, JournalRow, RowState
from itnio_async.errors import ConfigurationError, ItnioError


class JournalError(ItnioError):
    """The journal cannot be used or written; nothing is sent without it."""


class JournalMismatchError(JournalError, ConfigurationError):
    """The journal is of another file, another account or another plan."""


class JournalFinishedError(JournalError):
    """The journal's job has ended, and trunks have changed since: it cannot be gone on with."""


class JournalBusyError(JournalError):
    """Another run has the journal."""


class JournalFile:
    """A journal that is open for one run, and locked against any other.

    `header` is the one that it was made with, and `note` says what is out of the ordinary about it, or is empty.
    """

    header: JournalHeader

    def __init__(self, path: str | os.PathLike[str], *, durable: bool) -> None:
        self.path = _place_of(path)
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
                require_database(self.path)  # so that not even a lock is made beside what is something else
                self._lock = take_lock(self.path)
                if self._lock is None:
                    raise JournalBusyError(
                        f"Another run has the journal {self.path} at this moment. Wait for its end, or stop it."
                    )
                # Asked before anything of it is changed: it may be somebody else's file.
                is_new = not has_journal(self.path)
                make_private(self.path)
                self._database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
                if is_new:
                    # An entry takes some 50 KB: with SQLite's own 4 KB each is a dozen writes, and each write costs.
                    self._database.execute("PRAGMA page_size = 16384")
                self._choose_journal_mode()
                with self._transaction() as database:
                    if is_new:
                        log.create(database, header, rows)
                    self.header = log.header_of(database)
                    if not is_new:
                        check_header(self.path, self.header, header, same_account=same_account)
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
        # In pages: with NORMAL, a loss of power costs what came after the last checkpoint, which is 1 MB so.
        self._database.execute("PRAGMA wal_autocheckpoint = 64")

    def _go_on(self, database: sqlite3.Connection) -> None:
        rows = [_orphaned(row) for row in log.rows_of(database) if row.state is RowState.SENT]
        log.add(database, states=[log.state_of(row.id, row.result) for row in rows])

    # -- what a run writes --------------------------------------------------------------------------------------------

    def write(
        self,
        states: Sequence[log.State] = (),
        *,
        claimed: Sequence[int] = (),
        befores: Sequence[tuple[int, Mapping[str, Any], Mapping[str, Any]]] = (),
        verified: Sequence[tuple[int, bool | None]] = (),
        fingerprints: Sequence[tuple[int, str | None]] = (),
    ) -> None:
        """Write all of this in one step, or nothing of it; raises `JournalError`.

        `befores` has the values before and after for rows whose trunk is to be overwritten although it changed.
        """
        assert self._database is not None
        with _explained(self.path):
            log.add(
                self._database,
                states=states,
                claimed=claimed,
                befores=befores,
                verified=verified,
                fingerprints=fingerprints,
            )

    def rows(self, *states: RowState) -> list[JournalRow]:
        """Return the rows in these states (none: all), in the file's order."""
        assert self._database is not None
        with _explained(self.path):
            return [row for row in log.rows_of(self._database) if not states or row.state in states]

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

    Raises `JournalError` for what is something else, a link too: nothing is written through one.
    """
    path = _place_of(path)
    with _explained(path):
        require_database(path)
        require_database(lock_of(path), empty=True)
    if not path.exists():
        return False
    with _explained(path), closing(sqlite3.connect(path, isolation_level=None)) as database:
        if log.is_empty(database):
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
        header, rows = log.header_of(database), log.rows_of(database)
    is_running = is_locked(path)
    if not is_running:
        rows = [_orphaned(row) if row.state is RowState.SENT else row for row in rows]
    return JournalContents(path, header, tuple(rows), is_running)


def _place_of(path: str | os.PathLike[str]) -> Path:
    """Return the one path of a journal however it is named: of links to directories, where they lead."""
    given = Path(path)
    if given.name in ("", ".."):
        return Path(os.path.realpath(given))
    return Path(os.path.realpath(given.parent), given.name)


def _orphaned(row: JournalRow) -> JournalRow:
    reason = "the run ended before the answer was noted"
    return row._replace(result=row.result._replace(state=RowState.UNKNOWN, reason=reason))


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
    except NotAFileError as error:
        raise JournalError(
            f"The journal {path} cannot be used: {error}. Give another path, or move that away."
        ) from error
    except OSError as error:
        raise JournalError(
            f"The journal {path} cannot be used ({error.strerror}). Give a path that can be written to."
        ) from error


def _check_ours(database: sqlite3.Connection, path: Path) -> None:
    (owner,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if owner != log.APPLICATION_ID:
        raise JournalMismatchError(f"{path} is no journal. Give another path.")
    if version != log.VERSION:
        raise JournalMismatchError(
            f"The journal {path} was made by another version of itnio-async. Go on with that version, or give another "
            "path: rows that stand as wanted are not sent again."
        )
