"""Any sequence of calls on groups, agents, team leaders and trunks leaves the sandbox as a plain model of it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from support.asking import ADD, Answer, Asker

from itnio_async.sandbox import Sandbox

_PATH = "/v3/cc"
FIRST_GROUPS = 100  # that a sandbox starts with
WINDOW = {"strTime": "2025-06-01 00:00:00", "endTime": "2025-06-30 00:00:00"}


class CallCenter(RuleBasedStateMachine):
    """`agents` and `leaders` are the groups of each, `trunks` the group of each."""

    groups = Bundle("groups")

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = Sandbox(trunks=0)
        self.sandbox.__enter__()
        self.ask = Asker(self.sandbox)
        self.names: dict[int, str] = {}
        self.agents: dict[int, int] = {}
        self.disabled: set[int] = set()
        self.leaders: dict[int, list[int]] = {}
        self.trunks: dict[int, int] = {}
        self.made = 0

    def teardown(self) -> None:
        self.sandbox.__exit__(None, None, None)

    def post(self, path: str, **body: Any) -> Answer:
        return self.ask(f"{_PATH}/{path}", body)

    def listed(self, path: str, **params: Any) -> list[dict[str, Any]]:
        answer = self.post(path, current=1, size=100, params=params)
        assert answer.code == 0
        records: list[dict[str, Any]] = answer.data["records"]
        return records

    @rule(target=groups, name=st.sampled_from(["north", "south", "east", "west"]))
    def add_group(self, name: str) -> int:
        answer = self.post("seatGroup/addGroup", appId="app", groupName=name)
        assert (answer.code == -20) == (name in self.names.values())
        (key,) = (group["voiceGroupId"] for group in self.listed("seatGroup/query", groupName=name))
        self.names[key] = name
        return int(key)

    @rule(group=groups, name=st.sampled_from(["north", "south", "centre"]))
    def rename_group(self, group: int, name: str) -> None:
        answer = self.post("seatGroup/updateGroup", voiceGroupId=group, groupName=name)
        if group not in self.names:
            assert answer.code == -22
        elif name in {other for key, other in self.names.items() if key != group}:
            assert answer.code == -20
        else:
            assert answer.code == 0
            self.names[group] = name

    @rule(group=groups)
    def delete_group(self, group: int) -> None:
        expected = 0
        if group not in self.names:
            expected = -24
        elif group in self.agents.values():
            expected = -64
        elif any(group in led for led in self.leaders.values()):
            expected = -69
        elif group in self.trunks.values():
            expected = -70
        assert self.ask(f"{_PATH}/seatGroup/deleteGroup", voiceGroupId=group).code == expected
        if not expected:
            del self.names[group]

    @rule(group=groups, size=st.integers(1, 3))
    def add_agents(self, group: int, size: int) -> None:
        answer = self.post("seat/addSeatList", voiceGroupId=group, size=size)
        assert answer.code == (0 if group in self.names else -22)
        for agent in answer.data or ():
            self.agents[agent["keyId"]] = group

    @rule(group=groups, index=st.integers(0, 5))
    def move_agent(self, group: int, index: int) -> None:
        key = index + 1
        answer = self.post("seat/updateSeat", keyId=key, voiceGroupId=str(group), name="moved", empNo=f"9{key}")
        assert answer.code == (0 if key in self.agents and group in self.names else -22)
        if not answer.code:
            self.agents[key] = group

    @rule(kind=st.sampled_from([2, 3, 4]), keys=st.lists(st.integers(1, 6), min_size=1, max_size=3))
    def change_agents(self, kind: int, keys: list[int]) -> None:
        answer = self.post("seat/batchingSeat", type=kind, idList=keys)
        assert answer.code == (0 if self.agents.keys() >= {*keys} else -22)
        if answer.code:
            return
        for key in keys:
            self.disabled.discard(key)
            if kind == 2:
                self.agents.pop(key, None)
            elif kind == 3:
                self.disabled.add(key)

    @rule(group=groups)
    def add_leader(self, group: int) -> None:
        self.made += 1
        answer = self.post("teamleader/add", name=f"leader{self.made}", voiceGroupIdList=[group])
        assert answer.code == (0 if group in self.names else -22)
        if not answer.code:
            self.leaders[answer.data] = [group]

    @rule(key=st.integers(1, 4))
    def delete_leader(self, key: int) -> None:
        answer = self.post("teamleader/batchUpdateStatus", type=2, idList=[key])
        assert answer.code == (0 if self.leaders.pop(key, None) is not None else -22)

    @rule(group=groups)
    def add_trunk(self, group: int) -> None:
        self.made += 1
        body = {
            "type": 1,
            "sipTrunkName": f"trunk{self.made}",
            "sipGatewayIp": f"192.0.2.{self.made}",
            "sipTrunkState": False,
            "groupList": [{"voiceGroupId": group}],
        }
        answer = self.ask(ADD, body)
        if group not in self.names:
            assert answer.code == -22
        elif group in self.trunks.values():
            assert answer.code == -52
        else:
            assert answer.code == 0
            self.trunks[answer.data] = group

    @invariant()
    def the_listings_are_the_model(self) -> None:
        counts = {group["voiceGroupId"]: group["countSeat"] for key in self.names.values() for group in self.found(key)}
        assert counts == {group: [*self.agents.values()].count(group) for group in self.names}
        agents = self.listed("seat/query", **WINDOW)
        assert {agent["keyId"]: agent["voiceGroupId"] for agent in agents} == self.agents
        assert {agent["keyId"] for agent in agents if agent["enable"]} == self.disabled
        leaders = self.listed("teamleader/query")
        assert {leader["keyId"]: leader["voiceGroupIdList"] for leader in leaders} == self.leaders

    def found(self, name: str) -> list[dict[str, Any]]:
        return self.listed("seatGroup/query", groupName=name)


CallCenter.TestCase.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
TestCallCenter = pytest.mark.timeout(60)(CallCenter.TestCase)
