"""What every family's service is made of: it turns a method into a call, and leaves the rest to its caller."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Protocol, TypeVar

from itnio_async.config import BulkRate
from itnio_async.endpoint import Endpoint, Response
from itnio_async.errors import ItnioError
from itnio_async.runs.run import BulkRun

Q = TypeVar("Q")
R = TypeVar("R")


class Caller(Protocol):
    """What a service needs of the client, or of whatever stands in for it."""

    async def call(self, endpoint: Endpoint[Q, R], request: Q) -> Response[R]:
        """Make one call and return the whole answer."""

    def bulk(
        self,
        endpoint: Endpoint[Q, R],
        requests: Iterable[Q] | AsyncIterable[Q],
        *,
        concurrency: int,
        rate_limit: BulkRate,
        stop_on: tuple[type[ItnioError], ...],
        max_failures: int,
        ordered: bool,
        patience: float,
    ) -> BulkRun[Q, R]:
        """Make a call for each request."""


class Service:
    """The calls of one family."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
