"""Listed trunks as rows: what is as listed is not given, whatever it looks like; what somebody has changed is."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, assume, example, given, settings, strategies as st
from support import workbooks

from itnio_async import BoundGroup, SipTrunk
from itnio_async.bulk.files.source import Source
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict
from itnio_async.bulk.trunks.listed import LISTED_FIELDS, listed_object, listed_table
from itnio_async.bulk.trunks.rows import read_changes

texts = st.none() | st.sampled_from(["<clear>", "'1E5", "1E5", "NULL", " a ", "=1+1", "2024-01-05", "0049"]) | st.text()
groups = st.lists(
    st.builds(BoundGroup, voice_group_id=st.none() | st.integers(0, 2**62), number=texts, group_name=texts), max_size=3
)
trunks = st.lists(
    st.builds(
        SipTrunk,
        key_id=st.integers(1, 2**31 - 1),
        type=st.sampled_from([1, 2, 3]),
        state=st.sampled_from([None, 0, 1]),
        sip_trunk_name=texts.filter(bool),
        sip_prefix=texts,
        group_list=st.none() | groups,
        sip_gateway_ip=texts,
        sip_white_ip=texts,
        sip_trunk_state=st.none() | st.booleans(),
        sip_account=texts,
        create_time=texts,
    ),
    min_size=1,
    max_size=4,
    unique_by=(lambda trunk: trunk.key_id, lambda trunk: trunk.sip_trunk_name),
)


def as_jsonl(listed, names=LISTED_FIELDS):
    return "".join(json.dumps(listed_object(trunk, names, "host/abc")) + "\n" for trunk in listed)


def as_csv(listed, names=LISTED_FIELDS):
    text = io.StringIO(newline="")
    csv.writer(text).writerows(listed_table(listed, names, "host/abc"))
    return text.getvalue()


def read(content, **options):
    return read_changes(Source("-", stdin=io.BytesIO(content.encode())), **options)


@given(trunks, st.sampled_from(["key_id", "name"]))
@example([SipTrunk(key_id=1, sip_trunk_name="<clear>", group_list=[], sip_account="a", sip_trunk_state=False)], "name")
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_the_listing_shows_changes_nothing(listed, match):
    rows = read(as_jsonl(listed), match=match)
    assert rows.bad == ()
    assert [dict(change.values) for change in rows.changes] == [{}] * len(listed)
    assert rows.accounts == ("host/abc",)
    assert [item.verdict for item in make_plan(rows.changes, listed)] == [Verdict.UNCHANGED] * len(listed)


printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8)


@given(st.lists(printable, min_size=7, max_size=7), st.booleans())
@settings(deadline=None)
def test_a_table_of_the_listing_changes_nothing(words, registers):
    name, prefix, number, gateway, white, account, group_name = words
    listed = [
        SipTrunk(
            key_id=7,
            type=1,
            state=1,
            sip_trunk_name=name,
            sip_prefix=prefix,
            group_list=[BoundGroup(voice_group_id=5, number=number, group_name=group_name)],
            sip_gateway_ip=gateway,
            sip_white_ip=white,
            sip_account=account,
            sip_trunk_state=registers,
        )
    ]
    assume(not name.isspace())
    rows = read(as_csv(listed))
    assert rows.bad == ()
    (change,) = rows.changes
    assert dict(change.values) == {}


@given(trunks, st.sampled_from(["sip_prefix", "sip_gateway_ip", "sip_white_ip"]), st.sampled_from(["10.9.9.9", "a1"]))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_only_what_was_changed_is_given(listed, name, value):
    assume(all(getattr(trunk, name) != value for trunk in listed))
    objects = [json.loads(line) | {name: value} for line in as_jsonl(listed).splitlines()]
    rows = read("".join(json.dumps(one) + "\n" for one in objects))
    assert rows.bad == ()
    assert [dict(change.values) for change in rows.changes] == [{name: value}] * len(listed)


UNREADABLE = [
    ("sip_prefix", 1.5),
    ("sip_white_ip", True),
    ("sip_account", ["9"]),
    ("sip_trunk_name", {"a": 1}),
    ("sip_trunk_state", "maybe"),
    ("group_list", "abc"),
    ("group_list", [{"number": "5"}]),
]


@pytest.mark.parametrize("shown", [{}, {"sip_prefix": "9", "sip_account": "a", "sip_trunk_state": True}])
@pytest.mark.parametrize(("name", "value"), UNREADABLE)
def test_an_edit_that_cannot_be_read_is_refused_whatever_was_listed(shown, name, value):
    row = listed_object(SipTrunk(key_id=1, **shown), LISTED_FIELDS, "host/abc")
    (bad,) = read(json.dumps(row | {name: value})).bad
    assert bad.place.column == name


ERROR = '<c t="e"><v>#N/A</v></c>'


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("sip_prefix", ERROR),
        ("sip_trunk_state", ERROR),
        ("group_list", ERROR),
        ("voice_group_ids", workbooks.text("x")),
    ],
)
@pytest.mark.parametrize("groups_", [None, [BoundGroup(voice_group_id=5, number="1")]])
def test_a_damaged_cell_of_a_listings_workbook_is_refused_whatever_was_listed(tmp_path, groups_, column, cell):
    # The second trunk's number cannot stand in a list, so that there is a column of JSON too.
    second = SipTrunk(key_id=2, group_list=[BoundGroup(voice_group_id=5, number="1;2")])
    heading, row, _ = listed_table([SipTrunk(key_id=1, group_list=groups_), second], LISTED_FIELDS, "host/abc")
    cells = [cell if name == column else workbooks.text(text) for name, text in zip(heading, row, strict=True)]
    lines = workbooks.row(1, *map(workbooks.text, heading)), workbooks.row(2, *cells)
    workbooks.write_workbook(tmp_path / "t.xlsx", "".join(lines))
    (bad,) = read_changes(tmp_path / "t.xlsx").bad
    assert bad.place.column == column


def test_groups_that_are_given_to_a_trunk_listed_without_are_not_left_out():
    heading, row = listed_table([SipTrunk(key_id=1, group_list=[])], LISTED_FIELDS, "host/abc")
    edited = dict(zip(heading, row, strict=True)) | {"voice_group_ids": "5"}
    text = io.StringIO(newline="")
    csv.writer(text).writerows([edited.keys(), edited.values()])
    (change,) = read(text.getvalue()).changes
    assert [group.voice_group_id for group in change.values["group_list"]] == [5]


def test_a_protected_name_of_a_listing_is_matched_without_its_apostrophe():
    assert read(as_csv([SipTrunk(key_id=1, sip_trunk_name="=a")]), match="name").changes[0].name == "=a"


@pytest.mark.parametrize(("shown", "given_"), [(False, True), (True, False)])
def test_the_registration_is_switched_only_where_somebody_did_so(shown, given_):
    trunk = SipTrunk(key_id=1, sip_trunk_name="a", sip_account="user", sip_trunk_state=shown)
    row = listed_object(trunk, LISTED_FIELDS, "host/abc")
    assert dict(read(json.dumps(row)).changes[0].values) == {}
    assert dict(read(json.dumps(row | {"sip_trunk_state": given_})).changes[0].values) == {"sip_trunk_state": given_}


def test_without_a_mark_a_switch_that_is_off_may_be_the_gateways_status():
    row = {"keyId": 1, "type": 1, "state": 1, "sipTrunkState": False, "sipPrefix": "9", "updateTime": "2025"}
    rows = read(json.dumps(row))
    assert dict(rows.changes[0].values) == {"sip_prefix": "9"}
    assert rows.shown_only == ("type", "state", "updateTime")
    assert dict(read(json.dumps(row | {"sipTrunkState": True})).changes[0].values) == {
        "sip_prefix": "9",
        "sip_trunk_state": True,
    }
    assert dict(read(json.dumps({"keyId": 1, "sipTrunkState": False})).changes[0].values) == {"sip_trunk_state": False}


@pytest.mark.parametrize("mark", ["", "x", "host/abc zz.zz", 5, None])
def test_a_damaged_mark_says_nothing(mark):
    row = {"key_id": 1, "sip_prefix": "9", "#listed": mark}
    assert dict(read(json.dumps(row)).changes[0].values) == {"sip_prefix": "9"}
