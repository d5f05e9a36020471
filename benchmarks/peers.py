"""The peers: each is an async context manager that gives one call, and runs in a process of its own.

What a peer needs it imports itself, so that no peer pays for another one's libraries. `httpx` and `aiohttp` are what
their users would write by hand, with their own defaults; nobody uses more than 100 connections.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from benchmarks import job
from benchmarks.measure import Call, measure
from benchmarks.process import pin


@asynccontextmanager
async def sdk(url: str, transport: Any = None) -> AsyncIterator[Call]:
    """The whole typed `update` of the SDK with its defaults."""
    from itnio_async import AsyncClient, GroupBinding, SipTrunkUpdate

    async with AsyncClient(job.API_KEY, job.API_SECRET, base_url=url, transport=transport) as client:

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
async def bare_httpx(url: str) -> AsyncIterator[Call]:
    """`httpx.AsyncClient` by hand."""
    import httpx

    # httpx's own timeout of 5 s includes the wait for a connection, which 1,000 calls in flight do not keep to.
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def call() -> None:
            response = await client.post(job.PATH, json=job.UPDATE, headers=job.signed_headers())
            response.raise_for_status()
            _check(response.json())

        yield call


@asynccontextmanager
async def bare_aiohttp(url: str) -> AsyncIterator[Call]:
    """`aiohttp.ClientSession` by hand."""
    import aiohttp

    async with aiohttp.ClientSession(url) as session:

        async def call() -> None:
            async with session.post(job.PATH, json=job.UPDATE, headers=job.signed_headers()) as response:
                response.raise_for_status()
                _check(await response.json())

        yield call


@asynccontextmanager
async def transport(url: str) -> AsyncIterator[Call]:
    """`httpx.AsyncHTTPTransport` without a limit of its own, called directly with a ready-made request."""
    async with _stock_transport() as last_hop:
        yield _ready_made_call(last_hop, url)


@asynccontextmanager
async def sdk_over_transport(url: str) -> AsyncIterator[Call]:
    """`sdk` over the very same transport, whatever its default last hop is."""
    async with _stock_transport() as last_hop, sdk(url, last_hop) as call:
        yield call


@asynccontextmanager
async def floor(url: str) -> AsyncIterator[Call]:
    """Signing, JSON and a parser on bare `asyncio.Protocol`: what no client can do without."""
    from benchmarks.floor import FloorClient

    client = FloorClient(url)
    yield client.update
    client.close()


@asynccontextmanager
async def sdk_in_memory(_: str) -> AsyncIterator[Call]:
    """`sdk` over a transport that answers at once, without a network."""
    async with sdk("http://127.0.0.1", _instant_transport()) as call:
        yield call


@asynccontextmanager
async def transport_in_memory(_: str) -> AsyncIterator[Call]:
    """`transport` with one that answers at once, without a network."""
    yield _ready_made_call(_instant_transport(), "http://127.0.0.1")


PEERS: dict[str, Callable[[str], AbstractAsyncContextManager[Call]]] = {
    "sdk": sdk,
    "httpx": bare_httpx,
    "aiohttp": bare_aiohttp,
    "floor": floor,
    "transport": transport,
    "sdk-over-transport": sdk_over_transport,
    "sdk-in-memory": sdk_in_memory,
    "transport-in-memory": transport_in_memory,
}
IN_MEMORY = frozenset({"sdk-in-memory", "transport-in-memory"})
# What the SDK itself costs is the difference of each two.
PAIRS = {"network": ("sdk-over-transport", "transport"), "memory": ("sdk-in-memory", "transport-in-memory")}
# The others stand in the tables of all peers.
ONLY_IN_PAIRS = IN_MEMORY | {"sdk-over-transport"}


def _check(answer: Any) -> None:
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


async def _run(name: str, url: str) -> None:
    async with PEERS[name](url) as call:
        # Between two rounds the loop stands still, as the whole process does: nothing is asked of it.
        for line in sys.stdin:  # noqa: ASYNC251, RUF100
            order = json.loads(line)
            measurement = await measure(call, order["in_flight"], order["seconds"])
            print(json.dumps(measurement._asdict()), flush=True)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("url")
    parser.add_argument("--core", type=int)
    arguments = parser.parse_args()
    pin(arguments.core)
    asyncio.run(_run(arguments.name, arguments.url))


if __name__ == "__main__":
    _main()
