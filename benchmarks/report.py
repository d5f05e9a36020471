"""The results as Markdown and as JSON: medians over the rounds, and ratios within one run."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.call import Round
from benchmarks.peers import PAIRS

PACKAGES = ("itnio-async", "httpx", "httpcore", "aiohttp", "httptools", "orjson", "attrs", "cattrs", "tenacity")
_LAST_HOPS = {"network": "httpx.AsyncHTTPTransport", "memory": "answers at once, in memory"}
OVERHEAD_BOUND = 40
IMPORT_BOUND = 50


class Row(NamedTuple):
    """One peer at one number in flight; medians over its rounds."""

    peer: str
    in_flight: int
    calls_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    peak_mib: float
    server_cpu_us: float
    request_bytes: float


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
    """Return a row a peer and number in flight, in the order in which they came."""
    groups: dict[tuple[str, int], list[Round]] = {}
    for each in rounds:
        if not each.pair:
            groups.setdefault((each.peer, each.in_flight), []).append(each)
    return [_row(group) for group in groups.values()]


def _row(group: Sequence[Round]) -> Row:
    measured = [each.measurement for each in group]
    return Row(
        peer=group[0].peer,
        in_flight=group[0].in_flight,
        calls_per_second=median(m.calls / m.elapsed for m in measured),
        p50_ms=median(m.p50 for m in measured) * 1e3,
        p99_ms=median(m.p99 for m in measured) * 1e3,
        cpu_us=median(m.cpu / m.calls for m in measured) * 1e6,
        peak_mib=max(m.peak_memory for m in measured) / 2**20,
        server_cpu_us=median(each.server_cpu / each.measurement.sent for each in group) * 1e6,
        request_bytes=median(each.request_bytes for each in group),
    )


def overheads(rounds: Sequence[Round]) -> list[Overhead]:
    """Return what the SDK adds, from the two of each round of a pair."""
    cpu: dict[tuple[str, int], dict[str, list[float]]] = {}
    for each in rounds:
        if each.pair:
            of_peer = cpu.setdefault((each.pair, each.in_flight), {}).setdefault(each.peer, [])
            of_peer.append(each.measurement.cpu / each.measurement.calls * 1e6)
    found = []
    for (pair, in_flight), of_peers in cpu.items():
        ours, bare = (of_peers[peer] for peer in PAIRS[pair])
        added = [one - other for one, other in zip(ours, bare, strict=True)]
        found.append(Overhead(pair, in_flight, median(ours), median(bare), median(added), min(ours) - min(bare)))
    return found


# -- Markdown ---------------------------------------------------------------------------------------------------------


def call_markdown(rounds: Sequence[Round]) -> str:
    """Return the tables of `call`."""
    measured = rows(rounds)
    tables = []
    for in_flight in dict.fromkeys(row.in_flight for row in measured):
        group = {row.peer: row for row in measured if row.in_flight == in_flight}
        tables.append(f"### {in_flight:,} in flight\n\n{_peers_table(group)}")
    if found := overheads(rounds):
        tables.append(f"### What the SDK adds to its last hop\n\n{_overhead_table(found)}")
    return "\n\n".join(tables)


def _peers_table(group: Mapping[str, Row]) -> str:
    header = (
        "peer",
        "calls/s",
        "p50 ms",
        "p99 ms",
        "CPU µs/call",
        "peak MiB",
        "calls/s ÷ aiohttp",
        "calls/s ÷ httpx",
        "CPU ÷ floor",
    )
    lines = [
        (
            row.peer,
            f"{row.calls_per_second:,.0f}",
            f"{row.p50_ms:.2f}",
            f"{row.p99_ms:.2f}",
            f"{row.cpu_us:,.0f}",
            f"{row.peak_mib:.0f}",
            _ratio(row, group.get("aiohttp"), "calls_per_second"),
            _ratio(row, group.get("httpx"), "calls_per_second"),
            _ratio(row, group.get("floor"), "cpu_us"),
        )
        for row in group.values()
    ]
    return _table(header, lines)


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
    return _table(header, lines)


def import_markdown(times: Mapping[str, Sequence[float]]) -> str:
    """Return the table of `import`."""
    header = ("import", "CPU ms, median", "least to most")
    lines = [
        (f"`{name}`", f"{median(each) * 1e3:.1f}", f"{min(each) * 1e3:.1f} to {max(each) * 1e3:.1f}")
        for name, each in times.items()
    ]
    # What else runs on a machine only ever makes an import slower.
    added, undisturbed = (_of(times["itnio_async"]) - _of(times["libraries"]) for _of in (median, min))
    lines.append(
        ("added", f"**{added * 1e3:.1f}**", f"least disturbed: **{undisturbed * 1e3:.1f}**, bound: {IMPORT_BOUND}")
    )
    return _table(header, lines)


def _table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    marks = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, marks, *lines))


# -- how it was made --------------------------------------------------------------------------------------------------


def facts() -> dict[str, Any]:
    """Return machine, versions and command, and how busy the machine was with this and all else."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "command": "python -m benchmarks " + " ".join(sys.argv[1:]),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load": [round(each, 1) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    if known.exists():
        for line in known.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def facts_markdown(known: Mapping[str, Any]) -> str:
    """Return the facts as a line of text each."""
    versions = ", ".join(f"{name} {found}" for name, found in known["versions"].items())
    machine = f"{known['machine']}, load averages {known['load']}"
    return f"`{known['command']}`, {known['date']}; {machine}; {known['python']}; {versions}."


def call_json(rounds: Sequence[Round]) -> str:
    """Return everything that `call` measured, each round included."""
    return _json(
        rows=[row._asdict() for row in rows(rounds)],
        overheads=[each._asdict() for each in overheads(rounds)],
        rounds=[{**each._asdict(), "measurement": each.measurement._asdict()} for each in rounds],
    )


def import_json(times: Mapping[str, Sequence[float]]) -> str:
    """Return everything that `import` measured."""
    return _json(seconds=times)


def _json(**results: Any) -> str:
    return json.dumps({**facts(), **results}, indent=1, ensure_ascii=False) + "\n"
