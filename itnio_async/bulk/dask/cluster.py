"""Spreads the updates of a job over the workers of a Dask cluster.

Here is the bulk run that reads the source, decides when to stop and gives the outcomes; its calls are made by bulk runs
in the workers (`desk`). Dask starts those and carries the messages, outside of its tasks: a task that was lost is
repeated by Dask itself, and an update must not be. All messages are sealed, since an update may have a password in it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from math import ceil
from typing import Any, Self

from attrs import define, field, frozen

from itnio_async import config
from itnio_async.api.sip_trunks.types import SipTrunkUpdate
from itnio_async.bulk.dask.seal import Seal, missing_extra
from itnio_async.bulk.dask.worker import Connect, DeskClosedError, Order, close_desk, exchange, open_desk, proof_of
from itnio_async.bulk.identity import Identity
from itnio_async.client import AsyncClient
from itnio_async.config import RateLimit
from itnio_async.endpoint import Endpoint, Response
from itnio_async.errors import ConfigurationError, ConnectError, ConnectionLost, ItnioError
from itnio_async.runs.run import BulkRun

logger = logging.getLogger("itnio_async.bulk")

# An exchange with a desk that can take more ends soon, since more may come meanwhile.
_SHORT_WAIT, _LONG_WAIT = 0.05, 0.5
# Well within the time after which a desk closes.
_HEARTBEAT = 2.0
# A worker that does not answer for so many seconds more than asked for is lost.
_SILENCE = 30.0
_LOOK_AGAIN = 0.5
# To close a desk: it would close by itself.
_FAREWELL = 3.0
_CONNECT = 10.0

_Answer = Response[None] | ItnioError | None


@frozen(eq=False)
class _Given:
    """An update, and where its answer goes; the answer None is that the update was not handed over."""

    update: SipTrunkUpdate
    answer: asyncio.Future[_Answer]


@define(eq=False)
class _Remote:
    """A desk in a worker, as it is seen from here: what waits to be handed over, and what was.

    One that `is_leaving` takes nothing more and ends once it has answered all that it has.
    """

    name: str
    address: str
    seal: Seal
    capacity: int
    outbox: deque[_Given] = field(factory=deque)
    given: dict[int, _Given] = field(factory=dict)
    news: asyncio.Event = field(factory=asyncio.Event)
    is_leaving: bool = False

    @property
    def load(self) -> int:
        return len(self.given) + len(self.outbox)

    @property
    def room(self) -> int:
        return 0 if self.is_leaving else self.capacity - self.load

    def leave(self) -> None:
        self.is_leaving = True
        self.news.set()


class Cluster:
    """The workers of a Dask cluster, each with a client of its own: `async with Cluster.open(...) as cluster`.

    `cluster.bulk` is `client.bulk` for updates of trunks. An update whose worker is lost is an outcome with
    `ConnectionLost`: whether it was done is unknown. Workers that join the Dask cluster later take part too.
    `addresses` are those of the workers that take part now.
    """

    def __init__(self, dask: Any, address: str, identity: Identity, connect: Connect) -> None:
        self._dask = dask
        self._address = address
        self._identity = identity
        self._connect = connect
        # Of all together, and into how many equal parts that is shared out.
        self._concurrency = 0
        self._rate: RateLimit | None = None
        self._parts = 0
        self._unfit: set[str] = set()
        self._remotes: list[_Remote] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        address: str,
        identity: Identity,
        *,
        connect: Connect = AsyncClient,
        concurrency: int = config.BULK_CONCURRENCY,
        rate_limit: float | RateLimit | None = None,
    ) -> AsyncIterator[Self]:
        """Connect to the scheduler at this address, and begin in each of its workers.

        `connect` is called in every worker with `limits` and `rate_limit` and gives the client there; it is named to
        the worker and not carried, so that credentials come from the worker's own environment. They must be those of
        `identity`. `concurrency` and `rate_limit` are shared out: each worker gets an equal part, smaller ones once
        more workers take part.

        Raises `ConfigurationError` for an installation without Dask, a worker that works for another account or cannot
        begin, and `ConnectError` where there is no scheduler or no worker.
        """
        async with _dask_client(address) as dask:
            cluster = cls(dask, address, identity, connect)
            try:
                await cluster._begin(concurrency, config.rate_limit_of(rate_limit))
                yield cluster
            finally:
                await cluster._end()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the workers are that take part now."""
        return tuple(remote.address for remote in self._remotes if not remote.is_leaving)

    def bulk(
        self,
        endpoint: Endpoint[SipTrunkUpdate, None],
        requests: Iterable[SipTrunkUpdate] | AsyncIterable[SipTrunkUpdate],
        *,
        concurrency: int = config.BULK_CONCURRENCY,
        rate_limit: float | RateLimit | None = None,
        stop_on: tuple[type[ItnioError], ...] = config.BULK_STOP_ON,
        max_failures: int = 0,
        ordered: bool = False,
    ) -> BulkRun[SipTrunkUpdate, None]:
        """Do what `client.bulk` does, in the workers."""
        return BulkRun(
            f"{endpoint} on {len(self.addresses)} workers",
            self._send,
            requests,
            concurrency=concurrency,
            rate_limit=rate_limit,
            stop_on=stop_on,
            max_failures=max_failures,
            ordered=ordered,
        )

    async def _send(self, update: SipTrunkUpdate) -> Response[None]:
        while True:
            remote = await self._remote_with_room()
            given = _Given(update, asyncio.get_running_loop().create_future())
            remote.outbox.append(given)
            remote.news.set()
            try:
                answer = await given.answer
            except asyncio.CancelledError:
                with suppress(ValueError):
                    remote.outbox.remove(given)
                raise
            if isinstance(answer, ItnioError):
                raise answer
            if answer is not None:
                return answer

    async def _remote_with_room(self) -> _Remote:
        while True:
            if not self._remotes:
                raise ConnectError(f"The Dask cluster at {self._address} has no worker left.")
            free = [remote for remote in self._remotes if remote.room > 0]
            if free:
                remote = min(free, key=lambda remote: remote.load)
                # To the end of the row: equals take turns, since each has only its part of the rate.
                self._remotes.remove(remote)
                self._remotes.append(remote)
                return remote
            self._changed.clear()
            await self._changed.wait()

    # -- the workers --------------------------------------------------------------------------------------------------

    async def _begin(self, concurrency: int, rate: RateLimit | None) -> None:
        addresses = (await self._addresses())[:concurrency]
        if not addresses:
            raise ConnectError(f"The Dask cluster at {self._address} has no workers: start some (dask worker ADDRESS).")
        self._concurrency, self._rate, self._parts = concurrency, rate, len(addresses)
        opening = [asyncio.ensure_future(self._open(address)) for address in addresses]
        try:
            opened = await asyncio.gather(*opening)
        finally:
            await asyncio.wait(opening)
        for remote in opened:
            self._start(self._serve(remote))
        self._start(self._welcome())
        logger.info("the Dask cluster at %s makes the calls, with %d workers", self._address, len(opened))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        closing = [self._call(remote.address, close_desk, remote.name, within=_FAREWELL) for remote in self._remotes]
        await asyncio.gather(*closing, return_exceptions=True)

    async def _addresses(self) -> list[str]:
        return list(await self._dask.nthreads())

    async def _call(
        self, address: str, function: Callable[..., Any], *arguments: Any, within: float | None = None
    ) -> Any:
        async with asyncio.timeout(within or _SILENCE):
            results = await self._dask.run(function, *arguments, workers=[address])
        return results[address]

    async def _open(self, address: str) -> _Remote:
        """Open a desk in a worker; raises `ConfigurationError`, or `ConnectError` where it is not there."""
        name = uuid.uuid4().hex
        part = ceil(self._concurrency / self._parts)
        rate = self._rate
        order = Order(
            name=name,
            connect=self._connect,
            concurrency=part,
            rate_limit=rate and config.rate_limit_of(RateLimit(rate.calls / self._parts, rate.seconds)),
            host=self._identity.host,
            api_key=self._identity.api_key,
            proof=proof_of(self._identity, name),
        )
        try:
            await self._call(address, open_desk, order)
        except OSError as error:
            raise ConnectError(f"The Dask worker {address} cannot be reached: {error}") from error
        except Exception as error:
            self._unfit.add(address)
            raise ConfigurationError(f"The Dask worker {address} cannot take part: {_words_of(error)}") from error
        remote = _Remote(name, address, Seal(self._identity, name), part)
        self._remotes.append(remote)
        self._changed.set()
        return remote

    async def _serve(self, remote: _Remote) -> None:
        """Talk with a desk until it is lost or has left."""
        try:
            await self._talk(remote)
            await self._call(remote.address, close_desk, remote.name, within=_FAREWELL)
        except Exception as error:
            logger.warning("the Dask worker %s is lost: %s", remote.address, _words_of(error))
        self._give_up(remote)

    async def _talk(self, remote: _Remote) -> None:
        """Exchange updates for outcomes, until it fails or has left."""
        number = 0
        while remote.load or not remote.is_leaving:
            remote.news.clear()
            batch = dict(enumerate(remote.outbox, number))
            number += len(batch)
            remote.outbox.clear()
            remote.given.update(batch)
            sealed = remote.seal.close([given.update for given in batch.values()])
            wait = _SHORT_WAIT if remote.room > 0 else _LONG_WAIT
            try:
                answers = await self._call(remote.address, exchange, remote.name, sealed, wait)
            except DeskClosedError:
                for index, given in batch.items():
                    del remote.given[index]
                    _settle(given, None)
                raise
            for index, answer in remote.seal.open(answers):
                _settle(remote.given.pop(index), answer)
            self._changed.set()
            if not remote.given and not remote.outbox:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_HEARTBEAT):
                        await remote.news.wait()

    def _give_up(self, remote: _Remote) -> None:
        """Answer all that the lost worker had; what it did not get yet goes to another one."""
        self._remotes.remove(remote)
        for given in remote.given.values():
            _settle(given, ConnectionLost(f"The Dask worker {remote.address} was lost during the call."))
        for given in remote.outbox:
            _settle(given, None)
        self._changed.set()

    async def _welcome(self) -> None:
        """Take in workers that come later, in the place of lost ones or besides the others."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN)
            try:
                known = self._unfit.union(self.addresses)
                new = [address for address in await self._addresses() if address not in known]
                # More workers than calls at once would have nothing to do.
                await self._take_in(new[: self._concurrency - len(self.addresses)])
            except OSError:
                pass  # the scheduler may come back
            except Exception as error:
                logger.warning("%s", _words_of(error))

    async def _take_in(self, addresses: Sequence[str]) -> None:
        parts = len(self.addresses) + len(addresses)
        if addresses and parts > self._parts:
            self._parts = parts
            if self._rate is not None:
                # First, so that the parts do not add up to more than all.
                for remote in [remote for remote in self._remotes if not remote.is_leaving]:
                    await self._cut_down(remote)
        for address in addresses:
            await self._begin_with(address)

    async def _cut_down(self, remote: _Remote) -> None:
        """Go on with a desk of a smaller part in the same worker; this one finishes what it has at its own rate."""
        if await self._begin_with(remote.address):
            remote.leave()

    async def _begin_with(self, address: str) -> bool:
        try:
            remote = await self._open(address)
        except ItnioError as error:
            logger.warning("%s", error)
            return False
        logger.info("the Dask worker %s takes part", address)
        self._start(self._serve(remote))
        return True


def _settle(given: _Given, answer: _Answer) -> None:
    if not given.answer.done():  # it was cut off
        given.answer.set_result(answer)


def _words_of(error: Exception) -> str:
    if isinstance(error, ImportError):
        return (
            f"itnio-async, with all that this takes, is not installed there (pip install 'itnio-async[dask]'): {error}"
        )
    return str(error) if isinstance(error, ItnioError) else f"{type(error).__name__}: {error}"


@asynccontextmanager
async def _dask_client(address: str) -> AsyncIterator[Any]:
    try:
        from distributed import Client
    except ImportError as error:
        raise missing_extra(error) from error
    make: Any = Client  # it has no types
    client = make(address, asynchronous=True, set_as_default=False, timeout=_CONNECT, name="itnio")
    try:
        await _started(client, address)
        yield client
    finally:
        await client.close()


async def _started(client: Any, address: str) -> None:
    try:
        await client
    except OSError as error:
        raise ConnectError(f"No Dask scheduler answers at {address}: {error}") from error
    except ValueError as error:
        raise ConfigurationError(f"{address} is no address of a Dask scheduler: {error}") from error
