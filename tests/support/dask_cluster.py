"""A Dask scheduler and its workers as processes of their own, and a relay that keeps what passes through it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

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


class Relay:
    """`async with Relay(port) as relay`: passes everything on to a port of this machine and keeps it in `seen`."""

    def __init__(self, port: int) -> None:
        self.seen = bytearray()
        self._port = port
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._pass_on(reader, there_writer), self._pass_on(there_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(2**16):
                self.seen += data
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
