"""One run at a time: a lock on a file beside the journal, which ends with the process; who only reads needs none.

It is one of SQLite's own, since that works on every system, and also within one process.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

# Time for someone who only asks whether it is locked.
_SECONDS = 0.3


def take_lock(path: Path) -> sqlite3.Connection | None:
    """Return the lock of a journal, which closing it ends, or None where another run has it.

    Raises what SQLite and the system raise where there can be no lock.
    """
    lock = _beside(path)
    make_private(lock)
    connection = sqlite3.connect(lock, timeout=_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        connection.close()
        if _is_busy(error):
            return None
        raise
    return connection


def is_locked(path: Path) -> bool:
    """Tell whether a run has the journal at this moment."""
    lock = _beside(path)
    if not lock.exists():
        return False
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            return _is_busy(error)
    return False


def make_private(path: Path) -> None:
    """Make the file if it is not there, for its owner alone; SQLite gives its other files the same mode.

    One that is there is not opened: closing it would end the locks that this process has on it.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    path.chmod(0o600)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
