"""`itnio trunks set` against the sandbox: a whole job without a file."""

from __future__ import annotations

import json
import shlex

import pytest

from itnio_async.bulk import RowState, read_journal


def updates(sandbox):
    return sum(request.path.endswith("/update") for request in sandbox.requests)


def journals(tmp_path):
    return sorted((tmp_path / "state").rglob("set-*.journal"))


def test_a_whole_job(itnio, sandbox, tmp_path):
    command = ["trunks", "set", "sip_prefix=0086", "--where", "direction=inbound", "--yes", "--verify"]
    dry = itnio(*command, "--dry-run")
    assert dry.status == 2
    assert "Trunk 2 trunk00002: update (itnio trunks set sip_prefix=0086 trunk 2)" in dry.out
    assert updates(sandbox) == 0
    result = itnio(*command, "--canary", 2)
    assert result.status == 0, result.err
    assert [sandbox.trunk(number).sip_prefix or "" for number in range(1, 13)] == ["", "0086"] * 6
    (journal,) = journals(tmp_path)
    contents = read_journal(journal)
    assert contents.header.source == "itnio trunks set sip_prefix=0086 --where direction=inbound"
    assert [row.state for row in contents.rows] == [RowState.DONE] * 6
    assert itnio("trunks", "report", journal).status == 0
    again = itnio(*command)
    assert again.status == 0
    assert "has ended; what it has done is still so" in again.err
    assert updates(sandbox) == 6
    assert itnio("trunks", "undo", journal, "--yes").status == 0
    assert {sandbox.trunk(number).sip_prefix or None for number in range(1, 13)} == {None}


def test_it_goes_on_with_the_trunks_that_it_began_with(itnio, sandbox, tmp_path):
    itnio("trunks", "set", "sip_prefix=1", "--all", "--yes")
    order = sandbox.order("minus60,endpoint=update,key_id=5")
    command = ["trunks", "set", "prefix=2", "--where", "prefix=1", "--yes", "--concurrency", 1, "--max-failures", 1]
    assert itnio(*command).status == 3
    order.cancel()
    left = [number for number in range(1, 13) if sandbox.trunk(number).sip_prefix != "2"]
    assert 1 < len(left) < 12
    second = itnio(*command, "--retry-refused")
    assert second.status == 0, second.err
    assert {sandbox.trunk(number).sip_prefix for number in range(1, 13)} == {"2"}
    # One job, whose journal has all trunks: so one undo gives all of them back.
    journal = next(path for path in journals(tmp_path) if "prefix=2" in read_journal(path).header.source)
    assert len(read_journal(journal).rows) == 12
    assert itnio("trunks", "undo", journal, "--yes").status == 0
    assert {sandbox.trunk(number).sip_prefix for number in range(1, 13)} == {"1"}


def test_the_next_job_takes_what_holds_then(itnio, sandbox, tmp_path):
    command = ["trunks", "set", "prefix=2", "--where", "prefix=1", "--yes"]
    for key_id in (1, 5):
        itnio("trunks", "update", key_id, "--sip-prefix", 1)
        assert itnio(*command).status == 0
        assert sandbox.trunk(key_id).sip_prefix == "2"
    mine = [path for path in journals(tmp_path) if "prefix=2" in read_journal(path).header.source]
    assert [len(read_journal(path).rows) for path in mine] == [1, 1]


def test_a_failed_row_and_json(itnio, sandbox, tmp_path):
    sandbox.order("minus60,endpoint=update,key_id=4")
    failed = tmp_path / "failed.csv"
    result = itnio("trunks", "set", "whitelist=192.0.2.9", "--where", "key_id=4", "--yes", "--json", "--failed", failed)
    assert result.status == 3
    end = json.loads(result.lines[-1])
    assert (end["event"], end["exit_status"]) == ("result", 3)
    assert failed.read_text().splitlines()[1].startswith("4,192.0.2.9,-60,")


def test_fields_are_cleared_by_nothing(itnio, sandbox):
    itnio("trunks", "set", "sip_prefix=1", "--where", "key_id=1", "--yes")
    assert itnio("trunks", "set", "sipPrefix=", "--where", "key_id=1", "--yes").status == 0
    assert not sandbox.trunk(1).sip_prefix


def test_no_trunk_is_meant(itnio, sandbox):
    result = itnio("trunks", "set", "sip_prefix=1", "--where", "key_id=99", "--yes")
    assert result.status == 0
    assert updates(sandbox) == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("sip_prefix=1", "it is not said which trunks are meant"),
        ("sip_prefix=1 --all --where key_id=1", "--all and --where are both given"),
        ("sip_prefix --all", "'sip_prefix' is not an assignment"),
        ("sip_prefx=1 --all", "Did you mean sip_prefix?"),
        ("state=1 --all", "there is no such column"),
        ("key_id=1 --all", "the key id cannot be changed"),
        ("sip_password=hush --all", "sip_password is never given as an argument"),
        ("sip_prefix=1 sipPrefix=2 --all", "sip_prefix is given twice"),
        ("sip_trunk_state=maybe --all", "sip_trunk_state: true or false is wanted"),
        ("group=x --all", "a whole number"),
        ("group= --all", "group"),
        ("sip_trunk_name= --all", "sip_trunk_name"),
        ("numbers=1;2 --all", "numbers belong to groups"),
        (f"sip_gateway_ip={'1' * 51} --all", "sip_gateway_ip"),
        ("sip_prefix=1 --where gateway", "is not a condition"),
        ("sip_prefix=1 --all --rate fast", "it is not a rate"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(itnio, sandbox, arguments, says):
    result = itnio("trunks", "set", *shlex.split(arguments), "--yes")
    assert (result.status, result.out) == (1, "")
    assert says in result.err
    assert "hush" not in result.err
    assert sandbox.requests == []
