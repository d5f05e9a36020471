"""The help of the families' commands: in the words of a shell, and with all that a value may be."""

from __future__ import annotations

import re
from typing import Any

import pytest

from itnio_async.api.paths import calls
from itnio_async.cli.families.inputs import inputs_of
from itnio_async.cli.families.words import help_of

CALLS = [call for call in calls() if call.family != "sip_trunks"]
PYTHON = re.compile(r"\b(?:None|True|False|datetime|UNSET)\b|\b[A-Za-z]+\.[A-Za-z_]+\(?")


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_no_word_of_python_is_in_it(call: Any) -> None:
    wanted = [one for one in inputs_of(call) if not one.is_content]
    assert [text for text in [help_of(call), *(one.help for one in wanted)] if PYTHON.search(text)] == []


def shown(itnio: Any, *command: str) -> str:
    return " ".join(itnio(*command, "--help").out.split())


def test_an_argument_has_its_choices(itnio: Any) -> None:
    assert "What the id is of. One of redial, task, step." in shown(itnio, "group-calls", "cancel-redial")


def test_an_object_has_the_names_of_its_fields(itnio: Any) -> None:
    has = "A JSON object has calleeNumber, text1, text2, "
    assert has in shown(itnio, "group-calls", "send")
    assert has in shown(itnio, "group-calls", "send-ai")
    assert "A JSON object has enabled, unit, period and limit." in shown(itnio, "otp", "update-app")


def test_a_file_is_a_file_and_no_base64(itnio: Any) -> None:
    assert "--file FILE The sent file. " in shown(itnio, "group-calls", "send")


def test_an_error_names_the_option_and_its_value(itnio: Any, sandbox: Any) -> None:
    task = ("--app-id", "sandbox1", "--task-name", "spring", "--loop-count", 1, "--max-calls", 60, "--yes")
    refused = itnio("group-calls", "send", *task, "--source", "text", "--number-list", 4915100000001, "--file", "a.mp3")
    assert "source: a file is played by sent-file alone." in refused.err
    limit = ("--period-phone-send-limit", '{"enabled": true}')
    refused = itnio("otp", "update-app", "--app-id", "sandbox1", "--name", "name", *limit)
    assert "use --period-phone-send-limit." in refused.err
