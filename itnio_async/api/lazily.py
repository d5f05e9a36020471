"""A family's package without its modules: each name is imported when somebody asks for it.

So the codes of all families can be looked at without their types, which take many times as long to make.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from types import GenericAlias, ModuleType
from typing import Any


def names_of(package: str, *others: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a family's package: its endpoints, its types and its service.

    `others` are the further modules that have types.
    """

    def public() -> dict[str, Any]:
        modules = [import_module(f"{package}.{name}") for name in (*others, "types", "service")]
        return {name: value for module in modules for name, value in vars(module).items() if _is_public(name, module)}

    def get(name: str) -> Any:
        if name == "__all__":
            return sorted(public())
        if name.startswith("_") or name not in (names := public()):
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return names[name]

    return get, lambda: sorted(public())


def _is_public(name: str, module: ModuleType) -> bool:
    from itnio_async.endpoint import Endpoint

    if name.startswith("_"):
        return False
    value = getattr(module, name)
    if inspect.isclass(value):
        return value.__module__.startswith("itnio_async.api")
    if inspect.isfunction(value):
        return value.__module__ == module.__name__
    # An alias of types, a limit or an endpoint.
    return isinstance(value, GenericAlias | int | Endpoint)
