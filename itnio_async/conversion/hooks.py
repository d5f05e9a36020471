"""What cattrs sends and reads classes, lists and unions with: made once for each type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from types import NoneType
from typing import Any, NamedTuple, get_args

from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from itnio_async.conversion.kinds import alternatives, is_enum, members_of
from itnio_async.conversion.mismatch import Mismatch, at, located
from itnio_async.conversion.sending import INTEGER_BITS, make_enum_sender, marked, of_bits, send_json, send_str
from itnio_async.values import LOCAL, NOTHING_EXTRA, ReadOnlyMapping, Unset, fields_of, wire_name
from itnio_async.wire import WireForm, form_of

# A key that no JSON of the vendor has, under which an answer's unknown keys are handed to the `extra` field.
_EXTRA = "<extra>"


def _typed(hook: Callable[[Any, Any], Any], kind: Any, value: Any) -> Any:
    return hook(value, kind)


def _read_in_form(form: WireForm, read: Callable[[Any], Any], value: Any) -> Any:
    found = form.read(value)
    # No JSON has a moment: the form made it, and there is nothing more to read.
    return found if isinstance(found, datetime) else read(found)


class Steps(NamedTuple):
    """How a sender goes down into a field and into each item of a list."""

    field: Callable[[str, Callable[[Any], Any]], Callable[..., Any]]
    items: Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]]
    # Whether what is unset is told by identity. cattrs compares, which is quicker; pandas.NA and its like refuse that.
    by_identity: bool


LOCATED = Steps(located, lambda hook, items: [at(index, hook, item) for index, item in enumerate(items)], True)
# For what is right: the steps cost a third of all that is to be done.
QUICK = Steps(lambda _, hook: hook, lambda hook, items: [hook(item) for item in items], False)


def make_sender(converter: Converter, steps: Steps, cls: Any) -> Callable[[Any], Any]:
    """Return what sends values of a class."""
    overrides = {
        attribute.name: override(
            omit=attribute.name == "extra" or bool(attribute.metadata.get(LOCAL)),
            omit_if_default=attribute.default is Unset.UNSET and not steps.by_identity,
            rename=wire_name(attribute.name),
            unstruct_hook=steps.field(attribute.name, marked(attribute, kind, sender_of(converter, kind))),
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
            found = "a value for a field of its own"
            raise Mismatch("nothing", extra[name], found=found, advice="Set the field.", step=name)
    sent: dict[str, Any] = send_json(extra)
    return sent


def make_reader(converter: Converter, cls: Any) -> Callable[[Any, Any], Any]:
    """Return what reads values of a class."""
    overrides = {}
    known = set()
    for attribute, kind in fields_of(cls):
        if attribute.name == "extra":
            overrides["extra"] = override(rename=_EXTRA, struct_hook=lambda value, _: value)
            continue
        name = wire_name(attribute.name)
        known.add(name)
        read = partial(_typed, converter.get_structure_hook(kind), kind)
        if form := form_of(attribute.metadata):
            read = partial(_read_in_form, form, read)
        overrides[attribute.name] = override(rename=name, struct_hook=located(name, read))
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


def make_list_sender(converter: Converter, steps: Steps, kind: Any) -> Callable[[Any], Any]:
    """Return what sends lists of a type."""
    (item_kind,) = get_args(kind)
    hook = sender_of(converter, item_kind)
    if int in alternatives(item_kind):
        hook = of_bits(INTEGER_BITS, hook)
    are_texts = item_kind is str

    def send(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise Mismatch("a list", value)
        # Nothing to be changed in them, and lists of numbers are long: no copy is made.
        if are_texts and type(value) is list and {*map(type, value)} == {str} and all(map(str.isascii, value)):
            return value
        return steps.items(hook, value)

    return send


def make_mapping_sender(converter: Converter, kind: Any) -> Callable[[Any], Any]:
    """Return what sends mappings of names to a type."""
    _, item_kind = get_args(kind)
    hook = send_json if item_kind is Any else sender_of(converter, item_kind)

    def send(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Mismatch("a mapping", value)
        # By their place: the names are the caller's own, and may say something of a person.
        return {send_str(name): at(index, hook, item) for index, (name, item) in enumerate(value.items())}

    return send


def make_list_reader(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    """Return what reads lists of a type."""
    (item_kind,) = get_args(kind)
    read_item = partial(_typed, converter.get_structure_hook(item_kind), item_kind)

    def read(value: Any, _: Any) -> Any:
        if type(value) is dict:
            value = [value] if value else []
        if type(value) is not list:
            raise Mismatch("an array", value)
        return [at(index, read_item, item) for index, item in enumerate(value)]

    return read


def make_union_sender(converter: Converter, kind: Any) -> Callable[[Any], Any]:
    """Return what sends a field that takes several types, or nothing."""
    members = members_of(kind)
    plain = [member for member in members if not is_enum(member)]
    hook: Callable[[Any], Any]
    if len(plain) == 1 and all(member is plain[0] or _is_open(member, plain[0]) for member in members):
        # An open enum is its enum or the plain value: both are sent as the plain one.
        hook = sender_of(converter, plain[0])
    else:
        hook = _either([(member, sender_of(converter, member)) for member in members])
    may_be_null, may_be_unset = NoneType in get_args(kind), Unset in get_args(kind)

    def send(value: Any) -> Any:
        if (value is None and may_be_null) or (value is Unset.UNSET and may_be_unset):
            return value
        return hook(value)

    return send


def sender_of(converter: Converter, kind: Any) -> Callable[[Any], Any]:
    """Return what sends values of a type; cattrs itself would take a closed enumeration for the plain type it is of."""
    hook: Callable[[Any], Any] = make_enum_sender(kind) if is_enum(kind) else converter.get_unstructure_hook(kind)
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


def make_union_reader(converter: Converter, kind: Any) -> Callable[[Any, Any], Any]:
    """Return what reads a field that takes several types, or nothing."""
    members = members_of(kind)
    hooks = [(member, converter.get_structure_hook(member)) for member in members if not is_enum(member)]
    plain, hook = hooks[0]
    if len(hooks) > 1:
        hook = partial(_read_first, hooks)
    enum = next((member for member in members if is_enum(member)), None)

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
