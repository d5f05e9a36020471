"""A process that was stopped for a while takes the answer that came meanwhile, though its timers ring first."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.fault_server import call, in_thread, pool_of
from support.raw_server import serve

from itnio_async import AsyncClient


class StoppedOnce(selectors.DefaultSelector):
    """A process that is stopped while it waits for its sockets, until they have something and that moment is past.

    As with SIGSTOP: the time is over then, and the system says nothing about the sockets until it is asked again.
    """

    until: float | None = None

    def select(self, timeout: float | None = None) -> Any:
        if self.until is None:
            return super().select(timeout)
        until, self.until = self.until, None
        assert super().select(5)
        time.sleep(max(0.0, until - time.monotonic()))
        return []


def run(scenario: Callable[[StoppedOnce], Any]) -> None:
    selector = StoppedOnce()
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(scenario(selector))


async def in_a_stop(selector: StoppedOnce, sent: Any) -> Any:
    """Begin what sends a request; return what comes of it after a stop of more than its 0.05 seconds."""
    task = asyncio.create_task(sent)
    await asyncio.sleep(0)
    selector.until = time.monotonic() + 0.1
    return await task


@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
def test_the_read_timeout(tls: bool) -> None:
    async def scenario(selector: StoppedOnce) -> None:
        async with pool_of(1) as transport:
            await call(transport, server)
            late = await in_a_stop(selector, call(transport, server, timeout={"read": 0.05}))
            assert late.status_code == 200

    with in_thread(serve, tls=tls) as server:
        run(scenario)


def test_the_deadline() -> None:
    async def scenario(selector: StoppedOnce) -> None:
        async with AsyncClient("k", "s", base_url=server.url) as client:
            await client.request("GET", "/v3/x")
            hurried = client.with_options(deadline=0.05)
            assert (await in_a_stop(selector, hurried.request("GET", "/v3/x"))).status == 0

    with in_thread(serve) as server:
        run(scenario)
