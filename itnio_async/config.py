"""The defaults, each with its reason, and what the constructor's arguments must be."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

import httpx
from attrs import Attribute, field, frozen

from itnio_async._version import __version__
from itnio_async.credentials import Credentials, CredentialSource
from itnio_async.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidRequestError,
    ItnioError,
    TimestampExpiredError,
)

BASE_URL = "https://api.itniotech.com"
BASE_URL_VARIABLE = "ITNIO_BASE_URL"
# The vendor's brands: the same platform answers on all three.
VENDOR_DOMAINS = ("itniotech.com", "onbuka.com", "laaffic.com")

# The vendor states no time of its own; a trunk update answers in well under a second. No bound for the wait for a slot,
# so that `gather` over 10,000 updates works.
TIMEOUT = httpx.Timeout(10, connect=5, pool=None)
# Seconds for one call, with all its attempts: what a person or a web request is still ready to wait.
DEADLINE = 60.0
# 100 is what one process keeps busy without queues in the kernel; 20 s is below the keep-alive time of common gateways
# (nginx: 75, AWS: 60, uvicorn: 5 but answers at once), so that it is we who close idle connections.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=20)
# A full page of 100 trunks is about 50 KB: 300 times that is no answer of the API.
MAX_RESPONSE_BYTES = 16 * 2**20
# Of a bulk run: half of the connections, so that single calls still get through.
BULK_CONCURRENCY = 50
# A refused key or address, and a clock that stays refused although the client has learnt the server's time: the rest of
# a bulk run would fail alike.
BULK_STOP_ON: tuple[type[ItnioError], ...] = (AuthenticationError, TimestampExpiredError)
# How much of an unexpected answer goes into its error.
BODY_EXCERPT = 2000

USER_AGENT = f"itnio-async/{__version__}"
CONTENT_TYPE = "application/json;charset=UTF-8"

# On the wire: names of other alphabets are in their ASCII form there. httpx takes anything, and escapes it.
# The parts of a name have 1 to 63 characters: Python refuses others with an error of its own when it looks them up.
_HOST = re.compile(rb"[A-Za-z0-9_-]{1,63}+(?:\.[A-Za-z0-9_-]{1,63}+)*+\.?|[0-9A-Fa-f:.]++")
_METHOD = re.compile(r"[A-Za-z]++")
# What cannot stand in a URL's path, or would make another URL of it.
_NOT_IN_PATH = re.compile(r"[^\x21-\x7e]|[?#\\]")
# About what common servers take; httpx itself raises an error of its own beyond 65,536.
_LONGEST_PATH = 8000


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


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_vendor(host: str) -> bool:
    """Tell whether a host is one of the vendor's."""
    return any(host == domain or host.endswith(f".{domain}") for domain in VENDOR_DOMAINS)


def base_url_of(value: Any, *, allow_insecure: bool, source: str = "base_url") -> httpx.URL:
    """Return the address that paths are appended to.

    Raises `ConfigurationError` for what is no address, and for plain http to another machine: whoever sees the three
    headers can send them again with any request until the timestamp expires.
    """
    try:
        url = httpx.URL(value)
        host = url.host
    except Exception as error:
        raise ConfigurationError(f"{source}: {error}. Give an address such as {BASE_URL}.") from error
    if host and not _HOST.fullmatch(url.raw_host):
        raise ConfigurationError(f"{source}: a host has letters, digits, dots and hyphens only, as in {BASE_URL}.")
    if url.port is not None and not 0 < url.port < 2**16:
        raise ConfigurationError(f"{source}: there is no port {url.port}.")
    if url.scheme not in ("http", "https") or not host:
        raise ConfigurationError(f"{source} must begin with https:// and a host, such as {BASE_URL}.")
    if url.userinfo or url.query or url.fragment or "?" in str(url) or "#" in str(url):
        raise ConfigurationError(f"{source} takes a host and a path only: no user, query or fragment.")
    if url.scheme == "http" and not is_loopback(host) and not allow_insecure:
        raise ConfigurationError(
            f"{source}: plain http to {host} would show the signed headers to everyone on the way, who could send them "
            "again. Use https, or allow_insecure=True where you accept that."
        )
    return url.copy_with(raw_path=url.raw_path.rstrip(b"/") + b"/")


@frozen
class Account:
    """What a client signs with, and where it sends to; each with the place that it was taken from."""

    credentials: CredentialSource = field(repr=False)
    credentials_source: str
    base_url: httpx.URL
    base_url_source: str

    def check_trusted(self) -> None:
        """Raise `ConfigurationError` if credentials that a program passes would go where only the environment says."""
        host = self.base_url.host
        if self.base_url_source == BASE_URL_VARIABLE and not (is_loopback(host) or is_vendor(host)):
            raise ConfigurationError(
                f"{BASE_URL_VARIABLE} sends the credentials that were passed here to {host}, which is not the "
                f"vendor's. Pass base_url= as well, or unset {BASE_URL_VARIABLE}."
            )


def resolve_account(
    api_key: str | None,
    api_secret: str | None,
    credentials: CredentialSource | None,
    base_url: Any,
    *,
    allow_insecure: bool,
    environment: Mapping[str, str] = os.environ,
) -> Account:
    """Return the account's settings from the arguments and, for what was not passed, from the environment.

    Raises `ConfigurationError` for halves (a key from here, a secret from there), and for passed credentials that an
    address from the environment would send to a stranger.
    """
    chosen, credentials_source = _resolve_credentials(api_key, api_secret, credentials, environment)
    if base_url is not None:
        url_source = "base_url"
    elif environment.get(BASE_URL_VARIABLE):
        base_url, url_source = environment[BASE_URL_VARIABLE], BASE_URL_VARIABLE
    else:
        base_url, url_source = BASE_URL, "the default"
    url = base_url_of(base_url, allow_insecure=allow_insecure, source=url_source)
    account = Account(chosen, credentials_source, url, url_source)
    if credentials_source != "environment":
        account.check_trusted()
    return account


def _resolve_credentials(
    api_key: str | None,
    api_secret: str | None,
    credentials: CredentialSource | None,
    environment: Mapping[str, str],
) -> tuple[CredentialSource, str]:
    if credentials is not None:
        if api_key is not None or api_secret is not None:
            raise ConfigurationError("Give either credentials or api_key and api_secret, not both.")
        return credential_source_of(credentials), "credentials"
    if api_key is not None and api_secret is not None:
        return Credentials(api_key, api_secret), "arguments"
    if api_key is not None or api_secret is not None:
        missing = "api_secret" if api_secret is None else "api_key"
        raise ConfigurationError(f"{missing} is missing: key and secret come from one place. Pass both or neither.")
    key, secret = environment.get("ITNIO_API_KEY"), environment.get("ITNIO_API_SECRET")
    if not key or not secret:
        missing = " and ".join(
            name for name, value in (("ITNIO_API_KEY", key), ("ITNIO_API_SECRET", secret)) if not value
        )
        raise ConfigurationError(
            f"No credentials: {missing} is not set. Pass api_key and api_secret, or set ITNIO_API_KEY and "
            "ITNIO_API_SECRET."
        )
    return Credentials(key, secret), "environment"


def credential_source_of(value: Any) -> CredentialSource:
    """Return the source if it is `Credentials` or a callable that gives them."""
    if not isinstance(value, Credentials) and not callable(value):
        raise ConfigurationError(
            f"credentials must be Credentials(api_key, api_secret) or a callable that gives them, "
            f"not a {type(value).__name__}."
        )
    return value  # type: ignore[no-any-return]


def method_and_path(method: Any, path: Any) -> tuple[str, str]:
    """Return method and path of an untyped request.

    Raises `InvalidRequestError` for anything but a path: an absolute URL would take the signed headers with it.
    """
    if not isinstance(method, str) or not _METHOD.fullmatch(method):
        raise InvalidRequestError(f"a name such as POST is wanted, not {method!r}.", field="method")
    if not isinstance(path, str) or len(path) > _LONGEST_PATH:
        raise InvalidRequestError(f"a string of at most {_LONGEST_PATH} characters is wanted.", field="path")
    if not path.startswith("/") or path.startswith("//") or _NOT_IN_PATH.search(path):
        raise InvalidRequestError(
            "it must begin with one slash, such as /v3/cc/sipTrunk/query, and have no host, query or fragment: "
            "the signed headers go to base_url only, and queries go into params.",
            field="path",
        )
    return method.upper(), path
