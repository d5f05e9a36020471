"""The results of `bulk` as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks import report
from benchmarks.bounds import Checked, at_most, markdown as markdown_of_bounds
from benchmarks.bulk import Results, Round
from benchmarks.offline import JOB, LISTING, UPDATES

_MIB = 2**20


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


def check(results: Results) -> list[Checked]:
    """Return what became of the bounds that were measured."""
    return [*_speed(rows(results.rounds)), *_memory(results.flat), *_offline(results)]


def _speed(measured: Iterable[Row]) -> list[Checked]:
    ways = {row.way: row for row in measured}
    ours, bare = ways.get("update_many"), ways.get("bare loop of update")
    journal = ways.get("update_many with a journal")
    found = []
    if ours and bare:
        ratio = ours.calls_per_second / bare.calls_per_second
        least = f"{bare.least_cpu_us / ours.least_cpu_us:.2f}"
        measure = "`update_many` against the bare loop, calls a second"
        found.append(Checked(measure, "at least 0.85", f"{ratio:.2f}", ratio >= 0.85, least))
    if ours and journal:
        ratio = ours.calls_per_second / journal.calls_per_second
        found.append(at_most("time with a journal against that without", 1.5, "times", ratio))
        found.append(at_most("CPU that a journal costs a row", 25, "µs", journal.least_cpu_us - ours.least_cpu_us))
    return found


def _memory(flat: list[Round]) -> list[Checked]:
    if not flat:
        return []
    few, many = flat
    grown = max(0, many.pushed.peak_memory - few.pushed.peak_memory) / 1e6
    measure = f"peak memory of {many.items:,} items over that of {few.items:,}"
    peaks = f" ({few.pushed.peak_memory / _MIB:.0f} and {many.pushed.peak_memory / _MIB:.0f} MiB)"
    return [at_most(measure, 30, "MB", grown, peaks)]


def _offline(results: Results) -> list[Checked]:
    """Return what became of the bounds of CPU, each with the steps of its part that count: listings do not."""
    items = {each.part: each.items for each in results.offline}
    found = []
    for part, measure, most, steps in (
        ("rows", "reading and checking a CSV of {:,} rows, six columns", 3, ["reading and checking"]),
        ("rows", "reading and checking a CSV of {:,} rows, all ten", 3, ["reading and checking every column"]),
        ("plan", "planning {:,} rows, CPU besides the listing", 1, ["reading and checking", "comparing"]),
        ("going on", "going on with a job of {:,} rows of which one is left, CPU besides the two listings", 3, None),
    ):
        rounds = [each.took for each in results.offline if each.part == part]
        if not rounds:
            continue
        if steps is None:
            took = [sum(each.seconds.values()) - 2 * each.seconds[LISTING] for each in rounds]
        else:
            took = [sum(each.seconds[step] for step in steps) for each in rounds]
        found.append(at_most(measure.format(items[part]), most, "s", median(took), _spread(took)))
        if part == "going on":
            listings = max(each.listings for each in rounds)
            found.append(Checked("listings when going on with it", "at most 2", str(listings), listings <= 2))
    return found


def _steps_of_job(rounds: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Return the seconds of each step; the job's own is split by what its listing and updates take alone."""
    found: dict[str, list[float]] = {}
    for seconds in rounds:
        for step, took in seconds.items():
            if step == JOB:
                found.setdefault("the job: its listing", []).append(seconds[LISTING])
                found.setdefault("the job: its updates", []).append(seconds[UPDATES])
                rest = took - seconds[LISTING] - seconds[UPDATES]
                found.setdefault("the job: decisions and journal", []).append(rest)
            elif step != UPDATES:
                found.setdefault(step, []).append(took)
    return found


def _spread(took: list[float]) -> str:
    return f" ({min(took):.2f} to {max(took):.2f})"


def markdown(results: Results) -> str:
    """Return the tables."""
    tables = []
    if results.left_out:
        tables.append(f"Left out: {'; '.join(f'{way} ({why})' for way, why in results.left_out.items())}.")
    if checked := check(results):
        tables.append(f"### What bulk jobs must reach\n\n{markdown_of_bounds(checked)}")
    if measured := rows(results.rounds):
        tables.append(f"### Many updates, {results.concurrency} in flight\n\n{_ways_table(measured)}")
    if rounds := [each for each in results.offline if each.part == "whole job"]:
        items, whole = rounds[0].items, _steps_of_job([each.took.seconds for each in rounds])
        lines = [
            (step, f"{median(took):.2f} s{_spread(took)}", _per_row(median(took), items))
            for step, took in whole.items()
        ]
        sums = [sum(each) for each in zip(*whole.values(), strict=True)]
        lines.append(("all of it", f"{median(sums):.2f} s{_spread(sums)}", _per_row(median(sums), items)))
        table = report.table(("step", "CPU", "CPU µs/row"), lines)
        tables.append(f"### A whole job of {items:,} rows\n\n{table}")
    return "\n\n".join(tables)


def _per_row(seconds: float, items: int) -> str:
    return f"{seconds / items * 1e6:,.1f}"


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
        bounds=[each._asdict() for each in check(results)],
        rows=[row._asdict() for row in rows(results.rounds)],
        rounds=[{**each._asdict(), "pushed": each.pushed._asdict()} for each in results.rounds],
        flat=[{**each._asdict(), "pushed": each.pushed._asdict()} for each in results.flat],
        offline=[{**each._asdict(), "took": each.took._asdict()} for each in results.offline],
    )
