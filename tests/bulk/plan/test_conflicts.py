"""Circles of updates that need each other."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest
from hypothesis import given, strategies as st

from itnio_async.bulk.plan.conflicts import circles

graphs = st.integers(1, 8).flatmap(
    lambda count: st.dictionaries(
        st.integers(0, count), st.lists(st.integers(0, count), max_size=4, unique=True), max_size=count + 1
    )
)


@pytest.mark.parametrize(
    ("needs", "found"),
    [
        ({}, []),
        ({1: [2], 2: [3], 3: []}, []),
        ({1: [2], 2: [1]}, [(1, 2)]),
        ({1: [1]}, [(1,)]),
        ({1: [2], 2: [3], 3: [1], 4: [1]}, [(1, 2, 3)]),
        ({1: [2], 2: [1, 3], 3: [4], 4: [3]}, [(1, 2), (3, 4)]),
    ],
)
def test_circles_are_found(needs, found):
    assert circles(needs) == found


def test_a_long_chain_and_a_long_circle():
    count = 50_000
    chain = {number: [number + 1] for number in range(count)}
    assert circles(chain) == []
    assert circles({**chain, count: [0]}) == [tuple(range(count + 1))]


def reachable(needs, start):
    seen, open_ = set(), list(needs.get(start, ()))
    while open_:
        item = open_.pop()
        if item not in seen:
            seen.add(item)
            open_ += needs.get(item, ())
    return seen


@given(graphs)
def test_what_is_in_no_circle_can_be_ordered(needs):
    found = circles(needs)
    members = {item for circle in found for item in circle}
    assert members == {item for item in needs if item in reachable(needs, item)}
    for circle in found:
        assert all(set(circle) <= reachable(needs, item) for item in circle)
    rest = {
        item: [one for one in needed if one not in members] for item, needed in needs.items() if item not in members
    }
    try:
        TopologicalSorter(rest).prepare()
    except CycleError as error:  # pragma: no cover - a failure
        pytest.fail(str(error))
