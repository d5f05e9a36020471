"""The steps of a bulk job: reading and checking rows, comparing them with the listing, applying them, going on.

Each part is a process of its own, so that its memory is too, and gives the seconds of CPU of its steps.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import job
from benchmarks.measure import peak_memory

_PAGE = 100


LISTING, JOB, UPDATES = "listing, its pages at hand", "the job, with a listing", "its updates without a job"


class Part(NamedTuple):
    """What a part took: the seconds of CPU of each step by name, the listings, and the highest memory in bytes."""

    seconds: dict[str, float]
    listings: int
    peak_memory: int


def read_rows(items: int, _: str | None) -> _Steps:
    """Read and check a CSV with six columns, and one with every column that there is and two groups a trunk."""
    from itnio_async.bulk.trunks.rows import read_changes

    took = _Steps()
    for step, write in (("reading and checking", _write), ("reading and checking every column", _write_every_column)):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "trunks.csv"
            write(path, items)
            with took(step):
                read = read_changes(path)
            assert (len(read.changes), len(read.bad)) == (items, 0)
            del read
    return took


def plan(items: int, _: str | None) -> _Steps:
    """List trunks from pages that are there at once, read a CSV of as many rows, and compare."""
    from itnio_async.bulk import Verdict

    with TemporaryDirectory() as folder:
        path = Path(folder) / "trunks.csv"
        _write(path, items)
        took = _Steps()
        made = asyncio.run(_compared(path, items, took))
        assert sum(item.verdict is Verdict.UPDATE for item in made.items) == items
        return took


def go_on(items: int, _: str | None) -> _Steps:
    """Go on with a job of which all rows but one are done, as the command does: from the file to the report."""
    with TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        path = Path(folder) / "trunks.csv"
        _write(path, items)
        took = _Steps()
        asyncio.run(_gone_on(path, items, took))
        return took


async def _gone_on(path: Path, items: int, took: _Steps) -> None:
    from itnio_async.bulk import Job, RowState, read_journal, report_of

    vendor = _vendor(items)
    journal = path.with_suffix(".journal")
    async with _client(vendor) as client:
        await _all_but_one(client, path, journal, items)
        vendor.listings, vendor.pages = 0, _pages(items, updated=items - 1)
        plan, trunks = await _planned(client, path, took)
        with took("reading the journal"):
            contents = read_journal(journal)
        with took("looking at what is open"):
            left = await Job(client, plan, journal).dry_run(trunks, contents)
        with took(JOB):
            result = await Job(client, plan, journal).run()
        with took("the report"):
            report = report_of(read_journal(journal))
        took.listings = vendor.listings
        assert (len(left), result.ok) == (1, True)
        assert report.counts == {RowState.DONE: items}


def whole_job(items: int, url: str | None) -> _Steps:
    """Apply a file that changes every trunk, as the command does; with a URL its updates go to the server there."""
    with TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        path = Path(folder) / "trunks.csv"
        _write(path, items)
        took = _Steps()
        asyncio.run(_applied(path, items, url, took))
        return took


async def _applied(path: Path, items: int, url: str | None, took: _Steps) -> None:
    from itnio_async import AsyncClient
    from itnio_async.bulk import Job, JobOptions, RowState, read_journal, report_of

    journal = path.with_suffix(".journal")
    async with _client(_vendor(items)) as client, AsyncClient(job.API_KEY, job.API_SECRET, base_url=url) as sending:
        plan, _ = await _planned(client, path, took)
        with took(JOB):
            options = JobOptions(concurrency=job.CONNECTIONS)
            sender = client if url is None else sending
            await Job(client, plan, journal, options, bulk=sender.bulk).run()
        with took("the report"):
            report = report_of(read_journal(journal))
        assert report.counts == {RowState.DONE: items}
        # What they take of the job's own time: they are made among all else there.
        updates = [item.update for item in plan.items if item.update is not None]
        with took(UPDATES):
            async with sender.sip_trunks.update_many(updates, concurrency=job.CONNECTIONS) as run:
                assert all([outcome.ok async for outcome in run])


async def _planned(client: Any, path: Path, took: _Steps) -> tuple[Any, list[Any]]:
    """Make the plan for a file as the command does, and return it with the listing."""
    from itnio_async.bulk import list_trunks, make_plan, read_changes

    with took("reading and checking"):
        changes = read_changes(path).changes
    with took(LISTING):
        trunks = await list_trunks(client)
    with took("comparing"):
        return make_plan(changes, trunks), trunks


async def _all_but_one(client: Any, path: Path, journal: Path, items: int) -> None:
    """Make the journal of a job that was stopped before its last row."""
    from itnio_async.bulk import Job, Result, RowState, identity_of, list_trunks, make_plan, read_changes
    from itnio_async.bulk.journal.journal import Journal

    plan = make_plan(read_changes(path).changes, await list_trunks(client))
    job = Job(client, plan, journal)
    identity = await identity_of(client)
    opened = await Journal.open(journal, job._header(identity), job._new_rows(identity))
    for row in range(items - 1):
        opened.settle(row, Result(RowState.DONE, attempts=1, elapsed=0.1, ended=time.time()))
    await opened.aclose()


async def _compared(path: Path, items: int, took: _Steps) -> Any:
    async with _client(_vendor(items)) as client:
        plan, trunks = await _planned(client, path, took)
    assert len(trunks) == items
    return plan


def _client(vendor: Any) -> Any:
    from itnio_async import AsyncClient

    return AsyncClient(job.API_KEY, job.API_SECRET, base_url="http://127.0.0.1", transport=vendor)


def _vendor(items: int) -> Any:
    """Return a transport that has the pages of a listing at hand, and counts the listings."""
    import httpx

    class Vendor(httpx.AsyncBaseTransport):
        listings = 0
        pages = _pages(items)

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            content = job.ANSWER
            if request.url.path.endswith("/query"):
                number = json.loads(await request.aread())["current"]
                self.listings += number == 1
                content = self.pages[number - 1]
            return httpx.Response(200, headers={"Content-Type": "application/json"}, content=content)

    return Vendor()


def _pages(items: int, updated: int = 0) -> list[bytes]:
    """Return the pages of a listing of which so many trunks are as the file wants them."""
    return [_page(number, items, updated) for number in range(-(-items // _PAGE))]


def _page(number: int, items: int, updated: int) -> bytes:
    records = [
        {
            "keyId": index + 1,
            "type": 1,
            "state": 0,
            "sipTrunkName": f"trunk {index}",
            "groupList": [
                {"voiceGroupId": 1_000_000 + index, "groupName": f"group {index}", "number": f"86{index:08}"}
            ],
            "sipGatewayIp": _address(11 if index < updated else 10, index),
            "sipTrunkState": False,
            "createTime": "2024-01-01 00:00:00",
        }
        for index in range(number * _PAGE, min((number + 1) * _PAGE, items))
    ]
    data = {"records": records, "total": items, "size": _PAGE, "current": number + 1, "pages": -(-items // _PAGE)}
    return json.dumps({"status": "0", "reason": "success", "data": data}).encode()


def _write(path: Path, items: int) -> None:
    """Write what an operator has: every trunk moves to another gateway."""
    with path.open("w") as file:
        file.write("keyId,sipTrunkName,voiceGroupIds,numbers,sipGatewayIp,sipTrunkState\n")
        for index in range(items):
            file.write(f"{index + 1},trunk {index},{1_000_000 + index},86{index:08},{_address(11, index)},false\n")


def _write_every_column(path: Path, items: int) -> None:
    columns = "keyId,sipTrunkName,voiceGroupIds,numbers,sipPrefix,sipGatewayIp,sipWhiteIp,sipTrunkState"
    with path.open("w") as file:
        file.write(f"{columns},sipAccount,sipPassword\n")
        for index in range(items):
            groups = f"{1_000_000 + 2 * index};{1_000_001 + 2 * index},86{index:08};+86{index:08}"
            addresses = f"{_address(11, index)},{_address(12, index)}"
            file.write(f"{index + 1},trunk {index},{groups},0086,{addresses},true,user{index},made-up-{index}\n")


def _address(first: int, index: int) -> str:
    return f"{first}.{index >> 16 & 255}.{index >> 8 & 255}.{index & 255}"


class _Steps:
    """Keeps the seconds of steps: `with steps("name"):`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.listings = 0
        self._name = ""
        self._began = 0.0

    def __call__(self, name: str) -> _Steps:
        self._name = name
        return self

    def __enter__(self) -> None:
        self._began = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds[self._name] = time.process_time() - self._began


PARTS: dict[str, Callable[[int, str | None], _Steps]] = {
    "rows": read_rows,
    "plan": plan,
    "going on": go_on,
    "whole job": whole_job,
}


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--url", help="where the updates of the whole job go; without it, nowhere")
    arguments = parser.parse_args()
    took = PARTS[arguments.part](arguments.items, arguments.url)
    print(json.dumps(Part(took.seconds, took.listings, peak_memory())._asdict()), flush=True)


if __name__ == "__main__":
    _main()
