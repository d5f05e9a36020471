"""The speed that the whole typed `update` must reach: ratios within one run, each with its bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from benchmarks import report
from benchmarks.peers import SDKS


class Measured(Protocol):
    """The columns that count here."""

    @property
    def peer(self) -> str: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def tls(self) -> bool: ...
    @property
    def calls_per_second(self) -> float: ...
    @property
    def p99_ms(self) -> float: ...
    @property
    def cpu_us(self) -> float: ...
    @property
    def least_cpu_us(self) -> float: ...


class Bound(NamedTuple):
    """A ratio of one column, the SDK's to that of the best of the peers that were measured."""

    measure: str
    column: str
    peers: Sequence[str]
    in_flight: int
    bound: float
    aim: float | None = None
    tls: bool = False
    at_most: bool = False


class Checked(NamedTuple):
    """What became of a bound; `reached` is the ratio, `against` the peer.

    `by_least_cpu` is the same ratio by the CPU a call of each one's cheapest round: what calls a second would be where
    nothing else ran, since a client is bound by its CPU. None for a p99.
    """

    measure: str
    bound: float
    aim: float | None
    at_most: bool
    reached: float
    by_least_cpu: float | None
    against: str
    met: bool


_RATE, _CPU, _P99 = "calls_per_second", "cpu_us", "p99_ms"
BOUNDS = (
    Bound("calls a second, 100 in flight, against bare aiohttp", _RATE, ("aiohttp",), 100, 1.5, aim=2.5),
    Bound("the same against bare httpx", _RATE, ("httpx",), 100, 25),
    Bound("the same against the fastest of the SDKs", _RATE, SDKS, 100, 2.5),
    Bound("CPU a call, 100 in flight, against the floor", _CPU, ("floor",), 100, 3, aim=2, at_most=True),
    Bound("calls a second, 1 in flight, against bare aiohttp", _RATE, ("aiohttp",), 1, 1.2),
    Bound("calls a second, 1,000 in flight, against bare aiohttp", _RATE, ("aiohttp",), 1000, 1.5),
    Bound("p99, 100 in flight, against bare aiohttp", _P99, ("aiohttp",), 100, 1, at_most=True),
    Bound("calls a second over TLS, 100 in flight, against bare aiohttp", _RATE, ("aiohttp",), 100, 1.5, tls=True),
)


def check(rows: Iterable[Measured]) -> list[Checked]:
    """Return what became of each bound whose peers were measured."""
    by_name = {(row.peer, row.in_flight, row.tls): row for row in rows}
    found = []
    for bound in BOUNDS:
        ours = by_name.get(("sdk", bound.in_flight, bound.tls))
        others = [row for peer in bound.peers if (row := by_name.get((peer, bound.in_flight, bound.tls)))]
        if ours is not None and others:
            found.append(_checked(bound, ours, others))
    return found


def _checked(bound: Bound, ours: Any, others: Sequence[Any]) -> Checked:
    best = (min if bound.at_most else max)(others, key=lambda row: getattr(row, bound.column))
    ratio = getattr(ours, bound.column) / getattr(best, bound.column)
    met = ratio <= bound.bound if bound.at_most else ratio >= bound.bound
    cheaper = None if bound.column == _P99 else best.least_cpu_us / ours.least_cpu_us
    by_cpu = 1 / cheaper if cheaper and bound.at_most else cheaper
    return Checked(bound.measure, bound.bound, bound.aim, bound.at_most, ratio, by_cpu, best.peer, met)


def markdown(checked: Iterable[Checked]) -> str:
    """Return the table."""
    lines = []
    for each in checked:
        least = "at most" if each.at_most else "at least"
        aim = "" if each.aim is None else f" (aim: {each.aim:g})"
        lines.append(
            (
                each.measure,
                f"{least} {each.bound:g}{aim}",
                f"{each.reached:.2f} ({each.against})",
                "" if each.by_least_cpu is None else f"{each.by_least_cpu:.2f}",
                "met" if each.met else "**not met**",
            )
        )
    return report.table(("measure", "ratio wanted", "reached", "by the least CPU", ""), lines)
