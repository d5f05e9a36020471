"""Workbooks part by part: escapes, merged cells, formulas, the strict form, formatting without end, other files."""

import time
from zipfile import ZipFile

import pytest
from support.workbooks import STRICT, STRICT_RELATIONS, row, text, write_workbook

from itnio_async.bulk.files.cells import Damaged
from itnio_async.bulk.files.places import SourceError
from itnio_async.bulk.files.source import Source

HEADER = row(1, text("key_id"), text("a"))


def read(path):
    with Source(path).table() as table:
        return [(record.line, dict(record.cells)) for record in table.records]


def value_of(tmp_path, cell, **more):
    (found,) = read(write_workbook(tmp_path / "t.xlsx", HEADER + row(2, text("1"), cell), **more))
    return found[1].get("a")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("10.0.0.1_x000D_", "10.0.0.1\r"),
        ("_x005F_x0041_", "_x0041_"),
        ("_x0041_", "A"),
        ("_xD83D__xDE00_", "😀"),
        ("_x41_ _X0041_", "_x41_ _X0041_"),
    ],
)
def test_escaped_characters_are_themselves_wherever_a_text_stands(tmp_path, written, meant):
    assert value_of(tmp_path, text(written)) == meant
    assert value_of(tmp_path, f'<c t="str"><f>A1</f><v>{written}</v></c>') == meant
    strings = f"<si><t>{written}</t></si>"
    assert value_of(tmp_path, '<c t="s"><v>0</v></c>', strings=strings) == meant


def test_a_column_s_name_is_decoded_and_trimmed(tmp_path):
    header = row(1, text("key_id_x000D_"), text("\ufeffa\u00a0"))
    path = write_workbook(tmp_path / "t.xlsx", header + row(2, text("1"), text("x")))
    assert read(path) == [(2, {"key_id": "1", "a": "x"})]


def test_a_text_in_several_runs_is_one_and_how_it_is_pronounced_is_not_of_it(tmp_path):
    strings = '<si><r><rPr><b/></rPr><t>中</t></r><r><t> 继</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si>'
    assert value_of(tmp_path, '<c t="s"><v>0</v></c>', strings=strings) == "中 继"


def merged(tmp_path, reference):
    header = row(1, text("key_id"), text("a"), text("b"))
    rows = header + row(2, text("1"), text("x")) + "".join(row(n, text(str(n - 1)), "<c/>") for n in range(3, 6))
    after = f'<mergeCells count="1"><mergeCell ref="{reference}"/></mergeCells>'
    return [cells.get("a") for _, cells in read(write_workbook(tmp_path / "t.xlsx", rows, after=after))]


def test_a_value_in_merged_cells_of_a_column_is_that_of_each_row(tmp_path):
    assert merged(tmp_path, "B2:B4") == ["x", "x", "x", None]
    assert merged(tmp_path, "B2:B1048576") == ["x"] * 4


def test_what_is_merged_over_columns_is_refused(tmp_path):
    first, second, *others = merged(tmp_path, "B2:C3")
    assert isinstance(first, Damaged)
    assert isinstance(second, Damaged)
    assert others == [None, None]


@pytest.mark.parametrize(
    ("cell", "is_refused"),
    [
        ('<c t="str"><f>""</f><v></v></c>', False),
        ('<c t="str"><f>""</f></c>', False),
        ("<c><f>A1</f></c>", True),
        ("<c><f>A1</f><v></v></c>", True),
        ('<c t="e"><f>1/0</f><v>#DIV/0!</v></c>', True),
    ],
)
def test_an_empty_result_is_an_empty_cell_and_no_result_is_refused(tmp_path, cell, is_refused):
    found = value_of(tmp_path, cell)
    assert isinstance(found, Damaged) if is_refused else found is None


def test_results_that_nobody_calculated_are_refused(tmp_path):
    cell = "<c><f>A2+1</f><v>0</v></c>"
    assert value_of(tmp_path, cell) == 0
    assert isinstance(value_of(tmp_path, cell, calculation='<calcPr fullCalcOnLoad="1"/>'), Damaged)


def test_the_strict_form_of_the_standard_is_read(tmp_path):
    strings = "<si><t>x</t></si>"
    found = value_of(tmp_path, '<c t="s"><v>0</v></c>', strings=strings, main=STRICT, relations=STRICT_RELATIONS)
    assert found == "x"
    date = '<c t="d"><v>2024-01-05</v></c>'
    assert isinstance(value_of(tmp_path, date, main=STRICT, relations=STRICT_RELATIONS), Damaged)


def test_formatting_without_end_takes_no_time(tmp_path):
    # The last column in each of many rows, and the last row: what fills the gaps would be a thousand million cells.
    rows = HEADER + "".join(
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}"><v>7</v></c><c r="XFD{n}" s="0"/></row>'
        for n in range(2, 5002)
    )
    path = write_workbook(tmp_path / "t.xlsx", rows + '<row r="1048576" s="1"><c r="A1048576" s="0"/></row>')
    began = time.process_time()
    assert len(read(path)) == 5000
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ("content.xml", "an OpenDocument spreadsheet"),
        ("xl/workbook.bin", "a binary XLSB workbook"),
        ("Index/Document.iwa", "a Numbers document"),
    ],
)
def test_other_packed_files_are_refused_with_the_way_to_save_them(tmp_path, part, kind):
    path = tmp_path / "t.ods"
    with ZipFile(path, "w") as archive:
        archive.writestr(part, "")
    with pytest.raises(SourceError, match=rf"{kind}\. Save it as XLSX"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"<html><table>", b"\xef\xbb\xbf \n<?xml version='1.0'?>", "<table>".encode("utf-16")]
)
def test_web_pages_and_xml_that_are_called_workbooks(tmp_path, content):
    (tmp_path / "t.xls").write_bytes(content)
    with pytest.raises(SourceError, match=r"a web page or XML, not a table\. Open it in a spreadsheet"):
        read(tmp_path / "t.xls")
