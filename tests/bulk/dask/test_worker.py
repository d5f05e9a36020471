"""What runs in a worker of a cluster, here in the tests' own process, and the seal of its messages."""

from __future__ import annotations

import asyncio
import logging
import pickle
import sys

import pytest
from attrs import evolve
from hypothesis import given, strategies as st
from support.held import HeldTransport, others
from support.programs import until
from support.scripted import LoopClock, ticks
from support.values import KEY, SECRET

from itnio_async import AsyncClient, ConfigurationError, ConflictError, GroupBinding, SipTrunkUpdate
from itnio_async.bulk.dask import worker as desk_module
from itnio_async.bulk.dask.seal import Seal
from itnio_async.bulk.dask.worker import DeskClosedError, Order, close_desk, exchange, open_desk, proof_of
from itnio_async.bulk.identity import Identity, identity_of

NAME = "a desk"


def update(key_id, **more):
    groups = [GroupBinding(voice_group_id=1000 + key_id)]
    values = {"sip_trunk_name": f"t{key_id}", "sip_trunk_state": False, "sip_gateway_ip": "10.0.0.1", **more}
    return SipTrunkUpdate(key_id=key_id, group_list=groups, **values)


class Driver:
    """The other end of a desk."""

    def __init__(self, identity, transport):
        self.identity = identity
        self.seal = Seal(identity, NAME)
        self.made = []
        self.transport = transport
        self.order = Order(
            name=NAME,
            connect=self.connect,
            concurrency=5,
            rate_limit=None,
            host=identity.host,
            api_key=identity.api_key,
            proof=proof_of(identity, NAME),
        )

    def connect(self, **more):
        client = AsyncClient(KEY, SECRET, transport=self.transport, **more)
        self.made.append(client)
        return client

    async def exchange(self, *updates, wait=5.0):
        return self.seal.open(await exchange(NAME, self.seal.close(list(updates)), wait))


@pytest.fixture
async def driver(make_client):
    yield Driver(await identity_of(make_client()), HeldTransport())
    await close_desk(NAME)
    assert not others()


async def test_outcomes_come_by_number_as_they_finish(driver):
    await open_desk(driver.order)
    assert await driver.exchange(update(1), update(2), update(3), wait=0.01) == []
    assert driver.transport.began == [1, 2, 3]
    driver.transport.release(2)
    driver.transport.release(3, status=-47)
    got = await driver.exchange(update(4))
    assert [(number, type(answer).__name__) for number, answer in got] == [(1, "Response"), (2, "ConflictError")]
    assert got[0][1].status == 0
    assert isinstance(got[1][1], ConflictError)
    driver.transport.release(1, 4)
    assert sorted(number for number, _ in await driver.exchange()) == [0, 3]


async def test_the_last_outcome_does_not_wait_for_company(driver, monkeypatch):
    monkeypatch.setattr(desk_module, "COMPANY", 60)
    await open_desk(driver.order)
    await driver.exchange(update(1), wait=0.01)
    driver.transport.release(1)
    assert len(await driver.exchange()) == 1


async def test_a_desk_that_is_not_heard_of_finishes_what_it_began_and_closes(driver, monkeypatch):
    monkeypatch.setattr(desk_module, "LEASE", 0.05)
    await open_desk(driver.order)
    await driver.exchange(update(1), wait=0.0)
    await until(lambda: driver.transport.began == [1])
    desk = desk_module._desks[NAME]
    driver.transport.release(1)
    await until(lambda: desk.is_over)
    with pytest.raises(DeskClosedError):
        await driver.exchange(update(2))
    assert driver.transport.began == [1]
    assert not driver.transport.cut_off
    with pytest.raises(ConfigurationError, match="closed"):
        await driver.made[0].sip_trunks.update(update(3))


async def test_a_word_in_time_keeps_it_open(driver):
    clock = LoopClock(asyncio.get_running_loop())
    await open_desk(driver.order)
    for _ in range(3):
        await ticks(8)
        clock.advance(desk_module.LEASE - 1)
        assert await driver.exchange() == []
    await ticks(8)
    clock.advance(desk_module.LEASE + 1)
    await ticks(8)
    with pytest.raises(DeskClosedError):
        await driver.exchange()


async def test_closing_cuts_off_what_is_under_way(driver):
    await open_desk(driver.order)
    await driver.exchange(update(1), update(2), wait=0.0)
    await until(lambda: len(driver.transport.began) == 2)
    await close_desk(NAME)
    assert sorted(driver.transport.cut_off) == [1, 2]
    assert not others()
    with pytest.raises(DeskClosedError):
        await driver.exchange()
    await close_desk(NAME)


async def test_what_breaks_the_run_is_told(driver):
    await open_desk(driver.order)
    await driver.exchange(update(1), wait=0.0)
    await until(lambda: driver.transport.began == [1])
    driver.transport.release(1, status=RuntimeError("made up"))
    with pytest.raises(RuntimeError, match="made up"):
        await driver.exchange()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"host": "other.invalid"}, "its environment leads to the account"),
        ({"api_key": "other"}, "its environment leads to the account"),
        ({"proof": "0" * 64}, "another API secret"),
        ({"version": "0.0.0"}, "the one that asks has 0.0.0"),
    ],
)
async def test_a_desk_for_another_account_is_not_opened(driver, changes, says):
    with pytest.raises(ConfigurationError, match=says) as caught:
        await open_desk(evolve(driver.order, **changes))
    assert SECRET not in str(caught.value)
    with pytest.raises(DeskClosedError):
        await driver.exchange()
    for client in driver.made:
        with pytest.raises(ConfigurationError, match="closed"):
            await client.sip_trunks.update(update(1))


async def test_an_order_has_no_secret_in_it(driver):
    order = pickle.dumps(evolve(driver.order, connect=AsyncClient))
    assert SECRET.encode() not in order
    assert KEY.encode() not in order
    assert pickle.loads(order).connect is AsyncClient


async def test_only_dasks_lines_about_exchanges_are_left_out(driver, caplog):
    await open_desk(driver.order)
    logger = logging.getLogger("distributed.worker")
    with caplog.at_level(logging.INFO, logger.name):
        for function in ("exchange", "open_desk"):
            logger.info("Run out-of-band function %r", function)
    assert [record.args for record in caplog.records] == [("open_desk",)]


# -- the seal ---------------------------------------------------------------------------------------------------------


def identity(key=bytes(32)):
    return Identity("api.invalid", "ke***", "digest", key)


@given(st.text(), st.text(), st.binary(min_size=32, max_size=32).filter(lambda key: key != bytes(32)))
def test_only_the_other_end_opens_a_message(password, name, key):
    from cryptography.fernet import InvalidToken

    message = [update(1, sip_password=password)]
    sealed = Seal(identity(), name).close(message)
    assert Seal(identity(), name).open(sealed) == message
    for other in (Seal(identity(), name + "x"), Seal(identity(key), name)):
        with pytest.raises(InvalidToken):
            other.open(sealed)
    with pytest.raises(InvalidToken):
        Seal(identity(), name).open(sealed[:-8] + b"AAAAAAA=")


def test_without_the_cipher_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(ConfigurationError, match=r"cryptography.*pip install 'itnio-async\[dask\]'"):
        Seal(identity(), "any")
