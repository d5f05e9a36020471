"""What became of one item of a bulk run."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import attrs
from attrs import field, frozen

from itnio_async.endpoint import Response
from itnio_async.errors import ItnioError

Q = TypeVar("Q")
R = TypeVar("R")


def _show_request(request: Any) -> str:
    # Our own types leave their secrets out; what a caller passed by mistake, a dict for instance, does not.
    return repr(request) if attrs.has(type(request)) else f"<{type(request).__name__}>"


@frozen
class Outcome(Generic[Q, R]):
    """What became of one item: either `response` or `error` is there, the other one is None.

    `index` counts the items from 0 in the order in which they were read; `attempts` is how many were made, and
    `elapsed` the seconds from the call to its end, waits included.
    """

    index: int
    request: Q = field(repr=_show_request)
    response: Response[R] | None
    error: ItnioError | None
    attempts: int
    elapsed: float

    @property
    def ok(self) -> bool:
        """Tell whether the API did what was asked."""
        return self.error is None
