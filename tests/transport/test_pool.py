"""The pool on both event loops, over TCP and TLS: reuse, limits, order, timeouts, streams, dead peers, the end.

What any server can do is also tried with nginx before it: `peer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import ssl
import time
import weakref
from collections.abc import AsyncIterator
from math import ceil
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvloop
from support import fault_server
from support.certificates import authority
from support.fault_server import (
    OK,
    FaultServer,
    answering,
    assert_whole,
    call,
    client_tls,
    pool_of,
    request,
    scripted,
    serve,
    server_tls,
    silent,
    until,
)
from support.peers import KEPT_FOR, Peer
from support.raw_server import Connection, http_bytes

from itnio_async import ConfigurationError
from itnio_async.transport import connect
from itnio_async.transport.pooled import PooledTransport


@pytest.fixture(autouse=True, params=[fault_server.directly, fault_server.in_a_client], ids=["directly", "in a client"])
def way(request, monkeypatch):
    """All of it holds for who calls the transport itself, and inside a plain `httpx.AsyncClient`."""
    monkeypatch.setattr(fault_server, "send", request.param)


LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

tls = pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])


class Gate:
    """A handler that answers a request when it is told to; `paths` are the requests in their order."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.go = asyncio.Semaphore(0)

    async def __call__(self, connection: Connection) -> None:
        while True:
            head = await connection.receive()
            self.paths.append(head.split(b" ", 2)[1].decode())
            await self.go.acquire()
            await connection.send(OK)


async def test_one_connection_serves_many_calls(peer: Peer) -> None:
    async with peer(serve) as server, pool_of() as transport:
        numbers = [(await call(transport, server)).extensions["itnio_connection"] for _ in range(10)]
        assert numbers == [peer.number(request) for request in range(10)]
        assert transport.stats.connections_opened == numbers[-1][0]
        assert transport.stats.connections_reused == 10 - numbers[-1][0]


async def test_the_connection_used_last_is_used_next(peer: Peer) -> None:
    async with peer(serve) as server, pool_of() as transport:
        await asyncio.gather(*(call(transport, server) for _ in range(3)))
        assert transport.stats.idle == 3
        used = {(await call(transport, server)).extensions["itnio_connection"][0] for _ in range(KEPT_FOR - 1)}
        assert len(used) == 1


async def test_as_many_connections_as_the_limit_allows(peer: Peer) -> None:
    gate = Gate()
    async with peer(gate) as server, pool_of(3) as transport:
        calls = [asyncio.create_task(call(transport, server)) for _ in range(10)]
        await until(lambda: len(gate.paths) == 3)
        stats = transport.stats
        assert (stats.in_use, stats.idle, stats.waiting, stats.connections_open) == (3, 0, 7, 3)
        for _ in calls:
            gate.go.release()
        await asyncio.gather(*calls)
        assert transport.stats.connections_opened == max(3, ceil(10 / peer.keeps))
        assert transport.stats.idle == transport.stats.connections_open <= 3
        assert (transport.stats.in_use, transport.stats.waiting) == (0, 0)


async def test_no_limit(peer: Peer) -> None:
    gate = Gate()
    async with peer(gate) as server, pool_of(None) as transport:
        calls = [asyncio.create_task(call(transport, server)) for _ in range(150)]
        await until(lambda: len(gate.paths) == 150)
        for _ in calls:
            gate.go.release()
        await asyncio.gather(*calls)


async def test_who_waits_longest_is_served_first_and_a_cancelled_one_delays_nobody(peer: Peer) -> None:
    gate = Gate()
    async with peer(gate) as server, pool_of(1) as transport:
        calls = []
        for number in range(8):
            calls.append(asyncio.create_task(call(transport, f"{server.url}/{number}")))
            await asyncio.sleep(0)
        await until(lambda: len(gate.paths) == 1)
        calls[3].cancel()
        calls[5].cancel()
        await asyncio.sleep(0)
        assert transport.stats.waiting == 5
        for _ in range(6):
            gate.go.release()
        await asyncio.gather(*calls, return_exceptions=True)
        assert gate.paths == ["/0", "/1", "/2", "/4", "/6", "/7"]


async def test_a_waiter_cancelled_when_it_is_handed_a_connection_hands_it_on(peer: Peer) -> None:
    gate = Gate()
    async with peer(gate) as server, pool_of(1) as transport:
        first, second, third = (asyncio.create_task(call(transport, f"{server.url}/{number}")) for number in range(3))
        await until(lambda: gate.paths == ["/0"] and transport.stats.waiting == 2)
        pool = transport._pool
        assert pool is not None
        release = pool.release

        def release_and_cancel(connection: Any) -> None:
            release(connection)
            second.cancel()  # in the very tick in which it was handed the connection

        pool.release = release_and_cancel  # type: ignore[method-assign]
        gate.go.release()
        gate.go.release()
        await first
        assert (await third).status_code == 200
        assert second.cancelled()
        assert gate.paths == ["/0", "/2"]


async def test_origins_share_the_limit(peer: Peer) -> None:
    async with peer(serve) as server, pool_of(2) as transport:
        one, other = server.url, server.url.replace("127.0.0.1", "localhost")
        await asyncio.gather(call(transport, one), call(transport, one))
        for url in (other, one, other):
            await call(transport, url)
            assert transport.stats.connections_open <= 2
        await asyncio.gather(*(call(transport, url) for url in (one, other) * 10))
        assert transport.stats.connections_open <= 2
        await assert_whole(transport, one)


@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_no_more_idle_connections_than_allowed(peer: Peer, kept: int) -> None:
    limits = httpx.Limits(max_connections=4, max_keepalive_connections=kept)
    async with peer(serve) as server, pool_of(limits=limits) as transport:
        await asyncio.gather(*(call(transport, server) for _ in range(12)))
        assert transport.stats.idle == transport.stats.connections_open <= kept
        await transport.aclose()

    async with peer(serve) as server, pool_of(limits=limits) as transport:
        await asyncio.gather(*(call(transport, server) for _ in range(4)))
        assert transport.stats.idle == transport.stats.connections_open == kept


async def test_idle_connections_end_after_their_time(peer: Peer) -> None:
    limits = httpx.Limits(max_connections=4, keepalive_expiry=0.05)
    async with peer(serve) as server, pool_of(limits=limits) as transport:
        await asyncio.gather(*(call(transport, server) for _ in range(3)))
        assert transport.stats.idle == 3
        await server.quiet()
        assert transport.stats.idle == transport.stats.connections_open == 0
        await assert_whole(transport, server)


async def test_a_connection_that_is_too_old_is_not_used_even_where_no_timer_came(peer: Peer) -> None:
    limits = httpx.Limits(max_connections=1, keepalive_expiry=20)
    async with peer(serve) as server, pool_of(limits=limits) as transport:
        await call(transport, server)
        assert transport._pool is not None
        (connection,) = transport._pool._origins
        connection.idle_since -= 21
        assert (await call(transport, server)).extensions["itnio_connection"] == (2, False)


@pytest.mark.parametrize("keepalive_expiry", [None, 20.0])
@pytest.mark.parametrize("waiting", [False, True], ids=["idle", "handed on"])
async def test_a_connection_is_not_used_beyond_its_age(
    peer: Peer, keepalive_expiry: float | None, waiting: bool
) -> None:
    limits = httpx.Limits(max_connections=1, keepalive_expiry=keepalive_expiry)
    async with peer(serve) as server, pool_of(limits=limits, max_connection_age=60) as transport:
        await call(transport, server)
        assert (await call(transport, server)).extensions["itnio_connection"] == peer.number(1)
        assert transport._pool is not None
        (connection,) = transport._pool._origins
        number = connection.number
        if waiting:  # too old while it is used
            calls = [asyncio.create_task(call(transport, server)) for _ in range(2)]
            await asyncio.sleep(0)
            connection.opened_at -= 61
            same, other = [answer.extensions["itnio_connection"][0] for answer in await asyncio.gather(*calls)]
            assert (same, other) == (number, number + 1)
        else:
            connection.opened_at -= 61
            assert (await call(transport, server)).extensions["itnio_connection"] == (number + 1, False)
        await assert_whole(transport, server)


@pytest.mark.parametrize("answer", [b"", b"x", b"HTTP/1.1 408 Request Timeout\r\n\r\n"], ids=["eof", "byte", "408"])
@tls
async def test_an_idle_connection_that_hears_from_its_peer_is_dropped_at_once(tls: bool, answer: bytes) -> None:
    is_idle = asyncio.Event()

    async def once(connection: Connection) -> None:
        await connection.receive()
        await connection.send(OK)
        await is_idle.wait()
        connection.writer.write(answer)
        if answer:
            await silent(connection)

    async with FaultServer(scripted(once), tls=tls) as server, pool_of(1) as transport:
        await call(transport, server)
        assert transport.stats.idle == 1
        is_idle.set()
        await until(lambda: transport.stats.connections_open == 0)
        assert (await call(transport, server)).extensions["itnio_connection"] == (2, False)


async def test_a_peer_that_hung_up_while_the_loop_was_busy_is_noticed_before_anything_is_sent() -> None:
    async with FaultServer(scripted(answering(OK))) as server, pool_of(1) as transport:
        await call(transport, server)
        assert transport._pool is not None
        (connection,) = transport._pool._origins
        connection.idle_since -= 1
        assert connection.transport is not None
        ours = socket.socket(fileno=socket.dup(connection.transport.get_extra_info("socket").fileno()))
        ours.shutdown(socket.SHUT_RD)  # the end of the stream, unseen by the event loop until it runs again
        ours.close()
        response = await call(transport, server, "POST")
        assert response.extensions["itnio_connection"] == (2, False)


class TestDeadConnections:
    @staticmethod
    async def hang_up_on_second(connection: Connection) -> None:
        await connection.receive()
        await connection.send(OK)
        await connection.receive()

    @staticmethod
    async def reset_on_second(connection: Connection) -> None:
        await connection.receive()
        await connection.send(OK)
        await connection.receive()
        connection.reset()

    @staticmethod
    async def break_off_on_second(connection: Connection) -> None:
        await connection.receive()
        await connection.send(OK)
        await connection.receive()
        await connection.send(b"H")

    @pytest.mark.parametrize("death", [hang_up_on_second, reset_on_second], ids=["fin", "rst"])
    @pytest.mark.parametrize(
        ("method", "extensions", "replaced"),
        [
            ("GET", {}, True),
            ("PUT", {}, True),
            ("POST", {}, False),
            ("POST", {"itnio_idempotent": True}, True),
            ("GET", {"itnio_idempotent": False}, False),
        ],
    )
    async def test_a_reused_one_is_replaced_where_the_request_may_be_repeated(
        self, death: Any, method: str, extensions: dict[str, bool], replaced: bool
    ) -> None:
        async with FaultServer(scripted(death)) as server, pool_of(1) as transport:
            await call(transport, server)
            if replaced:
                response = await call(transport, server, method, extensions=extensions)
                assert response.extensions["itnio_connection"] == (2, False)
            else:
                with pytest.raises(httpx.ReadError):
                    await call(transport, server, method, extensions=extensions)
            await assert_whole(transport, server)

    async def test_only_before_the_first_byte(self) -> None:
        async with FaultServer(scripted(self.break_off_on_second)) as server, pool_of(1) as transport:
            await call(transport, server)
            with pytest.raises(httpx.ReadError):
                await call(transport, server, "GET")
            await assert_whole(transport, server)

    async def test_only_once_and_with_a_new_connection(self) -> None:
        async with FaultServer(self.hang_up_on_second) as server, pool_of(4) as transport:
            await asyncio.gather(*(call(transport, server) for _ in range(4)))
            response = await call(transport, server, "GET")
            assert response.extensions["itnio_connection"] == (5, False)
            assert transport.stats.connections_open == 4

    async def test_one_that_others_wait_behind_is_replaced_by_a_new_one_too(self) -> None:
        async with FaultServer(self.hang_up_on_second) as server, pool_of(1) as transport:
            await call(transport, server)
            replaced, other = await asyncio.gather(call(transport, server, "GET"), call(transport, server))
            # Not by the other's, which was waiting before it, and is just as likely to be dead.
            assert other.extensions["itnio_connection"] == (2, False)
            assert replaced.extensions["itnio_connection"] == (3, False)

    async def test_a_new_connection_is_not_replaced(self) -> None:
        async with FaultServer(scripted(answering(close=True))) as server, pool_of(1) as transport:
            with pytest.raises(httpx.ReadError):
                await call(transport, server, "GET")
            assert server.connections == 1

    async def test_it_can_be_switched_off(self) -> None:
        async with (
            FaultServer(scripted(self.hang_up_on_second)) as server,
            pool_of(1, replace_dead_connections=False) as transport,
        ):
            await call(transport, server)
            with pytest.raises(httpx.ReadError):
                await call(transport, server, "GET")


class TestTimeouts:
    async def test_read_in_the_head(self, peer: Peer) -> None:
        async with peer(scripted(silent)) as server, pool_of(1) as transport:
            with pytest.raises(httpx.ReadTimeout):
                await call(transport, server, timeout={"read": 0.05})
            await assert_whole(transport, server)

    async def test_read_in_the_body(self, peer: Peer) -> None:
        part = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"
        async with peer(scripted(answering(part))) as server, pool_of(1) as transport:
            with pytest.raises(httpx.ReadTimeout):
                await call(transport, server, timeout={"read": 0.05})
            await assert_whole(transport, server)

    async def test_each_byte_gives_new_time(self) -> None:
        async def slow(connection: Connection) -> None:
            await connection.receive()
            for byte in OK:
                await connection.send(bytes([byte]))
                await asyncio.sleep(0.004)

        async with FaultServer(slow) as server, pool_of(1) as transport:
            assert (await call(transport, server, timeout={"read": 0.2})).content == b"{}"

    async def test_a_shorter_one_after_a_longer_one(self) -> None:
        async def once(connection: Connection) -> None:
            await connection.receive()
            await connection.send(OK)
            await silent(connection)

        async with FaultServer(scripted(once)) as server, pool_of(1) as transport:
            await call(transport, server, timeout={"read": 60.0})
            async with asyncio.timeout(2):
                with pytest.raises(httpx.ReadTimeout):
                    await call(transport, server, timeout={"read": 0.05})

    async def test_a_slow_reader_is_no_slow_peer(self, peer: Peer) -> None:
        body = bytes(3_000_000)
        async with peer(answering(http_bytes(body))) as server, pool_of(1) as transport:
            response = await transport.handle_async_request(request(server, timeout={"read": 0.05}))
            await asyncio.sleep(0.15)
            assert len(await response.aread()) == len(body)

    @tls
    async def test_write(self, tls: bool) -> None:
        async def deaf(connection: Connection) -> None:
            connection.writer.transport.pause_reading()
            await asyncio.sleep(60)

        async with FaultServer(scripted(deaf, deaf), tls=tls) as server, pool_of(1) as transport:
            for content in (bytes(30_000_000), parts(3000, 10_000)):
                with pytest.raises(httpx.WriteTimeout):
                    await call(transport, server, content=content, timeout={"write": 0.1})
            await assert_whole(transport, server)

    async def test_connect(self) -> None:
        with socket.socket() as full:  # nobody accepts: the system's queue fills up, and then it answers no more
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            others = [socket.socket() for _ in range(3)]
            for other in others:
                other.setblocking(False)
                other.connect_ex(full.getsockname())
            async with pool_of(1) as transport:
                with pytest.raises(httpx.ConnectTimeout):
                    await call(transport, url, timeout={"connect": 0.1})
                assert transport.stats.in_use == 0
            for other in others:
                other.close()

    async def test_connect_in_the_handshake(self) -> None:
        async with FaultServer(silent) as server, pool_of(1) as transport:
            with pytest.raises(httpx.ConnectTimeout):
                await call(transport, server.url.replace("http:", "https:"), timeout={"connect": 0.1})
            assert transport.stats.in_use == 0
            await until(lambda: server.open == 0)

    async def test_pool(self, peer: Peer) -> None:
        gate = Gate()
        async with peer(gate) as server, pool_of(1) as transport:
            first = asyncio.create_task(call(transport, server))
            await until(lambda: len(gate.paths) == 1)
            late = asyncio.create_task(call(transport, server, timeout={"pool": None}))
            await asyncio.sleep(0)
            with pytest.raises(httpx.PoolTimeout, match="1 are in use, 1 more"):
                await call(transport, server, timeout={"pool": 0.05})
            gate.go.release()
            gate.go.release()
            await asyncio.gather(first, late)

    async def test_none(self, peer: Peer) -> None:
        unbounded = dict.fromkeys(("connect", "read", "write", "pool"))
        async with peer(serve) as server, pool_of(1) as transport:
            assert (await call(transport, server, timeout=unbounded)).status_code == 200
            await assert_whole(transport, server)


async def parts(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(size)


class TestConnecting:
    @staticmethod
    def unused_port() -> int:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return int(sock.getsockname()[1])

    async def test_refused(self) -> None:
        async with pool_of(1) as transport:
            with pytest.raises(httpx.ConnectError, match="No connection could be made"):
                await call(transport, f"http://127.0.0.1:{self.unused_port()}")
            assert transport.stats.in_use == 0

    async def test_a_name_that_is_not_known(self) -> None:
        async with pool_of(1) as transport:
            with pytest.raises(httpx.ConnectError):
                await call(transport, "http://no-such-host.invalid")
            assert transport.stats.in_use == 0

    @pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (2, 3)])
    async def test_it_is_tried_again_as_often_as_asked(self, retries: int, attempts: int) -> None:
        async def hang_up(connection: Connection) -> None:
            connection.reset()

        async with FaultServer(hang_up) as server, pool_of(1, connect_retries=retries) as transport:
            with pytest.raises(httpx.ConnectError):
                await call(transport, server.url.replace("http:", "https:"))
            assert server.connections == attempts

    async def test_a_second_attempt_that_succeeds(self) -> None:
        failed = []

        async def hang_up(connection: Connection) -> None:
            failed.append(connection.number)
            connection.reset()

        async with FaultServer(serve, tls=True) as server, pool_of(1) as transport:
            accept = server._accept

            async def fail_first(reader: Any, writer: Any) -> None:
                await accept(reader, writer)

            server._accept = fail_first  # type: ignore[method-assign]
            assert (await call(transport, server)).status_code == 200

    async def test_a_name_with_several_addresses(self) -> None:
        async with FaultServer(serve) as server, pool_of(1) as transport:
            assert (await call(transport, server.url.replace("127.0.0.1", "localhost"))).status_code == 200

    async def test_the_error_of_a_name_none_of_whose_addresses_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def addresses(*_: Any) -> Any:
            return [(socket.AF_INET, ("127.0.0.1", self.unused_port())) for _ in range(3)]

        monkeypatch.setattr(connect, "_addresses", addresses)
        with pytest.raises(ConnectionRefusedError):
            await connect._first_connected(await connect._addresses("several", 80))

    @pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
    async def test_an_address_of_version_6(self) -> None:
        async with FaultServer(serve) as server, pool_of(1) as transport:
            try:
                six = await asyncio.start_server(server._accept, "::1", 0)
            except OSError:
                pytest.skip("this machine's loopback has no IPv6")
            async with six:
                assert (await call(transport, f"http://[::1]:{six.sockets[0].getsockname()[1]}")).status_code == 200
                await transport.aclose()
                await until(lambda: server.open == 0)

    async def test_numbers_are_given_to_connections_that_were_made(self) -> None:
        async with FaultServer(serve) as server, pool_of() as transport:
            refused = f"http://127.0.0.1:{self.unused_port()}"
            results = await asyncio.gather(
                *(call(transport, url) for url in (refused, server.url, refused, server.url)), return_exceptions=True
            )
            numbers = {result.extensions["itnio_connection"] for result in results if not isinstance(result, Exception)}
            assert numbers == {(1, False), (2, False)}

    async def test_addresses_that_do_not_answer_are_passed_by(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with FaultServer(serve) as server, pool_of(1) as transport:
            loop = asyncio.get_running_loop()
            if not isinstance(loop, asyncio.BaseEventLoop):
                pytest.skip("uvloop tries its addresses by itself")
            found = [
                (family, socket.SOCK_STREAM, 6, "", (host, port))
                for family, host, port in [
                    (socket.AF_INET, "127.0.0.1", self.unused_port()),
                    (socket.AF_INET, "127.0.0.1", server.port),
                    (socket.AF_INET6, "::1", self.unused_port()),
                ]
            ]

            async def getaddrinfo(*_: Any, **__: Any) -> Any:
                return found

            monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
            addresses = await connect._addresses("several", 80)
            assert [address[1][0] for address in addresses] == ["127.0.0.1", "::1", "127.0.0.1"]
            assert (await call(transport, "http://several/")).status_code == 200

    @pytest.mark.parametrize("answers", [True, False], ids=["one answers", "none answers"])
    async def test_an_address_that_is_silent_holds_nobody_up(
        self, monkeypatch: pytest.MonkeyPatch, answers: bool
    ) -> None:
        with socket.socket() as full:  # as in `test_connect`
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            others = [socket.socket() for _ in range(3)]
            for other in others:
                other.setblocking(False)
                other.connect_ex(full.getsockname())

            async def addresses(*_: Any) -> Any:
                last = server.port if answers else self.unused_port()
                return [(socket.AF_INET, full.getsockname()), (socket.AF_INET, ("127.0.0.1", last))]

            monkeypatch.setattr(connect, "_addresses", addresses)
            async with FaultServer(serve) as server, pool_of(1, connect_retries=0) as transport:
                started = time.monotonic()
                with contextlib.nullcontext() if answers else pytest.raises(httpx.ConnectTimeout):
                    await call(transport, "http://two.test", timeout={"connect": 1.0})
                assert not answers or time.monotonic() - started < 0.7  # 0.25, and what a busy machine adds
            for other in others:
                other.close()

    async def test_the_options_of_a_connection(self) -> None:
        async with FaultServer(serve) as server, pool_of(1) as transport:
            await call(transport, server)
            assert transport._pool is not None
            (connection,) = transport._pool._origins
            assert connection.transport is not None
            sock = connection.transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60

    @pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://"])
    async def test_an_address_that_is_none(self, url: str) -> None:
        async with pool_of(1) as transport:
            with pytest.raises(httpx.UnsupportedProtocol):
                await transport.handle_async_request(httpx.Request("GET", url))

    @pytest.mark.parametrize(
        "host", ["a..b", ".a.b", f"{'a' * 64}.test", ".", "..", "127.0.0.1:0", "127.0.0.1:65536", "localhost:99999999"]
    )
    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_hosts_and_ports_that_cannot_be(self, scheme: str, host: str) -> None:
        async with pool_of(1) as transport:
            with pytest.raises(httpx.ConnectError, match=r"No connection could be made: .*(name of a host|no port)"):
                await call(transport, f"{scheme}://{host}/")
            assert transport.stats.in_use == 0

    @pytest.mark.parametrize("name", ["a..b", "", ".", f"{'a' * 64}.test"])
    async def test_a_name_for_the_handshake_that_cannot_be(self, name: str) -> None:
        async with FaultServer(serve, tls=True) as server, pool_of(1) as transport:
            if name:
                with pytest.raises(httpx.ConnectError, match="cannot be the name of a host"):
                    await call(transport, server, extensions={"sni_hostname": name})
            else:  # as if it were not there
                await call(transport, server, extensions={"sni_hostname": name})


class TestTls:
    async def test_another_name(self) -> None:
        async with FaultServer(serve, tls=server_tls("elsewhere.test")) as server, pool_of(1) as transport:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await call(transport, server)
            assert server.connections == 0
            response = await call(transport, server, extensions={"sni_hostname": "elsewhere.test"})
            assert response.status_code == 200

    async def test_a_stranger(self) -> None:
        async with FaultServer(serve, tls=True) as server, PooledTransport() as transport:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await call(transport, server)

    async def test_expired(self) -> None:
        import datetime

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        authority().issue_cert("127.0.0.1", not_after=long_ago).configure_cert(context)
        async with FaultServer(serve, tls=context) as server, pool_of(1) as transport:
            with pytest.raises(httpx.ConnectError, match="expired"):
                await call(transport, server)

    async def test_unchecked(self) -> None:
        async with FaultServer(serve, tls=True) as server, pool_of(1, verify=False) as transport:
            assert (await call(transport, server)).status_code == 200

    async def test_http_1_1_is_asked_for(self) -> None:
        context = server_tls("127.0.0.1")
        context.set_alpn_protocols(["h2", "http/1.1"])
        async with FaultServer(serve, tls=context) as server, pool_of(1, verify=False) as transport:
            assert (await call(transport, server)).status_code == 200

    async def test_settings_that_lead_to_another_protocol(self) -> None:
        theirs = ssl.create_default_context()
        authority().configure_trust(theirs)
        theirs.set_alpn_protocols(["h2"])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority().issue_cert("127.0.0.1").configure_cert(context)
        context.set_alpn_protocols(["h2"])
        async with FaultServer(serve, tls=context) as server, pool_of(1, verify=theirs) as transport:
            with pytest.raises(httpx.ConnectError, match="h2"):
                await call(transport, server)
            assert transport.stats.in_use == 0

    async def test_equal_settings_are_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[int] = []
        make = connect._make_context
        monkeypatch.setattr(connect, "_contexts", {})
        monkeypatch.setattr(connect, "_make_context", lambda *args: (made.append(1), make(*args))[1])
        first = await connect.tls_context(True, trust_env=True)
        assert await connect.tls_context(True, trust_env=True) is first
        assert len(made) == 1
        assert await connect.tls_context(False, trust_env=True) is not first

    async def test_the_environment_names_authorities(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        authority().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        async with FaultServer(serve, tls=True) as server, PooledTransport() as transport:
            assert (await call(transport, server)).status_code == 200
        async with FaultServer(serve, tls=True) as server, PooledTransport(trust_env=False) as transport:
            with pytest.raises(httpx.ConnectError):
                await call(transport, server)

    @pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
    async def test_authorities_that_are_not_there(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
    ) -> None:
        monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
        async with FaultServer(serve, tls=True) as server, PooledTransport() as transport:
            with pytest.raises(ConfigurationError, match=f"{variable} names .*nowhere"):
                await call(transport, server)
            assert transport.stats.in_use == 0
            monkeypatch.delenv(variable)
            with pytest.raises(httpx.ConnectError, match="certificate"):  # read again, and nobody vouches for it
                await call(transport, server)


class TestStreams:
    @staticmethod
    async def echo(connection: Connection) -> None:
        """Answer with the body that came, whichever way it was framed."""
        while True:
            head = await connection.reader.readuntil(b"\r\n\r\n")
            body = b""
            if b"chunked" in head:
                while size := int(await connection.reader.readuntil(b"\r\n"), 16):
                    body += (await connection.reader.readexactly(size + 2))[:-2]
                await connection.reader.readexactly(2)
            else:
                length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
                body = await connection.reader.readexactly(int(length.split(b":")[1]))
            await connection.send(http_bytes(body))

    @pytest.mark.parametrize("headers", [{}, {"Content-Length": "300000"}], ids=["chunked", "length"])
    async def test_an_upload(self, peer: Peer, headers: dict[str, str]) -> None:
        async with peer(self.echo) as server, pool_of(1) as transport:
            for _ in range(2):
                response = await call(transport, server, content=parts(30, 10_000), headers=headers)
                assert response.content == bytes(300_000)
            assert transport.stats.connections_opened == 1

    async def test_a_multipart_upload(self, peer: Peer) -> None:
        async with peer(self.echo) as server, pool_of(1) as transport:
            response = await call(transport, server, files={"file": ("a.wav", b"RIFF" * 100_000)}, data={"name": "x"})
            assert b"RIFF" * 100_000 in response.content

    async def test_an_upload_whose_source_fails(self, peer: Peer) -> None:
        async def failing() -> AsyncIterator[bytes]:
            yield b"x"
            raise OSError("disk")

        async with peer(self.echo) as server, pool_of(1) as transport:
            with pytest.raises(OSError, match="disk"):
                await call(transport, server, content=failing())
            await assert_whole(transport, server)

    async def test_an_upload_to_a_peer_that_goes_away(self) -> None:
        async def leaving(connection: Connection) -> None:
            await connection.reader.readuntil(b"\r\n\r\n")
            connection.reset()

        async with FaultServer(scripted(leaving, leaving)) as server, pool_of(1) as transport:
            for content in (bytes(10_000_000), parts(1000, 10_000)):
                with pytest.raises((httpx.WriteError, httpx.ReadError)):
                    await call(transport, server, content=content)
            await assert_whole(transport, server)

    async def test_an_answer_is_read_while_it_arrives(self, peer: Peer) -> None:
        more = asyncio.Event()

        async def handler(connection: Connection) -> None:
            await connection.receive()
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
            await more.wait()
            await connection.send(b"def")
            await serve(connection)

        async with peer(handler) as server, pool_of(1) as transport:
            response = await transport.handle_async_request(request(server))
            stream = response.aiter_raw()
            assert await anext(stream) == b"abc"
            assert transport.stats.in_use == 1
            more.set()
            assert await anext(stream) == b"def"
            assert transport.stats.in_use == 0
            with pytest.raises(StopAsyncIteration):
                await anext(stream)

    async def test_an_answer_that_nobody_reads_does_not_fill_memory(self, peer: Peer) -> None:
        sent = 0

        async def handler(connection: Connection) -> None:
            nonlocal sent
            await connection.receive()
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            for _ in range(1000):
                await connection.send(bytes(100_000))
                sent += 100_000
            await serve(connection)

        async with peer(scripted(handler)) as server, pool_of(1) as transport:
            response = await transport.handle_async_request(request(server))
            before = -1
            while sent != before:
                before = sent
                await asyncio.sleep(0.05)
            # The system's own buffers, of four sockets where nginx stands between, have grown to 22 MB.
            assert sent < 40_000_000
            assert sum([len(part) async for part in response.aiter_raw()]) == 100_000_000
            assert (await call(transport, server)).extensions["itnio_connection"] == (1, True)
            await assert_whole(transport, server)

    @pytest.mark.parametrize("how", ["close", "drop", "cancel"])
    async def test_an_answer_left_half_read_ends_its_connection(self, peer: Peer, how: str) -> None:
        part = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"
        async with peer(scripted(answering(part))) as server, pool_of(1) as transport:
            response = await transport.handle_async_request(request(server))
            if how == "close":
                await response.aclose()
            elif how == "cancel":
                reading = asyncio.create_task(response.aread())
                await asyncio.sleep(0.01)
                reading.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await reading
            else:
                del response
                gc.collect()
                await asyncio.sleep(0)
            assert (await call(transport, server)).extensions["itnio_connection"] == (2, False)
            await assert_whole(transport, server)

    async def test_an_answer_that_breaks_off_gives_what_came_and_then_the_error(self, peer: Peer) -> None:
        part = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"
        async with peer(scripted(answering(part, close=True))) as server, pool_of(1) as transport:
            response = await transport.handle_async_request(request(server))
            stream = response.aiter_raw()
            await until(lambda: transport.stats.in_use == 0)
            assert await anext(stream) == b"he"
            with pytest.raises(httpx.ReadError):
                await anext(stream)


class TestTheEnd:
    async def test_closing_twice(self) -> None:
        async with FaultServer(serve) as server:
            transport = PooledTransport()
            await transport.aclose()
            await transport.aclose()
            with pytest.raises(RuntimeError, match="closed"):
                await call(transport, server)

    async def test_sockets_are_closed_when_it_returns(self, peer: Peer) -> None:
        async with peer(serve) as server:
            transport = PooledTransport(verify=client_tls())
            await asyncio.gather(*(call(transport, server) for _ in range(5)))
            await transport.aclose()
            assert transport.stats.connections_open == 0
            await server.quiet()

    async def test_calls_under_way_are_told(self) -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(5)
            async with FaultServer(silent) as server, pool_of(2) as transport:
                using = asyncio.create_task(call(transport, server))
                making = asyncio.create_task(call(transport, f"https://127.0.0.1:{deaf.getsockname()[1]}"))
                waiting = asyncio.create_task(call(transport, server))
                await until(lambda: transport.stats.waiting == 1 and transport.stats.connections_open == 1)
                async with asyncio.timeout(2):
                    await transport.aclose()
                    results = await asyncio.gather(using, making, waiting, return_exceptions=True)
        assert [type(result) for result in results] == [httpx.ReadError, RuntimeError, RuntimeError]

    async def test_a_dropped_transport_closes_what_is_in_use_when_it_is_done(self, peer: Peer) -> None:
        more = asyncio.Event()

        async def in_two_parts(connection: Connection) -> None:
            await connection.receive()
            await connection.send(OK[:-1])
            await more.wait()
            await connection.send(OK[-1:])
            await silent(connection)

        async with peer(in_two_parts) as server:
            transport = PooledTransport(verify=client_tls())
            response = await transport.handle_async_request(request(server))
            del transport
            gc.collect()
            await asyncio.sleep(0.01)
            more.set()
            assert await response.aread() == b"{}"
            await server.quiet()

    async def test_a_waiter_that_is_handed_a_slot_in_the_tick_of_the_end(self) -> None:
        gate = Gate()
        async with FaultServer(gate) as server, FaultServer(serve) as other, pool_of(1) as transport:
            first = asyncio.create_task(call(transport, server))
            waiting = asyncio.create_task(call(transport, other))
            await until(lambda: transport.stats.waiting == 1 and len(gate.paths) == 1)
            first.cancel()
            await asyncio.sleep(0)
            await transport.aclose()
            with pytest.raises(RuntimeError, match="closed"):
                await waiting
            assert other.connections == 0

    async def test_a_dropped_transport_closes_its_connections(self, peer: Peer) -> None:
        async with peer(serve) as server:
            transport = PooledTransport(verify=client_tls())
            await call(transport, server)
            alive = weakref.ref(transport)
            del transport
            gc.collect()
            assert alive() is None
            await server.quiet()


async def test_a_server_that_restarts() -> None:
    async with FaultServer(serve) as server, pool_of(5) as transport:
        await assert_whole(transport, server)
        port = server.port
        await server.__aexit__()
        await until(lambda: transport.stats.connections_open == 0)
        with pytest.raises(httpx.ConnectError):
            await call(transport, server)
        async with FaultServer(serve, port=port) as again:
            await assert_whole(transport, again)


async def test_a_plain_httpx_client_over_it(peer: Peer) -> None:
    transport = PooledTransport(verify=client_tls())
    async with peer(serve) as server, httpx.AsyncClient(transport=transport) as client:
        assert (await client.post(f"{server.url}/", json={"a": 1})).json() == {}
        async with client.stream("GET", f"{server.url}/") as response:
            assert [part async for part in response.aiter_bytes()] == [b"{}"]


async def test_what_an_answer_tells_of_its_connection(peer: Peer) -> None:
    async with peer(serve) as server, pool_of(1) as transport:
        for _ in range(2):
            response = await call(transport, server)
            stream = response.extensions["network_stream"]
            assert stream.get_extra_info("server_addr") == ("127.0.0.1", httpx.URL(server.url).port)
            assert stream.get_extra_info("client_addr") == stream.get_extra_info("socket").getsockname()
            tls = stream.get_extra_info("ssl_object")
            assert (tls and tls.version()) in (("TLSv1.2", "TLSv1.3") if peer.tls else (None,))
            assert stream.get_extra_info("nothing") is None
        await transport.aclose()
        stream.get_extra_info("server_addr")  # whatever it still knows: no error


async def test_the_log_has_numbers_and_no_headers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "itnio_async.pool")
    async with FaultServer(serve) as server, pool_of(1) as transport:
        for _ in range(2):
            await call(transport, server, headers={"Sign": "very-secret"})
    messages = [record.message for record in caplog.records if record.name == "itnio_async.pool"]
    assert messages == ["connection 1 opened", "connection 1 reused", "connection 1 closed"]
    assert "very-secret" not in caplog.text
