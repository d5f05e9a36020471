"""Commands run on uvloop where it is installed, and say which event loop they run on."""

from __future__ import annotations

import asyncio
import contextlib
import signal

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


def test_ctrl_c_in_the_middle_of_a_callback(either_loop: str, caplog: pytest.LogCaptureFixture) -> None:
    """A callback sees that a future has no result, and then sets one: it must not be cancelled between the two."""

    async def wait() -> None:
        future = asyncio.get_running_loop().create_future()

        def callback() -> None:
            assert not future.done()
            signal.raise_signal(signal.SIGINT)
            future.set_result(None)

        asyncio.get_running_loop().call_soon(callback)
        await future
        await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run_on_loop(wait())
    assert caplog.messages == []  # the event loop complains there of what a callback raises


def test_ctrl_c_in_the_last_moment_of_a_command(either_loop: str) -> None:
    """Nothing awaits after it, so that it can cancel nothing: it must not be lost."""

    async def end() -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_on_loop(end())


def test_ctrl_c_twice_ends_what_does_not_let_itself_be_cancelled(either_loop: str) -> None:
    async def go_on() -> None:
        signal.raise_signal(signal.SIGINT)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it went on")

    with pytest.raises(KeyboardInterrupt):
        run_on_loop(go_on())


def test_what_ignores_ctrl_c_goes_on_doing_so(either_loop: str) -> None:
    """A shell's script has what it starts in the background ignore it."""

    async def end() -> str:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        return "done"

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert run_on_loop(end()) == "done"
    finally:
        signal.signal(signal.SIGINT, before)
