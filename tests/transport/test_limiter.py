"""The gate before the connections: order, cancellation at each tick, the bound on waiting, the end, and the rate."""

import asyncio
import gc
import itertools
import math
import time
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from itnio_async import ConfigurationError, PoolTimeout, RateLimit
from itnio_async.config import rate_limit_of
from itnio_async.transport.limiter import Limiter, RateWindow


async def ticks(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Visitors:
    """Calls that pass a limiter and stay until they are let go; `entered` has their names in order."""

    def __init__(self, limiter: Limiter, timeout: float | None = None) -> None:
        self.limiter = limiter
        self.timeout = timeout
        self.entered: list[int] = []
        self.inside: set[int] = set()
        self.most = 0
        self.doors: dict[int, asyncio.Event] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}

    def send(self, name: int) -> asyncio.Task[None]:
        self.doors[name] = asyncio.Event()
        self.tasks[name] = asyncio.get_running_loop().create_task(self._visit(name))
        return self.tasks[name]

    async def _visit(self, name: int) -> None:
        await self.limiter.enter(self.timeout)
        try:
            self.entered.append(name)
            self.inside.add(name)
            self.most = max(self.most, len(self.inside))
            await self.doors[name].wait()
        finally:
            self.inside.discard(name)
            self.limiter.leave()

    async def let_all_go(self) -> None:
        for door in self.doors.values():
            door.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_at_most_so_many_are_past_it_and_the_rest_come_in_order() -> None:
    limiter = Limiter(3)
    visitors = Visitors(limiter)
    for name in range(20):
        visitors.send(name)
    await ticks()
    assert visitors.entered == [0, 1, 2]
    assert (limiter.in_use, limiter.waiting) == (3, 17)
    visitors.doors[1].set()
    await ticks()
    assert visitors.entered == [0, 1, 2, 3]
    assert (limiter.in_use, limiter.waiting) == (3, 16)
    await visitors.let_all_go()
    assert visitors.entered == list(range(20))
    assert visitors.most == 3
    assert (limiter.in_use, limiter.waiting) == (0, 0)


async def test_a_newcomer_cannot_take_a_slot_that_is_promised() -> None:
    limiter = Limiter(1)
    visitors = Visitors(limiter)
    visitors.send(0)
    visitors.send(1)
    await ticks()
    visitors.tasks[0].cancel()
    await asyncio.sleep(0)  # the slot is on its way to 1, whose task has not run yet
    visitors.send(2)
    await ticks()
    assert visitors.entered == [0, 1]
    await visitors.let_all_go()
    assert visitors.entered == [0, 1, 2]


async def test_without_slots_nobody_waits() -> None:
    limiter = Limiter(None)
    visitors = Visitors(limiter)
    for name in range(500):
        visitors.send(name)
    await ticks(1)
    assert (limiter.in_use, limiter.waiting) == (500, 0)
    await visitors.let_all_go()
    assert limiter.in_use == 0


@pytest.mark.parametrize("timeout", [None, 60.0])
@pytest.mark.parametrize("slots", [1, 2])
async def test_cancelling_a_waiter_at_any_tick_loses_no_slot_and_no_order(slots: int, timeout: float | None) -> None:
    names = range(6)
    for victim, tick in itertools.product(names, range(24)):
        limiter = Limiter(slots)
        visitors = Visitors(limiter, timeout)
        for name in names:
            visitors.send(name)

        async def churn(visitors: Visitors = visitors) -> None:
            for name in names:
                await ticks(2)
                visitors.doors[name].set()

        churning = asyncio.get_running_loop().create_task(churn())
        await ticks(tick)
        visitors.tasks[victim].cancel()
        await churning
        await asyncio.wait(visitors.tasks.values(), timeout=5)
        assert all(task.done() for task in visitors.tasks.values())
        assert visitors.entered == [name for name in names if name in visitors.entered]
        assert set(names) - set(visitors.entered) <= {victim}
        assert visitors.most <= slots
        assert (limiter.in_use, limiter.waiting) == (0, 0)


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["send", "cancel", "let go", "tick"]), st.integers(0, 30)), min_size=1, max_size=60
)


SEND, TICK = ("send", 0), ("tick", 0)


# Two slots come free in one tick, one of them for a waiter: a newcomer must not go on before it.
@example(
    slots=3,
    actions=[
        *[SEND, SEND, SEND, SEND, SEND, ("cancel", 1), ("cancel", 2), ("cancel", 24)],
        *[SEND, SEND, SEND, TICK, ("cancel", 3), TICK, ("cancel", 0), SEND],
    ],
    timeout=None,
)
@settings(deadline=None)
@given(slots=st.integers(1, 4), actions=ACTIONS, timeout=st.none() | st.just(60.0))
def test_whatever_happens_no_slot_is_lost_and_the_order_is_kept(
    slots: int, actions: list[tuple[str, int]], timeout: float | None
) -> None:
    async def scenario() -> None:
        limiter = Limiter(slots)
        visitors = Visitors(limiter, timeout)
        for action, number in actions:
            known = list(visitors.tasks)
            if action == "send":
                visitors.send(len(known))
            elif action == "tick":
                await asyncio.sleep(0)
            elif known:
                name = known[number % len(known)]
                if action == "cancel":
                    visitors.tasks[name].cancel()
                else:
                    visitors.doors[name].set()
            assert limiter.in_use <= slots
            assert limiter.waiting >= 0
        await visitors.let_all_go()
        assert visitors.entered == sorted(visitors.entered)
        assert visitors.most <= slots
        assert (limiter.in_use, limiter.waiting) == (0, 0)
        # All slots are there again.
        for _ in range(slots):
            await asyncio.wait_for(limiter.enter(None), 1)
        assert limiter.in_use == slots

    asyncio.run(scenario())


async def test_the_wait_for_a_slot_is_bounded() -> None:
    limiter = Limiter(1)
    await limiter.enter(0.01)
    with pytest.raises(PoolTimeout, match=r"within 0.01 s \(timeout.pool\): 1 calls are under way") as caught:
        await limiter.enter(0.01)
    assert caught.value.may_have_been_processed is False
    assert (limiter.in_use, limiter.waiting) == (1, 0)
    limiter.leave()
    await limiter.enter(0.01)
    assert limiter.in_use == 1


async def test_a_bound_of_zero_takes_a_free_slot_and_waits_for_none() -> None:
    limiter = Limiter(1)
    await limiter.enter(0)
    with pytest.raises(PoolTimeout):
        await limiter.enter(0)


async def test_a_waiter_that_gave_up_is_passed_over() -> None:
    limiter = Limiter(1)
    await limiter.enter(None)
    impatient = asyncio.create_task(limiter.enter(0.01))
    patient = asyncio.create_task(limiter.enter(None))
    with pytest.raises(PoolTimeout):
        await impatient
    assert limiter.waiting == 1
    limiter.leave()
    await patient
    assert (limiter.in_use, limiter.waiting) == (1, 0)


async def test_the_callers_own_timeout_is_not_taken_for_ours() -> None:
    limiter = Limiter(1)
    await limiter.enter(None)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.01):
            await limiter.enter(60)
    assert not isinstance(caught.value, PoolTimeout)
    assert limiter.waiting == 0


async def test_ten_thousand_that_give_up_at_once_do_not_block_the_loop() -> None:
    limiter = Limiter(1)
    await limiter.enter(None)
    before = time.process_time()
    outcomes = await asyncio.gather(*(limiter.enter(0.01) for _ in range(10_000)), return_exceptions=True)
    assert all(isinstance(outcome, PoolTimeout) for outcome in outcomes)
    assert limiter.waiting == 0
    # Counting the waiters for each error anew took five seconds.
    assert time.process_time() - before < 3


windows = pytest.mark.parametrize("rate", [None, RateLimit(1, 3600)], ids=["slot", "rate"])


def limiter_that_is_full(rate: RateLimit | None) -> Limiter:
    """One more call must wait: for the only slot, or for an hour's rate."""
    limiter = Limiter(1) if rate is None else Limiter(None, RateWindow(rate))
    assert limiter.enter_at_once()
    return limiter


def futures() -> int:
    gc.collect()
    return sum(type(found) is asyncio.Future for found in gc.get_objects())


@windows
@pytest.mark.parametrize("timeout", [None, 0.001])
async def test_waiters_that_are_cancelled_or_give_up_are_kept_nowhere(
    rate: RateLimit | None, timeout: float | None
) -> None:
    limiter = limiter_that_is_full(rate)
    before = futures()
    for _ in range(3):
        waiting = [asyncio.create_task(limiter.enter(timeout)) for _ in range(200)]
        await ticks()
        for task in waiting if timeout is None else ():
            task.cancel()
        await asyncio.wait(waiting)
        assert all(task.cancelled() or task.exception() for task in waiting)
    waiting.clear()
    task = None
    assert limiter.waiting == 0
    assert futures() <= before + 5


@windows
async def test_closing_ends_every_wait_at_once(rate: RateLimit | None) -> None:
    limiter = limiter_that_is_full(rate)
    waiting = [asyncio.create_task(limiter.enter(None, is_repeat=number % 2 == 0)) for number in range(20)]
    await ticks()
    # One is cancelled in the same tick, and stays so.
    waiting[3].cancel()
    limiter.close(lambda: ConfigurationError("closed"))
    outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 1)
    assert isinstance(outcomes.pop(3), asyncio.CancelledError)
    assert all(isinstance(outcome, ConfigurationError) for outcome in outcomes)
    assert limiter.waiting == 0
    limiter.leave()
    assert limiter.in_use == 0


@pytest.mark.parametrize("rate", [None, RateLimit(1, 0.01)], ids=["slot", "rate"])
async def test_repeats_go_before_calls_that_were_never_admitted(rate: RateLimit | None) -> None:
    limiter = limiter_that_is_full(rate)
    entered: list[str] = []

    async def enter(name: str, *, is_repeat: bool) -> None:
        await limiter.enter(None, is_repeat=is_repeat)
        entered.append(name)
        limiter.leave()

    async with asyncio.TaskGroup() as group:
        for name in ("first 1", "first 2", "repeat 1", "first 3", "repeat 2"):
            group.create_task(enter(name, is_repeat=name.startswith("repeat")))
            await ticks()
        limiter.leave()
    assert entered == ["repeat 1", "repeat 2", "first 1", "first 2", "first 3"]
    assert (limiter.in_use, limiter.waiting) == (0, 0)


# -- the rate ---------------------------------------------------------------------------------------------------------


async def passages(limiter: Limiter, count: int) -> list[float]:
    """Return how many seconds after the start each of some calls came past."""
    started = time.monotonic()
    moments = []

    async def pass_by() -> None:
        await limiter.enter(None)
        moments.append(time.monotonic() - started)
        limiter.leave()

    await asyncio.gather(*(pass_by() for _ in range(count)))
    return moments


async def test_no_more_begin_in_a_time_than_the_rate_says() -> None:
    moments = await passages(Limiter(None, RateWindow(RateLimit(4, 0.1))), 10)
    for first, fifth in zip(moments, moments[4:], strict=False):
        assert fifth - first >= 0.1 - 0.005


class Clock:
    """Stands still but while somebody sleeps on it."""

    def __init__(self, start: float) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


rates = st.builds(RateLimit, st.floats(1, 60), st.floats(1e-3, 1e5)).filter(lambda rate: rate.calls >= 1)


@given(rate=rates, start=st.floats(0, 1e7), pauses=st.lists(st.floats(0, 2), max_size=150))
def test_the_rate_is_a_ceiling_in_every_window_and_no_lower_than_it_says(
    rate: RateLimit, start: float, pauses: list[float]
) -> None:
    """Whenever the calls come: `pauses` are between them, in windows."""
    clock = Clock(start)
    window = RateWindow(rate, clock=clock, sleep=clock.sleep)

    async def scenario() -> list[float]:
        begun = []
        for pause in pauses:
            clock.now += pause * rate.seconds / rate.calls
            await window.acquire()
            begun.append(clock.now)
        return begun

    begun = asyncio.run(scenario())
    for place, moment in enumerate(begun):
        inside = [other for other in begun[place:] if other - moment < rate.seconds * (1 - 1e-9)]
        assert len(inside) <= rate.calls + 1
    at_once = [moment for moment in begun if moment == start]
    assert len(at_once) <= math.ceil(rate.calls)
    asked = sum(pauses) * rate.seconds / rate.calls
    waited = begun[-1] - start if begun else 0.0
    # As many as the rate allows in the long run: what is over comes a window later.
    assert waited <= asked + len(pauses) * rate.seconds / rate.calls + 1e-6 * (start + 1)


def test_as_many_as_the_rate_says_begin_at_once_also_after_a_pause() -> None:
    clock = Clock(5.0)
    window = RateWindow(RateLimit(50), clock=clock)
    assert [window.take() for _ in range(50)] == [0.0] * 50
    assert window.take() == 1.0
    clock.now = 5.75
    assert window.take() == 0.25
    clock.now = 9.0
    assert [window.take() for _ in range(51)] == [0.0] * 50 + [1.0]


async def test_the_rate_keeps_the_order_also_against_newcomers() -> None:
    limiter = Limiter(None, RateWindow(RateLimit(1, 0.01)))
    visitors = Visitors(limiter)
    for name in range(30):
        visitors.send(name)
        # Newcomers arrive at all ticks, those at which a waiter was just woken among them.
        await asyncio.sleep(0.003)
    await asyncio.wait_for(visitors.let_all_go(), 5)
    assert visitors.entered == list(range(30))


async def test_who_waits_for_the_rate_is_before_the_limiter() -> None:
    limiter = Limiter(5, RateWindow(RateLimit(1, 60)))
    await limiter.enter(None)
    waiting = [asyncio.create_task(limiter.enter(None)) for _ in range(6)]
    await ticks()
    assert (limiter.in_use, limiter.waiting) == (1, 6)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (limiter.in_use, limiter.waiting) == (1, 0)


async def test_the_bound_holds_for_the_wait_for_the_rate_too() -> None:
    limiter = Limiter(2, RateWindow(RateLimit(1, 60)))
    await limiter.enter(0.01)
    # It says which of the two it was.
    with pytest.raises(PoolTimeout, match=r"The rate let none begin .* Raise rate_limit or timeout\.pool"):
        await limiter.enter(0.01)
    limiter = Limiter(1)
    await limiter.enter(0.01)
    with pytest.raises(PoolTimeout, match=r"No slot came free .* Raise limits\.max_connections or timeout\.pool"):
        await limiter.enter(0.01)
    limiter = Limiter(2, RateWindow(RateLimit(1, 60)))
    await limiter.enter(0.01)
    with pytest.raises(PoolTimeout):
        await limiter.enter(0.01)
    assert (limiter.in_use, limiter.waiting) == (1, 0)
    limiter.leave()
    assert limiter.in_use == 0


@pytest.mark.parametrize("victim", range(4))
async def test_cancelling_one_that_waits_for_the_rate_at_any_tick_loses_no_slot(victim: int) -> None:
    for tick in range(12):
        limiter = Limiter(2, RateWindow(RateLimit(1, 0.002)))
        visitors = Visitors(limiter)
        for name in range(4):
            visitors.send(name)
        await ticks(tick)
        visitors.tasks[victim].cancel()
        await asyncio.wait_for(visitors.let_all_go(), 5)
        rest = [name for name in range(4) if name in visitors.entered]
        assert visitors.entered == rest
        assert set(range(4)) - set(rest) <= {victim}
        assert (limiter.in_use, limiter.waiting) == (0, 0)


@pytest.mark.parametrize("rate", [RateLimit(0.5, 0.01), RateLimit(0.25, 0.005), RateLimit(1.5, 0.01), 0.99e3, 1e3])
async def test_a_rate_below_one_call_lets_calls_through_all_the_same(rate: Any) -> None:
    limiter = Limiter(None, RateWindow(rate_limit_of(rate)))
    assert len(await asyncio.wait_for(passages(limiter, 3), 5)) == 3
