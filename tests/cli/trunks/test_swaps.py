"""`--allow-swap-names`: trunks that exchange their names, through the command."""

from __future__ import annotations

import json

import pytest

from cli.trunks.test_apply import sent
from itnio_async.bulk.plan.conflicts import temporary_name

FIRST, SECOND = "trunk00001", "trunk00002"
TEMPORARY = temporary_name(SECOND, 1, ())
ALLOWED = "--allow-swap-names"


@pytest.fixture
def file(csv):
    return csv("key_id,sip_trunk_name,sip_prefix", f"1,{SECOND},9", f"2,{FIRST},")


def names(sandbox):
    return [sandbox.trunk(1).sip_trunk_name, sandbox.trunk(2).sip_trunk_name]


def test_without_the_option_the_plan_names_it_and_the_other_way(itnio, sandbox, file):
    result = itnio("trunks", "plan", file)
    assert result.status == 3
    assert "with --allow-swap-names one of them gets a temporary name first" in result.out
    assert "first give trunk 1" in result.out
    refused = itnio("trunks", "apply", file, "--yes")
    assert (refused.status, sent(sandbox)) == (3, 0)
    assert ALLOWED in refused.err


def test_the_plan_shows_the_step(itnio, sandbox, file):
    result = itnio("trunks", "plan", file, ALLOWED)
    assert result.status == 2
    assert f"  sent twice: first with the temporary name {TEMPORARY}, then after line 3 with its own" in result.lines
    assert "  sent after line 2" in result.lines
    assert "  sent twice\t1\tnames are exchanged: these trunks get a temporary one first" in result.lines
    first, second, counts = map(json.loads, itnio("trunks", "plan", file, ALLOWED, "--json").lines)
    assert (first["temporary_name"], second["temporary_name"]) == (TEMPORARY, None)
    assert (first["after_lines"], second["after_lines"]) == ([3], [2])
    assert (counts["counts"]["update"], counts["counts"]["sent_twice"]) == (2, 1)


def test_what_else_the_first_update_waits_for_is_said(itnio, sandbox, csv):
    file = csv("key_id,sip_trunk_name,sip_gateway_ip", f"1,{SECOND},10.0.0.3", f"2,{FIRST},", "3,,10.7.7.7")
    result = itnio("trunks", "apply", file, ALLOWED, "--dry-run")
    assert (
        f"  sent twice: first after line 4 with the temporary name {TEMPORARY}, then after line 3, 4 with its own"
        in result.lines
    )


def test_there_and_back(itnio, sandbox, file, journal):
    done = itnio("trunks", "apply", file, ALLOWED, "--yes", "--journal", journal, "--max-changes", 2, "--verify")
    assert done.status == 0, done
    assert (names(sandbox), sent(sandbox)) == ([SECOND, FIRST], 3)
    assert "Done\t2\taccepted by the vendor" in done.lines
    shown = itnio("trunks", "undo", journal, "--dry-run")
    assert "  sent twice: first with the temporary name trunk00001 (swap " in shown.out
    assert itnio("trunks", "undo", journal, "--yes").status == 0
    assert names(sandbox) == [FIRST, SECOND]


def test_a_saved_plan_has_the_leave(itnio, sandbox, file, tmp_path):
    saved = tmp_path / "plan.jsonl"
    assert itnio("trunks", "plan", file, ALLOWED, "--out", saved).status == 2
    assert TEMPORARY in saved.read_text()
    assert itnio("trunks", "apply", saved, "--yes").status == 0
    assert names(sandbox) == [SECOND, FIRST]


def test_a_saved_plan_that_was_refused_in_the_middle_goes_on(itnio, sandbox, file, tmp_path):
    saved = tmp_path / "plan.jsonl"
    assert itnio("trunks", "plan", file, ALLOWED, "--out", saved).status == 2
    refusing = sandbox.order("minus22,endpoint=update,key_id=2")
    assert itnio("trunks", "apply", saved, "--yes").status == 3
    refusing.cancel()
    assert itnio("trunks", "apply", saved, "--yes", "--retry-refused").status == 0
    assert names(sandbox) == [SECOND, FIRST]


@pytest.fixture
def stuck(itnio, sandbox, file, journal):
    """A job that was refused in the middle, so that trunk 1 has its temporary name."""
    sandbox.order("minus22,endpoint=update,key_id=2,count=1")
    return itnio("trunks", "apply", file, ALLOWED, "--yes", "--journal", journal)


def test_a_trunk_with_a_temporary_name_is_said_at_the_end_and_in_the_report(itnio, stuck, sandbox, journal, tmp_path):
    assert stuck.status == 3
    assert names(sandbox) == [TEMPORARY, SECOND]
    said = (
        f"With a temporary name: trunk 1 ({TEMPORARY}). Run the same command again with --retry-refused, or undo the "
        "job."
    )
    assert said in stuck.err
    assert "  temporary name\t1\tnames are exchanged, and these trunks lack their own" in stuck.lines
    failed, page = tmp_path / "failed.csv", tmp_path / "report.html"
    report = itnio("trunks", "report", journal, "--failed", failed, "--html", page)
    assert said in report.out
    assert TEMPORARY in failed.read_text()
    assert TEMPORARY in page.read_text()
    summary, first, _ = map(json.loads, itnio("trunks", "report", journal, "--json").lines)
    assert summary["temporary_names"] == [{"key_id": 1, "name": TEMPORARY}]
    assert (first["key_id"], first["temporary_name"]) == (1, TEMPORARY)


def test_what_is_changed_but_for_the_name_is_not_called_unchanged(itnio, stuck, sandbox, journal, tmp_path):
    assert (sandbox.trunk(1).sip_prefix, sandbox.trunk(1).sip_trunk_name) == ("9", TEMPORARY)
    assert "Refused\t2\tnot changed, but for those with a temporary name" in stuck.lines
    assert "all is changed but the name: the trunk has its temporary one" in stuck.out
    changes, page = tmp_path / "changes.csv", tmp_path / "page.html"
    report = itnio("trunks", "report", journal, "--changes", changes, "--html", page)
    assert report.lines[: len(stuck.lines)][1] == "Refused\t2\tnot changed, but for those with a temporary name"
    lines = [line.split(",")[1:7] for line in changes.read_text().splitlines()[1:]]
    assert lines == [
        ["1", FIRST, "done", "sip_trunk_name", FIRST, TEMPORARY],
        ["1", FIRST, "done", "sip_prefix", "", "9"],
        ["2", SECOND, "refused", "sip_trunk_name", SECOND, FIRST],
    ]
    assert "not changed, but for those with a temporary name" in page.read_text()
    (job,) = map(json.loads, itnio("trunks", "jobs", tmp_path, "--json").lines)
    assert (job["state"], job["temporary_names"], job["next"]) == ("refused", 1, f"itnio trunks undo {journal}")
    assert "2 refused (1 with a temporary name)" in itnio("trunks", "jobs", tmp_path).out
    assert itnio(*job["next"].split()[1:], "--yes", "--journal", tmp_path / "back.journal").status == 0
    assert (sandbox.trunk(1).sip_prefix or "", names(sandbox)) == ("", [FIRST, SECOND])
    _, job = map(json.loads, itnio("trunks", "jobs", tmp_path, "--json").lines)
    assert (job["temporary_names"], job["undone"]) == (0, "yes")


def test_the_same_command_sets_it_right(itnio, stuck, sandbox, file, journal):
    again = itnio("trunks", "apply", file, ALLOWED, "--yes", "--journal", journal, "--retry-refused")
    assert (again.status, names(sandbox)) == (0, [SECOND, FIRST])
    assert "temporary" not in again.out + again.err


def test_the_undo_sets_it_right(itnio, stuck, sandbox, journal):
    undo = itnio("trunks", "undo", journal, "--yes")
    assert (undo.status, names(sandbox)) == (0, [FIRST, SECOND])
    assert "skipped" not in undo.err


def test_an_undo_that_stopped_half_way_goes_on_and_skips_nothing(itnio, sandbox, file, journal):
    assert itnio("trunks", "apply", file, ALLOWED, "--yes", "--journal", journal).status == 0
    dropping = sandbox.order("drop,endpoint=update,key_id=2,processed=false")
    stopped = itnio("trunks", "undo", journal, "--yes", "--keep-trying", "1s")
    assert stopped.status == 5
    assert names(sandbox)[0].startswith("trunk00001 (swap ")
    assert "With a temporary name: trunk 1" in stopped.err
    dropping.cancel()
    on = itnio("trunks", "undo", journal, "--yes")
    assert (on.status, names(sandbox)) == (0, [FIRST, SECOND])
    assert "skipped" not in on.err


def test_set_takes_the_option_too(itnio, sandbox):
    result = itnio("trunks", "set", "prefix=7", "--where", f"name={FIRST}", ALLOWED, "--yes")
    assert (result.status, sandbox.trunk(1).sip_prefix) == (0, "7")
