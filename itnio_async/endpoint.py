"""What a call of the API is and may be told, and what comes back: `Endpoint`, `Response`, `Listing`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, Generic, TypedDict, TypeVar

import httpx
from attrs import field, frozen

from itnio_async.codes import SHARED, CodeFamily
from itnio_async.config import TimeoutTypes
from itnio_async.errors import UnexpectedResponseError
from itnio_async.retry import RetryPolicy
from itnio_async.values import Page

Q = TypeVar("Q")
R = TypeVar("R")
T = TypeVar("T")


class CallOptions(TypedDict, total=False):
    """What each call may have of its own: `update(trunk, timeout=3, deadline=10)`; the client's for what is left out.

    `timeout` is httpx's, in seconds, `deadline` the seconds for the whole call (None: no bound), and `retry` says which
    failures are repeated.
    """

    timeout: TimeoutTypes
    deadline: float | None
    retry: RetryPolicy


class EnvelopeForm(Enum):
    """The keys of an answer that hold the code and its text.

    Source: the pages of `/voice/group/call/*` and `/voice/recallFlow/*` have `code` and `msg`, all others `status`.
    """

    def __init__(self, code_key: str, text_keys: tuple[str, ...]) -> None:
        self.code_key = code_key
        self.text_keys = text_keys

    STATUS = ("status", ("reason",))
    # One page's table says `reason` where its sample says `msg`.
    CODE = ("code", ("msg", "reason"))


@frozen(cache_hash=True)
class Endpoint(Generic[Q, R]):
    """One call of the API, as data.

    `response_type` None means that the answer's `data` says nothing. `idempotent` says whether sending the same request
    twice does no harm. `check` raises `InvalidRequestError` for contents that the vendor is certain to refuse.
    """

    method: str
    path: str
    request_type: type[Q]
    response_type: type[R] | None
    idempotent: bool
    family: CodeFamily = SHARED
    envelope: EnvelopeForm = EnvelopeForm.STATUS
    check: Callable[[Q], None] | None = field(default=None, repr=False, hash=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _shown(data: Any) -> str:
    # Typed data leaves its own secrets out; what came without a type may have any.
    return f"<{type(data).__name__}>" if isinstance(data, dict | list) else repr(data)


@frozen
class Response(Generic[R]):
    """An answer with all that came with it.

    `data` is the typed part and `raw` the whole answer's decoded JSON; `status` is the vendor's code (0) and `reason`
    its text; `attempts` counts the attempts made and `elapsed` is the seconds from the call to its end, waits included.
    """

    data: R = field(repr=_shown)
    raw: Any = field(repr=False)
    status: int
    reason: str
    http_status: int
    _headers: httpx.Headers | Sequence[tuple[bytes, bytes]] = field(repr=False, eq=httpx.Headers)
    attempts: int
    elapsed: float

    @cached_property
    def headers(self) -> httpx.Headers:
        """The answer's headers; made when somebody asks, which few do, since httpx takes 2 µs for it."""
        return httpx.Headers(self._headers)


class Listing(Coroutine[Any, Any, Page[T]]):
    """A listing: `await` it for one page, or `async for` over it for every record from that page on.

    It is a coroutine to `asyncio.create_task` and its like, by the methods `send`, `throw` and `close`.
    """

    def __init__(self, fetch: Callable[[int], Awaitable[Page[T]]], *, current: int, size: int) -> None:
        self._fetch = fetch
        self._current = current
        self._size = size
        self._steps: Generator[Any, Any, Page[T]] | None = None
        self._task: asyncio.Task[Any] | None = None

    def __await__(self) -> Generator[Any, Any, Page[T]]:
        return self._fetch(self._current).__await__()

    def send(self, value: Any) -> Any:
        """Go on to the next thing to wait for, as a task does."""
        return self._step(lambda steps: steps.send(value))

    def throw(self, *error: Any) -> Any:
        """Go on with an exception, as a task does on cancellation."""
        return self._step(lambda steps: steps.throw(*error))

    def close(self) -> None:
        """End what `send` began."""
        if self._steps is not None:
            self._steps.close()
            self._steps = None

    def _step(self, go_on: Callable[[Generator[Any, Any, Page[T]]], Any]) -> Any:
        task = asyncio.current_task()
        if self._steps is None:
            self._steps, self._task = self.__await__(), task
        elif task is not self._task:
            raise RuntimeError("this listing is awaited by another task already: make one for each")
        try:
            return go_on(self._steps)
        except BaseException:
            self._steps = self._task = None
            raise

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for record in page:
                yield record

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Yield the pages from the first one asked for on.

        Raises `UnexpectedResponseError` where the vendor gives the same page again, since that would never end.
        """
        current = self._current
        seen = 0
        previous: Page[T] | None = None
        while True:
            # The first fetch checks both numbers.
            page = await self._fetch(current)
            # The pages before the first one: as long as it at least, since the vendor may have a size of its own.
            seen = seen or (current - 1) * min(self._size, len(page))
            if not page.records:
                if previous is None:
                    yield page
                return
            if previous is not None and page.records == previous.records:
                raise UnexpectedResponseError(
                    f"The listing's page {current} is page {current - 1} again: "
                    "the vendor seems to ignore the page's number. Read single pages instead.",
                    http_status=200,
                    may_have_been_processed=False,
                )
            yield page
            seen += len(page)
            if _is_last(page, current, seen):
                return
            previous = page
            current += 1


def _is_last(page: Page[Any], current: int, seen: int) -> bool:
    """Tell whether no page follows; the page's size is not asked, since the vendor gives another one than was asked."""
    # Zeros beside records are a count that was not made.
    if page.pages:
        return current >= page.pages
    return page.total is not None and 0 < page.total <= seen
