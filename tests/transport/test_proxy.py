"""Calls through proxies: real ones, and one that knows made-up names; what they refuse, and what must not leak."""

from __future__ import annotations

import asyncio
import base64
import logging
import pickle
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.certificates import client_tls, handshakes_ended, issued, server_tls
from support.fault_server import FaultServer, silent, until
from support.programs import unused_port
from support.proxies import NamingProxy, RealProxy, proxy_py, tinyproxy
from support.raw_server import Connection, RawServer, http_answer, serve
from support.values import trunk_add, trunk_update

from itnio_async import (
    AsyncClient,
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    ItnioError,
    ProxyError,
    UnexpectedResponseError,
)

USER, PASSWORD = "operator", "hunter2/?:x"
QUOTED = "hunter2%2F%3F%3Ax"
NAME = "api.example.test"

MakeClient = Callable[..., AsyncClient]

over_both = pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
through_each = pytest.mark.parametrize("make_proxy", [proxy_py, tinyproxy])


async def update(client: AsyncClient) -> None:
    await client.sip_trunks.update(trunk_update())


async def failure(client: AsyncClient, *kinds: type[ItnioError]) -> ItnioError:
    """The error, of one of these kinds, of a call that may be repeated; one that must not fails so too."""
    with pytest.raises(kinds) as caught:
        await client.sip_trunks.add(trunk_add())
    with pytest.raises(kinds) as caught:
        await update(client)
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)
    return caught.value


def with_password(url: str, password: str = QUOTED) -> str:
    return url.replace("http://", f"http://{USER}:{password}@")


def says_no_password(text: str, password: str = PASSWORD) -> bool:
    encoded = base64.b64encode(f"{USER}:{password}".encode()).decode()
    return not any(secret in text for secret in (password, QUOTED, "hunter2", encoded))


class Recording:
    """A server's handler that answers with success, and keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    async def __call__(self, connection: Connection) -> None:
        while True:
            self.requests.append(await connection.receive())
            await connection.send(http_answer())


@pytest.fixture
async def server(tls: bool) -> AsyncIterator[FaultServer]:
    async with FaultServer(Recording(), tls=server_tls() if tls else False) as server:
        yield server


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Starts a real proxy."""
    async with AsyncExitStack() as stack:

        async def run(make_proxy: Any, *arguments: Any, **options: Any) -> RealProxy:
            return await stack.enter_async_context(make_proxy(tmp_path, *arguments, **options))

        yield run


@pytest.fixture
def connect(make_client: MakeClient) -> MakeClient:
    """Makes a client of that server."""

    def connect(server: FaultServer | str, **options: Any) -> AsyncClient:
        url = server if isinstance(server, str) else server.url
        return make_client(**{"base_url": url, "verify": client_tls(), **options})

    return connect


# -- real proxies -----------------------------------------------------------------------------------------------------


@over_both
@through_each
async def test_calls_go_through_it(
    server: FaultServer, run: Any, connect: MakeClient, make_proxy: Any, tls: bool
) -> None:
    proxy = await run(make_proxy)
    client = connect(server, proxy=proxy.url)
    await asyncio.gather(*(update(client) for _ in range(30)))
    await client.sip_trunks.add(trunk_add())
    stats = client.stats
    assert (stats.requests, stats.in_use, stats.waiting) == (31, 0, 0)
    assert stats.connections_opened > 0
    assert len(server.handler.requests) == 31
    # The proxy sees and changes what is plain (not each request, where it is proxy.py), and not what is not.
    assert any(b"\r\nvia: " in request.lower() for request in server.handler.requests) is not tls
    await client.aclose()
    await until(lambda: server.open == 0)


@through_each
async def test_it_is_gone_and_comes_back(run: Any, connect: MakeClient, make_proxy: Any) -> None:
    async with FaultServer(serve, tls=server_tls()) as server:
        proxy = await run(make_proxy)
        client = connect(server, proxy=proxy.url)
        await update(client)
        await proxy.stop()
        await until(lambda: server.open == 0)
        error = await failure(client, ConnectError)
        assert not error.may_have_been_processed
        await proxy.start()
        await update(client)


@through_each
async def test_it_dies_in_the_middle_of_calls(run: Any, connect: MakeClient, make_proxy: Any) -> None:
    async with FaultServer(silent, tls=server_tls()) as server:
        proxy = await run(make_proxy)
        client = connect(server, proxy=proxy.url)
        calls = [asyncio.create_task(update(client)) for _ in range(5)]
        await until(lambda: server.open == 5 and server.connections == 5)
        await proxy.stop()
        for error in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(error, ConnectionLost)
            assert error.may_have_been_processed
        assert client.stats.in_use == 0


@over_both
@through_each
async def test_the_right_password(
    server: FaultServer,
    run: Any,
    connect: MakeClient,
    make_proxy: Any,
    tls: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    # tinyproxy reads it from a line of words.
    password, quoted = (PASSWORD, QUOTED) if make_proxy is proxy_py else ("hunter2", "hunter2")
    proxy = await run(make_proxy, (USER, password))
    for given in (with_password(proxy.url, quoted), httpx.Proxy(proxy.url, auth=(USER, password))):
        client = connect(server, proxy=given)
        await asyncio.gather(*(update(client) for _ in range(5)))
        assert says_no_password(repr(client), password)
    assert says_no_password(caplog.text, password)
    assert all(b"proxy-authorization" not in request.lower() for request in server.handler.requests)


def kinds_of_refusal(make_proxy: Any, tls: bool) -> tuple[type[ItnioError], ...]:
    if tls:
        return (ProxyError,)
    # tinyproxy hangs up without having read the request: the system may throw away what is left of its answer.
    return (UnexpectedResponseError, ConnectionLost) if make_proxy is tinyproxy else (UnexpectedResponseError,)


@over_both
@through_each
@pytest.mark.parametrize("wrong", ["hunter2%2Fwrong", None], ids=["wrong", "none"])
async def test_a_wrong_password(
    server: FaultServer,
    run: Any,
    connect: MakeClient,
    make_proxy: Any,
    tls: bool,
    wrong: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy = await run(make_proxy, (USER, "another"))
    url = proxy.url if wrong is None else with_password(proxy.url, wrong)
    error = await failure(connect(server, proxy=url), *kinds_of_refusal(make_proxy, tls))
    if tls:
        assert not error.may_have_been_processed
        assert "nothing was sent. Check the proxy" in str(error)
        assert re.search("407 Proxy|401 Unauthorized", str(error))
    elif isinstance(error, UnexpectedResponseError):
        assert error.http_status in (401, 407)
    for text in (str(error), repr(error), repr(error.__cause__), repr(pickle.dumps(error)), caplog.text):
        assert says_no_password(text, "hunter2/wrong")
    assert server.handler.requests == []


@over_both
@through_each
async def test_it_finds_nobody_behind_it(run: Any, connect: MakeClient, make_proxy: Any, tls: bool) -> None:
    proxy = await run(make_proxy)
    client = connect(f"{'https' if tls else 'http'}://127.0.0.1:{unused_port()}", proxy=proxy.url)
    error = await failure(client, *kinds_of_refusal(make_proxy, tls))
    assert error.may_have_been_processed is not tls
    if not isinstance(error, ConnectionLost):
        assert re.search("50[0-9]", str(error))


async def test_it_refuses_to_connect(run: Any, connect: MakeClient) -> None:
    async with FaultServer(serve, tls=server_tls()) as server:
        proxy = await run(tinyproxy, lines="ConnectPort 1")
        error = await failure(connect(server, proxy=proxy.url), ProxyError)
        assert not error.may_have_been_processed
        assert "403" in str(error)
        assert server.connections == 0


@through_each
async def test_a_certificate_that_is_refused_behind_it(run: Any, connect: MakeClient, make_proxy: Any) -> None:
    async with FaultServer(serve, tls=server_tls(issued("elsewhere.test"))) as server:
        proxy = await run(make_proxy)
        error = await failure(connect(server, proxy=proxy.url), ConnectError)
        assert not error.may_have_been_processed
        assert "certificate" in str(error)
        await handshakes_ended(server)


# -- which proxy ------------------------------------------------------------------------------------------------------


@over_both
async def test_it_does_not_listen(server: FaultServer, connect: MakeClient, tls: bool) -> None:
    client = connect(server, proxy=f"http://{USER}:{QUOTED}@127.0.0.1:{unused_port()}")
    error = await failure(client, ConnectError)
    assert not error.may_have_been_processed
    assert says_no_password(f"{error} {error!r} {error.__cause__!r}")


@pytest.fixture
async def named(tls: bool, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[FaultServer, str, NamingProxy, str]]:
    """A server under a made-up name, and a proxy that knows it; without the proxy it is found as well."""
    context = server_tls(issued(NAME)) if tls else False
    async with FaultServer(Recording(), tls=context) as server:
        naming = NamingProxy({NAME: server.port})
        async with RawServer(naming) as proxy:

            async def getaddrinfo(host: str, port: int, **_: Any) -> Any:
                return [(2, 1, 6, "", ("127.0.0.1", port))]

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
            yield server, server.url.replace("127.0.0.1", NAME), naming, proxy.url


VARIABLES = ["{scheme}_PROXY", "{scheme}_proxy", "ALL_PROXY", "all_proxy"]


@over_both
@pytest.mark.parametrize("variable", VARIABLES)
async def test_one_from_the_environment(
    named: Any, connect: MakeClient, tls: bool, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, url, naming, proxy = named
    scheme = "https" if tls else "http"
    variable = variable.format(scheme=scheme.upper() if "PROXY" in variable else scheme)
    monkeypatch.setenv(variable, with_password(proxy))
    naming.credentials = f"{USER}:{PASSWORD}"
    client = connect(server, base_url=url, allow_insecure=True)
    await asyncio.gather(*(update(client) for _ in range(5)))
    assert len(server.handler.requests) == 5
    word = f"CONNECT {NAME}:{server.port}" if tls else f"POST {url}/v3/cc/sipTrunk/update"
    assert set(naming.asked) == {word}
    assert says_no_password(repr(client))
    # Without trust in the environment it is not asked, nor for names that it excepts.
    naming.asked.clear()
    await update(connect(server, base_url=url, allow_insecure=True, trust_env=False))
    for exception in (NAME, ".example.test", "other.test, example.test", "*"):
        monkeypatch.setenv("NO_PROXY", exception)
        await update(connect(server, base_url=url, allow_insecure=True))
    assert naming.asked == []
    monkeypatch.setenv("NO_PROXY", "other.test")
    await update(connect(server, base_url=url, allow_insecure=True))
    assert set(naming.asked) == {word}


@over_both
async def test_one_that_is_passed_comes_before_the_environments(
    named: Any, connect: MakeClient, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, url, naming, proxy = named
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("NO_PROXY", "*")
    await update(connect(server, base_url=url, allow_insecure=True, proxy=proxy))
    assert len(naming.asked) == 1


@over_both
async def test_this_machine_needs_none(
    named: Any, connect: MakeClient, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _, naming, proxy = named
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    await update(connect(server, verify=not tls))
    assert naming.asked == []
    assert len(server.handler.requests) == 1


# -- the rest of a client, behind one ---------------------------------------------------------------------------------


@over_both
async def test_the_limiter_counts_before_it(connect: MakeClient, tls: bool) -> None:
    go = asyncio.Event()
    requests = 0

    async def held(connection: Connection) -> None:
        nonlocal requests
        while True:
            await connection.receive()
            requests += 1
            await go.wait()
            await connection.send(http_answer())

    naming = NamingProxy({})
    async with FaultServer(held, tls=server_tls() if tls else False) as server, RawServer(naming) as proxy:
        naming.ports["127.0.0.1"] = server.port
        client = connect(server, proxy=proxy.url, limits=httpx.Limits(max_connections=3))
        calls = [asyncio.create_task(update(client)) for _ in range(10)]
        await until(lambda: requests == 3)
        assert (client.stats.in_use, client.stats.waiting) == (3, 7)
        assert proxy.connections == 3
        go.set()
        await asyncio.gather(*calls)
        assert (client.stats.in_use, client.stats.waiting) == (0, 0)
        await client.aclose()


async def one_a_connection(connection: Connection) -> None:
    """Answers a request, and hangs up when the next one comes: the client has not seen it close in time."""
    await connection.receive()
    await connection.send(http_answer())
    await connection.receive()


@pytest.fixture
async def hanging_up(connect: MakeClient, tls: bool) -> AsyncIterator[AsyncClient]:
    """A client through a proxy, of which no connection serves twice: by the proxy, or in a tunnel by the server."""
    async with (
        FaultServer(one_a_connection, tls=server_tls() if tls else False) as server,
        RawServer(NamingProxy({"127.0.0.1": server.port}, hangs_up=True)) as proxy,
    ):
        client = connect(server, proxy=proxy.url)
        yield client
        await client.aclose()


@over_both
async def test_a_kept_connection_that_is_dead_is_replaced(hanging_up: AsyncClient, tls: bool) -> None:
    for _ in range(5):
        await update(hanging_up)
    stats = hanging_up.stats
    assert (stats.requests, stats.retries, stats.connections_opened) == (5, 0, 5)


@over_both
async def test_a_call_that_must_not_be_repeated_takes_no_kept_connection_of_a_proxy(
    hanging_up: AsyncClient, tls: bool
) -> None:
    await update(hanging_up)
    if tls:  # The proxy does not know what is in its tunnel, nor when to close it.
        with pytest.raises(ConnectionLost) as caught:
            await hanging_up.sip_trunks.add(trunk_add())
        assert caught.value.may_have_been_processed
    else:
        for _ in range(3):
            await hanging_up.sip_trunks.add(trunk_add())
            assert hanging_up.stats.connections_open <= 1


@over_both
async def test_the_proxy_is_gone_when_a_dead_connection_is_replaced(connect: MakeClient, tls: bool) -> None:
    async with (
        FaultServer(one_a_connection, tls=server_tls() if tls else False) as server,
        RawServer(NamingProxy({"127.0.0.1": server.port}, hangs_up=True)) as proxy,
    ):
        client = connect(server, proxy=proxy.url)
        await update(client)
        assert proxy._server is not None
        proxy._server.close()  # takes no more connections; those that it has live on
        with pytest.raises(ConnectionLost) as caught:
            await update(client)
        assert caught.value.may_have_been_processed
        assert isinstance(caught.value.__cause__, httpx.HTTPError)
        await client.aclose()


@over_both
async def test_cancelled_at_every_tick(server: FaultServer, connect: MakeClient, tls: bool) -> None:
    async with FaultServer(NamingProxy({"127.0.0.1": server.port})) as proxy:
        client = connect(server, proxy=proxy.url, limits=httpx.Limits(max_connections=2))
        for tick in range(61):
            victims = [asyncio.create_task(update(client)) for _ in range(3)]
            for _ in range(tick):
                await asyncio.sleep(0)
            for victim in victims:
                victim.cancel()
            for result in await asyncio.gather(*victims, return_exceptions=True):
                assert result is None or isinstance(result, asyncio.CancelledError)
            async with asyncio.timeout(5):
                await asyncio.gather(update(client), update(client))
            assert (client.stats.in_use, client.stats.waiting) == (0, 0)
        await client.aclose()
        await until(lambda: proxy.open == 0)


def saying(text: bytes) -> Any:
    async def handler(connection: Connection) -> None:
        await connection.reader.read(1000)
        await connection.send(text)
        connection.hang_up()

    return handler


async def resetting(connection: Connection) -> None:
    await connection.reader.read(1000)
    connection.reset()


async def stalling(connection: Connection) -> None:
    await connection.reader.read(1000)
    await connection.send(b"HTTP/1.1 200 OK\r\n")
    await silent(connection)


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [
        (saying(b""), (ProxyError,)),
        (saying(b"HTTP/1.1 200 OK\r\n"), (ProxyError,)),
        (saying(b"HTTP/1.1 200 OK\r\n\r\n"), (ConnectError,)),
        (saying(b"HTTP/1.1 200 OK\r\n\r\nno TLS at all"), (ConnectError,)),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), (ProxyError,)),
        (saying(b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"), (ProxyError,)),
        (saying(b"\x05"), (ProxyError,)),
        (saying(b"\x05\xff"), (ProxyError,)),
        (saying(b"\x05\x00"), (ProxyError,)),
        (resetting, (ProxyError,)),
        (stalling, (ConnectTimeout,)),
        (silent, (ConnectTimeout,)),
    ],
    ids=[
        "fin",
        "half",
        "fin after",
        "no tls",
        "ssh",
        "503",
        "one byte",
        "no way",
        "and no more",
        "rst",
        "stall",
        "silent",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_way_that_a_proxy_does_not_make(make_client: MakeClient, scheme: str, handler: Any, kinds: Any) -> None:
    if scheme == "socks5" and handler is not silent:
        kinds = (ProxyError, ConnectTimeout) if handler is stalling else (ProxyError,)
    async with FaultServer(handler) as proxy:
        address = proxy.url.replace("http", scheme, 1)
        timeout = httpx.Timeout(20, connect=0.3)
        client = make_client(base_url="https://api.itniotech.com", proxy=address, timeout=timeout, deadline=None)
        async with asyncio.timeout(10):
            error = await failure(client, *kinds)
        assert not error.may_have_been_processed
        assert "nothing was sent" in str(error)
        # No socket is left to the garbage collector.
        await until(lambda: proxy.open == 0)
        await client.aclose()


@over_both
async def test_calls_through_a_socks_proxy(server: FaultServer, connect: MakeClient, tls: bool) -> None:
    async with RawServer(socks) as proxy:
        client = connect(server, proxy=proxy.url.replace("http", "socks5", 1))
        for _ in range(3):
            await update(client)
        assert client.stats.connections_opened == 1
        await client.aclose()


async def socks(connection: Connection) -> None:
    """Make the way that a client asks for, without a password."""
    await connection.reader.readexactly(3)
    await connection.send(b"\x05\x00")
    (*_, kind) = await connection.reader.readexactly(4)
    host = await connection.reader.readexactly(4 if kind == 1 else (await connection.reader.readexactly(1))[0])
    port = int.from_bytes(await connection.reader.readexactly(2), "big")
    name = ".".join(map(str, host)) if kind == 1 else host.decode()
    reader, writer = await asyncio.open_connection(name, port)
    await connection.send(b"\x05\x00\x00\x01" + bytes(6))

    async def pass_on() -> None:
        while part := await reader.read(65536):
            await connection.send(part)

    passing = asyncio.create_task(pass_on())
    try:
        while part := await connection.reader.read(65536):
            writer.write(part)
    finally:
        writer.close()
        await passing
        await writer.wait_closed()
