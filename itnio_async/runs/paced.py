"""What a run does with its pace: each call waits its turn, and what the vendor had no room for is sent again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import Generic, TypeVar

from attrs import evolve

from itnio_async.endpoint import Response
from itnio_async.errors import ItnioError
from itnio_async.runs.pace import Pace

# A request that is refused so often, while others were answered well in between, is refused for what it is: that says
# nothing of the pace, and it rests for a second before it is sent again, then for two, and so on.
_ALONE = 3
_LONGEST_REST = 10.0

Q = TypeVar("Q")
R = TypeVar("R")


class PacedCalls(Generic[Q, R]):
    """The calls of one run at a pace: `acquire` before a request is read, then `send`.

    What is to be sent again stands in one line with what is new, so that a request that is refused each time keeps
    nobody from trying whether others are taken, and slows nobody down.
    """

    def __init__(
        self,
        pace: Pace,
        send: Callable[[Q], Awaitable[Response[R]]],
        *,
        idempotent: bool,
    ) -> None:
        self.pace = pace
        self._send = send
        self._idempotent = idempotent
        self._line = asyncio.Lock()
        self._stopped = asyncio.Event()
        self._answered = 0
        self._news = asyncio.Event()  # a call has ended

    async def acquire(self) -> None:
        """Wait until a new call may begin."""
        async with self._line:
            while wait := self._next_in():
                await self._hear(wait)

    async def send(self, request: Q) -> Response[R]:
        """Make the call, and again as long as the vendor has no room for it.

        Raises the last one's error, which then speaks for all of them.
        """
        attempts, is_again = 0, False
        unaccounted: ItnioError | None = None
        alone, answered = 0, self._answered
        while True:
            begun = self.pace.begin()
            error: ItnioError | None = None
            try:
                response = await self._send(request)
            except ItnioError as failure:
                # Without this frame, whose variables go on to the next one.
                failure.__traceback__ = failure.__traceback__ and failure.__traceback__.tb_next
                error = failure
                failure.attempts = made = failure.attempts + attempts
            except BaseException:
                self.pace.cut_off(begun)
                self._news.set()
                raise
            else:
                self._answered += 1
                self.pace.ended(begun, None, response.attempts)
                self._news.set()
                return evolve(response, attempts=attempts + response.attempts) if attempts else response
            if is_again and self._answered > answered:
                alone += 1
            answered = self._answered
            self.pace.ended(begun, error, made - attempts, is_alone=alone >= _ALONE)
            self._news.set()
            goes_again = self.pace.sends_again(error, idempotent=self._idempotent)
            if error.may_have_been_processed:
                unaccounted = error
            elif unaccounted is not None:
                error.add_attempt_before(unaccounted)
            if goes_again and alone >= _ALONE:
                await self._rest(min(2.0 ** (alone - _ALONE), _LONGEST_REST))
            if not goes_again or not await self._may_go_again():
                raise error
            attempts, is_again = made, True

    def stop(self) -> None:
        """Send nothing again any more."""
        self._stopped.set()
        self._news.set()

    async def _rest(self, seconds: float) -> None:
        await _wait(self._stopped, min(seconds, max(0.0, self.pace.patience_left)))

    async def _may_go_again(self) -> bool:
        """Wait for a turn; False where the vendor has taken nothing for too long, or the run is stopped."""
        async with self._line:
            while not self._stopped.is_set() and (left := self.pace.patience_left) > 0:
                wait = self._next_in()
                if not wait:
                    return True
                await self._hear(min(wait, left))
            return False

    def _next_in(self) -> float:
        """Return the seconds until a call may begin."""
        return self.pace.wait() or (0.0 if self.pace.at_most is None else self.pace.at_most.take())

    async def _hear(self, seconds: float) -> None:
        """Wait for news, for at most so many seconds."""
        self._news.clear()
        await _wait(self._news, seconds)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(None if seconds == inf else seconds):
            await event.wait()
