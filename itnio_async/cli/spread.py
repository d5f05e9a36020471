"""`--dask`: the calls of a job are made by the workers of a Dask cluster, each with credentials of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

import typer

from itnio_async import AsyncClient
from itnio_async.account import resolve_account
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.job.job import Bulk, JobOptions
from itnio_async.cli.account import Access, access_of
from itnio_async.cli.output import say

DaskOption = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS",
        help="Spread the updates over the workers of the Dask cluster whose scheduler is here (tls://HOST:8786). "
        "Rate and concurrency are shared out; the journal stays on this machine. Each worker takes the account from "
        "ITNIO_API_KEY, ITNIO_API_SECRET and ITNIO_BASE_URL of its own environment, or from the --profile of its own "
        "machine. Needs the extra dask here and there.",
        rich_help_panel="The run",
    ),
]


@asynccontextmanager
async def spread(
    address: str | None, identity: Identity, access: Access, profile: str | None, options: JobOptions
) -> AsyncIterator[Bulk | None]:
    """Give what makes the calls in the cluster, or None without one."""
    if address is None:
        yield None
        return
    from itnio_async.bulk.dask.cluster import Cluster

    connect = partial(client_there, profile, access.allow_insecure, access.timeout)
    async with Cluster.open(
        address, identity, connect=connect, concurrency=options.concurrency, rate_limit=options.rate_limit
    ) as cluster:
        count = len(cluster.addresses)
        say(f"{count} Dask worker{'' if count == 1 else 's'} at {address} will make the calls.")
        yield cluster.bulk
        for lost in cluster.lost:
            say(f"The Dask worker {lost} was lost: its updates may have been sent twice, which changes nothing.")


def client_there(profile: str | None, allow_insecure: bool, timeout: float, **more: Any) -> AsyncClient:
    """Return the client of a worker; it runs there, where nobody could be asked for a secret."""
    if profile is not None:
        return access_of(None, None, allow_insecure, timeout, profile).client(**more)
    account = resolve_account(None, None, None, None, allow_insecure=allow_insecure)
    return Access(account, allow_insecure, timeout).client(**more)
