"""Values that are one text to the vendor and something else in Python: lists with commas, moments as numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

WIRE = "itnio_async.wire"
"""What the field of a request or of an answer is marked with; the mark is its `WireForm`."""


class WireForm(ABC):
    """How a value is written for the vendor, and read again. A value of another type is left as it is."""

    @abstractmethod
    def written(self, value: Any) -> Any:
        """Return the vendor's text for a value."""

    @abstractmethod
    def read(self, value: Any) -> Any:
        """Return the value that the vendor's text stands for."""


class _Joined(WireForm):
    """A list of texts, with commas between them: none is empty, and none has a comma in it."""

    def written(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        fits = all(isinstance(item, str) and item and "," not in item for item in value)
        return ",".join(map(str.__str__, value)) if fits else value

    def read(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.split(",") if value else []


class _Milliseconds(WireForm):
    """A moment, as the milliseconds since 1970."""

    _EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
    _MOST_DIGITS = 14  # the year 5138; a datetime holds no more than the year 9999

    def written(self, value: Any) -> Any:
        if not isinstance(value, datetime) or value.utcoffset() is None:
            return value
        return str((value - self._EPOCH) // timedelta(milliseconds=1))

    def read(self, value: Any) -> Any:
        is_number = isinstance(value, str) and value.isascii() and value.isdigit()
        if not is_number or len(value) > self._MOST_DIGITS:
            return value
        return self._EPOCH + timedelta(milliseconds=int(value))


JOINED = _Joined()
MILLISECONDS = _Milliseconds()


def form_of(metadata: Mapping[Any, Any]) -> WireForm | None:
    """Return the form of a field that is marked with one."""
    return metadata.get(WIRE)
