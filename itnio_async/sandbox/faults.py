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
limit                               the same for what is more than `rate` calls a second or `at_once` calls at a time
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any

import attrs
from attrs import field, frozen
from attrs.validators import in_, matches_re, or_

from itnio_async.errors import ConfigurationError
from itnio_async.sandbox.event_count import EventCount
from itnio_async.sandbox.families import HANDLERS
from itnio_async.validators import BOOLEAN, must_be, number, or_none, whole

_KINDS = ("wait", "hold", "drop", "garbage", "half", "page", "limit")
_MINUS = re.compile("minus([1-9][0-9]{0,3}+)")
DELAYING = ("wait", "hold")
# What spoils an answer needs one: these carry the request out first, unless told otherwise.
_PROCESSED = ("garbage", "half")


# Statuses with which a gateway asks to wait.
_BUSY = (429, 503)

# Endpoints by path and by its last parts, which read better in a shell: "update", "sipTrunk/update".
_ADDRESSES = [handler.address for handler in HANDLERS.values()]
_ENDPOINTS = frozenset(address.split("/", n)[-1] for address in _ADDRESSES for n in range(address.count("/") + 1))


def _without_ids(endpoint: Any) -> Any:
    """Return a path without the names in braces at its end, which endpoints of the client have."""
    return endpoint.partition("/{")[0] if isinstance(endpoint, str) else endpoint


@frozen
class Fault:
    """One failure to order with `sandbox.order(fault)`. Raises `ConfigurationError` for what does not fit.

    `kind`: see the module. `endpoint`: a path, or its last part ("update"); None is any. `key_id`: only requests about
    that trunk. `count`: how many requests it strikes at most; None: no limit. `probability`: 0 to 1, drawn for each
    request that fits; `seed` makes the draws the same every time. `seconds`: how long `wait` waits. `processed`:
    whether the request is carried out before the fault strikes; unless given, only for garbage and half.
    `http_status`: of a refusal (200), a page (502) or a `limit` (429, or 503). `reset`: `drop` resets the connection
    instead of closing it. `limit` takes `rate` calls a second (a bucket that holds those of one second) or `at_once` at
    a time, and refuses the others: with a gateway's page, or with the API's `code`. `retry_after`: the seconds that a
    page or a limit asks to wait.
    """

    kind: str = field(
        validator=must_be(
            f"minus and a code (minus18), or one of {', '.join(_KINDS)}", or_(in_(_KINDS), matches_re(_MINUS))
        )
    )
    endpoint: str | None = field(
        default=None,
        kw_only=True,
        converter=_without_ids,
        validator=or_none(
            must_be("the last part or parts of a path (update, sipTrunk/update), or all of it", in_(_ENDPOINTS))
        ),
    )
    key_id: int | None = field(default=None, kw_only=True, validator=or_none(whole()))
    count: int | None = field(default=None, kw_only=True, validator=or_none(whole()))
    probability: float = field(default=1.0, kw_only=True, validator=number(most=1))
    seed: int | None = field(default=None, kw_only=True, validator=or_none(whole(0)))
    seconds: float | None = field(default=None, kw_only=True, validator=or_none(number(most=86_400)))
    processed: bool | None = field(default=None, kw_only=True, validator=or_none(BOOLEAN))
    http_status: int | None = field(default=None, kw_only=True, validator=or_none(whole(200, 599)))
    reset: bool = field(default=False, kw_only=True, validator=BOOLEAN)
    rate: float | None = field(default=None, kw_only=True, validator=or_none(number(least=0.01, most=1_000_000)))
    at_once: int | None = field(default=None, kw_only=True, validator=or_none(whole()))
    limit_code: int | None = field(default=None, kw_only=True, alias="code", validator=or_none(whole(-9999, -1)))
    retry_after: int | None = field(default=None, kw_only=True, validator=or_none(whole(0, 86_400)))

    def __attrs_post_init__(self) -> None:
        if (self.seconds is None) == (self.kind == "wait"):
            raise ConfigurationError("seconds is how long to wait: give it for the kind wait, and only for it.")
        if self.http_status is not None and self.code is None and self.kind not in ("page", "limit"):
            raise ConfigurationError("http_status is that of a code, a page or a limit: give it only for those.")
        if self.reset and self.kind != "drop":
            raise ConfigurationError("reset is a way to drop a connection: give it only for the kind drop.")
        self._check_limit()

    def _check_limit(self) -> None:
        is_limit = self.kind == "limit"
        if [self.rate, self.at_once].count(None) != (1 if is_limit else 2):
            raise ConfigurationError("rate or at_once is what a limit allows: give one, for limits only.")
        if self.limit_code is not None and not is_limit:
            raise ConfigurationError("code is that of a limit's refusal: give it for the kind limit only.")
        if is_limit and self.limit_code is None and self.http_status not in (None, *_BUSY):
            raise ConfigurationError(f"http_status of a limit must be 429 or 503, not {self.http_status}.")
        if self.retry_after is not None and (self.kind not in ("limit", "page") or self.limit_code is not None):
            raise ConfigurationError("retry_after is a header: give it for a page, or a limit without a code.")

    @property
    def code(self) -> int | None:
        """The vendor's code that it answers, None for the other kinds."""
        match = _MINUS.fullmatch(self.kind)
        return -int(match[1]) if match else self.limit_code

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
            f"{each.alias}={str(value).lower() if isinstance(value, bool) else value}"
            for each in attrs.fields(Fault)[1:]
            if (value := getattr(self, each.name)) != each.default
        ]
        return ",".join([self.kind, *given])

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a fault from text like `minus18,endpoint=update,probability=0.05,seed=7`.

        Raises `ConfigurationError` that says which part does not fit.
        """
        if not isinstance(text, str):
            raise ConfigurationError(f"A fault's text must be a string like 'minus18,count=3', not {text!r}.")
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


_READ_AS: dict[str, Callable[[str], Any]] = {"str": str, "int": int, "float": float, "bool": _boolean}
# By the annotations, such as `int | None`.
_READERS = {str(each.alias): _READ_AS[str(each.type).partition(" ")[0]] for each in attrs.fields(Fault)[1:]}


class Bucket:
    """A bucket of tokens, one for each call, that holds those of one second; it begins full."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = self._most = max(1.0, rate)
        self._last = clock()

    def takes(self) -> bool:
        """Tell whether a call is let in now."""
        now = self._clock()
        self._tokens, self._last = min(self._most, self._tokens + (now - self._last) * self._rate), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class Order:
    """A fault on order: how often it struck, and the means to end it. Safe from any thread."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._random = random.Random(fault.seed)  # noqa: S311  (repeatable on purpose)
        self._lock = threading.Lock()
        self.cancelled: bool = False
        self._struck = EventCount()
        self._released = EventCount()
        self._bucket = None if fault.rate is None else Bucket(fault.rate)
        self._inside = 0

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
            if self.fault.kind == "limit" and self._lets_in():
                return False
            self._struck.advance()
            return True

    def _lets_in(self) -> bool:
        if self._bucket is not None:
            return self._bucket.takes()
        assert self.fault.at_once is not None
        if self._inside >= self.fault.at_once:
            return False
        self._inside += 1
        return True

    def counts(self, path: str, key_id: int | None) -> bool:
        """Tell whether a request that it does not strike is one of those at once that it has let in."""
        return self.fault.at_once is not None and not self.cancelled and self.fault.fits(path, key_id)

    def left(self) -> None:
        """Note that a request which was let in has its answer."""
        with self._lock:
            self._inside -= 1


def striking(orders: Iterable[Order], path: str, key_id: int | None) -> tuple[list[Order], list[Order]]:
    """Return the orders that strike a request (delays, up to the first that decides its answer), and the limits
    that let it in, which are to be told when it leaves.
    """
    struck, limits = [], []
    for order in orders:
        if order.strikes(path, key_id):
            struck.append(order)
            if order.fault.kind not in DELAYING:
                break
        elif order.counts(path, key_id):
            limits.append(order)
    return struck, limits
