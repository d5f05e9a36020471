"""The client in programs without an event loop of their own: one loop in a thread, and one client, for each process.

The loop begins with the first call, so that servers may fork before it: each of their processes has its own.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from itnio_async import AsyncClient

T = TypeVar("T")


class Background:
    """An event loop in a thread of its own, with a client on it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.client = AsyncClient()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="itnio", daemon=True)
        self._thread.start()

    def run(self, call: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run a call on the loop and wait for it here; after `timeout` seconds it is cancelled."""
        future = asyncio.run_coroutine_threadsafe(call, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Close the client and end the loop and its thread."""
        self.run(self.client.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


_lock = threading.Lock()
_background: Background | None = None


def background() -> Background:
    """Return the one of this process, made by whoever asks first."""
    global _background
    with _lock:
        if _background is None or _background.process != os.getpid():
            _background = Background()
        return _background
