"""`itnio trunks list`: show the account's trunks."""

from __future__ import annotations

from typing import Annotated

import typer
from attrs import frozen

from itnio_async.cli.account import AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import CommandError
from itnio_async.cli.families.results import Form
from itnio_async.cli.trunks.fields import Direction, WhereOptions


@frozen
class ListOptions:
    """The options that say how a list is written."""

    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="At most N trunks. Default: all.")] = None
    count: Annotated[bool, typer.Option("--count", help="Write only how many trunks there are.")] = False
    columns: Annotated[str | None, typer.Option(metavar="NAME,NAME", help="Only these fields, in this order.")] = None
    sort: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Sort by these fields; from the last to the first with a -.")
    ] = None
    output: Annotated[
        Form | None,
        typer.Option(
            "--output",
            "-o",
            help="A table (on a terminal; elsewhere lines with tabs), CSV, one JSON value, or a JSON object a line. "
            "`plan` and `apply` read what is written as CSV or JSON: what is as listed counts there as not given.",
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="The same as -o jsonl.")] = False


def list_trunks(
    type: Annotated[Direction | None, typer.Option(help="Only trunks of this direction.")] = None,
    sip_trunk_name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only trunks with this text in their name.")
    ] = None,
    *,
    where: WhereOptions,
    how: ListOptions,
    account: AccountOptions,
) -> None:
    """List the SIP trunks: as a table on a terminal, elsewhere as tab-separated lines. Passwords are never shown."""
    from itnio_async.cli.trunks.list_output import Wanted, write_list  # its help needs none of it

    if how.json and how.output not in (None, Form.JSONL):
        raise CommandError(f"--json and -o {how.output} are both given.", "give one of them.")
    wanted = Wanted(
        conditions=where.conditions(),
        filters={"type": type.value_sent if type else None, "sip_trunk_name": sip_trunk_name},
        limit=how.limit,
        is_count=how.count,
        names=Wanted.fields("--columns", how.columns),
        sort=Wanted.order(how.sort),
        form=Form.JSONL if how.json else how.output or Form.TABLE,
    )
    run_on_loop(write_list(account.access(), wanted))
