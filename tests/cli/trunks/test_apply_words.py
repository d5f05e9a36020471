"""What `itnio trunks apply` says to somebody who does not know how it works."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager

import pytest

from itnio_async.bulk import Progress, SourceError
from itnio_async.cli import progress
from itnio_async.cli.trunks import job_end

PASSWORDS = "key_id,sip_password"


def sent(sandbox):
    return sum(request.path.endswith("/update") for request in sandbox.requests)


@pytest.mark.parametrize("shown", ["clear", "masked", "absent"])
def test_a_new_password_for_a_row_that_is_done_is_sent_and_told(apply, sandbox, csv, shown):
    sandbox.assumptions.listed_password = shown
    assert apply(csv(PASSWORDS, "3,Hush-hush")).status == 0
    result = apply(csv(PASSWORDS, "3,Hush-again"))
    assert (result.status, sandbox.trunk(3).sip_password) == (0, "Hush-again")
    assert "1 row: the file has another password now." in result.err or "sip_password is another one" in result.err
    assert "Hush" not in result.err + result.out


@pytest.mark.parametrize("shown", ["masked", "absent"])
def test_the_same_password_is_not_sent_again_and_nothing_is_asked(apply, sandbox, csv, shown):
    sandbox.assumptions.listed_password = shown
    file = csv(f"{PASSWORDS},sip_prefix", "3,Hush-hush,00", "1,,00")
    assert apply(file).status == 0
    before = sent(sandbox)
    result = apply(file)
    assert (result.status, sent(sandbox)) == (0, before)
    assert "another password" not in result.err
    assert "the listing hides" not in result.err


def test_that_a_hidden_password_may_be_another_one_is_told_where_nothing_tells(apply, sandbox, csv, journal):
    sandbox.assumptions.listed_password = "masked"
    assert apply(csv(PASSWORDS, "3,Hush-hush")).status == 0
    with closing(sqlite3.connect(journal)) as database, database:
        database.execute("UPDATE header SET key_check = 'of another secret'")
    result = apply(csv(PASSWORDS, "3,Hush-again"))
    assert (result.status, sandbox.trunk(3).sip_password) == (0, "Hush-hush")
    assert "1 of the rows that are done will not be sent again, although the file may have another" in result.err


def test_no_password_is_told_to_be_none(apply, itnio, sandbox, csv, tmp_path):
    file = csv(PASSWORDS, "3,Hush-hush")
    assert apply(file).status == 0
    other = csv(PASSWORDS, "3,Hush-again")
    assert itnio("trunks", "apply", other, "--yes", "--journal", tmp_path / "other.journal").status == 0
    result = apply(csv(PASSWORDS, "3,Hush-hush"), "--verify")
    assert result.err.count("sip_password is another one") == 1
    assert "None" not in result.err


def test_groups_that_were_read_back_otherwise_are_words_and_no_python(apply, sandbox, csv):
    sandbox.assumptions.group_list = "adds"
    result = apply(csv("key_id,voice_group_ids", "1,1000026"), "--verify")
    assert "trunk 1 was read back with other values: group_list is 1000026;2000001, not 1000026\n" in result.err


def test_where_the_reasons_of_failed_rows_are(apply, itnio, sandbox, csv, journal, tmp_path):
    file = csv("key_id,sip_gateway_ip", "1,10.0.0.3")
    result = apply(file)
    assert result.status == 3
    (hint,) = [line for line in result.err.splitlines() if "--failed" in line]
    _, command = hint.split(": itnio ")
    failed = tmp_path / "failed.csv"
    assert itnio(*command.replace("FILE", str(failed)).split()).status == 0
    assert "1,10.0.0.3,-53" in failed.read_text()
    assert "--failed" not in apply(file, "--failed", failed).err
    assert "--failed" not in apply(csv("key_id", "1"), "--journal", tmp_path / "other").err


def test_how_failed_rows_get_their_passwords_back(apply, itnio, sandbox, csv, tmp_path):
    sandbox.order("minus50,endpoint=update,count=1")
    file, failed = csv(PASSWORDS, "3,Hush-hush"), tmp_path / "failed.csv"
    result = apply(file, "--failed", failed)
    (hint,) = [line for line in result.err.splitlines() if "--secrets-from" in line]
    assert itnio(*hint.split(": itnio ")[1].split(), "--yes").status == 0
    assert sandbox.trunk(3).sip_password == "Hush-hush"


@pytest.mark.parametrize("name", ["trunks.csv", "failed.jsonl"])
def test_failed_rows_that_cannot_be_written_so_are_refused_before_anything_is_sent(apply, sandbox, csv, tmp_path, name):
    file = csv("key_id,sip_gateway_ip,sip_password", "1,10.0.0.3,", "3,,Hush-hush")
    before = file.read_text()
    result = apply(file, "--failed", tmp_path / name)
    assert (result.status, file.read_text()) == (1, before)
    assert "Nothing was sent." in result.err or "would replace a file of the job" in result.err
    assert not any(request.path.endswith("/update") for request in sandbox.requests)


def test_why_refusals_ended_it(apply, sandbox, csv):
    file = csv("key_id,sip_gateway_ip", *(f"{key_id},10.0.0.11" for key_id in (1, 3, 5, 7)))
    assert (
        "The job ended early after 2 equal refusals one after another (--max-failures).\n"
        in apply(file, "--concurrency", 1, "--max-failures", 2).err
    )


def test_a_refused_key_is_no_row_of_refusals(apply, sandbox, csv):
    sandbox.order("minus1,endpoint=update")
    result = apply(csv("key_id,sip_prefix", "1,00", "3,00"), "--concurrency", 1)
    assert "The job ended early.\n" in result.err
    assert "one after another" not in result.err


def test_nobody_is_told_at_the_end_that_nothing_was_sent(apply, sandbox, csv, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise SourceError("it is gone")

    monkeypatch.setattr(job_end, "write_files", fail)
    result = apply(csv("key_id,sip_gateway_ip", "1,10.0.0.3"), "--failed", tmp_path / "failed.csv")
    assert (result.status, result.err.splitlines()[-1]) == (1, "Error: it is gone")


def test_after_a_question_the_progress_is_shown_again(monkeypatch):
    screens = []

    @contextmanager
    def screen():
        screens.append([])
        yield screens[-1].append

    monkeypatch.setattr(progress, "shown_progress", screen)
    with progress.PausableProgress() as shown:
        shown.tell(Progress(total=4, done=1))
        assert shown.paused(lambda: True)
    assert screens == [[Progress(total=4, done=1)]] * 2


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_a_file_name_that_is_no_utf_8(apply, itnio, sandbox, tmp_path):
    file = os.fsdecode(os.fsencode(tmp_path) + b"/trunks\xff.csv")
    with open(file, "w") as opened:  # noqa: PTH123 - the name as the system has it
        opened.write("key_id,sip_prefix\n3,7\n")
    assert itnio("trunks", "plan", file, "--out", tmp_path / "plan.jsonl").status == 2
    assert apply(file).status == 0
    assert sandbox.trunk(3).sip_prefix == "7"
