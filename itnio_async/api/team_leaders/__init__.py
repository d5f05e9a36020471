"""Team leaders: the types, the endpoints and the service of `client.team_leaders`."""

from itnio_async.api.call_center import BatchAction, Enabled, IdBatch
from itnio_async.api.team_leaders.service import ADD, BATCH, CALLS, LIST, UPDATE, TeamLeaders
from itnio_async.api.team_leaders.types import (
    TeamLeader,
    TeamLeaderAdd,
    TeamLeaderFilter,
    TeamLeaderQuery,
    TeamLeaderUpdate,
)

__all__ = [
    "ADD",
    "BATCH",
    "CALLS",
    "LIST",
    "UPDATE",
    "BatchAction",
    "Enabled",
    "IdBatch",
    "TeamLeader",
    "TeamLeaderAdd",
    "TeamLeaderFilter",
    "TeamLeaderQuery",
    "TeamLeaderUpdate",
    "TeamLeaders",
]
