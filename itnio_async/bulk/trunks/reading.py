"""Ask again for what is only read, while the vendor is out of reach or has no room."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from itnio_async import config
from itnio_async.errors import (
    ConnectionLost,
    DeadlineExceeded,
    GatewayBusyError,
    ItnioError,
    ReadTimeout,
    TransportError,
    WriteTimeout,
)
from itnio_async.validators import checked, number

logger: logging.Logger = logging.getLogger("itnio_async.bulk")

T = TypeVar("T")

_PASSES = (ConnectionLost, ReadTimeout, WriteTimeout, DeadlineExceeded, GatewayBusyError)
# No connection at all is an outage where there was one before; else the address is wrong, which nobody is to wait for.
_PASSES_LATER = (*_PASSES, TransportError)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class Reading:
    """Asks for one thing after another, each again as long as that may help.

    `patience` is how many seconds nothing may have come before the failure is raised. `clock` gives seconds that never
    go back, and `sleep` waits for some.
    """

    def __init__(
        self,
        patience: float = config.PATIENCE,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._patience = checked("patience", patience, number(above=0))
        self._clock = clock
        self._sleep = sleep
        self._failing_since: float | None = None
        self._pause = _FIRST_PAUSE
        self._has_come = False

    async def ask(self, what: Callable[[], Awaitable[T]]) -> T:
        """Return what it gives; raises its last error, and at once one that would only come again."""
        while True:
            try:
                got = await what()
            except ItnioError as error:
                failure = error
            else:
                self.came()
                return got
            await self.failed(failure)

    def came(self) -> None:
        """Note that something was answered."""
        self._failing_since, self._pause, self._has_come = None, _FIRST_PAUSE, True

    async def failed(self, error: ItnioError) -> None:
        """Wait before what failed so is asked for again, or raise its error."""
        now = self._clock()
        if self._failing_since is None:
            self._failing_since = now
        left = self._failing_since + self._patience - now
        if not isinstance(error, _PASSES_LATER if self._has_come else _PASSES) or left <= 0:
            raise error
        asked = error.retry_after if isinstance(error, GatewayBusyError) else None
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        wait = min(left, max(pause, asked or 0.0))
        logger.info("asked for again in %.1f s: %s", wait, error)
        await self._sleep(wait)
