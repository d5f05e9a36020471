"""What pytest loads by itself where the package is installed: two fixtures of `itnio_async.testing`.

This file is installed beside the package, as `itnio_async_pytest_plugin`, and not in it: pytest loads it before
coverage is measured, and by then the package must not be imported.
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
    """A running sandbox with ten trunks, that of `itnio_async.testing`."""
    from itnio_async.sandbox_fixtures import sandbox_of_test

    yield from sandbox_of_test(request, monkeypatch)


@pytest.fixture(scope="session")
def itnio_session_sandbox() -> Iterator[Sandbox]:
    """A running sandbox with ten trunks for the whole session, that of `itnio_async.testing`."""
    from itnio_async.sandbox_fixtures import sandbox_of_session

    yield from sandbox_of_session()
