"""A transport that answers what the test says, and a sleep that does not."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import httpx
from attrs import define, field


def answer(
    status: Any = 0, reason: str = "success", data: Any = None, *, http_status: int = 200, date: float | None = None
) -> httpx.Response:
    """The API's answer; `date` is the server's clock in Unix seconds."""
    headers = {} if date is None else {"Date": formatdate(date, usegmt=True)}
    return httpx.Response(http_status, headers=headers, json={"status": status, "reason": reason, "data": data})


class ScriptedTransport(httpx.AsyncBaseTransport):
    """Plays its steps one after another, and the last one for ever.

    A step is an answer, an exception, or a function of the request (plain or async) that gives one. `sent` are the
    requests as they arrived here: signed.
    """

    def __init__(self, *steps: Any) -> None:
        self.steps = list(steps)
        self.sent: list[httpx.Request] = []
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        step = self.steps[min(len(self.sent), len(self.steps) - 1)]
        self.sent.append(request)
        await request.aread()
        if isinstance(step, httpx.Response):
            # Anew each time: a response is used up.
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        if callable(step) and not isinstance(step, type):
            step = step(request)
            if inspect.isawaitable(step):
                step = await step
        if isinstance(step, BaseException) or (isinstance(step, type) and issubclass(step, BaseException)):
            raise step
        return step

    async def aclose(self) -> None:
        self.closed += 1

    def headers_sent(self, name: str) -> list[str]:
        return [request.headers[name] for request in self.sent]


@define
class FakeSleep:
    """A sleep that takes one tick; `during` is called in it."""

    waits: list[float] = field(factory=list)
    during: Callable[[], Any] = lambda: None

    async def __call__(self, seconds: float) -> None:
        self.waits.append(seconds)
        result = self.during()
        if inspect.isawaitable(result):
            await result
        await asyncio.sleep(0)


@define
class FakeClock:
    """Unix seconds that go on by `step` with each look at them."""

    now: float = 1_700_000_000.0
    step: float = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


async def hang(_: httpx.Request) -> httpx.Response:
    """A step that never ends by itself."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def until(condition: Callable[[], Any], ticks: int = 10_000) -> None:
    """Let the loop run until the condition holds."""
    for _ in range(ticks):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("the condition never came true")


async def ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class LoopClock:
    """The running loop's clock, which the test moves on: timers come due at the next tick, all of them at one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.offset = 0.0
        real = loop.time
        loop.time = lambda: real() + self.offset  # type: ignore[method-assign]

    def advance(self, seconds: float) -> None:
        self.offset += seconds

    async def run(self, seconds: int) -> None:
        """Let the seconds pass one by one, with time for what comes due in each."""
        for _ in range(seconds):
            self.advance(1)
            await ticks(8)
