"""Sources that wait in ways which Python itself does not always let be cancelled."""

from __future__ import annotations

import asyncio

import pytest
from support.held import HeldTransport, others
from support.scripted import ticks
from support.values import trunk_update

from itnio_async.runs import workers


async def first_is_done(run, transport: HeldTransport) -> None:
    """Have the first update answered, and a worker wait for the next one."""
    reading = asyncio.ensure_future(anext(aiter(run)))
    await ticks(10)
    transport.release(1)
    assert (await reading).ok


async def polling(news: asyncio.Event):
    """One update, and then what a program writes that waits for more: a wait with a bound, again and again."""
    yield trunk_update(key_id=1)
    while True:
        await asyncio.wait_for(news.wait(), timeout=60)
        news.clear()  # nothing that is to be sent


async def test_a_stop_interrupts_a_source_whose_wait_ends_at_that_moment(make_client, monkeypatch):
    monkeypatch.setattr(workers, "_HEEDS_WITHIN", 0.01)
    for moment in range(5):
        transport = HeldTransport()
        news = asyncio.Event()
        run = make_client(transport).sip_trunks.update_many(polling(news), concurrency=2)
        async with run:
            await first_is_done(run, transport)
            news.set()
            await ticks(moment)
            run.stop()
            try:
                async with asyncio.timeout(0.5):
                    await run.aclose()
            except TimeoutError:
                pytest.fail(f"the run goes on after a stop {moment} ticks after the news")
        assert not others()


async def closing(done: list[str]):
    """One update, and then a wait whose end takes a while itself."""
    try:
        yield trunk_update(key_id=1)
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0.05)
        done.append("closed")


async def test_a_source_has_time_for_what_it_does_at_its_end(make_client):
    transport = HeldTransport()
    done: list[str] = []
    run = make_client(transport).sip_trunks.update_many(closing(done), concurrency=2)
    async with run:
        await first_is_done(run, transport)
        run.stop()
    assert done == ["closed"]
    assert not others()
