"""`itnio trunks undo` against the sandbox."""

from __future__ import annotations

import pytest

from cli.trunks.test_apply import sent


@pytest.fixture
def journal(itnio, sandbox, csv, tmp_path):
    """The journal of a job that changed trunks 1, 3 (its password too) and 5, and was refused for 7."""
    file = csv(
        "key_id,sip_gateway_ip,sip_prefix,sip_password",
        "1,10.9.9.1,,",
        "3,,0086,Hush-hush",
        "5,,00,",
        "7,10.0.0.9,,",
    )
    path = tmp_path / "job.journal"
    assert itnio("trunks", "apply", file, "--yes", "--journal", path).status == 3
    return path


def test_the_way_back(itnio, sandbox, journal, tmp_path):
    result = itnio("trunks", "undo", journal, "--yes")
    assert result.status == 0
    assert "Done\t3\taccepted by the vendor" in result.lines
    first, third, fifth = (sandbox.trunk(key_id) for key_id in (1, 3, 5))
    assert (first.sip_gateway_ip, third.sip_prefix or None, fifth.sip_prefix or None) == ("10.0.0.1", None, None)
    assert third.sip_password == "Hush-hush"
    assert "trunk 3: sip_password stays as it is: the journal does not keep secrets" in result.err
    assert len(list((tmp_path / "state").rglob("undo-job-*.journal"))) == 1


def test_what_changed_since_is_skipped(itnio, sandbox, journal):
    assert itnio("trunks", "update", 1, "--sip-gateway-ip", "10.8.8.8").status == 0
    result = itnio("trunks", "undo", journal, "--yes")
    assert sandbox.trunk(1).sip_gateway_ip == "10.8.8.8"
    assert not sandbox.trunk(5).sip_prefix
    assert "trunk 1: it has changed since: sip_gateway_ip" in result.err
    assert "1 row skipped." in result.err


def test_a_dry_run(itnio, sandbox, journal):
    before = sent(sandbox)
    result = itnio("trunks", "undo", journal, "--dry-run")
    assert (result.status, sent(sandbox)) == (2, before)
    assert "  sip_gateway_ip: 10.9.9.1 -> 10.0.0.1" in result.lines
    assert "ush" not in result.out + result.err


def test_it_asks(itnio, sandbox, journal):
    before = sent(sandbox)
    result = itnio("trunks", "undo", journal)
    assert (result.status, sent(sandbox)) == (1, before)
    assert "give --yes" in result.err


def test_twice_there_is_nothing_to_do(itnio, sandbox, journal):
    assert itnio("trunks", "undo", journal, "--yes").status == 0
    before = sent(sandbox)
    again = itnio("trunks", "undo", journal, "--yes")
    assert (again.status, sent(sandbox)) == (0, before)
    assert "it is as before already" in again.err


def test_a_journal_of_another_account(itnio, sandbox, journal, monkeypatch):
    monkeypatch.setenv("ITNIO_BASE_URL", sandbox.url.replace("127.0.0.1", "localhost"))
    result = itnio("trunks", "undo", journal, "--yes")
    assert result.status == 1
    assert "Use that account" in result.err
