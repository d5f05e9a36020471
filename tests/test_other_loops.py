"""What a program gets that runs the client without asyncio: an error that says what to do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from support.values import KEY, SECRET, trunk_update

from itnio_async import AsyncClient, ConfigurationError


async def by_call(client: AsyncClient) -> None:
    await client.sip_trunks.update(trunk_update())


async def by_listing(client: AsyncClient) -> None:
    await client.sip_trunks.list()


async def by_records(client: AsyncClient) -> None:
    async for _ in client.sip_trunks.list():
        pass


async def by_request(client: AsyncClient) -> None:
    await client.request("POST", "/v3/cc/sipTrunk/query", json={})


async def by_bulk(client: AsyncClient) -> None:
    async for _ in client.sip_trunks.update_many([trunk_update()]):
        pass


async def by_closing(client: AsyncClient) -> None:
    await client.aclose()


async def by_with_block(client: AsyncClient) -> None:
    async with client:
        pass


@pytest.mark.parametrize(
    "use",
    [by_call, by_listing, by_records, by_request, by_bulk, by_closing, by_with_block],
    ids=lambda use: use.__name__,
)
def test_under_trio_the_error_names_asyncio(use: Callable[[AsyncClient], Awaitable[Any]]) -> None:
    client = AsyncClient(KEY, SECRET, base_url="http://127.0.0.1:1")
    with pytest.raises(ConfigurationError, match=r"needs asyncio's event loop.*trio is not supported"):
        trio.run(use, client)
    asyncio.run(client.aclose())
