"""Files of trunks written and read back: nothing changes; failed rows come back as they were."""

import csv
import gzip
import json
import os
import re
import stat
import subprocess
import sys
import threading

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, example, given, settings, strategies as st

from itnio_async import BoundGroup, SipTrunk
from itnio_async.bulk.files.places import SourceError
from itnio_async.bulk.files.private_file import private_file
from itnio_async.bulk.files.source import Source
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict
from itnio_async.bulk.trunks.export import FailedRow, write_failed, write_trunks
from itnio_async.bulk.trunks.rows import read_changes
from itnio_async.errors import ConfigurationError

NAMES = ["t.csv", "t.tsv", "t.jsonl", "t.json", "t.xlsx", "t.csv.gz", "t.jsonl.gz", "t.xlsx.gz", "noname"]


def trunk(key_id=1, **settings):
    given = {
        "type": 1,
        "state": 1,
        "sip_trunk_name": f"trunk {key_id}",
        "group_list": [BoundGroup(voice_group_id=1000026, group_name="sales", number="0086")],
        "sip_gateway_ip": "10.0.0.1",
        "sip_trunk_state": False,
    }
    return SipTrunk(key_id=key_id, **(given | settings))


def text_of(path):
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")


def cells_of(path):
    return list(csv.DictReader(text_of(path).splitlines(keepends=True)))


# -- trunks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_export_and_plan_is_no_change(tmp_path, name):
    path = tmp_path / name
    trunks = [
        trunk(1, sip_prefix="0086"),
        trunk(2, sip_trunk_name="=1+1", sip_prefix="+86", sip_account="", group_list=None),
        trunk(3, sip_trunk_name="中继", sip_account="me", sip_password="secret", sip_trunk_state=True),
        trunk(
            4,
            type=2,
            group_list=[BoundGroup(voice_group_id=1, number="+86"), BoundGroup(voice_group_id=2)],
            sip_gateway_ip=None,
            sip_white_ip="10.0.0.2",
        ),
        trunk(5, group_list=[BoundGroup(voice_group_id=1, number="0086;0087")], sip_trunk_state=None),
    ]
    assert write_trunks(trunks, path) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    changes = read_changes(path).require_good()
    assert [change.key_id for change in changes] == [1, 2, 3, 4, 5]
    plan = make_plan(changes, trunks)
    assert {item.verdict for item in plan.items} == {Verdict.UNCHANGED}


def test_the_columns_are_ours_and_hold_what_the_listing_shows(tmp_path):
    write_trunks([trunk(sip_prefix="0086", sip_password="secret", sip_account="me")], tmp_path / "t.csv")
    assert cells_of(tmp_path / "t.csv") == [
        {
            "key_id": "1",
            "sip_trunk_name": "trunk 1",
            "voice_group_ids": "1000026",
            "numbers": "0086",
            "sip_trunk_state": "",  # off beside an account: perhaps the gateway's status, and not the switch
            "sip_prefix": "0086",
            "sip_gateway_ip": "10.0.0.1",
            "sip_white_ip": "",
            "sip_account": "me",
        }
    ]


@pytest.mark.parametrize("name", NAMES)
def test_passwords_are_written_only_where_that_is_asked_for(tmp_path, name):
    trunks = [trunk(1, sip_password="hunter2"), trunk(2, sip_password="****"), trunk(3)]
    write_trunks(trunks, tmp_path / "without" if name == "noname" else tmp_path / name)
    without = read_changes(tmp_path / "without" if name == "noname" else tmp_path / name)
    assert all("sip_password" not in change.values for change in without.changes)
    write_trunks(trunks, tmp_path / name, with_secrets=True)
    found = read_changes(tmp_path / name).require_good()
    assert [change.values.get("sip_password") for change in found] == ["hunter2", None, None]
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_an_account_without_trunks_is_a_file_without_rows(tmp_path):
    for name in NAMES:
        assert write_trunks([], tmp_path / name) == 0
        assert read_changes(tmp_path / name).require_good() == ()


def test_spreadsheets_see_what_is_not_ascii_and_others_no_mark(tmp_path):
    write_trunks([trunk()], tmp_path / "plain.csv")
    write_trunks([trunk(sip_trunk_name="中继")], tmp_path / "marked.csv")
    assert (tmp_path / "plain.csv").read_bytes().startswith(b"key_id")
    assert (tmp_path / "marked.csv").read_bytes().startswith(b"\xef\xbb\xbfkey_id")


def test_a_workbook_holds_text_and_no_formulas(tmp_path):
    write_trunks([trunk(sip_trunk_name="=1+1", sip_prefix="0086")], tmp_path / "t.xlsx")
    (_, row) = openpyxl.load_workbook(tmp_path / "t.xlsx").active.iter_rows()
    assert {cell.data_type for cell in row if cell.value is not None} == {"s"}
    assert row[1].value == "'=1+1"


@pytest.mark.parametrize("text", ["a\0b", "a\rb", "\ufffe", "x" * 33_000])
def test_what_a_workbook_cannot_hold_is_an_error(tmp_path, text):
    with pytest.raises(SourceError, match="Write CSV"):
        write_trunks([trunk(sip_prefix=text)], tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


TEXT = st.text(st.one_of(st.sampled_from("'=+-@#<>clear ;|,\t\n\r\"E+0189"), st.characters(codec="utf-8")), max_size=10)
GROUPS = st.lists(
    st.builds(BoundGroup, voice_group_id=st.integers(1, 2**63 - 1), number=st.one_of(st.none(), TEXT)),
    max_size=3,
    unique_by=lambda group: group.voice_group_id,
)
FIELDS = ("sip_prefix", "sip_gateway_ip", "sip_white_ip", "sip_account", "sip_password")
TRUNKS = st.lists(
    st.builds(
        SipTrunk,
        key_id=st.integers(1, 2**31 - 1),
        sip_trunk_name=st.one_of(st.none(), TEXT),
        group_list=st.one_of(st.none(), GROUPS),
        sip_trunk_state=st.sampled_from([None, True, False]),
        **dict.fromkeys(FIELDS, st.one_of(st.none(), TEXT)),
    ),
    max_size=4,
    unique_by=lambda trunk: trunk.key_id,
)


@given(TRUNKS, st.sampled_from(NAMES))
@example([SipTrunk(key_id=1, sip_trunk_name="<clear>", sip_prefix="'<clear>")], "t.json")
@example([SipTrunk(key_id=1, sip_trunk_name="8.61E+12", sip_prefix="#REF!")], "t.xlsx")
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_listing_shows_reads_back_the_same(tmp_path, trunks, name):
    path = tmp_path / name
    try:
        write_trunks(trunks, path, with_secrets=True)
    except SourceError:
        assume(False)
    changes = read_changes(path).require_good()
    assert [change.key_id for change in changes] == [trunk.key_id for trunk in trunks]
    for change, shown in zip(changes, trunks, strict=True):
        for field in ("sip_trunk_name", *FIELDS):
            listed = getattr(shown, field)
            hidden = not listed or (field == "sip_password" and not listed.strip("*"))
            assert change.values.get(field) == (None if hidden else listed)
        read_groups = [(g.voice_group_id, g.number or None) for g in change.values.get("group_list", ())]
        assert read_groups == [(g.voice_group_id, g.number or None) for g in shown.group_list or ()]


def wrong(found):
    """Return where cells are refused or doubted, in the file's order, and what for."""
    bad = [(bad.place.line, bad.place.column, bad.reason) for bad in found.bad]
    doubted = [(c.place.line, doubt.column, doubt.reason) for c in found.changes for doubt in c.doubts]
    return sorted(bad + doubted)


# -- failed rows ------------------------------------------------------------------------------------------------------

FAILED = [FailedRow(3, -47, "Duplicate sip trunk name", "another trunk has that name"), FailedRow(5, None, "x", "y")]


def source(tmp_path, content, name="first.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Source(path, **options)


def test_failed_rows_keep_their_columns_and_cells_but_for_secrets(tmp_path):
    first = source(tmp_path, "keyId;sipPrefix;sipPassword\n1;00;one\n2;0086;two\n\n3;+86;three\n")
    assert write_failed(first, FAILED, tmp_path / "out.csv") == 2
    assert text_of(tmp_path / "out.csv").splitlines() == [
        "keyId;sipPrefix;sipPassword;code;reason;meaning",
        "2;0086;;-47;Duplicate sip trunk name;another trunk has that name",
        "3;'+86;;;x;y",
    ]
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600
    found = read_changes(tmp_path / "out.csv", secrets_from=first).require_good()
    assert [dict(change.values) for change in found] == [
        {"sip_prefix": "0086", "sip_password": "two"},
        {"sip_prefix": "+86", "sip_password": "three"},
    ]


def test_a_report_fed_back_has_its_report_columns_once(tmp_path):
    first = source(tmp_path, "key_id,sip_prefix,code,reason,meaning\n1,00,-1,a,b\n2,01,-2,c,d\n")
    write_failed(first, FAILED[:1], tmp_path / "out.csv")
    assert cells_of(tmp_path / "out.csv") == [
        {
            "key_id": "2",
            "sip_prefix": "01",
            "code": "-47",
            "reason": "Duplicate sip trunk name",
            "meaning": "another trunk has that name",
        }
    ]


@pytest.mark.parametrize("out", ["out.csv", "out.tsv", "out.xlsx", "out.csv.gz"])
def test_what_was_refused_is_refused_again_and_the_rest_is_the_same(tmp_path, out):
    first = source(
        tmp_path,
        "key_id,sip_prefix\n1,8.61E+12\n2,+8.61E+12\n3,#REF!\n4,<clear>\n"
        '5,"\t=cmd"\n6,\'=x\n7,"\' x "\n8,\'hello\n9,"a\nb"\n',
    )
    before = read_changes(first)
    lines = [bad.place.line for bad in before.bad] + [change.place.line for change in before.changes]
    write_failed(first, [FailedRow(line, -22, "=r", "@m") for line in lines], tmp_path / out)
    after = read_changes(tmp_path / out)
    assert [reason for _, _, reason in wrong(after)] == [reason for _, _, reason in wrong(before)]
    assert len(wrong(after)) == 4
    assert [(c.key_id, c.values) for c in after.changes] == [(c.key_id, c.values) for c in before.changes]
    if out == "out.csv":
        cells = [cell for row in cells_of(tmp_path / out) for cell in row.values()]
        assert not [cell for cell in cells if cell[:1] in "=@\t" and cell]


def test_a_workbook_s_damaged_cells_stay_refused(tmp_path):
    book = openpyxl.Workbook()
    for row in (["key_id", "sip_prefix", "sip_trunk_state"], [1, 10.5, True], [2, "=A1", False], [3, 86, True]):
        book.active.append(row)
    book.save(tmp_path / "first.xlsx")
    rows = [FailedRow(line, None, "r", "m") for line in (2, 3, 4)]
    write_failed(Source(tmp_path / "first.xlsx"), rows, tmp_path / "out.csv")
    found = read_changes(tmp_path / "out.csv")
    assert [line for line, *_ in wrong(found)] == [2, 3]
    assert found.changes[-1].values == {"sip_prefix": "86", "sip_trunk_state": True}


RECORDS = [
    {"key_id": 1, "sipPrefix": "+86", "group_list": [{"voiceGroupId": 1, "number": "x"}], "sipPassword": "hunter2"},
    {
        "key_id": 2,
        "voice_group_ids": [1, 2],
        "numbers": ["0086", None],
        "sip_trunk_state": True,
        "sipPrefix": "<clear>",
    },
    {"key_id": 3, "sipPrefix": " '8.61E+12 "},
    {"key_id": 4, "sipPrefix": 1.5, "sip_pasword": "hunter2"},
    {"key_id": 5, "sipPrefix": "'<clear>"},
]


@pytest.mark.parametrize("out", ["out.jsonl", "out.json", "out.csv", "out.xlsx"])
def test_failed_rows_of_json(tmp_path, out):
    first = source(tmp_path, "".join(json.dumps(record) + "\n" for record in RECORDS), "first.jsonl")
    rows = [FailedRow(line, -22, "bad", "a parameter is wrong") for line in range(1, 6)]
    assert write_failed(first, rows, tmp_path / out) == 5
    before, after = read_changes(first), read_changes(tmp_path / out)
    expected = [{k: v for k, v in change.values.items() if k != "sip_password"} for change in before.changes]
    assert [dict(change.values) for change in after.changes if not change.doubts] == expected
    # The misspelt column is left out, since it may be a secret; the other mistake stays one.
    assert [column for _, column, _ in wrong(after)] == ["sipPrefix"]
    assert b"hunter2" not in (tmp_path / out).read_bytes()
    if out == "out.jsonl":
        assert json.loads((tmp_path / out).read_text().splitlines()[2]) == RECORDS[2] | {
            "code": -22,
            "reason": "bad",
            "meaning": "a parameter is wrong",
        }


def test_only_the_failed_rows_of_json_in_one_line_are_written(tmp_path):
    first = source(tmp_path, json.dumps([{"key_id": key, "sip_prefix": "9"} for key in range(1, 5)]), "first.json")
    (bad,) = read_changes(source(tmp_path, '[{"key_id": 1}, {"key_id": 2, "sip_prefix": 1.5}]', "bad.json")).bad
    assert str(bad.place) == f"{tmp_path / 'bad.json'} record 2, column sip_prefix"
    changes = read_changes(first).require_good()
    row = FailedRow(changes[2].place.line, -60, "refused", "")
    assert write_failed(first, [row], tmp_path / "failed.jsonl") == 1
    assert json.loads((tmp_path / "failed.jsonl").read_text())["key_id"] == 3


@pytest.mark.parametrize("out", ["out.jsonl", "out.csv", "out.xlsx"])
@pytest.mark.parametrize("column", ["sipPrefix", "group_list"])
def test_half_a_character_stays_refused(tmp_path, out, column):
    value = "\ud83d中" if column == "sipPrefix" else [{"voice_group_id": 1, "number": "\ud83d中"}]
    first = source(tmp_path, json.dumps({"key_id": 1, column: value}), "first.jsonl")
    assert [bad.place.column for bad in read_changes(first).bad] == [column]
    write_failed(first, [FailedRow(1, None, "r", "m")], tmp_path / out)
    assert [column for _, column, _ in wrong(read_changes(tmp_path / out))] == [column]


def test_rows_of_a_sheet_do_not_go_into_json(tmp_path):
    first = source(tmp_path, "key_id,sip_prefix\n1,00\n2,01\n")
    with pytest.raises(SourceError, match=r"like failed\.csv"):
        write_failed(first, FAILED[:1], tmp_path / "out.json")


def test_a_row_that_failed_for_several_reasons_is_one(tmp_path):
    first = source(tmp_path, "key_id,sip_prefix\n1,00\n2,01\n")
    rows = [FailedRow(3, None, "one.", ""), FailedRow(3, -50, "two.", "m")]
    assert write_failed(first, rows, tmp_path / "out.csv") == 1
    assert (
        cells_of(tmp_path / "out.csv")[0] | {"code": "-50", "reason": "one. two.", "meaning": "m"}
        == cells_of(tmp_path / "out.csv")[0]
    )


def test_a_row_that_could_not_be_told_apart_has_no_cells(tmp_path):
    first = source(tmp_path, "key_id,sip_prefix\n1,00,hunter2\n2,01\n")
    write_failed(first, [FailedRow(2, None, "r", "m")], tmp_path / "out.csv")
    assert "hunter2" not in text_of(tmp_path / "out.csv")
    assert [bad.place.column for bad in read_changes(tmp_path / "out.csv").bad] == ["key_id"]


def test_a_source_that_has_changed_is_noticed(tmp_path):
    first = source(tmp_path, "key_id,sip_prefix\n1,00\n")
    with pytest.raises(SourceError, match=r"first.csv line 3: there is no such row any more"):
        write_failed(first, FAILED[:1], tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


CELLS = st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=4)


@example([["1", "a", " ' "]], "out.csv")
@example([["1", "a", "' "]], "out.csv")
@given(CELLS, st.sampled_from(["out.csv", "out.tsv", "out.xlsx"]))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_failed_rows_read_as_they_did(tmp_path, table, out):
    quoted = [
        ",".join('"' + cell.replace('"', '""') + '"' for cell in [str(key), *row]) for key, row in enumerate(table, 1)
    ]
    first = source(tmp_path, "\r\n".join(["key_id,sip_prefix,sip_account,sip_trunk_name", *quoted, ""]))
    before = read_changes(first)
    lines = {row.place.line for row in (*before.changes, *before.bad)}
    try:
        write_failed(first, [FailedRow(line, -22, table[0][0], table[0][1]) for line in lines], tmp_path / out)
    except SourceError:
        assume(False)
    after = read_changes(tmp_path / out)
    assert [(c.key_id, c.values) for c in after.changes] == [(c.key_id, c.values) for c in before.changes]
    assert [cell for _, *cell in wrong(after)] == [cell for _, *cell in wrong(before)]


# -- files ------------------------------------------------------------------------------------------------------------


def write_half(path):
    with private_file(path) as file:
        file.write(b"half")
        raise RuntimeError


def test_a_file_is_whole_or_not_there(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("before")
    path.chmod(0o644)
    with pytest.raises(RuntimeError):
        write_half(path)
    assert (path.read_text(), list(tmp_path.iterdir())) == ("before", [path])
    with private_file(path) as file:
        file.write(b"after")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("after", 0o600)


def test_a_link_stays_one(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with private_file(tmp_path / "link") as file:
        file.write(b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"x"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found = []
    reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_trunks([trunk()], tmp_path / "pipe")
    reader.join()
    assert found[0].startswith(b"key_id,")


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output(tmp_path, name):
    program = (
        "from itnio_async import SipTrunk\n"
        "from itnio_async.bulk.trunks.export import write_trunks\n"
        "import sys\n"
        "print('before')\n"
        "write_trunks([SipTrunk(key_id=7)], sys.argv[1])\n"
        "print('after')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, name], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30
    )
    assert ended.returncode == 0, ended.stderr
    assert re.fullmatch(r"before\nkey_id,.*\n7,.*\nafter\n", ended.stdout)
    assert list(tmp_path.iterdir()) == []


def test_failed_rows_never_replace_the_file_that_they_come_from(tmp_path):
    first = source(tmp_path, "key_id,sip_password\n1,made-up\n")
    (tmp_path / "link.csv").symlink_to(first.path)
    before = text_of(tmp_path / "first.csv")
    with pytest.raises(SourceError, match=r"first\.csv: .*give the failed rows another name"):
        write_failed(first, [FailedRow(2, -50, "r", "m")], tmp_path / "link.csv")
    assert text_of(tmp_path / "first.csv") == before


@pytest.mark.parametrize("name", ["missing/t.csv", "."])
def test_a_file_that_cannot_be_written(tmp_path, name):
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_trunks([trunk()], tmp_path / name)
