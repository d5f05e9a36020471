"""The estimate of the server's clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itnio_async.clock import ServerClock

NOW = 1_700_000_000.0


def clock_at(now: float = NOW) -> ServerClock:
    return ServerClock(lambda: now)


def test_without_a_lesson_it_is_this_machines_clock() -> None:
    assert clock_at()() == NOW
    assert clock_at().correction == 0


@pytest.mark.parametrize("off", [2, 3.5, -2, 299, -301, 86_399, 86_400, -86_400])
def test_a_lesson_within_bounds_is_taken(off: float) -> None:
    clock = clock_at()
    assert clock.learn(NOW + off, signed_at=NOW) is True
    assert clock() == NOW + off
    assert clock.skew(NOW + off) == -off


@pytest.mark.parametrize("off", [0, 1, -1, 1.99, 86_401, -86_401, 1e9, -1e9, float("inf"), float("nan")])
def test_what_is_too_little_or_too_much_teaches_nothing(off: float) -> None:
    clock = clock_at()
    assert clock.learn(NOW + off, signed_at=NOW) is False
    assert clock() == NOW


def test_the_last_lesson_wins_and_a_clock_that_is_put_right_is_followed() -> None:
    local = NOW
    clock = ServerClock(lambda: local)
    assert clock.learn(NOW + 3600, signed_at=NOW)
    assert clock() == NOW + 3600
    local = NOW + 3600  # put right: now the correction is what is wrong
    assert clock() == NOW + 7200
    assert clock.learn(local, signed_at=clock())
    assert clock() == local
    assert clock.correction == 0


@pytest.mark.parametrize(
    ("server", "learns"), [(NOW - 60, False), (NOW - 30, False), (NOW, False), (NOW - 62, True), (NOW + 2, True)]
)
def test_a_request_that_was_slow_teaches_nothing_by_itself(server: float, learns: bool) -> None:
    # Signed a minute ago: a Date of any moment since then agrees with this machine's clock.
    assert clock_at().learn(server, signed_at=NOW - 60) is learns


@given(local=st.floats(1e9, 2e9), lessons=st.lists(st.floats(1e9, 2e9), max_size=5))
def test_after_any_lessons_the_estimate_is_the_last_one_taken(local: float, lessons: list[float]) -> None:
    clock = ServerClock(lambda: local)
    expected = local
    for server in lessons:
        if clock.learn(server, signed_at=clock()):
            expected = server
        assert clock() == pytest.approx(expected, abs=1e-6)


def test_skew_is_of_this_machines_clock_and_not_of_the_estimate() -> None:
    clock = clock_at()
    clock.learn(NOW - 100, signed_at=NOW)
    assert clock.skew(NOW - 100) == 100
