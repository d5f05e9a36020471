"""The report on a journal: counts, reasons, failed rows, what happened when."""

from __future__ import annotations

from collections import Counter

import pytest
from attrs import evolve
from hypothesis import given, strategies as st
from support.journals import DONE, HEADER, LOST, NAME_TAKEN, NOT_FOUND, STORM, UNCHANGED, WAITING, journal_row, report

from itnio_async.bulk.journal.rows import HELD_BACK, Result, RowState, Run, RunEnd
from itnio_async.bulk.report.report import Report, is_failed


def test_counts_and_reasons():
    made = report(DONE, DONE, UNCHANGED, WAITING, NAME_TAKEN, NOT_FOUND, NAME_TAKEN, STORM, LOST)
    assert made.counts == {
        RowState.DONE: 2, RowState.UNCHANGED: 1, RowState.WAITING: 1, RowState.REFUSED: 3, RowState.UNKNOWN: 2,
    }  # fmt: skip
    assert [(reason.code, reason.count, reason.meaning) for reason in made.reasons] == [
        (-18, 1, "the outcome is unknown: the vendor's system failed"),
        (None, 1, "the outcome is unknown: the connection ended before the answer was whole"),
        (-47, 2, "another trunk has that name"),
        (None, 1, "refused before sending"),
        (None, 1, "not sent"),
    ]
    assert made.reasons[2].advice == "Choose another name; names are unique in the account."
    assert all(reason.advice for reason in made.reasons)


def test_all_as_it_should_be_has_no_reasons():
    made = report(DONE, UNCHANGED)
    assert (made.reasons, made.failed) == ((), ())


@pytest.mark.parametrize(
    ("result", "begins"),
    [
        (NAME_TAKEN, "another trunk has that name"),
        (NAME_TAKEN._replace(attempts=0), "refused before sending: another trunk has that name"),
        (NAME_TAKEN._replace(code=-999), "a code that the vendor does not document"),
        (WAITING._replace(error="ConnectError"), "not sent: no connection could be made"),
        (WAITING._replace(code=-1), "not sent: the account's authentication failed"),
        (WAITING._replace(state=RowState.SENT), "under way"),
        (Result(state=RowState.REFUSED, error=HELD_BACK), "held back: the trunk changed since the plan was made"),
    ],
)
def test_what_each_outcome_means(result, begins):
    assert report().explain(journal_row(0, result)).meaning.startswith(begins)


def test_a_row_that_was_read_back_otherwise_has_failed():
    row = journal_row(0, DONE, verified=False)
    assert is_failed(row)
    assert "read back otherwise" in report().explain(row).meaning
    assert not is_failed(journal_row(0, DONE, verified=True))
    assert [reason.count for reason in Report(HEADER, (row,)).reasons] == [1]


def test_failed_rows_are_told_for_the_file_of_failed_rows():
    made = report(DONE, NAME_TAKEN, WAITING, STORM)
    assert [(row.line, row.code, row.reason, row.meaning) for row in made.failed_rows()] == [
        (3, -47, "Duplicate", "another trunk has that name"),
        (5, -18, "Unusual", "the outcome is unknown: the vendor's system failed"),
    ]


def test_time_that_was_up_when_nothing_was_left_does_no_harm():
    run = Run(by="me@here", began=1.0, end=RunEnd(ended=2.0, how="until"))
    done = Report(HEADER, (journal_row(0, DONE),), runs=(run,))
    assert (done.is_well, done.verdict) == (True, "All is well: 1 row is as wanted. Its time was up.")
    assert not evolve(done, rows=(journal_row(0, WAITING),)).is_well


def test_disabled_trunks_are_counted_among_the_done():
    rows = (journal_row(0, DONE, disabled=True), journal_row(1, DONE), journal_row(2, NAME_TAKEN, disabled=True))
    assert Report(HEADER, rows).disabled == 1


def test_what_happened_when():
    made = report(DONE, NAME_TAKEN, STORM, LOST, UNCHANGED, NOT_FOUND)
    assert made.seconds == 2.5
    assert made.timeline.step == 1
    assert [(moment.begin, moment.done, moment.failed) for moment in made.timeline.moments] == [
        (1000.0, 1, 0),
        (1001.0, 0, 1),
        (1002.0, 0, 2),
    ]
    assert made.timeline.moments[2].median == pytest.approx(1.15)
    assert made.timeline.moments[2].slowest == 2.0


def test_a_job_that_sent_nothing_has_no_time():
    made = report(UNCHANGED, WAITING)
    assert (made.seconds, made.timeline.moments) == (None, ())


ENDS = st.lists(st.floats(0, 2e9, allow_nan=False), min_size=1, max_size=60)


@given(ENDS)
def test_every_row_is_in_one_step_and_there_are_few_steps(ends):
    made = report(*(DONE._replace(ended=end) for end in ends))
    moments = made.timeline.moments
    assert sum(moment.done + moment.failed for moment in moments) == len(ends)
    assert len(moments) <= 82
    expected = Counter(int((end - moments[0].begin) // made.timeline.step) for end in ends)
    assert {number: moment.done for number, moment in enumerate(moments) if moment.done} == expected


RESULTS = st.builds(
    Result,
    state=st.sampled_from(RowState),
    code=st.none() | st.integers(-70, -1),
    error=st.none() | st.sampled_from(["ServerError", "ConnectionLost"]),
    reason=st.text(max_size=5),
    attempts=st.integers(0, 4),
)


@given(st.lists(RESULTS, max_size=30))
def test_reasons_account_for_every_row_that_is_not_as_wanted(results):
    made = report(*results)
    fine = made.counts[RowState.DONE] + made.counts[RowState.UNCHANGED]
    assert sum(reason.count for reason in made.reasons) == len(results) - fine
    assert len(made.failed) == made.counts[RowState.REFUSED] + made.counts[RowState.UNKNOWN]
    assert all(reason.meaning and reason.advice for reason in made.reasons)
