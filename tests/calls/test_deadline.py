"""How long a call may take, and what is known when its time is used up."""

from __future__ import annotations

import asyncio
import errno
import time
from typing import Any

import httpx
import pytest
from support.raw_server import Connection, http_answer
from support.scripted import FakeSleep, LoopClock, answer, hang, ticks, until
from support.values import PASSWORD, SECRET, registered_update, trunk_update

from itnio_async import (
    AsyncClient,
    ConfigurationError,
    ConnectionLost,
    Credentials,
    DeadlineExceeded,
    PoolTimeout,
    RateLimit,
    ReadTimeout,
    RetryPolicy,
    ServerError,
    TimestampExpiredError,
)

ONE_SLOT = httpx.Limits(max_connections=1)
BUSY = answer(-18, "Port program unusual")


async def test_the_clock_starts_when_the_call_is_admitted(scripted: Any, loop_clock: LoopClock) -> None:
    async def takes_48_seconds(_: httpx.Request) -> httpx.Response:
        await loop_clock.run(48)
        return answer()

    client, transport = scripted(takes_48_seconds, limits=ONE_SLOT, deadline=60)
    # The last one waits seven times its deadline for its turn.
    await asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(10)))
    assert len(transport.sent) == 10


async def test_the_wait_for_the_rate_is_before_the_clock(scripted: Any) -> None:
    client, transport = scripted(answer(), rate_limit=RateLimit(1, 0.3), deadline=0.25)
    # The last one waits for more than twice its deadline.
    await asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(3)))
    assert len(transport.sent) == 3


@pytest.mark.parametrize("code", [-16, -18])
async def test_a_repeat_does_not_wait_behind_calls_that_have_not_begun(
    scripted: Any, loop_clock: LoopClock, code: int
) -> None:
    async def takes_a_second(_: httpx.Request) -> httpx.Response:
        await loop_clock.run(1)
        return answer(code if len(transport.sent) == 1 else 0)

    client, transport = scripted(takes_a_second, limits=ONE_SLOT, deadline=10, retry=RetryPolicy(sleep=FakeSleep()))
    # Together they take twice the deadline.
    await asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(20)))
    assert len(transport.sent) == 21


async def test_a_call_that_never_ends_is_ended(scripted: Any) -> None:
    client, _ = scripted(hang, deadline=0.02)
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"0\.02 s") as caught:
        await client.sip_trunks.update(trunk_update())
    assert time.monotonic() - started < 0.5
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.may_have_been_processed
    assert caught.value.last_error is None
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


async def test_sleeps_are_within_the_deadline(scripted: Any) -> None:
    client, transport = scripted(BUSY, retry=RetryPolicy(initial=60, maximum=60, random=lambda: 1), deadline=0.02)
    with pytest.raises(DeadlineExceeded) as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 1
    assert isinstance(caught.value.last_error, ServerError)
    assert "-18" in str(caught.value)
    assert caught.value.may_have_been_processed


async def test_later_waits_for_a_slot_are_within_the_deadline(scripted: Any) -> None:
    others: list[asyncio.Task[None]] = []

    async def refused_while_another_waits(_: httpx.Request) -> httpx.Response:
        others.append(asyncio.create_task(client.with_options(deadline=None).sip_trunks.update(trunk_update())))
        await until(lambda: client.stats.waiting)
        return answer(-16)

    client, transport = scripted(refused_while_another_waits, hang, limits=ONE_SLOT, deadline=0.02)
    with pytest.raises(DeadlineExceeded) as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 2  # the other one's
    assert isinstance(caught.value.last_error, TimestampExpiredError)
    assert caught.value.may_have_been_processed is False
    assert (client.stats.in_use, client.stats.waiting) == (1, 0)
    others[0].cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def test_a_call_lasts_at_most_its_wait_and_its_deadline(scripted: Any, loop_clock: LoopClock) -> None:
    client, _ = scripted(hang, limits=ONE_SLOT, deadline=100, timeout=httpx.Timeout(9, pool=150))
    started = loop_clock.loop.time()
    ended: list[float] = []

    async def timed() -> None:
        try:
            await client.sip_trunks.update(trunk_update())
        finally:
            ended.append(loop_clock.loop.time() - started)

    calls = [asyncio.create_task(timed()) for _ in range(4)]
    await loop_clock.run(260)
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DeadlineExceeded, DeadlineExceeded, PoolTimeout, PoolTimeout]
    assert ended == pytest.approx([100, 150, 150, 200], abs=3)


async def test_the_wait_for_a_slot_alone_is_bounded_by_the_pool_timeout(scripted: Any) -> None:
    client, transport = scripted(hang, limits=ONE_SLOT, timeout=httpx.Timeout(9, pool=0.01), deadline=None)
    first = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    with pytest.raises(PoolTimeout, match=r"timeout\.pool") as caught:
        await client.sip_trunks.update(trunk_update())
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.may_have_been_processed is False
    assert (client.stats.in_use, client.stats.waiting) == (1, 0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


# -- what is known then ---------------------------------------------------------------------------------------------


async def test_what_was_never_sent_was_not_processed() -> None:
    async def never() -> Credentials:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async with AsyncClient(credentials=never, transport=httpx.MockTransport(lambda _: answer()), deadline=0.01) as it:
        with pytest.raises(DeadlineExceeded) as caught:
            await it.sip_trunks.update(trunk_update())
        assert it.stats.requests == 0
    assert caught.value.may_have_been_processed is False
    assert caught.value.last_error is None


@pytest.mark.parametrize(
    ("steps", "last", "processed"),
    [
        ([hang], type(None), True),
        ([answer(-16), hang], TimestampExpiredError, True),
        ([BUSY, hang], ServerError, True),
    ],
)
async def test_a_request_under_way_may_have_been_processed(
    scripted: Any, steps: list[Any], last: type, processed: bool
) -> None:
    client, _ = scripted(*steps, deadline=0.02, retry=RetryPolicy(sleep=FakeSleep()))
    with pytest.raises(DeadlineExceeded) as caught:
        await client.sip_trunks.update(trunk_update())
    assert type(caught.value.last_error) is last
    assert caught.value.may_have_been_processed is processed


async def test_a_deadline_between_refused_timestamps_means_not_processed(scripted: Any) -> None:
    looks: list[int] = []

    async def slow_second_look() -> Credentials:
        looks.append(1)
        if len(looks) > 1:
            await asyncio.Event().wait()
        return Credentials("k", "s")

    client, _ = scripted(answer(-16), deadline=0.02)
    with pytest.raises(DeadlineExceeded) as caught:
        await client.with_options(credentials=slow_second_look).sip_trunks.update(trunk_update())
    assert isinstance(caught.value.last_error, TimestampExpiredError)
    assert caught.value.may_have_been_processed is False


def unchanged(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """A middleware that does nothing; what one does with a request, and where it sends it, nobody knows."""
    return transport


REFUSED_CLOCK = http_answer(-16, headers="Connection: close\r\n")
BUSY_PORT = http_answer(-18, headers="Connection: close\r\n")


@pytest.mark.parametrize(
    ("before", "last", "processed"),
    [(None, type(None), False), (REFUSED_CLOCK, TimestampExpiredError, False), (BUSY_PORT, ServerError, True)],
    ids=["first attempt", "after a refusal", "after a failure"],
)
@pytest.mark.parametrize("middleware", [[], [unchanged]], ids=["direct", "chain"])
async def test_while_it_connects_nothing_has_been_sent(
    raw_server: Any,
    make_client: Any,
    names: asyncio.Event,
    before: bytes | None,
    last: type,
    processed: bool,
    middleware: list[Any],
) -> None:
    async def refuse(connection: Connection) -> None:
        await connection.receive()
        names.clear()
        assert before is not None
        await connection.send(before)

    server = await raw_server(refuse)
    if before is None:
        names.clear()
    client = make_client(
        base_url=server.url.replace("127.0.0.1", "localhost"),
        middleware=middleware,
        deadline=0.5,
        retry=RetryPolicy(sleep=FakeSleep()),
    )
    with pytest.raises(DeadlineExceeded) as caught:
        await client.sip_trunks.update(trunk_update())
    assert server.connections == (before is not None)
    assert type(caught.value.last_error) is last
    assert caught.value.may_have_been_processed is processed
    assert ("Nothing of it was processed" in str(caught.value)) is not caught.value.may_have_been_processed
    assert (client.stats.in_use, client.stats.connections_open) == (0, 0)


@pytest.mark.parametrize("warm", [False, True], ids=["new", "used"])
async def test_what_was_handed_to_a_connection_has_been_sent(raw_server: Any, make_client: Any, warm: bool) -> None:
    async def answer_the_first(connection: Connection) -> None:
        if warm:
            await connection.receive()
            await connection.send(http_answer())
        await asyncio.Event().wait()

    server = await raw_server(answer_the_first)
    client = make_client(base_url=server.url)
    if warm:
        await client.sip_trunks.update(trunk_update())
    with pytest.raises(DeadlineExceeded) as caught:
        await client.with_options(deadline=0.05).sip_trunks.update(trunk_update())
    assert client.stats.connections_opened == 1
    assert caught.value.may_have_been_processed


async def test_while_a_dead_connection_is_being_replaced_the_request_was_sent_on_it(
    raw_server: Any, make_client: Any, names: asyncio.Event
) -> None:
    async def hang_up_on_the_second(connection: Connection) -> None:
        await connection.receive()
        await connection.send(http_answer())
        await connection.receive()
        names.clear()

    server = await raw_server(hang_up_on_the_second)
    client = make_client(base_url=server.url.replace("127.0.0.1", "localhost"))
    await client.sip_trunks.update(trunk_update())
    with pytest.raises(DeadlineExceeded) as caught:
        await client.with_options(deadline=0.05).sip_trunks.update(trunk_update())
    assert not names.is_set()
    assert caught.value.last_error is None
    assert caught.value.may_have_been_processed


async def test_the_text_repeats_no_secret_of_the_last_error(scripted: Any) -> None:
    refusal = answer(-18, f"{SECRET} and {PASSWORD}")
    client, _ = scripted(refusal, hang, deadline=0.02, retry=RetryPolicy(sleep=FakeSleep()))
    with pytest.raises(DeadlineExceeded) as caught:
        await client.sip_trunks.update(registered_update())
    assert SECRET not in str(caught.value)
    assert PASSWORD not in str(caught.value)


# -- whose timeout it is --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theirs", [59, 60, 61])
async def test_the_callers_timeout_wins_at_the_same_tick(scripted: Any, loop_clock: LoopClock, theirs: int) -> None:
    client, transport = scripted(hang, deadline=60)

    async def call() -> None:
        async with asyncio.timeout(theirs):
            await client.sip_trunks.update(trunk_update())

    task = asyncio.create_task(call())
    await until(lambda: transport.sent)
    loop_clock.advance(100)
    with pytest.raises(TimeoutError) as caught:
        await task
    assert type(caught.value) is TimeoutError


@pytest.mark.parametrize("theirs", [59, 60, 61])
async def test_a_cancellation_wins_at_the_same_tick(scripted: Any, loop_clock: LoopClock, theirs: int) -> None:
    client, transport = scripted(hang, deadline=60)
    task = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    loop_clock.loop.call_later(theirs, task.cancel)
    loop_clock.advance(100)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


@pytest.mark.parametrize("theirs", [59, 60, 61])
async def test_the_callers_timeout_wins_over_the_wait_for_a_slot_too(
    scripted: Any, loop_clock: LoopClock, theirs: int
) -> None:
    client, transport = scripted(hang, limits=ONE_SLOT, timeout=httpx.Timeout(9, pool=60), deadline=None)
    first = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    second = asyncio.create_task(asyncio.wait_for(client.sip_trunks.update(trunk_update()), theirs))
    await until(lambda: client.stats.waiting)
    loop_clock.advance(100)
    with pytest.raises(TimeoutError):
        await second
    assert (client.stats.in_use, client.stats.waiting) == (1, 0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_a_cancellation_before_the_deadline_is_no_deadline(scripted: Any) -> None:
    client, transport = scripted(hang, deadline=5)
    task = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_shorter_timeout_of_the_caller_is_a_plain_one(scripted: Any) -> None:
    client, _ = scripted(hang, deadline=5)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.01):
            await client.sip_trunks.update(trunk_update())
    assert type(caught.value) is TimeoutError
    with pytest.raises(TimeoutError) as caught:
        await asyncio.wait_for(client.sip_trunks.update(trunk_update()), 0.01)
    assert type(caught.value) is TimeoutError


@pytest.mark.parametrize("deadline", [None, 5, 0.001])
async def test_the_systems_own_timeout_is_not_ours(scripted: Any, deadline: float | None) -> None:
    def timed_out(_: httpx.Request) -> httpx.Response:
        time.sleep(0.002)  # the shortest deadline is due, but has not fired
        raise OSError(errno.ETIMEDOUT, "Connection timed out")

    client, _ = scripted(timed_out, deadline=deadline)
    with pytest.raises(ConnectionLost) as caught:
        await client.sip_trunks.update(trunk_update())
    assert isinstance(caught.value.__cause__, TimeoutError)


async def test_the_credentials_own_timeout_passes_unchanged(scripted: Any) -> None:
    theirs = TimeoutError("the vault did not answer")

    def fail() -> Credentials:
        raise theirs

    client, _ = scripted(answer())
    with pytest.raises(TimeoutError) as caught:
        await client.with_options(credentials=fail).sip_trunks.update(trunk_update())
    assert caught.value is theirs


async def test_an_httpx_timeout_is_not_the_deadline(scripted: Any) -> None:
    client, _ = scripted(httpx.ReadTimeout("slow"), deadline=5)
    with pytest.raises(ReadTimeout):
        await client.sip_trunks.update(trunk_update())


# -- the option -----------------------------------------------------------------------------------------------------


async def test_no_deadline_is_no_bound(scripted: Any, loop_clock: LoopClock) -> None:
    async def takes_a_week(_: httpx.Request) -> httpx.Response:
        loop_clock.advance(7 * 86_400)
        await ticks(5)
        return answer()

    client, _ = scripted(takes_a_week, deadline=None)
    await client.sip_trunks.update(trunk_update())
    with pytest.raises(DeadlineExceeded):
        await client.with_options(deadline=86_400).sip_trunks.update(trunk_update())
    await client.with_options(deadline=86_400).with_options(deadline=None).sip_trunks.update(trunk_update())


@pytest.mark.parametrize("deadline", [0, -1, "60", True, float("nan"), float("inf")])
async def test_a_deadline_that_is_none_is_refused(scripted: Any, deadline: Any) -> None:
    with pytest.raises(ConfigurationError, match="deadline"):
        AsyncClient("k", "s", deadline=deadline)
    client, _ = scripted(answer())
    with pytest.raises(ConfigurationError, match="deadline"):
        client.with_options(deadline=deadline)
