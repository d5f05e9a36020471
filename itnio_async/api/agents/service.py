"""`client.agents`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from typing import Any, Unpack

from itnio_async.api.agents.codes import AGENTS
from itnio_async.api.agents.types import (
    AddedAgents,
    Agent,
    AgentAdd,
    AgentFilter,
    AgentPrioritiesUpdate,
    AgentQuery,
    AgentStatus,
    AgentTotal,
    AgentUpdate,
    SdkAuthentication,
    SdkAuthenticationCreate,
)
from itnio_async.api.call_center import AgentGroupKey, BatchAction, BatchService, Enabled, IdBatch
from itnio_async.api.shapes import given
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.listing import Listing
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.values import Page

GET_TOTAL = Endpoint[AgentGroupKey, AgentTotal](
    "GET", "/v3/cc/seat/querySipTotal", AgentGroupKey, AgentTotal, idempotent=True, family=AGENTS
)
# Repeated, it creates that many agents more: nothing but the quota (-36) stands in its way.
ADD = Endpoint[AgentAdd, AddedAgents](
    "POST", "/v3/cc/seat/addSeatList", AgentAdd, AddedAgents, idempotent=False, family=AGENTS
)
UPDATE = Endpoint[AgentUpdate, None](
    "POST", "/v3/cc/seat/updateSeat", AgentUpdate, None, idempotent=True, family=AGENTS
)
LIST = Endpoint[AgentQuery, Page[Agent]](
    "POST", "/v3/cc/seat/query", AgentQuery, Page[Agent], idempotent=True, family=AGENTS
)
# Whether all of a batch or none is done, the page does not say: a refusal may come after a part of it, and a repeated
# delete may be refused for ids that are gone while others are still there.
BATCH = Endpoint[IdBatch, None](
    "POST", "/v3/cc/seat/batchingSeat", IdBatch, None, idempotent=True, family=AGENTS, in_parts=True
)
UPDATE_PRIORITIES = Endpoint[AgentPrioritiesUpdate, None](
    "POST",
    "/v3/cc/seat/updatePriority",
    AgentPrioritiesUpdate,
    None,
    idempotent=True,
    family=AGENTS,
    in_parts=True,
)
# Each one ends the one before: where a first request is processed late, a second one's answer is worthless.
CREATE_SDK_AUTHENTICATION = Endpoint[SdkAuthenticationCreate, SdkAuthentication](
    "POST",
    "/v3/cc/seat/createSdkAuthentication",
    SdkAuthenticationCreate,
    SdkAuthentication,
    idempotent=False,
    family=AGENTS,
)

CALLS: Mapping[str, Endpoint[Any, Any]] = {
    "get_total": GET_TOTAL,
    "add": ADD,
    "update": UPDATE,
    "list": LIST,
    "delete": BATCH,
    "disable": BATCH,
    "enable": BATCH,
    "update_priorities": UPDATE_PRIORITIES,
    "create_sdk_authentication": CREATE_SDK_AUTHENTICATION,
}
"""The endpoint of each method."""


class Agents(BatchService):
    """The agents of the call centre.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does.
    """

    _batch = BATCH

    async def get_total(self, voice_group_id: int, **options: Unpack[CallOptions]) -> AgentTotal:
        """Return how many agents a group may have, and how many of them remain to be created."""
        return (await self._caller.call(GET_TOTAL, AgentGroupKey(voice_group_id=voice_group_id), **options)).data

    async def add(self, agents: AgentAdd, **options: Unpack[CallOptions]) -> AddedAgents:
        """Create a number of agents in a group, and return their ids and names.

        A lost answer does not tell whether they were created: list the group's agents before trying again.
        """
        call = self._caller.call(ADD, agents, **options)
        del agents  # a report of an error shows the variables here, whatever was passed
        return (await call).data or []

    def add_many(
        self, agents: Iterable[AgentAdd] | AsyncIterable[AgentAdd], **options: Unpack[BulkOptions]
    ) -> BulkRun[AgentAdd, AddedAgents]:
        """Create agents in many groups at once, and give each add's outcome. Takes and raises what `bulk` does."""
        return self._caller.bulk(ADD, agents, **options)

    async def update(self, update: AgentUpdate, **options: Unpack[CallOptions]) -> None:
        """Change one agent."""
        call = self._caller.call(UPDATE, update, **options)
        del update
        return (await call).data

    def update_many(
        self, updates: Iterable[AgentUpdate] | AsyncIterable[AgentUpdate], **options: Unpack[BulkOptions]
    ) -> BulkRun[AgentUpdate, None]:
        """Change many agents at once, and give each update's outcome. Takes and raises what `bulk` does."""
        return self._caller.bulk(UPDATE, updates, **options)

    def list(
        self,
        *,
        str_time: str | None = None,
        end_time: str | None = None,
        enable: Enabled | None = None,
        name: str | None = None,
        voice_group_id: int | None = None,
        status: AgentStatus | int | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[Agent]:
        """List agents: `await` it for page `current` (from 1), or `async for` over it for all agents from there on.

        `str_time` and `end_time`, as `2025-01-01 00:00:00`, are the time over which calls are counted, at most 32 days;
        most of the vendor's pages require both. `name` matches in part.
        """
        filters = given(
            AgentFilter,
            enable=enable,
            name=name,
            voice_group_id=voice_group_id,
            status=status,
            str_time=str_time,
            end_time=end_time,
        )
        return self._listing(LIST, AgentQuery(current=current, size=size, params=filters), options)

    async def delete(self, id_list: Iterable[int], **options: Unpack[CallOptions]) -> None:
        """Delete these agents, by their key ids. One that is on a call (-67) or in a task (-68) is refused.

        Some of them may be deleted all the same where the call fails: list them to see.
        """
        await self._act_on_all(BatchAction.DELETE, id_list, options)

    async def disable(self, id_list: Iterable[int], **options: Unpack[CallOptions]) -> None:
        """Keep these agents from working. Some may be disabled all the same where the call fails."""
        await self._act_on_all(BatchAction.DISABLE, id_list, options)

    async def enable(self, id_list: Iterable[int], **options: Unpack[CallOptions]) -> None:
        """Let these agents work again. Some may be enabled all the same where the call fails."""
        await self._act_on_all(BatchAction.ENABLE, id_list, options)

    async def update_priorities(self, update: AgentPrioritiesUpdate, **options: Unpack[CallOptions]) -> None:
        """Set the priorities of agents of one group. Some may be set all the same where the call fails."""
        call = self._caller.call(UPDATE_PRIORITIES, update, **options)
        del update
        return (await call).data

    async def create_sdk_authentication(
        self, account: str, expires: int, **options: Unpack[CallOptions]
    ) -> SdkAuthentication:
        """Make a credential with which an agent's page starts the browser phone, for 60 to 28,800 seconds.

        It ends the agent's credential before it. Keep key and secret on the server, and give the page this alone.
        """
        request = SdkAuthenticationCreate(account=account, expires=expires)
        return (await self._caller.call(CREATE_SDK_AUTHENTICATION, request, **options)).data
