"""A Dask scheduler and its workers, as processes of their own or in the tests' own process."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.programs import unused_port

ALIVE = 2


class Farm:
    """A scheduler and two workers; `environment` is what the workers have besides that of the tests."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        self.port = unused_port()
        self.log = directory / "dask.log"
        self._directory = directory
        self._environment = {**os.environ, **environment}
        self._scheduler: subprocess.Popen[bytes] | None = None
        self._workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def complete(self) -> None:
        """Start what is not there (any more)."""
        if self._scheduler is None or self._scheduler.poll() is not None:
            self._scheduler = self._start("distributed.cli.dask_scheduler", "--port", str(self.port))
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        while len(self._workers) < ALIVE:
            arguments = (self.address, "--no-nanny", "--nthreads", "1", "--local-directory", str(self._directory))
            self._workers.append(self._start("distributed.cli.dask_worker", *arguments))

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    module,
                    *arguments,
                    "--host",
                    "127.0.0.1",
                    "--no-dashboard",
                    "--dashboard-address",
                    "127.0.0.1:0",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
            )

    def kill_scheduler(self) -> None:
        assert self._scheduler is not None
        self._scheduler.kill()
        self._scheduler.wait()

    def close(self) -> None:
        for process in (*self._workers, *([self._scheduler] if self._scheduler else [])):
            process.kill()
            process.wait()


@asynccontextmanager
async def cluster_at(host: str, protocol: str = "tcp", workers_at: str | None = None) -> AsyncIterator[Any]:
    """A scheduler and a worker on this loop, reached at this address of the machine; gives the scheduler."""
    from distributed import Scheduler, Worker

    options: Any = {"protocol": protocol, "port": 0, "dashboard": False, "dashboard_address": "127.0.0.1:0"}
    async with (
        Scheduler(host=host, **options) as scheduler,
        Worker(scheduler.address, nthreads=1, host=workers_at or host, protocol=protocol),
    ):
        yield scheduler


def own_address() -> str:
    """An address of this machine that others could reach it at; skips the test where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of the documentation; nothing is sent
        except OSError:
            pytest.skip("this machine has no address but its loopback")
        address: str = probe.getsockname()[0]
    return address
