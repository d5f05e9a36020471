"""What `--until` and `--window` mean on a clock, which is put forward and back."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies

from itnio_async.cli.exits import CommandError
from itnio_async.cli.trunks.when import When, WhenOptions, shown_moment

BERLIN = ZoneInfo("Europe/Berlin")  # 2026: put forward on March 29 at 02:00, and back on October 25 at 03:00


def at(text, *, zone=BERLIN, fold=0):
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def until(text, now, zone=BERLIN):
    return WhenOptions(until=text).when(now, zone).until


def window(text, now, zone=BERLIN):
    when = WhenOptions(window=text).when(now, zone)
    return when.begin, when.until


def test_a_time_is_the_next_one():
    assert until("05:00", at("2026-06-01T22:00")) == at("2026-06-02T05:00")
    assert until("5:00", at("2026-06-01T22:00")) == at("2026-06-02T05:00")
    assert until("23:00", at("2026-06-01T22:00:59.5")) == at("2026-06-01T23:00")
    assert until("00:00", at("2026-06-01T22:00")) == at("2026-06-02T00:00")


@pytest.mark.parametrize("now", ["2026-06-01T05:01", "2026-06-01T05:00", "2026-06-01T10:59:59"])
def test_a_time_that_has_just_passed_is_refused(now):
    with pytest.raises(
        CommandError, match=r"--until 05:00 is more than 18 hours away: it is 2026-06-01 .*UTC\+0200"
    ) as told:
        until("05:00", at(now))
    assert "give the date as well: --until 'YYYY-MM-DD 05:00'" in told.value.advice


def test_exactly_18_hours_are_not_too_far():
    assert until("05:00", at("2026-06-01T11:00")) == at("2026-06-02T05:00")


def test_where_clocks_are_put_back_it_is_the_first_time_and_then_the_second_one():
    assert until("02:30", at("2026-10-24T23:00")) == at("2026-10-25T02:30", fold=0)
    assert until("02:30", at("2026-10-25T02:30", fold=0)) == at("2026-10-25T02:30", fold=1)
    assert until("02:30", at("2026-10-25T02:45", fold=0)) == at("2026-10-25T02:30", fold=1)
    # Seven hours by the clock, and eight that pass.
    assert until("05:00", at("2026-10-24T22:00")) - at("2026-10-24T22:00") == 8 * 3600


def test_where_clocks_are_put_forward():
    assert until("05:00", at("2026-03-28T22:00")) - at("2026-03-28T22:00") == 6 * 3600
    with pytest.raises(CommandError, match="more than 18 hours"):
        until("02:30", at("2026-03-28T22:00"))  # it is never shown that night
    with pytest.raises(CommandError, match="the clock skips this time"):
        until("2026-03-29 02:30", at("2026-03-28T22:00"))


@pytest.mark.parametrize(
    "text", ["2026-06-05 05:00", "2026-06-05T05:00", "2026-06-05T05:00:00+02:00", "2026-06-05T03:00Z"]
)
def test_a_date_and_time_may_be_days_away(text):
    assert until(text, at("2026-06-01T05:01")) == at("2026-06-05T05:00")


def test_a_date_and_time_shown_twice_is_the_first_one():
    assert until("2026-10-25 02:30", at("2026-10-20T00:00")) == at("2026-10-25T02:30", fold=0)
    assert until("2026-10-25 02:30+01:00", at("2026-10-20T00:00")) == at("2026-10-25T02:30", fold=1)


@pytest.mark.parametrize("text", ["2026-06-01 05:00", "2026-06-01 04:59", "1999-01-01 00:00"])
def test_a_moment_that_has_passed(text):
    with pytest.raises(CommandError, match="has passed: it is 2026-06-01 05:00"):
        until(text, at("2026-06-01T05:00"))


@pytest.mark.parametrize(
    "text", ["", "5", "24:00", "05:60", "0500", "5 pm", "2026-06-01", "2026-13-01 05:00", "\u0660\u0665:00", "-1:00"]
)
def test_what_is_not_a_time(text):
    with pytest.raises(CommandError, match="is not a time"):
        until(text, at("2026-06-01T05:00"))


@pytest.mark.parametrize("zone", [None, BERLIN, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")])
@pytest.mark.parametrize("offset", ["", "+00:00", "+14:00", "-12:00", "+23:59"])
@pytest.mark.parametrize("text", ["0001-01-01 00:00", "9999-12-31 23:59", "9999-12-31 23:59:59.999999"])
def test_at_the_ends_of_the_calendar_it_is_a_time_that_can_be_shown_or_none(text, offset, zone):
    options = WhenOptions(until=text + offset)
    try:
        when = options.when(at("2026-06-01T05:00"), zone)
    except CommandError as error:
        told = str(error)
    else:
        (told,) = when.remarks(zone)
    assert any(words in told for words in ("is not a time", "has passed", "No update begins after 9999-12-3"))


def test_a_window_waits_for_its_start_and_ends():
    assert window("23:00-05:00", at("2026-06-01T22:00")) == (at("2026-06-01T23:00"), at("2026-06-02T05:00"))
    assert window("23:00-05:00", at("2026-06-01T23:00")) == (None, at("2026-06-02T05:00"))
    assert window("23:00-05:00", at("2026-06-02T04:59:59")) == (None, at("2026-06-02T05:00"))
    assert window("23:00-05:00", at("2026-06-02T05:00")) == (at("2026-06-02T23:00"), at("2026-06-03T05:00"))
    assert window("01:00-05:00", at("2026-06-02T05:00")) == (at("2026-06-03T01:00"), at("2026-06-03T05:00"))
    assert window("05:00-04:59", at("2026-06-02T04:59")) == (at("2026-06-02T05:00"), at("2026-06-03T04:59"))


def test_a_window_on_the_nights_when_clocks_change():
    assert window("23:00-05:00", at("2026-10-24T22:00")) == (at("2026-10-24T23:00"), at("2026-10-25T05:00"))
    # A start that is skipped is the moment after it; an end that is shown twice counts twice.
    assert window("02:30-05:00", at("2026-03-29T01:00")) == (at("2026-03-29T03:00"), at("2026-03-29T05:00"))
    assert window("23:00-02:30", at("2026-10-25T01:00")) == (None, at("2026-10-25T02:30", fold=0))
    assert window("02:30-05:00", at("2026-10-25T02:45")) == (None, at("2026-10-25T03:00") - 3600)


@given(
    strategies.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=strategies.just(UTC)),
    strategies.tuples(*[strategies.times()] * 2).filter(lambda two: f"{two[0]:%H:%M}" != f"{two[1]:%H:%M}"),
    strategies.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"]),
)
def test_at_no_moment_of_a_window_the_clock_shows_a_time_outside(now, times, name):
    zone = ZoneInfo(name)
    first, last = (f"{time:%H:%M}" for time in times)

    def is_within(moment):
        shown = f"{moment.astimezone(zone):%H:%M}"
        return first <= shown < last if first < last else not last <= shown < first

    begin, end = window(f"{first}-{last}", now.timestamp(), zone)
    moments = [datetime.fromtimestamp(seconds, UTC) for seconds in (now.timestamp() if begin is None else begin, end)]
    assert is_within(moments[0])
    assert not is_within(moments[1])
    for step in range(0, int((moments[1] - moments[0]).total_seconds()), 600):
        assert is_within(moments[0] + timedelta(seconds=step))
    for step in range(0, 0 if begin is None else int(begin - now.timestamp()), 600):
        assert not is_within(now + timedelta(seconds=step))


@pytest.mark.parametrize("text", ["", "23:00", "23:00-", "23:00-24:00", "05:00-05:00", "23:00-05:00-06:00", "23-5"])
def test_what_is_not_a_window(text):
    with pytest.raises(CommandError, match="is not two times of day"):
        window(text, 0.0)


def test_only_one_of_them():
    with pytest.raises(CommandError, match="both say"):
        WhenOptions(until="05:00", window="23:00-05:00").when()


def test_moments_are_shown_with_their_offset():
    assert shown_moment(at("2026-10-25T02:30", fold=0), BERLIN) == "2026-10-25 02:30 (UTC+0200)"
    assert shown_moment(at("2026-10-25T02:30", fold=1), BERLIN) == "2026-10-25 02:30 (UTC+0100)"
    when = When(at("2026-06-01T23:00"), at("2026-06-02T05:00"))
    assert list(when.remarks(BERLIN)) == [
        "No update begins before 2026-06-01 23:00 (UTC+0200).",
        "No update begins after 2026-06-02 05:00 (UTC+0200).",
    ]


def test_waiting_looks_at_the_clock_now_and_then():
    now = 1000.0
    slept = []

    async def sleep(seconds):
        nonlocal now
        slept.append(seconds)
        # The machine is suspended once, for an hour.
        now += 3600 if len(slept) == 2 else seconds

    asyncio.run(When(begin=1100.0).wait(lambda: now, sleep))
    assert slept == [20.0, 20.0]
    asyncio.run(When(begin=now + 5).wait(lambda: now, sleep))
    assert slept[2:] == [5.0]
    asyncio.run(When().wait(lambda: now, sleep))
    assert len(slept) == 3
