"""How the settings of a trunk compare, against the plainest definition of it."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st
from support.trunks import trunk

from itnio_async import UNSET, BoundGroup, GroupBinding
from itnio_async.bulk.trunks.settings import FIELDS, changes_between, filled, normal

ids = st.integers(1, 2)
numbers = st.sampled_from([None, "", "86"])
texts = st.sampled_from([None, "", "a", "b"])
listed_groups = st.builds(BoundGroup, voice_group_id=ids, number=numbers, group_name=st.just("sales"))
wanted_groups = st.builds(GroupBinding, voice_group_id=ids, number=numbers | st.just(UNSET))
listed_lists = st.none() | st.lists(listed_groups, max_size=3)
wanted_lists = st.none() | st.lists(wanted_groups, max_size=3) | st.lists(wanted_groups, max_size=2).map(tuple)
# A field, what the listing shows of it, and what a row wants.
one_field = st.one_of(
    st.tuples(st.just("group_list"), listed_lists, wanted_lists),
    st.tuples(st.just("sip_prefix"), texts, texts | st.just(UNSET)),
    st.tuples(
        st.just("sip_trunk_state"), st.sampled_from([None, False, True]), st.sampled_from([None, False, True, 1])
    ),
)


def plain(value):
    if isinstance(value, list | tuple):
        return sorted((group.voice_group_id, group.number or "") for group in value) or None
    return None if value is UNSET or value == "" else value


@settings(max_examples=300)
@given(one_field)
def test_what_changes_is_what_differs_in_its_plainest_form(field):
    name, listed, wanted = field
    changes = changes_between(trunk(1, **{name: listed}), {name: wanted})
    # 1 and True are equal, but not the same to send.
    assert bool(changes) == (repr(plain(listed)) != repr(plain(wanted)))
    for change in changes:
        assert (change.name, plain(change.before), plain(change.after)) == (name, plain(listed), plain(wanted))
        # What is kept of a change compares again later.
        assert (normal(change.before), normal(change.after)) == (change.before, change.after)


def test_changes_come_in_the_order_in_which_people_read_a_trunk():
    values = {"sip_password": "made-up", "sip_trunk_state": True, "sip_trunk_name": "new", "sip_prefix": "9"}
    found = [change.name for change in changes_between(trunk(1), values)]
    assert found == [name for name in FIELDS if name in values]


@given(listed_lists, wanted_lists)
def test_a_group_without_a_number_keeps_the_one_that_it_has(listed, wanted):
    had = {group.voice_group_id: group.number for group in listed or ()}
    values = {"sip_prefix": "9", "group_list": wanted}
    whole = filled(values, trunk(1, group_list=listed))
    assert {**whole, "group_list": wanted} == values
    for asked, got in zip(wanted or (), whole["group_list"] or (), strict=True):
        kept = had.get(asked.voice_group_id)
        number = kept if asked.number is UNSET and kept is not None else asked.number
        assert got == GroupBinding(voice_group_id=asked.voice_group_id, number=number)
