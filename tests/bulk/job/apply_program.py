"""A program that applies a file of trunks, as the command does, for tests that kill it."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.bulk import Job, JobOptions, Progress, list_trunks, make_plan, read_changes


async def main(path: str, journal: str, room: str = "") -> int:
    """Apply the file and print the counts; exits with 0 if every row is done.

    `room` is how many bytes the journal's log may grow by once it has the rows, as on a disk that fills up.
    """

    def fill_up(_: Progress) -> None:
        if room and resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY:
            largest = Path(f"{journal}-wal").stat().st_size + int(room)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    async with AsyncClient() as client:
        rows = read_changes(path).require_good()
        job = Job(
            client, make_plan(rows, await list_trunks(client)), journal, JobOptions(concurrency=20), on_progress=fill_up
        )
        result = await job.run()
    counts = {state.value: count for state, count in result.counts.items()}
    sys.stdout.write(f"{json.dumps(counts)} {result.error}\n")
    return 0 if result.ok else 3


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
