"""`python -m benchmarks command`: what a short command of `itnio` takes, beside the import of the libraries alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from statistics import median

from benchmarks import bounds, report
from benchmarks.imports import LIBRARIES, interleaved
from benchmarks.process import ROOT, cores, pin

# As the script that pip installs begins it.
_ITNIO = "import sys; from itnio_async.cli import main; sys.exit(main())"
_LIBRARIES = "libraries"
_WORDS: dict[str, Sequence[str]] = {
    "itnio --version": ["--version"],
    "itnio codes -53": ["codes", "-53"],
    "itnio agents --help": ["agents", "--help"],
    "itnio trunks list --help": ["trunks", "list", "--help"],
}
# The last two are most of a command that makes no call. typer 0.29 loads pydantic for any option that is no flag.
PROGRAMS: dict[str, Sequence[str]] = {
    _LIBRARIES: ["-c", f"import {', '.join(LIBRARIES)}"],
    **{name: ["-c", _ITNIO, *words] for name, words in _WORDS.items()},
    "typer alone": ["-c", "import typer"],
    "typer and pydantic": ["-c", "import typer, pydantic, pydantic.json_schema"],
}
# How many times the libraries' CPU it may be.
_BOUNDS = {"itnio codes -53": 1.6, "itnio agents --help": 2.5}


def run(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of CPU of each program, from its beginning to its end, interleaved."""
    return interleaved(PROGRAMS, _time, rounds)


def _time(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    core = cores()[1]
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment,
        preexec_fn=lambda: pin(core),  # noqa: PLW1509, RUF100 - no thread of ours is running
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def markdown(times: Mapping[str, Sequence[float]]) -> str:
    """Return the table of `command`."""
    header = ("program", "CPU ms, median", "least to most", "times the libraries")
    lines = [
        (
            f"`{name}`",
            f"{median(each) * 1e3:.1f}",
            f"{min(each) * 1e3:.1f} to {max(each) * 1e3:.1f}",
            f"{_ratio(each, times[_LIBRARIES]):.2f}",
        )
        for name, each in times.items()
    ]
    return f"{report.table(header, lines)}\n\n{bounds.markdown(check(times))}"


def check(times: Mapping[str, Sequence[float]]) -> list[bounds.Checked]:
    """Return what became of the bounds."""
    found = []
    for name, most in _BOUNDS.items():
        ratio = _ratio(times[name], times[_LIBRARIES])
        checked = bounds.at_most(f"CPU of `{name}`, against the libraries' import", most, "times", ratio)
        found.append(checked._replace(least_cpu=f"{min(times[name]) / min(times[_LIBRARIES]):.2f} times"))
    return found


def _ratio(ours: Sequence[float], libraries: Sequence[float]) -> float:
    # The machine's speed drifts, so each round is compared with itself.
    return median(mine / alone for mine, alone in zip(ours, libraries, strict=True))
