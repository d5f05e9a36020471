"""A pytest plugin for programs that use the SDK: `pytest_plugins = ["itnio_async.testing"]` in a conftest.py.

The fixture `itnio_sandbox` is the vendor imitated on loopback, `vcr_config` keeps the three headers and SIP passwords
out of cassettes.
Needs pytest, and for `itnio_sandbox` the extra `sandbox`.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from itnio_async.account import is_vendor
from itnio_async.redaction import without_named_secrets

if TYPE_CHECKING:
    from itnio_async.sandbox import Sandbox

SECRET_HEADERS = ("Sign", "Timestamp", "Api-Key")
_TRUNKS = 10


class VendorContactedError(AssertionError):
    """A test was about to contact the vendor itself; an AssertionError, so that no retry or handler swallows it."""


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker, so that --strict-markers accepts it."""
    config.addinivalue_line(
        "markers",
        "itnio_sandbox(trunks=10, ...): the arguments of itnio_async.sandbox.Sandbox for the fixture itnio_sandbox",
    )


@pytest.fixture
def itnio_sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A running sandbox with ten trunks, for sync and async tests; `AsyncClient()` finds it without an argument.

    ITNIO_API_KEY, ITNIO_API_SECRET and ITNIO_BASE_URL are the sandbox's own, and the vendor's host names are not
    looked up: an attempt raises `VendorContactedError`. Other arguments for the sandbox come by a marker,
    `@pytest.mark.itnio_sandbox(trunks=200, strict=True)`.
    """
    # Here and not above: the plugin's other parts work without the extra.
    from itnio_async.sandbox import Sandbox

    marker = request.node.get_closest_marker("itnio_sandbox")
    if marker is not None and marker.args:
        raise pytest.UsageError(f"the marker itnio_sandbox takes named arguments only, not {marker.args!r}")
    with Sandbox(**{"trunks": _TRUNKS, **(marker.kwargs if marker is not None else {})}) as sandbox:
        monkeypatch.setenv("ITNIO_API_KEY", sandbox.api_key)
        monkeypatch.setenv("ITNIO_API_SECRET", sandbox.api_secret)
        monkeypatch.setenv("ITNIO_BASE_URL", sandbox.url)
        _block_vendor(monkeypatch)
        yield sandbox


def _block_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if is_vendor(name.rstrip(".").lower()):
            raise VendorContactedError(
                f"A test with the fixture itnio_sandbox was about to contact {name!r}, the vendor itself. "
                "Leave base_url out, or pass base_url=itnio_sandbox.url."
            )
        return look_up(host, *arguments, **named)

    # asyncio's loop looks names up with this very function, in a thread.
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    """vcrpy's settings, as pytest-recording and pytest-vcr ask for them: the three headers stay out of cassettes.

    They are secrets: anybody who sees them can replay them on any endpoint until the timestamp expires. In bodies, and
    in answers, `***` stands for what has a secret's name, such as `sipPassword`.
    """
    return {
        "filter_headers": list(SECRET_HEADERS),
        # Before the bodies are looked at: nothing can be found in a compressed one.
        "decode_compressed_response": True,
        "before_record_request": _without_request_secrets,
        "before_record_response": _without_response_secrets,
    }


def _without_request_secrets(request: Any) -> Any:
    # vcrpy hands over a copy. A body that is an iterator is the caller's to read.
    if isinstance(request.body, bytes):
        request.body = without_named_secrets(request.body)
    return request


def _without_response_secrets(response: dict[str, Any]) -> dict[str, Any]:
    body = response.get("body", {})
    content = body.get("string")
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes):
        return response
    shown = without_named_secrets(content)
    if shown == content:
        return response
    length = str(len(shown))
    headers = {
        name: [length] if name.lower() == "content-length" else values for name, values in response["headers"].items()
    }
    return {**response, "body": {**body, "string": shown}, "headers": headers}
