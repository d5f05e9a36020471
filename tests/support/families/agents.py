"""What the tests of all families know of agents."""

from __future__ import annotations

from pathlib import Path

from itnio_async import AsyncClient
from itnio_async.api.agents import AgentAdd, AgentPrioritiesUpdate, AgentPriority, AgentUpdate, Enabled
from itnio_async.sandbox import Sandbox
from support.seeds import GROUP

CALLS = {
    "agents.get_total": lambda client: client.agents.get_total(123),
    "agents.add": lambda client: client.agents.add(
        AgentAdd(voice_group_id=12, size=12, display_num="1234", ccode="91")
    ),
    "agents.update": lambda client: client.agents.update(
        AgentUpdate(
            key_id=12,
            name="123",
            pet_name="12",
            voice_group_id=12,
            display_num="123",
            ccode="91",
            emp_no="123",
            password="123456",
        )
    ),
    "agents.list": lambda client: client.agents.list(
        enable=Enabled.ENABLED,
        name="12",
        voice_group_id=12,
        str_time="2025-01-01 00:00:00",
        end_time="2025-02-01 12:12:12",
        size=15,
    ),
    "agents.delete": lambda client: client.agents.delete([12]),
    "agents.update_priorities": lambda client: client.agents.update_priorities(
        AgentPrioritiesUpdate(voice_group_id=2, params=[AgentPriority(key_id=1, priority=2)])
    ),
    "agents.create_sdk_authentication": lambda client: client.agents.create_sdk_authentication("0705C245_001", 3600),
}

LINES = {
    "agents.get_total": "123",
    "agents.add": "--voice-group-id 12 --size 12 --display-num 1234 --ccode 91",
    "agents.update": "--key-id 12 --name 123 --pet-name 12 --voice-group-id 12 --display-num 123 --ccode 91 "
    "--emp-no 123 --password-file PASSWORD",
    "agents.list": "--enable enabled --name 12 --voice-group-id 12 --str-time '2025-01-01 00:00:00' "
    "--end-time '2025-02-01 12:12:12' --limit 15",
    "agents.delete": "12 --yes",
    "agents.update_priorities": """--voice-group-id 2 --params '{"keyId": 1, "priority": 2}'""",
    "agents.create_sdk_authentication": "0705C245_001 3600",
}

NOT_REPEATED = {"agents.add", "agents.create_sdk_authentication"}

ASKED_ABOUT = {"agents.delete"}

OPEN_REQUIRED = {
    # Optional here, required by some pages and not known to others.
    ("POST /v3/cc/seat/query", "params.strTime"),
    ("POST /v3/cc/seat/query", "params.endTime"),
}

IN_WORDS = {
    "not above the remaining quota (-36)",
    "unique (-34)",
    "at most 32 days before endTime; yyyy-MM-dd HH:mm:ss in the sample",
}


WINDOW = {"str_time": "2025-06-01 00:00:00", "end_time": "2025-06-30 00:00:00"}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    agents = client.agents
    total = await agents.get_total(GROUP)
    added = await agents.add(AgentAdd(voice_group_id=GROUP, size=2))
    assert (await agents.get_total(GROUP)).remaining == (total.remaining or 0) - 2
    first, second = (agent.key_id or 0 for agent in added)
    change = AgentUpdate(key_id=first, voice_group_id=GROUP, name="one", emp_no="1", password="abc")
    await agents.update(change)
    ranks = [AgentPriority(key_id=second, priority=7)]
    await agents.update_priorities(AgentPrioritiesUpdate(voice_group_id=GROUP, params=ranks))
    await agents.disable([first])
    listed = {agent.key_id: agent async for agent in agents.list(voice_group_id=GROUP, **WINDOW)}
    assert (listed[first].enable, listed[first].password, listed[second].priority) == (Enabled.DISABLED, "abc", 7)
    await agents.enable([first])
    account = listed[second].account
    assert account is not None
    credential = await agents.create_sdk_authentication(account, 60)
    assert (credential.authentication or "").startswith("Bearer ")
    await agents.delete([first, second])
