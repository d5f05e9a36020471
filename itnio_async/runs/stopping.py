"""Which failures end a run, since the rest would fail alike."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from itnio_async.errors import ConfigurationError, ItnioError, TimestampExpiredError
from itnio_async.validators import checked, whole


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
