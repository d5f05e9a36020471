"""A vendor in memory that answers when the test says so, and what the bulk tests ask of a loop."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from support.scripted import answer


class HeldTransport(httpx.AsyncBaseTransport):
    """Holds every update until it is released by its key id.

    `began` are the key ids in the order in which they came, `most` is the most that were ever under way.
    """

    def __init__(self) -> None:
        self.began: list[int] = []
        self.most = 0
        self.cut_off: list[int] = []
        self._held: dict[int, asyncio.Future[Any]] = {}

    @property
    def under_way(self) -> list[int]:
        return list(self._held)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        key_id = json.loads(await request.aread())["keyId"]
        self.began.append(key_id)
        self._held[key_id] = asyncio.get_running_loop().create_future()
        self.most = max(self.most, len(self._held))
        try:
            status = await self._held[key_id]
        except asyncio.CancelledError:
            self.cut_off.append(key_id)
            raise
        finally:
            del self._held[key_id]
        if isinstance(status, Exception):
            raise status
        return answer(status)

    def release(self, *key_ids: int, status: Any = 0) -> None:
        """Let updates be answered; `status` is the vendor's code, or what the transport raises."""
        for key_id in key_ids:
            self._held[key_id].set_result(status)


def others() -> set[asyncio.Task[Any]]:
    """The tasks besides the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}


async def collect(run: Any, seen: list[Any]) -> None:
    """Put a run's outcomes into the list one by one, so that those before an error are in it."""
    async for outcome in run:
        seen.append(outcome)  # noqa: PERF401
