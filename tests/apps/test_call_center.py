"""The recipes of the call centre, against a vendor that the test scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.scripted import ScriptedTransport, answer
from support.values import KEY, SECRET

from itnio_async import AsyncClient, ServerError

from .call_center import call_numbers, calls_of_yesterday, make_group


class Vendor:
    """Answers each path with what the test says, a function of the body; `asked` is what came, in its order."""

    def __init__(self, **answers: Callable[[Any], Any]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        body = json.loads(request.content)
        self.asked.append((name, body))
        return answer(data=self.answers[name](body))

    def client(self) -> AsyncClient:
        return AsyncClient(KEY, SECRET, transport=ScriptedTransport(self))


def page(*records: Any) -> dict[str, Any]:
    return {"total": len(records), "pages": 1, "records": list(records)}


async def test_a_group_with_agents_and_a_trunk_from_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def groups(_: Any) -> Any:
        return page({"voiceGroupId": 8, "groupName": "sales2"}, {"voiceGroupId": 7, "groupName": "sales"})

    def agents(body: Any) -> Any:
        return [{"keyId": number, "name": f"agent{number}"} for number in range(1, body["size"] + 1)]

    vendor = Vendor(
        addGroup=lambda _: None, query=groups, basicSetting=lambda _: None, addSeatList=agents, add=lambda _: 99
    )
    async with vendor.client() as client:
        assert await make_group(client, "4luaKsL2", "sales", "198.51.100.7", agents=2) == 7
    assert capsys.readouterr().out == "agent 1 agent1\nagent 2 agent2\ntrunk 99\n"
    asked = dict(vendor.asked)
    assert asked["addGroup"] == {"appId": "4luaKsL2", "groupName": "sales"}
    assert asked["basicSetting"] == {"voiceGroupId": 7, "displaySwitch": 0, "encryptNumber": 1}
    assert asked["addSeatList"] == {"voiceGroupId": 7, "size": 2}
    assert asked["add"]["groupList"] == [{"voiceGroupId": 7}]


async def test_a_list_of_numbers_is_called_and_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    states = iter([page(), page({"taskId": 5, "taskStatus": 11}), page({"taskId": 5, "taskStatus": 12})])
    numbers = page(
        {"encryptCalled": "91***", "status": 9}, {"encryptCalled": "92***", "status": 7, "errorReason": "busy"}
    )
    vendor = Vendor(
        upload=lambda _: {"filePath": "/mnt/a.xls"},
        submitTask=lambda _: 5,
        query=lambda _: next(states),
        queryTaskDetail=lambda _: numbers,
    )
    file = tmp_path / "numbers.xls"
    file.write_bytes(b"a spreadsheet")
    async with vendor.client() as client:
        await call_numbers(client, "4luaKsL2", 7, file, pause=0)
    assert capsys.readouterr().out == "91*** 9 \n92*** 7 busy\n"
    asked = dict(vendor.asked)
    assert asked["submitTask"]["filePath"] == "/mnt/a.xls"
    assert asked["query"]["params"] == {"taskId": "5"}
    assert asked["queryTaskDetail"]["params"] == {"taskId": 5}


async def test_a_task_whose_answer_is_lost_is_not_submitted_again(tmp_path: Path) -> None:
    file = tmp_path / "numbers.xls"
    file.write_bytes(b"a spreadsheet")
    submitted = 0

    def failing(request: httpx.Request) -> httpx.Response:
        nonlocal submitted
        if request.url.path.endswith("upload"):
            return answer(data={"filePath": "/mnt/a.xls"})
        submitted += 1
        return answer(-18)

    async with AsyncClient(KEY, SECRET, transport=ScriptedTransport(failing)) as client:
        with pytest.raises(ServerError) as failed:
            await call_numbers(client, "4luaKsL2", 7, file)
    assert failed.value.may_have_been_processed
    assert submitted == 1


async def test_yesterdays_calls() -> None:
    vendor = Vendor(query=lambda _: page({"callSessionId": "1", "called": "91", "voiceUrl": "http://x"}))
    async with vendor.client() as client:
        now = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=8)))
        (call,) = await calls_of_yesterday(client, now)
    assert (call.call_session_id, dict(call.extra)) == ("1", {"voiceUrl": "http://x"})
    ((_, body),) = vendor.asked
    assert body["params"] == {"startTime": "2026-02-28T00:00:00+08:00", "endTime": "2026-03-01T00:00:00+08:00"}
