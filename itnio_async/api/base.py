"""What every family's service is made of: it turns a method into a call, and leaves the rest to its caller."""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack

from attrs import evolve

from itnio_async.api.shapes import PageQuery
from itnio_async.endpoint import CallOptions, Endpoint, Response
from itnio_async.errors import ConfigurationError
from itnio_async.listing import Listing
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.values import Page

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")
L = TypeVar("L", bound=PageQuery)
P = ParamSpec("P")


class Caller(Protocol):
    """What a service needs of the client, or of whatever stands in for it."""

    async def call(self, endpoint: Endpoint[Q, R], request: Q, **options: Unpack[CallOptions]) -> Response[R]:
        """Make one call and return the whole answer."""

    def bulk(
        self, endpoint: Endpoint[Q, R], requests: Iterable[Q] | AsyncIterable[Q], **options: Unpack[BulkOptions]
    ) -> BulkRun[Q, R]:
        """Make a call for each request."""


class Service:
    """The calls of one family."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def _listing(self, endpoint: Endpoint[L, Page[T]], query: L, options: CallOptions) -> Listing[T]:
        """Return the listing that begins with the page that is asked for."""

        async def fetch(page: int) -> Page[T]:
            return (await self._caller.call(endpoint, evolve(query, current=page), **options)).data

        return Listing(fetch, current=query.current, size=query.size)


async def response_of(method: Callable[P, Awaitable[R]], *arguments: P.args, **options: P.kwargs) -> Response[R]:
    """Call a method of a service and return the whole answer: `await response_of(client.sip_trunks.update, update)`.

    Takes what the method takes and raises what it raises; of a listing it is the answer with the page.
    """
    service = getattr(method, "__self__", None)
    if not isinstance(service, Service):
        raise ConfigurationError(
            "response_of takes a method of a client's service and what that takes: "
            "response_of(client.sip_trunks.update, update)."
        )
    recorder = _Recorder(service._caller)
    try:
        made: Awaitable[R] = getattr(type(service)(recorder), method.__name__)(*arguments, **options)
    finally:
        del arguments, options  # a report of an error shows the variables here
    await made
    return recorder.response


class _Recorder(Caller):
    """Makes one call by another caller, and keeps its answer."""

    response: Response[Any]

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def call(self, endpoint: Endpoint[Q, R], request: Q, **options: Unpack[CallOptions]) -> Response[R]:
        made = self._caller.call(endpoint, request, **options)
        del request  # a report of an error shows the variables here
        self.response = await made
        return self.response

    def bulk(self, *_: Any, **__: Any) -> Any:
        raise ConfigurationError("a bulk run has an answer for each item: outcome.response.")
