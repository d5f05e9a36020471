"""An export that another program opened and saved changes nothing: LibreOffice, pandas, openpyxl, Excel, Google."""

import os
import subprocess
from functools import partial
from itertools import permutations

import openpyxl
import pandas
import pytest
from support.programs import program
from support.workbooks import text, write_workbook

from itnio_async import BoundGroup, SipTrunk
from itnio_async.bulk.files.source import Source
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict
from itnio_async.bulk.trunks.export import write_trunks
from itnio_async.bulk.trunks.rows import read_changes


def trunk(key_id, name, number, **fields):
    groups = [BoundGroup(voice_group_id=key_id + 1000000, number=number)]
    given = {"type": 1, "state": 1, "sip_gateway_ip": f"10.0.0.{key_id}", "sip_trunk_state": False, "sip_prefix": "9"}
    return SipTrunk(key_id=key_id, sip_trunk_name=name, group_list=groups, **(given | fields))


TRUNKS = [
    trunk(1, "trunk 1", "0049301234567", sip_prefix="0049"),
    trunk(2, "=1+1", "+4930123456", sip_prefix="+49"),
    trunk(3, "中继, “three”; 3", "8613800138000123456", sip_prefix="8.61E+12", sip_account="0012"),
    trunk(4, "NULL", None, sip_prefix="1E5", sip_gateway_ip="sip.example.com:5060"),
    trunk(5, "_x0041_ & <b>", "1-2", sip_prefix="#REF!", sip_account="nan"),
    trunk(6, "TRUE", "00", sip_trunk_state=True, sip_account="user6", sip_prefix="2024-01-05"),
    trunk(7, "می‌خواهم 👩‍🔧", "*31#", sip_prefix="1001.0", sip_account="'quoted"),
    trunk(8, " blanks ", "007;008"),
    trunk(9, "@home", "+4930123457", sip_account="user9", sip_trunk_state=True, sip_password="=made+up"),
]


def assert_changes_nothing(path, **options):
    changes = read_changes(Source(path, **options)).require_good()
    assert [change.key_id for change in changes] == [trunk.key_id for trunk in TRUNKS]
    plan = make_plan(changes, TRUNKS)
    assert [(str(item.refusal), item.changes) for item in plan if item.verdict is not Verdict.UNCHANGED] == []


# UTF-8, with commas and quotes; what follows is the format of each column (2: text), and whether dates are looked for.
_AS_TEXT = "44,34,76,1," + "/".join(f"{column}/2" for column in range(1, 13)) + ",0,false,false"
_AS_IT_LIKES = "44,34,76,1,,0,false,true"


def through_libreoffice(tmp_path, form, read_as=None):
    soffice = program("soffice", package="libreoffice-calc")
    write_trunks(TRUNKS, tmp_path / f"t.{form}")
    options = [f"-env:UserInstallation=file://{tmp_path}/settings", "--headless"]
    if read_as is not None:
        options.append(f"--infilter=CSV:{read_as}")
    to = f"csv:Text - txt - csv (StarCalc):{_AS_IT_LIKES}" if form == "csv" else form
    command = [soffice, *options, "--convert-to", to, "--outdir", tmp_path / "out", tmp_path / f"t.{form}"]
    environment = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(command, check=True, capture_output=True, timeout=100, env=environment)
    return tmp_path / "out" / f"t.{form}"


@pytest.mark.timeout(120)  # LibreOffice makes its settings first
def test_libreoffice_and_a_workbook(tmp_path):
    assert_changes_nothing(through_libreoffice(tmp_path, "xlsx"))


@pytest.mark.timeout(120)
def test_libreoffice_and_csv_whose_columns_are_opened_as_text(tmp_path):
    assert_changes_nothing(through_libreoffice(tmp_path, "csv", _AS_TEXT))


@pytest.mark.timeout(120)
def test_libreoffice_and_csv_whose_columns_are_what_it_takes_them_for(tmp_path):
    # CSV has no types: what it took for numbers and dates is refused, and nothing else is changed.
    found = read_changes(through_libreoffice(tmp_path, "csv", _AS_IT_LIKES))
    plan = make_plan(found.changes, TRUNKS)
    assert not found.bad
    assert not plan.of(Verdict.UPDATE)
    assert {item.row.key_id for item in plan.of(Verdict.REFUSED)} >= {1, 3}


@pytest.mark.parametrize("form", ["xlsx", "csv", "json", "jsonl"])
def test_pandas(tmp_path, form):
    path, out = tmp_path / f"t.{form}", tmp_path / f"out.{form}"
    write_trunks(TRUNKS, path)
    if form == "xlsx":
        pandas.read_excel(path, dtype=str, keep_default_na=False).to_excel(out, index=False)
    elif form == "csv":
        pandas.read_csv(path, dtype=str, keep_default_na=False).to_csv(out, index=False)
    else:
        lines = form == "jsonl"
        table = pandas.read_json(path, lines=lines, dtype=False)
        table.to_json(out, orient="records", lines=lines, force_ascii=False)
    assert_changes_nothing(out)


PANDAS = {
    "csv": (partial(pandas.read_csv, dtype=str, keep_default_na=False), partial(pandas.DataFrame.to_csv, index=False)),
    "xlsx": (
        partial(pandas.read_excel, dtype=str, keep_default_na=False),
        partial(pandas.DataFrame.to_excel, index=False),
    ),
    "jsonl": (
        partial(pandas.read_json, lines=True, dtype=False),
        partial(pandas.DataFrame.to_json, orient="records", lines=True),
    ),
}


@pytest.mark.parametrize(("form", "other"), [*permutations(PANDAS, 2)])
def test_another_form_of_file_made_by_pandas_is_never_silent(tmp_path, form, other):
    write_trunks(TRUNKS, tmp_path / f"t.{form}", with_secrets=True)
    table = PANDAS[form][0](tmp_path / f"t.{form}")
    PANDAS[other][1](table, tmp_path / f"out.{other}")
    plan = make_plan(read_changes(tmp_path / f"out.{other}").changes, TRUNKS)
    assert [(item.trunk_name, list(map(str, item.changes))) for item in plan.of(Verdict.UPDATE)] == []


def test_pandas_left_to_its_own_types_is_never_silent(tmp_path):
    write_trunks(TRUNKS, tmp_path / "t.csv")
    pandas.read_csv(tmp_path / "t.csv").to_csv(tmp_path / "out.csv", index=False)
    found = read_changes(tmp_path / "out.csv")
    assert not make_plan(found.changes, TRUNKS).of(Verdict.UPDATE)


def test_openpyxl(tmp_path):
    write_trunks(TRUNKS, tmp_path / "t.xlsx")
    openpyxl.load_workbook(tmp_path / "t.xlsx").save(tmp_path / "out.xlsx")
    assert_changes_nothing(tmp_path / "out.xlsx")


def cells_of(tmp_path):
    write_trunks(TRUNKS, tmp_path / "t.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").active
    return [[cell.value or "" for cell in line] for line in sheet.iter_rows()]


def test_excel_with_its_table_of_strings_and_references(tmp_path):
    # Excel keeps the escapes of the format as they are, gives each cell its reference, and spells out rows and spans.
    strings, rows = [], ""
    for number, line in enumerate(cells_of(tmp_path), 1):
        rows += f'<row r="{number}" spans="1:10" x14ac:dyDescent="0.25" xmlns:x14ac="http://example.com/ac">'
        for column, value in enumerate(line):
            reference = f'r="{chr(65 + column)}{number}" s="1"'
            if value:
                rows += f'<c {reference} t="s"><v>{len(strings)}</v></c>'
                strings.append(text(value).partition("<is>")[2].partition("</is>")[0])
            else:
                rows += f"<c {reference}/>"
        rows += "</row>"
    table = "".join(f"<si>{string}</si>" for string in strings)
    assert_changes_nothing(write_workbook(tmp_path / "excel.xlsx", rows, strings=table, formats=["@"]))


def test_google_sheets_with_empty_rows_to_its_thousandth(tmp_path):
    # Google gives every row its height, writes a thousand empty ones, and makes numbers of what looks like them.
    rows = ""
    for number, line in enumerate(cells_of(tmp_path), 1):
        numbers = [
            f"<c><v>{value}.0</v></c>" if value.isdecimal() and value[0] != "0" and len(value) < 10 else text(value)
            for value in line
        ]
        rows += f'<row r="{number}" customHeight="1" ht="15.75">{"".join(numbers)}</row>'
    rows += "".join(f'<row r="{number}" customHeight="1" ht="15.75"/>' for number in range(len(TRUNKS) + 2, 1001))
    assert_changes_nothing(write_workbook(tmp_path / "google.xlsx", rows))
