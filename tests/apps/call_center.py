"""Three things that people do with a call centre, as functions to copy.

    group APP_ID NAME GATEWAY     a group with five agents and an outbound trunk, from nothing
    call APP_ID GROUP_ID FILE     call the numbers of a spreadsheet, and follow the task to its end
    yesterday                     yesterday's calls, each with all that the vendor tells of it

Run it with `python call_center.py group 4luaKsL2 sales 198.51.100.7`, with ITNIO_API_KEY and ITNIO_API_SECRET set.
"""

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from itnio_async import AsyncClient, GroupBinding, SipTrunkAdd, TrunkDirection
from itnio_async.api.agent_groups import AgentGroupAdd, AgentGroupSettingsUpdate, Switch
from itnio_async.api.agents import AgentAdd
from itnio_async.api.call_records import CallRecord
from itnio_async.api.call_tasks import CallTaskStatus, CallTaskSubmit, CallTaskType

ENDED = {CallTaskStatus.COMPLETED, CallTaskStatus.CANCELLED, CallTaskStatus.SUBMISSION_FAILED}


async def make_group(client: AsyncClient, app_id: str, name: str, gateway: str, agents: int = 5) -> int:
    """Make a group with agents and a trunk, and return the group's id."""
    await client.agent_groups.add(AgentGroupAdd(app_id=app_id, group_name=name))
    # No id comes back: the listing has it.
    groups = [group async for group in client.agent_groups.list(group_name=name) if group.group_name == name]
    group_id = groups[0].voice_group_id
    assert group_id is not None
    await client.agent_groups.update_settings(
        AgentGroupSettingsUpdate(voice_group_id=group_id, display_switch=Switch.ON, encrypt_number=Switch.OFF)
    )
    for agent in await client.agents.add(AgentAdd(voice_group_id=group_id, size=agents)):
        print("agent", agent.key_id, agent.name)
    trunk = await client.sip_trunks.add(
        SipTrunkAdd(
            type=TrunkDirection.OUTBOUND,
            sip_trunk_name=name,
            group_list=[GroupBinding(voice_group_id=group_id)],
            sip_gateway_ip=gateway,
            sip_trunk_state=False,
        )
    )
    print("trunk", trunk)
    return group_id


async def call_numbers(client: AsyncClient, app_id: str, group_id: int, file: Path, pause: float = 10.0) -> None:
    """Call the numbers of a spreadsheet, hand those who answer to a group's agents, and print what became of each."""
    stored = await client.call_tasks.upload(file)
    assert stored.file_path is not None
    # Never in a loop that tries again: a task that is submitted twice calls everybody twice.
    task_id = await client.call_tasks.submit(
        CallTaskSubmit(
            type=CallTaskType.AGENT,
            file_path=stored.file_path,
            file_name=file.name,
            voice_group_id=[group_id],
            app_id=app_id,
            callout_rate=1,
        )
    )
    assert task_id is not None
    status = None
    while status not in ENDED:
        await asyncio.sleep(pause)
        async for task in client.call_tasks.list(task_id=task_id):
            status = task.task_status
    async for number in client.call_tasks.list_numbers(task_id).records(concurrency=4):
        print(number.encrypt_called, number.status, number.error_reason or "")


async def calls_of_yesterday(client: AsyncClient, now: datetime) -> list[CallRecord]:
    """Return the calls of the day before `now`, which has the zone whose days are meant."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [call async for call in client.call_records.list(today - timedelta(days=1), today).records(read_ahead=True)]


async def main(command: str, *arguments: str) -> None:
    async with AsyncClient() as client:
        if command == "group":
            app_id, name, gateway = arguments
            print("group", await make_group(client, app_id, name, gateway))
        elif command == "call":
            app_id, group_id, file = arguments
            await call_numbers(client, app_id, int(group_id), Path(file))
        else:
            for call in await calls_of_yesterday(client, datetime.now().astimezone()):
                # The link to the recording is among what the vendor's page of the listing could not be read for.
                print(call.call_session_id, call.encrypt_called, dict(call.extra))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
