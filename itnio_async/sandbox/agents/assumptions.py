"""What the vendor's pages on agents leave open and the sandbox had to decide."""

from __future__ import annotations

from attrs import define, setters

from itnio_async.sandbox.assumptions import SharedAssumptions, choice, switch, value
from itnio_async.validators import whole


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class AgentAssumptions(SharedAssumptions):
    """The decisions about agents, and the shared ones."""

    agent_quota: int = value(
        100,
        whole(0),
        text="How many agents there may be, which querySipTotal answers as total: an account's own matter.",
    )
    agent_quota_of: str = choice(
        "group",
        "account",
        text="What the quota of agents is for: querySipTotal asks about a group and does not say whether others count.",
    )
    new_agent_status: int = choice(
        2, 1, text="The status of a new agent: idle (2), since nobody logs in to a sandbox, or offline (1)."
    )
    agent_window_required: bool = switch(
        True,
        "The listing of agents without strTime and endTime is refused with -22: most pages require them, one does not "
        "know them.",
    )
    deleted_agents_listed: bool = switch(
        False, "Deleted agents stay in the listing with deleteFlag 1: the field is there, its use is not described."
    )
    group_checked_for_priorities: bool = switch(
        True, "Priorities of an agent that is not in the group are refused: the page has no code for it."
    )
