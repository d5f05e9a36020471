"""What the tests of all families know of agent groups."""

from __future__ import annotations

from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.api.agent_groups import (
    UPLOAD_RINGTONE,
    AgentGroupAdd,
    AgentGroupSettingsUpdate,
    AgentGroupUpdate,
    CallinStrategy,
    MediaNode,
    RingtoneUpload,
    Switch,
)
from itnio_async.sandbox import Sandbox
from itnio_async.values import CLEAR
from support.seeds import APPLICATION

CALLS = {
    "agent_groups.add": lambda client: client.agent_groups.add(AgentGroupAdd(group_name="sipGroup", app_id="4luaKsL2")),
    "agent_groups.update": lambda client: client.agent_groups.update(
        AgentGroupUpdate(group_name="sipGroup", voice_group_id=123)
    ),
    "agent_groups.list": lambda client: client.agent_groups.list(group_name="4luaKsL2", size=10),
    "agent_groups.delete": lambda client: client.agent_groups.delete(1123),
    "agent_groups.update_settings": lambda client: client.agent_groups.update_settings(
        AgentGroupSettingsUpdate(
            voice_group_id=5000047,
            callin_strategy=CallinStrategy.ROUND_ROBIN,
            callin_auto_answer_sec=5,
            timeout_transfer_sec=45,
            wrap_up_time=20,
            timeout_idle=CLEAR,
            timeout_wait_sec=60,
            turn_seat_ring="turnseatring-template/120250106d88d71eb084746fcb7c77a4922d82ed1.mp3",
            label_name=[],
            display_switch=Switch.ON,
            encrypt_number=Switch.OFF,
            fs_node=MediaNode.SINGAPORE,
        )
    ),
    "agent_groups.get_settings": lambda client: client.agent_groups.get_settings(1123),
    # The samples' contents are words and not base64: they are sent as they are.
    "agent_groups.upload_ringtone": lambda client: client.call(
        UPLOAD_RINGTONE, RingtoneUpload(file_name="test.mp3", file="Base64 encoded file content")
    ),
    "agent_groups.delete_ringtone": lambda client: client.agent_groups.delete_ringtone(123),
}

LINES = {
    "agent_groups.add": "--group-name sipGroup --app-id 4luaKsL2",
    "agent_groups.update": "--group-name sipGroup --voice-group-id 123",
    "agent_groups.list": "--group-name 4luaKsL2 --limit 10",
    "agent_groups.delete": "1123 --yes",
    "agent_groups.update_settings": "--voice-group-id 5000047 --callin-strategy round-robin --callin-auto-answer-sec 5 "
    "--timeout-transfer-sec 45 --wrap-up-time 20 --timeout-idle '' --timeout-wait-sec 60 --turn-seat-ring "
    "turnseatring-template/120250106d88d71eb084746fcb7c77a4922d82ed1.mp3 --display-switch on --encrypt-number off "
    "--fs-node singapore --label-name ''",
    "agent_groups.get_settings": "1123",
    "agent_groups.delete_ringtone": "123 --yes",
}

NOT_REPEATED = {"agent_groups.add", "agent_groups.upload_ringtone"}

ASKED_ABOUT = {"agent_groups.delete", "agent_groups.delete_ringtone"}

OPEN_TYPES = {
    # (endpoint, field): why another type than the table's is sent.
    (
        "POST /v3/cc/seatGroup/addGroup",
        "appId",
    ): "Integer in the table, a text with letters in the sample and elsewhere",
}

IN_WORDS = {
    "empty clears the setting",
}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    ring = folder / "ring.mp3"
    ring.write_bytes(b"ID3" + bytes(2**20 - 3))
    groups = client.agent_groups
    await groups.add(AgentGroupAdd(app_id=APPLICATION, group_name="sales"))
    (group,) = [group async for group in groups.list(group_name="sales")]
    key = group.voice_group_id
    assert key is not None
    await groups.update(AgentGroupUpdate(voice_group_id=key, group_name="sales2"))
    stored = await groups.upload_ringtone(ring)
    await groups.update_settings(
        AgentGroupSettingsUpdate(
            voice_group_id=key,
            display_switch=Switch.ON,
            encrypt_number=Switch.OFF,
            turn_seat_ring=stored.file_name,
            label_name=["a"],
        )
    )
    settings = await groups.get_settings(key)
    assert (settings.group_id, settings.group_name) == (key, "sales2")
    assert (settings.turn_seat_ring, settings.label_name) == (stored.file_name, ["a"])
    await groups.delete_ringtone(key)
    assert (await groups.get_settings(key)).turn_seat_ring is None
    await groups.delete(key)
