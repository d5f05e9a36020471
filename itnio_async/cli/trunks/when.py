"""When a job may begin updates: the options `--until` and `--window`, and what they mean on the clock of this machine.

The clock is read minute by minute. So what it shows twice when it is put back, or skips when it is put forward, is as
people who look at it would see it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated

from attrs import frozen

from itnio_async.cli.exits import CommandError
from itnio_async.cli.trunks.job_options import run_option
from itnio_async.config import unix_time

_MINUTE = timedelta(minutes=1)
# A time of day that is further away was probably meant as one that has just passed.
_FURTHEST = timedelta(hours=18)
_DAYS = timedelta(days=3)
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
# Seconds; shorter than the wait itself, since the clock may be set, and the machine may sleep.
_LONGEST_SLEEP = 20.0


@frozen
class When:
    """When updates may begin, in Unix seconds: not before `begin`, and not after `until`; None is any time."""

    begin: float | None = None
    until: float | None = None

    def remarks(self, zone: tzinfo | None = None) -> Iterator[str]:
        """Yield what to tell people of it."""
        if self.begin is not None:
            yield f"No update begins before {shown_moment(self.begin, zone)}."
        if self.until is not None:
            yield f"No update begins after {shown_moment(self.until, zone)}."

    async def wait(
        self,
        clock: Callable[[], float] = unix_time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Wait until updates may begin."""
        while self.begin is not None and (left := self.begin - clock()) > 0:
            await sleep(min(left, _LONGEST_SLEEP))


@frozen
class WhenOptions:
    """The options that say when updates may begin."""

    until: Annotated[
        str | None,
        run_option(
            metavar="TIME",
            help="Begin no update after this time, and send none again: HH:MM is the next moment at which a clock here "
            "shows it, at most 18 hours away; or a date and a time, YYYY-MM-DD HH:MM.",
        ),
    ] = None
    window: Annotated[
        str | None,
        run_option(
            metavar="HH:MM-HH:MM",
            help="Begin updates only between these times of day, such as 23:00-05:00; waits for the first one.",
        ),
    ] = None

    def when(self, now: float | None = None, zone: tzinfo | None = None) -> When:
        """Return what they mean at this moment; `now` is in Unix seconds, `zone` is that of this machine where None.

        Raises `CommandError` for what cannot be, or is not clear.
        """
        now = time.time() if now is None else now
        if self.until is not None and self.window is not None:
            raise CommandError("--until and --window both say when the job ends.", "give one of them.")
        if self.until is not None:
            return When(until=_until(self.until, now, zone))
        return When() if self.window is None else _window(self.window, now, zone)


def shown_moment(seconds: float, zone: tzinfo | None = None) -> str:
    """Return a moment as people read it; the offset tells the two apart that a clock shows twice."""
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(zone):%Y-%m-%d %H:%M (UTC%z)}"


def _until(text: str, now: float, zone: tzinfo | None) -> float:
    if (found := _TIME.fullmatch(text)) is not None:
        for moment in _minutes_after(now, _FURTHEST):
            local = moment.astimezone(zone)
            if (local.hour, local.minute) == (int(found[1]), int(found[2])):
                return moment.timestamp()
        raise CommandError(
            f"--until {text} is more than 18 hours away: it is {shown_moment(now, zone)}.",
            f"if that is meant, give the date as well: --until 'YYYY-MM-DD {text}'.",
        )
    try:
        given = datetime.fromisoformat(text)
        wanted = _moment_of(given, zone)
        if wanted is not None:
            shown_moment(wanted, zone)
    except (ValueError, OverflowError):
        given = None  # text of something else, or a time at an end of the calendar that no clock here can show
    if given is None or len(text) < len("YYYY-MM-DD HH:MM"):
        raise CommandError(
            f"--until {text} is not a time.", "give HH:MM, such as 05:00, or a date and a time: 'YYYY-MM-DD HH:MM'."
        )
    if wanted is None:
        raise CommandError(f"--until {text}: the clock skips this time on that day.", "give another one.")
    if wanted <= now:
        raise CommandError(
            f"--until {text} has passed: it is {shown_moment(now, zone)}.", "give a moment that is still to come."
        )
    return wanted


def _moment_of(given: datetime, zone: tzinfo | None) -> float | None:
    """Return the moment at which the clock shows this, the first one of two, or None where it skips it."""
    if given.tzinfo is not None:
        return given.timestamp()
    # Without a zone, Python takes it for the time on this machine.
    moment = (given if zone is None else given.replace(tzinfo=zone)).astimezone(UTC)
    return moment.timestamp() if moment.astimezone(zone).replace(tzinfo=None) == given else None


def _window(text: str, now: float, zone: tzinfo | None) -> When:
    times = [_TIME.fullmatch(part) for part in text.split("-")]
    if len(times) != 2 or times[0] is None or times[1] is None or times[0].groups() == times[1].groups():
        raise CommandError(f"--window {text} is not two times of day.", "give HH:MM-HH:MM, such as 23:00-05:00.")
    first, last = ((int(found[1]), int(found[2])) for found in times if found is not None)

    def is_within(moment: datetime) -> bool:
        local = moment.astimezone(zone)
        shown = (local.hour, local.minute)
        return first <= shown < last if first < last else shown >= first or shown < last

    begin = None
    if not is_within(datetime.fromtimestamp(now, UTC)):
        begin = next(moment.timestamp() for moment in _minutes_after(now, _DAYS) if is_within(moment))
    minutes = _minutes_after(now if begin is None else begin, _DAYS)
    return When(begin, next(moment.timestamp() for moment in minutes if not is_within(moment)))


def _minutes_after(now: float, most: timedelta) -> Iterator[datetime]:
    """Yield the beginning of each minute after a moment, for so long."""
    begin = datetime.fromtimestamp(now, UTC)
    moment = begin.replace(second=0, microsecond=0) + _MINUTE
    while moment - begin <= most:
        yield moment
        moment += _MINUTE
