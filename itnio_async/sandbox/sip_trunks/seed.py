"""The trunks and agent groups that a new sandbox starts with: all different, and the same every time."""

from __future__ import annotations

from itnio_async.sandbox import relations
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.sip_trunks.tables import INBOUND, OUTBOUND, StoredBinding, bind

# Bound to no trunk, for updates and additions; the vendor's own sample, 1000026, is one of them.
SPARE_GROUPS = range(1_000_001, 1_000_101)
_FIRST_BOUND_GROUP = 2_000_000

# The addresses are 10.x.y.z by key id, and only two octets and a half are used for what follows the first.
MOST_TRUNKS = 1_000_000


def seed(database: Database, moment: str, *, trunks: int) -> None:
    """Store agent groups to spare and `trunks` trunks, made at `moment`, unless anything was ever stored.

    Odd key ids are outbound, even ones inbound. Trunk n has agent group 2000000 + n and the address 10.x.y.z that is
    n in base 256; an inbound one also the number +1555 and n in seven digits. Key ids 3, 7, 11, ... (outbound) have
    registration on, with an account and a password.
    """
    if database.exists("agent_group"):
        return
    with database.transaction():
        _fill(database, moment, trunks)


def _fill(database: Database, moment: str, trunks: int) -> None:
    relations.add_groups(database, ((group, f"spare{group}") for group in SPARE_GROUPS))
    relations.add_groups(database, ((_FIRST_BOUND_GROUP + n, f"group{n}") for n in range(1, trunks + 1)))
    for n in range(1, trunks + 1):
        inbound = n % 2 == 0
        registers = n % 4 == 3
        address = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
        values = {
            "type": INBOUND if inbound else OUTBOUND,
            "sip_trunk_name": f"trunk{n:05d}",
            "sip_prefix": None,
            "sip_gateway_ip": None if inbound else address,
            "sip_white_ip": address if inbound else None,
            "sip_trunk_state": registers,
            "sip_account": f"account{n}" if registers else None,
            "sip_password": f"made-up-password-{n}" if registers else None,
            "state": 1,
            "create_time": moment,
            "update_time": moment,
        }
        key_id = database.insert("trunk", values)
        bind(database, key_id, [StoredBinding(_FIRST_BOUND_GROUP + n, f"+1555{n:07d}" if inbound else None)])
