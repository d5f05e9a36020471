"""The commands of group calls: a file that is played, numbers with texts, and answers of any form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from support.values import KEY, SECRET

from itnio_async.cli.exits import DONE, ERROR

SEND = ("group-calls", "send", "--app-id", "a", "--task-name", "spring", "--loop-count", 1, "--max-calls", 60, "--yes")
NUMBER = ("--number-list", "4915100000001")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ITNIO_API_KEY", KEY)
    monkeypatch.setenv("ITNIO_API_SECRET", SECRET)
    with respx.mock(base_url="https://api.itniotech.com", assert_all_called=False) as vendor:
        answer = {"code": "0", "msg": "", "data": None}
        yield vendor.post(path__startswith="/voice/group/call/send").respond(json=answer)


def test_a_file_is_sent_along(itnio: Any, sent: Any, tmp_path: Path) -> None:
    sound = tmp_path / "hello.mp3"
    sound.write_bytes(b"ID3")
    assert itnio(*SEND, *NUMBER, "--source", "sent-file", "--file", sound).status == DONE
    body = json.loads(sent.calls[0].request.content)
    assert (body["uploadName"], body["baseFile"], body["source"]) == ("hello.mp3", "SUQz", 2)


@pytest.mark.parametrize(
    ("data", "shown"), [(None, "Done."), (5, "5"), ("5", "5"), ({"jobId": 5}, "jobId=5"), ([5, 6], "5, 6")]
)
def test_whatever_an_answer_has_is_shown(itnio: Any, sent: Any, data: Any, shown: str) -> None:
    sent.mock(return_value=httpx.Response(200, json={"code": 0, "msg": "", "data": data}))
    text = ("--source", "text", "--text", "hello", "--lan", "EN")
    assert itnio(*SEND, *NUMBER, *text).lines == [shown]
    found = json.loads(itnio(*SEND, *NUMBER, *text, "-o", "json").out)
    assert found.pop("outcome") == "done"
    assert list(found.values()) == [data] * (data is not None)


def test_a_number_with_texts_that_cannot_be_read(itnio: Any, sent: Any) -> None:
    ai = ("group-calls", "send-ai", "--app-id", "a", "--task-name", "spring", "--yes")
    refused = itnio(*ai, *NUMBER, "--number-list", '{"calleeNumber": ')
    assert refused.status == ERROR
    assert "--number-list cannot be read" in refused.err
    assert not sent.called
