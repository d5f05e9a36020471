"""A pytest plugin for programs that use the SDK: fixtures with a sandbox, and cassettes without secrets.

pytest knows `itnio_sandbox`, `itnio_session_sandbox` and the marker by itself, where the package is installed.
`pytest_plugins = ["itnio_async.testing"]` in a conftest.py adds `vcr_config`, which keeps the three headers and SIP
passwords out of cassettes. Needs pytest, and for the sandbox the extra `sandbox`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from itnio_async.redaction import without_named_secrets, without_secrets_in_query
from itnio_async.sandbox_fixtures import (
    MARKER,
    VendorContactedError,
    sandbox_of_session,
    sandbox_of_test,
)

if TYPE_CHECKING:
    from itnio_async.sandbox import Sandbox

__all__ = [
    "SECRET_HEADERS",
    "VendorContactedError",
    "itnio_sandbox",
    "itnio_session_sandbox",
    "pytest_configure",
    "vcr_config",
]

SECRET_HEADERS = ("Sign", "Timestamp", "Api-Key")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker, so that --strict-markers accepts it."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def itnio_sandbox(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A running sandbox with ten trunks, for sync and async tests; `AsyncClient()` finds it without an argument.

    ITNIO_API_KEY, ITNIO_API_SECRET and ITNIO_BASE_URL are the sandbox's own, and the vendor's host names are not
    looked up: an attempt raises `VendorContactedError`. Other arguments for the sandbox come by a marker,
    `@pytest.mark.itnio_sandbox(trunks=200, strict=True)`.
    """
    yield from sandbox_of_test(request, monkeypatch)


@pytest.fixture(scope="session")
def itnio_session_sandbox() -> Iterator[Sandbox]:
    """A running sandbox with ten trunks for the whole session, otherwise as `itnio_sandbox` but without its marker.

    What one test changes is there for the next: it is for tests that only look, or are slow to begin.
    """
    yield from sandbox_of_session()


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    """vcrpy's settings, as pytest-recording and pytest-vcr ask for them: the three headers stay out of cassettes.

    They are secrets: anybody who sees them can replay them on any endpoint until the timestamp expires. In bodies,
    queries and answers, `***` stands for what has a secret's name, such as `sipPassword`, and for the one-time code of
    a request.
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
        request.body = without_named_secrets(request.body, of_request=True)
    request.uri = without_secrets_in_query(request.uri)
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
