"""Work in a thread that nothing waits for: what may never end must not hold up the end of a program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R:
    """Return what a function returns in a thread of its own, or raise what it raises.

    `asyncio.to_thread` takes one of the loop's pool, which `asyncio.run` and the interpreter wait for at their end.
    """
    done: Future[R] = Future()
    done.set_running_or_notify_cancel()  # from here on it takes a result, whether anybody waits for that or not

    def run() -> None:
        try:
            done.set_result(function(*arguments, **options))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name=f"itnio {function.__name__}", daemon=True).start()
    return await asyncio.wrap_future(done)
