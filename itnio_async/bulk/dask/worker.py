"""What runs in a Dask worker: a plugin with the client of a job, and the task that sends a chunk of updates with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx
from distributed import Worker, WorkerPlugin, get_worker

from itnio_async._version import __version__
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.api.sip_trunks.types import SipTrunkUpdate
from itnio_async.bulk.identity import Identity, identity_of
from itnio_async.client import AsyncClient
from itnio_async.config import LIMITS, Paced, RateLimit
from itnio_async.errors import ItnioError
from itnio_async.runs.outcome import AnyOutcome
from itnio_async.runs.pace import Pace

Outcomes = list[AnyOutcome[SipTrunkUpdate, None]]

# A chunk begins no call after so many seconds: nearly all calls take less than half a second, so that it ends within 2.
_BEGINS_WITHIN = 1.5


class JobPlugin(WorkerPlugin):
    """Keeps the client of one job in each worker, also in those that join later; no secret is in what is sent there.

    `fault` says why the worker cannot take part, and is empty where it can: `setup` raises nothing, since Dask would
    not say which worker it was.
    """

    def __init__(self, connect: Callable[..., AsyncClient], identity: Identity) -> None:
        self.fault: str = ""
        self.chunks: dict[str, asyncio.Task[Outcomes]] = {}
        self._connect = connect
        self._account = (identity.host, identity.account)
        self._shown, self._key_check = str(identity), identity.key_check
        self._version = __version__
        self._client: AsyncClient | None = None
        self._share: tuple[int, RateLimit | None] | None = None
        self._pace: Pace | None = None

    async def setup(self, worker: Worker) -> None:
        """Look whether the worker can work for the job's account."""
        self._turn = asyncio.Lock()
        try:
            identity = await identity_of(await self._client_for(1, None))
        except Exception as error:
            self.fault = str(error) if isinstance(error, ItnioError) else f"{type(error).__name__}: {error}"
        else:
            self.fault = self._fault_of(identity)

    async def teardown(self, worker: Worker) -> None:
        """Cancel the calls under way and close the client."""
        for task in self.chunks.values():
            task.cancel()
        if self._client is not None:
            await self._client.aclose()

    async def send(self, name: str, *chunk: Any) -> Outcomes:
        """Send a chunk; another one waits meanwhile, since concurrency and rate are those of the worker."""
        task = self.chunks[name] = asyncio.create_task(self._send(*chunk))
        try:
            return await task
        finally:
            del self.chunks[name]

    async def _send(
        self,
        updates: Sequence[SipTrunkUpdate],
        concurrency: int,
        rate_limit: RateLimit | None,
        rules: Mapping[str, Any],
    ) -> Outcomes:
        async with self._turn:
            client = await self._client_for(concurrency, rate_limit)
            outcomes: Outcomes = []
            if isinstance(rules.get("rate_limit"), Paced):
                # What one chunk found out holds for the next.
                self._pace = self._pace or Pace(concurrency, patience=rules["patience"])
                rules = {**rules, "rate_limit": self._pace}
            # An error that ends the run is that of an outcome too, for which the process that began the job ends it.
            with suppress(ItnioError):
                async with client.bulk(UPDATE, _in_time(updates), concurrency=concurrency, **rules) as run:
                    async for outcome in run:
                        outcomes.append(outcome)
            return outcomes

    async def _client_for(self, most: int, rate_limit: RateLimit | None) -> AsyncClient:
        """Return the client; it is made again when the worker's share changes, as after others came or left."""
        if self._client is None or self._share != (most, rate_limit):
            if self._client is not None:
                await self._client.aclose()
            expiry = LIMITS.keepalive_expiry
            limits = httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=expiry)
            self._client, self._share = self._connect(limits=limits, rate_limit=rate_limit), (most, rate_limit)
            self._pace = None
        return self._client

    def _fault_of(self, identity: Identity) -> str:
        if self._version != __version__:
            return f"it has itnio-async {__version__}, and the job is of {self._version}."
        if (identity.host, identity.account) != self._account:
            return f"its environment leads to the account {identity}, and not to {self._shown}."
        is_same_secret = identity.key_check == self._key_check
        return "" if is_same_secret else f"it has another API secret for the account {self._shown}."


def _in_time(updates: Sequence[SipTrunkUpdate]) -> Iterator[SipTrunkUpdate]:
    end = time.monotonic() + _BEGINS_WITHIN
    for update in updates:
        if time.monotonic() > end:
            return
        yield update


# -- called by the process that began the job --------------------------------------------------------------------------


async def send_chunk(job: str, *chunk: Any) -> Outcomes:
    """Do `JobPlugin.send`: the task. What has no outcome was not sent."""
    plugin: Any = get_worker().plugins[job]
    outcomes: Outcomes = await plugin.send(*chunk)
    return outcomes


def fault_of(job: str, dask_worker: Worker) -> str | None:
    """Return the fault of this worker, or None where it is not set up yet."""
    plugin: Any = dask_worker.plugins.get(job)
    return None if plugin is None else plugin.fault


def cancel_chunk(job: str, name: str, dask_worker: Worker) -> None:
    """Cancel the calls of a chunk if it is here: Dask does not cancel a task that runs."""
    plugin: Any = dask_worker.plugins.get(job)
    if plugin is not None and name in plugin.chunks:
        plugin.chunks[name].cancel()
