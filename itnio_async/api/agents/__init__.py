"""Agents: the types, the endpoints and the service of `client.agents`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.agents.service import (
        ADD as ADD,
        BATCH as BATCH,
        CALLS as CALLS,
        CREATE_SDK_AUTHENTICATION as CREATE_SDK_AUTHENTICATION,
        GET_TOTAL as GET_TOTAL,
        LIST as LIST,
        UPDATE as UPDATE,
        UPDATE_PRIORITIES as UPDATE_PRIORITIES,
        Agents as Agents,
    )
    from itnio_async.api.agents.types import (
        AddedAgents as AddedAgents,
        Agent as Agent,
        AgentAdd as AgentAdd,
        AgentAdded as AgentAdded,
        AgentFilter as AgentFilter,
        AgentPrioritiesUpdate as AgentPrioritiesUpdate,
        AgentPriority as AgentPriority,
        AgentQuery as AgentQuery,
        AgentStatus as AgentStatus,
        AgentTotal as AgentTotal,
        AgentUpdate as AgentUpdate,
        SdkAuthentication as SdkAuthentication,
        SdkAuthenticationCreate as SdkAuthenticationCreate,
    )
    from itnio_async.api.call_center import (
        AgentGroupKey as AgentGroupKey,
        BatchAction as BatchAction,
        Enabled as Enabled,
        IdBatch as IdBatch,
    )
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
