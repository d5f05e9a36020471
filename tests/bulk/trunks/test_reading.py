"""What is only read is asked for again while that may help."""

from __future__ import annotations

import pytest

from itnio_async import (
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    DeadlineExceeded,
    GatewayBusyError,
    ReadTimeout,
    ServerError,
)
from itnio_async.bulk.trunks.listing import list_trunks, listing
from itnio_async.bulk.trunks.reading import Reading
from itnio_async.sandbox import Fault, Sandbox


@pytest.fixture
def sandbox():
    with Sandbox(trunks=250) as running:
        yield running


class Time:
    def __init__(self):
        self.now = 0.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def script(*steps):
    left = list(steps)

    async def ask():
        step = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(step, Exception):
            raise step
        return step

    return ask


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def reading(time):
    return Reading(10.0, clock=time, sleep=time.sleep)


@pytest.mark.parametrize(
    "error", [ConnectionLost("x"), ReadTimeout("x"), DeadlineExceeded("x"), GatewayBusyError("x", 503)]
)
async def test_what_passes_is_waited_for_with_growing_pauses_and_then_raised(reading, time, error):
    assert await reading.ask(script(error, error, error, 7)) == 7
    assert time.slept == [0.1, 0.2, 0.4]
    with pytest.raises(type(error)):
        await reading.ask(script(error))
    assert time.now == pytest.approx(10.7)


async def test_a_gateway_says_how_long(reading, time):
    assert await reading.ask(script(GatewayBusyError("x", 429, 3.0), 7)) == 7
    assert time.slept == [3.0]


async def test_what_would_come_again_is_raised_at_once(reading, time):
    for error in (ServerError("x", -18), ConfigurationError("x")):
        with pytest.raises(type(error)):
            await reading.ask(script(error))
    assert not time.slept


async def test_no_connection_is_an_outage_only_where_there_was_one_before(reading, time):
    with pytest.raises(ConnectError):
        await reading.ask(script(ConnectError("x"), 7))
    assert await reading.ask(script(6)) == 6
    assert await reading.ask(script(ConnectError("x"), 7)) == 7


@pytest.mark.parametrize("fault", [Fault("drop", count=3), Fault("page", count=3, http_status=503)])
async def test_every_trunk_is_listed_although_pages_are_lost(sandbox, client, fault):
    ids = [trunk.key_id for trunk in sandbox.trunks]
    sandbox.order(fault)
    assert [trunk.key_id for trunk in await list_trunks(client)] == ids
    sandbox.order(fault)
    assert [trunk.key_id async for trunk in listing(client, size=100)] == ids
