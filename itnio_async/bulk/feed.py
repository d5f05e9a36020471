"""The requests of a run, read one at a time from whatever the caller has them in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from itnio_async.errors import InvalidRequestError

Q = TypeVar("Q")


class End(Enum):
    """Stands for the request after the last one."""

    END = ...


END: Literal[End.END] = End.END


class Feed(Generic[Q]):
    """An iterable or an async iterable, read in one way; nothing of it is touched before the first `next`.

    Raises `InvalidRequestError` for anything else.
    """

    def __init__(self, source: Iterable[Q] | AsyncIterable[Q]) -> None:
        if not isinstance(source, Iterable | AsyncIterable):
            raise InvalidRequestError(
                f"an iterable or an async iterable of requests is wanted, not a {type(source).__name__}.",
                field="requests",
            )
        self._source = source
        self._iterator: Any = None
        self.is_async = isinstance(source, AsyncIterable)

    async def next(self) -> Q | Literal[End.END]:
        """Return the next request, or END; what the source raises passes unchanged."""
        if not self.is_async:
            return self.next_at_once()
        if self._iterator is None:
            self._iterator = aiter(self._source)  # type: ignore[arg-type]
        try:
            return await anext(self._iterator)
        except StopAsyncIteration:
            return END

    def next_at_once(self) -> Q | Literal[End.END]:
        """Return what `next` does, where the source is not async."""
        if self._iterator is None:
            self._iterator = iter(self._source)  # type: ignore[arg-type]
        return next(self._iterator, END)

    async def aclose(self) -> None:
        """Close a source that is a generator, so that what it has open is closed now and not some day."""
        if isinstance(self._iterator, AsyncGenerator):
            await self._iterator.aclose()
        elif isinstance(self._iterator, Generator):
            self._iterator.close()
