"""The options that say how a file of trunks is read, and reading it with them.

A command takes `FormatOptions` (the form of a file) or `FileOptions` (also how its rows find their trunks and
passwords) as one parameter. `TrunkFile` is a file with its `FileOptions`; `Format` is the value of an option.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import typer
from attrs import frozen

from itnio_async.bulk import RowsRead, Source, read_changes
from itnio_async.bulk.files.places import PIPE_NAME, STANDARD_INPUT_NAME
from itnio_async.bulk.files.source import STANDARD_INPUT
from itnio_async.cli.loudness import remark
from itnio_async.cli.output import visible
from itnio_async.cli.trunks.fields import MatchBy
from itnio_async.cli.trunks.plan_view import say_bad_rows
from itnio_async.text import counted, readable

if TYPE_CHECKING:
    from itnio_async import SipTrunk
    from itnio_async.bulk import JournalContents
    from itnio_async.bulk.trunks.where import Condition

_option = partial(typer.Option, rich_help_panel="The file")


class Format(StrEnum):
    """What kind of file it is."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    JSON = "json"
    XLSX = "xlsx"


@frozen
class FormatOptions:
    """The options that say what form a file has, where it does not show that by itself."""

    format: Annotated[Format | None, _option(help="The file's format, if its name does not tell.")] = None
    encoding: Annotated[
        str | None,
        _option(metavar="NAME", help="The encoding of its text, such as gbk, if it is neither UTF-8 nor UTF-16."),
    ] = None
    sep: Annotated[
        str | None,
        _option(
            metavar="CHARACTER",
            help="What separates its cells. Default: whichever of comma, semicolon and tab it uses.",
        ),
    ] = None
    sheet: Annotated[str | None, _option(metavar="NAME", help="The sheet to read, if a workbook has several.")] = None

    ignore: Annotated[
        list[str] | None,
        _option(
            metavar="COLUMN", help="Do nothing with this column, as with those that begin with #. May be repeated."
        ),
    ] = None

    def source(self, path: str) -> Source:
        """Return the file at this path, ready to be read as often as needed."""
        return Source(
            path,
            format=self.format,
            encoding=self.encoding,
            separator="\t" if self.sep in ("\\t", "tab") else self.sep,
            sheet=self.sheet,
            ignore=self.ignore or (),
        )


@frozen
class FileOptions(FormatOptions):
    """The options that say how a file of trunks is read."""

    match: Annotated[MatchBy, _option(help="What a row names its trunk by: its key id, or its exact name.")] = (
        MatchBy.KEY_ID
    )
    secrets_from: Annotated[
        Path | None,
        _option(
            metavar="FILE",
            help="Where a row has no password, take the one that this file has for its trunk. For a file of failed "
            "rows, this is the file that was applied first.",
        ),
    ] = None
    empty: Annotated[
        list[str] | None,
        _option(
            metavar="TEXT",
            help="A word that means nothing in this file, such as N/A: read like an empty cell. May be repeated.",
        ),
    ] = None
    literal: Annotated[
        list[str] | None,
        _option(
            metavar="COLUMN",
            help="Take this column as it stands: nothing is trimmed, nothing refused as damaged. May be repeated.",
        ),
    ] = None
    visible_only: Annotated[
        bool, _option("--visible-only", help="Leave out the rows that a workbook's sheet hides.")
    ] = False


@frozen
class TrunkFile:
    """A file of trunks, and how to read it."""

    path: str
    options: FileOptions

    @property
    def full_name(self) -> str:
        """Its whole path, so that it is found again from any directory; a pipe is another one each time."""
        if self.path == STANDARD_INPUT:
            return STANDARD_INPUT_NAME
        path = Path(self.path)
        return PIPE_NAME if path.is_fifo() else readable(str(path.resolve()))

    @cached_property
    def source(self) -> Source:
        """The file, ready to be read as often as needed."""
        return self.options.source(self.path)

    def rows(self) -> RowsRead:
        """Return the rows."""
        options = self.options
        return read_changes(
            self.source,
            match=options.match.value,
            secrets_from=options.secrets_from,
            empty=options.empty or (),
            literal=options.literal or (),
            visible_only=options.visible_only,
        )

    def read(self) -> RowsRead:
        """Return the rows, and say on stderr how many are hidden, and what is wrong with the bad ones."""
        rows = self.rows()
        if rows.hidden:
            done = "left out" if self.options.visible_only else "read too; --visible-only leaves them out"
            remark(f"{counted(rows.hidden, 'row')} hidden in the sheet, by a filter or by hand: {done}.")
        if rows.shown_only:
            remark(f"Not looked at, since an update cannot change them: {visible(', '.join(rows.shown_only))}.")
        say_bad_rows(rows.bad)
        return rows


def chosen_rows(
    rows: RowsRead, trunks: Sequence[SipTrunk], conditions: Sequence[Condition], going_on: JournalContents | None = None
) -> RowsRead:
    """Return the rows of a file whose trunks are meant, and those whose trunk is not there.

    A job that goes on has the rows that it began with: by now its trunks may be others than the conditions say.
    """
    if not conditions:
        return rows
    if going_on is not None:
        lines = {row.place.line for row in going_on.rows}
        left = [change for change in rows.changes if change.place.line in lines]
    else:
        from itnio_async.bulk.trunks.where import chosen  # the help needs none of it

        meant = chosen(trunks, conditions)
        keys = {trunk.key_id for trunk in meant} | {trunk.sip_trunk_name for trunk in meant}
        known = {trunk.key_id for trunk in trunks} | {trunk.sip_trunk_name for trunk in trunks}
        left = [change for change in rows.changes if change.key in keys or change.key not in known]
    if len(left) < len(rows.changes):
        remark(f"{counted(len(rows.changes) - len(left), 'row')} left out: --where does not hold for their trunks.")
    return attrs.evolve(rows, changes=tuple(left))


SkipInvalidOption = Annotated[
    bool, typer.Option("--skip-invalid", help="Leave out rows that cannot be sent, and go on with the others.")
]
AcceptZerosOption = Annotated[
    bool,
    typer.Option(
        "--accept-zeros",
        help="Accept changes that only drop leading zeros or a plus, round a long number, or add an apostrophe, as "
        "programs do.",
    ),
]
