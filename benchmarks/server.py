"""The local server that all peers talk to, in a process and on a core of its own.

It answers as fast as Python can: a fixed success for whatever comes. So that nobody wins by sending less, the first
request of each connection is checked whole, signature and body, and the rest is counted.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.utils import formatdate
from typing import Any, NamedTuple
from urllib.request import ProxyHandler, build_opener

import httptools

from benchmarks import job
from benchmarks.process import child, pin

COUNTS_PATH = "/counts"


class Counts(NamedTuple):
    """What a server has done since it started; `cpu` is its process's seconds."""

    requests: int
    received: int
    cpu: float


class Server(NamedTuple):
    """A running server: its address, and how to ask for its counts."""

    url: str
    counts: Callable[[], Counts]


# -- the parent's side ------------------------------------------------------------------------------------------------


@contextmanager
def builtin(core: int | None) -> Iterator[Server]:
    """Run the server of this module."""
    with child("benchmarks.server", *(() if core is None else ("--core", str(core)))) as process:
        url = f"http://127.0.0.1:{process.read()['port']}"
        # Without the environment's proxies: they are not for this machine's own addresses.
        opener = build_opener(ProxyHandler({}))

        def counts() -> Counts:
            with opener.open(url + COUNTS_PATH) as answer:
                return Counts(**json.load(answer))

        yield Server(url, counts)


# By the name that `--server` takes.
SERVERS: dict[str, Callable[[int | None], AbstractContextManager[Server]]] = {"builtin": builtin}


# -- the server's process ---------------------------------------------------------------------------------------------


class _State:
    def __init__(self) -> None:
        self.requests = 0
        self.received = 0
        self.answer = b""

    def renew(self) -> None:
        """Write the answer anew, once a second: its `Date` has whole seconds."""
        date = formatdate(usegmt=True).encode()
        self.answer = _answer(b"200 OK", job.ANSWER, b"Date: %s\r\n" % date)
        asyncio.get_running_loop().call_later(1, self.renew)

    def counts(self) -> bytes:
        counts = Counts(self.requests, self.received, time.process_time())
        return _answer(b"200 OK", json.dumps(counts._asdict()).encode(), b"Connection: close\r\n")


def _answer(status: bytes, body: bytes, headers: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
    return head % (status, headers, len(body)) + body


class _Connection(asyncio.Protocol):
    """One connection: the first request through `_Checked`, all others through a parser that only finds their ends."""

    def __init__(self, state: _State) -> None:
        self.state = state
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
        self.write(self.state.answer)


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
        connection.on_message_complete()
        connection.parser = httptools.HttpRequestParser(connection)

    def wrong(self, method: bytes) -> str | None:
        """Return what is no update as the vendor wants it, or None."""
        if (method, self.url) != (b"POST", job.PATH.encode()):
            return "not the update's method and path"
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
        return None if body == job.UPDATE else "not the update"


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    state = _State()
    state.renew()
    server = await loop.create_server(lambda: _Connection(state), "127.0.0.1", 0, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    stopped = asyncio.Event()
    # Readable means ended: the parent writes nothing, and closes our standard input (or dies, which does the same).
    loop.add_reader(sys.stdin.fileno(), stopped.set)
    await stopped.wait()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--core", type=int)
    pin(parser.parse_args().core)
    # Nothing here makes reference cycles, and a pause of the server would be booked to the peers.
    gc.disable()
    asyncio.run(_serve())


if __name__ == "__main__":
    _main()
