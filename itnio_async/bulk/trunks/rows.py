"""The changes that a file of trunks asks for, each row checked like a single update as far as a row alone can tell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import attrs
from attrs import field, frozen

from itnio_async.api.sip_trunks.checks import check_field
from itnio_async.api.sip_trunks.types import GroupBinding
from itnio_async.bulk.files import cells
from itnio_async.bulk.files.cells import BadCell
from itnio_async.bulk.files.places import BadRow, BadRows, Place, SourceError
from itnio_async.bulk.files.record import Record
from itnio_async.bulk.files.source import Source, Table
from itnio_async.bulk.trunks import groups
from itnio_async.bulk.trunks.columns import (
    ACCOUNT_COLUMN,
    NUMBERS,
    SECRET_FIELDS,
    VOICE_GROUP_IDS,
    explain_unknown,
    field_of,
    is_account_column,
    is_report_column,
)
from itnio_async.errors import ConfigurationError, InvalidRequestError
from itnio_async.text import listed

Match = Literal["key_id", "name"]
_KEY_FIELDS = {"key_id": "key_id", "name": "sip_trunk_name"}
_MOST_LINES = 5


@frozen
class TrunkChange:
    """What a row asks for: the trunk, by `key_id` or by `name`, and the values that it shall have.

    `values` are by the fields of `SipTrunkUpdate` and has only what the row gives; "" empties a field. A group of
    `group_list` whose number is UNSET keeps the number it has.
    """

    place: Place
    key_id: int | None
    name: str | None
    # A value may be a password.
    values: Mapping[str, Any] = field(repr=lambda values: f"<{', '.join(values) or 'nothing'}>")

    @property
    def key(self) -> int | str | None:
        """What the trunk is known by."""
        return self.name if self.key_id is None else self.key_id


@frozen
class RowsRead:
    """All rows of a file: the changes of the good ones, and what is wrong with the others, both in the file's order.

    A row is either good or bad, and a bad one may be bad for several reasons. `columns` are the names in the header;
    JSON has none. `accounts` is what an export says of the account that it is of (`Identity.mark`).
    """

    changes: tuple[TrunkChange, ...]
    bad: tuple[BadRow, ...]
    columns: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()

    def require_good(self) -> tuple[TrunkChange, ...]:
        """Return the changes; raises `BadRows`, with every one of them, if there are bad rows."""
        if self.bad:
            raise BadRows.of(self.bad)
        return self.changes


def read_changes(
    source: Source | str | os.PathLike[str],
    *,
    match: Match = "key_id",
    secrets_from: Source | str | os.PathLike[str] | None = None,
    **options: Any,
) -> RowsRead:
    """Read and check a file of trunks.

    Columns have the vendor's names or ours. An absent column or an empty cell keeps what the trunk has, `<clear>`
    empties it. `match` says whether rows name their trunks by `key_id` or by their exact `sip_trunk_name`, in which
    case a `key_id` is not looked at. Two rows that name one trunk are both bad. `secrets_from` is the file from which
    passwords are taken for the rows that leave them empty, as the reports of failed rows do. `options` are those of
    `Source`, for a path.

    Raises `SourceError` for a file that cannot be read as rows, also for a column that is not known.
    """
    if match not in _KEY_FIELDS:
        raise ConfigurationError(f"match is one of {', '.join(_KEY_FIELDS)}, not {match!r}.")
    opened = source if isinstance(source, Source) else Source(source, **options)
    with opened.table() as table:
        reader = _RowReader(opened, table, match)
        account = next(filter(is_account_column, table.columns or ()), ACCOUNT_COLUMN)
        accounts: dict[str, None] = {}
        for record in table.records:
            reader.read(record)
            if mark := record.cells.get(account):
                accounts[str(mark).strip().removeprefix("'")] = None
    changes = reader.changes
    if secrets_from is not None:
        changes = _with_secrets(changes, read_changes(secrets_from, match=match).changes)
    return RowsRead(tuple(changes), tuple(reader.bad), table.columns or (), tuple(accounts))


def only_drops_zeros(before: str | None, after: str | None) -> bool:
    """Tell whether a change only takes zeros off the front of a number, which is what spreadsheets do by themselves."""
    if not before or not after or before[0] != "0" or len(after) >= len(before):
        return False
    return before.isdecimal() and after.isdecimal() and before.lstrip("0") == after.lstrip("0")


def _with_secrets(changes: Iterable[TrunkChange], first: Iterable[TrunkChange]) -> list[TrunkChange]:
    secrets = {
        change.key: {name: change.values[name] for name in SECRET_FIELDS & change.values.keys()} for change in first
    }
    return [attrs.evolve(change, values={**secrets.get(change.key, {}), **change.values}) for change in changes]


# -- one row ----------------------------------------------------------------------------------------------------------


def _as_it_is(value: Any) -> Any:
    return value


Reader = Callable[[Any], Any]
_READERS: Mapping[str, Reader] = {
    "key_id": cells.whole_number,
    "sip_trunk_state": cells.truth,
    "group_list": groups.bindings_of,
    VOICE_GROUP_IDS: groups.ids_of,
    NUMBERS: _as_it_is,  # what they say depends on the groups beside them
}
_IGNORED = ""


class _RowReader:
    """Reads the rows of one table; at the end `changes` has the good ones and `bad` what is wrong with the others."""

    def __init__(self, source: Source, table: Table, match: Match) -> None:
        self._source = source
        self._key_field = _KEY_FIELDS[match]
        self.understand = cells.understand_typed if table.is_typed else cells.understand_written
        # By the column as written: the field, or `_IGNORED`, and what reads its cells.
        self.fields: dict[str, str] = {}
        self._readers: dict[str, tuple[str, Reader]] = {}
        self._changes: list[TrunkChange] = []
        self._bad: list[BadRow] = []
        self._first_places: dict[int | str, Place] = {}
        self._repeated: dict[int | str, list[Place]] = {}
        if table.columns is not None:
            self._learn_header(source.place(table.line or 1), table.columns)

    def _learn_header(self, place: Place, columns: tuple[str, ...]) -> None:
        unknown = []
        for column in columns:
            try:
                field, _ = self._learn(column)
            except BadCell as error:
                unknown.append(f"{column}: {error.reason}")
                continue
            if field != _IGNORED and list(self.fields.values()).count(field) > 1:
                raise SourceError.at(place.at(column), f"another column is for {field} too. Remove one of them.")
        if not any(self.fields.values()):
            # Perhaps there is no header, and the line has a password in it.
            raise SourceError.at(place, "it names none of the columns that there are. The first row must name them.")
        if unknown:
            raise SourceError.at(place, "\n".join(unknown))
        if self._key_field not in self.fields.values():
            raise SourceError.at(place, f"there is no column {self._key_field}, by which rows are matched to trunks.")

    def _learn(self, column: str) -> tuple[str, Reader]:
        field = _IGNORED if is_report_column(column) else field_of(column)
        if field is None:
            raise BadCell(explain_unknown(column))
        if field == "key_id" and self._key_field != "key_id":
            field = _IGNORED
        self.fields[column] = field
        self._readers[column] = field, _READERS.get(field, cells.text)
        return self._readers[column]

    def read(self, record: Record) -> None:
        """Take one row."""
        place = self._source.place(record.line)
        if record.problem is not None:
            self._bad.append(BadRow(place, record.problem))
            return
        row = _Row(self, place, record.cells)
        self._read_cells(row)
        row.join_groups()
        row.check()
        key = row.take_key(self._key_field)
        if key is not None:
            self._note_key(key, place)
        if row.bad or key is None:
            self._bad += row.bad
        elif self._key_field == "key_id":
            self._changes.append(TrunkChange(place, key, None, row.values))
        else:
            self._changes.append(TrunkChange(place, None, key, row.values))

    def _read_cells(self, row: _Row) -> None:
        # The innermost loop: a function call less for each cell is a quarter of a second for 100,000 rows.
        readers, values, text = self._readers, row.values, cells.text
        for column, cell in row.written.items():
            try:
                field, read = readers.get(column) or self._learn(column)
                if not field or (not cell and (cell is None or cell == "")):
                    continue
                # Most cells say nothing but their own text, and that can be seen from their ends.
                is_plain = type(cell) is str and cell[0].isalnum() and cell[-1].isalnum() and "+" not in cell
                value = cell if is_plain else self._understood(field, cell)
                if value == "":
                    continue
                if field in values:
                    raise BadCell(f"another column says {field} too. Remove one of them.")
                values[field] = value if is_plain and read is text and value.isascii() else read(value)
            except BadCell as error:
                row.refuse(column, error.reason)

    def _understood(self, field: str, cell: Any) -> Any:
        value = self.understand(cell)
        if field in SECRET_FIELDS and value is not cell and value != "" and cell != cell.strip() == value:
            raise BadCell("the value has blanks around it. Remove them; if they are meant, put ' before them.")
        return value

    def _note_key(self, key: int | str, place: Place) -> None:
        if self._first_places.setdefault(key, place) is not place:
            self._repeated.setdefault(key, [self._first_places[key]]).append(place)

    @property
    def changes(self) -> list[TrunkChange]:
        """The changes of the good rows."""
        again = self._repeated
        return [change for change in self._changes if change.key not in again] if again else self._changes

    @property
    def bad(self) -> list[BadRow]:
        """What is wrong with the other rows."""
        again = [
            BadRow(
                place.at(self._column_of_key()),
                f"{len(places)} rows name this trunk, in lines {listed([one.line for one in places], _MOST_LINES)}.",
            )
            for places in self._repeated.values()
            for place in places
        ]
        return sorted([*self._bad, *again], key=lambda bad: bad.place.line)

    def _column_of_key(self) -> str:
        return next(column for column, field in self.fields.items() if field == self._key_field)


class _Row:
    """A row while it is read: its values by field, and what is wrong with it."""

    __slots__ = ("_place", "_reader", "bad", "values", "written")

    def __init__(self, reader: _RowReader, place: Place, written: Mapping[str, Any]) -> None:
        self._reader = reader
        self._place = place
        self.written = written
        self.values: dict[str, Any] = {}
        self.bad: list[BadRow] = []

    def refuse(self, column: str | None, reason: str, code: int | None = None) -> None:
        """Note what is wrong with a cell, or with the row."""
        self.bad.append(BadRow(self._place.at(column), reason, code))

    def _column(self, *fields: str) -> str | None:
        """Return the column of the first of these fields that this row has."""
        columns = {self._reader.fields.get(column): column for column in self.written}
        return next((columns[field] for field in fields if field in columns), None)

    def join_groups(self) -> None:
        """Make one `group_list` of the columns that lists of ids and numbers have."""
        values = self.values
        ids, numbers = values.pop(VOICE_GROUP_IDS, None), values.pop(NUMBERS, None)
        if ids is None and numbers is None:
            return
        if "group_list" in values:
            self.refuse(self._column("group_list"), "other columns say the groups too. Say them once.")
        elif ids is not None:
            self._bind(ids, numbers)
        elif not self.bad:
            self.refuse(self._column(NUMBERS), f"numbers belong to groups: give {VOICE_GROUP_IDS} beside them.")

    def _bind(self, ids: list[int], numbers: Any) -> None:
        if numbers is None:
            self.values["group_list"] = [GroupBinding(voice_group_id=key) for key in ids]
            return
        try:
            beside = groups.numbers_of(numbers, len(ids), self._reader.understand)
        except BadCell as error:
            self.refuse(self._column(NUMBERS), error.reason)
            return
        self.values["group_list"] = [
            GroupBinding(voice_group_id=key, number=number) for key, number in zip(ids, beside, strict=True)
        ]

    def check(self) -> None:
        """Check each value as a single update would be."""
        for name, value in self.values.items():
            try:
                check_field(name, value)
            except InvalidRequestError as error:
                self._refuse_value(name, error)

    def _refuse_value(self, name: str, error: InvalidRequestError) -> None:
        within = (error.field or "").removeprefix(name)
        listed = NUMBERS if within.endswith(".number") else VOICE_GROUP_IDS
        column = self._column("group_list", listed) if name == "group_list" else self._column(name)
        self.refuse(column, f"{name}{within}: {error.args[0]}" if within else str(error.args[0]), error.code)

    def take_key(self, name: str) -> Any:
        """Take what the trunk is known by out of the values; None, with the row refused, where it is not there."""
        key = self.values.pop(name, None)
        if key is not None and key != "":
            return key
        if key is None and not any(bad.place.column == self._column(name) for bad in self.bad):
            self.refuse(self._column(name), f"{name} is missing, by which the row is matched to its trunk.")
        return None
