"""Measure for how long the vendor has answered no update well, whatever it did instead."""

from __future__ import annotations

import time
from collections.abc import Callable

from itnio_async.errors import ApiError, InvalidRequestError, ItnioError, TransientError


class Silence:
    """The seconds since an update was done or refused for what it is; too many once that was for `patience`.

    A lost connection, an answer that is late or none of the API's, and a failure of the vendor's system are all alike
    here. `clock` gives seconds that never go back.
    """

    def __init__(self, patience: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._clock = clock
        self._lasted = 0.0
        self._measured = clock()
        self._first_row: int | None = None

    def go_on(self) -> None:
        """Measure from now on: while a listing is read or somebody is asked, no update could be answered."""
        self._measured = self._clock()

    def is_too_long(self, row: int, error: ItnioError | None) -> bool:
        """Take what became of a row's update, and tell whether the vendor has been silent for all the patience."""
        now = self._clock()
        self._lasted, self._measured = self._lasted + now - self._measured, now
        if isinstance(error, InvalidRequestError):
            return False  # never sent
        if error is None or (isinstance(error, ApiError) and not isinstance(error, TransientError)):
            self._lasted, self._first_row = 0.0, None
            return False
        if self._first_row is None:
            self._first_row = row
        # One row that is never answered says nothing of the others, and must not keep them from being sent.
        return self._lasted >= self._patience and row != self._first_row
