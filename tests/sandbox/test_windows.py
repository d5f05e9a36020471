"""The time that a listing asks about ends with its last second, as what is listed is written in whole seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from support.asking import Asker
from support.seeds import APPLICATION

from itnio_async.sandbox import Sandbox
from itnio_async.sandbox.times import through

# What happens in the middle of a second is told of as at its beginning.
NOW = 1_750_000_000.4
DAY = 86_400


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(trunks=0)
    sandbox.clock = lambda: NOW
    with sandbox:
        yield sandbox


@pytest.fixture
def ask(sandbox: Sandbox) -> Asker:
    return Asker(sandbox)


def zoned(moment: float) -> str:
    """Write a moment as the client does."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def listed(ask: Asker, path: str, start: float, end: float, **beside: Any) -> int:
    params = {"strTime": zoned(start), "endTime": zoned(end)}
    found: int = ask(path, {"current": 1, "size": 100, "params": params, **beside}).data["total"]
    return found


def test_what_was_in_this_very_second_is_listed_up_to_now(ask: Asker, sandbox: Sandbox) -> None:
    call = {"callee": "4915100000001", "language": "EN", "text": "Hello.", "appId": APPLICATION}
    assert ask("/voice/sendCode", call).code == 0
    message = {"appId": APPLICATION, "numbers": "4915100000009", "content": "Hello."}
    assert ask("/sms/sendSms", message).code == 0
    now = NOW + 0.5
    sandbox.clock = lambda: now
    assert listed(ask, "/voice/recordGroupQuery", now - DAY, now) == 1
    assert listed(ask, "/sms/recordMo", now - DAY, now, appId=APPLICATION) == 1
    sent = ask("/sms/getSentRcd", appId=APPLICATION, startTime=zoned(now - DAY), endTime=zoned(now))
    assert len(sent.data["array"]) == 1


def test_a_call_of_one_second_is_in_the_time_of_that_second(ask: Asker) -> None:
    hour = NOW - 3_600
    found = [listed(ask, "/number/record/queryPage", second, second) for second in (hour - 1, hour, hour + 1)]
    assert found == [0, 1, 0]


@pytest.mark.parametrize("end", [0.0, 0.4, 1_750_000_000.0, 1_750_000_000.999])
def test_a_second_has_an_end(end: float) -> None:
    assert end <= through(end) < int(end) + 1
