"""`itnio trunks update` against the sandbox."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def masked(sandbox):
    sandbox.assumptions.listed_password = "masked"
    return sandbox


def test_update_changes_what_is_given_and_nothing_else(itnio, sandbox):
    before = sandbox.trunk(2)
    result = itnio("trunks", "update", 2, "--sip-prefix", "00")
    assert (result.status, result.err) == (0, "")
    assert result.lines == ["Trunk 2 updated:", "  sip_prefix: (nothing) -> 00"]
    after = sandbox.trunk(2)
    assert after.sip_prefix == "00"
    for name in ("sip_trunk_name", "groups", "sip_white_ip", "sip_gateway_ip", "sip_trunk_state", "type"):
        assert getattr(after, name) == getattr(before, name)


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        (["--sip-trunk-name", "renamed"], "sip_trunk_name", "renamed"),
        (["--sip-gateway-ip", "gateway.example"], "sip_gateway_ip", "gateway.example"),
        (["--sip-white-ip", "192.0.2.7"], "sip_white_ip", "192.0.2.7"),
        (["--no-sip-trunk-state"], "sip_trunk_state", False),
        (["--sip-account", "bob"], "sip_account", "bob"),
        (["--sip-account", "", "--no-sip-trunk-state"], "sip_account", None),
        (["--sip-account", "", "--no-sip-trunk-state"], "sip_password", None),
    ],
)
def test_each_field(itnio, sandbox, options, field, value):
    result = itnio("trunks", "update", 3, *options)
    assert (result.status, result.err) == (0, "")
    assert getattr(sandbox.trunk(3), field) == value


def test_groups_with_numbers(itnio, sandbox):
    result = itnio("trunks", "update", 2, "--group", "1000026:+15551", "--group", "1000027:+15552")
    assert result.status == 0
    assert result.lines[1] == "  group_list: 2000002:+15550000002 -> 1000026:+15551, 1000027:+15552"
    assert [(g.voice_group_id, g.number) for g in sandbox.trunk(2).groups] == [
        (1000026, "+15551"),
        (1000027, "+15552"),
    ]


def test_update_as_json(itnio, sandbox):
    result = itnio("trunks", "update", 1, "--sip-prefix", "00", "--json")
    assert json.loads(result.out) == {
        "key_id": 1,
        "outcome": "updated",
        "changes": {"sip_prefix": {"from": None, "to": "00"}},
    }


@pytest.mark.parametrize(
    ("options", "status", "first_line"),
    [
        (["--sip-prefix", "00"], 2, "Trunk 1 would change:"),
        (["--sip-trunk-name", "trunk00001"], 0, "Trunk 1 is already up to date."),
        (["--sip-prefix", ""], 0, "Trunk 1 is already up to date."),
    ],
)
def test_a_dry_run_sends_nothing(itnio, sandbox, options, status, first_line):
    result = itnio("trunks", "update", 1, "--dry-run", *options)
    assert (result.status, result.lines[0]) == (status, first_line)
    assert sandbox.trunk(1).updates == 0


@pytest.mark.parametrize(
    ("options", "code", "meaning"),
    [
        (["--sip-trunk-name", "trunk00002"], -47, "another trunk has that name"),
        (["--group", "2000003"], -52, "the agent group is already bound to a trunk"),
        (["--sip-gateway-ip", "10.0.0.3"], -53, "the gateway address is already bound to a trunk"),
    ],
)
def test_a_refusal_has_code_meaning_and_advice(itnio, sandbox, options, code, meaning):
    result = itnio("trunks", "update", 1, "--json", *options)
    assert result.status == 3
    assert f"Vendor's code: {code} " in result.err
    assert f": {meaning}." in result.err
    assert "What to do: Choose another" in result.err
    shown = json.loads(result.out)
    assert (shown["key_id"], shown["outcome"], shown["code"]) == (1, "refused", code)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "nothing to change is given"),
        (["--group", "sales"], "--group sales: the agent group's id is a number"),
        (["--group", "-5"], "--group -5: the agent group's id is a number"),
    ],
)
def test_mistakes_in_options(itnio, sandbox, options, said):
    result = itnio("trunks", "update", 1, *options)
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert "What to do: " in result.err
    assert sandbox.requests == []


@pytest.mark.parametrize(
    ("key_id", "options", "code", "said"),
    [
        (1, ["--sip-trunk-name", ""], -45, "sip_trunk_name: the trunk's name is missing"),
        (1, ["--sip-gateway-ip", ""], -49, "sip_gateway_ip: the gateway address is missing"),
        (1, ["--sip-gateway-ip", "x" * 51], -50, "longer than 50 characters"),
        (1, ["--group", "1000026", "--group", "1000026"], -51, "group_list[1].voice_group_id: an agent group stands"),
        (1, ["--sip-prefix", "\udcff"], None, "sip_prefix: expected "),
        (3, ["--sip-prefix", "00"], None, "sip_password: the trunk has a registration"),
    ],
)
def test_mistakes_are_refused_before_sending(itnio, masked, key_id, options, code, said):
    result = itnio("trunks", "update", key_id, *options, "--json")
    assert result.status == 3
    assert said in result.err
    shown = json.loads(result.out)
    assert (shown["key_id"], shown["outcome"], shown["code"]) == (key_id, "refused", code)
    assert itnio("trunks", "update", key_id, *options, "--json", "--dry-run") == result
    assert masked.trunk(key_id).updates == 0


def test_a_trunk_that_is_not_there(itnio, sandbox):
    result = itnio("trunks", "update", 99, "--sip-prefix", "00")
    assert result.status == 1
    assert "no trunk has the key id 99" in result.err


def test_an_answer_that_is_lost_leaves_the_outcome_unknown(itnio, sandbox):
    sandbox.order("drop,endpoint=update,processed=true")
    result = itnio("trunks", "update", 1, "--sip-prefix", "00", "--json")
    assert result.status == 5
    assert json.loads(result.out)["outcome"] == "unknown"
    assert "The outcome is unknown. Look at the trunk: itnio trunks list --sip-trunk-name trunk00001\n" in result.err


def test_no_connection_is_an_error(itnio, sandbox):
    sandbox.stop()
    result = itnio("trunks", "update", 1, "--sip-prefix", "00")
    assert result.status == 1
    assert "nothing was sent" in result.err


# -- the SIP password -------------------------------------------------------------------------------------------------


def test_a_hidden_password_is_asked_for_by_name(itnio, masked):
    result = itnio("trunks", "update", 3, "--sip-prefix", "00")
    assert (result.status, result.out) == (3, "")
    assert "sip_password: the trunk has a registration" in result.err
    assert "--sip-password-file, --ask-sip-password or the environment variable ITNIO_SIP_PASSWORD" in result.err
    assert masked.trunk(3).updates == 0


def test_the_password_from_a_file(itnio, masked, tmp_path):
    path = tmp_path / "password"
    path.write_text(" from the file \n")
    path.chmod(0o600)
    result = itnio("trunks", "update", 3, "--sip-prefix", "00", "--sip-password-file", path)
    assert (result.status, result.err) == (0, "")
    assert result.lines == ["Trunk 3 updated:", "  sip_prefix: (nothing) -> 00", "  sip_password: (hidden) -> (hidden)"]
    assert masked.trunk(3).sip_password == " from the file "


def test_the_password_from_the_environment(itnio, masked, monkeypatch):
    monkeypatch.setenv("ITNIO_SIP_PASSWORD", "from-the-environment")
    result = itnio("trunks", "update", 3, "--sip-prefix", "00", "--json")
    assert result.status == 0
    assert "from-the-environment" not in result.out
    assert masked.trunk(3).sip_password == "from-the-environment"
    # A trunk without a registration gets none.
    assert itnio("trunks", "update", 1, "--sip-prefix", "00").status == 0
    assert masked.trunk(1).sip_password is None


def test_a_registration_that_the_listing_does_not_show_on(itnio, sandbox):
    sandbox.assumptions.listed_trunk_state = "live"
    result = itnio("trunks", "update", 3, "--sip-prefix", "00")
    assert result.status == 3
    assert "What to do: use --sip-trunk-state or --no-sip-trunk-state." in result.err
    assert itnio("trunks", "update", 3, "--sip-prefix", "00", "--sip-trunk-state").status == 0


@pytest.mark.parametrize(("content", "said"), [("", "is empty"), ("a\nb\n", "has several lines")])
def test_a_bad_password_file(itnio, sandbox, tmp_path, content, said):
    path = tmp_path / "password"
    path.write_text(content)
    path.chmod(0o600)
    result = itnio("trunks", "update", 3, "--sip-password-file", path)
    assert result.status == 1
    assert said in result.err


def test_two_sources_of_the_password(itnio, sandbox, tmp_path):
    result = itnio("trunks", "update", 3, "--sip-password-file", tmp_path / "f", "--ask-sip-password")
    assert result.status == 1
    assert "give one of them" in result.err


def test_asking_where_nobody_answers(itnio, sandbox):
    result = itnio("trunks", "update", 3, "--ask-sip-password")
    assert result.status == 1
    assert "stdin is not a terminal" in result.err


# -- by its name ------------------------------------------------------------------------------------------------------


def test_a_trunk_by_its_exact_name(itnio, sandbox):
    assert itnio("trunks", "update", 5, "--sip-trunk-name", "trunk0000").status == 0
    result = itnio("trunks", "update", "trunk0000", "--match", "name", "--sip-prefix", "7")
    assert result.lines == ["Trunk 5 updated:", "  sip_prefix: (nothing) -> 7"]
    assert sandbox.trunk(5).sip_prefix == "7"


@pytest.mark.parametrize(
    ("arguments", "says", "requests"),
    [
        (["trunk00001"], "'trunk00001' is not a key id, which is a number", 0),
        (["1_0"], "'1_0' is not a key id", 0),
        (["", "--match", "name"], "the trunk's name is empty", 0),
        (["trunk0000", "--match", "name"], "no trunk has the name 'trunk0000'", 1),
        (["99"], "no trunk has the key id 99", 1),
    ],
)
def test_a_trunk_that_there_is_not(itnio, sandbox, arguments, says, requests):
    result = itnio("trunks", "update", *arguments, "--sip-prefix", "7")
    assert result.status == 1
    assert says in result.err
    assert len(sandbox.requests) == requests
