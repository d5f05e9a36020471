"""A program that applies a file of trunks, as the command does, for tests that kill it."""

from __future__ import annotations

import asyncio
import json
import resource
import sys

from itnio_async import AsyncClient
from itnio_async.bulk import Job, JobOptions, Progress, list_trunks, make_plan, read_changes


def fill_the_disk(progress: Progress) -> None:
    """Let no file be written any more once a row is done."""
    if progress.done:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


async def main(path: str, journal: str, full: str = "") -> int:
    """Apply the file and print the counts; exits with 0 if every row is done.

    With `full` the disk fills up in the midst of it.
    """
    async with AsyncClient() as client:
        rows = read_changes(path).require_good()
        plan = make_plan(rows, await list_trunks(client), allow_swap_names=True)
        tell = fill_the_disk if full else None
        job = Job(client, plan, journal, JobOptions(concurrency=20, allow_swap_names=True), on_progress=tell)
        result = await job.run()
    counts = {state.value: count for state, count in result.counts.items()}
    sys.stdout.write(f"{json.dumps(counts)} {result.error}\n")
    return 0 if result.ok else 3


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
