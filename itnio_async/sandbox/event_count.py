"""Count events so that threads and event loops can wait for them, and tests need not sleep."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future


class EventCount:
    """Counts events of the server's thread; `future(n)` is done once there were n of them. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, Future[None]]] = []
        self._count = 0

    @property
    def count(self) -> int:
        """How many events there were."""
        return self._count

    def advance(self) -> None:
        """Count one more."""
        with self._lock:
            self._count += 1
            due = [future for threshold, future in self._waiting if threshold <= self._count]
            self._waiting = [
                (threshold, future)
                for threshold, future in self._waiting
                if threshold > self._count and not future.cancelled()
            ]
        for future in due:
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    def future(self, count: int) -> Future[None]:
        """Return a new future for the moment at which `count` events have happened."""
        future: Future[None] = Future()
        with self._lock:
            if self._count < count:
                self._waiting.append((count, future))
                return future
        future.set_result(None)
        return future

    async def reached(self, count: int, timeout: float) -> None:
        """Wait for `count` events; `TimeoutError` after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            await asyncio.wrap_future(self.future(count))
