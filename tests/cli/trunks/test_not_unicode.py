"""Text that is not whole Unicode, and numbers that are too long, wherever a job may meet them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from itnio_async import AsyncClient
from itnio_async.bulk import read_journal
from itnio_async.bulk.identity import identity_of
from itnio_async.bulk.job.account_lock import one_job


@pytest.fixture
def odd_directory(tmp_path, monkeypatch):
    """A directory whose name is not UTF-8, as one of an old system is, and everything in it."""
    directory = os.fsdecode(os.fsencode(tmp_path) + b"/lat\xfc")
    Path(directory).mkdir()
    monkeypatch.chdir(directory)
    monkeypatch.setenv("XDG_STATE_HOME", os.path.join(directory, "state"))  # noqa: PTH118 - as the shell gives it
    return Path(directory)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode there")
@pytest.mark.parametrize("journal", [[], ["--journal", "job.journal"]], ids=["own", "given"])
def test_a_directory_whose_name_is_no_utf_8(itnio, sandbox, odd_directory, journal):
    Path("trunks.csv").write_text("key_id,sip_prefix\n3,7\nx,8\n")
    files = ["--failed", "failed.csv", "--html", "report.html", "--changes", "changes.csv"]
    result = itnio("trunks", "apply", "trunks.csv", "--yes", "--skip-invalid", "--json", *journal, *files)
    assert (result.status, sandbox.trunk(3).sip_prefix) == (3, "7"), result.err
    path = json.loads(result.lines[-1])["journal"]
    assert itnio("trunks", "report", path, "--json").status == 0
    assert itnio("trunks", "jobs").status == itnio("trunks", "jobs", "--json").status == 0
    assert itnio("trunks", "undo", path, "--yes").status == 0
    assert sandbox.trunk(3).sip_prefix is None


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode there")
def test_a_plan_is_applied_once_in_a_directory_whose_name_is_no_utf_8(itnio, sandbox, csv, odd_directory):
    assert itnio("trunks", "plan", csv("key_id,sip_prefix", "3,7"), "--out", "plan.jsonl").status == 2
    for journal, status in (("lat\udcfc", 0), ("lat\udcfc", 0), ("lat\udcfd", 1)):
        result = itnio("trunks", "apply", "plan.jsonl", "--yes", "--journal", journal)
        assert result.status == status, result.err
    assert "was applied already, with the journal" in result.err


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode there")
async def test_who_has_the_account_is_named_in_a_directory_whose_name_is_no_utf_8(itnio, sandbox, csv, odd_directory):
    file = csv("key_id,sip_prefix", "3,7")
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
        identity = await identity_of(client)
    async with one_job(identity, odd_directory / "first.journal"):
        result = await asyncio.to_thread(itnio, "trunks", "apply", file, "--yes")
    assert result.status == 1
    assert re.search(rf"process {os.getpid()} on .*, with the journal .*lat\?/first\.journal", result.err)


@pytest.mark.parametrize("option", ["--canary", "--max-failures"])
@pytest.mark.parametrize("number", [10**9 + 1, 2**63, 10**20])
def test_a_number_that_no_job_needs_is_refused_by_its_option(apply, sandbox, csv, option, number):
    result = apply(csv("key_id,sip_prefix", "3,7"), option, number)
    assert result.status == 1
    # As one version of typer says it or the other.
    assert re.search(rf"'{option}': .*{number}.* is not (at most |in the range 0<=x<=)1000000000", result.err)


def test_a_column_with_half_a_character_in_its_name(apply, itnio, sandbox, tmp_path, journal):
    file = tmp_path / "trunks.jsonl"
    file.write_text('{"key_id": 3, "sip_prefix": "7"}\n{"key_id": 5, "\\ud800col": "8", "sip_prefix": "\\udfff"}\n')
    result = apply(file, "--skip-invalid", "--failed", tmp_path / "failed.jsonl", "--html", tmp_path / "report.html")
    assert (result.status, sandbox.trunk(3).sip_prefix) == (3, "7"), result.err
    assert {row.place.column for row in read_journal(journal).bad} == {"?col", "sip_prefix"}
    assert itnio("trunks", "report", journal, "--json").status == 0
