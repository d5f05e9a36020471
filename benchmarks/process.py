"""Processes that are spoken to in lines of JSON, and the cores that they run on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class Child:
    """A running process; `read` and `write` are one line of JSON each."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def read(self) -> Any:
        """Return the next line; ends this program where the process ended without one (it has said why by itself)."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(map(str, self.process.args))} ended with {self.process.wait()}")  # type: ignore[arg-type]
        return json.loads(line)

    def ask(self, message: Any) -> Any:
        """Send a line and return the answer."""
        self.write(message)
        return self.read()

    def write(self, message: Any) -> None:
        """Send one line."""
        assert self.process.stdin is not None
        print(json.dumps(message), file=self.process.stdin, flush=True)


def module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this package with this interpreter."""
    return [sys.executable, "-m", name, *arguments]


@contextmanager
def child(command: Sequence[str], core: int | None) -> Iterator[Child]:
    """Run a program on one core; it is told to end by its standard input's end."""
    # Not every peer knows that a proxy is not for this machine's own addresses.
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = subprocess.Popen(
        command,
        # One core is all that a Go program has.
        env={**environment, "GOMAXPROCS": "1"},
        preexec_fn=lambda: pin(core),  # noqa: PLW1509, RUF100 - no thread of ours is running
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield Child(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cores() -> tuple[int | None, int | None]:
    """Return a core for the server and another one for the peers, or None twice where there is no choice."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[-1]) if len(allowed) > 1 else (None, None)


def pin(core: int | None) -> None:
    """Keep this process on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})
