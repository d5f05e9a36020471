"""`itnio doctor`: find out why calls do not work, from this machine outwards, and say what to do."""

from __future__ import annotations

import asyncio
import contextlib
import platform
import socket
import ssl
import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

import attrs
import httpx
import typer
from attrs import define, field, frozen

from itnio_async import ApiError, ConfigurationError, Credentials, ItnioError, __version__
from itnio_async.account import is_loopback
from itnio_async.api.sip_trunks.service import LIST
from itnio_async.api.sip_trunks.types import SipTrunkFilter, SipTrunkQuery
from itnio_async.calls.answer import server_time
from itnio_async.cli.account import Access, AccountOptions
from itnio_async.cli.error_text import for_a_shell, plain_text, said_by_vendor, system_words
from itnio_async.cli.event_loop import loop_name, run_on_loop
from itnio_async.cli.exits import DONE, ERROR, CommandError
from itnio_async.cli.output import columns, console, json_line, on_terminal, visible
from itnio_async.redaction import mask
from itnio_async.text import counted
from itnio_async.transport.connect import PORTS, connected_socket, host_name, tls_context
from itnio_async.transport.proxies import proxy_of

OK, WARNING, WRONG, SKIPPED = "ok", "warning", "wrong", "skipped"
_COLOURS = {OK: "green", WARNING: "yellow", WRONG: "red", SKIPPED: "dim"}
_CALLS = 5
# Certificates are renewed weeks before their end: this late, nobody seems to have done it.
_DAYS_LEFT = 7
# The whole seconds of `Date` and the travel time of the answer explain up to 5 s; with NTP no clock is a minute off.
_SKEW_UNNOTICED, _SKEW_TOLERATED = 5.0, 60.0
_CORRECT = "Correct that setting; --help has the options."
_SET_CLOCK = "Set this machine's clock (NTP)."


def _without_doctor(text: str) -> str:
    """Leave out of a text what names this very command; texts about errors advise to run it."""
    return text.replace(" (`itnio doctor`)", "")


@frozen
class Finding:
    """One line of the result: what was checked, its state, and what to do if that is not `ok`."""

    check: str
    state: str
    text: str = field(converter=_without_doctor)
    advice: str = field(default="", converter=_without_doctor)


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line for each check.")] = False,
    *,
    account: AccountOptions,
) -> int:
    """Check credentials, settings, network, TLS, clock and latency, and say what to do about what is wrong.

    Makes a few calls that change nothing. Exits with 1 if something is wrong.
    """
    versions = f"itnio-async {__version__}, httpx {httpx.__version__}, {_python()}, {loop_name()}"
    _show(Finding("versions", OK, versions), json=json)
    try:
        access = account.access()
    except (ItnioError, CommandError) as error:
        advice = getattr(error, "advice", "") or _CORRECT
        _show(Finding("settings", WRONG, for_a_shell(str(error)), advice), json=json)
        return ERROR
    return ERROR if run_on_loop(_has_wrong(access, json=json)) else DONE


def _python() -> str:
    return f"Python {platform.python_version()} on {platform.system()}"


def _show(finding: Finding, *, json: bool) -> None:
    if json:
        json_line(attrs.asdict(finding) | {"advice": finding.advice or None})
    elif not on_terminal():
        columns((finding.state, finding.check, finding.text, finding.advice))
    else:
        _show_on_terminal(finding)


def _show_on_terminal(finding: Finding) -> None:
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


async def _has_wrong(access: Access, *, json: bool) -> bool:
    """Show each finding as soon as there is one, and tell whether something is wrong."""
    has_wrong = False
    async for finding in _findings(access):
        _show(finding, json=json)
        has_wrong |= finding.state == WRONG
    return has_wrong


async def _findings(access: Access) -> AsyncIterator[Finding]:
    """Check step by step, so that it is clear which one fails; a wrong one before the calls is the last."""
    account, url = access.account, access.account.base_url
    assert isinstance(account.credentials, Credentials)
    yield Finding("credentials", OK, f"API key {mask(account.credentials.api_key)} from {account.credentials_source}")
    yield Finding("address", OK, f"{str(url).rstrip('/')} from {account.base_url_source}")
    try:
        proxy = proxy_of(None, url, trust_env=True, allow_insecure=access.allow_insecure)
    except ItnioError as error:
        yield Finding("proxy", WRONG, for_a_shell(str(error)), "Correct or unset the proxy's environment variable.")
        return
    steps = [_host, _port, _tls] if proxy is None else [_proxy]
    for step in steps:
        finding = await step(url if proxy is None else proxy.url, access.timeout)
        yield finding
        if finding.state == WRONG:
            return
    async for finding in _calls(access):
        yield finding


# -- the network, without the client ----------------------------------------------------------------------------------


async def _proxy(url: httpx.URL, timeout: float) -> Finding:
    """Connect to the proxy, which makes the connections to the API."""
    where = f"{url.copy_with(userinfo=b'')} from the environment"
    started = time.perf_counter()
    try:
        async with _connection(url.host, url.port or PORTS.get(url.scheme, 1080), timeout):
            return Finding("proxy", OK, f"{where} accepts connections, in {_ms(started)}, and makes those to the API")
    except (OSError, UnicodeError) as error:
        advice = (
            "Check the proxy's address in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, and whether it runs; if the API is "
            "reached without it, add the API's host to NO_PROXY."
        )
        return Finding("proxy", WRONG, f"{where} does not answer: {_reason(error)}", advice)


async def _host(url: httpx.URL, timeout: float) -> Finding:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(timeout):
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(url.host, _port_of(url), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # OSError includes TimeoutError; UnicodeError: not a host name
        advice = "Check the address's spelling, and this machine's DNS and network."
        return Finding("DNS", WRONG, f"{url.host} is not found: {_reason(error)}", advice)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if addresses == [url.host]:
        return Finding("DNS", SKIPPED, "the host is an IP address")
    return Finding("DNS", OK, f"{url.host} is {', '.join(addresses[:4])}, in {_ms(started)}")


async def _port(url: httpx.URL, timeout: float) -> Finding:
    port, started = _port_of(url), time.perf_counter()
    try:
        async with _connection(url.host, port, timeout):
            return Finding("TCP", OK, f"port {port} accepts connections, in {_ms(started)}")
    except OSError as error:
        advice = "Check firewall, VPN and the port; behind a proxy, set HTTPS_PROXY."
        return Finding("TCP", WRONG, f"no connection to {url.host} port {port}: {_reason(error)}", advice)


async def _tls(url: httpx.URL, timeout: float) -> Finding:
    if url.scheme != "https":
        if is_loopback(url.host):
            return Finding("TLS", SKIPPED, "plain http that stays on this machine")
        text = "plain http: everyone on the way can read along, and send the signed headers again"
        return Finding("TLS", WARNING, text, "Use https.")
    try:
        context = await tls_context(True, trust_env=True)
    except ConfigurationError as error:
        return Finding("TLS", WRONG, "there are no certificate authorities to trust", str(error))
    started = time.perf_counter()
    server = {"ssl": context, "server_hostname": host_name(url.host)}
    try:
        async with _connection(url.host, _port_of(url), timeout, **server) as writer:
            certificate: Any = writer.get_extra_info("peercert")
            version = writer.get_extra_info("ssl_object").version()
    except ssl.SSLCertVerificationError as error:
        advice = (
            "If the certificate is expired or not valid yet, set the clock; if your company's network inspects TLS, "
            "trust its authority with SSL_CERT_FILE."
        )
        return Finding("TLS", WRONG, f"the certificate is refused: {error.verify_message}", advice)
    except OSError as error:
        advice = "Check that the server speaks https, and what on the way may break TLS."
        return Finding("TLS", WRONG, f"no handshake: {_reason(error)}", advice)
    ends = ssl.cert_time_to_seconds(certificate["notAfter"])
    left = int((ends - time.time()) // 86_400)
    date = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = f"{version}, the certificate ends on {date}, in {counted(left, 'day')}; handshake in {_ms(started)}"
    if left < _DAYS_LEFT:
        return Finding("TLS", WARNING, text, "Tell whoever runs this host: once it has ended, no call works.")
    return Finding("TLS", OK, text)


def _port_of(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


@contextlib.asynccontextmanager
async def _connection(host: str, port: int, timeout: float, **more: Any) -> AsyncIterator[asyncio.StreamWriter]:
    async with asyncio.timeout(timeout):
        # As the client does: the first address of a name may be dead, and another one not.
        connected = await connected_socket(host, port)
        _, writer = await asyncio.open_connection(sock=connected, **more)
    try:
        yield writer
    finally:
        writer.transport.abort()


def _reason(error: Exception) -> str:
    return system_words(error) or ("no answer in time" if isinstance(error, TimeoutError) else "it failed")


def _ms(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:.0f} ms"


# -- calls with the client --------------------------------------------------------------------------------------------


@define
class _ClockWatch(httpx.AsyncBaseTransport):
    """A middleware that compares the Date of each answer with this machine's clock, in seconds."""

    inner: httpx.AsyncBaseTransport
    skews: list[float]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        before = time.time()
        response = await self.inner.handle_async_request(request)
        date = server_time(response.headers)
        if date is not None:
            # The server wrote it between the two moments, and cut it to whole seconds: on average half a second.
            self.skews.append((before + time.time()) / 2 - (date + 0.5))
        return response


async def _calls(access: Access) -> AsyncIterator[Finding]:
    skews: list[float] = []
    retried: list[int] = []
    elapsed: list[float] = []
    finding = None
    async with access.client(
        middleware=[lambda inner: _ClockWatch(inner, skews)],
        on_retry=lambda details: retried.append(details.code),
    ) as client:
        try:
            for _ in range(_CALLS):
                response = await client.call(LIST, SipTrunkQuery(current=1, size=1, params=SipTrunkFilter()))
                elapsed.append(response.elapsed)
        except ItnioError as error:
            finding = _failure(error)
    retries = f"; retried after {', '.join(map(str, retried))}" if retried else ""
    yield finding or Finding("API", OK, f"the trunk listing answers{retries}")
    yield _clock(skews)
    if elapsed:
        first, rest = elapsed[0], elapsed[1:] or elapsed
        yield Finding(
            "latency",
            OK,
            f"median {statistics.median(rest) * 1000:.0f} ms, slowest {max(rest) * 1000:.0f} ms; "
            f"the first call, with its connection, {first * 1000:.0f} ms",
        )


def _failure(error: ItnioError) -> Finding:
    if isinstance(error, ApiError):
        remark = f" {error.remark}" if error.remark else ""
        text = f"the vendor refuses the trunk listing: {said_by_vendor(error)}.{remark}"
        return Finding("API", WRONG, text, error.advice)
    advice = "Try again; if it still fails, check what is between this machine and the API."
    return Finding("API", WRONG, plain_text(error), advice)


def _clock(skews: list[float]) -> Finding:
    if not skews:
        return Finding("clock", SKIPPED, "no answer had a Date to compare with")
    skew = statistics.median(skews)
    if abs(skew) < _SKEW_UNNOTICED:
        return Finding("clock", OK, "agrees with the server's, to within whole seconds")
    text = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the server's"
    return Finding("clock", WARNING if abs(skew) < _SKEW_TOLERATED else WRONG, text, _SET_CLOCK)
