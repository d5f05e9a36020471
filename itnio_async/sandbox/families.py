"""Join the families: the endpoints, tables, first records and assumptions of the whole sandbox.

A family is a package beside this module. It brings `HANDLERS`, the `TABLES` that they work on, a `seed`, and a class of
assumptions, each of which is named here once.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, setters

from itnio_async.sandbox import uploads
from itnio_async.sandbox.account import handlers as account, tables as account_tables
from itnio_async.sandbox.agent_groups import handlers as agent_groups, tables as agent_group_tables
from itnio_async.sandbox.agent_groups.assumptions import AgentGroupAssumptions
from itnio_async.sandbox.agents import handlers as agents, tables as agent_tables
from itnio_async.sandbox.agents.assumptions import AgentAssumptions
from itnio_async.sandbox.call_records import handlers as call_records, tables as call_record_tables
from itnio_async.sandbox.call_records.assumptions import CallRecordAssumptions
from itnio_async.sandbox.call_tasks import handlers as call_tasks, tables as call_task_tables
from itnio_async.sandbox.call_tasks.assumptions import CallTaskAssumptions
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.handler import Handler
from itnio_async.sandbox.sip_trunks import handlers as sip_trunks, tables as sip_trunk_tables
from itnio_async.sandbox.sip_trunks.assumptions import SipTrunkAssumptions
from itnio_async.sandbox.sip_trunks.seed import seed as seed_sip_trunks
from itnio_async.sandbox.sip_trunks.tables import Trunks
from itnio_async.sandbox.team_leaders import handlers as team_leaders, tables as team_leader_tables
from itnio_async.sandbox.team_leaders.assumptions import TeamLeaderAssumptions

_FAMILIES = (sip_trunks, agent_groups, agents, team_leaders, call_tasks, call_records, account)
HANDLERS: Mapping[str, Handler] = {handler.path: handler for family in _FAMILIES for handler in family.HANDLERS}
_TABLES = (
    sip_trunk_tables,
    agent_group_tables,
    agent_tables,
    team_leader_tables,
    call_task_tables,
    call_record_tables,
    account_tables,
    uploads,
)
TABLES = "".join(tables.TABLES for tables in _TABLES)


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class Assumptions(
    CallRecordAssumptions,
    CallTaskAssumptions,
    TeamLeaderAssumptions,
    AgentAssumptions,
    AgentGroupAssumptions,
    SipTrunkAssumptions,
):
    """The decisions; iterating lists them, assigning to one flips it for the requests that follow.

    A value that a decision cannot take raises `ConfigurationError`.
    """


def seed(database: Database, moment: str, *, trunks: int) -> None:
    """Store what a new sandbox starts with, made at `moment`; a family that has something stored is left alone."""
    seed_sip_trunks(Trunks(database), trunks, moment)
