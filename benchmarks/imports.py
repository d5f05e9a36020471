"""`python -m benchmarks import`: what `import itnio_async` takes beyond the libraries that it stands on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from benchmarks.process import ROOT, cores, pin

LIBRARIES = ("httpx", "attrs", "cattrs", "tenacity")
PROGRAMS: dict[str, Sequence[str]] = {"libraries": LIBRARIES, "itnio_async": ("itnio_async",)}


def run(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each program's imports, a fresh interpreter each, interleaved."""
    # Interpreters inherit the core.
    pin(cores()[1])
    for modules in PROGRAMS.values():
        _time(modules)  # compiles what has no bytecode yet, and fills the system's cache
    times: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, modules in PROGRAMS.items():
            times[name].append(_time(modules))
    return times


def _time(modules: Sequence[str]) -> float:
    code = f"import time; t = time.perf_counter(); import {', '.join(modules)}; print(time.perf_counter() - t)"
    return float(subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT))
