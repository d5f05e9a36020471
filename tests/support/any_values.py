"""Which classes the endpoints are made of, and any values of them."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any, get_args, get_origin

import attrs
from hypothesis import settings, strategies as st

from itnio_async import ENDPOINTS, UNSET, Page
from itnio_async.codec import Mismatch, Record, read_int
from itnio_async.values import Base64, Unset, fields_of

# For what is tried with each class or each endpoint: together these are many hundred examples.
OF_EACH = settings(max_examples=25)


def classes_in(kind: Any) -> set[type]:
    """The attrs classes that a type is made of."""
    found = {found for part in get_args(kind) for found in classes_in(part)}
    origin = get_origin(kind) or kind
    if isinstance(origin, type) and attrs.has(origin):
        found |= {origin, *(found for _, part in fields_of(kind) for found in classes_in(part))}
    return found


CLASSES = sorted(
    {
        found
        for endpoint in ENDPOINTS
        for kind in (endpoint.request_type, endpoint.response_type)
        for found in classes_in(kind)
    },
    key=lambda kind: kind.__name__,
)
VALUES = [kind for kind in CLASSES if kind is not Page]
NEW_KEYS = st.dictionaries(
    st.text("xyz", min_size=1, max_size=4), st.none() | st.integers(0, 9) | st.lists(st.text(max_size=3)), max_size=2
)


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30))])
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=ZONES)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type as the classes annotate them."""
    if kind in (None, type(None)):
        return st.none()
    if kind is Unset:
        return st.just(UNSET)
    if kind is Any:
        return st.none() | st.integers(0, 9) | st.lists(st.text(max_size=3), max_size=2) | NEW_KEYS
    if kind is datetime:
        return MOMENTS.map(lambda moment: moment.replace(microsecond=0))
    if kind is Base64:
        return st.binary(min_size=1, max_size=9).map(lambda content: Base64([b64encode(content)], len(content)))
    if kind is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(-(2**31), 2**31 - 1)
    if kind is str:
        return st.text(st.characters(codec="utf-8"), max_size=5)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if get_origin(kind) is list:
        return st.lists(values_of(get_args(kind)[0]), max_size=2)
    if isinstance(kind, type) and attrs.has(kind):
        read = values_read if issubclass(kind, Record) else values_of
        fields = {
            attribute.name: NEW_KEYS if attribute.name == "extra" else read(part) for attribute, part in fields_of(kind)
        }
        return st.fixed_dictionaries(fields).map(lambda given: kind(**given))
    return st.one_of([values_of(part) for part in get_args(kind)])


def values_read(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field of a record, as an answer is read: where it may be a number, no text is one."""
    found = values_of(kind)
    return found.filter(lambda value: not _is_number(value)) if {int, str} <= {*get_args(kind)} else found


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, str) and read_int(value) is not None
    except Mismatch:
        return False
