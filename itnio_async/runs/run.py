"""`BulkRun`: many calls of one endpoint, and their outcomes for `async for` and `async with`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Generic, Self, TypedDict, TypeVar

from itnio_async import config
from itnio_async.endpoint import CallOptions, Response
from itnio_async.errors import ItnioError
from itnio_async.runs.outcome import AnyOutcome, Shelf, StopRule
from itnio_async.runs.pace import Pace
from itnio_async.runs.paced import PacedCalls
from itnio_async.runs.source import Source, Turns
from itnio_async.runs.workers import Workers
from itnio_async.transport.limiter import RateWindow
from itnio_async.validators import BOOLEAN, checked, number, whole

Q = TypeVar("Q")
R = TypeVar("R")


class RunOptions(TypedDict, total=False):
    """How a bulk run goes: at most `concurrency` calls at once, at this rate, until one of these ends it.

    `rate_limit` is items a second or a `RateLimit`, besides the client's, which counts repeats too; None is no bound.
    With "auto" the run goes as fast as the vendor allows: a call that a gateway refuses (429; 503 where a repeat does
    no harm), that finds no connection, or that fails with -16 or -18 while no other one succeeds, is sent again until
    nothing was answered well for `patience` seconds; then its error is the outcome. One that is refused each time while
    others are taken waits longer and longer, and slows none of them down.

    `stop_on` are the errors that end the run, as a closed client does in any case; a `TimestampExpiredError` does where
    a corrected clock was refused as well. So do `max_failures` refusals with the same code, one after another in the
    order in which the calls finish (0: never). `ordered` gives the outcomes in the order of the requests: one slow call
    then holds back those behind it, and in the end the calls too.
    """

    concurrency: int
    rate_limit: config.BulkRate
    stop_on: tuple[type[ItnioError], ...]
    max_failures: int
    ordered: bool
    patience: float


class BulkOptions(RunOptions, CallOptions, total=False):
    """What `client.bulk` and the `..._many` methods take: how the run goes, and `CallOptions` for each of its calls.

    `timeout.pool` does not count here: a call of a run waits for its turn as long as that takes.
    """


class BulkRun(Generic[Q, R]):
    """The calls of one bulk run, and their outcomes: `async for outcome in run`, in an `async with` or without.

    `client.bulk` and the services' `..._many` methods make one. Nothing is read or sent before the first outcome is
    asked for. A failed call is an outcome. Where the run stops early, the outcomes of the calls that had begun come
    first; then the error that stopped it is raised as it is: the one of the source, one of `stop_on`, or the last
    refusal of `max_failures`. What is not an `ItnioError` (raised by a middleware, say) stops the run too, and its item
    has no outcome.

    Leaving an `async for` begins no further call. Leaving `async with` also waits for the calls that had begun, on an
    exception too; `aclose` then still gives their outcomes. On cancellation, calls in flight are cancelled and waited
    for: `under_way` then has those whose outcome is unknown. The same holds for a bare `async for` that is cancelled
    while it waits for an outcome. A source that is a generator is closed at the end.

    A source is read by whichever worker is free, so its steps run in several tasks, and what it waits for when the run
    stops is cancelled: it must not yield within an `asyncio.timeout` or a task group (PEP 789).
    """

    def __init__(
        self,
        name: str,
        send: Callable[[Q], Awaitable[Response[R]]],
        requests: Iterable[Q] | AsyncIterable[Q],
        *,
        concurrency: int = config.BULK_CONCURRENCY,
        rate_limit: config.BulkRate | Pace = None,
        stop_on: Any = config.BULK_STOP_ON,
        max_failures: int = 0,
        ordered: bool = False,
        patience: float = config.PATIENCE,
        idempotent: bool = False,
        turns: Turns | None = None,
        give_up: Callable[[], None] | None = None,
    ) -> None:
        # Where `send` has ways of its own, `turns` tells when to read a request for it, and `give_up` has it stop.
        checked("ordered", ordered, BOOLEAN)
        self._entered = False
        self._workers: Workers[Q, R]
        concurrency = checked("concurrency", concurrency, whole())
        patience = checked("patience", patience, number(above=0))
        pace = rate_limit if isinstance(rate_limit, Pace) else None  # of several runs, one after the other
        rate = config.Paced() if isinstance(rate_limit, Pace) else config.bulk_rate_of(rate_limit)
        if isinstance(rate, config.Paced):
            pace = pace or Pace(concurrency, patience=patience, at_most=rate.at_most)
            turns = paced = PacedCalls(pace, send, idempotent=idempotent)
            send, give_up = paced.send, paced.stop
        elif rate is not None:
            turns = RateWindow(rate)
        self._pace = pace
        self._workers = Workers(
            name,
            send,
            Source(requests, turns),
            Shelf(ordered=ordered),
            StopRule(stop_on, max_failures),
            concurrency=concurrency,
            give_up=give_up,
        )

    @property
    def error(self) -> BaseException | None:
        """What stopped the run before its source ended, or None."""
        return self._workers.error

    @property
    def held_back(self) -> str:
        """What the calls were last held back for by `rate_limit="auto"`, or nothing."""
        return "" if self._pace is None else self._pace.why

    @property
    def under_way(self) -> Mapping[int, Q]:
        """The requests of the calls that have begun and not ended, by index; calls that were cut off stay here."""
        return MappingProxyType(self._workers.under_way)

    async def __aenter__(self) -> Self:
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, Exception | GeneratorExit):
            self.stop()
            await self._workers.wait()
        else:
            await self._workers.cut_off()
        for _ in range(2):  # asyncio's own task that closes the generator of an `async for` that was left
            await asyncio.sleep(0)

    def __aiter__(self) -> AsyncGenerator[AnyOutcome[Q, R], None]:
        return self._outcomes()

    async def _outcomes(self) -> AsyncGenerator[AnyOutcome[Q, R], None]:
        # A generator, since asyncio tells one of those that its loop was left, and an iterator of ours nothing.
        workers = self._workers
        workers.start()
        try:
            while (outcome := workers.take() or await workers.next()) is not None:
                yield outcome
        except GeneratorExit:
            workers.stop()
            raise
        except asyncio.CancelledError:
            # In an `async with` the caller may catch the cancellation and go on; its end sees to the rest.
            if not self._entered:
                await workers.cut_off()
            raise
        if workers.error is not None:
            raise workers.error

    def stop(self) -> None:
        """Begin no further call; the outcomes of those that have begun still come."""
        self._workers.stop()

    async def aclose(self) -> list[AnyOutcome[Q, R]]:
        """Begin no further call, wait for those that have begun, and return the outcomes that nobody has taken yet.

        Raises nothing of the run's own: `error` tells what stopped it. On cancellation, calls in flight are cancelled.
        """
        self.stop()
        await self._workers.wait()
        outcomes = []
        while (outcome := self._workers.take()) is not None:
            outcomes.append(outcome)
        return outcomes

    def __del__(self) -> None:
        workers = getattr(self, "_workers", None)
        if workers is not None:
            workers.abandon()

    def __repr__(self) -> str:
        workers = self._workers
        state = "over" if workers.is_over else "open"
        counts = f"{workers.started} begun, {len(workers.under_way)} under way"
        return f"<{type(self).__name__} {workers.name} {counts}, {state}>"
