"""The changes that a file of trunks asks for, each row checked like a single update as far as a row alone can tell."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

import attrs
from attrs import field, frozen

from itnio_async.api.sip_trunks.checks import check_field
from itnio_async.api.sip_trunks.types import GroupBinding
from itnio_async.bulk.files import cells
from itnio_async.bulk.files.cells import BadCell, Damaged, Understanding
from itnio_async.bulk.files.damage import Form, trimmed
from itnio_async.bulk.files.places import BadRow, BadRows, Place, Record, SourceError
from itnio_async.bulk.files.source import Source, Table
from itnio_async.bulk.trunks import groups
from itnio_async.bulk.trunks.columns import (
    ACCOUNT_COLUMN,
    FORMS,
    LISTED_COLUMN,
    NUMBERS,
    REPORT_COLUMNS,
    SECRET_FIELDS,
    VOICE_GROUP_IDS,
    explain_unknown,
    field_of,
    is_ignored,
    is_shown_only,
)
from itnio_async.bulk.trunks.export import kept_cells
from itnio_async.bulk.trunks.listed import account_of_mark, check_of, checks_of
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
    by_key = {change.key: change for change in with_secrets.changes}
    return attrs.evolve(rows, changes=tuple(_with_secrets(change, by_key.get(change.key)) for change in rows.changes))


def _read(
    source: Source, match: Match, empty: frozenset[str], literal: frozenset[str], *, visible_only: bool = False
) -> tuple[RowsRead, set[str]]:
    """Return the rows of a source, and the names of its columns in lower case."""
    with source.table() as table:
        reader = _RowReader(source, table, match, empty, _fields_of(literal))
        for record in table.records:
            reader.hidden += record.is_hidden
            if not (visible_only and record.is_hidden):
                reader.read(record)
    return reader.rows_read(table.columns or ()), {trimmed(column).lower() for column in reader.fields}


def _fields_of(columns: Iterable[str]) -> frozenset[str]:
    """Return the fields that these columns are for; raises `SourceError` for one that there is not."""
    fields = set()
    for column in columns:
        field = field_of(column)
        if field is None:
            raise SourceError(f"{column}: {explain_unknown(column)}")
        fields.add(field)
    return frozenset(fields)


def _with_secrets(change: TrunkChange, first: TrunkChange | None) -> TrunkChange:
    """Return the change with the secrets that it leaves out, if the first file has them for its trunk."""
    if first is None:
        return change
    names = SECRET_FIELDS & first.values.keys() - change.values.keys()
    values = {**{name: first.values[name] for name in names}, **change.values}
    doubts = (*change.doubts, *(doubt for doubt in first.doubts if doubt.field in names))
    return attrs.evolve(change, values=values, doubts=doubts)


# -- the rows of a table ----------------------------------------------------------------------------------------------

# Of all other fields, cells are read as texts.
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "key_id": cells.whole_number,
    "sip_trunk_state": cells.truth,
    VOICE_GROUP_IDS: groups.ids_of,
    # What these say, and whether a number seems damaged, is known only when a row's groups are put together.
    "group_list": lambda cell: cell,
    NUMBERS: lambda cell: cell,
}
_IGNORED = ""


class _Column(NamedTuple):
    """A column: its field, or `_IGNORED`, how its cells are understood, and what reads them then."""

    field: str
    understand: Understanding
    read: Callable[[Any], Any]


class _RowReader:
    """Reads the rows of one table; at the end `rows_read` gives what came of them."""

    def __init__(
        self, source: Source, table: Table, match: Match, empty: frozenset[str], literal: frozenset[str]
    ) -> None:
        self._source = source
        self._key_field = _KEY_FIELDS[match]
        self._is_typed = table.is_typed
        self._empty = empty
        self._literal = literal
        # Of the numbers in a column of lists, and of those within JSON, which are as in JSON files.
        self.listed, self.bound = self._understanding(NUMBERS), self._understanding(NUMBERS, is_typed=True)
        # By the column as written.
        self.fields: dict[str, str] = {}
        self._columns: dict[str, _Column] = {}
        self._shown_only: list[str] = []
        self._account_columns: list[str] = []
        self._listed_column: str | None = None
        # In the order in which they come, each once.
        self._accounts: dict[str, None] = {}
        self.hidden = 0
        self._changes: list[TrunkChange] = []
        self._bad: list[BadRow] = []
        # What names the trunk of a row, and the row's line.
        self._keys: list[int | str] = []
        self._lines: list[int] = []
        if table.columns is not None:
            self._learn_header(source.place(table.line or 1), table.columns)

    def _learn_header(self, place: Place, columns: tuple[str, ...]) -> None:
        unknown = []
        for column in columns:
            try:
                field = self._learn(column).field
            except BadCell as error:
                unknown.append(f"{column}: {error!s}")
                continue
            if field != _IGNORED and list(self.fields.values()).count(field) > 1:
                raise SourceError.at(place.at(column), f"another column is for {field} too. Remove one of them.")
        if not any(self.fields.values()):
            # Perhaps there is no header, and the line has a password in it.
            raise SourceError.at(place, "it names none of the columns that there are. The first row must name them.")
        if unknown:
            raise SourceError.at(place, "\n".join(unknown))
        if self._key_field not in self.fields.values():
            raise SourceError.at(
                place,
                f"there is no column {self._key_field}, by which rows are matched to trunks."
                f"{self.other_match(columns)}",
            )

    def _learn(self, column: str) -> _Column:
        name, field = trimmed(column).lower(), field_of(column)
        if name in (ACCOUNT_COLUMN, LISTED_COLUMN):
            self._account_columns.append(column)
            if name == LISTED_COLUMN:
                self._listed_column = column
        if is_ignored(column, self._source.ignored) or name in REPORT_COLUMNS:
            field = _IGNORED
        elif is_shown_only(column):
            field = _IGNORED
            self._shown_only.append(column)
        elif field is None:
            raise BadCell(explain_unknown(column))
        elif field == "key_id" and self._key_field != "key_id":
            field = _IGNORED
        self.fields[column] = field
        found = self._columns[column] = _Column(field, self._understanding(field), _READERS.get(field, cells.text))
        return found

    def _understanding(self, field: str, *, is_typed: bool = False) -> Understanding:
        return Understanding(
            form=FORMS.get(field, Form.OTHER),
            is_typed=is_typed or self._is_typed,
            is_literal=field in self._literal,
            empty=self._empty,
        )

    def other_match(self, columns: Iterable[str]) -> str:
        """Return what to do where there is no column of the key among these, but one of the other key."""
        fields = set(map(field_of, columns))
        for match, name in _KEY_FIELDS.items():
            if name in fields and self._key_field not in fields:
                return f" If {name} says which trunks are meant, match them by that (--match {match})."
        return ""

    def read(self, record: Record) -> None:
        """Take one row."""
        place = self._source.place(record.line)
        if record.problem is not None:
            self._bad.append(BadRow(place, record.problem))
            return
        row = _Row(self, place, record.cells)
        self._read_cells(row)
        for column in self._account_columns:
            if mark := record.cells.get(column):
                self._accounts[account_of_mark(mark)] = None
        row.join_groups()
        row.check()
        self._leave_out(row)
        key = row.take_key(self._key_field)
        if key is not None:
            self._keys.append(key)
            self._lines.append(record.line)
        if row.bad or key is None:
            kept = kept_cells(record.cells, is_typed=self._is_typed)
            self._bad += [attrs.evolve(bad, cells=kept) for bad in row.bad]
        else:
            key_id, name = (key, None) if self._key_field == "key_id" else (None, key)
            self._changes.append(TrunkChange(place, key_id, name, row.values, tuple(row.doubts)))

    def _read_cells(self, row: _Row) -> None:
        # The innermost loop: a function call less for each cell is a quarter of a second for 100,000 rows.
        columns, values = self._columns, row.values
        for column, cell in row.written.items():
            try:
                field, understand, read = columns.get(column) or self._learn(column)
                if field == _IGNORED or cell is None or cell == "":
                    continue
                value = cell
                if type(cell) is not str or not understand.is_plain(cell):
                    value = self._understood(row, column, understand, cell)
                    if value == "":
                        continue
                if field in values:
                    raise BadCell(f"another column says {field} too. Remove one of them.")
                values[field] = read(value)
            except BadCell as error:
                row.refuse(column, str(error))

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

    def _leave_out(self, row: _Row) -> None:
        """Take out what a listing shows and nobody has changed since."""
        mark = row.written.get(self._listed_column) if self._listed_column is not None else None
        if mark:
            row.leave_out_listed(mark, self._key_field)
        elif row.values.get("sip_trunk_state") is False and not row.written.keys().isdisjoint(self._shown_only):
            # In a row that a listing has, it may be the gateway's status and not the switch.
            del row.values["sip_trunk_state"]

    def rows_read(self, columns: tuple[str, ...]) -> RowsRead:
        """Return all rows: only at the end it is known which trunks are named twice."""
        repeated: dict[int | str | None, list[int]] = {}
        counts = Counter(self._keys)
        for line, key in zip(self._lines, self._keys, strict=True):
            if counts[key] > 1:
                repeated.setdefault(key, []).append(line)
        kept = {change.place.line: self._cells_of(change) for change in self._changes if change.key in repeated}
        again = [
            BadRow(
                self._source.place(line).at(self._column_of_key()),
                f"{len(lines)} rows name this trunk, in {self._source.place(line).unit}s {listed(lines, _MOST_LINES)}.",
                cells=kept.get(line, {}),
            )
            for lines in repeated.values()
            for line in lines
        ]
        good = tuple(change for change in self._changes if change.key not in repeated)
        bad = tuple(sorted([*self._bad, *again], key=lambda bad: bad.place.line))
        return RowsRead(good, bad, columns, tuple(self._accounts), self.hidden, tuple(self._shown_only))

    def _column_of_key(self) -> str:
        return next(column for column, field in self.fields.items() if field == self._key_field)

    def _cells_of(self, change: TrunkChange) -> dict[str, str]:
        values = {self._key_field: change.key, **dict.fromkeys(SECRET_FIELDS & change.values.keys())}
        return kept_cells({**values, **to_data(change.values)}, is_typed=True)


# -- one row ----------------------------------------------------------------------------------------------------------


def _is_sure(value: Any) -> bool:
    """Tell at once that a check would find nothing wrong with a value, as with almost all of them."""
    if type(value) is str:
        # No field is shorter; asterisks may stand for a password.
        return 0 < len(value) <= 50 and value[0] != "*"
    if type(value) is list:
        ids = {group.voice_group_id for group in value}
        are_ids = 0 < len(ids) == len(value) and min(ids) > 0 and max(ids) < 2**63
        return are_ids and all(group.number is UNSET or _is_sure(group.number) for group in value)
    return type(value) is bool


class _Row:
    """A row while it is read: its cells as written, its values by field, what seems damaged, what is wrong."""

    def __init__(self, reader: _RowReader, place: Place, written: Mapping[str, Any]) -> None:
        self._reader = reader
        self._place = place
        self.written = written
        self.values: dict[str, Any] = {}
        self.doubts: list[Doubt] = []
        self.bad: list[BadRow] = []
        self._unread: set[str | None] = set()

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
        ids, numbers = self.values.pop(VOICE_GROUP_IDS, None), self.values.pop(NUMBERS, None)
        as_json = self.values.pop("group_list", None)
        if as_json is not None and (ids is not None or numbers is not None):
            self.refuse(self._column("group_list"), "other columns say the groups too. Say them once.")
        elif as_json is not None:
            self._bind("group_list", self._reader.bound, lambda understand: groups.bindings_of(as_json, understand))
        elif ids is not None:
            self._bind(NUMBERS, self._reader.listed, lambda understand: groups.bound(ids, numbers, understand))
        elif numbers is not None and not self.bad:
            self.refuse(self._column(NUMBERS), f"numbers belong to groups: give {VOICE_GROUP_IDS} beside them.")

    def _bind(
        self, field: str, understanding: Understanding, bind: Callable[[groups.Understand], list[GroupBinding]]
    ) -> None:
        def understand(number: Any, group: int) -> Any:
            value, damage = understanding(number)
            if damage is not None:
                self.doubt("group_list", self._column(field), damage, group)
            return value

        try:
            self.values["group_list"] = bind(understand)
        except BadCell as error:
            self.refuse(self._column(field), str(error))

    def check(self) -> None:
        """Check each value as a single update would be."""
        # What cannot be read has no value, and is not what was listed.
        self._unread = {bad.place.column for bad in self.bad}
        for name, value in self.values.items():
            if not _is_sure(value):
                try:
                    check_field(name, value)
                except InvalidRequestError as error:
                    self._refuse_value(name, error)

    def _refuse_value(self, name: str, error: InvalidRequestError) -> None:
        within = (error.field or "").removeprefix(name)
        beside = NUMBERS if within.endswith(".number") else VOICE_GROUP_IDS
        column = self._column("group_list", beside) if name == "group_list" else self._column(name)
        self.refuse(column, f"{name}{within}: {error.args[0]}" if within else str(error.args[0]), error.code)

    def leave_out_listed(self, mark: object, key_field: str) -> None:
        """Take out what is still as it was listed, whatever it looks like; only what somebody has changed is given."""
        for name, check in checks_of(mark).items():
            parts = (name, VOICE_GROUP_IDS, NUMBERS) if name == "group_list" else (name,)
            columns = [column for column in self.written if self._reader.fields.get(column) in parts]
            cells = [self.written[column] for column in columns]
            if columns and all(check_of(cell) == check for cell in cells):
                listed_value = cells[0]
            elif name in self.values and self._unread.isdisjoint(columns) and check_of(self.values[name]) == check:
                listed_value = self.values[name]
            else:
                continue
            self.values.pop(name, None)
            if name == key_field:
                self.values[name] = listed_value
            self.doubts = [doubt for doubt in self.doubts if doubt.field != name]
            self.bad = [bad for bad in self.bad if bad.place.column not in columns]

    def take_key(self, name: str) -> Any:
        """Take what the trunk is known by out of the values; None, with the row refused, where it is not there."""
        key = self.values.pop(name, None)
        if key is not None and key != "":
            return key
        if key is None and not any(bad.place.column == self._column(name) for bad in self.bad):
            advice = self._reader.other_match(self.written)
            self.refuse(self._column(name), f"{name} is missing, by which the row is matched to its trunk.{advice}")
        return None
