"""The estimate of the server's clock."""

import pytest
from hypothesis import given, strategies as st

from itnio_async.calls.clock import ServerClock

NOW = 1_700_000_000.0


def clock_at(now: float = NOW) -> ServerClock:
    return ServerClock(lambda: now)


def test_without_a_lesson_it_is_this_machines_clock() -> None:
    assert clock_at()() == NOW
    assert clock_at().correction == 0


@pytest.mark.parametrize("off", [2, 3.5, -2, 299, -301, 86_399, 86_400, -86_400])
def test_a_lesson_within_bounds_is_taken(off: float) -> None:
    clock = clock_at()
    assert clock.learn(NOW + off, signed_at=NOW, correction=0) is True
    assert clock() == NOW + off
    assert clock.skew(NOW + off) == -off


@pytest.mark.parametrize("off", [0, 1, -1, 1.99, 86_401, -86_401, 1e9, -1e9, float("inf"), float("nan")])
def test_what_is_too_little_or_too_much_teaches_nothing(off: float) -> None:
    clock = clock_at()
    assert clock.learn(NOW + off, signed_at=NOW, correction=0) is False
    assert clock() == NOW


def test_the_last_lesson_wins_and_a_clock_that_is_put_right_is_followed() -> None:
    local = NOW
    clock = ServerClock(lambda: local)
    assert clock.learn(NOW + 3600, signed_at=NOW, correction=0)
    assert clock() == NOW + 3600
    local = NOW + 3600  # put right: now the correction is what is wrong
    assert clock() == NOW + 7200
    assert clock.learn(local, signed_at=clock(), correction=clock.correction)
    assert clock() == local
    assert clock.correction == 0


@pytest.mark.parametrize(
    ("server", "learns"), [(NOW - 60, False), (NOW - 30, False), (NOW, False), (NOW - 62, True), (NOW + 2, True)]
)
def test_a_request_that_was_slow_teaches_nothing_by_itself(server: float, learns: bool) -> None:
    # Signed a minute ago: a Date of any moment since then agrees with this machine's clock.
    assert clock_at().learn(server, signed_at=NOW - 60, correction=0) is learns


@given(local=st.floats(1e9, 2e9), lessons=st.lists(st.floats(1e9, 2e9), max_size=5))
def test_after_any_lessons_the_estimate_is_the_last_one_taken(local: float, lessons: list[float]) -> None:
    clock = ServerClock(lambda: local)
    expected = local
    for server in lessons:
        if clock.learn(server, signed_at=clock(), correction=clock.correction):
            expected = server
        assert clock() == pytest.approx(expected, abs=1e-6)


def test_skew_is_of_this_machines_clock_and_not_of_the_estimate() -> None:
    clock = clock_at()
    clock.learn(NOW - 100, signed_at=NOW, correction=0)
    assert clock.skew(NOW - 100) == 100


# -- an estimate that is disproved ----------------------------------------------------------------------------------


def corrected(by: float) -> ServerClock:
    return ServerClock(lambda: NOW, correction=by)


@pytest.mark.parametrize("late", [-2, -1, 0, 1, 2])
def test_an_estimate_that_is_refused_although_the_date_agrees_is_dropped(late: float) -> None:
    clock = corrected(600)
    assert clock.drop(NOW + 600 + late, signed_at=int(NOW) + 600, correction=600) is True
    assert clock() == NOW


@pytest.mark.parametrize("off", [-600, -2.1, 2.1, 90])
def test_a_date_that_does_not_agree_disproves_nothing(off: float) -> None:
    clock = corrected(600)
    assert clock.drop(NOW + 600 + off, signed_at=int(NOW) + 600, correction=600) is False
    assert clock() == NOW + 600


def test_this_machines_clock_cannot_be_dropped() -> None:
    assert clock_at().drop(NOW, signed_at=int(NOW), correction=0) is False


def test_what_was_signed_with_an_older_estimate_changes_nothing() -> None:
    clock = corrected(600)
    assert clock.learn(NOW + 100, signed_at=int(NOW), correction=0) is False
    assert clock.drop(NOW, signed_at=int(NOW), correction=5) is False
    assert clock.correction == 600


@given(
    now=st.floats(1e9, 2e9),
    refused=st.sets(st.integers(-3, 3)),
)
def test_the_next_timestamp_is_none_of_those_that_were_refused(now: float, refused: set[int]) -> None:
    clock = ServerClock(lambda: now)
    timestamps = {int(now) + second for second in refused}
    wait = clock.until_second_after(timestamps)
    assert int(now + wait) not in timestamps
    assert (wait == 0) is (int(now) not in timestamps)
    assert wait < len(timestamps) + 1
