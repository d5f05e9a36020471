"""The call centre imitated: groups, agents, team leaders, tasks and calls that hang together."""

from __future__ import annotations

import csv
import io
import itertools
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from support.asking import ADD, UPDATE as UPDATE_TRUNK, Answer, Asker, replacement

from itnio_async.sandbox import Fault, Sandbox
from itnio_async.sandbox.families import HANDLERS
from itnio_async.sandbox.handler import AUTHENTICATION

GROUP, OTHER = 1_000_001, 1_000_002
APPLICATION = "sandbox1"
WINDOW = {"strTime": "2025-06-01 00:00:00", "endTime": "2025-06-30 00:00:00"}
MP3 = b"ID3" + bytes(range(200))
_PATH = "/v3/cc"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(trunks=2) as running:
        running.clock = Clock()
        yield running


@pytest.fixture
def ask(sandbox: Sandbox) -> Asker:
    return Asker(sandbox)


class Clock:
    """The vendor's time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


def listed(ask: Asker, path: str, size: int = 100, current: int = 1, **params: Any) -> list[dict[str, Any]]:
    answer = ask(f"{_PATH}/{path}", {"current": current, "size": size, "params": params})
    assert answer.code == 0, answer
    records: list[dict[str, Any]] = answer.data["records"]
    return records


def uploaded(ask: Asker, path: str, name: str, content: bytes) -> Answer:
    return ask(f"{_PATH}/{path}/upload", {"fileName": name, "file": b64encode(content).decode()})


def add_agents(ask: Asker, size: int = 3, group: int = GROUP) -> list[int]:
    answer = ask(f"{_PATH}/seat/addSeatList", {"voiceGroupId": group, "size": size})
    assert answer.code == 0, answer
    return [agent["keyId"] for agent in answer.data]


def agent_body(key_id: int, **changes: Any) -> dict[str, Any]:
    return {"keyId": key_id, "voiceGroupId": str(GROUP), "name": "an agent", "empNo": "4711", **changes}


# -- groups -----------------------------------------------------------------------------------------------------------


def test_a_group_from_its_making_to_its_end(ask: Asker) -> None:
    assert ask(f"{_PATH}/seatGroup/addGroup", {"appId": "4luaKsL2", "groupName": "sales"}) == Answer(
        0, None, "0 documented", "success"
    )
    (group,) = listed(ask, "seatGroup/query", groupName="sales")
    assert group["appName"] == "application 4luaKsL2"
    assert group["countSeat"] == 0
    key = group["voiceGroupId"]
    assert ask(f"{_PATH}/seatGroup/updateGroup", {"voiceGroupId": key, "groupName": "sales2"}).code == 0
    assert [one["voiceGroupId"] for one in listed(ask, "seatGroup/query", groupName="les2")] == [key]
    assert ask(f"{_PATH}/seatGroup/deleteGroup", voiceGroupId=key).rule == "0 documented"
    assert ask(f"{_PATH}/seatGroup/deleteGroup", voiceGroupId=key).rule == "24 documented"
    assert listed(ask, "seatGroup/query", groupName="sales2") == []


def test_a_group_that_is_in_use_is_not_deleted(ask: Asker, sandbox: Sandbox) -> None:
    def refused() -> str:
        return ask(f"{_PATH}/seatGroup/deleteGroup", voiceGroupId=GROUP).rule

    trunk = {"type": 2, "sipTrunkName": "new", "sipWhiteIp": "192.0.2.9", "sipTrunkState": False}
    trunk_id = ask(ADD, {**trunk, "groupList": [{"voiceGroupId": GROUP, "number": "+15557"}]}).data
    leader = ask(f"{_PATH}/teamleader/add", {"name": "leader", "voiceGroupIdList": [GROUP]}).data
    agents = add_agents(ask)
    assert refused() == "64 documented"
    assert ask(f"{_PATH}/seat/batchingSeat", {"type": 2, "idList": agents}).code == 0
    assert refused() == "69 documented"
    assert ask(f"{_PATH}/teamleader/batchUpdateStatus", {"type": 2, "idList": [leader]}).code == 0
    assert refused() == "70 documented"
    groups = [{"voiceGroupId": OTHER, "number": "+15557"}]
    assert ask(UPDATE_TRUNK, replacement(sandbox.trunk(trunk_id), groupList=groups)).code == 0
    assert refused() == "0 documented"
    assert GROUP not in {group.voice_group_id for group in sandbox.agent_groups}


def settings(**changes: Any) -> dict[str, Any]:
    return {"voiceGroupId": GROUP, "displaySwitch": 0, "encryptNumber": 1, **changes}


def test_settings_are_kept_cleared_and_read(ask: Asker, sandbox: Sandbox) -> None:
    def set_to(**changes: Any) -> dict[str, Any]:
        assert ask(f"{_PATH}/seatGroup/basicSetting", settings(**changes)).code == 0
        data: dict[str, Any] = ask(f"{_PATH}/seatGroup/basicSettingResp", voiceGroupId=GROUP).data
        return data

    first = set_to(timeoutIdle=5, wrapUpTime=20, labelName=["a", "b"], fsNode="SG_FS", callinStrategy=4)
    assert (first["timeoutIdle"], first["wrapUpTime"], first["labelName"]) == (5, 20, ["a", "b"])
    assert first["seatGroupId"] == GROUP
    assert (first["displaySwitch"], first["encryptNumber"], first["fsNode"]) == (0, 1, "SG_FS")
    second = set_to(timeoutIdle="", wrapUpTime=None, labelName=[])
    assert (second["timeoutIdle"], second["wrapUpTime"], second["labelName"]) == (None, None, [])
    assert second["callinStrategy"] == 4
    sandbox.assumptions.change_left_out = "clears"
    sandbox.assumptions.group_settings_id = "voiceGroupId"
    third = set_to()
    assert third["callinStrategy"] is None
    assert third["voiceGroupId"] == GROUP


def test_a_ringtone(ask: Asker, sandbox: Sandbox) -> None:
    answer = uploaded(ask, "seatGroup", "ring.mp3", MP3)
    assert answer.rule == "0 documented"
    name = answer.data["fileName"]
    assert name.endswith(".mp3")
    assert ask(f"{_PATH}/seatGroup/basicSetting", settings(turnSeatRing=name)).code == 0
    data = ask(f"{_PATH}/seatGroup/basicSettingResp", voiceGroupId=GROUP).data
    assert data["turnSeatRing"] == name
    assert data["turnSeatRingUrl"].endswith(name)
    assert ask(f"{_PATH}/seatGroup/delete/optionaudio", {"seatGroupId": GROUP}).code == 0
    assert ask(f"{_PATH}/seatGroup/basicSettingResp", voiceGroupId=GROUP).data["turnSeatRing"] is None


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("ring.wav", b"RIFF0000WAVE" + bytes(9), "0 documented"),
        ("ring.ogg", MP3, "27 documented"),
        ("ring.mp3", b"no sound", "27 documented"),
        ("a" * 30 + ".mp3", MP3, "22 documented"),
        ("ring.mp3", MP3 + bytes(2**20), "38 documented"),
    ],
)
def test_ringtones_that_are_refused(ask: Asker, name: str, content: bytes, rule: str) -> None:
    # Which of two codes a wrong form has, and how it is told, are assumptions.
    assert uploaded(ask, "seatGroup", name, content).rule.split()[0] == rule.split()[0]


def test_what_is_not_base64(ask: Asker) -> None:
    for path, rule in (("seatGroup", "21 assumed"), ("preview", "39 assumed")):
        assert ask(f"{_PATH}/{path}/upload", {"fileName": "ring.mp3", "file": "not base64!"}).rule == rule


# -- agents -----------------------------------------------------------------------------------------------------------


def test_agents_from_their_making_to_their_end(ask: Asker) -> None:
    assert ask(f"{_PATH}/seat/querySipTotal", voiceGroupId=GROUP).data == {"total": 100, "remaining": 100}
    first, second, third = add_agents(ask, 3)
    assert ask(f"{_PATH}/seat/querySipTotal", voiceGroupId=GROUP).data == {"total": 100, "remaining": 97}
    change = agent_body(first, petName="Al", password="abc123", displayNum="+49", ccode="49")
    assert ask(f"{_PATH}/seat/updateSeat", change).rule == "0 documented"
    assert ask(f"{_PATH}/seat/batchingSeat", {"type": 3, "idList": [second]}).code == 0
    ranks = {"voiceGroupId": GROUP, "params": [{"keyId": third, "priority": 999}]}
    assert ask(f"{_PATH}/seat/updatePriority", ranks).code == 0
    agents = {agent["keyId"]: agent for agent in listed(ask, "seat/query", voiceGroupId=GROUP, **WINDOW)}
    assert (agents[first]["petName"], agents[first]["password"], agents[first]["empNo"]) == ("Al", "abc123", "4711")
    assert [agents[key]["enable"] for key in (first, second, third)] == [0, 1, 0]
    assert agents[third]["priority"] == 999
    assert [one["keyId"] for one in listed(ask, "seat/query", enable=1, **WINDOW)] == [second]
    assert [one["keyId"] for one in listed(ask, "seat/query", name="an ag", **WINDOW)] == [first]
    assert ask(f"{_PATH}/seat/batchingSeat", {"type": 4, "idList": [second]}).code == 0
    assert ask(f"{_PATH}/seat/batchingSeat", {"type": 2, "idList": [first, second]}).code == 0
    assert [one["keyId"] for one in listed(ask, "seat/query", **WINDOW)] == [third]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"keyId": 99}, "22 assumed"),
        ({"voiceGroupId": "7"}, "22 assumed"),
        ({"empNo": "000002"}, "34 documented"),
        ({"password": "a b"}, "64 documented"),
        ({"ccode": "999"}, "66 documented"),
        ({"name": ""}, "22 documented"),
        ({"name": 5}, "22 documented"),
        ({"other": 1}, "22 assumed"),
    ],
)
def test_changes_of_an_agent_that_are_refused(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    add_agents(ask)
    assert ask(f"{_PATH}/seat/updateSeat", agent_body(1, **changes)).rule == rule


def test_an_agent_does_not_change_applications(ask: Asker) -> None:
    ask(f"{_PATH}/seatGroup/addGroup", {"appId": "another", "groupName": "there"})
    (group,) = listed(ask, "seatGroup/query", groupName="there")
    (agent,) = add_agents(ask, 1)
    body = agent_body(agent, voiceGroupId=group["voiceGroupId"])
    assert ask(f"{_PATH}/seat/updateSeat", body).rule == "65 documented"


def test_the_quota_of_agents(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.agent_quota = 2
    body = {"voiceGroupId": GROUP, "size": 3}
    assert ask(f"{_PATH}/seat/addSeatList", body).rule == "36 documented"
    add_agents(ask, 2)
    assert ask(f"{_PATH}/seat/addSeatList", {"voiceGroupId": OTHER, "size": 2}).code == 0
    sandbox.assumptions.agent_quota_of = "account"
    assert ask(f"{_PATH}/seat/addSeatList", {"voiceGroupId": OTHER, "size": 1}).code == -36


def test_a_batch_is_done_whole_or_not_at_all_unless_assumed_otherwise(ask: Asker, sandbox: Sandbox) -> None:
    first, second = add_agents(ask, 2)
    batch = {"type": 3, "idList": [first, 99, second]}
    assert ask(f"{_PATH}/seat/batchingSeat", batch).rule == "22 assumed"
    assert [one["enable"] for one in listed(ask, "seat/query", **WINDOW)] == [0, 0]
    sandbox.assumptions.batch = "until one fails"
    sandbox.assumptions.unknown_id_code = -24
    assert ask(f"{_PATH}/seat/batchingSeat", batch).rule == "24 assumed"
    assert [one["enable"] for one in listed(ask, "seat/query", **WINDOW)] == [1, 0]


def test_a_credential_ends_the_one_before(ask: Asker, sandbox: Sandbox) -> None:
    add_agents(ask, 1)
    account = f"SB{GROUP}_001"
    made = [
        ask(f"{_PATH}/seat/createSdkAuthentication", {"account": account, "expires": 60}).data["authentication"]
        for _ in range(2)
    ]
    assert all(text.startswith("Bearer ") for text in made)
    assert made[0] != made[1]
    unknown = {"account": "nobody", "expires": 60}
    assert ask(f"{_PATH}/seat/createSdkAuthentication", unknown).rule == "24 documented"
    too_long = {"account": account, "expires": 28_801}
    assert ask(f"{_PATH}/seat/createSdkAuthentication", too_long).rule == "22 documented"


# -- team leaders -----------------------------------------------------------------------------------------------------


def test_team_leaders_from_their_making_to_their_end(ask: Asker) -> None:
    key = ask(f"{_PATH}/teamleader/add", {"name": "leader", "petName": "L", "voiceGroupIdList": [GROUP, OTHER]}).data
    other = ask(f"{_PATH}/teamleader/add", {"name": "other"}).data
    (leader,) = listed(ask, "teamleader/query", voiceGroupIdList=[GROUP])
    assert (leader["keyId"], leader["voiceGroupNameList"]) == (key, [f"spare{GROUP}", f"spare{OTHER}"])
    body = {"keyId": key, "name": "boss", "empNo": "77", "voiceGroupIdList": [OTHER], "password": "p1"}
    assert ask(f"{_PATH}/teamleader/update", body).rule == "0 documented"
    (leader,) = listed(ask, "teamleader/query", name="boss")
    assert (leader["empNo"], leader["petName"], leader["password"], leader["voiceGroupIdList"]) == (
        "77",
        "L",
        "p1",
        [OTHER],
    )
    assert ask(f"{_PATH}/teamleader/update", {**body, "keyId": other}).rule == "33 documented"
    assert ask(f"{_PATH}/teamleader/update", {**body, "keyId": other, "name": "new boss"}).rule == "34 documented"
    assert ask(f"{_PATH}/teamleader/update", {**body, "empNo": "x"}).rule == "22 documented"
    assert ask(f"{_PATH}/teamleader/add", {"name": "boss"}).rule == "33 assumed"
    assert ask(f"{_PATH}/teamleader/add", {"name": "abc"}).rule == "22 assumed"
    assert ask(f"{_PATH}/teamleader/batchUpdateStatus", {"type": 3, "idList": [key]}).code == 0
    assert [one["keyId"] for one in listed(ask, "teamleader/query", enable=1)] == [key]
    assert ask(f"{_PATH}/teamleader/batchUpdateStatus", {"type": 2, "idList": [key, other]}).code == 0
    assert listed(ask, "teamleader/query") == []


# -- tasks and calls --------------------------------------------------------------------------------------------------


def sheet(*rows: tuple[str, ...], headers: tuple[str, ...] = ("number", "name")) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([headers, *rows])
    return text.getvalue().encode()


NUMBERS = [(f"9113500000{n:02d}", f"callee {n}") for n in range(1, 21)]


def submitted(ask: Asker, content: bytes | None = None, **changes: Any) -> Answer:
    stored = uploaded(ask, "preview", "numbers.csv", sheet(*NUMBERS) if content is None else content)
    assert stored.code == 0, stored
    body = {
        "filePath": stored.data["filePath"],
        "fileName": "numbers.csv",
        "type": 1,
        "voiceGroupId": [GROUP],
        "appId": APPLICATION,
        "calloutRate": 1,
        "displayNum": "4930",
        "ccode": "91",
        **changes,
    }
    return ask(f"{_PATH}/preview/submitTask", {name: value for name, value in body.items() if value is not ...})


def after(sandbox: Sandbox, seconds: float) -> None:
    clock = sandbox.clock
    assert isinstance(clock, Clock)
    clock.now += seconds


def test_a_task_calls_the_numbers_of_its_sheet(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.call_seconds = 10.0
    agents = add_agents(ask, 2)
    answer = submitted(ask)
    assert answer.rule == "0 documented"
    (task,) = listed(ask, "preview/query", taskId=str(answer.data))
    assert (task["taskStatus"], task["totalCount"], task["remainCount"], task["finishFlag"]) == (11, 20, 20, 0)
    numbers = listed(ask, "preview/queryTaskDetail", taskId=answer.data)
    assert [number["status"] for number in numbers] == [1] * 10 + [5] * 10
    assert (numbers[0]["var01"], numbers[0]["var02"]) == NUMBERS[0]

    after(sandbox, 12)
    (task,) = listed(ask, "preview/query", taskStatus=[11])
    assert (task["remainCount"], task["completedRate"], task["callFailuresNum"]) == (10, "50.00%", 1)
    assert [one["keyId"] for one in listed(ask, "preview/queryTaskDetail", taskId=answer.data, statusList=[7])] == [10]
    # One who is on a call is not changed, and a group whose task runs keeps its agents.
    assert ask(f"{_PATH}/seat/updateSeat", agent_body(agents[0])).rule == "67 documented"
    assert ask(f"{_PATH}/seat/batchingSeat", {"type": 2, "idList": agents}).rule == "67 documented"
    after(sandbox, 7.9)
    assert [agent["status"] for agent in listed(ask, "seat/query", **WINDOW)] == [3, 3]

    after(sandbox, 1)
    (task,) = listed(ask, "preview/query", finishFlag=1)
    assert (task["taskStatus"], task["remainCount"], task["callFailuresNum"], task["transfersNum"]) == (12, 0, 2, 18)
    numbers = listed(ask, "preview/queryTaskDetail", taskId=answer.data)
    assert [number["errorReason"] for number in numbers if number["status"] == 7] == ["busy", "busy"]
    assert {number["seatName"] for number in numbers if number["status"] == 9} == {"agent00001", "agent00002"}
    calls = records(ask)
    assert [call["called"] for call in calls] == [number for number, _ in NUMBERS]
    assert {call["agentName"] for call in calls if call["voiceUrl"]} == {"agent00001", "agent00002"}
    counted = listed(ask, "seat/query", **WINDOW)
    assert [agent["connectNum"] for agent in counted] == [10, 8]
    assert ask(f"{_PATH}/seat/batchingSeat", {"type": 2, "idList": agents}).code == 0


def records(ask: Asker, **params: Any) -> list[dict[str, Any]]:
    window = {"startTime": "2025-06-15 00:00:00", "endTime": "2025-06-16T23:00:00+08:00"}
    return listed(ask, "record/query", **{**window, **params})


def test_the_calls_can_be_asked_for_by_all_that_they_are(ask: Asker, sandbox: Sandbox) -> None:
    first, _ = add_agents(ask, 2)
    assert ask(f"{_PATH}/seatGroup/basicSetting", settings(encryptNumber=0)).code == 0
    submitted(ask)
    submitted(ask, type=0, voiceGroupId=[OTHER], appId=...)
    after(sandbox, 60)
    assert len(records(ask)) == 40
    asked: list[tuple[dict[str, Any], int]] = [
        ({"voiceGroupId": GROUP}, 20),
        ({"sipGroupName": f"spare{OTHER}"}, 20),
        ({"seatId": [first]}, 10),
        ({"seatNameList": ["agent00002"]}, 8),
        ({"callType": [1]}, 20),
        ({"callType": [1, 3]}, 40),
        ({"callType": [2]}, 0),
        ({"hangupReason": [7]}, 4),
        ({"hangingDirection": [0]}, 36),
        ({"ccode": ["91"]}, 40),
        ({"ccode": ["49"]}, 0),
        ({"calledOrCaller": NUMBERS[3][0]}, 2),
        ({"calledOrCaller": "4930"}, 40),
        ({"labelNames": ["a"]}, 0),
        ({"startTime": "2025-06-15 23:00:00"}, 0),
    ]
    for params, count in asked:
        assert len(records(ask, **params)) == count, params
    (masked, plain) = (records(ask, voiceGroupId=group)[0] for group in (GROUP, OTHER))
    assert (masked["called"], masked["encryptCalled"]) == ("911350000001", "911****01")
    assert plain["encryptCalled"] == plain["called"]
    sandbox.assumptions.record_fields = "as read"
    assert records(ask)[0].keys() == {"keyId", "callSessionId", "called", "encryptCalled", "calledInfo"}
    page = {"current": 1, "size": 100}
    voice = {"strTime": "2025-06-15T00:00:00+00:00", "endTime": "2025-06-16T00:00:00+00:00"}
    assert ask("/voice/ccRecordQuery", {**page, "params": voice}).data["total"] == 40
    for start, end in (("2025-05-15", "2025-06-16"), ("2025-06-16", "2025-06-15"), ("2025-01-01", "2025-01-02")):
        window = {"strTime": f"{start}T00:00:00+00:00", "endTime": f"{end}T00:00:00+00:00"}
        assert ask("/voice/ccRecordQuery", {**page, "params": window}).code == -22


def test_a_task_is_cancelled_and_its_rest_called_again(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.call_seconds = 10.0
    sandbox.assumptions.resent_task_answered = "id"
    add_agents(ask)
    task = submitted(ask).data
    resend = {"taskId": task, "resendType": 2, "type": 0, "voiceGroupId": [GROUP]}
    path = f"{_PATH}/preview/resendTask"
    assert ask(path, resend).rule == "41 documented"
    after(sandbox, 5)
    change = {"taskId": str(task), "remark": "later", "calloutRate": 3}
    assert ask(f"{_PATH}/preview/agent/editTask", change).code == 0
    assert ask(f"{_PATH}/preview/agent/cancelTask", {"taskId": task}).code == 0
    assert ask(f"{_PATH}/preview/agent/cancelTask", {"taskId": task}).rule == "22 assumed"
    sandbox.assumptions.ended_task_code = 0
    assert ask(f"{_PATH}/preview/agent/cancelTask", {"taskId": task}).rule == "0 assumed"
    after(sandbox, 20)
    (listing,) = listed(ask, "preview/query", taskId=task)
    assert (listing["taskStatus"], listing["remainCount"], listing["remark"]) == (14, 10, "later")
    statuses = [number["status"] for number in listed(ask, "preview/queryTaskDetail", taskId=task)]
    assert statuses == [9] * 9 + [7] + [5] * 10
    assert len(records(ask)) == 10
    again = ask(path, resend).data
    numbers = [one["var01"] for one in listed(ask, "preview/queryTaskDetail", taskId=again)]
    assert numbers == [number for number, _ in NUMBERS[10:]]
    failed = ask(path, {**resend, "resendType": 1}).data
    assert len(listed(ask, "preview/queryTaskDetail", taskId=failed)) == 1
    everything = ask(path, {**resend, "taskId": str(task), "resendType": 3}).data
    assert len(listed(ask, "preview/queryTaskDetail", taskId=everything)) == 20
    after(sandbox, 20)
    assert ask(path, {**resend, "taskId": failed, "resendType": 2}).rule == "42 documented"


def test_a_task_without_agents_or_with_words_for_numbers(ask: Asker, sandbox: Sandbox) -> None:
    rows = [("911350000001", "a"), ("nobody", "b"), ("911350000001", "c"), ("", "d")]
    stored = uploaded(ask, "preview", "numbers.csv", sheet(*rows))
    assert stored.data["numberTotalCount"] == 3
    assert stored.data["numberSameCount"] == 1
    task = submitted(ask, sheet(*rows)).data
    after(sandbox, 60)
    numbers = listed(ask, "preview/queryTaskDetail", taskId=task)
    assert [(one["var01"], one["errorReason"]) for one in numbers] == [
        ("911350000001", "no agent"),
        ("nobody", "not a number"),
    ]


def test_a_workbook_is_a_sheet_too(ask: Asker) -> None:
    book = openpyxl.Workbook()
    book.active.append(["number", "name"])
    book.active.append([911350000001, "a"])
    content = io.BytesIO()
    book.save(content)
    task = submitted(ask, content.getvalue()).data
    (number,) = listed(ask, "preview/queryTaskDetail", taskId=task)
    assert (number["var01"], number["var02"]) == ("911350000001", "a")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"PK\x03\x04 but no workbook", "39 assumed"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "39 assumed"),
        (b"number\n" + b"1234567\n" * 100_001, "40 documented"),
        (b"number\n" + b"1234567\n" * 100_000, "0 documented"),
    ],
)
def test_sheets_that_are_refused(ask: Asker, content: bytes, rule: str) -> None:
    assert uploaded(ask, "preview", "numbers.csv", content).rule == rule


def test_a_sheet_that_is_too_large(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.callee_file_bytes = 100
    assert uploaded(ask, "preview", "numbers.csv", sheet(*NUMBERS)).rule == "38 assumed"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"voiceGroupId": [GROUP, OTHER]}, "22 documented"),
        ({"voiceGroupId": ...}, "22 documented"),
        ({"appId": ...}, "22 documented"),
        ({"calloutRate": ...}, "22 documented"),
        ({"voiceGroupId": [7]}, "22 assumed"),
        ({"appId": "another"}, "74 documented"),
        ({"filePath": "/nowhere.csv"}, "22 assumed"),
        ({"maxRingingTime": 19}, "22 documented"),
        ({"displayNum": "a b"}, "22 documented"),
        ({"type": 2}, "22 documented"),
        ({"content": sheet(*NUMBERS, headers=("number", "number"))}, "43 documented"),
        ({"content": sheet()}, "22 assumed"),
        ({"type": 0, "voiceGroupId": [GROUP, OTHER], "calloutRate": ...}, "0 documented"),
    ],
)
def test_tasks_that_are_refused(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    answer = submitted(ask, **changes)
    assert answer.rule == rule
    assert len(listed(ask, "preview/query")) == (answer.code == 0)


def test_an_automatic_task_cannot_be_cancelled_unless_assumed(ask: Asker, sandbox: Sandbox) -> None:
    task = submitted(ask, type=0).data
    assert ask(f"{_PATH}/preview/agent/cancelTask", {"taskId": task}).rule == "22 assumed"
    sandbox.assumptions.automatic_task_cancelled = True
    assert ask(f"{_PATH}/preview/agent/cancelTask", {"taskId": task}).rule == "0 assumed"


def test_tasks_are_found_by_their_day(ask: Asker) -> None:
    submitted(ask)
    for params, count in (
        ({"startTime": "2025-06-15", "endTime": "2025-06-15"}, 1),
        ({"startTime": "2025-06-16"}, 0),
        ({"endTime": "2025-06-14"}, 0),
        ({"voiceGroupIds": [OTHER]}, 0),
        ({"voiceGroupIds": [OTHER, GROUP], "taskType": 1}, 1),
        ({"taskId": "x"}, 0),
    ):
        assert len(listed(ask, "preview/query", **params)) == count, params


def test_the_balance_stands_beside_the_status(ask: Asker) -> None:
    assert ask("/sms/getBalance").data == {"balance": "100.00", "gift": "0.00", "credit": "0.00"}


# -- of all endpoints -------------------------------------------------------------------------------------------------

OF_THE_CALL_CENTRE = {path: handler for path, handler in HANDLERS.items() if "sipTrunk" not in path}


@pytest.mark.parametrize("path", OF_THE_CALL_CENTRE)
def test_every_code_of_a_page_comes_on_demand(ask: Asker, sandbox: Sandbox, path: str) -> None:
    handler = OF_THE_CALL_CENTRE[path]
    assert handler.codes is not None
    for code in sorted(handler.codes):
        order = sandbox.order(Fault(f"minus{-code}", endpoint=handler.address, count=1))
        answer = ask_with(ask, path, {})
        assert answer.code == code
        assert order.struck == 1
        expected = "assumed" if code in handler.without_condition else "documented"
        assert answer.rule == f"{-code} {expected}"
    assert handler.codes >= AUTHENTICATION


def ask_with(ask: Asker, path: str, body: Any) -> Answer:
    """Ask an endpoint by its own method, with 1 for each id in its path; a GET has no body."""
    method, address = OF_THE_CALL_CENTRE[path].method, re.sub(r"[{]\w+[}]", "1", path)
    return ask.put(address, body) if method == "PUT" else ask(address, None if method == "GET" else body)


def requires_fields(path: str) -> bool:
    """Tell whether an endpoint requires a field beside the ids in its path."""
    fields = OF_THE_CALL_CENTRE[path].fields
    return any(field.required and f"{{{name}}}" not in path for name, field in fields.items())


@pytest.mark.parametrize("path", [path for path in OF_THE_CALL_CENTRE if requires_fields(path)])
def test_a_request_without_its_fields_is_refused(ask: Asker, path: str) -> None:
    handler = OF_THE_CALL_CENTRE[path]
    answer = ask_with(ask, path, {})
    assert answer.rule == "22 documented"
    assert answer.text.startswith("a field is required: ")
    if handler.method == "GET":
        assert ask(path, voiceGroupId="x").rule == "22 documented"
    else:
        mistyped = ask_with(ask, path, {name: {} for name in handler.fields})
        assert mistyped.text.startswith("a field has another type")


LISTINGS = ("seatGroup/query", "seat/query", "teamleader/query", "preview/query")


@pytest.mark.parametrize("path", LISTINGS)
def test_pages_have_each_record_once(ask: Asker, sandbox: Sandbox, path: str) -> None:
    sandbox.assumptions.agent_window_required = False
    add_agents(ask, 7)
    for number in range(7):
        assert ask(f"{_PATH}/teamleader/add", {"name": f"leader{number}"}).code == 0
        submitted(ask)

    def paged(size: int) -> list[dict[str, Any]]:
        pages = (listed(ask, path, size=size, current=current) for current in itertools.count(1))
        return list(itertools.chain.from_iterable(itertools.takewhile(bool, pages)))

    whole = paged(100)
    assert len(whole) >= 7
    assert paged(7) == whole
    sandbox.assumptions.listed_order = "newest first"
    assert paged(50) == whole[::-1]


def test_what_is_stored_outlives_the_sandbox(tmp_path: Any) -> None:
    state = tmp_path / "state"
    with Sandbox(trunks=1, state=state) as sandbox:
        ask = Asker(sandbox)
        add_agents(ask, 2)
        submitted(ask)
        ask(f"{_PATH}/teamleader/add", {"name": "leader"})
        kept = {path: listed(ask, path) for path in ("teamleader/query", "seatGroup/query")}
    with Sandbox(state=state) as sandbox:
        ask = Asker(sandbox)
        sandbox.assumptions.agent_window_required = False
        assert {path: listed(ask, path) for path in kept} == kept
        assert len(listed(ask, "seat/query")) == 2
        assert len(listed(ask, "preview/query")) == 1
        assert "madeup1" not in repr(sandbox.requests)
