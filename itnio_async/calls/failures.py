"""Other people's exceptions as ours: what httpx, httpcore or the system raises where no answer came."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from itnio_async import errors
from itnio_async.calls.request import Attempt
from itnio_async.frames import linked_errors
from itnio_async.redaction import blank_out

_SENT = ". The request may have been processed: look before repeating what does harm."
_NOT_SENT = "; nothing was sent."
_SEE_DOCTOR = "Check address, network and TLS (`itnio doctor`)."


@frozen
class _Kind:
    """What a foreign exception means: our error, what happened, what to do, and whether it denies a sending."""

    error: type[errors.TransportError]
    happened: str
    advice: str = ""
    says_nothing_was_sent: bool = False


# By the names that httpx and httpcore share: the first that an exception's class or one of its bases has.
_KINDS: dict[str, _Kind] = {
    "ConnectTimeout": _Kind(errors.ConnectTimeout, "No connection within timeout.connect", _SEE_DOCTOR, True),
    "ConnectError": _Kind(errors.ConnectError, "No connection", _SEE_DOCTOR, True),
    "ProxyError": _Kind(errors.ProxyError, "The proxy made no connection", "Check the proxy.", True),
    "PoolTimeout": _Kind(errors.PoolTimeout, "No connection came free within timeout.pool", "", True),
    "ReadTimeout": _Kind(errors.ReadTimeout, "No answer within timeout.read"),
    "WriteTimeout": _Kind(errors.WriteTimeout, "The request could not be written within timeout.write"),
    "NetworkError": _Kind(errors.ConnectionLost, "The connection ended before the answer was whole"),
    "UnsupportedProtocol": _Kind(errors.ProtocolError, "The request has an address that cannot be asked", "", True),
    "LocalProtocolError": _Kind(errors.ProtocolError, "The request cannot be written as HTTP"),
    "ProtocolError": _Kind(errors.ProtocolError, "What came back is not HTTP"),
    "HTTPError": _Kind(errors.ProtocolError, "The exchange failed"),
    "StreamError": _Kind(errors.ProtocolError, "The answer could not be read"),
    "OSError": _Kind(errors.ConnectionLost, "The connection failed before the answer was whole"),
}
# How httpx and h11 call a peer that hung up: no break of the protocol, but a lost connection.
_HANG_UPS = ("Server disconnected", "peer closed connection", "ConnectionTerminated")


def transport_error(
    attempt: Attempt[Any], error: Exception, handled: BaseException | None = None
) -> errors.TransportError | None:
    """Return our error for one of httpx's, httpcore's or the system's, or None for another's own exception.

    `handled` is what the caller was handling when it made the call.
    """
    name = next((base.__name__ for base in type(error).__mro__ if base.__name__ in _KINDS), None)
    if name is None or not _is_foreign(attempt, error):
        return None
    kind = _KINDS[name]
    secrets = attempt.secrets()
    # The causes too, which a traceback shows: h11 repeats what a peer sent that is no HTTP.
    for linked in linked_errors(error, handled):
        linked.args = tuple(blank_out(part, secrets) if isinstance(part, str) else part for part in linked.args)
        if isinstance(linked, OSError) and isinstance(linked.strerror, str):
            linked.strerror = blank_out(linked.strerror, secrets)  # which it shows instead
    # h11 shows the bytes that it could not read as Python writes them.
    detail = blank_out(str(error).partition(": bytearray(")[0], secrets)
    if attempt.http_status:
        # A refusal that breaks off is a refusal all the same.
        detail = f"{detail}, after a head with HTTP {attempt.http_status}"
    if kind.error is errors.ProtocolError and any(said in detail for said in _HANG_UPS):
        kind = _KINDS["NetworkError"]
    sent = attempt.may_have_gone_out_all_the_same if kind.says_nothing_was_sent else attempt.may_have_gone_out
    text = f"{kind.happened}{_SENT if sent else _NOT_SENT} {kind.advice}".rstrip()
    return kind.error(
        f"{attempt.request.template.endpoint}: {text} ({detail or type(error).__name__})", may_have_been_processed=sent
    )


def _is_foreign(attempt: Attempt[Any], error: Exception) -> bool:
    """Tell whether a transport raised this, and not a middleware for reasons of its own: a file that is not there."""
    if isinstance(error, OSError):
        return error is attempt.raised or attempt.http_status > 0
    return any(base.__module__.split(".")[0] in ("httpx", "httpcore") for base in type(error).__mro__)
