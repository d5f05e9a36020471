"""`itnio trunks report` on the journals of real jobs against the sandbox."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess

import pytest

from cli.conftest import COMMAND


@pytest.fixture
def job(itnio, sandbox, csv, tmp_path):
    """A file of five rows that was applied, and its journal: one row is refused, and of one the outcome is unknown."""
    file = csv(
        "key_id;sip_gateway_ip;sip_prefix;sip_password",
        "1;10.0.0.3;;Hush-hush",
        "5;;00;",
        "7;;00;",
        "9;10.0.0.9;;",
        "11;;;Hush-hush",
    )
    sandbox.order("page,endpoint=update,key_id=7")
    journal = tmp_path / "job.journal"
    assert itnio("trunks", "apply", file, "--yes", "--journal", journal).status == 3
    return file, journal


def test_a_table_by_code(itnio, sandbox, job):
    result = itnio("trunks", "report", job[1])
    assert (result.status, result.err) == (0, "")
    blank, end = (number for number, line in enumerate(result.lines) if not line)
    assert [line.split("\t")[:2] for line in result.lines[:blank]] == [
        ["Rows", "Count"],
        ["Done", "2"],
        ["Unchanged", "1"],
        ["Refused", "1"],
        ["Unknown", "1"],
    ]
    assert [line.split("\t")[:3] for line in result.lines[blank + 1 : end]] == [
        ["Code", "Count", "Why"],
        ["", "1", "the outcome is unknown: the answer was not the API's"],
        ["-53", "1", "the gateway address is already bound to a trunk"],
    ]
    facts = dict(re.split(": +", line, maxsplit=1) for line in result.lines[end + 1 :])
    assert facts["Verdict"] == "Not all is well: 3 of 5 rows are as wanted, 1 refused, 1 of unknown outcome."
    assert facts["Account"] == f"{sandbox.api_key[:3]}*** at {sandbox.url.removeprefix('http://')}"
    assert facts["Exit status"] == "3"
    assert set(facts) >= {"Begun", "Ended", "Run by", "Rate", "Other options", "Retries", "Read back"}


def test_a_job_that_runs(itnio, job):
    lock = sqlite3.connect(f"{job[1]}.lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    try:
        result = itnio("trunks", "report", job[1])
    finally:
        lock.close()
    assert (result.status, result.err) == (0, "The job is still running; these are its rows at this moment.\n")


def test_it_needs_no_account(itnio, job, monkeypatch):
    for name in ("ITNIO_API_KEY", "ITNIO_API_SECRET"):
        monkeypatch.delenv(name)
    assert itnio("trunks", "report", job[1]).status == 0


def test_json(itnio, sandbox, job):
    summary, refused, unknown = map(json.loads, itnio("trunks", "report", job[1], "--json").lines)
    assert summary["source"] == str(job[0])
    assert summary["api_key"] == f"{sandbox.api_key[:3]}***"
    assert summary["counts"] == {"waiting": 0, "sent": 0, "done": 2, "refused": 1, "unknown": 1, "unchanged": 1}
    assert [(reason["state"], reason["code"], reason["count"]) for reason in summary["reasons"]] == [
        ("unknown", None, 1),
        ("refused", -53, 1),
    ]
    assert (refused["line"], refused["key_id"], refused["code"], refused["attempts"]) == (2, 1, -53, 1)
    assert (unknown["line"], unknown["state"], unknown["attempts"]) == (4, "unknown", 1)


def test_failed_rows_in_the_form_of_the_first_file(itnio, job, tmp_path):
    failed = tmp_path / "failed.csv"
    result = itnio("trunks", "report", job[1], "--failed", failed)
    assert result.err.splitlines()[0] == f"2 failed rows: {failed}"
    head, first, second = failed.read_text().splitlines()
    assert head == "key_id;sip_gateway_ip;sip_prefix;sip_password;code;reason;meaning"
    assert first.startswith("1;10.0.0.3;;;-53;")
    assert second.startswith("7;;00;;;")
    assert failed.stat().st_mode & 0o777 == 0o600
    assert "ush" not in failed.read_text()


def test_the_file_may_have_been_moved(itnio, job, tmp_path):
    job[0].rename(tmp_path / "elsewhere.csv")
    failed = tmp_path / "failed.csv"
    assert itnio("trunks", "report", job[1], "--failed", failed, "--source", tmp_path / "elsewhere.csv").status == 0
    assert failed.read_text().startswith("key_id;sip_gateway_ip;")


SHIFTED = "key_id;sip_prefix\n" + "".join(f"{key_id};00\n" for key_id in range(2, 9))


@pytest.mark.parametrize("now", [None, "key_id;sip_prefix\n1;00\n", "", "what is this\n", SHIFTED])
def test_where_the_file_is_gone_the_journal_has_the_rows(itnio, sandbox, job, tmp_path, now):
    job[0].unlink()
    if now is not None:
        job[0].write_text(now)
    failed = tmp_path / "failed.csv"
    result = itnio("trunks", "report", job[1], "--failed", failed)
    assert result.status == 0
    assert "The failed rows are written as the journal has them." in result.err
    assert [line.split(",")[0] for line in failed.read_text().splitlines()] == ["key_id", "1", "7"]
    assert itnio("trunks", "plan", failed).status == 2


def test_what_was_to_be_emptied_is_so_in_the_rows_of_the_journal(itnio, sandbox, tmp_path, csv):
    assert itnio("trunks", "update", 1, "--sip-prefix", "00").status == 0
    file = csv("key_id,sip_prefix,voice_group_ids,numbers", "1,<clear>,,", "2,'<clear>,2000002,'+15550000004")
    journal, failed = tmp_path / "journal", tmp_path / "failed.csv"
    sandbox.order("page,endpoint=update")
    assert itnio("trunks", "apply", file, "--yes", "--journal", journal).status == 5
    file.unlink()
    assert itnio("trunks", "report", journal, "--failed", failed).status == 0
    planned = itnio("trunks", "plan", failed)
    assert planned.err == ""
    assert "  sip_prefix: 00 -> (nothing)" in planned.lines
    assert "  sip_prefix: (nothing) -> <clear>" in planned.lines
    assert "  group_list: 2000002=+15550000002 -> 2000002=+15550000004" in planned.lines


def test_html(itnio, job, tmp_path):
    page = tmp_path / "report.html"
    result = itnio("trunks", "report", job[1], "--html", page)
    assert result.err == f"Report: {page}\n"
    assert page.stat().st_mode & 0o777 == 0o600
    assert "2 failed rows" in page.read_text()
    assert "ush" not in page.read_text()


@pytest.mark.parametrize("content", [None, b"", b"no journal", b"SQLite format 3\0" + b"x" * 200])
def test_what_is_no_journal(itnio, tmp_path, content):
    path = tmp_path / "journal"
    if content is not None:
        path.write_bytes(content)
    result = itnio("trunks", "report", path)
    assert (result.status, result.out) == (1, "")
    assert "journal" in result.err


def test_rows_matched_by_name_in_the_form_of_the_first_file(itnio, sandbox, csv, tmp_path):
    file = csv("sipTrunkName;sipGatewayIp", "trunk00001;10.0.0.3", "nobody;10.9.9.9", "trunk00005;10.9.9.5")
    journal, failed = tmp_path / "journal", tmp_path / "failed.csv"
    options = ("--match", "name", "--yes", "--journal", journal, "--skip-invalid")
    assert itnio("trunks", "apply", file, *options).status == 3
    result = itnio("trunks", "report", journal, "--failed", failed)
    assert result.err.splitlines()[0] == f"2 failed rows: {failed}"
    assert [line.split(";")[0] for line in failed.read_text().splitlines()] == ["sipTrunkName", "trunk00001", "nobody"]


@pytest.fixture
def partly_bad(itnio, sandbox, csv, tmp_path):
    """A file and the journal of its job: of its rows one is done, two cannot be read, and one has no trunk."""
    file = csv(
        "key_id,sip_trunk_state,sip_gateway_ip,sip_password",
        "1,,10.9.9.9,",
        "3,maybe,10.9.9.8,Hush-hush",
        "99999,,10.9.9.7,",
        "x,perhaps,10.9.9.6,",
    )
    journal = tmp_path / "bad.journal"
    assert itnio("trunks", "apply", file, "--yes", "--skip-invalid", "--journal", journal).status == 3
    return file, journal


@pytest.mark.parametrize("is_there", [True, False])
def test_rows_that_were_left_out_as_bad_are_in_all_that_a_report_makes(itnio, partly_bad, tmp_path, is_there):
    file, journal = partly_bad
    if not is_there:
        file.unlink()
    failed, page = tmp_path / "failed.csv", tmp_path / "page.html"
    result = itnio("trunks", "report", journal, "--failed", failed, "--html", page)
    assert "Bad rows\t2\tleft out: they cannot be read, or break a rule" in result.lines
    assert "1 of 4 rows is as wanted, 1 refused, 2 left out as bad." in result.out
    head, *rows = [line.split(",") for line in failed.read_text().splitlines()]
    found = {row[head.index("key_id")]: dict(zip(head, row, strict=False)) for row in rows}
    assert set(found) == {"3", "99999", "x"}
    assert (found["3"]["sip_trunk_state"], found["3"]["sip_gateway_ip"]) == ("maybe", "10.9.9.8")
    assert (found["x"]["sip_trunk_state"], found["3"]["sip_password"]) == ("perhaps", "")
    assert "3 failed rows" in page.read_text()
    assert "column sip_trunk_state" in page.read_text()
    summary, *lines = map(json.loads, itnio("trunks", "report", journal, "--json").lines)
    assert (summary["rows"], summary["bad"]) == (2, 2)
    bad = [line for line in lines if line["state"] == "bad"]
    assert [(line["line"], line["column"]) for line in bad] == [
        (3, "sip_trunk_state"), (5, "key_id"), (5, "sip_trunk_state"),
    ]  # fmt: skip
    assert bad[0]["cells"] == {
        "key_id": "3", "sip_trunk_state": "maybe", "sip_gateway_ip": "10.9.9.8", "sip_password": "",
    }  # fmt: skip
    everything = result.out + failed.read_text() + page.read_text() + json.dumps(lines)
    assert "ush" not in everything
    assert b"ush" not in journal.read_bytes()


@pytest.mark.parametrize("kind", ["undo", "set", "input"])
def test_failed_rows_of_a_job_without_a_file_are_as_the_journal_has_them(itnio, sandbox, csv, tmp_path, kind):
    journal, failed = tmp_path / "job.journal", tmp_path / "failed.csv"
    options = ["--yes", "--journal", journal]
    if kind == "set":
        itnio("trunks", "set", "gateway=10.0.0.3", "--where", "key_id=1", *options)
    elif kind == "input":
        rows = b"key_id,sip_gateway_ip\n1,10.0.0.3\n"
        subprocess.run([*COMMAND, "trunks", "apply", "-", *options], input=rows, capture_output=True, timeout=30)
    else:
        itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"), "--yes", "--journal", tmp_path / "first.journal")
        itnio("trunks", "update", 1, "--sip-prefix", "77")
        itnio("trunks", "undo", tmp_path / "first.journal", *options)
    result = itnio("trunks", "report", journal, "--failed", failed)
    assert (result.status, result.err) == (0, f"1 failed row: {failed}\n")
    assert [line.split(",")[0] for line in failed.read_text().splitlines()] == ["key_id", "1"]


def test_every_change_is_written_with_before_and_after(itnio, job, tmp_path):
    changes = tmp_path / "changes.csv"
    result = itnio("trunks", "report", job[1], "--changes", changes)
    assert result.err == f"5 changes: {changes}\n"
    assert [line.split(",")[:7] for line in changes.read_text().splitlines()] == [
        ["line", "key_id", "sip_trunk_name", "state", "field", "before", "after"],
        ["2", "1", "trunk00001", "refused", "sip_gateway_ip", "10.0.0.1", "10.0.0.3"],
        ["2", "1", "trunk00001", "refused", "sip_password", "", "(changed)"],
        ["3", "5", "trunk00005", "done", "sip_prefix", "", "00"],
        ["4", "7", "trunk00007", "unknown", "sip_prefix", "", "00"],
        ["6", "11", "trunk00011", "done", "sip_password", "", "(changed)"],
    ]
    assert changes.stat().st_mode & 0o777 == 0o600
    typed = tmp_path / "changes.jsonl"
    assert itnio("trunks", "report", job[1], "--changes", typed).status == 0
    assert json.loads(typed.read_text().splitlines()[2])["after"] == "00"


def test_each_run_is_kept_with_its_end(itnio, sandbox, job, tmp_path):
    file, journal = job
    page = tmp_path / "page.html"
    options = ("--yes", "--journal", journal, "--retry-refused", "--verify", "--rate", "20", "--html", page)
    assert itnio("trunks", "apply", file, *options).status == 3
    first, second = json.loads(itnio("trunks", "report", journal, "--json").lines[0])["runs"]
    assert (first["exit_status"], first["end"]["how"], first["options"]["rate_limit"]) == (3, "finished", "auto")
    assert (second["exit_status"], second["options"]["verify"]) == (3, True)
    assert first["began"] <= first["end"]["ended"] <= second["began"]
    assert "@" in first["by"]
    assert "2 runs" in page.read_text()
    shown = itnio("trunks", "report", journal).out
    assert "retry-refused, verify" in shown
    assert "at most 20/s" in shown
