"""What a bulk job does before it sends anything: reading and checking rows, and comparing them with the listing.

Each part is a process of its own, so that its memory is too, and gives the seconds of CPU of its steps.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks import job
from benchmarks.measure import peak_memory
from benchmarks.process import pin

_PAGE = 100


class Part(NamedTuple):
    """What a part took: the seconds of each step by name, and the highest memory in bytes."""

    seconds: dict[str, float]
    peak_memory: int


def read_rows(items: int) -> dict[str, float]:
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
    return took.seconds


def plan(items: int) -> dict[str, float]:
    """List trunks from pages that are there at once, read a CSV of as many rows, and compare."""
    from itnio_async.bulk.plan.make import make_plan
    from itnio_async.bulk.plan.plan import Verdict
    from itnio_async.bulk.trunks.rows import read_changes

    with TemporaryDirectory() as folder:
        path = Path(folder) / "trunks.csv"
        _write(path, items)
        took = _Steps()
        trunks = asyncio.run(_listed(items, took))
        with took("reading and checking"):
            changes = read_changes(path).changes
        with took("comparing"):
            made = make_plan(changes, trunks)
        assert sum(item.verdict is Verdict.UPDATE for item in made.items) == items
        return took.seconds


async def _listed(items: int, took: _Steps) -> list[Any]:
    import httpx

    from itnio_async import AsyncClient
    from itnio_async.bulk.trunks.listing import list_trunks

    pages = [_page(number, items) for number in range(-(-items // _PAGE))]

    class Pages(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            number = json.loads(await request.aread())["current"]
            return httpx.Response(200, headers={"Content-Type": "application/json"}, content=pages[number - 1])

    async with AsyncClient(job.API_KEY, job.API_SECRET, base_url="http://127.0.0.1", transport=Pages()) as client:
        with took("listing, its pages at hand"):
            trunks = await list_trunks(client)
    assert len(trunks) == items
    return trunks


def _page(number: int, items: int) -> bytes:
    records = [
        {
            "keyId": index + 1,
            "type": 1,
            "state": 0,
            "sipTrunkName": f"trunk {index}",
            "groupList": [
                {"voiceGroupId": 1_000_000 + index, "groupName": f"group {index}", "number": f"86{index:08}"}
            ],
            "sipGatewayIp": _address(10, index),
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
    """Adds up the seconds of steps: `with steps("name"):`."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._name = ""
        self._began = 0.0

    def __call__(self, name: str) -> _Steps:
        self._name = name
        return self

    def __enter__(self) -> None:
        self._began = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds[self._name] = time.process_time() - self._began


PARTS: dict[str, Callable[[int], dict[str, float]]] = {"rows": read_rows, "plan": plan}


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--items", type=int, required=True)
    parser.add_argument("--core", type=int)
    arguments = parser.parse_args()
    pin(arguments.core)
    seconds = PARTS[arguments.part](arguments.items)
    print(json.dumps(Part(seconds, peak_memory())._asdict()), flush=True)


if __name__ == "__main__":
    _main()
