"""What type checkers make of the public names. Nothing here is run; `assert_type` fails where they see another type."""

import asyncio
from decimal import Decimal
from typing import assert_type

import httpx

from itnio_async import (
    ENDPOINTS,
    AsyncClient,
    Endpoint,
    Failed,
    ItnioError,
    Page,
    Response,
    RetryPolicy,
    SipTrunk,
    SipTrunkAdd,
    SipTrunkUpdate,
    Succeeded,
    response_of,
)
from itnio_async.api.agent_groups import AgentGroupSettings
from itnio_async.api.agents import Agent, AgentAdd, AgentAdded, Enabled
from itnio_async.api.group_calls import GroupCallDetail
from itnio_async.api.sip_trunks import ADD, LIST, UPDATE, SipTrunkQuery


async def services(client: AsyncClient, update: SipTrunkUpdate, trunk: SipTrunkAdd) -> None:
    await client.sip_trunks.update(update, timeout=3, deadline=None, retry=RetryPolicy(attempts=1))
    assert_type(await client.sip_trunks.add(trunk, timeout=httpx.Timeout(3, connect=1)), int | None)
    assert_type(await client.sip_trunks.list(timeout=(1, 2, 3, None)), Page[SipTrunk])
    async for listed in client.sip_trunks.list(deadline=3.5):
        assert_type(listed, SipTrunk)
    await client.sip_trunks.update(update, timeot=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await client.sip_trunks.update(update, deadline="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def whole_answers(client: AsyncClient, update: SipTrunkUpdate, trunk: SipTrunkAdd) -> None:
    assert_type(await response_of(client.sip_trunks.update, update, timeout=3), Response[None])
    assert_type(await response_of(client.sip_trunks.add, trunk), Response[int | None])
    assert_type(await response_of(client.sip_trunks.list, size=5), Response[Page[SipTrunk]])
    await response_of(client.sip_trunks.update, 3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(await client.call(UPDATE, update), Response[None])
    assert_type(await client.call(LIST, SipTrunkQuery.from_dict({})), Response[Page[SipTrunk]])
    assert_type((await client.call(ADD, trunk, deadline=3)).data, int | None)


async def endpoints() -> None:
    assert_type(UPDATE, Endpoint[SipTrunkUpdate, None])
    assert_type(LIST, Endpoint[SipTrunkQuery, Page[SipTrunk]])
    assert_type(ADD, Endpoint[SipTrunkAdd, int | None])
    assert_type(ENDPOINTS[0].path, str)


async def outcomes(client: AsyncClient, updates: list[SipTrunkUpdate]) -> None:
    async with client.sip_trunks.update_many(updates) as run:
        async for outcome in run:
            if outcome.error is None:
                assert_type(outcome, Succeeded[SipTrunkUpdate, None])
                assert_type(outcome.response, Response[None])
            else:
                assert_type(outcome, Failed[SipTrunkUpdate, None])
                assert_type(outcome.error, ItnioError)
            if outcome.ok is True:
                assert_type(outcome.response.attempts, int)
            if isinstance(outcome, Failed):
                assert_type(outcome.error.may_have_been_processed, bool)
            else:
                assert_type(outcome.response.elapsed, float)
        for left in await run.aclose():
            assert_type(left, Succeeded[SipTrunkUpdate, None] | Failed[SipTrunkUpdate, None])


async def tasks(client: AsyncClient) -> None:
    task = asyncio.create_task(client.sip_trunks.list())
    assert_type(await task, Page[SipTrunk])
    assert_type(await asyncio.wait_for(client.sip_trunks.list(), 3), Page[SipTrunk])


def pages(page: Page[SipTrunk]) -> None:
    assert_type(page[0], SipTrunk)
    assert_type(page[1:], list[SipTrunk])
    assert_type([trunk.key_id for trunk in page], list[int | None])


def plain(trunk: SipTrunk, update: SipTrunkUpdate) -> None:
    assert_type(SipTrunk.from_dict(trunk.to_dict(names="python")), SipTrunk)
    assert_type(SipTrunkUpdate.from_dict(update.to_dict(secrets=True)), SipTrunkUpdate)
    trunk.to_dict(names="wire")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def clients() -> None:
    AsyncClient(timeout=3, proxy="http://127.0.0.1:1")
    AsyncClient(timeout=None, proxy=httpx.Proxy("http://127.0.0.1:1"))
    AsyncClient(timeout="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AsyncClient(proxy=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def families(client: AsyncClient) -> None:
    assert_type(await client.agents.add(AgentAdd(voice_group_id=1, size=2)), list[AgentAdded])
    async for agent in client.agents.list(enable=Enabled.ENABLED).records(concurrency=2):
        assert_type(agent, Agent)
    assert_type(await client.agent_groups.get_settings(1), AgentGroupSettings)
    assert_type(await client.call_tasks.cancel(1), None)
    assert_type(await client.group_calls.get(1), GroupCallDetail)
    assert_type((await client.account.get_balance()).amount(), Decimal | None)
    # A bare number is easily taken for the opposite.
    client.agents.list(enable=0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
