"""Trunks and rows about them, as the tests of plans want them."""

from __future__ import annotations

from itnio_async import BoundGroup, GroupBinding, SipTrunk
from itnio_async.bulk.files.places import Place
from itnio_async.bulk.trunks.rows import TrunkChange


def trunk(key_id, **fields):
    """An outbound trunk, complete and all its own."""
    values = {
        "type": 1,
        "state": 1,
        "sip_trunk_name": f"t{key_id}",
        "sip_gateway_ip": f"10.0.0.{key_id}",
        "sip_trunk_state": False,
        "group_list": [BoundGroup(voice_group_id=1000 + key_id)],
    }
    return SipTrunk(key_id=key_id, **{**values, **fields})


def inbound(key_id, **fields):
    """An inbound trunk, complete and all its own."""
    groups = [BoundGroup(voice_group_id=1000 + key_id, number=f"+1555{key_id:04d}")]
    values = {"type": 2, "sip_gateway_ip": None, "sip_white_ip": f"10.1.0.{key_id}", "group_list": groups}
    return trunk(key_id, **{**values, **fields})


def row(line, key_id, **values):
    """A row that names its trunk by key id."""
    return TrunkChange(Place("trunks.csv", line), key_id, None, values)


def named(line, name, **values):
    """A row that names its trunk by name."""
    return TrunkChange(Place("trunks.csv", line), None, name, values)


def groups(*ids):
    return [GroupBinding(voice_group_id=key) for key in ids]
