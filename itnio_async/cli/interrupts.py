"""Handle Ctrl-C and what ends programs like it (SIGTERM, SIGHUP): a job ends in order, a prompt takes it for no.

While a job runs, the first one asks it to stop and the second cancels it. The other two signals are handled as Ctrl-C
is at that moment; only the exit status says which one it was.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from itnio_async.calls.details import CallDetails

# Service managers stop programs with SIGTERM, and a terminal that is closed sends SIGHUP; Windows has no such thing.
_LIKE_CTRL_C = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

# A process has one set of signals; the first one beside Ctrl-C is the first here.
_received: list[signal.Signals] = []
# What changes were cut off whose outcome nobody knows, by their endpoints.
_cut_off: list[str] = []


def interrupted_status() -> int:
    """Return the exit status of a command that was interrupted: 128 and the signal's number, as shells have it."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def interrupted_text() -> str:
    """Return what to say of it."""
    number = _received[0] if _received else signal.SIGINT
    said = "Interrupted." if number == signal.SIGINT else f"Interrupted by {number.name}."
    return f"{said}\n  The outcome is unknown: look before you give the command again." if _cut_off else said


def note_cut_off(details: CallDetails) -> None:
    """Note the end of a call that was to change something: whether it was cut off, and may have been processed."""
    if details.ended == "cancelled" and details.may_have_been_processed:
        _cut_off.append(details.endpoint)


@contextmanager
def signals_like_ctrl_c() -> Iterator[None]:
    """Have SIGTERM and SIGHUP do what Ctrl-C does; one that is ignored (nohup) stays so."""
    _received.clear()
    _cut_off.clear()
    heeded = [number for number in _LIKE_CTRL_C if signal.getsignal(number) is not signal.SIG_IGN]

    def handle(number: int, frame: FrameType | None) -> None:
        _received.append(signal.Signals(number))
        like = signal.getsignal(signal.SIGINT)
        # A shell has its jobs in the background ignore Ctrl-C, but not these.
        (like if callable(like) else signal.default_int_handler)(signal.SIGINT, frame)

    with _handlers(tuple(heeded), handle):
        yield


@contextmanager
def interrupts(first: Callable[[], None], again: Callable[[], None]) -> Iterator[None]:
    """Call `first` at the first Ctrl-C or signal like it, and `again` at each later one, in the running event loop."""
    loop = asyncio.get_running_loop()
    calls = iter([first])

    def handle(*_: object) -> None:
        loop.call_soon_threadsafe(next(calls, again))

    with _handlers((signal.SIGINT,), handle):
        yield


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise `KeyboardInterrupt` at once; asyncio would delay it while a prompt blocks the event loop."""
    with _handlers((signal.SIGINT,), signal.default_int_handler):
        yield


@contextmanager
def first_ctrl_c_waits(then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Call `then` at the first Ctrl-C and raise `KeyboardInterrupt` when this ends, or at once at a later one."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    pressed = False

    def handle(*_: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        then()

    with _handlers((signal.SIGINT,), handle):
        try:
            yield
        except asyncio.CancelledError:
            if not pressed:
                raise
    if pressed:
        raise KeyboardInterrupt


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
