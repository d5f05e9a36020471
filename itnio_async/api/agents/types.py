"""Agents: what is sent and what comes back."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias

from attrs import field, frozen

from itnio_async.api.call_center import Enabled
from itnio_async.api.open_types import OpenRecord, OpenRequest
from itnio_async.api.shapes import PageQuery
from itnio_async.codec import Request
from itnio_async.limits import Form, between, items, length
from itnio_async.values import KEY_ID, TEXT, UNSET, Unset, secret


class AgentStatus(IntEnum):
    """What an agent is doing. The listing's own table names only the first three."""

    OFFLINE = 1
    IDLE = 2
    BUSY = 3
    WRAP_UP = 4
    ON_BREAK = 5


@frozen(kw_only=True)
class AgentTotal(OpenRecord):
    """How many agents there may be."""

    total: int | None = None
    """How many are allowed."""
    remaining: int | None = None
    """How many more may be created."""


@frozen(kw_only=True, repr=False)
class AgentAdd(OpenRequest):
    """A number of agents to be created in a group."""

    voice_group_id: int = field(metadata=KEY_ID)
    """The agent group's id."""
    size: int = field(metadata=between(1))
    """How many agents are created: at most as many as remain."""
    display_num: str | Unset | None = UNSET
    """The number that is shown to those whom they call."""
    ccode: str | Unset | None = UNSET
    """The country code of that number, such as `91`."""


@frozen(kw_only=True)
class AgentAdded(OpenRecord):
    """An agent that was created."""

    key_id: int | None = None
    """The agent's id."""
    name: str | None = None
    """The agent's name."""


AddedAgents: TypeAlias = list[AgentAdded]
"""What an add returns, by a name of its own: in a class that has a method `list` the builtin cannot be named."""


@frozen(kw_only=True, repr=False)
class AgentUpdate(OpenRequest):
    """What an agent shall be. Whether what is left out stays, the page does not say."""

    key_id: int = field(metadata=KEY_ID)
    """The agent's id."""
    voice_group_id: int | str = field(metadata=TEXT)
    """The agent group's id. It is sent as a text, as this page's table has it and no other's."""
    name: str
    """The agent's name."""
    emp_no: str
    """The staff number, which no other agent has (-34)."""
    display_num: str | Unset | None = UNSET
    """The number that is shown to those whom the agent calls."""
    ccode: str | Unset | None = UNSET
    """The country code of that number, such as `91`."""
    pet_name: str | Unset | None = UNSET
    """The agent's nickname."""
    password: str | Unset | None = secret(UNSET, limit=length(form=Form.LETTERS_AND_DIGITS, code=-64))
    """The new password: letters and digits."""


@frozen(kw_only=True, repr=False)
class AgentFilter(Request):
    """Which agents a listing shows, and over which time it counts their calls."""

    enable: Enabled | Unset = UNSET
    """Only agents that may work, or that may not: `Enabled.ENABLED` is 0."""
    name: str | Unset = UNSET
    """Only agents that have this text in their names."""
    voice_group_id: int | Unset = UNSET
    """Only agents of this group."""
    status: AgentStatus | int | Unset = UNSET
    """Only agents that are doing this."""
    str_time: str | Unset = UNSET
    """Calls are counted from this time on, as `2025-01-01 00:00:00`; the zone is not stated.
    Most of the vendor's pages require it, its English one does not know it.
    """
    end_time: str | Unset = UNSET
    """Calls are counted up to this time, at most 32 days later, likewise."""


@frozen(kw_only=True, repr=False)
class AgentQuery(PageQuery):
    """One page of a listing of agents."""

    params: AgentFilter
    """Which agents are listed."""


@frozen(kw_only=True)
class Agent(OpenRecord):
    """An agent as the listing shows it, password and all. Times are as on the wire, without a zone."""

    key_id: int | None = None
    """The agent's id."""
    emp_no: str | None = None
    """The staff number."""
    pet_name: str | None = None
    """The nickname."""
    name: str | None = None
    """The name."""
    app_id: str | None = None
    """The application's id."""
    delete_flag: int | None = None
    """1: deleted, 0: not."""
    enable: Enabled | int | None = None
    """Whether the agent may work: 0 is yes."""
    priority: int | None = None
    """The priority, 1 unless it was set."""
    voice_group_id: int | None = None
    """The agent group's id."""
    group_name: str | None = None
    """The agent group's name."""
    account: str | None = None
    """The account that the agent logs in with."""
    password: str | None = secret(None)
    """The password of that account: the vendor's listing shows it."""
    create_time: str | None = None
    """When the agent was made, as `2025-01-10 11:31:21`."""
    update_time: str | None = None
    """When the agent was last changed, likewise."""
    display_num: str | None = None
    """The number that is shown to those whom the agent calls."""
    ccode: str | None = None
    """The country code of that number."""
    status: AgentStatus | int | None = None
    """What the agent is doing."""
    num: int | None = None
    """How many calls there were in the time asked for."""
    connect_num: int | None = None
    """How many of them were answered."""
    connect_rate: str | float | None = None
    """The share of those that were answered."""


@frozen(kw_only=True, repr=False)
class AgentPriority(Request):
    """The priority of one agent."""

    key_id: int = field(metadata=KEY_ID)
    """The agent's id."""
    priority: int = field(metadata=between(1, 999))
    """The priority. Whether 1 or 999 comes first, the page does not say."""


@frozen(kw_only=True, repr=False)
class AgentPrioritiesUpdate(OpenRequest):
    """The priorities of agents of one group; they count where its strategy is `CallinStrategy.AGENT_PRIORITY`."""

    voice_group_id: int = field(metadata=KEY_ID)
    """The agent group's id."""
    params: list[AgentPriority] = field(metadata=items(1))
    """The agents with their priorities."""


@frozen(kw_only=True, repr=False)
class SdkAuthenticationCreate(OpenRequest):
    """For whom a credential of the browser phone is made, and for how long."""

    account: str
    """The account that the agent logs in with."""
    expires: int = field(metadata=between(60, 28_800))
    """For how many seconds it holds."""


@frozen(kw_only=True)
class SdkAuthentication(OpenRecord):
    """A credential with which an agent's page starts the browser phone."""

    authentication: str | None = secret(None)
    """The credential, which begins with the word `Bearer`."""
