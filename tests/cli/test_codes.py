"""`itnio codes`."""

from __future__ import annotations

import json

import pytest

from itnio_async.api.paths import CODE_FAMILIES


@pytest.mark.parametrize("code", ["-47", "47"])
def test_one_code(itnio, code):
    result = itnio("codes", code)
    assert (result.status, result.err) == (0, "")
    assert result.lines == [
        "Code:          -47",
        "Vendor's text: Duplicate sip trunk name",
        "Meaning:       another trunk has that name",
        "What to do:    Choose another name; names are unique in the account.",
        "Retried:       no: the answer would be the same",
        "Exception:     ConflictError",
        "Endpoints:     SIP trunks",
    ]


@pytest.mark.parametrize(
    ("code", "retried", "if_not_idempotent"), [(-16, True, True), (-18, True, False), (-1, False, False)]
)
def test_whether_it_is_retried(itnio, code, retried, if_not_idempotent):
    shown = json.loads(itnio("codes", code, "--json").out)
    assert (shown["retried"], shown["retried_if_not_idempotent"]) == (retried, if_not_idempotent)
    assert itnio("codes", code).out.count("Retried:       yes") == retried


def test_every_code_of_every_family_is_listed(itnio):
    listed = [json.loads(line) for line in itnio("codes", "--json").lines]
    assert {(family, entry["code"]) for entry in listed for family in entry["families"]} == {
        (family.name, code) for family in CODE_FAMILIES for code in family.codes
    }
    assert len(itnio("codes").lines) == len(listed) + 1


def test_where_the_vendors_pages_disagree_both_are_shown(itnio):
    result = itnio("codes", "-2")
    assert any(line.startswith("Sources:") for line in result.lines)
    said = " ".join(" ".join(result.lines).split())
    assert 'says "Authentication error"' in said
    assert "Chinese pages say that the caller's IP address is not allowed" in said
    assert "Check the API key and secret" in said
    assert "public address is on the account's allow list" in said
    shown = json.loads(itnio("codes", "-2", "--json").out)
    assert "Chinese" in shown["sources"]
    assert "Sources" not in itnio("codes", "-47").out


def test_advice_that_differs_by_endpoint_is_shown_with_it(itnio):
    shown = json.loads(itnio("codes", "-44", "--json").out)
    assert shown["advice"] == "Give type 1 (outbound) or 2 (inbound)."
    assert shown["advice_by_endpoint"].keys() == {"POST /v3/cc/sipTrunk/update"}
    said = " ".join(itnio("codes", "-44").out.split())
    assert "For POST /v3/cc/sipTrunk/update: An update has no field for the type." in said
    assert json.loads(itnio("codes", "-45", "--json").out)["advice_by_endpoint"] == {}


def test_advice_is_that_of_the_family_which_is_asked_about(itnio):
    found = {family: json.loads(itnio("codes", family, "-22", "--json").out) for family in ("voice", "agents", "sms")}
    assert found["voice"]["advice_by_endpoint"].keys() == {
        "POST /voice/recordSipQuery",
        "POST /voice/recordGroupQuery",
    }
    assert found["agents"]["advice_by_endpoint"].keys() == {"POST /v3/cc/seat/query"}
    assert found["sms"]["advice_by_endpoint"] == {}


def test_the_advice_of_other_families_is_not_shown_and_none_is_repeated(itnio):
    said = " ".join(itnio("codes", "group-calls", "-20").out.split())
    assert "/voice/fileUpload" not in said
    assert "For POST /voice/group/call/send, POST /voice/group/call/send/agent, " in said
    assert said.count("an earlier attempt may have sent the task") == 1
    shown = json.loads(itnio("codes", "group-calls", "-20", "--json").out)
    assert len(shown["advice_by_endpoint"]) == 5
    said = " ".join(itnio("codes", "voice", "-20").out.split())
    assert said.count("Give another name, or look in the listing") == 1


def test_one_number_with_two_meanings(itnio):
    listed = [json.loads(line) for line in itnio("codes", "-5", "--json").lines]
    assert [entry["families"] for entry in listed] == [["SMS"], ["WhatsApp"]]
    assert len({entry["meaning"] for entry in listed}) == 2
    assert itnio("codes", "-1").lines[-1] == "Endpoints:     all"


@pytest.mark.parametrize(
    ("word", "name"), [("otp", "one-time codes"), ("groups", "agent groups"), ("trunks", "SIP trunks"), ("sms", "SMS")]
)
def test_a_family_by_the_word_of_its_command(itnio, word, name):
    listed = [json.loads(line) for line in itnio("codes", word, "--json").lines]
    assert listed
    assert all(name in entry["families"] for entry in listed)
    assert itnio("codes", word, "-22").status == 0


def test_what_is_neither_a_code_nor_a_family(itnio):
    result = itnio("codes", "one-time")
    assert result.status == 1
    assert "give a number such as -47, or one of sip-trunks" in " ".join(result.err.split())
    assert "one of" not in itnio("codes", "sms", "one-time").err


def test_a_family_by_its_name(itnio):
    for name in ("agent-groups", "agent_groups", "Agent-Groups"):
        (entry,) = (json.loads(line) for line in itnio("codes", name, "-64", "--json").lines)
        assert (entry["families"], "agents" in entry["meaning"]) == (["agent groups"], True)
    numbers = [json.loads(line)["code"] for line in itnio("codes", "agents", "--json").lines]
    assert -64 in numbers
    assert -70 not in numbers


@pytest.mark.parametrize(
    ("word", "family"),
    [
        ("otp", "one-time codes"),
        ("groups", "agent groups"),
        ("tasks", "call tasks"),
        ("trunks", "SIP trunks"),
        ("sip_trunks", "SIP trunks"),
        ("group-calls", "group calls"),
        ("numbers", "numbers"),
    ],
)
def test_a_family_by_the_word_of_its_commands(itnio, word, family):
    listed = [json.loads(line)["families"] for line in itnio("codes", word, "--json").lines]
    assert listed
    assert all(family in families for families in listed)
    assert itnio("codes", word, "-1").lines[-1] == "Endpoints:     all"


def test_a_word_that_is_no_family_is_told_which_there_are(itnio):
    assert "sip-trunks, agent-groups, agents," in " ".join(itnio("codes", "groupcalls").err.split())


def test_each_family_that_has_a_code_trunks_first(itnio):
    listed = [json.loads(line)["families"] for line in itnio("codes", "-34", "--json").lines]
    assert listed == [["agents"], ["team leaders"], ["group calls"]]
    assert json.loads(itnio("codes", "-22", "--json").out)["families"][0] == "SIP trunks"


def test_a_family(itnio):
    numbers = [json.loads(line)["code"] for line in itnio("codes", "--family", "ai-voice", "--json").lines]
    assert numbers == [-1, -4, -6]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-999"], "the vendor documents no code -999 for any endpoint."),
        (["-47", "--family", "whatsapp"], "the vendor documents no code -47 for whatsapp."),
        (["duplicate"], "'duplicate' is not a code."),
        (["duplicate", "-47"], "'duplicate' is not a family."),
        (["agents", "-47"], "the vendor documents no code -47 for agents."),
        (["--jsn"], "'--jsn' is not a code."),
    ],
)
def test_no_such_code(itnio, arguments, said):
    result = itnio("codes", *arguments)
    assert (result.status, result.out) == (1, "")
    assert f"Error: {said}" in result.err
