"""attrs values to JSON bytes and JSON data to attrs values, through cattrs.

Requests are strict: a value of another type than the field's is refused, never converted. Answers take each form that
loses nothing (`"12"` for 12, `"true"` for true, 0.02 for `"0.02"`, an object for a list of one and the other way
round), since the vendor's pages and samples contradict each other; null and absence are both None, and so is an empty
text where the field has none. cattrs itself converts in silence (None to 'None', '0' to True),
hence a hook for every primitive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache, partial
from os import urandom
from types import NoneType
from typing import Any, NoReturn, Self, TypeVar, get_args

import attrs
import orjson
from cattrs import Converter
from cattrs.errors import StructureHandlerNotFoundError

from itnio_async.conversion.hooks import (
    LOCATED,
    QUICK,
    Steps,
    make_list_reader,
    make_list_sender,
    make_mapping_sender,
    make_reader,
    make_sender,
    make_union_reader,
    make_union_sender,
    sender_of,
)
from itnio_async.conversion.kinds import alternatives, is_attrs, is_enum, is_list, is_mapping, is_union
from itnio_async.conversion.mismatch import Mismatch as Mismatch, at
from itnio_async.conversion.reading import (
    read_bool,
    read_datetime,
    read_float,
    read_int as read_int,
    read_str,
)
from itnio_async.conversion.sending import (
    marked,
    send_bool,
    send_content,
    send_datetime,
    send_float,
    send_int,
    send_json,
    send_str,
)
from itnio_async.errors import InvalidRequestError
from itnio_async.frames import FramesDropped
from itnio_async.values import (
    AS_TEXT,
    LOCAL,
    Base64,
    Names,
    PlainData,
    ShowsWhatIsSet,
    Unset,
    check_names,
    fields_of,
    wire_name,
)
from itnio_async.wire import form_of

T = TypeVar("T")


# -- requests ---------------------------------------------------------------------------------------------------------


def json_bytes(value: Any) -> bytes:
    """Return untyped JSON data as bytes, as strictly as a typed request's.

    Raises `InvalidRequestError` for anything that is not JSON data: NaN, a set, a key that is not a string.
    """
    try:
        return orjson.dumps(send_json(value))
    except Mismatch as mismatch:
        mismatch.path.insert(0, "json")
        raise InvalidRequestError(f"{mismatch}. Give JSON data.", field=mismatch.where()) from None
    except (RecursionError, orjson.JSONEncodeError):
        message = "the data refers to itself or is nested too deeply. Give plain JSON data."
        raise InvalidRequestError(message, field="json") from None


def encode(request: Any, request_type: type) -> bytes:
    """Return the JSON bytes of a request, checked against its class.

    Raises `InvalidRequestError` that names the field of a wrong type.
    """
    return dumped(as_json(request, request_type))


def dumped(data: Any) -> bytes:
    """Return JSON data as bytes, with the contents of files; raises `InvalidRequestError` where there is other data."""
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError:
        pass
    try:
        return _with_contents(data)
    except orjson.JSONEncodeError as error:  # it names a type, and no value
        message = f"{error}. Give attrs classes, dataclasses or plain data: dicts, lists, texts, numbers."
        raise InvalidRequestError(message, field="request") from None


def _with_contents(data: Any) -> bytes:
    """Return JSON data as bytes, with the contents of files put in from their parts.

    orjson would take up to sixteen times the memory of such a text, for the case that all of it is to be escaped.
    """
    contents: list[Base64] = []
    # Not to be found in what else is sent.
    mark = f"<{urandom(16).hex()}>"

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


def check_kinds(request_type: Any, response_type: Any) -> None:
    """Check that an endpoint's requests can be told from others, and its answers read.

    Raises `InvalidRequestError` that says what they may be.
    """
    try:
        isinstance(None, request_type)
    except TypeError:
        message = f"its requests are an attrs class, a dataclass or dict, and not {request_type!r}."
        raise InvalidRequestError(message, field="endpoint") from None
    try:
        if response_type is not None and response_type is not NoneType:
            converter.get_structure_hook(response_type)
    except StructureHandlerNotFoundError as error:
        message = f"its answers are attrs classes, dataclasses, lists or dict, and not {error.type_!r}."
        raise InvalidRequestError(message, field="endpoint") from None


def as_json(request: Any, request_type: type) -> Any:
    """Return a request as JSON data, checked against its class; raises as `encode` does."""
    try:
        return _sender_of(request_type)(request)
    except Exception:  # noqa: S110  (a mismatch, or whatever an object raises that is compared)
        pass  # once more, to find out where; nearly no request pays for the steps to each of its values
    try:
        return converter.unstructure(request, request_type)
    except Mismatch as mismatch:
        raise _refusal(mismatch) from None


def check_value(name: str, value: Any, request_type: type) -> None:
    """Check the value of one field of a request, as `encode` does.

    Raises `InvalidRequestError` that names the field, or the place within it.
    """
    try:
        at(name, _field_checkers(request_type)[name], value)
    except Mismatch as mismatch:
        raise _refusal(mismatch) from None


def _refusal(mismatch: Mismatch) -> InvalidRequestError:
    where = mismatch.where() or "request"
    return InvalidRequestError(f"{mismatch}. {mismatch.advice}", field=where, code=mismatch.code)


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
            part, form = rest.pop(name), form_of(attribute.metadata)
            if form is not None and names == "vendor":
                part = form.read(part)
            if AS_TEXT in attribute.metadata and names == "vendor":
                part = _number_of(part, field_kind)
            values[attribute.name] = at(name, partial(_part_from, kind=field_kind, names=names), part)
        elif attribute.default is attrs.NOTHING:
            raise Mismatch("a value", Unset.UNSET, step=name)
    if has_extra:
        values["extra"] = rest if names == "vendor" else rest.pop("extra", {})
    if rest and not (has_extra and names == "vendor"):
        raise Mismatch("nothing", rest, found="a name that the class does not have", step=next(iter(rest)))
    return kind(**values)


def _number_of(value: Any, kind: Any) -> Any:
    """Return a number that the vendor writes as a text, where the field has only numbers, or members that are."""
    if type(value) is not str or str in alternatives(kind):
        return value
    with suppress(Mismatch):
        return read_int(value)
    return value


def _part_from(value: Any, kind: Any, names: Names) -> Any:
    """Return a part of a request: an object, or the members of a list of objects, as theirs; anything else as it is."""
    lists = [get_args(member)[0] for member in alternatives(kind) if is_list(member)]
    if lists and isinstance(value, list | tuple):
        kinds = alternatives(lists[0])
        if item_kind := next(filter(_is_request, kinds), None):
            read = partial(_request_from, kind=item_kind, names=names)
            # In a list of objects and texts, what is no object is one of those.
            others = len(kinds) > 1
            return [
                item if others and not isinstance(item, Mapping) else at(index, read, item)
                for index, item in enumerate(value)
            ]
    inner = next((member for member in alternatives(kind) if _is_request(member)), None)
    if inner is not None and (inner is kind or isinstance(value, Mapping)):
        return _request_from(value, inner, names)
    return _member_from(value, kind)


def _member_from(value: Any, kind: Any) -> Any:
    """Return a plain value as the closed enumeration's member, or the moment, that only those stand for in Python."""
    kinds = alternatives(kind)
    with suppress(Mismatch):
        if datetime in kinds:
            return read_datetime(value)
    if type(value) in (int, str) and type(value) not in kinds:
        for member in kinds:
            if is_enum(member) and member is not Unset:
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
            kinds = alternatives(field_kind)
            own_kind = next(filter(is_attrs, kinds), None)
            item_kind = next((get_args(member)[0] for member in kinds if is_list(member)), None)
            if own_kind is not None and isinstance(value, Mapping):
                value = at(attribute.name, partial(_with_wire_names, kind=own_kind), value)
            if is_attrs(item_kind) and isinstance(value, list | tuple):
                rename = partial(_with_wire_names, kind=item_kind)
                value = [at(f"{attribute.name}[{index}]", rename, item) for index, item in enumerate(value)]
            renamed[wire_name(attribute.name)] = value
    if rest:
        raise Mismatch("nothing", rest, found="a name that the class does not have", step=next(iter(rest)))
    return renamed


# -- answers ----------------------------------------------------------------------------------------------------------


def decode(data: Any, response_type: type | None) -> Any:
    """Return the `data` of an answer as a value of the response's type.

    A missing object is one without fields, and a missing list has no items, also where an empty text stands for it;
    None or `NoneType` as the type takes anything and gives None. The object may also come as the only element of an
    array, as several of the vendor's tables have it. Raises `Mismatch`.
    """
    if response_type is None or response_type is NoneType:
        return None
    if data == "" and (is_attrs(response_type) or is_list(response_type)):
        data = None
    if is_attrs(response_type):
        if type(data) is list and len(data) <= 1:
            data = data[0] if data else None
        if data is None:
            data = {}
    elif data is None:
        return [] if is_list(response_type) else None
    try:
        return converter.structure(data, response_type)
    except Mismatch:
        raise
    except Exception as error:  # of a class that is not ours: a key is missing, or it takes no such values
        raised = type(error).__name__
    mismatch = Mismatch(f"data that {getattr(response_type, '__name__', response_type)} takes", data)
    mismatch.found += f" with which it raises {raised}"
    raise mismatch


# -- the converter ----------------------------------------------------------------------------------------------------


def _is_request(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Request)


def _make_converter(steps: Steps) -> Converter:
    """Return a converter for requests."""
    converter = Converter(detailed_validation=False, structure_fallback_factory=_no_reader)
    for kind, send in ((str, send_str), (int, send_int), (bool, send_bool), (float, send_float)):
        converter.register_unstructure_hook(kind, send)
    converter.register_unstructure_hook(datetime, send_datetime)
    converter.register_unstructure_hook(Base64, send_content)
    converter.register_unstructure_hook_factory(attrs.has, partial(make_sender, converter, steps))
    converter.register_unstructure_hook_factory(is_list, partial(make_list_sender, converter, steps))
    converter.register_unstructure_hook_factory(is_mapping, partial(make_mapping_sender, converter))
    converter.register_unstructure_hook_factory(is_union, partial(make_union_sender, converter))
    return converter


def _no_reader(kind: Any) -> NoReturn:
    # At once, where cattrs would say so only when there is something to read.
    raise StructureHandlerNotFoundError(f"There is no way to read {kind!r}.", type_=kind)


def _read_answers(converter: Converter) -> None:
    for kind, read in ((str, read_str), (int, read_int), (bool, read_bool), (float, read_float)):
        converter.register_structure_hook(kind, lambda value, _, read=read: read(value))
    converter.register_structure_hook(datetime, lambda value, _: read_datetime(value))
    converter.register_structure_hook_factory(is_attrs, partial(make_reader, converter))
    converter.register_structure_hook_func(_is_request, request_from)
    converter.register_structure_hook_factory(is_list, partial(make_list_reader, converter))
    converter.register_structure_hook_factory(is_union, partial(make_union_reader, converter))


# Public: `converter.unstructure(update)` is what is sent, `converter.structure(data, SipTrunk)` reads an answer's part.
converter: Converter = _make_converter(LOCATED)
_read_answers(converter)
_quick_converter = _make_converter(QUICK)
_sender_of = cache(_quick_converter.get_unstructure_hook)


@cache
def _field_checkers(request_type: type) -> Mapping[str, Callable[[Any], Any]]:
    return {
        attribute.name: marked(attribute, kind, sender_of(converter, kind))
        for attribute, kind in fields_of(request_type)
    }
