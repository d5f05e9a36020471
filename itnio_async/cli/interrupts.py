"""Handle Ctrl-C: while a job runs, the first one asks it to stop and the second cancels it; at a prompt it means no."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Service managers stop programs with SIGTERM.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interrupts(first: Callable[[], None], again: Callable[[], None]) -> Iterator[None]:
    """Call `first` at the first Ctrl-C (or SIGTERM), and `again` at each later one, in the running event loop."""
    loop = asyncio.get_running_loop()
    calls = iter([first])

    def handle(*_: object) -> None:
        loop.call_soon_threadsafe(next(calls, again))

    with _handlers(_SIGNALS, handle):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise `KeyboardInterrupt` at once; asyncio would delay it while a prompt blocks the event loop."""
    with _handlers((signal.SIGINT,), signal.default_int_handler):
        yield


@contextmanager
def _handlers(signals: tuple[signal.Signals, ...], handler: Callable[..., Any]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread handles signals
        return
    before = [(number, signal.signal(number, handler)) for number in signals]
    try:
        yield
    finally:
        for number, handled in before:
            signal.signal(number, handled)
