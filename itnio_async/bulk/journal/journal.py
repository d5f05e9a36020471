"""The journal of a job: what became of every row, written off the event loop, so that a crash loses nothing.

Rows are claimed in blocks, and a claim is on the disk before the first of its block is sent. Results are committed some
milliseconds after they are there, many at once. A row that is claimed and has no result has an unknown outcome.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from itnio_async.bulk.identity import Identity
from itnio_async.bulk.journal.file import (
    JournalBusyError,
    JournalContents,
    JournalError,
    JournalFile,
    JournalFinishedError,
    JournalMismatchError,
    check_header,
    has_journal,
    read_journal,
)
from itnio_async.bulk.journal.log import State, state_of
from itnio_async.bulk.journal.rows import JournalHeader, JournalRow, Result, RowState
from itnio_async.bulk.journal.state_directory import state_directory

__all__ = [
    "Journal",
    "JournalBusyError",
    "JournalContents",
    "JournalError",
    "JournalFinishedError",
    "JournalHeader",
    "JournalMismatchError",
    "JournalRow",
    "Result",
    "RowState",
    "check_header",
    "default_journal_path",
    "has_journal",
    "read_journal",
]

# Results wait so long for company; with the commit itself they are on the disk within 50 ms.
COMMIT_AFTER = 0.04

R = TypeVar("R")


class Journal:
    """A journal that one run has open: `await Journal.open(...)`, and `await journal.aclose()` at the end.

    `is_new` tells whether it was made now; `note` says what is out of the ordinary about it, or is empty. `error` is
    why results could not be written; nothing more can be claimed then.
    """

    def __init__(self, file: JournalFile, thread: ThreadPoolExecutor) -> None:
        self.is_new = False
        self.error: JournalError | None = None
        self._closed = False
        self._file = file
        self._thread = thread
        self._pending: list[State] = []
        self._writing: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(
        cls,
        path: str | os.PathLike[str],
        header: JournalHeader,
        rows: Iterable[JournalRow],
        *,
        same_account: bool = False,
        idempotent: bool = True,
    ) -> Self:
        """Make a journal with these rows, or go on with the one at that path.

        Where the endpoint is not `idempotent`, each commit waits for the disk, so that not even a loss of power has one
        repeated; where it is, that costs a megabyte of what was noted last, at most. Raises `JournalBusyError`,
        `JournalMismatchError` or `JournalError`.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="itnio journal")
        journal = cls(JournalFile(path, durable=not idempotent), thread)
        try:
            opening = partial(journal._file.open, header, rows, same_account=same_account)
            journal.is_new = await journal._in_thread(opening)
        except BaseException:
            await journal._close_file()
            raise
        return journal

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._file.path

    @property
    def note(self) -> str:
        """What is out of the ordinary about it, or nothing."""
        return self._file.note

    @property
    def header(self) -> JournalHeader:
        """The header that it was made with."""
        return self._file.header

    async def rows(self, *states: RowState) -> list[JournalRow]:
        """Return the rows in these states (none: all), in the file's order."""
        await self.flush()
        return await self._in_thread(partial(self._file.rows, *states))

    def claim(self, rows: Sequence[int]) -> asyncio.Future[None]:
        """Begin to note that these rows are about to be sent; the future is done once that is on the disk.

        Raises `JournalError`, as the future does. Who is cancelled while it waits has it written all the same.
        """
        self._check_writable()
        claiming = asyncio.shield(self._start_write(claimed=rows))
        # Seen, also where nobody asks any more: `error` keeps it.
        claiming.add_done_callback(lambda done: done.cancelled() or done.exception())
        return claiming

    def settle(self, row: int, result: Result) -> None:
        """Note what became of a row; on the disk within 50 ms."""
        self._pending.append(state_of(row, result))
        if self._timer is None and self._writing is None:
            self._timer = asyncio.get_running_loop().call_later(COMMIT_AFTER, self._commit)

    async def decide(
        self,
        results: Sequence[tuple[int, Result]] = (),
        *,
        befores: Sequence[tuple[int, Mapping[str, Any], Mapping[str, Any]]] = (),
        verified: Sequence[tuple[int, bool | None]] = (),
        fingerprints: Sequence[tuple[int, str | None]] = (),
    ) -> None:
        """Write what was found out about rows at once. Raises `JournalError`."""
        self._pending += [state_of(row, result) for row, result in results]
        await self._write(befores=befores, verified=verified, fingerprints=fingerprints)

    async def flush(self) -> None:
        """Write what is pending. Raises `JournalError`."""
        if self._pending or self._writing is not None:
            await self._write()

    async def aclose(self) -> None:
        """Write what is pending, as far as that works now, and close; `error` tells if it did not.

        A second time does nothing.
        """
        if self._closed:
            return
        self._closed = True
        try:
            try:
                self.error = None  # the disk may have room again
                await self.flush()
            except JournalError as error:
                self.error = error
        finally:
            self._cancel_timer()
            await self._close_file()

    # -- the thread ---------------------------------------------------------------------------------------------------

    async def _in_thread(self, work: Callable[[], R]) -> R:
        # Shielded: the thread goes on whoever is cancelled, and the next step must wait for it.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))

    async def _close_file(self) -> None:
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._file.close)
        self._thread.shutdown(wait=False)
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            # It takes a moment only, and whoever caught the cancellation may want to open it again.
            await asyncio.wait([closing])
            raise

    async def _write(self, **more: Any) -> None:
        """Write everything that is pending and `more` in one step."""
        self._check_writable()
        # Shielded, as above: who is cancelled has it written all the same.
        await asyncio.shield(self._start_write(**more))

    def _check_writable(self) -> None:
        if self.error is not None:
            raise self.error

    def _commit(self) -> None:
        self._timer = None
        if self._pending and self.error is None:
            self._start_write()

    def _start_write(self, **more: Any) -> asyncio.Future[None]:
        self._cancel_timer()
        batch, self._pending = self._pending, []
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self._thread, partial(self._file.write, batch, **more))
        self._writing = writing
        writing.add_done_callback(partial(self._written, batch))
        return writing

    def _written(self, batch: list[State], writing: asyncio.Future[None]) -> None:
        error = writing.exception()
        if error is not None:
            # Kept for the end: there may be room again by then.
            self._pending = batch + self._pending
            self.error = error if isinstance(error, JournalError) else JournalError(f"The journal failed: {error!r}")
        if self._writing is writing:
            self._writing = None
            if self._pending and self._timer is None and self.error is None:
                self._timer = asyncio.get_running_loop().call_later(COMMIT_AFTER, self._commit)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def default_journal_path(source: str, rows: str, identity: Identity) -> Path:
    """Return where the journal of a file lies unless somebody says otherwise: in the user's state directory.

    `rows` is the digest of its rows: a file with other rows has a journal of its own, and so has another host. Another
    API key has not, so that a new key of the same account finds what the old one began.
    """
    stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in Path(source).name)[:40] or "rows"
    directory = state_directory() / "journals" / identity.host.replace(":", "_")
    return directory / f"{stem}-{rows[:16]}.journal"
