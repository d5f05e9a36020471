"""The made-up account and requests of the tests."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from typing import Any

from itnio_async import GroupBinding, SipTrunkAdd, SipTrunkUpdate, TrunkDirection

# Both secrets have characters that JSON, HTML and URLs write in another way.
KEY = "key4711public"
SECRET = 'Hush"/<&>secret\\7'
PASSWORD = 'sip"pass/<&>wört\\8'

# The zone of the pages' samples.
CHINA = timezone(timedelta(hours=8))

UPDATE_PATH = "/v3/cc/sipTrunk/update"
ADD_PATH = "/v3/cc/sipTrunk/add"
QUERY_PATH = "/v3/cc/sipTrunk/query"


def shown(value: Any) -> str:
    """A name for a case: the value's text, cut short and without addresses, the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:60]


def trunk_update(**changes: Any) -> SipTrunkUpdate:
    return SipTrunkUpdate(
        **{
            "key_id": 1,
            "sip_trunk_name": "22232",
            "group_list": [GroupBinding(voice_group_id=1000026)],
            "sip_gateway_ip": "12.325.353.2",
            "sip_trunk_state": False,
            **changes,
        }
    )


def registered_update(**changes: Any) -> SipTrunkUpdate:
    """An update with a password in it."""
    return trunk_update(sip_trunk_state=True, sip_account="alice", sip_password=PASSWORD, **changes)


def trunk_add(**changes: Any) -> SipTrunkAdd:
    return SipTrunkAdd(
        **{
            "type": TrunkDirection.OUTBOUND,
            "sip_trunk_name": "22232",
            "group_list": [GroupBinding(voice_group_id=1000026)],
            "sip_gateway_ip": "12.325.353.2",
            "sip_trunk_state": False,
            **changes,
        }
    )
