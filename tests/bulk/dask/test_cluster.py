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
from support.dask_cluster import ALIVE, Farm, Relay
from support.programs import until, unused_port
from support.trunks import row

from itnio_async import AsyncClient, AuthenticationError, ConfigurationError, ConnectError, ConnectionLost
from itnio_async.api.sip_trunks import UPDATE
from itnio_async.bulk.dask import cluster as cluster_module
from itnio_async.bulk.dask.cluster import Cluster
from itnio_async.bulk.dask.worker import close_desk, exchange, open_desk
from itnio_async.bulk.identity import identity_of
from itnio_async.bulk.job import sending
from itnio_async.bulk.job.job import Ended, Job, JobOptions
from itnio_async.bulk.journal.journal import RowState, read_journal
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.trunks.listing import list_trunks
from itnio_async.cli import main
from itnio_async.cli.spread import client_there
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
    with Sandbox(trunks=TRUNKS, port=farm.sandbox_port) as running:
        running.accounts["sandbox-key"] = SECRET
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
    return Job(client, plan, path, JobOptions(**options), bulk=cluster.bulk)


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


async def test_workers_take_turns_where_both_are_idle(client, over):
    async with await over(concurrency=2) as cluster:
        chosen = [(await cluster._remote_with_room()).address for _ in range(6)]
    assert chosen == chosen[:2] * 3
    assert len(set(chosen)) == ALIVE


# -- workers that are lost --------------------------------------------------------------------------------------------


async def test_a_worker_that_is_killed_leaves_unknown_outcomes_and_nothing_is_sent_twice(sandbox, client, over, pids):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    async with await over(concurrency=20) as cluster:
        lost = cluster.addresses[0]
        outcomes = []
        async for outcome in cluster.bulk(UPDATE, await updates_of(client, sip_prefix="1"), concurrency=20):
            outcomes.append(outcome)
            if len(outcomes) == 50:
                os.kill(pids[lost], signal.SIGKILL)
        assert lost not in cluster.addresses
    assert len(outcomes) == TRUNKS
    failed = [outcome for outcome in outcomes if not outcome.ok]
    assert 0 < len(failed) <= 10
    for outcome in failed:
        assert isinstance(outcome.error, ConnectionLost)
        assert outcome.error.may_have_been_processed
        assert lost in str(outcome.error)
    assert set(sent(sandbox).values()) == {1}


async def test_a_job_goes_on_after_a_worker_was_killed(sandbox, client, over, path, pids, unknown):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    async with await over(concurrency=20) as cluster:
        job = await job_of(client, cluster, path, concurrency=20)
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 60)
        os.kill(pids[cluster.addresses[0]], signal.SIGKILL)
        result = await running
    assert result.ok, result
    assert unknown
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}
    assert {trunk.updates for trunk in sandbox.trunks} == {1}
    assert {key_id for key_id, count in sent(sandbox).items() if count > 1} <= unknown
    assert Counter(kept.state for kept in read_journal(path).rows) == {RowState.DONE: TRUNKS}


async def test_another_worker_takes_the_place_of_one_that_is_killed(sandbox, client, over, path, pids, unknown):
    sandbox.order("wait,seconds=0.01,endpoint=update")
    async with await over(concurrency=1) as cluster:
        (first,) = cluster.addresses
        job = await job_of(client, cluster, path, prefixes()[:30], concurrency=1)
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 10)
        os.kill(pids[first], signal.SIGKILL)
        result = await running
        assert cluster.addresses == tuple(pids.keys() - {first})
    assert result.ok, result
    assert len(unknown) <= 1
    assert {key_id for key_id, count in sent(sandbox).items() if count > 1} <= unknown


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
def desks(monkeypatch):
    """The desks that were opened, in order, as address and order; and how many updates each address got."""
    opened, got = [], Counter()
    call = Cluster._call

    async def spy(self, address, function, *arguments, **more):
        if function is open_desk:
            opened.append((address, arguments[0]))
        if function is exchange:
            (remote,) = [remote for remote in self._remotes if remote.name == arguments[0]]
            got[address] += len(remote.seal.open(arguments[1]))
        return await call(self, address, function, *arguments, **more)

    monkeypatch.setattr(Cluster, "_call", spy)
    return opened, got


@pytest.mark.slow  # a Dask worker takes some seconds to start
async def test_a_worker_that_comes_later_takes_part(farm, sandbox, client, over, path, alone, desks):
    opened, got = desks
    held = sandbox.order("hold,endpoint=update,count=20")
    async with await over(concurrency=20) as cluster:
        assert cluster.addresses == (alone,)
        running = asyncio.create_task((await job_of(client, cluster, path, concurrency=20)).run())
        await held.reached(20)
        farm.complete()
        await until(lambda: len(cluster.addresses) == ALIVE, within=30)
        held.release()
        result = await running
    assert result.ok, result
    assert set(sent(sandbox).values()) == {1}
    assert [order.concurrency for _, order in opened] == [20, 10]
    assert min(got.values()) >= 30  # each has its part of those that were left


@pytest.mark.slow  # a Dask worker takes some seconds to start
async def test_with_a_later_worker_the_parts_of_the_rate_become_smaller(farm, sandbox, client, over, alone, desks):
    opened, _ = desks
    held = sandbox.order("hold,endpoint=update,count=20")
    async with await over(concurrency=20, rate_limit=400) as cluster:
        updates = await updates_of(client, sip_prefix="1")
        running = asyncio.ensure_future(collected(cluster.bulk(UPDATE, updates, concurrency=20)))
        await held.reached(20)
        farm.complete()
        await until(lambda: len(cluster.addresses) == ALIVE, within=30)
        assert [order.rate_limit.calls for _, order in opened] == [400, 200, 200]
        assert [address for address, _ in opened[:2]] == [alone, alone]
        held.release()  # the first desk has them, and gives the answers before it is closed
        outcomes = await running
        await until(lambda: len(cluster._remotes) == ALIVE)
    assert all(outcome.ok for outcome in outcomes)
    assert set(sent(sandbox).values()) == {1}


async def test_without_a_worker_the_job_ends_after_its_patience(sandbox, client, over, path, pids):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    async with await over(concurrency=10) as cluster:
        job = await job_of(client, cluster, path, concurrency=10, patience=0.5)
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 40)
        for pid in pids.values():
            os.kill(pid, signal.SIGKILL)
        result = await running
    assert result.ended is Ended.ERROR
    assert isinstance(result.error, ConnectError)
    assert "no worker left" in str(result.error)
    assert result.counts[RowState.WAITING] + result.counts[RowState.UNKNOWN] + result.counts[RowState.DONE] == TRUNKS
    # The same job without a cluster goes on.
    again = Job(client, make_plan(prefixes(), await list_trunks(client)), path)
    assert (await again.run()).ok
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}


async def test_a_worker_that_hangs_is_given_up(sandbox, client, over, path, pids, unknown, monkeypatch):
    monkeypatch.setattr(cluster_module, "_SILENCE", 1.0)
    sandbox.order("wait,seconds=0.02,endpoint=update")
    async with await over(concurrency=20) as cluster:
        job = await job_of(client, cluster, path, concurrency=20)
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 60)
        hung = pids[cluster.addresses[0]]
        os.kill(hung, signal.SIGSTOP)
        try:
            result = await running
        finally:
            os.kill(hung, signal.SIGKILL)
    assert result.ok, result
    assert {key_id for key_id, count in sent(sandbox).items() if count > 1} <= unknown


@pytest.mark.slow  # Dask's client goes on looking for its scheduler for a while: 5 s
async def test_without_its_scheduler_the_job_ends_and_goes_on_later(farm, sandbox, client, over, path, pids):
    sandbox.order("wait,seconds=0.05,endpoint=update")
    async with await over(concurrency=10) as cluster:
        job = await job_of(client, cluster, path, concurrency=10, patience=0.5)
        running = asyncio.create_task(job.run())
        await until(lambda: sent(sandbox).total() >= 40)
        farm.kill_scheduler()
        result = await running
    assert result.ended is Ended.ERROR
    assert isinstance(result.error, ConnectError)
    again = Job(client, make_plan(prefixes(), await list_trunks(client)), path)
    assert (await again.run()).ok
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {"9"}


async def test_a_desk_that_closed_meanwhile_took_nothing(sandbox, client, over, path, unknown):
    async with await over() as cluster:
        for remote in list(cluster._remotes):  # as they do by themselves while somebody thinks about a question
            await cluster._call(remote.address, close_desk, remote.name)
        result = await (await job_of(client, cluster, path)).run()
        assert len(cluster.addresses) == ALIVE
    assert result.ok, result
    assert not unknown
    assert set(sent(sandbox).values()) == {1}


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


async def test_nothing_that_passes_the_scheduler_says_anything(farm, sandbox, client, over, path):
    import dask

    password, prefix = "made-up-wire-password", "8086421975"
    rows = [row(n, n, sip_password=password, sip_prefix=prefix) for n in range(3, TRUNKS, 4)]
    with dask.config.set({"distributed.comm.compression": None}):
        async with (
            Relay(farm.port) as relay,
            await over(address=f"tcp://127.0.0.1:{relay.port}") as cluster,
        ):
            result = await (await job_of(client, cluster, path, rows)).run()
    assert result.ok, result
    stored = [trunk for trunk in sandbox.trunks if trunk.key_id in {change.key_id for change in rows}]
    assert {trunk.sip_password for trunk in stored} == {password}
    assert b"exchange" in relay.seen  # it was looked at
    for text in (SECRET, "sandbox-key", password, prefix, "made-up-password", stored[0].sip_trunk_name):
        assert text.encode() not in relay.seen
        assert text not in farm.log.read_text()


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
    with pytest.raises(ConfigurationError, match="no address of a Dask scheduler"):
        async with Cluster.open("nonsense://x", await identity_of(client)):
            pass


async def test_no_worker(client, tmp_path):
    from distributed import Scheduler

    async with Scheduler(host="127.0.0.1", port=0, dashboard=False, dashboard_address="127.0.0.1:0") as scheduler:
        with pytest.raises(ConnectError, match="has no workers"):
            async with Cluster.open(scheduler.address, await identity_of(client)):
                pass


@pytest.mark.parametrize("missing", ["distributed", "cryptography.fernet"])
def test_without_the_extra_the_command_names_it(sandbox, monkeypatch, capsys, tmp_path, missing, farm):
    monkeypatch.setitem(sys.modules, missing, None)
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
    apply = ("apply", str(file), "--journal", str(tmp_path / "job.journal"))

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


async def test_the_way_back(sandbox, command, tmp_path):
    await told(await command())
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
        async with client_there(name, False, 3.0, rate_limit=5.0) as client:
            return (await identity_of(client)).host

    assert asyncio.run(host("berlin")) == "berlin.invalid"
    monkeypatch.setattr(type(sys.stdin), "isatty", lambda self: True, raising=False)
    with pytest.raises(ConfigurationError, match="ITNIO_API_KEY"):
        asyncio.run(host(None))
