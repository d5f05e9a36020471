"""The local server that all peers talk to, in a process and on a core of its own.

It answers as fast as Python can: a fixed success for each path. So that nobody wins by sending less, the first request
of each connection is checked whole, signature and body, and the rest is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, build_opener

import httptools

from benchmarks import job
from benchmarks.certificate import Certificate
from benchmarks.process import child, module

COUNTS_PATH = "/counts"


class Counts(NamedTuple):
    """What a server has done since it started; `received` is in bytes, `cpu` its process's seconds."""

    requests: int
    received: int
    cpu: float


class Server(NamedTuple):
    """A running server: its name, its addresses (the second one with TLS, empty without), and how to ask its counts."""

    name: str
    url: str
    tls_url: str
    counts: Callable[[], Counts]


# -- the parent's side ------------------------------------------------------------------------------------------------


@contextmanager
def builtin(core: int | None, certificate: Certificate | None = None) -> Iterator[Server]:
    """Run the server of this module."""
    secured = () if certificate is None else ("--certificate", certificate.chain)
    with child(module("benchmarks.server", *secured), core) as process:
        ports = process.read()
        url = f"http://127.0.0.1:{ports['port']}"
        tls_url = f"https://127.0.0.1:{ports['tls_port']}" if certificate else ""
        yield Server("the built-in one", url, tls_url, lambda: Counts(**json.loads(fetch(url + COUNTS_PATH))))


def fetch(url: str) -> bytes:
    """Return what this machine's server says there."""
    # Without the environment's proxies: they are not for this machine's own addresses.
    with build_opener(ProxyHandler({})).open(url) as answer:
        return answer.read()  # type: ignore[no-any-return]


# -- the server's process ---------------------------------------------------------------------------------------------


class _State:
    def __init__(self) -> None:
        self.requests = 0
        self.received = 0
        self.answers: dict[str, bytes] = {}

    def renew(self) -> None:
        """Write the answers anew, once a second: their `Date` has whole seconds."""
        date = b"Date: %s\r\n" % formatdate(usegmt=True).encode()
        for path, reply in job.REPLIES.items():
            self.answers[path] = _answer(b"200 OK", reply.body, date, reply.content_type)
        asyncio.get_running_loop().call_later(1, self.renew)

    def counts(self) -> bytes:
        counts = Counts(self.requests, self.received, time.process_time())
        return _answer(b"200 OK", json.dumps(counts._asdict()).encode(), b"Connection: close\r\n")


def _answer(status: bytes, body: bytes, headers: bytes = b"", content_type: str = "application/json") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n"
    return head % (status, content_type.encode(), headers, len(body)) + body


class _Connection(asyncio.Protocol):
    """One connection: the first request through `_Checked`, all others through a parser that only finds their ends.

    They all get the first one's answer: no peer asks for two things.
    """

    def __init__(self, state: _State) -> None:
        self.state = state
        self.path = job.PATH
        self.parser = httptools.HttpRequestParser(_Checked(self))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.write = transport.write
        self.close = transport.close

    def data_received(self, data: bytes) -> None:
        self.size = len(data)
        self.state.received += self.size
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.state.requests += 1
        self.write(self.state.answers[self.path])


class _Checked:
    """The first request of a connection, read whole."""

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self.url = b""
        self.headers: dict[bytes, str] = {}
        self.body = b""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        connection = self.connection
        if self.url == COUNTS_PATH.encode():
            connection.state.received -= connection.size
            connection.write(connection.state.counts())
            connection.close()
            return
        wrong = self.wrong(connection.parser.get_method())
        if wrong:
            connection.write(_answer(b"400 Bad Request", json.dumps({"status": "-22", "reason": wrong}).encode()))
            connection.close()
            return
        connection.path = self.url.decode()
        connection.on_message_complete()
        connection.parser = httptools.HttpRequestParser(connection)

    def wrong(self, method: bytes) -> str | None:
        """Return what is no update as its vendor wants it, or None."""
        if method != b"POST" or self.url.decode() not in job.REPLIES:
            return "not an update's method and path"
        if self.url != job.PATH.encode():
            known = job.NAME.encode() in self.body and b"authorization" in self.headers
            return None if known else "not another vendor's update"
        if not self.headers.get(b"content-type", "").startswith("application/json"):
            return "not JSON"
        if self.headers.get(b"api-key") != job.API_KEY:
            return "not the key"
        timestamp = self.headers.get(b"timestamp", "")
        # An hour: the ready-made request of one peer grows old during a run.
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 3600:
            return "not the time"
        if self.headers.get(b"sign", "").lower() != job.sign(timestamp):
            return "not signed"
        try:
            body: Any = json.loads(self.body)
        except ValueError:
            body = None
        # Many updates are each of another trunk.
        is_update = isinstance(body, dict) and {**body, "keyId": job.UPDATE["keyId"]} == job.UPDATE
        return None if is_update else "not the update"


async def _serve(chain: str | None) -> None:
    loop = asyncio.get_running_loop()
    state = _State()
    state.renew()
    ports = {"port": await _listen(state, None)}
    if chain:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(chain)
        ports["tls_port"] = await _listen(state, context)
    print(json.dumps(ports), flush=True)
    stopped = asyncio.Event()
    # Readable means ended: the parent writes nothing, and closes our standard input (or dies, which does the same).
    loop.add_reader(sys.stdin.fileno(), stopped.set)
    await stopped.wait()


async def _listen(state: _State, context: ssl.SSLContext | None) -> int:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(state), "127.0.0.1", 0, backlog=4096, ssl=context)
    return server.sockets[0].getsockname()[1]  # type: ignore[no-any-return]


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate")
    arguments = parser.parse_args()
    # Nothing here makes reference cycles, and a pause of the server would be booked to the peers.
    gc.disable()
    asyncio.run(_serve(arguments.certificate))


if __name__ == "__main__":
    _main()
