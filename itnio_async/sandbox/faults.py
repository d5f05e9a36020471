"""Failures to order: what goes wrong, for which requests, how often.

A fault reads the same in Python and in a shell: `Fault("minus18", endpoint="update", probability=0.05, seed=7)` is
`Fault.parse("minus18,endpoint=update,probability=0.05,seed=7")`. The kinds:

minus18, minus16, minus<any code>   the API refuses with that code
wait                                the answer takes `seconds` longer
hold                                the answer waits until `order.release()`
drop                                the connection ends without an answer (`reset`: with a TCP reset)
garbage                             bytes that are not HTTP, then the connection ends
half                                the headers and half of the body, then the connection ends
page                                a gateway's HTML page with `http_status` instead of the API's answer
"""

from __future__ import annotations

import math
import random
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import attrs
from attrs import field, frozen

from itnio_async.errors import ConfigurationError
from itnio_async.sandbox.event_count import EventCount
from itnio_async.sandbox.families import HANDLERS

_KINDS = ("wait", "hold", "drop", "garbage", "half", "page")
_MINUS = re.compile("minus([1-9][0-9]{0,3}+)")
DELAYING = ("wait", "hold")
# What spoils an answer needs one: these carry the request out first, unless told otherwise.
_PROCESSED = ("garbage", "half")


# Endpoints by path and by its last part, which reads better in a shell.
_ENDPOINTS = (*(path.rpartition("/")[2] for path in HANDLERS), *HANDLERS)


def _given(fits: Callable[[Any], bool], fix: str) -> Callable[[object, attrs.Attribute[Any], object], None]:
    """A validator: None is right where it is the default, everything else must fit."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if not (value is None and attribute.default is None) and not fits(value):
            raise _misfit(attribute.name, value, fix)

    return check


def _misfit(name: str, value: object, fix: str) -> ConfigurationError:
    return ConfigurationError(f"{name} of a fault is {value!r}; give {fix}.")


def _is_kind(value: object) -> bool:
    return isinstance(value, str) and (value in _KINDS or _MINUS.fullmatch(value) is not None)


def _is_whole(least: int, most: float = math.inf) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


def _is_number(least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and least <= value <= most


def _is_switch(value: object) -> bool:
    return type(value) is bool


@frozen
class Fault:
    """One failure to order with `sandbox.order(fault)`. Raises `ConfigurationError` for what does not fit.

    `kind`: see the module. `endpoint`: a path, or its last part ("update"); None is any. `key_id`: only requests about
    that trunk. `count`: how many requests it strikes at most; None: no limit. `probability`: 0 to 1, drawn for each
    request that fits; `seed` makes the draws the same every time. `seconds`: how long `wait` waits. `processed`:
    whether the request is carried out before the fault strikes; unless given, only for garbage and half.
    `http_status`: of a refusal (200) or a page (502). `reset`: `drop` resets the connection instead of closing it.
    """

    kind: str = field(validator=_given(_is_kind, f"minus and a code (minus18), or one of {', '.join(_KINDS)}"))
    endpoint: str | None = field(
        default=None,
        kw_only=True,
        validator=_given(lambda value: value in _ENDPOINTS, f"one of {', '.join(_ENDPOINTS)}"),
    )
    key_id: int | None = field(default=None, kw_only=True, validator=_given(_is_whole(1), "a trunk's key id"))
    count: int | None = field(default=None, kw_only=True, validator=_given(_is_whole(1), "a number, 1 or more"))
    probability: float = field(default=1.0, kw_only=True, validator=_given(_is_number(0, 1), "a number from 0 to 1"))
    seed: int | None = field(default=None, kw_only=True, validator=_given(_is_whole(0), "an integer, 0 or more"))
    seconds: float | None = field(
        default=None, kw_only=True, validator=_given(_is_number(0, 86_400), "how long to wait, up to a day")
    )
    processed: bool | None = field(default=None, kw_only=True, validator=_given(_is_switch, "True or False"))
    http_status: int | None = field(default=None, kw_only=True, validator=_given(_is_whole(200, 599), "200 to 599"))
    reset: bool = field(default=False, kw_only=True, validator=_given(_is_switch, "True or False"))

    def __attrs_post_init__(self) -> None:
        if (self.seconds is None) == (self.kind == "wait"):
            raise _misfit("seconds", self.seconds, "how long to wait, for the kind wait and only for it")
        if self.http_status is not None and self.code is None and self.kind != "page":
            raise _misfit("http_status", self.http_status, "it only for a code or a page")
        if self.reset and self.kind != "drop":
            raise _misfit("reset", self.reset, "it only for the kind drop")

    @property
    def code(self) -> int | None:
        """The vendor's code that it answers, None for the other kinds."""
        match = _MINUS.fullmatch(self.kind)
        return -int(match[1]) if match else None

    @property
    def after_processing(self) -> bool:
        """Whether the request is carried out before the fault strikes."""
        return self.kind in _PROCESSED if self.processed is None else self.processed

    def fits(self, path: str, key_id: int | None) -> bool:
        """Tell whether a request is one of those it is meant for."""
        endpoint = self.endpoint is None or path == self.endpoint or path.endswith(f"/{self.endpoint}")
        return endpoint and (self.key_id is None or self.key_id == key_id)

    def __str__(self) -> str:
        given = [
            f"{name}={str(value).lower() if isinstance(value, bool) else value}"
            for name in _READERS
            if (value := getattr(self, name)) != getattr(attrs.fields(Fault), name).default
        ]
        return ",".join([self.kind, *given])

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a fault from text like `minus18,endpoint=update,probability=0.05,seed=7`.

        Raises `ConfigurationError` that says which part does not fit.
        """
        if not isinstance(text, str):
            raise ConfigurationError(f"A fault's text is {text!r}; give a string like 'minus18,count=3'.")
        kind, *parts = [part.strip() for part in text.split(",")]
        values: dict[str, Any] = {}
        for part in parts:
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals or name not in _READERS or name in values:
                raise ConfigurationError(
                    f"{part!r} in the fault {text!r} does not fit; give each of {', '.join(_READERS)} at most once, "
                    "as name=value."
                )
            try:
                values[name] = _READERS[name](value)
            except ValueError as error:
                raise ConfigurationError(f"{part!r} in the fault {text!r} does not fit: {error}.") from None
        return cls(kind, **values)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("give true or false")
    return text == "true"


_READERS: dict[str, Any] = {
    "endpoint": str,
    "key_id": int,
    "count": int,
    "probability": float,
    "seed": int,
    "seconds": float,
    "processed": _boolean,
    "http_status": int,
    "reset": _boolean,
}


class Order:
    """A fault on order: how often it struck, and the means to end it. Safe from any thread."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._random = random.Random(fault.seed)  # noqa: S311  (repeatable on purpose)
        self._lock = threading.Lock()
        self.cancelled: bool = False
        self._struck = EventCount()
        self._released = EventCount()

    @property
    def struck(self) -> int:
        """How many requests it has struck so far."""
        return self._struck.count

    async def reached(self, count: int = 1, timeout: float = 5.0) -> None:
        """Wait until it has struck `count` requests; `TimeoutError` after `timeout` seconds."""
        await self._struck.reached(count, timeout)

    def release(self) -> None:
        """Let go what a `hold` holds, now and in future."""
        self._released.advance()

    def cancel(self) -> None:
        """Strike no more; what is held is let go."""
        self.cancelled = True
        self.release()

    def released(self) -> Future[None]:
        """Return a new future for the release."""
        return self._released.future(1)

    def strikes(self, path: str, key_id: int | None) -> bool:
        """Decide whether this request is struck, and count it."""
        with self._lock:
            if self.cancelled or not self.fault.fits(path, key_id):
                return False
            if self.fault.count is not None and self.struck >= self.fault.count:
                return False
            if self._random.random() >= self.fault.probability:
                return False
            self._struck.advance()
            return True
