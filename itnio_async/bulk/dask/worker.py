"""What runs in a worker of a cluster: a bulk run over the updates that come in, whose outcomes are fetched from here.

A desk belongs to the process that opened it. Where that is not heard of any more, nothing new is begun and the desk
closes by itself.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

import httpx
from attrs import frozen

from itnio_async._version import __version__
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.api.sip_trunks.types import SipTrunkUpdate
from itnio_async.bulk.dask.seal import Seal
from itnio_async.bulk.identity import Identity, identity_of
from itnio_async.client import AsyncClient
from itnio_async.config import LIMITS, RateLimit
from itnio_async.errors import ConfigurationError
from itnio_async.runs.outcome import Outcome

Connect = Callable[..., AsyncClient]

# Seconds without a word after which whoever opened the desk counts as dead: long enough for a loop that is held up.
LEASE = 10.0
# How long the first outcome waits for company: each journey costs some milliseconds at three processes.
COMPANY = 0.02

_desks: dict[str, Desk] = {}


class DeskClosedError(Exception):
    """The desk is not there any more, and took nothing of this exchange."""


@frozen(kw_only=True)
class Order:
    """How a desk shall work, and for whom; no secret is in it.

    `connect` makes the worker's own client, and takes `limits` and `rate_limit`. `proof` can only be made, and checked,
    with the API secret.
    """

    name: str
    connect: Connect
    concurrency: int
    rate_limit: RateLimit | None
    host: str
    api_key: str
    proof: str
    version: str = __version__


def proof_of(identity: Identity, name: str) -> str:
    """Return what shows that one has the API secret, and nothing else about it."""
    return identity.fingerprint(f"opens {name}")


class Desk:
    """One client and one bulk run, open until it is closed or forgotten."""

    def __init__(self, client: AsyncClient, seal: Seal, concurrency: int) -> None:
        self._client = client
        self._seal = seal
        self._concurrency = concurrency
        self._given: asyncio.Queue[SipTrunkUpdate | None] = asyncio.Queue()
        self._waiting = 0
        self._outcomes: list[tuple[int, Any]] = []
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._work(), name="itnio desk")

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended."""
        return self._task.done()

    async def exchange(self, sealed: bytes, wait: float) -> bytes:
        """Take updates, and return the outcomes that are there after at most `wait` seconds, by their number.

        The updates are numbered in the order in which they come, over all exchanges.
        """
        updates = self._seal.open(sealed)
        self._waiting += len(updates)
        for update in updates or (None,):
            self._given.put_nowait(update)
        if await self._has_news(wait) and self._waiting > len(self._outcomes):
            await asyncio.sleep(COMPANY)
        outcomes, self._outcomes = self._outcomes, []
        self._waiting -= len(outcomes)
        if self.is_over:
            self._task.result()
        return self._seal.close(outcomes)

    async def aclose(self) -> None:
        """Cut off what is under way."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _has_news(self, wait: float) -> bool:
        if not self._outcomes and self._waiting:
            self._news.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._news.wait()
            except TimeoutError:
                return False
        return bool(self._outcomes)

    async def _work(self) -> None:
        try:
            # What ends a run is decided where all outcomes come together.
            run = self._client.bulk(UPDATE, self._updates(), concurrency=self._concurrency, stop_on=())
            async with self._client, run:
                async for outcome in run:
                    self._outcomes.append((outcome.index, _told(outcome)))
                    self._news.set()
        finally:
            self._news.set()

    async def _updates(self) -> AsyncGenerator[SipTrunkUpdate, None]:
        while True:
            # Not `wait_for`: Python 3.11's swallows a cancellation that meets the end of its wait.
            try:
                async with asyncio.timeout(LEASE):
                    update = await self._given.get()
            except TimeoutError:
                return
            if update is not None:
                yield update


def _told(outcome: Outcome[SipTrunkUpdate, None]) -> Any:
    return outcome.response if outcome.error is None else outcome.error


# -- called from elsewhere --------------------------------------------------------------------------------------------


async def open_desk(order: Order) -> None:
    """Open a desk in this process; raises `ConfigurationError` where it would work for another account."""
    if order.version != __version__:
        raise ConfigurationError(f"it has itnio-async {__version__}, and the one that asks has {order.version}.")
    limits = httpx.Limits(
        max_connections=max(order.concurrency, LIMITS.max_connections or 0),
        max_keepalive_connections=max(order.concurrency, LIMITS.max_keepalive_connections or 0),
        keepalive_expiry=LIMITS.keepalive_expiry,
    )
    client = order.connect(limits=limits, rate_limit=order.rate_limit)
    try:
        identity = await identity_of(client)
        _check(identity, order)
    except BaseException:
        await client.aclose()
        raise
    for name in [name for name, desk in _desks.items() if desk.is_over]:
        del _desks[name]
    _be_quiet()
    _desks[order.name] = Desk(client, Seal(identity, order.name), order.concurrency)


async def exchange(name: str, sealed: bytes, wait: float) -> bytes:
    """Do `Desk.exchange` with the desk of this name; raises `DeskClosedError` where there is none (any more)."""
    desk = _desks.get(name)
    if desk is None or desk.is_over:
        raise DeskClosedError(f"the desk {name} is closed")
    return await desk.exchange(sealed, wait)


async def close_desk(name: str) -> None:
    """Close the desk of this name, if there is one."""
    desk = _desks.pop(name, None)
    if desk is not None:
        await desk.aclose()


def _check(identity: Identity, order: Order) -> None:
    theirs = f"{order.api_key} at {order.host}"
    if (identity.host, identity.api_key) != (order.host, order.api_key):
        raise ConfigurationError(f"its environment leads to the account {identity}, and not to {theirs}.")
    if not hmac.compare_digest(proof_of(identity, order.name), order.proof):
        raise ConfigurationError(f"it has another API secret for the account {theirs}.")


class _Quiet(logging.Filter):
    """Leaves out Dask's line about each exchange: there are dozens a second."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.msg == "Run out-of-band function %r" and record.args == (exchange.__name__,))


_QUIET = _Quiet()


def _be_quiet() -> None:
    # A logger keeps a filter once, however often it is added.
    logging.getLogger("distributed.worker").addFilter(_QUIET)
