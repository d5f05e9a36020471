"""What comes in: the answer read whole, its envelope, and the typed data or the error that it means."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from operator import itemgetter
from typing import Any, TypeVar

import attrs
import httpx

from itnio_async.calls.envelope import Envelope, NotAnEnvelope, read_envelope
from itnio_async.calls.request import Attempt, CallRequest
from itnio_async.codec import Mismatch, decode
from itnio_async.codes import SUCCESS
from itnio_async.config import BODY_EXCERPT
from itnio_async.endpoint import Response
from itnio_async.errors import (
    ApiError,
    AuthenticationError,
    GatewayBusyError,
    ItnioError,
    TimestampExpiredError,
    UnexpectedResponseError,
)
from itnio_async.redaction import blank_out, excerpt, without_secrets
from itnio_async.transport.messages import LazyResponse, RawHeaders, raw_headers_of
from itnio_async.values import secret_fields

R = TypeVar("R")


# -- reading ----------------------------------------------------------------------------------------------------------


def whole_content(response: httpx.Response, most: int) -> bytes | None:
    """Return the answer's body if it is there, whole, not encoded and of at most `most` bytes, as nearly all are."""
    if not isinstance(response, LazyResponse) or (body := response.body()) is None or len(body) > most:
        return None
    return body if _coding_of(raw_headers_of(response)) is None else None


async def read_content(response: httpx.Response, most: int) -> bytes:
    """Return the answer's decoded body, of at most `most` bytes; closes the response in any case.

    Raises `UnexpectedResponseError` as soon as there is more, and for a content coding that was not asked for.
    """
    try:
        if response.is_closed or response.is_stream_consumed:
            return _content_read_before(response, most)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        return await _decoded(aiter(response.stream), _coding_of(raw_headers_of(response)), most)
    except UnexpectedResponseError as error:
        error.http_status = response.status_code
        raise
    finally:
        await response.aclose()


def _coding_of(headers: RawHeaders) -> str | None:
    # Not asked of httpx's headers, which first find out how all values are encoded: 3 µs. The lengths of the names tell
    # nearly always that there is none, and `map` looks at them without a step of Python's for each.
    if _NAME_LENGTH not in map(len, map(_name_of, headers)):
        return None
    codings = [value for name, value in headers if name.lower() == b"content-encoding"]
    return b", ".join(codings).decode("latin-1") if codings else None


_NAME_LENGTH = len(b"content-encoding")
_name_of = itemgetter(0)


def _content_read_before(response: httpx.Response, most: int) -> bytes:
    """Return what a middleware, or a test's mock, has read already."""
    try:
        content = response.content
    except httpx.ResponseNotRead:
        raise UnexpectedResponseError(
            "A middleware has used up the answer. Have it read with `await response.aread()`, which keeps it."
        ) from None
    if len(content) > most:
        raise _too_large(most)
    return content


async def _decoded(parts: AsyncIterator[bytes], coding: str | None, most: int) -> bytes:
    """Return the decoded whole of a body that arrives in parts."""
    decoder = _decoder(coding.strip().lower()) if coding else None
    chunks: list[bytes] = []
    size = 0
    any_came = False
    async for chunk in parts:
        if decoder is not None and chunk:
            any_came = True
            chunk = _decompress(decoder, chunk, most - size + 1)
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        chunks.append(chunk)
    if decoder is not None and any_came and not decoder.eof:
        raise UnexpectedResponseError("The answer is compressed and cut off: its end is missing.")
    return b"".join(chunks)


# Any other name may be anything, such as a secret that comes back.
_NAMEABLE = frozenset(("br", "zstd", "compress", "x-compress", "dcb", "dcz"))


def _decoder(coding: str) -> Any:
    if coding == "identity":
        return None
    if coding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: by its head, gzip or zlib
    named = f" as {coding!r}" if coding in _NAMEABLE else ""
    raise UnexpectedResponseError(f"The answer is compressed{named}, which was not asked for.")


def _decompress(decoder: Any, chunk: bytes, most: int) -> bytes:
    content = b""
    if not decoder.eof:
        try:
            # Bounded, since a few bytes can stand for gigabytes.
            content = decoder.decompress(chunk, most)
        except zlib.error as error:
            raise UnexpectedResponseError("The answer says that it is compressed, and is not.") from error
        chunk = decoder.unused_data
    # A second gzip stream behind the first is legal, and no server sends one: to read on for each of many tiny ones
    # would take quadratic time.
    if decoder.eof and chunk:
        raise UnexpectedResponseError("The answer goes on after the end of its compressed content.")
    return content


def _too_large(most: int) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"The answer is larger than {most} bytes (max_response_bytes), which is not an answer of the API."
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


def judge(attempt: Attempt[R], content: bytes) -> Response[R]:
    """Return what the answer of an attempt means for the call.

    A failure in the envelope decides at any HTTP status; a success outside 2xx is none. Raises `ApiError` or
    `UnexpectedResponseError`.
    """
    attempt.is_judged = True
    endpoint = attempt.request.template.endpoint
    unreadable = None
    try:
        envelope = read_envelope(content, endpoint.envelope)
    except NotAnEnvelope as found:
        unreadable = found.raw, str(found)
    if unreadable is not None:
        # Not raised while that is handled: it has the whole answer, and would come along as the context of ours.
        kind = GatewayBusyError if attempt.http_status in _BUSY else UnexpectedResponseError
        raise _unexpected(attempt, content, *unreadable, kind) from None
    if envelope.status != SUCCESS:
        raise _api_error(attempt, envelope)
    if not 200 <= attempt.http_status < 300:
        raise _unexpected(attempt, content, envelope.raw, "the answer says success")
    try:
        data: R = decode(envelope.data, endpoint.response_type)
    except Mismatch as mismatch:
        if (key := endpoint.envelope.data_key) is not None:
            mismatch.path.insert(0, key)
        what, bare = f"`{mismatch.where()}`: {mismatch}", _bare_secrets(endpoint.response_type, envelope.data)
        raise _unexpected(attempt, content, envelope.raw, what, secrets=bare) from None
    return Response(
        data=data,
        raw=envelope.raw,
        status=envelope.status,
        reason=envelope.reason,
        http_status=attempt.http_status,
        headers=attempt.headers,
        attempts=attempt.number,
        elapsed=time.monotonic() - attempt.request.started,
    )


def _bare_secrets(response_type: Any, data: Any) -> tuple[str, ...]:
    """Return the text that came where an object with a secret in it was to come: it may be the secret alone."""
    may_be = isinstance(data, str) and attrs.has(response_type) and secret_fields(response_type)
    return (data,) if may_be else ()


def _api_error(attempt: Attempt[Any], envelope: Envelope) -> ItnioError:
    code, reason, secrets = envelope.status, envelope.reason, attempt.secrets()
    endpoint = attempt.request.template.endpoint
    entry = endpoint.family[code]
    raw = without_secrets(envelope.raw, secrets)
    if entry.is_worded_so(reason):
        # What the vendor always says: to blank a password that stands in it by chance would show the password.
        raw = {name: reason if said == reason else raw[name] for name, said in envelope.raw.items() if name in raw}
        reason = reason[:BODY_EXCERPT]
    else:
        reason = excerpt(reason, secrets, BODY_EXCERPT, by_name=reason.startswith(("{", "[")))
    error = entry.error(
        reason,
        code=code,
        meaning=entry.meaning,
        advice=entry.advice,
        endpoint=str(endpoint),
        http_status=attempt.http_status,
        attempts=attempt.number,
    )
    if endpoint.in_parts and not isinstance(error, _BEFORE_ANYTHING):
        error.may_have_been_processed = True
    return _with_answer(error, attempt, raw, secrets)


# What is refused before the vendor looks at the request.
_BEFORE_ANYTHING = (AuthenticationError, TimestampExpiredError)


def done_before(request: CallRequest[R], error: ItnioError) -> Response[Any] | None:
    """Return the answer of a call whose failure says that an earlier sending of it has done its work; else None."""
    done_by = request.template.endpoint.done_by
    if done_by is None or not isinstance(error, ApiError) or error.code != done_by or not error.may_have_been_processed:
        return None
    return Response(
        data=None,
        raw=error.raw,
        status=error.code,
        reason=error.reason,
        http_status=error.http_status,
        headers=error.headers,
        attempts=error.attempts,
        elapsed=error.elapsed,
    )


def _unexpected(
    attempt: Attempt[Any],
    content: bytes,
    raw: Any,
    what: str,
    kind: type[UnexpectedResponseError] = UnexpectedResponseError,
    secrets: tuple[str, ...] = (),
) -> UnexpectedResponseError:
    status, secrets = attempt.http_status, (*attempt.secrets(), *secrets)
    advice = _ADVICE.get(status) or _ADVICE.get(status // 100, _STRANGE)
    error = kind(
        f"{attempt.request.template.endpoint}: HTTP {status}, but {what}. {advice}",
        http_status=status,
        retry_after=_retry_after(httpx.Headers(list(attempt.headers))),
        body=excerpt(content.decode(errors="replace"), secrets, BODY_EXCERPT, by_name=True),
        may_have_been_processed=status != _NOT_PASSED_ON if kind is GatewayBusyError else None,
    )
    return _with_answer(error, attempt, without_secrets(raw, secrets), secrets)


E = TypeVar("E", ApiError, UnexpectedResponseError)


def _with_answer(error: E, attempt: Attempt[Any], raw: Any, secrets: tuple[str, ...]) -> E:
    shown = [(name, blank_out(value.decode("latin-1"), secrets)) for name, value in attempt.headers]
    error.headers = httpx.Headers([(name, value.encode("latin-1", "replace")) for name, value in shown])
    error.raw = raw
    error.elapsed = time.monotonic() - attempt.request.started
    return error


# What stands before the API asks to wait; of these, the one that is refused before anything is passed on.
_BUSY = (429, 503)
_NOT_PASSED_ON = 429
_STRANGE = "This is not the API's own answer: look at its text, and treat the outcome as unknown."
# By HTTP status, or by its hundreds.
_ADVICE = {
    3: "Redirects are never followed, since the signed headers would go along: correct the API's address.",
    4: "Something before the API refused it: look at its text and at the API's address.",
    5: "A gateway before the API answered: try again later, and treat the outcome as unknown.",
    429: "A gateway before the API takes no more calls now, and passed nothing on: wait as long as it says.",
    503: "A gateway before the API asks to wait: try again when it says so, and treat the outcome as unknown.",
}
