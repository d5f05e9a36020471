"""The three headers that sign a request, added on the last hop before the connection.

Source: the vendor's pages: `Sign` is the MD5, in hexadecimal, of API key, API secret and `Timestamp` (Unix seconds)
joined with nothing between; letter case does not matter. Neither method nor path nor body is signed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache

import httpx
from attrs import define, field

from itnio_async.credentials import Credentials, CredentialSource, resolve
from itnio_async.errors import ConfigurationError

SIGNATURE_EXTENSION = "itnio_signature"


def sign(credentials: Credentials, timestamp: int) -> str:
    """Return the `Sign` header for a moment in Unix seconds."""
    text = f"{credentials.api_key}{credentials.api_secret}{timestamp}"
    # MD5 is the vendor's choice; a system in FIPS mode must not refuse it as if it protected something of ours.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@define(eq=False)
class Signature:
    """What one request is signed with; travels as a request extension and learns the timestamp that was sent."""

    credentials: Credentials
    clock: Callable[[], float] = field(repr=False)
    timestamp: int | None = None

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return the three headers for now."""
        return _signed(self.credentials.api_key, self.credentials.api_secret, self._stamp())[0]

    def lines(self) -> bytes:
        """Return the three headers for now, as they go over the wire."""
        return _signed(self.credentials.api_key, self.credentials.api_secret, self._stamp())[1]

    def _stamp(self) -> int:
        try:
            self.timestamp = int(self.clock())
        except (TypeError, ValueError, OverflowError) as error:
            raise ConfigurationError(f"clock must give Unix seconds as a number ({error}).") from error
        return self.timestamp

    def secrets(self) -> tuple[str, ...]:
        """Return what must not appear in an error."""
        if self.timestamp is None:
            return (self.credentials.api_secret,)
        return (self.credentials.api_secret, sign(self.credentials, self.timestamp))


# Within a second all requests of an account are signed alike. By texts, whose hashes Python keeps.
@lru_cache(maxsize=16)
def _signed(api_key: str, api_secret: str, timestamp: int) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
    """Return the three headers of a moment, and their lines."""
    headers = (
        (b"Sign", sign(Credentials(api_key, api_secret), timestamp).encode()),
        (b"Timestamp", b"%d" % timestamp),
        (b"Api-Key", api_key.encode()),
    )
    # They need no check for line breaks: credentials have none.
    return headers, b"".join([b"%b: %b\r\n" % header for header in headers])


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
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request with the three headers."""
        started = time.perf_counter()
        signature: Signature | None = request.extensions.get(SIGNATURE_EXTENSION)
        if signature is None:
            signature = Signature(await resolve(self._credentials), self._clock)
        signed = httpx.Request(
            request.method,
            request.url,
            headers=[*request.headers.raw, *signature.headers()],
            stream=request.stream,
            extensions=request.extensions,
        )
        if isinstance(signed.stream, httpx.ByteStream):
            signed.read()  # for a transport of the caller's that looks at `request.content`
        response = await self._transport.handle_async_request(signed)
        response.request = request
        response.elapsed = timedelta(seconds=time.perf_counter() - started)
        return response

    async def aclose(self) -> None:
        """Close the transport behind."""
        await self._transport.aclose()
