"""The three headers that sign a request, added on the last hop before the connection.

Source: the vendor's pages: `Sign` is the MD5, in hexadecimal, of API key, API secret and `Timestamp` (Unix seconds)
joined with nothing between; letter case does not matter. Neither method nor path nor body is signed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import httpx
from attrs import define, field

from itnio_async.config import unix_time
from itnio_async.credentials import Credentials, CredentialSource, resolve
from itnio_async.errors import ConfigurationError
from itnio_async.transport.messages import LazyRequest, LazyResponse, full_request

SENDING_EXTENSION = "itnio_sending"


class Signed(NamedTuple):
    """The three headers, and the same as they go over the wire."""

    headers: tuple[tuple[bytes, bytes], ...]
    lines: bytes


def sign(credentials: Credentials, timestamp: int) -> str:
    """Return the `Sign` header for a moment in Unix seconds."""
    text = f"{credentials.api_key}{credentials.api_secret}{timestamp}"
    # MD5 is the vendor's choice; a system in FIPS mode must not refuse it as if it protected something of ours.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class Signer:
    """Makes the three headers for one moment after another, and keeps those of the last one.

    Within a second all requests of an account are signed alike. They are kept here and nowhere else, so that a secret
    is gone with its client. `clock` gives Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: tuple[Credentials, int, Signed] | None = None

    def sign(self, credentials: Credentials) -> tuple[int, Signed]:
        """Return the `Timestamp` of a request that is signed now, and its three headers.

        Raises `ConfigurationError` for a clock that gives no time.
        """
        try:
            timestamp = int(self._clock())
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(f"clock must give Unix seconds as a number ({error}).") from error
        last = self._last
        if last is not None and last[0] is credentials and last[1] == timestamp:
            return timestamp, last[2]
        headers = (
            (b"Sign", sign(credentials, timestamp).encode()),
            (b"Timestamp", b"%d" % timestamp),
            (b"Api-Key", credentials.api_key.encode()),
        )
        # The lines need no check for line breaks: credentials have none.
        signed = Signed(headers, b"".join([b"%b: %b\r\n" % header for header in headers]))
        self._last = (credentials, timestamp, signed)
        return timestamp, signed

    def forget(self) -> None:
        """Keep nothing any more."""
        self._last = None


@define(eq=False)
class Sending:
    """One sending of a request: what it is signed with, and what the transports below know of it.

    It travels as a request extension. The signer notes the `timestamp` that was sent and the error that was `raised`
    below it. `begun` counts how often our pool began to write the request. `asked` counts how often it was handed to a
    transport that has not said what it did with it: the signer adds to it, and the pool takes off what reaches it,
    since it counts by itself. A middleware may ask several times, and the pool replaces a connection that died.
    """

    credentials: Credentials
    signer: Signer = field(repr=False)
    timestamp: int | None = None
    begun: int = 0
    asked: int = 0
    raised: BaseException | None = field(default=None, repr=False)

    def sign(self) -> Signed:
        """Return the three headers for now."""
        self.timestamp, signed = self.signer.sign(self.credentials)
        return signed

    def secrets(self) -> tuple[str, ...]:
        """Return what must not appear in an error."""
        if self.timestamp is None:
            return (self.credentials.api_secret,)
        return (self.credentials.api_secret, sign(self.credentials, self.timestamp))

    @property
    def may_have_gone_out(self) -> bool:
        """Tell whether anything may have gone out."""
        return self.begun + self.asked > 0

    @property
    def may_have_gone_out_twice(self) -> bool:
        """Tell whether there may have been another request than the one that was answered."""
        return self.begun + self.asked > 1

    @property
    def may_have_gone_out_all_the_same(self) -> bool:
        """Tell whether anything may have gone out, where the word from below is that nothing was sent.

        A foreign transport is believed where it was asked once: asked again, its word is about the last time.
        """
        return self.begun > 0 or self.asked > 1


class SigningTransport(httpx.AsyncBaseTransport):
    """An httpx transport that signs each request on its way to another one.

    `credentials` are the `Credentials` or a callable that gives them for each request; `clock` gives Unix seconds. It
    works inside a plain `httpx.AsyncClient` too. The request that came in stays without the three headers, and is the
    one that the answer names.

    Requests are signed for one origin (scheme, host and port): that of `base_url`, or else of the first request. Any
    other request, such as one that follows a redirect, goes on without the three headers: whoever sees them can send
    any request of the account until the timestamp expires.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        credentials: CredentialSource,
        *,
        clock: Callable[[], float] = unix_time,
        base_url: httpx.URL | str | None = None,
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._signer = Signer(clock)
        self._base_url = None if base_url is None else httpx.URL(base_url)
        self._last_signed: httpx.URL | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request with the three headers."""
        started = time.perf_counter()
        sending: Sending | None = request.extensions.get(SENDING_EXTENSION)
        onward = request
        # An endpoint's address is the same object in all its calls, and to take two of them apart costs a microsecond.
        if request.url is self._last_signed or self._is_signed_for(request.url):
            if sending is None:
                sending = Sending(await resolve(self._credentials), self._signer)
            onward = _signed(request, sending)
        if sending is not None:
            sending.asked += 1
        try:
            response = await self._transport.handle_async_request(onward)
        except BaseException as error:
            if sending is not None:
                sending.raised = error
            raise
        if isinstance(response, LazyResponse):
            response.set_request(request, time.perf_counter() - started)
        else:
            response.request = request
            response.elapsed = timedelta(seconds=time.perf_counter() - started)
        return response

    def _is_signed_for(self, url: httpx.URL) -> bool:
        if self._base_url is None:
            self._base_url = url
        if _origin(url) != _origin(self._base_url):
            return False
        self._last_signed = url
        return True

    async def aclose(self) -> None:
        """Close the transport behind."""
        await self._transport.aclose()


def _signed(request: httpx.Request, sending: Sending) -> httpx.Request:
    # Not in the frame that awaits the answer: a report of an error from below shows that frame's variables.
    headers, lines = sending.sign()
    if isinstance(request, LazyRequest):
        return request.with_headers(headers, lines)
    return full_request(request, headers)


_PORTS = {b"http": 80, b"https": 443}


def _origin(url: httpx.URL) -> tuple[bytes, bytes, int | None]:
    """Return scheme, host and port; a port that the scheme implies is the same as one that is written."""
    scheme = url.raw_scheme
    return scheme, url.raw_host.removesuffix(b"."), url.port or _PORTS.get(scheme)
