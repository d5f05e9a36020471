"""Programs that are no part of this package: found or skipped, started as processes of their own, ended afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import pytest

# Debian keeps servers where the PATH of most users does not look.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])


def program(name: str, *, package: str) -> str:
    """Return the path of a program; without it the test is skipped, or fails where nothing may be skipped."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        _missing(f"{name} is not installed (Debian: apt-get install {package}).")
    return str(found)


def python_program(module: str, *, package: str) -> list[str]:
    """Return what starts a module as a program, or skip as `program` does."""
    if find_spec(module) is None:
        _missing(f"{module} is not installed (pip install {package}).")
    return [sys.executable, "-m", module]


def _missing(reason: str) -> None:
    if os.environ.get("CI_NO_SKIP") == "1":
        pytest.fail(f"{reason} CI_NO_SKIP=1 wants it.")
    pytest.skip(reason)


def unused_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def until(condition: Callable[[], Any], within: float = 30.0) -> Any:
    """Return what a condition, plain or async, gives as soon as that is true; the event loop runs meanwhile."""
    deadline = time.monotonic() + within
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within:g} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(0.002)


class Program:
    """`async with Program(arguments, port=..., log=path)`: ready when its port takes connections.

    It can be started again after `stop`. What it prints goes to the file `log`.
    """

    def __init__(self, arguments: Sequence[str], *, port: int, log: Path) -> None:
        self.arguments = arguments
        self.port = port
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: ASYNC220 - the loop has nothing else to do in that millisecond
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            await until(self._is_ready, within=20)
        except BaseException:
            await self.stop()
            raise

    def _is_ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"{self.arguments[0]} did not start:\n{self.log.read_text()}")
        return self.is_listening()

    def is_listening(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def send_signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end and return its status."""
        process = self.process
        assert process is not None
        await until(lambda: process.poll() is not None)
        return process.returncode

    async def stop(self) -> None:
        """Kill it and all that it has started; return when its port is free."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        await until(lambda: not self.is_listening())

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
