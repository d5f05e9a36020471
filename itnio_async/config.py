"""The defaults, each with its reason, and what the constructor's arguments must be."""

from __future__ import annotations

import sys
from typing import Any, Literal

import httpx
from attrs import Attribute, field, frozen

from itnio_async._version import __version__
from itnio_async.errors import AuthenticationError, ConfigurationError, ItnioError, TimestampExpiredError

# The vendor states no time of its own; a trunk update answers in well under a second. No bound for the wait for a slot,
# so that `gather` over 10,000 updates works.
TIMEOUT = httpx.Timeout(10, connect=5, pool=None)
# Seconds for one call, with all its attempts: what a person or a web request is still ready to wait.
DEADLINE = 60.0
# 100 is what one process keeps busy without queues in the kernel; 20 s is below the keep-alive time of common gateways
# (nginx: 75, AWS: 60, uvicorn: 5 but answers at once), so that idle connections are closed from this side.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=20)
# A full page of 100 trunks is about 50 KB: 300 times that is not an answer of the API.
MAX_RESPONSE_BYTES = 16 * 2**20
# Of a bulk run: half of the connections, so that single calls still get through.
BULK_CONCURRENCY = 50
# A refused key or address, and a clock that stays refused although it was corrected by the server's: the rest of a bulk
# run would fail alike.
BULK_STOP_ON: tuple[type[ItnioError], ...] = (AuthenticationError, TimestampExpiredError)
# Seconds in which the vendor answers nothing well before a bulk run gives a call up: a restart takes less.
PATIENCE = 30.0
# How much of an unexpected answer goes into its error.
BODY_EXCERPT = 2000

USER_AGENT = f"itnio-async/{__version__}"
CONTENT_TYPE = "application/json;charset=UTF-8"


def _positive(instance: object, attribute: Attribute[float], value: Any) -> None:
    positive_number(attribute.name, value)


@frozen
class RateLimit:
    """At most so many calls in so many seconds."""

    calls: float = field(validator=_positive)
    seconds: float = field(default=1.0, validator=_positive)


def positive_number(name: str, value: Any, *, zero: bool = False) -> float:
    """Return the value if it is a finite number above 0 (or 0 where `zero` says so)."""
    # Compared and not asked for `isfinite`: that fails for an integer beyond all floats.
    largest = sys.float_info.max
    fits = isinstance(value, int | float) and not isinstance(value, bool) and -largest <= value <= largest
    if not fits or value < 0 or (value == 0 and not zero):
        bound = "of at least 0" if zero else "above 0"
        raise ConfigurationError(f"{name} must be a number {bound}, not {value!r}.")
    return float(value)


def whole_number(name: str, value: Any, *, least: int = 1) -> int:
    """Return the value if it is an integer of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ConfigurationError(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return value


def rate_limit_of(value: Any) -> RateLimit | None:
    """Return what `rate_limit` means: calls a second, or a `RateLimit`."""
    if value is None:
        return None
    rate = value if isinstance(value, RateLimit) else RateLimit(positive_number("rate_limit", value))
    # The bucket must hold one whole call: 0.5 a second is one in two seconds.
    return rate if rate.calls >= 1 else RateLimit(1.0, rate.seconds / rate.calls)


@frozen
class Paced:
    """As fast as the vendor allows, and never faster than `at_most`."""

    at_most: RateLimit | None = field(default=None, converter=rate_limit_of)


# What a bulk run's `rate_limit` may be.
BulkRate = float | RateLimit | Literal["auto"] | Paced | None


def bulk_rate_of(value: Any) -> RateLimit | Paced | None:
    """Return what `rate_limit` of a bulk run means: as fast as the vendor allows, calls a second, or no bound."""
    if isinstance(value, Paced):
        return value
    return Paced() if isinstance(value, str) and value == "auto" else rate_limit_of(value)


def timeout_of(value: Any) -> httpx.Timeout:
    """Return what `timeout` means, in httpx's forms; each number must be one of at least 0."""
    try:
        timeout = httpx.Timeout(value)
    except Exception as error:
        raise ConfigurationError(f"timeout: {error}. Give seconds or an httpx.Timeout.") from error
    for name, seconds in timeout.as_dict().items():
        if seconds is not None:
            positive_number(f"timeout.{name}", seconds, zero=True)
    return timeout


def limits_of(value: Any) -> httpx.Limits:
    """Return the limits if they can be kept."""
    if not isinstance(value, httpx.Limits):
        raise ConfigurationError(f"limits must be an httpx.Limits, not a {type(value).__name__}.")
    if value.max_connections is not None:
        whole_number("limits.max_connections", value.max_connections)
    if value.max_keepalive_connections is not None:
        whole_number("limits.max_keepalive_connections", value.max_keepalive_connections, least=0)
    if value.keepalive_expiry is not None:
        positive_number("limits.keepalive_expiry", value.keepalive_expiry, zero=True)
    return value
