"""The errors of the SDK.

ItnioError                              may_have_been_processed: over all attempts of the call
├── ConfigurationError (ValueError)     the client is set up wrongly, closed, or on a second live event loop
├── RefusedError                        a mistake in the request, whoever found it; field, code
│   └── InvalidRequestError (ValueError) refused before sending
├── TransportError                      no answer
│   ├── ConnectError (ConnectionError)  ┐
│   ├── ConnectTimeout (TimeoutError)   │ nothing was sent
│   ├── ProxyError                      │
│   ├── PoolTimeout (TimeoutError)      ┘
│   ├── ReadTimeout (TimeoutError)      ┐
│   ├── WriteTimeout (TimeoutError)     │ sent, at least in part
│   ├── ConnectionLost                  │
│   └── ProtocolError                   ┘
├── DeadlineExceeded (TimeoutError)     the call's whole time is used up
├── UnexpectedResponseError             an answer that is not the API's
│   └── GatewayBusyError                429 or 503 from what stands before the API
└── ApiError                            the API said no
    ├── AuthenticationError             the key or the sign is refused
    │   └── IpNotAllowedError           this machine's address is refused
    ├── TransientError                  the two that are retried
    │   ├── TimestampExpiredError       the clock is off, or the request took too long to arrive
    │   └── ServerError                 the vendor's own failure
    ├── ConflictError                   something else already has what was asked for
    ├── QuotaError                      the account may not have more of this
    ├── NotFoundError                   the thing named does not exist
    └── ValidationError (RefusedError)  a field of the request is wrong

Every one pickles, and `type(error)(*error.args)` makes it again from values that JSON knows, as task queues do. None
carries a secret: they are blanked out where it is raised.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from httpx import Headers
else:
    # As they are one: whoever only names errors need not wait for httpx.
    Headers = MutableMapping[str, str]

from itnio_async.text import quoted


class ItnioError(Exception):
    """Anything that this package raises.

    `may_have_been_processed` is False only if it is certain that no attempt of the call had an effect; `attempts` is
    how many the call made.
    """

    _processed_by_default: ClassVar[bool] = False
    # What the constructor takes, in its order.
    _arguments: ClassVar[tuple[str, ...]] = ("_text", "may_have_been_processed", "attempts")

    def __init__(self, message: str = "", may_have_been_processed: bool | None = None, attempts: int = 0) -> None:
        super().__init__(message)
        self._text = message
        self.may_have_been_processed: bool = (
            self._processed_by_default if may_have_been_processed is None else may_have_been_processed
        )
        self.attempts = attempts

    @property
    def args(self) -> tuple[Any, ...]:  # type: ignore[override]
        """What makes this error again, in values that JSON knows."""
        return tuple(getattr(self, name) for name in self._arguments)

    def add_remark(self, remark: str) -> None:
        """Say what this very call adds: why there was no further attempt, for instance."""
        self._text = f"{self._text} {remark}"

    def add_attempt_before(self, before: ItnioError) -> None:
        """Say that an attempt before this one may have been processed, where this one certainly was not."""
        if not self.may_have_been_processed:
            self.may_have_been_processed = True
            self.add_remark(f"An earlier attempt may have been processed, and ended so: {before}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self.args[:1], self.__dict__

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class ConfigurationError(ItnioError, ValueError):
    """The client is set up wrongly, closed, or used on a second event loop while the first one lives."""


class RefusedError(ItnioError):
    """A mistake in the request, found before sending or by the vendor.

    `field` is the wrong field, as in `group_list[0].number`, or None where that is not known; `code` is the vendor's
    code for the mistake, or None where it has none.
    """

    field: str | None = None
    code: Any = None


class InvalidRequestError(RefusedError, ValueError):
    """A request that was refused before anything was sent."""

    _arguments = ("_text", "field", "code", "may_have_been_processed", "attempts")

    def __init__(
        self,
        message: str = "",
        field: str | None = None,
        code: int | None = None,
        may_have_been_processed: bool | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, may_have_been_processed, attempts)
        self.field = field
        self.code: int | None = code

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        code = f" (the vendor's code {self.code})" if self.code is not None else ""
        return f"{where}{self._text}{code}"


class TransportError(ItnioError):
    """No answer came."""

    _processed_by_default = True


class ConnectError(TransportError, ConnectionError):
    """No connection could be made; nothing was sent."""

    _processed_by_default = False


class ConnectTimeout(TransportError, TimeoutError):
    """No connection was made within `timeout.connect`; nothing was sent."""

    _processed_by_default = False


class ProxyError(TransportError):
    """The proxy refused to make the connection; nothing was sent."""

    _processed_by_default = False


class PoolTimeout(TransportError, TimeoutError):
    """No slot came free within `timeout.pool`; nothing was sent."""

    _processed_by_default = False


class ReadTimeout(TransportError, TimeoutError):
    """The answer, or its next part, did not come within `timeout.read`."""


class WriteTimeout(TransportError, TimeoutError):
    """The request could not be written within `timeout.write`."""


class ConnectionLost(TransportError):
    """The connection ended before the answer was whole."""


class ProtocolError(TransportError):
    """What was to be sent, or what came back, is not HTTP."""


class DeadlineExceeded(ItnioError, TimeoutError):
    """The call's whole time, `deadline`, is used up.

    `last_error` is the error of the last attempt that ended before, or None; it is not among `args`.
    """

    _processed_by_default = True

    def __init__(
        self,
        message: str = "",
        may_have_been_processed: bool | None = None,
        attempts: int = 0,
        *,
        last_error: ItnioError | None = None,
    ) -> None:
        super().__init__(message, may_have_been_processed, attempts)
        self.last_error = last_error


class _WithAnswer:
    """What an error has that an answer came with.

    `headers` are the answer's, `raw` its decoded JSON (None where it is none) with `***` in the place of secrets, and
    `elapsed` the seconds from the call to its end. They come along in a pickle, and are not among `args`.
    """

    raw: Any = None
    elapsed: float = 0.0
    _headers: Headers | None = None

    @property
    def headers(self) -> Headers:
        """The answer's headers."""
        if self._headers is None:
            from httpx import Headers as NoHeaders

            self._headers = NoHeaders()
        return self._headers

    @headers.setter
    def headers(self, value: Headers) -> None:
        self._headers = value


class UnexpectedResponseError(ItnioError, _WithAnswer):
    """An answer that is not the API's: a gateway's page, broken JSON, a field of an impossible type.

    `http_status` is the status of the HTTP answer, `retry_after` the seconds that its Retry-After asks for (or None),
    `body` its beginning, cut and without secrets.
    """

    _processed_by_default = True
    _arguments = ("_text", "http_status", "retry_after", "body", "may_have_been_processed", "attempts")

    def __init__(
        self,
        message: str = "",
        http_status: int = 0,
        retry_after: float | None = None,
        body: str = "",
        may_have_been_processed: bool | None = None,
        attempts: int = 0,
    ) -> None:
        super().__init__(message, may_have_been_processed, attempts)
        self.http_status = http_status
        self.retry_after = retry_after
        self.body = body


class GatewayBusyError(UnexpectedResponseError):
    """What stands before the API asks to wait: HTTP 429, or 503 where the request may have been passed on.

    It is not repeated unless `RetryPolicy(on=...)` names it; `retry_after` is then the time that is waited.
    """


class ApiError(ItnioError, _WithAnswer):
    """The API said no.

    `code` is the vendor's code, `reason` its text, `meaning` and `advice` are ours; `endpoint` is method and path,
    `http_status` the status of the HTTP answer, `attempts` how many were made. `remark` says what this very call adds
    (why there was no further attempt, for instance).
    """

    _processed_by_default = True
    _arguments: ClassVar[tuple[str, ...]] = (
        *("reason", "code", "meaning", "advice", "endpoint", "http_status", "attempts", "remark"),
        "may_have_been_processed",
    )

    def __init__(
        self,
        reason: str = "",
        code: int = 0,
        meaning: str = "",
        advice: str = "",
        endpoint: str = "",
        http_status: int = 0,
        attempts: int = 1,
        remark: str = "",
        may_have_been_processed: bool | None = None,
    ) -> None:
        super().__init__(reason, may_have_been_processed, attempts)
        self.code: int = code
        self.reason = reason
        self.meaning = meaning
        self.advice = advice
        self.endpoint = endpoint
        self.http_status = http_status
        self.remark: str = remark

    def add_remark(self, remark: str) -> None:
        """Add to `remark`."""
        self.remark = f"{self.remark} {remark}".lstrip()

    def __str__(self) -> str:
        said = f"{self.code} {quoted(self.reason)}" if self.reason else str(self.code)
        where = f"{self.endpoint}: " if self.endpoint else ""
        tail = [text for text in (self.advice, self.remark) if text]
        if self.attempts > 1:
            tail.append(f"({self.attempts} attempts.)")
        return " ".join([f"{where}{said}: {self.meaning}.", *tail])

    def __repr__(self) -> str:
        shown = f"code={self.code}, endpoint={self.endpoint!r}, attempts={self.attempts}"
        return f"{type(self).__name__}({self.reason!r}, {shown})"


class AuthenticationError(ApiError):
    """The key or the sign is refused."""

    _processed_by_default = False


class IpNotAllowedError(AuthenticationError):
    """The address that the request came from is not on the account's list.

    Of -2 the vendor's pages say so in Chinese only; in English it may also be the key or the sign.
    """


class TransientError(ApiError):
    """One of the two failures that a repeat may cure."""


class TimestampExpiredError(TransientError):
    """The timestamp is outside the vendor's window.

    `clock_skew` says by how many seconds this machine's clock is ahead of the server's (negative: behind), or None
    where the answer does not tell. `after_correction` tells whether a timestamp by a corrected clock was refused too,
    so that all other calls would fail alike.
    """

    _processed_by_default = False
    _arguments = (*ApiError._arguments, "clock_skew", "after_correction")

    def __init__(
        self,
        reason: str = "",
        code: int = 0,
        meaning: str = "",
        advice: str = "",
        endpoint: str = "",
        http_status: int = 0,
        attempts: int = 1,
        remark: str = "",
        may_have_been_processed: bool | None = None,
        clock_skew: float | None = None,
        after_correction: bool = False,
    ) -> None:
        super().__init__(
            reason, code, meaning, advice, endpoint, http_status, attempts, remark, may_have_been_processed
        )
        self.clock_skew = clock_skew
        self.after_correction = after_correction


class ServerError(TransientError):
    """The vendor's system failed; the request may have been half done, or be what made it fail."""


class ConflictError(ApiError):
    """Something else already has what was asked for."""

    _processed_by_default = False


class QuotaError(ApiError):
    """The account may not have more of this."""

    _processed_by_default = False


class NotFoundError(ApiError):
    """The thing named does not exist."""

    _processed_by_default = False


class ValidationError(ApiError, RefusedError):
    """A field of the request is wrong."""

    _processed_by_default = False
