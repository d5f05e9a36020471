"""The memory of a run does not grow with its length."""

from __future__ import annotations

import asyncio
import tracemalloc

import httpx
import pytest
from support.values import trunk_update

from itnio_async import BulkRun, Response

NO_HEADERS = httpx.Headers()


async def send(_):
    await asyncio.sleep(0)
    return Response(None, {}, 0, "success", 200, NO_HEADERS, 1, 0.0)


async def peak_of(items, *, ordered):
    run = BulkRun(
        "memory",
        send,
        (trunk_update(key_id=key_id) for key_id in range(1, items + 1)),
        concurrency=50,
        rate_limit=None,
        stop_on=(),
        max_failures=0,
        ordered=ordered,
    )
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    counted = 0
    async for _ in run:
        counted += 1
    assert counted == items
    return tracemalloc.get_traced_memory()[1] - before


@pytest.mark.no_cover
@pytest.mark.slow  # tracemalloc makes each of the 200,000 items several times as dear
@pytest.mark.parametrize("ordered", [False, True])
async def test_200_000_items_need_no_more_than_1_000(ordered):
    tracemalloc.start()
    try:
        await peak_of(1000, ordered=ordered)
        few = await peak_of(1000, ordered=ordered)
        many = await peak_of(200_000, ordered=ordered)
    finally:
        tracemalloc.stop()
    assert many - few < 200_000
