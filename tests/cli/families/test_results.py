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


SEND = ("group-calls", "send", "--app-id", "a", "--task-name", "spring", "--loop-count", 1, "--max-calls", 60, "--yes")
TEXT = ("--source", "text", "--text", "hello", "--lan", "EN", "--number-list", "4915100000001")


def test_what_no_page_shows_cannot_steer_the_terminal_or_show_a_secret(itnio: ITNIO, answer: Any) -> None:
    answer("a\tb\x1b[31m")
    assert itnio(*SEND, *TEXT).out == "a\\tb\\x1b[31m\n"
    answer({"jobId": 5, "password": "made-up"})
    for form in ("table", "csv", "json"):
        assert "made-up" not in itnio(*SEND, *TEXT, "-o", form).out
        assert "made-up" in itnio(*SEND, *TEXT, "-o", form, "--show-secrets").out


@pytest.mark.parametrize("nothing", [None, "", [], {}])
def test_nothing_in_any_form_is_done(itnio: ITNIO, answer: Any, nothing: Any) -> None:
    answer(nothing)
    assert itnio(*SEND, *TEXT).lines == ["Done."]
    assert json.loads(itnio(*SEND, *TEXT, "-o", "json").out)["outcome"] == "done"


def test_a_truth_is_no_id(itnio: ITNIO, answer: Any) -> None:
    answer(True)
    assert json.loads(itnio(*SEND, *TEXT, "-o", "json").out) == {"outcome": "done", "data": True}


def test_a_list_without_anything_has_its_columns(itnio: ITNIO, answer: Any) -> None:
    answer([])
    assert itnio("otp", "list-flows", "-o", "csv").lines == ["flow_id,name,flow"]
    assert json.loads(itnio("otp", "list-flows", "-o", "json").out) == []
