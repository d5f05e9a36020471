"""What runs in a worker of a cluster, here in the tests' own process."""

from __future__ import annotations

import asyncio
import pickle
import re

import pytest
from support.held import HeldTransport, others
from support.programs import until
from support.values import KEY, SECRET

from itnio_async import AsyncClient, AuthenticationError, ConflictError, GroupBinding, SipTrunkUpdate
from itnio_async.bulk.dask import worker as worker_module
from itnio_async.bulk.dask.worker import JobPlugin, cancel_chunk, fault_of
from itnio_async.bulk.identity import identity_of
from itnio_async.config import BULK_STOP_ON, RateLimit

JOB = "a job"
RULES = {"stop_on": BULK_STOP_ON, "max_failures": 0}


def updates(*key_ids):
    return [
        SipTrunkUpdate(
            key_id=key_id,
            sip_trunk_name=f"t{key_id}",
            sip_trunk_state=False,
            sip_gateway_ip="10.0.0.1",
            group_list=[GroupBinding(voice_group_id=1000 + key_id)],
        )
        for key_id in key_ids
    ]


class Worker:
    """As much of a Dask worker as the plugin sees, with the plugin set up in it."""

    def __init__(self, identity, **account):
        self.transport = HeldTransport()
        self.made = []
        self.account = {"api_key": KEY, "api_secret": SECRET, **account}
        self.plugin = JobPlugin(self.connect, identity)
        self.plugins = {JOB: self.plugin}

    def connect(self, **share):
        client = AsyncClient(**self.account, transport=self.transport, **share)
        self.made.append(share)
        return client

    def begin(self, *key_ids, concurrency=5, rate_limit=None, name="chunk", **rules):
        return asyncio.ensure_future(
            self.plugin.send(name, updates(*key_ids), concurrency, rate_limit, {**RULES, **rules})
        )


@pytest.fixture
async def worker(make_client):
    worker = Worker(await identity_of(make_client()))
    await worker.plugin.setup(worker)
    assert fault_of(JOB, worker) == ""
    yield worker
    await worker.plugin.teardown(worker)
    assert not others()


def told(outcomes):
    return [(outcome.index, type(outcome.error or outcome.response).__name__) for outcome in outcomes]


async def test_a_chunk_gives_the_outcomes_of_its_updates(worker):
    chunk = worker.begin(1, 2, 3, concurrency=2)
    await until(lambda: worker.transport.began == [1, 2])
    worker.transport.release(2)
    await until(lambda: worker.transport.under_way == [1, 3])
    worker.transport.release(3, status=-47)
    worker.transport.release(1)
    outcomes = await chunk
    assert sorted(told(outcomes)) == [(0, "Response"), (1, "Response"), (2, "ConflictError")]
    assert all(outcome.elapsed > 0 for outcome in outcomes)


@pytest.mark.parametrize(
    ("status", "rules"),
    [(-1, {}), (-47, {"stop_on": (ConflictError,)}), (-47, {"max_failures": 1})],
    ids=["key refused", "as asked", "refusals one after another"],
)
async def test_an_error_that_ends_the_job_ends_its_chunk(worker, status, rules):
    chunk = worker.begin(1, 2, 3, 4, concurrency=2, **rules)
    await until(lambda: len(worker.transport.began) == 2)
    worker.transport.release(1, status=status)
    await until(lambda: worker.transport.under_way == [2])
    worker.transport.release(2)
    outcomes = await chunk
    assert [outcome.index for outcome in outcomes] == [0, 1]
    assert isinstance(outcomes[0].error, (AuthenticationError, ConflictError))
    assert worker.transport.began == [1, 2]


async def test_a_chunk_begins_nothing_after_its_time(worker, monkeypatch):
    monkeypatch.setattr(worker_module, "_BEGINS_WITHIN", 0.0)
    assert await worker.begin(1, 2) == []
    assert not worker.transport.began


async def test_a_second_chunk_waits_and_a_new_share_takes_a_new_client(worker):
    rate = RateLimit(100.0)
    first = worker.begin(1, rate_limit=rate)
    await until(lambda: worker.transport.began == [1])
    second = worker.begin(2, rate_limit=rate, name="second")
    third = worker.begin(3, concurrency=2, rate_limit=RateLimit(50.0), name="third")
    for key_id in (1, 2, 3):
        await until(lambda wanted=key_id: worker.transport.under_way == [wanted])
        worker.transport.release(key_id)
    await asyncio.gather(first, second, third)
    shares = [(share["limits"].max_connections, share["rate_limit"]) for share in worker.made]
    assert shares == [(1, None), (5, rate), (2, RateLimit(50.0))]


async def test_a_cancelled_chunk_has_its_calls_cancelled_and_one_behind_it_never_begins(worker):
    chunk, behind = worker.begin(1, 2), worker.begin(3, name="behind")
    await until(lambda: len(worker.transport.began) == 2)
    cancel_chunk(JOB, "behind", worker)
    cancel_chunk(JOB, "chunk", worker)
    cancel_chunk(JOB, "none", worker)
    cancel_chunk("another job", "chunk", worker)
    for each in (chunk, behind):
        with pytest.raises(asyncio.CancelledError):
            await each
    assert sorted(worker.transport.cut_off) == [1, 2] == worker.transport.began


async def test_a_worker_that_closes_does_not_say_that_what_it_began_was_not_sent(worker):
    chunk = worker.begin(1, 2)
    await until(lambda: len(worker.transport.began) == 2)
    await worker.plugin.teardown(worker)
    with pytest.raises(asyncio.CancelledError):  # for which Dask has another worker send it
        await chunk


async def test_what_is_no_outcome_breaks_the_chunk(worker):
    chunk = worker.begin(1)
    await until(lambda: worker.transport.began == [1])
    worker.transport.release(1, status=RuntimeError("made up"))
    with pytest.raises(RuntimeError, match="made up"):
        await chunk


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ({"base_url": "https://other.invalid"}, "its environment leads to the account .*other.invalid"),
        ({"api_key": "another-made-up-key"}, "its environment leads to the account"),
        ({"api_secret": "made-up-other-secret"}, "another API secret"),
        ({"api_secret": ""}, "api_secret"),
    ],
)
async def test_a_worker_of_another_account_has_a_fault(make_client, account, says):
    worker = Worker(await identity_of(make_client()), **account)
    await worker.plugin.setup(worker)
    fault = fault_of(JOB, worker)
    await worker.plugin.teardown(worker)
    assert re.search(says, fault)
    assert SECRET not in fault
    assert "made-up-other-secret" not in fault


async def test_a_worker_of_another_version_has_a_fault(make_client, monkeypatch):
    worker = Worker(await identity_of(make_client()))
    monkeypatch.setattr(worker_module, "__version__", "0.0.0")
    await worker.plugin.setup(worker)
    await worker.plugin.teardown(worker)
    assert "it has itnio-async 0.0.0" in fault_of(JOB, worker)


def test_a_worker_that_was_not_set_up_yet_has_no_fault():
    worker = type("Worker", (), {"plugins": {}})()
    assert fault_of(JOB, worker) is None


async def test_a_plugin_has_no_secret_in_it(make_client):
    plugin = pickle.dumps(JobPlugin(AsyncClient, await identity_of(make_client())))
    assert SECRET.encode() not in plugin
    assert KEY.encode() not in plugin
    assert (await identity_of(make_client()))._key not in plugin
