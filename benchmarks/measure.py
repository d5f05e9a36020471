"""One measurement, inside a peer's process: so many calls in flight for so long."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from array import array
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

Call = Callable[[], Awaitable[object]]


class Measurement(NamedTuple):
    """What a peer did in one round; `sent` counts the calls of the warm-up too. Times in seconds, memory in bytes."""

    calls: int
    sent: int
    elapsed: float
    cpu: float
    p50: float
    p99: float
    peak_memory: int


async def measure(call: Call, in_flight: int, seconds: float) -> Measurement:
    """Keep `in_flight` calls under way for `seconds`, then let them end.

    The rounds of other peers lie before this one, so that connections may have grown old: some calls go ahead and are
    not counted.
    """
    warm_up = 2 * min(in_flight, 100)
    for _ in range(2):
        await asyncio.gather(*(call() for _ in range(warm_up // 2)))
    latencies = array("d")
    clock = time.perf_counter
    cpu = time.process_time()
    started = clock()
    end = started + seconds

    async def worker() -> None:
        now = clock()
        while True:  # at least once each, on a machine that is too busy to begin in time
            await call()
            before, now = now, clock()
            latencies.append(now - before)
            if now >= end:
                return

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    elapsed, cpu = clock() - started, time.process_time() - cpu
    ordered = sorted(latencies)
    return Measurement(
        calls=len(ordered),
        sent=len(ordered) + warm_up,
        elapsed=elapsed,
        cpu=cpu,
        p50=ordered[len(ordered) // 2],
        p99=ordered[len(ordered) * 99 // 100],
        peak_memory=peak_memory(),
    )


def peak_memory() -> int:
    """Return the most memory that this process ever had resident, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would tell the parent's peak where that was higher.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
