"""The outcomes that wait for the consumer: as they finished, or in the input's order."""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar

from itnio_async.bulk.outcome import Outcome

Q = TypeVar("Q")
R = TypeVar("R")


class Shelf(Protocol[Q, R]):
    """Where outcomes wait; neither kind has a bound of its own, since the engine starts no more than fit."""

    def put(self, index: int, outcome: Outcome[Q, R] | None) -> None:
        """Keep an outcome; None says that this item will have none."""

    def take(self) -> Outcome[Q, R] | None:
        """Return the outcome whose turn it is, or None where it is not there yet."""


class AsFinished(Generic[Q, R]):
    """First done, first out."""

    def __init__(self) -> None:
        self._outcomes: deque[Outcome[Q, R]] = deque()

    def put(self, index: int, outcome: Outcome[Q, R] | None) -> None:
        """Keep an outcome, if there is one."""
        if outcome is not None:
            self._outcomes.append(outcome)

    def take(self) -> Outcome[Q, R] | None:
        """Return the oldest one."""
        return self._outcomes.popleft() if self._outcomes else None


class InInputOrder(Generic[Q, R]):
    """By index, without a gap but where an item has no outcome."""

    def __init__(self) -> None:
        self._outcomes: dict[int, Outcome[Q, R] | None] = {}
        self._turn = 0

    def put(self, index: int, outcome: Outcome[Q, R] | None) -> None:
        """Keep an outcome until those before it are there."""
        self._outcomes[index] = outcome

    def take(self) -> Outcome[Q, R] | None:
        """Return the one whose turn it is."""
        while self._turn in self._outcomes:
            outcome = self._outcomes.pop(self._turn)
            self._turn += 1
            if outcome is not None:
                return outcome
        return None
