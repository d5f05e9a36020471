"""Count how far a job is, and tell it."""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable

from attrs import frozen

from itnio_async.bulk.files.places import Place
from itnio_async.bulk.journal.journal import Result, RowState

logger: logging.Logger = logging.getLogger("itnio_async.bulk")

_OUTCOMES = (RowState.DONE, RowState.REFUSED, RowState.UNKNOWN, RowState.UNCHANGED)
_WINDOW = 10.0
_EVERY = 0.1
_FAILURES_KEPT = 5


@frozen
class Failure:
    """A row that was refused, or whose outcome is unknown."""

    place: Place
    trunk_name: str | None
    result: Result


@frozen(kw_only=True)
class Progress:
    """How far a job is: of its `total` rows, how many are done, refused, of unknown outcome, unchanged, and under way.

    Those of earlier runs count too, so that the last numbers are those of the report.
    `retried` counts the repeats within calls; `rate` is rows a second of the last ten seconds, `remaining` the seconds
    that the rest takes at that rate, None where nothing tells; `failures` are the last ones, the newest at the end;
    `held_back` says what the rate was last taken back for, as long as it is.
    """

    total: int
    done: int = 0
    failed: int = 0
    unknown: int = 0
    unchanged: int = 0
    retried: int = 0
    under_way: int = 0
    rate: float = 0.0
    remaining: float | None = None
    failures: tuple[Failure, ...] = ()
    held_back: str = ""

    @property
    def finished(self) -> int:
        """How many rows have an outcome."""
        return self.done + self.failed + self.unknown + self.unchanged


class Meter:
    """Counts outcomes and tells the progress, at most ten times a second and at the end."""

    def __init__(
        self, tell: Callable[[Progress], object] | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._told = -_EVERY
        self._began = clock()
        self._ends: deque[float] = deque()
        self._failures: deque[Failure] = deque(maxlen=_FAILURES_KEPT)
        self._states: dict[int, RowState] = {}
        self._counts: Counter[RowState] = Counter()
        self._retried = 0
        self.total = 0
        self.under_way = 0
        self.held_back = ""

    def begin(self, counts: Counter[RowState], to_send: Counter[RowState]) -> None:
        """Take the rows of the journal, by their states; those `to_send` among them have their outcome before them."""
        self.total = counts.total()
        self._counts = counts - to_send
        self.tell(now=True)  # the first outcome may take a while

    def count(self, row: int, place: Place, trunk_name: str | None, result: Result) -> None:
        """Take an outcome; one of a row that had another one before takes its place."""
        if row in self._states:
            self._counts[self._states[row]] -= 1
        self._states[row] = result.state
        self._counts[result.state] += 1
        self._retried += max(0, result.attempts - 1)
        if result.state is not RowState.WAITING:
            self._ends.append(self._clock())
        if result.state in (RowState.REFUSED, RowState.UNKNOWN):
            self._failures.append(Failure(place, trunk_name, result))
        self.tell()

    def go_on(self) -> None:
        """Begin to measure again: the time in which somebody was asked says nothing of the rate."""
        self._began = self._clock()
        self._ends.clear()

    def tell(self, *, now: bool = False) -> None:
        """Tell the progress, if it is time or `now`."""
        moment = self._clock()
        if self._tell is None or (not now and moment - self._told < _EVERY):
            return
        self._told = moment
        try:
            self._tell(self.progress())
        except Exception:
            # Live trunks are not left half done because nobody can be told.
            logger.exception("on_progress failed; the job goes on without it")
            self._tell = None

    def progress(self) -> Progress:
        """Return the progress as it is."""
        moment = self._clock()
        while self._ends and self._ends[0] < moment - _WINDOW:
            self._ends.popleft()
        seconds = min(_WINDOW, moment - self._began)
        rate = len(self._ends) / seconds if seconds > 0 else 0.0
        done, failed, unknown, unchanged = (self._counts[state] for state in _OUTCOMES)
        left = max(0, self.total - done - failed - unknown - unchanged)
        return Progress(
            total=self.total,
            done=done,
            failed=failed,
            unknown=unknown,
            unchanged=unchanged,
            retried=self._retried,
            under_way=self.under_way,
            rate=rate,
            remaining=left / rate if rate else 0.0 if not left else None,
            failures=tuple(self._failures),
            held_back=self.held_back,
        )
