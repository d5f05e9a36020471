"""Proxies: real ones as processes of their own, and a small one in the test's event loop that knows made-up names."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from attrs import define, field

from support.programs import Program, program, python_program, unused_port
from support.raw_server import Connection


class RealProxy(Program):
    """A proxy on `url`, which wants `credentials` (user and password) if there are any."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def proxy_py(folder: Path, credentials: tuple[str, str] | None = None) -> RealProxy:
    port = unused_port()
    arguments = [*python_program("proxy", package="proxy.py"), "--hostname", "127.0.0.1", "--port", str(port)]
    arguments += ["--num-workers", "1", "--num-acceptors", "1", "--data-dir", str(folder / "data")]
    if credentials:
        arguments += ["--basic-auth", ":".join(credentials)]
    return RealProxy(arguments, port=port, log=folder / "proxy.log")


def tinyproxy(folder: Path, credentials: tuple[str, str] | None = None, *, lines: str = "") -> RealProxy:
    port = unused_port()
    if credentials:
        lines += f"\nBasicAuth {' '.join(credentials)}"
    configuration = folder / "tinyproxy.conf"
    configuration.write_text(f'Port {port}\nListen 127.0.0.1\nTimeout 60\nPidFile "{folder}/pid"\n{lines}\n')
    found = program("tinyproxy", package="tinyproxy")
    return RealProxy([found, "-d", "-c", str(configuration)], port=port, log=folder / "proxy.log")


@define
class NamingProxy:
    """A handler for a raw server: a proxy that finds `ports` of this machine under made-up names.

    `asked` are the first words of the requests that it got; it wants `credentials`, as user:password, if there are any.
    With `hangs_up` it forwards one request of a connection, and closes it, without having said so, when the next comes:
    tinyproxy closes after each answer, and a client may not see it in time.
    """

    ports: dict[str, int]
    credentials: str = ""
    hangs_up: bool = False
    asked: list[str] = field(factory=list)

    async def __call__(self, connection: Connection) -> None:
        served = 0
        while True:
            request = await connection.receive()
            if self.hangs_up and served:
                return
            served += 1
            method, target, rest = request.split(b" ", 2)
            self.asked.append(f"{method.decode()} {target.decode()}")
            wanted = base64.b64encode(self.credentials.encode())
            if self.credentials and b"proxy-authorization: basic " + wanted.lower() not in request.lower():
                await connection.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif method == b"CONNECT":
                await self._connect(connection, target.decode())
                return
            else:
                await self._forward(connection, method, target, rest)

    async def _connect(self, connection: Connection, target: str) -> None:
        reader, writer = await self._open(target)
        await connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await relay(connection, reader, writer)

    async def _forward(self, connection: Connection, method: bytes, target: bytes, rest: bytes) -> None:
        host, slash, path = target.removeprefix(b"http://").partition(b"/")
        reader, writer = await self._open(host.decode())
        writer.write(b"%b %b%b %b" % (method, slash, path, rest))
        answer = await Connection(0, reader, writer).receive()  # it is framed as a request is
        writer.close()
        await connection.send(answer)

    async def _open(self, host: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.ports[host.rpartition(":")[0] or host])


async def relay(connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy both ways until either side ends."""

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()

    copies = [
        asyncio.create_task(copy(connection.reader, writer)),
        asyncio.create_task(copy(reader, connection.writer)),
    ]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in copies:
            task.cancel()
        await asyncio.gather(*copies, return_exceptions=True)
        writer.close()
