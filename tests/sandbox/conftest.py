import pytest

from itnio_async.sandbox import Sandbox


@pytest.fixture
def sandbox():
    with Sandbox(trunks=6) as running:
        yield running
