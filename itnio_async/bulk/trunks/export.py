"""Files of trunks, in the form that they are read in: the account's own, and the rows of a job that failed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files import cells
from itnio_async.bulk.files.cells import ERROR_VALUE, Damaged, is_whole
from itnio_async.bulk.files.damage import Form, trimmed
from itnio_async.bulk.files.places import Record, SourceError
from itnio_async.bulk.files.private_file import STANDARD_OUTPUT
from itnio_async.bulk.files.source import Source, Table
from itnio_async.bulk.files.write import is_typed, json_text, write_cells, write_objects
from itnio_async.bulk.trunks import groups
from itnio_async.bulk.trunks.columns import (
    ACCOUNT_COLUMN,
    FIELDS,
    FORMS,
    NUMBERS,
    REPORT_COLUMNS,
    SECRET_FIELDS,
    VOICE_GROUP_IDS,
    field_of,
    is_ignored,
)
from itnio_async.values import is_masked

# -- the account's trunks ---------------------------------------------------------------------------------------------


def write_trunks(
    trunks: Iterable[SipTrunk], path: str | os.PathLike[str], *, with_secrets: bool = False, account: str = ""
) -> int:
    """Write trunks in the form that `read_changes` reads, and return how many there are.

    The name says the format (CSV where it says none), the file has mode 0600. Read back it changes nothing: what the
    listing does not show, or shows masked, stays empty. So does a `sip_trunk_state` that is off beside an account,
    which may be the gateway's status and not the switch. Passwords are written only with `with_secrets`. `account`
    (`Identity.mark`) is written to a column of its own, `#account`, by which `apply` knows another account's file.

    Raises `ConfigurationError` or `SourceError` where the file cannot be written.
    """
    trunks = list(trunks)
    fields = [name for name in FIELDS if with_secrets or name not in SECRET_FIELDS]
    rows = [{name: _exported(trunk, name) for name in fields} for trunk in trunks]
    mark = {ACCOUNT_COLUMN: account} if account else {}
    if is_typed(path):
        write_objects(path, (_object(row) | mark for row in rows))
        return len(rows)
    columns = columns_for(rows, fields)
    write_cells(path, [*columns, *mark], [[*cells_of(row, columns), *mark.values()] for row in rows])
    return len(rows)


def _exported(trunk: SipTrunk, name: str) -> Any:
    value = getattr(trunk, name)
    if name in SECRET_FIELDS and is_masked(value):
        return None
    if name == "sip_trunk_state" and trunk.sip_account and not value:
        return None
    return value


def columns_for(rows: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> list[str]:
    """Return the columns of a table of these rows; JSON only where some number cannot stand in a list."""
    needs_json = any(not groups.fit_lists(row.get("group_list") or ()) for row in rows)
    columns = []
    for name in fields:
        if name == "group_list":
            columns += [VOICE_GROUP_IDS, NUMBERS]
        if name != "group_list" or needs_json:
            columns.append(name)
    return columns


def cells_of(row: Mapping[str, Any], columns: Iterable[str]) -> list[str]:
    """Return a row as the cells of a table, so that reading takes each for what it is."""
    bound = row.get("group_list") or ()
    written = dict.fromkeys((VOICE_GROUP_IDS, NUMBERS, "group_list"), "")
    if not groups.fit_lists(bound):
        written["group_list"] = json_text(groups.objects_of(bound))
    else:
        written[VOICE_GROUP_IDS], numbers = groups.lists_of(bound)
        written[NUMBERS] = cells.protect(numbers, FORMS[NUMBERS])
    return [written[name] if name in written else _cell(row[name], name) for name in columns]


def _cell(value: Any, field: str | None = None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return cells.protect(value, _form(field)) if isinstance(value, str) else str(value)


def _form(field: str | None, other: Form = Form.NAME) -> Form:
    return FORMS.get(field or "", other)


def _object(row: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: value for name, value in row.items() if value is not None and value != []}
    for name, value in written.items():
        if name == "group_list":
            written[name] = groups.objects_of(value)
        elif isinstance(value, str):
            written[name] = cells.protect(value, _form(name), is_typed=True)
    return written


# -- rows that failed -------------------------------------------------------------------------------------------------


@frozen
class FailedRow:
    """A row of the source, by its line, and why it failed; `code` is None where the vendor has none for it."""

    line: int
    code: int | None
    reason: str
    meaning: str


def check_failed(source: Source, path: str | os.PathLike[str]) -> None:
    """Raise `SourceError` where failed rows of this source cannot be written to that path, whatever rows those are."""
    if os.path.realpath(path) == os.path.realpath(source.path) and os.fspath(path) != STANDARD_OUTPUT:
        raise SourceError(
            f"{source.name}: its other rows, and the passwords, would be lost: give the failed rows another name."
        )
    if is_typed(path):
        with source.table() as table:
            if not table.is_typed:
                raise SourceError(f"{source.name}: its rows are no JSON. Give the failed rows a name like failed.csv.")


def write_failed(source: Source, failed: Iterable[FailedRow], path: str | os.PathLike[str]) -> int:
    """Write these rows of a source as they stand there, with why they failed, to be corrected and read again.

    The secret columns are empty: `read_changes` takes them from the first file with `secrets_from`. What a spreadsheet
    would run has an apostrophe before it, which reading takes away. Returns how many rows were written; a row that
    failed for several reasons is one.

    Raises `SourceError` where the source cannot be read or lacks one of the lines, where its rows do not fit the format
    that the path's name says, or where the file would replace the source; `ConfigurationError` where it cannot be
    written.
    """
    check_failed(source, path)
    reports = _reports(failed)
    with source.table() as table:
        records = [record for record in table.records if record.line in reports]
    lost = sorted(reports.keys() - {record.line for record in records})
    if lost:
        raise SourceError.at(source.place(lost[0]), "there is no such row any more: the file was changed.")
    columns = _kept_columns(source, table, records)
    if is_typed(path):
        write_objects(path, [_failed_object(record, columns, reports[record.line]) for record in records])
    else:
        rows = [
            [_as_text(record.cells.get(column), column, is_typed=table.is_typed) for column in columns]
            + [_cell(getattr(reports[record.line], name)) for name in REPORT_COLUMNS]
            for record in records
        ]
        write_cells(path, [*columns, *REPORT_COLUMNS], rows, table.separator or ",")
    return len(records)


def _reports(failed: Iterable[FailedRow]) -> dict[int, FailedRow]:
    """Return the rows by line; where there are several for one, it has the first code and all the reasons."""
    found: dict[int, FailedRow] = {}
    for row in failed:
        first = found.get(row.line)
        if first is not None:
            code = row.code if first.code is None else first.code
            row = FailedRow(row.line, code, f"{first.reason} {row.reason}", first.meaning or row.meaning)
        found[row.line] = row
    return found


def _kept_columns(source: Source, table: Table, records: Iterable[Record]) -> list[str]:
    """Return the columns that are known or to be ignored: what others hold may be anything, a password too."""
    written = table.columns or dict.fromkeys(column for record in records for column in record.cells)
    return [column for column in written if field_of(column) is not None or is_ignored(column, source.ignored)]


def _failed_object(record: Record, columns: Iterable[str], report: FailedRow) -> dict[str, Any]:
    kept = {
        column: "" if field_of(column) in SECRET_FIELDS else record.cells[column]
        for column in columns
        if column in record.cells
    }
    return kept | {name: getattr(report, name) for name in REPORT_COLUMNS}


def kept_cells(cells: Mapping[str, Any], *, is_typed: bool) -> dict[str, str]:
    """Return the cells of a row as text, as failed rows have them: without secrets, and of known columns only."""
    return {
        column: _as_text(cell, column, is_typed=is_typed)
        for column, cell in cells.items()
        if field_of(column) is not None
    }


def _as_text(cell: Any, column: str, *, is_typed: bool) -> str:
    field = field_of(column)
    if field in SECRET_FIELDS:
        return ""
    return _typed_again(cell, field) if is_typed else _written_again(cell, field)


def _written_again(cell: Any, field: str | None) -> str:
    """Return the cell of a spreadsheet so that reading takes it for the same, and refuses it again if it did."""
    if isinstance(cell, Damaged):
        return ERROR_VALUE
    if not isinstance(cell, str):
        return _cell(cell)
    text = trimmed(cell)
    if text[:1] == "'":
        return cell if cell[:1] == "'" else text  # with a blank before it the blanks behind it do not count
    return f"'{text}" if cells.is_formula(text) and not _is_damaged(text, field) else text


def _is_damaged(text: str, field: str | None) -> bool:
    return cells.damage_of(text, _form(field, Form.OTHER)) is not None


def _typed_again(value: Any, field: str | None) -> str:
    """Return a value of JSON as the cell of a spreadsheet; what was refused must not become text that is taken."""
    if isinstance(value, float) or (isinstance(value, str) and not is_whole(value)):
        return ERROR_VALUE
    if isinstance(value, str):
        if cells.is_clear_word(value) or _is_damaged(value, field):
            return value
        return cells.protect(cells.unprotect(value, _form(field), is_typed=True), _form(field))
    if isinstance(value, list) and field in (VOICE_GROUP_IDS, NUMBERS):
        return ";".join("" if part is None else str(part) for part in value)
    if isinstance(value, list | dict):
        return json_text(value)
    return _cell(value)
