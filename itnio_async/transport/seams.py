"""Whether a tool has replaced a part of httpx or httpcore, as test tools and instrumentation do.

A function counts as httpx's own if its code lies in httpx's or httpcore's own folder. What stood there when this
package was imported says nothing: the tool may have come first. Nor does a wrapper's `__code__`, which may be the
wrapped one's.
"""

from __future__ import annotations

from pathlib import Path
from types import FunctionType

import httpcore
import httpx

_OWN_FOLDERS = tuple(f"{Path(str(module.__file__)).parent}{sep}" for module in (httpx, httpcore) for sep in ("/", "\\"))


class Seam:
    """A method that tools replace; looked at again only when another object stands there."""

    __slots__ = ("_looked_at", "_name", "_owner", "_replaced")

    def __init__(self, owner: type, name: str) -> None:
        self._owner = owner
        self._name = name
        self._looked_at: object = None
        self._replaced = False

    def is_replaced(self) -> bool:
        """Tell whether something else than the library's own function stands there now."""
        found = self._owner.__dict__.get(self._name)
        if found is not self._looked_at:
            self._looked_at = found
            self._replaced = type(found) is not FunctionType or not found.__code__.co_filename.startswith(_OWN_FOLDERS)
        return self._replaced


# pytest-httpx, vcrpy and OpenTelemetry.
TRANSPORT = Seam(httpx.AsyncHTTPTransport, "handle_async_request")
# respx, unless told otherwise.
CORE = (
    Seam(httpcore.AsyncConnectionPool, "handle_async_request"),
    Seam(httpcore.AsyncHTTPConnection, "handle_async_request"),
    Seam(httpcore.AsyncHTTPProxy, "handle_async_request"),
)
# Sentry, `respx.mock(using="httpx")`, and vcrpy before its version 8.
CLIENT = (
    Seam(httpx.AsyncClient, "send"),
    Seam(httpx.AsyncClient, "_transport_for_url"),
    Seam(httpx.AsyncClient, "_send_single_request"),
)


def is_core_replaced() -> bool:
    """Tell whether a tool stands in for httpcore's pool or connections."""
    return any(seam.is_replaced() for seam in CORE)


def is_client_replaced() -> bool:
    """Tell whether a tool stands in for httpx's client."""
    return any(seam.is_replaced() for seam in CLIENT)
