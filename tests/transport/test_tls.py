"""TLS as a client's user meets it: authorities, names, dates, versions, own certificates, peers that break off.

What the pool does below is in test_pool.py, and the cancellation of handshakes in test_pool_cancel.py.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import uvloop
from support.certificates import authority, client_tls, handshakes_ended, issued, server_tls
from support.fault_server import FaultServer, scripted, until
from support.programs import unused_port
from support.raw_server import Connection, Handler, http_answer, serve
from support.values import trunk_add, trunk_update

from itnio_async import (
    AsyncClient,
    ConfigurationError,
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    ProtocolError,
    ServerError,
    TransportError,
)

MakeClient = Callable[..., AsyncClient]

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def connect(make_client: MakeClient) -> MakeClient:
    """Makes a client of that server, which trusts the private authority unless told otherwise."""

    def connect(server: FaultServer, **options: Any) -> AsyncClient:
        url = server.url.replace("http:", "https:")
        return make_client(**{"base_url": url, "verify": client_tls(), **options})

    return connect


async def update(client: AsyncClient) -> None:
    await client.sip_trunks.update(trunk_update())


async def refused(client: AsyncClient, server: FaultServer, *, alike: bool = True) -> str:
    """Make calls that get no connection, many at once; all of them fail alike, quickly, and keep nothing."""
    started = time.monotonic()
    calls = [client.sip_trunks.add(trunk_add()) if number % 2 else update(client) for number in range(10)]
    texts = set()
    for error in await asyncio.gather(*calls, return_exceptions=True):
        assert type(error) is ConnectError
        assert not error.may_have_been_processed
        texts.add(str(error).split(": ", 1)[1])
    assert time.monotonic() - started < 3
    stats = client.stats
    assert (stats.in_use, stats.waiting, stats.connections_open, stats.connections_opened) == (0, 0, 0, 0)
    assert len(texts) == 1 or not alike
    await handshakes_ended(server)
    return texts.pop()


# -- whom the client trusts -------------------------------------------------------------------------------------------


async def test_a_private_authority(connect: MakeClient) -> None:
    async with FaultServer(serve, tls=server_tls()) as server:
        client = connect(server)
        await asyncio.gather(*(update(client) for _ in range(20)))
        assert client.stats.idle == client.stats.connections_open <= 20


@pytest.mark.parametrize(
    ("certificate", "text"),
    [
        (lambda: issued("elsewhere.test"), "certificate is not valid for '127.0.0.1'"),
        (lambda: issued(not_after=datetime(2020, 1, 1, tzinfo=UTC)), "certificate has expired"),
        (lambda: issued(not_before=datetime(2100, 1, 1, tzinfo=UTC)), "certificate is not yet valid"),
        (lambda: issued(by=trustme.CA()), "unable to get local issuer certificate"),
    ],
    ids=["name", "expired", "not yet", "stranger"],
)
async def test_a_certificate_that_is_refused(
    connect: MakeClient, certificate: Any, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "itnio_async")
    async with FaultServer(serve, tls=server_tls(certificate())) as server:
        said = await refused(connect(server), server)
        assert "certificate verify failed" in said
        assert text in said
        assert "nothing was sent" in said
        assert "once more" not in caplog.text  # a second attempt would end alike
        assert server.connections == 0


async def test_the_systems_authorities_do_not_vouch_for_a_private_one(connect: MakeClient) -> None:
    async with FaultServer(serve, tls=server_tls()) as server:
        assert "certificate verify failed" in await refused(connect(server, verify=True), server)


async def test_nobody_needs_to_vouch(connect: MakeClient) -> None:
    async with FaultServer(serve, tls=server_tls(issued("elsewhere.test", by=trustme.CA()))) as server:
        await update(connect(server, verify=False))


async def test_a_file_of_authorities_from_the_environment(
    connect: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority().cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    async with FaultServer(serve, tls=server_tls()) as server:
        async with connect(server, verify=True) as client:
            await update(client)
        assert "certificate verify failed" in await refused(connect(server, verify=True, trust_env=False), server)


def unchanged(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    return transport


WAYS = {"direct": {}, "chain": {"middleware": [unchanged]}, "proxy": {"proxy": f"http://127.0.0.1:{unused_port()}"}}


@pytest.mark.parametrize(
    ("variable", "content", "why"),
    [
        ("SSL_CERT_FILE", None, "No such file or directory"),
        ("SSL_CERT_FILE", "no certificates", "(?i)no.certificate"),
        ("SSL_CERT_DIR", None, "no such directory"),
        ("SSL_CERT_DIR", "a file", "no such directory"),
    ],
)
@pytest.mark.parametrize("way", WAYS)
async def test_authorities_that_cannot_be_read(
    connect: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    content: str | None,
    why: str,
    way: str,
) -> None:
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(variable, str(path))
    async with FaultServer(serve, tls=server_tls()) as server:
        client = connect(server, verify=True, **WAYS[way])
        with pytest.raises(ConfigurationError, match=why) as caught:
            await update(client)
        assert f"{variable} names {path}" in str(caught.value)
        assert f"Correct or unset {variable}" in str(caught.value)
        assert not caught.value.may_have_been_processed
        assert client.stats.retries == client.stats.in_use == 0
        assert server.connections == 0
        # Who checks nothing, or asks nothing of the environment, has no use for it.
        await update(connect(server, verify=False))
        await update(connect(server))


async def test_a_directory_of_authorities_beside_one_that_is_not_there(
    connect: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join([str(tmp_path / "nothing"), str(tmp_path)]))
    async with FaultServer(serve, tls=server_tls()) as server:
        assert "certificate verify failed" in await refused(connect(server, verify=True), server)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR", "certifi"])
async def test_authorities_that_are_replaced_count_for_new_clients(
    connect: MakeClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    file = tmp_path / "authorities.pem"

    def trust(only: trustme.CA) -> None:
        only.cert_pem.write_to_path(str(file))
        if variable == "SSL_CERT_DIR":
            for link in tmp_path.glob("*.0"):
                link.unlink()
            subject = subprocess.run(
                ["openssl", "x509", "-hash", "-noout", "-in", file], capture_output=True, text=True, check=True
            )
            (tmp_path / f"{subject.stdout.strip()}.0").symlink_to(file)

    if variable == "certifi":
        monkeypatch.setattr("certifi.where", lambda: str(file))
    else:
        monkeypatch.setenv(variable, str(file if variable == "SSL_CERT_FILE" else tmp_path))
    old, new = trustme.CA(), authority()
    trust(old)
    async with FaultServer(serve, tls=server_tls()) as server:
        assert "certificate verify failed" in await refused(connect(server, verify=True), server)
        trust(new)
        async with connect(server, verify=True) as client:
            await update(client)
        trust(old)
        assert "certificate verify failed" in await refused(connect(server, verify=True), server)


async def test_the_name_that_is_asked_for(connect: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    context = server_tls()
    context.sni_callback = lambda _, name, __: asked.append(name)  # type: ignore[assignment]
    async with FaultServer(serve, tls=context) as server:
        await update(connect(server))
        await update(connect(server, base_url=server.url.replace("127.0.0.1", "localhost")))

        async def addresses(host: str, port: int) -> Any:
            assert host == "localhost."  # which not every system knows
            return [(socket.AF_INET, ("127.0.0.1", port))]

        monkeypatch.setattr("itnio_async.transport.connect._addresses", addresses)
        await update(connect(server, base_url=server.url.replace("127.0.0.1", "localhost.")))
    assert asked == [
        None,
        "localhost",
        "localhost",
    ]  # an address is not a name, and the dot at the end not a part of it


# -- versions, and certificates of the client's own -------------------------------------------------------------------

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_versions(connect: MakeClient, version: ssl.TLSVersion) -> None:
    context = server_tls()
    context.minimum_version = context.maximum_version = version
    async with FaultServer(serve, tls=context) as server:
        client = connect(server)
        await asyncio.gather(*(update(client) for _ in range(5)))
        await update(client)


async def test_no_version_in_common(connect: MakeClient) -> None:
    theirs, ours = server_tls(), client_tls()
    theirs.maximum_version = ssl.TLSVersion.TLSv1_2
    ours.minimum_version = ssl.TLSVersion.TLSv1_3
    async with FaultServer(serve, tls=theirs) as server:
        await refused(connect(server, verify=ours), server)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_a_server_that_wants_a_certificate_and_gets_one(connect: MakeClient, version: ssl.TLSVersion) -> None:
    theirs, ours = server_tls(), client_tls()
    theirs.verify_mode = ssl.CERT_REQUIRED
    theirs.maximum_version = version
    authority().configure_trust(theirs)
    issued("client@example.test").configure_cert(ours)
    async with FaultServer(serve, tls=theirs) as server:
        client = connect(server, verify=ours)
        await asyncio.gather(*(update(client) for _ in range(5)))


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_a_server_that_wants_a_certificate_and_gets_none(connect: MakeClient, version: ssl.TLSVersion) -> None:
    context = server_tls()
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    authority().configure_trust(context)
    async with FaultServer(serve, tls=context) as server:
        client = connect(server)
        with pytest.raises(TransportError) as caught:
            await update(client)
        if version is ssl.TLSVersion.TLSv1_2:
            assert type(caught.value) is ConnectError
        else:
            # The handshake of 1.3 is over for the client before the server has looked.
            assert type(caught.value) in (ConnectError, ConnectionLost)
        assert (client.stats.in_use, client.stats.connections_open) == (0, 0)
        await handshakes_ended(server)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_why_a_server_refuses_the_handshake_stands_in_the_text(
    connect: MakeClient, version: ssl.TLSVersion
) -> None:
    context = server_tls()
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    authority().configure_trust(context)

    def refuse_all() -> None:  # asyncio's server hangs up without a word
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with context.wrap_socket(peer, server_side=True, do_handshake_on_connect=False) as tls, suppress(OSError):
                with suppress(ssl.SSLError):
                    tls.do_handshake()
                # Closed with something unread, the system would reset the connection, and the alert might be lost.
                socket.socket.shutdown(tls, socket.SHUT_WR)
                while socket.socket.recv(tls, 65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse_all)
        thread.start()
        try:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            for _ in range(10):
                async with AsyncClient("k", "s", base_url=url, verify=client_tls()) as client:
                    with pytest.raises(TransportError, match=r"certificate required|handshake failure"):
                        await update(client)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


async def test_an_answer_that_comes_before_the_request_is_taken_for_its_answer(connect: MakeClient) -> None:
    async def busy(connection: Connection) -> None:
        await connection.send(http_answer(-18, "too busy"))
        await connection.reader.read()

    async with FaultServer(busy, tls=server_tls()) as server:
        for _ in range(10):
            async with AsyncClient("k", "s", base_url=server.url, verify=client_tls()) as client:
                with pytest.raises(ServerError, match="too busy"):
                    await client.sip_trunks.add(trunk_add())


# -- peers that break off, or speak something else --------------------------------------------------------------------


async def hang_up(connection: Connection) -> None:
    connection.hang_up()


async def reset(connection: Connection) -> None:
    connection.reset()


async def hang_up_after_hello(connection: Connection) -> None:
    await connection.reader.read(10)
    connection.hang_up()


async def reset_after_hello(connection: Connection) -> None:
    await connection.reader.read(65536)
    connection.reset()


def saying(text: bytes) -> Handler:
    async def handler(connection: Connection) -> None:
        await connection.reader.read(65536)
        await connection.send(text)
        connection.hang_up()

    return handler


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (hang_up, ""),
        (reset, ""),
        (hang_up_after_hello, ""),
        (reset_after_hello, ""),
        (saying(b"\x16\x03\x03\x00\x7a\x02\x00"), ""),
        (saying(b"\x15\x03\x03\x00\x02\x02\x28"), "alert handshake failure"),
        (saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), "wrong version number"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "wrong version number"),
        (saying(bytes(10_000)), ""),
    ],
    ids=["fin", "rst", "fin later", "rst later", "half a hello", "alert", "plain http", "ssh", "zeros"],
)
async def test_no_handshake(connect: MakeClient, handler: Handler, text: str) -> None:
    async with FaultServer(handler) as server:
        # Whether the end of a connection is seen as such or as a reset is a matter of moments.
        assert text in await refused(connect(server), server, alike=bool(text))
        assert server.connections == 20  # each call tries twice
        await until(lambda: server.open == 0)


@pytest.mark.parametrize("handler", [hang_up_after_hello, reset], ids=["fin", "rst"])
async def test_a_handshake_that_works_the_second_time(connect: MakeClient, handler: Handler) -> None:
    async with FaultServer(serve, tls=server_tls()) as behind:

        async def pass_on(connection: Connection) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", behind.port)

            async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                while data := await source.read(65536):
                    sink.write(data)
                sink.close()

            await asyncio.gather(copy(connection.reader, writer), copy(reader, connection.writer))

        async with FaultServer(scripted(handler, then=pass_on)) as server:
            client = connect(server)
            await client.sip_trunks.add(trunk_add())
            assert server.connections == 2
            await client.aclose()


async def test_a_peer_that_never_shakes_hands(connect: MakeClient) -> None:
    async def silent(connection: Connection) -> None:
        while await connection.reader.read(65536):
            pass

    async with FaultServer(silent) as server:
        client = connect(server, timeout=httpx.Timeout(5, connect=0.2))
        with pytest.raises(ConnectTimeout) as caught:
            await update(client)
        assert not caught.value.may_have_been_processed
        assert client.stats.connections_open == 0
        await until(lambda: server.open == 0)


async def test_plain_http_to_a_port_for_tls(connect: MakeClient) -> None:
    async with FaultServer(serve, tls=server_tls()) as server:
        client = connect(server, base_url=server.url.replace("https:", "http:"))
        with pytest.raises(TransportError) as caught:
            await update(client)
        assert isinstance(caught.value, ConnectionLost | ProtocolError)
        assert caught.value.may_have_been_processed
        assert (client.stats.in_use, client.stats.connections_open) == (0, 0)
        await handshakes_ended(server)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_a_peer_that_closes_each_connection_without_a_word(connect: MakeClient, version: ssl.TLSVersion) -> None:
    """The end of TCP without that of TLS: the answer had its length, so it stands, and the connection is dropped."""

    async def abort_after_answer(connection: Connection) -> None:
        await connection.receive()
        await connection.send(http_answer())
        connection.writer.transport.abort()

    context = server_tls()
    context.maximum_version = version
    async with FaultServer(abort_after_answer, tls=context) as server:
        client = connect(server)
        for _ in range(5):
            await update(client)
            await until(lambda: client.stats.connections_open == 0)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
@pytest.mark.parametrize("properly", [True, False], ids=["closed", "cut off"])
async def test_an_answer_that_ends_with_its_connection(
    connect: MakeClient, version: ssl.TLSVersion, properly: bool
) -> None:
    """Only the end of TLS says that it is whole (RFC 9112, section 9.8); a stranger on the way can end TCP."""

    async def end(connection: Connection) -> None:
        await connection.receive()
        await connection.send(b'HTTP/1.1 200 OK\r\n\r\n{"status":0,"reason":"","data":1}')
        if not properly:
            connection.writer.transport.abort()

    context = server_tls()
    context.maximum_version = version
    async with FaultServer(end, tls=context) as server:
        client = connect(server)
        if properly:
            assert (await client.request("GET", "/v3/any")).data == 1
        else:
            with pytest.raises(ConnectionLost, match="in the middle of the answer"):
                await client.request("GET", "/v3/any")
