"""The attributes of a client: a service for each family, made when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from itnio_async.api.base import Caller, Service
from itnio_async.api.paths import FAMILIES, service_of

if TYPE_CHECKING:
    from itnio_async.api.account.service import Account
    from itnio_async.api.agent_groups.service import AgentGroups
    from itnio_async.api.agents.service import Agents
    from itnio_async.api.call_records.service import CallRecords
    from itnio_async.api.call_tasks.service import CallTasks
    from itnio_async.api.group_calls.service import GroupCalls
    from itnio_async.api.numbers.service import Numbers
    from itnio_async.api.otp.service import Otp
    from itnio_async.api.sip_trunks.service import SipTrunks
    from itnio_async.api.sms.service import Sms
    from itnio_async.api.team_leaders.service import TeamLeaders
    from itnio_async.api.voice.service import Voice

S = TypeVar("S", bound=Service)


class Family(Generic[S]):
    """An attribute that is a service: of a client its own, made once, and of the client's class the service's class.

    So tools that look at classes see what a client will have: `unittest.mock.create_autospec(AsyncClient)`. The modules
    of a family are imported when it is first looked at.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, caller: None, owner: Any = None) -> type[S]: ...
    @overload
    def __get__(self, caller: Caller, owner: Any = None) -> S: ...
    def __get__(self, caller: Caller | None, owner: Any = None) -> S | type[S]:
        kind: type[S] = service_of(self._name)  # type: ignore[assignment]  # the table of families has it
        if caller is None:
            return kind
        # Found there from now on, without a further call of this.
        service = vars(caller)[self._name] = kind(caller)
        return service


class Families(Caller):
    """The services of all families, for the client that makes their calls."""

    if TYPE_CHECKING:
        sip_trunks: Family[SipTrunks]
        agent_groups: Family[AgentGroups]
        agents: Family[Agents]
        team_leaders: Family[TeamLeaders]
        call_tasks: Family[CallTasks]
        call_records: Family[CallRecords]
        sms: Family[Sms]
        otp: Family[Otp]
        voice: Family[Voice]
        group_calls: Family[GroupCalls]
        numbers: Family[Numbers]
        account: Family[Account]


for _name in FAMILIES:
    setattr(Families, _name, Family(_name))
