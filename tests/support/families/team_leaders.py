"""What the tests of all families know of team leaders."""

from __future__ import annotations

from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.api.team_leaders import Enabled, TeamLeaderAdd, TeamLeaderUpdate
from itnio_async.sandbox import Sandbox
from support.seeds import GROUP

CALLS = {
    "team_leaders.add": lambda client: client.team_leaders.add(
        TeamLeaderAdd(name="1234", pet_name="12", voice_group_id_list=[12, 13])
    ),
    "team_leaders.list": lambda client: client.team_leaders.list(
        enable=Enabled.ENABLED, name="12", voice_group_id_list=(12, 13), size=10
    ),
    "team_leaders.update": lambda client: client.team_leaders.update(
        TeamLeaderUpdate(
            key_id=5000018, pet_name=None, name="1231231231", emp_no="753874", voice_group_id_list=[1000018]
        )
    ),
    "team_leaders.delete": lambda client: client.team_leaders.delete([5000018]),
}

LINES = {
    "team_leaders.add": "--name 1234 --pet-name 12 --voice-group-id-list 12 --voice-group-id-list 13",
    "team_leaders.list": "--enable enabled --name 12 --voice-group-id-list 12 --voice-group-id-list 13 --limit 10",
    "team_leaders.update": "--key-id 5000018 --name 1231231231 --emp-no 753874 --voice-group-id-list 1000018 "
    "--null pet-name",
    "team_leaders.delete": "5000018 --yes",
}

NOT_REPEATED = {"team_leaders.add"}

ASKED_ABOUT = {"team_leaders.delete"}


# This name has 3 characters in the sample, where the table wants 4.
OTHER_VALUES = {"team_leaders.add": {"name": "1234"}}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    leaders = client.team_leaders
    key = await leaders.add(TeamLeaderAdd(name="leader"))
    assert key is not None
    await leaders.update(TeamLeaderUpdate(key_id=key, name="boss", emp_no="1", voice_group_id_list=[GROUP]))
    await leaders.disable([key])
    (leader,) = await leaders.list(name="boss")
    assert (leader.enable, leader.voice_group_id_list) == (Enabled.DISABLED, [GROUP])
    await leaders.delete([key])
