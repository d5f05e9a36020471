"""Limits: a long list of texts is judged at once, and as each of its items would be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from itnio_async.limits import Form, Limit

EACH = [
    Limit(2, 4, "characters", Form.DIGITS),
    Limit(0, 3, "characters"),
    Limit(most=2, unit="characters", form=Form.LETTERS_AND_DIGITS),
    Limit(1, 4, "characters", endings=(".mp3", "1")),
    Limit(1, 2, "bytes"),
]


class OwnText(str):
    __slots__ = ()


TEXTS = st.text("12ab.+\u0663", max_size=6) | st.text("12", min_size=2, max_size=4)
ITEMS = TEXTS | TEXTS.map(OwnText) | st.integers(0, 9) | st.none()


@pytest.mark.parametrize("each", EACH, ids=str)
@given(
    items=st.lists(TEXTS | TEXTS.map(OwnText) | st.integers(0, 9) | st.none(), max_size=6) | st.lists(TEXTS, max_size=6)
)
def test_a_list_breaks_a_limit_as_the_first_of_its_items_does(each: Limit, items: list[Any]) -> None:
    broken = [
        f"{found} at [{index}]" for index, item in enumerate(items) if (found := each.broken_by(item)) is not None
    ]
    said = Limit(unit="items", each=each).broken_by(items)
    assert said == (broken[0] if broken else None)


@pytest.mark.parametrize(
    ("value", "is_beyond"),
    [(0.25, False), (4, False), (0.2, True), (4.01, True), (0, True), (True, False), ("5", False)],
)
def test_bounds_with_fractions(value: Any, is_beyond: bool) -> None:
    assert (Limit(0.25, 4).broken_by(value) is not None) is is_beyond
    assert str(Limit(0.25, 4)) == "0.25 to 4"


def test_a_list_of_at_least_one_wants_one_or_more_items() -> None:
    assert str(Limit(1, unit="items")) == "one or more items"
    assert str(Limit(2, unit="items")) == "at least 2 items"
    assert str(Limit(1)) == "at least 1"
