"""The results of `bulk` as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any, NamedTuple

from benchmarks import report
from benchmarks.bulk import Results, Round

_MIB = 2**20
_HEADER = ("measure", "wanted", "reached", "")


class Row(NamedTuple):
    """One way: medians over its rounds, the cheapest round's CPU, and the highest memory.

    `grown_bytes` is how much the peak grew for each item.
    """

    way: str
    items: int
    calls_per_second: float
    cpu_us: float
    least_cpu_us: float
    peak_mib: float
    grown_bytes: float


class Bound(NamedTuple):
    """What became of a bound, as text."""

    measure: str
    wanted: str
    reached: str
    met: bool


def rows(rounds: Iterable[Round]) -> list[Row]:
    """Return a row a way."""
    groups: dict[str, list[Round]] = {}
    for each in rounds:
        groups.setdefault(each.way, []).append(each)
    found = []
    for way, group in groups.items():
        cpu = [each.pushed.cpu / each.items * 1e6 for each in group]
        found.append(
            Row(
                way=way,
                items=group[0].items,
                calls_per_second=median(each.items / each.pushed.elapsed for each in group),
                cpu_us=median(cpu),
                least_cpu_us=min(cpu),
                peak_mib=max(each.pushed.peak_memory for each in group) / _MIB,
                grown_bytes=max((each.pushed.peak_memory - each.pushed.memory_before) / each.items for each in group),
            )
        )
    return found


def bounds(results: Results) -> list[Bound]:
    """Return what became of the bounds that were measured."""
    return [*_speed(rows(results.rounds)), *_memory(results.flat), *_offline(results)]


def _speed(measured: Iterable[Row]) -> list[Bound]:
    ways = {row.way: row for row in measured}
    ours, bare = ways.get("update_many"), ways.get("bare loop of update")
    journal = ways.get("update_many with a journal")
    found = []
    if ours and bare:
        ratio = ours.calls_per_second / bare.calls_per_second
        cpu = bare.least_cpu_us / ours.least_cpu_us
        reached = f"{ratio:.2f} (by the least CPU: {cpu:.2f})"
        found.append(
            Bound("`update_many` against the bare loop, calls a second", "at least 0.85", reached, ratio >= 0.85)
        )
    if ours and journal:
        ratio = ours.calls_per_second / journal.calls_per_second
        found.append(Bound("time with a journal against that without", "at most 1.5", f"{ratio:.2f}", ratio <= 1.5))
        more = journal.least_cpu_us - ours.least_cpu_us
        found.append(Bound("CPU that a journal costs a row", "at most 25 µs", f"{more:.0f} µs", more <= 25))
    return found


def _memory(flat: list[Round]) -> list[Bound]:
    if not flat:
        return []
    few, many = flat
    grown = max(0, many.pushed.peak_memory - few.pushed.peak_memory) / 1e6
    measure = f"peak memory of {many.items:,} items over that of {few.items:,}"
    peaks = f"{few.pushed.peak_memory / _MIB:.0f} and {many.pushed.peak_memory / _MIB:.0f} MiB"
    return [Bound(measure, "at most 30 MB", f"{grown:.1f} MB ({peaks})", grown <= 30)]


def _offline(results: Results) -> list[Bound]:
    steps = _steps(results)
    found = []
    for step, columns in (("reading and checking", "six columns"), ("reading and checking every column", "all ten")):
        if took := steps.get(("rows", step)):
            items = next(each.items for each in results.offline if each.part == "rows")
            measure = f"reading and checking a CSV of {items:,} rows, {columns}"
            found.append(Bound(measure, "at most 3 s", _seconds(took), median(took) <= 3))
    if took := steps.get(("plan", "comparing")):
        items = next(each.items for each in results.offline if each.part == "plan")
        measure = f"comparing {items:,} rows with as many trunks"
        found.append(Bound(measure, "at most 1 s", _seconds(took), median(took) <= 1))
    steps_of_going_on = {step: took for (part, step), took in steps.items() if part == "going on"}
    if listing := steps_of_going_on.get("listing, its pages at hand"):
        items = next(each.items for each in results.offline if each.part == "going on")
        measure = f"going on with a job of {items:,} rows of which one is left, CPU besides the two listings"
        whole = [sum(took) for took in zip(*steps_of_going_on.values(), strict=True)]
        besides = [max(0.0, took - 2 * pages) for took, pages in zip(whole, listing, strict=True)]
        found.append(Bound(measure, "at most 3 s", _seconds(besides), median(besides) <= 3))
    return found


def _steps(results: Results) -> dict[tuple[str, str], list[float]]:
    found: dict[tuple[str, str], list[float]] = {}
    for each in results.offline:
        for step, seconds in each.took.seconds.items():
            found.setdefault((each.part, step), []).append(seconds)
    return found


def _seconds(took: list[float]) -> str:
    return f"{median(took):.2f} s ({min(took):.2f} to {max(took):.2f})"


def markdown(results: Results) -> str:
    """Return the tables."""
    tables = []
    if results.left_out:
        tables.append(f"Left out: {'; '.join(f'{way} ({why})' for way, why in results.left_out.items())}.")
    if checked := bounds(results):
        lines = [(each.measure, each.wanted, each.reached, "met" if each.met else "**not met**") for each in checked]
        tables.append(f"### What bulk jobs must reach\n\n{report.table(_HEADER, lines)}")
    if measured := rows(results.rounds):
        tables.append(f"### Many updates, {results.concurrency} in flight\n\n{_ways_table(measured)}")
    if whole := [(step, took) for (part, step), took in _steps(results).items() if part == "whole job"]:
        items = next(each.items for each in results.offline if each.part == "whole job")
        lines = [(step, _seconds(took), f"{median(took) / items * 1e6:,.0f}") for step, took in whole]
        table = report.table(("step", "CPU", "CPU µs/row"), lines)
        tables.append(f"### A whole job of {items:,} rows\n\n{table}")
    return "\n\n".join(tables)


def _ways_table(measured: Iterable[Row]) -> str:
    header = ("way", "items", "calls/s", "CPU µs/call", "least CPU", "peak MiB", "grown by bytes an item")
    lines = [
        (
            row.way,
            f"{row.items:,}",
            f"{row.calls_per_second:,.0f}",
            f"{row.cpu_us:,.0f}",
            f"{row.least_cpu_us:,.0f}",
            f"{row.peak_mib:.0f}",
            f"{row.grown_bytes:,.0f}",
        )
        for row in measured
    ]
    return report.table(header, lines)


def to_json(known: Mapping[str, Any], results: Results) -> str:
    """Return everything that was measured."""
    return report.to_json(
        known,
        left_out=results.left_out,
        bounds=[each._asdict() for each in bounds(results)],
        rows=[row._asdict() for row in rows(results.rounds)],
        rounds=[{**each._asdict(), "pushed": each.pushed._asdict()} for each in results.rounds],
        flat=[{**each._asdict(), "pushed": each.pushed._asdict()} for each in results.flat],
        offline=[{**each._asdict(), "took": each.took._asdict()} for each in results.offline],
    )
