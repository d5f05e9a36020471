"""The three headers that sign a request, added on the last hop before the connection.

Source: the vendor's pages: `Sign` is the MD5, in hexadecimal, of API key, API secret and `Timestamp` (Unix seconds)
joined with nothing between; letter case does not matter. Neither method nor path nor body is signed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import httpx
from attrs import define, field

from itnio_async.credentials import Credentials, CredentialSource, resolve
from itnio_async.errors import ConfigurationError
from itnio_async.transport.sendings import SENDINGS_EXTENSION, Sendings

SIGNATURE_EXTENSION = "itnio_signature"

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]


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
        self._last: tuple[Credentials, int, Headers, bytes] | None = None

    def timestamp(self) -> int:
        """Return the `Timestamp` of a request that is signed now.

        Raises `ConfigurationError` for a clock that gives no time.
        """
        try:
            return int(self._clock())
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(f"clock must give Unix seconds as a number ({error}).") from error

    def headers(self, credentials: Credentials, timestamp: int) -> Headers:
        """Return the three headers."""
        return self._signed(credentials, timestamp)[2]

    def lines(self, credentials: Credentials, timestamp: int) -> bytes:
        """Return the three headers as they go over the wire."""
        return self._signed(credentials, timestamp)[3]

    def forget(self) -> None:
        """Keep nothing any more."""
        self._last = None

    def _signed(self, credentials: Credentials, timestamp: int) -> tuple[Credentials, int, Headers, bytes]:
        last = self._last
        if last is not None and last[0] is credentials and last[1] == timestamp:
            return last
        headers = (
            (b"Sign", sign(credentials, timestamp).encode()),
            (b"Timestamp", b"%d" % timestamp),
            (b"Api-Key", credentials.api_key.encode()),
        )
        # The lines need no check for line breaks: credentials have none.
        self._last = last = (credentials, timestamp, headers, b"".join([b"%b: %b\r\n" % header for header in headers]))
        return last


@define(eq=False)
class Signature:
    """What one request is signed with; travels as a request extension and learns the timestamp that was sent."""

    credentials: Credentials
    signer: Signer = field(repr=False)
    timestamp: int | None = None

    def headers(self) -> Headers:
        """Return the three headers for now."""
        self.timestamp = self.signer.timestamp()
        return self.signer.headers(self.credentials, self.timestamp)

    def lines(self) -> bytes:
        """Return the three headers for now, as they go over the wire."""
        self.timestamp = self.signer.timestamp()
        return self.signer.lines(self.credentials, self.timestamp)

    def secrets(self) -> tuple[str, ...]:
        """Return what must not appear in an error."""
        if self.timestamp is None:
            return (self.credentials.api_secret,)
        return (self.credentials.api_secret, sign(self.credentials, self.timestamp))


class SigningTransport(httpx.AsyncBaseTransport):
    """An httpx transport that signs each request on its way to another one.

    `credentials` are the `Credentials` or a callable that gives them for each request; `clock` gives Unix seconds. It
    works inside a plain `httpx.AsyncClient` too. The request that came in stays without the three headers, and is the
    one that the answer names.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        credentials: CredentialSource,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._signer = Signer(clock)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request with the three headers."""
        started = time.perf_counter()
        signature: Signature | None = request.extensions.get(SIGNATURE_EXTENSION)
        if signature is None:
            signature = Signature(await resolve(self._credentials), self._signer)
        signed = httpx.Request(
            request.method,
            request.url,
            headers=[*request.headers.raw, *signature.headers()],
            stream=request.stream,
            extensions=request.extensions,
        )
        if isinstance(signed.stream, httpx.ByteStream):
            signed.read()  # for a transport of the caller's that looks at `request.content`
        sendings: Sendings | None = request.extensions.get(SENDINGS_EXTENSION)
        if sendings is not None:
            sendings.asked += 1
        response = await self._transport.handle_async_request(signed)
        response.request = request
        response.elapsed = timedelta(seconds=time.perf_counter() - started)
        return response

    async def aclose(self) -> None:
        """Close the transport behind."""
        await self._transport.aclose()
