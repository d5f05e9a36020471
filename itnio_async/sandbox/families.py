"""Join the families: the endpoints, tables, first records and assumptions of the whole sandbox.

A family is a package beside this module. It brings `HANDLERS`, the `TABLES` that they work on, a `seed`, and a class of
assumptions, each of which is named here once.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, setters

from itnio_async.sandbox.database import Database
from itnio_async.sandbox.handler import Handler
from itnio_async.sandbox.sip_trunks.assumptions import SipTrunkAssumptions
from itnio_async.sandbox.sip_trunks.handlers import HANDLERS as SIP_TRUNK_HANDLERS
from itnio_async.sandbox.sip_trunks.seed import seed as seed_sip_trunks
from itnio_async.sandbox.sip_trunks.tables import TABLES as SIP_TRUNK_TABLES, Trunks

HANDLERS: Mapping[str, Handler] = {handler.path: handler for handler in (*SIP_TRUNK_HANDLERS,)}
TABLES = SIP_TRUNK_TABLES


@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class Assumptions(SipTrunkAssumptions):
    """The decisions; iterating lists them, assigning to one flips it for the requests that follow.

    A value that a decision cannot take raises `ConfigurationError`.
    """


def seed(database: Database, moment: str, *, trunks: int) -> None:
    """Store what a new sandbox starts with, made at `moment`; a family that has something stored is left alone."""
    seed_sip_trunks(Trunks(database), trunks, moment)
