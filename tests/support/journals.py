"""Journals' contents made by hand."""

from __future__ import annotations

from itnio_async.bulk.files.places import Place
from itnio_async.bulk.journal.rows import JournalHeader, JournalRow, Result, RowState
from itnio_async.bulk.report.report import Report

DONE = Result(state=RowState.DONE, attempts=1, elapsed=0.1, ended=1000.0)
UNCHANGED = Result(state=RowState.UNCHANGED)
WAITING = Result(state=RowState.WAITING)
NAME_TAKEN = Result(
    state=RowState.REFUSED, code=-47, error="ConflictError", reason="Duplicate", attempts=1, elapsed=0.2, ended=1001.0
)
STORM = Result(
    state=RowState.UNKNOWN, code=-18, error="ServerError", reason="Unusual", attempts=4, elapsed=2.0, ended=1002.0
)
LOST = Result(state=RowState.UNKNOWN, error="ConnectionLost", reason="lost", attempts=1, elapsed=0.3, ended=1002.5)
NOT_FOUND = Result(state=RowState.REFUSED, reason="no trunk has the key id 77")

HEADER = JournalHeader(
    source="/home/me/trunks.csv",
    rows="digest",
    host="api.itniotech.com",
    api_key="bDq***",
    account="digest",
    endpoint="POST /v3/cc/sipTrunk/update",
    created=900.0,
)


def journal_row(number, result, **more):
    values = {"place": Place("trunks.csv", number + 2), "key_id": number + 1, "trunk_name": f"trunk{number + 1}"}
    return JournalRow(id=number, result=result, **{**values, **more})


def report(*results, **more):
    """A report on rows with these results."""
    return Report(HEADER, tuple(journal_row(number, result) for number, result in enumerate(results)), **more)
