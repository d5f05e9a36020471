"""What all results have in common: how they were made, tables of Markdown, and JSON."""

from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks import golang

README = Path(__file__).parent / "README.md"
PACKAGES = (
    "itnio-async",
    "httpx",
    "httpcore",
    "httpx2",
    "httpx-aiohttp",
    "pyreqwest",
    "wreq",
    "aiohttp",
    "uvloop",
    "twilio",
    "telnyx",
    "stripe",
    "openai",
    "livekit-api",
    "sentry-sdk",
    "opentelemetry-sdk",
    "opentelemetry-instrumentation-httpx",
    "httptools",
    "orjson",
    "attrs",
    "cattrs",
    "tenacity",
    "typer",
    "pydantic",
)


def table(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; all columns but the first are numbers."""
    marks = ["---", *("---:" for _ in header[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, marks, *lines))


def load() -> list[float] | None:
    """Return how busy the machine is: its load averages of 1, 5 and 15 minutes."""
    return [round(each, 1) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None


def facts(before: list[float] | None, **more: Any) -> dict[str, Any]:
    """Return machine, versions and command, how busy the machine was before and now, and what is given."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "command": "python -m benchmarks " + shlex.join(sys.argv[1:]),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load_before": before,
        "load": load(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": {name: found for name in (*PACKAGES, "Go") if (found := _version(name))},
        **more,
    }


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    if known.exists():
        for line in known.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    if name == "Go":
        return golang.version()
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def facts_markdown(known: Mapping[str, Any]) -> str:
    """Return the facts as a paragraph."""
    versions = ", ".join(f"{name} {found}" for name, found in known["versions"].items())
    server = f"; server: {known['server']}" if "server" in known else ""
    machine = f"{known['machine']}, load averages {known['load_before']} before and {known['load']} after{server}"
    return f"`{known['command']}`, {known['date']}; {machine}; {known['python']}; {versions}."


def to_json(known: Mapping[str, Any], **results: Any) -> str:
    """Return facts and results as text."""
    return json.dumps({**known, **results}, indent=1, ensure_ascii=False) + "\n"


def put(section: str, text: str, readme: Path = README) -> None:
    """Replace what stands in the README under that heading of the second level, up to the next one.

    Raises `ValueError` where there is no such heading.
    """
    before, heading, rest = readme.read_text().partition(f"\n## {section}\n")
    if not heading:
        raise ValueError(f"{readme.name} has no section {section!r}.")
    _, following, after = rest.partition("\n## ")
    readme.write_text(f"{before}{heading}\n{text.strip()}\n{following}{after}")
