"""The small values that requests and answers are made of: what is absent, secret or unknown, one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar

import attrs
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


class Secret(str):
    """A text that is not shown where a value is printed; it compares, pickles and is sent like any other."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


# What the fields of requests are marked with. The vendor's pages call whole numbers Integer or Long.
BITS = "itnio_async.bits"
SECRET = "itnio_async.secret"  # noqa: S105  (a marker's name)
INTEGER: Mapping[str, Any] = MappingProxyType({BITS: 32})
LONG: Mapping[str, Any] = MappingProxyType({BITS: 64})
# Fields that say what a request is about, and may stand in logs and telemetry: no texts, no phone numbers, no secrets.
# The mark is the type that a value must have to be told: anything else was put there by mistake.
ID = "itnio_async.id"
KEY_ID: Mapping[str, Any] = MappingProxyType({**INTEGER, ID: int})
NAME: Mapping[str, Any] = MappingProxyType({ID: str})


def secret(default: Any) -> Any:
    """Return the attrs field of a secret: its text is held so that nothing that is printed shows it."""
    return field(default=default, repr=False, converter=_held, metadata={SECRET: True})


def _held(value: Any) -> Any:
    # The text itself: a subclass of str, such as an enum's member, may print as something else.
    return Secret(str.__str__(value)) if isinstance(value, str) and type(value) is not Secret else value


def is_masked(password: Any) -> bool:
    """Tell whether a password is only the asterisks that stand for one."""
    return isinstance(password, str) and bool(password) and not password.strip("*")


def secret_fields(cls: type) -> frozenset[str]:
    """Return the names of the secret fields of an attrs class."""
    return frozenset(attribute.name for attribute in attrs.fields(cls) if SECRET in attribute.metadata)


@lru_cache
def id_fields(cls: Callable[..., Any]) -> Mapping[str, type]:
    """Return the fields of a class that say what a request is about, each with the type of its values."""
    if not isinstance(cls, type) or not attrs.has(cls):
        return {}
    return {attribute.name: attribute.metadata[ID] for attribute in attrs.fields(cls) if ID in attribute.metadata}


class ShowsWhatIsSet:
    """Gives attrs classes a `repr` that leaves out what is unset."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = [
            f"{attribute.name}={value!r}"
            for attribute in attrs.fields(type(self))  # type: ignore[arg-type]  # of the classes below it
            if attribute.repr and (value := getattr(self, attribute.name)) is not UNSET and value is not NOTHING_EXTRA
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


NOTHING_EXTRA = ReadOnlyMapping()


def sent_extra_field() -> Any:
    """Return the attrs field of a request that keeps what is sent beside the fields that the class knows."""
    return field(default=NOTHING_EXTRA, converter=_kept, hash=False)


def _kept(value: Any) -> Any:
    # Anything else is refused by its place when the request is sent.
    if isinstance(value, ReadOnlyMapping) or not isinstance(value, Mapping):
        return value
    return ReadOnlyMapping(value) if value else NOTHING_EXTRA


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
