"""Events for programs that watch a job: at regular intervals, how far it is, also while nothing happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import define

from itnio_async.bulk import Progress
from itnio_async.cli.output import json_line, until_nobody_reads


@define
class Heartbeat:
    """Writes the last progress that it was told every so many seconds, once there is one."""

    every: float
    _last: Progress | None = None

    def tell(self, progress: Progress) -> None:
        """Take note of how far the job is."""
        self._last = progress

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Write while the job runs."""
        beats = asyncio.ensure_future(self._beat())
        try:
            yield
        finally:
            beats.cancel()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            if self._last is not None:
                with until_nobody_reads():
                    json_line(_event(self._last))


def _event(progress: Progress) -> dict[str, object]:
    return {
        "event": "progress",
        "total": progress.total,
        "finished": progress.finished,
        "done": progress.done,
        "refused": progress.failed,
        "unknown": progress.unknown,
        "under_way": progress.under_way,
        "retried": progress.retried,
        "rate": round(progress.rate, 3),
        "remaining": progress.remaining,
        "held_back": progress.held_back or None,
    }
