"""What the requests of several families are made of: no fields, or the query for a page and its filters."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import attrs
from attrs import field, frozen

from itnio_async.codec import Request
from itnio_async.limits import between

F = TypeVar("F")


@frozen(kw_only=True, repr=False)
class NoFields(Request):
    """A request without fields."""


@frozen(kw_only=True, repr=False)
class PageQuery(Request):
    """One page of a listing; each listing adds its `params`: which records it shows."""

    current: int = field(metadata=between(1, code=-22))
    """The page's number, from 1."""
    size: int = field(metadata=between(1, 100, code=-22))
    """How many records a page has, from 1 to 100. The vendor may have a size of its own."""


def given(kind: type[F], **values: Any) -> F:
    """Return the filter of those values that are given; sets, generators and their like become lists.

    None is not given where the field may be left out; elsewhere it is kept, and refused when it would be sent.
    """
    required = {attribute.name for attribute in attrs.fields(kind) if attribute.default is attrs.NOTHING}  # type: ignore[arg-type]
    return kind(**{name: _as_list(value) for name, value in values.items() if value is not None or name in required})


def _as_list(value: Any) -> Any:
    return value if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable) else list(value)
