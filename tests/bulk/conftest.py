"""What most tests of bulk jobs share; each has a `sandbox` of its own size."""

from __future__ import annotations

import pytest

from itnio_async import AsyncClient


@pytest.fixture
async def client(sandbox):
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
        yield client
