"""`itnio trunks export`: write the account's trunks to a file that `plan` and `apply` read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from itnio_async import SipTrunk
from itnio_async.bulk import list_trunks, write_trunks
from itnio_async.cli.account import Access, AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.output import say, visible
from itnio_async.text import counted


def export_trunks(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The file to write; its name says whether it is CSV, TSV, JSON Lines, JSON or XLSX. - is standard "
            "output.",
        ),
    ],
    *,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Write passwords too, as far as the listing shows them.")
    ] = False,
    account: AccountOptions,
) -> None:
    """Write the account's trunks to a file that `plan` and `apply` read; only you may read it.

    Applied unchanged, it changes nothing.
    """
    count = write_trunks(run_on_loop(_list(account.access())), file, with_secrets=with_secrets)
    say(f"{counted(count, 'trunk')}: {visible(file)}")


async def _list(access: Access) -> list[SipTrunk]:
    async with access.client() as client:
        return await list_trunks(client)
