"""`itnio trunks plan`: show what a file of trunks would change; nothing is sent."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from itnio_async.bulk import Identity, Plan, RowsRead, identity_of, list_trunks, make_plan, save_plan
from itnio_async.bulk.files.private_file import STANDARD_OUTPUT
from itnio_async.bulk.files.source import STANDARD_INPUT
from itnio_async.bulk.trunks.where import Condition
from itnio_async.cli.account import Access, AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import REFUSED, CommandError
from itnio_async.cli.loudness import remark
from itnio_async.cli.output import say, visible
from itnio_async.cli.trunks.fields import WhereOptions
from itnio_async.cli.trunks.file_options import (
    AcceptZerosOption,
    FileOptions,
    SkipInvalidOption,
    TrunkFile,
    chosen_rows,
)
from itnio_async.cli.trunks.job_options import AllowSwapNamesOption, ConsentOptions
from itnio_async.cli.trunks.plan_view import show_plan, status_of_plan, write_bad_rows


def plan_trunks(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="CSV, TSV, JSON Lines, JSON or XLSX, plain or gzip; - is standard input. Columns have the vendor's "
            "names or those of `itnio trunks export`. An empty cell keeps the trunk's value, <clear> empties it.",
        ),
    ],
    *,
    skip_invalid: SkipInvalidOption = False,
    accept_zeros: AcceptZerosOption = False,
    allow_swap_names: AllowSwapNamesOption = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the plan in a new file, to review it and apply it once.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Show each trunk that would change, however many there are.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object a line: each row, and the counts at the end.")
    ] = False,
    where: WhereOptions,
    form: FileOptions,
    account: AccountOptions,
) -> int:
    """Show what a file of trunks would change, field by field; nothing is sent.

    The file is checked first, and all rows that cannot be sent are named on stderr at once. Then it is compared with
    the account's trunks. Rows are refused only if the vendor is certain to refuse them or if they would do harm; rows
    that the vendor may refuse are at risk.

    Exits with 0 if there is nothing to do, 2 if there are changes to make, 3 if rows are refused, 1 on an error.
    """
    if out is not None and (file == STANDARD_INPUT or Path(file).is_fifo()):
        raise CommandError("--out needs a file: passwords are read from it again.", "save the rows as a file.")
    if out is not None and str(out) == STANDARD_OUTPUT:
        raise CommandError("--out needs the name of a file.", "give one, or use --json to have it on standard output.")
    conditions = where.conditions()
    trunk_file = TrunkFile(file, form)
    rows = trunk_file.read()
    if rows.bad and not skip_invalid:
        if json:
            write_bad_rows(rows.bad)
        return REFUSED
    planning = _plan(
        account.access(),
        trunk_file,
        rows,
        out,
        conditions,
        accept_zeros=accept_zeros,
        allow_swap_names=allow_swap_names,
    )
    plan, identity = run_on_loop(planning)
    show_plan(plan, rows.bad, json=json, full=full)
    option = _needed_option(plan, rows.accounts, identity)
    if out is not None:
        remark(f"The plan is in {visible(out)}: itnio trunks apply {visible(shlex.quote(str(out)))}{option}")
    return status_of_plan(plan, rows.bad)


async def _plan(
    access: Access,
    file: TrunkFile,
    rows: RowsRead,
    out: Path | None,
    conditions: Sequence[Condition],
    *,
    accept_zeros: bool,
    allow_swap_names: bool,
) -> tuple[Plan, Identity]:
    async with access.client() as client:
        trunks = await list_trunks(client)
        changes = chosen_rows(rows, trunks, conditions).changes
        plan = make_plan(changes, trunks, accept_zeros=accept_zeros, allow_swap_names=allow_swap_names)
        identity = await identity_of(client)
        if out is not None:
            save_plan(
                plan,
                out,
                identity,
                source=file.full_name,
                match=file.options.match.value,
                accept_zeros=accept_zeros,
                allow_swap_names=allow_swap_names,
                accounts=rows.accounts,
            )
    return plan, identity


def _needed_option(plan: Plan, accounts: Iterable[str], identity: Identity) -> str:
    """Say so where `apply` would take the file for another account's; returns the option that lets its names pass."""
    consent = ConsentOptions()
    try:
        consent.require_account(accounts, identity, same_account=False)
        consent.require_names(plan, is_of_account=bool(accounts))
    except CommandError as error:
        say(f"`apply` refuses it without a further option: {visible(error)}\n  What to do: {visible(error.advice)}")
        return "" if accounts else " --renames"
    return ""
