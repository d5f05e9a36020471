"""How fast a run goes: as fast as the vendor allows, which only its answers tell.

`Window` bounds how many calls are in flight and `Rate` how many begin in a second; `Pace` puts them together, and says
when the next call may begin. A vendor that only becomes slow is met by the window, which stops growing. One that
refuses is met by the rate at which it answered well, or by the window where that was full.
"""

from __future__ import annotations

import random as randomness
import time
from collections import deque
from collections.abc import Callable
from math import inf

from attrs import define, evolve

from itnio_async.config import PATIENCE, RateLimit
from itnio_async.errors import (
    ApiError,
    ConnectError,
    ConnectTimeout,
    DeadlineExceeded,
    GatewayBusyError,
    ItnioError,
    PoolTimeout,
    ProxyError,
    ReadTimeout,
    TimestampExpiredError,
    TransientError,
    WriteTimeout,
)
from itnio_async.transport.limiter import RateWindow

NOT_SENT = (ConnectError, ConnectTimeout, ProxyError, PoolTimeout)
_TIMED_OUT = (ReadTimeout, WriteTimeout, DeadlineExceeded)

# Of the last so many calls: with not one success among them, a transient failure is the vendor's and not the row's.
LAST = 20
# The seconds before one call tries whether the vendor takes calls again; doubled each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
# So many seconds without room for one call are not a limit: the vendor was away.
_AWAY = 2.0

# After a refusal, the rate is to stay below the limit for these seconds: a refusal may cost one (Retry-After: 1), which
# is a thirtieth then. A limit that is not certain yet is tried again soon, and so is one that is much lower than the
# best one: what fell may rise again.
_CERTAIN, _SOON = 30.0, 4.0
_FALLEN = 0.6
# It begins so much below the limit, and is just below it after the seconds that a refusal takes to come where it was
# wrong.
_BELOW, _CLOSE, _EARLY = 0.95, 0.99, 2.0
# Refused so early, the limit is much lower than thought, and later a little.
_MUCH_LOWER, _LOWER = 0.9, 0.97
# What it then rises by in a second: at first, near a limit that was right, and from there on.
_STEEPLY, _GENTLY, _FAST = 2.0, 1.03, 1.6
_GENTLY_FOR = 8.0
# So far above, another limit holds.
_CHANGED = 1.3
# Nothing rises that is not made use of by half.
_USED = 0.5
# Nor by more than it would in so many seconds at once, or in the time from one call to the next, up to a second.
_LONGEST_STEP = 0.2
# A loop that was busy may make up for so many seconds.
_LATE = 0.01

# An answer that takes twice as long as one alone, and so many seconds more, has waited behind others.
_IN_LINE = 0.2
_LATE_SHRINKS = 0.8
# A refusal while the window was full by so much is the window's.
_FULL = 0.7


# When a call has begun, and how many were in flight then, itself included. A plain tuple, which each call makes.
Begun = tuple[float, int]


@define(eq=False)
class Window:
    """How many calls may be in flight, at most `most`: twice as many with each turn of answers, later one more."""

    most: int
    size: float = 2.0
    _slowly_from: float = inf
    _refused_above: float = inf
    # The seconds of a call with no other beside it, or of the fastest one.
    _alone: float = inf
    # Of a turn, which is as many answers as may be in flight: how many are to come, and the fastest one so far. Where
    # even that was late, all have waited; one late answer may be a row's own, or this process's.
    _left: int = 0
    _fastest: float = inf
    _is_late: bool = False

    def is_full(self, in_flight: int) -> bool:
        """Tell whether no other call may begin."""
        return in_flight > self.size - 1

    def answered(self, beside: int, seconds: float, calm: float) -> bool:
        """Take a good answer, `calm` seconds after the last refusal; tell whether it had to wait behind others."""
        if seconds < self._alone or beside == 1:
            self._alone = seconds
        if seconds < self._fastest:
            self._fastest = seconds
        self._left -= 1
        if self._left <= 0:
            self._end_turn()
        if not self._is_late and self.size < self.most:
            self._grow(beside, calm)
        return self._is_late

    def _end_turn(self) -> None:
        self._is_late = self._fastest > 2 * self._alone + _IN_LINE
        if self._is_late:
            self.shrink_to(self.size * _LATE_SHRINKS)
        self._left, self._fastest = int(self.size), inf

    def _grow(self, beside: int, calm: float) -> None:
        if calm > _CERTAIN:
            self._refused_above = inf
        is_slow = self.size >= self._slowly_from
        if beside >= (int(self.size) if is_slow else _USED * self.size):
            self.size = min(self.most, self._refused_above, self.size + (1 / self.size if is_slow else 1))

    def shrink_to(self, size: float) -> None:
        """Make it so small; it grows slowly from there."""
        self.size = self._slowly_from = max(1.0, min(self.size, size))

    def refused(self, beside: int) -> bool:
        """Take a refusal of a call; tell whether it was the window that was too large."""
        if beside <= 2 or beside < _FULL * int(self.size):
            return False
        self._refused_above = max(1.0, min(beside, self._refused_above) - 1)
        self.shrink_to(self._refused_above)
        return True


@define(eq=False)
class Rate:
    """How many calls may begin in a second, `now`; `limit` is what the vendor allows as far as is known."""

    most: float = inf  # as the caller has it, whatever the vendor allows
    now: float = inf
    limit: float | None = None
    holds_for: float = 0.0  # the seconds after a refusal for which the limit is not passed
    _best: float = 0.0
    _next: float = 0.0
    _seen: float = 0.0
    _binds: bool = False  # a call has waited for it

    @property
    def has_fallen(self) -> bool:
        """Tell whether the limit was much higher before."""
        return self.limit is not None and self.limit < _FALLEN * self._best

    def refused(self, since: float, *, last_second: int) -> None:
        """Take a refusal, `since` seconds after the one before, of which these are the calls a second answered well."""
        before, measured = self.limit, min(self.now, last_second)
        if before is not None and since >= _EARLY:
            self._best = max(self._best, before)  # it has held
        if before is None:
            self._set(last_second, 0.0)
        elif not self.holds_for or (since >= self.holds_for and self.now > _CHANGED * before):
            self._set(measured, _SOON)
        elif since >= self.holds_for:
            # The last second may have had what was saved up before (a bucket of tokens).
            self._set((before + measured) / 2, _CERTAIN)
        elif since < _EARLY:
            self._set(self.now * _MUCH_LOWER, _SOON)
        else:
            self._set(self.now * _LOWER, _CERTAIN)

    def _set(self, limit: float, holds_for: float) -> None:
        self.limit, self.holds_for = max(0.1, limit), holds_for
        if holds_for == _CERTAIN:
            self._best = max(self.limit, self._best * _BELOW)
            if self.has_fallen:
                self.holds_for = _SOON
        self.now = self.limit * _BELOW

    def wait(self, now: float, since: float) -> float:
        """Return the seconds until the next call may begin, after rising as it may."""
        if self.limit is None:
            return max(0.0, self._next - now)
        elapsed = min(now - self._seen, max(_LONGEST_STEP, min(1.0, 1 / self.now)))
        self._seen = now
        if since < self.holds_for:
            begins = _BELOW + (_CLOSE - _BELOW) * min(1.0, since / _EARLY)
            self.now = self.limit * (begins + (1 - _CLOSE) * since / self.holds_for)
        elif self._binds:
            is_near = since < self.holds_for + _GENTLY_FOR and not self.has_fallen
            self.now *= (_STEEPLY if not self.holds_for else _GENTLY if is_near else _FAST) ** elapsed
        wait = max(0.0, self._next - now)
        self._binds = wait > 0
        return wait

    def begin(self, now: float) -> None:
        """Note that a call begins."""
        # Evenly: what begins all at once may arrive together with what begins a second later.
        self._next = max(self._next, now - _LATE) + 1 / min(self.now, self.most)


class Pace:
    """When the next call of a run may begin; `most` is how many may be in flight.

    `patience` is for how many seconds nothing may have been answered well before a refused call is given up.
    `at_most` bounds what may begin besides, also where the vendor would allow more. `why` says
    what the pace was last taken back for, as long as it still is. `clock` gives seconds that never go back, `random`
    numbers from 0 to 1, so that several processes do not try at the same moment.
    """

    def __init__(
        self,
        most: int,
        *,
        patience: float = PATIENCE,
        at_most: RateLimit | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self.at_most: RateWindow | None = None if at_most is None else RateWindow(at_most, clock=clock)
        self._patience = patience
        self._clock = clock
        self._random = random
        self._why = ""
        self._window = Window(most)
        self._rate = Rate() if at_most is None else Rate(most=at_most.calls / at_most.seconds)
        self._in_flight = 0
        # The good answers of the last second: when each came, and how many calls were in flight with it.
        self._last_second: deque[Begun] = deque()
        self._failures = LAST  # since the last success; before the first one, as many as make an outage
        self._strained: deque[bool] = deque(maxlen=LAST)  # failed transiently, at first or for good
        self._bad_since: float | None = None
        self._backed_off = -inf
        self._resumes = clock()
        self._pause = _FIRST_PAUSE
        # After a refusal one call tries whether others are taken.
        self._is_trying = False
        self._trial: Begun | None = None
        self._trials = 0
        # Where the vendor was out of reach, the pace from before is as good as any.
        self._before: tuple[Window, Rate] | None = None
        self._away_since = 0.0

    @property
    def why(self) -> str:
        """What the calls were last held back for, or nothing."""
        is_over = not self._is_trying and self._clock() - self._resumes > max(_CERTAIN, self._rate.holds_for)
        return "" if is_over else self._why

    @property
    def patience_left(self) -> float:
        """The seconds for which what was refused is sent again, if nothing is answered well until then."""
        return inf if self._bad_since is None else self._bad_since + self._patience - self._clock()

    def wait(self) -> float:
        """Return the seconds until a call may begin: 0.0 is now, infinite is after another one has ended."""
        now = self._clock()
        if now < self._resumes:
            return self._resumes - now
        if self._is_trying:
            return inf if self._trial is not None else 0.0
        if self._window.is_full(self._in_flight):
            return inf
        return self._rate.wait(now, now - self._resumes)

    def begin(self) -> Begun:
        """Note that a call begins."""
        now = self._clock()
        self._in_flight += 1
        begun = now, self._in_flight
        self._rate.begin(now)
        if self._is_trying:
            self._trial = begun
        return begun

    def ended(self, begun: Begun, error: ItnioError | None, attempts: int, *, is_alone: bool = False) -> None:
        """Take note of how a call ended, after so many attempts.

        `is_alone` says that it is refused for what it is, while others are taken.
        """
        self.cut_off(begun)
        if error is None:
            self._failures = 0
            self._strained.append(attempts > 1)
            self._answered(begun)
            return
        self._failures += 1
        self._strained.append(attempts > 1 or isinstance(error, TransientError))
        if is_alone and not self._is_trying:
            self._bad(self._why)
        elif isinstance(error, GatewayBusyError):
            why = "the gateway refuses more" if error.retry_after is None else "the gateway asked to wait"
            self._refused(begun, why, error.retry_after or 0.0)
        elif isinstance(error, NOT_SENT):
            # That says nothing of how much the vendor takes once it is there again.
            self._refused(begun, "no connection can be made", lowers=False)
        elif isinstance(error, TransientError):
            if self._is_outage or sum(self._strained) * 2 > LAST:
                self._refused(begun, "the vendor's system fails")
        elif isinstance(error, _TIMED_OUT):
            self._bad("answers do not come")
            self._window.shrink_to(self._window.size * 0.7)
        elif isinstance(error, ApiError):
            self._answered(begun)

    def cut_off(self, begun: Begun) -> None:
        """Take note that a call is over, however it ended."""
        self._in_flight -= 1
        if begun is self._trial:
            self._trial = None

    def sends_again(self, error: ItnioError, *, idempotent: bool) -> bool:
        """Tell whether the call is to be sent again: the vendor had no room for it, and a repeat does no harm."""
        if error.may_have_been_processed and not idempotent:
            return False
        if isinstance(error, TimestampExpiredError) and error.after_correction:
            return False
        return (
            self._is_outage if isinstance(error, TransientError) else isinstance(error, (GatewayBusyError, *NOT_SENT))
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _is_outage(self) -> bool:
        return self._failures >= LAST

    def _answered(self, begun: Begun) -> None:
        (at, beside), now = begun, self._clock()
        self._last_second.append((now, beside))
        while self._last_second[0][0] <= now - 1:
            self._last_second.popleft()
        self._bad_since = None
        if self._is_trying and at >= self._backed_off:
            if self._trials > 1 and now - self._away_since >= _AWAY and self._before is not None:
                self._window, self._rate = self._before
            self._is_trying, self._pause, self._trials = False, _FIRST_PAUSE, 0
        if self._window.answered(beside, now - at, now - self._resumes):
            self._why = "answers take longer"

    def _bad(self, why: str) -> None:
        self._why = why
        if self._bad_since is None:
            self._bad_since = self._clock()

    def _refused(self, begun: Begun, why: str, retry_after: float = 0.0, *, lowers: bool = True) -> None:
        """Back off, once for all calls that had begun before."""
        self._bad(why)
        at, beside = begun
        if at < self._backed_off:
            return
        now = self._clock()
        if self._is_trying:
            self._trials += 1
        else:
            self._before, self._away_since = (evolve(self._window), evolve(self._rate)), now
            if lowers:
                self._lower(beside, now)
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        self._backed_off = now
        self._resumes = now + min(max(pause, retry_after), self._patience) * (1 + 0.1 * self._random())
        self._is_trying = True

    def _lower(self, beside: int, now: float) -> None:
        answered = [beside for at, beside in self._last_second if at > now - 1]
        since = max(0.01, now - self._resumes)
        if self._rate.limit is None:
            if not answered:
                return  # it was out of reach from the beginning, which says nothing of how much it takes
            self._window.shrink_to(max(answered))
        elif self._window.refused(beside):
            return
        self._rate.refused(since, last_second=len(answered))
