"""What a job advises at its end: it helps, whatever ended the job and of whatever kind it is."""

from __future__ import annotations

import json

import pytest

from cli.trunks.test_apply import sent

AGAIN = "Run the same command again"


@pytest.fixture
def end_of(itnio):
    """Runs a job; gives its exit status and its result."""

    def run(*arguments):
        result = itnio("trunks", *arguments, "--json")
        return result.status, json.loads(result.lines[-1])

    return run


def advice_for(end, state):
    return [why["advice"] for why in end["reasons"] if why["state"] == state]


def test_a_plan_that_is_refused(end_of, sandbox, csv, journal):
    file = csv("key_id,sip_prefix", "1,7", "99,7")
    apply = ("apply", file, "--yes", "--journal", journal)
    status, end = end_of(*apply)
    assert (status, end["journal"], journal.exists()) == (3, None, False)
    assert advice_for(end, "waiting") == ["Correct the rows that are refused, or go on without them (--skip-invalid)."]
    status, end = end_of(*apply, "--skip-invalid")
    assert (status, end["journal"], sent(sandbox)) == (3, str(journal), 1)


def test_a_dry_run_and_a_no(itnio, end_of, sandbox, csv, journal, on_terminal, monkeypatch):
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    file = csv("key_id,sip_prefix", "1,7")
    _, end = end_of("apply", file, "--journal", journal, "--dry-run")
    assert (end["journal"], advice_for(end, "waiting")) == (None, ["Run the command without --dry-run."])
    assert itnio("trunks", "apply", file, "--journal", journal).status == 2
    assert not journal.exists()


def test_a_journal_of_other_rows(end_of, sandbox, csv, journal):
    for prefix, status, its_own in (("7", 0, str(journal)), ("8", 1, None)):
        file = csv("key_id,sip_prefix", f"1,{prefix}", "3,7")
        told, end = end_of("apply", file, "--yes", "--journal", journal)
        assert (told, end["journal"]) == (status, its_own)
    assert "give another --journal" in end["text"] or "belongs to other rows" in end["text"]
    assert advice_for(end, "waiting") == ["Mend what ended the job, then run the command again."]
    assert end_of("apply", file, "--yes", "--journal", journal.with_name("other"))[0] == 0


def test_a_journal_of_another_account(end_of, sandbox, csv, journal, monkeypatch):
    apply = ("apply", csv("key_id,sip_prefix", "1,7"), "--yes", "--journal", journal)
    assert end_of(*apply)[0] == 0
    monkeypatch.setenv("ITNIO_BASE_URL", sandbox.url.replace("127.0.0.1", "localhost"))
    status, end = end_of(*apply)
    assert (status, end["journal"]) == (1, None)


@pytest.fixture
def canary(sandbox, itnio, csv, journal):
    """A job whose canary, trunk 1, is refused; gives the arguments without the canary, and the order that refuses."""
    order = sandbox.order("minus22,key_id=1,endpoint=update")
    file = csv("key_id,sip_prefix", "1,00", "3,00", "5,00")
    apply = ("apply", file, "--yes", "--journal", journal)
    result = itnio("trunks", *apply, "--canary", 1)
    assert (result.status, sent(sandbox)) == (4, 1)
    assert AGAIN not in result.out + result.err
    assert "When the cause is gone, send them again with --retry-refused." in result.err
    return apply, order


def test_a_canary_that_was_refused_is_not_left_by_leaving_the_option(end_of, itnio, sandbox, canary):
    apply, order = canary
    for options in ((), ("--canary", 1)):
        status, end = end_of(*apply, *options)
        assert (status, end["ended"], sent(sandbox)) == (4, "canary", 1)
        assert AGAIN not in str(advice_for(end, "waiting"))
    (job,) = map(json.loads, itnio("trunks", "jobs", apply[-1].parent, "--json").lines)
    assert job["next"] == f"itnio trunks report {apply[-1]}"
    order.cancel()
    assert end_of(*apply, "--retry-refused")[0] == 0
    assert {sandbox.trunk(key_id).sip_prefix for key_id in (1, 3, 5)} == {"00"}
    assert end_of(*apply)[0] == 0


def test_the_canary_of_an_undo(end_of, itnio, sandbox, csv, journal, tmp_path):
    assert itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00", "3,00"), "--yes", "--journal", journal).status == 0
    order = sandbox.order("minus22,key_id=1,endpoint=update")
    undo = ("undo", journal, "--yes", "--canary", 1, "--journal")
    result = itnio("trunks", *undo, tmp_path / "back")
    assert result.status == 4
    assert "When the cause is gone, begin again with another --journal." in result.err
    order.cancel()
    assert itnio("trunks", *undo, tmp_path / "back").status == 4
    assert itnio("trunks", *undo, tmp_path / "another").status == 0
    assert not any(trunk.sip_prefix for trunk in sandbox.trunks)


@pytest.mark.parametrize("kind", ["undo", "set"])
def test_rows_without_a_file_are_corrected_in_one(end_of, itnio, sandbox, csv, journal, tmp_path, kind):
    mine, failed = tmp_path / "mine", tmp_path / "failed.csv"
    itnio("trunks", "set", "prefix=00", "--where", "key_id=1", "--yes", "--journal", journal)
    if kind == "undo":
        assert itnio("trunks", "update", 1, "--sip-prefix", "77").status == 0
        status, end = end_of("undo", journal, "--yes", "--journal", mine)
    else:
        name = ("set", "sip_trunk_name=trunk00002", "--where", "key_id=1", "--skip-invalid")
        status, end = end_of(*name, "--yes", "--journal", mine)
    assert status == 3
    (advice,) = advice_for(end, "refused")
    assert advice.startswith("There is no file to correct: write one (itnio trunks report JOURNAL --failed FILE)")
    assert itnio("trunks", "report", mine, "--failed", failed).status == 0
    failed.write_text(failed.read_text().replace("trunk00002", "another"))
    assert itnio("trunks", "apply", failed, "--yes").status == 0
    assert (sandbox.trunk(1).sip_prefix or "", sandbox.trunk(1).sip_trunk_name) == {
        "undo": ("", "trunk00001"),
        "set": ("00", "another"),
    }[kind]


@pytest.mark.parametrize("kind", ["file", "undo", "plan"])
def test_the_same_command_sends_what_was_read_back_otherwise(end_of, itnio, sandbox, csv, journal, tmp_path, kind):
    file, back = csv("key_id,sip_prefix", "1,00", "3,00"), tmp_path / "back"
    order = None if kind == "undo" else sandbox.order("drop,endpoint=update,key_id=3")
    if kind == "plan":
        itnio("trunks", "plan", file, "--out", tmp_path / "plan")
    job = ("apply", tmp_path / "plan" if kind == "plan" else file, "--yes", "--journal", journal)
    itnio("trunks", *job)
    if kind == "undo":
        order = sandbox.order("drop,endpoint=update,key_id=3")
        job = ("undo", journal, "--yes", "--journal", back)
        itnio("trunks", *job)
    order.cancel()
    assert itnio("trunks", "update", 1, "--sip-prefix", "77").status == 0
    status, end = end_of(*job)
    assert status == 3
    assert ("the same command" in advice_for(end, "done")[0]) is (kind == "file")
    assert end_of(*job)[0] == (0 if kind == "file" else 3)
