"""Its lifetime, its arguments, what is stored, and what is said where the extra is missing."""

import asyncio
import logging
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.asking import QUERY, UPDATE, ask, headers_for, replacement

from itnio_async import AsyncClient, ConfigurationError, Credentials, SigningTransport
from itnio_async.sandbox import Sandbox

PAGE = {"current": 1, "size": 10, "params": {}}


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


# Lifetime.


def test_it_listens_inside_the_context_and_leaves_nothing_behind():
    threads = threading.active_count()
    with Sandbox() as sandbox:
        assert listening(sandbox.port)
        assert repr(sandbox) == f"<Sandbox http://127.0.0.1:{sandbox.port}>"
    assert not listening(sandbox.port)
    assert threading.active_count() == threads
    assert repr(sandbox) == "<Sandbox, not running>"


async def test_open_connections_do_not_delay_the_end():
    async with Sandbox(trunks=1) as sandbox:
        client = httpx.AsyncClient(base_url=sandbox.url, trust_env=False)
        response = await client.post(QUERY, json=PAGE, headers=headers_for(sandbox))
        assert response.json()["status"] == 0
        assert (sandbox.connections, sandbox.connections_open) == (1, 1)
        half_sent = socket.create_connection(("127.0.0.1", sandbox.port))
        half_sent.sendall(b"POST " + QUERY.encode() + b" HTTP/1.1\r\n")
        started = time.perf_counter()
    assert time.perf_counter() - started < 1
    half_sent.close()
    await client.aclose()


@pytest.mark.parametrize("client_is_frozen", [False, True])
@pytest.mark.parametrize("sandbox_is_frozen", [False, True])
async def test_client_and_sandbox_have_the_same_clock_where_a_test_freezes_time(
    monkeypatch, client_is_frozen, sandbox_is_frozen
):
    """Whether they are made before that or after it; what freezes time puts a function of its own there."""

    def made(*, frozen, make):
        with monkeypatch.context() as patched:
            if frozen:
                patched.setattr(time, "time", lambda: 1_577_836_800.0)
            return make()

    sandbox = made(frozen=sandbox_is_frozen, make=lambda: Sandbox(trunks=3))
    with sandbox:
        pair = Credentials(sandbox.api_key, sandbox.api_secret)
        client = made(frozen=client_is_frozen, make=lambda: AsyncClient(credentials=pair, base_url=sandbox.url))
        signing = made(frozen=client_is_frozen, make=lambda: SigningTransport(httpx.AsyncHTTPTransport(), pair))
        async with client, httpx.AsyncClient(transport=signing, base_url=sandbox.url) as plain:
            for now in (1_577_836_800.0, 1_777_836_800.0):
                monkeypatch.setattr(time, "time", lambda now=now: now)
                assert (await client.sip_trunks.list()).total == 3
                assert (await plain.post(QUERY, json=PAGE)).json()["status"] == 0


async def test_a_restart_ends_connections_and_keeps_address_and_data(sandbox):
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as client:

        async def rename(name):
            body = replacement(sandbox.trunk(1), sipTrunkName=name)
            return await client.post(UPDATE, json=body, headers=headers_for(sandbox))

        await rename("before")
        url = sandbox.url
        await sandbox.restart()
        assert sandbox.url == url
        assert sandbox.trunk(1).sip_trunk_name == "before"
        await rename("after")
    assert sandbox.trunk(1).sip_trunk_name == "after"
    assert sandbox.connections == 2


def test_while_it_is_stopped_nobody_listens_and_the_data_can_be_read(sandbox):
    sandbox.stop()
    sandbox.stop()
    assert not listening(sandbox.port)
    assert len(sandbox.trunks) == 6
    sandbox.start()
    sandbox.start()
    assert listening(sandbox.port)


def test_it_outlives_the_loops_of_its_users(sandbox):
    # In a thread: asyncio.run would take the loop of the tests' own plugin away.
    with ThreadPoolExecutor(1) as thread:
        for _ in range(2):
            assert thread.submit(asyncio.run, ask(sandbox, QUERY, PAGE)).result().status_code == 200


async def test_a_blocked_loop_does_not_block_it(sandbox):
    # Called from the loop's own thread, which it keeps from everything else meanwhile.
    with httpx.Client(trust_env=False) as client:
        response = client.post(sandbox.url + QUERY, json=PAGE, headers=headers_for(sandbox))  # noqa: ASYNC212
    assert response.json()["status"] == 0


async def test_idle_connections_end_after_keep_alive():
    async with Sandbox(keep_alive=0.05) as sandbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
        writer.write(f"GET {QUERY} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        assert b"405" in await asyncio.wait_for(reader.read(), 5)
        writer.close()


def test_a_start_that_fails_leaves_nothing_behind(monkeypatch):
    def fail(config):
        raise RuntimeError("no protocol")

    threads = threading.active_count()
    with monkeypatch.context() as patched:
        patched.setattr("uvicorn.Config.load", fail)
        with pytest.raises(RuntimeError, match="no protocol"), Sandbox(trunks=1):
            pytest.fail("it started")
    assert threading.active_count() == threads
    with Sandbox(trunks=1) as sandbox:
        assert listening(sandbox.port)


def test_data_in_memory_is_gone_afterwards_and_says_so():
    with Sandbox(trunks=1) as sandbox:
        pass
    with pytest.raises(ConfigurationError, match="inside the `with`"):
        _ = sandbox.trunks
    assert sandbox.requests == []


def test_the_port_is_known_only_once_it_runs():
    with pytest.raises(ConfigurationError, match="no port yet"):
        _ = Sandbox().url


async def test_a_test_can_wait_for_requests(sandbox):
    waiting = asyncio.create_task(sandbox.requested(2))
    await ask(sandbox, QUERY, PAGE)
    assert not waiting.done()
    await ask(sandbox, QUERY, PAGE)
    await waiting
    with pytest.raises(TimeoutError):
        await sandbox.requested(3, timeout=0.01)
    await ask(sandbox, QUERY, PAGE)


async def test_nothing_is_logged_in_normal_work(caplog):
    caplog.set_level(logging.DEBUG)
    async with Sandbox(trunks=1) as sandbox:
        await ask(sandbox, UPDATE, replacement(sandbox.trunk(1)))
        await ask(sandbox, "/nowhere", {})
    # What the tests' own side logs does not matter here.
    assert {record.name.partition(".")[0] for record in caplog.records} <= {"asyncio", "httpx", "httpcore"}


async def test_what_is_not_http_is_refused_in_quiet(sandbox, capfd):
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    writer.write(b"\x16\x03\x01 hello\r\n\r\n")
    assert b" 400 " in await reader.read()
    writer.close()
    assert capfd.readouterr() == ("", "")


# Arguments.


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"trunks": -1}, "trunks"),
        ({"trunks": True}, "trunks"),
        ({"trunks": "5"}, "trunks"),
        ({"trunks": 1_000_001}, "trunks"),
        ({"port": -1}, "port"),
        ({"port": 65536}, "port"),
        ({"port": "8787"}, "port"),
        ({"port": None}, "port"),
        ({"state": 5}, "state"),
        ({"state": ""}, "state"),
        ({"state": b"file"}, "state"),
        ({"state": ":memory:"}, "state"),
        ({"window": 0}, "window"),
        ({"window": True}, "window"),
        ({"window": float("nan")}, "window"),
        ({"window": "300"}, "window"),
        ({"strict": 1}, "strict"),
        ({"allowed_addresses": "127.0.0.1"}, "allowed_addresses"),
        ({"allowed_addresses": 5}, "allowed_addresses"),
        ({"log": 5}, "log"),
        ({"keep_alive": 0}, "keep_alive"),
    ],
)
def test_a_wrong_argument_is_named(arguments, named):
    with pytest.raises(ConfigurationError, match=f"^{named} must be "):
        Sandbox(**arguments)


def test_a_port_in_use_is_named(sandbox, tmp_path):
    with (
        pytest.raises(ConfigurationError, match=f"port {sandbox.port} is in use; give another"),
        Sandbox(port=sandbox.port, log=tmp_path / "log"),
    ):
        pytest.fail("it started")
    assert listening(sandbox.port)


def test_a_chosen_port_is_used_and_can_be_used_again(sandbox):
    port = sandbox.port
    sandbox.close()
    for _ in range(2):
        with Sandbox(port=port) as again:
            assert again.url == f"http://127.0.0.1:{port}"
            assert listening(port)


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^log "), Sandbox(log=tmp_path):
        pytest.fail("it started")


# What is stored.


def test_passwords_are_not_in_a_repr(sandbox):
    assert sandbox.trunk(3).sip_password == "made-up-password-3"
    assert "made-up-password" not in repr(sandbox.trunks)


def test_an_unknown_trunk_is_a_lookup_error(sandbox):
    with pytest.raises(LookupError, match="4711"):
        sandbox.trunk(4711)


def test_groups_tell_what_they_are_bound_to(sandbox):
    bound = {group.voice_group_id: group.bound_to for group in sandbox.agent_groups}
    assert bound[2_000_004] == (4,)
    assert bound[1_000_026] == ()


# Packaging.


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)


def test_importing_the_package_loads_neither_starlette_nor_uvicorn():
    loaded = run("import sys, itnio_async; print([n for n in ('starlette', 'uvicorn', 'sqlite3') if n in sys.modules])")
    assert loaded.stdout == "[]\n", loaded.stderr


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_the_error_says_what_to_install(missing):
    failed = run(f"import sys; sys.modules[{missing!r}] = None; import itnio_async.sandbox")
    assert f"ImportError: itnio_async.sandbox needs {missing}" in failed.stderr
    assert "pip install 'itnio-async[sandbox]'" in failed.stderr


def test_it_works_with_plain_uvicorn():
    # The client has httptools as its own parser; from here on, uvicorn finds none and takes h11.
    run_on_h11 = """
import sys
import httpx
from itnio_async import AsyncClient
sys.modules["httptools"] = None
from itnio_async.sandbox import Sandbox
with Sandbox() as sandbox, httpx.Client(trust_env=False) as client:
    print(client.post(sandbox.url + "/v3/cc/sipTrunk/query", json={}).text)
    sandbox.order("half")
    try:
        client.post(sandbox.url + "/v3/cc/sipTrunk/query", json={})
    except httpx.RemoteProtocolError as error:
        print("half")
"""
    finished = run(run_on_h11)
    assert finished.stdout == '{"status":-1,"reason":"Authentication error"}\nhalf\n'
    assert finished.stderr == ""


def test_each_sandbox_has_an_account_of_its_own_and_a_state_keeps_it(tmp_path):
    state = tmp_path / "state.sqlite"
    with Sandbox(state=state) as first, Sandbox() as other:
        account = first.api_key, first.api_secret
        assert account != (other.api_key, other.api_secret)
        assert other.accounts == {other.api_key: other.api_secret}
    with Sandbox(state=state) as again:
        assert (again.api_key, again.api_secret) == account
        assert again.accounts == dict([account])
    with Sandbox(state=state, api_key="told", api_secret="made-up") as told:
        assert told.accounts == {"told": "made-up"}
    with Sandbox(state=state) as later:
        assert (later.api_key, later.api_secret) == ("told", "made-up")


@pytest.mark.parametrize(
    "given", [{"api_key": "key"}, {"api_secret": "secret"}, {"api_key": "a\nb", "api_secret": "s"}]
)
def test_an_account_that_does_not_fit(given):
    with pytest.raises(ConfigurationError):
        Sandbox(**given)


def test_two_sandboxes_do_not_share_a_state(tmp_path):
    state = tmp_path / "state.sqlite"
    with Sandbox(state=state), pytest.raises(ConfigurationError, match="in use by another sandbox"):
        Sandbox(state=state).start()
    with Sandbox(state=state):
        pass
