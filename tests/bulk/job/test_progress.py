"""What a job counts."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from support.scripted import FakeClock

from itnio_async.bulk.files.places import Place
from itnio_async.bulk.job.progress import Meter
from itnio_async.bulk.journal.journal import Result, RowState

PLACE = Place("trunks.csv", 2)


@pytest.fixture
def clock():
    return FakeClock(now=0.0)


def done(**more):
    return Result(state=RowState.DONE, attempts=1, **more)


def test_rate_and_remaining_are_of_the_last_ten_seconds(clock):
    meter = Meter(None, clock=clock)
    meter.total = 100
    assert meter.progress().remaining is None
    for number in range(20):
        clock.now += 0.5
        meter.count(number, PLACE, "t", done())
    progress = meter.progress()
    assert (progress.done, progress.rate, progress.remaining) == (20, 2.0, 40.0)
    clock.now += 100
    assert (meter.progress().rate, meter.progress().remaining) == (0.0, None)


def test_what_was_waited_for_somebody_says_nothing_of_the_rate(clock):
    meter = Meter(None, clock=clock)
    meter.total = 100
    clock.now += 0.5
    meter.count(0, PLACE, "t", done())
    clock.now += 300  # a question that is answered late
    meter.go_on()
    for number in range(1, 5):
        clock.now += 0.5
        meter.count(number, PLACE, "t", done())
    progress = meter.progress()
    assert (progress.done, progress.rate, progress.remaining) == (5, 2.0, 47.5)


def test_it_tells_at_most_ten_times_a_second_and_whenever_it_must(clock):
    told = []
    meter = Meter(told.append, clock=clock)
    for number in range(100):
        clock.now += 0.01
        meter.count(number, PLACE, "t", done())
    assert 9 <= len(told) <= 11
    meter.tell(now=True)
    assert told[-1].done == 100


results = st.builds(
    Result, state=st.sampled_from([s for s in RowState if s is not RowState.SENT]), attempts=st.integers(0, 3)
)


@given(st.lists(st.tuples(st.integers(0, 4), results), max_size=30))
def test_each_row_counts_once_as_what_it_was_last(steps):
    meter = Meter(None, clock=lambda: 0.0)
    for number, result in steps:
        meter.count(number, PLACE, "t", result)
    last = {number: result.state for number, result in steps}
    progress = meter.progress()
    states = list(last.values())
    assert progress.done == states.count(RowState.DONE)
    assert progress.failed == states.count(RowState.REFUSED)
    assert progress.unknown == states.count(RowState.UNKNOWN)
    assert progress.retried == sum(max(0, result.attempts - 1) for _, result in steps)
    assert len(progress.failures) <= 5
