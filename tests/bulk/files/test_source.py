"""Files as rows: formats, separators, encodings, damaged files, standard input."""

import datetime
import gzip
import io
import json
import os
import pickle
import re
import threading
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from itnio_async.bulk.files.cells import Damaged
from itnio_async.bulk.files.places import BadRow, BadRows, Place, SourceError
from itnio_async.bulk.files.source import Source
from itnio_async.bulk.files.write import write_cells
from itnio_async.errors import ConfigurationError, InvalidRequestError

CSV = "key_id,sip_prefix\n1,0086\n2,00\n"
EXPECTED = [(2, {"key_id": "1", "sip_prefix": "0086"}), (3, {"key_id": "2", "sip_prefix": "00"})]


def records_of(source):
    with source.table() as table:
        yield from table.records


def read_records(path, **options):
    return records_of(Source(path, **options))


def rows(path, **options):
    return [(record.line, dict(record.cells)) for record in read_records(path, **options)]


def write(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# -- CSV --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace("\n", "\r").encode(),
        CSV.removesuffix("\n").encode(),
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        CSV.encode("utf-16-le"),
        CSV.encode("utf-16-be"),
        CSV.encode("utf-32"),
        CSV.encode("utf-32-be"),
        CSV.replace(",", ";").encode(),
        CSV.replace(",", "\t").encode(),
        CSV.replace("key_id", '"key_id"').encode(),
        (CSV + "\n , \n,\n\n").encode(),
        CSV.replace("prefix\n", "prefix,,\n").replace("00\n", "00,,\n").encode(),
        gzip.compress(CSV.encode(), mtime=0),
        gzip.compress(CSV.encode("utf-16"), mtime=0),
    ],
)
def test_every_form_of_a_csv_file_gives_the_same_rows(tmp_path, content):
    found = rows(write(tmp_path, "trunks.csv", content))
    assert found[0][1] == EXPECTED[0][1]
    assert [line for line, _ in found] == [2, 3]


@pytest.mark.parametrize("line", ["sep=|", '"sep=|"', "SEP=|"])
def test_the_separator_that_the_file_names_itself_is_taken(tmp_path, line):
    path = write(tmp_path, "trunks.csv", line + "\n" + CSV.replace(",", "|"))
    assert rows(path) == [(line + 1, cells) for line, cells in EXPECTED]
    assert rows(write(tmp_path, "tab.csv", "sep=\t\r\n" + CSV.replace(",", "\t")))[0][1] == EXPECTED[0][1]


def test_the_separator_that_is_asked_for_wins(tmp_path):
    path = write(tmp_path, "trunks.csv", "sep=;\n" + CSV.replace(",", "|"))
    assert [cells for _, cells in rows(path, separator="|")] == [cells for _, cells in EXPECTED]


def test_a_tsv_file_has_tabs_whatever_its_header_looks_like(tmp_path):
    path = write(tmp_path, "trunks.tsv", 'key_id\t"a,b;c,d"\n1\tx\n')
    assert rows(path) == [(2, {"key_id": "1", "a,b;c,d": "x"})]


def test_two_separators_alike_are_not_guessed_between(tmp_path):
    with pytest.raises(SourceError, match=r"trunks.csv line 1: it has as many of one separator"):
        rows(write(tmp_path, "trunks.csv", "key_id;a,b\n1;2,3\n"))


@pytest.mark.parametrize("separator", ["", ",,", '"', "\n", "a"])
def test_what_cannot_separate_is_refused(separator):
    with pytest.raises(SourceError, match="one character"):
        Source("trunks.csv", separator=separator)


def test_a_row_is_where_it_begins_though_cells_go_over_lines(tmp_path):
    path = write(tmp_path, "trunks.csv", 'key_id,"sip\nprefix"\n\n1,"a\r\n\r\nb"\n2,c\n')
    assert rows(path) == [(4, {"key_id": "1", "sip\nprefix": "a\r\n\r\nb"}), (7, {"key_id": "2", "sip\nprefix": "c"})]


def test_a_separator_within_a_quoted_cell_is_text(tmp_path):
    assert rows(write(tmp_path, "t.csv", 'key_id,n\n1,"a,""b"";c"\n'))[0][1]["n"] == 'a,"b";c'


def test_rows_may_lack_their_last_cells_but_not_end_in_the_middle(tmp_path):
    # Spreadsheets leave the last separators out where a block of rows has nothing there.
    path = write(tmp_path, "t.csv", "key_id,a,b\n1,x\n2,y,")
    assert rows(path) == [(2, {"key_id": "1", "a": "x"}), (3, {"key_id": "2", "a": "y", "b": ""})]
    (record,) = read_records(write(tmp_path, "cut.csv", "key_id,a,b\n2,10.0"))
    assert not record.cells
    assert "cut off" in record.problem


def test_a_row_with_too_many_cells_is_a_problem_of_its_own(tmp_path):
    path = write(tmp_path, "t.csv", "key_id,a,\n1,x,,\n2,x,y\n3,x,,y\n4,x\n")
    assert [(r.line, r.problem is not None, dict(r.cells)) for r in read_records(path)] == [
        (2, False, {"key_id": "1", "a": "x"}),
        (3, True, {}),
        (4, True, {}),
        (5, False, {"key_id": "4", "a": "x"}),
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("\n\n  \n", "it is empty"),
        ("sep=;\n", "it is empty"),
        ("key_id,Key_Id,key_id \n", "t.csv line 1, column key_id: the column stands twice"),
        ('key_id,a\n1,b\n2,"c\n3,d\n', "t.csv line 3: a quote that opens in this row is never closed"),
        ('key_id,a\n1,b\n2,"c"d\n', "t.csv line 3: its quotes do not pair"),
        (f'key_id,a\n1,"{"x" * 200_000}"\n', "t.csv line 2: a cell is longer"),
    ],
)
def test_a_file_that_cannot_be_told_apart_says_where(tmp_path, content, reason):
    with pytest.raises(SourceError) as caught:
        rows(write(tmp_path, "t.csv", content))
    assert reason in str(caught.value)


# -- encodings --------------------------------------------------------------------------------------------------------

CHINESE = "key_id,sip_trunk_name\n1,中继一\n2,中继二\n"


def test_another_encoding_is_named_and_never_guessed(tmp_path):
    path = write(tmp_path, "t.csv", CHINESE.encode("gbk"))
    with pytest.raises(SourceError, match=r"t.csv line 2: the text is not in the encoding") as caught:
        rows(path)
    assert caught.value.place == Place(str(path), 2)
    assert rows(path, encoding="GBK")[1][1]["sip_trunk_name"] == "中继二"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("count", [0, 3, 70_000])
def test_the_line_that_cannot_be_decoded_is_named(tmp_path, newline, count):
    lines = ["key_id,name", *["1,中"] * count, "2,"]
    content = newline.join(lines).encode() + b"\xff" + newline.encode()
    with pytest.raises(SourceError) as caught:
        rows(write(tmp_path, "t.csv", content))
    assert caught.value.place.line == count + 2


def test_an_encoding_that_the_file_contradicts_is_refused(tmp_path):
    path = write(tmp_path, "t.csv", CHINESE.encode("utf-8-sig"))
    with pytest.raises(SourceError, match="begins with the mark of UTF-8"):
        rows(path, encoding="gbk")
    assert rows(path, encoding="utf8") == rows(path)


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "a\0b", "undefined"])
def test_no_such_encoding(tmp_path, encoding):
    with pytest.raises(SourceError, match="no such encoding"):
        rows(write(tmp_path, "t.csv", CSV), encoding=encoding)


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "utf-8"])
def test_a_file_that_is_not_of_the_encoding_that_was_given_says_where(tmp_path, encoding):
    path = write(tmp_path, "t.csv", b"key_id,sip_trunk_name\r\n1,a\r\n2,\x81\xff\r\n3,b\r\n")
    with pytest.raises(SourceError, match=r"t.csv line 3: the text is not in the encoding"):
        rows(path, encoding=encoding)


def test_half_a_character_at_the_end_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="not in the encoding"):
        rows(write(tmp_path, "t.csv", CHINESE.encode()[:-2]))


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_json_lines_keep_their_types_and_lines(tmp_path):
    path = write(tmp_path, "t.jsonl", '{"key_id": 1, "a": "0086"}\n\n{"key_id": 2, "a": [null, true, 1.5]}')
    assert rows(path) == [(1, {"key_id": 1, "a": "0086"}), (3, {"key_id": 2, "a": [None, True, 1.5]})]


def test_json_keeps_its_types_and_lines(tmp_path):
    path = write(tmp_path, "t.json", '\n[\n {"key_id":\n 1},\n\n {"key_id": 12345678901234567890123}\n]\n')
    assert rows(path) == [(3, {"key_id": 1}), (6, {"key_id": 12345678901234567890123})]


@pytest.mark.parametrize("content", ['[{"a": 1},{"a": 2}]', '[{"a": 1},\n\n{"a": 2},{"a": 3}]'])
def test_rows_of_json_that_share_lines_are_counted(tmp_path, content):
    source = Source(write(tmp_path, "t.json", content))
    assert [record.line for record in records_of(source)] == list(range(1, content.count("{") + 1))
    assert str(source.place(2).at("a")) == f"{tmp_path / 't.json'} record 2, column a"
    (tmp_path / "t.json").write_text("[\n{}\n,}\n]")
    with pytest.raises(SourceError, match="line 3: broken JSON"):
        list(records_of(source))


@pytest.mark.parametrize(("content", "count"), [("[]", 0), (" [ ] ", 0), ('{"a": 1}', 1), ('[{"a": 1},{"a": 2}]', 2)])
def test_a_json_document_is_a_list_or_one_object(tmp_path, content, count):
    assert len(rows(write(tmp_path, "t.json", content))) == count


@pytest.mark.parametrize(
    "line", ["{", "[1]", '{"a": 1, "a": 2}', '{"a": NaN}', '{"a": 1} x', "[" * 100_000, "9" * 5000]
)
def test_a_broken_line_of_json_is_one_bad_row(tmp_path, line):
    path = write(tmp_path, "t.jsonl", f'{{"a": 1}}\n{line}\n{{"a": 2}}\n')
    found = list(read_records(path))
    assert [(r.line, r.problem is None) for r in found] == [(1, True), (2, False), (3, True)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", 1),
        ('[\n{"a": 1},\n', 3),
        ('[{"a": 1}\n{"a": 2}]', 2),
        ('[{"a": 1}]\n]', 2),
        ('[\n{"a": 1,\n"a": 2}]', 2),
        ('[{"a": 1},]', 1),
        ("[" * 100_000, 1),
    ],
)
def test_a_broken_json_document_says_where(tmp_path, content, line):
    with pytest.raises(SourceError) as caught:
        rows(write(tmp_path, "t.json", content))
    assert caught.value.place.line == line


# -- XLSX -------------------------------------------------------------------------------------------------------------


def workbook(tmp_path: Path, *sheet_rows, formats=None, more_sheets=None) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in sheet_rows:
        sheet.append(row)
    for cell, shown_as in (formats or {}).items():
        sheet[cell].number_format = shown_as
    for title, content in (more_sheets or {}).items():
        other = book.create_sheet(title)
        for row in content:
            other.append(row)
    path = tmp_path / "t.xlsx"
    book.save(path)
    return path


def test_a_workbook_keeps_text_and_exact_numbers(tmp_path):
    path = workbook(tmp_path, [None], ["key_id", "a", "b"], [1, "0086", True], [], [2.0, 123456789012345, None])
    assert rows(path) == [
        (3, {"key_id": 1, "a": "0086", "b": True}),
        (5, {"key_id": 2, "a": 123456789012345}),
    ]
    assert [type(cells["key_id"]) for _, cells in rows(path)] == [int, int]


@pytest.mark.parametrize(
    ("value", "shown_as", "reason"),
    [
        (8613800138000123, "General", "more than 15 digits"),
        (10**15, "General", "more than 15 digits"),
        (8.61e20, "0.00E+00", "more than 15 digits"),
        (10.5, "General", "fraction"),
        (datetime.date(2024, 1, 5), "yyyy-mm-dd", "date or time"),
        (datetime.datetime(2024, 1, 5, 1, 2), "yyyy-mm-dd", "date or time"),
        (datetime.time(1, 2), "hh:mm", "date or time"),
        (44927, "mmm-yy", "date or time"),
        ("#REF!", "General", "error"),
        (86, "0000", "leading zeros"),
        (86, "[Red]0000", "([Red]0000) shows leading zeros"),
        (86, '"00"0', "a plus or other digits"),
        (86, "\\00", "a plus or other digits"),
        (86, "+0", "a plus or other digits"),
        (86, '"+"#', "a plus or other digits"),
        (86, "000-000", "leading zeros"),
        (86, "0%", "other digits"),
        (86, '0;"0"0', "other digits"),
        ("=1+1", "General", "formula"),
    ],
)
def test_what_a_spreadsheet_damaged_is_marked(tmp_path, value, shown_as, reason):
    path = workbook(tmp_path, ["key_id", "a"], [1, value], formats={"B2": shown_as})
    ((_, cells),) = rows(path)
    assert isinstance(cells["a"], Damaged)
    assert reason in cells["a"].reason


@pytest.mark.parametrize(
    "shown_as",
    ["0000", "#,##0", "0.00", "#,##0.00", '"Tel. "0', "0.00E+00", "(##) ##", "0;-0;;@", '0" "', "0_-", "[Red]0", "@"],
)
def test_a_number_whose_format_shows_no_more_than_it_has_is_fine(tmp_path, shown_as):
    path = workbook(tmp_path, ["key_id", "a"], [1, 1234], formats={"B2": shown_as})
    assert rows(path)[0][1]["a"] == 1234


def test_a_formula_is_the_result_that_was_saved_with_it(tmp_path):
    path = workbook(tmp_path, ["key_id", "a"], [1, "x"], [2, "=A2+7"], [3, "=1/0"])
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].decode()
    sheet = re.sub(r"<f>A2\+7</f><v ?/>|<f>A2\+7</f><v></v>", "<f>A2+7</f><v>8</v>", sheet)
    assert "<v>8</v>" in sheet
    members["xl/worksheets/sheet1.xml"] = sheet.encode()
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    found = rows(path)
    assert found[1] == (3, {"key_id": 2, "a": 8})
    assert isinstance(found[2][1]["a"], Damaged)


def test_a_sheet_is_named_where_several_hold_something(tmp_path):
    path = workbook(tmp_path, ["key_id"], [1], more_sheets={"empty": [], "other": [["key_id"], [2]]})
    with pytest.raises(SourceError, match="Sheet, other"):
        rows(path)
    assert rows(path, sheet="other") == [(2, {"key_id": 2})]
    with pytest.raises(SourceError, match=r"no sheet of that name\. It has: Sheet, empty, other"):
        rows(path, sheet="third")


def test_a_workbook_is_known_by_its_bytes_and_may_be_packed(tmp_path):
    content = workbook(tmp_path, ["key_id"], [1]).read_bytes()
    assert rows(write(tmp_path, "wrong.csv", content)) == [(2, {"key_id": 1})]
    assert rows(write(tmp_path, "t.xlsx.gz", gzip.compress(content))) == [(2, {"key_id": 1})]
    assert rows("-", stdin=io.BytesIO(content)) == [(2, {"key_id": 1})]


def test_names_of_columns_are_text(tmp_path):
    with pytest.raises(SourceError, match="a name is text"):
        rows(workbook(tmp_path, ["key_id", 2], [1, 2]))


def test_an_empty_workbook(tmp_path):
    with pytest.raises(SourceError, match="holds nothing"):
        rows(workbook(tmp_path))


def test_an_old_workbook_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(SourceError, match="Save it as XLSX or CSV"):
        rows(write(tmp_path, "t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)))


def test_without_openpyxl_workbooks_are_read_but_not_written(tmp_path, monkeypatch):
    path = workbook(tmp_path, ["key_id"], [1])
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    assert rows(path) == [(2, {"key_id": 1})]
    with pytest.raises(ConfigurationError, match=r"itnio-async\[cli\]"):
        write_cells(tmp_path / "out.xlsx", ["key_id"], [["1"]])


# -- where it comes from ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [CSV, '{"key_id": "1", "sip_prefix": "0086"}\n', ' \n[{"key_id": "1", "sip_prefix": "0086"}]'],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_standard_input_is_known_by_its_first_bytes_and_read_as_often_as_needed(content, pack, encoding):
    source = Source("-", stdin=io.BytesIO(pack(content.encode(encoding))))
    first = [dict(record.cells) for record in records_of(source)]
    assert first[0] == EXPECTED[0][1]
    assert [dict(record.cells) for record in records_of(source)] == first
    assert source.place(2) == Place("standard input", 2)


def test_a_pipe_is_read_once_and_spooled(tmp_path):
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(CSV,))
    writer.start()
    source = Source(path)
    assert [dict(record.cells) for record in records_of(source)] == [cells for _, cells in EXPECTED]
    writer.join()
    assert len(list(records_of(source))) == 2


def test_the_format_can_be_said(tmp_path):
    assert rows(write(tmp_path, "t.dat", '{"a":\n1}'), format="json") == [(1, {"a": 1})]
    with pytest.raises(SourceError, match=r"no such format\. There are: csv"):
        Source("t.dat", format="ods")


@pytest.mark.parametrize("name", ["missing.csv", ".", "nul\0.csv"])
def test_a_file_that_is_not_there(tmp_path, name):
    with pytest.raises(SourceError, match="cannot be read"):
        rows(tmp_path / name)


@pytest.mark.parametrize("cut", [12, 25, -1])
def test_a_packed_file_that_is_cut_off(tmp_path, cut):
    content = gzip.compress((CSV * 20).encode())
    with pytest.raises(SourceError, match="cannot be unpacked"):
        rows(write(tmp_path, "t.csv.gz", content[:cut]))


def test_leaving_in_the_middle_closes_the_file(tmp_path):
    records = read_records(write(tmp_path, "t.csv", CSV))
    next(records)
    records.close()  # an open file would be a ResourceWarning, which fails the test


# -- anything at all --------------------------------------------------------------------------------------------------


def assert_rows_or_our_error(path):
    try:
        found = rows(path)
    except SourceError as error:
        found = [(1, str(error).index(str(path)))]
    assert all(line >= 1 for line, _ in found)


SUFFIXES = ["csv", "tsv", "jsonl", "json", "xlsx", "csv.gz", "data"]


@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text(alphabet="kKey_id,;\t\"'\n\r=[]{}:<1é中\0\ufeff", max_size=80).map(str.encode),
        st.binary(max_size=60).map(gzip.compress),
        st.binary(max_size=60).map(lambda tail: b"PK\x03\x04" + tail),
    ),
    suffix=st.sampled_from(SUFFIXES),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_is_rows_or_our_error(tmp_path, content, suffix):
    path = write(tmp_path, f"t.{suffix}", content)
    assert_rows_or_our_error(path)


@given(kept=st.integers(0, 1000), changes=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255)), max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_truncated_or_altered_workbook_is_rows_or_our_error(tmp_path, kept, changes):
    # In thousandths, since the size of a workbook depends on the time in it.
    good = workbook(tmp_path, ["key_id", "a"], [1, "x"], [2, "=A1"], [3, 44927]).read_bytes()
    content = bytearray(good[: len(good) * kept // 1000])
    for position, byte in changes:
        if content:
            content[len(content) * position // 1000] = byte
    assert_rows_or_our_error(write(tmp_path, "altered.xlsx", bytes(content)))


@given(
    table=st.lists(
        st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), min_size=2, max_size=2), max_size=4
    ),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_a_csv_writer_wrote_comes_back(tmp_path, table, separator, encoding):
    text = io.StringIO(newline="")
    quoted = ['"' + cell.replace('"', '""') + '"' for row in table for cell in row]
    text.write(f"first{separator}second\r\n")
    for left, right in zip(quoted[::2], quoted[1::2], strict=True):
        text.write(f"{left}{separator}{right}\r\n")
    found = rows(write(tmp_path, "t.csv", text.getvalue().encode(encoding)))
    assert [list(cells.values()) for _, cells in found] == [
        row for row in table if not all(cell.isspace() for cell in row)
    ]


# -- places -----------------------------------------------------------------------------------------------------------


def test_places_and_errors_read_like_sentences_and_pickle():
    place = Place("trunks.csv", 12, "sipGatewayIp")
    assert str(place) == "trunks.csv line 12, column sipGatewayIp"
    assert str(place.at(None)) == "trunks.csv line 12"
    error = BadRows.of([BadRow(place, "too long.", -50), *[BadRow(Place("t.csv", line), "x") for line in range(30)]])
    assert "31 rows cannot be sent" in str(error)
    assert "trunks.csv line 12, column sipGatewayIp: too long. (the vendor's code -50)" in str(error)
    assert "and 11 more" in str(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.rows, str(copy)) == (error.rows, str(error))
    assert isinstance(copy, InvalidRequestError)
    broken = SourceError.at(place, "broken.")
    assert pickle.loads(pickle.dumps(broken)).place == place


def test_a_record_does_not_show_its_cells():
    (record,) = read_records("-", stdin=io.BytesIO(json.dumps({"sipPassword": "hunter2"}).encode()))
    assert "hunter2" not in repr(record)
    assert "sipPassword" in repr(record)
