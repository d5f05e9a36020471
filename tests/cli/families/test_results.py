"""How the commands show what has parts of its own, and what is too long to be looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import respx
from support.values import KEY, SECRET

from cli.conftest import Result

ITNIO = Callable[..., Result]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("ITNIO_API_KEY", KEY)
    monkeypatch.setenv("ITNIO_API_SECRET", SECRET)
    with respx.mock(base_url="https://api.itniotech.com") as vendor:
        yield lambda data: vendor.route().respond(json={"code": "0", "status": "0", "msg": "", "data": data})


STEPS = [{"keyId": 1, "nodeStatus": 2, "source": 3}, {"keyId": 2, "nodeStatus": 0, "sound": {"a": [1, 2]}}]


@pytest.mark.parametrize("form", ["table", "csv"])
def test_records_in_a_record_are_told_apart_and_read_as_records_do(itnio: ITNIO, answer: Any, form: str) -> None:
    answer({"keyId": 7, "nodeList": STEPS})
    shown = "key_id=1, node_status=completed, source=text; key_id=2, node_status=pending, sound=a=1, 2"
    assert shown in itnio("group-calls", "get-redial", 7, "-o", form).out


def test_the_content_of_a_file_is_not_drawn(itnio: ITNIO, answer: Any) -> None:
    answer({"jobId": 7, "baseFile": "QUJD" * 1000})
    drawn = itnio("group-calls", "get", 7).out
    assert "QUJD" not in drawn
    assert "4,000 characters" in drawn
    assert json.loads(itnio("group-calls", "get", 7, "-o", "json").out)["base_file"] == "QUJD" * 1000
    assert "QUJD" * 1000 in itnio("group-calls", "get", 7, "-o", "csv").out
