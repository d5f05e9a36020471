"""The journal of a job: what became of every row, written off the event loop, so that a crash loses nothing.

Rows are marked as sent a batch ahead, and that is on the disk before the first of the batch is sent. Results are
written some milliseconds after they are there, many at once. A row that is marked and has no result has an unknown
outcome.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from itnio_async.bulk.files.places import BadRow
from itnio_async.bulk.journal.paths import default_journal_path
from itnio_async.bulk.journal.rows import (
    NO_ANSWER,
    NO_NAMES,
    JournalBusyError,
    JournalContents,
    JournalError,
    JournalFinishedError,
    JournalHeader,
    JournalMismatchError,
    JournalRow,
    Result,
    RowState,
    Run,
    RunEnd,
)
from itnio_async.bulk.journal.table import Table, check_header, has_journal, read_journal

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

# Seconds that results wait for others, so that many are written at once: with the writing itself within 50 ms.
WRITE_AFTER = 0.025
_WITHOUT_ANSWER = Result(RowState.UNKNOWN, reason=NO_ANSWER)

R = TypeVar("R")


class Journal:
    """A journal that one run has open: `await Journal.open(...)`, and `await journal.aclose()` at the end.

    `is_new` tells whether it was made now; `note` says what is out of the ordinary about it, or is empty. `error` is
    why results could not be written; nothing more can be marked then. `counts` has how many rows are in each state once
    it is closed. `results` are those that this run has noted, by row, whatever becomes of the file.
    """

    def __init__(self, table: Table, thread: ThreadPoolExecutor, results: dict[int, Result]) -> None:
        self.is_new: bool = False
        self.error: JournalError | None = None
        self.counts: Counter[RowState] = Counter()
        self.results = results
        self._states: Mapping[int, RowState] = {}  # as it was opened
        self._closed = False
        self._table = table
        self._thread = thread
        self._pending: list[tuple[int, Result]] = []
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
        results: dict[int, Result] | None = None,
    ) -> Self:
        """Make a journal with these rows, or go on with the one at that path.

        Where the endpoint is not `idempotent`, each commit waits for the disk, so that not even a loss of power has one
        repeated; where it is, that costs a megabyte of what was noted last, at most. `results` takes those that the
        run notes. Raises `JournalBusyError`, `JournalMismatchError` or `JournalError`.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="itnio journal")
        journal = cls(Table(path, durable=not idempotent), thread, {} if results is None else results)
        try:
            opening = partial(journal._table.open, header, rows, same_account=same_account)
            journal.is_new = await journal._in_thread(opening)
            journal._states = await journal._in_thread(journal._table.states)
        except BaseException:
            await journal._close_table()
            raise
        return journal

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._table.path

    @property
    def note(self) -> str:
        """What is out of the ordinary about it, or nothing."""
        return self._table.note

    @property
    def header(self) -> JournalHeader:
        """The header that it was made with."""
        return self._table.header

    @property
    def run(self) -> int | None:
        """The number of this run, None before `begin`."""
        return self._table.run

    async def begin(self, run: Run, bad: Iterable[BadRow] = ()) -> None:
        """Note that a run begins, and the rows of the file that it leaves out. Raises `JournalError`."""
        await self._in_thread(partial(self._table.begin, run, bad))

    async def rows(self, *states: RowState) -> list[JournalRow]:
        """Return the rows in these states (none: all), in the file's order."""
        await self.flush()
        return await self._in_thread(partial(self._table.rows, *states))

    async def count(self) -> Counter[RowState]:
        """Return how many rows are in each state."""
        await self.flush()
        return await self._in_thread(self._table.counts)

    def mark(self, rows: Sequence[int], temporary: Mapping[int, str] = NO_NAMES) -> asyncio.Future[None]:
        """Begin to write that these rows are about to be sent; the future is done once that is on the disk.

        `temporary` are the names that the trunks of some of them get for the meantime, by row.
        Raises `JournalError`, as the future does. It is written also where the wait for it is cancelled.
        """
        self._check_writable()
        self.results.update(dict.fromkeys(rows, _WITHOUT_ANSWER))
        self.results.update((row, _WITHOUT_ANSWER._replace(temporary=name)) for row, name in temporary.items())
        marking = asyncio.shield(self._start_write(marked=rows, temporary=temporary))
        # Seen, also where nobody asks any more: `error` keeps it.
        marking.add_done_callback(lambda done: done.cancelled() or done.exception())
        return marking

    def settle(self, row: int, result: Result) -> None:
        """Note what became of a row; on the disk within 50 ms."""
        self.results[row] = result
        self._pending.append((row, result))
        if self._timer is None and self._writing is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_AFTER, self._write_pending)

    async def write(self, rows: Sequence[JournalRow]) -> None:
        """Write these rows as they are now, at once. Raises `JournalError`."""
        await self._write(rows=rows)
        self.results.update((row.id, row.result) for row in rows)

    async def begin_again(self, header: JournalHeader, rows: Sequence[JournalRow]) -> None:
        """Keep the journal with its date in its name, and make it that of a new job. Raises `JournalError`."""
        await self.flush()
        await self._in_thread(partial(self._table.begin_again, header, rows))
        self.results.clear()
        self._states = {row.id: row.state for row in rows}
        self.is_new = True

    async def flush(self) -> None:
        """Write what is pending. Raises `JournalError`."""
        if self._pending or self._writing is not None:
            await self._write()

    async def aclose(self, end: RunEnd | None = None) -> None:
        """Write what is pending and how the run has ended, as far as that works now, and close.

        `error` tells if it did not work; where the file cannot even be read any more, `counts` are those that this run
        knows of. A second time does nothing.
        """
        if self._closed:
            return
        self._closed = True
        try:
            try:
                self.error = None  # the disk may have room again
                await self.flush()
                if end is not None and self.run is not None:
                    await self._in_thread(partial(self._table.end, end))
            except JournalError as error:
                self.error = error
            try:
                self.counts = await self._in_thread(self._table.counts)
            except JournalError as error:
                self.error = self.error or error
                self.counts = self._known_counts()
        finally:
            self._cancel_timer()
            await self._close_table()

    def _known_counts(self) -> Counter[RowState]:
        states = {**self._states, **{row: result.state for row, result in self.results.items()}}
        return Counter(RowState.UNKNOWN if state is RowState.SENT else state for state in states.values())

    # -- the thread ---------------------------------------------------------------------------------------------------

    async def _in_thread(self, work: Callable[[], R]) -> R:
        # Shielded: the thread goes on after a cancellation, and the next step must wait for it.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))

    async def _close_table(self) -> None:
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._table.close)
        self._thread.shutdown(wait=False)
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            # It takes a moment only, and the journal may be opened again right after the cancellation.
            await asyncio.wait([closing])
            raise

    async def _write(self, **more: Any) -> None:
        """Write everything that is pending and `more` in one step."""
        self._check_writable()
        # Shielded, as above: it is written after a cancellation too.
        await asyncio.shield(self._start_write(**more))

    def _check_writable(self) -> None:
        if self.error is not None:
            raise self.error

    def _write_pending(self) -> None:
        self._timer = None
        if self._pending and self.error is None:
            self._start_write()

    def _start_write(self, **more: Any) -> asyncio.Future[None]:
        self._cancel_timer()
        batch, self._pending = self._pending, []
        loop = asyncio.get_running_loop()
        writing = loop.run_in_executor(self._thread, partial(self._table.write, batch, **more))
        self._writing = writing
        writing.add_done_callback(partial(self._written, batch))
        return writing

    def _written(self, batch: list[tuple[int, Result]], writing: asyncio.Future[None]) -> None:
        error = writing.exception()
        if error is not None:
            # Kept for the end: there may be room again by then.
            self._pending = batch + self._pending
            self.error = error if isinstance(error, JournalError) else JournalError(f"The journal failed ({error}).")
        if self._writing is writing:
            self._writing = None
            if self._pending and self._timer is None and self.error is None:
                self._timer = asyncio.get_running_loop().call_later(WRITE_AFTER, self._write_pending)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
