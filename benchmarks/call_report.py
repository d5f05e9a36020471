"""The results of `call` as Markdown and as JSON: medians over the rounds, and ratios within one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks import bounds, report
from benchmarks.call import Round, StormRound
from benchmarks.peers import AROUND, PAIRS

_LAST_HOPS = {"network": "httpx.AsyncHTTPTransport", "memory": "answers at once, in memory"}
OVERHEAD_BOUND = 40


class Row(NamedTuple):
    """One peer at one number in flight in one setup; medians over its rounds, and the cheapest round's CPU."""

    peer: str
    in_flight: int
    setup: str
    calls_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    least_cpu_us: float
    peak_mib: float
    server_cpu_us: float


class StormRow(NamedTuple):
    """One peer in its storms: the median of the calls a second, and all failures.

    `works` is in how many of the `storms` it worked afterwards, `connections` the most that were open then.
    """

    peer: str
    in_flight: int
    calls_per_second: float
    cancelled: int
    failures: dict[str, int]
    unhandled: int
    works: int
    storms: int
    connections: int


class Overhead(NamedTuple):
    """What the SDK adds a call, in µs of CPU.

    `sdk` and `transport` are medians, and `added` is the median of the rounds' differences. `undisturbed` is the
    difference of the cheapest round of each: what else runs on a machine only ever makes a round dearer.
    """

    pair: str
    in_flight: int
    sdk: float
    transport: float
    added: float
    undisturbed: float


def rows(rounds: Iterable[Round]) -> list[Row]:
    """Return a row a peer, number in flight and setup, but for pairs, in the order in which they came."""
    groups: dict[tuple[str, int, str], list[Round]] = {}
    for each in rounds:
        if each.setup not in PAIRS:
            groups.setdefault((each.peer, each.in_flight, each.setup), []).append(each)
    return [_row(group) for group in groups.values()]


def _row(group: Sequence[Round]) -> Row:
    measured = [each.measurement for each in group]
    return Row(
        peer=group[0].peer,
        in_flight=group[0].in_flight,
        setup=group[0].setup,
        calls_per_second=median(m.calls / m.elapsed for m in measured),
        p50_ms=median(m.p50 for m in measured) * 1e3,
        p99_ms=median(m.p99 for m in measured) * 1e3,
        cpu_us=median(m.cpu / m.calls for m in measured) * 1e6,
        least_cpu_us=min(m.cpu / m.calls for m in measured) * 1e6,
        peak_mib=max(m.peak_memory for m in measured) / 2**20,
        server_cpu_us=median(each.server_cpu / each.measurement.sent for each in group) * 1e6,
    )


def storm_rows(rounds: Iterable[StormRound]) -> list[StormRow]:
    """Return a row a peer and number in flight."""
    groups: dict[tuple[str, int], list[StormRound]] = {}
    for each in rounds:
        groups.setdefault((each.peer, each.in_flight), []).append(each)
    found = []
    for (peer, in_flight), group in groups.items():
        storms = [each.storm for each in group]
        failures: Counter[str] = Counter()
        for storm in storms:
            failures.update(storm.failures)
        found.append(
            StormRow(
                peer=peer,
                in_flight=in_flight,
                calls_per_second=median(storm.calls / storm.elapsed for storm in storms),
                cancelled=sum(storm.cancelled for storm in storms),
                failures=dict(failures),
                unhandled=sum(storm.unhandled for storm in storms),
                works=sum(storm.works for storm in storms),
                storms=len(storms),
                connections=max(storm.connections for storm in storms),
            )
        )
    return found


def overheads(rounds: Sequence[Round]) -> list[Overhead]:
    """Return what the SDK adds, from the two of each round of a pair."""
    cpu: dict[tuple[str, int], dict[str, list[float]]] = {}
    for each in rounds:
        if each.setup in PAIRS:
            of_peer = cpu.setdefault((each.setup, each.in_flight), {}).setdefault(each.peer, [])
            of_peer.append(each.measurement.cpu / each.measurement.calls * 1e6)
    found = []
    for (pair, in_flight), of_peers in cpu.items():
        ours, bare = (of_peers[peer] for peer in PAIRS[pair])
        added = [one - other for one, other in zip(ours, bare, strict=True)]
        found.append(Overhead(pair, in_flight, median(ours), median(bare), median(added), min(ours) - min(bare)))
    return found


# -- Markdown ---------------------------------------------------------------------------------------------------------


class Results(NamedTuple):
    """All that a run of `call` gave."""

    rounds: Sequence[Round]
    storms: Sequence[StormRound]
    left_out: Mapping[str, str]
    request_bytes: Mapping[str, float]

    def rows(self) -> list[Row]:
        """Return a row a peer, number in flight and setup, but for pairs."""
        return rows(self.rounds)


def markdown(results: Results) -> str:
    """Return the tables."""
    measured, storms = results.rows(), storm_rows(results.storms)
    tables = []
    if results.left_out:
        tables.append(f"Left out: {'; '.join(f'{name} ({why})' for name, why in results.left_out.items())}.")
    if checked := bounds.check(measured):
        tables.append(f"### The speed it must reach\n\n{bounds.markdown(checked)}")
    if found := better(measured):
        table = report.table(("in flight", *_COLUMNS), found)
        tables.append(f"### Where a peer is better\n\nHow many times as much, or as little, as the SDK:\n\n{table}")
    side_by_side = [row for row in measured if row.setup in ("", "TLS")]
    for in_flight in dict.fromkeys(row.in_flight for row in side_by_side):
        of_number = [row for row in side_by_side if row.in_flight == in_flight]
        tables.append(f"### {in_flight:,} in flight\n\n{_peers_table(of_number)}")
    around = [row for row in measured if row.setup == "around"]
    for in_flight in dict.fromkeys(row.in_flight for row in around):
        of_number = [row for row in around if row.in_flight == in_flight]
        tables.append(f"### With what stands around a call, {in_flight:,} in flight\n\n{_around_table(of_number)}")
    if storms:
        tables.append(f"### Cancellation storm\n\n{_storm_table(storms)}")
    if added := overheads(results.rounds):
        tables.append(f"### What the SDK adds to its last hop\n\n{_overhead_table(added)}")
    return "\n\n".join(tables)


def _peers_table(measured: Sequence[Row]) -> str:
    """Return the table of one number in flight: those without TLS, and beside them those with it."""
    plain = {row.peer: row for row in measured if not row.setup}
    secured = {row.peer: row for row in measured if row.setup}
    columns: dict[str, Callable[[str], str]] = {}
    if plain:
        columns = {
            "calls/s": lambda peer: f"{plain[peer].calls_per_second:,.0f}",
            "p50 ms": lambda peer: f"{plain[peer].p50_ms:.2f}",
            "p99 ms": lambda peer: f"{plain[peer].p99_ms:.2f}",
            "CPU µs/call": lambda peer: f"{plain[peer].cpu_us:,.0f}",
            "peak MiB": lambda peer: f"{plain[peer].peak_mib:.0f}",
            "calls/s ÷ sdk": lambda peer: _ratio(plain[peer], plain.get("sdk"), "calls_per_second"),
            "calls/s ÷ aiohttp": lambda peer: _ratio(plain[peer], plain.get("aiohttp"), "calls_per_second"),
            "CPU ÷ floor": lambda peer: _ratio(plain[peer], plain.get("floor"), "cpu_us"),
        }
    if secured:
        columns |= {
            "TLS calls/s": lambda peer: f"{secured[peer].calls_per_second:,.0f}",
            "TLS CPU µs/call": lambda peer: f"{secured[peer].cpu_us:,.0f}",
            "TLS calls/s ÷ sdk": lambda peer: _ratio(secured[peer], secured.get("sdk"), "calls_per_second"),
        }
    return report.table(
        ("peer", *columns),
        [(peer, *(_cell(cell, peer) for cell in columns.values())) for peer in plain | secured],
    )


def _cell(cell: Callable[[str], str], peer: str) -> str:
    try:
        return cell(peer)
    except KeyError:  # not measured so
        return ""


# What is named as better, and whether more of it is.
_COLUMNS = {
    "more calls/s": ("calls_per_second", True),
    "shorter p99": ("p99_ms", False),
    "less CPU": ("cpu_us", False),
    "less memory": ("peak_mib", False),
}
# Less is lost in the noise.
_NOTICED = 0.03


def better(measured: Iterable[Row]) -> list[tuple[str, ...]]:
    """Return, for each number in flight and TLS, which clients are better than the SDK as it is, and by how much."""
    tables: dict[tuple[int, str], dict[str, Row]] = {}
    for row in measured:
        if row.setup in ("", "TLS") and row.peer not in ("floor", "transport"):
            tables.setdefault((row.in_flight, row.setup), {})[row.peer] = row
    lines = []
    for (in_flight, setup), rows_of in tables.items():
        ours = rows_of.pop("sdk", None)
        if ours is not None and rows_of:
            cells = (_better(ours, rows_of.values(), name, more=more) for name, more in _COLUMNS.values())
            lines.append((f"{in_flight:,} {setup}".strip(), *(cell or "nobody" for cell in cells)))
    return lines


def _better(ours: Row, others: Iterable[Row], name: str, *, more: bool) -> str:
    ratios = {row.peer: getattr(row, name) / getattr(ours, name) for row in others}
    found = {peer: ratio for peer, ratio in ratios.items() if (ratio if more else 1 / ratio) > 1 + _NOTICED}
    return ", ".join(f"{peer} {found[peer]:.2f}" for peer in sorted(found, key=lambda peer: found[peer], reverse=more))


def _around_table(measured: Iterable[Row]) -> str:
    """Return the CPU a call of each peer, alone and with each thing around it."""
    cpu: dict[str, dict[str, float]] = {}
    for row in measured:
        peer, _, what = row.peer.partition("+")
        cpu.setdefault(peer, {})[what] = row.cpu_us
    header = ("CPU µs/call", "alone", *AROUND)
    lines = [
        (peer, *(f"{found[what]:,.0f}" if what in found else "" for what in ("", *AROUND)))
        for peer, found in cpu.items()
    ]
    return report.table(header, lines)


def _storm_table(storms: Iterable[StormRow]) -> str:
    header = (
        "peer",
        "in flight",
        "completed calls/s",
        "cancelled",
        "failures besides",
        "uncaught exceptions",
        "works afterwards",
        "most connections left",
    )
    lines = [
        (
            row.peer,
            str(row.in_flight),
            f"{row.calls_per_second:,.0f}",
            f"{row.cancelled:,}",
            ", ".join(f"{count} {name}" for name, count in row.failures.items()) or "0",
            str(row.unhandled),
            "yes" if row.works == row.storms else f"after {row.works} of {row.storms} storms",
            str(row.connections),
        )
        for row in storms
    ]
    return report.table(header, lines)


def _ratio(row: Row, other: Row | None, name: str) -> str:
    return f"{getattr(row, name) / getattr(other, name):.2f}" if other else ""


def _overhead_table(found: Iterable[Overhead]) -> str:
    header = (
        "last hop",
        "in flight",
        "SDK, CPU µs",
        "bare, CPU µs",
        "added, CPU µs",
        "added, least disturbed",
        "bound",
    )
    lines = [
        (
            _LAST_HOPS[each.pair],
            str(each.in_flight),
            f"{each.sdk:.1f}",
            f"{each.transport:.1f}",
            f"**{each.added:.1f}**",
            f"**{each.undisturbed:.1f}**",
            str(OVERHEAD_BOUND),
        )
        for each in found
    ]
    return report.table(header, lines)


def to_json(known: Mapping[str, Any], results: Results) -> str:
    """Return everything that was measured, each round included."""
    measured = results.rows()
    return report.to_json(
        known,
        left_out=results.left_out,
        bounds=[each._asdict() for each in bounds.check(measured)],
        rows=[row._asdict() for row in measured],
        storms=[row._asdict() for row in storm_rows(results.storms)],
        overheads=[each._asdict() for each in overheads(results.rounds)],
        request_bytes=results.request_bytes,
        rounds=[{**each._asdict(), "measurement": each.measurement._asdict()} for each in results.rounds],
        storm_rounds=[{**each._asdict(), "storm": each.storm._asdict()} for each in results.storms],
    )
