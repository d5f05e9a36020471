"""One at a time: a lock on an empty file beside what is locked, which ends with the process; to read, none is needed.

It is one of SQLite's own, since that works on every system, and also within one process.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from itnio_async.bulk.files.private_file import make_private

# Seconds to wait for a program that only asks whether it is locked.
_SECONDS = 0.3


def take_lock(path: Path) -> sqlite3.Connection | None:
    """Return the lock of what has that path, which closing it ends, or None where somebody else has it.

    Raises what SQLite and the system raise where there can be no lock, and `NotAFileError` where something else is.
    """
    lock = lock_of(path)
    make_private(lock, empty=True)
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
    """Tell whether somebody has the lock at this moment."""
    lock = lock_of(path)
    if not lock.exists():
        return False
    with closing(sqlite3.connect(lock, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.Error as error:
            return _is_busy(error)
    return False


def lock_of(path: Path) -> Path:
    """Return where the lock of what has that path lies."""
    return path.with_name(f"{path.name}.lock")


def _is_busy(error: sqlite3.Error) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
