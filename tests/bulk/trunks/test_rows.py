"""Rows as changes: columns, values, groups, what spreadsheets damage, and every mistake at once."""

import io
import json
import re
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from itnio_async import UNSET, GroupBinding
from itnio_async.bulk.files.cells import (
    BadCell,
    Understanding,
    damage_of,
    is_clear_word,
    is_formula,
    protect,
    whole_number,
)
from itnio_async.bulk.files.damage import Form, only_drops_zeros, trimmed
from itnio_async.bulk.files.places import BadRows, Place, SourceError
from itnio_async.bulk.files.source import Source
from itnio_async.bulk.trunks.rows import RowsRead, read_changes
from itnio_async.errors import ConfigurationError


def read(content: str, **options) -> RowsRead:
    return read_changes(Source("-", stdin=io.BytesIO(content.encode()), **options.pop("source", {})), **options)


def values(content: str, **options) -> dict:
    (change,) = read(content, **options).require_good()
    return dict(change.values)


def reasons(content: str, **options) -> list[tuple[int, str | None, int | None]]:
    return [(bad.place.line, bad.place.column, bad.code) for bad in read(content, **options).bad]


def doubts(content: str, **options) -> list[tuple[int, str]]:
    return [(change.place.line, doubt.column) for change in read(content, **options).changes for doubt in change.doubts]


def value_of(column: str, cell: str) -> dict:
    return values(f'key_id,{column}\n1,"{cell.replace(chr(34), chr(34) * 2)}"\n')


def json_value_of(column: str, value: object) -> dict:
    return values(json.dumps({"key_id": 1, column: value}), source={"format": "jsonl"})


# -- columns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("sipTrunkName", "sip_trunk_name"),
        ("sip_trunk_name", "sip_trunk_name"),
        (" SIPTRUNKNAME ", "sip_trunk_name"),
        ("Sip_Prefix", "sip_prefix"),
        ("sipGatewayIp", "sip_gateway_ip"),
        ("sipWhiteIp", "sip_white_ip"),
        ("sipAccount", "sip_account"),
        ("sipPassword", "sip_password"),
    ],
)
def test_columns_have_the_vendors_names_or_ours(column, name):
    assert value_of(column, "x") == {name: "x"}


@pytest.mark.parametrize(
    ("column", "advice"),
    [
        ("sipGatwayIp", "Did you mean sip_gateway_ip?"),
        ("gateway ip", "Did you mean sip_gateway_ip?"),
        ("SIP Trunk Name", "Did you mean sip_trunk_name?"),
        ("groups", "Did you mean"),
        ("zzz", "There are: key_id, sip_trunk_name"),
    ],
)
def test_an_unknown_column_is_refused_with_the_nearest_one(column, advice):
    with pytest.raises(SourceError) as caught:
        read(f"key_id,{column}\n1,x\n")
    assert f"{column}: " in str(caught.value)
    assert advice in str(caught.value)
    (bad,) = read(json.dumps({"key_id": 1, column: None}) + "\n").bad
    assert (bad.place.column, advice in bad.reason) == (column, True)


def test_the_columns_of_our_reports_are_not_looked_at():
    content = "key_id,sip_prefix,Code,reason,meaning\n1,00,-47,#REF!,8.61E+12\n"
    assert values(content) == {"sip_prefix": "00"}
    assert json_value_of("code", -47) == {}


def test_a_first_line_without_a_known_column_is_not_repeated():
    with pytest.raises(SourceError, match="names none of the columns") as caught:
        read("1,hunter2\n2,hunter3\n")
    assert "hunter2" not in str(caught.value)


def test_columns_that_say_the_same_are_refused():
    with pytest.raises(SourceError, match="line 1, column sip_prefix: another column is for sip_prefix too"):
        read("key_id,sipPrefix,sip_prefix\n1,00,00\n")
    assert reasons('{"key_id": 1, "sipPrefix": "00", "sip_prefix": "00"}\n') == [(1, "sip_prefix", None)]


@pytest.mark.parametrize(("match", "column"), [("key_id", "key_id"), ("name", "sip_trunk_name")])
def test_the_column_that_names_the_trunk_must_be_there(match, column):
    with pytest.raises(SourceError, match=f"there is no column {column}"):
        read("sip_prefix\n00\n", match=match)
    assert reasons('{"sip_prefix": "00"}\n', match=match) == [(1, None, None)]


@pytest.mark.parametrize(("match", "there", "other"), [("key_id", "sipTrunkName", "name"), ("name", "keyId", "key_id")])
def test_where_only_the_other_key_is_there_it_is_said_how_to_match_by_it(match, there, other):
    advice = f"match them by that (--match {other})"
    with pytest.raises(SourceError, match=re.escape(advice)):
        read(f"{there},sip_prefix\n1,00\n", match=match)
    (bad,) = read(json.dumps({there: "1", "sip_prefix": "00"}), match=match).bad
    assert advice in bad.reason
    (bad,) = read("key_id,sip_trunk_name,sip_prefix\n,,00\n", match=match).bad
    assert "--match" not in bad.reason


def test_a_match_that_there_is_not():
    with pytest.raises(ConfigurationError, match="match is one of key_id, name"):
        read("key_id\n", match="number")


# -- values -----------------------------------------------------------------------------------------------------------


def test_an_absent_column_and_an_empty_cell_keep_and_clear_empties():
    (first, second) = read("key_id,sip_prefix,sip_account\n1, ,<clear>\n2,00,<CLEAR>\n").require_good()
    assert first.values == {"sip_account": ""}
    assert second.values == {"sip_prefix": "00", "sip_account": ""}
    assert json_value_of("sip_prefix", None) == json_value_of("sip_prefix", "") == {}
    assert json_value_of("sip_prefix", "<clear>") == {"sip_prefix": ""}


@pytest.mark.parametrize("number", ["0086", "00", "008613800138000123456", "+8613800138000", "1E5", "##", "it's"])
def test_text_stays_as_it_is(number):
    assert value_of("sip_prefix", number) == {"sip_prefix": number}
    assert value_of("sip_prefix", f" {number}\t") == {"sip_prefix": number}
    assert json_value_of("sip_prefix", number) == {"sip_prefix": number}


def test_an_apostrophe_before_plain_text_stays():
    assert value_of("sip_prefix", "'hello") == {"sip_prefix": "'hello"}
    assert json_value_of("sip_prefix", "'=x") == {"sip_prefix": "'=x"}


@pytest.mark.parametrize("text", ["+86138", "=1+1", "-1", "@x", " x ", "<clear>", "8.61E+12", "#REF!", "'+86", "''=x"])
def test_an_apostrophe_protects(text):
    assert value_of("sip_prefix", f"'{text}") == {"sip_prefix": text}


def test_a_whole_number_of_json_is_its_digits():
    assert json_value_of("sip_prefix", 8613800138000123456789) == {"sip_prefix": "8613800138000123456789"}


@pytest.mark.parametrize("value", [1.5, 1e20, True, [1], {"a": 1}])
def test_what_is_no_text_is_refused(value):
    assert reasons(json.dumps({"key_id": 1, "sip_prefix": value})) == [(1, "sip_prefix", None)]


def test_half_a_character_is_refused():
    assert reasons('{"key_id": 1, "sip_prefix": "\\ud83d"}') == [(1, "sip_prefix", None)]


@pytest.mark.parametrize("damaged", ["8.61E+12", "8,61E+12", "-8.6e+3", "1E+05", "#REF!", "#N/A", "#name?", "#######"])
@pytest.mark.parametrize("column", ["sip_prefix", "sip_trunk_name", "sip_password", "numbers"])
def test_what_a_spreadsheet_damaged_is_doubted_with_its_cell(damaged, column):
    content = f"key_id;voice_group_ids;{column}\n1;5;x\n2;5;{damaged}\n"
    (_, change) = read(content).require_good()
    (doubt,) = change.doubts
    assert (change.place.line, doubt.column) == (3, column)
    assert damaged not in doubt.reason


def test_damage_within_a_list_is_doubted_with_its_group():
    (change,) = read("key_id,voice_group_ids,numbers\n1,5;6,0086;8.61E+12\n").require_good()
    assert [(doubt.field, doubt.column, doubt.group) for doubt in change.doubts] == [("group_list", "numbers", 6)]
    given = [{"voice_group_id": 5, "number": "#REF!"}, {"voice_group_id": 6, "number": "0086"}]
    (change,) = read(json.dumps({"key_id": 1, "group_list": given})).require_good()
    assert [(doubt.field, doubt.column, doubt.group) for doubt in change.doubts] == [("group_list", "group_list", 5)]


@pytest.mark.parametrize("column", ["key_id", "voice_group_ids", "sip_trunk_state", "group_list"])
def test_damage_of_what_is_not_a_text_is_refused(column):
    assert (2, column, None) in reasons(f"key_id,{column}\n1,#REF!\n" if column != "key_id" else "key_id\n#REF!\n")


@pytest.mark.parametrize(
    ("cell", "is_text"), [(8613800138000123, True), (10.5, True), ("=A1", False), ("#REF!", False)]
)
def test_a_damaged_cell_of_a_workbook_is_refused_by_name(tmp_path, cell, is_text):
    book = openpyxl.Workbook()
    book.active.append(["key_id", "sip_prefix"])
    book.active.append([1, cell])
    book.save(tmp_path / "t.xlsx")
    found = read_changes(tmp_path / "t.xlsx")
    if is_text:
        ((doubt,),) = [change.doubts for change in found.changes]
        assert doubt.column == "sip_prefix"
    else:
        (bad,) = found.bad
        assert str(bad.place) == f"{tmp_path}/t.xlsx line 2, column sip_prefix"


@pytest.mark.parametrize("text", ["true", "TRUE", "yes", "on", "1", " 1 "])
def test_true(text):
    assert value_of("sip_trunk_state", text) == {"sip_trunk_state": True}


@pytest.mark.parametrize("text", ["false", "False", "no", "off", "0"])
def test_false(text):
    assert value_of("sip_trunk_state", text) == {"sip_trunk_state": False}


@pytest.mark.parametrize(("value", "found"), [(True, True), (False, False), (1, True), (0, False), ("no", False)])
def test_switches_of_json(value, found):
    assert json_value_of("sip_trunk_state", value) == {"sip_trunk_state": found}


@pytest.mark.parametrize("text", ["2", "-1", "t", "enabled", "WAHR", "1.0", "<clear>", "01"])
def test_an_unclear_switch_is_refused(text):
    assert reasons(f"key_id,sip_trunk_state\n1,{text}\n") == [(2, "sip_trunk_state", None)]


@pytest.mark.parametrize("value", [2, 1.0, [], {}])
def test_an_unclear_switch_of_json_is_refused(value):
    assert reasons(json.dumps({"key_id": 1, "sip_trunk_state": value})) == [(1, "sip_trunk_state", None)]


def test_a_password_with_blanks_around_is_refused_unless_protected():
    assert reasons("key_id,sip_password\n1,hunter2 \n") == [(2, "sip_password", None)]
    assert value_of("sip_password", "'hunter2 ") == {"sip_password": "hunter2 "}
    assert json_value_of("sip_password", " hunter2 ") == {"sip_password": " hunter2 "}
    assert value_of("sip_password", "  ") == {}


# -- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", None),
        ("2147483648", None),
        ("4294967296", None),
        ("-2147483649", None),
        ("01", None),
        ("1.0", None),
        ("1e5", None),
        ("1,000", None),
        ("\u0661", None),
        ("²", None),
        ("99999999999999999999", None),
        ("9" * 400, None),
        ("<clear>", None),
        ("x", None),
    ],
)
def test_a_key_id_that_is_none(text, code):
    (bad,) = read(f'key_id,sip_prefix\n"{text}",00\n').bad
    assert (bad.place.line, bad.place.column, bad.code) == (2, "key_id", code)


@pytest.mark.parametrize("key_id", [0, -5, 2**31 - 1])
def test_which_key_ids_there_are_the_account_tells(key_id):
    (change,) = read(f"key_id,sip_prefix\n{key_id},00\n").require_good()
    assert change.key == key_id


@pytest.mark.parametrize(("group", "is_good"), [(2**63 - 1, True), (2**63, False)])
def test_a_group_id_is_a_long(group, is_good):
    found = read(f"key_id,voice_group_ids\n1,{group}\n")
    assert [bad.place.column for bad in found.bad] == ([] if is_good else ["voice_group_ids"])


def test_a_password_of_asterisks_is_refused_in_its_row():
    (bad,) = read("key_id,sip_password\n1,******\n").bad
    assert (bad.place.line, bad.place.column) == (2, "sip_password")


def test_rows_match_by_exact_name_and_then_the_key_id_is_not_looked_at():
    (change,) = read("key_id,sipTrunkName,sip_prefix\n#REF!,Trunk 1,00\n", match="name").require_good()
    assert (change.key_id, change.name, change.key) == (None, "Trunk 1", "Trunk 1")
    assert change.values == {"sip_prefix": "00"}


def test_a_trunk_that_is_claimed_twice_refuses_all_its_rows():
    found = read("key_id,sip_trunk_state\n1,1\n2,1\n1,1\n3,x\n3,1\n1,1\n")
    assert [change.key_id for change in found.changes] == [2]
    assert [(bad.place.line, bad.place.column) for bad in found.bad] == [
        (2, "key_id"),
        (4, "key_id"),
        (5, "sip_trunk_state"),
        (5, "key_id"),
        (6, "key_id"),
        (7, "key_id"),
    ]
    assert "3 rows name this trunk, in lines 2, 4, 7" in found.bad[0].reason
    assert reasons("sip_trunk_name\nA\na\nA\n", match="name") == [
        (2, "sip_trunk_name", None),
        (4, "sip_trunk_name", None),
    ]


# -- groups -----------------------------------------------------------------------------------------------------------


def bound(*pairs):
    return [GroupBinding(voice_group_id=key, number=number) for key, number in pairs]


@pytest.mark.parametrize(
    ("ids", "numbers", "expected"),
    [
        ("1000026", "", bound((1000026, UNSET))),
        ("1000026;1000027", "", bound((1000026, UNSET), (1000027, UNSET))),
        (" 1 | 2 ", "0086;+86", bound((1, "0086"), (2, "+86"))),
        ("1|2", "0086|", bound((1, "0086"), (2, UNSET))),
        ("1;2", ";0086", bound((1, UNSET), (2, "0086"))),
        ("1;2", "<clear>", bound((1, ""), (2, ""))),
        ("1;2", "<clear>;0086", bound((1, ""), (2, "0086"))),
        ("1;2", "'+86;+87", bound((1, "+86"), (2, "+87"))),
    ],
)
def test_groups_in_two_columns_of_lists(ids, numbers, expected):
    for columns in ("voice_group_ids,numbers", "voiceGroupId,number", "voiceGroupIds,Numbers"):
        assert values(f"key_id,{columns}\n1,{ids},{numbers}\n") == {"group_list": expected}


def test_groups_of_json():
    given = [{"voiceGroupId": 1, "number": "0086"}, {"voice_group_id": "2"}, {"voiceGroupId": 3, "number": "<clear>"}]
    expected = {"group_list": bound((1, "0086"), (2, UNSET), (3, ""))}
    assert json_value_of("groupList", given) == expected
    assert value_of("group_list", json.dumps(given)) == expected
    assert json_value_of("group_list", {"voiceGroupId": 1}) == {"group_list": bound((1, UNSET))}
    (change,) = read('{"key_id": 1, "voice_group_ids": [1, 2], "numbers": ["0086", null]}').require_good()
    assert change.values == {"group_list": bound((1, "0086"), (2, UNSET))}


@pytest.mark.parametrize(
    ("columns", "cells", "column", "code"),
    [
        ("voice_group_ids", "1;2;1", "voice_group_ids", -51),
        ("voice_group_ids", "<clear>", "voice_group_ids", -48),
        ("voice_group_ids", "1;;2", "voice_group_ids", None),
        ("voice_group_ids", "1;x", "voice_group_ids", None),
        ("voice_group_ids,numbers", "1;2,0086", "numbers", None),
        ("voice_group_ids,numbers", "1,0086;0087", "numbers", None),
        ("voice_group_ids,numbers", f"1,{'9' * 51}", "numbers", -58),
        ("voice_group_ids,numbers", ",0086", "numbers", None),
        ("group_list", "[]", "group_list", -48),
        ("group_list", "<clear>", "group_list", -48),
        ("group_list", "[1", "group_list", None),
        ("group_list", "7", "group_list", None),
        ("group_list", "[7]", "group_list", None),
        ("group_list", "[{}]", "group_list", None),
        ("group_list", "[" * 20_000, "group_list", None),
        ("group_list", '"[{""voiceGroupId"": 1, ""groupNom"": ""x""}]"', "group_list", None),
        ("group_list", '"[{""voiceGroupId"": 1, ""voice_group_id"": 1}]"', "group_list", None),
        ("group_list", '"[{""voiceGroupId"": 1},{""voiceGroupId"": 1}]"', "group_list", -51),
        ("group_list,voice_group_ids", '"[{""voiceGroupId"": 1}]",1', "group_list", None),
    ],
)
def test_groups_that_cannot_be(columns, cells, column, code):
    assert reasons(f"key_id,{columns}\n5,{cells}\n") == [(2, column, code)]


# -- checks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("sipGatewayIp", "1" * 51, -50),
        ("sipWhiteIp", "1" * 51, -55),
        ("sip_trunk_name", "<clear>", -45),
    ],
)
def test_a_row_is_checked_like_a_single_update(column, text, code):
    assert reasons(f"key_id,{column}\n1,{text}\n") == [(2, column, code)]
    assert reasons(f"key_id,{column}\n1,{text[:50] if code != -45 else 'x'}\n") == []


def test_all_bad_rows_and_all_that_is_wrong_with_one_come_at_once():
    found = read(
        "key_id,sip_gateway_ip,sip_trunk_state,sip_password\n"
        f"1,{'x' * 51},maybe,\n"
        "2,10.0.0.1,true,pw\n"
        "3,10.0.0.1,true,pw,more\n"
        ",10.0.0.1,true,\n"
    )
    assert [(bad.place.line, bad.place.column) for bad in found.bad] == [
        (2, "sip_trunk_state"),
        (2, "sip_gateway_ip"),
        (4, None),
        (5, "key_id"),
    ]
    assert [change.key_id for change in found.changes] == [2]
    with pytest.raises(BadRows) as caught:
        found.require_good()
    assert caught.value.rows == found.bad
    assert "3 rows cannot be sent" in str(caught.value)


def test_nothing_shows_a_value():
    secret = "hunter2"
    found = read(f"key_id,sip_password,sip_trunk_state\n1,{secret},true\n2,{secret} ,{secret}\n{secret},,\n")
    shown = repr(found) + str(BadRows.of(found.bad)) + repr(BadRows.of(found.bad))
    assert secret not in shown
    assert "sip_password" in repr(found.changes)


# -- passwords of the first file --------------------------------------------------------------------------------------


def test_passwords_left_empty_come_from_the_first_file(tmp_path):
    first = tmp_path / "first.csv"
    first.write_text("key_id,sip_prefix,sip_password\n1,00,one\n2,00,two\n3,00,\nx,00,bad\n")
    found = read("key_id,sip_prefix,sip_password\n2,0086,\n1,0086,new\n3,0086,\n", secrets_from=first)
    assert [dict(change.values) for change in found.require_good()] == [
        {"sip_prefix": "0086", "sip_password": "two"},
        {"sip_prefix": "0086", "sip_password": "new"},
        {"sip_prefix": "0086"},
    ]


# -- leading zeros ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "drops"),
    [
        ("0086", "86", True),
        ("0086", "086", True),
        ("000", "0", True),
        ("86", "0086", False),
        ("0086", "0086", False),
        ("0086", "87", False),
        ("0086", "860", False),
        ("0086", "", False),
        ("0086", None, False),
        (None, "86", False),
        ("00a", "a", False),
        ("+0086", "+86", False),
    ],
)
def test_only_zeros_are_dropped(before, after, drops):
    assert only_drops_zeros(before, after) is drops


# -- anything at all --------------------------------------------------------------------------------------------------

TEXT = st.text(st.one_of(st.sampled_from("'=+-@#<>clear ;|,\t\n\r\"E+0189"), st.characters(codec="utf-8")), max_size=12)


@given(TEXT, st.sampled_from(Form))
@example("<clear>", Form.NAME)
@example("'' <CLEAR>", Form.NAME)
@example("'#N/A", Form.NAME)
@example("\u0661", Form.CODE)
@example("'NULL", Form.NAME)
def test_what_is_protected_reads_as_it_was_and_is_not_doubted(text, form):
    cell = protect(text, form)
    assert not is_formula(cell)
    if text:
        assert Understanding(form)(cell) == (text, None)
    typed = protect(text, form, is_typed=True)
    assert Understanding(form, is_typed=True)(typed) == (text, None)


@given(TEXT)
def test_reading_a_cell_takes_away_only_what_was_asked_for(text):
    bare = trimmed(text)
    if not is_clear_word(bare) and bare[:1] != "'":
        assert Understanding()(text) == (bare, damage_of(bare))


CELL = st.one_of(TEXT, st.sampled_from(["1", "1;2", "true", "0086", "<clear>", '[{"voiceGroupId": 1}]']))
COLUMNS = [
    "key_id",
    "sipPrefix",
    "sip_trunk_name",
    "sip_trunk_state",
    "voice_group_ids",
    "numbers",
    "group_list",
    "code",
]


@given(st.lists(st.lists(CELL, min_size=8, max_size=8), max_size=4), st.sampled_from(["key_id", "name"]))
@settings(max_examples=200)
def test_any_cells_are_changes_or_bad_rows(table, match):
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table]
    found = read("\r\n".join([",".join(COLUMNS), *quoted, ""]), match=match)
    good = {change.place.line for change in found.changes}
    bad = {row.place.line for row in found.bad}
    assert not good & bad
    assert len(good) + len(bad) == sum(any(not cell.isspace() and cell for cell in row) for row in table)
    assert len({change.key for change in found.changes}) == len(good)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["voiceGroupId", "number", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from([*COLUMNS, "sip_password", "", "x"]), JSON, max_size=5), max_size=3))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_changes_or_bad_rows(records):
    found = read("".join(json.dumps(record) + "\n" for record in records), source={"format": "jsonl"})
    assert {change.place.line for change in found.changes} | {bad.place.line for bad in found.bad} == {
        line for line, _ in enumerate(records, 1)
    }


def test_a_file_is_read_by_its_path_with_its_options(tmp_path: Path):
    path = tmp_path / "t.dat"
    path.write_bytes("key_id|sip_trunk_name\n1|中继\n".encode("gbk"))
    (change,) = read_changes(path, format="csv", separator="|", encoding="gbk").require_good()
    assert (change.values["sip_trunk_name"], change.place) == ("中继", Place(str(path), 2))


# -- what is told at a glance, against its plainest definition --------------------------------------------------------

digits = st.text("0123456789", max_size=22) | st.text("0189", max_size=4)
edges = st.sampled_from([2**63, 2**64, 10**18, 10**19, 10**20])
near_edges = st.builds(
    lambda edge, by, sign: str(sign * edge + by), edges, st.integers(-2, 2), st.sampled_from([1, -1])
)


@settings(max_examples=300)
@given(digits | near_edges | st.text("-+_ 01\u0661\uff11.e", max_size=5))
def test_a_whole_number_is_plain_digits_that_64_bits_hold(text):
    if re.fullmatch("0|-?[1-9][0-9]*", text) and -(2**63) <= int(text) < 2**64:
        assert whole_number(text) == int(text)
    else:
        with pytest.raises(BadCell):
            whole_number(text)


@given(
    st.text("+-1.,eE", max_size=8) | st.from_regex(r"[+-]?[0-9]{1,3}([.,][0-9]{1,3})?[eE]\+?[0-9]{1,3}", fullmatch=True)
)
@example("8.61E+12")
def test_a_number_that_a_spreadsheet_shortened_has_an_exponent_with_its_sign(text):
    shortened = re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)?[eE]\+[0-9]+", text)
    assert (damage_of(text) is not None) == (shortened is not None)


@given(st.none() | st.text("01x", max_size=4), st.none() | st.text("01x", max_size=4))
@example("0", "")
def test_what_only_drops_zeros_is_the_same_number_in_fewer_digits(before, after):
    both = bool(before and after) and {*before, *after} <= {*"01"}
    expected = both and len(after) < len(before) and int(before) == int(after)
    assert only_drops_zeros(before, after) == expected


# -- columns that are ignored -----------------------------------------------------------------------------------------


def test_columns_that_begin_with_a_hash_or_are_named_are_ignored():
    content = "key_id,#remark,sip_prefix,Comment\n1,1E5,00,#REF!\n"
    assert values(content, source={"ignore": [" comment "]}) == {"sip_prefix": "00"}
    assert values('{"key_id": 1, "# a": 1.5, "Comment": {}}', source={"ignore": ["comment"]}) == {}
    assert values("key_id,sip_prefix\n1,00\n", source={"ignore": ["sip_prefix"]}) == {}


@pytest.mark.parametrize("content", ["key_id,sip_prefix\n1,00\n", '{"key_id": 1}'])
def test_a_column_that_is_to_be_ignored_must_be_there(content):
    with pytest.raises(SourceError, match="there is no column coment, which is to be ignored"):
        read(content, source={"ignore": ["coment"]})


def test_the_file_of_passwords_may_lack_them(tmp_path):
    (tmp_path / "first.csv").write_text("key_id,sip_password,why\n1,hush,x\n")
    content = "key_id,why\n1,y\n"
    assert values(content, source={"ignore": ["why"]}, secrets_from=tmp_path / "first.csv") == {"sip_password": "hush"}
    (tmp_path / "first.csv").write_text("key_id,sip_password\n1,hush\n")
    assert values(content, source={"ignore": ["why"]}, secrets_from=tmp_path / "first.csv") == {"sip_password": "hush"}


def test_the_key_cannot_be_ignored():
    with pytest.raises(SourceError, match="there is no column key_id, by which rows are matched"):
        read("key_id,sip_prefix\n1,00\n", source={"ignore": ["key_id"]})


def test_columns_that_a_listing_shows_are_left_out():
    rows = read("key_id,type,state,createTime,sip_prefix\n1,2,0,2025,00\n")
    assert rows.shown_only == ("type", "state", "createTime")
    assert dict(rows.changes[0].values) == {"sip_prefix": "00"}
