"""Conditions on trunks: each is the same as a plain filter over the listing."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, strategies as st

from itnio_async import UNSET, BoundGroup, InvalidRequestError, SipTrunk
from itnio_async.bulk.trunks.assignments import values_of
from itnio_async.bulk.trunks.columns import FIELDS
from itnio_async.bulk.trunks.listed import listed_field
from itnio_async.bulk.trunks.where import BY_WORD, CONDITION_FIELDS, chosen, condition_of

texts = st.none() | st.text("ab*?\\1.=! ", max_size=4)
groups = st.lists(
    st.builds(BoundGroup, voice_group_id=st.none() | st.integers(1, 4), number=texts, group_name=texts), max_size=3
)
trunks = st.builds(
    SipTrunk,
    key_id=st.none() | st.integers(1, 4),
    type=st.none() | st.integers(1, 3),
    state=st.none() | st.integers(0, 2),
    sip_trunk_name=texts,
    sip_prefix=texts,
    group_list=st.none() | groups,
    sip_gateway_ip=texts,
    sip_white_ip=texts,
    sip_account=texts,
)
listings = st.lists(trunks, max_size=12)
TEXTS = {
    "prefix": "sip_prefix",
    "sipGatewayIp": "sip_gateway_ip",
    "whitelist": "sip_white_ip",
    "account": "sip_account",
}


@given(listings, st.sampled_from(sorted(TEXTS)), st.text("ab*?\\1.=! ", max_size=4), st.booleans())
def test_a_text_is_compared_as_a_whole(listing, word, value, negated):
    escaped = re.sub(r"([*?\\])", r"\\\1", value)
    condition = condition_of(f"{word}{'!' * negated}={escaped}")
    expected = [trunk for trunk in listing if ((getattr(trunk, TEXTS[word]) or "") == value) is not negated]
    assert chosen(listing, [condition]) == expected


@given(listings, st.text("ab*?1.", min_size=1, max_size=5), st.booleans())
def test_a_name_is_a_pattern(listing, pattern, negated):
    condition = condition_of(f"name{'!' * negated}={pattern}")
    expected = [
        trunk
        for trunk in listing
        if (bool(trunk.sip_trunk_name) and fnmatchcase(trunk.sip_trunk_name, pattern)) is not negated
    ]
    assert chosen(listing, [condition]) == expected


@given(listings, st.text("ab*?\\1.", min_size=1, max_size=4))
def test_after_a_backslash_signs_are_themselves(listing, name):
    escaped = re.sub(r"([*?\\])", r"\\\1", name)
    expected = [trunk for trunk in listing if trunk.sip_trunk_name == name]
    assert chosen(listing, [condition_of(f"name={escaped}")]) == expected


@given(listings, st.integers(1, 4))
def test_groups_numbers_and_ids(listing, number):
    assert chosen(listing, [condition_of(f"group={number}")]) == [
        trunk for trunk in listing if any(group.voice_group_id == number for group in trunk.group_list or ())
    ]
    assert chosen(listing, [condition_of(f"number={number}")]) == [
        trunk for trunk in listing if any(group.number == str(number) for group in trunk.group_list or ())
    ]
    assert chosen(listing, [condition_of(f"key_id={number}")]) == [trunk for trunk in listing if trunk.key_id == number]


@given(listings, st.sampled_from(["enabled", "Disabled"]), st.sampled_from(["outbound", "INBOUND"]))
def test_several_mean_and(listing, state, direction):
    conditions = [condition_of(f"state={state}"), condition_of(f"direction={direction}")]
    wanted = (["disabled", "enabled"].index(state.lower()), ["outbound", "inbound"].index(direction.lower()) + 1)
    assert chosen(listing, conditions) == [trunk for trunk in listing if (trunk.state, trunk.type) == wanted]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("gateway", "'gateway' is not a condition. Write FIELD=VALUE or FIELD!=VALUE."),
        ("gatway=1", "Did you mean sip_gateway_ip?"),
        ("colour=1", "trunks are not chosen by 'colour'. There are: key_id, sip_trunk_name, group, "),
        ("sip_password=x", "trunks are not chosen by 'sip_password'"),
        ("=x", "trunks are not chosen by ''"),
        ("state=on", "one of enabled, disabled is wanted"),
        ("state=", "one of enabled, disabled is wanted"),
        ("direction=up", "one of outbound, inbound is wanted"),
        ("group=one", "a whole number is wanted"),
        ("key_id=", "a whole number is wanted"),
        ("key_id=01", "a whole number is wanted"),
        ("group=99999999999999999999", "a whole number is wanted"),
        *((f"{word}=1*", "only a name is a pattern") for word in (*TEXTS, "number")),
        ("prefix!=?", r"write \* and \?"),
        ("number=\\\\*", "only a name is a pattern"),
    ],
)
def test_what_is_not_a_condition(text, says):
    with pytest.raises(InvalidRequestError) as caught:
        condition_of(text)
    assert says in str(caught.value)


@pytest.mark.parametrize("word", BY_WORD)
def test_each_word_is_known_to_listings_and_assignments_too(word):
    meant = {"group": "group_list", "number": "group_list", "direction": "type"}.get(BY_WORD[word], BY_WORD[word])
    assert listed_field(word) == listed_field(word.upper()) == meant
    if meant in FIELDS and meant not in ("key_id", "group_list"):
        assert values_of([f"{word}=1"]) == {meant: "1"}
    elif BY_WORD[word] == "group":
        assert values_of([f"{word}=1;2", "number=;5"]) == values_of([f"{word}=1;2:5"])


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1:+49", ["+49"]), ("1:0049;2", ["0049", UNSET]), ("2|1:5", [UNSET, "5"]), ("1:;2:'5", ["", "'5"])],
)
def test_a_group_is_assigned_with_its_number(text, numbers):
    assert [group.number for group in values_of([f"group={text}"])["group_list"]] == numbers


@pytest.mark.parametrize(
    ("texts_", "says"),
    [
        (["group=x:5"], "group_list: a whole number"),
        (["group=:5"], "group_list: a whole number"),
        (["group=1:5;"], "group_list: a whole number"),
        (["group=1:5", "voice_group_ids=1"], "say the groups too"),
        (["group=1:5", "numbers=5"], "say the groups too"),
        (["group=1:5", "group=2:6"], "group_list is given twice"),
    ],
)
def test_a_group_that_cannot_be_assigned(texts_, says):
    with pytest.raises(InvalidRequestError, match=says):
        values_of(texts_)


@given(st.text(max_size=8), st.text(max_size=8))
def test_any_text_is_a_condition_or_a_clear_error(name, value):
    try:
        condition = condition_of(f"{name}={value}")
    except InvalidRequestError:
        return
    assert condition.name in CONDITION_FIELDS
    condition.matches(SipTrunk())
