"""`itnio doctor`: why calls do not work, checked from this machine outwards, with what to do at each step."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import socket
import ssl
import statistics
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import httpx
import typer
from attrs import define, frozen

from itnio_async import ApiError, AsyncClient, ConfigurationError, Credentials, ItnioError, __version__
from itnio_async.account import is_loopback
from itnio_async.api.sip_trunks.service import QUERY
from itnio_async.api.sip_trunks.types import SipTrunkFilter, SipTrunkQuery
from itnio_async.cli.account import (
    DEFAULT_TIMEOUT,
    Access,
    AllowInsecureOption,
    BaseUrlOption,
    ProfileOption,
    SecretFileOption,
    TimeoutOption,
    access_of,
)
from itnio_async.cli.error_text import for_a_shell
from itnio_async.cli.exits import DONE, ERROR, CommandError
from itnio_async.cli.output import columns, console, json_line, on_terminal, visible
from itnio_async.redaction import mask
from itnio_async.transport.connect import tls_context
from itnio_async.transport.proxies import proxy_of

OK, WARNING, WRONG, SKIPPED = "ok", "warning", "wrong", "skipped"
_COLOURS = {OK: "green", WARNING: "yellow", WRONG: "red", SKIPPED: "dim"}
_CALLS = 5
# Up to here the whole seconds of `Date` and the way of the answer explain it; a minute is beyond any machine with NTP.
_SKEW_UNNOTICED, _SKEW_TOLERATED = 5.0, 60.0
_CORRECT = "Correct that setting; `itnio doctor --help` has the options."
_SET_CLOCK = "Set this machine's clock (NTP)."


@frozen
class Finding:
    """One line: what was looked at, how it stands, and what to do where it is not well."""

    check: str
    state: str
    text: str
    advice: str = ""


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line for each check.")] = False,
    secret_file: SecretFileOption = None,
    profile: ProfileOption = None,
    base_url: BaseUrlOption = None,
    allow_insecure: AllowInsecureOption = False,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
) -> int:
    """Check credentials, settings, network, TLS, clock and latency, and say what to do about what is wrong.

    Makes a few cheap calls that change nothing. Exits with 1 if something is wrong.
    """
    show = _Reader(json)
    show(Finding("versions", OK, f"itnio-async {__version__}, httpx {httpx.__version__}, {_python()}"))
    try:
        access = access_of(secret_file, base_url, allow_insecure, timeout, profile)
    except (ItnioError, CommandError) as error:
        show(Finding("settings", WRONG, for_a_shell(str(error)), getattr(error, "advice", "") or _CORRECT))
        return ERROR
    asyncio.run(_look(access, show))
    return ERROR if show.has_wrong else DONE


def _python() -> str:
    return f"Python {platform.python_version()} on {platform.system()}"


@define
class _Reader:
    """Writes each finding as soon as it is there, and remembers whether one is wrong."""

    json: bool
    has_wrong: bool = False

    def __call__(self, finding: Finding) -> None:
        self.has_wrong |= finding.state == WRONG
        if self.json:
            json_line(
                {"check": finding.check, "state": finding.state, "text": finding.text, "advice": finding.advice or None}
            )
        elif not on_terminal():
            columns((finding.state, finding.check, finding.text, finding.advice))
        else:
            _draw(finding)


def _draw(finding: Finding) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=8)
    grid.add_column(width=12)
    grid.add_column(overflow="fold")
    grid.add_row(Text(finding.state, style=_COLOURS[finding.state]), finding.check, Text(visible(finding.text)))
    if finding.advice:
        grid.add_row("", "", Text(f"What to do: {visible(finding.advice)}", style="bold"))
    console().print(grid)


async def _look(access: Access, show: _Reader) -> None:
    account, url = access.account, access.account.base_url
    assert isinstance(account.credentials, Credentials)
    show(Finding("credentials", OK, f"API key {mask(account.credentials.api_key)} from {account.credentials_source}"))
    show(Finding("address", OK, f"{str(url).rstrip('/')} from {account.base_url_source}"))
    try:
        proxy = proxy_of(None, url, trust_env=True, allow_insecure=access.allow_insecure)
    except ItnioError as error:
        show(Finding("proxy", WRONG, for_a_shell(str(error)), "Correct or unset the proxy's environment variable."))
        return
    if proxy is not None:
        show(
            Finding("proxy", OK, f"{proxy.url.copy_with(userinfo=b'')} from the environment: it makes the connections")
        )
    elif not await _reaches(url, access.timeout, show):
        return
    await _call(access, show)


# -- the network, without the client ----------------------------------------------------------------------------------


async def _reaches(url: httpx.URL, timeout: float, show: _Reader) -> bool:
    """Look up the host, connect, and shake hands: each step by itself, so that the one that fails is seen."""
    host, port = url.host, url.port or (443 if url.scheme == "https" else 80)
    if not await _finds(host, port, timeout, show) or not await _connects(host, port, timeout, show):
        return False
    if url.scheme == "https":
        return await _shakes_hands(host, port, timeout, show)
    if is_loopback(host):
        show(Finding("TLS", SKIPPED, "plain http that stays on this machine"))
    else:
        text = "plain http: everyone on the way can read along, and send the signed headers again"
        show(Finding("TLS", WARNING, text, "Use https."))
    return True


async def _finds(host: str, port: int, timeout: float, show: _Reader) -> bool:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(timeout):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # TimeoutError is an OSError; UnicodeError is of names that cannot be one
        advice = "Check the address's spelling, and this machine's DNS and network."
        show(Finding("DNS", WRONG, f"{host} is not found: {_reason(error)}", advice))
        return False
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if addresses == [host]:
        show(Finding("DNS", SKIPPED, "the host is an address already"))
    else:
        show(Finding("DNS", OK, f"{host} is {', '.join(addresses[:4])}, in {_ms(started)}"))
    return True


async def _connects(host: str, port: int, timeout: float, show: _Reader) -> bool:
    started = time.perf_counter()
    try:
        async with _connection(host, port, timeout):
            show(Finding("TCP", OK, f"port {port} accepts connections, in {_ms(started)}"))
            return True
    except OSError as error:
        advice = "Check firewall, VPN and the port; behind a proxy, set HTTPS_PROXY."
        show(Finding("TCP", WRONG, f"no connection to {host} port {port}: {_reason(error)}", advice))
        return False


async def _shakes_hands(host: str, port: int, timeout: float, show: _Reader) -> bool:
    try:
        context = await tls_context(True, trust_env=True)
    except ConfigurationError as error:
        show(Finding("TLS", WRONG, "there are no authorities to trust", str(error)))
        return False
    started = time.perf_counter()
    try:
        async with _connection(host, port, timeout, ssl=context) as writer:
            certificate: Any = writer.get_extra_info("peercert")
            version = writer.get_extra_info("ssl_object").version()
    except ssl.SSLCertVerificationError as error:
        advice = (
            "Set the clock if the certificate is not valid yet or any more; add your company's authority with "
            "SSL_CERT_FILE if something on the way opens TLS."
        )
        show(Finding("TLS", WRONG, f"the certificate is refused: {error.verify_message}", advice))
        return False
    except OSError as error:
        advice = "Check that the address is one for https, and what on the way may break TLS."
        show(Finding("TLS", WRONG, f"no handshake: {_reason(error)}", advice))
        return False
    left = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // 86_400)
    show(Finding("TLS", OK, f"{version}, the certificate is valid for {left} more days, in {_ms(started)}"))
    return True


@contextlib.asynccontextmanager
async def _connection(host: str, port: int, timeout: float, **more: Any) -> AsyncIterator[asyncio.StreamWriter]:
    async with asyncio.timeout(timeout):
        _, writer = await asyncio.open_connection(host, port, **more)
    try:
        yield writer
    finally:
        writer.transport.abort()


def _reason(error: Exception) -> str:
    return str(error) or ("no answer in time" if isinstance(error, TimeoutError) else type(error).__name__)


def _ms(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:.0f} ms"


# -- calls with the client --------------------------------------------------------------------------------------------


@define
class _ClockWatch(httpx.AsyncBaseTransport):
    """A middleware that compares each answer's Date with this machine's clock."""

    inner: httpx.AsyncBaseTransport
    skews: list[float]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        before = time.time()
        response = await self.inner.handle_async_request(request)
        with contextlib.suppress(KeyError, ValueError):
            date = parsedate_to_datetime(response.headers["date"]).timestamp()
            # The server wrote it somewhere between, as the beginning of a second of half a second's length on average.
            self.skews.append((before + time.time()) / 2 - (date + 0.5))
        return response


async def _call(access: Access, show: _Reader) -> None:
    skews: list[float] = []
    refused_times: list[int] = []
    async with access.client(
        middleware=[lambda inner: _ClockWatch(inner, skews)],
        on_retry=lambda details: refused_times.append(details.code),
    ) as client:
        error, elapsed = await _make_calls(client)
    if error is not None:
        show(_failure(error))
    else:
        repeated = f"; repeated after {', '.join(map(str, refused_times))}" if refused_times else ""
        show(Finding("API", OK, f"the trunk listing answers{repeated}"))
    show(_clock(skews))
    if elapsed:
        first, rest = elapsed[0], elapsed[1:] or elapsed
        show(
            Finding(
                "latency",
                OK,
                f"median {statistics.median(rest) * 1000:.0f} ms, slowest {max(rest) * 1000:.0f} ms; "
                f"the first call, with its connection, {first * 1000:.0f} ms",
            )
        )


async def _make_calls(client: AsyncClient) -> tuple[ItnioError | None, list[float]]:
    elapsed: list[float] = []
    for _ in range(_CALLS):
        try:
            response = await client.call(QUERY, SipTrunkQuery(current=1, size=1, params=SipTrunkFilter()))
        except ItnioError as error:
            return error, elapsed
        elapsed.append(response.elapsed)
    return None, elapsed


def _failure(error: ItnioError) -> Finding:
    if isinstance(error, ApiError):
        said = f"{error.code} {error.reason!r}" if error.reason else str(error.code)
        remark = f" {error.remark}" if error.remark else ""
        return Finding(
            "API", WRONG, f"the vendor refuses the trunk listing: {said}: {error.meaning}.{remark}", error.advice
        )
    return Finding(
        "API", WRONG, str(error), "Try again; if it stays, look at what is between this machine and the API."
    )


def _clock(skews: list[float]) -> Finding:
    if not skews:
        return Finding("clock", SKIPPED, "no answer had a Date to compare with")
    skew = statistics.median(skews)
    if abs(skew) < _SKEW_UNNOTICED:
        return Finding("clock", OK, "agrees with the server's, as far as whole seconds tell")
    text = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's"
    return Finding("clock", WARNING if abs(skew) < _SKEW_TOLERATED else WRONG, text, _SET_CLOCK)
