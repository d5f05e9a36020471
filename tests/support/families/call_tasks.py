"""What the tests of all families know of call tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from itnio_async import AsyncClient
from itnio_async.api.agents import AgentAdd
from itnio_async.api.call_tasks import (
    UPLOAD,
    CalleeFileUpload,
    CallTaskResend,
    CallTaskResendType,
    CallTaskStatus,
    CallTaskSubmit,
    CallTaskType,
    CallTaskUpdate,
)
from itnio_async.sandbox import Sandbox
from support.seeds import APPLICATION, GROUP, move_on

CALLS = {
    "call_tasks.upload": lambda client: client.call(UPLOAD, CalleeFileUpload(file_name="234567.xls", file="base64")),
    "call_tasks.submit": lambda client: client.call_tasks.submit(
        CallTaskSubmit(
            file_path="/mnt/cc\\upload\\execl\\202501101609012_A0987lj.xls",
            voice_group_id=[1000006],
            app_id="iaAJ6COV",
            callout_rate=1,
            type=CallTaskType.AGENT,
            file_name="Template_voice_numFiles_cn1.xls",
        )
    ),
    "call_tasks.resend": lambda client: client.call_tasks.resend(
        CallTaskResend(
            task_id=123,
            resend_type=CallTaskResendType.FAILED,
            voice_group_id=[1000006],
            app_id="iaAJ6COV",
            callout_rate=1,
            type=CallTaskType.AGENT,
        )
    ),
    "call_tasks.list": lambda client: client.call_tasks.list(start_time="2025-01-10", end_time="2025-02-10", size=15),
    "call_tasks.list_numbers": lambda client: client.call_tasks.list_numbers(123, size=15),
    "call_tasks.cancel": lambda client: client.call_tasks.cancel(123),
    "call_tasks.update": lambda client: client.call_tasks.update(
        CallTaskUpdate(task_id=123, remark="123", callout_rate=1)
    ),
}

LINES = {
    "call_tasks.submit": r"--file-path '/mnt/cc\upload\execl\202501101609012_A0987lj.xls' --voice-group-id 1000006 "
    "--app-id iaAJ6COV --callout-rate 1 --type agent --file-name Template_voice_numFiles_cn1.xls --yes",
    "call_tasks.resend": "--task-id 123 --resend-type failed --voice-group-id 1000006 --app-id iaAJ6COV "
    "--callout-rate 1 --type agent --yes",
    "call_tasks.list": "--start-time 2025-01-10 --end-time 2025-02-10 --limit 15",
    "call_tasks.list_numbers": "123 --limit 15",
    "call_tasks.cancel": "123",
    "call_tasks.update": "--task-id 123 --remark 123 --callout-rate 1",
}

NOT_REPEATED = {"call_tasks.upload", "call_tasks.submit", "call_tasks.resend"}

ASKED_ABOUT = {"call_tasks.submit", "call_tasks.resend"}

OPEN_TYPES = {
    ("POST /v3/cc/preview/submitTask", "filePath"): "Integer in the table, a path in the sample",
}

OPEN_ANSWERS = {
    # Fields that are kept in `extra` and not typed: as many as the uploaded file has columns.
    ("POST /v3/cc/preview/queryTaskDetail", "var01"),
}

OPEN_ANSWER_TYPES = {
    ("POST /v3/cc/preview/queryTaskDetail", "seatName"): "Long in the table, by its words a name",
    ("POST /v3/cc/preview/queryTaskDetail", "callId"): "Integer here, a text in the other families",
}

IN_WORDS = {
    "at most 100,000 numbers (-40)",
    "yyyy-MM-dd HH:mm:ss",
}


async def over_http(client: AsyncClient, sandbox: Sandbox, folder: Path) -> None:
    sandbox.assumptions.call_seconds = 10.0
    numbers = folder / "numbers.csv"
    numbers.write_text("number,name\n911350000001,a\n911350000010,b\n")
    await client.agents.add(AgentAdd(voice_group_id=GROUP, size=1))
    tasks = client.call_tasks
    stored = await tasks.upload(numbers)
    assert stored.file_path is not None
    to_agents: dict[str, Any] = {
        "type": CallTaskType.AGENT,
        "voice_group_id": [GROUP],
        "app_id": APPLICATION,
        "callout_rate": 1,
    }
    submit = CallTaskSubmit(file_path=stored.file_path, file_name=numbers.name, **to_agents)
    key = await tasks.submit(submit)
    assert key is not None
    move_on(sandbox, 60)
    (task,) = [task async for task in tasks.list(task_id=key)]
    assert task.task_status == CallTaskStatus.COMPLETED
    results = [(number.encrypt_called, number.error_reason) async for number in tasks.list_numbers(key)]
    assert results == [("911350000001", None), ("911350000010", "busy")]
    resent = CallTaskResend(task_id=key, resend_type=CallTaskResendType.FAILED, **to_agents)
    assert await tasks.resend(resent) is None
    again = await tasks.submit(submit)
    assert again is not None
    await tasks.update(CallTaskUpdate(task_id=again, callout_rate=2, remark="more"))
    await tasks.cancel(again)
