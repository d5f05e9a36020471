"""-q and -v: nothing but errors, or a line for each call."""

from __future__ import annotations

import re

import pytest

from cli.terminal import Terminal


def test_verbose_has_a_line_for_each_call(itnio, sandbox):
    result = itnio("trunks", "update", 1, "--sip-prefix", "00", "-v")
    query, update = result.err.splitlines()
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d{3} POST /v3/cc/sipTrunk/query .*succeeded 0 HTTP 200 \d\.\d{3} s, 1 attempt", query
    )
    assert re.search(r"POST /v3/cc/sipTrunk/update key_id=1 .*succeeded 0 HTTP 200 ", update)
    sandbox.order("minus47,endpoint=update")
    refused = itnio("trunks", "update", 1, "--sip-prefix", "01", "--verbose")
    assert "failed -47 ConflictError HTTP 200" in refused.err


def test_quiet_leaves_results_and_errors(itnio, sandbox, csv):
    rows = csv("key_id,sip_prefix", "1,00", "2,00")
    result = itnio("trunks", "apply", rows, "--yes", "-q")
    assert "The trunks are read once more" not in result.err
    assert "Done\t2" in result.out
    assert "Resuming" not in itnio("trunks", "apply", rows, "--yes", "-q").err
    assert "has ended" in itnio("trunks", "apply", rows, "--yes").err
    bad = itnio("trunks", "plan", csv("key_id,sip_prefix", "x,1"), "-q")
    assert bad.status == 3
    assert "a whole number" in bad.err


def test_quiet_has_no_bar_and_asks_all_the_same(sandbox, csv, tmp_path):
    rows = csv("key_id,sip_prefix", "1,00", "2,00")
    with Terminal("trunks", "apply", rows, "-q", "--journal", tmp_path / "a.journal") as terminal:
        terminal.wait_for("[y/N]")
        terminal.press("y\n")
        assert terminal.end() == 0
    assert not re.search(r"\d of 2", terminal.shown)


@pytest.mark.parametrize("command", [["trunks", "list"], ["doctor"], ["balance"]])
def test_both_are_refused(itnio, sandbox, command):
    result = itnio(*command, "-q", "-v")
    assert result.status == 1
    assert "-v and -q are both given" in result.err + result.out
    assert sandbox.requests == []
