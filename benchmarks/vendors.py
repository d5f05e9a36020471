"""The SDKs of other vendors, each with a small update as its users would send it, and its own defaults.

They send what they send: a request of their own vendor's form, with their own headers and credentials.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks import job
from benchmarks.measure import Call


@asynccontextmanager
async def twilio(url: str) -> AsyncIterator[Call]:
    """Twilio: update a SIP trunk, sent as a form, which is all that this API takes."""
    from twilio.http.async_http_client import AsyncTwilioHttpClient  # type: ignore[import-untyped, unused-ignore]
    from twilio.rest import Client  # type: ignore[import-untyped, unused-ignore]

    async with AsyncTwilioHttpClient() as http_client:
        client = Client("AC00000000000000000000000000000001", "secret", http_client=http_client)
        client.trunking.base_url = url
        sid = job.TWILIO_PATH.rpartition("/")[2]

        async def call() -> None:
            trunk = await client.trunking.v1.trunks(sid).update_async(
                friendly_name=job.NAME, domain_name=job.ADDRESS, secure=False
            )
            _check(trunk.friendly_name)

        yield call


@asynccontextmanager
async def telnyx(url: str) -> AsyncIterator[Call]:
    """Telnyx: create a SIP connection, since its update is a PATCH."""
    from telnyx import AsyncTelnyx

    async with AsyncTelnyx(api_key="secret", base_url=url) as client:

        async def call() -> None:
            created = await client.ip_connections.create(
                connection_name=job.NAME, active=False, webhook_event_url=f"https://{job.ADDRESS}"
            )
            assert created.data is not None
            _check(created.data.connection_name)

        yield call


@asynccontextmanager
async def stripe(url: str) -> AsyncIterator[Call]:
    """Stripe: update an event destination, one of the calls of its version 2, which speaks JSON."""
    from stripe import HTTPXClient, StripeClient

    http_client = HTTPXClient()
    client = StripeClient("sk_test_secret", base_addresses={"api": url}, http_client=http_client)
    identifier = job.STRIPE_PATH.rpartition("/")[2]

    async def call() -> None:
        updated = await client.v2.core.event_destinations.update_async(
            identifier, {"name": job.NAME, "description": job.ADDRESS}
        )
        _check(updated.name)

    yield call
    await http_client.close_async()  # type: ignore[no-untyped-call, unused-ignore]


@asynccontextmanager
async def openai(url: str) -> AsyncIterator[Call]:
    """OpenAI: update a vector store; of its 1,000 connections it may use 100, like all others."""
    from httpx2 import Limits
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    limits = Limits(max_connections=job.CONNECTIONS)
    base, _, identifier = job.OPENAI_PATH.rpartition("/vector_stores/")
    async with AsyncOpenAI(
        api_key="secret", base_url=url + base, http_client=DefaultAsyncHttpxClient(limits=limits)
    ) as client:

        async def call() -> None:
            updated = await client.vector_stores.update(identifier, name=job.NAME, metadata={"address": job.ADDRESS})
            _check(updated.name)

        yield call


@asynccontextmanager
async def livekit(url: str) -> AsyncIterator[Call]:
    """LiveKit: replace a SIP trunk, sent as protobuf, with a token signed for each call."""
    from livekit import api

    async with api.LiveKitAPI(url, "key", "secret-of-nobody-that-is-long-enough") as client:

        async def call() -> None:
            trunk = api.SIPOutboundTrunkInfo(name=job.NAME, address=job.ADDRESS, numbers=["1000026"])
            _check((await client.sip.update_outbound_trunk("ST_1", trunk)).name)

        yield call


def _check(name: str | None) -> None:
    if name != job.NAME:
        raise RuntimeError(f"refused: {name}")
