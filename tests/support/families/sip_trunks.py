"""What the tests of all families know of SIP trunks."""

from __future__ import annotations

from pathlib import Path

from itnio_async import AsyncClient, GroupBinding, SipTrunkAdd, SipTrunkUpdate, TrunkDirection
from itnio_async.sandbox import Sandbox
from support.seeds import GROUP

CALLS = {
    "sip_trunks.update": lambda client: client.sip_trunks.update(
        SipTrunkUpdate(
            key_id=1,
            group_list=[GroupBinding(voice_group_id=1000026)],
            sip_trunk_name="22232",
            sip_gateway_ip="12.325.353.2",
            sip_trunk_state=False,
        )
    ),
    "sip_trunks.add": lambda client: client.sip_trunks.add(
        SipTrunkAdd(
            type=TrunkDirection.OUTBOUND,
            group_list=[GroupBinding(voice_group_id=1000026)],
            sip_trunk_name="22232",
            sip_gateway_ip="12.325.353.2",
            sip_trunk_state=False,
        )
    ),
    "sip_trunks.list": lambda client: client.sip_trunks.list(
        type=TrunkDirection.OUTBOUND, sip_trunk_name="12", size=15
    ),
}

NOT_REPEATED = {"sip_trunks.add"}

OPEN_TYPES = {
    ("POST /v3/cc/sipTrunk/add", "type"): "String in the table, a number in the sample and in the listing",
}

IN_WORDS = {
    "at least one (-48), no duplicates (-51), a group already bound is refused (-52)",
    "unique among the account's trunks (-47)",
}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    key = await client.sip_trunks.add(
        SipTrunkAdd(
            type=TrunkDirection.OUTBOUND,
            sip_trunk_name="new",
            group_list=[GroupBinding(voice_group_id=GROUP)],
            sip_gateway_ip="192.0.2.9",
            sip_trunk_state=False,
        )
    )
    trunk = next(trunk for trunk in await client.sip_trunks.list() if trunk.key_id == key)
    await client.sip_trunks.update(trunk.to_update(sip_trunk_name="newer"))
