"""Agent groups: the types, the endpoints and the service of `client.agent_groups`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.agent_groups.service import *
    from itnio_async.api.agent_groups.types import *
    from itnio_async.api.call_center import AgentGroupKey as AgentGroupKey
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
