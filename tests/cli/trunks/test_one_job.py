"""Two commands on one account at the same time: the second ends at once and says which one it would have undone."""

from __future__ import annotations

import asyncio
import json

import pytest

from cli.trunks.test_apply import sent


@pytest.fixture
def files(csv):
    """Two files for the same trunks: addresses, and prefixes."""
    addresses = csv("key_id,sip_gateway_ip", *(f"{n},10.100.0.{n}" for n in (1, 3, 5)), name="addresses.csv")
    return addresses, csv("key_id,sip_prefix", *(f"{n},77" for n in (1, 3, 5)), name="prefixes.csv")


@pytest.fixture
def first(sandbox, start, files, tmp_path):
    """A command whose updates are under way, and what releases them."""
    order = sandbox.order("hold,endpoint=update")
    process = start("trunks", "apply", files[0], "--yes", "--rate", "none", "--journal", tmp_path / "first.journal")
    asyncio.run(order.reached(3, timeout=20))
    yield process, order
    order.release()


@pytest.mark.parametrize("options", [["--yes"], [], ["--yes", "--json"], ["--yes", "--journal", "first.journal"]])
def test_the_second_ends_at_once_and_the_first_is_not_undone(
    itnio, sandbox, first, files, tmp_path, monkeypatch, options
):
    monkeypatch.chdir(tmp_path)
    process, order = first
    file = files[0] if "--journal" in options else files[1]
    result = itnio("trunks", "apply", file, *options)
    assert result.status == 1
    if "--json" in options:
        assert json.loads(result.out)["error"] == "AccountBusyError"
    else:
        assert result.out == ""
    assert f"process {process.pid} on " in result.err
    assert f"with the journal {tmp_path / 'first.journal'}" in result.err
    order.release()
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, "Done\t3" in out, sent(sandbox)) == (0, True, 3)
    assert [sandbox.trunk(n).sip_gateway_ip for n in (1, 3, 5)] == [f"10.100.0.{n}" for n in (1, 3, 5)]
    assert itnio("trunks", "apply", file, "--yes", "--journal", "second.journal").status == 0


def test_killed_it_keeps_nobody_waiting(itnio, sandbox, first, files):
    process, order = first
    process.kill()
    process.wait()
    order.release()
    assert itnio("trunks", "apply", files[1], "--yes").status == 0
    assert {sandbox.trunk(n).sip_prefix for n in (1, 3, 5)} == {"77"}


def test_the_way_back_of_another_job_waits_too(itnio, sandbox, start, files, tmp_path):
    done = tmp_path / "done.journal"
    assert itnio("trunks", "apply", files[1], "--yes", "--journal", done).status == 0
    order = sandbox.order("hold,endpoint=update")
    process = start("trunks", "apply", files[0], "--yes", "--rate", "none", "--journal", tmp_path / "first.journal")
    asyncio.run(order.reached(3, timeout=20))
    result = itnio("trunks", "undo", done, "--yes")
    assert result.status == 1
    assert f"process {process.pid} on " in result.err
    order.release()
    process.communicate(timeout=30)
    assert sent(sandbox) == 6
    assert itnio("trunks", "undo", done, "--yes").status == 0
    assert {sandbox.trunk(n).sip_prefix or None for n in (1, 3, 5)} == {None}


def test_a_saved_plan_that_was_kept_waiting_does_not_count_as_applied(itnio, sandbox, first, files, tmp_path):
    process, order = first
    plan = tmp_path / "plan"
    assert itnio("trunks", "plan", files[1], "--out", plan).status == 2
    assert itnio("trunks", "apply", plan, "--yes", "--journal", tmp_path / "one.journal").status == 1
    order.release()
    process.communicate(timeout=30)
    # Not because it was applied, but since its trunks have changed.
    result = itnio("trunks", "apply", plan, "--yes", "--journal", tmp_path / "other.journal")
    assert "A plan is applied once" not in result.err
    assert result.status == 3


def test_single_commands_and_another_account_wait_for_nobody(itnio, sandbox, start, files, csv, monkeypatch):
    sandbox.accounts["made-up-other"] = "made-up-other-secret"
    order = sandbox.order("hold,key_id=5")
    process = start("trunks", "apply", files[0], "--yes", "--rate", "none")
    asyncio.run(order.reached(1, timeout=20))
    assert itnio("trunks", "update", 2, "--sip-prefix", "5").status == 0
    monkeypatch.setenv("ITNIO_API_KEY", "made-up-other")
    monkeypatch.setenv("ITNIO_API_SECRET", "made-up-other-secret")
    assert itnio("trunks", "apply", csv("key_id,sip_prefix", "7,77"), "--yes").status == 0
    assert process.poll() is None
    order.release()
    process.communicate(timeout=30)
    assert process.returncode == 0
