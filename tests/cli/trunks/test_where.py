"""Conditions on the rows of files, and rows that come from a listing: `export`, `plan` and `apply`."""

from __future__ import annotations

import json
import shlex
import subprocess

import pytest

from cli.conftest import COMMAND
from itnio_async.bulk import read_journal


@pytest.fixture
def rows(csv):
    return csv("key_id,sip_prefix", *(f"{key_id},00" for key_id in range(1, 13)))


def prefixes(sandbox):
    return {trunk.key_id for trunk in sandbox.trunks if trunk.sip_prefix == "00"}


def test_export(itnio, sandbox, tmp_path):
    file = tmp_path / "some.csv"
    result = itnio("trunks", "export", file, "--where", "direction=inbound", "--where", "name=*1?")
    assert (result.status, result.err) == (0, f"2 trunks: {file}\n")
    assert [line.split(",")[0] for line in file.read_text().splitlines()] == ["key_id", "10", "12"]


def test_plan_and_its_saved_plan(itnio, sandbox, rows, tmp_path):
    out = tmp_path / "plan.jsonl"
    result = itnio("trunks", "plan", rows, "--where", "group=2000004", "--out", out)
    assert result.status == 2
    assert result.lines[0] == f"Trunk 4 trunk00004: update ({rows} line 5)"
    assert "11 rows left out: --where does not hold for their trunks." in result.err
    assert itnio("trunks", "apply", out, "--yes").status == 0
    assert prefixes(sandbox) == {4}
    again = itnio("trunks", "apply", out, "--yes", "--where", "group=2000004")
    assert (again.status, "this is a saved plan" in again.err) == (1, True)


def test_a_row_without_a_trunk_is_named_all_the_same(itnio, sandbox, csv):
    file = csv("key_id,sip_prefix", "1,00", "99,00")
    result = itnio("trunks", "plan", file, "--where", "key_id=1")
    assert result.status == 3
    assert "no trunk of the account has the key id 99" in result.out


def test_rows_that_name_their_trunks(itnio, sandbox, csv):
    file = csv("sip_trunk_name,sip_prefix", "trunk00001,00", "trunk00002,00")
    command = ["trunks", "apply", file, "--match", "name", "--where", "direction=inbound", "--yes"]
    assert itnio(*command).status == 0
    assert prefixes(sandbox) == {2}


def test_a_job_goes_on_with_the_rows_that_it_began_with(itnio, sandbox, rows, tmp_path):
    order = sandbox.order("minus60,endpoint=update,key_id=6")
    command = ["trunks", "apply", rows, "--where", "prefix=", "--where", "direction=inbound", "--yes"]
    assert itnio(*command, "--concurrency", 1, "--max-failures", 1).status == 3
    assert prefixes(sandbox) == {2, 4}
    order.cancel()
    assert itnio(*command, "--retry-refused").status == 0
    assert prefixes(sandbox) == {2, 4, 6, 8, 10, 12}
    (journal,) = (tmp_path / "state").rglob("*.journal")
    assert len(read_journal(journal).rows) == 6


@pytest.fixture(params=["set prefix=00", "apply FILE"])
def each_night(request, itnio, csv, journal):
    """Runs a command with --where and --journal, as every night; gives its result."""
    file = csv("key_id,sip_prefix", *(f"{key_id},00" for key_id in range(1, 13)))
    words = request.param.replace("FILE", str(file)).split()

    def run(*options):
        return itnio("trunks", *words, "--where", "prefix=", "--yes", "--journal", journal, *options)

    return run


def test_an_ended_job_gives_way_to_the_next_one_with_other_trunks(each_night, itnio, sandbox, journal):
    for cleared in ([1, 2, 3], [5, 7], []):
        assert each_night().status == 0
        assert prefixes(sandbox) == set(range(1, 13))
        for key_id in cleared:
            assert itnio("trunks", "update", key_id, "--sip-prefix", "").status == 0
    kept = sorted(journal.parent.glob(f"{journal.name}-*"))
    assert sorted(len(read_journal(path).rows) for path in kept) == [3, 12]
    assert len(read_journal(journal).rows) == 2
    assert each_night("--dry-run").status == 0
    assert len(read_journal(journal).rows) == 2
    again = each_night()
    assert (again.status, read_journal(journal).rows) == (0, ())
    assert f"The journal of the job before is now {journal}-" in again.err
    # Each night has its way back.
    first = next(path for path in kept if len(read_journal(path).rows) == 12)
    assert itnio("trunks", "undo", first, "--yes").status == 0
    assert prefixes(sandbox) == set()


def test_what_has_not_ended_or_is_of_another_command_stays(each_night, itnio, sandbox, journal):
    order = sandbox.order("drop,endpoint=update,key_id=6")
    assert each_night("--keep-trying", "1s").status == 5
    order.cancel()
    assert itnio("trunks", "update", 1, "--sip-prefix", "").status == 0
    went_on = each_night()
    assert "Resuming the journal" in went_on.err
    other = itnio("trunks", "set", "prefix=7", "--all", "--yes", "--journal", journal)
    assert (other.status, "belongs to other rows" in other.err) == (1, True)
    assert len(read_journal(journal).rows) == 12
    assert list(journal.parent.glob(f"{journal.name}-2*")) == []


@pytest.mark.parametrize("command", ["list", "export FILE", "plan FILE", "apply FILE --yes", "set sip_prefix=1 --yes"])
@pytest.mark.parametrize("condition", ["gateway", "colour=1", "state=on", "group=x"])
def test_bad_conditions_are_refused_before_anything_is_sent(itnio, sandbox, rows, command, condition, tmp_path):
    words = shlex.split(command.replace("FILE", str(rows if "export" not in command else tmp_path / "new.csv")))
    result = itnio("trunks", *words, "--where", condition)
    assert (result.status, result.out) == (1, "")
    assert f"--where {'' if condition == 'colour=1' else repr(condition)}" in result.err
    assert sandbox.requests == []
    assert not (tmp_path / "new.csv").exists()


def piped(content, *arguments):
    return subprocess.run(
        [*COMMAND, "trunks", *arguments], input=content, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("match", ["key_id", "name"])
def test_what_is_listed_is_planned_through_a_pipe(itnio, sandbox, match):
    sandbox.assumptions.listed_password = "masked"
    listed = itnio("trunks", "list", "--json").out
    result = piped(listed, "plan", "-", "--match", match, "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["counts"]["unchanged"] == 12


def test_only_what_a_filter_has_changed_is_sent(itnio, sandbox):
    listed = [json.loads(line) for line in itnio("trunks", "list", "--json", "--where", "key_id=1").lines]
    itnio("trunks", "update", 1, "--sip-gateway-ip", "10.7.7.7")  # by somebody else, meanwhile
    changed = "".join(json.dumps(row | {"sip_prefix": "00"}) + "\n" for row in listed)
    result = piped(changed, "apply", "-", "--yes")
    assert result.returncode == 0, result.stderr
    assert (sandbox.trunk(1).sip_prefix, sandbox.trunk(1).sip_gateway_ip) == ("00", "10.7.7.7")


def test_columns_to_ignore_are_kept_in_the_failed_rows(itnio, sandbox, csv, tmp_path):
    file = csv("key_id,#who,sip_prefix,Remark", "1,Eva,00,1E5", "99,Max,00,call him")
    refused = itnio("trunks", "apply", file, "--yes")
    assert (refused.status, "Remark: there is no such column" in refused.err) == (1, True)
    failed = tmp_path / "failed.csv"
    result = itnio("trunks", "apply", file, "--yes", "--ignore", "remark", "--skip-invalid", "--failed", failed)
    assert result.status == 3, result.err
    assert prefixes(sandbox) == {1}
    assert [line.split(",")[:4] for line in failed.read_text().splitlines()] == [
        ["key_id", "#who", "sip_prefix", "Remark"],
        ["99", "Max", "00", "call him"],
    ]
    wrong = itnio("trunks", "plan", file, "--ignore", "remark", "--ignore", "remarks")
    assert (wrong.status, "there is no column remarks, which is to be ignored" in wrong.err) == (1, True)
