"""The options that say how a file of trunks is read, and reading it with them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from attrs import frozen

from itnio_async.bulk.files.places import BadRow
from itnio_async.bulk.files.source import STANDARD_INPUT, Source, readable
from itnio_async.bulk.trunks.rows import RowsRead, read_changes
from itnio_async.cli.output import say, visible

_PANEL = "The file"


class MatchBy(StrEnum):
    """What a row names its trunk by."""

    KEY_ID = "key_id"
    NAME = "name"


class Format(StrEnum):
    """What a file is."""

    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    JSON = "json"
    XLSX = "xlsx"


MatchOption = Annotated[
    MatchBy,
    typer.Option(
        "--match", help="What a row names its trunk by: its key id, or its exact name.", rich_help_panel=_PANEL
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option("--format", help="What the file is, where its name does not say so.", rich_help_panel=_PANEL),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="What its text is encoded in, such as gbk, if it is neither UTF-8 nor UTF-16.",
        rich_help_panel=_PANEL,
    ),
]
SeparatorOption = Annotated[
    str | None,
    typer.Option(
        "--sep",
        metavar="CHARACTER",
        help="What stands between cells. Default: found out of , ; and tab.",
        rich_help_panel=_PANEL,
    ),
]
SheetOption = Annotated[
    str | None,
    typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook that has several.", rich_help_panel=_PANEL),
]
SecretsFromOption = Annotated[
    Path | None,
    typer.Option(
        "--secrets-from",
        metavar="FILE",
        help="Where a row leaves its password empty, take the one that this file has for the trunk: the first file, "
        "for a report of failed rows.",
        rich_help_panel=_PANEL,
    ),
]
SkipInvalidOption = Annotated[
    bool, typer.Option("--skip-invalid", help="Go on with the good rows where others cannot be sent.")
]
AcceptZerosOption = Annotated[
    bool,
    typer.Option(
        "--accept-zeros", help="Accept changes that only drop leading zeros, as spreadsheets do by themselves."
    ),
]


@frozen
class TrunkFile:
    """A file of trunks, and how to read it."""

    path: str
    match: MatchBy = MatchBy.KEY_ID
    format: Format | None = None
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    secrets_from: Path | None = None

    def source(self) -> Source:
        """Return the file, ready to be read as often as needed."""
        return Source(
            self.path,
            format=self.format,
            encoding=self.encoding,
            separator="\t" if self.separator in ("\\t", "tab") else self.separator,
            sheet=self.sheet,
        )

    @property
    def full_name(self) -> str:
        """What it is called wherever one is."""
        return "standard input" if self.path == STANDARD_INPUT else readable(str(Path(self.path).resolve()))

    def rows(self, source: Source | None = None) -> RowsRead:
        """Return the rows."""
        return read_changes(source or self.source(), match=self.match.value, secrets_from=self.secrets_from)

    def read(self, source: Source | None = None) -> RowsRead:
        """Return the rows, and say on stderr what is wrong with the bad ones."""
        rows = self.rows(source)
        say_bad_rows(rows.bad)
        return rows


def say_bad_rows(bad: tuple[BadRow, ...]) -> None:
    """Say on stderr what is wrong with rows, all of them at once."""
    if bad:
        say("\n".join(visible(row) for row in bad))
        count = len({(row.place.file, row.place.line) for row in bad})
        say(f"{count} row{'' if count == 1 else 's'} cannot be sent.")
