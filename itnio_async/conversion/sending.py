"""Values to JSON, strictly: one of another type than the field's, or beyond its markers, is refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from itnio_async.conversion.kinds import alternatives
from itnio_async.conversion.mismatch import Mismatch, at
from itnio_async.limits import Limit, limit_of
from itnio_async.values import AS_TEXT, BITS, SECRET, Base64, is_masked
from itnio_async.wire import WireForm, form_of


def send_str(value: Any) -> str:
    """Return a text as it is sent."""
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


def send_int(value: Any) -> int:
    """Return a whole number as it is sent."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise Mismatch("an integer", value)
    if not -(2**63) <= value < 2**64:
        raise Mismatch("an integer of at most 64 bits", value)
    return value if type(value) is int else int(value)


def send_bool(value: Any) -> bool:
    """Return a truth as it is sent."""
    if value is not True and value is not False:
        raise Mismatch("True or False", value)
    return value


def send_float(value: Any) -> float:
    """Return a number as it is sent."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mismatch("a number", value)
    if isinstance(value, int):
        return send_int(value)
    if not math.isfinite(value):
        raise Mismatch("a finite number", value)
    return value if type(value) is float else float(value)


def send_datetime(value: Any) -> str:
    """Return a moment in ISO 8601 with its zone."""
    if not isinstance(value, datetime):
        raise Mismatch("a datetime with its zone", value)
    if value.utcoffset() is None:
        advice = "Say which one it is in, as by datetime(..., tzinfo=UTC) or moment.astimezone()."
        raise Mismatch("a datetime with its zone", value, found="one without", advice=advice)
    return value.isoformat(timespec="seconds")


def send_content(value: Any) -> Base64:
    """Return a file's content, which is put in when all else is bytes."""
    if not isinstance(value, Base64):
        raise Mismatch("base64 text", value)
    return value


def make_enum_sender(kind: Any) -> Callable[[Any], Any]:
    """Return what sends the members of a closed enumeration, and nothing else."""

    def send(value: Any) -> Any:
        if type(value) is not kind:
            example = f"{kind.__name__}.{next(iter(kind)).name}"
            advice = f"A bare value is easily taken for the opposite: give {example}, say."
            raise Mismatch(f"a member of {kind.__name__}", value, advice=advice)
        return value.value

    return send


def marked(attribute: attrs.Attribute[Any], kind: Any, hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the sender of a field, which refuses also what the field's markers rule out."""
    bits = attribute.metadata.get(BITS, INTEGER_BITS)
    if int in alternatives(kind) and AS_TEXT not in attribute.metadata:
        hook = of_bits(bits, hook)
    limit = limit_of(attribute)
    if limit is not None and limit.by_check:
        limit = None
    if limit is not None and not limit.unit:
        # A number's bounds are not those of the text that it may be sent as.
        hook = _within(limit, hook)
    if AS_TEXT in attribute.metadata:
        hook = _as_text(hook)
    if SECRET in attribute.metadata:
        hook = _unmasked(hook)
    if limit is not None and limit.unit:
        hook = _within(limit, hook)
    form = form_of(attribute.metadata)
    return hook if form is None else _in_form(form, hook)


INTEGER_BITS = 32  # the vendor's Integer


def of_bits(bits: int, hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a sender of whole numbers that refuses larger ones."""
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
            advice = "The vendor takes nothing else."
            raise Mismatch(str(limit), value, found=found, advice=advice, code=limit.code_for(sent))
        return sent

    return send


def _in_form(form: WireForm, hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def send(value: Any) -> Any:
        hook(value)  # refuses what is not to be written
        return form.written(value)

    return send


def send_json(value: Any) -> Any:
    """Return untyped JSON data as it is sent."""
    if value is None or isinstance(value, bool):
        return value
    for kind, send in ((str, send_str), (int, send_int), (float, send_float)):
        if isinstance(value, kind):
            return send(value)
    if isinstance(value, Mapping):
        return {send_str(key): at(key, send_json, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [at(index, send_json, item) for index, item in enumerate(value)]
    raise Mismatch("JSON data", value)
