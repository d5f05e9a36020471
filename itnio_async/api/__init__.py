"""A module a family of the API: its types, its endpoints and its service side by side."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from itnio_async.endpoint import Endpoint

# The modules of the families; each has a tuple ENDPOINTS.
FAMILIES = ("sip_trunks",)


@cache
def all_endpoints() -> tuple[Endpoint[Any, Any], ...]:
    """Return every `Endpoint` of every family; loads the families."""
    modules = (import_module(f"{__name__}.{family}") for family in FAMILIES)
    return tuple(endpoint for module in modules for endpoint in module.ENDPOINTS)
