"""What the fixtures do: run a sandbox, lead `AsyncClient()` to it, and keep tests away from the vendor."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from itnio_async.account import is_vendor
from itnio_async.transport.httpx_stock import StockTransport
from itnio_async.transport.patchable import is_core_replaced
from itnio_async.transport.pooled import PooledTransport

if TYPE_CHECKING:
    from itnio_async.sandbox import Sandbox

MARKER = "itnio_sandbox(trunks=10, ...): the arguments of itnio_async.sandbox.Sandbox for the fixture itnio_sandbox"
_TRUNKS = 10
# The sandboxes that run for a session (several where tests run sessions), each with what its environment is set by.
_of_session: list[tuple[pytest.MonkeyPatch, Sandbox]] = []


class VendorContactedError(AssertionError):
    """A test was about to contact the vendor itself; an AssertionError, so that no retry or handler swallows it."""


def sandbox_of_test(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Yield the sandbox of one test, with the arguments of its marker."""
    marker = request.node.get_closest_marker("itnio_sandbox")
    if marker is not None and marker.args:
        raise pytest.UsageError(f"the marker itnio_sandbox takes named arguments only, not {marker.args!r}")
    begun_before = len(_of_session)
    try:
        yield from _running_sandbox(monkeypatch, marker.kwargs if marker is not None else {})
    finally:
        for its_monkeypatch, sandbox in _of_session[begun_before:]:
            # It began within this test: what the test's end undoes would be undone from under it.
            its_monkeypatch.undo()
            monkeypatch.undo()
            _lead_to(sandbox, its_monkeypatch)


def sandbox_of_session() -> Iterator[Sandbox]:
    """Yield a sandbox for all tests of a session."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for sandbox in _running_sandbox(monkeypatch, {}):
            _of_session.append((monkeypatch, sandbox))
            yield sandbox
            _of_session.pop()


def _running_sandbox(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> Iterator[Sandbox]:
    # Here and not above: the plugin's other parts work without the extra.
    from itnio_async.sandbox import Sandbox

    with Sandbox(**{"trunks": _TRUNKS, **options}) as sandbox:
        _lead_to(sandbox, monkeypatch)
        yield sandbox


def _lead_to(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITNIO_API_KEY", sandbox.api_key)
    monkeypatch.setenv("ITNIO_API_SECRET", sandbox.api_secret)
    monkeypatch.setenv("ITNIO_BASE_URL", sandbox.url)
    _block_vendor(monkeypatch)


def _block_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        _require_not_vendor(host.decode("ascii", "replace") if isinstance(host, bytes) else str(host))
        return look_up(host, *arguments, **named)

    # asyncio's loop looks names up with this very function, in a thread: for whatever else a test sends by.
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    # uvloop has one of its own, and a proxy looks names up itself.
    for last in (PooledTransport, StockTransport):
        monkeypatch.setattr(last, "handle_async_request", _away_from_vendor(last.handle_async_request))


def _away_from_vendor(send: Callable[[Any, httpx.Request], Any]) -> Callable[[Any, httpx.Request], Any]:
    def handle_async_request(transport: Any, request: httpx.Request) -> Any:
        if not is_core_replaced():  # as respx does, and nothing goes out
            _require_not_vendor(request.url.host)
        return send(transport, request)

    return handle_async_request


def _require_not_vendor(host: str) -> None:
    if is_vendor(host.rstrip(".").lower()):
        raise VendorContactedError(
            f"A test with the fixture itnio_sandbox was about to contact {host!r}, the vendor itself. "
            "Leave base_url out, or pass base_url=itnio_sandbox.url."
        )
