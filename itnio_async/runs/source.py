"""Read the requests of a run one at a time, from whatever the caller has them in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Generator, Iterable
from contextvars import Context, copy_context
from typing import Any, Generic, Protocol, TypeVar

from itnio_async.errors import InvalidRequestError

Q = TypeVar("Q")

# Two of those that wait are woken by each that has read: where much comes at once, all read within some ticks of the
# loop, and one request alone wakes no more than these.
_WOKEN = 2


class Waiters:
    """Tasks that wait in a line, each until it is woken; woken, it finds out by itself whether it may go on.

    A wake-up that meets a cancellation is lost, which is right: only a run that stops cancels.
    """

    def __init__(self) -> None:
        self._line: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        """Wait to be woken."""
        waiter = asyncio.get_running_loop().create_future()
        self._line.append(waiter)
        await waiter

    def wake(self, most: int = 1) -> None:
        """Wake those that have waited longest, at most so many."""
        while self._line and most:
            most -= 1
            waiter = self._line.popleft()
            if not waiter.done():
                waiter.set_result(None)


class Turns(Protocol):
    """What says when the next call may begin."""

    async def acquire(self) -> None:
        """Wait for that moment."""


class Source(Generic[Q]):
    """An iterable or an async iterable of requests; nothing of it is touched before the first request is read.

    One reader at a time waits at it, for its turn first if there are `turns`. Each of its steps is taken in the same
    context, whichever task reads: a variable that a generator sets around a `yield` is its own. Raises
    `InvalidRequestError` for what is neither iterable.
    """

    def __init__(self, requests: Iterable[Q] | AsyncIterable[Q], turns: Turns | None = None) -> None:
        if not isinstance(requests, Iterable | AsyncIterable):
            raise InvalidRequestError(
                f"an iterable or an async iterable of requests is wanted, not a {type(requests).__name__}.",
                field="requests",
            )
        self._requests: Any = requests
        self._is_async = isinstance(requests, AsyncIterable)
        self._turns = turns
        self._context = copy_context()
        self._iterator: Any = None
        self._is_taken = False
        self._waiters = Waiters()

    async def read(self) -> Q:
        """Return the next request, or raise `StopAsyncIteration`; what the source raises passes unchanged."""
        while self._is_taken:
            await self._waiters.wait()
        self._is_taken = True
        try:
            # Before reading, or a stop would find a request that was read and not sent.
            if self._turns is not None:
                await self._turns.acquire()
            if self._iterator is None:
                self._iterator = self._context.run(aiter if self._is_async else iter, self._requests)
            request: Q
            if self._is_async:
                request = await _InContext(anext(self._iterator), self._context)
            else:
                request = self._context.run(_next, self._iterator)
            return request
        finally:
            self._is_taken = False
            # A reader that comes by reads before those that wait, so that a source with much at once need not wait for
            # the loop to wake each of them: an asyncio.Lock, once a reader waits for it, costs a job 15 µs a row.
            self._waiters.wake(_WOKEN)

    async def aclose(self) -> None:
        """Close a source that is a generator, so that what it has open is closed now and not some day."""
        if isinstance(self._iterator, AsyncGenerator):
            await _InContext(self._iterator.aclose(), self._context)
        elif isinstance(self._iterator, Generator):
            self._context.run(self._iterator.close)


def _next(iterator: Any) -> Any:
    for request in iterator:
        return request
    raise StopAsyncIteration


class _InContext:
    """Takes each step of an awaitable in this context, whatever the task that awaits it has."""

    def __init__(self, awaitable: Awaitable[Any], context: Context) -> None:
        self._awaitable = awaitable
        self._context = context

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._awaitable.__await__()
        step: Any = steps.send
        given: Any = None
        while True:
            try:
                waited_for = self._context.run(step, given)
            except StopIteration as end:
                return end.value
            try:
                step, given = steps.send, (yield waited_for)
            except BaseException as error:
                step, given = steps.throw, error
