"""The errors of the SDK.

ItnioError                              may_have_been_processed: over all attempts of the call
├── ConfigurationError (ValueError)     the client is set up wrongly, closed, or on a second live event loop
├── InvalidRequestError (ValueError)    refused before sending
├── TransportError                      no answer
│   ├── ConnectError                    ┐
│   ├── ConnectTimeout (TimeoutError)   │ nothing was sent
│   ├── ProxyError                      │
│   ├── PoolTimeout (TimeoutError)      ┘
│   ├── ReadTimeout (TimeoutError)      ┐
│   ├── WriteTimeout (TimeoutError)     │ sent, at least in part
│   ├── ConnectionLost                  │
│   └── ProtocolError                   ┘
├── DeadlineExceeded (TimeoutError)     the call's whole time is used up
├── UnexpectedResponseError             an answer that is not the API's
└── ApiError                            the API said no
    ├── AuthenticationError             the key or the sign is refused
    │   └── IpNotAllowedError           this machine's address is refused
    ├── TransientError                  the two that are retried
    │   ├── TimestampExpiredError       the clock is off, or the request took too long to arrive
    │   └── ServerError                 the vendor's own failure
    ├── ConflictError                   something else already has what was asked for
    ├── QuotaError                      the account may not have more of this
    ├── NotFoundError                   the thing named does not exist
    └── ValidationError                 a field of the request is wrong

Every one pickles (as all exceptions do: by `args` and `__dict__`, hence one positional argument each) and carries
no secret: they are blanked out where it is raised.
"""

from __future__ import annotations

from typing import ClassVar


class ItnioError(Exception):
    """Anything that this package raises.

    `may_have_been_processed` is False only if it is certain that no attempt of the call had an effect; `attempts` is
    how many the call made.
    """

    _processed_by_default: ClassVar[bool] = False
    attempts: int = 0

    def __init__(self, message: str = "", *, may_have_been_processed: bool | None = None) -> None:
        super().__init__(message)
        self.may_have_been_processed = (
            self._processed_by_default if may_have_been_processed is None else may_have_been_processed
        )


class ConfigurationError(ItnioError, ValueError):
    """The client is set up wrongly, closed, or used on a second event loop while the first one lives."""


class InvalidRequestError(ItnioError, ValueError):
    """A request that was refused before anything was sent.

    `field` is the wrong field, as in `group_list[0].number`; `code` is the vendor's code for the same mistake, or
    None where it has none.
    """

    def __init__(self, message: str = "", *, field: str | None = None, code: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.code = code

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        code = f" (the vendor's code {self.code})" if self.code is not None else ""
        return f"{where}{self.args[0]}{code}"


class TransportError(ItnioError):
    """No answer came."""

    _processed_by_default = True


class ConnectError(TransportError):
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
    """What came back is not HTTP."""


class DeadlineExceeded(ItnioError, TimeoutError):
    """The call's whole time, `deadline`, is used up.

    `last_error` is the error of the last attempt that ended before, or None.
    """

    _processed_by_default = True

    def __init__(
        self,
        message: str = "",
        *,
        last_error: ItnioError | None = None,
        may_have_been_processed: bool | None = None,
    ) -> None:
        super().__init__(message, may_have_been_processed=may_have_been_processed)
        self.last_error = last_error


class UnexpectedResponseError(ItnioError):
    """An answer that is not the API's: a gateway's page, broken JSON, a field of an impossible type.

    `http_status` is the status of the HTTP answer, `retry_after` the seconds that its Retry-After asks for (or None),
    `body` its beginning, cut and without secrets.
    """

    _processed_by_default = True

    def __init__(
        self,
        message: str = "",
        *,
        http_status: int = 0,
        retry_after: float | None = None,
        body: str = "",
        may_have_been_processed: bool | None = None,
    ) -> None:
        super().__init__(message, may_have_been_processed=may_have_been_processed)
        self.http_status = http_status
        self.retry_after = retry_after
        self.body = body


class ApiError(ItnioError):
    """The API said no.

    `code` is the vendor's code, `reason` its text, `meaning` and `advice` are ours; `endpoint` is method and path,
    `http_status` the status of the HTTP answer, `attempts` how many were made. `remark` says what this very call adds
    (why there was no further attempt, for instance).
    """

    _processed_by_default = True

    def __init__(
        self,
        reason: str = "",
        *,
        code: int = 0,
        meaning: str = "",
        advice: str = "",
        endpoint: str = "",
        http_status: int = 0,
        attempts: int = 1,
        remark: str = "",
        may_have_been_processed: bool | None = None,
    ) -> None:
        super().__init__(reason, may_have_been_processed=may_have_been_processed)
        self.code = code
        self.reason = reason
        self.meaning = meaning
        self.advice = advice
        self.endpoint = endpoint
        self.http_status = http_status
        self.attempts = attempts
        self.remark = remark

    def __str__(self) -> str:
        said = f"{self.code} {self.reason!r}" if self.reason else str(self.code)
        where = f"{self.endpoint}: " if self.endpoint else ""
        tail = [text for text in (self.advice, self.remark) if text]
        if self.attempts > 1:
            tail.append(f"({self.attempts} attempts.)")
        return " ".join([f"{where}{said}: {self.meaning}.", *tail])


class AuthenticationError(ApiError):
    """The key or the sign is refused."""

    _processed_by_default = False


class IpNotAllowedError(AuthenticationError):
    """The address that the request came from is not on the account's list."""


class TransientError(ApiError):
    """One of the two failures that a repeat may cure."""


class TimestampExpiredError(TransientError):
    """The timestamp is outside the vendor's window.

    `clock_skew` says by how many seconds this machine's clock is ahead of the server's (negative: behind), or None
    where the answer does not tell. `after_correction` tells whether a timestamp by a corrected clock was refused too,
    so that all other calls would fail alike.
    """

    _processed_by_default = False
    clock_skew: float | None = None
    after_correction: bool = False


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


class ValidationError(ApiError):
    """A field of the request is wrong."""

    _processed_by_default = False
