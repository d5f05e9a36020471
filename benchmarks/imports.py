"""`python -m benchmarks import`: what importing the package takes beyond the libraries that it stands on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeVar

from benchmarks import bounds, report
from benchmarks.process import ROOT, cores, pin

T = TypeVar("T")

# Milliseconds.
_BOUND = 50
LIBRARIES = ("httpx", "attrs", "cattrs", "tenacity")
_IMPORT = f"import {', '.join(LIBRARIES)}"
# Each name is imported with its first use: all are used, but for ENDPOINTS, which loads the types of all families. The
# last one tells asyncio's own part: every program that awaits something has paid it already.
PROGRAMS = {
    "libraries": _IMPORT,
    "itnio_async": "import itnio_async; [getattr(itnio_async, n) for n in itnio_async.__all__ if n != 'ENDPOINTS']",
    "libraries and asyncio": f"{_IMPORT}, asyncio",
}


@contextmanager
def _own_bytecode() -> Iterator[Mapping[str, str]]:
    """Give the environment of programs whose bytecode is kept for the time of the measurement.

    Installed packages have theirs; a checkout may lack it, or be told not to write any.
    """
    with TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        yield environment


def run(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of CPU of each program's imports, a fresh interpreter each, interleaved."""
    return interleaved(PROGRAMS, _time, rounds)


def interleaved(
    programs: Mapping[str, T], measure: Callable[[T, Mapping[str, str]], float], rounds: int
) -> dict[str, list[float]]:
    """Return what `measure` says of each program in each round, after a first one that writes their bytecode."""
    with _own_bytecode() as environment:
        for program in programs.values():
            measure(program, environment)
        times: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(rounds):
            for name, program in programs.items():
                times[name].append(measure(program, environment))
    return times


def _time(statement: str, environment: Mapping[str, str]) -> float:
    code = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
    core = cores()[1]
    said = subprocess.check_output(
        [sys.executable, "-c", code],
        text=True,
        cwd=ROOT,
        env=environment,
        preexec_fn=lambda: pin(core),  # noqa: PLW1509, RUF100 - no thread of ours is running
    )
    return float(said)


def markdown(times: Mapping[str, Sequence[float]]) -> str:
    """Return the table of `import`."""
    header = ("import", "CPU ms, median", "least to most")
    lines = [
        (f"`{name}`", f"{median(each) * 1e3:.1f}", f"{min(each) * 1e3:.1f} to {max(each) * 1e3:.1f}")
        for name, each in times.items()
    ]
    return f"{report.table(header, lines)}\n\n{bounds.markdown(check(times))}"


def check(times: Mapping[str, Sequence[float]]) -> list[bounds.Checked]:
    """Return what became of the bound."""
    ours, libraries = times["itnio_async"], times["libraries"]
    # The machine's speed drifts, so each round is compared with itself.
    added = median(mine - alone for mine, alone in zip(ours, libraries, strict=True)) * 1e3
    checked = bounds.at_most("CPU that importing all of itnio_async adds to the libraries", _BOUND, "ms", added)
    # What else runs on a machine only ever makes an import slower.
    return [checked._replace(least_cpu=f"{(min(ours) - min(libraries)) * 1e3:.2f} ms")]
