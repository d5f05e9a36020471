"""Commands run on uvloop where it is installed, and say which event loop they run on."""

from __future__ import annotations

import asyncio

import pytest

from itnio_async.cli.event_loop import loop_name, run_on_loop


async def kind_of_loop() -> str:
    return type(asyncio.get_running_loop()).__module__


def test_the_loop_of_a_command(either_loop: str) -> None:
    assert run_on_loop(kind_of_loop()).partition(".")[0] == either_loop
    assert either_loop in loop_name()


def test_what_a_command_raises_and_returns(either_loop: str) -> None:
    async def fail() -> None:
        raise LookupError("vendor")

    with pytest.raises(LookupError, match="vendor"):
        run_on_loop(fail())
    # Each has a loop of its own.
    assert run_on_loop(kind_of_loop()) == run_on_loop(kind_of_loop())


def test_the_doctor_names_it(either_loop, itnio, sandbox):
    result = itnio("doctor")
    assert result.status == 0
    assert f", {loop_name()}" in result.lines[0]


def test_a_command_in_a_process_of_its_own(either_loop, start, sandbox):
    out, said = start("doctor").communicate(timeout=30)
    assert said == ""
    assert f", {loop_name()}" in out
