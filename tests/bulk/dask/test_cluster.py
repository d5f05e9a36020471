"""Jobs over a Dask cluster: a real scheduler and two workers, each a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from support.certificates import authority, issued, write_certificate
from support.dask_cluster import ALIVE, Farm, cluster_at, own_address
from support.programs import until, unused_port
from support.trunks import row

from itnio_async import AsyncClient, AuthenticationError, ConfigurationError, ConnectError, ConnectionLost
from itnio_async.api.sip_trunks import UPDATE
from itnio_async.bulk.dask import cluster as cluster_module
from itnio_async.bulk.dask.cluster import Cluster
from itnio_async.bulk.identity import identity_of
from itnio_async.bulk.job import sending
from itnio_async.bulk.job.job import Ended, Job, JobOptions
from itnio_async.bulk.journal.journal import RowState, read_journal
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.cli import main
from itnio_async.cli.trunks.cluster import worker_client
from itnio_async.config import RateLimit
from itnio_async.sandbox import Sandbox

TRUNKS = 200
SECRET = "made-up-secret-of-the-cluster"


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    # The workers keep their environment, and so every test's sandbox listens where the first one did.
    port = unused_port()
    environment = {
        "ITNIO_API_KEY": "sandbox-key",
        "ITNIO_API_SECRET": SECRET,
        "ITNIO_BASE_URL": f"http://127.0.0.1:{port}",
    }
    farm = Farm(tmp_path_factory.mktemp("dask"), environment)
    farm.sandbox_port = port
    farm.complete()
    yield farm
    farm.close()


@pytest.fixture
def sandbox(farm):
    with Sandbox(trunks=TRUNKS, port=farm.sandbox_port, api_key="sandbox-key", api_secret=SECRET) as running:
        yield running


@pytest.fixture
async def client(sandbox):
    async with AsyncClient(sandbox.api_key, SECRET, base_url=sandbox.url) as client:
        yield client


@pytest.fixture
async def pids(farm):
    """The workers' processes by address; both are there."""
    from distributed import Client

    farm.complete()
    async with Client(farm.address, asynchronous=True, set_as_default=False, timeout=30) as dask:
        async with asyncio.timeout(30):
            while len(found := await dask.run(os.getpid)) != ALIVE:  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.05)
    return found


@pytest.fixture
def over(farm, client, pids):
    """Opens the cluster for the client's account."""

    async def open_(**options):
        return Cluster.open(options.pop("address", farm.address), await identity_of(client), **options)

    return open_


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.journal"


def prefixes(value="9"):
    return [row(n + 1, n, sip_prefix=value) for n in range(1, TRUNKS + 1)]


async def job_of(client, cluster, path, rows=None, **options):
    plan = make_plan(rows or prefixes(), await list_trunks(client))
    return Job(client, plan, path, JobOptions(**{"rate_limit": None} | options), bulk=cluster.bulk)


async def updates_of(client, **changes):
    return [trunk.to_update(**changes) for trunk in await list_trunks(client)]


async def collected(run):
    return [outcome async for outcome in run]


def sent(sandbox):
    """How often each trunk was to be updated."""
    return Counter(request.key_id for request in sandbox.requests if request.path.endswith("/update"))


@pytest.fixture
def unknown(monkeypatch):
    """The key ids of the updates whose outcome a job did not know."""
    found = set()
    result_of = sending.result_of

    def spy(outcome, **more):
        result = result_of(outcome, **more)
        if result.state is RowState.UNKNOWN:
            found.add(outcome.request.key_id)
        return result

    monkeypatch.setattr(sending, "result_of", spy)
    return found


# -- in the ordinary run ----------------------------------------------------------------------------------------------


async def test_names_are_exchanged_by_way_of_a_temporary_one(sandbox, client, over, path):
    rows = [row(1, 1, sip_trunk_name="trunk00002"), row(2, 2, sip_trunk_name="trunk00001")]
    plan = make_plan(rows, await list_trunks(client), allow_swap_names=True)
    async with await over() as cluster:
        result = await Job(client, plan, path, JobOptions(rate_limit=None), bulk=cluster.bulk).run()
    assert result.ok, result
    assert [sandbox.trunk(n).sip_trunk_name for n in (1, 2)] == ["trunk00002", "trunk00001"]
    assert sent(sandbox) == {1: 2, 2: 1}


async def test_every_row_is_done_once_and_each_worker_has_its_part(sandbox, client, over, path, pids):
    told = []
    async with await over() as cluster:
        assert set(cluster.addresses) == set(pids)
        job = await job_of(client, cluster, path)
        job._meter._tell = told.append
        result = await job.run()
    assert result.ok, result
    assert set(sent(sandbox).values()) == {1}
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}
    assert {kept.result.attempts for kept in read_journal(path).rows} == {1}
    assert (told[-1].done, told[-1].total) == (TRUNKS, TRUNKS)
    assert len(told) > 1


async def test_updates_go_in_the_order_of_what_they_need(sandbox, client, over, path):
    chain = 12
    rows = [row(n, n, sip_trunk_name=f"trunk{n + 1:05d}") for n in range(1, chain)]
    rows += [row(chain, chain, sip_trunk_name="free")]
    async with await over() as cluster:
        result = await (await job_of(client, cluster, path, rows)).run()
    assert result.ok
    assert list(sent(sandbox)) == list(range(chain, 0, -1))


async def test_refusals_are_outcomes_of_their_rows(sandbox, client, over):
    sandbox.order("minus58,endpoint=update,key_id=7")
    sandbox.order("minus18,endpoint=update,key_id=8,count=1")
    async with await over() as cluster:
        run = cluster.bulk(UPDATE, await updates_of(client, sip_prefix="1"), ordered=True)
        outcomes = [outcome async for outcome in run]
    assert [outcome.index for outcome in outcomes] == list(range(TRUNKS))
    assert [(o.request.key_id, o.error.code) for o in outcomes if not o.ok] == [(7, -58)]
    assert [o.request.key_id for o in outcomes if o.attempts == 2] == [8]
    assert outcomes[0].response.status == 0


async def test_the_rate_is_shared_out(sandbox, client, over):
    rate, count = 40, 120
    sandbox.order("minus18,endpoint=update,count=10")  # repeats count too
    async with await over(rate_limit=rate) as cluster:
        updates = (await updates_of(client))[:count]
        began = time.monotonic()
        outcomes = [outcome async for outcome in cluster.bulk(UPDATE, updates)]
        took = time.monotonic() - began
    assert all(outcome.ok for outcome in outcomes)
    # A full second's calls go at once, as from one process.
    assert took > (count + 10 - rate) / rate * 0.95
    ats = sorted(request.at for request in sandbox.requests if request.path.endswith("/update"))
    assert max(sum(at <= other < at + 1 for other in ats) for at in ats) <= 2 * rate + ALIVE


async def test_an_outcome_has_the_time_of_its_call_and_comes_soon_after_its_chunk(sandbox, client, over):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    async with await over(concurrency=4) as cluster:
        async for outcome in cluster.bulk(UPDATE, await updates_of(client), concurrency=4):
            arrived = time.time()
            assert 0.05 <= outcome.elapsed < 1
    last = max(request.at for request in sandbox.requests if request.path.endswith("/update"))
    assert arrived - last < 0.05 + 0.25  # the wait itself, and far more than the journey takes on a machine at rest


# -- workers that are lost --------------------------------------------------------------------------------------------


async def test_the_chunk_of_a_worker_that_is_killed_runs_again(sandbox, client, over, pids):
    held = sandbox.order("hold,endpoint=update,count=20")
    async with await over(concurrency=20) as cluster:
        lost = cluster.addresses[0]
        updates = await updates_of(client, sip_prefix="1")
        running = asyncio.ensure_future(collected(cluster.bulk(UPDATE, updates, concurrency=20)))
        await held.reached(20)
        os.kill(pids[lost], signal.SIGKILL)
        await until(lambda: lost not in cluster.addresses)
        assert cluster.lost == (lost,)
        held.release()
        outcomes = await running
    assert sorted(outcome.index for outcome in outcomes) == list(range(TRUNKS))
    assert all(outcome.ok for outcome in outcomes)
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"1"}
    assert Counter(sent(sandbox).values()) == {1: TRUNKS - 10, 2: 10}


async def test_a_job_goes_on_after_a_worker_was_killed(sandbox, client, over, path, pids, unknown):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    async with await over(concurrency=20) as cluster:
        job = await job_of(client, cluster, path, concurrency=20)
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 60)
        os.kill(pids[cluster.addresses[0]], signal.SIGKILL)
        result = await running
    assert result.ok, result
    assert not unknown
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}
    assert Counter(kept.state for kept in read_journal(path).rows) == {RowState.DONE: TRUNKS}


async def test_nothing_is_done_in_the_journal_that_is_not_at_the_vendor(sandbox, client, over, path, pids):
    sandbox.order("wait,seconds=0.02,endpoint=update")
    async with await over(concurrency=20) as cluster:
        running = asyncio.create_task((await job_of(client, cluster, path, concurrency=20)).run())
        await until(lambda: sent(sandbox).total() >= 30)
        os.kill(pids[cluster.addresses[-1]], signal.SIGKILL)
        looks = 0
        while not running.done():
            done = {kept.key_id for kept in read_journal(path).rows if kept.state is RowState.DONE}
            assert done <= {trunk.key_id for trunk in sandbox.trunks if trunk.sip_prefix == "9"}
            looks += 1
            await asyncio.sleep(0.02)
        assert (await running).ok
    assert looks > 3


async def test_another_worker_takes_the_place_of_one_that_is_killed(sandbox, client, over, path, pids):
    sandbox.order("wait,seconds=0.01,endpoint=update")
    async with await over(concurrency=1) as cluster:
        (first,) = cluster.addresses
        job = await job_of(client, cluster, path, prefixes()[:30], concurrency=1)
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 10)
        os.kill(pids[first], signal.SIGKILL)
        result = await running
        await until(lambda: cluster.addresses == tuple(pids.keys() - {first}))
    assert result.ok, result
    assert len(sent(sandbox)) == 30


@pytest.fixture
async def alone(farm, pids):
    """The only worker that there is; `farm.complete` starts the other one again."""
    from distributed import Client

    first, other = pids
    os.kill(pids[other], signal.SIGKILL)
    async with Client(farm.address, asynchronous=True, set_as_default=False, timeout=30) as dask:
        async with asyncio.timeout(30):
            while other in await dask.nthreads():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    return first


@pytest.fixture
def chunks(monkeypatch):
    """What the worker of each chunk was told: updates, calls at once, and rate."""
    told = []
    send = Cluster.send

    async def spy(self, updates, concurrency, rules):
        workers = len(self._fit)
        outcomes = await send(self, updates, concurrency, rules)
        told.append((len(updates), concurrency, self._rate and self._rate.calls / workers))
        return outcomes

    monkeypatch.setattr(Cluster, "send", spy)
    return told


@pytest.mark.slow  # a Dask worker takes some seconds to start
async def test_a_worker_that_comes_later_takes_part(farm, sandbox, client, over, path, alone, chunks):
    held = sandbox.order("hold,endpoint=update,count=20")
    async with await over(concurrency=20, rate_limit=400) as cluster:
        assert cluster.addresses == (alone,)
        running = asyncio.create_task((await job_of(client, cluster, path, concurrency=20)).run())
        await held.reached(20)
        farm.complete()
        await until(lambda: len(cluster.addresses) == ALIVE, within=30)
        held.release()
        result = await running
        job = cluster._job
        shares = await cluster._dask.run(lambda dask_worker: dask_worker.plugins[job]._share)
    assert result.ok, result
    assert set(sent(sandbox).values()) == {1}
    assert chunks[0] == (20, 20, 400)
    assert {(concurrency, rate) for _, concurrency, rate in chunks[1:]} == {(10, 200)}
    assert set(shares.values()) == {(10, RateLimit(200.0))}  # both had chunks: it is (1, None) before


def assert_nobody_was_left(result):
    assert result.ended is Ended.ERROR
    # What a worker had may be noticed as lost before or after the patience of what waits for one.
    assert isinstance(result.error, ConnectError | ConnectionLost)


async def test_without_a_worker_the_job_ends_after_its_patience(sandbox, client, over, path, pids):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    async with await over(concurrency=10) as cluster:
        job = await job_of(client, cluster, path, concurrency=10, patience=0.5, rate_limit="auto")
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 40)
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        result = await running
    assert_nobody_was_left(result)
    assert str(result.error).endswith(": no worker is left in the Dask cluster that may send it.")
    assert result.counts[RowState.WAITING] + result.counts[RowState.UNKNOWN] + result.counts[RowState.DONE] == TRUNKS
    # The same job without a cluster goes on.
    again = Job(client, make_plan(prefixes(), await list_trunks(client)), path)
    assert (await again.run()).ok
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}


@pytest.mark.slow  # Dask's client goes on looking for its scheduler for a while: 5 s
async def test_without_its_scheduler_the_job_ends_and_goes_on_later(farm, sandbox, client, over, path, pids):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    async with await over(concurrency=10) as cluster:
        job = await job_of(client, cluster, path, concurrency=10, patience=0.5, rate_limit="auto")
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 40)
        farm.kill_scheduler()
        result = await running
    assert_nobody_was_left(result)
    again = Job(client, make_plan(prefixes(), await list_trunks(client)), path)
    assert (await again.run()).ok
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}


# -- stopping ---------------------------------------------------------------------------------------------------------


async def test_a_stop_begins_nothing_more(sandbox, client, over, path):
    sandbox.order("wait,seconds=0.02,endpoint=update")
    async with await over(concurrency=10) as cluster:
        job = await job_of(client, cluster, path, concurrency=10)
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 30)
        job.stop()
        result = await running
        count = sent(sandbox).total()
    assert result.ended is Ended.STOPPED
    assert result.counts == {RowState.DONE: count, RowState.WAITING: TRUNKS - count}
    assert sent(sandbox).total() == count


async def test_a_stop_at_once_cuts_the_calls_off_in_the_workers_too(sandbox, client, over, path):
    held = sandbox.order("hold,endpoint=update")
    async with await over(concurrency=10) as cluster:
        job = await job_of(client, cluster, path, concurrency=10)
        running = asyncio.create_task(job.run())
        await held.reached(10)
        job.stop_now()
        result = await running
    assert result.ended is Ended.CUT_OFF
    assert result.counts == {RowState.UNKNOWN: 10, RowState.WAITING: TRUNKS - 10}
    held.cancel()
    held.release()
    async with await over() as cluster:
        result = await (await job_of(client, cluster, path)).run()
    assert result.ok
    assert len(sent(sandbox)) == TRUNKS


@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("minus1,endpoint=update", {}, AuthenticationError),
        ("minus58,endpoint=update", {"max_failures": 5}, Exception),
    ],
    ids=["key refused", "refusals in a row"],
)
async def test_what_ends_a_run_ends_it_in_all_workers(sandbox, client, over, path, fault, options, kind):
    sandbox.order(fault)
    async with await over(concurrency=4) as cluster:
        result = await (await job_of(client, cluster, path, concurrency=4, **options)).run()
    assert result.ended is Ended.ERROR
    assert isinstance(result.error, kind)
    assert 1 <= sent(sandbox).total() <= 16
    assert result.counts[RowState.WAITING] >= TRUNKS - 16


# -- secrets ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(sandbox, monkeypatch):
    """The account in the environment, for workers in this very process."""
    for name, value in (("API_KEY", sandbox.api_key), ("API_SECRET", SECRET), ("BASE_URL", sandbox.url)):
        monkeypatch.setenv(f"ITNIO_{name}", value)


@pytest.fixture
def tls(tmp_path):
    """TLS in Dask's configuration, for all three kinds of processes."""
    import dask

    files = write_certificate(issued(own_address()), tmp_path)
    authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    settings = {"ca-file": tmp_path / "ca.pem"}
    for who in ("scheduler", "worker", "client"):
        settings |= {f"{who}.cert": files.certificate, f"{who}.key": files.key}
    with dask.config.set({f"distributed.comm.tls.{name}": str(value) for name, value in settings.items()}):
        yield


PASSWORD = "made-up-wire-password"


async def test_with_tls_passwords_go_to_other_machines(sandbox, client, path, account, tls):
    rows = [row(n, n, sip_password=PASSWORD) for n in range(3, 40, 4)]
    async with (
        cluster_at(own_address(), "tls") as scheduler,
        Cluster.open(scheduler.address, await identity_of(client)) as cluster,
    ):
        assert cluster.addresses[0].startswith("tls://")
        result = await (await job_of(client, cluster, path, rows)).run()
    assert result.ok, result
    assert {trunk.sip_password for trunk in sandbox.trunks if trunk.key_id in range(3, 40, 4)} == {PASSWORD}


async def test_with_tls_but_without_certificates_the_configuration_is_named(client, account, tls):
    import dask

    async with cluster_at(own_address(), "tls") as scheduler:
        with (
            dask.config.set({"distributed.comm.tls.ca-file": None}),
            pytest.raises(ConfigurationError, match="TLS configuration"),
        ):
            async with Cluster.open(scheduler.address, await identity_of(client)):
                pass


@pytest.mark.parametrize("where", ["scheduler and worker", "worker alone"])
async def test_without_tls_passwords_go_to_no_other_machine(sandbox, client, path, account, where):
    rows = [row(n + 1, n, sip_password=PASSWORD) for n in range(3, 40, 4)]
    here = "127.0.0.1" if where == "worker alone" else own_address()
    async with (
        cluster_at(here, workers_at=own_address()) as scheduler,
        Cluster.open(scheduler.address, await identity_of(client)) as cluster,
    ):
        result = await (await job_of(client, cluster, path, rows)).run()
        with pytest.raises(ConfigurationError, match="has a password") as caught:
            cluster.bulk(UPDATE, await updates_of(client))  # the listing has some
    assert result.ended is Ended.ERROR
    assert isinstance(result.error, ConfigurationError)
    assert "distributed.comm.tls" in str(result.error)
    assert result.counts == {RowState.WAITING: len(rows)}
    assert not sent(sandbox)
    assert PASSWORD not in f"{result.error} {caught.value}"


async def test_without_tls_updates_without_a_password_go_anywhere(sandbox, client, path, account):
    rows = [row(n + 1, n, sip_prefix="9") for n in range(1, 40) if n % 4 != 3]
    assert not any(trunk.sip_password for trunk in sandbox.trunks if trunk.key_id in {each.key_id for each in rows})
    async with (
        cluster_at(own_address()) as scheduler,
        Cluster.open(scheduler.address, await identity_of(client)) as cluster,
    ):
        result = await (await job_of(client, cluster, path, rows)).run()
    assert result.ok, result


async def test_a_file_with_one_password_ends_at_its_row(sandbox, client, path, account):
    """Where nothing tells before which update has one: those before it may be done, and none is lost."""
    plain = [row(n + 1, n, sip_prefix="9") for n in range(1, 40) if n % 4 != 3]
    rows = [*plain, row(99, 99, sip_password=PASSWORD)]
    async with (
        cluster_at(own_address()) as scheduler,
        Cluster.open(scheduler.address, await identity_of(client)) as cluster,
    ):
        result = await (await job_of(client, cluster, path, rows)).run()
    assert isinstance(result.error, ConfigurationError)
    assert 99 not in sent(sandbox)
    assert result.counts[RowState.DONE] == len(sent(sandbox))
    assert result.counts[RowState.WAITING] == len(rows) - len(sent(sandbox))


async def test_what_goes_to_the_cluster_has_no_secret_of_the_account(farm, sandbox, client, over, path):
    result = None
    async with await over() as cluster:
        result = await (await job_of(client, cluster, path)).run()
    assert result.ok
    text = farm.log.read_text()
    for secret in (SECRET, "made-up-password", "sandbox-key"):
        assert secret not in text


@pytest.mark.parametrize(
    ("key", "secret", "says"),
    [
        ("sandbox-key", "made-up-other-secret", "another API secret"),
        ("other-made-up-key", SECRET, "leads to the account"),
    ],
)
async def test_workers_of_another_account_are_refused(farm, sandbox, pids, key, secret, says):
    async with AsyncClient(key, secret, base_url=sandbox.url) as client:
        with pytest.raises(ConfigurationError, match=rf"worker tcp://127\.0\.0\.1:\d+ cannot take part: .*{says}"):
            async with Cluster.open(farm.address, await identity_of(client)):
                pass
    assert not sandbox.requests
    text = farm.log.read_text()
    assert SECRET not in text
    assert secret not in text


# -- what is not there ------------------------------------------------------------------------------------------------


async def test_no_scheduler(client, monkeypatch):
    monkeypatch.setattr(cluster_module, "_CONNECT", 0.3)
    with pytest.raises(ConnectError, match="No Dask scheduler answers at tcp://127"):
        async with Cluster.open(f"tcp://127.0.0.1:{unused_port()}", await identity_of(client)):
            pass


async def test_no_address(client):
    with pytest.raises(ConfigurationError, match="cannot be used as a Dask scheduler's address"):
        async with Cluster.open("nonsense://x", await identity_of(client)):
            pass


async def test_no_worker(client, tmp_path):
    from distributed import Scheduler

    async with Scheduler(host="127.0.0.1", port=0, dashboard=False, dashboard_address="127.0.0.1:0") as scheduler:
        with pytest.raises(ConnectError, match="has no workers"):
            async with Cluster.open(scheduler.address, await identity_of(client)):
                pass


def test_without_the_extra_the_command_names_it(sandbox, monkeypatch, capsys, tmp_path, farm):
    monkeypatch.setitem(sys.modules, "distributed", None)
    for name, value in (("API_KEY", sandbox.api_key), ("API_SECRET", SECRET), ("BASE_URL", sandbox.url)):
        monkeypatch.setenv(f"ITNIO_{name}", value)
    file = tmp_path / "trunks.csv"
    file.write_text("key_id,sip_prefix\n1,9\n")
    journal = str(tmp_path / "job.journal")
    assert main(["trunks", "apply", str(file), "--yes", "--journal", journal, "--dask", farm.address]) == 1
    assert "pip install 'itnio-async[dask]'" in capsys.readouterr().err
    assert not sent(sandbox)


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(farm, sandbox, tmp_path, pids):
    """Starts `itnio trunks apply` (or another job) over the cluster, for a file that gives every trunk a prefix."""
    file = tmp_path / "trunks.csv"
    file.write_text("key_id,sip_prefix\n" + "".join(f"{n},9\n" for n in range(1, TRUNKS + 1)))
    account = {"API_KEY": sandbox.api_key, "API_SECRET": SECRET, "BASE_URL": sandbox.url}
    apply = ("apply", str(file), "--journal", str(tmp_path / "job.journal"), "--rate", "none")

    async def start(*more, job=apply):
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "itnio_async", "trunks", *job, "--yes", "--dask", farm.address, *more),
            env={**os.environ, **{f"ITNIO_{name}": value for name, value in account.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return start


async def told(process):
    return [text.decode() for text in await process.communicate()]


async def test_the_command(sandbox, command):
    process = await command()
    out, err = await told(process)
    assert process.returncode == 0, err
    assert "2 Dask workers at" in err
    assert "200 of 200" in err
    assert set(sent(sandbox).values()) == {1}
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}
    for text in (SECRET, "Traceback", "Warning", "distributed"):
        assert text not in out + err


async def test_the_command_says_that_a_worker_was_lost(sandbox, command, pids):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    process = await command("--concurrency", "10")
    await until(lambda: sent(sandbox).total() >= 30)
    lost, pid = next(iter(pids.items()))
    os.kill(pid, signal.SIGKILL)
    _, err = await told(process)
    assert process.returncode == 0, err
    assert f"The Dask worker {lost} was lost: its updates may have been sent twice, which changes nothing." in err
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}


async def test_the_command_cuts_off_at_a_second_ctrl_c(sandbox, command, tmp_path):
    held = sandbox.order("hold,endpoint=update")
    process = await command("--concurrency", "10")
    await held.reached(10)
    process.send_signal(signal.SIGINT)
    await process.stderr.readuntil(b"Press Ctrl-C again")
    process.send_signal(signal.SIGINT)
    _, err = await told(process)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert Counter(kept.state for kept in read_journal(tmp_path / "job.journal").rows) == {
        RowState.UNKNOWN: 10,
        RowState.WAITING: TRUNKS - 10,
    }


async def test_the_way_back(sandbox, command, tmp_path):
    there = await command()
    _, err = await told(there)
    assert there.returncode == 0, err
    back = ("undo", str(tmp_path / "job.journal"), "--journal", str(tmp_path / "undo.journal"))
    process = await command("--json", job=back)
    out, err = await told(process)
    assert process.returncode == 0, err
    assert "2 Dask workers at" in err
    assert json.loads(out.splitlines()[-1])["counts"]["done"] == TRUNKS
    assert {trunk.sip_prefix or None for trunk in sandbox.trunks} == {None}
    assert set(sent(sandbox).values()) == {2}


async def test_the_command_stops_at_ctrl_c(sandbox, command):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    process = await command("--concurrency", "10")
    await until(lambda: sent(sandbox).total() >= 30)
    process.send_signal(signal.SIGINT)
    _, err = await told(process)
    count = sent(sandbox).total()
    assert (process.returncode, count < TRUNKS) == (130, True), err
    assert "Traceback" not in err
    assert sum(trunk.updates for trunk in sandbox.trunks) == count


@pytest.mark.slow  # the command loads Dask twice: 6 s
async def test_the_command_killed_goes_on_where_it_ended(sandbox, command, tmp_path):
    sandbox.order("wait,seconds=0.03,endpoint=update")
    process = await command("--concurrency", "20")
    await until(lambda: sent(sandbox).total() >= 60)
    process.kill()
    await process.communicate()
    rows = read_journal(tmp_path / "job.journal").rows
    claimed = {kept.key_id for kept in rows if kept.state is RowState.UNKNOWN}
    process = await command()
    _, err = await told(process)
    assert process.returncode == 0, err
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}
    assert {key_id for key_id, count in sent(sandbox).items() if count > 1} <= claimed
    assert Counter(kept.state for kept in read_journal(tmp_path / "job.journal").rows) == {RowState.DONE: TRUNKS}


def test_workers_take_a_profile_of_their_own_machine_and_ask_nobody(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "itnio").mkdir()
    profile = (
        '[berlin]\napi_key_variable = "B_KEY"\napi_secret_variable = "B_SECRET"\nbase_url = "https://berlin.invalid"\n'
    )
    (tmp_path / "itnio" / "profiles.toml").write_text(profile)
    monkeypatch.setenv("B_KEY", "made-up-key")
    monkeypatch.setenv("B_SECRET", SECRET)

    async def host(name):
        async with worker_client(name, False, 3.0, rate_limit=5.0) as client:
            return (await identity_of(client)).host

    assert asyncio.run(host("berlin")) == "berlin.invalid"
    monkeypatch.setattr(type(sys.stdin), "isatty", lambda self: True, raising=False)
    with pytest.raises(ConfigurationError, match="ITNIO_API_KEY"):
        asyncio.run(host(None))
