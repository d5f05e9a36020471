"""What became of one item of a bulk run, where outcomes wait for the consumer, and which of them end the run."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

import attrs
from attrs import field, frozen

from itnio_async.endpoint import Response
from itnio_async.errors import ConfigurationError, ItnioError, TimestampExpiredError
from itnio_async.validators import checked, whole

Q = TypeVar("Q")
R = TypeVar("R")


def _show_request(request: Any) -> str:
    # Our own types leave their secrets out; what a caller passed by mistake, a dict for instance, does not.
    return repr(request) if attrs.has(type(request)) else f"<{type(request).__name__}>"


@frozen
class Outcome(Generic[Q, R]):
    """What became of one item: either `response` or `error` is there, the other one is None.

    A run gives a `Succeeded` or a `Failed`, so that type checkers know which one is there: after `if outcome.error is
    None`, or by `isinstance`.

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


class Succeeded(Outcome[Q, R]):
    """The outcome of an item that the API did: `response` is there."""

    __slots__ = ()

    if TYPE_CHECKING:
        response: Response[R]
        error: None

        @property
        def ok(self) -> Literal[True]:
            """True."""


class Failed(Outcome[Q, R]):
    """The outcome of an item that failed: `error` is there."""

    __slots__ = ()

    if TYPE_CHECKING:
        response: None
        error: ItnioError

        @property
        def ok(self) -> Literal[False]:
            """False."""


AnyOutcome: TypeAlias = Succeeded[Q, R] | Failed[Q, R]
"""What a run gives for each item."""


class Shelf(Generic[Q, R]):
    """Where outcomes wait for the consumer: first done, first out, or `ordered` by index.

    It has no bound of its own, since the workers have one.
    """

    def __init__(self, *, ordered: bool) -> None:
        self._ordered = ordered
        self._ready: deque[AnyOutcome[Q, R]] = deque()
        self._early: dict[int, AnyOutcome[Q, R] | None] = {}
        self._turn = 0

    def put(self, index: int, outcome: AnyOutcome[Q, R] | None) -> None:
        """Keep the outcome of an item; None says that it will have none."""
        if not self._ordered:
            self._add(outcome)
            return
        self._early[index] = outcome
        while self._turn in self._early:
            self._add(self._early.pop(self._turn))
            self._turn += 1

    def _add(self, outcome: AnyOutcome[Q, R] | None) -> None:
        if outcome is not None:
            self._ready.append(outcome)

    def take(self) -> AnyOutcome[Q, R] | None:
        """Return the outcome whose turn it is, or None where it is not there yet."""
        return self._ready.popleft() if self._ready else None


class StopRule:
    """`stop_on` and `max_failures`, and the streak of equal refusals so far.

    A `ConfigurationError` ends the run in any case: a client that was closed sends nothing more.
    """

    def __init__(self, stop_on: Any, max_failures: Any) -> None:
        kinds = tuple(stop_on) if isinstance(stop_on, Collection) else (stop_on,)
        if not all(isinstance(kind, type) and issubclass(kind, ItnioError) for kind in kinds):
            raise ConfigurationError(f"stop_on takes classes of ItnioError, not {stop_on!r}.")
        self._kinds = (*kinds, ConfigurationError)
        self._most = checked("max_failures", max_failures, whole(0))
        self._code: int | None = None
        self._streak = 0

    def ends_run(self, error: ItnioError | None) -> bool:
        """Tell whether the run ends with this outcome; to be asked once for each, in the order in which they finish."""
        if error is None:
            self._streak, self._code = 0, None
            return False
        code = getattr(error, "code", None)
        self._streak = 0 if code is None else self._streak + 1 if code == self._code else 1
        self._code = code
        return is_among(error, self._kinds) or 0 < self._most <= self._streak


def is_among(error: ItnioError, kinds: tuple[type[ItnioError], ...]) -> bool:
    """Tell whether an error is of one of the kinds that end a run.

    A refused timestamp is only where a corrected clock was refused too: the spell of a second is not the end of all.
    """
    if isinstance(error, TimestampExpiredError) and not error.after_correction:
        kinds = tuple(kind for kind in kinds if kind is not TimestampExpiredError)
    return isinstance(error, kinds)
