"""What the types of all families are made of: requests and records that take more, and the query for a page."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from attrs import field, frozen

from itnio_async.codec import Record, Request
from itnio_async.limits import between
from itnio_async.values import extra_field, sent_extra_field

F = TypeVar("F")


@frozen(kw_only=True, repr=False)
class OpenRequest(Request):
    """A request that takes more than its own fields."""

    extra: Mapping[str, Any] = sent_extra_field()
    """What is sent beside these fields, under the vendor's names."""


@frozen(kw_only=True)
class OpenRecord(Record):
    """A record that keeps what the vendor adds; a field that the answer leaves out or gives as null is None."""

    extra: Mapping[str, Any] = extra_field()
    """The keys of the answer that are not known."""


@frozen(kw_only=True, repr=False)
class PageQuery(Request):
    """One page of a listing; each listing adds its `params`: which records it shows."""

    current: int = field(metadata=between(1, code=-22))
    """The page's number, from 1."""
    size: int = field(metadata=between(1, 100, code=-22))
    """How many records a page has, from 1 to 100. The vendor may have a size of its own."""


def given(kind: type[F], **values: Any) -> F:
    """Return the filter of those values that are not None; sets, generators and their like become lists."""
    return kind(**{name: _as_list(value) for name, value in values.items() if value is not None})


def _as_list(value: Any) -> Any:
    return value if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable) else list(value)
