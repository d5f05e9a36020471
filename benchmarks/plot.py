"""The results as pictures. matplotlib is asked for only here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.bulk_report import Row as WayRow
from benchmarks.call_report import Row
from benchmarks.pace import Result as Pace
from benchmarks.peers import SDKS

# From few to many in flight: one hue that grows darker, told apart without colour too by their shapes.
_SHADES = ("#9ecae1", "#4a98c9", "#1764ab", "#08306b")
_SHAPES = ("o", "s", "D", "^")
_OURS, _TEXT, _FAINT = "#c0392b", "#333333", "#dddddd"


def require() -> None:
    """End the program, before anything is measured, where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise SystemExit("A plot needs matplotlib, which is in the extra `bench`.")


def calls(rows: Iterable[Row], path: Path) -> None:
    """Draw the calls a second of each peer at each number in flight, the fastest at the top."""
    rates: dict[str, dict[int, float]] = {}
    for row in rows:
        if not row.setup:
            rates.setdefault(row.peer, {})[row.in_flight] = row.calls_per_second
    if not rates:
        return
    numbers = sorted({number for of_peer in rates.values() for number in of_peer})
    order = sorted(rates, key=lambda peer: max(rates[peer].values()))
    figure, axes = _figure(height=1.5 + 0.38 * len(order))
    for position, peer in enumerate(order):
        found = rates[peer].values()
        axes.plot((min(found), max(found)), (position, position), color=_FAINT, linewidth=2.5, zorder=1)
        axes.annotate(
            f"{max(found):,.0f}", (max(found), position), (9, 0), textcoords="offset points", va="center", fontsize=8
        )
    for index, number in enumerate(numbers):
        points = [(rates[peer][number], position) for position, peer in enumerate(order) if number in rates[peer]]
        shade = min(index, len(_SHADES) - 1)
        axes.scatter(
            *zip(*points, strict=True),
            s=38,
            color=_SHADES[shade],
            marker=_SHAPES[shade],
            edgecolors="white",
            linewidths=0.6,
            label=f"{number:,}",
            zorder=2,
        )
    _name(axes, order)
    axes.set_xscale("log")
    axes.set_xlabel("calls a second (log scale; the number is each peer's best)")
    axes.legend(title="in flight", loc="lower right", ncols=1, frameon=True, fontsize=8, title_fontsize=8, framealpha=1)
    _thousands(axes)
    _save(figure, path)


def ways(rows: Sequence[WayRow], path: Path) -> None:
    """Draw the calls a second of each way beside the memory that it takes."""
    order = list(reversed(rows))
    figure, (speed, memory) = _figure(height=1.2 + 0.36 * len(order), columns=2)
    positions = range(len(order))
    colors = [_OURS if row.way.startswith("update_many") else "#4a98c9" for row in order]
    for axes, values, text in (
        (speed, [row.calls_per_second for row in order], [f"{row.calls_per_second:,.0f}" for row in order]),
        (memory, [row.grown_bytes / 1024 for row in order], [_memory_text(row) for row in order]),
    ):
        axes.barh(positions, values, color=colors, height=0.62)
        for position, value, each in zip(positions, values, text, strict=True):
            axes.annotate(each, (value, position), (5, 0), textcoords="offset points", va="center", fontsize=8)
        axes.margins(x=0.42)
        axes.locator_params(axis="x", steps=[1, 2, 5, 10], integer=True)
        axes.xaxis.set_major_formatter("{x:,.0f}")
    speed.set_yticks(positions, [row.way for row in order])
    speed.set_xlabel("calls a second")
    memory.set_xlabel("memory that each item adds to the peak, KiB")
    _save(figure, path)


def paces(results: Sequence[Pace], path: Path) -> None:
    """Draw what was done in each second below what was allowed, a panel for the first run of each."""
    require()
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    columns = 4
    rows = -(-len(results) // columns)
    figure, panels = pyplot.subplots(
        rows, columns, figsize=(12, 2.1 * rows), layout="constrained", sharey="row", squeeze=False
    )
    for axes, result in zip(panels.flat, results, strict=True):
        run = result.runs[0]
        seconds = range(len(run.per_second))
        axes.step(seconds, run.allowed, where="post", color="#4a98c9", linewidth=1.2, label="allowed")
        axes.step(seconds, run.per_second, where="post", color=_OURS, linewidth=1.0, label="done")
        axes.set_title(str(result.scenario), fontsize=8, color=_TEXT)
        axes.tick_params(labelsize=7)
        axes.set_ylim(bottom=0)
        axes.grid(color=_FAINT, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0][0].legend(fontsize=7, frameon=False, loc="lower right")
    figure.supxlabel("seconds", fontsize=8)
    figure.supylabel("calls a second", fontsize=8)
    _save(figure, path)


def _memory_text(row: WayRow) -> str:
    return f"{row.grown_bytes / 1024:.1f} (peak {row.peak_mib:.0f} MiB)"


def _figure(height: float, columns: int = 1) -> Any:
    require()
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, columns, figsize=(8.6, height), layout="constrained", sharey=True)
    for each in [axes] if columns == 1 else axes:
        each.grid(axis="x", which="major", color=_FAINT, linewidth=0.8)
        each.set_axisbelow(True)
        each.spines[["top", "right", "left"]].set_visible(False)
        each.tick_params(axis="y", length=0)
    return figure, axes


def _name(axes: Any, names: Sequence[str]) -> None:
    """Write a name to each line: ours in bold, and of the others what they are."""
    axes.set_yticks(range(len(names)), [_label(name) for name in names])
    axes.set_ylim(-0.6, len(names) - 0.4)
    for label, name in zip(axes.get_yticklabels(), names, strict=True):
        is_ours = name.startswith("sdk")
        label.set(color=_OURS if is_ours else _TEXT, fontweight="bold" if is_ours else "normal")


def _label(name: str) -> str:
    return f"{name} (SDK)" if name in SDKS else name.replace("sdk", "itnio-async")


def _thousands(axes: Any) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * 1.5)  # room for the last number


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=140)
