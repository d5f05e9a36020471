"""What to do while nothing reaches the vendor: try at longer and longer intervals, and give up some time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from itnio_async.errors import ConnectError, ConnectTimeout, ItnioError, PoolTimeout, ProxyError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
NOT_SENT = (ConnectError, ConnectTimeout, ProxyError, PoolTimeout)


class Outage:
    """Tells how long nothing has reached the vendor, and paces the rows that are tried meanwhile.

    `patience` is the seconds after which the failure is raised: else every row of a file would be tried in vain.
    """

    def __init__(
        self,
        patience: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._since: float | None = None
        self._error: ItnioError | None = None
        self._pause = _FIRST_PAUSE

    @property
    def is_on(self) -> bool:
        """Whether nothing has reached the vendor since a while."""
        return self._since is not None

    def note(self, error: ItnioError | None) -> None:
        """Take note of how a call ended."""
        if not isinstance(error, NOT_SENT):
            self._since, self._error, self._pause = None, None, _FIRST_PAUSE
        elif self._since is None:
            self._since, self._error = self._clock(), error
        else:
            self._error = error

    async def pause(self) -> None:
        """Wait before the next row, if need be; raises the last failure after too long a time of them."""
        if self._since is None or self._error is None:
            return
        if self._clock() - self._since >= self._patience:
            raise self._error
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        await self._sleep(pause)
