"""Which failures end a run, since the rest would fail alike."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from itnio_async import config
from itnio_async.errors import ConfigurationError, ItnioError


class StopRule:
    """`stop_on` and `max_failures`, and the row of equal refusals so far.

    A `ConfigurationError` ends the run in any case: a client that was closed sends nothing more.
    """

    def __init__(self, stop_on: Any, max_failures: Any) -> None:
        self._kinds = (*_kinds_of(stop_on), ConfigurationError)
        self._most = config.whole_number("max_failures", max_failures, least=0)
        self._code: int | None = None
        self._row = 0

    def ends_run(self, error: ItnioError | None) -> bool:
        """Tell whether the run ends with this outcome; to be asked once for each, in the order in which they finish."""
        if error is None:
            self._row, self._code = 0, None
            return False
        code = getattr(error, "code", None)
        self._row = 0 if code is None else self._row + 1 if code == self._code else 1
        self._code = code
        return isinstance(error, self._kinds) or 0 < self._most <= self._row


def _kinds_of(value: Any) -> tuple[type[ItnioError], ...]:
    kinds = tuple(value) if isinstance(value, Collection) else (value,)
    if not all(isinstance(kind, type) and issubclass(kind, ItnioError) for kind in kinds):
        raise ConfigurationError(f"stop_on takes classes of ItnioError, not {value!r}.")
    return kinds
