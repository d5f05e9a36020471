"""One job at a time for an account on a machine: an update replaces a whole trunk, and two jobs would undo each other.

The lock is in the user's state directory and ends with the process. Beside it lies a note of the job that has it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import orjson

from itnio_async.bulk.files.own_json import own_json
from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.journal.journal import JournalBusyError
from itnio_async.bulk.journal.lock import is_locked, take_lock
from itnio_async.bulk.journal.paths import state_directory
from itnio_async.errors import ConfigurationError


class AccountBusyError(JournalBusyError):
    """Another job has the account on this machine."""


@asynccontextmanager
async def one_job(identity: Identity, journal: Path) -> AsyncIterator[None]:
    """Keep other jobs from the account meanwhile; `journal` is for them to name.

    Raises `AccountBusyError` at once where another job has it, and `ConfigurationError` where the state directory
    cannot be written to.
    """
    taking = asyncio.ensure_future(asyncio.to_thread(_take, identity, journal))
    try:
        lock = await asyncio.shield(taking)
    except asyncio.CancelledError:
        # The thread goes on, for a moment: what it takes must not stay taken.
        await asyncio.wait([taking])
        if taking.exception() is None:
            taking.result().close()
        raise
    try:
        yield
    finally:
        lock.close()


def require_free(identity: Identity) -> None:
    """Raise `AccountBusyError` where a job has the account at this moment."""
    path = _path_of(identity)
    with _explained(path):
        if is_locked(path):
            raise _busy(identity, path)


def _take(identity: Identity, journal: Path) -> sqlite3.Connection:
    path = _path_of(identity)
    with _explained(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = take_lock(path)
        if lock is None:
            raise _busy(identity, path)
    try:
        with private_file(_note_of(path)) as file:
            note = {"process": os.getpid(), "machine": socket.gethostname(), "journal": os.path.realpath(journal)}
            file.write(own_json(note))
    except BaseException:
        lock.close()
        raise
    return lock


def _busy(identity: Identity, path: Path) -> AccountBusyError:
    # There since the lock was taken, or a moment after: that long we have waited for the lock.
    which = ""
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = orjson.loads(_note_of(path).read_bytes())
        which = f": process {note['process']} on {note['machine']}, with the journal {note['journal']}"
    return AccountBusyError(
        f"Another job has the account {identity} at this moment{which}. Each would undo what the other does. Wait for "
        "its end, or stop it."
    )


def _path_of(identity: Identity) -> Path:
    name = f"{identity.host.replace(':', '_')}-{identity.account[:32]}"
    return state_directory() / "locks" / name


def _note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(
            f"The account cannot be kept from other jobs: the lock {path}.lock cannot be used ({error}). Let "
            "XDG_STATE_HOME name a directory on a local disk that can be written to, and start this again."
        ) from error
