"""Work in a thread that nothing waits for: what may never end must not hold up the end of a program."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(function: Callable[P, R], *arguments: P.args, **options: P.kwargs) -> R:
    """Return what a function returns in a thread of its own, or raise what it raises.

    `asyncio.to_thread` takes one of the loop's pool, which `asyncio.run` and the interpreter wait for at their end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[R] = loop.create_future()

    def end(result: R | None, error: BaseException | None) -> None:
        if done.done():
            return  # cancelled
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]
        else:
            done.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = function(*arguments, **options)
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(end, result, failure)

    threading.Thread(target=run, name=f"itnio {function.__name__}", daemon=True).start()
    return await done
