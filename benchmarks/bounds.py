"""What must be reached: each bound, what became of it, and those of a call, which are ratios within one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from benchmarks import report
from benchmarks.peers import SDKS


class Checked(NamedTuple):
    """What became of a bound, as texts.

    `least_cpu` is the same by the CPU a call of each one's cheapest round, where that has a meaning: what it would be
    if nothing else ran, since other load only ever adds.
    """

    measure: str
    wanted: str
    reached: str
    met: bool
    least_cpu: str = ""

    def __str__(self) -> str:
        return f"{self.measure}: {self.reached}, wanted: {self.wanted}"


def at_most(measure: str, most: float, unit: str, reached: float, more: str = "") -> Checked:
    """Return what became of a bound that may not be exceeded; `more` is said beside the figure."""
    return Checked(measure, f"at most {most:g} {unit}", f"{reached:,.2f} {unit}{more}", reached <= most)


def markdown(checked: Iterable[Checked]) -> str:
    """Return the table."""
    header = ("measure", "wanted", "reached", "by the least CPU", "")
    lines = [
        (each.measure, each.wanted, each.reached, each.least_cpu, "met" if each.met else "**not met**")
        for each in checked
    ]
    return report.table(header, lines)


class Measured(Protocol):
    """The columns of a call that count here."""

    @property
    def peer(self) -> str: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def setup(self) -> str: ...
    @property
    def calls_per_second(self) -> float: ...
    @property
    def p99_ms(self) -> float: ...
    @property
    def cpu_us(self) -> float: ...
    @property
    def least_cpu_us(self) -> float: ...


class Bound(NamedTuple):
    """A ratio of one column, ours to that of the best of the peers that were measured, or the difference of both."""

    measure: str
    column: str
    peers: Sequence[str]
    bound: float
    in_flight: int = 100
    aim: float | None = None
    setup: str = ""
    ours: str = "sdk"
    at_most: bool = False
    is_difference: bool = False

    def wanted(self) -> str:
        """Return the bound as text."""
        unit = " µs" if self.is_difference else ""
        aim = "" if self.aim is None else f" (aim: {self.aim:g})"
        return f"{'at most' if self.at_most else 'at least'} {self.bound:g}{unit}{aim}"

    def check(self, rows: dict[tuple[str, int, str], Any]) -> Checked | None:
        """Return what became of it, or None where that was not measured."""
        ours = rows.get((self.ours, self.in_flight, self.setup))
        others = [row for peer in self.peers if (row := rows.get((peer, self.in_flight, self.setup)))]
        if ours is None or not others:
            return None
        best = (min if self.at_most else max)(others, key=lambda row: getattr(row, self.column))
        found = self._compared(getattr(ours, self.column), getattr(best, self.column))
        met = found <= self.bound if self.at_most else found >= self.bound
        # A client is bound by its CPU: its calls a second are as many as have room in one.
        two = (best, ours) if self.column == _RATE else (ours, best)
        least = "" if self.column == _P99 else self._text(self._compared(*(each.least_cpu_us for each in two)))
        return Checked(self.measure, self.wanted(), f"{self._text(found)} ({best.peer})", met, least)

    def _compared(self, ours: float, other: float) -> float:
        return ours - other if self.is_difference else ours / other

    def _text(self, value: float) -> str:
        return f"{value:.1f} µs" if self.is_difference else f"{value:.2f}"


_RATE, _CPU, _P99 = "calls_per_second", "cpu_us", "p99_ms"
BOUNDS = (
    Bound("calls a second, 100 in flight, against bare aiohttp", _RATE, ("aiohttp",), 1.5, aim=2.5),
    Bound("the same against bare httpx", _RATE, ("httpx",), 25),
    Bound("the same against the fastest of the SDKs", _RATE, SDKS, 2.5),
    Bound("CPU a call, 100 in flight, against the floor", _CPU, ("floor",), 1.85, at_most=True),
    Bound("calls a second, 1 in flight, against bare aiohttp", _RATE, ("aiohttp",), 1.2, in_flight=1),
    Bound("calls a second, 1,000 in flight, against bare aiohttp", _RATE, ("aiohttp",), 1.5, in_flight=1000),
    Bound("p99, 100 in flight, against bare aiohttp", _P99, ("aiohttp",), 1, at_most=True),
    Bound("calls a second over TLS, 100 in flight, against bare aiohttp", _RATE, ("aiohttp",), 1.5, setup="TLS"),
    *(
        Bound(
            f"CPU a call under {name}, 100 in flight, against aiohttp's",
            _CPU,
            (f"aiohttp+{what}",),
            1,
            setup="around",
            ours=f"sdk+{what}",
            at_most=True,
        )
        for name, what in (
            ("Sentry", "sentry"),
            ("Sentry in a transaction", "sentry-transaction"),
            ("OpenTelemetry", "opentelemetry"),
        )
    ),
    Bound(
        "CPU a call with `itnio_async.telemetry`, 100 in flight, against aiohttp's under OpenTelemetry",
        _CPU,
        ("aiohttp+opentelemetry",),
        1,
        setup="around",
        ours="sdk+telemetry",
        at_most=True,
    ),
    Bound(
        "CPU that a middleware that does nothing adds to a call, 100 in flight",
        _CPU,
        ("sdk",),
        15,
        setup="around",
        ours="sdk+middleware",
        at_most=True,
        is_difference=True,
    ),
)


def check(rows: Iterable[Measured]) -> list[Checked]:
    """Return what became of each bound of a call whose peers were measured."""
    by_name = {(row.peer, row.in_flight, row.setup): row for row in rows}
    return [checked for bound in BOUNDS if (checked := bound.check(by_name))]
