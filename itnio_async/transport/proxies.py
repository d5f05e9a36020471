"""Which proxy a client goes through."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

from itnio_async.account import is_loopback
from itnio_async.errors import ConfigurationError


def proxy_of(proxy: Any, base_url: httpx.URL, *, trust_env: bool, allow_insecure: bool) -> httpx.Proxy | None:
    """Return the proxy that was passed, or else the environment's for this address, or None.

    Addresses of this machine are never looked up in the environment: no proxy could reach them. Raises
    `ConfigurationError` for what is not a proxy, and for plain http that would leave this machine.
    """
    if proxy is not None:
        chosen = _parse(proxy, "proxy")
        if base_url.scheme == "http" and not is_loopback(chosen.url.host) and not allow_insecure:
            raise ConfigurationError(
                f"proxy: plain http through {chosen.url.host} would show it the signed headers. Use an https base_url, "
                "or allow_insecure=True where you accept that."
            )
        return chosen
    if not trust_env or is_loopback(base_url.host) or proxy_bypass(base_url.netloc.decode("ascii")):
        return None
    proxies = getproxies()
    kind = next((kind for kind in (base_url.scheme, "all") if proxies.get(kind)), None)
    return _parse(proxies[kind], f"{kind.upper()}_PROXY") if kind else None


def _parse(value: Any, source: str) -> httpx.Proxy:
    if isinstance(value, httpx.Proxy):
        return value
    parsed = _proxy(value)
    if parsed is None:
        # Without the value, and not raised while its error is: both may hold a password.
        raise ConfigurationError(f"{source} is not the address of a proxy. Give one such as http://proxy.example:3128.")
    if parsed.url.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ConfigurationError(f"{source}: SOCKS proxies need one package more: pip install 'httpx[socks]'.")
    return parsed


def _proxy(value: Any) -> httpx.Proxy | None:
    """Return the proxy, or None where it is none."""
    try:
        url = httpx.URL(value if not isinstance(value, str) or "://" in value else f"http://{value}")
        return httpx.Proxy(url) if url.host and (url.port is None or 0 < url.port < 2**16) else None
    except Exception:
        return None
