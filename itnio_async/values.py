"""What requests and answers are made of: what is absent, secret or unknown; one page; and all of it as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache
from types import MappingProxyType, UnionType
from typing import Any, Generic, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, overload

import attrs
import orjson
from attrs import field, frozen

from itnio_async.limits import Marker
from itnio_async.redaction import BLANK, without_secrets
from itnio_async.wire import MILLISECONDS as AS_MILLISECONDS, WIRE, form_of

T = TypeVar("T")
Names: TypeAlias = Literal["vendor", "python"]
"""Which names plain data has: the vendor's, such as `sipTrunkName`, or Python's, such as `sip_trunk_name`."""


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


_SIZED = (str, list, tuple)


def is_missing(value: object) -> bool:
    """Tell whether a request has nothing here, whichever way nothing is said."""
    # Asks no object of another type for its truth, which may raise.
    return value is UNSET or value is None or (isinstance(value, _SIZED) and not value)


class Base64:
    """The content of a file as base64 text, kept in parts so that it need not be put together before it is sent.

    `size` is how many bytes the file has. It equals the text that it stands for.
    """

    __slots__ = ("parts", "size")

    def __init__(self, parts: Iterable[bytes], size: int) -> None:
        self.parts: tuple[bytes, ...] = tuple(parts)
        self.size: int = size

    def __str__(self) -> str:
        return b"".join(self.parts).decode("ascii")

    def __repr__(self) -> str:
        return f"<base64 of {self.size} bytes>"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Base64 | str) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return handler(str)


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


class Clear(Enum):
    """The type of `CLEAR`."""

    CLEAR = ""

    def __repr__(self) -> str:
        return "CLEAR"


CLEAR = Clear.CLEAR
"""Takes a number of a setting away: the vendor's pages want an empty text for it, where null may mean another thing."""


# What the fields of requests are marked with. The vendor's pages call whole numbers Integer, of 32 bits, or Long.
NO_MARKER: Marker = MappingProxyType({})
BITS = "itnio_async.bits"
SECRET = "itnio_async.secret"  # noqa: S105  (a marker's name)
LOCAL = "itnio_async.local"
AS_TEXT = "itnio_async.as_text"
LONG: Marker = MappingProxyType({BITS: 64})
# An id that is a number elsewhere: this page's table has a String, and that is what is sent.
TEXT: Marker = MappingProxyType({AS_TEXT: True})
# A moment that is sent as its milliseconds since 1970.
MILLISECONDS: Marker = MappingProxyType({WIRE: AS_MILLISECONDS})
# Fields that say what a request is about, and may stand in logs and telemetry: no texts, no phone numbers, no secrets.
# The mark is the type that a value must have to be told: anything else was put there by mistake.
ID = "itnio_async.id"
KEY_ID: Marker = MappingProxyType({ID: int})
NAME: Marker = MappingProxyType({ID: str})


def local() -> Any:
    """Return an optional attrs field that is for this side only and never sent."""
    return field(default=UNSET, metadata={LOCAL: True})


def secret(default: Any, *, limit: Mapping[str, Any] = NO_MARKER) -> Any:
    """Return the attrs field of a secret: its text is held so that nothing that is printed shows it."""
    return field(default=default, repr=False, converter=_held, metadata={SECRET: True, **limit})


def _held(value: Any) -> Any:
    # The text itself: a subclass of str, such as an enum's member, may print as something else.
    return Secret(str.__str__(value)) if isinstance(value, str) and type(value) is not Secret else value


def is_masked(password: Any) -> bool:
    """Tell whether a password is only the asterisks that stand for one."""
    return isinstance(password, str) and bool(password) and not password.strip("*")


def secret_fields(cls: type) -> frozenset[str]:
    """Return the names of the secret fields of an attrs class."""
    return frozenset(attribute.name for attribute in attrs.fields(cls) if SECRET in attribute.metadata)


def wire_name(name: str) -> str:
    """Return the vendor's name of a field: `sip_white_ip` is `sipWhiteIp`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def fields_of(cls: Any) -> Iterable[tuple[attrs.Attribute[Any], Any]]:
    """Yield the attributes of an attrs class (generic ones with their arguments filled in) and their types."""
    origin = get_origin(cls) or cls
    attrs.resolve_types(origin)
    arguments = dict(zip(getattr(origin, "__parameters__", ()), get_args(cls), strict=False))
    for attribute in attrs.fields(origin):
        kind: Any = attribute.type
        if isinstance(kind, TypeVar):
            kind = arguments.get(kind, Any)
        elif parameters := getattr(kind, "__parameters__", ()):
            kind = kind[tuple(arguments.get(parameter, Any) for parameter in parameters)]
        yield attribute, kind


def check_names(names: object) -> None:
    """Raise ValueError for what is not one of `Names`."""
    if names not in get_args(Names):
        raise ValueError(f"names must be 'vendor' or 'python', not {names!r}.")


class PlainData:
    """Gives attrs classes their form as plain data: for JSON, and for web frameworks that use pydantic."""

    __slots__ = ()

    def to_dict(self, *, names: Names = "vendor", secrets: bool = False) -> dict[str, Any]:
        """Return the value as a dict that `json.dumps` takes: enums as their values, what is UNSET left out.

        `names` are the vendor's or Python's. Secrets are `***`, and so is what has a secret's name in `extra`, unless
        `secrets` is True. What is in `extra` stands beside the fields under the vendor's names, and under `extra` with
        Python's. What is never sent, such as `direction` of an update, has no name of the vendor and is left out there.
        """
        check_names(names)
        plain: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for attribute in attrs.fields(type(self)):  # type: ignore[arg-type]  # of the classes below it
            value = getattr(self, attribute.name)
            if attribute.name == "extra":
                extra = _plain(dict(value), names, secrets)
            elif value is not UNSET and not (names == "vendor" and LOCAL in attribute.metadata):
                is_hidden = SECRET in attribute.metadata and not secrets and value is not None
                name = wire_name(attribute.name) if names == "vendor" else attribute.name
                if names == "vendor" and (form := form_of(attribute.metadata)):
                    value = form.written(value)
                plain[name] = BLANK if is_hidden else _plain(value, names, secrets)
        if not secrets:
            extra = without_secrets(extra, ())
        if names == "vendor":
            return plain | {name: value for name, value in extra.items() if name not in plain}
        return plain | ({"extra": extra} if extra else {})

    def to_json(self, *, names: Names = "vendor", secrets: bool = False) -> str:
        """Return what `to_dict` gives as JSON."""
        return orjson.dumps(self.to_dict(names=names, secrets=secrets)).decode()

    @classmethod
    def _of_plain(cls, value: Any) -> Any:
        """Return the value that plain data is, where a class can be made of it."""
        raise ValueError(f"a {cls.__name__} is wanted, not a {type(value).__name__}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # Only pydantic calls this, so that it is there. FastAPI answers with `to_dict` and reads by `from_dict`.
        from pydantic_core import core_schema

        fields = {
            wire_name(attribute.name): core_schema.typed_dict_field(
                handler.generate_schema(_vendors_kind(attribute, kind)), required=attribute.default is attrs.NOTHING
            )
            for attribute, kind in fields_of(source)
            if attribute.name != "extra" and LOCAL not in attribute.metadata
        }
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls._of_plain(value),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
            # What the frameworks' pages of an API show.
            json_schema_input_schema=core_schema.typed_dict_schema(fields, extra_behavior="allow"),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        return {**handler(schema["json_schema_input_schema"]), "title": cls.__name__}


def _plain(value: Any, names: Names, secrets: bool) -> Any:
    if isinstance(value, PlainData):
        return value.to_dict(names=names, secrets=secrets)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Base64):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, names, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, names, secrets) for item in value]
    return str.__str__(value) if isinstance(value, str) else value


def _vendors_kind(attribute: attrs.Attribute[Any], kind: Any) -> Any:
    """Return the type that a field has in the vendor's JSON."""
    if form_of(attribute.metadata) is None:
        return _without_unset(kind)
    return str | None if type(None) in get_args(kind) else str


def _without_unset(kind: Any) -> Any:
    if get_origin(kind) not in (Union, UnionType):
        return kind
    return Union[tuple(member for member in get_args(kind) if member is not Unset)]  # noqa: UP007  (made at run time)


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


# attrs hands the annotation on to the classes whose fields these convert, where the name `Any` may not be known.
for _converter in (_held, _kept):
    _converter.__annotations__["value"] = Any


def extra_field() -> Any:
    """Return the attrs field of an answer's class that keeps the keys that the class does not know."""
    return field(default=NOTHING_EXTRA, converter=_kept, repr=False, eq=False)


@frozen
class Page(PlainData, Generic[T]):
    """One page of a listing; iterate over it for its records, or take one by its index.

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

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return (self.records or [])[index]
