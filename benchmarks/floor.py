"""The floor: the least that an update can cost in Python, with nothing that a client needs besides.

No timeout, no error but a lost connection, no cancellation, one request and answer form.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any
from urllib.parse import urlsplit

import httptools
import orjson

from benchmarks import job


class FloorClient:
    """Keeps at most 100 connections, opened as needed."""

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._host, self._port = parts.hostname, parts.port
        self._head = (
            f"POST {job.PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json;charset=UTF-8\r\n"
        )
        self._slots = asyncio.Semaphore(job.CONNECTIONS)
        self._idle: list[_Exchange] = []

    async def update(self) -> Any:
        """Send the update and return the answer's data."""
        async with self._slots:
            exchange = self._idle.pop() if self._idle else await self._connect()
            body = orjson.dumps(job.UPDATE)
            signed = "".join([f"{name}: {value}\r\n" for name, value in job.signed_headers().items()])
            head = f"{self._head}{signed}Content-Length: {len(body)}\r\n\r\n"
            answer = orjson.loads(await exchange.send(head.encode() + body))
            self._idle.append(exchange)
            if answer["status"] != "0":
                raise RuntimeError(f"refused: {answer}")
            return answer["data"]

    async def _connect(self) -> _Exchange:
        _, exchange = await asyncio.get_running_loop().create_connection(
            _Exchange, self._host, self._port, ssl=self._context
        )
        return exchange

    def close(self) -> None:
        """Close the connections."""
        for exchange in self._idle:
            exchange.transport.close()


class _Exchange(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        self.data_received = httptools.HttpResponseParser(self).feed_data  # type: ignore[method-assign]

    def send(self, request: bytes) -> asyncio.Future[bytes]:
        """Write a request; the future is the answer's body."""
        self.body = b""
        self.answer: asyncio.Future[bytes] = self.loop.create_future()
        self.transport.write(request)
        return self.answer

    def connection_lost(self, error: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(error or ConnectionResetError("closed by the server"))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.answer.set_result(self.body)
