"""Values that are one text to the vendor and something else in Python: lists with commas."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
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
    """A list of texts, with commas between them; no list and an empty one are the empty text."""

    def written(self, value: Any) -> Any:
        is_list = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return ",".join(map(str.__str__, value)) if is_list else value

    def read(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return value.split(",") if value else []


JOINED = _Joined()


def form_of(metadata: Mapping[Any, Any]) -> WireForm | None:
    """Return the form of a field that is marked with one."""
    return metadata.get(WIRE)
