"""A program that applies a file of trunks, as the command does, for tests that kill it."""

from __future__ import annotations

import asyncio
import json
import resource
import sys

from itnio_async import AsyncClient
from itnio_async.bulk.job.job import Job, JobOptions
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.bulk.trunks.rows import read_changes


async def main(path: str, journal: str, largest: str = "") -> int:
    """Apply the file and print the counts; exits with 0 if every row is done.

    `largest` is how many bytes a file may grow to, as on a disk that fills up.
    """
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), resource.RLIM_INFINITY))
    async with AsyncClient() as client:
        rows = read_changes(path).require_good()
        job = Job(client, make_plan(rows, await list_trunks(client)), journal, JobOptions(concurrency=20))
        result = await job.run()
    counts = {state.value: count for state, count in result.counts.items()}
    sys.stdout.write(f"{json.dumps(counts)} {result.error}\n")
    return 0 if result.ok else 3


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
