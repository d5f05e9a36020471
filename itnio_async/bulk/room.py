"""How far the workers may be ahead of the consumer."""

from __future__ import annotations

import asyncio
from collections import deque


class Room:
    """Places for the calls under way and the outcomes that nobody has taken yet.

    Unlike `asyncio.Semaphore`, a worker that comes by takes a free place at once, also where others wait: handing each
    place over to the one who waits longest would cost a task switch an item.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place and take it; who is cancelled has none."""
        while not self.enter_at_once():
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            # A wake-up that a cancellation meets is lost, which is right: only a run that stops cancels.
            await future

    def enter_at_once(self) -> bool:
        """Take a place if one is free."""
        if not self._free:
            return False
        self._free -= 1
        return True

    def leave(self) -> None:
        """Give a place back."""
        self._free += 1
        if self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(None)
