"""Any table comes back as it was from every form of file; a damaged cell is refused or harmless, and never silent."""

import csv
import json
import re

import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from support import workbooks
from support.damages import DAMAGES, Xml
from support.trunks import trunk

from itnio_async import BoundGroup
from itnio_async.bulk.files.cells import Understanding
from itnio_async.bulk.files.damage import Form, plain_test
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict
from itnio_async.bulk.trunks.rows import read_changes

FORMS = ["csv", "tsv", "xlsx", "json", "jsonl"]
DIALLED = st.one_of(
    st.from_regex(r"\+?[0-9]{1,18}", fullmatch=True),
    st.sampled_from(["1E5", "500000", "1-2", "0049", "+0049301", "*31#", "8613800138000123"]),
)
ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.sampled_from(["sip.example.com:5060", "12.325.353.2"]),
)
LETTERS = st.characters(
    categories=["L", "Nd", "P", "S"], exclude_characters="\u115f\u1160\u3164\uffa0\u2800\ufffc\ufffd"
)
NAMES = st.text(st.one_of(LETTERS, st.sampled_from("abc 019")), min_size=1, max_size=12)
VALUES = {
    "sip_trunk_name": st.one_of(NAMES, st.sampled_from(["می‌خواهم", "👩‍🔧 desk", "क्‍ष", "Müller & Söhne", "１号线"])),
    "sip_prefix": DIALLED,
    "number": DIALLED,
    "sip_gateway_ip": ADDRESSES,
    "sip_account": st.from_regex(r"[a-z][a-z0-9._-]{0,15}", fullmatch=True),
    "sip_password": st.text(LETTERS, min_size=1, max_size=16).filter(lambda text: text.strip("*") != ""),
}


def good(field):
    """Return texts of a field that mean themselves in every form of file, as nearly all do."""
    understands = [Understanding(form_of(field), is_typed=is_typed) for is_typed in (False, True)]
    return VALUES[field].filter(lambda text: all(understand(text) == (text, None) for understand in understands))


def form_of(field):
    return {
        "sip_trunk_name": Form.NAME,
        "sip_password": Form.NAME,
        "sip_gateway_ip": Form.CODE,
        "sip_account": Form.CODE,
    }.get(field, Form.NUMBER)


ROW = st.fixed_dictionaries({field: good(field) for field in VALUES})


def write(path, rows):
    """Write rows of texts, or of `Xml`, by column, as plain programs write them."""
    form = path.suffix[1:]
    columns = list(rows[0])
    if form == "json":
        path.write_text(json.dumps(rows))
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    elif form == "xlsx":
        cells = [[*columns], *([row[column] for column in columns] for row in rows)]
        formats = [cell.shown_as for line in cells for cell in line if isinstance(cell, Xml)]
        lines = (
            workbooks.row(number, *(cell.cell if isinstance(cell, Xml) else _text(cell) for cell in line))
            for number, line in enumerate(cells, 1)
        )
        workbooks.write_workbook(path, "".join(lines), formats=formats)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter="\t" if form == "tsv" else ",").writerows(
                [columns, *(row.values() for row in rows)]
            )
    return path


def _text(value):
    # A text that looks like an escape of the format is escaped itself, as spreadsheets do it.
    text = re.sub("_x([0-9A-Fa-f]{4})_", r"_x005F_x\1_", str(value))
    return workbooks.text(text.replace("\x07", "_x0007_"))


def cells_of(key_id, values):
    return {"key_id": str(key_id), "voice_group_ids": str(key_id + 1000)} | {
        "numbers" if field == "number" else field: values[field] for field in VALUES if field in values
    }


def trunk_of(key_id, values):
    shown = {field: value for field, value in values.items() if field != "number"}
    groups = [BoundGroup(voice_group_id=key_id + 1000, number=values.get("number"))]
    return trunk(key_id, **({"sip_gateway_ip": "10.0.0.1", "group_list": groups} | shown))


def values_of(change):
    values = dict(change.values)
    (group,) = values.pop("group_list")
    return values | {"number": group.number}


@given(st.lists(ROW, min_size=1, max_size=4), st.sampled_from(FORMS))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_table_of_valid_settings_gives_the_same_changes_from_every_form(tmp_path, table, form):
    path = write(tmp_path / f"t.{form}", [cells_of(key, values) for key, values in enumerate(table, 1)])
    changes = read_changes(path).require_good()
    assert [values_of(change) for change in changes] == table
    assert not any(change.doubts for change in changes)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_single_damage_is_refused_or_harmless_and_never_silent(tmp_path, damage, data):
    field = data.draw(st.sampled_from(damage.fields))
    texts = good(field) if damage.meant is None else st.from_regex(damage.meant, fullmatch=True)
    meant = data.draw(texts)
    cell = damage.does(meant)
    # What follows an apostrophe is taken as it stands: by that convention no program can damage it.
    assume(cell != meant and not meant.startswith("'"))
    form = "xlsx" if isinstance(cell, Xml) else data.draw(st.sampled_from(FORMS))
    present = meant if damage.needs_present else data.draw(st.one_of(st.just(meant), good(field)))
    path = write(tmp_path / f"t.{form}", [cells_of(1, {field: cell})])
    found = read_changes(path)
    (item,) = make_plan(found.changes, [trunk_of(1, {field: present})]) if found.changes else (None,)
    if item is None or item.verdict is Verdict.REFUSED:
        assert found.bad or item.refusal.reason
        return
    # Harmless: what is meant, or what is there already.
    assert values_of(item.row)[field] in (meant, present)


@given(
    st.one_of(*VALUES.values(), st.text(max_size=8), st.from_regex(r"[A-Za-z]{2,4}", fullmatch=True)),
    st.sampled_from(Form),
)
@settings(max_examples=400)
def test_what_is_plain_at_once_is_plain_when_looked_at(text, form):
    if plain_test(form)(text):
        # With a word for nothing, each cell is looked at.
        assert Understanding(form, empty=frozenset(["<nothing>"]))(text) == (text, None)


def test_an_apostrophe_between_unseen_characters_is_no_protection_of_the_last_one():
    assert Understanding(Form.NAME)("\u00ad'\u00ad") == ("'", None)
    assert Understanding(Form.NAME)("' x ") == (" x ", None)
