"""`itnio trunks list` against the sandbox."""

from __future__ import annotations

import json

import pytest

PASSWORD = "made-up-password-3"  # what the sandbox's trunk 3 has


def test_plain_lines_have_a_heading_and_tabs(itnio, sandbox):
    result = itnio("trunks", "list")
    assert (result.status, result.err) == (0, "")
    assert len(result.lines) == 13
    heading, first, second = (line.split("\t") for line in result.lines[:3])
    assert heading == ["Key id", "Direction", "State", "Name", "Address", "Groups", "Registers", "Updated"]
    assert first[:-1] == ["1", "outbound", "enabled", "trunk00001", "10.0.0.1", "2000001", "no"]
    assert second[:-1] == ["2", "inbound", "enabled", "trunk00002", "10.0.0.2", "2000002:+15550000002", "no"]


def test_json_lines(itnio, sandbox):
    trunks = [json.loads(line) for line in itnio("trunks", "list", "--json").lines]
    assert [trunk["key_id"] for trunk in trunks] == list(range(1, 13))
    assert trunks[1]["type"] == 2
    assert trunks[1]["group_list"] == [
        {"voice_group_id": 2000002, "group_name": "group2", "number": "+15550000002"},
    ]
    assert trunks[2]["sip_account"] == "account3"


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_password_is_listed(itnio, sandbox, form):
    assert sandbox.trunk(3).sip_password == PASSWORD
    result = itnio("trunks", "list", *form)
    assert "trunk00003" in result.out
    assert "password" not in result.out + result.err


@pytest.mark.parametrize(
    ("filters", "key_ids"),
    [
        (["--type", "inbound"], [2, 4, 6, 8, 10, 12]),
        (["--type", "outbound", "--limit", "2"], [1, 3]),
        (["--sip-trunk-name", "0001"], [1, 10, 11, 12]),
        (["--sip-trunk-name", "0001", "--type", "inbound"], [10, 12]),
        (["--sip-trunk-name", "no such trunk"], []),
    ],
)
def test_filters(itnio, sandbox, filters, key_ids):
    lines = itnio("trunks", "list", "--json", *filters).lines
    assert [json.loads(line)["key_id"] for line in lines] == key_ids


def test_a_name_with_control_characters_cannot_move_the_cursor(itnio, sandbox):
    assert itnio("trunks", "update", 1, "--sip-trunk-name", "a\x1b[2Jb\tc").status == 0
    line = itnio("trunks", "list", "--limit", 1).lines[1]
    assert "\ta\\x1b[2Jb\\tc\t" in line
    assert json.loads(itnio("trunks", "list", "--limit", 1, "--json").out)["sip_trunk_name"] == "a\x1b[2Jb\tc"


def test_refused_credentials_are_an_error(itnio, sandbox, monkeypatch):
    monkeypatch.setenv("ITNIO_API_SECRET", "another-secret")
    result = itnio("trunks", "list")
    assert result.status == 1
    assert result.err.splitlines() == [
        "Error: the vendor refused POST /v3/cc/sipTrunk/query.",
        "  Vendor's code: -1 'Authentication error': the account's authentication failed.",
        "  What to do: Check the API key and secret (`itnio doctor`), and that both belong to the same account.",
    ]


def test_a_gateways_page_is_shown_with_its_beginning(itnio, sandbox):
    sandbox.order("page")
    result = itnio("trunks", "list")
    assert result.status == 1
    assert "HTTP 502" in result.err
    assert "The answer begins: <html>" in result.err
