"""The verdict on a job and the exit status of its command come from the same facts, and the journal has them all."""

from __future__ import annotations

import json

import pytest

from cli.trunks.test_apply import sent


@pytest.fixture
def ended(itnio):
    """Runs a job, and gives its exit status and its verdict, on which its journal's report and status 0 agree."""

    def run(command, *arguments):
        result = itnio("trunks", command, *arguments, "--yes", "--json")
        end = json.loads(result.lines[-1])
        assert end["conclusion"] in itnio("trunks", "report", end["journal"]).out
        assert end["conclusion"].startswith(("All is well", "There are no rows.")) is (result.status == 0)
        return result.status, end["conclusion"]

    return run


@pytest.fixture
def cut_off(itnio, sandbox, csv, journal):
    """A job of trunks 1 (done), 2 (was so) and 3 (its outcome is unknown); gives its arguments."""
    assert itnio("trunks", "update", 2, "--sip-prefix", "00").status == 0
    file = csv("key_id,sip_prefix", "1,00", "2,00", "3,00")
    order = sandbox.order("drop,endpoint=update,key_id=3")
    assert itnio("trunks", "apply", file, "--yes", "--journal", journal).status == 5
    order.cancel()
    return "apply", file, "--journal", journal


def test_what_was_done_is_as_it_was_left(ended, cut_off):
    assert ended(*cut_off) == (0, "All is well: all 3 rows are as wanted.")


@pytest.mark.parametrize(
    ("changed", "says"), [([1], "2 of 3 rows are"), ([2], "2 of 3 rows are"), ([1, 2], "1 of 3 rows is")]
)
def test_what_was_done_or_up_to_date_has_changed_since(
    ended, itnio, sandbox, cut_off, journal, tmp_path, changed, says
):
    for key_id in changed:
        assert itnio("trunks", "update", key_id, "--sip-prefix", "77").status == 0
    expected = (3, f"Not all is well: {says} as wanted, {len(changed)} read back otherwise.")
    assert ended(*cut_off) == expected
    failed = tmp_path / "failed.csv"
    assert itnio("trunks", "report", journal, "--failed", failed).status == 0
    rows = failed.read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == [str(key_id) for key_id in changed]
    assert all("sip_prefix is 77, not 00" in row for row in rows)
    # The job has ended: the same command sets them right.
    assert ended(*cut_off) == (0, "All is well: all 3 rows are as wanted.")
    assert {sandbox.trunk(key_id).sip_prefix for key_id in (1, 2, 3)} == {"00"}


def test_what_was_changed_since_and_is_as_wanted_again(ended, itnio, sandbox, cut_off):
    for prefix, status in (("77", 3), ("00", 0)):
        assert itnio("trunks", "update", 1, "--sip-prefix", prefix).status == 0
        before = sent(sandbox)
        assert ended(*cut_off)[0] == status
        assert sent(sandbox) - before == (status != 0)


def test_a_job_that_was_undone_before_it_went_on(ended, itnio, sandbox, csv, journal):
    file = csv("key_id,sip_prefix", *(f"{key_id},5" for key_id in range(1, 13)))
    order = sandbox.order("drop,endpoint=update,key_id=9")
    assert itnio("trunks", "apply", file, "--yes", "--journal", journal).status == 5
    order.cancel()
    assert itnio("trunks", "undo", journal, "--yes").status == 0
    said = "Not all is well: 1 of 12 rows is as wanted, 11 read back otherwise."
    assert ended("apply", file, "--journal", journal) == (3, said)
    assert sum(trunk.sip_prefix == "5" for trunk in sandbox.trunks) == 1


KEPT = "The new passwords of 1 row stay: no journal keeps the old ones."


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("3,0086,Hush-hush", f"Not all is well: 1 of 1 row is as wanted. {KEPT}"),
        ("3,,Hush-hush", f"There are no rows. {KEPT}"),
    ],
)
def test_an_undo_that_leaves_a_password(itnio, sandbox, csv, journal, tmp_path, row, said):
    file = csv("key_id,sip_prefix,sip_password", row)
    assert itnio("trunks", "apply", file, "--yes", "--journal", journal).status == 0
    back = tmp_path / "back"
    for _ in range(2):
        result = itnio("trunks", "undo", journal, "--yes", "--json", "--journal", back)
        end = json.loads(result.lines[-1])
        assert (result.status, end["conclusion"], end["secrets_kept"]) == (3, said, 1)
        assert said in itnio("trunks", "report", back).out
