"""Readers of a source that has nothing yet: all of them go on soon when much comes, and few wake for a little."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import ContextVar

import pytest
from support.scripted import ticks, until

from itnio_async.runs.source import Source


class Arriving:
    """Numbers that come when the test says so; `looks` counts how often somebody asked for one."""

    def __init__(self):
        self.numbers = deque()
        self.is_over = False
        self.looks = self.reading = self.most_reading = 0
        self._news = asyncio.Event()

    def come(self, *numbers):
        self.numbers.extend(numbers)
        self._news.set()

    def end(self):
        self.is_over = True
        self._news.set()

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.looks += 1
        self.reading += 1
        self.most_reading = max(self.most_reading, self.reading)
        try:
            while not self.numbers:
                if self.is_over:
                    raise StopAsyncIteration
                self._news.clear()
                await self._news.wait()
            return self.numbers.popleft()
        finally:
            self.reading -= 1


class Rate:
    """A rate of one at a time, given when the test says so."""

    def __init__(self) -> None:
        self.asked = 0
        self._given = asyncio.Semaphore(0)

    async def acquire(self):
        self.asked += 1
        await self._given.acquire()

    def give(self):
        self._given.release()


async def readers(source, count, rate=None):
    reading = Source(source, rate)
    tasks = [asyncio.create_task(read(reading)) for _ in range(count)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    return tasks


async def read(source):
    try:
        return await source.read()
    except StopAsyncIteration:  # no task can end with it
        return "end"


def done(tasks):
    return sum(task.done() for task in tasks)


async def test_all_that_comes_at_once_is_read_within_some_ticks():
    source = Arriving()
    tasks = await readers(source, 100)
    source.come(*range(100))
    await until(lambda: done(tasks) == 100, ticks=12)  # one a tick would be 100
    assert sorted(task.result() for task in tasks) == list(range(100))
    assert source.most_reading == 1


async def test_one_that_comes_wakes_few_and_the_others_go_on_waiting():
    source = Arriving()
    tasks = await readers(source, 100)
    for number in range(100):
        source.looks = 0
        source.come(number)
        await until(lambda number=number: done(tasks) == number + 1, ticks=6)
        await ticks(4)
        assert source.looks <= 6
    assert sorted(task.result() for task in tasks) == list(range(100))


async def test_with_a_rate_each_waits_for_it_before_it_reads_and_one_at_a_time():
    source, rate = Arriving(), Rate()
    source.come(*range(20))
    tasks = await readers(source, 20, rate)
    for number in range(20):
        await ticks(4)
        assert (rate.asked, source.looks) == (number + 1, number)
        rate.give()
        await until(lambda number=number: done(tasks) == number + 1, ticks=6)
    assert sorted(task.result() for task in tasks) == list(range(20))


async def test_of_a_source_that_always_waits_one_reads_at_a_time():
    reading = most = 0

    async def numbers():
        nonlocal reading, most
        for number in range(20):
            reading += 1
            most = max(most, reading)
            await ticks(2)
            reading -= 1
            yield number

    tasks = await readers(numbers(), 20)
    await until(lambda: done(tasks) == 20, ticks=100)
    assert sorted(task.result() for task in tasks) == list(range(20))
    assert most == 1


async def test_the_end_is_told_to_all():
    source = Arriving()
    tasks = await readers(source, 20)
    source.end()
    await until(lambda: done(tasks) == 20, ticks=10)
    assert {task.result() for task in tasks} == {"end"}


async def test_readers_that_are_cancelled_all_end():
    source = Arriving()
    tasks = await readers(source, 20)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert all(task.cancelled() for task in tasks)
    source.come(1)
    assert source.numbers == deque([1])
    assert source.reading == 0


PLACE: ContextVar[str] = ContextVar("PLACE", default="none")


def numbered(count):
    """Numbers, and what the generator itself sees of a variable that it sets around them."""
    token = PLACE.set("in the file")
    try:
        for number in range(count):
            yield number, PLACE.get()
    finally:
        PLACE.reset(token)


async def numbered_later(count):
    token = PLACE.set("in the file")
    try:
        for number in range(count):
            await asyncio.sleep(0)
            yield number, PLACE.get()
    finally:
        await asyncio.sleep(0)
        PLACE.reset(token)


@pytest.mark.parametrize("numbers", [numbered, numbered_later])
@pytest.mark.parametrize("read", [5, 9])
async def test_a_generator_has_one_context_whoever_reads_it(numbers, read):
    source = Source(numbers(9))
    # Each in a task of its own, as workers are.
    got = [await asyncio.create_task(source.read()) for _ in range(read)]
    assert got == [(number, "in the file") for number in range(read)]
    if read == 9:
        with pytest.raises(StopAsyncIteration):
            await asyncio.create_task(source.read())
    await asyncio.create_task(source.aclose())  # resets the variable: an error in another context
    assert PLACE.get() == "none"


async def test_what_is_thrown_into_a_generator_and_what_it_throws_passes():
    async def failing():
        try:
            yield 1
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise KeyError("its own") from None

    source = Source(failing())
    assert await source.read() == 1
    reading = asyncio.create_task(source.read())
    await ticks(3)
    reading.cancel()
    with pytest.raises(KeyError, match="its own"):
        await reading
