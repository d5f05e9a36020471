"""One attempt, seen from both ends: the request that goes out and the answer that comes in, bytes to data or error."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

import httpx
from attrs import define, field, frozen

from itnio_async import errors
from itnio_async.codec import Mismatch, decode, encode
from itnio_async.codes import SUCCESS, Code, CodeFamily
from itnio_async.config import BODY_EXCERPT
from itnio_async.endpoint import Endpoint, Response
from itnio_async.envelope import EnvelopeForm, NotAnEnvelope, read_envelope
from itnio_async.errors import InvalidRequestError, ItnioError, UnexpectedResponseError
from itnio_async.frames import linked_errors
from itnio_async.redaction import blank_out, excerpt, secrets_in, secrets_in_query
from itnio_async.transport.head import head
from itnio_async.transport.http1 import Answer as PooledAnswer
from itnio_async.transport.http1 import Body
from itnio_async.transport.pool import CONNECTION_EXTENSION
from itnio_async.transport.signing import Signature

R = TypeVar("R")


@frozen(eq=False)
class Template(Generic[R]):
    """What the calls of one endpoint through one client have in common, so that a call need not make it anew.

    `endpoint` names it for people; `headers` are those of every request, unsigned.
    """

    endpoint: str
    method: str
    url: httpx.URL = field(repr=False)  # its query may have a secret
    headers: tuple[tuple[bytes, bytes], ...]
    family: CodeFamily
    envelope: EnvelopeForm
    read: Callable[[Any], R]
    idempotent: bool

    @cached_property
    def opening(self) -> bytes:
        """The part of a request's bytes that is the same in all of them, checked."""
        return head(self.method.encode(), self.url.raw_path, self.headers).removesuffix(b"\r\n")


@define(eq=False)
class Call(Generic[R]):
    """What one call asks for, and what became of it so far.

    Times are on `time.monotonic`; `handled` is what the caller was handling when it made the call. The attempts change
    the lower half: `admitted` is when the first one began, `in_flight` whether one has begun to send and not ended yet,
    `http_status` that of an answer whose body is still being read, `may_have_been_processed` what the ended ones say,
    `clock_corrected` whether one taught the client the time, and `clock_stays_off` whether that did not help.
    """

    template: Template[R]
    content: bytes = field(repr=False)
    started: float
    handled: BaseException | None = field(default=None, repr=False)

    admitted: float = 0.0
    attempts: int = 0
    signature: Signature | None = field(default=None, repr=False)
    in_flight: bool = False
    http_status: int | None = None
    may_have_been_processed: bool = False
    clock_corrected: bool = False
    clock_stays_off: bool = False
    last_error: ItnioError | None = None

    def is_settled_by(self, error: ItnioError) -> bool:
        """Tell whether a repeat cannot cure this failure: the clock stays off, or it is no attempt's."""
        # Credentials may come from another client of ours, whose failures are not this call's.
        return self.clock_stays_off or error is not self.last_error

    def secrets(self) -> tuple[str, ...]:
        """Return what must not appear in an error of this call."""
        signed = self.signature.secrets() if self.signature else ()
        return (*signed, *secrets_in(self.content), *secrets_in_query(self.template.url))


@define(eq=False)
class Answer:
    """An HTTP answer, read whole."""

    http_status: int
    raw_headers: list[tuple[bytes, bytes]] = field(repr=False)
    content: bytes = field(repr=False)
    connection: int | None = None

    @property
    def headers(self) -> httpx.Headers:
        """The headers, for who looks for one by its name."""
        return httpx.Headers(self.raw_headers)


# -- reading ----------------------------------------------------------------------------------------------------------


async def read_answer(response: httpx.Response, most: int) -> Answer:
    """Return httpx's answer with its decoded body, of at most `most` bytes; closes the response in any case.

    Raises `UnexpectedResponseError` as soon as there is more, and for a content coding that was not asked for.
    """
    try:
        content = await _read_content(response, most)
    finally:
        await response.aclose()
    connection, _ = response.extensions.get(CONNECTION_EXTENSION, (None, None))
    return Answer(response.status_code, response.headers.raw, content, connection)


async def read_pooled_answer(pooled: PooledAnswer, most: int) -> Answer:
    """Return the pool's answer as `read_answer` does httpx's."""
    content = pooled.content
    coding = _coding_of(pooled.headers)
    if isinstance(content, bytes) and coding is None and len(content) <= most:
        return Answer(pooled.status, pooled.headers, content, pooled.connection)
    try:
        whole = await _decoded(_parts_of(content), coding, pooled.status, most)
    finally:
        if not isinstance(content, bytes):
            content.discard()  # here, and not in a generator that ends whenever it is collected
    return Answer(pooled.status, pooled.headers, whole, pooled.connection)


def _coding_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    # Not asked of httpx's headers, which first find out how all values are encoded: 3 µs. The length tells most apart.
    codings = [value for name, value in headers if len(name) == 16 and name.lower() == b"content-encoding"]
    return b", ".join(codings).decode("latin-1") if codings else None


async def _parts_of(content: bytes | Body) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    while part := await content.receive():
        yield part


async def _read_content(response: httpx.Response, most: int) -> bytes:
    if response.is_closed or response.is_stream_consumed:
        return _content_read_before(response, most)
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return await _decoded(aiter(response.stream), _coding_of(response.headers.raw), response.status_code, most)


def _content_read_before(response: httpx.Response, most: int) -> bytes:
    """Return what a middleware, or a test's mock, has read already."""
    try:
        content = response.content
    except httpx.ResponseNotRead:
        raise UnexpectedResponseError(
            "A middleware has used up the answer. Have it read with `await response.aread()`, which keeps it.",
            http_status=response.status_code,
        ) from None
    if len(content) > most:
        raise _too_large(response.status_code, most)
    return content


async def _decoded(parts: AsyncIterator[bytes], coding: str | None, http_status: int, most: int) -> bytes:
    """Return the decoded whole of a body that arrives in parts."""
    decoder = _decoder(coding.strip().lower(), http_status) if coding else None
    chunks: list[bytes] = []
    size = 0
    any_came = False
    async for chunk in parts:
        if decoder is not None and chunk:
            any_came = True
            chunk = _decompress(decoder, chunk, most - size + 1, http_status)
        size += len(chunk)
        if size > most:
            raise _too_large(http_status, most)
        chunks.append(chunk)
    if decoder is not None and any_came and not decoder.eof:
        raise UnexpectedResponseError(
            "The answer is compressed and cut off: its end is missing.", http_status=http_status
        )
    return b"".join(chunks) if len(chunks) != 1 else chunks[0]


def _decoder(coding: str, http_status: int) -> Any:
    if coding == "identity":
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: by its head, gzip or zlib
    raise UnexpectedResponseError(
        f"The answer is compressed as {coding[:20]!r}, which was not asked for.", http_status=http_status
    )


def _decompress(decoder: Any, chunk: bytes, most: int, http_status: int) -> bytes:
    content = b""
    if not decoder.eof:
        try:
            # Bounded, since a few bytes can stand for gigabytes.
            content = decoder.decompress(chunk, most)
        except zlib.error as error:
            raise UnexpectedResponseError(
                "The answer says that it is compressed, and is not.", http_status=http_status
            ) from error
        chunk = decoder.unused_data
    # A second gzip stream behind the first is legal, and no server sends one: to read on for each of many tiny ones
    # would take quadratic time.
    if decoder.eof and chunk:
        raise UnexpectedResponseError(
            "The answer goes on after the end of its compressed content.", http_status=http_status
        )
    return content


def _too_large(http_status: int, most: int) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"The answer is larger than {most} bytes (max_response_bytes), which is no answer of the API.",
        http_status=http_status,
    )


def server_time(headers: httpx.Headers) -> float | None:
    """Return the answer's `Date` in Unix seconds, or None where it is missing or broken."""
    return _http_date(headers.get("date"))


def _http_date(text: str | None) -> float | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        # HTTP's dates are in GMT, said or not; without a zone Python would take this machine's.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _retry_after(headers: httpx.Headers) -> float | None:
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    until, now = _http_date(text), server_time(headers)
    return max(0.0, until - now) if until is not None and now is not None else None


# -- judging ----------------------------------------------------------------------------------------------------------


def judge(call: Call[R], answer: Answer) -> Response[R]:
    """Return what the answer means for the call.

    A failure in the envelope decides at any HTTP status; a success outside 2xx is none. Raises `ApiError` or
    `UnexpectedResponseError`.
    """
    try:
        envelope = read_envelope(answer.content, call.template.envelope)
    except NotAnEnvelope as found:
        raise _unexpected(call, answer, str(found)) from None
    if envelope.status != SUCCESS:
        raise _api_error(call, envelope.status, envelope.reason, answer)
    if not 200 <= answer.http_status < 300:
        raise _unexpected(call, answer, "the answer says success")
    try:
        data = call.template.read(envelope.data)
    except Mismatch as mismatch:
        mismatch.path.insert(0, "data")
        raise _unexpected(call, answer, f"`{mismatch.where()}`: {mismatch}") from None
    return Response(
        data=data,
        raw=envelope.raw,
        status=envelope.status,
        reason=envelope.reason,
        http_status=answer.http_status,
        headers=answer.raw_headers,
        attempts=call.attempts,
        elapsed=time.monotonic() - call.started,
    )


def reader_of(response_type: type[R] | None) -> Callable[[Any], R]:
    """Return what turns an answer's `data` into the response's type."""
    return lambda data: decode(data, response_type)


def _api_error(call: Call[Any], code: int, reason: str, answer: Answer) -> ItnioError:
    entry = call.template.family[code]
    return entry.error(
        _shown_reason(call, entry, reason),
        code=code,
        meaning=entry.meaning,
        advice=entry.advice,
        endpoint=call.template.endpoint,
        http_status=answer.http_status,
        attempts=call.attempts,
    )


def _shown_reason(call: Call[Any], entry: Code, reason: str) -> str:
    if entry.is_worded_so(reason):
        # What the vendor always says: to blank a password that stands in it by chance would show the password.
        return reason[:BODY_EXCERPT]
    return excerpt(reason, call.secrets(), BODY_EXCERPT, by_name=reason.startswith(("{", "[")))


def _unexpected(call: Call[Any], answer: Answer, what: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"{call.template.endpoint}: HTTP {answer.http_status}, but {what}. {_ADVICE[answer.http_status // 100]}",
        http_status=answer.http_status,
        retry_after=_retry_after(answer.headers),
        body=excerpt(answer.content.decode(errors="replace"), call.secrets(), BODY_EXCERPT, by_name=True),
    )


class _Advice(dict[int, str]):
    def __missing__(self, key: int) -> str:
        return "This is not the API's own answer: look at .body, and treat the outcome as unknown."


_ADVICE = _Advice(
    {
        3: "Redirects are never followed, since the signed headers would go along: correct base_url.",
        4: "Something before the API refused it: look at .body, at base_url and, after a 429, at .retry_after.",
        5: "A gateway before the API answered: try again later, and treat the outcome as unknown.",
    }
)


# -- no answer --------------------------------------------------------------------------------------------------------

# By the names that httpx and httpcore share: the first that an exception's class or one of its bases has.
_KINDS: dict[str, tuple[type[errors.TransportError], str]] = {
    "ConnectTimeout": (
        errors.ConnectTimeout,
        "No connection within timeout.connect; nothing was sent. Check address and network (`itnio doctor`).",
    ),
    "ConnectError": (
        errors.ConnectError,
        "No connection; nothing was sent. Check address, network and TLS (`itnio doctor`).",
    ),
    "ProxyError": (errors.ProxyError, "The proxy made no connection; nothing was sent. Check the proxy."),
    "PoolTimeout": (errors.PoolTimeout, "No connection came free within timeout.pool; nothing was sent."),
    "ReadTimeout": (
        errors.ReadTimeout,
        "No answer within timeout.read. The request may have been processed: look before repeating what does harm.",
    ),
    "WriteTimeout": (
        errors.WriteTimeout,
        "The request could not be written within timeout.write. It may have been processed in part.",
    ),
    "NetworkError": (
        errors.ConnectionLost,
        "The connection ended before the answer was whole. The request may have been processed.",
    ),
    "ProtocolError": (errors.ProtocolError, "What came back is not HTTP. The request may have been processed."),
    "HTTPError": (errors.ProtocolError, "The exchange failed. The request may have been processed."),
    "StreamError": (errors.ProtocolError, "The answer could not be read. The request may have been processed."),
    "OSError": (
        errors.ConnectionLost,
        "The connection failed before the answer was whole. The request may have been processed.",
    ),
}
# How httpx and h11 call a peer that hung up: no break of the protocol, but a lost connection.
_HANG_UPS = ("Server disconnected", "peer closed connection", "ConnectionTerminated")


def transport_error(call: Call[Any], error: Exception) -> errors.TransportError | None:
    """Return our error for one of httpx's, httpcore's or the system's, or None for another's own exception."""
    name = next((base.__name__ for base in type(error).__mro__ if base.__name__ in _KINDS), None)
    if name is None or not _is_foreign(error):
        return None
    kind, text = _KINDS[name]
    secrets = call.secrets()
    # The causes too, which a traceback shows: h11 repeats what a peer sent that is no HTTP.
    for linked in linked_errors(error, call.handled):
        linked.args = tuple(blank_out(part, secrets) if isinstance(part, str) else part for part in linked.args)
        if isinstance(linked, OSError) and isinstance(linked.strerror, str):
            linked.strerror = blank_out(linked.strerror, secrets)  # which it shows instead
    detail = blank_out(str(error), secrets)
    if call.http_status is not None:
        # A refusal that breaks off is a refusal all the same.
        detail = f"{detail}, after a head with HTTP {call.http_status}"
    if kind is errors.ProtocolError and any(said in detail for said in _HANG_UPS):
        kind, text = _KINDS["NetworkError"]
    return kind(f"{call.template.endpoint}: {text} ({detail or type(error).__name__})")


def _is_foreign(error: Exception) -> bool:
    return isinstance(error, OSError) or any(
        base.__module__.split(".")[0] in ("httpx", "httpcore") for base in type(error).__mro__
    )


def call_of(endpoint: Endpoint[Any, R], template: Template[R], request: Any) -> Call[R]:
    """Return the call that sends a request, checked; raises `InvalidRequestError` for one that cannot be sent."""
    started = time.monotonic()
    if not isinstance(request, endpoint.request_type):
        raise InvalidRequestError(
            f"{endpoint} takes a {endpoint.request_type.__name__}, not a {type(request).__name__}.", field="request"
        )
    if endpoint.check is not None:
        endpoint.check(request)
    return Call(template, encode(request, endpoint.request_type), started)


def bytes_of(call: Call[Any]) -> bytes:
    """Return the signed request of an attempt as it goes over the wire."""
    assert call.signature is not None
    content = call.content
    return b"%bContent-Length: %d\r\n%b\r\n%b" % (call.template.opening, len(content), call.signature.lines(), content)


def request_of(call: Call[Any], extensions: dict[str, Any]) -> httpx.Request:
    """Return the request of an attempt, unsigned and with its body at hand for whoever looks at it."""
    template = call.template
    request = httpx.Request(
        template.method,
        template.url,
        headers=[*template.headers, (b"Content-Length", b"%d" % len(call.content))],
        stream=httpx.ByteStream(call.content),
        extensions=extensions,
    )
    request.read()
    return request
