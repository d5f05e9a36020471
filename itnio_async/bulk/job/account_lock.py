"""One job at a time for an account on a machine: an update replaces a whole trunk, and two jobs would undo each other.

The lock is in the user's state directory and ends with the process. Beside it lies a note of the job that has it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.journal.journal import JournalBusyError
from itnio_async.bulk.journal.lock import is_locked, take_lock
from itnio_async.bulk.journal.paths import state_directory
from itnio_async.errors import ConfigurationError
from itnio_async.text import readable


class AccountBusyError(JournalBusyError):
    """Another job has the account on this machine."""


@asynccontextmanager
async def one_job(identity: Identity, journal: Path) -> AsyncIterator[None]:
    """Keep other jobs from the account meanwhile; `journal` is for them to name.

    Raises `AccountBusyError` at once where another job has it, and `ConfigurationError` where the state directory
    cannot be written to.
    """
    with ExitStack() as held:
        taking = asyncio.ensure_future(asyncio.to_thread(_take, held, identity, journal))
        try:
            await asyncio.shield(taking)
        finally:
            # After a cancellation the thread goes on, for a moment: what it takes must not stay taken.
            await asyncio.wait([taking])
        yield


def require_free(identity: Identity) -> None:
    """Raise `AccountBusyError` where a job has the account at this moment."""
    path = _path_of(identity)
    with _explained(path):
        if is_locked(path):
            raise _busy(identity, path)


def _take(held: ExitStack, identity: Identity, journal: Path) -> None:
    path = _path_of(identity)
    with _explained(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = take_lock(path)
    if lock is None:
        raise _busy(identity, path)
    held.enter_context(closing(lock))
    with private_file(_note_of(path)) as file:
        where = readable(os.path.realpath(journal))
        file.write(f"process {os.getpid()} on {socket.gethostname()}, with the journal {where}".encode())


def _busy(identity: Identity, path: Path) -> AccountBusyError:
    # There since the lock was taken, or a moment after: that long we have waited for the lock.
    which = ""
    with suppress(OSError, ValueError):
        which = f": {_note_of(path).read_text(encoding='utf-8')}"
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
