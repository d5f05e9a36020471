"""Five thousand rows through the command, against the sandbox as a process of its own that fails in every way.

The job is stopped by Ctrl-C, gone on with, and sees the sandbox killed and started again; what the vendor refused is
corrected in the file of failed rows and fed back. At the end the trunks are as the files say, each row has one outcome,
and nothing was sent again after it was answered.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
from collections import Counter

import pytest
from support.programs import Program, until, unused_port

from cli.conftest import COMMAND
from itnio_async.bulk import RowState, read_journal
from itnio_async.sandbox import Sandbox

TRUNKS = 5000
# Outbound and inbound in turn: they want the address that one of the last two trunks keeps.
REFUSED = range(101, 3000, 141)
KEEPERS = (TRUNKS - 1, TRUNKS)
API_KEY, API_SECRET = "sandbox-for-real", "made-up-secret-for-real"
STORM = ("minus18,endpoint=update,count=300",)
FAULTS = (
    "minus18,endpoint=update,probability=0.04,seed=1",
    "minus18,endpoint=update,probability=0.01,seed=2,processed=true",
    "drop,endpoint=update,probability=0.01,seed=3,processed=true",
    "drop,endpoint=update,probability=0.01,seed=4,reset=true",
    "garbage,endpoint=update,probability=0.005,seed=5",
    "page,endpoint=update,probability=0.005,seed=6",
)
IN_FLIGHT = 50


def is_outbound(key_id):
    return key_id % 2 == 1


def address(key_id):
    """What each trunk has in the end; the sandbox makes trunks with addresses below 10.0."""
    return f"10.{0 if key_id in KEEPERS else 200}.{key_id >> 8}.{key_id & 255}"


def write_rows(path):
    """Every trunk gets an address, every fourth a password; some want an address that another one keeps."""
    lines = ["keyId,sipGatewayIp,sipWhiteIp,sipPrefix,sipPassword"]
    for key_id in range(1, TRUNKS + 1):
        wanted = address(KEEPERS[0] if is_outbound(key_id) else KEEPERS[1]) if key_id in REFUSED else address(key_id)
        addresses = f"{wanted}," if is_outbound(key_id) else f",{wanted}"
        lines.append(f"{key_id},{addresses},00,{f'made-up-new-{key_id}' if key_id % 4 == 3 else ''}")
    path.write_text("\n".join(lines) + "\n")


def wanted_trunk(key_id):
    return (key_id, address(key_id), "00", f"made-up-new-{key_id}" if key_id % 4 == 3 else None)


class Vendor(Program):
    """`itnio sandbox` as a process, with its trunks in a file that outlives it."""

    def __init__(self, folder, faults):
        self.port_ = unused_port()
        self.state = folder / "state.sqlite"
        self.requests_file = folder / "requests.jsonl"
        super().__init__(self.command(faults), port=self.port_, log=folder / "sandbox.log")

    def command(self, faults):
        orders = [part for fault in faults for part in ("--fault", fault)]
        files = ("--state", str(self.state), "--log", str(self.requests_file))
        secret_file = self.state.with_name("account")
        secret_file.write_text(f"{API_KEY}\n{API_SECRET}\n")
        secret_file.chmod(0o600)
        account = ("--secret-file", str(secret_file))
        return [*COMMAND, "sandbox", "--port", str(self.port_), "--trunks", str(TRUNKS), *files, *account, *orders]

    def asked(self):
        """How many requests it has decided."""
        return self.requests_file.read_bytes().count(b"\n") if self.requests_file.exists() else 0

    def updates(self):
        lines = map(json.loads, self.requests_file.read_text().splitlines())
        return [line for line in lines if line["path"].endswith("/update")]


async def begin(vendor, *arguments):
    environment = {
        **os.environ,
        "ITNIO_API_KEY": API_KEY,
        "ITNIO_API_SECRET": API_SECRET,
        "ITNIO_BASE_URL": f"http://127.0.0.1:{vendor.port}",
    }
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        "trunks",
        *map(str, arguments),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def to_its_end(process):
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def run(vendor, *arguments):
    return await to_its_end(await begin(vendor, *arguments))


def counts(journal):
    contents = read_journal(journal)
    assert [row.id for row in contents.rows] == list(range(len(contents.rows)))
    return Counter(row.state for row in contents.rows)


@pytest.mark.slow  # 5,000 updates over real HTTP, with storms and pauses: half a minute on a busy machine
@pytest.mark.timeout(300)
async def test_five_thousand_rows(tmp_path):
    rows, failed, page = tmp_path / "trunks.csv", tmp_path / "failed.csv", tmp_path / "report.html"
    write_rows(rows)
    apply = ("apply", rows, "--yes", "--concurrency", IN_FLIGHT)
    async with Vendor(tmp_path, FAULTS) as vendor:
        # Ctrl-C once: those under way finish, and nothing is unknown because of it.
        process = await begin(vendor, *apply)
        await until(lambda: vendor.asked() > 1000 or process.returncode is not None, within=60)
        assert process.returncode is None, (await to_its_end(process))[1]
        process.send_signal(signal.SIGINT)
        status, output = await to_its_end(process)
        assert status == 130, output
        (journal,) = (tmp_path / "state").rglob("*.journal")
        begun = counts(journal)
        assert begun.total() == TRUNKS
        assert 0 < begun[RowState.DONE] < TRUNKS
        assert begun[RowState.WAITING] > TRUNKS / 2

        # The same command goes on, and the vendor is gone for a while.
        process = await begin(vendor, *apply)
        await until(lambda: vendor.asked() > 3000 or process.returncode is not None, within=60)
        assert process.returncode is None, (await to_its_end(process))[1]
        await vendor.stop()
        vendor.arguments = vendor.command(FAULTS + STORM)
        await vendor.start()
        status, output = await to_its_end(process)
        for _ in range(5):
            left = counts(journal)
            if not left[RowState.UNKNOWN] + left[RowState.WAITING]:
                break
            status, output = await run(vendor, *apply)
        assert status == 3, output
        assert counts(journal) == {RowState.DONE: TRUNKS - len(REFUSED), RowState.REFUSED: len(REFUSED)}

        # What was refused is corrected and fed back, its passwords from the first file.
        status, output = await run(vendor, "report", journal, "--failed", failed, "--html", page)
        assert status == 0, output
        correct(failed)
        for _ in range(5):
            status, output = await run(vendor, "apply", failed, "--yes", "--secrets-from", rows, "--verify")
            if status == 0:
                break
        assert status == 0, output
        assert (await run(vendor, "plan", rows, "--skip-invalid"))[0] == 2  # the first file still has the mistakes
        updates = vendor.updates()
    check_trunks(vendor)
    check_repeats(updates)
    assert f"{len(REFUSED)} failed rows" in page.read_text()
    check_secrets(tmp_path, but=rows)


def correct(failed):
    with failed.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["keyId"]) for row in rows] == list(REFUSED)
    for row in rows:
        column = "sipGatewayIp" if is_outbound(int(row["keyId"])) else "sipWhiteIp"
        assert row["code"] == ("-53" if column == "sipGatewayIp" else "-60")
        row[column] = address(int(row["keyId"]))
    with failed.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def check_trunks(vendor):
    with Sandbox(trunks=0, state=vendor.state) as sandbox:
        trunks = sandbox.trunks
    stands = [(t.key_id, t.sip_gateway_ip if is_outbound(t.key_id) else t.sip_white_ip, t.sip_prefix) for t in trunks]
    assert stands == [wanted_trunk(key_id)[:3] for key_id in range(1, TRUNKS + 1)]
    for trunk in trunks:
        if (password := wanted_trunk(trunk.key_id)[3]) is not None:
            assert trunk.sip_password == password


def check_repeats(updates):
    """After the vendor's word was given nothing was sent, but for those under way when the sandbox was killed."""
    settled, repeated = Counter(), set()
    for update in updates:
        key_id = update["key_id"]
        if settled[key_id] > (key_id in REFUSED):
            repeated.add(key_id)
        settled[key_id] += update["code"] in (0, -53, -60) and update["fault"] is None
    assert len(repeated) <= IN_FLIGHT
    assert {update["key_id"] for update in updates if update["code"] in (-53, -60)} == set(REFUSED)


def check_secrets(folder, but):
    """No password is in any file but the first one and the sandbox's own."""
    for path in folder.rglob("*"):
        if path.is_file() and path != but and not path.name.startswith("state.sqlite"):
            assert b"made-up-new" not in path.read_bytes(), path
