"""A call that is cancelled at any tick leaves nothing behind."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings, strategies as st
from support.raw_server import Connection, serve
from support.scripted import FakeSleep, ScriptedTransport, answer, ticks, until
from support.values import trunk_update

from itnio_async import AsyncClient, Credentials, ItnioError, RateLimit, RetryPolicy

ONE_SLOT = httpx.Limits(max_connections=1)


class SlowBody(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for byte in self.content:
            await asyncio.sleep(0)
            yield bytes([byte])

    async def aclose(self) -> None:
        self.closed = True
        await asyncio.sleep(0)


async def yielding(request: httpx.Request) -> httpx.Response:
    """An answer with a tick before every part of it."""
    await ticks(3)
    return httpx.Response(200, stream=SlowBody(b'{"status":"0"}'))


async def slow_credentials() -> Credentials:
    await ticks(2)
    return Credentials("k", "s")


async def cancel_after(client: AsyncClient, count: int) -> bool:
    """Cancel a call after so many ticks; tell whether it was over by then."""
    task = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await ticks(count)
    done = task.done()
    task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    assert outcome is None if done else isinstance(outcome, asyncio.CancelledError | None)
    return done


async def assert_usable(client: AsyncClient, calls: int = 3) -> None:
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)
    await asyncio.wait_for(asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(calls))), 3)
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"limits": ONE_SLOT},
        {"deadline": None},
        {"timeout": httpx.Timeout(5)},
        {"rate_limit": RateLimit(1000, 0.1)},
    ],
    ids=str,
)
async def test_at_every_tick_of_an_attempt(scripted: Any, options: dict[str, Any]) -> None:
    client, _ = scripted(yielding, **options)
    view = client.with_options(credentials=slow_credentials)
    outcomes = [await cancel_after(view, count) for count in range(40)]
    assert not outcomes[0]
    assert outcomes[-1]  # the sweep covered the whole call
    await assert_usable(client)


async def test_at_every_tick_of_a_call_with_repeats(scripted: Any) -> None:
    refused = 0

    async def every_other(request: httpx.Request) -> httpx.Response:
        nonlocal refused
        refused += 1
        await ticks(2)
        return answer() if refused % 3 == 0 else answer(-18 if refused % 3 == 1 else -16)

    client, _ = scripted(every_other, retry=RetryPolicy(sleep=FakeSleep(during=lambda: ticks(3))), limits=ONE_SLOT)
    outcomes = []
    for count in range(40):
        refused = 0
        outcomes.append(await cancel_after(client, count))
    assert not outcomes[0]
    assert outcomes[-1]
    refused = 2
    await assert_usable(client, calls=1)


async def test_at_every_tick_with_others_in_the_queue(scripted: Any) -> None:
    client, _ = scripted(yielding, limits=httpx.Limits(max_connections=2), timeout=httpx.Timeout(5))
    for count in range(40):
        tasks = [asyncio.create_task(client.sip_trunks.update(trunk_update())) for _ in range(8)]
        await ticks(count)
        for task in tasks[::2]:
            task.cancel()
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 3)
        assert outcomes[1::2] == [None] * 4
        assert (client.stats.in_use, client.stats.waiting) == (0, 0)
    await assert_usable(client)


def unchanged(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """A middleware that does nothing, so that the way is the one with httpx's objects."""
    return transport


@pytest.fixture(params=["pool", "middleware", "httpx"])
async def way(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, Any]]:
    """The options for each of the ways to a server."""
    if request.param == "httpx":
        # Without a limit of its own, as httpcore loses slots at some cancellations.
        async with httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None)) as transport:
            yield {"transport": transport}
    else:
        yield {"middleware": [unchanged]} if request.param == "middleware" else {}


async def test_at_every_tick_against_a_server(raw_server: Any, make_client: Any, way: dict[str, Any]) -> None:
    server = await raw_server(serve)
    client = make_client(base_url=server.url, limits=ONE_SLOT, **way)
    await client.sip_trunks.update(trunk_update())
    for count in range(61):
        await cancel_after(client, count)
        await assert_usable(client, calls=1)
        assert client.stats.connections_open <= 1


async def test_at_every_tick_of_connecting(raw_server: Any, way: dict[str, Any]) -> None:
    server = await raw_server(serve)
    for count in range(0, 61, 2):
        async with AsyncClient("k", "s", base_url=server.url, limits=ONE_SLOT, **way) as client:
            await cancel_after(client, count)
            await assert_usable(client, calls=1)
            assert client.stats.connections_open <= 1


async def test_at_every_byte_of_the_answer(raw_server: Any, make_client: Any, way: dict[str, Any]) -> None:
    body = b'{"status":"0"}'
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    sent = asyncio.Event()
    cut = 0

    async def in_parts(connection: Connection) -> None:
        while True:
            await connection.receive()
            await connection.send(whole[:cut])
            sent.set()
            if cut < len(whole):
                await asyncio.Event().wait()

    server = await raw_server(in_parts)
    client = make_client(base_url=server.url, limits=ONE_SLOT, **way)
    for cut in range(0, len(whole), 3):  # noqa: B007 - the server reads it
        sent.clear()
        task = asyncio.create_task(client.sip_trunks.update(trunk_update()))
        await sent.wait()
        await ticks(3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (client.stats.in_use, client.stats.waiting) == (0, 0)
    cut = len(whole)
    await assert_usable(client)


@pytest.mark.parametrize("when", [0, 1, 2, 3, 5, 8])
async def test_a_half_read_answer_is_closed(scripted: Any, when: int) -> None:
    body = SlowBody(b'{"status":"0","reason":"success"}')
    client, transport = scripted(lambda _: httpx.Response(200, stream=body))
    task = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    await ticks(when)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert body.closed or when < 2  # earlier than that there was no answer to close


async def test_cancelled_waiters_give_their_turn_to_the_next(scripted: Any) -> None:
    release = asyncio.Event()

    async def held(_: httpx.Request) -> httpx.Response:
        await release.wait()
        return answer()

    client, transport = scripted(held, limits=ONE_SLOT)
    tasks = [asyncio.create_task(client.sip_trunks.update(trunk_update(key_id=n))) for n in range(1, 6)]
    await until(lambda: client.stats.waiting == 4)
    for task in tasks[1:4]:
        task.cancel()
    await ticks(2)
    assert (client.stats.in_use, client.stats.waiting) == (1, 1)
    release.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [outcome is None for outcome in outcomes] == [True, False, False, False, True]
    assert [b'"keyId":5' in request.content for request in transport.sent] == [False, True]


async def test_a_slot_that_comes_at_the_tick_of_the_cancellation_is_passed_on(scripted: Any) -> None:
    release = asyncio.Event()

    async def held(_: httpx.Request) -> httpx.Response:
        await release.wait()
        return answer()

    client, _ = scripted(held, limits=ONE_SLOT)
    first, second, third = (asyncio.create_task(client.sip_trunks.update(trunk_update())) for _ in range(3))
    await until(lambda: client.stats.waiting == 2)
    release.set()
    await first
    second.cancel()  # it has the slot by now, but has not run
    outcomes = await asyncio.wait_for(asyncio.gather(second, third, return_exceptions=True), 1)
    assert isinstance(outcomes[0], asyncio.CancelledError | None)
    assert outcomes[1] is None
    await assert_usable(client)


async def test_a_task_group_that_fails_ends_the_calls_of_its_siblings(scripted: Any) -> None:
    client, _ = scripted(yielding, limits=ONE_SLOT)

    async def fail() -> None:
        await ticks(5)
        raise ZeroDivisionError

    async def all_together() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(client.sip_trunks.update(trunk_update()))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup):
        await all_together()
    await assert_usable(client)


async def test_a_burst_whose_callers_go_away(raw_server: Any, make_client: Any) -> None:
    server = await raw_server(serve)
    client = make_client(base_url=server.url, limits=httpx.Limits(max_connections=4))
    for round_ in range(5):
        tasks = [asyncio.create_task(client.sip_trunks.update(trunk_update())) for _ in range(30)]
        for task in tasks[round_::3]:
            await ticks(round_)
            task.cancel()
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert not [outcome for outcome in outcomes if isinstance(outcome, ItnioError)]
    await assert_usable(client, calls=20)


KINDS = st.sampled_from(["done", "busy", "expired", "refused", "lost", "page", "slow", "half"])


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(KINDS, min_size=1, max_size=30),
    cancelled=st.dictionaries(st.integers(0, 19), st.integers(0, 25)),
    slots=st.sampled_from([1, 2, 5, None]),
    pool=st.sampled_from([None, 0.001]),
)
async def test_any_mixture_ends_with_nothing_left(
    kinds: list[str], cancelled: dict[int, int], slots: int | None, pool: float | None
) -> None:
    played = itertools.cycle(kinds)

    async def step(_: httpx.Request) -> httpx.Response:
        kind = next(played)
        await ticks({"slow": 7, "done": 0}.get(kind, 1))
        if kind == "lost":
            raise httpx.ReadError("lost")
        if kind == "page":
            return httpx.Response(502, html="<h1>")
        if kind == "half":
            return httpx.Response(200, stream=SlowBody(b'{"status":'))
        return answer({"busy": -18, "expired": -16, "refused": -45}.get(kind, 0))

    transport = ScriptedTransport(step)
    retry = RetryPolicy(attempts=3, sleep=FakeSleep(during=lambda: ticks(2)))
    async with AsyncClient(
        "k",
        "s",
        transport=transport,
        retry=retry,
        limits=httpx.Limits(max_connections=slots),
        timeout=httpx.Timeout(5, pool=pool),
    ) as client:
        tasks = [asyncio.create_task(client.sip_trunks.update(trunk_update())) for _ in range(20)]

        async def cancel(number: int, after: int) -> None:
            await ticks(after)
            tasks[number].cancel()

        await asyncio.gather(*(cancel(number, after) for number, after in cancelled.items()))
        outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
        for number, outcome in enumerate(outcomes):
            if number in cancelled and isinstance(outcome, asyncio.CancelledError):
                continue
            assert outcome is None or isinstance(outcome, ItnioError)
        stats = client.stats
        assert (stats.in_use, stats.waiting) == (0, 0)
        assert stats.requests == len(transport.sent)
        transport.steps = [answer()]
        await assert_usable(client)
