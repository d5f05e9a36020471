"""Group calls imitated: tasks over time, who may be changed, resent and cancelled, and the redials that follow."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.asking import Answer, Asker, headers_for
from support.seeds import APPLICATION, GROUP

from itnio_async.sandbox import Sandbox

TASKS, REDIALS = "/voice/group/call", "/voice/recallFlow"
NOW = "2025-06-15 15:06:40"
WINDOW = {"strTime": "2025-06-15 00:00:00", "endTime": "2025-06-16 00:00:00"}
# Every tenth is busy.
NUMBERS = [f"49151000000{number:02d}" for number in range(1, 21)]
WAITING, CALLING, COMPLETED, CANCELLED = 0, 1, 2, 4
PENDING, IN_PROGRESS, DONE, GIVEN_UP = 0, 1, 2, 3


class Clock:
    """The vendor's time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    with Sandbox(trunks=2) as running:
        running.clock = clock
        running.assumptions.call_seconds = 10.0
        yield running


@pytest.fixture
def ask(sandbox: Sandbox) -> Asker:
    return Asker(sandbox)


TEXT = {"source": 3, "text": "hello", "lan": "EN"}


def sent(ask: Asker, name: str = "spring", **changes: Any) -> Answer:
    body = {"appId": APPLICATION, "taskName": name, "numberList": NUMBERS, "loopCount": 1, "maxCalls": 60, **TEXT}
    return ask(f"{TASKS}/send", without_gaps(body | changes))


def without_gaps(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not ...}


def sent_ai(ask: Asker, name: str, kind: str = "ai") -> int:
    numbers = {"numberList": NUMBERS} if kind == "ai" else {"numberInfoList": [{"calleeNumber": NUMBERS[0]}]}
    key: int = ask(f"{TASKS}/send/{kind}", {"appId": APPLICATION, "taskName": name, **numbers}).data
    return key


def detail(ask: Asker, key: int) -> dict[str, Any]:
    answer = ask(f"{TASKS}/detail/{key}")
    assert answer.code == 0
    data: dict[str, Any] = answer.data
    return data


def listed(ask: Asker, path: str = f"{TASKS}/query", **params: Any) -> list[dict[str, Any]]:
    answer = ask(path, {"current": 1, "size": 100, "params": WINDOW | params})
    assert answer.code == 0, answer
    records: list[dict[str, Any]] = answer.data["records"]
    return records


# -- tasks ------------------------------------------------------------------------------------------------------------


def test_a_task_waits_calls_and_is_completed(ask: Asker, clock: Clock) -> None:
    key = sent(ask, sendTime="2025-06-15 15:07:40").data
    task = detail(ask, key)
    assert (task["status"], task["callTotal"], task["rate"], task["createdTime"]) == (WAITING, 0, "0.00%", NOW)
    clock.now += 60
    assert detail(ask, key)["status"] == CALLING
    clock.now += 10  # ten at a time, ten seconds each
    task = detail(ask, key)
    assert (task["status"], task["callTotal"], task["success"], task["fail"]) == (CALLING, 10, 9, 1)
    (record,) = listed(ask)
    assert (record["jobId"], record["callNum"], record["success"], record["fail"]) == (key, 10, 9, 1)
    assert (record["rate"], record["numCnt"]) == ("50.00%", 20)
    clock.now += 10
    task = detail(ask, key)
    assert (task["status"], task["success"], task["fail"], task["successRate"]) == (COMPLETED, 18, 2, "90.00%")
    assert task["finishTime"] == "2025-06-15 15:08:00"
    assert (task["source"], task["text"], task["lan"], task["maxCalls"]) == (3, "hello", "EN", 60)


def test_a_task_in_the_past_begins_at_once(ask: Asker) -> None:
    assert detail(ask, sent(ask, sendTime="2025-06-14 00:00:00").data)["status"] == CALLING


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"numberList": ...}, "22 documented"),
        ({"numberList": [], "numberInfoList": []}, "22 documented"),
        ({"numberList": ["123456"]}, "22 documented"),
        ({"numberList": ..., "numberInfoList": [{"calleeNumber": NUMBERS[0], "text1": "Ada"}]}, "0 documented"),
        ({"source": 1}, "22 documented"),
        ({"source": 2, "uploadName": "hello.mp3"}, "22 documented"),
        ({"source": 2, "uploadName": "hello.mp3", "baseFile": "no base64"}, "22 assumed"),
        ({"source": 2, "uploadName": "hello.mp3", "baseFile": b64encode(b"ID3").decode()}, "0 documented"),
        ({"lan": ""}, "22 documented"),
        ({"hangUpSms": 1}, "22 documented"),
        ({"hangUpSms": 1, "smsAppId": "7", "smsContent": "hi"}, "22 documented"),
        ({"hangUpSms": 1, "smsAppId": "7", "smsContent": "hi", "failedPush": 1}, "0 documented"),
        ({"hangUpSms": 1, "smsAppId": "7", "smsContent": "hi", "feedbackPush": 1}, "22 documented"),
        ({"toSeat": 1, "sipGroupId": GROUP}, "22 documented"),
        ({"toSeat": 1, "sipGroupId": 7, "outboundControl": 1, "calloutRate": 1, "toSeatType": 1}, "22 assumed"),
        ({"taskName": "taken"}, "20 assumed"),
    ],
    ids=str,
)
def test_what_a_task_needs(ask: Asker, changes: dict[str, Any], rule: str) -> None:
    assert sent(ask, "taken").code == 0
    assert sent(ask, **changes).rule == rule


def test_how_many_tasks_there_may_be(ask: Asker, sandbox: Sandbox) -> None:
    sandbox.assumptions.group_call_quota = 1
    assert [sent(ask, name).code for name in ("one", "two")] == [0, -23]


def test_a_waiting_task_is_changed(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    key = sent(ask, sendTime="2025-06-15 15:07:40", displayNum="4930").data
    other = sent(ask, "other").data

    def changed(**changes: Any) -> Answer:
        return ask(f"{TASKS}/update", without_gaps({"keyId": key, "taskName": "spring", **TEXT, **changes}))

    assert changed(taskName="other").rule == "20 assumed"
    assert changed(keyId=99).rule == "22 assumed"
    assert changed(text="good day").rule == "0 documented"
    task = detail(ask, key)
    assert (task["text"], task["displayNum"], task["sendTime"]) == ("good day", "4930", "2025-06-15 15:07:40")
    assert changed(displayNum="", sendTime="2025-06-15 16:00:00").code == 0
    clock.now += 60
    task = detail(ask, key)
    assert (task["status"], task["displayNum"], task["createdTime"]) == (WAITING, None, NOW)
    # Null is now.
    assert changed(sendTime=None).code == 0
    assert detail(ask, key)["status"] == CALLING
    assert changed().rule == "22 assumed"
    assert changed(keyId=other, taskName="other").text == "the task no longer waits"
    sandbox.assumptions.group_call_state_code = 0
    assert changed(text="too late").rule == "0 assumed"
    assert detail(ask, key)["text"] == "hello"


def test_tasks_are_cancelled_all_or_none(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    first, second = sent(ask, "first").data, sent(ask, "second", sendTime="2025-06-15 16:00:00").data

    def cancelled(*keys: int) -> str:
        return ask(f"{TASKS}/cancel", {"taskIdList": list(keys)}).rule

    clock.now += 5
    assert cancelled(first, 99) == "24 documented"
    assert detail(ask, first)["status"] == CALLING
    assert cancelled(first, second) == "0 documented"
    # The calls that had begun are made to their end.
    clock.now += 60
    assert [detail(ask, key)["callTotal"] for key in (first, second)] == [10, 0]
    assert [detail(ask, key)["status"] for key in (first, second)] == [CANCELLED] * 2
    assert cancelled(first) == "54 assumed"
    third = sent(ask, "third").data
    sandbox.assumptions.batch = "until one fails"
    assert cancelled(third, first) == "54 assumed"
    assert detail(ask, third)["status"] == CANCELLED
    sandbox.assumptions.played_task_cancelled = False
    assert cancelled(sent(ask, "fourth").data) == "54 assumed"
    assert cancelled(sent_ai(ask, "agent", "agent")) == "0 documented"
    assert cancelled() == "22 documented"


def test_the_failed_numbers_are_called_again(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    key = sent(ask).data

    def resent(name: str, resend_type: int, of: int = key) -> Answer:
        body = {"keyId": of, "appId": APPLICATION, "taskName": name, "resendType": resend_type, **TEXT}
        return ask(f"{TASKS}/resend", body)

    assert resent("early", 1).rule == "22 assumed"
    clock.now += 60
    failed = resent("failed ones", 1).data
    assert detail(ask, failed)["numCnt"] == 2
    assert detail(ask, resent("all", 0).data)["numCnt"] == 20
    assert resent("all", 0).rule == "20 assumed"
    assert resent("nobody", 1, of=99).rule == "22 assumed"
    good = sent(ask, "good", numberList=NUMBERS[:3]).data
    clock.now += 60
    assert resent("none left", 1, of=good).rule == "34 assumed"
    sandbox.assumptions.nothing_to_call_code = -22
    assert resent("none left", 1, of=good).rule == "22 assumed"
    sandbox.assumptions.group_call_answered = "null"
    assert resent("unknown", 0).data is None
    assert sent(ask, "unknown too").data is None


def test_what_an_ai_script_speaks_has_calls_of_its_own(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    played, spoken = sent(ask).data, sent_ai(ask, "script")

    def asked(verb: str, key: int, name: str, **more: Any) -> str:
        return ask(f"{TASKS}/{verb}/ai", {"keyId": key, "taskName": name, "scriptId": 5, **more}).rule

    assert asked("update", spoken, "script") == "22 assumed"  # it calls already
    assert asked("update", 99, "script") == "24 documented"
    clock.now += 60
    assert asked("resend", played, "again", resendType=1) == "22 assumed"
    assert asked("resend", spoken, "spring", resendType=1) == "20 documented"
    assert asked("resend", 99, "again", resendType=1) == "24 documented"
    answer = ask(
        f"{TASKS}/resend/ai",
        {"keyId": spoken, "taskName": "again", "scriptId": 5, "resendType": 1, "sendTime": "2025-06-15 16:00:00"},
    )
    assert asked("update", answer.data, "script") == "20 documented"
    assert asked("update", answer.data, "other") == "0 documented"
    (record,) = listed(ask, searchCondition="other")
    assert (record["jobId"], record["scriptId"], record["status"]) == (answer.data, 5, WAITING)
    sandbox.assumptions.group_call_kind_checked = False
    assert asked("resend", played, "all", resendType=0) == "0 assumed"
    sandbox.assumptions.failing_numbers = ""
    good = sent_ai(ask, "good")
    clock.now += 60
    assert asked("resend", good, "none left", resendType=1) == "34 documented"


def test_calls_are_handed_to_agents(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    to_agents = {"toSeat": 1, "sipGroupId": GROUP, "outboundControl": 1, "calloutRate": 1}
    lost = sent(ask, "lost", **to_agents, toSeatType=1).data
    clock.now += 60
    task = detail(ask, lost)
    assert (task["toseatNum"], task["callLossNum"], task["callLossNumRate"]) == (0, 18, "90.00%")
    assert (task["sipGroupName"], task["onineSeatNum"]) == (f"spare{GROUP}", 0)
    assert ask("/v3/cc/seat/addSeatList", {"voiceGroupId": GROUP, "size": 2}).code == 0
    task = detail(ask, lost)
    assert (task["toseatNum"], task["callLossNum"], task["receivedSeatNum"]) == (18, 0, 2)
    by_key = sent(ask, "by key", **to_agents, toSeatType=2).data
    clock.now += 60
    task = detail(ask, by_key)
    assert (task["toseatNum"], task["keyFeedbackNum"]) == (18, 18)
    sandbox.assumptions.key_pressed = False
    task = detail(ask, by_key)
    assert (task["toseatNum"], task["keyFeedbackNum"]) == (0, 0)


def test_tasks_are_found_by_all_that_they_are(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    assert sent(ask, "unknown file", source=1, voiceFileId="file 15").rule == "22 assumed"
    file = ask("/voice/fileUpload", {"fileName": "hello.mp3", "file": "SUQz"}).data
    sent(ask, "first", appId="7", text="Guten Tag")
    sent(ask, "second", source=1, voiceFileId=file, sendTime="2025-06-15 16:00:00")
    agent = sent_ai(ask, "third", "agent")
    clock.now += 20
    asked: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["first", "second", "third"]),
        ({"statusList": [WAITING]}, ["second"]),
        ({"statusList": [WAITING, COMPLETED]}, ["first", "second", "third"]),
        ({"statusList": []}, ["first", "second", "third"]),
        ({"idxAppId": 7}, ["first"]),
        ({"searchCondition": "Tag"}, ["first"]),
        ({"searchCondition": file}, ["second"]),
        ({"searchCondition": "nothing"}, []),
        ({"taskType": 3}, ["third"]),
        ({"strTime": "2025-06-15 15:06:41"}, []),
        ({"endTime": NOW}, ["first", "second", "third"]),
    ]
    for params, names in asked:
        assert [task["taskName"] for task in listed(ask, **params)] == names, params
    # The page on AI agents has another name for the id.
    (task,) = listed(ask, taskType=3)
    assert (task["taskId"], "jobId" in task) == (agent, False)
    sandbox.assumptions.agent_task_listed = False
    assert [task["taskName"] for task in listed(ask)] == ["first", "second"]


def test_the_keys_of_an_answer(ask: Asker, sandbox: Sandbox) -> None:
    def keys(path: str, body: Any) -> set[str]:

        with httpx.Client(base_url=sandbox.url, trust_env=False, verify=False) as client:
            return {*client.post(path, headers=headers_for(sandbox), json=body).json()} - {"data"}

    assert keys(f"{TASKS}/send", {}) == keys(f"{TASKS}/cancel", {}) == {"code", "msg"}
    assert keys(f"{TASKS}/update/ai", {}) == {"status", "reason"}
    sandbox.assumptions.group_call_keys = "status"
    assert keys(f"{TASKS}/send", {}) == {"status", "reason"}
    # No page says otherwise of this one.
    assert keys(f"{TASKS}/cancel", {}) == {"code", "msg"}


# -- redials ----------------------------------------------------------------------------------------------------------


def redial_of(ask: Asker, name: str) -> dict[str, Any]:
    (redial,) = listed(ask, f"{REDIALS}/queryPage", taskName=name)
    data: dict[str, Any] = ask(f"{REDIALS}/queryDetail", {"keyId": redial["keyId"]}).data
    assert data["status"] == redial["status"]
    return data | {"finishNum": redial["finishNum"]}


def states(redial: dict[str, Any]) -> list[int]:
    return [redial["status"], *(step["nodeStatus"] for step in redial["nodeList"])]


def cancelled(ask: Asker, kind: int, key: int) -> str:
    return ask(f"{REDIALS}/cancel", {"type": kind, "id": key}).rule


def test_no_task_has_a_redial_unless_it_is_assumed(ask: Asker) -> None:
    sent(ask)
    assert listed(ask, f"{REDIALS}/queryPage") == []
    assert ask(f"{REDIALS}/queryDetail", {"keyId": 1}).rule == "22 assumed"


def test_a_redial_calls_who_did_not_answer(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    sandbox.assumptions.group_call_redials = 2
    key = sent(ask).data
    redial = redial_of(ask, "spri")
    assert states(redial) == [PENDING, PENDING, PENDING]
    assert (redial["recallInterval"], redial["recallNum"], redial["recallType"]) == (30, 2, 1)
    assert redial["nodeList"][0]["text"] == "hello"
    clock.now += 20 + 30 * 60  # the task's own calls take 20 seconds
    redial = redial_of(ask, str(key))
    assert states(redial) == [IN_PROGRESS, IN_PROGRESS, PENDING]
    step = detail(ask, redial["nodeList"][0]["taskId"])
    assert (step["status"], step["numCnt"], step["taskName"]) == (CALLING, 2, "spring 1")
    # What has begun is neither changed nor cancelled, what has not still is.
    assert cancelled(ask, 1, redial["keyId"]) == "22 assumed"
    assert changed(ask, redial["keyId"]) == "22 assumed"
    assert cancelled(ask, 3, redial["nodeList"][1]["keyId"]) == "0 documented"
    clock.now += 30 * 60
    redial = redial_of(ask, str(key))
    assert (states(redial), redial["finishNum"]) == ([DONE, DONE, GIVEN_UP], 1)
    assert [task["taskName"] for task in listed(ask)] == ["spring", "spring 1"]


def changed(ask: Asker, key: int, **changes: Any) -> str:
    body = {"keyId": key, "recallInterval": 5, "recallNum": 1, "recallType": 0, **changes}
    return ask(f"{REDIALS}/update", body).rule


def test_a_pending_redial_is_changed(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    sandbox.assumptions.group_call_redials = 1
    sent(ask)
    key = redial_of(ask, "spring")["keyId"]
    assert changed(ask, 99) == "22 assumed"
    assert changed(ask, key, nodeList=[{"text": "hi"}]) == "22 documented"
    assert changed(ask, key, nodeList=[{"source": 3, "text": "hi", "lan": "EN"}]) == "22 documented"
    sms = {"hangUpSms": 1, "smsContent": "hi", "successPush": 1}
    assert changed(ask, key, nodeList=[{"source": 3, "text": "hi", "lan": "EN", **sms}]) == "22 documented"
    step = {"source": 3, "text": "hi again", "lan": "EN", "hangUpSms": 0}
    assert changed(ask, key, recallNum=3, nodeList=[{"scriptId": 5}, step]) == "0 documented"
    redial = redial_of(ask, "spring")
    assert [(step["scriptId"], step["text"]) for step in redial["nodeList"]] == [
        (5, "hello"),
        (None, "hi again"),
        (None, "hi again"),
    ]
    assert changed(ask, key, recallNum=2) == "0 documented"
    clock.now += 20 + 5 * 60
    redial = redial_of(ask, "spring")
    assert states(redial) == [IN_PROGRESS, IN_PROGRESS, PENDING]
    assert detail(ask, redial["nodeList"][0]["taskId"])["numCnt"] == 20  # all of them now


def test_a_redial_is_cancelled_by_itself_its_task_or_a_step(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    sandbox.assumptions.group_call_redials = 3
    keys = {name: sent(ask, name).data for name in ("one", "two", "three", "four")}
    redials = {name: redial_of(ask, name) for name in keys}
    assert cancelled(ask, 1, redials["one"]["keyId"]) == "0 documented"
    assert cancelled(ask, 2, keys["two"]) == "0 documented"
    assert cancelled(ask, 3, redials["three"]["nodeList"][1]["keyId"]) == "0 documented"
    assert [cancelled(ask, kind, 99) for kind in (1, 2, 3)] == ["22 assumed"] * 3
    assert states(redial_of(ask, "one")) == states(redial_of(ask, "two")) == [GIVEN_UP] * 4
    assert states(redial_of(ask, "three")) == [PENDING, PENDING, GIVEN_UP, GIVEN_UP]
    assert cancelled(ask, 1, redials["one"]["keyId"]) == "22 assumed"
    sandbox.assumptions.redial_state_code = -54
    assert cancelled(ask, 1, redials["one"]["keyId"]) == "54 assumed"
    # A task that is cancelled is not called again.
    assert ask(f"{TASKS}/cancel", {"taskIdList": [keys["four"]]}).code == 0
    clock.now += 20 + 3 * 30 * 60
    assert states(redial_of(ask, "four")) == [GIVEN_UP] * 4
    assert states(redial_of(ask, "three")) == [DONE, DONE, GIVEN_UP, GIVEN_UP]


def test_a_redial_of_nobody_makes_no_task(ask: Asker, clock: Clock, sandbox: Sandbox) -> None:
    sandbox.assumptions.group_call_redials = 1
    sent(ask, numberList=NUMBERS[:1])
    clock.now += 3600
    redial = redial_of(ask, "spring")
    assert (states(redial), redial["nodeList"][0]["taskId"]) == ([DONE, DONE], None)
    assert len(listed(ask)) == 1
