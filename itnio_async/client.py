"""`AsyncClient`: puts the layers together, and takes each call through them."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Self, TypeVar

import httpx

from itnio_async import config
from itnio_async.api.sip_trunks import SipTrunks
from itnio_async.clock import ServerClock
from itnio_async.codec import encode, json_bytes
from itnio_async.codes import family_of_path
from itnio_async.core import Core, Middleware, Stats
from itnio_async.credentials import CredentialSource, resolve
from itnio_async.endpoint import Endpoint, Response
from itnio_async.envelope import form_of_path
from itnio_async.errors import (
    ConfigurationError,
    DeadlineExceeded,
    InvalidRequestError,
    ItnioError,
    TimestampExpiredError,
    TransientError,
)
from itnio_async.exchange import (
    Answer,
    Call,
    judge,
    read_answer,
    reader_of,
    request_of,
    server_time,
    transport_error,
)
from itnio_async.retry import Repetition, RetryDetails, RetryPolicy, RetryTokens
from itnio_async.transport.proxies import proxy_of
from itnio_async.transport.signing import SIGNATURE_EXTENSION, Signature
from itnio_async.transport.stock import StockTransport, tls_context

logger = logging.getLogger("itnio_async.client")

Q = TypeVar("Q")
R = TypeVar("R")


class _Unchanged:
    """Stands for an option of `with_options` that was not given, where None means something."""

    def __repr__(self) -> str:
        return "UNCHANGED"


UNCHANGED: Any = _Unchanged()


class AsyncClient:
    """The ITNIO Tech API over one shared pool of connections.

    `api_key` and `api_secret`, or `credentials` (a `Credentials`, or a callable, plain or async, that gives one for
    each attempt); what is not passed comes from ITNIO_API_KEY, ITNIO_API_SECRET and ITNIO_BASE_URL.

    `timeout` and `limits` are httpx's, in seconds; `timeout.pool` bounds the wait for one of `limits.max_connections`
    slots. `deadline` is the seconds for a whole call once it was admitted (None: no bound). `retry` says which
    transient failures are repeated. `rate_limit` is calls a second or a `RateLimit`; each attempt counts. `transport`
    replaces the last hop and stays the caller's to close; `middleware` wraps it, the first one outermost, and sees each
    attempt without the signing headers. `proxy`, `verify` (a bool or an `ssl.SSLContext`) and `trust_env` are httpx's.
    `max_response_bytes` bounds the decoded answer. `allow_insecure` permits plain http to other machines. `on_retry` is
    called with a `RetryDetails` before each repeat. `clock` gives Unix seconds.

    Raises `ConfigurationError` for anything that cannot work.
    """

    def __init__(
        self,
        api_key: str | None = None,
        api_secret: str | None = None,
        *,
        credentials: CredentialSource | None = None,
        base_url: str | httpx.URL | None = None,
        timeout: Any = config.TIMEOUT,
        deadline: float | None = config.DEADLINE,
        limits: httpx.Limits = config.LIMITS,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a value that cannot change
        rate_limit: float | config.RateLimit | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        middleware: Sequence[Middleware] = (),
        proxy: Any = None,
        verify: bool | ssl.SSLContext = True,
        trust_env: bool = True,
        max_response_bytes: int = config.MAX_RESPONSE_BYTES,
        allow_insecure: bool = False,
        on_retry: Callable[[RetryDetails], Any] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        _check_kinds(
            verify=(verify, (bool, ssl.SSLContext)),
            trust_env=(trust_env, bool),
            allow_insecure=(allow_insecure, bool),
        )
        _check_callables(on_retry=on_retry, clock=clock)
        account = config.resolve_account(
            api_key, api_secret, credentials, base_url, allow_insecure=allow_insecure, environment=os.environ
        )
        limits = config.limits_of(limits)
        self._base_url = account.base_url
        self._is_view = False
        self._set_options(timeout, deadline, retry, account.credentials)
        hop = _hop(transport, account.base_url, limits, proxy, verify, trust_env, allow_insecure)
        self._core = Core(
            hop,
            tuple(middleware),
            credentials=account.credentials,
            owns_hop=transport is None,
            slots=limits.max_connections,
            rate_limit=config.rate_limit_of(rate_limit),
            clock=ServerClock(clock),
            tokens=RetryTokens(self._retry.budget.capacity),
            on_retry=on_retry,
            max_response_bytes=config.whole_number("max_response_bytes", max_response_bytes),
            # Over plain http anyone on the way could set our clock, and have requests signed for another time.
            learns_clock=account.base_url.scheme == "https" or config.is_loopback(account.base_url.host),
        )
        self._headers = (
            (b"Host", account.base_url.netloc),
            (b"Accept", b"application/json"),
            # Answers are small; where one comes compressed all the same, it is read.
            (b"Accept-Encoding", b"identity"),
            (b"User-Agent", config.USER_AGENT.encode()),
            (b"Content-Type", config.CONTENT_TYPE.encode()),
        )
        self._urls: dict[str, httpx.URL] = {}

    def _set_options(self, timeout: Any, deadline: Any, retry: Any, credentials: Any) -> None:
        self._timeout = config.timeout_of(timeout)
        self._timeout_extension = self._timeout.as_dict()
        self._deadline = None if deadline is None else config.positive_number("deadline", deadline)
        if not isinstance(retry, RetryPolicy):
            raise ConfigurationError(f"retry must be a RetryPolicy, not a {type(retry).__name__}.")
        self._retry = retry
        self._credentials = config.credential_source_of(credentials)

    def with_options(
        self,
        *,
        timeout: Any = UNCHANGED,
        deadline: float | None = UNCHANGED,
        retry: RetryPolicy = UNCHANGED,
        credentials: CredentialSource = UNCHANGED,
    ) -> Self:
        """Return a view of this client with other options, on the same pool, limiter, tokens and learnt clock.

        Takes what the constructor takes. Closing a view closes nothing.
        """
        view = object.__new__(type(self))
        view._core, view._base_url, view._headers, view._urls = self._core, self._base_url, self._headers, self._urls
        view._is_view = True
        view._set_options(
            self._timeout if timeout is UNCHANGED else timeout,
            self._deadline if deadline is UNCHANGED else deadline,
            self._retry if retry is UNCHANGED else retry,
            self._credentials if credentials is UNCHANGED else credentials,
        )
        return view

    @cached_property
    def sip_trunks(self) -> SipTrunks:
        """The SIP trunks of the account."""
        return SipTrunks(self)

    @property
    def stats(self) -> Stats:
        """A snapshot of calls and connections, shared by all views."""
        return self._core.stats()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the pool; calls after it raise `ConfigurationError`. A second time, or on a view, does nothing."""
        if not self._is_view:
            await self._core.aclose()

    def __repr__(self) -> str:
        state = "closed" if self._core.closed else "open"
        return f"<{type(self).__name__} {self._base_url} {self._credentials!r} {state}>"

    async def call(self, endpoint: Endpoint[Q, R], request: Q) -> Response[R]:
        """Make a call of the API and return the whole answer.

        Raises `InvalidRequestError` before sending, `ApiError` for what the vendor refuses, `TransportError`,
        `DeadlineExceeded` or `UnexpectedResponseError` where no answer of the API came.
        """
        started = time.monotonic()
        if not isinstance(request, endpoint.request_type):
            raise InvalidRequestError(
                f"{endpoint} takes a {endpoint.request_type.__name__}, not a {type(request).__name__}.", field="request"
            )
        if endpoint.check is not None:
            endpoint.check(request)
        return await self._perform(
            Call(
                endpoint=str(endpoint),
                method=endpoint.method,
                url=self._url(endpoint.path),
                content=encode(request, endpoint.request_type),
                family=endpoint.family,
                envelope=endpoint.envelope,
                read=reader_of(endpoint.response_type),
                idempotent=endpoint.idempotent,
                started=started,
            )
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        idempotent: bool = False,
    ) -> Response[Any]:
        """Make a call that has no type yet, and return the whole answer with its `data` as it came.

        `path` is a path only; `json` None sends no body; `idempotent` says whether a repeat does no harm. A path that
        has an `Endpoint` uses its codes. Raises as `call` does.
        """
        started = time.monotonic()
        method, path = config.method_and_path(method, path)
        url = self._url(path)
        if params is not None:
            url = _with_params(url, params)
        known = _known_endpoint(path)
        return await self._perform(
            Call(
                endpoint=f"{method} {path}",
                method=method,
                url=url,
                content=b"" if json is None else json_bytes(json),
                family=known.family if known else family_of_path(path),
                envelope=known.envelope if known else form_of_path(path),
                read=_as_it_came,
                idempotent=idempotent is True,
                started=started,
            )
        )

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            url = self._base_url.copy_with(raw_path=self._base_url.raw_path.rstrip(b"/") + path.encode())
            if len(self._urls) < 1000:  # paths with an id in them must not pile up
                self._urls[path] = url
        return url

    # -- one call -----------------------------------------------------------------------------------------------------

    async def _perform(self, call: Call[R]) -> Response[R]:
        """Take a call through deadline and retries; the one place where its errors get what all attempts say."""
        # Not armed yet: a call that waits its turn among 10,000 others has not begun.
        scope = asyncio.timeout(None)
        try:
            async with scope:
                return await self._attempts(call, scope)
        except TimeoutError as error:
            if isinstance(error, ItnioError) or not scope.expired():
                raise
            raise self._deadline_exceeded(call) from error.__cause__
        except ItnioError as error:
            error.may_have_been_processed |= call.may_have_been_processed
            raise

    async def _attempts(self, call: Call[R], scope: asyncio.Timeout) -> Response[R]:
        attempt = partial(self._attempt, call, scope)
        policy = self._retry
        try:
            response = await attempt()
        except TransientError as error:
            if not policy.wants(error, idempotent=call.idempotent):
                raise
            repetition = Repetition(
                endpoint=call.endpoint,
                policy=policy,
                tokens=self._core.tokens,
                idempotent=call.idempotent,
                started=call.started,
                stays=lambda _: call.clock_stays_off,
                tell=self._core.tell,
            )
            response = await repetition.run(error, attempt)
        self._core.tokens.give(policy.budget)
        return response

    async def _attempt(self, call: Call[R], scope: asyncio.Timeout) -> Response[R]:
        limiter = self._core.enter()
        await limiter.enter(self._timeout.pool)
        try:
            if call.attempts == 0 and self._deadline is not None:
                scope.reschedule(asyncio.get_running_loop().time() + self._deadline)
            call.attempts += 1
            credentials = await resolve(self._credentials)
            call.signature = Signature(credentials, self._core.clock)
            answer = await self._exchange(call)
        finally:
            limiter.leave()
        try:
            response = judge(call, answer, lambda: time.monotonic() - call.started)
        except ItnioError as error:
            if isinstance(error, TimestampExpiredError):
                self._measure_clock(call, error, answer)
            self._ended(call, error)
            raise
        call.in_flight = False
        self._log(call, answer, response.status)
        return response

    async def _exchange(self, call: Call[R]) -> Answer:
        extensions = {
            "timeout": self._timeout_extension,
            "itnio_idempotent": call.idempotent,
            SIGNATURE_EXTENSION: call.signature,
        }
        request = request_of(call, self._headers, extensions)
        self._core.requests += 1
        call.in_flight = True
        try:
            response = await self._core.chain.handle_async_request(request)
            return await read_answer(response, self._core.max_response_bytes)
        except ItnioError as error:
            self._ended(call, error)
            raise
        except Exception as error:
            ours = transport_error(call, error)
            if ours is None:
                raise
            self._ended(call, ours)
            raise ours from error

    def _ended(self, call: Call[Any], error: ItnioError) -> None:
        call.in_flight = False
        call.may_have_been_processed |= error.may_have_been_processed
        call.last_error = error

    def _measure_clock(self, call: Call[Any], error: TimestampExpiredError, answer: Answer) -> None:
        """Find out what a refused timestamp says about this machine's clock, and learn from it once a call."""
        date = server_time(answer.headers)
        if date is None:
            return
        clock = self._core.clock
        error.clock_skew = clock.skew(date)
        side = "ahead of" if error.clock_skew > 0 else "behind"
        error.remark = f"This machine's clock is {abs(error.clock_skew):.0f} s {side} the server's."
        if call.clock_corrected:
            call.clock_stays_off = True
        elif self._core.learns_clock and call.signature is not None and call.signature.timestamp is not None:
            call.clock_corrected = clock.learn(date, call.signature.timestamp)

    def _deadline_exceeded(self, call: Call[Any]) -> DeadlineExceeded:
        last = f" The last attempt ended so: {call.last_error}" if call.last_error else ""
        unknown = call.may_have_been_processed or call.in_flight
        outcome = "It may have been processed." if unknown else "Nothing of it was processed."
        return DeadlineExceeded(
            f"{call.endpoint}: not done within {self._deadline:g} s (deadline), at attempt {call.attempts}. "
            f"{outcome}{last}",
            last_error=call.last_error,
            may_have_been_processed=unknown,
        )

    def _log(self, call: Call[Any], answer: Answer, status: int) -> None:
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                "%s code=%d http=%d attempt=%d %.1f ms",
                call.endpoint,
                status,
                answer.http_status,
                call.attempts,
                (time.monotonic() - call.started) * 1000,
            )


def _as_it_came(data: Any) -> Any:
    return data


def _known_endpoint(path: str) -> Endpoint[Any, Any] | None:
    from itnio_async import ENDPOINTS  # the families load on first use

    return next((endpoint for endpoint in ENDPOINTS if endpoint.path == path), None)


def _with_params(url: httpx.URL, params: Any) -> httpx.URL:
    values = (str, int, float, bool, type(None))
    if not isinstance(params, Mapping):
        raise InvalidRequestError("a mapping of names to values is wanted.", field="params")
    for name, value in params.items():
        items = value if isinstance(value, list | tuple) else [value]
        if not isinstance(name, str) or not all(isinstance(item, values) for item in items):
            raise InvalidRequestError(
                "names are strings, values strings, numbers or lists of them.", field=f"params.{name}"
            )
    return url.copy_merge_params(params)


def _hop(
    transport: Any,
    base_url: httpx.URL,
    limits: httpx.Limits,
    proxy: Any,
    verify: bool | ssl.SSLContext,
    trust_env: bool,
    allow_insecure: bool,
) -> httpx.AsyncBaseTransport:
    """Return the last hop: the caller's, or httpx's own behind our limiter."""
    if transport is not None:
        if not isinstance(transport, httpx.AsyncBaseTransport):
            raise ConfigurationError(
                f"transport must be an httpx.AsyncBaseTransport, not a {type(transport).__name__}."
            )
        if proxy is not None:
            raise ConfigurationError("proxy has no effect on a transport of your own: give the proxy to that.")
        return transport
    chosen = proxy_of(proxy, base_url, trust_env=trust_env, allow_insecure=allow_insecure)
    # The limiter counts: see the stock transport on why httpcore must not.
    unlimited = httpx.Limits(
        max_connections=None,
        max_keepalive_connections=limits.max_keepalive_connections,
        keepalive_expiry=limits.keepalive_expiry,
    )

    def make() -> httpx.AsyncHTTPTransport:
        # Reading the certificates costs 20 ms, which plain http on loopback need not pay.
        wanted = verify if base_url.scheme == "https" or chosen is not None else False
        return httpx.AsyncHTTPTransport(
            verify=tls_context(wanted, trust_env=trust_env), limits=unlimited, proxy=chosen, trust_env=trust_env
        )

    return StockTransport(make)


def _check_kinds(**arguments: tuple[Any, Any]) -> None:
    for name, (value, kinds) in arguments.items():
        if not isinstance(value, kinds):
            names = " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
            raise ConfigurationError(f"{name} must be {names}, not {value!r}.")


def _check_callables(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None and not callable(value):
            raise ConfigurationError(f"{name} must be callable, not {value!r}.")
