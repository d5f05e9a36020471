"""`itnio trunks report` on the journals of real jobs against the sandbox."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest


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
