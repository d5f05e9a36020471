"""One job an account at a time: in one process and in several, also when one of them is killed."""

from __future__ import annotations

import asyncio
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.trunks import row

from itnio_async import ConfigurationError
from itnio_async.bulk.identity import Identity, identity_of
from itnio_async.bulk.job.account_lock import AccountBusyError, one_job, require_free
from itnio_async.bulk.job.job import Job
from itnio_async.bulk.journal.journal import JournalBusyError, JournalError
from itnio_async.bulk.journal.paths import state_directory
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.sandbox import Sandbox

HOLDER = """
import asyncio, sys
from itnio_async.bulk.job.account_lock import one_job
from itnio_async.bulk.identity import Identity

async def main():
    async with one_job(Identity("127.0.0.1:1", "key***", "digest", b""), "first.journal"):
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""
IDENTITY = Identity("127.0.0.1:1", "key***", "digest", b"")


@pytest.fixture(autouse=True)
def state(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def sandbox():
    with Sandbox(trunks=4) as running:
        yield running


@pytest.fixture
def holder():
    """Another process that has the account."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


async def job(client, path, **values):
    plan = make_plan([row(n + 1, n, **values) for n in (1, 3)], await list_trunks(client))
    return Job(client, plan, path)


async def test_a_second_job_is_refused_until_the_first_has_ended(sandbox, client, tmp_path):
    order = sandbox.order("hold,endpoint=update")
    first = asyncio.ensure_future((await job(client, tmp_path / "first", sip_prefix="9")).run())
    await order.reached(2, timeout=20)
    with pytest.raises(
        AccountBusyError, match=rf"process {os.getpid()} on .*, with the journal {tmp_path / 'first'}\."
    ):
        await (await job(client, tmp_path / "second", sip_prefix="8")).run()
    assert not (tmp_path / "second").exists()
    # What is no job waits for none.
    trunk = (await list_trunks(client))[1]
    single = asyncio.ensure_future(client.sip_trunks.update(trunk.to_update(sip_prefix="7")))
    await order.reached(3, timeout=20)
    order.release()
    await single
    assert (await first).ok
    assert [sandbox.trunk(n).sip_prefix for n in (1, 2, 3)] == ["9", "7", "9"]
    assert (await (await job(client, tmp_path / "second", sip_prefix="8")).run()).ok


@pytest.mark.parametrize("how", ["stopped", "cancelled", "failed"])
async def test_a_job_that_ends_early_gives_the_account_back(sandbox, client, tmp_path, how):
    order = sandbox.order("hold,endpoint=update")
    begun = await job(client, tmp_path / "first", sip_prefix="9")
    if how == "failed":
        (tmp_path / "first").mkdir()
        with pytest.raises(JournalError):
            await begun.run()
    else:
        running = asyncio.ensure_future(begun.run())
        await order.reached(2, timeout=20)
        begun.stop_now() if how == "stopped" else running.cancel()
        await asyncio.wait([running])
    require_free(await identity_of(client))
    order.release()


@pytest.mark.parametrize("ticks", range(4))
async def test_a_job_that_is_cancelled_while_it_takes_the_account_does_not_keep_it(tmp_path, ticks):
    async def take():
        async with one_job(IDENTITY, tmp_path / "j"):
            await asyncio.sleep(0)

    taking = asyncio.ensure_future(take())
    for _ in range(ticks):
        await asyncio.sleep(0)
    taking.cancel()
    await asyncio.wait([taking])
    assert taking.cancelled()
    require_free(IDENTITY)


async def test_another_process_has_it_until_it_is_killed(holder, tmp_path):
    busy = rf"key\*\*\* at 127.0.0.1:1 .*process {holder.pid} on .*first\.journal\. .*Wait for its end, or stop it"
    for _ in range(2):  # to ask takes nothing away
        with pytest.raises(AccountBusyError, match=busy) as caught:
            async with one_job(IDENTITY, tmp_path / "second"):
                pytest.fail("two at once")
        with pytest.raises(AccountBusyError, match=busy):
            require_free(IDENTITY)
    assert isinstance(caught.value, JournalBusyError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    holder.kill()
    holder.wait()
    async with one_job(IDENTITY, tmp_path / "second"):
        with pytest.raises(AccountBusyError, match=f"process {os.getpid()} .*second"):
            require_free(IDENTITY)


@pytest.mark.parametrize(
    "other", [Identity("127.0.0.1:2", "key***", "digest", b""), Identity("127.0.0.1:1", "key***", "d2", b"")]
)
async def test_another_account_is_not_kept_waiting(holder, tmp_path, other):
    require_free(other)
    async with one_job(other, tmp_path / "j"):
        pass


async def test_neither_key_nor_secret_is_written(client, sandbox, tmp_path, state):
    assert (await (await job(client, tmp_path / "j", sip_prefix="9")).run()).ok
    files = [path for path in state.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in files} == {0o700}
    for path in files:
        said = str(path) + path.read_text()
        assert sandbox.api_key not in said
        assert sandbox.api_secret not in said


@pytest.mark.parametrize("wrong", ["a file", "a directory as lock", "a link as lock"])
async def test_where_there_can_be_no_lock_it_says_what_to_do(client, sandbox, tmp_path, state, wrong):
    if wrong == "a file":
        state.touch()
    else:
        assert (await (await job(client, tmp_path / "j", sip_prefix="9")).run()).ok
        (lock,) = state.rglob("*.lock")
        lock.unlink()
        lock.mkdir() if wrong == "a directory as lock" else lock.symlink_to(tmp_path / "nothing")
    before = len(sandbox.requests)
    with pytest.raises(ConfigurationError, match=rf"{re.escape(str(state))}.*XDG_STATE_HOME") as caught:
        await (await job(client, tmp_path / "second", sip_prefix="8")).run()
    assert sandbox.api_key not in str(caught.value)
    assert len(sandbox.requests) == before + 1  # the plan's listing
    assert not (tmp_path / "second").exists()


def test_without_the_commands_extra_it_is_the_same_directory(monkeypatch, tmp_path):
    usual = state_directory()
    monkeypatch.setitem(sys.modules, "platformdirs", None)
    assert state_directory() == usual == tmp_path / "state" / "itnio"
    monkeypatch.setenv("XDG_STATE_HOME", "")
    at_home = state_directory()
    monkeypatch.delitem(sys.modules, "platformdirs")
    assert state_directory() == at_home == Path.home() / ".local" / "state" / "itnio"
