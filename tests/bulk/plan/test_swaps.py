"""Trunks that exchange names: what a plan makes of them, with and without leave."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings, strategies as st
from support.trunks import groups, inbound, row, trunk

from itnio_async import GroupBinding
from itnio_async.bulk.plan.conflicts import temporary_name
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Verdict


def swap(*more):
    return [row(2, 1, sip_trunk_name="t2"), row(3, 2, sip_trunk_name="t1"), *more]


def planned(rows, trunks, **more):
    return make_plan(rows, trunks, allow_swap_names=True, **more)


def test_one_of_two_gets_a_temporary_name_first_and_everything_else_with_it():
    rows = [row(2, 1, sip_trunk_name="t2", sip_prefix="9"), row(3, 2, sip_trunk_name="t1")]
    plan = planned(rows, [trunk(1), trunk(2)])
    first, second = plan
    assert [item.verdict for item in plan] == [Verdict.UPDATE] * 2
    assert (first.needs, second.needs, second.swap) == ((1,), (0,), None)
    assert first.swap.needs == ()
    assert first.swap.name == temporary_name("t2", 1, ())
    assert (first.swap.name[:9], first.swap.name[-1:], len(first.swap.name)) == ("t2 (swap ", ")", 14)
    assert first.update == trunk(1).to_update(sip_trunk_name="t2", sip_prefix="9")
    assert plan.swaps == [first]


def test_without_leave_it_is_refused_and_both_ways_are_said():
    plan = make_plan(swap(), [trunk(1), trunk(2)])
    assert [item.verdict for item in plan] == [Verdict.REFUSED] * 2
    assert plan.items[1].refusal.reason == (
        "each needs what the other gives up first: this row and trunks.csv line 2 go round in a circle (the name t1, "
        "the name t2). No call is routed by a name: with --allow-swap-names one of them gets a temporary name first, "
        "and all is done in one job. In two files: first give trunk 1 (trunks.csv line 2) a free value in place of the "
        "name t1 (column sip_trunk_name), in a file of its own, and apply that; then apply this one."
    )


CIRCLES = [
    (trunk, ({"sip_gateway_ip": "10.0.0.2"}, {"sip_gateway_ip": "10.0.0.1"}), "gateway address 10.0.0.1 (column sip_"),
    (inbound, ({"sip_white_ip": "10.1.0.2"}, {"sip_white_ip": "10.1.0.1"}), "whitelist address 10.1.0.1 (column sip_"),
    (trunk, ({"group_list": groups(1002)}, {"group_list": groups(1001)}), "agent group 1001 (column voice_group_ids)"),
    (
        inbound,
        (
            {"group_list": [GroupBinding(voice_group_id=1001, number="+15550002")]},
            {"group_list": [GroupBinding(voice_group_id=1002, number="+15550001")]},
        ),
        "number +15550001 (column numbers)",
    ),
    # Names go round, and so does something else.
    (
        trunk,
        (
            {"sip_trunk_name": "t2", "sip_gateway_ip": "10.0.0.2"},
            {"sip_trunk_name": "t1", "sip_gateway_ip": "10.5.5.5"},
        ),
        "the name t1 (column sip_trunk_name)",
    ),
]


@pytest.mark.parametrize(("make", "values", "given_up"), CIRCLES)
def test_anything_but_names_is_refused_with_leave_too_and_the_way_in_two_files_is_said(make, values, given_up):
    rows = [row(line, line - 1, **one) for line, one in enumerate(values, 2)]
    for plan in (make_plan(rows, [make(1), make(2)]), planned(rows, [make(1), make(2)])):
        assert [item.verdict for item in plan] == [Verdict.REFUSED] * 2
        assert plan.swaps == []
        for item in plan:
            assert "misroute calls on a live trunk" in item.refusal.reason
            assert "--allow-swap-names" not in item.refusal.reason
            assert "first give trunk 1 (trunks.csv line 2) a free value in place of" in item.refusal.reason
            assert given_up in item.refusal.reason


@pytest.mark.parametrize(("make", "values", "_"), CIRCLES)
def test_what_the_refusal_says_of_two_files_is_so(make, values, _):
    """The first file frees what the first trunk has, and then this one goes."""
    free = {
        "sip_trunk_name": "free",
        "sip_gateway_ip": "10.77.0.1",
        "sip_white_ip": "10.77.0.1",
        "group_list": [GroupBinding(voice_group_id=7777, number="+19990000")],
    }
    first = {name: free[name] for name in values[0]}
    (item,) = make_plan([row(2, 1, **first)], [make(1), make(2)])
    assert (item.verdict, item.risks) == (Verdict.UPDATE, ())
    now = make(1, **{name: value for name, value in first.items() if name != "group_list"})
    if "group_list" in first:
        now = make(1, group_list=None)
    rows = [row(line, line - 1, **one) for line, one in enumerate(values, 2)]
    assert [item.verdict for item in make_plan(rows, [now, make(2)])] == [Verdict.UPDATE] * 2


def test_the_first_update_waits_for_what_its_other_fields_need():
    rows = [
        row(2, 1, sip_trunk_name="t2", sip_gateway_ip="10.0.0.3"),
        row(3, 2, sip_trunk_name="t1"),
        row(4, 3, sip_gateway_ip="10.5.5.5"),
        row(5, 4, sip_gateway_ip="10.0.0.1"),
    ]
    plan = planned(rows, [trunk(n) for n in range(1, 5)])
    assert [item.needs for item in plan] == [(1, 2), (0,), (), (0,)]
    assert plan.items[0].swap.needs == (2,)


def test_two_circles_each_have_a_name_of_their_own():
    rows = swap(row(4, 3, sip_trunk_name="t4"), row(5, 4, sip_trunk_name="t3"))
    plan = planned(rows, [trunk(n) for n in range(1, 5)])
    assert [item.key_id for item in plan.swaps] == [1, 3]
    assert len({item.swap.name for item in plan.swaps}) == 2


def test_a_name_that_a_trunk_has_or_a_row_wants_is_not_taken():
    usual = temporary_name("t2", 1, ())
    (item,) = planned(swap(), [trunk(1), trunk(2), trunk(3, sip_trunk_name=usual)]).swaps
    assert item.swap.name != usual
    (item,) = planned(swap(row(4, 3, sip_trunk_name=usual)), [trunk(1), trunk(2), trunk(3)]).swaps
    assert item.swap.name != usual
    # A cell that cannot be a name is in nobody's way.
    (item,) = planned(swap(row(4, 3, sip_trunk_name=["t9"])), [trunk(1), trunk(2), trunk(3)]).swaps
    assert item.swap.name == usual


@given(st.text(min_size=1), st.integers(), st.integers(0, 3))
def test_a_temporary_name_is_short_enough_and_shows_what_the_trunk_is_to_have(wanted, key_id, others):
    taken = set()
    for _ in range(others + 1):
        name = temporary_name(wanted, key_id, taken)
        assert name not in taken
        assert len(name) <= 50
        assert name.startswith(wanted[:38])
        assert " (swap " in name
        taken.add(name)


def test_a_circle_of_10_000_names_is_judged_quickly():
    count = 10_000
    trunks = [trunk(n) for n in range(1, count + 1)]
    rows = [row(n, n, sip_trunk_name=f"t{n % count + 1}") for n in range(1, count + 1)]
    began = time.process_time()
    plan, refused = planned(rows, trunks), make_plan(rows, trunks)
    assert time.process_time() - began < 20
    assert (plan.counts, len(plan.swaps)) == ({Verdict.UPDATE: count}, 1)
    assert refused.counts == {Verdict.REFUSED: count}


# -- any rows ---------------------------------------------------------------------------------------------------------

NAMES = [f"t{n}" for n in range(1, 6)] + ["new"]
ADDRESSES = [f"10.0.0.{n}" for n in range(1, 6)] + ["10.9.9.9"]
some_rows = st.dictionaries(
    st.integers(1, 5),
    st.fixed_dictionaries(
        {"sip_trunk_name": st.sampled_from(NAMES)}, optional={"sip_gateway_ip": st.sampled_from(ADDRESSES)}
    ),
    max_size=5,
)


@settings(max_examples=200)
@given(some_rows, st.permutations(range(1, 6)), st.integers(0, 1))
def test_in_the_plans_order_no_name_and_no_address_ever_stands_twice(rows, order, last):
    """Plays both updates against a vendor that refuses each name and each address that another trunk has."""
    trunks = {n: trunk(n) for n in range(1, 6)}
    plan = planned([row(n, n, **rows[n]) for n in order if n in rows], trunks.values())
    names = {n: t.sip_trunk_name for n, t in trunks.items()}
    addresses = {n: t.sip_gateway_ip for n, t in trunks.items()}
    risky = {item.key_id for item in plan if item.risks}
    waiting = [(item, True) for item in plan.swaps] + [(item, False) for item in plan.of(Verdict.UPDATE)]
    half, done = set(), set()
    while waiting:
        ready = [
            (item, is_first)
            for item, is_first in waiting
            if set(item.swap.needs if is_first else item.needs) <= done | half
            and (is_first or item.swap is None or item.index in half)
        ]
        assert ready, "a circle was left in"
        item, is_first = ready[-last]
        name = item.swap.name if is_first else item.update.sip_trunk_name
        assert name not in {other for n, other in names.items() if n != item.key_id}
        address = item.update.sip_gateway_ip
        if item.key_id not in risky and address != addresses[item.key_id]:
            assert address not in {other for n, other in addresses.items() if n != item.key_id}
        names[item.key_id], addresses[item.key_id] = name, address
        waiting.remove((item, is_first))
        (half if is_first else done).add(item.index)
