"""The pace of a run against vendors that allow only so much, in virtual time: the whole run, its waits and its ends."""

from __future__ import annotations

import asyncio
import random
from functools import partial

import pytest

from benchmarks import limits, pace as paces
from benchmarks.limits import Vendor
from benchmarks.virtual_time import run
from itnio_async import (
    BulkRun,
    ConnectError,
    GatewayBusyError,
    ItnioError,
    RateLimit,
    ReadTimeout,
    ServerError,
    ValidationError,
)
from itnio_async.runs.pace import Pace, Rate


def bulk_run(send, requests, *, concurrency=50, patience=30.0, idempotent=True, seed=7, stop_on=(), **options):
    loop = asyncio.get_running_loop()
    pace = Pace(concurrency, patience=patience, clock=loop.time, random=random.Random(seed).random)
    return BulkRun(
        "x",
        send,
        requests,
        concurrency=concurrency,
        rate_limit=pace,
        stop_on=stop_on,
        max_failures=0,
        ordered=False,
        idempotent=idempotent,
        **options,
    )


async def outcomes_of(send, requests, **options):
    async with bulk_run(send, requests, **options) as going:
        return [outcome async for outcome in going]


def assert_all_done_at_the_pace_that_the_vendor_allows(scenario, jitter, seed):
    result = paces.simulated(scenario, paces.ROWS, jitter=jitter, seed=seed)
    assert result.done == paces.ROWS
    assert result.refused <= paces.MOST_REFUSED, (jitter, seed)
    assert result.used is None or result.used >= paces.LEAST_USED, (jitter, seed)


@pytest.mark.parametrize("scenario", paces.SCENARIOS, ids=str)
def test_all_rows_are_done_at_the_pace_that_the_vendor_allows_and_few_are_refused(scenario):
    for seed, jitter in enumerate(paces.JITTERS):
        assert_all_done_at_the_pace_that_the_vendor_allows(scenario, jitter, seed)


@pytest.mark.slow  # eight runs more of each scenario: some minutes
@pytest.mark.no_cover  # measuring takes longer than the runs
@pytest.mark.parametrize("seed", range(4, 6))
@pytest.mark.parametrize("scenario", paces.SCENARIOS, ids=str)
def test_and_so_it_is_whatever_happens_by_chance(scenario, seed):
    for jitter in paces.JITTERS:
        assert_all_done_at_the_pace_that_the_vendor_allows(scenario, jitter, seed)


def busy(status, retry_after=None):
    return GatewayBusyError("busy", status, retry_after, may_have_been_processed=status == 503, attempts=1)


def failing(error):
    error.attempts = 1
    return error


class Script:
    """Fails as told by `failure`, a function of the request and the moment, and otherwise answers after 10 ms."""

    def __init__(self, failure):
        self.failure = failure
        self.sent = []

    async def __call__(self, request):
        loop = asyncio.get_running_loop()
        self.sent.append((loop.time(), request))
        await asyncio.sleep(0.01)
        error = self.failure(request, loop.time())
        if error is not None:
            raise error
        return limits.ANSWER


@pytest.mark.parametrize(
    "error",
    [
        partial(busy, 503),
        partial(busy, 429),
        lambda: failing(ConnectError("away")),
    ],
    ids=["503", "429", "no connection"],
)
def test_an_outage_costs_no_row_and_few_calls(error):
    vendor = Script(lambda _, now: error() if 0.2 < now < 12 else None)
    outcomes = run(outcomes_of(vendor, range(5000)))
    assert len(outcomes) == 5000
    assert all(outcome.ok for outcome in outcomes)
    assert len(vendor.sent) < 5000 + 90
    again = [outcome for outcome in outcomes if outcome.attempts > 1]
    assert sum(outcome.attempts for outcome in outcomes) == len(vendor.sent)
    assert again


def test_while_all_fail_with_18_the_calls_wait_and_only_those_among_the_last_successes_are_lost():
    vendor = Script(lambda _, now: failing(ServerError("-18", -18)) if 0.2 < now < 12 else None)
    outcomes = run(outcomes_of(vendor, range(5000)))
    assert len(outcomes) == 5000
    assert sum(not outcome.ok for outcome in outcomes) <= 20
    assert len(vendor.sent) < 5000 + 90


def test_after_its_patience_the_error_is_the_outcome():
    async def main():
        outcomes = await outcomes_of(vendor, range(3), concurrency=2, patience=5.0)
        return outcomes, asyncio.get_running_loop().time()

    vendor = Script(lambda *_: busy(503))
    outcomes, end = run(main())
    assert {type(outcome.error) for outcome in outcomes} == {GatewayBusyError}
    assert 5 <= end < 9


def test_what_may_have_been_done_is_not_sent_again_unless_a_repeat_does_no_harm():
    for status, idempotent, attempts in ((503, True, 2), (503, False, 1), (429, True, 2), (429, False, 2)):
        vendor = Script(lambda _, now, status=status: busy(status) if now < 0.05 else None)
        (outcome,) = run(outcomes_of(vendor, ["one"], idempotent=idempotent))
        assert (outcome.attempts, outcome.ok) == (attempts, attempts == 2)


def test_the_failure_of_one_row_among_successes_is_its_outcome():
    vendor = Script(lambda request, _: failing(ServerError("-18", -18)) if request == 30 else None)
    outcomes = run(outcomes_of(vendor, range(100), concurrency=5))
    assert [outcome.index for outcome in outcomes if not outcome.ok] == [30]
    assert len(vendor.sent) == 100


def test_a_row_that_a_gateway_never_takes_keeps_no_other_from_being_done():
    vendor = Script(lambda request, _: busy(503) if request == 7 else None)
    outcomes = run(outcomes_of(vendor, range(300), concurrency=3, patience=5.0))
    assert [outcome.index for outcome in outcomes if not outcome.ok] == [7]
    assert len(outcomes) == 300


@pytest.mark.parametrize("status", [429, 503])
def test_a_row_that_a_gateway_never_takes_slows_no_other_down(status):
    async def main():
        loop = asyncio.get_running_loop()
        ends = {}
        async with bulk_run(vendor, range(6000), patience=20.0) as going:
            async for outcome in going:
                ends[outcome.index] = loop.time()
                assert outcome.ok == (outcome.index != 7)
        return ends

    vendor = Script(lambda request, _: busy(status) if request == 7 else None)
    ends = run(main())
    assert len(ends) == 6000
    last = max(end for index, end in ends.items() if index != 7)
    assert last < 30
    # It is given up once nothing was answered well for its patience.
    assert last + 20 <= ends[7] < last + 35
    assert len([request for _, request in vendor.sent if request == 7]) < 30


def test_a_stop_ends_the_rest_of_a_row_that_is_never_taken():
    async def main():
        loop = asyncio.get_running_loop()
        async with bulk_run(vendor, range(100_000), concurrency=3) as going:
            loop.call_at(20.0, going.stop)
            outcomes = [outcome async for outcome in going]
        return outcomes, loop.time()

    vendor = Script(lambda request, _: busy(429) if request == 7 else None)
    outcomes, end = run(main())
    assert [outcome.index for outcome in outcomes if not outcome.ok] == [7]
    assert end < 20.1


@pytest.mark.parametrize("concurrency", [2, 3, 4])
def test_what_is_to_be_sent_again_goes_on_after_the_source_has_ended(concurrency):
    for count in range(1, 8):
        vendor = Script(lambda _, now: busy(429) if now < 1.0 else None)
        outcomes = run(outcomes_of(vendor, range(count), concurrency=concurrency))
        assert sum(outcome.ok for outcome in outcomes) == count


def test_what_is_to_be_sent_again_waits_for_no_source_that_is_slow():
    async def requests():
        yield 1
        yield 2
        await asyncio.sleep(3600)

    vendor = Script(lambda request, now: busy(429) if now < 1.0 else None)
    outcomes = run(outcomes_of(vendor, requests(), concurrency=4, patience=7200.0))
    assert all(outcome.ok for outcome in outcomes)
    assert vendor.sent[-1][0] < 5


def test_nothing_is_sent_while_the_gateway_asks_to_wait():
    vendor = Script(lambda _, now: busy(429, 3.0) if 0.2 < now < 0.3 else None)
    outcomes = run(outcomes_of(vendor, range(3000)))
    assert all(outcome.ok for outcome in outcomes)
    moments = [moment for moment, _ in vendor.sent]
    refused = next(moment for moment in moments if moment > 0.19)
    assert not [moment for moment in moments if refused + 0.03 < moment < refused + 3]


def test_a_stop_ends_what_waits_to_be_sent_again():
    async def main():
        async with bulk_run(vendor, range(100), concurrency=4) as going:
            waiting = asyncio.ensure_future(anext(aiter(going)))
            await asyncio.sleep(3)
            assert going.held_back == "the gateway refuses more"
            going.stop()
            outcomes = [await waiting, *await going.aclose()]
        return outcomes, asyncio.get_running_loop().time()

    vendor = Script(lambda *_: busy(429))
    outcomes, end = run(main())
    assert {type(outcome.error) for outcome in outcomes} == {GatewayBusyError}
    assert end < 3.1


async def collected(going, seen):
    async for outcome in going:
        seen.append(outcome)


def test_an_error_that_ends_the_run_ends_what_waits_too():
    async def main():
        going = bulk_run(vendor, range(100), concurrency=4, stop_on=(ValidationError,))
        seen: list[object] = []
        with pytest.raises(ValidationError):
            await collected(going, seen)
        return seen, asyncio.get_running_loop().time()

    vendor = Script(lambda request, now: failing(ValidationError("no", -22)) if request == 2 else busy(429))
    seen, end = run(main())
    assert {type(outcome.error) for outcome in seen} == {GatewayBusyError, ValidationError}
    assert end < 30


def test_a_call_that_is_cut_off_leaves_its_place():
    async def main():
        loop = asyncio.get_running_loop()
        pace = Pace(1, clock=loop.time)
        begun = pace.begin()
        pace.cut_off(begun)
        assert pace.wait() == 0

    run(main())


class Slow:
    """A vendor that does ten calls at once and lets the others wait: it refuses nothing."""

    def __init__(self):
        self.at_work = asyncio.Semaphore(10)
        self.most = self.in_flight = 0
        self.late = []

    async def __call__(self, request):
        began = asyncio.get_running_loop().time()
        self.in_flight += 1
        async with self.at_work:
            await asyncio.sleep(0.1)
        self.in_flight -= 1
        self.late.append(asyncio.get_running_loop().time() - began)
        return limits.ANSWER


def test_a_vendor_that_only_becomes_slow_gets_no_more_at_once_than_it_works_at():
    async def main():
        vendor = Slow()
        await outcomes_of(vendor, range(5000), concurrency=500)
        return vendor, asyncio.get_running_loop().time()

    vendor, end = run(main())
    assert end < 5000 / 100 / 0.9  # ten at a time in 0.1 s
    late = sorted(vendor.late)
    assert late[len(late) // 2] < 0.5


def test_time_outs_shrink_the_number_in_flight_and_stay_outcomes():
    vendor = Script(lambda _, now: failing(ReadTimeout("late")) if 0.1 < now < 0.5 else None)
    outcomes = run(outcomes_of(vendor, range(3000)))
    failed = sum(not outcome.ok for outcome in outcomes)
    assert 0 < failed < 200
    assert len(vendor.sent) == 3000


def test_a_source_that_is_slow_earns_no_pace_that_it_did_not_use():
    async def requests():
        for number in range(200):
            await asyncio.sleep(0.2 if number > 20 else 0)
            yield number

    limit = limits.Bucket([limits.Change(0, 10.0)])
    vendor = Vendor(limit, 0.01)
    outcomes = run(outcomes_of(vendor, requests()))
    assert all(outcome.ok for outcome in outcomes)
    assert len(vendor.refused) < 12


def test_no_error_of_another_kind_is_sent_again_or_slows_anything():
    vendor = Script(lambda request, _: failing(ItnioError("odd")) if request % 2 else None)
    outcomes = run(outcomes_of(vendor, range(2000)))
    assert sum(outcome.ok for outcome in outcomes) == 1000
    assert vendor.sent[-1][0] < 1.0


def test_a_rate_that_is_given_is_kept_evenly_from_the_first_call_on():
    vendor = Script(lambda *_: None)

    async def main():
        pace = Pace(50, at_most=RateLimit(100.0), clock=asyncio.get_running_loop().time)
        async with BulkRun(
            "x", vendor, range(500), concurrency=50, rate_limit=pace, stop_on=(), max_failures=0, ordered=False
        ) as going:
            return [outcome async for outcome in going]

    assert len(run(main())) == 500
    moments = [moment for moment, _ in vendor.sent]
    assert max(sum(begin <= moment < begin + 1 for moment in moments) for begin in moments) <= 102
    assert moments[-1] < 5.5


def test_an_outage_costs_nothing_of_what_is_known_about_the_limit():
    now = [0.0]
    pace = Pace(50, clock=lambda: now[0], random=lambda: 0.0)

    def call(error=None):
        now[0] += pace.wait()
        begun = pace.begin()
        now[0] += 0.01
        pace.ended(begun, error, 1)

    for _ in range(30):
        call()
    call(busy(429))
    call()
    assert pace.wait() > 0  # there is a rate now
    for _ in range(6):  # more than two seconds
        call(ConnectError("refused"))
    call()
    call()
    assert pace.wait() > 0


def test_a_blip_of_the_network_makes_nothing_slower():
    now = [0.0]
    pace = Pace(50, clock=lambda: now[0], random=lambda: 0.0)
    for error in (None, None, ConnectError("refused"), None):
        now[0] += pace.wait()
        begun = pace.begin()
        now[0] += 0.01
        pace.ended(begun, error, 1)
    for _ in range(20):
        assert pace.wait() == 0
        begun = pace.begin()
        pace.ended(begun, None, 1)


def test_a_limit_that_fell_is_tried_again_soon_also_where_the_one_before_was_never_certain():
    rate = Rate()
    rate.refused(0.3, last_second=100)
    rate.refused(5.0, last_second=100)
    for _ in range(6):
        rate.refused(0.3, last_second=33)
    rate.refused(2.5, last_second=33)
    assert rate.has_fallen
    assert rate.holds_for < 10


def test_a_rate_of_a_call_in_ten_seconds_rises_within_a_minute():
    rate = Rate()
    rate.refused(0.3, last_second=0)
    assert rate.now < 0.11
    now = 0.0
    while rate.now < 5 and now < 1000:
        wait = rate.wait(now, now)
        now += wait
        if not wait:
            rate.begin(now)
    assert now < 60
