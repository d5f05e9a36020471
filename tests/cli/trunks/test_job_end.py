"""The end of a job whose journal cannot be read any more: it is told from what the run knows, and is an error."""

from __future__ import annotations

import json
import os
from contextlib import nullcontext

import pytest

from cli.trunks.test_apply import sent
from itnio_async import ConfigurationError
from itnio_async.bulk import Job, JournalError
from itnio_async.bulk.journal.journal import Journal
from itnio_async.bulk.journal.table import Table
from itnio_async.cli import main

COUNT = 12
REFUSED = 5
HALF = 6


@pytest.fixture
def file(csv):
    return csv("key_id,sip_prefix", *(f"{key_id},9" for key_id in range(1, COUNT + 1)))


@pytest.fixture
def apply(itnio, sandbox, file, journal, tmp_path):
    """Applies the file, one trunk of which is refused; gives the status, the result and what was said."""
    sandbox.order(f"minus23,key_id={REFUSED},endpoint=update")

    def run(*options):
        arguments = ["--yes", "--json", "--journal", journal, "--concurrency", 2, *options]
        result = itnio("trunks", "apply", file, *arguments, "--failed", tmp_path / "failed.csv")
        end = json.loads(result.lines[-1])
        assert (end["event"], end["exit_status"]) == ("result", result.status)
        return result.status, end, result.err

    return run


def beside(path, *endings):
    return [path.with_name(f"{path.name}{ending}") for ending in ("", *endings)]


def delete(path):
    for one in beside(path, "-wal", "-shm"):
        one.unlink(missing_ok=True)


def truncate(path):
    # SQLite has -shm in its memory: the system ends a program whose mapped file is cut off.
    for one in beside(path, "-wal"):
        os.truncate(one, 0)


def overwrite(path):
    for one in beside(path, "-wal"):
        one.write_bytes(b"not a journal " * 5000)


def make_directory(path):
    delete(path)
    path.mkdir()


DAMAGES = [
    delete,
    make_directory,
    pytest.param(truncate, marks=pytest.mark.skipif(os.name == "nt", reason="it is locked there")),
    overwrite,
]


@pytest.fixture
def damaged(monkeypatch, journal):
    """Does something to the journal at that many noted results."""

    def at(number, damage):
        left = number
        settle = Journal.settle

        def settle_and_damage(self, row, result):
            nonlocal left
            settle(self, row, result)
            left -= 1
            if left == 0:
                damage(journal)

        monkeypatch.setattr(Journal, "settle", settle_and_damage)

    return at


def check(end, sandbox, failed):
    """The result says what the sandbox has."""
    counts = {state: count for state, count in end["counts"].items() if count}
    done = sum(trunk.sip_prefix == "9" for trunk in sandbox.trunks)
    assert sum(counts.values()) == end["rows"] == COUNT
    assert counts.get("done", 0) == done
    assert counts.keys() <= {"done", "refused", "waiting"}
    assert "There are no rows" not in end["conclusion"]
    if counts.get("refused"):
        assert any(line.startswith(f"{REFUSED},9,") for line in failed.read_text().splitlines())
    return counts


@pytest.mark.parametrize("moment", [1, HALF, COUNT])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_journal_that_is_lost_while_the_job_runs(apply, damaged, sandbox, journal, tmp_path, damage, moment):
    damaged(moment, damage)
    status, end, said = apply()
    counts = check(end, sandbox, tmp_path / "failed.csv")
    if moment == COUNT:
        assert counts == {"done": COUNT - 1, "refused": 1}
    assert (status, end["ended"], end["error"]) == (1, "error", "JournalError")
    assert str(journal) in end["text"]
    assert f"journal {journal} " in said
    assert "Nothing was sent" not in said
    assert "itnio trunks report" not in said


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_earlier_runs_did_is_told_too(apply, damaged, sandbox, journal, tmp_path, damage):
    order = sandbox.order("minus1,endpoint=update")
    apply()
    order.cancel()
    order = sandbox.order(f"minus1,key_id={HALF},endpoint=update")
    apply()
    order.cancel()
    before = sum(trunk.sip_prefix == "9" for trunk in sandbox.trunks)
    assert 0 < before < COUNT
    damaged(2, damage)
    status, end, _ = apply()
    counts = check(end, sandbox, tmp_path / "failed.csv")
    assert counts["done"] >= before
    assert (status, end["error"]) == (1, "JournalError")


@pytest.mark.parametrize("damage", [None, delete])
@pytest.mark.parametrize("last", range(8))
def test_rows_that_cannot_be_counted(apply, sandbox, journal, monkeypatch, tmp_path, last, damage):
    """The disk gives errors from some moment on; then the file can be read again, or not."""
    left = last
    counts = Table.counts

    def fail_later(self):
        nonlocal left
        left -= 1
        if left >= 0:
            return counts(self)
        if damage is not None:
            damage(journal)
        raise JournalError(f"The journal {self.path} cannot be used (disk I/O error).")

    monkeypatch.setattr(Table, "counts", fail_later)
    status, end, said = apply()
    counted = check(end, sandbox, tmp_path / "failed.csv")
    assert counted == ({"done": COUNT - 1, "refused": 1} if sent(sandbox) else {"waiting": COUNT})
    assert ("Nothing was sent" in said, status) == (False, 1 if left < 0 else 3)
    assert end["error"] == ("JournalError" if left < 0 else None)


@pytest.mark.parametrize("error", [ZeroDivisionError(), ConfigurationError("made up"), KeyboardInterrupt()])
@pytest.mark.parametrize("damage", [None, delete])
def test_what_ends_the_command_after_updates_were_sent(
    itnio, damaged, sandbox, file, journal, capsys, monkeypatch, error, damage
):
    """Whatever it is: nobody is told that they were not."""
    run = Job.run

    async def run_and_fail(self):
        await run(self)
        if damage is not None:
            damage(journal)
        raise error

    monkeypatch.setattr(Job, "run", run_and_fail)
    with nullcontext() if not isinstance(error, ZeroDivisionError) else pytest.raises(ZeroDivisionError):
        main(["trunks", "apply", str(file), "--yes", "--json", "--journal", str(journal)])
    end = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (end["event"], end["counts"]["done"], end["counts"]["waiting"]) == ("result", COUNT, 0)


def test_people_are_told_too(itnio, damaged, sandbox, file, journal):
    damaged(HALF, delete)
    result = itnio("trunks", "apply", file, "--yes", "--journal", journal)
    assert result.status == 1
    assert f"Done\t{COUNT}\taccepted by the vendor" in result.lines
    assert "is not there any more, and without it the job cannot be undone" in result.err
    assert "The job ended early" not in result.err


def test_another_error_is_told_as_well(apply, damaged, sandbox, journal):
    sandbox.order("minus1,endpoint=update,key_id=9")
    damaged(HALF, delete)
    status, end, said = apply()
    assert (status, end["error"], len(end["notes"])) == (1, "AuthenticationError", 1)
    assert f"The journal {journal} is not there any more" in end["notes"][0]
    assert end["notes"][0] in said


def test_an_error_before_the_run_is_noted_is_told(apply, itnio, sandbox, file, journal, monkeypatch):
    async def fail(*_):
        raise JournalError("No room for a run.")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "begin", fail)
        status, end, said = apply()
        assert (status, end["ended"], end["text"], sent(sandbox)) == (1, "error", "No room for a run.", 0)
        assert "No room for a run." in said
    assert apply()[0] == 3
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "begin", fail)
        assert apply()[0] == 1
    # What the run before has noted stays.
    assert "Exit status:   3" in itnio("trunks", "report", journal).out
