"""Whatever the calls, the source and the consumer do, and whenever the run ends: every item is accounted for once."""

from __future__ import annotations

import asyncio

import httpx
from attrs import define, field
from hypothesis import given, settings, strategies as st
from support.held import others
from support.scripted import ticks, until

from itnio_async import AuthenticationError, BulkRun, ConflictError, Response
from itnio_async.config import BULK_STOP_ON as STOP_ON
from itnio_async.runs import workers

NO_HEADERS = httpx.Headers()


class Broken(Exception):
    pass


@define
class Call:
    """How long a call takes, in ticks of the loop, and how it ends."""

    ticks: int
    error: str | None


@define
class Scene:
    """One run: its calls, its source, its consumer and its end."""

    calls: list[Call]
    concurrency: int
    ordered: bool
    asynchronous: bool
    source_ticks: int
    source_breaks: bool
    consumer_ticks: int
    end: str
    end_after: int

    read: int = 0
    taken: list[int] = field(factory=list)
    under_way: set[int] = field(factory=set)
    most: int = 0
    closed: bool = False

    async def send(self, index):
        call = self.calls[index]
        self.under_way.add(index)
        self.most = max(self.most, len(self.under_way))
        try:
            await ticks(call.ticks)
        finally:
            self.under_way.discard(index)
        if call.error == "refused":
            raise ConflictError("no", code=-47)
        if call.error == "account":
            raise AuthenticationError("no", code=-1)
        return Response(None, {}, 0, "success", 200, NO_HEADERS, 1, 0.0)

    def plain(self):
        try:
            for index in range(len(self.calls)):
                self.read += 1
                ahead = self.read - len(self.taken)
                # One more for the outcome that is on its way to the consumer.
                assert ahead <= 2 * self.concurrency + 1
                yield index
            if self.source_breaks:
                raise Broken
        finally:
            self.closed = True

    async def source(self):
        for index in self.plain():
            await ticks(self.source_ticks)
            yield index

    def note(self, outcome):
        assert outcome.request == outcome.index
        assert outcome.ok == (self.calls[outcome.index].error is None)
        self.taken.append(outcome.index)

    async def consume(self, run):
        async for outcome in run:
            self.note(outcome)
            if len(self.taken) > self.end_after:
                if self.end == "break":
                    break
                if self.end == "exception":
                    raise KeyError
                if self.end == "stop":
                    run.stop()
                if self.end == "cancel":
                    await asyncio.Event().wait()
            await ticks(self.consumer_ticks)

    async def consume_within(self, run):
        async with run:
            await self.consume(run)


def scenes():
    errors = st.sampled_from([None, None, None, None, "refused", "account"])
    few = st.integers(0, 4)
    return st.builds(
        Scene,
        calls=st.lists(st.builds(Call, few, errors), max_size=25),
        concurrency=st.integers(1, 5),
        ordered=st.booleans(),
        asynchronous=st.booleans(),
        source_ticks=st.integers(0, 2),
        source_breaks=st.booleans(),
        consumer_ticks=few,
        end=st.sampled_from(["none", "break", "exception", "stop", "cancel", "cancel any tick"]),
        end_after=st.integers(0, 12),
    )


async def play(scene):
    run = BulkRun(
        "scene",
        scene.send,
        scene.source() if scene.asynchronous else scene.plain(),
        concurrency=scene.concurrency,
        rate_limit=None,
        stop_on=STOP_ON,
        max_failures=0,
        ordered=scene.ordered,
    )
    consumer = asyncio.create_task(scene.consume_within(run))
    if scene.end == "cancel any tick":
        await ticks(scene.end_after * 3)
        consumer.cancel()
    elif scene.end == "cancel":
        await until(lambda: consumer.done() or len(scene.taken) > scene.end_after)
        consumer.cancel()
    raised = (await asyncio.gather(consumer, return_exceptions=True))[0]
    assert not others()
    assert not scene.under_way
    assert not workers._running
    assert scene.most <= scene.concurrency
    consumed = list(scene.taken)
    rest = [outcome.index for outcome in await run.aclose()]
    cut_off = list(run.under_way)
    accounted = consumed + rest + cut_off
    begun = scene.read
    if scene.asynchronous and scene.source_ticks and begun and begun - 1 not in accounted:
        begun -= 1  # the source was interrupted before it gave this one away
    assert sorted(accounted) == list(range(begun))
    if scene.ordered:
        assert consumed + rest == sorted(consumed + rest)
    if "cancel" not in scene.end:
        assert not cut_off
    if isinstance(raised, asyncio.CancelledError):
        assert "cancel" in scene.end
    elif isinstance(raised, KeyError):
        assert scene.end == "exception"
    elif raised is not None:
        assert raised is run.error
        assert isinstance(raised, Broken | AuthenticationError)
        assert not rest
    elif scene.end == "none":
        assert len(consumed) == len(scene.calls)
        assert run.error is None
    if scene.read:
        assert scene.closed


@given(scenes())
@settings(deadline=None, max_examples=150)
def test_every_item_is_accounted_for_once(scene):
    asyncio.run(play(scene))
