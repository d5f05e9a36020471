"""What a person at a terminal sees, without the terminal: see `test_run` for real ones."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.usefixtures("on_terminal")

COLOURS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def shown_by(result):
    return COLOURS.sub("", result.out + result.err)


def answers(monkeypatch, *given):
    """Answer prompts, and return what was asked."""
    left, asked = list(given), []

    def prompt(text, *, hide_input=False, err):
        assert err  # stdout is for results
        asked.append((text, hide_input))
        return left.pop(0)

    monkeypatch.setattr("typer.prompt", prompt)
    return asked


@pytest.mark.parametrize(
    ("columns", "headings"),
    [
        ("40", ["Key id", "Direction", "Name", "Address"]),
        ("80", ["Key id", "Direction", "Name", "Prefix", "Address", "Groups", "Registers"]),
        ("120", ["Key id", "Direction", "State", "Name", "Prefix", "Address", "Groups", "Registers", "Updated"]),
    ],
)
def test_a_narrow_terminal_gets_fewer_columns(itnio, sandbox, monkeypatch, columns, headings):
    monkeypatch.setenv("COLUMNS", columns)
    lines = shown_by(itnio("trunks", "list")).splitlines()
    assert re.split(r"  +", lines[0].strip()) == headings
    assert lines[-1] == "12 trunks"
    assert max(map(len, lines)) <= int(columns)


def test_the_codes_are_a_table(itnio):
    shown = shown_by(itnio("codes", "--family", "ai-voice"))
    assert shown.splitlines()[0].split() == ["Code", "Meaning", "What", "to", "do", "Retried", "Endpoints"]
    assert max(map(len, shown.splitlines())) <= 100


def test_long_texts_are_carried_over_below_themselves(itnio, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = shown_by(itnio("codes", "-18")).splitlines()
    assert lines[3].startswith("What to do:    Try again later;")
    assert lines[4].startswith(" " * 15 + "request")
    assert max(map(len, lines)) <= 60


def test_errors_are_carried_over_deeper_than_they_begin(itnio, sandbox, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.setenv("ITNIO_API_SECRET", "another")
    assert itnio("trunks", "list").err.splitlines() == [
        "Error: the vendor refused POST",
        "  /v3/cc/sipTrunk/query.",
        "  Vendor's code: -1 'Authentication error': the",
        "    account's authentication failed.",
        "  What to do: Check the API key and secret (`itnio",
        "    doctor`), and that both belong to the same",
        "    account.",
    ]


def test_the_demo_has_a_bar_and_a_table(itnio):
    shown = shown_by(itnio("demo", "--trunks", 10))
    assert "10 of 10" in shown
    assert re.search(r"^Updated +10 +\d+ +read back", shown, re.MULTILINE)


def test_the_doctor_says_what_to_do(itnio, sandbox, monkeypatch):
    monkeypatch.setenv("ITNIO_API_SECRET", "another")
    result = itnio("doctor")
    assert result.status == 1
    assert re.search(r"^wrong +API +the vendor refuses the trunk listing: -1 ", shown_by(result), re.MULTILINE)
    assert re.search(r"^ +What to do: Check the API key", shown_by(result), re.MULTILINE)


def test_the_help_has_boxes(itnio):
    result = itnio("trunks", "--help")
    assert result.status == 0
    assert "Commands" in result.out


def test_credentials_are_asked_for(itnio, monkeypatch):
    asked = answers(monkeypatch, "bDqJFiq9", "7bz1lzh9")
    result = itnio("sign", "--at", 1630468800)
    assert result.lines[0] == "Sign: 05d7a50893e22a5c4bb3216ae3396c7c"
    assert asked == [("API key", False), ("API secret", True)]


def test_a_hidden_sip_password_is_asked_for(itnio, sandbox, monkeypatch):
    sandbox.assumptions.listed_password = "masked"
    asked = answers(monkeypatch, "typed", "typed again")
    result = itnio("trunks", "update", 3, "--sip-prefix", "00")
    assert (result.status, asked) == (0, [("SIP password", True)])
    assert "Trunk 3 has a registration, whose password the listing does not show." in result.err
    assert sandbox.trunk(3).sip_password == "typed"
    assert itnio("trunks", "update", 3, "--ask-sip-password").status == 0
    assert sandbox.trunk(3).sip_password == "typed again"


def test_other_fields_are_not_asked_for(itnio, sandbox, monkeypatch):
    sandbox.assumptions.listed_trunk_state = "live"
    asked = answers(monkeypatch)
    assert itnio("trunks", "update", 3, "--sip-prefix", "00").status == 3
    assert asked == []
