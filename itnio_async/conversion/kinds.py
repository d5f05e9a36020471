"""What a type is made of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs

from itnio_async.values import Unset


def alternatives(kind: Any) -> tuple[Any, ...]:
    """Return the types that a field takes, nothing included."""
    return get_args(kind) if is_union(kind) else (kind,)


def is_attrs(kind: Any) -> bool:
    """Tell whether a type is an attrs class, generic or not."""
    origin: Any = get_origin(kind)
    return attrs.has(kind if origin is None else origin)


def is_union(kind: Any) -> bool:
    """Tell whether a type is one of several."""
    return get_origin(kind) in (Union, UnionType)


def members_of(kind: Any) -> list[Any]:
    """Return the types of a union, but for nothing."""
    return [member for member in get_args(kind) if member not in (NoneType, Unset)]


def is_enum(kind: Any) -> bool:
    """Tell whether a type is an enumeration."""
    return isinstance(kind, type) and issubclass(kind, Enum)


def is_list(kind: Any) -> bool:
    """Tell whether a type is a list of another."""
    return get_origin(kind) is list


def is_mapping(kind: Any) -> bool:
    """Tell whether a type is a mapping of names to another."""
    return get_origin(kind) is Mapping
