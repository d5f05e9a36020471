"""What is said of a job's progress, where nobody looks and on terminals of any width."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, strategies as st
from rich.cells import cell_len
from rich.console import Console

from itnio_async.bulk import Failure, Place, Progress, Result, RowState
from itnio_async.cli.progress import Bar, Lines, duration, parts_of, text_of_failure


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3661, "1:01:01"), (90000, "25:00:00")],
)
def test_times(seconds, text):
    assert duration(seconds) == text


def test_all_there_is_to_say():
    progress = Progress(total=5000, done=1200, failed=12, unknown=3, retried=7, rate=244.6, remaining=15.2)
    assert parts_of(progress) == ["1,215 of 5,000", "12 refused", "3 unknown", "245/s", "0:15 left", "7 retries"]


def test_the_pace_and_why_it_is_held_back():
    progress = Progress(total=6000, done=840, rate=84.2, held_back="the gateway asked to wait", remaining=61.0)
    text = ", ".join(parts_of(progress))
    assert text == "840 of 6,000, 0 refused, 84/s, the gateway asked to wait, 1:01 left"


def test_off_a_terminal_the_line_says_it_too(capsys):
    lines = Lines(clock=lambda: 0.0)
    lines.tell(Progress(total=100, done=10, rate=84.0, held_back="the gateway asked to wait"))
    assert capsys.readouterr().err == "10 of 100, 0 refused, 84/s, the gateway asked to wait\n"


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (80, "840 of 6,000, 0 refused, 84/s, the gateway asked to wait, 1:01 left"),
        (56, "840 of 6,000, 0 refused, 84/s, the gateway asked to wait"),
        (50, "840 of 6,000, 0 refused, 84/s"),
    ],
)
def test_a_narrow_terminal_keeps_the_pace(width, text):
    bar = Bar()
    bar.tell(Progress(total=6000, done=840, rate=84.2, held_back="the gateway asked to wait", remaining=61.0))
    assert drawn(bar, width)[1].rstrip() == text


def test_what_is_not_there_is_not_said():
    assert parts_of(Progress(total=5)) == ["0 of 5", "0 refused"]


def test_a_line_for_each_tenth(capsys):
    lines = Lines(clock=lambda: 0.0)
    lines.tell(Progress(total=0))
    for done in range(101):
        lines.tell(Progress(total=100, done=done))
    said = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in said] == [f"{tenth * 10} of 100" for tenth in range(1, 11)]


def test_a_line_after_a_long_silence(capsys):
    now = 0.0
    lines = Lines(clock=lambda: now)
    for now in (10.0, 29.0, 31.0, 40.0, 62.0):
        lines.tell(Progress(total=1000, done=int(now)))
    assert [line.split(", ")[0] for line in capsys.readouterr().err.splitlines()] == ["31 of 1,000", "62 of 1,000"]


def failure(reason="Duplicate", name="trunk1"):
    result = Result(state=RowState.REFUSED, code=-53, error="ConflictError", reason=reason)
    return Failure(Place("trunks.csv", 12), name, result)


def test_a_failed_row_is_one_line_that_cannot_move_the_cursor():
    assert text_of_failure(failure()) == "line 12 trunk1: -53 Duplicate"
    assert text_of_failure(failure("a\nb", "c\x1b[2J")) == "line 12 c\\x1b[2J: -53 a\\nb"
    assert text_of_failure(failure("", None)) == "line 12: -53 ConflictError"


def drawn(bar, width):
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False, color_system=None).print(bar)
    return out.getvalue().splitlines()


@given(st.integers(5, 200), st.integers(0, 10**7), st.integers(0, 10**7), st.text(), st.integers(0, 5))
def test_no_line_is_wider_than_the_terminal(width, total, done, reason, failures):
    bar = Bar()
    bar.tell(
        Progress(total=total, done=done, retried=done, rate=1e6, remaining=1e6, failures=(failure(reason),) * failures)
    )
    lines = drawn(bar, width)
    assert max(map(cell_len, lines)) <= width
    assert len(lines) == (1 if not total else 2 + min(failures, 3))


def test_before_there_is_anything_to_count():
    assert drawn(Bar(), 40) == ["Reading the trunks ..."]
