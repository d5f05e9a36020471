"""`itnio trunks export`: the account's trunks as a file that `plan` and `apply` read."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from itnio_async import SipTrunk
from itnio_async.bulk.trunks.export import write_trunks
from itnio_async.bulk.trunks.listing import list_trunks
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
from itnio_async.cli.output import say, visible


def export_trunks(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Where to; the name says CSV, TSV, JSON Lines, JSON or XLSX. - is standard output."
        ),
    ],
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Write passwords too, as far as the listing shows them.")
    ] = False,
    secret_file: SecretFileOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    allow_insecure: AllowInsecureOption = False,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
) -> None:
    """Write the account's trunks to a file that `plan` and `apply` read; nobody else may read it.

    Applied as it is, it changes nothing.
    """
    access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    count = write_trunks(asyncio.run(_list(access)), file, with_secrets=with_secrets)
    say(f"{count} trunk{'' if count == 1 else 's'}: {visible(file)}")


async def _list(access: Access) -> list[SipTrunk]:
    async with access.client() as client:
        return await list_trunks(client)
