"""The ways to push many updates through at a bounded concurrency, each tried in a process of its own.

Two are the SDK's: `update_many`, and the bare loop of `update` calls beside it that shows what it costs. The others are
what a user writes by hand over an HTTP library: everything at once and the library's pool as the only bound, a
semaphore, and a queue with a fixed number of workers. The rows come from a generator, as from a file of any length.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import job
from benchmarks.measure import peak_memory
from benchmarks.peers import Target, check_answer

# What an update becomes when it is sent by hand.
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Pushed(NamedTuple):
    """What a way took: seconds, and the highest memory in bytes, at the end and before it began."""

    elapsed: float
    cpu: float
    peak_memory: int
    memory_before: int


def rows(items: int) -> Iterator[dict[str, Any]]:
    """Yield so many updates as they come from a file, each an object of its own."""
    for _ in range(items):
        yield {**job.UPDATE, "groupList": [dict(job.UPDATE["groupList"][0])]}


# -- the SDK ----------------------------------------------------------------------------------------------------------


def _typed(items: int) -> Iterator[Any]:
    from itnio_async import GroupBinding, SipTrunkUpdate

    for number, row in enumerate(rows(items), 1):
        yield SipTrunkUpdate(
            key_id=number,
            sip_trunk_name=row["sipTrunkName"],
            group_list=[GroupBinding(voice_group_id=group["voiceGroupId"]) for group in row["groupList"]],
            sip_gateway_ip=row["sipGatewayIp"],
            sip_trunk_state=row["sipTrunkState"],
        )


async def at_its_pace(client: Any, items: int, concurrency: int) -> None:
    """The same, as fast as the vendor allows."""
    await update_many(client, items, concurrency, rate_limit="auto")


async def update_many(client: Any, items: int, concurrency: int, **options: Any) -> None:
    """The SDK's engine; every outcome is looked at."""
    done = 0
    async with client.sip_trunks.update_many(_typed(items), concurrency=concurrency, **options) as run:
        async for outcome in run:
            if not outcome.ok:
                raise outcome.error
            done += 1
    assert done == items


async def bare_loop(client: Any, items: int, concurrency: int) -> None:
    """So many workers that each call `update` and nothing else."""
    updates = _typed(items)

    async def worker() -> None:
        for update in updates:
            await client.sip_trunks.update(update)

    await asyncio.gather(*(worker() for _ in range(concurrency)))


def planned(items: int) -> Sequence[Any]:
    """Return so many rows as a job has them once its plan is made."""
    from itnio_async.bulk.files.places import Place
    from itnio_async.bulk.journal.rows import JournalRow, Result, RowState
    from itnio_async.bulk.plan.plan import PlanItem, Verdict
    from itnio_async.bulk.trunks.rows import TrunkChange

    place, waiting = Place("rows.csv", 2), Result(RowState.WAITING)
    change = TrunkChange(place, 1, None, {})
    return [
        (
            JournalRow(index, place, update.key_id, job.NAME, waiting),
            PlanItem(index=index, verdict=Verdict.UPDATE, update=update, row=change),
        )
        for index, update in enumerate(_typed(items))
    ]


async def with_journal(client: Any, pairs: Sequence[Any], concurrency: int) -> None:
    """What a job does once its plan is made: a journal with a row for each update, marked and settled there."""
    from itnio_async.bulk.job.options import JobOptions
    from itnio_async.bulk.job.progress import Meter
    from itnio_async.bulk.job.sending import Ending, Sender
    from itnio_async.bulk.journal.journal import Journal, JournalHeader, RowState

    header = JournalHeader(source="rows.csv", rows="", host="127.0.0.1", api_key="", account="", endpoint="update")
    with TemporaryDirectory() as folder:
        journal = await Journal.open(Path(folder) / "journal", header, (row for row, _ in pairs))
        ending = Ending(None, time.time)
        sender = Sender(
            journal,
            client.bulk,
            JobOptions(concurrency=concurrency, rate_limit=None),  # as update_many beside it goes
            ending=ending,
            meter=Meter(None),
            clock=time.time,
        )
        done = await sender.send(pairs)
        await journal.aclose()
        assert (len(done), ending.error, journal.counts) == (len(pairs), None, {RowState.DONE: len(pairs)})


# -- by hand ----------------------------------------------------------------------------------------------------------


async def gather_all(send: Send, items: int, _: int) -> None:
    """A task for each row at once."""
    await asyncio.gather(*(send(row) for row in rows(items)))


async def semaphore(send: Send, items: int, concurrency: int) -> None:
    """A task for each row at once, of which so many go on."""
    slots = asyncio.Semaphore(concurrency)

    async def bounded(row: dict[str, Any]) -> None:
        async with slots:
            await send(row)

    await asyncio.gather(*(bounded(row) for row in rows(items)))


async def queue(send: Send, items: int, concurrency: int) -> None:
    """So many workers of a TaskGroup over a bounded queue."""
    waiting: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(concurrency)

    async def worker() -> None:
        while (row := await waiting.get()) is not None:
            await send(row)

    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(worker())
        for row in rows(items):
            await waiting.put(row)
        for _ in range(concurrency):
            await waiting.put(None)


# -- who sends --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _sdk(target: Target) -> AsyncIterator[Any]:
    from itnio_async import AsyncClient

    async with AsyncClient(job.API_KEY, job.API_SECRET, base_url=target.url) as client:
        yield client


@asynccontextmanager
async def _httpx(target: Target) -> AsyncIterator[Send]:
    import httpx

    # Without a limit of time: with everything begun at once, the wait for a connection is nearly all of it.
    async with httpx.AsyncClient(base_url=target.url, timeout=None) as client:

        async def send(row: dict[str, Any]) -> None:
            response = await client.post(job.PATH, json=row, headers=job.signed_headers())
            response.raise_for_status()
            check_answer(response.json())

        yield send


@asynccontextmanager
async def _aiohttp(target: Target) -> AsyncIterator[Send]:
    import aiohttp

    async with aiohttp.ClientSession(target.url, timeout=aiohttp.ClientTimeout(total=None)) as session:

        async def send(row: dict[str, Any]) -> None:
            async with session.post(job.PATH, json=row, headers=job.signed_headers()) as response:
                response.raise_for_status()
                check_answer(await response.json())

        yield send


Push = Callable[[Any, Any, int], Awaitable[None]]


class Way(NamedTuple):
    """A way and who sends; `needs` is the module that both stand on, `share` how much of the items it can be given.

    `given` makes of the number of items what `push` takes; that is not measured.
    """

    push: Push
    sender: Callable[[Target], Any]
    needs: str
    share: float = 1.0
    given: Callable[[int], Any] = int


# httpx takes minutes for what the others do in seconds, and with everything begun at once the more so the more it is.
_HTTPX_SHARE = 0.1
WAYS: dict[str, Way] = {
    "update_many": Way(update_many, _sdk, "itnio_async"),
    "update_many, auto": Way(at_its_pace, _sdk, "itnio_async"),
    "bare loop of update": Way(bare_loop, _sdk, "itnio_async"),
    "update_many with a journal": Way(with_journal, _sdk, "itnio_async.bulk.journal.journal", given=planned),
    "aiohttp, gather over all": Way(gather_all, _aiohttp, "aiohttp"),
    "aiohttp, semaphore and gather": Way(semaphore, _aiohttp, "aiohttp"),
    "aiohttp, TaskGroup and queue": Way(queue, _aiohttp, "aiohttp"),
    "httpx, gather over all": Way(gather_all, _httpx, "httpx", _HTTPX_SHARE),
    "httpx, semaphore and gather": Way(semaphore, _httpx, "httpx", _HTTPX_SHARE),
    "httpx, TaskGroup and queue": Way(queue, _httpx, "httpx", _HTTPX_SHARE),
}


# -- a way's process --------------------------------------------------------------------------------------------------


async def _run(way: Way, target: Target, items: int, concurrency: int) -> Pushed:
    async with way.sender(target) as sender:
        # Connections and lazily loaded modules, which every way needs.
        await way.push(sender, way.given(2 * concurrency), concurrency)
        given = way.given(items)
        before = peak_memory()
        cpu, began = time.process_time(), time.perf_counter()
        await way.push(sender, given, concurrency)
        return Pushed(time.perf_counter() - began, time.process_time() - cpu, peak_memory(), before)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("url")
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    arguments = parser.parse_args()
    pushed = asyncio.run(_run(WAYS[arguments.way], Target(arguments.url), arguments.items, arguments.concurrency))
    print(json.dumps(pushed._asdict()), flush=True)


if __name__ == "__main__":
    _main()
