"""Whether a tool has replaced a part of httpx or httpcore, as test tools and instrumentation do.

A function counts as httpx's own if its code lies in httpx's or httpcore's own folder. What stood there when this
package was imported says nothing: the tool may have come first. Nor does a wrapper's `__code__`, which may be the
wrapped one's.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from types import FunctionType

import httpx


class Seam:
    """A method that tools replace; looked at again only when another object stands there."""

    __slots__ = ("_folder", "_looked_at", "_name", "_owner", "_replaced")

    def __init__(self, owner: type, name: str) -> None:
        package = sys.modules[owner.__module__.partition(".")[0]]
        self._folder = str(Path(str(package.__file__)).parent) + os.sep
        self._owner = owner
        self._name = name
        self._looked_at: object = None
        self._replaced = False

    def is_replaced(self) -> bool:
        """Tell whether something else than the library's own function stands there now."""
        found = self._owner.__dict__.get(self._name)
        if found is not self._looked_at:
            self._looked_at = found
            self._replaced = type(found) is not FunctionType or not found.__code__.co_filename.startswith(self._folder)
        return self._replaced


# pytest-httpx, vcrpy and OpenTelemetry.
TRANSPORT = Seam(httpx.AsyncHTTPTransport, "handle_async_request")
# Sentry, `respx.mock(using="httpx")`, and vcrpy before its version 8.
CLIENT = (
    Seam(httpx.AsyncClient, "send"),
    Seam(httpx.AsyncClient, "_transport_for_url"),
    Seam(httpx.AsyncClient, "_send_single_request"),
)


@cache
def _core() -> tuple[Seam, ...]:
    """What respx replaces, unless told otherwise."""
    import httpcore

    classes = (httpcore.AsyncConnectionPool, httpcore.AsyncHTTPConnection, httpcore.AsyncHTTPProxy)
    return tuple(Seam(owner, "handle_async_request") for owner in classes)


def is_core_replaced() -> bool:
    """Tell whether a tool stands in for httpcore's pool or connections."""
    # Loading it takes 20 ms, which a client that never uses it need not wait for.
    return "httpcore" in sys.modules and _any_replaced(_core())


def is_client_replaced() -> bool:
    """Tell whether a tool stands in for httpx's client."""
    return _any_replaced(CLIENT)


def _any_replaced(seams: tuple[Seam, ...]) -> bool:
    for seam in seams:  # noqa: SIM110 - asked for each call, and a generator costs another microsecond
        if seam.is_replaced():
            return True
    return False
