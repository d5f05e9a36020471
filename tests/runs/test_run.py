"""A bulk run as its consumer sees it: outcomes, order, room, and the ways in which it ends by itself."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest
from support.held import HeldTransport, collect, others
from support.scripted import FakeSleep, answer, ticks, until
from support.values import PASSWORD, SECRET, registered_update, trunk_add, trunk_update

from itnio_async import (
    AuthenticationError,
    BulkRun,
    ConfigurationError,
    ConflictError,
    ConnectError,
    InvalidRequestError,
    IpNotAllowedError,
    ItnioError,
    Outcome,
    RateLimit,
    ReadTimeout,
    RetryPolicy,
    ServerError,
    TimestampExpiredError,
    ValidationError,
)
from itnio_async.api.sip_trunks import ADD, UPDATE
from itnio_async.config import BULK_STOP_ON as STOP_ON
from itnio_async.runs.outcome import StopRule


def updates(*key_ids):
    return [trunk_update(key_id=key_id) for key_id in key_ids]


class Counted:
    """Updates from 1 on, as a plain or an async iterable, that know how many were read."""

    def __init__(self, end):
        self.end = end
        self.read = 0

    def plain(self):
        while self.read < self.end:
            self.read += 1
            yield trunk_update(key_id=self.read)

    async def asynchronous(self):
        for update in self.plain():
            await asyncio.sleep(0)
            yield update


def scripted_by_key(scripted, answers, **options):
    """A client whose vendor answers by key id; success for those that are not named."""

    async def step(request):
        status = answers.get(json.loads(await request.aread())["keyId"], 0)
        if isinstance(status, Exception):
            raise status
        return answer(status)

    return scripted(step, **options)


# -- outcomes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "asynchronous"])
@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_each_item_has_one_outcome(scripted, kind, concurrency):
    client, transport = scripted(answer())
    source = getattr(Counted(20), kind)()
    seen = [outcome async for outcome in client.sip_trunks.update_many(source, concurrency=concurrency)]
    assert sorted(outcome.index for outcome in seen) == list(range(20))
    for outcome in seen:
        assert isinstance(outcome, Outcome)
        assert outcome.ok
        assert outcome.error is None
        assert outcome.request.key_id == outcome.index + 1
        assert outcome.response.status == 0
        assert outcome.attempts == 1
        assert outcome.elapsed >= 0
    assert len(transport.sent) == 20
    assert not others()


async def test_no_items(scripted):
    client, _ = scripted(answer())
    assert [outcome async for outcome in client.sip_trunks.update_many([])] == []
    assert not others()


async def test_outcomes_come_as_calls_finish(make_client):
    transport = HeldTransport()
    async with make_client(transport).sip_trunks.update_many(updates(1, 2, 3)) as run:
        outcomes = aiter(run)
        first = asyncio.create_task(anext(outcomes))
        await until(lambda: transport.began == [1, 2, 3])
        transport.release(3)
        assert (await first).index == 2
        transport.release(1, 2)
        assert [outcome.index async for outcome in outcomes] == [0, 1]


async def test_ordered_waits_for_the_first_with_bounded_room(make_client):
    transport, source = HeldTransport(), Counted(100)
    run = make_client(transport).sip_trunks.update_many(source.plain(), concurrency=5, ordered=True)

    async def consume():
        return [outcome.index async for outcome in run]

    consumer = asyncio.create_task(consume())
    await until(lambda: transport.under_way)
    for _ in range(100):
        transport.release(*(key_id for key_id in transport.under_way if key_id != 1))
        await ticks(5)
    # Twice the concurrency, and not one more, while the first one is slow.
    assert source.read == 10
    while not consumer.done():
        transport.release(*transport.under_way)
        await ticks(5)
    assert consumer.result() == list(range(100))
    assert transport.most == 5


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_slow_consumer_holds_the_workers_back(scripted, ordered):
    client, transport = scripted(answer())
    source = Counted(1000)
    async with client.sip_trunks.update_many(source.plain(), concurrency=4, ordered=ordered) as run:
        taken = 0
        async for _ in run:
            taken += 1
            await ticks(50)
            # It does go ahead, or the consumer would have to wait for each call.
            assert source.read == taken + 8
            assert len(transport.sent) == source.read
            if taken == 20:
                break


async def test_failures_are_outcomes(scripted):
    client, _ = scripted_by_key(scripted, {1: -47, 2: httpx.ConnectError("no"), 3: -18}, retry=RetryPolicy(attempts=1))
    requests = [*updates(1, 2, 3, 4), trunk_update(key_id="5"), trunk_update(sip_trunk_name=""), {"key_id": 7}]
    seen = [outcome async for outcome in client.sip_trunks.update_many(requests, ordered=True)]
    kinds = [ConflictError, ConnectError, ServerError, None] + 3 * [InvalidRequestError]
    assert [outcome.error and type(outcome.error) for outcome in seen] == kinds
    assert [outcome.ok for outcome in seen] == [kind is None for kind in kinds]
    assert [outcome.response is None for outcome in seen] == [kind is not None for kind in kinds]
    assert [outcome.attempts for outcome in seen] == [1, 1, 1, 1, 0, 0, 0]
    assert [outcome.request for outcome in seen] == requests


async def test_the_idempotence_of_the_endpoint_holds(scripted):
    async def no_sleep(_):
        pass

    client, transport = scripted(answer(-18), answer(0), retry=RetryPolicy(sleep=no_sleep))
    (outcome,) = [outcome async for outcome in client.bulk(UPDATE, updates(1))]
    assert (outcome.ok, outcome.attempts, outcome.response.attempts) == (True, 2, 2)
    transport.sent.clear()
    (outcome,) = [outcome async for outcome in client.bulk(ADD, [trunk_add()])]
    assert isinstance(outcome.error, ServerError)
    assert outcome.attempts == len(transport.sent) == 1


async def test_any_endpoint(scripted):
    client, _ = scripted(answer(0, data=7))
    seen = [outcome.response.data async for outcome in client.bulk(ADD, (trunk_add() for _ in range(3)))]
    assert seen == [7, 7, 7]


async def test_two_consumers_share_the_outcomes(scripted):
    client, _ = scripted(answer())
    run = client.sip_trunks.update_many(updates(*range(1, 101)), concurrency=3)

    async def consume():
        seen = []
        async for outcome in run:
            seen.append(outcome.index)
            await asyncio.sleep(0)
        return seen

    one, other = await asyncio.gather(consume(), consume())
    assert one
    assert other
    assert sorted(one + other) == list(range(100))


async def test_rate_limit(scripted):
    client, transport = scripted(answer())
    source = Counted(100)
    run = client.sip_trunks.update_many(source.plain(), concurrency=10, rate_limit=RateLimit(3, 3600))
    seen = []
    consumer = asyncio.create_task(collect(run, seen))
    await until(lambda: len(seen) == 3)
    await ticks(50)
    # Nothing is read that cannot be sent now.
    assert source.read == len(transport.sent) == 3
    run.stop()
    await consumer
    assert not others()


# -- the ends that a run comes to by itself ---------------------------------------------------------------------------


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize(("code", "kind"), [(-1, AuthenticationError), (-2, IpNotAllowedError)])
async def test_a_refused_account_stops_the_run(make_client, code, kind, ordered):
    transport, source, seen = HeldTransport(), Counted(1000), []
    client = make_client(transport, retry=RetryPolicy(attempts=1))
    run = client.sip_trunks.update_many(source.plain(), concurrency=4, ordered=ordered)
    consumer = asyncio.create_task(collect(run, seen))
    await until(lambda: len(transport.under_way) == 4)
    transport.release(3, status=code)
    await ticks(50)
    assert not consumer.done()
    transport.release(1, 2, 4)
    with pytest.raises(kind) as caught:
        await consumer
    assert sorted(outcome.index for outcome in seen) == [0, 1, 2, 3]
    assert [outcome.index for outcome in seen if not outcome.ok] == [2]
    assert caught.value is next(outcome.error for outcome in seen if not outcome.ok)
    assert source.read == 4
    assert not others()


class Spell(httpx.AsyncBaseTransport):
    """A vendor that refuses all timestamps for a while, and tells the time; sleeping takes no time but its own."""

    def __init__(self, seconds, *, off=0.0):
        self.now, self.end, self.off = 1_700_000_000.4, 1_700_000_000.4 + seconds, off
        self.refused = 0

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.now += max(0.0, seconds)
        await asyncio.sleep(0)

    async def handle_async_request(self, request):
        self.now += 0.0001
        await asyncio.sleep(0)
        is_refused = self.now < self.end
        self.refused += is_refused
        return answer(-16 if is_refused else 0, date=self.now + self.off)


async def test_a_spell_of_refused_timestamps_does_not_end_a_run(make_client):
    vendor, seen = Spell(0.3), []
    client = make_client(vendor, clock=vendor.clock, retry=RetryPolicy(sleep=vendor.sleep))
    await collect(client.sip_trunks.update_many(updates(*range(1, 501))), seen)
    assert vendor.refused
    assert [outcome.error for outcome in seen] == [None] * 500


async def test_a_corrected_clock_that_is_refused_too_ends_a_run(make_client):
    vendor, seen = Spell(10**6, off=1000), []
    client = make_client(vendor, clock=vendor.clock, retry=RetryPolicy(sleep=vendor.sleep))
    with pytest.raises(TimestampExpiredError, match="refused as well"):
        await collect(client.sip_trunks.update_many(updates(*range(1, 501)), concurrency=5), seen)
    assert len(seen) <= 10


@pytest.mark.parametrize(
    ("after_correction", "stop_on", "ends"),
    [
        (False, STOP_ON, False),
        (True, STOP_ON, True),
        (False, (ItnioError,), True),
        (True, (), False),
    ],
)
def test_which_refused_timestamp_ends_a_run(after_correction, stop_on, ends):
    error = TimestampExpiredError("expired", code=-16)
    error.after_correction = after_correction
    assert StopRule(stop_on, 0).ends_run(error) is ends


async def test_the_last_item_stops_the_run_too(scripted):
    client, _ = scripted(answer(-1))
    seen = []
    with pytest.raises(AuthenticationError) as caught:
        await collect(client.sip_trunks.update_many(updates(1)), seen)
    assert [outcome.error for outcome in seen] == [caught.value]


async def test_stop_on_is_the_callers(scripted):
    client, _ = scripted_by_key(scripted, {1: -1, 2: -16, 4: -47}, retry=RetryPolicy(attempts=1))
    seen = []
    run = client.sip_trunks.update_many(updates(*range(1, 10)), concurrency=1, stop_on=(ConflictError,))
    with pytest.raises(ConflictError) as caught:
        await collect(run, seen)
    assert [outcome.ok for outcome in seen] == [False, False, True, False]
    assert run.error is caught.value


@pytest.mark.parametrize("stop_on", [STOP_ON, ()])
async def test_a_closed_client_ends_the_run(scripted, stop_on):
    client, transport = scripted(answer())
    await client.aclose()
    seen = []
    run = client.sip_trunks.update_many(Counted(10**9).plain(), concurrency=3, stop_on=stop_on)
    with pytest.raises(ConfigurationError, match="closed"):
        await collect(run, seen)
    assert 1 <= len(seen) <= 3
    assert not transport.sent


class Broken(Exception):
    pass


@pytest.mark.parametrize("kind", ["plain", "asynchronous", "opening"])
async def test_the_sources_error_comes_after_the_outcomes(make_client, kind):
    error = Broken("line 4")

    def plain():
        yield from updates(1, 2, 3)
        raise error

    async def asynchronous():
        for update in plain():
            await asyncio.sleep(0)
            yield update

    class Opening:
        def __iter__(self):
            raise error

    transport, seen = HeldTransport(), []
    source = {"plain": plain, "asynchronous": asynchronous, "opening": Opening}[kind]()
    consumer = asyncio.create_task(collect(make_client(transport).sip_trunks.update_many(source), seen))
    expected = [] if kind == "opening" else [1, 2, 3]
    await until(lambda: transport.under_way == expected)
    await ticks(50)
    assert consumer.done() == (kind == "opening")
    transport.release(*expected)
    with pytest.raises(Broken) as caught:
        await consumer
    assert caught.value is error
    assert len(seen) == len(expected)
    assert not others()


class Panic(BaseException):
    """As a panic that Rust raises into Python: not an Exception."""


@pytest.mark.parametrize(
    "error", [Panic("a bad page"), SystemExit(3), KeyboardInterrupt(), pytest.skip.Exception()], ids=repr
)
@pytest.mark.parametrize("concurrency", [1, 3, 50])
@pytest.mark.parametrize("kind", ["plain", "asynchronous", "closing", "middleware"])
async def test_what_is_not_an_exception_ends_a_run_too(scripted, error, concurrency, kind):
    def plain():
        for number in range(1, 101):
            if number == 11:
                raise error
            yield trunk_update(key_id=number)

    async def asynchronous():
        for update in plain():
            yield update

    async def closing():
        try:
            for update in updates(*range(1, 101)):
                yield update
        finally:
            raise error

    sources = {"plain": plain, "asynchronous": asynchronous, "closing": closing}
    client, _ = scripted(*[answer()] * 10, error if kind == "middleware" else answer())
    seen = []
    run = client.sip_trunks.update_many(
        sources[kind]() if kind in sources else updates(*range(1, 101)), concurrency=concurrency
    )
    with pytest.raises(type(error)) as caught:
        async with run:
            await collect(run, seen)
    assert caught.value is run.error is error
    assert len(seen) == (100 if kind == "closing" else 10)
    await ticks(5)
    assert not others()


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_strangers_error_stops_the_run_and_its_item_has_no_outcome(make_client, ordered):
    transport, seen, error = HeldTransport(), [], Broken("a middleware")
    run = make_client(transport).sip_trunks.update_many(Counted(100).plain(), concurrency=4, ordered=ordered)
    consumer = asyncio.create_task(collect(run, seen))
    await until(lambda: len(transport.under_way) == 4)
    transport.release(2, status=error)
    await until(lambda: run.error)
    transport.release(1, 3, 4)
    with pytest.raises(Broken) as caught:
        await consumer
    assert caught.value is error
    assert sorted(outcome.index for outcome in seen) == [0, 2, 3]
    assert list(run.under_way) == [1]
    assert not others()


@pytest.mark.parametrize(
    ("codes", "stops_at"),
    [
        ([-47, -47, -47, 0, 0], 3),
        ([0, -47, -47, 0, -47, -47, 0], None),
        ([-47, -47, -52, -52, -52, 0], 5),
        ([-47, -47, httpx.ConnectError("no"), -47, -47, 0], None),
        ([httpx.ConnectError("no")] * 5, None),
        ([-18] * 5, 3),
    ],
)
async def test_max_failures(scripted, codes, stops_at):
    client, _ = scripted_by_key(scripted, dict(enumerate(codes, 1)), retry=RetryPolicy(attempts=1))
    seen = []
    run = client.sip_trunks.update_many(updates(*range(1, len(codes) + 1)), concurrency=1, max_failures=3)
    if stops_at is None:
        await collect(run, seen)
        assert len(seen) == len(codes)
        assert run.error is None
    else:
        with pytest.raises((ConflictError, ServerError)) as caught:
            await collect(run, seen)
        assert caught.value is seen[-1].error is run.error
        assert len(seen) == stops_at


async def test_max_failures_counts_in_the_order_in_which_calls_finish(make_client):
    transport = HeldTransport()
    run = make_client(transport).sip_trunks.update_many(updates(1, 2, 3, 4), max_failures=2, ordered=True)
    consumer = asyncio.create_task(anext(aiter(run)))
    await until(lambda: len(transport.under_way) == 4)
    transport.release(4, status=-47)
    await ticks(20)
    assert run.error is None
    transport.release(2, status=-47)
    await until(lambda: run.error)
    transport.release(1, 3)
    await consumer
    await run.aclose()
    assert run.error.code == -47


def test_refusals_before_sending_count_like_the_vendors():
    rule = StopRule((), 2)
    assert not rule.ends_run(InvalidRequestError("no", code=-49))
    assert rule.ends_run(ValidationError("no", code=-49))
    assert not rule.ends_run(InvalidRequestError("no"))
    assert not rule.ends_run(InvalidRequestError("no"))


def test_zero_never_stops():
    rule = StopRule((), 0)
    assert not any(rule.ends_run(ConflictError("no", code=-47)) for _ in range(1000))


# -- arguments, texts, logs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"concurrency": 0}, ConfigurationError, "concurrency"),
        ({"concurrency": True}, ConfigurationError, "concurrency"),
        ({"concurrency": 2.5}, ConfigurationError, "concurrency"),
        ({"rate_limit": 0}, ConfigurationError, "rate_limit"),
        ({"rate_limit": "10"}, ConfigurationError, "rate_limit"),
        ({"stop_on": (ValueError,)}, ConfigurationError, "stop_on"),
        ({"stop_on": ConflictError("x")}, ConfigurationError, "stop_on"),
        ({"stop_on": None}, ConfigurationError, "stop_on"),
        ({"max_failures": -1}, ConfigurationError, "max_failures"),
        ({"ordered": 1}, ConfigurationError, "ordered"),
        ({"updates": None}, InvalidRequestError, "requests: an iterable"),
        ({"updates": trunk_update()}, InvalidRequestError, "SipTrunkUpdate"),
    ],
)
async def test_wrong_arguments(scripted, arguments, kind, text):
    client, _ = scripted(answer())
    with pytest.raises(kind, match=text):
        client.sip_trunks.update_many(**{"updates": [], **arguments})


async def test_wrong_endpoint(scripted):
    client, _ = scripted(answer())
    with pytest.raises(InvalidRequestError, match="endpoint: an Endpoint is wanted, not a str"):
        client.bulk("POST /v3/cc/sipTrunk/update", [])


async def test_one_class_will_do_for_stop_on(scripted):
    client, _ = scripted(answer(-47))
    with pytest.raises(ConflictError):
        await collect(client.sip_trunks.update_many(updates(1), stop_on=ConflictError), [])


async def test_no_secret_in_texts_or_logs(scripted, caplog):
    caplog.set_level(logging.DEBUG)
    client, _ = scripted(answer(0), answer(-61, f"bad {PASSWORD} of {SECRET}"))
    run = client.bulk(UPDATE, [registered_update(), registered_update(), {"sipPassword": PASSWORD}], concurrency=1)
    assert "0 begun, 0 under way, open" in repr(run)
    seen = [outcome async for outcome in run]
    assert "POST /v3/cc/sipTrunk/update 3 begun, 0 under way, over" in repr(run)
    text = f"{seen!r} {run!r} {caplog.text}"
    assert "22232" in text
    assert "<dict>" in text
    assert PASSWORD not in text
    assert SECRET not in text
    records = [record for record in caplog.records if record.name == "itnio_async.bulk"]
    assert {record.levelno for record in records} == {logging.INFO}
    assert "begins, at most 1 calls at once" in records[0].getMessage()
    assert "1 done, 2 failed, 0 cut off" in records[-1].getMessage()


async def test_nothing_happens_before_the_first_outcome_is_asked_for(scripted):
    client, transport = scripted(answer())
    source = Counted(3)
    async with client.sip_trunks.update_many(source.plain()) as run:
        assert isinstance(run, BulkRun)
        await ticks(20)
        assert source.read == len(transport.sent) == 0
        assert not others()
    assert await run.aclose() == []
    assert [outcome async for outcome in run] == []
    assert source.read == 0


async def test_attempts_are_those_of_the_whole_call(scripted):
    """A failure without an answer counts the attempts before it too, and one that was never sent counts none."""
    client, _ = scripted(answer(-18), httpx.ReadTimeout("slow"), retry=RetryPolicy(sleep=FakeSleep()))
    outcomes = [outcome async for outcome in client.sip_trunks.update_many([trunk_update(), "nonsense"], concurrency=1)]
    assert [type(outcome.error) for outcome in outcomes] == [ReadTimeout, InvalidRequestError]
    assert [outcome.attempts for outcome in outcomes] == [2, 0]
