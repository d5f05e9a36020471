"""The account that a client works for: key, secret and address, and where each comes from."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from typing import Any

import httpx
from attrs import field, frozen

from itnio_async.credentials import Credentials, CredentialSource
from itnio_async.errors import ConfigurationError

BASE_URL = "https://api.itniotech.com"
BASE_URL_VARIABLE = "ITNIO_BASE_URL"
# The vendor's brands: the same platform answers on all three.
VENDOR_DOMAINS = ("itniotech.com", "onbuka.com", "laaffic.com")

# On the wire: names of other alphabets are in their ASCII form there. httpx takes anything, and escapes it.
# The parts of a name have 1 to 63 characters: Python refuses others with an error of its own when it looks them up.
_HOST = re.compile(rb"[A-Za-z0-9_-]{1,63}+(?:\.[A-Za-z0-9_-]{1,63}+)*+\.?|[0-9A-Fa-f:.]++")


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

    Raises `ConfigurationError` for what is not an address, and for plain http to another machine: anybody who sees the
    three headers can send them again with any request until the timestamp expires.
    """
    try:
        url = httpx.URL(value)
        host = url.host
    except Exception as error:
        raise ConfigurationError(f"{source}: it is not an address. Give one such as {BASE_URL}.") from error
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
