"""`client.agents`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from types import NoneType
from typing import Unpack

from itnio_async.api.agents.codes import AGENTS, LIST_CODES
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
from itnio_async.api.call_center import AgentGroupKey, BatchAction as BatchAction, BatchService, Enabled, IdBatch
from itnio_async.api.shapes import given
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.listing import Listing
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.values import Page

GET_TOTAL = Endpoint("GET", "/v3/cc/seat/querySipTotal", AgentGroupKey, AgentTotal, idempotent=True, family=AGENTS)
# Repeated, it creates that many agents more: nothing but the quota (-36) stands in its way.
ADD = Endpoint("POST", "/v3/cc/seat/addSeatList", AgentAdd, AddedAgents, idempotent=False, family=AGENTS)
UPDATE = Endpoint("POST", "/v3/cc/seat/updateSeat", AgentUpdate, NoneType, idempotent=True, family=AGENTS)
LIST = Endpoint("POST", "/v3/cc/seat/query", AgentQuery, Page[Agent], idempotent=True, family=LIST_CODES)
# Whether all of a batch or none is done, the page does not say: a refusal may come after a part of it, and a repeated
# delete may be refused for ids that are gone while others are still there.
DELETE = DISABLE = ENABLE = Endpoint(
    "POST", "/v3/cc/seat/batchingSeat", IdBatch, NoneType, idempotent=True, family=AGENTS, in_parts=True
)
UPDATE_PRIORITIES = Endpoint(
    "POST", "/v3/cc/seat/updatePriority", AgentPrioritiesUpdate, NoneType, idempotent=True, family=AGENTS, in_parts=True
)
# Each one ends the one before: where a first request is processed late, a second one's answer is worthless.
CREATE_SDK_AUTHENTICATION = Endpoint(
    "POST",
    "/v3/cc/seat/createSdkAuthentication",
    SdkAuthenticationCreate,
    SdkAuthentication,
    idempotent=False,
    family=AGENTS,
)


class Agents(BatchService):
    """The agents of the call centre.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does. An agent that is on a call
    (-67) or in a task (-68) is not deleted.
    """

    _batch = DELETE

    async def get_total(self, voice_group_id: int, **options: Unpack[CallOptions]) -> AgentTotal:
        """Return how many agents a group may have, and how many of them remain to be created."""
        return (await self._caller.call(GET_TOTAL, AgentGroupKey(voice_group_id=voice_group_id), **options)).data

    async def add(self, agents: AgentAdd, **options: Unpack[CallOptions]) -> AddedAgents:
        """Create a number of agents in a group, and return their ids and names.

        A lost answer does not tell whether they were created: list the group's agents before trying again.
        """
        call = self._caller.call(ADD, agents, **options)
        del agents  # a report of an error shows the variables here, whatever was passed
        return (await call).data

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
