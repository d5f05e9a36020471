"""`--dask`: the workers of a Dask cluster make the calls of a job, each with credentials of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from itnio_async import AsyncClient
from itnio_async.account import resolve_account
from itnio_async.bulk import Identity, JobOptions
from itnio_async.bulk.job.job import Bulk
from itnio_async.cli.account import Access, AccountOptions
from itnio_async.cli.output import say
from itnio_async.text import counted


@asynccontextmanager
async def calls_of_cluster(
    address: str | None, identity: Identity, access: Access, options: JobOptions
) -> AsyncIterator[Bulk | None]:
    """Give what makes a job's calls in the cluster at this address, or None where the address is None."""
    if address is None:
        yield None
        return
    from itnio_async.bulk.dask.cluster import Cluster

    connect = partial(worker_client, access.profile, access.allow_insecure, access.timeout)
    async with Cluster.open(
        address, identity, connect=connect, concurrency=options.concurrency, rate_limit=options.rate_limit
    ) as cluster:
        say(f"{counted(len(cluster.addresses), 'Dask worker')} at {address} will make the calls.")
        yield cluster.bulk
        for lost in cluster.lost:
            say(f"The Dask worker {lost} was lost: its updates may have been sent twice, which changes nothing.")


def worker_client(profile: str | None, allow_insecure: bool, timeout: float, **more: Any) -> AsyncClient:
    """Return the client of a worker; runs in the worker, where nobody can be asked for a secret."""
    if profile is not None:
        access = AccountOptions(profile=profile, allow_insecure=allow_insecure, timeout=timeout).access()
    else:
        account = resolve_account(None, None, None, None, allow_insecure=allow_insecure)
        access = Access(account, allow_insecure, timeout)
    return access.client(**more)
