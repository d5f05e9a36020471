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
    assert heading == ["Key id", "Direction", "State", "Name", "Prefix", "Address", "Groups", "Registers", "Updated"]
    assert first[:-1] == ["1", "outbound", "enabled", "trunk00001", "", "10.0.0.1", "2000001", "no"]
    assert second[:-1] == ["2", "inbound", "enabled", "trunk00002", "", "10.0.0.2", "2000002:+15550000002", "no"]


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


# -- conditions, counts, columns, order, forms ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "key_ids"),
    [
        (["gateway=10.0.0.3"], [3]),
        (["sipWhiteIp=10.0.0.4"], [4]),
        (["direction=inbound", "name=*1?"], [10, 12]),
        (["group=2000005"], [5]),
        (["account=account3"], [3]),
        (["account!=", "direction=outbound", "state=enabled"], [3, 7, 11]),
        (["prefix!="], []),
    ],
)
def test_conditions(itnio, sandbox, conditions, key_ids):
    options = [word for condition in conditions for word in ("--where", condition)]
    lines = itnio("trunks", "list", "--json", *options).lines
    assert [json.loads(line)["key_id"] for line in lines] == key_ids
    assert itnio("trunks", "list", "--count", *options).out == f"{len(key_ids)}\n"
    assert itnio("trunks", "list", "--count", "--json", *options).out == json.dumps({"count": len(key_ids)}) + "\n"


def test_columns_and_order(itnio, sandbox):
    result = itnio(
        "trunks", "list", "--columns", "sipTrunkName,type,group_list", "--sort", "-type,-key_id", "--limit", 2
    )
    assert result.lines == [
        "Name\tDirection\tGroups",
        "trunk00012\tinbound\t2000012:+15550000012",
        "trunk00010\tinbound\t2000010:+15550000010",
    ]


def test_nothing_comes_last_whichever_way_round(itnio, sandbox):
    for sort in ("sip_account", "-sip_account"):
        lines = itnio("trunks", "list", "--columns", "sip_account", "--sort", sort).lines[1:]
        accounts = [account for account in lines if account]
        assert accounts == sorted(accounts, reverse=sort[0] == "-")
        assert lines == accounts + [""] * (12 - len(accounts))


def test_csv_and_one_json_value(itnio, sandbox):
    rows = itnio("trunks", "list", "-o", "csv", "--columns", "sip_trunk_name,sip_gateway_ip", "--limit", 1).lines
    assert rows == ["sip_trunk_name,sip_gateway_ip", "trunk00001,10.0.0.1"]
    trunks = json.loads(itnio("trunks", "list", "-o", "json", "--columns", "type,sip_trunk_name", "--limit", 2).out)
    assert trunks == [{"type": 1, "sip_trunk_name": "trunk00001"}, {"type": 2, "sip_trunk_name": "trunk00002"}]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--where", "gateway"], "--where 'gateway' is not a condition"),
        (["--where", "gatewy=1"], "Did you mean sip_gateway_ip?"),
        (["--columns", "key_id,sip_password"], "--columns: there is no field 'sip_password'"),
        (["--columns", "key_id,,type"], "--columns key_id,,type: a name is missing"),
        (["--sort", "-"], "--sort -: a name is missing"),
        (["--sort", "colour"], "--sort: there is no field 'colour'"),
        (["--json", "-o", "csv"], "--json and -o csv are both given"),
    ],
)
def test_bad_options_are_refused_before_anything_is_sent(itnio, sandbox, options, says):
    result = itnio("trunks", "list", *options)
    assert (result.status, result.out) == (1, "")
    assert says in result.err
    assert "What to do: " in result.err
    assert sandbox.requests == []


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_what_is_listed_can_be_planned_with(itnio, sandbox, tmp_path, form):
    file = tmp_path / f"listed.{form}"
    file.write_text(itnio("trunks", "list", "-o", form).out)
    result = itnio("trunks", "plan", file)
    assert result.status == 0
    assert "Unchanged\t12" in result.out
    assert "Not looked at, since an update cannot change them: type, state, cc_ip" in result.err


def test_a_listing_of_another_account_is_not_applied(itnio, sandbox, tmp_path):
    file = tmp_path / "listed.jsonl"
    rows = [json.loads(line) for line in itnio("trunks", "list", "--json").lines]
    file.write_text(
        "".join(json.dumps(row | {"#listed": row["#listed"].replace("127.0.0.1", "10.0.0.1")}) + "\n" for row in rows)
    )
    result = itnio("trunks", "apply", file, "--yes")
    assert result.status == 1
    assert "the file was exported from another account (10.0.0.1:" in result.err
