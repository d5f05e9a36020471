"""Any order of calls, answers, cancellations and disconnects, against a model of what must hold at every moment.

nginx before the server turns some of its faults into answers of its own; what must hold is the same.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from attrs import define, field
from hypothesis import settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.fault_server import OK, assert_whole, call, client_tls, until
from support.peers import Peer
from support.raw_server import Connection

from itnio_async.transport.pooled import PooledTransport

# Enough of them for an order to be obeyed, and for a request to go all the way to the server and back over loopback.
SETTLING_TICKS = 30
LAST_ANSWER = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@define(eq=False)
class Line:
    """A connection as the server sees it: with a request that waits for `orders`, or idle."""

    connection: Connection
    orders: asyncio.Queue[Any] = field(factory=asyncio.Queue)
    is_busy: bool = False
    answer: bytes = b""


class Switchboard:
    """A server that does with each request what it is told to, and in the end, with `answers_all`, what it should."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.overlaps = 0
        self.answers_all = False

    async def __call__(self, connection: Connection) -> None:
        line = Line(connection)
        self.lines.append(line)
        try:
            listening = asyncio.ensure_future(connection.receive())
            while True:
                ordered = asyncio.ensure_future(line.orders.get())
                await asyncio.wait([listening, ordered], return_when=asyncio.FIRST_COMPLETED)
                if listening.done():
                    listening.result()
                    self.overlaps += line.is_busy
                    line.is_busy = True
                    if self.answers_all:
                        line.orders.put_nowait(OK)
                    listening = asyncio.ensure_future(connection.receive())
                if ordered.done():
                    if not await self.obey(line, ordered.result()):
                        return
                else:
                    ordered.cancel()
        finally:
            for task in (listening, ordered):
                task.cancel()
            await asyncio.gather(listening, ordered, return_exceptions=True)
            self.lines.remove(line)

    async def obey(self, line: Line, order: bytes | str) -> bool:
        if order == "reset":
            line.connection.reset()
            return False
        if order == "hang up":
            return False
        assert isinstance(order, bytes)
        await line.connection.send(order)
        if line.is_busy:
            line.answer += order
            _, is_head_whole, body = line.answer.partition(b"\r\n\r\n")
            if is_head_whole and len(body) >= len(b"{}"):
                line.is_busy, line.answer = False, b""
        return b"Connection: close" not in order

    @property
    def busy(self) -> int:
        """The requests that wait for orders."""
        return sum(line.is_busy for line in self.lines)

    def order(self, number: int, order: bytes | str, *, busy: bool) -> None:
        lines = [line for line in self.lines if line.is_busy == busy]
        if lines:
            lines[number % len(lines)].orders.put_nowait(order)


async def pass_by(ticks: int) -> None:
    for _ in range(ticks):
        await asyncio.sleep(0)


numbers = st.integers(0, 20)


class PoolMachine(RuleBasedStateMachine):
    """`calls` is the model: each is under way until it is done, and has a slot if there are enough for all."""

    def __init__(self, peer: Peer) -> None:
        super().__init__()
        self.peer = peer

    @initialize(limit=st.integers(1, 4), kept=st.integers(0, 4))
    def begin(self, limit: int, kept: int) -> None:
        self.runner = asyncio.Runner()
        self.limit = limit
        self.kept = kept
        self.calls: list[asyncio.Task[httpx.Response]] = []
        self.board = Switchboard()

        async def start() -> None:
            limits = httpx.Limits(max_connections=limit, max_keepalive_connections=kept, keepalive_expiry=60)
            self.transport = PooledTransport(limits=limits, verify=client_tls())
            self.server = await self.peer(self.board).__aenter__()
            self.urls = [self.server.url, self.server.url.replace("127.0.0.1", "localhost")]

        self.runner.run(start())

    @property
    def under_way(self) -> int:
        return sum(not one.done() for one in self.calls)

    def settle(self) -> None:
        """Wait until each request that has a slot has reached the server, and each answer its call."""

        def is_settled() -> bool:
            return self.agrees() and self.board.busy == self.transport.stats.in_use

        async def settle() -> None:
            await pass_by(SETTLING_TICKS)
            await until(is_settled)

        self.runner.run(settle())

    @rule(origin=st.integers(0, 1), method=st.sampled_from(["GET", "POST"]))
    def call(self, origin: int, method: str) -> None:
        async def start() -> None:
            self.calls.append(asyncio.ensure_future(call(self.transport, self.urls[origin], method)))

        # Runner.run cancels nothing: the tasks live on in its loop.
        self.runner.run(start())
        self.settle()

    @precondition(lambda self: self.calls)
    @rule(number=numbers, answer=st.sampled_from([OK, LAST_ANSWER, OK + b"surplus", OK[:30], OK[:-1], b"garbage"]))
    def answer(self, number: int, answer: bytes) -> None:
        self.board.order(number, answer, busy=True)
        self.settle()

    @precondition(lambda self: self.calls)
    @rule(number=numbers, end=st.sampled_from(["hang up", "reset", b"x"]), busy=st.booleans())
    def disconnect(self, number: int, end: Any, busy: bool) -> None:
        self.board.order(number, end, busy=busy)
        self.settle()

    @precondition(lambda self: self.calls)
    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        under_way = [one for one in self.calls if not one.done()]
        if under_way:
            under_way[number % len(under_way)].cancel()
            self.settle()

    @precondition(lambda self: self.calls)
    @rule(number=numbers, other=numbers, ticks=st.integers(0, 15))
    def cancel_while_an_answer_arrives(self, number: int, other: int, ticks: int) -> None:
        self.board.order(number, OK, busy=True)
        self.runner.run(pass_by(ticks))
        self.cancel(other)

    @precondition(lambda self: self.calls)
    @rule()
    def grow_old(self) -> None:
        pool = self.transport._pool
        if pool is not None:

            async def ring() -> None:
                for connection in pool._origins:
                    connection.idle_since -= 61
                pool._reap()
                # Before the loop goes on: nginx may answer in the next tick, and leave a connection that is idle since.
                assert self.transport.stats.idle == 0

            self.runner.run(ring())
            self.settle()

    def agrees(self) -> bool:
        """Tell whether the pool has the calls under way, and check what must hold in the middle of things too."""
        stats = self.transport.stats
        assert stats.in_use + stats.idle <= self.limit
        assert stats.connections_open <= self.limit
        assert stats.idle <= self.kept
        assert not (stats.waiting and stats.idle)
        assert self.board.overlaps == 0
        has_slot = min(self.under_way, self.limit)
        return (stats.in_use, stats.waiting) == (has_slot, self.under_way - has_slot)

    @invariant()
    def what_must_hold(self) -> None:
        if not hasattr(self, "runner"):
            return
        # Not at once: nginx may answer in the tick after all was settled, and a call ends in the one after that.
        self.runner.run(until(self.agrees))
        for one in self.calls:
            if one.done() and not one.cancelled() and one.exception() is not None:
                assert isinstance(one.exception(), httpx.ReadError | httpx.RemoteProtocolError)

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return

        async def finish() -> None:
            for one in self.calls:
                one.cancel()
            await asyncio.gather(*self.calls, return_exceptions=True)
            assert self.transport.stats.in_use == 0
            self.board.answers_all = True
            for url in self.urls:
                await assert_whole(self.transport, url)
            await self.transport.aclose()
            await self.server.__aexit__()

        self.runner.run(finish())
        self.runner.close()


def test_any_order_of_events(peer: Peer) -> None:
    run_state_machine_as_test(
        lambda: PoolMachine(peer), settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )
