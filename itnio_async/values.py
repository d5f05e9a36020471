"""The small values that requests and answers are made of: what is absent, what the vendor added, one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from attrs import field, frozen

T = TypeVar("T")


class Unset(Enum):
    """The type of `UNSET`."""

    # The value cannot be written as JSON, so that an UNSET that slips through is an error and not the text "UNSET".
    UNSET = ...

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> Literal[False]:
        return False


UNSET = Unset.UNSET
"""A field that is left out of the request, where None is sent as null."""


class ReadOnlyMapping(Mapping[str, Any]):
    """A mapping that cannot be changed, and unlike `types.MappingProxyType` can be pickled and copied."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[str, Any] | None = None) -> None:
        self._entries = dict(entries or {})

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        # The vendor may add a secret tomorrow, so that only the names are shown.
        return f"<{', '.join(self._entries) or 'nothing'}>"


def extra_field() -> Any:
    """Return the attrs field of an answer's class that keeps the keys that the class does not know."""
    return field(factory=ReadOnlyMapping, repr=False, eq=False)


@frozen
class Page(Generic[T]):
    """One page of a listing; iterate over it for its records.

    `total` counts the records of all pages and `pages` the pages; `size` is what the vendor says, which may differ
    from what was asked for. Each is None where the answer leaves it out.
    """

    records: list[T] | None = None
    total: int | None = None
    size: int | None = None
    current: int | None = None
    pages: int | None = None
    extra: Mapping[str, Any] = extra_field()

    def __iter__(self) -> Iterator[T]:
        return iter(self.records or ())

    def __len__(self) -> int:
        return len(self.records or ())
