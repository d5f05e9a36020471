"""`python -m benchmarks bulk`: many updates at once, against what a user would write by hand, and what goes before."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.nginx import SERVERS
from benchmarks.offline import PARTS, Part
from benchmarks.peers import is_installed
from benchmarks.process import child, cores, module
from benchmarks.server import Server
from benchmarks.ways import WAYS, Pushed

FEW = 1000
WAYS_OF_BOUNDS = ("update_many", "bare loop of update", "update_many with a journal")


class Plan(NamedTuple):
    """What to measure: `items` in each way, `many` against 1,000 in flat memory, and rows and trunks offline."""

    ways: Sequence[str]
    items: int
    many: int
    csv_rows: int
    trunks: int
    concurrency: int
    rounds: int


class Round(NamedTuple):
    """One round of one way."""

    way: str
    items: int
    pushed: Pushed
    server_requests: int


class OfflineRound(NamedTuple):
    """One round of one offline part."""

    part: str
    items: int
    took: Part


class Results(NamedTuple):
    """All that a run gave; `flat` are the rounds of `update_many` with few and with many items."""

    server: str
    concurrency: int
    rounds: list[Round]
    flat: list[Round]
    offline: list[OfflineRound]
    left_out: dict[str, str]


def run(plan: Plan, server: str) -> Results:
    """Measure all of it."""
    left_out = {way: f"{WAYS[way].needs} not installed" for way in plan.ways if not is_installed(WAYS[way].needs)}
    ways = [way for way in plan.ways if way not in left_out]
    with SERVERS[server](cores()[0]) as running:
        rounds = list(_interleaved(ways, plan, running))
        flat = [one_round("update_many", items, plan.concurrency, running) for items in (FEW, plan.many) if plan.many]
        # The other server takes one update only.
        url = running.url if running.name.startswith("nginx") else None
        sizes = dict.fromkeys(PARTS, plan.trunks) | {"rows": plan.csv_rows}
        offline = [_offline(part, sizes[part], url) for part in PARTS if sizes[part] for _ in range(plan.rounds)]
    return Results(running.name, plan.concurrency, rounds, flat, offline, left_out)


def _interleaved(ways: Sequence[str], plan: Plan, server: Server) -> Iterator[Round]:
    order = deque(ways)
    for _ in range(plan.rounds):
        for way in order:
            items = max(plan.concurrency, int(plan.items * WAYS[way].share))
            yield one_round(way, items, plan.concurrency, server)
        order.rotate(-1)


def one_round(way: str, items: int, concurrency: int, server: Server) -> Round:
    before = server.counts()
    arguments = ("--items", str(items), "--concurrency", str(concurrency))
    with child(module("benchmarks.ways", way, server.url, *arguments), cores()[1]) as process:
        pushed = Pushed(**process.read())
    requests = server.counts().requests - before.requests
    if requests != items + 2 * concurrency:
        raise SystemExit(f"{way} had {items} items, but the server counts {requests} requests.")
    print(f"{way:<32} {items:>9,} items {items / pushed.elapsed:>10,.0f} calls/s", file=sys.stderr)
    return Round(way, items, pushed, requests)


def _offline(part: str, items: int, url: str | None) -> OfflineRound:
    where = () if url is None else ("--url", url)
    with child(module("benchmarks.offline", part, "--items", str(items), *where), cores()[1]) as process:
        took = Part(**process.read())
    print(f"{part:<32} {items:>9,} items {sum(took.seconds.values()):>10.2f} s", file=sys.stderr)
    return OfflineRound(part, items, took)
