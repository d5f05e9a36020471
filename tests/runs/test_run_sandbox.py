"""Bulk runs over real HTTP, against the sandbox."""

from __future__ import annotations

import pytest
from support.held import collect, others

from itnio_async import ApiError, AsyncClient, AuthenticationError, ConflictError
from itnio_async.sandbox import Sandbox

TRUNKS = 60


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(trunks=TRUNKS) as running:
        yield running


@pytest.fixture
async def client(sandbox):
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
        yield client


async def trunks_by_id(client):
    return {trunk.key_id: trunk async for trunk in client.sip_trunks.list()}


async def test_a_listing_goes_straight_into_an_update(client):
    before = await trunks_by_id(client)
    source = (trunk.to_update(sip_prefix="9") async for trunk in client.sip_trunks.list(size=7))
    async with client.sip_trunks.update_many(source, concurrency=20) as run:
        seen = [outcome async for outcome in run]
    assert [outcome.error for outcome in seen if not outcome.ok] == []
    assert len(seen) == len(before) == TRUNKS
    assert {trunk.sip_prefix for trunk in (await trunks_by_id(client)).values()} == {"9"}
    assert not [task for task in others() if "bulk" in task.get_name()]


async def test_refusals_name_their_rows(client):
    first, second, *rest = (await trunks_by_id(client)).values()
    requests = [
        first.to_update(sip_trunk_name=second.sip_trunk_name),
        second.to_update(key_id=10**9),
        *(trunk.to_update(sip_prefix="8") for trunk in rest),
    ]
    seen = [outcome async for outcome in client.sip_trunks.update_many(requests, ordered=True)]
    assert [outcome.index for outcome in seen if not outcome.ok] == [0, 1]
    assert isinstance(seen[0].error, ConflictError)
    assert isinstance(seen[1].error, ApiError)


async def test_a_wrong_secret_stops_a_long_run_early(sandbox):
    read = 0

    def source():
        nonlocal read
        while True:
            read += 1
            yield update

    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
        update = next(iter((await trunks_by_id(client)).values())).to_update()
    async with AsyncClient(sandbox.api_key, "wrong", base_url=sandbox.url) as client:
        seen = []
        with pytest.raises(AuthenticationError):
            await collect(client.sip_trunks.update_many(source(), concurrency=10), seen)
    assert len(seen) == read <= 20


async def test_a_break_leaves_the_client_usable(client):
    updates = [trunk.to_update(sip_prefix="7") for trunk in (await trunks_by_id(client)).values()]
    async with client.sip_trunks.update_many(updates, concurrency=5) as run:
        async for outcome in run:
            assert outcome.ok
            break
    rest = await run.aclose()
    prefixes = [trunk.sip_prefix for trunk in (await trunks_by_id(client)).values()]
    assert prefixes.count("7") == 1 + len(rest)
    assert client.stats.in_use == client.stats.waiting == 0
