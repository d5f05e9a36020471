"""Plans as files: what is in them, and what they refuse."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing, suppress

import attrs
import pytest
from hypothesis import given, strategies as st
from support.trunks import groups, named, row, trunk

from itnio_async import AsyncClient, GroupBinding
from itnio_async.bulk.identity import Identity, digest_of, identity_of
from itnio_async.bulk.job.decide import journal_row
from itnio_async.bulk.job.job import Job
from itnio_async.bulk.journal.lines import INSERT, TABLES, values_of
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict
from itnio_async.bulk.plan.saved import SavedPlanError, is_saved_plan, read_plan, save_plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.bulk.trunks.rows import Doubt
from itnio_async.sandbox import Sandbox

IDENTITY = Identity(host="127.0.0.1:1", api_key="key***", account="a1", key=b"k" * 32)
REGISTERED = {"sip_account": "alice", "sip_password": "made-up-old-1", "sip_trunk_state": True}
TRUNKS = [trunk(1), trunk(2, **REGISTERED), trunk(3)]
ROWS = [
    row(2, 1, sip_prefix="9", group_list=[GroupBinding(voice_group_id=5, number="")]),
    row(3, 2, sip_password="made-up-new-2", sip_gateway_ip="10.0.0.3"),
    named(4, "t3", group_list=groups(7, 8), sip_gateway_ip="10.9.9.9"),
    row(5, 99, sip_prefix="1"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "plan.jsonl"


def saved(path, rows=ROWS, trunks=TRUNKS, identity=IDENTITY):
    save_plan(make_plan(rows, trunks), path, identity, source="trunks.csv", clock=lambda: 5.0)
    return read_plan(path)


def test_the_rows_come_back_with_their_secrets_from_the_source(path):
    plan = saved(path)
    assert plan.header.created == 5.0
    assert plan.needs_source
    assert [row.verdict for row in plan.rows] == [Verdict.UPDATE, Verdict.UPDATE, Verdict.UPDATE, Verdict.NOT_FOUND]
    assert list(plan.changes(IDENTITY, ROWS)) == ROWS
    assert is_saved_plan(path)


def test_no_secret_is_in_the_file_and_only_the_owner_reads_it(path):
    plan = saved(path)
    text = path.read_text()
    assert "made-up" not in text
    assert "made-up" not in repr(plan) + repr(plan.rows)
    assert "sip_password: (changed)" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[1]["changes"] == ["sip_prefix: (nothing) -> 9", "group_list: 1001 -> 5"]
    assert lines[2]["after_lines"] == [4]
    # The fingerprint is keyed: another account's secret gives another one.
    other = attrs.evolve(IDENTITY, key=b"o" * 32)
    save_plan(make_plan(ROWS, TRUNKS), path.with_name("other"), other, source="trunks.csv")
    assert read_plan(path.with_name("other")).rows[1].secrets != plan.rows[1].secrets


@pytest.mark.parametrize(
    "source",
    [
        [],
        [row(3, 2, sip_prefix="1")],
        [row(3, 2, sip_password="made-up-other")],
        [row(3, 1, sip_password="made-up-new-2")],
        [row(4, 2, sip_password="made-up-new-2")],
    ],
)
def test_a_secret_that_is_not_the_same_in_its_row_is_refused(path, source):
    with pytest.raises(
        SavedPlanError, match=r"trunks.csv line 3: sip_password is not the one.*Make the plan again"
    ) as e:
        saved(path).changes(IDENTITY, source)
    assert "made-up" not in str(e.value)


@pytest.mark.parametrize("change", [{"host": "other"}, {"account": "a2"}])
def test_another_account_is_refused(path, change):
    with pytest.raises(SavedPlanError, match=r"is for key\*\*\* at 127\.0\.0\.1:1"):
        saved(path).changes(attrs.evolve(IDENTITY, **change), ROWS)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({}, False),
        ({"sip_prefix": "5"}, True),
        ({"sip_password": "made-up-else"}, True),
        ({"sip_trunk_name": "other"}, True),
        # Not what an update replaces.
        ({"update_time": "2026-01-01 00:00:00", "state": 0}, False),
    ],
)
def test_trunks_that_changed_since_are_known(path, change, changed):
    plan = saved(path)
    now = [TRUNKS[0], attrs.evolve(TRUNKS[1], **change), TRUNKS[2]]
    assert plan.changed(IDENTITY, now) == ({2} if changed else set())


def test_a_trunk_matched_by_its_name_that_changed_is_known(path):
    assert saved(path).changed(IDENTITY, [attrs.evolve(TRUNKS[2], sip_prefix="4")]) == {3}


def test_a_plan_is_applied_once(path, tmp_path):
    plan = saved(path)
    plan.begin(tmp_path / "a.journal")
    plan.begin(tmp_path / "a.journal")
    assert read_plan(path).applied == str(tmp_path / "a.journal")
    for again in (plan, read_plan(path)):
        with pytest.raises(SavedPlanError, match=r"was applied already, with the journal .*a\.journal"):
            again.begin(tmp_path / "b.journal")
    assert len(path.read_text().splitlines()) == 6


def test_of_two_that_begin_at_the_same_moment_the_first_has_the_plan(path, tmp_path):
    plan = saved(path)
    first, second = (str(tmp_path / name) for name in ("a.journal", "b.journal"))
    with path.open("a") as file:
        file.write("".join(json.dumps({"applied": one, "at": 1.0}) + "\n" for one in (first, second)))
    plan.begin(first)
    with pytest.raises(SavedPlanError, match=r"applied already, with the journal .*a\.journal"):
        plan.begin(second)


def test_what_is_there_is_not_written_over(path):
    path.write_text("mine")
    with pytest.raises(SavedPlanError, match="is there already"):
        saved(path)
    assert path.read_text() == "mine"


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(SavedPlanError, match="cannot be written"):
        saved(tmp_path / "none" / "plan.jsonl")
    with pytest.raises(SavedPlanError, match="cannot be read"):
        read_plan(tmp_path / "none")
    assert not is_saved_plan(tmp_path / "none")


@given(st.binary(max_size=200), st.integers(0, 5), st.integers(0, 400))
def test_a_damaged_file_is_refused_with_its_line(tmp_path_factory, junk, number, position):
    path = tmp_path_factory.mktemp("plan") / "plan.jsonl"
    saved(path)
    lines = path.read_bytes().splitlines()
    if number >= len(lines):
        lines.append(junk)
    else:
        lines[number] = lines[number][:position] + junk
    path.write_bytes(b"\n".join(lines))
    try:
        rows = read_plan(path).rows
    except SavedPlanError as error:
        rows, text = (), str(error)
    else:
        text = f"{path} line 1"
    assert f"{path} line " in text
    assert len(rows) <= len(ROWS) + 1


def test_half_characters_and_long_numbers_are_written_and_refused(path):
    odd = [row(2, 1, sip_prefix="\ud800"), row(3, 2**70, sip_prefix="1"), named(4, "\udfff", sip_prefix=2**70)]
    made = make_plan(odd, TRUNKS)
    assert [item.verdict for item in made] == [Verdict.REFUSED, Verdict.NOT_FOUND, Verdict.NOT_FOUND]
    save_plan(made, path, IDENTITY, source="lat\udcfc.csv")
    assert len(path.read_text(encoding="utf-8").splitlines()) == 4
    assert len({digest_of([one]) for one in odd}) == 3
    assert IDENTITY.fingerprint_of({"sip_password": "\ud800"}) is not None


def places_in(data, place=()):
    """Yield the way to each value in JSON data."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield (*place, key)
        if isinstance(value, dict | list):
            yield from places_in(value, (*place, key))


def replaced(data, place, value):
    copy = json.loads(json.dumps(data))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return copy


OTHER_VALUES = [None, True, 0, -1, 2**63, 2.5, "", "other", "\xe9", [], [1], [[]], [{}], {}, {"": 1}]


@pytest.mark.parametrize("value", OTHER_VALUES, ids=repr)
def test_whatever_stands_in_a_line_is_taken_or_refused(path, value):
    doubtful = attrs.evolve(ROWS[3], doubts=(Doubt("sip_prefix", "Prefix", "it has an end", 5),))
    rows = [*ROWS[:3], doubtful]
    saved(path, rows).begin("a.journal")
    lines = list(map(json.loads, path.read_text().splitlines()))
    with closing(sqlite3.connect(":memory:")) as journal:
        journal.execute(TABLES[1])
        for number, place in [(number, place) for number, line in enumerate(lines) for place in places_in(line)]:
            edited = [*lines[:number], replaced(lines[number], place, value), *lines[number + 1 :]]
            path.write_text("".join(json.dumps(line) + "\n" for line in edited))
            with suppress(SavedPlanError):
                plan = read_plan(path)
                assert plan.header.match in {"key_id", "name"}
                assert None not in (plan.applied, plan.header.source, plan.header.accounts)
                fresh = make_plan(plan.changes(IDENTITY, rows), TRUNKS)
                plan.changed(IDENTITY, TRUNKS)
                journal.executemany(INSERT, [values_of(journal_row(item)) for item in fresh])


async def test_a_saved_plan_is_applied(path, tmp_path):
    with Sandbox(trunks=8) as sandbox:
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
            identity = await identity_of(client)
            rows = [row(n, n, sip_prefix="9") for n in range(1, 8)] + [row(8, 3, sip_password="made-up-new")]
            rows = [*rows[:2], row(3, 3, sip_prefix="9", sip_password="made-up-new"), *rows[3:7]]
            save_plan(make_plan(rows, await list_trunks(client)), path, identity, source="trunks.csv")
            # Somebody else is quicker with one of them.
            await client.sip_trunks.update((await list_trunks(client))[4].to_update(sip_prefix="1"))
            plan, trunks = read_plan(path), await list_trunks(client)
            fresh = make_plan(plan.changes(identity, rows), trunks)
            journal = tmp_path / "rows.journal"
            plan.begin(journal)
            job = Job(client, fresh, journal, plan_id=plan.header.id, changed=plan.changed(identity, trunks))
            result = await job.run()
        assert sorted(count for count in result.counts.values()) == [1, 6]
        assert [trunk.sip_prefix for trunk in sandbox.trunks] == ["9", "9", "9", "9", "1", "9", "9", None]
        assert sandbox.trunk(3).sip_password == "made-up-new"
