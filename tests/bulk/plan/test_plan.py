"""What a plan says of rows, before anything is sent."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings, strategies as st
from support.trunks import groups, inbound, named, row, trunk

from itnio_async import BoundGroup, GroupBinding
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict

REGISTERED = {"sip_account": "alice", "sip_password": "made-up-pass-1", "sip_trunk_state": True}


def verdicts(plan):
    return [item.verdict for item in plan]


def only(plan):
    (item,) = plan.items
    return item


# -- one row ----------------------------------------------------------------------------------------------------------


def test_what_changes_is_shown_field_by_field_and_the_update_is_whole():
    item = only(make_plan([row(2, 1, sip_gateway_ip="10.9.9.9", sip_prefix="9")], [trunk(1)]))
    assert item.verdict is Verdict.UPDATE
    assert [str(change) for change in item.changes] == [
        "sip_prefix: (nothing) -> 9",
        "sip_gateway_ip: 10.0.0.1 -> 10.9.9.9",
    ]
    assert item.update == trunk(1).to_update(sip_gateway_ip="10.9.9.9", sip_prefix="9")
    assert (item.key_id, item.trunk_name, str(item.place)) == (1, "t1", "trunks.csv line 2")


@pytest.mark.parametrize(
    ("listed", "values"),
    [
        ({}, {"sip_trunk_name": "t1", "sip_gateway_ip": "10.0.0.1", "sip_trunk_state": False}),
        ({}, {"sip_prefix": ""}),
        ({"sip_prefix": ""}, {"sip_prefix": ""}),
        ({}, {"group_list": groups(1001)}),
        ({}, {"sip_password": ""}),
        (REGISTERED, {"sip_password": "made-up-pass-1"}),
        ({"group_list": [BoundGroup(voice_group_id=5), BoundGroup(voice_group_id=4)]}, {"group_list": groups(4, 5)}),
        ({"group_list": [BoundGroup(voice_group_id=5, number="86")]}, {"group_list": groups(5)}),
        # Nothing is sent, so that nothing is lost.
        ({**REGISTERED, "sip_password": "****"}, {"sip_account": "alice"}),
    ],
)
def test_what_stands_as_wanted_is_unchanged(listed, values):
    item = only(make_plan([row(2, 1, **values)], [trunk(1, **listed)]))
    assert (item.verdict, item.changes, item.update) == (Verdict.UNCHANGED, (), None)


@pytest.mark.parametrize("listed", ["made-up-pass-1", "******", None])
def test_a_new_password_is_shown_as_changed_and_nowhere_else(listed):
    plan = make_plan([row(2, 1, sip_password="made-up-new-2")], [trunk(1, **{**REGISTERED, "sip_password": listed})])
    item = only(plan)
    assert [str(change) for change in item.changes] == ["sip_password: (changed)"]
    assert item.update.sip_password == "made-up-new-2"
    assert "made-up" not in repr(plan)


@pytest.mark.parametrize(
    ("listed", "values", "reason", "code"),
    [
        (
            {**REGISTERED, "sip_password": "***"},
            {"sip_prefix": "9"},
            "sip_password: the trunk has a registration",
            None,
        ),
        ({**REGISTERED, "sip_password": None}, {"sip_prefix": "9"}, "sip_password: the trunk has a registration", None),
        ({**REGISTERED, "sip_password": "***"}, {"sip_password": "***"}, "only asterisks", None),
        ({**REGISTERED, "sip_trunk_state": False}, {"sip_prefix": "9"}, "sip_trunk_state: the trunk has", None),
        ({}, {"sip_gateway_ip": ""}, "sip_gateway_ip: the gateway address is missing", -49),
        ({}, {"sip_gateway_ip": "x" * 51}, "longer than 50", -50),
        ({}, {"group_list": groups(7, 7)}, "group_list[1].voice_group_id", -51),
        ({}, {"group_list": []}, "no agent group is bound", -48),
        ({}, {"sip_trunk_state": True}, "sip_account: an outbound trunk that registers", None),
        ({}, {"sip_prefix": 9}, "sip_prefix: expected a string, got an integer", None),
        ({}, {"group_list": [{"voice_group_id": 1}]}, "group_list[0]: expected a GroupBinding", None),
        ({}, {"sip_trunk_state": "true"}, "sip_trunk_state: expected True or False", None),
        ({}, {"colour": "red"}, "colour: an update has no such field", None),
    ],
)
def test_a_row_is_checked_like_a_single_update(listed, values, reason, code):
    item = only(make_plan([row(2, 1, **values)], [trunk(1, **listed)]))
    assert (item.verdict, item.update) == (Verdict.REFUSED, None)
    assert reason in item.refusal.reason
    assert item.refusal.code == item.bad_row.code == code
    assert "made-up" not in str(item.bad_row)


@pytest.mark.parametrize(
    ("listed", "values"),
    [
        ({"sip_prefix": "0086"}, {"sip_prefix": "86"}),
        (
            {"group_list": [BoundGroup(voice_group_id=5, number="0049123")]},
            {"group_list": [GroupBinding(voice_group_id=5, number="49123")]},
        ),
        ({"sip_trunk_name": "@home"}, {"sip_trunk_name": "'@home"}),
        (
            {"group_list": [BoundGroup(voice_group_id=4), BoundGroup(voice_group_id=5, number="+49")]},
            {"group_list": [GroupBinding(voice_group_id=4), GroupBinding(voice_group_id=5, number="'+49")]},
        ),
        (REGISTERED, {"sip_password": "'made-up-pass-1"}),
        ({**REGISTERED, "sip_password": "0099"}, {"sip_password": "99"}),
    ],
)
def test_a_change_that_programs_make_by_themselves_must_be_accepted(listed, values):
    rows, trunks = [row(2, 1, **values)], [trunk(1, **listed)]
    item = only(make_plan(rows, trunks))
    assert item.verdict is Verdict.REFUSED
    assert "--accept-zeros" in item.refusal.reason
    assert not any(secret in item.refusal.reason for secret in ("made-up", "0099"))
    assert only(make_plan(rows, trunks, accept_zeros=True)).verdict is Verdict.UPDATE


def test_rows_find_their_trunks_by_key_id_or_by_exact_name():
    trunks = [trunk(1), trunk(2), trunk(3, sip_trunk_name="twin"), trunk(4, sip_trunk_name="twin")]
    plan = make_plan([named(2, "t2", sip_prefix="9"), named(3, "T1"), named(4, "twin"), row(5, 99)], trunks)
    assert verdicts(plan) == [Verdict.UPDATE, Verdict.NOT_FOUND, Verdict.REFUSED, Verdict.NOT_FOUND]
    assert plan.items[0].key_id == 2
    assert "no trunk of the account has the name 'T1'" in str(plan.items[1].refusal)
    assert "2 trunks have the name 'twin': 3, 4" in str(plan.items[2].refusal)
    assert "the key id 99" in str(plan.items[3].refusal)


def test_a_trunk_in_two_rows_is_refused_in_both():
    plan = make_plan(
        [row(2, 1, sip_prefix="9"), named(3, "t1", sip_prefix="8"), row(4, 2, sip_prefix="7")], [trunk(1), trunk(2)]
    )
    assert verdicts(plan) == [Verdict.REFUSED, Verdict.REFUSED, Verdict.UPDATE]
    assert "trunk 1 is also in trunks.csv line 3" in str(plan.items[0].refusal)


def test_the_counts_and_who_is_disabled():
    rows = [row(2, 1, sip_prefix="9"), row(3, 2), row(4, 3), row(5, 4, sip_gateway_ip="")]
    plan = make_plan(rows, [trunk(1, state=0), trunk(2, state=0), trunk(4)])
    assert plan.counts == {Verdict.UPDATE: 1, Verdict.UNCHANGED: 1, Verdict.NOT_FOUND: 1, Verdict.REFUSED: 1}
    assert [item.key_id for item in plan.disabled] == [1]
    assert [bad.place.line for bad in plan.bad_rows] == [4, 5]
    assert plan.has_changes
    assert not make_plan([row(2, 1)], [trunk(1)]).has_changes


# -- names, and what depends on what ----------------------------------------------------------------------------------


def test_a_name_that_two_rows_claim_is_refused_in_both():
    plan = make_plan(
        [row(n, n, sip_trunk_name="new") for n in (1, 2)] + [row(3, 3, sip_prefix="1")], [trunk(n) for n in (1, 2, 3)]
    )
    assert verdicts(plan) == [Verdict.REFUSED, Verdict.REFUSED, Verdict.UPDATE]
    assert [item.refusal.code for item in plan.items[:2]] == [-47, -47]
    assert "trunks.csv line 2 would get the name 'new' too" in str(plan.items[0].refusal)


def test_a_name_that_another_trunk_keeps_is_refused():
    plan = make_plan([row(2, 1, sip_trunk_name="t2"), row(3, 2, sip_prefix="9")], [trunk(1), trunk(2)])
    assert verdicts(plan) == [Verdict.REFUSED, Verdict.UPDATE]
    assert plan.items[0].refusal.code == -47
    assert "trunk 2 has the name 't2' and keeps it" in str(plan.items[0].refusal)


def test_who_takes_a_name_waits_for_who_gives_it_up():
    rows = [row(2, 1, sip_trunk_name="t2"), row(3, 2, sip_trunk_name="t3"), row(4, 3, sip_trunk_name="free")]
    plan = make_plan(rows, [trunk(n) for n in (1, 2, 3)])
    assert verdicts(plan) == [Verdict.UPDATE] * 3
    assert [item.needs for item in plan] == [(1,), (2,), ()]


def test_who_counted_on_a_refused_row_is_refused_too():
    rows = [
        row(2, 1, sip_trunk_name="t2"),
        row(3, 2, sip_trunk_name="t3"),
        row(4, 3, sip_trunk_name="free", sip_gateway_ip=""),
    ]
    plan = make_plan(rows, [trunk(n) for n in (1, 2, 3)])
    assert verdicts(plan) == [Verdict.REFUSED] * 3
    assert [item.refusal.code for item in plan] == [-47, -47, -49]


@pytest.mark.parametrize(
    ("make", "swap", "what"),
    [
        (trunk, ({"sip_trunk_name": "t2"}, {"sip_trunk_name": "t1"}), "the name t1, the name t2"),
        (trunk, ({"sip_gateway_ip": "10.0.0.2"}, {"sip_gateway_ip": "10.0.0.1"}), "gateway address 10.0.0.1"),
        (inbound, ({"sip_white_ip": "10.1.0.2"}, {"sip_white_ip": "10.1.0.1"}), "whitelist address 10.1.0.1"),
        (trunk, ({"group_list": groups(1002)}, {"group_list": groups(1001)}), "agent group 1001, agent group 1002"),
        (
            inbound,
            (
                {"group_list": [GroupBinding(voice_group_id=1001, number="+15550002")]},
                {"group_list": [GroupBinding(voice_group_id=1002, number="+15550001")]},
            ),
            "number +15550001, number +15550002",
        ),
        (trunk, ({"sip_trunk_name": "t2"}, {"sip_trunk_name": "free", "sip_gateway_ip": "10.0.0.1"}), "the name t2"),
    ],
)
def test_a_swap_is_reported_with_its_rows_and_refused(make, swap, what):
    if "10.0.0.1" in str(swap[1]) and "name" in str(swap[0]):
        swap = ({**swap[0], "sip_gateway_ip": "10.5.5.5"}, swap[1])
    plan = make_plan(
        [row(2, 1, **swap[0]), row(3, 2, **swap[1]), row(4, 3, sip_prefix="9")], [make(n) for n in (1, 2, 3)]
    )
    assert verdicts(plan) == [Verdict.REFUSED, Verdict.REFUSED, Verdict.UPDATE]
    for item, other in zip(plan.items, ("line 3", "line 2"), strict=False):
        assert item.refusal.code is None
        assert what in item.refusal.reason
        assert other in item.refusal.reason
        assert "free value" in item.refusal.reason


def test_a_swap_of_what_trunks_may_share_is_no_circle():
    rows = [row(2, 1, sip_gateway_ip="10.0.0.2"), row(3, 2, sip_gateway_ip="10.0.0.1")]
    shared = [trunk(n, sip_gateway_ip="10.7.7.7") for n in (8, 9)]
    plan = make_plan(rows, [trunk(1), trunk(2), *shared])
    assert verdicts(plan) == [Verdict.UPDATE, Verdict.UPDATE]
    assert [(item.needs, item.risks) for item in plan] == [((), ()), ((), ())]


def test_who_wants_the_name_of_a_trunk_in_a_circle_is_refused():
    rows = [
        row(2, 1, sip_gateway_ip="10.0.0.2", sip_trunk_name="a"),
        row(3, 2, sip_gateway_ip="10.0.0.1"),
        row(4, 3, sip_trunk_name="t1"),
    ]
    plan = make_plan(rows, [trunk(n) for n in (1, 2, 3)])
    assert [item.refusal.code for item in plan] == [None, None, -47]


# -- risks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "values", "code", "text"),
    [
        (trunk, {"sip_gateway_ip": "10.0.0.2"}, -53, "gateway address 10.0.0.2 also at trunk 2"),
        (inbound, {"sip_white_ip": "10.1.0.2"}, -60, "whitelist address 10.1.0.2 also at trunk 2"),
        (trunk, {"group_list": groups(1002)}, -52, "agent group 1002 also at trunk 2"),
        (
            inbound,
            {"group_list": [GroupBinding(voice_group_id=1001, number="+15550002")]},
            -59,
            "number +15550002 also at trunk 2",
        ),
    ],
)
def test_what_another_trunk_keeps_is_a_risk_and_no_refusal(make, values, code, text):
    plan = make_plan([row(2, 1, **values)], [make(1), make(2)])
    (risk,) = only(plan).risks
    assert (risk.code, risk.trunks, risk.count, risk.allowed) == (code, (2,), 1, None)
    assert f"{text}: may be refused with {code}" == str(risk)
    assert plan.at_risk == [only(plan)]


def test_a_number_that_an_outbound_trunk_has_is_no_risk():
    other = trunk(2, group_list=[BoundGroup(voice_group_id=77, number="+15550009")])
    values = {"group_list": [GroupBinding(voice_group_id=1001, number="+15550009")]}
    assert only(make_plan([row(2, 1, **values)], [inbound(1), other])).risks == ()


def test_where_the_listing_shows_such_a_pair_the_note_says_so():
    trunks = [trunk(1), trunk(2), trunk(3, sip_gateway_ip="10.7.7.7"), trunk(4, sip_gateway_ip="10.7.7.7")]
    (risk,) = only(make_plan([row(2, 1, sip_gateway_ip="10.0.0.2")], trunks)).risks
    assert risk.allowed.trunks == (3, 4)
    assert "but this account allows it: trunks 3 and 4 share 10.7.7.7" in str(risk)


def test_moving_10_000_trunks_to_one_gateway_stays_possible_and_quick():
    count = 10_000
    trunks = [trunk(n, sip_gateway_ip=f"g{n}") for n in range(1, count + 1)]
    rows = [row(n, n, sip_gateway_ip="10.9.9.9") for n in range(1, count + 1)]
    began = time.process_time()
    plan = make_plan(rows, trunks)
    assert time.process_time() - began < 10
    assert plan.counts == {Verdict.UPDATE: count}
    (risk,) = plan.items[1].risks
    assert (risk.trunks, risk.count) == ((1, 3, 4), count - 1)


def test_a_chain_of_10_000_renames_whose_end_is_taken_is_judged_quickly():
    count = 10_000
    trunks = [trunk(n) for n in range(1, count + 2)]
    began = time.process_time()
    plan = make_plan([row(n, n, sip_trunk_name=f"t{n + 1}") for n in range(1, count + 1)], trunks)
    assert time.process_time() - began < 10
    assert plan.counts == {Verdict.REFUSED: count}


# -- any rows ---------------------------------------------------------------------------------------------------------

NAMES = [f"t{n}" for n in range(1, 6)] + ["new"]
ADDRESSES = [f"10.0.0.{n}" for n in range(1, 6)] + ["10.9.9.9"]
some_rows = st.dictionaries(
    st.integers(1, 5),
    st.fixed_dictionaries(
        {}, optional={"sip_trunk_name": st.sampled_from(NAMES), "sip_gateway_ip": st.sampled_from(ADDRESSES)}
    ),
    max_size=5,
)


@settings(max_examples=200)
@given(some_rows, st.permutations(range(1, 6)))
def test_in_the_plans_order_no_name_ever_stands_twice(rows, order):
    """Plays the plan against a vendor that refuses each name and each address that another trunk has."""
    trunks = {n: trunk(n) for n in range(1, 6)}
    plan = make_plan([row(n, n, **rows[n]) for n in order if n in rows], trunks.values())
    names = {n: t.sip_trunk_name for n, t in trunks.items()}
    addresses = {n: t.sip_gateway_ip for n, t in trunks.items()}
    waiting = plan.of(Verdict.UPDATE)
    done = set()
    while waiting:
        ready = [item for item in waiting if set(item.needs) <= done]
        assert ready, "a circle was left in"
        # The last one first: the needs alone must order them.
        item = ready[-1]
        update = item.update
        assert update.sip_trunk_name not in {name for n, name in names.items() if n != item.key_id}
        if not item.risks and update.sip_gateway_ip != addresses[item.key_id]:
            assert update.sip_gateway_ip not in {a for n, a in addresses.items() if n != item.key_id}
        names[item.key_id], addresses[item.key_id] = update.sip_trunk_name, update.sip_gateway_ip
        waiting.remove(item)
        done.add(item.index)


# -- any account ------------------------------------------------------------------------------------------------------

some_ids = st.lists(st.integers(1, 6), min_size=1, max_size=3, unique=True)
some_numbers = st.sampled_from([f"n{n}" for n in range(6)])


@st.composite
def accounts(draw):
    """Trunks of both directions that share some of what they have, and rows that take it from each other."""
    trunks, rows = [], []
    for n in range(1, 6):
        make = draw(st.sampled_from([trunk, inbound]))
        address = "sip_gateway_ip" if make is trunk else "sip_white_ip"
        ids = draw(st.just([10 + n]) | some_ids)
        bound = [BoundGroup(voice_group_id=key, number=draw(some_numbers)) for key in ids]
        trunks.append(make(n, group_list=bound, **{address: draw(st.just(f"a{n}") | st.sampled_from(ADDRESSES))}))
        values = draw(
            st.fixed_dictionaries({}, optional={"sip_trunk_name": st.sampled_from(NAMES), address: some_numbers})
        )
        if draw(st.booleans()):
            values["group_list"] = [
                GroupBinding(voice_group_id=key, number=draw(some_numbers)) for key in draw(some_ids)
            ]
        rows.append(row(n, n, **values))
    return trunks, draw(st.permutations(rows))


def all_of(settings, direction):
    """What only one trunk may have, or perhaps may, by the vendor's codes."""
    found = {(-47, settings.sip_trunk_name), (-53, settings.sip_gateway_ip), (-60, settings.sip_white_ip)}
    found |= {(-52, group.voice_group_id) for group in settings.group_list}
    if direction == 2:
        found |= {(-59, group.number) for group in settings.group_list}
    return {(code, value) for code, value in found if value}


@given(accounts())
def test_risks_and_needs_are_what_a_look_at_every_pair_of_trunks_finds(account):
    trunks, rows = account
    plan = make_plan(rows, trunks)
    before = {t.key_id: all_of(t, t.type) for t in trunks}
    after = dict(before)
    for item in plan.of(Verdict.UPDATE):
        after[item.key_id] = all_of(item.update, item.trunk.type)
    shared = {code for one in before for other in before if one < other for code, _ in before[one] & before[other]} - {
        -47
    }
    for item in plan.of(Verdict.UPDATE):
        taken = after[item.key_id] - before[item.key_id]
        given_up = {
            other.index
            for other in plan.of(Verdict.UPDATE)
            if any(code not in shared for code, _ in taken & (before[other.key_id] - after[other.key_id]))
        }
        assert item.needs == tuple(sorted(given_up))
        at_risk = {
            (code, value, tuple(n for n in after if n != item.key_id and (code, value) in after[n]))
            for code, value in taken
            if code != -47
        }
        found = [(risk.code, risk.value, risk.trunks, risk.count) for risk in item.risks]
        assert {(code, value, who[:3], len(who)) for code, value, who in at_risk if who} == set(found)
        assert found == sorted(found, key=lambda risk: (-risk[0], str(risk[1])))
        assert {risk.code for risk in item.risks if risk.allowed} == {risk.code for risk in item.risks} & shared
        for risk in item.risks:
            if risk.allowed:
                first, second = risk.allowed.trunks
                assert (risk.code, risk.allowed.value) in before[first] & before[second]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"group_list": [GroupBinding(voice_group_id=True)]}, "group_list[0].voice_group_id"),
        ({"group_list": [GroupBinding(voice_group_id=1.0)]}, "group_list[0].voice_group_id"),
        ({"sip_trunk_state": 0}, "sip_trunk_state"),
        ({"sip_prefix": ()}, "sip_prefix"),
    ],
)
def test_a_value_that_only_equals_the_listed_one_is_of_another_type(values, field):
    (item,) = make_plan(
        [row(2, 1, sip_gateway_ip="10.9.9.9", **values)], [trunk(1, group_list=[BoundGroup(voice_group_id=1)])]
    )
    assert item.verdict is Verdict.REFUSED
    assert str(item.refusal).startswith(f"{field}: ")
