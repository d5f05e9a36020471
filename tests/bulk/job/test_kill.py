"""`kill -9` at random moments: the same command goes on, nothing is lost, and nothing repeated that is done."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.programs import until

from itnio_async.bulk.journal.journal import JournalError, RowState, read_journal
from itnio_async.sandbox import Sandbox

TRUNKS = 300
PROGRAM = Path(__file__).with_name("apply_program.py")
# The pages of the program's two listings, and an update each.
REQUESTS = 2 * 3 + TRUNKS


def write_rows(path):
    """A file that gives every trunk an address, and every fourth a password; some names move on by one."""
    lines = ["keyId,sipTrunkName,sipGatewayIp,sipWhiteIp,sipPassword"]
    for n in range(1, TRUNKS + 1):
        address = f"10.200.{n >> 8}.{n & 255}"
        name = f"trunk{n + 1:05d}" if n < 20 else "moved" if n == 20 else ""
        addresses = f",{address}" if n % 2 == 0 else f"{address},"
        lines.append(f"{n},{name},{addresses},{f'made-up-new-{n}' if n % 4 == 3 else ''}")
    path.write_text("\n".join(lines) + "\n")


def wanted(n):
    name = f"trunk{n + 1:05d}" if n < 20 else "moved" if n == 20 else f"trunk{n:05d}"
    password = f"made-up-new-{n}" if n % 4 == 3 else None
    return (n, name, f"10.200.{n >> 8}.{n & 255}", password)


class Run:
    """The program as a process of its own."""

    def __init__(self, sandbox, rows, journal):
        self._arguments = (sys.executable, str(PROGRAM), str(rows), str(journal))
        self._environment = {
            **os.environ,
            "ITNIO_API_KEY": sandbox.api_key,
            "ITNIO_API_SECRET": sandbox.api_secret,
            "ITNIO_BASE_URL": sandbox.url,
        }

    async def start(self, *more):
        return await asyncio.create_subprocess_exec(
            *self._arguments,
            *more,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def to_its_end(self, *more):
        process = await self.start(*more)
        output, _ = await process.communicate()
        return process.returncode, output.decode()


async def killed_and_gone_on(tmp_path, moments, faults=()):
    """Kill the program each time when the sandbox has decided so many more requests; returns how it ended."""
    rows, journal = tmp_path / "rows.csv", tmp_path / "rows.journal"
    write_rows(rows)
    with Sandbox(trunks=TRUNKS) as sandbox:
        run = Run(sandbox, rows, journal)
        for fault in faults:
            sandbox.order(fault)
        marked: set[int] = set()
        ended = []
        for moment in moments:
            process = await run.start()
            goal = sandbox.codes.total() + moment
            await until(
                lambda goal=goal, process=process: sandbox.codes.total() >= goal or process.returncode is not None
            )
            if process.returncode is None:
                process.kill()
            await process.communicate()
            ended.append(process.returncode)
            marked |= unknown(journal)
        for _ in range(5):
            status, output = await run.to_its_end()
            if status != 3:
                break
        assert status == 0, output
        check(sandbox, journal)
        if not faults:
            check_repeats(sandbox, marked)
    return ended


def unknown(journal):
    """The key ids of the rows that the killed run had marked and not settled."""
    try:
        contents = read_journal(journal)
    except JournalError:
        return set()  # killed before it was there
    assert not contents.is_running
    assert len(contents.rows) == TRUNKS
    return {row.key_id for row in contents.rows if row.state is RowState.UNKNOWN}


def check(sandbox, journal):
    """The trunks are as the file says, each updated once, and every row has one outcome."""
    stands = [(t.key_id, t.sip_trunk_name, t.sip_white_ip or t.sip_gateway_ip, t.sip_password) for t in sandbox.trunks]
    assert stands == [wanted(n) for n in range(1, TRUNKS + 1)]
    assert {trunk.updates for trunk in sandbox.trunks} == {1}
    contents = read_journal(journal)
    assert Counter(row.state for row in contents.rows) == {RowState.DONE: TRUNKS}
    assert [row.id for row in contents.rows] == list(range(TRUNKS))
    files = [file for file in journal.parent.iterdir() if file.name.startswith("rows.journal")]
    assert all(b"made-up" not in file.read_bytes() for file in files)
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def check_repeats(sandbox, marked):
    """Only rows that a killed run had marked were sent again, and of those none that stood as wanted."""
    sent = Counter(request.key_id for request in sandbox.requests if request.path.endswith("/update"))
    assert sent.total() >= TRUNKS
    assert {key_id for key_id, count in sent.items() if count > 1} <= marked


@pytest.mark.parametrize("seed", range(3))
async def test_killed_once(tmp_path, seed):
    ended = await killed_and_gone_on(tmp_path, [random.Random(seed).randrange(7, REQUESTS - 60)])
    assert ended == [-signal.SIGKILL]


async def test_killed_before_anything_was_sent(tmp_path):
    assert await killed_and_gone_on(tmp_path, [5]) == [-signal.SIGKILL]


async def test_killed_while_the_vendor_fails_in_every_way(tmp_path):
    faults = (
        "minus18,endpoint=update,probability=0.1,seed=1",
        "minus18,endpoint=update,probability=0.05,seed=2,processed=false",
        "half,endpoint=update,probability=0.05,seed=3",
        "garbage,endpoint=update,probability=0.05,seed=4,processed=false",
    )
    await killed_and_gone_on(tmp_path, [150, 100], faults)


async def test_a_disk_that_fills_up_ends_the_run_and_the_same_command_goes_on(tmp_path):
    rows, journal = tmp_path / "rows.csv", tmp_path / "rows.journal"
    write_rows(rows)
    with Sandbox(trunks=TRUNKS) as sandbox:
        run = Run(sandbox, rows, journal)
        # So that the program is told how far it is long before its end.
        slow = sandbox.order("wait,seconds=0.05,endpoint=update")
        status, output = await run.to_its_end("--full")
        assert status == 3, output
        assert "The journal" in output
        assert "start the same command again" in output
        sent = [request.key_id for request in sandbox.requests if request.path.endswith("/update")]
        assert 0 < len(sent) < TRUNKS
        slow.cancel()
        marked = unknown(journal)
        status, output = await run.to_its_end()
        assert status == 0, output
        check(sandbox, journal)
        check_repeats(sandbox, marked)


@pytest.mark.slow  # thirty processes are killed and as many gone on with: a minute
@pytest.mark.timeout(600)
async def test_killed_at_thirty_random_moments(tmp_path):
    chance = random.Random(7)
    for number in range(10):
        directory = tmp_path / str(number)
        directory.mkdir()
        await killed_and_gone_on(directory, [chance.randrange(1, REQUESTS // 2) for _ in range(3)])
