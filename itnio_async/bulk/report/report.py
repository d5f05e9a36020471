"""What became of a job's rows, read from its journal: how many, why, what to do, and how it went over time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from statistics import median
from typing import Any

from attrs import field, frozen

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.bulk.journal.rows import HELD_BACK, JournalContents, JournalHeader, JournalRow, RowState
from itnio_async.bulk.trunks.export import FailedRow

STATE_WORDS = {
    RowState.DONE: ("Done", "accepted by the vendor"),
    RowState.UNCHANGED: ("Unchanged", "already up to date"),
    RowState.REFUSED: ("Refused", "not changed"),
    RowState.UNKNOWN: ("Unknown", "sent, but no answer says whether they were updated"),
    RowState.SENT: ("Under way", "sent, and no answer yet"),
    RowState.WAITING: ("Not sent", "not changed"),
}
"""The name and the meaning of each state, in the order in which people are shown them."""

_AGAIN = "Run the same command again: "
_MOST_MOMENTS = 80
# What people can read off an axis, in seconds.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


@frozen
class Reason:
    """Rows that came to the same: what it means and what to do. `code` is the vendor's, None where it gave none."""

    state: RowState
    code: int | None
    error: str | None
    meaning: str
    advice: str
    count: int


@frozen
class Moment:
    """A step of time, from `begin` (Unix seconds): how many rows ended in it, and how long those took, in seconds."""

    begin: float
    done: int
    failed: int
    median: float
    slowest: float


@frozen
class Timeline:
    """What happened in each step of `step` seconds, from the first row's end to the last one's; empty steps too."""

    step: float
    moments: tuple[Moment, ...]


@frozen
class Report:
    """The rows of a job, counted and explained. `is_running` tells whether more may become of them any moment."""

    header: JournalHeader
    rows: Sequence[JournalRow] = field(repr=False)
    is_running: bool = False

    @cached_property
    def counts(self) -> Counter[RowState]:
        """How many rows are in each state."""
        return Counter(row.state for row in self.rows)

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """Why rows are not done, the most frequent reason of each state first."""
        counts = Counter(key for row in self.rows if (key := _key(row)) is not None)
        order = list(RowState)
        found = [_explained(*key, count) for key, count in counts.items()]
        return tuple(sorted(found, key=lambda reason: (-order.index(reason.state), -reason.count, reason.code or 0)))

    @cached_property
    def failed(self) -> tuple[JournalRow, ...]:
        """The rows that were refused, whose outcome is unknown, or that are not as wanted, in the file's order."""
        return tuple(row for row in self.rows if is_failed(row))

    @property
    def disabled(self) -> int:
        """How many of the rows that are done have disabled trunks."""
        return sum(row.disabled for row in self.rows if row.state is RowState.DONE)

    @property
    def drifted(self) -> int:
        """How many of the rows that are done had been as wanted after an earlier job."""
        return sum(row.drifted for row in self.rows if row.state is RowState.DONE)

    @cached_property
    def seconds(self) -> float:
        """How long it took from the first row's end to the last one's."""
        ends = [row.result.ended for row in self.rows if row.result.ended is not None]
        return max(ends) - min(ends) if ends else 0.0

    @cached_property
    def timeline(self) -> Timeline:
        """What happened when."""
        return _timeline([row for row in self.rows if row.result.ended is not None and row.result.attempts > 0])

    def failed_rows(self) -> Iterator[FailedRow]:
        """Yield the failed rows as `write_failed` takes them."""
        for row in self.failed:
            yield FailedRow(row.place.line, row.result.code, row.result.reason, explain(row).meaning)


def report_of(contents: JournalContents) -> Report:
    """Return the report on a journal."""
    return Report(contents.header, contents.rows, contents.is_running)


def is_failed(row: JournalRow) -> bool:
    """Tell whether somebody must look at the row: what only waits is not a failure."""
    return row.state in (RowState.REFUSED, RowState.UNKNOWN) or _is_otherwise(row)


def explain(row: JournalRow) -> Reason:
    """Return what a failed row's outcome means and what to do about it."""
    return _explained(row.state, row.result.code, row.result.error, row.result.attempts > 0, 1)


def _is_otherwise(row: JournalRow) -> bool:
    return row.state is RowState.DONE and row.verified is False


def _key(row: JournalRow) -> tuple[RowState, int | None, str | None, bool] | None:
    """Return what rows with the same reason have in common; None for what is as it should be."""
    if row.state is RowState.UNCHANGED or (row.state is RowState.DONE and not _is_otherwise(row)):
        return None
    result = row.result
    return row.state, result.code, result.error if result.code is None else None, result.attempts > 0


def _explained(state: RowState, code: int | None, error: str | None, was_sent: bool, count: int) -> Reason:
    meaning, advice = _words(state, code, error, was_sent)
    return Reason(state, code, error, meaning, advice, count)


def _words(state: RowState, code: int | None, error: str | None, was_sent: bool) -> tuple[str, str]:
    known = None if code is None else SIP_TRUNKS[code]
    why = known.meaning if known is not None else error or ""
    if state is RowState.DONE:
        return (
            "the vendor said that it was done, but the trunk was read back otherwise",
            "Look at the trunk: somebody else may have changed it, or the vendor does not take an empty value for one.",
        )
    if state is RowState.UNKNOWN:
        return (
            f"the outcome is unknown: {why}"
            if known is not None
            else f"the outcome is unknown{_of(error)}: no answer told",
            f"{_AGAIN}these rows are read back first, and sent only where they are not as wanted.",
        )
    if state is RowState.REFUSED and error == HELD_BACK:
        return (
            "held back: the trunk changed since the plan was made",
            "Make the plan again, or overwrite the trunks all the same (--retry-refused --force).",
        )
    if state is RowState.REFUSED and not was_sent:
        before = "refused before sending"
        return f"{before}: {why}" if why else before, "Correct the rows; each has its reason."
    if state is RowState.REFUSED:
        return why or "refused", known.advice if known is not None else "See each row's reason."
    if state is RowState.SENT:
        return "under way at this moment", "Wait for the end."
    return f"not sent{f': {why}' if known is not None else _of(error)}", f"{_AGAIN}it goes on with these rows."


def _of(error: str | None) -> str:
    return f" ({error})" if error else ""


# -- over time --------------------------------------------------------------------------------------------------------


def _timeline(rows: Iterable[JournalRow]) -> Timeline:
    by_end = sorted(rows, key=_end)
    if not by_end:
        return Timeline(1, ())
    first, last = _end(by_end[0]), _end(by_end[-1])
    step = next((step for step in _STEPS if (last - first) / step < _MOST_MOMENTS), None)
    if step is None:
        step = int((last - first) / _MOST_MOMENTS) + 1
    start = first - first % step
    in_step: defaultdict[int, list[JournalRow]] = defaultdict(list)
    for row in by_end:
        in_step[int((_end(row) - start) // step)].append(row)
    moments = (_moment(start + number * step, in_step.get(number, [])) for number in range(max(in_step) + 1))
    return Timeline(step, tuple(moments))


def _end(row: JournalRow) -> Any:
    return row.result.ended


def _moment(begin: float, rows: Sequence[JournalRow]) -> Moment:
    elapsed = sorted(row.result.elapsed for row in rows)
    done = sum(row.state is RowState.DONE for row in rows)
    if not elapsed:
        return Moment(begin, 0, 0, 0.0, 0.0)
    # The 95th of 100: one that waited for a repeat is not the rule.
    return Moment(begin, done, len(rows) - done, median(elapsed), elapsed[(len(elapsed) * 95 - 1) // 100])
