"""One timer for all deadlines: each scope ends in its time, whatever the order, and the others go on."""

from __future__ import annotations

import asyncio

from hypothesis import given, strategies as st
from support.scripted import LoopClock

from itnio_async.calls.deadlines import Deadline, Deadlines


class CountingLoop:
    """The timers that are set, and what there is to see of an event loop besides."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.set: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        return self.loop.time()

    def call_at(self, when, callback, *, context):
        self.set.append(self.loop.call_at(when, callback, context=context))
        return self.set[-1]


async def test_a_thousand_equal_deadlines_take_one_timer():
    loop = CountingLoop(asyncio.get_running_loop())
    deadlines = Deadlines(loop)
    for _ in range(1000):
        scope = Deadline()
        with scope:
            deadlines.watch(scope, 60)
        deadlines.forget(scope)
    assert len(loop.set) == 1
    loop.set[0].cancel()


@given(waits=st.lists(st.integers(1, 30), min_size=1, max_size=12), over=st.sets(st.integers(0, 11)))
def test_each_scope_ends_in_its_second(waits, over):
    """Those in `over` end by themselves before, and are forgotten."""

    async def main():
        clock = LoopClock(asyncio.get_running_loop())
        deadlines = Deadlines(asyncio.get_running_loop())
        begun = asyncio.get_running_loop().time()
        ended: dict[int, float] = {}

        async def call(number: int, seconds: int) -> None:
            scope = Deadline()
            try:
                with scope:
                    deadlines.watch(scope, seconds)
                    await (asyncio.sleep(0) if number in over else asyncio.Event().wait())
            except TimeoutError:
                assert scope.has_struck
                ended[number] = asyncio.get_running_loop().time() - begun
            finally:
                deadlines.forget(scope)

        tasks = [asyncio.create_task(call(number, seconds)) for number, seconds in enumerate(waits)]
        await clock.run(31)
        await asyncio.gather(*tasks)
        return ended

    ended = asyncio.run(main())
    assert set(ended) == set(range(len(waits))) - over
    for number, when in ended.items():
        assert waits[number] <= when < waits[number] + 1.5
