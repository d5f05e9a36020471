"""Readers of a source that has nothing yet: all of them go on soon when much comes, and few wake for a little."""

from __future__ import annotations

import asyncio
from collections import deque

from itnio_async.bulk.feed import END, LATER, Feed, ReadySource
from itnio_async.bulk.turns import Turns


class Arriving(ReadySource[int]):
    """Numbers that come when the test says so; `looks` counts how often somebody asked."""

    def __init__(self) -> None:
        self.numbers: deque[int] = deque()
        self.is_over = False
        self.looks = 0
        self.waiting = 0
        self.most_waiting = 0
        self._news = asyncio.Event()

    def come(self, *numbers):
        self.numbers.extend(numbers)
        self._news.set()

    def end(self):
        self.is_over = True
        self._news.set()

    def next_at_once(self):
        self.looks += 1
        if self.numbers:
            return self.numbers.popleft()
        return END if self.is_over else LATER

    async def __anext__(self):
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        try:
            while (number := self.next_at_once()) is LATER:
                self._news.clear()
                await self._news.wait()
        finally:
            self.waiting -= 1
        if number is END:
            raise StopAsyncIteration
        return number

    async def aclose(self):
        pass


async def readers(source, count):
    turns = Turns(Feed(source))
    tasks = [asyncio.create_task(turns.read()) for _ in range(count)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    return tasks


async def ticks_until(condition, most):
    for tick in range(most):
        if condition():
            return tick
        await asyncio.sleep(0)
    raise AssertionError(f"not within {most} ticks")


async def test_all_that_comes_at_once_is_read_within_some_ticks():
    source = Arriving()
    tasks = await readers(source, 100)
    source.come(*range(100))
    await ticks_until(lambda: all(task.done() for task in tasks), most=12)  # one a tick would be 100
    assert sorted(task.result() for task in tasks) == list(range(100))
    assert source.most_waiting == 1


async def test_one_that_comes_wakes_few_and_the_others_go_on_waiting():
    source = Arriving()
    tasks = await readers(source, 100)
    for number in range(100):
        source.looks = 0
        source.come(number)
        await ticks_until(lambda number=number: sum(task.done() for task in tasks) == number + 1, most=6)
        for _ in range(4):
            await asyncio.sleep(0)
        assert source.looks <= 6
    assert sorted(task.result() for task in tasks) == list(range(100))


async def test_the_end_is_told_to_all():
    source = Arriving()
    tasks = await readers(source, 20)
    source.end()
    await ticks_until(lambda: all(task.done() for task in tasks), most=10)
    assert {task.result() for task in tasks} == {END}


async def test_readers_that_are_cancelled_all_end():
    source = Arriving()
    tasks = await readers(source, 20)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    source.come(1)
    assert source.numbers == deque([1])
    assert source.waiting == 0
