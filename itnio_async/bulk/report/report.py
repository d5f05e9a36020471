"""What became of a job's rows, read from its journal: how many, why, what to do, and how it went over time.

Whether all of it is well is in `Report.verdict`; `words` has the words, and `changes` what was changed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from statistics import median

from attrs import evolve, field, frozen

from itnio_async.bulk.files.places import BadRow, Place, count_of
from itnio_async.bulk.journal.rows import (
    AS_WANTED,
    JournalContents,
    JournalHeader,
    JournalRow,
    Result,
    RowState,
    Run,
    is_otherwise,
)
from itnio_async.bulk.report.words import STATE_WORDS, meaning_and_advice, said_of
from itnio_async.bulk.trunks.columns import field_of
from itnio_async.bulk.trunks.export import FailedRow
from itnio_async.text import counted, listed

# How a run ended, where that says more than the rows do.
_ENDS = {
    "stopped": "It was stopped.",
    "cut_off": "It was stopped at once.",
    "until": "Its time was up.",
    "canary": "It ended after the canary.",
    "error": "It ended early.",
    "declined": "Somebody said no, and nothing was sent.",
    "refused": "Nothing was sent.",
    "dry_run": "Nothing was sent: it was a dry run.",
}
_MOST_MOMENTS = 80
# Of trunks, in the line that says how it went.
_MOST_NAMED = 3
# What people can read off an axis, in seconds.
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


@frozen
class Reason:
    """Rows that came to the same: what it means and what to do. `code` is the vendor's, None where it gave none.

    `state` is None for the rows of the file that were left out as bad. `error` is the name of the exception's class
    where there is no code. Two that differ in their `count` alone are equal.
    """

    state: RowState | None
    code: int | None
    error: str | None
    meaning: str
    advice: str
    count: int = field(default=1, eq=False)


@frozen
class Listed:
    """A failed row as people are shown it; `why` is the reason that it shares with others."""

    line: int
    key_id: int | str | None
    trunk_name: str | None
    state: str
    code: int | None
    text: str
    why: Reason


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
    """The rows of a job, counted and explained. `is_running` tells whether more may become of them any moment.

    `runs` are those of the job, and `bad` the rows of the file that the last one left out: a mistake each.
    """

    header: JournalHeader
    rows: Sequence[JournalRow] = field(repr=False)
    is_running: bool = False
    runs: Sequence[Run] = ()
    bad: Sequence[BadRow] = field(default=(), repr=False)

    @cached_property
    def counts(self) -> Counter[RowState]:
        """How many rows are in each state."""
        return Counter(row.state for row in self.rows)

    @property
    def total(self) -> int:
        """How many rows the file has, those that were left out too."""
        return len(self.rows) + self.bad_count

    @cached_property
    def bad_count(self) -> int:
        """How many rows were left out as bad."""
        return count_of(self.bad)

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """Why rows are not done, the most frequent reason of each state first."""
        counts = Counter(self.explain(row) for row in self.rows if not _is_as_wanted(row))
        counts.update(map(self._explain_bad, self.bad_rows.values()))
        order = [None, *RowState]
        by_weight = sorted(counts, key=lambda why: (-order.index(why.state), -counts[why], why.code or 0))
        return tuple(evolve(why, count=counts[why]) for why in by_weight)

    def explain(self, row: JournalRow) -> Reason:
        """Return what the outcome of a row that is not as wanted means and what to do about it."""
        result = row.result
        error = result.error if result.code is None else None
        is_named = result.temporary is not None
        return self._reason(row.state, result.code, error, was_sent=result.attempts > 0, is_named=is_named)

    def _explain_bad(self, mistakes: Sequence[BadRow]) -> Reason:
        code = next((bad.code for bad in mistakes if bad.code is not None), None)
        return self._reason(None, code, None)

    def _reason(
        self,
        state: RowState | None,
        code: int | None,
        error: str | None,
        *,
        was_sent: bool = False,
        is_named: bool = False,
    ) -> Reason:
        meaning, advice = meaning_and_advice(
            state, code, error, was_sent, is_named=is_named, how=self._how, header=self.header
        )
        return Reason(state, code, error, meaning, advice)

    @property
    def _how(self) -> str:
        """How the last run ended, or nothing."""
        end = self.runs[-1].end if self.runs else None
        return "" if end is None else end.how

    @cached_property
    def bad_rows(self) -> dict[Place, list[BadRow]]:
        """The rows that were left out, each with its mistakes."""
        rows: defaultdict[Place, list[BadRow]] = defaultdict(list)
        for bad in self.bad:
            rows[bad.place.at(None)].append(bad)
        return rows

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
    def named_temporarily(self) -> tuple[JournalRow, ...]:
        """The rows whose trunks have a temporary name, or may have, since names are exchanged."""
        return tuple(row for row in self.rows if row.result.temporary is not None)

    @property
    def retries(self) -> int:
        """How many calls were repeated, in all runs."""
        # Of a run that has not said how it ended, what its rows show.
        shown = sum(max(0, row.result.attempts - 1) for row in self.rows)
        return max(shown, sum(run.end.retries for run in self.runs if run.end is not None))

    @cached_property
    def read_back(self) -> tuple[int, int]:
        """How many trunks of rows that were as wanted were read back so, and how many otherwise."""
        seen = Counter(row.verified for row in self.rows if row.state in AS_WANTED)
        return seen[True], seen[False]

    @cached_property
    def canary(self) -> tuple[JournalRow, ...]:
        """The rows that went first."""
        return tuple(row for row in self.rows if row.canary)

    @property
    def secrets_kept(self) -> int:
        """How many rows of the job that this one undoes keep the secrets that it gave them."""
        return self.runs[-1].secrets_kept if self.runs else 0

    @property
    def is_refused(self) -> bool:
        """Tell whether there is what going on does not mend: rows refused, bad or not as wanted, or secrets kept."""
        return bool(self.counts[RowState.REFUSED] or self.bad or self.read_back[1] or self.secrets_kept)

    @property
    def is_well(self) -> bool:
        """Tell whether every row is as wanted, and nothing is left to do."""
        # When the time was up, what counts is whether rows were left.
        is_ended_early = self._how in _ENDS.keys() - {"until"}
        is_open = any(self.counts[state] for state in (RowState.WAITING, RowState.SENT, RowState.UNKNOWN))
        return not (self.is_refused or is_open or is_ended_early)

    @property
    def verdict(self) -> str:
        """How it went, in one line."""
        return " ".join(filter(None, (self._what_became(), self._named(), self._kept(), self._how_it_ended())))

    def _what_became(self) -> str:
        total = counted(self.total, "row")
        if self.is_running:
            left = self.counts[RowState.WAITING] + self.counts[RowState.SENT]
            return f"The job is running: {self.total - left:,} of {total} have an outcome so far."
        if not self.total:
            return "There are no rows."
        if self.is_well:
            return f"All is well: {f'all {total} are' if self.total > 1 else f'{total} is'} as wanted."
        counts = self.counts
        parts = [
            (counts[RowState.REFUSED], "refused"),
            (counts[RowState.UNKNOWN], "of unknown outcome"),
            (self.read_back[1], "read back otherwise"),
            (self.bad_count, "left out as bad"),
            (counts[RowState.WAITING], "not sent"),
        ]
        said = "".join(f", {count:,} {what}" for count, what in parts if count)
        well = counts[RowState.DONE] + counts[RowState.UNCHANGED] - self.read_back[1]
        return f"Not all is well: {well:,} of {total} {'is' if well == 1 else 'are'} as wanted{said}."

    def _named(self) -> str:
        rows = self.named_temporarily
        if self.is_running or not rows:
            return ""
        trunks = listed([f"trunk {row.key_id} ({row.result.temporary})" for row in rows], _MOST_NAMED)
        said, refused = f"With a temporary name: {trunks}.", any(row.state is RowState.REFUSED for row in rows)
        if self.header.is_undo:
            by_hand = "Give them their names: itnio trunks update KEY_ID --sip-trunk-name NAME."
            return f"{said} {by_hand if refused else 'Run the same command again.'}"
        return f"{said} Run the same command again{' with --retry-refused' if refused else ''}, or undo the job."

    def _kept(self) -> str:
        if not self.secrets_kept:
            return ""
        return f"The new passwords of {counted(self.secrets_kept, 'row')} stay: no journal keeps the old ones."

    def _how_it_ended(self) -> str:
        if self.is_running or not self.runs:
            return ""
        end = self.runs[-1].end
        if end is None:
            return "The last run was cut off before its end."
        return _ENDS.get(end.how, "")

    @cached_property
    def seconds(self) -> float | None:
        """How long it took from the first row's end to the last one's; None where no row has ended."""
        ends = [row.result.ended for row in self.rows if row.result.ended is not None]
        return max(ends) - min(ends) if ends else None

    @cached_property
    def timeline(self) -> Timeline:
        """What happened when."""
        return _timeline(row.result for row in self.rows)

    def failed_rows(self) -> Iterator[FailedRow]:
        """Yield the failed rows as `write_failed` takes them."""
        for row in self.failed:
            yield FailedRow(row.place.line, row.result.code, said_of(row), self.explain(row).meaning)
        for bad in self.bad:
            yield FailedRow(bad.place.line, bad.code, bad.reason, "the row cannot be sent")

    @cached_property
    def listed(self) -> tuple[Listed, ...]:
        """The failed rows as people are shown them, those that were left out too, in the file's order."""
        rows = [_listed(row, self.explain(row)) for row in self.failed]
        rows += [_listed_bad(mistakes, self._explain_bad(mistakes)) for mistakes in self.bad_rows.values()]
        return tuple(sorted(rows, key=lambda row: row.line))


def report_of(contents: JournalContents) -> Report:
    """Return the report on a journal."""
    return Report(contents.header, contents.rows, contents.is_running, contents.runs, contents.bad)


def is_failed(row: JournalRow) -> bool:
    """Tell whether somebody must look at the row: what only waits is not a failure."""
    return row.state in (RowState.REFUSED, RowState.UNKNOWN) or is_otherwise(row)


def _is_as_wanted(row: JournalRow) -> bool:
    return row.state in AS_WANTED and not is_otherwise(row)


def _listed(row: JournalRow, why: Reason) -> Listed:
    name, said = STATE_WORDS[row.state][0], said_of(row)
    text = f"{why.meaning}: {said}" if said and said not in why.meaning else why.meaning
    return Listed(row.place.line, row.key_id, row.trunk_name, name, row.result.code, text, why)


def _listed_bad(mistakes: Sequence[BadRow], why: Reason) -> Listed:
    first = mistakes[0]
    cells = {field_of(column): text for column, text in first.cells.items() if text}
    texts = [f"column {bad.place.column}: {bad.reason}" if bad.place.column else bad.reason for bad in mistakes]
    key_id, name = cells.get("key_id"), cells.get("sip_trunk_name")
    return Listed(first.place.line, key_id, name, "Bad", why.code, " ".join(texts), why)


# -- over time --------------------------------------------------------------------------------------------------------


def _timeline(results: Iterable[Result]) -> Timeline:
    ended = [(result.ended, result) for result in results if result.ended is not None and result.attempts > 0]
    if not ended:
        return Timeline(1, ())
    first, last = min(end for end, _ in ended), max(end for end, _ in ended)
    step = next((step for step in _STEPS if (last - first) / step < _MOST_MOMENTS), None)
    if step is None:
        step = int((last - first) / _MOST_MOMENTS) + 1
    start = first - first % step
    in_step: defaultdict[int, list[Result]] = defaultdict(list)
    for end, result in ended:
        in_step[int((end - start) // step)].append(result)
    moments = (_moment(start + number * step, in_step.get(number, [])) for number in range(max(in_step) + 1))
    return Timeline(step, tuple(moments))


def _moment(begin: float, results: Sequence[Result]) -> Moment:
    elapsed = sorted(result.elapsed for result in results)
    done = sum(result.state is RowState.DONE for result in results)
    if not elapsed:
        return Moment(begin, 0, 0, 0.0, 0.0)
    # The 95th of 100: one that waited for a repeat is not the rule.
    return Moment(begin, done, len(results) - done, median(elapsed), elapsed[(len(elapsed) * 95 - 1) // 100])
