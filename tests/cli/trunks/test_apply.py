"""`itnio trunks apply` against the sandbox; at a terminal see `test_apply_terminal`."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import threading
import time

import pytest

from cli.conftest import COMMAND
from itnio_async.bulk import RowState, read_journal
from itnio_async.bulk.journal import table
from itnio_async.bulk.journal.paths import default_directory
from itnio_async.cli.trunks.when import When, WhenOptions, shown_moment


def states(journal):
    return {row.key_id: row.state for row in read_journal(journal).rows}


def sent(sandbox):
    return sum(request.path.endswith("/update") for request in sandbox.requests)


def listings(sandbox):
    """How often the account was listed; its trunks fit on one page."""
    return sum(request.path.endswith("/query") for request in sandbox.requests)


def test_all_rows_are_done(apply, sandbox, csv, journal):
    result = apply(csv("key_id,sip_gateway_ip,sip_password", "1,10.9.9.1,", "3,,Hush-hush", "5,10.0.0.5,"))
    assert result.status == 0
    assert sandbox.trunk(1).sip_gateway_ip == "10.9.9.1"
    assert sandbox.trunk(3).sip_password == "Hush-hush"
    assert "Done\t2\taccepted by the vendor" in result.lines
    assert "Unchanged\t1\talready up to date" in result.lines
    assert result.err.splitlines()[-1] == f"Journal: {journal}"
    assert "3 of 3, 0 refused" in result.err
    assert journal.stat().st_mode & 0o777 == 0o600
    assert b"ush" not in journal.read_bytes()
    assert "ush" not in result.out + result.err


def test_refused_rows_are_told_by_code_and_not_sent_again(apply, sandbox, csv, journal):
    file = csv("key_id,sip_gateway_ip,sip_prefix", "1,10.0.0.3,", "5,,00")
    first = apply(file)
    assert first.status == 3
    assert "Refused\t1\tnot changed" in first.lines
    assert re.search(r"^-53\t1\tthe gateway address is already bound.*\tChoose another", first.out, re.MULTILINE)
    before = sent(sandbox)
    again = apply(file)
    assert (again.status, sent(sandbox)) == (3, before)
    assert "has ended; what it has done is still so" in again.err
    assert again.lines[:5] == [
        "Rows\tCount\tMeaning",
        "Done before\t1\tin an earlier run of this job: not sent again",
        "Refused before\t1\tin an earlier run of this job: not sent again",
        "To update\t0\twhat is left of the job: sent now",
        "Unchanged\t0\tof what is left: already up to date",
    ]
    retried = apply(file, "--retry-refused")
    assert (retried.status, sent(sandbox)) == (3, before + 1)
    assert states(journal) == {1: RowState.REFUSED, 5: RowState.DONE}


def test_bad_rows_end_it_before_anything_is_sent(apply, sandbox, csv, journal):
    result = apply(csv("key_id,sip_prefix", "x,00", "1,00"))
    assert (result.status, result.out) == (3, "")
    assert "1 row cannot be sent." in result.err
    assert sandbox.requests == []
    assert not journal.exists()


def test_rows_refused_beforehand_end_it_too(apply, sandbox, csv, journal):
    result = apply(csv("key_id,sip_prefix", "77,00", "1,00"))
    assert (result.status, result.out, sent(sandbox)) == (3, "", 0)
    assert "no trunk of the account has the key id 77" in result.err
    assert "(--skip-invalid)" in result.err
    assert not journal.exists()


def test_the_good_rows_can_be_sent_without_them(apply, sandbox, csv, tmp_path):
    failed = tmp_path / "failed.csv"
    result = apply(csv("key_id,sip_prefix", "x,00", "77,00", "1,00"), "--skip-invalid", "--failed", failed)
    assert (result.status, sent(sandbox), sandbox.trunk(1).sip_prefix) == (3, 1, "00")
    assert [line.split(",")[:3] for line in failed.read_text().splitlines()] == [
        ["key_id", "sip_prefix", "code"],
        ["x", "00", ""],
        ["77", "00", ""],
    ]


@pytest.fixture(params=["mkfifo", "<(...)"])
def pipe(request, tmp_path):
    """A pipe, and its end to write to."""
    if request.param == "mkfifo":
        path = tmp_path / "pipe"
        os.mkfifo(path)
        yield path, path
        return
    reading, writing = os.pipe()
    yield f"/dev/fd/{reading}", writing
    os.close(reading)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("count", [2, 1000])
def test_a_pipe_loses_no_rows(apply, sandbox, pipe, form, count):
    line, header = {"csv": ("%d,00\n", "key_id,sip_prefix\n"), "jsonl": ('{"key_id": %d, "sip_prefix": "00"}\n', "")}[
        form
    ]
    rows = header + "".join(line % key_id for key_id in range(1, count + 1))
    path, other_end = pipe

    def write():
        with open(other_end, "w") as file:  # noqa: PTH123 - by its handle, too
            file.write(rows)

    threading.Thread(target=write, daemon=True).start()
    result = apply(path, "--format", form, "--dry-run", "--skip-invalid", "--json")
    summary = json.loads(result.lines[-1])
    assert (summary["rows"], summary["bad"]) == (count, 0)


@pytest.mark.parametrize("kind", ["another <(...)", "mkfifo"])
def test_the_same_rows_from_another_pipe_go_on_with_the_job(itnio, sandbox, tmp_path, kind):
    rows = b"key_id,sip_prefix,sip_gateway_ip\n1,4,\n5,4,10.0.0.7\n"
    for number in range(2):
        if kind == "mkfifo":
            path = tmp_path / f"pipe{number}"
            os.mkfifo(path)
            threading.Thread(target=path.write_bytes, args=[rows], daemon=True).start()
        else:
            reading, writing = os.pipe()
            os.write(writing, rows)
            os.close(writing)
            path = f"/dev/fd/{reading}"
        result = itnio("trunks", "apply", path, "--yes")
        assert result.status == 3
    # Another job would send the refused row again.
    assert (sent(sandbox), "Refused before\t1" in result.out) == (2, True)
    (journal,) = default_directory().rglob("*.journal")
    assert read_journal(journal).header.source == "a pipe"


def test_a_dry_run_sends_nothing(apply, sandbox, csv, journal):
    result = apply(csv("key_id,sip_prefix", "1,00"), "--dry-run")
    assert result.status == 2
    assert result.lines[0].startswith("Trunk 1 trunk00001: update (")
    assert result.lines[1] == "  sip_prefix: (nothing) -> 00"
    assert sent(sandbox) == 0
    assert not journal.exists()
    assert apply(csv("key_id,sip_gateway_ip", "1,10.0.0.1"), "--dry-run").status == 0
    assert apply(csv("key_id,sip_prefix", "77,00"), "--dry-run", "--skip-invalid").status == 3


def test_it_asks_and_nobody_is_there(itnio, sandbox, csv, tmp_path):
    result = itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"))
    assert (result.status, sent(sandbox)) == (1, 0)
    assert "give --yes" in result.err
    assert not (tmp_path / "state").exists()


def test_the_journal_is_by_itself_in_the_state_directory(itnio, sandbox, csv, tmp_path):
    file = csv("key_id,sip_prefix", "1,00")
    assert itnio("trunks", "apply", file, "--yes").status == 0
    assert itnio("trunks", "apply", file, "--yes").status == 0
    (found,) = (tmp_path / "state").rglob("*.journal")
    assert found.name.startswith("trunks.csv-")
    assert sent(sandbox) == 1


def test_a_storm_leaves_unknown_outcomes_and_the_same_command_goes_on(apply, sandbox, csv, journal):
    file = csv("key_id,sip_prefix", *(f"{key_id},00" for key_id in (1, 3, 5)))
    order = sandbox.order("minus18,endpoint=update,key_id=3")
    first = apply(file)
    assert first.status == 5
    assert states(journal)[3] is RowState.UNKNOWN
    assert "Run the same command again to go on with the rows that are left." in first.err
    assert re.search(
        r"^-18\t1\tthe outcome is unknown: the vendor's system failed\tRun the same", first.out, re.MULTILINE
    )
    order.cancel()
    assert apply(file).status == 0
    assert set(states(journal).values()) == {RowState.DONE}
    assert [sandbox.trunk(key_id).updates for key_id in (1, 3, 5)] == [1, 1, 1]


def test_going_on_lists_the_account_twice_and_reads_the_journal_thrice(apply, sandbox, csv, monkeypatch):
    """Both before the question and after it, the journal for the report too. A round asks for what is open alone."""
    file = csv("key_id,sip_prefix", *(f"{key_id},00" for key_id in (1, 3, 5)))
    order = sandbox.order("drop,endpoint=update,key_id=3")
    assert apply(file).status == 5
    order.cancel()
    before, read, rows_of = listings(sandbox), [], table.rows_of

    def spy(database, states=()):
        rows = rows_of(database, states)
        read.append(len(rows))
        return rows

    monkeypatch.setattr(table, "rows_of", spy)
    assert apply(file).status == 0
    assert listings(sandbox) - before == 2
    assert read == [3, 3, 1, 0, 3]


def test_a_dry_run_of_what_is_new_lists_once(apply, sandbox, csv):
    assert apply(csv("key_id,sip_prefix", "1,00"), "--dry-run").status == 2
    assert listings(sandbox) == 1


def test_a_journal_of_another_file(apply, sandbox, csv):
    assert apply(csv("key_id,sip_prefix", "1,00")).status == 0
    result = apply(csv("key_id,sip_prefix", "3,00"))
    assert (result.status, sent(sandbox)) == (1, 1)
    assert "belongs to other rows" in result.err


def test_what_drifted_is_named_and_set_right(apply, itnio, sandbox, csv, journal):
    file = csv("key_id,sip_prefix", "1,00", "3,00")
    assert apply(file).status == 0
    still = apply(file)
    assert (still.status, sent(sandbox)) == (0, 2)
    assert f"The job of the journal {journal} has ended; what it has done is still so." in still.err
    assert itnio("trunks", "update", 1, "--sip-prefix", "99").status == 0
    dry = apply(file, "--dry-run")
    assert (dry.status, dry.lines[1], sandbox.trunk(1).sip_prefix) == (2, "  sip_prefix: 99 -> 00", "99")
    result = apply(file)
    assert (result.status, sandbox.trunk(1).sip_prefix) == (0, "00")
    assert "drifted: " in result.err
    assert "trunks.csv line 2, trunk 1: sip_prefix is 99, not 00" in result.err
    assert result.lines[-3:] == [
        "Done\t1\taccepted by the vendor",
        "  drifted\t1\twere so after an earlier job, and are set right",
        "Unchanged\t1\talready up to date",
    ]
    (kept,) = journal.parent.glob("job.journal-*")
    assert f"The journal of the job before is now {kept}." in result.err
    assert "Done\t2\taccepted by the vendor" in itnio("trunks", "report", kept).lines


def test_programs_are_told_of_each_trunk_that_drifted(apply, itnio, sandbox, csv):
    file = csv("key_id,sip_prefix", "1,00", "3,00")
    assert apply(file).status == 0
    assert itnio("trunks", "update", 1, "--sip-prefix", "99").status == 0
    drifted, plan, end = map(json.loads, apply(file, "--json").lines)
    assert (drifted["event"], drifted["key_id"], drifted["changes"]["sip_prefix"]["from"]) == ("drifted", 1, "99")
    assert (plan["event"], plan["drifted"], plan["goes_on"]) == ("plan", 1, False)
    assert (end["event"], end["drifted"], end["exit_status"]) == ("result", 1, 0)


def test_an_undo_and_the_same_file_again(apply, itnio, sandbox, csv, journal):
    file = csv("key_id,sip_prefix", "1,00")
    for _ in range(2):
        assert apply(file).status == 0
        assert sandbox.trunk(1).sip_prefix == "00"
        assert itnio("trunks", "undo", journal, "--yes").status == 0
        assert not sandbox.trunk(1).sip_prefix


def test_what_changed_since_is_told_where_there_is_something_to_go_on_with(apply, itnio, sandbox, csv):
    order = sandbox.order("drop,key_id=3")
    file = csv("key_id,sip_prefix", "1,00", "3,00")
    assert apply(file).status == 5
    order.cancel()
    assert itnio("trunks", "update", 1, "--sip-prefix", "99").status == 0
    result = apply(file)
    assert (result.status, sandbox.trunk(1).sip_prefix, sandbox.trunk(3).sip_prefix) == (3, "99", "00")
    assert (
        "1 of the rows that are done will not be sent again, although their trunks differ from the file now"
        in result.err
    )


def test_verify_reads_back(apply, sandbox, csv):
    result = apply(csv("key_id,sip_prefix", "1,00"), "--verify")
    assert result.status == 0
    assert listings(sandbox) == 3


def test_verify_tells_what_does_not_stand_as_wanted(apply, itnio, sandbox, csv, tmp_path):
    assert itnio("trunks", "update", 1, "--sip-prefix", "00").status == 0
    sandbox.assumptions.null = "keeps"
    failed = tmp_path / "failed.csv"
    result = apply(csv("key_id,sip_prefix", "1,<clear>", "3,00"), "--verify", "--failed", failed)
    assert result.status == 3
    assert "trunk 1 was read back with other values: sip_prefix is 00, not (nothing)" in result.err
    assert "the trunk was read back otherwise" in result.out
    assert [line.split(",")[:2] for line in failed.read_text().splitlines()[1:]] == [["1", "<clear>"]]


@pytest.mark.parametrize(("option", "count"), [(["--max-failures", 2], 2), (["--max-failures", 0], 4)])
def test_equal_refusals_in_a_row_end_it(apply, sandbox, csv, option, count):
    rows = (f"{key_id},10.0.0.11" for key_id in (1, 3, 5, 7))
    result = apply(csv("key_id,sip_gateway_ip", *rows), "--concurrency", 1, *option)
    assert (result.status, sent(sandbox)) == (3, count)


def test_a_refused_key_ends_it_and_is_no_refusal_of_a_row(apply, sandbox, csv, journal):
    sandbox.order("minus1,endpoint=update")
    result = apply(csv("key_id,sip_prefix", "1,00", "3,00"), "--concurrency", 1)
    assert (result.status, sent(sandbox)) == (1, 1)
    assert "Check the API key and secret" in result.err
    assert set(states(journal).values()) == {RowState.WAITING}


def test_time_is_up(apply, sandbox, csv, monkeypatch, journal):
    monkeypatch.setattr(WhenOptions, "when", lambda _: When(until=1.0))
    result = apply(csv("key_id,sip_prefix", "1,00"), "--until", "05:00")
    assert (result.status, sent(sandbox)) == (2, 0)
    assert "time is up" in result.err


def test_a_window_is_shown_and_waited_for(apply, sandbox, csv, monkeypatch):
    begin, waited = time.time() + 1800, []

    async def wait(when):
        waited.append((when.begin, sent(sandbox)))

    monkeypatch.setattr(WhenOptions, "when", lambda _: When(begin, begin + 3600))
    monkeypatch.setattr(When, "wait", wait)
    result = apply(csv("key_id,sip_prefix", "1,00"), "--window", "23:00-05:00")
    assert (result.status, sent(sandbox)) == (0, 1)
    assert waited == [(begin, 0)]
    assert f"No update begins before {shown_moment(begin)}." in result.err
    assert f"No update begins after {shown_moment(begin + 3600)}." in result.err


@pytest.mark.parametrize("command", ["apply", "undo"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--until", "noon"), "--until noon is not a time"),
        (("--until", "2020-01-01 05:00"), "has passed"),
        (("--window", "23-5"), "is not two times of day"),
        (("--window", "23:00-05:00", "--until", "05:00"), "give one of them"),
    ],
)
def test_times_that_cannot_be(apply, itnio, sandbox, csv, journal, command, options, said):
    file = csv("key_id,sip_prefix", "1,00")
    assert apply(file).status == 0
    before = len(sandbox.requests)
    result = itnio("trunks", command, file if command == "apply" else journal, "--yes", *options)
    assert (result.status, len(sandbox.requests)) == (1, before)
    assert said in result.err


def test_a_canary_goes_on_by_itself_where_it_stands_as_wanted(apply, sandbox, csv):
    result = apply(csv("key_id,sip_prefix", "1,00", "3,00", "5,00"), "--canary", 1)
    assert (result.status, sent(sandbox)) == (0, 3)
    assert "1\ttrunk00001\tdone\tas wanted" in result.lines


def test_a_canary_that_is_refused_ends_it(apply, sandbox, csv, journal):
    result = apply(csv("key_id,sip_gateway_ip", "1,10.0.0.3", "5,10.9.9.9"), "--canary", 1)
    assert (result.status, sent(sandbox)) == (4, 1)
    assert "1\ttrunk00001\trefused\tsip_gateway_ip is 10.0.0.1, not 10.0.0.3" in result.lines
    assert states(journal)[5] is RowState.WAITING


def test_a_canary_that_was_refused_has_failed_again(apply, itnio, sandbox, csv, journal):
    order = sandbox.order("minus22,key_id=1")
    file = csv("key_id,sip_prefix", "1,00", "3,00", "5,00")
    for _ in range(2):
        result = apply(file, "--canary", 2)
        assert (result.status, sent(sandbox)) == (4, 2)
        assert "The canary has failed: 1 row of it is refused." in result.err
        assert "--retry-refused" in result.err
        assert "Run the same command again" not in result.err
    # Nobody is asked about what is not sent.
    assert itnio("trunks", "apply", file, "--journal", journal, "--canary", 2).status == 4
    order.cancel()
    assert apply(file, "--canary", 2, "--retry-refused").status == 0
    assert sent(sandbox) == 4


def test_html_and_failed_rows_are_written(apply, sandbox, csv, tmp_path):
    failed, html = tmp_path / "failed.csv", tmp_path / "report.html"
    file = csv("keyId;sipGatewayIp;sipPassword", "1;10.0.0.3;Hush-hush", "5;10.9.9.9;")
    assert apply(file, "--failed", failed, "--html", html).status == 3
    assert failed.read_text().splitlines()[0] == "keyId;sipGatewayIp;sipPassword;code;reason;meaning"
    assert failed.read_text().splitlines()[1].startswith("1;10.0.0.3;;-53;")
    assert "<h1>trunks.csv</h1>" in html.read_text()
    for path in (failed, html):
        assert path.stat().st_mode & 0o777 == 0o600
        assert "ush" not in path.read_text()


def test_failed_rows_are_corrected_and_fed_back(apply, itnio, sandbox, csv, tmp_path):
    """The first file has a number with a plus sign, a password and a prefix with zeros; only one cell is wrong."""
    failed = tmp_path / "failed.csv"
    file = csv(
        "key_id,sip_prefix,voice_group_ids,numbers,sip_gateway_ip,sip_password,sip_trunk_name",
        "2,0086,2000002,+15550000004,,,=cmd",
        "3,0049,,,10.0.0.5,Hush-hush,",
        "7,00,,,,,",
    )
    assert apply(file, "--failed", failed).status == 3
    rows = failed.read_text().splitlines()
    assert len(rows) == 3
    assert "'+15550000004" in rows[1]
    assert "'=cmd" in rows[1]
    failed.write_text(failed.read_text().replace("+15550000004", "+15559990002").replace("10.0.0.5", "10.9.9.3"))
    again = itnio("trunks", "apply", failed, "--yes", "--secrets-from", file)
    assert again.status == 0
    second, third = sandbox.trunk(2), sandbox.trunk(3)
    assert (second.sip_prefix, second.sip_trunk_name, second.groups[0].number) == ("0086", "=cmd", "+15559990002")
    assert (third.sip_prefix, third.sip_gateway_ip, third.sip_password) == ("0049", "10.9.9.3", "Hush-hush")


def test_standard_input_and_its_failed_rows(sandbox, tmp_path):
    failed = tmp_path / "failed.csv"
    rows = b"key_id,sip_gateway_ip\n1,10.0.0.3\n5,10.9.9.9\n"
    ended = subprocess.run(
        [*COMMAND, "trunks", "apply", "-", "--yes", "--failed", failed], input=rows, capture_output=True, timeout=30
    )
    assert ended.returncode == 3, ended.stderr
    assert failed.read_text().splitlines()[1].startswith("1,10.0.0.3,-53,")


# -- saved plans ------------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(itnio, sandbox, csv, tmp_path):
    """A plan that is kept in a file, with a password in its source."""
    file, out = csv("key_id,sip_prefix,sip_password", "1,00,", "3,00,Hush-hush"), tmp_path / "plan.jsonl"
    assert itnio("trunks", "plan", file, "--out", out).status == 2
    return out


def test_a_plan_is_applied_once(itnio, sandbox, saved, tmp_path):
    assert itnio("trunks", "apply", saved, "--yes").status == 0
    assert (sandbox.trunk(1).sip_prefix, sandbox.trunk(3).sip_password) == ("00", "Hush-hush")
    again = itnio("trunks", "apply", saved, "--yes")
    assert (again.status, sent(sandbox)) == (0, 2)
    other = itnio("trunks", "apply", saved, "--yes", "--journal", tmp_path / "other")
    assert (other.status, sent(sandbox)) == (1, 2)
    assert "A plan is applied once" in other.err


@pytest.mark.parametrize(("options", "status", "prefix"), [([], 3, "99"), (["--force"], 0, "00")])
def test_a_trunk_that_changed_since_is_not_overwritten(itnio, sandbox, saved, options, status, prefix):
    assert itnio("trunks", "update", 1, "--sip-prefix", "99").status == 0
    result = itnio("trunks", "apply", saved, "--yes", *options)
    assert (result.status, sandbox.trunk(1).sip_prefix) == (status, prefix)
    assert sandbox.trunk(3).sip_prefix == "00"


@pytest.mark.parametrize(("options", "status"), [([], 3), (["--force"], 2)])
def test_a_dry_run_shows_what_changed_since(itnio, sandbox, saved, options, status):
    assert itnio("trunks", "update", 1, "--sip-prefix", "99").status == 0
    result = itnio("trunks", "apply", saved, "--dry-run", *options)
    assert (result.status, sent(sandbox)) == (status, 1)
    assert ("Refused\t1\tcertain to be refused, or to do harm" in result.lines) == (status == 3)
    assert ("the trunk changed since the plan was made" in result.out) == (status == 3)
    # What is asked about is the same.
    asked = itnio("trunks", "apply", saved, *options)
    assert f"To update\t{1 if status == 3 else 2}\t" in asked.lines


def test_a_password_that_changed_since_is_noticed(itnio, sandbox, saved, csv):
    csv("key_id,sip_prefix,sip_password", "1,00,", "3,00,Another")
    result = itnio("trunks", "apply", saved, "--yes")
    assert (result.status, sent(sandbox)) == (1, 0)
    assert "Make the plan again" in result.err


def test_a_plan_that_is_damaged(itnio, sandbox, saved):
    saved.write_text(saved.read_text()[:-20])
    result = itnio("trunks", "apply", saved, "--yes")
    assert (result.status, sent(sandbox)) == (1, 0)
    assert "damaged" in result.err


def test_json_rows_are_no_saved_plan(itnio, sandbox, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"key_id": 1, "sip_prefix": "00"}) + "\n")
    assert itnio("trunks", "apply", file, "--yes").status == 0


def test_a_journal_that_another_run_has(apply, itnio, sandbox, csv, journal):
    file = csv("key_id,sip_prefix", "1,00")
    assert apply(file).status == 0
    lock = sqlite3.connect(f"{journal}.lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        result = apply(file)
    finally:
        lock.close()
    assert result.status == 1
    assert "Another run has the journal" in result.err


def test_a_journal_where_there_can_be_none(itnio, sandbox, csv, tmp_path):
    file = csv("key_id,sip_prefix", "1,00")
    for path in (tmp_path, file, file / "journal"):
        result = itnio("trunks", "apply", file, "--yes", "--journal", path)
        assert (result.status, sent(sandbox)) == (1, 0)
        assert str(path) in result.err


@pytest.mark.parametrize("command", ["apply", "undo", "set"])
def test_keep_trying_is_for_the_listing_before_the_job_too(itnio, sandbox, csv, tmp_path, command):
    journal = tmp_path / "a.journal"
    rows = csv("key_id,sip_prefix", "1,00")
    assert itnio("trunks", "apply", rows, "--journal", journal, "--yes").status == 0
    order = sandbox.order("drop,endpoint=sipTrunk/query")
    line = {"apply": [rows, "--journal", journal], "undo": [journal], "set": ["sip_prefix=1", "--all"]}[command]
    result = itnio("trunks", command, *line, "--yes", "--keep-trying", "0.3s")
    assert result.status == 1
    assert "the connection ended before the answer was whole" in result.err
    assert order.struck >= 2
