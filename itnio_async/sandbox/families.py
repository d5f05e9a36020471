"""Join the families: the endpoints, tables, first records and assumptions of the whole sandbox.

A family is a package beside this module. It brings a `FAMILY` with its endpoints and tables, and a class of
assumptions, each of which is named here once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, setters

from itnio_async.sandbox import uploads
from itnio_async.sandbox.account import handlers as account
from itnio_async.sandbox.agent_groups import handlers as agent_groups
from itnio_async.sandbox.agent_groups.assumptions import AgentGroupAssumptions
from itnio_async.sandbox.agents import handlers as agents
from itnio_async.sandbox.agents.assumptions import AgentAssumptions
from itnio_async.sandbox.call_records import handlers as call_records
from itnio_async.sandbox.call_records.assumptions import CallRecordAssumptions
from itnio_async.sandbox.call_tasks import handlers as call_tasks
from itnio_async.sandbox.call_tasks.assumptions import CallTaskAssumptions
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.group_calls import handlers as group_calls, redials
from itnio_async.sandbox.group_calls.assumptions import GroupCallAssumptions
from itnio_async.sandbox.handler import Family, Handler
from itnio_async.sandbox.numbers import handlers as numbers
from itnio_async.sandbox.numbers.assumptions import NumberAssumptions
from itnio_async.sandbox.numbers.seed import seed as seed_numbers
from itnio_async.sandbox.otp import handlers as otp
from itnio_async.sandbox.otp.assumptions import OtpAssumptions
from itnio_async.sandbox.sip_trunks import handlers as sip_trunks
from itnio_async.sandbox.sip_trunks.assumptions import SipTrunkAssumptions
from itnio_async.sandbox.sip_trunks.seed import seed as seed_trunks
from itnio_async.sandbox.sms import handlers as sms
from itnio_async.sandbox.sms.assumptions import SmsAssumptions
from itnio_async.sandbox.team_leaders import handlers as team_leaders
from itnio_async.sandbox.team_leaders.assumptions import TeamLeaderAssumptions
from itnio_async.sandbox.times import written
from itnio_async.sandbox.voice import handlers as voice
from itnio_async.sandbox.voice.assumptions import VoiceAssumptions

_MODULES = (
    *(sip_trunks, agent_groups, agents, team_leaders, call_tasks, call_records, account),
    *(sms, otp, voice, group_calls, redials, numbers),
)
_FAMILIES: tuple[Family[Any], ...] = tuple(module.FAMILY for module in _MODULES)
HANDLERS: Mapping[str, Handler] = {handler.path: handler for family in _FAMILIES for handler in family.handlers}
TABLES = "".join((*(family.tables for family in _FAMILIES), uploads.TABLES))


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class Assumptions(
    NumberAssumptions,
    GroupCallAssumptions,
    VoiceAssumptions,
    OtpAssumptions,
    SmsAssumptions,
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


def seed(database: Database, now: float, *, trunks: int) -> None:
    """Store what an empty state starts with, at this time: numbers, agent groups, and as many trunks."""
    seed_trunks(database, written(now), trunks=trunks)
    seed_numbers(database, now)
