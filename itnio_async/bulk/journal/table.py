"""The journal as an SQLite database: a table with a line for each row, and one with the header.

Everything here blocks; `journal.Journal` calls it from a thread of its own.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from itnio_async.bulk.files.places import BadRow
from itnio_async.bulk.files.private_file import NotAFileError, make_private, require_database
from itnio_async.bulk.journal.lines import (
    END_RUN,
    INSERT,
    INSERT_BAD,
    INSERT_HEADER,
    INSERT_RUN,
    TABLES,
    DamagedError,
    bad_of,
    bad_values,
    check,
    end_values,
    header_of,
    header_values,
    result_values,
    rows_of,
    run_values,
    runs_of,
    state_of,
    values_of,
)
from itnio_async.bulk.journal.lock import is_locked, lock_of, take_lock
from itnio_async.bulk.journal.paths import is_default, network_file_system
from itnio_async.bulk.journal.rows import (
    NO_ANSWER,
    NO_NAMES,
    JournalBusyError,
    JournalContents,
    JournalError,
    JournalHeader,
    JournalMismatchError,
    JournalRow,
    Result,
    RowState,
    Run,
    RunEnd,
)

# Marks a file as ours, so that no other database is ever written to by mistake.
APPLICATION_ID = 0x49544E4A
VERSION = 9

_RESULT = (
    "UPDATE row SET state = ?, code = ?, error = ?, reason = ?, attempts = ?, elapsed = ?, sent_at = ?, ended_at = ?, "
    "temporary = ? WHERE id = ?"
)
_MARK = (
    "UPDATE row SET state = 'sent', code = NULL, error = NULL, reason = '', attempts = 0, elapsed = 0, sent_at = ?, "
    "ended_at = NULL, temporary = coalesce(?, temporary) WHERE id = ?"
)
_SETTLE_MARKED = "UPDATE row SET state = 'unknown', reason = ? WHERE state = 'sent'"


class Table:
    """A journal that is open for one run, and locked against any other.

    `header` is the one that it was made with, and `note` says what is out of the ordinary about it, or is empty. `run`
    is the number of this run, None before it has begun.
    """

    header: JournalHeader
    run: int | None = None

    def __init__(self, path: str | os.PathLike[str], *, durable: bool) -> None:
        self.path: Path = _place_of(path)
        self.note: str = ""
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
                # Before anything is changed, or a lock made: it may be somebody else's file.
                version = _version_of(self.path)
                self._lock = take_lock(self.path)
                if self._lock is None:
                    raise JournalBusyError(
                        f"Another run has the journal {self.path} at this moment. Wait for its end, or stop it."
                    )
                if _is_outdated(self.path, version):
                    self._set_aside()
                make_private(self.path)
                self._database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
                is_new = _is_empty(self._database)
                if is_new:
                    self._make(header, rows)
                else:
                    check(self._database)
                self.header = header_of(self._database)
                check_header(self.path, self.header, header, same_account=same_account)
                self._choose_journal_mode()
                self._database.execute(_SETTLE_MARKED, [NO_ANSWER])
        except BaseException:
            self.close()
            raise
        return is_new

    def _make(self, header: JournalHeader, rows: Iterable[JournalRow]) -> None:
        assert self._database is not None
        # A batch of rows lies together: with SQLite's own 4 KB it is a dozen pages, and each page costs.
        self._database.execute("PRAGMA page_size = 16384")
        with self._transaction() as database:  # first of all, so that a crash leaves nothing that nobody knows
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {VERSION}")
        with self._transaction() as database:
            for statement in TABLES:
                database.execute(statement)
            database.execute(INSERT_HEADER, header_values(header))
            database.executemany(INSERT, map(values_of, rows))

    def _set_aside(self) -> None:
        """Move a journal of an earlier version out of the way, where its place was nobody's choice."""
        aside = _moved(self.path)
        self.note = f"A journal of an earlier version of itnio-async was in the way; it is now {aside}."

    def begin(self, run: Run, bad: Iterable[BadRow]) -> None:
        """Note that a run begins, and the rows of the file that it leaves out; raises `JournalError`."""
        with _explained(self.path), self._transaction() as database:
            number = database.execute(INSERT_RUN, run_values(run)).lastrowid or 0
            database.executemany(INSERT_BAD, [bad_values(number, row) for row in bad])
        self.run = number

    def end(self, end: RunEnd) -> None:
        """Note how the run has ended; raises `JournalError`."""
        with _explained(self.path), self._transaction() as database:
            database.execute(END_RUN, (*end_values(end), self.run))
            # The file may have had other ones at an earlier run.
            database.execute("DELETE FROM bad WHERE run <> ?", [self.run])

    def begin_again(self, header: JournalHeader, rows: Sequence[JournalRow]) -> None:
        """Keep the journal with its date in its name, and make it that of a new job; raises `JournalError`.

        A crash loses nothing: until all is written, it is the journal of before.
        """
        assert self._database is not None
        with _explained(self.path):
            kept = _dated(self.path)
            make_private(kept)
            with closing(sqlite3.connect(kept, isolation_level=None)) as copy:
                self._database.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")  # so that it can be read where nothing can be written
            with self._transaction() as database:
                for table in ("header", "row", "run", "bad"):
                    database.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
                database.execute(INSERT_HEADER, header_values(header))
                database.executemany(INSERT, map(values_of, rows))
        self.header = header
        self.note = f"{self.note} The journal of the job before is now {kept}.".lstrip()

    def _choose_journal_mode(self) -> None:
        assert self._database is not None
        kind = network_file_system(self.path.parent)
        wanted = "TRUNCATE" if kind else "WAL"
        (mode,) = self._database.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
        if mode != "wal":
            why = f"it is on a network file system ({kind})" if kind else "its file system does not allow that"
            slow = f"The journal {self.path} is written without SQLite's write-ahead log: {why}. That is slower."
            self.note = f"{self.note} {slow}".lstrip()
        # NORMAL loses no commit when the process dies, only when the machine does: repeating those does no harm where
        # the endpoint is idempotent.
        self._database.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
        # In pages: with NORMAL, a loss of power costs what came after the last checkpoint, which is 1 MB so.
        self._database.execute("PRAGMA wal_autocheckpoint = 64")

    # -- what a run writes and asks -----------------------------------------------------------------------------------

    def write(
        self,
        results: Sequence[tuple[int, Result]] = (),
        *,
        rows: Sequence[JournalRow] = (),
        marked: Sequence[int] = (),
        temporary: Mapping[int, str] = NO_NAMES,
    ) -> None:
        """Write all of this in one step, or nothing of it; raises `JournalError`.

        `results` are what became of rows, `rows` those that have changed in more than that, and `marked` those that are
        about to be sent; `temporary` are the names that some of these get for the meantime.
        """
        if not (results or rows or marked):
            return
        with _explained(self.path), self._transaction() as database:
            database.executemany(_RESULT, [(*result_values(result), row) for row, result in results])
            if rows:
                database.executemany(INSERT, map(values_of, rows))
            now = time.time()
            database.executemany(_MARK, [(now, temporary.get(row), row) for row in marked])

    def rows(self, *states: RowState) -> list[JournalRow]:
        """Return the rows in these states, in the file's order."""
        assert self._database is not None
        with _explained(self.path):
            return rows_of(self._database, states)

    def states(self) -> dict[int, RowState]:
        """Return the state of each row."""
        assert self._database is not None
        with _explained(self.path):
            return {id: state_of(state) for id, state in self._database.execute("SELECT id, state FROM row")}

    def counts(self) -> Counter[RowState]:
        """Return how many rows are in each state; what was sent without an answer is unknown."""
        assert self._database is not None
        with _explained(self.path):
            counts: Counter[RowState] = Counter()
            for state, count in self._database.execute("SELECT state, count(*) FROM row GROUP BY state"):
                kind = state_of(state)
                counts[RowState.UNKNOWN if kind is RowState.SENT else kind] += count
            return counts

    def close(self) -> None:
        """Close the database and let the next run have it."""
        if self._database is not None:
            # So that it can be read where nothing can be written. A program that reads it at this moment prevents that,
            # which does no harm; nor does a full disk.
            with suppress(sqlite3.Error):
                self._database.execute("PRAGMA busy_timeout = 300")
                self._database.execute("PRAGMA journal_mode = DELETE")
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


def has_journal(path: str | os.PathLike[str]) -> bool:
    """Tell whether there is a journal to go on with: one that a crash kept from being made has nothing in it.

    Raises `JournalError` for what is something else, a link too: nothing is written through one.
    """
    path = _place_of(path)
    with _explained(path):
        version = _version_of(path)
        if version is None or _is_outdated(path, version):
            return False
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            return not _is_empty(database)


def read_journal(path: str | os.PathLike[str]) -> JournalContents:
    """Return what a journal says, also while a run writes it.

    A row that was marked as sent by a run that is gone is UNKNOWN. Raises `JournalError` for what is not a journal, or
    is damaged.
    """
    path = Path(os.path.realpath(path))
    with _explained(path):
        version = _version_of(path)
        if version is not None:
            _require_readable(path, version)
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                database.execute("PRAGMA query_only = ON")
                database.execute("BEGIN")  # one moment for all that is read
                if not _is_empty(database):
                    check(database)
                    rows = _settled(rows_of(database), is_running=(is_running := is_locked(path)))
                    runs, bad = tuple(runs_of(database)), tuple(bad_of(database))
                    return JournalContents(path, header_of(database), rows, is_running, runs, bad)
    raise JournalError(f"There is no journal {path}. Give the path that `apply` named.")


def put_aside(path: str | os.PathLike[str]) -> Path:
    """Rename a journal that no run has, with its date, and return where it is now. Raises `JournalError`."""
    path = _place_of(path)
    with _explained(path):
        lock = take_lock(path)
        if lock is None:
            raise JournalBusyError(f"Another run has the journal {path} at this moment. Wait for its end, or stop it.")
        with closing(lock):
            return _moved(path)


def _moved(path: Path) -> Path:
    aside = _dated(path)
    for ending in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}{ending}").rename(f"{aside}{ending}")
    return aside


def _dated(path: Path) -> Path:
    """Return a path beside this one, with the date of its last change, at which nothing is yet."""
    changed = datetime.fromtimestamp(path.stat().st_mtime)
    dated = path.with_name(f"{path.name}-{changed:%Y-%m-%dT%H%M%S}")
    while dated.exists():
        dated = dated.with_name(f"{dated.name}_")
    return dated


def note_exit_status(path: str | os.PathLike[str], run: int, status: int) -> None:
    """Note with which status the command of a run of this journal has ended. Raises `JournalError`."""
    path = Path(os.path.realpath(path))
    with _explained(path), closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as database, database:
        database.execute("UPDATE run SET exit_status = ? WHERE id = ?", [status, run])


def _settled(rows: list[JournalRow], *, is_running: bool) -> tuple[JournalRow, ...]:
    if is_running:
        return tuple(rows)
    return tuple(_without_answer(row) if row.state is RowState.SENT else row for row in rows)


def _without_answer(row: JournalRow) -> JournalRow:
    return row._replace(result=row.result._replace(state=RowState.UNKNOWN, reason=NO_ANSWER))


# -- whose file it is -------------------------------------------------------------------------------------------------


def _place_of(path: str | os.PathLike[str]) -> Path:
    """Return the one path of a journal however it is named: of links to directories, where they lead."""
    given = Path(path)
    if given.name in ("", ".."):
        return Path(os.path.realpath(given))
    return Path(os.path.realpath(given.parent), given.name)


def _version_of(path: Path) -> int | None:
    """Return the version of the journal at a path, or None where there is nothing yet; changes nothing.

    Raises `JournalMismatchError` for another file, or a journal of another version that is in the way.
    """
    require_database(path)
    require_database(lock_of(path), empty=True)
    if not path.exists() or not path.stat().st_size:
        return None
    owner, version = _marks_of(path)
    if owner != APPLICATION_ID:
        raise JournalMismatchError(f"{path} is not a journal. Give another path.")
    if not _is_outdated(path, version):
        _require_readable(path, version)
    return version


def is_journal(path: Path) -> bool:
    """Tell by what is in it whether a file is a journal, of whatever version."""
    try:
        return path.is_file() and _marks_of(path.absolute())[0] == APPLICATION_ID
    except (OSError, sqlite3.Error):
        return False


def _marks_of(path: Path) -> tuple[int, int]:
    """Return whose an SQLite database says that it is, and its version; raises `sqlite3.Error` for other files."""
    # SQLite reads it: to open the file otherwise and close it again would end the locks that this process has on it,
    # and another program would clear up beside a run. Immutable, so that what a crash left beside a file that may not
    # be ours stays; what a run has locked is ours, and would look damaged so in the middle of a write.
    how = "mode=ro" if is_locked(path) else "mode=ro&immutable=1"
    with closing(sqlite3.connect(f"{path.as_uri()}?{how}", uri=True)) as database:
        (owner,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
    return int(owner), int(version)


def _is_outdated(path: Path, version: int | None) -> bool:
    """Tell whether a journal is of an earlier version and lies where nobody asked for it to lie."""
    return version is not None and version < VERSION and is_default(path)


def _require_readable(path: Path, version: int) -> None:
    if version != VERSION:
        raise JournalMismatchError(
            f"The journal {path} was made by another version of itnio-async. Go on with that version, or give another "
            "path: rows that are up to date are not sent again."
        )


def _is_empty(database: sqlite3.Connection) -> bool:
    """Tell whether nothing is in the database, as after a crash while the journal was made."""
    return not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


# -- errors -----------------------------------------------------------------------------------------------------------


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system raise into what to do about it."""
    try:
        yield
    except DamagedError as error:
        raise JournalError(f"The journal {path} is damaged ({error}). {_DAMAGED}") from error
    except sqlite3.Error as error:
        # The code is missing where Python itself cannot read what is there.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        raise JournalError(f"The journal {path} cannot be used ({error}). {_ADVICE.get(code, _ELSEWHERE)}") from error
    except NotAFileError as error:
        raise JournalError(
            f"The journal {path} cannot be used: {error}. Give another path, or move that away."
        ) from error
    except OSError as error:
        raise JournalError(
            f"The journal {path} cannot be used ({error.strerror}). Give a path that can be written to."
        ) from error


_DAMAGED = (
    "Bring it back from a copy, or move it away and start the same command again: rows that are up to date are not "
    "sent again."
)
_ELSEWHERE = "Give a path on a local disk that can be written to, and start the same command again."
_ADVICE = {
    sqlite3.SQLITE_FULL: "Make room on the disk, then start the same command again: it goes on from here.",
    sqlite3.SQLITE_NOTADB: "It is not a journal; give another path.",
    sqlite3.SQLITE_CORRUPT: f"It is damaged. {_DAMAGED}",
    sqlite3.SQLITE_ERROR: f"It is damaged. {_DAMAGED}",
}
