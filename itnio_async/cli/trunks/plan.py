"""`itnio trunks plan`: what a file of trunks would change, before anything is sent."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from itnio_async.bulk.files.private_file import STANDARD_OUTPUT
from itnio_async.bulk.files.source import STANDARD_INPUT
from itnio_async.bulk.identity import Identity, identity_of
from itnio_async.bulk.plan.plan import Plan, make_plan
from itnio_async.bulk.plan.saved import save_plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.bulk.trunks.rows import RowsRead
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
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, REFUSED_OR_UNKNOWN, CommandError
from itnio_async.cli.output import say, visible
from itnio_async.cli.trunks.plan_view import refused_of, show_counts, show_items, write_bad_rows, write_json
from itnio_async.cli.trunks.trunk_file import (
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
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Keep the plan in a new file, to be read and applied later, once."),
    ] = None,
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
    if out is not None and file == STANDARD_INPUT:
        raise CommandError("--out needs a file: passwords are read from it again.", "save standard input as a file.")
    if out is not None and str(out) == STANDARD_OUTPUT:
        raise CommandError("--out needs the name of a file.", "give one, or use --json to have it on standard output.")
    given = TrunkFile(file, match, format, encoding, sep, sheet, secrets_from)
    rows = given.read()
    if rows.bad and not skip_invalid:
        if json:
            write_bad_rows(rows.bad)
        return REFUSED_OR_UNKNOWN
    access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    save = None if out is None else partial(_save, out=out, given=given, accept_zeros=accept_zeros)
    plan = asyncio.run(_plan(access, rows, save, accept_zeros=accept_zeros))
    if json:
        write_json(plan, rows.bad)
    else:
        show_items(plan)
        show_counts(plan, rows.bad)
    if out is not None:
        say(f"The plan is in {visible(out)}: itnio trunks apply {visible(shlex.quote(str(out)))}")
    if refused_of(plan, rows.bad):
        return REFUSED_OR_UNKNOWN
    return CHANGES_TO_MAKE if plan.has_changes else DONE


async def _plan(
    access: Access, rows: RowsRead, save: Callable[[Plan, Identity], None] | None, *, accept_zeros: bool
) -> Plan:
    async with access.client() as client:
        plan = make_plan(rows.changes, await list_trunks(client), accept_zeros=accept_zeros)
        if save is not None:
            save(plan, await identity_of(client))
    return plan


def _save(plan: Plan, identity: Identity, *, out: Path, given: TrunkFile, accept_zeros: bool) -> None:
    save_plan(plan, out, identity, source=given.full_name, match=given.match.value, accept_zeros=accept_zeros)
