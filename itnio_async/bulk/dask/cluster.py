"""Spreads the updates of a job over the workers of a Dask cluster, chunk by chunk; each chunk is a task of Dask's.

The bulk run that reads the source, decides when to stop and gives the outcomes is here. Dask sends a chunk again whose
worker was lost: an update that is repeated changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Iterable,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from ipaddress import ip_address
from math import ceil
from typing import Any, Self, Unpack
from weakref import WeakSet

from attrs import evolve

from itnio_async import config
from itnio_async.api.sip_trunks.types import SipTrunkUpdate
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.trunks.columns import SECRET_FIELDS
from itnio_async.client import AsyncClient
from itnio_async.config import RateLimit
from itnio_async.endpoint import Endpoint, Response
from itnio_async.errors import ConfigurationError, ConnectError, ConnectionLost, ItnioError
from itnio_async.runs.outcome import AnyOutcome
from itnio_async.runs.run import BulkRun, RunOptions
from itnio_async.transport.limiter import RateWindow
from itnio_async.validators import checked, whole

logger: logging.Logger = logging.getLogger("itnio_async.bulk")

_Outcome = AnyOutcome[SipTrunkUpdate, None]
# An update, and where its outcome goes.
_Waiting = tuple[SipTrunkUpdate, asyncio.Future[_Outcome]]

# A chunk is to last so many seconds: its way to a worker and back takes about 20 ms.
_LASTS = 1.0
# At most so many updates are in all chunks together.
_IN_CHUNKS = 2000
# How long updates wait for others to fill their chunk.
_COMPANY = 0.02
_LOOK_AGAIN = 0.2
_CONNECT = 10.0
# A scheduler that does not answer for so long is lost.
_SILENCE = 10.0
_FAREWELL = 3.0

_NONE_LEFT = "no worker is left in the Dask cluster that may send it."


class Cluster:
    """The workers of a Dask cluster, each with a client of its own: `async with Cluster.open(...) as cluster`.

    `cluster.bulk` is `client.bulk` for updates of trunks. Scheduler and workers see the updates; one with a password is
    refused where others could read it on its way. Dask sends the updates of a lost worker again; where none is left for
    them, they are outcomes with `ConnectionLost`: whether they were done is unknown. Workers that join the Dask cluster
    later take part too. `addresses` are those of the workers that take part now, and `lost` of those that took part and
    left: what they had may have been sent twice.
    """

    def __init__(self, dask: Any, address: str, concurrency: int, rate: RateLimit | None) -> None:
        self._dask = dask
        self._address = address
        self._concurrency = concurrency
        self._rate = rate
        self._job = f"itnio-{uuid.uuid4().hex}"
        self._fit: list[str] = []
        self._unfit: dict[str, str] = {}
        self._is_private = False
        self.lost: tuple[str, ...] = ()
        self._runs: WeakSet[ChunkedRun] = WeakSet()
        # Dask's tasks under way, and which workers may do each.
        self._futures: dict[Any, list[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        address: str,
        identity: Identity,
        *,
        connect: Callable[..., AsyncClient] = AsyncClient,
        concurrency: int = config.BULK_CONCURRENCY,
        rate_limit: config.BulkRate = None,
    ) -> AsyncIterator[Self]:
        """Connect to the scheduler at this address, with TLS as Dask's configuration has it, and begin in its workers.

        `connect` is called in every worker with `limits` and `rate_limit` and gives the client there; it is named to
        the worker and not carried, so that credentials come from the worker's own environment. They must be those of
        `identity`. `concurrency` and `rate_limit` are shared out: each worker gets an equal part, another one once
        workers come or go.

        Raises `ConfigurationError` for an installation without Dask, a worker that works for another account or cannot
        begin, and `ConnectError` where there is no scheduler or no worker.
        """
        async with _dask_client(address) as dask:
            cluster = cls(dask, address, concurrency, _most_of(rate_limit))
            try:
                await cluster._begin(connect, identity)
                yield cluster
            finally:
                await cluster._end()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the workers are that take part now."""
        # More of them than calls at once would have nothing to do.
        return tuple(self._fit[: self._concurrency])

    def bulk(
        self,
        endpoint: Endpoint[SipTrunkUpdate, None],
        requests: Iterable[SipTrunkUpdate] | AsyncIterable[SipTrunkUpdate],
        **options: Unpack[RunOptions],
    ) -> BulkRun[SipTrunkUpdate, None]:
        """Do what `client.bulk` does, in the workers, each of which finds its own pace.

        Raises `ConfigurationError` for an update with a password, where the connections to scheduler and workers
        neither have TLS nor stay on this machine; as the outcome of that update where `requests` is not a sequence.
        """
        for update in requests if isinstance(requests, Sequence) else ():
            self.require_private(update)
        name = f"{endpoint} on {len(self.addresses)} workers"
        run = ChunkedRun(name, self, requests, **options)
        self._runs.add(run)
        return run

    # -- for its runs -------------------------------------------------------------------------------------------------

    def require_private(self, update: SipTrunkUpdate) -> None:
        """Raise `ConfigurationError` for an update with a password that others could read on its way."""
        if not self._is_private and any(isinstance(getattr(update, name), str) for name in SECRET_FIELDS):
            raise ConfigurationError(
                f"trunk {update.key_id} has a password, and the connections to the Dask cluster at {self._address} are "
                "not encrypted: its update was not sent. Configure TLS (distributed.comm.tls in Dask's configuration) "
                "for the scheduler, the workers and this process, and give the scheduler's tls:// address; or let "
                "scheduler and workers listen on this machine alone (--host 127.0.0.1)."
            )

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run this in a task that ends with the cluster at the latest."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def send(self, updates: Sequence[SipTrunkUpdate], concurrency: int, rules: dict[str, Any]) -> list[_Outcome]:
        """Have a worker send the updates; on cancellation, their calls are cancelled there too."""
        from itnio_async.bulk.dask.worker import cancel_chunk, send_chunk

        workers, rate = list(self._fit), self._rate
        part = rate and config.rate_limit_of(RateLimit(rate.calls / len(workers), rate.seconds))
        name = f"itnio-chunk-{uuid.uuid4().hex}"
        # As one thing: Dask looks through lists for results of other tasks.
        chunk = partial(send_chunk, self._job, name, updates, concurrency, part, rules)
        future = self._dask.submit(chunk, key=name, workers=workers, pure=False)
        self._futures[future] = workers
        try:
            outcomes: list[_Outcome] = await future
            return outcomes
        except asyncio.CancelledError:
            with suppress(Exception):
                async with asyncio.timeout(_FAREWELL):
                    await future.cancel()
                    await self._dask.run(cancel_chunk, self._job, name, workers=workers, on_error="ignore")
            raise
        except Exception as error:
            if set(workers) & set(self._fit):
                raise
            # It was cancelled here for that, and Dask says so with the name of its task.
            raise ConnectionLost(_NONE_LEFT) from error
        finally:
            del self._futures[future]

    # -- the workers --------------------------------------------------------------------------------------------------

    async def _begin(self, connect: Callable[..., AsyncClient], identity: Identity) -> None:
        from itnio_async.bulk.dask.worker import JobPlugin

        try:
            await self._dask.register_plugin(JobPlugin(connect, identity), name=self._job)
        except Exception as error:
            raise ConfigurationError(
                "a Dask worker cannot take part: is itnio-async, with all that this takes, installed there "
                f"(pip install 'itnio-async[dask]')? {type(error).__name__}: {error}"
            ) from error
        await self._look()
        if self._unfit:
            raise ConfigurationError(next(iter(self._unfit.values())))
        if not self._fit:
            raise ConnectError(f"The Dask cluster at {self._address} has no workers: start some (dask worker ADDRESS).")
        self.start(self._watch())
        logger.info("the Dask cluster at %s makes the calls, with %d workers", self._address, len(self.addresses))

    async def _end(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        with suppress(Exception):  # it never got there, or the scheduler is lost
            async with asyncio.timeout(_FAREWELL):
                await self._dask.unregister_worker_plugin(name=self._job)

    async def _watch(self) -> None:
        """Notice the workers that come and those that leave."""
        while True:
            await asyncio.sleep(_LOOK_AGAIN)
            known = set(self._unfit)
            try:
                async with asyncio.timeout(_SILENCE):
                    await self._look()
            except Exception as error:
                if self._fit:
                    logger.warning("the Dask scheduler at %s does not answer: %s", self._address, error)
                    await self._set([])
            for address in self._unfit.keys() - known:
                logger.warning("%s", self._unfit[address])

    async def _look(self) -> None:
        from itnio_async.bulk.dask.worker import fault_of

        if self._dask.status != "running":
            raise ConnectError("the connection is lost")
        there = list(await self._dask.nthreads())
        new = [address for address in there if address not in self._fit and address not in self._unfit]
        faults = await self._dask.run(fault_of, self._job, workers=new, on_error="ignore") if new else {}
        for address, fault in faults.items():
            if fault:
                self._unfit[address] = f"The Dask worker {address} cannot take part: {fault}"
        fit = [address for address in there if address in self._fit or faults.get(address) == ""]
        if fit != self._fit:
            await self._set(fit)

    async def _set(self, fit: list[str]) -> None:
        lost = tuple(address for address in self._fit if address not in fit)
        if lost:
            logger.warning("lost Dask workers: %s", ", ".join(lost))
        self.lost += lost
        self._fit = fit
        self._is_private = all(map(_is_private, (self._address, *fit)))
        for future, workers in list(self._futures.items()):
            if not set(workers) & set(fit):
                await future.cancel(msg=_NONE_LEFT)
        for run in self._runs:
            run.look()


class ChunkedRun(BulkRun[SipTrunkUpdate, None]):
    """The run of `Cluster.bulk`: an update is read when a worker is free, and what a worker did not send is sent later.

    What waits when the run is stopped is an outcome with an error that says so.
    """

    def __init__(
        self,
        name: str,
        cluster: Cluster,
        requests: Iterable[SipTrunkUpdate] | AsyncIterable[SipTrunkUpdate],
        *,
        concurrency: int = config.BULK_CONCURRENCY,
        rate_limit: config.BulkRate = None,
        patience: float = config.PATIENCE,
        ordered: bool = False,
        **rules: Any,
    ) -> None:
        self._cluster = cluster
        self._calls = checked("concurrency", concurrency, whole())
        self._rules = rules
        if isinstance(config.bulk_rate_of(rate_limit), config.Paced):
            self._rules = {**rules, "rate_limit": config.Paced(), "patience": patience}
        rate = _most_of(rate_limit)
        self._window = None if rate is None else RateWindow(rate)
        self._patience = patience
        self._alone_since: float | None = None  # no worker is there
        self._queue: deque[_Waiting] = deque()
        # The chunks under way, and among how many workers the shares were when they began.
        self._chunks: dict[asyncio.Task[None], int] = {}
        self._fill = 0
        self._took: dict[int, float] = {}
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._is_stopped = False
        super().__init__(
            name,
            self._send,
            requests,
            concurrency=_IN_CHUNKS,
            ordered=ordered,
            turns=self,
            give_up=self._give_up,
            **rules,
        )

    # -- as any run ---------------------------------------------------------------------------------------------------

    async def __aiter__(self) -> AsyncGenerator[_Outcome, None]:
        async with aclosing(super().__aiter__()) as outcomes:
            async for outcome in outcomes:
                yield self._timed(outcome)

    async def aclose(self) -> list[_Outcome]:
        """Do what a `BulkRun` does."""
        return [self._timed(outcome) for outcome in await super().aclose()]

    def _timed(self, outcome: _Outcome) -> _Outcome:
        """Return the outcome with the seconds that its call took, and not its chunk."""
        return evolve(outcome, elapsed=self._took.pop(id(outcome.response or outcome.error), outcome.elapsed))

    def _give_up(self) -> None:
        """Begin no further chunk; the outcomes of those that have begun still come."""
        self._is_stopped = True
        if self._queue:
            self.look()

    # -- update by update ---------------------------------------------------------------------------------------------

    async def acquire(self) -> None:
        """Wait until an update may be read, since a worker is free."""
        while self._worker_count and len(self._queue) >= self._free * self._size:
            self._news.clear()
            await self._news.wait()
        if self._window is not None:
            await self._window.acquire()

    async def _send(self, update: SipTrunkUpdate) -> Response[None]:
        self._cluster.require_private(update)
        future: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._queue.append((update, future))
        self.look()
        try:
            outcome = await future
        except asyncio.CancelledError:
            # So are all the others: a stop lets the calls finish.
            for task in self._chunks:
                task.cancel()
            self._chunks.clear()
            self._queue.clear()
            raise
        self._took[id(outcome.response or outcome.error)] = outcome.elapsed
        if outcome.error is not None:
            raise outcome.error
        assert outcome.response is not None
        return outcome.response

    # -- chunk by chunk -----------------------------------------------------------------------------------------------

    @property
    def _worker_count(self) -> int:
        return min(len(self._cluster.addresses), self._calls)

    @property
    def _free(self) -> int:
        """How many chunks may begin: none while one has a larger share than it would get now."""
        is_shared_out = all(workers >= self._worker_count for workers in self._chunks.values())
        return max(0, self._worker_count - len(self._chunks)) if is_shared_out else 0

    @property
    def _size(self) -> int:
        """How many updates a chunk may have: at first one for each call at once."""
        workers = self._worker_count or 1
        return min(max(self._fill, ceil(self._calls / workers)), ceil(_IN_CHUNKS / workers))

    def look(self) -> None:
        """Begin chunks soon, so that others may come to fill them."""
        self._news.set()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_COMPANY, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._is_stopped:
            _fail(self._taken(len(self._queue)), ItnioError, "Not sent: the run was stopped.")
        if self._worker_count:
            self._alone_since = None
        elif self._queue:
            self._wait_for_worker()
        while self._queue and (free := self._free):
            count = min(self._size, ceil(len(self._queue) / free))
            chunk = self._taken(count)
            task = self._cluster.start(self._send_chunk(chunk, ceil(self._calls / self._worker_count)))
            self._chunks[task] = self._worker_count
            task.add_done_callback(self._ended)
        self._news.set()

    def _wait_for_worker(self) -> None:
        loop = asyncio.get_running_loop()
        if self._alone_since is None:
            self._alone_since = loop.time()
        left = self._alone_since + self._patience - loop.time()
        if left <= 0:
            _fail(self._taken(len(self._queue)), ConnectError, f"Not sent: {_NONE_LEFT}")
        else:
            self._timer = loop.call_later(min(left, _LOOK_AGAIN), self._begin)

    def _taken(self, count: int) -> list[_Waiting]:
        return [self._queue.popleft() for _ in range(count)]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._chunks.pop(task, None)
        self.look()

    async def _send_chunk(self, chunk: Sequence[_Waiting], concurrency: int) -> None:
        began = time.monotonic()
        try:
            outcomes = await self._cluster.send([update for update, _ in chunk], concurrency, self._rules)
        except Exception as error:
            logger.warning("a chunk of %d updates is lost: %s", len(chunk), error)
            _fail(chunk, ConnectionLost, f"The Dask worker was lost during the call: {error}")
            return
        for outcome in outcomes:
            future = chunk[outcome.index][1]
            if not future.done():  # it was cancelled
                future.set_result(outcome)
        sent = {outcome.index for outcome in outcomes}
        self._queue.extendleft(chunk[index] for index in reversed(range(len(chunk))) if index not in sent)
        self._fill = min(2 * self._size, int(len(sent) * _LASTS / (time.monotonic() - began)))


def _fail(chunk: Iterable[_Waiting], kind: type[ItnioError], why: str) -> None:
    for _, future in chunk:
        if not future.done():
            future.set_exception(kind(why))


def _most_of(rate_limit: config.BulkRate) -> RateLimit | None:
    rate = config.bulk_rate_of(rate_limit)
    return rate.at_most if isinstance(rate, config.Paced) else rate


def _is_private(address: str) -> bool:
    """Tell whether nobody else can read what is sent there: it has TLS, or stays on this machine."""
    from distributed.comm.addressing import get_address_host, resolve_address

    if address.startswith(("tls://", "wss://", "inproc://")):
        return True
    with suppress(ValueError):
        return ip_address(get_address_host(resolve_address(address))).is_loopback
    return False


@asynccontextmanager
async def _dask_client(address: str) -> AsyncIterator[Any]:
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigurationError(
            f"this takes Dask, and {error.name or 'a part of it'} is not installed: pip install 'itnio-async[dask]'."
        ) from error
    make: Any = Client  # it has no types
    client = make(address, asynchronous=True, set_as_default=False, timeout=_CONNECT, name="itnio")
    try:
        try:
            await client
        except OSError as error:
            raise ConnectError(f"No Dask scheduler answers at {address}: {error}") from error
        except (ValueError, TypeError, RuntimeError) as error:
            raise ConfigurationError(f"{address} cannot be used as a Dask scheduler's address: {error}") from error
        yield client
    finally:
        await client.close()
