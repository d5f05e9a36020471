"""The pool against nginx, which closes connections by its own rules, reloads, dies and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import select
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from attrs import define, field
from support.certificates import authority, client_tls, issued, write_certificate
from support.nginx import SUCCESS, Nginx
from support.programs import until, unused_port
from support.raw_server import Connection, RawServer, http_answer, http_bytes
from support.values import trunk_add, trunk_update

from itnio_async import AsyncClient, ConnectError, ConnectionLost, ItnioError, UnexpectedResponseError
from itnio_async.transport import PooledTransport

LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=60)

over_both = pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])

Start = Callable[..., Awaitable[Nginx]]
MakeClient = Callable[..., AsyncClient]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts nginx with lines of its configuration."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*, tls: bool = False, **lines: Any) -> Nginx:
            files = write_certificate(issued(), tmp_path) if tls else None
            return await stack.enter_async_context(Nginx(tmp_path / "nginx", tls=files, **lines))

        yield start


@pytest.fixture
def connect(make_client: MakeClient) -> Callable[[Nginx], AsyncClient]:
    """Makes a client of that nginx."""

    def connect(server: Nginx, **options: Any) -> AsyncClient:
        return make_client(**{"base_url": server.url, "limits": LIMITS, "verify": client_tls(), **options})

    return connect


def plain_client(server: Nginx, transport: PooledTransport | None = None) -> httpx.AsyncClient:
    """httpx's own client over our pool."""
    return httpx.AsyncClient(
        transport=transport or PooledTransport(limits=LIMITS, verify=client_tls()), base_url=server.url
    )


async def update(client: AsyncClient) -> None:
    """A call that may be repeated."""
    await client.sip_trunks.update(trunk_update())


async def add(client: AsyncClient) -> None:
    """A call that must not be repeated."""
    await client.sip_trunks.add(trunk_add())


both_kinds = pytest.mark.parametrize("make_call", [update, add])


async def failures(calls: Any) -> list[ItnioError]:
    """Make the calls, and return the errors of those that failed."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    failed = [result for result in results if result is not None]
    for error in failed:
        if not isinstance(error, ItnioError):
            raise error
    return failed


def assert_fair(failed: list[ItnioError], make_call: Any) -> None:
    """nginx closed used connections only: what may be repeated was, and the rest says that nobody knows."""
    if make_call is update:
        assert failed == []
    for error in failed:
        assert isinstance(error, ConnectionLost)
        assert error.may_have_been_processed


async def assert_whole(client: AsyncClient, server: Nginx, *, complaints: int = 0) -> None:
    """Calls pass, as many at once as there are slots; all slots come back; nginx has no connection left at the end."""
    async with asyncio.timeout(10):
        await asyncio.gather(*(update(client) for _ in range(30)))
    stats = client.stats
    assert (stats.in_use, stats.waiting) == (0, 0)
    assert stats.idle == stats.connections_open <= 10
    await client.aclose()
    assert client.stats.connections_open == 0
    async with asyncio.timeout(10):
        while await server.connections():  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.005)
    assert len(server.errors()) == complaints, server.errors()


class Load:
    """`async with Load(kinds, client)`: for each of the kinds a task that makes such calls one after another."""

    def __init__(self, kinds: list[Any], client: AsyncClient) -> None:
        self.made = 0
        self.failed: list[ItnioError] = []
        self._kinds = kinds
        self._client = client
        self._is_over = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._run(kind)) for kind in self._kinds]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        await asyncio.gather(*self._tasks)

    async def _run(self, make_call: Any) -> None:
        while not self._is_over:
            self.made += 1
            self.failed += await failures([make_call(self._client)])

    async def has_made(self, calls: int) -> None:
        await until(lambda: self.made >= calls)


@define
class Held:
    """An upstream that holds its answers back until `go`; `requests` counts what has come."""

    requests: int = 0
    go: asyncio.Event = field(factory=asyncio.Event)

    async def __call__(self, connection: Connection) -> None:
        while True:
            await connection.receive()
            self.requests += 1
            await self.go.wait()
            await connection.send(http_answer())

    async def has(self, requests: int) -> None:
        await until(lambda: self.requests >= requests)


def passed_to(upstream: RawServer) -> str:
    return f"proxy_pass {upstream.url};\nproxy_http_version 1.1;\nproxy_buffering off;\nclient_max_body_size 0;"


# -- connections that nginx closes ------------------------------------------------------------------------------------


@over_both
@both_kinds
async def test_three_requests_a_connection(start: Start, connect: Any, tls: bool, make_call: Any) -> None:
    server = await start(tls=tls, server="keepalive_requests 3;")
    client = connect(server)
    for _ in range(30):
        await make_call(client)
    assert (client.stats.connections_opened, client.stats.connections_reused) == (10, 20)
    await asyncio.gather(*(make_call(client) for _ in range(300)))
    assert client.stats.connections_opened >= 110
    await assert_whole(client, server)


@over_both
async def test_three_requests_a_connection_under_httpx(start: Start, tls: bool) -> None:
    server = await start(tls=tls, server="keepalive_requests 3;")
    async with plain_client(server) as client:
        for answer in await asyncio.gather(*(client.get("/") for _ in range(100))):
            assert answer.json()["status"] == "0"


@over_both
@both_kinds
async def test_idle_for_longer_than_nginx_waits(start: Start, connect: Any, tls: bool, make_call: Any) -> None:
    server = await start(tls=tls, server="keepalive_timeout 1s;")
    client = connect(server)
    await make_call(client)
    assert client.stats.idle == 1
    await until(lambda: client.stats.connections_open == 0)
    await make_call(client)
    assert client.stats.connections_opened == 2
    await assert_whole(client, server)


@over_both
@both_kinds
async def test_idle_while_the_event_loop_is_busy(start: Start, connect: Any, tls: bool, make_call: Any) -> None:
    """nginx hangs up while this process has no time to notice: nothing is sent on what is dead."""
    server = await start(tls=tls, server="keepalive_timeout 1s;")
    client = connect(server)
    await make_call(client)
    assert client.stats.idle == 1
    (connection,) = client._shared.hop._pool._pool._origins
    poll = select.poll()
    poll.register(connection.transport.get_extra_info("socket").fileno(), select.POLLIN)
    assert poll.poll(5000)  # it blocks the event loop, which is the point
    await make_call(client)
    assert client.stats.connections_opened == 2
    await assert_whole(client, server)


@over_both
@both_kinds
async def test_the_race_between_the_next_request_and_the_end(
    start: Start, connect: Any, tls: bool, make_call: Any
) -> None:
    """About one call in twenty meets a connection that nginx is just closing."""
    server = await start(tls=tls, server="keepalive_timeout 5ms;")
    client = connect(server)
    pauses = random.Random(4)
    failed: list[ItnioError] = []

    async def calls() -> None:
        for _ in range(60):
            failed.extend(await failures([make_call(client)]))
            await asyncio.sleep(pauses.uniform(0.0035, 0.0065))

    await asyncio.gather(*(calls() for _ in range(4)))
    # Far more than the four that the calls need: nginx closed the others in between. How many, the machine decides.
    assert client.stats.connections_opened > 20
    assert_fair(failed, make_call)
    assert len(failed) < 60
    await assert_whole(client, server)


# -- nginx reloads, dies, ends and comes back -------------------------------------------------------------------------


@over_both
@both_kinds
async def test_reloads_in_the_middle_of_calls(start: Start, connect: Any, tls: bool, make_call: Any) -> None:
    server = await start(tls=tls)
    client = connect(server)
    async with Load([make_call] * 20, client) as load:
        for goal in (100, 200, 300):
            await load.has_made(goal)
            await server.reload()
    assert_fair(load.failed, make_call)
    assert len(load.failed) < load.made / 4
    await assert_whole(client, server)


@over_both
async def test_a_worker_is_killed_with_repeatable_calls_on_used_connections(
    start: Start, connect: Any, tls: bool
) -> None:
    held = Held()
    async with RawServer(held) as upstream:
        server = await start(tls=tls, location=passed_to(upstream))
        client = connect(server)
        held.go.set()
        warm = [asyncio.create_task(update(client)) for _ in range(10)]
        await asyncio.gather(*warm)
        held.go.clear()
        opened, before = client.stats.connections_opened, held.requests
        calls = [asyncio.create_task(update(client)) for _ in range(opened)]
        await held.has(before + opened)
        await server.kill_workers()
        await held.has(before + 2 * opened)  # all of them once more
        held.go.set()
        assert await failures(calls) == []
        await client.aclose()


@over_both
@pytest.mark.parametrize("warm", [False, True], ids=["new", "used"])
async def test_a_worker_is_killed_with_calls_that_cannot_be_replaced(
    start: Start, connect: Any, tls: bool, warm: bool
) -> None:
    """A new connection is no stale one: something else is wrong, and the call has failed."""
    held = Held()
    make_call = add if warm else update
    async with RawServer(held) as upstream:
        server = await start(tls=tls, location=passed_to(upstream))
        client = connect(server)
        if warm:
            held.go.set()
            await asyncio.gather(*(update(client) for _ in range(10)))
            held.go.clear()
        before = held.requests
        calls = [asyncio.create_task(make_call(client)) for _ in range(5)]
        await held.has(before + 5)
        await server.kill_workers()
        failed = await failures(calls)
        assert [type(error) for error in failed] == [ConnectionLost] * 5
        assert all(error.may_have_been_processed for error in failed)
        held.go.set()
        await asyncio.gather(*(update(client) for _ in range(30)))
        assert client.stats.in_use == 0


@over_both
async def test_workers_are_killed_in_a_storm(start: Start, connect: Any, tls: bool) -> None:
    server = await start(tls=tls)
    client = connect(server)
    async with Load([update, add] * 10, client) as load:
        for goal in (100, 200):
            await load.has_made(goal)
            await server.kill_workers()
    for error in load.failed:
        # A TLS handshake that ends with the worker, twice, makes no connection.
        assert isinstance(error, ConnectionLost if error.may_have_been_processed else ConnectError)
    async with asyncio.timeout(10):
        await asyncio.gather(*(update(client) for _ in range(30)))
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)
    assert client.stats.idle == client.stats.connections_open


@over_both
async def test_nginx_ends_after_the_calls_under_way(start: Start, connect: Any, tls: bool) -> None:
    held = Held()
    async with RawServer(held) as upstream:
        server = await start(tls=tls, location=passed_to(upstream))
        client = connect(server)
        calls = [asyncio.create_task(add(client)) for _ in range(5)]
        await held.has(5)
        server.quit()
        await until(lambda: not server.is_listening())
        with pytest.raises(ConnectError) as caught:
            await add(client)
        assert not caught.value.may_have_been_processed
        held.go.set()
        assert await failures(calls) == []
        assert await server.ended() == 0
        await until(lambda: client.stats.connections_open == 0)
        assert client.stats.in_use == 0


@over_both
@both_kinds
async def test_nginx_is_stopped_and_comes_back(start: Start, connect: Any, tls: bool, make_call: Any) -> None:
    server = await start(tls=tls)
    client = connect(server)
    await asyncio.gather(*(make_call(client) for _ in range(30)))
    await server.stop()
    await until(lambda: client.stats.connections_open == 0)
    for error in await failures(make_call(client) for _ in range(20)):
        assert isinstance(error, ConnectError)
        assert not error.may_have_been_processed
    await server.start()
    await make_call(client)
    await assert_whole(client, server)


@over_both
async def test_calls_cancelled_at_random(start: Start, connect: Any, tls: bool) -> None:
    server = await start(tls=tls, server="keepalive_requests 20;")
    client = connect(server)
    chance = random.Random(7)

    async def call() -> str:
        task = asyncio.create_task(update(client))
        if chance.random() < 0.3:
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        return "done"

    outcomes = await asyncio.gather(*(call() for _ in range(500)))
    assert outcomes.count("cancelled") > 20
    assert outcomes.count("done") > 300
    await assert_whole(client, server)


# -- what nginx answers -----------------------------------------------------------------------------------------------


@over_both
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_big_answers(start: Start, connect: Any, tls: bool, chunked: bool) -> None:
    data = ["x" * 1000] * 1500

    async def big(connection: Connection) -> None:
        body = json.dumps({"status": 0, "reason": "", "data": data}).encode()
        while True:
            await connection.receive()
            if chunked:
                parts = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
                chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
                await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
            else:
                await connection.send(http_bytes(body))

    async with RawServer(big) as upstream:
        server = await start(tls=tls, location=passed_to(upstream))
        client = connect(server)
        for answer in await asyncio.gather(*(client.request("POST", "/v3/any") for _ in range(4))):
            assert ("transfer-encoding" in answer.headers) is chunked
            assert answer.data == data
        small = connect(server, max_response_bytes=100_000)
        with pytest.raises(UnexpectedResponseError, match="100000 bytes"):
            await small.request("POST", "/v3/any")
        assert (small.stats.in_use, small.stats.connections_open) == (0, 0)
        await assert_whole(client, server)


async def test_answers_that_nginx_compresses(start: Start, connect: Any) -> None:
    server = await start(server="gzip on; gzip_types application/json; gzip_min_length 1;")
    async with plain_client(server) as plain:
        answer = await plain.get("/")
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.json()["data"] == 7
    client = connect(server)
    answer = await client.request("POST", "/v3/any")
    assert "content-encoding" not in answer.headers  # nobody asked for it
    await assert_whole(client, server)


async def test_answers_that_come_compressed_unasked(start: Start, connect: Any) -> None:
    async def compressed(connection: Connection) -> None:
        while True:
            await connection.receive()
            body = gzip.compress(b'{"status":0,"reason":"","data":[1,2]}')
            await connection.send(http_bytes(body, headers="Content-Encoding: gzip\r\n"))

    async with RawServer(compressed) as upstream:
        client = connect(await start(location=passed_to(upstream)))
        assert (await client.request("POST", "/v3/any")).data == [1, 2]


@over_both
@pytest.mark.parametrize(
    ("location", "status", "page"),
    [
        ("proxy_pass http://127.0.0.1:{unused};", 502, "<title>502 Bad Gateway</title>"),
        ("client_max_body_size 10; {success}", 413, "<title>413 Request Entity Too Large</title>"),
        ("return 403;", 403, "<title>403 Forbidden</title>"),
        ("deny all; proxy_pass http://127.0.0.1:{unused};", 403, "<title>403 Forbidden</title>"),
        ("return 404;", 404, "<title>404 Not Found</title>"),
        ("", 405, "<title>405 Not Allowed</title>"),
        ("return 301 https://elsewhere.test/;", 301, "<title>301 Moved Permanently</title>"),
        ("return 204;", 204, ""),
    ],
    ids=["dead upstream", "too large", "forbidden", "denied", "not found", "not allowed", "moved", "empty"],
)
async def test_a_page_of_nginxs_own(
    start: Start, connect: Any, tls: bool, location: str, status: int, page: str
) -> None:
    location = location.format(unused=unused_port(), success=SUCCESS)
    server = await start(tls=tls, location=location)
    file = server.files / "v3/cc/sipTrunk/update"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    file.with_name("add").write_text("{}")
    client = connect(server)
    for make_call in (update, add):
        with pytest.raises(UnexpectedResponseError) as caught:
            await make_call(client)
        error = caught.value
        assert error.http_status == status
        assert page in error.body
        assert str(status) in str(error)
        assert error.may_have_been_processed
    assert (client.stats.in_use, client.stats.retries) == (0, 0)
    assert client.stats.connections_opened == (2 if status == 413 else 1)  # nginx itself closes after a 413


async def test_a_body_that_nginx_does_not_read_to_its_end(start: Start, connect: Any) -> None:
    server = await start(locations=f"location = /v3/small {{ client_max_body_size 10; {SUCCESS} }}")
    client = connect(server)
    for _ in range(5):
        with pytest.raises(UnexpectedResponseError) as caught:
            await client.request("POST", "/v3/small", json="x" * 3_000_000)
        assert caught.value.http_status == 413
    await assert_whole(client, server, complaints=5)


@pytest.mark.parametrize("status", [429, 503])
async def test_too_many_calls(start: Start, connect: Any, status: int) -> None:
    async def serve(connection: Connection) -> None:
        while True:
            await connection.receive()
            await connection.send(http_answer())

    async with RawServer(serve) as upstream:
        server = await start(
            http="limit_req_zone $binary_remote_addr zone=all:1m rate=1r/m;",
            location=f"limit_req zone=all; limit_req_status {status}; add_header Retry-After 60 always; "
            + passed_to(upstream),
        )
        client = connect(server)
        await update(client)
        with pytest.raises(UnexpectedResponseError) as caught:
            await update(client)
        assert (caught.value.http_status, caught.value.retry_after) == (status, 60)
        assert client.stats.connections_opened == 1


async def test_answers_without_a_body_and_parts_of_files(start: Start) -> None:
    server = await start(location="", locations="location = /none { return 204; }")
    content = bytes(range(256)) * 4000
    (server.files / "file").write_bytes(content)
    transport = PooledTransport(limits=LIMITS)
    async with plain_client(server, transport) as client:
        whole = await client.get("/file")
        assert whole.content == content
        head = await client.head("/file")
        assert (head.content, head.headers["content-length"]) == (b"", str(len(content)))
        same = await client.get("/file", headers={"If-None-Match": whole.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        part = await client.get("/file", headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, content[10:20])
        several = await client.get("/file", headers={"Range": "bytes=0-9,1000000-1000009"})
        assert several.headers["content-type"].startswith("multipart/byteranges")
        assert (await client.get("/none")).status_code == 204
        assert (await client.get("/missing")).status_code == 404
        # All over one connection: each answer ended where it ends.
        assert transport.stats.connections_opened == 1


async def test_an_answer_that_is_read_while_it_arrives(start: Start) -> None:
    server = await start(location="")
    (server.files / "file").write_bytes(bytes(20_000_000))
    transport = PooledTransport(limits=LIMITS)
    async with plain_client(server, transport) as client:
        async with client.stream("GET", "/file") as answer:
            size = sum([len(part) async for part in answer.aiter_raw()])
        assert size == 20_000_000
        assert transport.stats.idle == 1
        async with client.stream("GET", "/file") as answer:
            await anext(answer.aiter_raw())
        assert (transport.stats.in_use, transport.stats.connections_open) == (0, 0)  # nobody reads the rest
        assert (await client.get("/file")).status_code == 200


@over_both
@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}], ids=["", "expect"])
async def test_an_upload_in_parts(start: Start, tls: bool, expect: dict[str, str]) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield bytes(100_000)

    async def measure(connection: Connection) -> None:
        while True:
            request = await connection.receive()
            body = request.partition(b"\r\n\r\n")[2]
            await connection.send(http_bytes(b"%d" % len(body)))

    async with RawServer(measure) as upstream:
        server = await start(tls=tls, location=passed_to(upstream))
        transport = PooledTransport(limits=LIMITS, verify=client_tls())
        async with plain_client(server, transport) as client:
            for _ in range(2):
                answer = await client.post("/", content=parts(), headers=expect)
                assert answer.json() == 3_000_000
            assert transport.stats.connections_opened == 1


async def test_an_upload_that_nginx_refuses_half_way(start: Start) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(100_000)

    server = await start(
        locations=f"location = /small {{ client_max_body_size 300k; proxy_pass http://127.0.0.1:{unused_port()}; }}"
    )
    transport = PooledTransport(limits=LIMITS)
    async with plain_client(server, transport) as client:
        answer = await client.post("/small", content=parts())
        assert answer.status_code == 413
        assert transport.stats.in_use == 0
        assert (await client.get("/")).status_code == 200


# -- TLS by nginx -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("listen", ["", "http2"])
async def test_versions_of_tls_and_an_offer_of_http2(start: Start, connect: Any, version: str, listen: str) -> None:
    locations = """location = /tls { return 200 '{"status":0,"reason":"","data":"$ssl_protocol $server_protocol"}'; }"""
    server = await start(tls=True, listen=listen, server=f"ssl_protocols {version};", locations=locations)
    client = connect(server)
    assert (await client.request("GET", "/tls")).data == f"{version} HTTP/1.1"
    await assert_whole(client, server)


async def test_plain_http_to_a_port_for_tls(start: Start, make_client: MakeClient) -> None:
    server = await start(tls=True)
    client = make_client(base_url=server.url.replace("https:", "http:"))
    with pytest.raises(UnexpectedResponseError, match="400") as caught:
        await update(client)
    assert "plain HTTP request was sent to HTTPS port" in caught.value.body


async def test_nginx_wants_a_certificate_of_the_client(start: Start, connect: Any, tmp_path: Path) -> None:
    authority().cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    server = await start(tls=True, server=f"ssl_client_certificate {tmp_path}/authority.pem; ssl_verify_client on;")
    with pytest.raises(UnexpectedResponseError, match="400") as caught:
        await update(connect(server))
    assert "No required SSL certificate was sent" in caught.value.body
    context = client_tls()
    issued("client@example.test").configure_cert(context)
    ours = connect(server, verify=context)
    await update(ours)
