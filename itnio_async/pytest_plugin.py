"""What pytest loads by itself where the package is installed: fixtures that import nothing before their use.

A copy of this file is installed beside the package, as `itnio_async_pytest_plugin`. pytest loads that one before
coverage is measured, and the package must not be imported by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from itnio_async.sandbox import Sandbox


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
    from itnio_async.sandbox_fixtures import sandbox_of_test

    yield from sandbox_of_test(request, monkeypatch)


@pytest.fixture(scope="session")
def itnio_session_sandbox() -> Iterator[Sandbox]:
    """A running sandbox with ten trunks for the whole session, otherwise as `itnio_sandbox` but without its marker.

    What one test changes is there for the next: it is for tests that only look, or are slow to begin.
    """
    from itnio_async.sandbox_fixtures import sandbox_of_session

    yield from sandbox_of_session()
