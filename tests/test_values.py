"""UNSET, read-only mappings and pages."""

import copy
import json
import pickle
from collections.abc import Iterator
from contextlib import suppress

import attrs
import orjson
import pytest
from hypothesis import given, strategies as st

import itnio_async
import itnio_async.bulk
from itnio_async import UNSET, Page, SipTrunk
from itnio_async.values import ReadOnlyMapping, Unset


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_unset_pickles_to_itself(protocol: int) -> None:
    assert pickle.loads(pickle.dumps(UNSET, protocol)) is UNSET


def test_unset_is_one_value_that_is_false_and_not_none() -> None:
    assert copy.deepcopy(UNSET) is UNSET
    assert Unset(...) is UNSET
    assert not UNSET
    assert UNSET is not None
    assert UNSET != None  # noqa: E711 - equality is what is tested
    assert repr(UNSET) == "UNSET"


def made_of_nothing() -> Iterator[object]:
    """Yield a value of each public class that needs no argument."""
    for face in (itnio_async, itnio_async.bulk):
        for kind in (getattr(face, name) for name in face.__all__):
            if isinstance(kind, type) and attrs.has(kind):
                with suppress(TypeError):
                    yield kind()


@pytest.mark.parametrize("value", list(made_of_nothing()), ids=lambda value: type(value).__name__)
def test_a_value_equals_its_copies_in_other_processes(value: object) -> None:
    sent = pickle.dumps(value)
    assert pickle.loads(sent) == copy.deepcopy(value) == value
    assert len(sent) < 600  # of functions the names


@pytest.mark.parametrize("dumps", [json.dumps, orjson.dumps])
def test_unset_cannot_be_sent_by_mistake(dumps: object) -> None:
    with pytest.raises(TypeError):
        dumps({"a": UNSET})  # type: ignore[operator]


@given(st.dictionaries(st.text(), st.integers()))
def test_a_read_only_mapping_is_a_copy_that_cannot_be_changed(entries: dict[str, int]) -> None:
    mapping = ReadOnlyMapping(entries)
    assert mapping == entries
    assert list(mapping.items()) == list(entries.items())
    assert len(mapping) == len(entries)
    with pytest.raises(TypeError):
        mapping["new"] = 1  # type: ignore[index]
    kept = dict(entries)
    entries["one more"] = 1
    assert mapping == kept


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, lambda mapping: pickle.loads(pickle.dumps(mapping))])
def test_a_read_only_mapping_can_be_copied_and_pickled(clone: object) -> None:
    cloned = clone(ReadOnlyMapping({"a": [1]}))  # type: ignore[operator]
    assert type(cloned) is ReadOnlyMapping
    assert cloned == {"a": [1]}


def test_a_read_only_mapping_shows_names_and_no_values() -> None:
    assert repr(ReadOnlyMapping({"pin": "4711", "b": 1})) == "<pin, b>"
    assert repr(ReadOnlyMapping()) == "<nothing>"


def test_a_page_is_its_records() -> None:
    records = [SipTrunk(key_id=1), SipTrunk(key_id=2)]
    page = Page(records=records, total=7)
    assert list(page) == records
    assert len(page) == 2
    assert [trunk.key_id for trunk in page] == [1, 2]


def test_pages_are_equal_whatever_the_vendor_added() -> None:
    one = Page(records=[1], total=1, extra=ReadOnlyMapping({"searchCount": True}))
    assert one == Page(records=[1], total=1)
    assert "searchCount" not in repr(one)
    assert pickle.loads(pickle.dumps(one)).extra == {"searchCount": True}
