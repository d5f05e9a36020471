"""Agents: the types, the endpoints and the service of `client.agents`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.agents.service import *
    from itnio_async.api.agents.types import *
    from itnio_async.api.call_center import (
        AgentGroupKey as AgentGroupKey,
        BatchAction as BatchAction,
        Enabled as Enabled,
        IdBatch as IdBatch,
    )
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
