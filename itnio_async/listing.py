"""A listing: one page of it, or every record from a page on, with pages read one by one, ahead, or several at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

from itnio_async.errors import UnexpectedResponseError
from itnio_async.validators import BOOLEAN, checked, whole
from itnio_async.values import Page

T = TypeVar("T")


class Listing(Coroutine[Any, Any, Page[T]]):
    """A listing: `await` it for one page, or `async for` over it for every record from that page on.

    `fetch` gives the page of a number, from 1. With `by_index` it gives the records from an index on: nothing tells how
    many there are, and the listing ends where a page has none. It is a coroutine to `asyncio.create_task` and its like,
    by the methods `send`, `throw` and `close`.
    """

    def __init__(
        self, fetch: Callable[[int], Awaitable[Page[T]]], *, current: int, size: int, by_index: bool = False
    ) -> None:
        self._fetch = fetch
        self._current = current
        self._size = size
        self._by_index = by_index
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
        async for record in self.records():
            yield record

    async def records(self, *, read_ahead: bool = False, concurrency: int = 1) -> AsyncIterator[T]:
        """Yield the records from the first page asked for on; takes and raises what `pages` does."""
        async for page in self.pages(read_ahead=read_ahead, concurrency=concurrency):
            for record in page:
                yield record

    async def pages(self, *, read_ahead: bool = False, concurrency: int = 1) -> AsyncIterator[Page[T]]:
        """Yield the pages from the first one asked for on, in their order.

        `read_ahead` asks for the next page while the one before it is worked on. `concurrency` pages at most are asked
        for at once, where an answer tells how many there are, as nearly all do. Records that are added or deleted
        meanwhile move those behind them to other pages, and more so the more pages are read at once.

        Raises `UnexpectedResponseError` where the vendor gives the same page again, since that would never end.
        """
        window = checked("concurrency", concurrency, whole())
        window = window if window > 1 else int(checked("read_ahead", read_ahead, BOOLEAN))
        number, seen = self._current, 0
        previous: Page[T] | None = None
        begun: deque[asyncio.Future[Page[T]]] = deque()
        try:
            while True:
                # The first fetch checks both numbers.
                page = await (begun.popleft() if begun else self._fetch(number))
                # The pages before the first one: as long as it at least, since the vendor may have a size of its own.
                if previous is None and not self._by_index:
                    seen = (number - 1) * min(self._size, len(page))
                if not page.records:
                    if previous is None:
                        yield page
                    return
                if previous is not None and _has_the_same(page, previous):
                    raise _is_repeated(number, by_index=self._by_index)
                seen += len(page)
                last = None if self._by_index else last_page(page, number, seen)
                following = number + (len(page) if self._by_index else 1)
                # Where nothing tells the end, only the next page can be asked for without asking in vain.
                until = following if last is None else min(last, number + window)
                for ahead in range(following + len(begun), until + 1 if window else 0):
                    begun.append(asyncio.ensure_future(self._fetch(ahead)))
                yield page
                if last is not None and number >= last:
                    return
                previous, number = page, following
        finally:
            for fetching in begun:
                fetching.cancel()
            if begun:
                await asyncio.gather(*begun, return_exceptions=True)


def last_page(page: Page[Any], number: int, seen: int) -> int | None:
    """Return the number of the last page, as page `number` tells it, or None where it does not tell.

    `seen` counts the records of all pages up to this one. The page's size is not asked, since the vendor gives another
    one than was asked for.
    """
    if page.pages:
        return page.pages
    # Zeros beside records are a count that was not made.
    if not page.total:
        return None if len(page) else number
    if page.total <= seen:
        return number
    return number + -(-(page.total - seen) // len(page)) if len(page) else None


def _has_the_same(page: Page[Any], previous: Page[Any]) -> bool:
    # Records are equal without what their class does not know, and that may be all that they have.
    return page.records == previous.records and _all_of(page) == _all_of(previous)


def _all_of(page: Page[Any]) -> Any:
    return Page(page.records).to_dict(secrets=True)


def _is_repeated(number: int, *, by_index: bool) -> UnexpectedResponseError:
    if by_index:
        found, ignored, instead = f"The listing gives the same from index {number}", "index", "shorter times"
    else:
        found, ignored, instead = f"The listing's page {number} is page {number - 1}", "page's number", "single pages"
    return UnexpectedResponseError(
        f"{found} again: the vendor seems to ignore the {ignored}. Read {instead} instead.",
        http_status=200,
        may_have_been_processed=False,
    )
