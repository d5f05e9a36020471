"""A cancellation storm, inside a peer's process: 30 % of the calls are cancelled at random moments.

That is what a web service does to a client: a handler is cancelled whenever a browser goes away.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.measure import Call

SHARE = 0.3
# A call that takes longer has lost its way: the slowest healthy peer answers in a fraction of it.
LIMIT = 10.0


class Storm(NamedTuple):
    """What came of it; times in seconds.

    `calls` are those that ended well, `failures` those that failed without being cancelled, by exception, `unhandled`
    how many exceptions nobody caught. `works` is whether as many plain calls as were in flight pass afterwards, and
    `connections` how many to the server are open after those.
    """

    calls: int
    cancelled: int
    failures: dict[str, int]
    unhandled: int
    elapsed: float
    works: bool
    connections: int


async def storm(call: Call, in_flight: int, seconds: float, seed: int, port: int) -> Storm:
    """Keep `in_flight` calls under way for `seconds`, then let them end and look at what is left."""
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    unhandled: list[object] = []
    loop.set_exception_handler(lambda _, context: unhandled.append(context))
    for _ in range(2):
        durations = await asyncio.gather(*(_seconds_of(call) for _ in range(in_flight)))
    typical = median(durations)
    calls = cancelled = 0
    failures: Counter[str] = Counter()
    started = time.perf_counter()

    async def worker() -> None:
        nonlocal calls, cancelled
        while time.perf_counter() < started + seconds:
            task = loop.create_task(_bounded(call))
            cancel = loop.call_later(chance.random() * typical, task.cancel) if chance.random() < SHARE else None
            await asyncio.wait((task,))
            if cancel is not None:
                cancel.cancel()
            if not task.cancelled() and task.exception() is None:
                calls += 1
            elif task.cancelled() and cancel is not None:
                cancelled += 1
            else:
                failures["CancelledError" if task.cancelled() else type(task.exception()).__name__] += 1

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    elapsed = time.perf_counter() - started
    after = await asyncio.gather(*(_bounded(call) for _ in range(in_flight)), return_exceptions=True)
    works = not any(isinstance(each, BaseException) for each in after)
    return Storm(calls, cancelled, dict(failures), len(unhandled), elapsed, works, _connections(port))


async def _bounded(call: Call) -> None:
    async with asyncio.timeout(LIMIT):
        await call()


async def _seconds_of(call: Call) -> float:
    started = time.perf_counter()
    await call()
    return time.perf_counter() - started


def _connections(port: int) -> int:
    """Return how many connections to that port this process has open."""
    found = 0
    for open_file in list(Path("/dev/fd").iterdir()):
        # Most are no sockets, and one was the listing's own.
        with suppress(OSError), socket.socket(fileno=os.dup(int(open_file.name))) as copy:
            found += copy.family == socket.AF_INET and copy.getpeername()[1] == port
    return found
