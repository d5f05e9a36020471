"""`client.team_leaders`: the endpoints as values, and a method for each."""

from __future__ import annotations

from collections.abc import Iterable
from types import NoneType
from typing import Unpack

from itnio_async.api.call_center import BatchAction as BatchAction, BatchService, Enabled, IdBatch
from itnio_async.api.shapes import given
from itnio_async.api.team_leaders.codes import TEAM_LEADERS
from itnio_async.api.team_leaders.types import (
    TeamLeader,
    TeamLeaderAdd,
    TeamLeaderFilter,
    TeamLeaderQuery,
    TeamLeaderUpdate,
)
from itnio_async.endpoint import CallOptions, Endpoint
from itnio_async.listing import Listing
from itnio_async.values import Page

# Repeated, it may create a second team leader: only the name, which is unique, stands in its way.
ADD = Endpoint[TeamLeaderAdd, "int | None"](
    "POST", "/v3/cc/teamleader/add", TeamLeaderAdd, int, idempotent=False, family=TEAM_LEADERS
)
LIST = Endpoint(
    "POST", "/v3/cc/teamleader/query", TeamLeaderQuery, Page[TeamLeader], idempotent=True, family=TEAM_LEADERS
)
UPDATE = Endpoint("POST", "/v3/cc/teamleader/update", TeamLeaderUpdate, NoneType, idempotent=True, family=TEAM_LEADERS)
# Whether all of a batch or none is done, the page does not say: a refusal may come after a part of it.
DELETE = DISABLE = ENABLE = Endpoint(
    "POST",
    "/v3/cc/teamleader/batchUpdateStatus",
    IdBatch,
    NoneType,
    idempotent=True,
    family=TEAM_LEADERS,
    in_parts=True,
)


class TeamLeaders(BatchService):
    """Those who lead groups of agents.

    Each method takes `CallOptions` for its calls alone, and raises as `client.call` does.
    """

    _batch = DELETE

    async def add(self, leader: TeamLeaderAdd, **options: Unpack[CallOptions]) -> int | None:
        """Create a team leader and return the key id, or None where the vendor's answer leaves it out.

        A lost answer does not tell whether one was created: look for the name before trying again.
        """
        call = self._caller.call(ADD, leader, **options)
        del leader  # a report of an error shows the variables here, whatever was passed
        return (await call).data

    def list(
        self,
        *,
        enable: Enabled | None = None,
        name: str | None = None,
        voice_group_id_list: Iterable[int] | None = None,
        current: int = 1,
        size: int = 100,
        **options: Unpack[CallOptions],
    ) -> Listing[TeamLeader]:
        """List team leaders: `await` it for page `current` (from 1), or `async for` over it for all from there on."""
        filters = given(TeamLeaderFilter, enable=enable, name=name, voice_group_id_list=voice_group_id_list)
        return self._listing(LIST, TeamLeaderQuery(current=current, size=size, params=filters), options)

    async def update(self, update: TeamLeaderUpdate, **options: Unpack[CallOptions]) -> None:
        """Change one team leader."""
        call = self._caller.call(UPDATE, update, **options)
        del update
        return (await call).data
