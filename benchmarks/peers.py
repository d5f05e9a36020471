"""The peers: each is an async context manager that gives one call, and runs in a process of its own.

What a peer needs it imports itself, so that no peer pays for another one's libraries. The HTTP libraries are used as
their users would by hand, with their own defaults; nobody uses more than 100 connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import around, golang, job, vendors
from benchmarks.measure import Call, measure
from benchmarks.storm import storm


class Target(NamedTuple):
    """The server's address, and over TLS the file of the authority that a peer must trust."""

    url: str
    authority: str = ""

    def pem(self) -> bytes:
        """Return the authority's certificate."""
        return Path(self.authority).read_bytes()

    def context(self) -> ssl.SSLContext | None:
        """Return what trusts the authority, or None without TLS."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else None

    def verify(self) -> ssl.SSLContext | bool:
        """Return what httpx calls `verify`."""
        return self.context() or True


@asynccontextmanager
async def sdk(target: Target, prepare: Callable[[Any], None] | None = None, **options: Any) -> AsyncIterator[Call]:
    """The whole typed `update` of the SDK with its defaults; `prepare` does something with the client before."""
    from itnio_async import AsyncClient, GroupBinding, SipTrunkUpdate

    async with AsyncClient(
        job.API_KEY, job.API_SECRET, base_url=target.url, verify=target.verify(), **options
    ) as client:
        if prepare is not None:
            prepare(client)

        async def call() -> None:
            await client.sip_trunks.update(
                SipTrunkUpdate(
                    key_id=job.UPDATE["keyId"],
                    sip_trunk_name=job.UPDATE["sipTrunkName"],
                    group_list=[GroupBinding(voice_group_id=job.UPDATE["groupList"][0]["voiceGroupId"])],
                    sip_gateway_ip=job.UPDATE["sipGatewayIp"],
                    sip_trunk_state=job.UPDATE["sipTrunkState"],
                )
            )

        yield call


@asynccontextmanager
async def bare_httpx(target: Target, **options: Any) -> AsyncIterator[Call]:
    """`httpx.AsyncClient` by hand."""
    import httpx

    options.setdefault("verify", target.verify())
    # httpx's own timeout of 5 s includes the wait for a connection, which 1,000 calls in flight do not keep to.
    async with httpx.AsyncClient(base_url=target.url, timeout=60, **options) as client:
        yield _httpx_call(client)


@asynccontextmanager
async def httpx2(target: Target) -> AsyncIterator[Call]:
    """`httpx2.AsyncClient` by hand, the same but for the name."""
    import httpx2

    async with httpx2.AsyncClient(base_url=target.url, timeout=60, verify=target.verify()) as client:
        yield _httpx_call(client)


@asynccontextmanager
async def httpx_aiohttp(target: Target) -> AsyncIterator[Call]:
    """`httpx.AsyncClient` over httpx-aiohttp's transport."""
    from httpx_aiohttp import AiohttpTransport

    async with bare_httpx(target, transport=AiohttpTransport(verify=target.verify())) as call:
        yield call


@asynccontextmanager
async def httpx_pyreqwest(target: Target) -> AsyncIterator[Call]:
    """`httpx.AsyncClient` over pyreqwest's transport."""
    from pyreqwest.compatibility.httpx import HttpxTransport

    async with bare_httpx(target, transport=HttpxTransport(_pyreqwest_builder(target).build())) as call:
        yield call


@asynccontextmanager
async def pyreqwest(target: Target, middleware: Any = None) -> AsyncIterator[Call]:
    """`pyreqwest.client.Client` by hand: reqwest, in Rust."""
    builder = _pyreqwest_builder(target).base_url(target.url).error_for_status()
    if middleware is not None:
        builder = builder.with_middleware(middleware)
    async with builder.build() as client:

        async def call() -> None:
            request = client.post(job.PATH).headers(job.signed_headers()).body_json(job.UPDATE).build()
            check_answer(await (await request.send()).json())

        yield call


def _pyreqwest_builder(target: Target) -> Any:
    from pyreqwest.client import ClientBuilder

    builder = ClientBuilder().max_connections(job.CONNECTIONS)
    return builder.add_root_certificate_pem(target.pem()) if target.authority else builder


@asynccontextmanager
async def wreq(target: Target) -> AsyncIterator[Call]:
    """`wreq.Client` by hand: a relative of reqwest, in Rust."""
    from wreq import Client

    url = target.url + job.PATH
    options: dict[str, Any] = {"tls_verify": Path(target.authority)} if target.authority else {}
    client = Client(pool_max_size=job.CONNECTIONS, **options)
    # Its pool keeps so many, and opens more where more calls are under way.
    slots = asyncio.Semaphore(job.CONNECTIONS)

    async def call() -> None:
        async with slots, client.post(url, json=job.UPDATE, headers=job.signed_headers()) as response:
            response.raise_for_status()
            check_answer(await response.json())

    yield call
    client.close()


@asynccontextmanager
async def bare_aiohttp(target: Target, **options: Any) -> AsyncIterator[Call]:
    """`aiohttp.ClientSession` by hand."""
    import aiohttp

    connector = aiohttp.TCPConnector(ssl=target.verify())
    async with aiohttp.ClientSession(target.url, connector=connector, **options) as session:

        async def call() -> None:
            async with session.post(job.PATH, json=job.UPDATE, headers=job.signed_headers()) as response:
                response.raise_for_status()
                check_answer(await response.json())

        yield call


@asynccontextmanager
async def transport(target: Target) -> AsyncIterator[Call]:
    """`httpx.AsyncHTTPTransport` without a limit of its own, called directly with a ready-made request."""
    async with _stock_transport() as last_hop:
        yield _ready_made_call(last_hop, target.url)


@asynccontextmanager
async def sdk_over_transport(target: Target) -> AsyncIterator[Call]:
    """`sdk` over the very same transport, whatever its default last hop is."""
    async with _stock_transport() as last_hop, sdk(target, transport=last_hop) as call:
        yield call


@asynccontextmanager
async def floor(target: Target) -> AsyncIterator[Call]:
    """Signing, JSON and a parser on bare `asyncio.Protocol`: what no client can do without."""
    from benchmarks.floor import FloorClient

    client = FloorClient(target.url, target.context())
    yield client.update
    client.close()


@asynccontextmanager
async def sdk_in_memory(_: Target) -> AsyncIterator[Call]:
    """`sdk` over a transport that answers at once, without a network."""
    async with sdk(Target("http://127.0.0.1"), transport=_instant_transport()) as call:
        yield call


@asynccontextmanager
async def transport_in_memory(_: Target) -> AsyncIterator[Call]:
    """`transport` with one that answers at once, without a network."""
    yield _ready_made_call(_instant_transport(), "http://127.0.0.1")


def _vendor(call: Callable[[str], AbstractAsyncContextManager[Call]]) -> Open:
    return lambda target: call(target.url)


Open = Callable[[Target], AbstractAsyncContextManager[Call]]


class Peer(NamedTuple):
    """How a peer is opened (None: it is the program of `peer.go`), and the modules that it needs.

    `tls` where it can be told whom to trust, `loop` the library whose event loop it runs on.
    """

    open: Open | None
    needs: tuple[str, ...] = ()
    tls: bool = False
    is_sdk: bool = False
    loop: str = "asyncio"

    def missing(self) -> list[str]:
        """Return what is not installed."""
        if self.open is None:
            return [] if golang.executable() else ["go"]
        return [name for name in (*self.needs, self.loop) if not is_installed(name)]


def is_installed(name: str) -> bool:
    """Tell whether a module can be imported."""
    package = name.partition(".")[0]
    return find_spec(package) is not None and find_spec(name) is not None


PEERS: dict[str, Peer] = {
    "sdk": Peer(sdk, tls=True),
    "sdk-uvloop": Peer(sdk, tls=True, loop="uvloop"),
    "httpx": Peer(bare_httpx, tls=True),
    "httpx2": Peer(httpx2, ("httpx2",), tls=True),
    "httpx-aiohttp": Peer(httpx_aiohttp, ("httpx_aiohttp",), tls=True),
    "httpx-pyreqwest": Peer(httpx_pyreqwest, ("pyreqwest",), tls=True),
    "pyreqwest": Peer(pyreqwest, ("pyreqwest",), tls=True),
    "wreq": Peer(wreq, ("wreq",), tls=True),
    "aiohttp": Peer(bare_aiohttp, ("aiohttp",), tls=True),
    "aiohttp-uvloop": Peer(bare_aiohttp, ("aiohttp",), tls=True, loop="uvloop"),
    "go": Peer(None, tls=True),
    "twilio": Peer(_vendor(vendors.twilio), ("twilio",), is_sdk=True),
    "telnyx": Peer(_vendor(vendors.telnyx), ("telnyx",), is_sdk=True),
    "stripe": Peer(_vendor(vendors.stripe), ("stripe",), is_sdk=True),
    "openai": Peer(_vendor(vendors.openai), ("openai", "httpx2"), is_sdk=True),
    "livekit-api": Peer(_vendor(vendors.livekit), ("livekit.api",), is_sdk=True),
    "floor": Peer(floor, tls=True),
    "transport": Peer(transport),
    "sdk-over-transport": Peer(sdk_over_transport),
    "sdk-in-memory": Peer(sdk_in_memory),
    "transport-in-memory": Peer(transport_in_memory),
}
SDKS = tuple(name for name, peer in PEERS.items() if peer.is_sdk)
IN_MEMORY = frozenset({"sdk-in-memory", "transport-in-memory"})
# What the SDK itself costs is the difference of each two.
PAIRS = {"network": ("sdk-over-transport", "transport"), "memory": ("sdk-in-memory", "transport-in-memory")}
# Those of the tables of all peers.
SIDE_BY_SIDE = tuple(name for name in PEERS if name not in IN_MEMORY | {"sdk-over-transport"})


# -- what stands around a call ----------------------------------------------------------------------------------------

_WITH_MIDDLEWARE: dict[str, Open] = {
    "sdk": lambda target: sdk(target, middleware=[around.hand_on]),
    "httpx": lambda target: bare_httpx(target, transport=around.hand_on(_default_transport(target))),
    "pyreqwest": lambda target: pyreqwest(target, around.hand_on_pyreqwest),
    "aiohttp": lambda target: bare_aiohttp(target, middlewares=[around.hand_on_aiohttp]),
}
_WITHOUT: dict[str, Open] = {"sdk": sdk, "httpx": bare_httpx, "pyreqwest": pyreqwest, "aiohttp": bare_aiohttp}


def _around(what: str, of_peers: Mapping[str, Open], *needs: str) -> dict[str, Peer]:
    return {
        f"{name}+{what}": PEERS[name]._replace(open=opened, needs=(*PEERS[name].needs, *needs))
        for name, opened in of_peers.items()
    }


def _within(tool: Callable[..., AbstractAsyncContextManager[Call]], *unknown: str) -> dict[str, Open]:
    """Return how the peers are opened with that tool, but for those that it does not know."""
    return {name: _opened_within(tool, opened) for name, opened in _WITHOUT.items() if name not in unknown}


def _opened_within(tool: Callable[..., AbstractAsyncContextManager[Call]], opened: Open) -> Open:
    return lambda target: tool(opened(target))


PEERS |= {
    **_around("middleware", _WITH_MIDDLEWARE),
    **_around("sentry", _within(around.under_sentry), *around.SENTRY),
    **_around("sentry-transaction", _within(around.under_sentry_in_transactions), *around.SENTRY),
    **_around("opentelemetry", _within(around.under_opentelemetry, "pyreqwest"), *around.OPENTELEMETRY),
    **_around("telemetry", {"sdk": lambda target: sdk(target, around.with_telemetry)}, *around.OPENTELEMETRY),
}
AROUND = tuple(dict.fromkeys(name.partition("+")[2] for name in PEERS if "+" in name))


def _httpx_call(client: Any) -> Call:
    async def call() -> None:
        response = await client.post(job.PATH, json=job.UPDATE, headers=job.signed_headers())
        response.raise_for_status()
        check_answer(response.json())

    return call


def check_answer(answer: Any) -> None:
    """Raise `RuntimeError` for an answer that is no success."""
    if answer["status"] != "0":
        raise RuntimeError(f"refused: {answer}")


def _ready_made_call(last_hop: Any, url: str) -> Call:
    """Return the leanest use of an httpx transport: the request that the SDK would send, and the answer's bytes."""
    from importlib.metadata import version

    import httpx

    request = httpx.Request(
        "POST",
        url + job.PATH,
        content=json.dumps(job.UPDATE, separators=(",", ":")).encode(),
        headers={
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"itnio-async/{version('itnio-async')}",
            "Content-Type": "application/json;charset=UTF-8",
            **job.signed_headers(),
        },
        extensions={"timeout": httpx.Timeout(10, connect=5, pool=None).as_dict()},
    )
    slots = asyncio.Semaphore(job.CONNECTIONS)

    async def call() -> bytes:
        async with slots:
            response = await last_hop.handle_async_request(request)
            content = b"".join([chunk async for chunk in response.stream])
            await response.aclose()
            if response.status_code != 200:
                raise RuntimeError(f"refused: {content!r}")
            return content

    return call


def _default_transport(target: Target) -> Any:
    import httpx

    return httpx.AsyncHTTPTransport(verify=target.verify())


def _stock_transport() -> Any:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=job.CONNECTIONS, keepalive_expiry=20)
    return httpx.AsyncHTTPTransport(verify=False, limits=limits)


def _instant_transport() -> Any:
    import httpx

    headers = [
        (b"Content-Type", b"application/json"),
        (b"Date", b"Wed, 01 Sep 2021 00:00:00 GMT"),
        (b"Content-Length", b"%d" % len(job.ANSWER)),
    ]

    class InstantTransport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            # One turn of the loop, as the shortest real answer takes: only there does the loop drop ended timers.
            await asyncio.sleep(0)
            return httpx.Response(200, headers=headers, stream=httpx.ByteStream(job.ANSWER))

    return InstantTransport()


# -- a peer's process -------------------------------------------------------------------------------------------------


async def _run(opened: AbstractAsyncContextManager[Call]) -> None:
    async with opened as call:
        # Between two rounds the loop stands still, as the whole process does: nothing is asked of it.
        for line in sys.stdin:  # noqa: ASYNC251, RUF100
            order = json.loads(line)
            result = await _WORK[order.pop("work")](call, **order)
            print(json.dumps(result._asdict() if result else None), flush=True)


async def _once(call: Call) -> None:
    await call()


_WORK: dict[str, Callable[..., Awaitable[Any]]] = {"call": _once, "measure": measure, "storm": storm}


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("url")
    parser.add_argument("--authority", default="")
    arguments = parser.parse_args()
    peer = PEERS[arguments.name]
    assert peer.open is not None
    with asyncio.Runner(loop_factory=import_module(peer.loop).new_event_loop) as runner:
        runner.run(_run(peer.open(Target(arguments.url, arguments.authority))))
    # Without the interpreter's own end, where some versions of pyreqwest abort it.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    _main()
