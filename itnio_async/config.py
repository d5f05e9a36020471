"""The defaults, each with its reason, and what the constructor's arguments must be."""

from __future__ import annotations

import time
from typing import Any, Literal, TypeAlias

import httpx
from attrs import field, frozen

from itnio_async._version import __version__
from itnio_async.errors import AuthenticationError, ConfigurationError, ItnioError, TimestampExpiredError
from itnio_async.validators import checked, instance, number, or_none, whole

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

# httpx has names for both, but none that is public.
TimeoutTypes: TypeAlias = httpx.Timeout | float | tuple[float | None, float | None, float | None, float | None] | None
ProxyTypes: TypeAlias = httpx.Proxy | httpx.URL | str

USER_AGENT = f"itnio-async/{__version__}"
CONTENT_TYPE = "application/json;charset=UTF-8"


def unix_time() -> float:
    """Return Unix seconds: the default of each clock, so that all are the same where a test freezes `time.time`."""
    return time.time()


@frozen
class RateLimit:
    """At most so many calls in so many seconds."""

    calls: float = field(validator=number(above=0))
    seconds: float = field(default=1.0, validator=number(above=0))


def rate_limit_of(value: Any) -> RateLimit | None:
    """Return what `rate_limit` means: calls a second, or a `RateLimit`."""
    if value is None:
        return None
    rate = value if isinstance(value, RateLimit) else RateLimit(checked("rate_limit", value, number(above=0)))
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
    checked("timeout", value, or_none(instance(httpx.Timeout, int, float, tuple)))
    try:
        timeout = httpx.Timeout(value)
    except Exception as error:
        raise ConfigurationError("timeout: it is not one. Give seconds, four of them, or an httpx.Timeout.") from error
    for name, seconds in timeout.as_dict().items():
        if seconds is not None:
            checked(f"timeout.{name}", seconds, number())
    return timeout


def limits_of(value: Any) -> httpx.Limits:
    """Return the limits if they can be kept."""
    limits: httpx.Limits = checked("limits", value, instance(httpx.Limits))
    checked("limits.max_connections", limits.max_connections, or_none(whole()))
    checked("limits.max_keepalive_connections", limits.max_keepalive_connections, or_none(whole(0)))
    checked("limits.keepalive_expiry", limits.keepalive_expiry, or_none(number()))
    return limits
