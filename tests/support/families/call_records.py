"""What the tests of all families know of call records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.api.call_records import CallHangupReason, CallType, HangingDirection
from itnio_async.sandbox import Sandbox
from support.values import CHINA

CALLS = {
    "call_records.list": lambda client: client.call_records.list(
        "2025-01-08 00:00:00", "2025-01-09 00:00:00", voice_group_id=12, size=15
    ),
    "call_records.list_voice": lambda client: client.call_records.list_voice(
        datetime(2022, 1, 1, tzinfo=CHINA),
        datetime(2022, 1, 31, tzinfo=CHINA),
        sip_group_name="sipGroupName",
        seat_name_list=["Seats01", "Seats02"],
        call_type={CallType.GROUP_CALL},
        hangup_reason=[
            CallHangupReason.OUTBOUND_HUNG_UP,
            CallHangupReason.HUNG_UP_DURING_TRANSFER,
            CallHangupReason.INBOUND_UNANSWERED,
            CallHangupReason.INBOUND_HUNG_UP,
        ],
        called_or_caller="8613200000001",
        ccode=["86", "91"],
        hanging_direction=[HangingDirection.AGENT, HangingDirection.SYSTEM],
        label_names=["Intended customers", "High level"],
        size=10,
    ),
}

LINES = {
    "call_records.list": "'2025-01-08 00:00:00' '2025-01-09 00:00:00' --voice-group-id 12 --limit 15",
    "call_records.list_voice": "2022-01-01T00:00:00+08:00 2022-01-31T00:00:00+08:00 --sip-group-name sipGroupName "
    "--seat-name-list Seats01 --seat-name-list Seats02 --call-type group-call --hangup-reason outbound-hung-up "
    "--hangup-reason hung-up-during-transfer --hangup-reason inbound-unanswered --hangup-reason inbound-hung-up "
    "--called-or-caller 8613200000001 --ccode 86 --ccode 91 --hanging-direction agent --hanging-direction system "
    "--label-names 'Intended customers' --label-names 'High level' --limit 10",
}

IN_WORDS = {
    "documented ISO 8601 with zone; the sample is yyyy-MM-dd HH:mm:ss",
    "same contradiction as startTime",
    "at most 31 days after strTime",
}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    now = datetime.now(UTC)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    calls = [call async for call in client.call_records.list(today, datetime.now(UTC) + timedelta(seconds=1))]
    assert {call.called for call in calls} == {"911350000001", "911350000010"}
    assert [call async for call in client.call_records.list_voice(today, now, called_or_caller="1")] == []
