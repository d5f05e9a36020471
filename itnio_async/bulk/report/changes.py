"""What a job changed, field by field, and a file of it: before and after, trunk by trunk, without secrets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from itnio_async.bulk.files import cells
from itnio_async.bulk.files.write import is_typed, write_cells, write_objects
from itnio_async.bulk.journal.rows import JournalRow, RowState
from itnio_async.bulk.report.words import said_of
from itnio_async.bulk.trunks.settings import CHANGED, FIELDS, FieldChange, from_data, normal, shown

COLUMNS = ("line", "key_id", "sip_trunk_name", "state", "field", "before", "after", "code", "reason")


def changes_of(rows: Iterable[JournalRow]) -> Iterator[tuple[JournalRow, tuple[FieldChange, ...]]]:
    """Yield the rows that change something on their trunks, or would have where they are not done, and what.

    Of a trunk that has a temporary name so far, that is what is there by now.
    """
    for row in rows:
        if row.after or row.new_secrets or row.at_first:
            yield _as_changed(row), tuple(_changes(row))


def _as_changed(row: JournalRow) -> JournalRow:
    """Return the row with the state of its changes: those of a trunk that got a temporary name are there with it."""
    if row.result.temporary is None or row.state is RowState.UNKNOWN:
        return row
    return row._replace(result=row.result._replace(state=RowState.DONE))


def _changes(row: JournalRow) -> Iterator[FieldChange]:
    at_first = row.at_first or {}
    # What the job did before it sent the row again is there by now.
    done = {name: row.before.get(name) for name in at_first}
    before, after = from_data({**row.before, **at_first}), from_data({**done, **row.after})
    if row.result.temporary is not None:
        after["sip_trunk_name"] = row.result.temporary
    for name in FIELDS:
        if name in row.new_secrets:
            yield FieldChange(name, None, CHANGED, secret=True)
        elif name in after:
            yield FieldChange(name, normal(before.get(name)), normal(after[name]))


def write_changes(rows: Iterable[JournalRow], path: str | os.PathLike[str]) -> int:
    """Write every change to a file in the format that its name says, CSV where it says none; return how many.

    A secret is only said to be changed. Raises `ConfigurationError` or `SourceError` where that cannot be done.
    """
    lines = [_line(row, change) for row, changes in changes_of(rows) for change in changes]
    if is_typed(path):
        write_objects(path, [dict(zip(COLUMNS, line, strict=True)) for line in lines])
    else:
        write_cells(path, COLUMNS, [list(map(_cell, line)) for line in lines])
    return len(lines)


def _line(row: JournalRow, change: FieldChange) -> tuple[Any, ...]:
    before, after = _text(change.before), CHANGED if change.secret else _text(change.after)
    where = (row.place.line, row.key_id, row.trunk_name, row.state.value, change.name)
    return (*where, before, after, row.result.code, said_of(row))


def _text(value: Any) -> str:
    return "" if value is None or value == () else shown(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return cells.protect(value) if isinstance(value, str) else str(value)
