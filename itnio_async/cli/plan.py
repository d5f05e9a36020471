"""`itnio trunks plan`: what a file of trunks would change, before anything is sent."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from itnio_async.bulk.listing import list_trunks
from itnio_async.bulk.plan import Plan, make_plan
from itnio_async.bulk.rows import RowsRead
from itnio_async.cli.account import (
    DEFAULT_TIMEOUT,
    Access,
    AllowInsecureOption,
    BaseUrlOption,
    ProfileOption,
    SecretFileOption,
    TimeoutOption,
    access_of,
)
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, REFUSED_OR_UNKNOWN
from itnio_async.cli.plan_view import refused_of, show_counts, show_items, write_json
from itnio_async.cli.trunk_file import (
    AcceptZerosOption,
    EncodingOption,
    FormatOption,
    MatchBy,
    MatchOption,
    SecretsFromOption,
    SeparatorOption,
    SheetOption,
    SkipInvalidOption,
    TrunkFile,
)

FileArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="CSV, TSV, JSON Lines, JSON or XLSX, plain or gzip; - is standard input. Columns have the vendor's names "
        "or those of `itnio trunks export`; an empty cell keeps what the trunk has, <clear> empties it.",
    ),
]


def plan_trunks(
    file: FileArgument,
    match: MatchOption = MatchBy.KEY_ID,
    skip_invalid: SkipInvalidOption = False,
    accept_zeros: AcceptZerosOption = False,
    json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object a line: each row, and the counts at the end.")
    ] = False,
    format: FormatOption = None,
    encoding: EncodingOption = None,
    sep: SeparatorOption = None,
    sheet: SheetOption = None,
    secrets_from: SecretsFromOption = None,
    secret_file: SecretFileOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    allow_insecure: AllowInsecureOption = False,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
) -> int:
    """Show what a file of trunks would change, field by field; nothing is sent.

    The file is checked first, and all rows that cannot be sent are named on stderr at once. Then the account's trunks
    are read and compared. Only what is certain is refused beforehand; what the vendor may refuse is called a risk.

    Exits with 0 if there is nothing to do, 2 if there are changes to make, 3 if rows are refused, 1 on an error.
    """
    rows = TrunkFile(file, match, format, encoding, sep, sheet, secrets_from).read()
    if rows.bad and not skip_invalid:
        return REFUSED_OR_UNKNOWN
    access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    plan = asyncio.run(_plan(access, rows, accept_zeros=accept_zeros))
    if json:
        write_json(plan, rows.bad)
    else:
        show_items(plan)
        show_counts(plan, rows.bad)
    if refused_of(plan, rows.bad):
        return REFUSED_OR_UNKNOWN
    return CHANGES_TO_MAKE if plan.has_changes else DONE


async def _plan(access: Access, rows: RowsRead, *, accept_zeros: bool) -> Plan:
    async with access.client() as client:
        return make_plan(rows.changes, await list_trunks(client), accept_zeros=accept_zeros)
