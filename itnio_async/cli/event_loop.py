"""Run a command's coroutine on uvloop where that is installed, and else on asyncio's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import ModuleType
from typing import Any, TypeVar

from itnio_async.cli.interrupts import first_ctrl_c_waits

T = TypeVar("T")


def run_on_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, as `asyncio.run` does, Ctrl-C included."""
    uvloop = _uvloop()
    with asyncio.Runner(loop_factory=None if uvloop is None else uvloop.new_event_loop) as runner:
        loop = runner.get_loop()
        task = loop.create_task(work)
        # asyncio's own handler cancels in the middle of whatever runs: of a callback too that has just found a future
        # without a result, and is about to set one. Here it is done between two callbacks.
        with first_ctrl_c_waits(lambda: loop.call_soon_threadsafe(task.cancel)):
            return loop.run_until_complete(task)


def loop_name() -> str:
    """Return which event loop commands run on, with its version."""
    uvloop = _uvloop()
    return "asyncio's event loop" if uvloop is None else f"uvloop {uvloop.__version__}"


def _uvloop() -> ModuleType | None:
    # Loaded here and not above: commands that run no event loop need not wait for it.
    try:
        import uvloop
    except ImportError:  # not installed, or for a system that it does not know (Windows)
        return None
    return uvloop
