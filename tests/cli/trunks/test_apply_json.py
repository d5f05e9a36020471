"""`--json` of `itnio trunks apply` and `undo`: what a program reads on stdout, line by line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from cli.trunks.test_apply import sent


@pytest.fixture
def lines(itnio, journal):
    """Runs a command of a job, and returns its exit status, the objects that it writes, and what it says.

    The objects are without their times.
    """

    def run(command, of, *options):
        where = ("--journal", journal) if command == "apply" else ()
        result = itnio("trunks", command, of, "--json", *where, *options)
        written = [json.loads(line) for line in result.lines]
        assert [line for line in written if ("time" in line) is not ("event" in line)] == []
        return result.status, [{k: v for k, v in line.items() if k != "time"} for line in written], result.err

    return run


def test_the_plan_comes_first_and_the_result_last(lines, sandbox, csv, journal, tmp_path):
    failed, html = tmp_path / "failed.csv", tmp_path / "report.html"
    file = csv("key_id,sip_gateway_ip,sip_prefix", "1,10.0.0.3,", "5,,00", "7,10.0.0.7,")
    status, (plan, result), said = lines("apply", file, "--yes", "--failed", failed, "--html", html)
    assert status == 3
    about = {"source": str(file), "host": sandbox.url.removeprefix("http://"), "api_key": "san***"}
    assert plan == {
        "event": "plan",
        **about,
        "journal": str(journal),
        "goes_on": False,
        "done_but_changed_since": 0,
        "drifted": 0,
        "counts": {
            "update": 2, "unchanged": 1, "not_found": 0, "refused": 0, "at_risk": 1, "disabled": 0, "sent_twice": 0,
            "bad": 0,
        },
    }  # fmt: skip
    assert result["event"] == "result"
    assert about.items() <= result.items()
    assert (result["ended"], result["error"], result["exit_status"]) == ("finished", None, 3)
    assert {name: count for name, count in result["counts"].items() if count} == {
        "done": 1,
        "refused": 1,
        "unchanged": 1,
    }
    assert [(reason["state"], reason["code"], reason["count"]) for reason in result["reasons"]] == [("refused", -53, 1)]
    assert (result["journal"], result["failed"], result["html"]) == (str(journal), str(failed), str(html))
    assert failed.exists()
    assert html.exists()
    assert "3 of 3, 1 refused" in said  # the progress


def test_the_result_has_the_words_of_the_report(lines, itnio, sandbox, csv, journal):
    *_, result = lines("apply", csv("key_id,sip_gateway_ip", "1,10.0.0.3", "5,10.9.9.9"), "--yes")[1]
    summary, failed = map(json.loads, itnio("trunks", "report", journal, "--json").lines)
    assert summary.items() <= result.items()
    assert (failed["key_id"], failed["code"]) == (1, -53)


def test_going_on_is_said(lines, itnio, sandbox, csv):
    file = csv("key_id,sip_prefix", "1,00", "3,00")
    order = sandbox.order("drop,endpoint=update,key_id=3")
    assert lines("apply", file, "--yes")[0] == 5
    before = sent(sandbox)
    order.cancel()
    assert itnio("trunks", "update", 1, "--sip-prefix", "99").status == 0
    status, (plan, result), _ = lines("apply", file, "--yes")
    assert (plan["goes_on"], plan["done_but_changed_since"], plan["counts"]["update"]) == (True, 1, 1)
    assert (status, result["exit_status"], sent(sandbox)) == (3, 3, before + 2)


@pytest.mark.parametrize("command", ["apply", "undo"])
def test_nothing_is_asked(lines, sandbox, csv, command):
    status, [end], said = lines(command, csv("key_id,sip_prefix", "1,00"))
    assert (status, end["ended"], end["error"], sandbox.requests) == (1, "error", "CommandError", [])
    assert "give --yes, or --dry-run" in said


def test_a_dry_run_is_as_a_plan(lines, itnio, sandbox, csv):
    file = csv("key_id,sip_prefix", "1,00", "x,00")
    plan = [json.loads(line) for line in itnio("trunks", "plan", file, "--json", "--skip-invalid").lines]
    status, (*shown, result), _ = lines("apply", file, "--dry-run", "--skip-invalid")
    assert (status, shown) == (3, plan)
    assert (result["event"], result["ended"], result["bad"], result["exit_status"]) == ("result", "dry_run", 1, 3)
    assert sent(sandbox) == 0


@pytest.mark.parametrize(
    ("rows", "verdicts"), [(["1,00", "x,00"], ["bad", None]), (["1,00", "77,00"], ["not_found", None, None])]
)
def test_rows_that_cannot_be_sent_end_it_and_are_named(lines, sandbox, csv, journal, rows, verdicts):
    status, written, _ = lines("apply", csv("key_id,sip_prefix", *rows), "--yes")
    assert (status, [line.get("verdict") for line in written], sent(sandbox)) == (3, verdicts, 0)
    assert written[0]["line"] == 3
    assert not journal.exists()


def test_the_good_rows_without_them(lines, sandbox, csv):
    rows = ["x,00", "77,00", "1,00"]
    status, (bad, plan, result), _ = lines("apply", csv("key_id,sip_prefix", *rows), "--yes", "--skip-invalid")
    assert (bad["verdict"], bad["line"]) == ("bad", 2)
    assert (plan["counts"]["bad"], plan["counts"]["not_found"], plan["counts"]["update"]) == (1, 1, 1)
    assert (status, result["bad"], result["counts"]["refused"], result["counts"]["done"]) == (3, 1, 1, 1)


def test_a_canary_is_read_back(lines, sandbox, csv):
    file = csv("key_id,sip_gateway_ip", "1,10.0.0.3", "5,10.9.9.9")
    status, (_, canary, result), _ = lines("apply", file, "--yes", "--canary", 1)
    assert (canary["event"], canary["key_id"], canary["state"], canary["as_wanted"]) == ("canary", 1, "refused", False)
    assert canary["changes"] == {"sip_gateway_ip": {"from": "10.0.0.1", "to": "10.0.0.3"}}
    assert (status, result["ended"], result["counts"]["waiting"]) == (4, "canary", 1)


def test_what_was_read_back_otherwise(lines, itnio, sandbox, csv):
    assert itnio("trunks", "update", 1, "--sip-prefix", "00").status == 0
    sandbox.assumptions.null = "keeps"
    status, (_, back, result), _ = lines("apply", csv("key_id,sip_prefix", "1,<clear>", "3,00"), "--yes", "--verify")
    assert (back["event"], back["key_id"], back["changes"]) == ("verify", 1, {"sip_prefix": {"from": "00", "to": None}})
    assert (status, result["not_as_wanted"]) == (3, 1)


def test_an_error_is_in_the_result(lines, sandbox, csv):
    sandbox.order("minus1,endpoint=update")
    status, (_, result), said = lines("apply", csv("key_id,sip_prefix", "1,00"), "--yes")
    assert (status, result["exit_status"], result["ended"]) == (1, 1, "error")
    assert (result["error"], result["code"]) == ("AuthenticationError", -1)
    assert "-1 'Authentication error'" in result["text"]
    assert "The job ended early" in said


def test_a_report_that_cannot_be_written_hides_no_result(lines, sandbox, csv, tmp_path, monkeypatch):
    # As if the directory went away while the job ran.
    monkeypatch.setattr("itnio_async.cli.trunks.report_files.require_writable", lambda _: None)
    html = tmp_path / "nowhere" / "report.html"
    status, (_, result), said = lines("apply", csv("key_id,sip_prefix", "1,00"), "--yes", "--html", html)
    assert (status, result["exit_status"], result["counts"]["done"], result["html"]) == (1, 1, 1, None)
    assert str(html) in said


def test_no_password_is_in_it(lines, itnio, sandbox, csv):
    file = csv("key_id,sip_prefix,sip_password", "3,00,Hush-hush")
    assert "ush" not in str(lines("apply", file, "--yes", "--verify", "--canary", 1))


# -- the way back -----------------------------------------------------------------------------------------------------


def test_the_way_back(lines, itnio, sandbox, csv, journal):
    file = csv("key_id,sip_prefix,sip_password", "1,00,", "3,00,Hush-hush", "5,00,")
    assert lines("apply", file, "--yes")[0] == 0
    assert itnio("trunks", "update", 1, "--sip-prefix", "99").status == 0
    status, (skipped, kept, plan, result), _ = lines("undo", journal, "--yes")
    assert (skipped["verdict"], skipped["line"], skipped["key_id"]) == ("skipped", 2, 1)
    assert skipped["reason"] == "it has changed since: sip_prefix"
    assert (kept["verdict"], kept["key_id"]) == ("secrets_kept", 3)
    assert (plan["event"], plan["source"], plan["counts"]["update"]) == ("plan", f"undo of {file}", 2)
    assert (status, result["exit_status"], result["counts"]["done"]) == (3, 3, 2)
    assert "ush" not in str((skipped, kept, plan, result))


def test_the_way_back_can_be_looked_at_first(lines, sandbox, csv, journal):
    lines("apply", csv("key_id,sip_prefix", "1,00"), "--yes")
    status, (item, counts, _), _ = lines("undo", journal, "--dry-run")
    assert (status, item["verdict"], counts["counts"]["update"]) == (2, "update", 1)
    assert item["changes"] == {"sip_prefix": {"from": "00", "to": None}}


JSON = ("--json", "--yes")


# -- times and heartbeat ----------------------------------------------------------------------------------------------


def test_events_have_their_time(itnio, sandbox, csv):
    before = datetime.now(UTC)
    events = [json.loads(line) for line in itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"), *JSON).lines]
    times = [datetime.fromisoformat(event["time"]) for event in events if "event" in event]
    assert [event["event"] for event in events] == ["plan", "result"]
    assert before - timedelta(seconds=1) < times[0] <= times[1] < datetime.now(UTC) + timedelta(seconds=1)


def test_a_job_that_waits_has_a_heartbeat(sandbox, csv, start):
    order = sandbox.order("hold,endpoint=update")
    rows = csv("key_id,sip_prefix", "1,00", "2,00")
    process = start("trunks", "apply", rows, *JSON, "--heartbeat", "0.05s")
    assert json.loads(process.stdout.readline())["event"] == "plan"
    beats = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert {(beat["event"], beat["total"], beat["finished"]) for beat in beats} == {("progress", 2, 0)}
    assert sorted(beat["time"] for beat in beats) == [beat["time"] for beat in beats]
    order.release()
    out, _ = process.communicate(timeout=30)
    assert json.loads(out.splitlines()[-1])["event"] == "result"


@pytest.mark.parametrize("text", ["0s", "fast", "-1s", "1d", ""])
def test_a_heartbeat_that_is_not_a_time(itnio, sandbox, csv, text):
    result = itnio("trunks", "apply", csv("key_id,sip_prefix", "1,00"), *JSON, "--heartbeat", text)
    assert (result.status, f"--heartbeat {text}: it is not a time" in result.err) == (1, True)
    assert sandbox.requests == []
