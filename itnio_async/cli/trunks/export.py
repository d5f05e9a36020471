"""`itnio trunks export`: write the account's trunks to a file that `plan` and `apply` read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from itnio_async import SipTrunk
from itnio_async.bulk import Identity, identity_of, list_trunks, write_trunks
from itnio_async.bulk.files.private_file import STANDARD_OUTPUT, require_writable
from itnio_async.bulk.files.write import require_ending
from itnio_async.bulk.trunks.where import chosen
from itnio_async.cli.account import Access, AccountOptions
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import CommandError
from itnio_async.cli.loudness import remark
from itnio_async.cli.output import visible
from itnio_async.cli.trunks.fields import WhereOptions
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
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    where: WhereOptions,
    account: AccountOptions,
) -> None:
    """Write the account's trunks to a file that `plan` and `apply` read; only you may read it.

    Applied unchanged, it changes nothing. Its column #account says which account it is of.
    """
    if str(file) != STANDARD_OUTPUT:
        require_ending(file)
        if file.is_file() and not force:
            raise CommandError(f"{file} is there already.", "give another name, or --force to replace it.")
    require_writable(file)
    conditions = where.conditions()
    trunks, identity = run_on_loop(_list(account.access()))
    trunks = chosen(trunks, conditions)
    count = write_trunks(trunks, file, with_secrets=with_secrets, account=identity.mark)
    remark(f"{counted(count, 'trunk')}: {visible(file)}")


async def _list(access: Access) -> tuple[list[SipTrunk], Identity]:
    async with access.client() as client:
        return await list_trunks(client), await identity_of(client)
