"""`itnio trunks undo` against the sandbox."""

from __future__ import annotations

import asyncio

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
    assert result.status == 3  # the password cannot be taken back
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
    assert "Refused\t1\tnot changed" in result.lines


def test_a_dry_run(itnio, sandbox, journal):
    before = sent(sandbox)
    result = itnio("trunks", "undo", journal, "--dry-run")
    assert (result.status, sent(sandbox)) == (3, before)
    assert "  sip_gateway_ip: 10.9.9.1 -> 10.0.0.1" in result.lines
    assert "ush" not in result.out + result.err


def test_it_asks(itnio, sandbox, journal):
    before = sent(sandbox)
    result = itnio("trunks", "undo", journal)
    assert (result.status, sent(sandbox)) == (1, before)
    assert "give --yes" in result.err


def test_twice_there_is_nothing_to_do(itnio, sandbox, journal):
    assert itnio("trunks", "undo", journal, "--yes").status == 3
    before = sent(sandbox)
    again = itnio("trunks", "undo", journal, "--yes")
    assert (again.status, sent(sandbox)) == (3, before)
    assert "what it has done is still so" in again.err


def test_without_a_password_all_is_taken_back(itnio, sandbox, csv, tmp_path):
    journal = tmp_path / "job.journal"
    assert itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00", "3,00"), "--yes", "--journal", journal).status == 0
    assert itnio("trunks", "undo", journal, "--dry-run").status == 2
    assert itnio("trunks", "undo", journal, "--yes").status == 0


def test_an_undo_that_was_killed_goes_on(itnio, start, sandbox, csv, tmp_path):
    journal, back = tmp_path / "job.journal", tmp_path / "back"
    file = csv("key_id,sip_prefix", *(f"{key_id},00" for key_id in range(1, 13)))
    assert itnio("trunks", "apply", file, "--yes", "--journal", journal).status == 0
    order = sandbox.order("hold,endpoint=update")
    for options in ((), ("--journal", back)):
        process = start("trunks", "undo", journal, "--yes", "--concurrency", 2, *options)
        asyncio.run(order.reached(2, timeout=20))
        process.kill()
        process.wait()
        order.cancel()
        result = itnio("trunks", "undo", journal, "--yes", *options)
        assert (result.status, {trunk.sip_prefix or None for trunk in sandbox.trunks}) == (0, {None})
        assert "Resuming the journal" in result.err
        assert itnio("trunks", "apply", file, "--yes", "--journal", journal).status == 0
        order = sandbox.order("hold,endpoint=update")


def test_it_has_the_options_of_apply(itnio, sandbox, journal, tmp_path):
    failed, html = tmp_path / "failed.csv", tmp_path / "page.html"
    sandbox.order("minus23,key_id=1")
    files = ("--failed", failed, "--html", html)
    canary = itnio("trunks", "undo", journal, "--yes", "--canary", 1, *files)
    assert (canary.status, sandbox.trunk(5).sip_prefix) == (4, "00")
    assert failed.read_text().splitlines()[1].startswith("1,10.0.0.1,-23,")
    assert "1 failed row" in html.read_text()


def test_more_changes_than_allowed(itnio, sandbox, journal):
    before = sent(sandbox)
    result = itnio("trunks", "undo", journal, "--yes", "--max-changes", 2)
    assert (result.status, sent(sandbox)) == (1, before)
    assert "3 trunks would be updated, and --max-changes allows 2." in result.err
    assert itnio("trunks", "undo", journal, "--yes", "--max-changes", 3).status == 3
    assert sent(sandbox) == before + 3


def test_many_rows_with_the_same_reason_are_one_line(itnio, sandbox, csv, tmp_path):
    journal = tmp_path / "job.journal"
    rows = (f"{key_id},00,Hush-hush" for key_id in range(1, 13))
    assert (
        itnio("trunks", "apply", csv("key_id,sip_prefix,sip_password", *rows), "--yes", "--journal", journal).status
        == 0
    )
    result = itnio("trunks", "undo", journal, "--yes")
    assert result.status == 3
    assert result.err.count("sip_password stays") == 1
    assert "12 rows: sip_password stays as it is: the journal does not keep secrets (trunks 1, 2, 3, 4, 5" in result.err


def test_a_journal_of_another_account(itnio, sandbox, journal, monkeypatch):
    monkeypatch.setenv("ITNIO_BASE_URL", sandbox.url.replace("127.0.0.1", "localhost"))
    result = itnio("trunks", "undo", journal, "--yes")
    assert result.status == 1
    assert "Use that account" in result.err
