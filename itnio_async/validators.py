"""attrs' own validators, wrapped once: what does not fit is a `ConfigurationError` that says what would."""

from __future__ import annotations

import sys
from collections.abc import Callable
from inspect import iscoroutinefunction
from types import SimpleNamespace
from typing import Any, TypeAlias, TypeVar

from attrs import validators
from attrs.validators import and_, ge, gt, instance_of, is_callable, le, not_

from itnio_async.errors import ConfigurationError

T = TypeVar("T")
# What attrs calls with the instance, the attribute and its value.
Validator: TypeAlias = Callable[[Any, Any, Any], Any]


def must_be(wanted: str, *checks: Validator, shown: Callable[[Any], str] = repr) -> Validator:
    """Return a validator for what passes all these of attrs' validators.

    `wanted` tells people what that is, and `shown` what came instead.
    """
    all_checks = and_(*checks)

    def validate(instance: Any, attribute: Any, value: Any) -> None:
        try:
            all_checks(instance, attribute, value)
        except (TypeError, ValueError):
            raise ConfigurationError(f"{attribute.name} must be {wanted}, not {shown(value)}.") from None

    return validate


def or_none(validator: Validator) -> Validator:
    """Return a validator that passes None too."""
    return validators.optional(validator)


def number(*, above: float | None = None, least: float = 0, most: float = sys.float_info.max) -> Validator:
    """Return a validator for finite numbers: above a bound, or else from `least` to `most`."""
    bound = f"of at least {least:g}" if most == sys.float_info.max else f"from {least:g} to {most:g}"
    lower = ge(least)
    if above is not None:
        bound, lower = f"above {above:g}", gt(above)
    return must_be(f"a number {bound}", instance_of((int, float)), _NOT_BOOLEAN, lower, le(most))


def whole(least: int = 1, most: int | None = None) -> Validator:
    """Return a validator for integers from `least` to `most`, or without an upper bound."""
    bound = f"of at least {least}" if most is None else f"from {least} to {most}"
    upper = [] if most is None else [le(most)]
    return must_be(f"a whole number {bound}", instance_of(int), _NOT_BOOLEAN, ge(least), *upper)


def instance(*kinds: type) -> Validator:
    """Return a validator for instances of any of these classes."""
    # The class of what came alone, since a stranger's repr may show secrets.
    names = " or ".join(map(_name_of, kinds))
    return must_be(f"of type {names}", instance_of(kinds), shown=lambda value: _name_of(type(value)))


def _name_of(kind: type) -> str:
    """Return a class's name as its users write it, such as `httpx2.Limits`: namesakes are mixed up."""
    package = kind.__module__.partition(".")[0]
    return kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"


def _is_plain(_: Any, attribute: Any, value: Any) -> None:
    if iscoroutinefunction(value) or iscoroutinefunction(type(value).__call__):
        raise TypeError(attribute.name)


_NOT_BOOLEAN = not_(instance_of(bool))  # an int to Python, and here a slip
BOOLEAN = must_be("True or False", instance_of(bool))
CALLABLE = must_be("callable", is_callable())
PLAIN_FUNCTION = must_be("a plain function, since it is not awaited", is_callable(), _is_plain)


def checked(name: str, value: T, validator: Validator) -> T:
    """Return an argument that a validator passes; `name` is what people call it."""
    validator(None, SimpleNamespace(name=name), value)
    return value
