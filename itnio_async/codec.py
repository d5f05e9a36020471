"""attrs values to JSON bytes and JSON data to attrs values, through cattrs.

Requests are strict: a value of another type than the field's is refused, never converted. Answers take each form that
loses nothing (`"12"` for 12, `"true"` for true, an object for a list of one), since the vendor's pages and samples
contradict each other; null and absence are both None. cattrs itself converts in silence (None to 'None', '0' to True),
hence a hook for every primitive.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from enum import Enum
from functools import cache, partial
from secrets import token_hex
from types import NoneType, UnionType
from typing import Any, NamedTuple, Self, TypeVar, Union, get_args, get_origin

import attrs
import orjson
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from itnio_async.errors import InvalidRequestError
from itnio_async.frames import FramesDropped
from itnio_async.limits import Limit, limit_of
from itnio_async.values import (
    AS_TEXT,
    BITS,
    LOCAL,
    NOTHING_EXTRA,
    SECRET,
    Base64,
    Names,
    PlainData,
    ReadOnlyMapping,
    ShowsWhatIsSet,
    Unset,
    check_names,
    fields_of,
    is_masked,
    wire_name,
)

# A key that no JSON of the vendor has, under which an answer's unknown keys are handed to the `extra` field.
_EXTRA = "<extra>"
T = TypeVar("T")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,20}+")
_NUMBER = re.compile(r"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_LARGEST_EXACT_FLOAT = 2**53
_TRUTHS = {"true": True, "false": False, "1": True, "0": False, 1: True, 0: False}


class Mismatch(Exception):
    """A value that cannot stand where it stands; `path` leads to it.

    `found` says what stands there, and `advice` what to do, where the type alone does not tell; `code` is the vendor's
    code for the mistake, or None.
    """

    def __init__(
        self,
        expected: str,
        value: object,
        *,
        found: str | None = None,
        advice: str = "Values are never converted: give the type that the field has.",
        code: int | None = None,
    ) -> None:
        super().__init__()
        self.path: list[str | int] = []
        self.expected = expected
        self.missing: bool = value is None or value is Unset.UNSET
        # The type and never the value, which may be a password.
        self.found: str = found or _JSON_NAMES.get(type(value)) or f"a Python {type(value).__name__}"
        self.advice = advice
        self.code = code

    def __str__(self) -> str:
        return f"expected {self.expected}, got {self.found}"

    def where(self) -> str:
        """Return the path as text, such as `group_list[0].number`."""
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return steps.removeprefix(".")


_JSON_NAMES: dict[type, str] = {
    NoneType: "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number with a fraction or exponent",
    str: "a string",
    list: "an array",
    dict: "an object",
    Unset: "nothing",
}


# -- requests ---------------------------------------------------------------------------------------------------------


def _send_str(value: Any) -> str:
    if not isinstance(value, str):
        raise Mismatch("a string", value)
    if not (value.isascii() or _is_encodable(value)):
        raise Mismatch("text without lone surrogates", value)
    return value if type(value) is str else str.__str__(value)


def _is_encodable(value: str) -> bool:
    # Asked and not raised: Python's error holds the text, which may be a password, and would be our error's context.
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _send_int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Mismatch("an integer", value)
    if not -(2**63) <= value < 2**64:
        raise Mismatch("an integer of at most 64 bits", value)
    return value if type(value) is int else int(value)


def _send_datetime(value: Any) -> str:
    if not isinstance(value, datetime):
        raise Mismatch("a datetime with its zone", value)
    if value.utcoffset() is None:
        advice = "Say which one it is in, as by datetime(..., tzinfo=UTC) or moment.astimezone()."
        raise Mismatch("a datetime with its zone", value, found="one without", advice=advice)
    return value.isoformat(timespec="seconds")


def _send_content(value: Any) -> Base64:
    if not isinstance(value, Base64):
        raise Mismatch("base64 text", value)
    return value


def _make_enum_sender(kind: Any) -> Callable[[Any], Any]:
    def send(value: Any) -> Any:
        if type(value) is not kind:
            example = next(iter(kind))
            advice = f"A bare value is easily taken for the opposite: give {example}, say."
            raise Mismatch(f"a member of {kind.__name__}", value, advice=advice)
        return value.value

    return send


def _marked(attribute: attrs.Attribute[Any], kind: Any, hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the sender of a field, which refuses also what the field's markers rule out."""
    bits = attribute.metadata.get(BITS, _INTEGER_BITS)
    if int in _alternatives(kind):
        hook = _of_bits(bits, hook)
    if AS_TEXT in attribute.metadata:
        hook = _as_text(hook)
    if SECRET in attribute.metadata:
        hook = _unmasked(hook)
    limit = limit_of(attribute)
    return hook if limit is None or limit.by_check else _within(limit, hook)


_INTEGER_BITS = 32  # the vendor's Integer


def _of_bits(bits: int, hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    beyond = 2 ** (bits - 1)

    def send_number(value: Any) -> Any:
        number = hook(value)
        if type(number) is int and not -beyond <= number < beyond:
            raise Mismatch(
                f"an integer of at most {bits} bits, with its sign",
                value,
                found="a larger one",
                advice="Look the number up again.",
            )
        return number

    return send_number


def _as_text(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def send_text(value: Any) -> Any:
        sent = hook(value)
        return str(sent) if type(sent) is int else sent

    return send_text


def _unmasked(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def send_secret(value: Any) -> Any:
        text = hook(value)
        if is_masked(text):
            raise Mismatch(
                "the secret itself",
                value,
                found="the asterisks that stand for one",
                advice="They would be stored in its place: give the real one.",
            )
        return text

    return send_secret


def _within(limit: Limit, hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def send(value: Any) -> Any:
        sent = hook(value)
        if (found := limit.broken_by(sent.size if isinstance(sent, Base64) else sent)) is not None:
            raise Mismatch(str(limit), value, found=found, advice="The vendor takes nothing else.", code=limit.code)
        return sent

    return send


def _send_bool(value: Any) -> bool:
    if value is not True and value is not False:
        raise Mismatch("True or False", value)
    return value


def _send_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mismatch("a number", value)
    if isinstance(value, int):
        return _send_int(value)
    if not math.isfinite(value):
        raise Mismatch("a finite number", value)
    return value if type(value) is float else float(value)


def json_bytes(value: Any) -> bytes:
    """Return untyped JSON data as bytes, as strictly as a typed request's.

    Raises `InvalidRequestError` for anything that is not JSON data: NaN, a set, a key that is not a string.
    """
    try:
        return orjson.dumps(_send_json(value))
    except Mismatch as mismatch:
        mismatch.path.insert(0, "json")
        raise InvalidRequestError(f"{mismatch}. Give JSON data.", field=mismatch.where()) from None
    except (RecursionError, orjson.JSONEncodeError):
        message = "the data refers to itself or is nested too deeply. Give plain JSON data."
        raise InvalidRequestError(message, field="json") from None


def _send_json(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    for kind, send in ((str, _send_str), (int, _send_int), (float, _send_float)):
        if isinstance(value, kind):
            return send(value)
    if isinstance(value, Mapping):
        return {_send_str(key): _at(key, _send_json, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_at(index, _send_json, item) for index, item in enumerate(value)]
    raise Mismatch("JSON data", value)


def encode(request: Any, request_type: type) -> bytes:
    """Return the JSON bytes of a request, checked against its class.

    Raises `InvalidRequestError` that names the field of a wrong type.
    """
    data = as_json(request, request_type)
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError:
        return _with_contents(data)


def _with_contents(data: Any) -> bytes:
    """Return JSON data as bytes, with the contents of files put in from their parts.

    orjson would take up to sixteen times the memory of such a text, for the case that all of it is to be escaped.
    """
    contents: list[Base64] = []
    # Not to be found in what else is sent.
    mark = f"<{token_hex(16)}>"

    def put_aside(value: Any) -> str:
        if not isinstance(value, Base64):
            raise TypeError
        contents.append(value)
        return mark

    first, *others = orjson.dumps(data, put_aside).split(mark.encode())
    parts = [first]
    for content, after in zip(contents, others, strict=True):
        parts += [*content.parts, after]
    return b"".join(parts)


def check_types(request: Any, request_type: type) -> None:
    """Check a request against its class, as `encode` does.

    Raises `InvalidRequestError` that names the field of a wrong type.
    """
    as_json(request, request_type)


def as_json(request: Any, request_type: type) -> Any:
    """Return a request as JSON data, checked against its class; raises as `encode` does."""
    try:
        return _sender_of(request_type)(request)
    except Exception:  # noqa: S110  (a mismatch, or whatever an object raises that is compared)
        pass  # once more, to find out where; nearly no request pays for the steps to each of its values
    try:
        return converter.unstructure(request, request_type)
    except Mismatch as mismatch:
        where = mismatch.where() or "request"
        raise InvalidRequestError(f"{mismatch}. {mismatch.advice}", field=where, code=mismatch.code) from None


def check_value(name: str, value: Any, request_type: type) -> None:
    """Check the value of one field of a request, as `encode` does.

    Raises `InvalidRequestError` that names the field, or the place within it.
    """
    try:
        _at(name, _field_checkers(request_type)[name], value)
    except Mismatch as mismatch:
        where = mismatch.where()
        raise InvalidRequestError(f"{mismatch}. {mismatch.advice}", field=where, code=mismatch.code) from None


class Request(ShowsWhatIsSet, PlainData):
    """What the attrs classes of requests have in common."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], *, names: Names = "vendor") -> Self:
        """Return the request that a JSON object is, such as one of `to_dict`; unknown keys of the vendor are `extra`.

        `names` are the vendor's or Python's. Values are kept as they are, and checked when the request is sent. Raises
        `InvalidRequestError` that names what is missing.
        """
        check_names(names)
        try:
            with FramesDropped():
                return request_from(body, cls, names)
        finally:
            del body  # a report of an error shows the variables here

    @classmethod
    def _of_plain(cls, value: Any) -> Self:
        return cls.from_dict(value)


class Record(PlainData):
    """What the attrs classes of listed records have in common."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, body: Mapping[str, Any], *, names: Names = "vendor") -> Self:
        """Return the record that a JSON object is, such as one of `to_dict`, read as leniently as an answer.

        `names` are the vendor's or Python's. Raises `InvalidRequestError` that names the field of an impossible type.
        """
        check_names(names)
        try:
            with FramesDropped():
                return record_from(body, cls, names)
        finally:
            del body

    @classmethod
    def _of_plain(cls, value: Any) -> Self:
        return cls.from_dict(value)


def request_from(body: Any, request_type: type[T], names: Names = "vendor") -> T:
    """Return the request that a JSON object is; keys that its class does not know are `extra`.

    Values are kept as they are, and checked when the request is sent. Raises `InvalidRequestError` that names the field
    which is missing, or has no object where one must be.
    """
    try:
        made: T = _request_from(body, request_type, names)
        return made
    except Mismatch as mismatch:
        whose = "vendor's JSON, as its page shows it" if names == "vendor" else "names of the Python class"
        raise InvalidRequestError(f"{mismatch}. Give the {whose}.", field=mismatch.where() or "body") from None


def record_from(body: Any, record_type: type[T], names: Names = "vendor") -> T:
    """Return the record that a JSON object is.

    Raises `InvalidRequestError` that names the field of an impossible type.
    """
    try:
        data = _plain_objects(body) if names == "vendor" else _with_wire_names(body, record_type)
        made: T = converter.structure(data, record_type)
        return made
    except Mismatch as mismatch:
        raise InvalidRequestError(f"{mismatch}.", field=mismatch.where() or "body") from None


def _request_from(body: Any, kind: Any, names: Names) -> Any:
    if not isinstance(body, Mapping):
        raise Mismatch("an object", body)
    rest = dict(body)
    values: dict[str, Any] = {}
    has_extra = False
    for attribute, field_kind in fields_of(kind):
        if attribute.name == "extra":
            has_extra = True
            continue
        if names == "vendor" and LOCAL in attribute.metadata:
            continue
        name = wire_name(attribute.name) if names == "vendor" else attribute.name
        if name in rest:
            values[attribute.name] = _at(name, partial(_part_from, kind=field_kind, names=names), rest.pop(name))
        elif attribute.default is attrs.NOTHING:
            raise _misplaced(name, "a value", Unset.UNSET)
    if has_extra:
        values["extra"] = rest if names == "vendor" else rest.pop("extra", {})
    if rest and not (has_extra and names == "vendor"):
        raise _misplaced(next(iter(rest)), "nothing", rest, found="a name that the class does not have")
    return kind(**values)


def _misplaced(name: str, expected: str, value: object, *, found: str | None = None) -> Mismatch:
    mismatch = Mismatch(expected, value, found=found)
    mismatch.path.append(name)
    return mismatch


def _part_from(value: Any, kind: Any, names: Names) -> Any:
    """Return a part of a request: an object, or the members of a list of objects, as theirs; anything else as it is."""
    lists = [member for member in _alternatives(kind) if _is_list(member) and _is_request(get_args(member)[0])]
    if lists and isinstance(value, list | tuple):
        (item_kind,) = get_args(lists[0])
        return [
            _at(index, partial(_request_from, kind=item_kind, names=names), item) for index, item in enumerate(value)
        ]
    return _request_from(value, kind, names) if _is_request(kind) else _member_from(value, kind)


def _member_from(value: Any, kind: Any) -> Any:
    """Return a plain value as the closed enumeration's member, or the moment, that only those stand for in Python."""
    alternatives = _alternatives(kind)
    with suppress(Mismatch):
        if any(map(_is_datetime, alternatives)):
            return _read_datetime(value)
    if type(value) in (int, str) and type(value) not in alternatives:
        for member in alternatives:
            if _is_enum(member) and member is not Unset:
                with suppress(ValueError):
                    return member(value)
    return value


def _plain_objects(body: Any) -> Any:
    """Return a copy of JSON data whose objects are dicts, as the reader of answers wants them."""
    if isinstance(body, Mapping):
        return {name: _plain_objects(item) for name, item in body.items()}
    return [_plain_objects(item) for item in body] if isinstance(body, list | tuple) else body


def _with_wire_names(body: Any, kind: Any) -> Any:
    """Return a record's plain data under the vendor's names."""
    if not isinstance(body, Mapping):
        return body
    rest = dict(body)
    renamed: dict[str, Any] = dict(_plain_objects(rest.pop("extra", {})))
    for attribute, field_kind in fields_of(kind):
        if attribute.name in rest:
            value = rest.pop(attribute.name)
            item_kind = next((get_args(member)[0] for member in _alternatives(field_kind) if _is_list(member)), None)
            if _is_attrs(item_kind) and isinstance(value, list | tuple):
                rename = partial(_with_wire_names, kind=item_kind)
                value = [_at(f"{attribute.name}[{index}]", rename, item) for index, item in enumerate(value)]
            renamed[wire_name(attribute.name)] = value
    if rest:
        raise _misplaced(next(iter(rest)), "nothing", rest, found="a name that the class does not have")
    return renamed


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if _is_union(kind) else (kind,)


# -- answers ----------------------------------------------------------------------------------------------------------


def read_int(value: Any) -> int:
    """Return the whole number that a value of an answer says, in any form that loses nothing."""
    if type(value) is int:
        return value
    if type(value) is str and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    if type(value) is float and value.is_integer() and abs(value) <= _LARGEST_EXACT_FLOAT:
        return int(value)
    raise Mismatch("an integer", value)


def _read_str(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise Mismatch("a string", value)


def _read_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) in (int, str) and value in _TRUTHS:
        return _TRUTHS[value]
    raise Mismatch("a boolean", value)


def _read_float(value: Any) -> float:
    if type(value) in (int, float):
        return float(value)
    if type(value) is str and _NUMBER.fullmatch(value) and math.isfinite(float(value)):
        return float(value)
    raise Mismatch("a number", value)


def _read_datetime(value: Any) -> datetime:
    moment = None
    if type(value) is str:
        with suppress(ValueError):
            moment = datetime.fromisoformat(value)
    if moment is None or moment.utcoffset() is None:
        raise Mismatch("a moment in ISO 8601 with its zone", value, found="another form" if value else None)
    return moment


def decode(data: Any, response_type: type | None) -> Any:
    """Return the `data` of an answer as a value of the response's type.

    A missing object is one without fields; None as the type takes anything and gives None. The object may also come as
    the only element of an array, as several of the vendor's tables have it. Raises `Mismatch`.
    """
    if response_type is None:
        return None
    if _is_attrs(response_type):
        if type(data) is list and len(data) <= 1:
            data = data[0] if data else None
        if data is None:
            data = {}
    elif data is None:
        return None
    return converter.structure(data, response_type)


# -- the converter ----------------------------------------------------------------------------------------------------


def _at(step: str | int, hook: Callable[[Any], Any], value: Any) -> Any:
    try:
        return hook(value)
    except Mismatch as mismatch:
        mismatch.path.insert(0, step)
        raise


def _located(step: str, hook: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the hook with its failures located; takes and drops the type that cattrs hands to structure hooks."""

    def run(value: Any, _: Any = None) -> Any:
        try:
            return hook(value)
        except Mismatch as mismatch:
            mismatch.path.insert(0, step)
            raise

    return run


def _typed(hook: Callable[[Any, Any], Any], kind: Any, value: Any) -> Any:
    return hook(value, kind)


class _Steps(NamedTuple):
    """How a sender goes down into a field and into each item of a list."""

    field: Callable[[str, Callable[[Any], Any]], Callable[..., Any]]
    items: Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]]
    # Whether what is unset is told by identity. cattrs compares, which is quicker; pandas.NA and its like refuse that.
    by_identity: bool


_LOCATED = _Steps(_located, lambda hook, items: [_at(index, hook, item) for index, item in enumerate(items)], True)
# For what is right: the steps cost a third of all that is to be done.
_QUICK = _Steps(lambda _, hook: hook, lambda hook, items: [hook(item) for item in items], False)


def _make_sender(converter: Converter, steps: _Steps, cls: Any) -> Callable[[Any], Any]:
    overrides = {
        attribute.name: override(
            omit=attribute.name == "extra" or bool(attribute.metadata.get(LOCAL)),
            omit_if_default=attribute.default is Unset.UNSET and not steps.by_identity,
            rename=wire_name(attribute.name),
            unstruct_hook=steps.field(attribute.name, _marked(attribute, kind, _sender(converter, kind))),
        )
        for attribute, kind in fields_of(cls)
    }
    generated = make_dict_unstructure_fn(cls, converter, **overrides)  # type: ignore[arg-type]
    has_extra = "extra" in overrides
    known = {wire_name(name) for name in overrides if name != "extra"}
    send_extra = steps.field("extra", partial(_send_extra, known=known))

    def send(value: Any) -> Any:
        if not isinstance(value, cls):
            raise Mismatch(f"a {cls.__name__}", value)
        sent = generated(value)
        if steps.by_identity:
            sent = {name: part for name, part in sent.items() if part is not Unset.UNSET}
        if has_extra and (extra := value.extra) is not NOTHING_EXTRA:
            sent |= send_extra(extra)
        return sent

    return send


def _send_extra(extra: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(extra, Mapping):
        raise Mismatch("a mapping", extra)
    for name in extra:
        if name in known:
            mismatch = Mismatch("nothing", extra[name], found="a value for a field of its own", advice="Set the field.")
            mismatch.path.append(name)
            raise mismatch
    sent: dict[str, Any] = _send_json(extra)
    return sent


def _make_reader(cls: Any) -> Callable[[Any, Any], Any]:
    overrides = {}
    known = set()
    for attribute, kind in fields_of(cls):
        if attribute.name == "extra":
            overrides["extra"] = override(rename=_EXTRA, struct_hook=lambda value, _: value)
            continue
        name = wire_name(attribute.name)
        known.add(name)
        hook = converter.get_structure_hook(kind)
        read = _located(name, partial(_typed, hook, kind))
        overrides[attribute.name] = override(rename=name, struct_hook=read)
    generated = make_dict_structure_fn(cls, converter, **overrides)  # type: ignore[arg-type]

    def structure(value: Any, kind: Any) -> Any:
        if type(value) is not dict:
            raise Mismatch("an object", value)
        unknown = value.keys() - known
        if unknown:
            # In the answer's own order.
            value = {**value, _EXTRA: ReadOnlyMapping({key: value[key] for key in value if key in unknown})}
        return generated(value, kind)

    return structure


def _make_list_sender(converter: Converter, steps: _Steps, kind: Any) -> Callable[[Any], Any]:
    (item_kind,) = get_args(kind)
    hook = _sender(converter, item_kind)
    if int in _alternatives(item_kind):
        hook = _of_bits(_INTEGER_BITS, hook)

    def send(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise Mismatch("a list", value)
        return steps.items(hook, value)

    return send


def _make_list_reader(kind: Any) -> Callable[[Any, Any], Any]:
    (item_kind,) = get_args(kind)
    hook = converter.get_structure_hook(item_kind)

    def read(value: Any, _: Any) -> Any:
        if type(value) is dict:
            value = [value]
        if type(value) is not list:
            raise Mismatch("an array", value)
        read_item = partial(_typed, hook, item_kind)
        return [_at(index, read_item, item) for index, item in enumerate(value)]

    return read


def _is_request(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Request)


def _is_attrs(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return attrs.has(kind if origin is None else origin)


def _is_union(kind: Any) -> bool:
    return get_origin(kind) in (Union, UnionType)


def _members(kind: Any) -> list[Any]:
    return [member for member in get_args(kind) if member not in (NoneType, Unset)]


def _make_union_sender(converter: Converter, kind: Any) -> Callable[[Any], Any]:
    members = _members(kind)
    plain = [member for member in members if not _is_enum(member)]
    hook: Callable[[Any], Any]
    if len(plain) == 1 and all(member is plain[0] or _is_open(member, plain[0]) for member in members):
        # An open enum is its enum or the plain value: both are sent as the plain one.
        hook = _sender(converter, plain[0])
    else:
        hook = _either([(member, _sender(converter, member)) for member in members])
    may_be_null, may_be_unset = NoneType in get_args(kind), Unset in get_args(kind)

    def send(value: Any) -> Any:
        if (value is None and may_be_null) or (value is Unset.UNSET and may_be_unset):
            return value
        return hook(value)

    return send


def _sender(converter: Converter, kind: Any) -> Callable[[Any], Any]:
    """Return what sends values of a type; cattrs itself would take a closed enumeration for the plain type it is of."""
    hook: Callable[[Any], Any] = _make_enum_sender(kind) if _is_enum(kind) else converter.get_unstructure_hook(kind)
    return hook


def _is_open(enum: Any, plain: Any) -> bool:
    """Tell whether the members of an enumeration are values of the plain type too."""
    return isinstance(plain, type) and issubclass(enum, plain)


def _either(hooks: list[tuple[Any, Callable[[Any], Any]]]) -> Callable[[Any], Any]:
    """Return the sender of a field that takes several types; what is of none of them is refused as of the first."""

    def send(value: Any) -> Any:
        own = next((hook for kind, hook in hooks if isinstance(kind, type) and isinstance(value, kind)), hooks[0][1])
        return own(value)

    return send


def _make_union_reader(kind: Any) -> Callable[[Any, Any], Any]:
    members = _members(kind)
    hooks = [(member, converter.get_structure_hook(member)) for member in members if not _is_enum(member)]
    plain, hook = hooks[0]
    if len(hooks) > 1:
        hook = partial(_read_first, hooks)
    enum = next((member for member in members if _is_enum(member)), None)

    def read(value: Any, _: Any) -> Any:
        if value is None:
            return None
        known = hook(value, plain)
        if enum is None:
            return known
        try:
            return enum(known)
        except ValueError:
            # A value that the vendor added since: kept as it is.
            return known

    return read


def _read_first(hooks: list[tuple[Any, Callable[[Any, Any], Any]]], value: Any, _: Any) -> Any:
    """Return what the first type makes of a value that can read it; what none can is the last one's mismatch."""
    *others, (last, read_last) = hooks
    for kind, read in others:
        with suppress(Mismatch):
            return read(value, kind)
    return read_last(value, last)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_datetime(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, datetime)


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is list


def _make_converter(steps: _Steps) -> Converter:
    """Return a converter for requests."""
    converter = Converter(detailed_validation=False)
    for kind, send in ((str, _send_str), (int, _send_int), (bool, _send_bool), (float, _send_float)):
        converter.register_unstructure_hook(kind, send)
    converter.register_unstructure_hook_func(_is_datetime, _send_datetime)
    converter.register_unstructure_hook(Base64, _send_content)
    converter.register_unstructure_hook_factory(attrs.has, partial(_make_sender, converter, steps))
    converter.register_unstructure_hook_factory(_is_list, partial(_make_list_sender, converter, steps))
    converter.register_unstructure_hook_factory(_is_union, partial(_make_union_sender, converter))
    return converter


def _read_answers(converter: Converter) -> None:
    for kind, read in ((str, _read_str), (int, read_int), (bool, _read_bool), (float, _read_float)):
        converter.register_structure_hook(kind, lambda value, _, read=read: read(value))
    converter.register_structure_hook_func(_is_datetime, lambda value, _: _read_datetime(value))
    converter.register_structure_hook_factory(_is_attrs, _make_reader)
    converter.register_structure_hook_func(_is_request, request_from)
    converter.register_structure_hook_factory(_is_list, _make_list_reader)
    converter.register_structure_hook_factory(_is_union, _make_union_reader)


# Public: `converter.unstructure(update)` is what is sent, `converter.structure(data, SipTrunk)` reads an answer's part.
converter: Converter = _make_converter(_LOCATED)
_read_answers(converter)
_quick_converter = _make_converter(_QUICK)
_sender_of = cache(_quick_converter.get_unstructure_hook)


@cache
def _field_checkers(request_type: type) -> Mapping[str, Callable[[Any], Any]]:
    return {
        attribute.name: _marked(attribute, kind, _sender(converter, kind))
        for attribute, kind in fields_of(request_type)
    }
