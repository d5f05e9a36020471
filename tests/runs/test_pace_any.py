"""Whatever a vendor refuses, and whenever: at its own pace a run gives each item one outcome, and harms nothing."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict

from attrs import define, field
from hypothesis import given, settings, strategies as st

from benchmarks import limits, virtual_time
from itnio_async import (
    BulkRun,
    ConnectError,
    DeadlineExceeded,
    GatewayBusyError,
    ItnioError,
    ReadTimeout,
    ServerError,
    TimestampExpiredError,
    ValidationError,
)
from itnio_async.runs.pace import Pace

PATIENCE = 20.0
# Of whatever kind an error is, what it says of its call is what counts.
KINDS = {
    "429": lambda processed, wait: GatewayBusyError("busy", 429, wait, may_have_been_processed=processed, attempts=1),
    "503": lambda processed, wait: GatewayBusyError("busy", 503, wait, may_have_been_processed=processed, attempts=1),
    "-18": lambda processed, _: ServerError("failed", -18, attempts=2, may_have_been_processed=processed),
    "-16": lambda processed, _: TimestampExpiredError("late", -16, attempts=1, may_have_been_processed=processed),
    "-22": lambda processed, _: ValidationError("wrong", -22, attempts=1, may_have_been_processed=processed),
    "late": lambda processed, _: ReadTimeout("late", processed, 1),
    "deadline": lambda processed, _: DeadlineExceeded("late", processed, 3),
    "no connection": lambda processed, _: ConnectError("away", processed, 1),
    "odd": lambda processed, _: ItnioError("odd", processed, 1),
}
FAILURES = st.builds(
    lambda kind, processed, wait: (kind, processed, wait),
    st.sampled_from(sorted(KINDS)),
    st.booleans(),
    st.sampled_from([None, 0.0, 1.0, 7.0, 100.0]),
)


@define
class Vendor:
    """Fails each request as often as `failures` says, the first of them always; all of them while it is away."""

    failures: dict[int, list[tuple[str, bool, float | None]]]
    hopeless: bool
    away: tuple[float, float, tuple[str, bool, float | None]]
    seconds: float
    sent: dict[int, list[ItnioError | None]] = field(factory=lambda: defaultdict(list))
    in_flight: int = 0
    most: int = 0

    async def __call__(self, index):
        loop = asyncio.get_running_loop()
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        begin, end, outage = self.away
        left = self.failures.get(index, [])
        failure = outage if begin <= loop.time() < end else left.pop() if left else None
        if failure is None and self.hopeless and index == 0:
            failure = ("429", False, None)
        await asyncio.sleep(self.seconds)
        self.in_flight -= 1
        if failure is None:
            self.sent[index].append(None)
            return limits.ANSWER
        kind, processed, wait = failure
        error = KINDS[kind](processed, wait)
        # As it was raised: the run may add to it what came before.
        self.sent[index].append(KINDS[kind](processed, wait))
        raise error


@settings(max_examples=150, deadline=None)
@given(data=st.data(), count=st.integers(1, 60), concurrency=st.integers(1, 12), idempotent=st.booleans())
def test_each_item_has_one_outcome_and_none_is_sent_twice_where_that_may_do_harm(data, count, concurrency, idempotent):
    begin = data.draw(st.floats(0, 2))
    vendor = Vendor(
        data.draw(st.dictionaries(st.integers(0, count), st.lists(FAILURES, max_size=4))),
        data.draw(st.booleans()),
        (begin, begin + data.draw(st.floats(0, 2 * PATIENCE)), data.draw(FAILURES)),
        data.draw(st.sampled_from([0.0, 0.01, 0.5])),
    )
    stops_at = data.draw(st.none() | st.floats(0, 10))

    async def main():
        loop = asyncio.get_running_loop()
        pace = Pace(concurrency, patience=PATIENCE, clock=loop.time, random=random.Random(count).random)
        run = BulkRun(
            "any", vendor, range(count), concurrency=concurrency, rate_limit=pace, stop_on=(), idempotent=idempotent
        )
        if stops_at is not None:
            loop.call_at(stops_at, run.stop)
        async with run:
            outcomes = [outcome async for outcome in run]
        return outcomes, dict(run.under_way), pace.why, loop.time()

    outcomes, under_way, why, end = virtual_time.run(main())

    # Nothing is lost, nothing is there twice, and nothing was begun for which there is no outcome.
    indexes = sorted(outcome.index for outcome in outcomes)
    assert indexes == list(range(count if stops_at is None else len(outcomes)))
    assert (set(vendor.sent), under_way) == (set(indexes), {})
    assert vendor.most <= concurrency
    for outcome in outcomes:
        sent = vendor.sent[outcome.index]
        assert outcome.request == outcome.index
        assert outcome.attempts == sum(1 if error is None else error.attempts for error in sent)
        assert (type(outcome.error) if outcome.error else None) == (type(sent[-1]) if sent[-1] else None)
        may_have_been = [error is None or error.may_have_been_processed for error in sent]
        if outcome.error is not None:
            assert outcome.error.may_have_been_processed == any(may_have_been)
        if not idempotent:
            assert not any(may_have_been[:-1])
    # It ends: each wait is at most the patience, and each failure of the script costs at most one.
    assert end < (stops_at + 1 if stops_at is not None else 20 * PATIENCE + count)
    # What is held back has a reason that people can read.
    assert why == "" or why[0].islower()
