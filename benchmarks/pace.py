"""`python -m benchmarks pace`: a run at `rate_limit="auto"` against vendors that allow only so much.

The limits are simulated and the time is virtual: the run's own code goes through a minute in half a second, the same
each time. How long a call takes varies, more in some runs than in others, and each is tried with several seeds.
Without a limit the run is held against an unpaced one, over real sockets.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from benchmarks import bulk, limits, virtual_time
from benchmarks.bounds import Checked
from benchmarks.nginx import SERVERS
from benchmarks.process import cores
from itnio_async import BulkRun
from itnio_async.runs.pace import Pace

ROWS = 6000
LOOPBACK_ROWS = 20_000
# What is to hold: of the calls, and of what the limit allowed after the first seconds.
MOST_REFUSED, LEAST_USED, LEAST_OF_UNPACED = 0.02, 0.9, 0.9
_FIRST_SECONDS = 10.0
# A run that ends within a second after them says nothing.
_AT_LEAST = 1.0
_IN_FLIGHT = 50
# By how much of itself the time that a call takes varies, up and down, and the seeds of what is random.
JITTERS = (0.1, 0.0, 0.3, 0.5)
SEEDS = range(4)


class Scenario(NamedTuple):
    """A limit, the seconds that a call takes, and what a refusal asks to wait."""

    limit: str
    latency: float
    retry_after: float | None

    def __str__(self) -> str:
        asks = "" if self.retry_after is None else f", Retry-After {self.retry_after:g}"
        return f"{self.limit}, {self.latency * 1000:g} ms{asks}"


SCENARIOS = [
    Scenario(limit, latency, retry_after)
    for limit in limits.LIMITS
    for latency in (0.005, 0.05)
    for retry_after in (None, 1.0)
]


class Run(NamedTuple):
    """What a run gave; `used` is the part of what was allowed after the first seconds, None where it was over."""

    jitter: float
    seed: int
    done: int
    seconds: float
    refused: float
    used: float | None
    per_second: list[int]
    allowed: list[float]


class Result(NamedTuple):
    """All runs of a scenario, and the worst of them by each measure."""

    scenario: Scenario
    runs: Sequence[Run]

    @property
    def done(self) -> int:
        """The fewest rows done."""
        return min(run.done for run in self.runs)

    @property
    def refused(self) -> float:
        """The greatest part of the calls that was refused."""
        return max(run.refused for run in self.runs)

    @property
    def used(self) -> float | None:
        """The least that was used, None where all were over before."""
        return min((run.used for run in self.runs if run.used is not None), default=None)

    @property
    def is_met(self) -> bool:
        """Tell whether all are within the bounds."""
        return self.refused <= MOST_REFUSED and (self.used is None or self.used >= LEAST_USED)


def simulated(scenario: Scenario, rows: int, *, jitter: float, seed: int) -> Run:
    """Run it in virtual time."""
    limit = limits.LIMITS[scenario.limit](scenario.latency)
    vendor = limits.Vendor(limit, scenario.latency, scenario.retry_after, jitter=jitter, seed=seed)
    done: int = virtual_time.run(_run(vendor, rows, seed))
    end = vendor.done[-1]
    used = None
    if end >= _FIRST_SECONDS + _AT_LEAST:
        later = sum(moment >= _FIRST_SECONDS for moment in vendor.done)
        used = later / limits.integral(limit, _FIRST_SECONDS, end)
    seconds = range(int(end) + 1)
    counts = [0] * len(seconds)
    for moment in vendor.done:
        counts[int(moment)] += 1
    refused = len(vendor.refused) / (len(vendor.refused) + len(vendor.done))
    return Run(jitter, seed, done, end, refused, used, counts, [limit.allowed(second) for second in seconds])


async def _run(vendor: limits.Vendor, rows: int, seed: int) -> int:
    pace = Pace(_IN_FLIGHT, clock=asyncio.get_running_loop().time, random=random.Random(~seed).random)
    run: BulkRun[int, None] = BulkRun(
        "pace", vendor, range(rows), concurrency=_IN_FLIGHT, rate_limit=pace, stop_on=(), max_failures=0, ordered=False
    )
    async with run:
        return sum([outcome.ok async for outcome in run])


class Unlimited(NamedTuple):
    """Calls a second over loopback: each round at the run's own pace and without."""

    paced: list[float]
    unpaced: list[float]

    @property
    def part(self) -> float:
        """What the pace leaves of the throughput: the median of the rounds."""
        return median(paced / unpaced for paced, unpaced in zip(self.paced, self.unpaced, strict=True))


def over_loopback(rows: int, rounds: int, server: str) -> Unlimited:
    """Measure both by turns, each first every other time."""
    found = Unlimited([], [])
    ways = [("update_many, auto", found.paced), ("update_many", found.unpaced)]
    with SERVERS[server](cores()[0]) as running:
        for _ in range(rounds):
            ways.reverse()
            for way, rates in ways:
                rates.append(rows / bulk.one_round(way, rows, _IN_FLIGHT, running).pushed.elapsed)
    return found


def run(rows: int) -> list[Result]:
    """Simulate all of them."""
    results = []
    for scenario in SCENARIOS:
        runs = [simulated(scenario, rows, jitter=jitter, seed=seed) for jitter in JITTERS for seed in SEEDS]
        results.append(Result(scenario, runs))
        print(f"{scenario!s:<45} {median(run.seconds for run in runs):6.1f} s", file=sys.stderr)
    return results


def markdown(results: Sequence[Result], unlimited: Unlimited | None) -> str:
    """Return the tables."""
    lines = [
        f"{results[0].done:,} rows, {_IN_FLIGHT} in flight at most, in virtual time; a call takes up to "
        f"{', '.join(f'{jitter:.0%}' for jitter in sorted(JITTERS))} more or less than stated, each with {len(SEEDS)} "
        f"seeds, and what stands here is the worst of these {len(results[0].runs)} runs, of the seconds the median. "
        f"Used: of what the limit allows after the first {_FIRST_SECONDS:g} s, at least {LEAST_USED:.0%}; refused: of "
        f"all calls, at most {MOST_REFUSED:.0%}. The plot shows the first run of each.",
        "",
        "| limit | a call takes | Retry-After | rows done | seconds | used | refused | met |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for result in results:
        limit, latency, retry_after = result.scenario
        used = "over before" if result.used is None else f"{result.used:.1%}"
        asks = "-" if retry_after is None else f"{retry_after:g} s"
        lines.append(
            f"| {limit} | {latency * 1000:g} ms | {asks} | {result.done:,} | "
            f"{median(run.seconds for run in result.runs):.1f} | {used} | "
            f"{result.refused:.2%} | {'yes' if result.is_met else 'no'} |"
        )
    if unlimited is not None:
        lines += [
            "",
            f"Without a limit, over loopback: {median(unlimited.paced):,.0f} calls a second at the pace of the run, "
            f"{median(unlimited.unpaced):,.0f} unpaced: {unlimited.part:.0%} (at least {LEAST_OF_UNPACED:.0%}).",
        ]
    return "\n".join(lines)


def check(results: Sequence[Result], unlimited: Unlimited | None) -> list[Checked]:
    """Return what became of the bounds."""
    wanted = f"at least {LEAST_USED:.0%} used, at most {MOST_REFUSED:.0%} refused"
    checked = [
        Checked(
            f"pace: {result.scenario}",
            wanted,
            f"{'over before' if result.used is None else f'{result.used:.1%}'} used, {result.refused:.2%} refused",
            result.is_met,
        )
        for result in results
    ]
    if unlimited is not None:
        least = f"at least {LEAST_OF_UNPACED:.0%}"
        part = unlimited.part
        checked.append(Checked("pace: of the unpaced throughput", least, f"{part:.0%}", part >= LEAST_OF_UNPACED))
    return checked


def to_json(results: Sequence[Result], unlimited: Unlimited | None) -> str:
    """Return everything that was measured."""
    rows = [{"scenario": str(result.scenario), "runs": [run._asdict() for run in result.runs]} for result in results]
    return json.dumps({"scenarios": rows, "unlimited": None if unlimited is None else unlimited._asdict()})
