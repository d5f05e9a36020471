"""The changes that a file of trunks asks for, each row checked like a single update as far as a row alone can tell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

import attrs
from attrs import field, frozen

from itnio_async.api.sip_trunks.checks import check_field
from itnio_async.api.sip_trunks.types import GroupBinding
from itnio_async.bulk.files import cells
from itnio_async.bulk.files.cells import BadCell, Damaged, Understanding
from itnio_async.bulk.files.damage import Form, trimmed
from itnio_async.bulk.files.places import BadRow, BadRows, Place, SourceError
from itnio_async.bulk.files.record import Record
from itnio_async.bulk.files.source import Source, Table
from itnio_async.bulk.trunks import groups
from itnio_async.bulk.trunks.columns import (
    FORMS,
    NUMBERS,
    SECRET_FIELDS,
    VOICE_GROUP_IDS,
    explain_unknown,
    field_of,
    is_account_column,
    is_ignored,
    is_listed_column,
    is_report_column,
    is_shown_only,
)
from itnio_async.bulk.trunks.export import kept_cells
from itnio_async.bulk.trunks.listed import ListedMark, account_of_mark
from itnio_async.bulk.trunks.settings import to_data
from itnio_async.errors import ConfigurationError, InvalidRequestError
from itnio_async.text import listed
from itnio_async.validators import instance, or_none
from itnio_async.values import UNSET

Match = Literal["key_id", "name"]
_KEY_FIELDS = {"key_id": "key_id", "name": "sip_trunk_name"}
_MOST_LINES = 5


@frozen
class Doubt:
    """A cell that seems damaged: its field, its column as the file writes it, and the reason.

    `group` is the agent group whose number it is, if it is one. The plan refuses what it would change on the trunk.
    """

    field: str = attrs.field(validator=instance(str))
    column: str = attrs.field(validator=instance(str))
    reason: str = attrs.field(validator=instance(str))
    group: int | None = attrs.field(default=None, validator=or_none(instance(int)))


@frozen
class TrunkChange:
    """What a row asks for: the trunk, by `key_id` or by `name`, and the values that it shall have.

    `values` are by the fields of `SipTrunkUpdate` and has only what the row gives; "" empties a field. A group of
    `group_list` whose number is UNSET keeps the number it has. `doubts` are the cells among them that seem damaged:
    `make_plan` refuses them but where the trunk has the same value already, which is not damage.
    """

    place: Place
    key_id: int | None
    name: str | None
    # A value may be a password.
    values: Mapping[str, Any] = field(repr=lambda values: f"<{', '.join(values) or 'nothing'}>")
    doubts: tuple[Doubt, ...] = ()

    @property
    def key(self) -> int | str | None:
        """What the trunk is known by."""
        return self.name if self.key_id is None else self.key_id


@frozen
class RowsRead:
    """All rows of a file: the changes of the good ones, and what is wrong with the others, both in the file's order.

    A row is either good or bad, and a bad one may be bad for several reasons. `columns` are the names in the header;
    JSON has none. `accounts` is what an export says of the account that it is of (`Identity.mark`). `hidden` is how
    many rows a workbook's sheet does not show, which are among them unless they were left out. `shown_only` are columns
    that a listing shows and no update can change: nothing was done with them.
    """

    changes: tuple[TrunkChange, ...]
    bad: tuple[BadRow, ...]
    columns: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    hidden: int = 0
    shown_only: tuple[str, ...] = ()

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
    empty: Iterable[str] = (),
    literal: Iterable[str] = (),
    visible_only: bool = False,
    **options: Any,
) -> RowsRead:
    """Read and check a file of trunks.

    Columns have the vendor's names or ours. An absent column or an empty cell keeps what the trunk has, `<clear>`
    empties it. `match` says whether rows name their trunks by `key_id` or by their exact `sip_trunk_name`, in which
    case a `key_id` is not looked at. Two rows that name one trunk are both bad. `secrets_from` is the file from which
    passwords are taken for the rows that leave them empty, as the reports of failed rows do. `empty` are words that
    mean nothing, like an empty cell; `literal` are columns whose cells are taken as they stand, untrimmed, whatever
    seems damaged. `visible_only` leaves out the rows that a workbook's sheet hides. `options` are those of `Source`,
    for a path.

    Raises `SourceError` for a file that cannot be read as rows, also for a column that is not known.
    """
    if match not in _KEY_FIELDS:
        raise ConfigurationError(f"match is one of {', '.join(_KEY_FIELDS)}, not {match!r}.")
    opened = source if isinstance(source, Source) else Source(source, **options)
    empty, literal = frozenset(empty), frozenset(literal)
    rows, seen = _read(opened, match, empty, literal, visible_only=visible_only)
    for column in sorted(opened.ignored - seen):
        raise SourceError(f"{opened.name}: there is no column {column}, which is to be ignored.")
    if secrets_from is None:
        return rows
    # Not each file has the columns that are to be ignored in the other one.
    first = secrets_from if isinstance(secrets_from, Source) else Source(secrets_from, ignore=opened.ignored)
    with_secrets, _ = _read(first, match, empty, literal)
    return attrs.evolve(rows, changes=tuple(_with_secrets(rows.changes, with_secrets.changes)))


def _read(
    source: Source, match: Match, empty: frozenset[str], literal: frozenset[str], *, visible_only: bool = False
) -> tuple[RowsRead, set[str]]:
    """Return the rows of a source, and the names of its columns in lower case."""
    hidden = 0
    with source.table() as table:
        reader = _RowReader(source, table, match, empty, _fields_of(literal))
        accounts: dict[str, None] = {}
        for record in table.records:
            hidden += record.is_hidden
            if visible_only and record.is_hidden:
                continue
            reader.read(record)
            for column in reader.account_columns:
                if mark := record.cells.get(column):
                    accounts[account_of_mark(mark)] = None
    rows = RowsRead(
        changes=tuple(reader.changes),
        bad=tuple(reader.bad),
        columns=table.columns or (),
        accounts=tuple(accounts),
        hidden=hidden,
        shown_only=tuple(reader.shown_only),
    )
    return rows, {trimmed(column).lower() for column in reader.fields}


def _fields_of(columns: Iterable[str]) -> frozenset[str]:
    """Return the fields that these columns are for; raises `SourceError` for one that there is not."""
    fields = set()
    for column in columns:
        field = field_of(column)
        if field is None:
            raise SourceError(f"{column}: {explain_unknown(column)}")
        fields.add(field)
    return frozenset(fields)


def _with_secrets(changes: Iterable[TrunkChange], first: Iterable[TrunkChange]) -> list[TrunkChange]:
    by_key = {change.key: change for change in first}
    return [_with_secrets_of(by_key.get(change.key), change) for change in changes]


def _with_secrets_of(first: TrunkChange | None, change: TrunkChange) -> TrunkChange:
    names = SECRET_FIELDS & first.values.keys() - change.values.keys() if first is not None else frozenset[str]()
    if first is None or not names:
        return change
    values = {**{name: first.values[name] for name in names}, **change.values}
    doubts = (*change.doubts, *(doubt for doubt in first.doubts if doubt.field in names))
    return attrs.evolve(change, values=values, doubts=doubts)


# -- one row ----------------------------------------------------------------------------------------------------------


def _is_of(field: str | None, name: str) -> bool:
    """Tell whether a column's field is the one of this name, or a part of it."""
    return field == name or (name == "group_list" and field in (VOICE_GROUP_IDS, NUMBERS))


def _as_it_is(value: Any) -> Any:
    return value


def _always(_: Any) -> bool:
    return True


def _is_small(number: int) -> bool:
    return 0 < number < 2**31


def _is_short(text: Any) -> bool:
    # No field is shorter; asterisks may stand for a password.
    return 0 < len(text) <= 50 and text[0] != "*"


def _are_sure(groups: list[GroupBinding]) -> bool:
    """Tell at once that these are groups with nothing to check of them."""
    ids = set()
    for group in groups:
        ids.add(group.voice_group_id)
        if not (0 < group.voice_group_id < 2**63 and (group.number is UNSET or _is_short(group.number))):
            return False
    return 0 < len(ids) == len(groups)


Reader = Callable[[Any], Any]
_READERS: Mapping[str, Reader] = {
    "key_id": cells.whole_number,
    "sip_trunk_state": cells.truth,
    "group_list": _as_it_is,  # whose number seems damaged is known only with its groups
    VOICE_GROUP_IDS: groups.ids_of,
    NUMBERS: _as_it_is,  # what they say depends on the groups beside them
}
# What tells at once that a value that was read needs no check of its own; groups are checked together.
_SURE: Mapping[str, Callable[[Any], bool]] = {
    "key_id": _is_small,
    "sip_trunk_state": _always,
    "group_list": _always,
    VOICE_GROUP_IDS: _always,
    NUMBERS: _always,
}
_IGNORED = ""


class _RowReader:
    """Reads the rows of one table; at the end `changes` has the good ones and `bad` what is wrong with the others."""

    def __init__(
        self, source: Source, table: Table, match: Match, empty: frozenset[str], literal: frozenset[str]
    ) -> None:
        self._source = source
        self._key_field = _KEY_FIELDS[match]
        self._is_typed = table.is_typed
        self._empty = empty
        self._literal = literal
        # Of the numbers in a column of lists, and of those within JSON.
        self.listed, self.bound = self._understanding(NUMBERS), self._understanding(NUMBERS, is_typed=True)
        # By the column as written: the field, or `_IGNORED`, and how its cells are told apart, understood and read.
        self.fields: dict[str, str] = {}
        self.account_columns: list[str] = []
        self.shown_only: list[str] = []
        self._listed_column: str | None = None
        self._columns: dict[str, _Column] = {}
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
                field = self._learn(column).field
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

    def _learn(self, column: str) -> _Column:
        if is_ignored(column, self._source.ignored) or is_report_column(column):
            field: str | None = _IGNORED
            self._note_mark(column)
        elif is_shown_only(column):
            field = _IGNORED
            self.shown_only.append(column)
        else:
            field = field_of(column)
        if field is None:
            raise BadCell(explain_unknown(column))
        if field == "key_id" and self._key_field != "key_id":
            field = _IGNORED
        self.fields[column] = field
        read, is_sure = _READERS.get(field, cells.text), _SURE.get(field, _is_short)
        understand = self._understanding(field)
        found = self._columns[column] = _Column(field, understand.is_plain, understand, read, is_sure)
        return found

    def _note_mark(self, column: str) -> None:
        if is_account_column(column):
            self.account_columns.append(column)
        if is_listed_column(column):
            self._listed_column = column

    def _understanding(self, field: str, *, is_typed: bool = False) -> Understanding:
        """Return how the cells of this field are understood; numbers within JSON are as in JSON files."""
        return Understanding(
            form=FORMS.get(field, Form.OTHER),
            is_typed=is_typed or self._is_typed,
            is_literal=field in self._literal,
            empty=self._empty,
        )

    def are_plain(self, numbers: Any) -> bool:
        """Tell whether a cell is a list of numbers of which none can be damaged or mean anything else."""
        return type(numbers) is str and bool(self.listed.is_plain(numbers))

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
        mark = row.written.get(self._listed_column) if self._listed_column is not None else None
        if mark:
            row.leave_out_listed(ListedMark.read(mark), self._key_field)
        elif self.shown_only and row.values.get("sip_trunk_state") is False:
            self._leave_out_status(row)
        key = row.take_key(self._key_field)
        if key is not None:
            self._note_key(key, place)
        if row.bad or key is None:
            kept = kept_cells(record.cells, is_typed=self._is_typed)
            self._bad += [attrs.evolve(bad, cells=kept) for bad in row.bad]
        elif self._key_field == "key_id":
            self._changes.append(TrunkChange(place, key, None, row.values, tuple(row.doubts)))
        else:
            self._changes.append(TrunkChange(place, None, key, row.values, tuple(row.doubts)))

    def _read_cells(self, row: _Row) -> None:
        # The innermost loop: a function call less for each cell is a quarter of a second for 100,000 rows.
        columns, values = self._columns, row.values
        for column, cell in row.written.items():
            try:
                field, is_plain, understand, read, is_sure = columns.get(column) or self._learn(column)
                if not field or (not cell and (cell is None or cell == "")):
                    continue
                value = cell
                if type(cell) is not str or not is_plain(cell):
                    value = self._understood(row, column, understand, cell)
                    if value == "":
                        continue
                if field in values:
                    raise BadCell(f"another column says {field} too. Remove one of them.")
                values[field] = value = read(value)
                if not is_sure(value):
                    row.unchecked[field] = None
            except BadCell as error:
                row.refuse(column, error.reason)

    def _leave_out_status(self, row: _Row) -> None:
        """Take no notice of a switch that is off in a row that a listing has: it may be the gateway's status."""
        if not row.written.keys().isdisjoint(self.shown_only):
            del row.values["sip_trunk_state"]

    def _understood(self, row: _Row, column: str, understand: Understanding, cell: Any) -> Any:
        field = self.fields[column]
        value, damage = understand(cell)
        if damage is not None:
            if understand.form is Form.OTHER:
                raise BadCell(damage)
            if field != NUMBERS or isinstance(cell, Damaged):
                # Of a list of numbers each is looked at by itself.
                row.doubt(field, column, damage)
        if field in SECRET_FIELDS and type(cell) is str and value != "" and cell != trimmed(cell) == value:
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
        cells = {change.place: self._cells_of(change) for change in self._changes if change.key in self._repeated}
        again = [
            BadRow(
                place.at(self._column_of_key()),
                f"{len(places)} rows name this trunk, in lines {listed([one.line for one in places], _MOST_LINES)}.",
                cells=cells.get(place, {}),
            )
            for places in self._repeated.values()
            for place in places
        ]
        return sorted([*self._bad, *again], key=lambda bad: bad.place.line)

    def _cells_of(self, change: TrunkChange) -> dict[str, str]:
        values = {self._key_field: change.key, **dict.fromkeys(SECRET_FIELDS & change.values.keys())}
        return kept_cells({**values, **to_data(change.values)}, is_typed=True)

    def _column_of_key(self) -> str:
        return next(column for column, field in self.fields.items() if field == self._key_field)


class _Column(NamedTuple):
    """A column: its field, what tells its plain cells at once, how the others are understood, and what reads them.

    `is_sure` tells at once which values need no check.
    """

    field: str
    is_plain: Callable[[str], Any]
    understand: Understanding
    read: Reader
    is_sure: Callable[[Any], bool]


class _Row:
    """A row while it is read: its values by field, which of them to check, what seems damaged, what is wrong."""

    __slots__ = ("_place", "_reader", "bad", "doubts", "unchecked", "values", "written")

    def __init__(self, reader: _RowReader, place: Place, written: Mapping[str, Any]) -> None:
        self._reader = reader
        self._place = place
        self.written = written
        self.values: dict[str, Any] = {}
        self.unchecked: dict[str, None] = {}
        self.doubts: list[Doubt] = []
        self.bad: list[BadRow] = []

    def doubt(self, field: str, column: str | None, reason: str, group: int | None = None) -> None:
        """Note a cell that seems damaged."""
        self.doubts.append(Doubt("group_list" if field == NUMBERS else field, column or field, reason, group))

    def refuse(self, column: str | None, reason: str, code: int | None = None) -> None:
        """Note what is wrong with a cell, or with the row."""
        self.bad.append(BadRow(self._place.at(column), reason, code))

    def _column(self, *fields: str) -> str | None:
        """Return the column of the first of these fields that this row has."""
        columns = {self._reader.fields.get(column): column for column in self.written}
        return next((columns[field] for field in fields if field in columns), None)

    def join_groups(self) -> None:
        """Make one `group_list` of the columns that lists of ids and numbers have, or of JSON."""
        values = self.values
        ids, numbers = values.pop(VOICE_GROUP_IDS, None), values.pop(NUMBERS, None)
        if ids is None and numbers is None:
            if "group_list" in values:
                self._bind("group_list", lambda understand: groups.bindings_of(values.pop("group_list"), understand))
        elif "group_list" in values:
            self.refuse(self._column("group_list"), "other columns say the groups too. Say them once.")
            del values["group_list"]
        elif ids is not None and (numbers is None or self._reader.are_plain(numbers)):
            self._bind(NUMBERS, lambda _: groups.bound(ids, numbers, None))
        elif ids is not None:
            self._bind(NUMBERS, lambda understand: groups.bound(ids, numbers, understand))
        elif not self.bad:
            self.refuse(self._column(NUMBERS), f"numbers belong to groups: give {VOICE_GROUP_IDS} beside them.")

    def _bind(self, field: str, bind: Callable[[groups.Understand], list[GroupBinding]]) -> None:
        damages: list[str | None] = []
        understanding = self._reader.listed if field == NUMBERS else self._reader.bound

        def understand(number: Any) -> Any:
            value, damage = understanding(number)
            damages.append(damage)
            return value

        try:
            bindings = bind(understand)
        except BadCell as error:
            self.refuse(self._column(field), error.reason)
            return
        self.values["group_list"] = bindings
        if not _are_sure(bindings):
            self.unchecked["group_list"] = None
        for binding, damage in zip(bindings, damages, strict=False) if any(damages) else ():
            if damage is not None:
                self.doubt("group_list", self._column(field), damage, binding.voice_group_id)

    def check(self) -> None:
        """Check each value as a single update would be, but for plain short texts, which nothing is wrong with."""
        for name in self.unchecked:
            if name in self.values:
                try:
                    check_field(name, self.values[name])
                except InvalidRequestError as error:
                    self._refuse_value(name, error)

    def _refuse_value(self, name: str, error: InvalidRequestError) -> None:
        within = (error.field or "").removeprefix(name)
        listed = NUMBERS if within.endswith(".number") else VOICE_GROUP_IDS
        column = self._column("group_list", listed) if name == "group_list" else self._column(name)
        self.refuse(column, f"{name}{within}: {error.args[0]}" if within else str(error.args[0]), error.code)

    def leave_out_listed(self, mark: ListedMark, key_field: str) -> None:
        """Take out what is still as it was listed, whatever it looks like; only what somebody has changed is given."""
        for name in mark.checks:
            columns = [column for column in self.written if _is_of(self._reader.fields.get(column), name)]
            cells = [self.written[column] for column in columns]
            if not columns or not mark.is_as_listed(name, *cells, self.values.get(name)):
                continue
            self.values.pop(name, None)
            if name == key_field:
                self.values[name] = cells[0]
            self.doubts = [doubt for doubt in self.doubts if doubt.field != name]
            self.bad = [bad for bad in self.bad if bad.place.column not in columns]

    def take_key(self, name: str) -> Any:
        """Take what the trunk is known by out of the values; None, with the row refused, where it is not there."""
        key = self.values.pop(name, None)
        if key is not None and key != "":
            return key
        if key is None and not any(bad.place.column == self._column(name) for bad in self.bad):
            self.refuse(self._column(name), f"{name} is missing, by which the row is matched to its trunk.")
        return None
