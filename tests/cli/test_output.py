"""What is written is one line, whatever is in it."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from itnio_async.cli.output import visible
from itnio_async.text import counted


@given(st.text())
def test_what_is_visible_can_be_printed(text):
    shown = visible(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()


@pytest.mark.parametrize(("value", "shown"), [(None, ""), (7, "7"), ("a\tb\n", "a\\tb\\n"), ("\x9b2J", "\\x9b2J")])
def test_examples(value, shown):
    assert visible(value) == shown


@pytest.mark.parametrize(("count", "text"), [(0, "0 trunks"), (1, "1 trunk"), (2, "2 trunks")])
def test_a_count_has_its_noun_in_the_right_form(count, text):
    assert counted(count, "trunk") == text
