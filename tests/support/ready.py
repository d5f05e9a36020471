"""Sources that have the next request at hand, but not always."""

from __future__ import annotations

from abc import abstractmethod

from itnio_async.runs.source import END, LATER, ReadySource


class Counting(ReadySource[int]):
    """Counts who waits for a number at the same time; `more` waits until there may be one."""

    def __init__(self) -> None:
        self.waiting = self.most_waiting = 0
        self.closed = 0

    @abstractmethod
    async def more(self) -> None: ...

    async def __anext__(self):
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            while (request := self.next_at_once()) is LATER:
                await self.more()
        finally:
            self.waiting -= 1
        if request is END:
            raise StopAsyncIteration
        return request

    async def aclose(self):
        self.closed += 1
