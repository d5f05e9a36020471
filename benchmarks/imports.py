"""`python -m benchmarks import`: what `import itnio_async` takes beyond the libraries that it stands on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import bounds, report
from benchmarks.process import ROOT, cores, pin

# Milliseconds.
_BOUND = 50
LIBRARIES = ("httpx", "attrs", "cattrs", "tenacity")
# The last one tells asyncio's own part: every program that awaits something has paid it already.
PROGRAMS: dict[str, Sequence[str]] = {
    "libraries": LIBRARIES,
    "itnio_async": ("itnio_async",),
    "libraries and asyncio": (*LIBRARIES, "asyncio"),
}


def run(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of CPU of each program's imports, a fresh interpreter each, interleaved."""
    with TemporaryDirectory() as cache:
        # Installed packages have their bytecode; a checkout may lack it, or be told not to write any.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _time((*LIBRARIES, "itnio_async"), environment)
        times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
        for _ in range(rounds):
            for name, modules in PROGRAMS.items():
                times[name].append(_time(modules, environment))
    return times


def _time(modules: Sequence[str], environment: Mapping[str, str]) -> float:
    code = f"import time; t = time.process_time(); import {', '.join(modules)}; print(time.process_time() - t)"
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
    # What else runs on a machine only ever makes an import slower.
    added, least = ((of(times["itnio_async"]) - of(times["libraries"])) * 1e3 for of in (median, min))
    checked = bounds.at_most("CPU that importing itnio_async adds to the libraries", _BOUND, "ms", added)
    return [checked._replace(least_cpu=f"{least:.2f} ms")]
