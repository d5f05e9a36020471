"""`itnio trunks plan` against the sandbox."""

from __future__ import annotations

import json
import os
import subprocess

import openpyxl
import pytest
from support import workbooks

from cli.conftest import COMMAND


def test_nothing_to_do(itnio, sandbox, csv):
    result = itnio("trunks", "plan", csv("key_id,sip_gateway_ip", "1,10.0.0.1", "3,10.0.0.3"))
    assert (result.status, result.err) == (0, "")
    assert [line.split("\t")[:2] for line in result.lines] == [
        ["Rows", "Count"],
        ["To update", "0"],
        ["Unchanged", "2"],
    ]


def test_what_would_change_field_by_field(itnio, sandbox, csv):
    sandbox.assumptions.listed_password = "masked"
    file = csv(
        "keyId,sipGatewayIp,sipPrefix,sipPassword,voiceGroupIds",
        "1,10.9.9.9,,,",
        "3,,0086,Hush-hush,",
        "5,,,,2000005;2000099",
        "7,10.0.0.7,,,",
    )
    result = itnio("trunks", "plan", file)
    assert result.status == 2
    assert result.err == ""
    assert result.lines[:-9] == [
        f"Trunk 1 trunk00001: update ({file} line 2)",
        "  sip_gateway_ip: 10.0.0.1 -> 10.9.9.9",
        f"Trunk 3 trunk00003: update ({file} line 3)",
        "  sip_prefix: (nothing) -> 0086",
        "  sip_password: (changed)",
        f"Trunk 5 trunk00005: update ({file} line 4)",
        "  group_list: 2000005 -> 2000005;2000099",
    ]
    assert result.lines[-9:-3] == [
        "",
        "1 × sip_prefix      -> 0086",
        "1 × group_list      -> 2000005;2000099",
        "1 × sip_gateway_ip  -> 10.9.9.9",
        "1 × sip_password    (changed)",
        "",
    ]
    assert [line.split("\t")[:2] for line in result.lines[-2:]] == [["To update", "3"], ["Unchanged", "1"]]
    assert "ush" not in result.out
    assert all(sandbox.trunk(key_id).updates == 0 for key_id in (1, 3, 5, 7))


def test_refused_and_at_risk(itnio, sandbox, csv):
    file = csv("key_id,sip_trunk_name,sip_gateway_ip", "1,trunk00002,", "3,,10.0.0.5", "77,,10.0.0.9")
    result = itnio("trunks", "plan", file)
    assert result.status == 3
    assert "sip_trunk_name: trunk 2 has the name 'trunk00002' and keeps it" in result.out
    assert "at risk: gateway address 10.0.0.5 also at trunk 5: may be refused with -53" in result.out
    assert "no trunk of the account has the key id 77" in result.out
    counts = dict(line.split("\t")[:2] for line in result.lines if "\t" in line)
    assert counts == {
        "Rows": "Count", "To update": "1", "  at risk": "1", "Unchanged": "0", "Not found": "1", "Refused": "1",
    }  # fmt: skip


def test_what_is_sent_after_what(itnio, sandbox, csv):
    file = csv("key_id,sip_trunk_name", "1,trunk00003", "3,new")
    assert "  sent after line 3" in itnio("trunks", "plan", file).lines
    first, second, _ = map(json.loads, itnio("trunks", "plan", file, "--json").lines)
    assert (first["after_lines"], second["after_lines"]) == ([3], [])


def test_disabled_trunks_are_counted_apart(itnio, sandbox, csv):
    sandbox.assumptions.new_trunk_enabled = False
    new = ("--type", "outbound", "--sip-trunk-name", "new", "--group", "1000026", "--sip-gateway-ip", "10.7.7.7")
    assert itnio("trunks", "add", *new).status == 0
    result = itnio("trunks", "plan", csv("key_id,sip_prefix", "13,00", "3,00"))
    assert "Trunk 13 new: update, disabled" in result.out
    assert "  disabled\t1\tsent all the same" in result.lines


def test_all_bad_rows_at_once_before_anything_else(itnio, sandbox, csv):
    file = csv("key_id,sip_trunk_state", "x,", "1,maybe", "3,0", "5,1", "5,1")
    result = itnio("trunks", "plan", file)
    assert (result.status, result.out) == (3, "")
    assert [line.partition(":")[0].removeprefix(f"{file} ") for line in result.err.splitlines()] == [
        "line 2, column key_id",
        "line 3, column sip_trunk_state",
        "line 5, column key_id",
        "line 6, column key_id",
        "4 rows cannot be sent.",
    ]
    assert sandbox.requests == []


def test_what_seems_damaged_is_refused_with_its_place_unless_the_trunk_has_it(itnio, sandbox, csv):
    file = csv("key_id,sip_prefix,sip_trunk_name", "1,8.61E+12,", "9,,NULL")
    result = itnio("trunks", "plan", file)
    assert result.status == 3
    assert f"Trunk 1 trunk00001: refused ({file} line 2)" in result.lines
    assert "  column sip_prefix: a spreadsheet has shortened a long number" in result.out
    assert "  column sip_trunk_name: it is a word that programs write for nothing" in result.out
    assert "8.61E+12" in itnio("trunks", "plan", file, "--literal", "sipPrefix", "--empty", "NULL").out
    itnio("trunks", "update", "9", "--sip-trunk-name", "NULL")
    itnio("trunks", "update", "1", "--sip-prefix", "8.61E+12")
    assert itnio("trunks", "plan", file).status == 0


def test_a_saved_plan_keeps_what_seems_damaged(itnio, sandbox, csv, tmp_path):
    saved = tmp_path / "plan.jsonl"
    itnio("trunks", "plan", csv("key_id,sip_account,sip_prefix", "1,N/A,8", "3,,7"), "--out", saved)
    result = itnio("trunks", "apply", saved, "--yes", "--skip-invalid", "--journal", tmp_path / "j")
    assert result.status == 3
    assert (sandbox.trunk(1).sip_prefix, sandbox.trunk(3).sip_prefix) == (None, "7")


@pytest.mark.parametrize("option", ["read", "left out"])
def test_hidden_rows_are_counted_and_said(itnio, sandbox, tmp_path, option):
    rows = [workbooks.row(1, workbooks.text("key_id"), workbooks.text("sip_prefix"))]
    for number, hidden in ((2, ""), (3, ' hidden="1"'), (4, ' hidden="true"'), (5, ' hidden="0"')):
        rows.append(workbooks.row(number, workbooks.text(str(number)), workbooks.text("88"), attributes=hidden))
    path = workbooks.write_workbook(tmp_path / "t.xlsx", "".join(rows), after='<autoFilter ref="A1:B5"/>')
    result = itnio("trunks", "plan", path, *(["--visible-only"] if option == "left out" else []))
    assert f"2 rows hidden in the sheet, by a filter or by hand: {option}" in result.err
    assert f"To update\t{4 if option == 'read' else 2}\t" in result.out


def test_good_rows_go_on_without_the_bad_ones(itnio, sandbox, csv):
    result = itnio("trunks", "plan", csv("key_id,sip_prefix", "x,", "3,00"), "--skip-invalid")
    assert result.status == 3
    assert "Trunk 3 trunk00003: update" in result.out
    assert "Bad rows\t1\tcannot be read, or break a rule" in result.lines


def test_json_has_each_row_and_the_counts(itnio, sandbox, csv):
    file = csv(
        "key_id,sip_gateway_ip,voice_group_ids,sip_password",
        "x,,,",
        "1,10.0.0.3,2000001;2000077,",
        "3,,,Hush-hush",
        "77,1.1.1.1,,",
    )
    result = itnio("trunks", "plan", file, "--json", "--skip-invalid")
    assert result.status == 3
    bad, first, third, missing, last = map(json.loads, result.lines)
    assert (bad["verdict"], bad["line"], bad["column"]) == ("bad", 2, "key_id")
    assert first["changes"] == {
        "sip_gateway_ip": {"from": "10.0.0.1", "to": "10.0.0.3"},
        "group_list": {
            "from": [{"voice_group_id": 2000001, "number": None}],
            "to": [{"voice_group_id": 2000001, "number": None}, {"voice_group_id": 2000077, "number": None}],
        },
    }
    assert [risk["code"] for risk in first["risks"]] == [-53]
    assert third["changes"] == {"sip_password": {"from": None, "to": "(changed)"}}
    assert (missing["verdict"], missing["reason"][:8]) == ("not_found", "no trunk")
    assert last["counts"] == {
        "update": 2, "unchanged": 0, "not_found": 1, "refused": 0, "at_risk": 1, "disabled": 0, "sent_twice": 0,
        "bad": 1,
    }  # fmt: skip
    assert "ush" not in result.out


def test_json_has_the_bad_rows_also_where_they_end_it(itnio, sandbox, csv):
    result = itnio("trunks", "plan", csv("key_id,sip_prefix", "x,", "3,00"), "--json")
    (bad,) = map(json.loads, result.lines)
    assert (result.status, bad["verdict"], bad["line"]) == (3, "bad", 2)


def test_rows_matched_by_name(itnio, sandbox, csv):
    result = itnio("trunks", "plan", csv("sip_trunk_name,sip_prefix", "trunk00003,00", "nobody,00"), "--match", "name")
    assert result.status == 3
    assert "Trunk 3 trunk00003: update" in result.out
    assert "Trunk nobody: not found" in result.out


def test_zeros_that_a_spreadsheet_drops(itnio, sandbox, csv):
    assert itnio("trunks", "update", 1, "--sip-prefix", "0086").status == 0
    file = csv("key_id,sip_prefix", "1,86")
    refused = itnio("trunks", "plan", file)
    assert (refused.status, "only drops leading zeros" in refused.out) == (3, True)
    assert itnio("trunks", "plan", file, "--accept-zeros").status == 2


def test_encodings_and_separators_are_as_told(itnio, sandbox, tmp_path):
    file = tmp_path / "trunks.csv"
    file.write_bytes("key_id|sip_trunk_name\n1|北京\n".encode("gbk"))
    refused = itnio("trunks", "plan", file, "--sep", "|")
    assert (refused.status, "Say which one it is in, such as gbk" in refused.err) == (1, True)
    told = itnio("trunks", "plan", file, "--sep", "|", "--encoding", "gbk")
    assert told.status == 2
    assert "trunk00001 -> 北京" in told.out
    file.write_bytes(b"key_id\tsip_prefix\n1\t00\n")
    assert itnio("trunks", "plan", file, "--sep", "tab").status == 2


def test_standard_input(sandbox):
    ended = subprocess.run(
        [*COMMAND, "trunks", "plan", "-"], input=b"key_id,sip_prefix\n1,00\n", capture_output=True, timeout=20
    )
    assert (ended.returncode, ended.stderr) == (2, b"")
    assert b"Trunk 1 trunk00001: update (standard input line 2)" in ended.stdout


def test_a_name_cannot_move_the_cursor(itnio, sandbox, tmp_path):
    file = tmp_path / "trunks.jsonl"
    file.write_text(json.dumps({"key_id": 1, "sip_trunk_name": "a\x1b[2Jb"}) + "\n")
    assert "sip_trunk_name: trunk00001 -> a\\x1b[2Jb" in itnio("trunks", "plan", file).out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.csv", None, "cannot be read"),
        ("empty.csv", "", "it is empty"),
        ("unknown.csv", "key_id,sip_gatewayip\n1,2\n", "Did you mean sip_gateway_ip?"),
        ("trunks.json", "{", "trunks.json"),
    ],
)
def test_a_file_that_is_no_file_of_trunks(itnio, sandbox, tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_text(content)
    result = itnio("trunks", "plan", tmp_path / name)
    assert (result.status, result.out) == (1, "")
    assert said in result.err
    assert sandbox.requests == []


def test_a_plan_is_kept_for_later(itnio, sandbox, csv, tmp_path):
    file, out = csv("key_id,sip_prefix,sip_password", "1,00,", "3,00,Hush-hush"), tmp_path / "plan.jsonl"
    result = itnio("trunks", "plan", file, "--out", out)
    assert (result.status, result.err) == (2, f"The plan is in {out}: itnio trunks apply {out}\n")
    assert out.stat().st_mode & 0o777 == 0o600
    assert "ush" not in out.read_text()
    again = itnio("trunks", "plan", file, "--out", out)
    assert (again.status, "is there already" in again.err) == (1, True)


def test_a_plan_of_standard_input_cannot_be_kept(itnio, sandbox, tmp_path):
    result = itnio("trunks", "plan", "-", "--out", tmp_path / "plan.jsonl")
    assert (result.status, "--out needs a file" in result.err) == (1, True)
    os.mkfifo(tmp_path / "pipe")
    result = itnio("trunks", "plan", tmp_path / "pipe", "--out", tmp_path / "plan.jsonl")
    assert (result.status, "--out needs a file" in result.err) == (1, True)


@pytest.mark.parametrize(
    ("content", "option"),
    [
        ("key_id,sip_trunk_name\n1,中文\n".encode("gbk"), "--encoding"),
        (b"key_id;x,y\n1;2,3\n", "--sep"),
    ],
    ids=["encoding", "separator"],
)
def test_what_can_be_said_is_named_by_its_option(itnio, sandbox, tmp_path, content, option):
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    result = itnio("trunks", "plan", file)
    assert (result.status, f"({option}" in result.err) == (1, True), result.err


def test_which_sheet_is_named_by_its_option(itnio, sandbox, tmp_path):
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("other")):
        sheet.append(["key_id", "sip_prefix"])
    book.save(tmp_path / "t.xlsx")
    result = itnio("trunks", "plan", tmp_path / "t.xlsx")
    assert (result.status, "(--sheet" in result.err) == (1, True), result.err


def test_a_plan_is_kept_in_a_file_and_not_on_standard_output(itnio, sandbox, csv):
    result = itnio("trunks", "plan", csv("key_id,sip_prefix", "1,00"), "--out", "-")
    assert result.status == 1
    assert "--out needs the name of a file" in result.err
