"""`AsyncClient`: puts the layers together, and takes each call through them."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, Self, TypeVar, Unpack

import httpx
from attrs import evolve

from itnio_async import config
from itnio_async.account import resolve_account
from itnio_async.api.base import Service
from itnio_async.api.families import Families
from itnio_async.api.paths import family_of_path, form_of_path
from itnio_async.calls.call import Options, perform
from itnio_async.calls.clock import ServerClock
from itnio_async.calls.details import CallDetails
from itnio_async.calls.request import (
    CallRequest,
    Template,
    has_address_fields,
    method_and_path,
    request_of,
    up_to_ids,
    with_params,
)
from itnio_async.calls.shared import Middleware, Shared, Stats
from itnio_async.codec import check_kinds, json_bytes
from itnio_async.credentials import Credentials, CredentialSource
from itnio_async.endpoint import CallOptions, Endpoint, Response
from itnio_async.errors import ConfigurationError, InvalidRequestError
from itnio_async.frames import FramesDropped
from itnio_async.retry import RetryDetails, RetryPolicy, RetryTokens
from itnio_async.runs.run import BulkOptions, BulkRun
from itnio_async.transport.httpx_stock import StockTransport
from itnio_async.transport.patchable import LastHop
from itnio_async.transport.pooled import PooledTransport
from itnio_async.transport.proxies import proxy_of
from itnio_async.validators import BOOLEAN, PLAIN_FUNCTION, checked, instance, number, or_none, whole
from itnio_async.values import UNSET

Q = TypeVar("Q")
R = TypeVar("R")


# For an option of `with_options` that was not given, where None means something.
UNCHANGED: Any = UNSET
# Addresses and templates: paths with an id in them must not pile up.
_MOST_KEPT = 1000


class AsyncClient(Families):
    """The ITNIO Tech API over one shared pool of connections.

    `api_key` and `api_secret`, or `credentials` (a `Credentials`, or a callable, plain or async, that gives one for
    each attempt); what is not passed comes from ITNIO_API_KEY, ITNIO_API_SECRET and ITNIO_BASE_URL.

    `timeout` and `limits` are httpx's, in seconds; `timeout.pool` bounds the wait for one of `limits.max_connections`
    slots. `deadline` is the seconds for a whole call once it was admitted (None: no bound). `retry` says which
    transient failures are repeated. `rate_limit` is calls a second or a `RateLimit`; each attempt counts. `transport`
    replaces the last hop and stays the caller's to close; `middleware` wraps it, the first one outermost, and sees each
    attempt without the signing headers. `proxy`, `verify` (a bool or an `ssl.SSLContext`) and `trust_env` are httpx's.
    `max_response_bytes` bounds the decoded answer. `max_connection_age` is the seconds for which a connection is used
    for further calls, so that a service that lives long follows the address's DNS (None: no bound; a proxy's
    connections know no age). `allow_insecure` permits plain http to other machines. `on_retry` is called with a
    `RetryDetails` before each repeat, and `on_call` with a `CallDetails` at the end of each call, however it ends; what
    they raise is logged, and does no harm to the call. `clock` gives Unix seconds.

    Raises `ConfigurationError` for anything that cannot work.
    """

    def __init__(
        self,
        api_key: str | None = None,
        api_secret: str | None = None,
        *,
        credentials: CredentialSource | None = None,
        base_url: str | httpx.URL | None = None,
        timeout: config.TimeoutTypes = config.TIMEOUT,
        deadline: float | None = config.DEADLINE,
        limits: httpx.Limits = config.LIMITS,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - a value that cannot change
        rate_limit: float | config.RateLimit | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        middleware: Sequence[Middleware] = (),
        proxy: config.ProxyTypes | None = None,
        verify: bool | ssl.SSLContext = True,
        trust_env: bool = True,
        max_response_bytes: int = config.MAX_RESPONSE_BYTES,
        max_connection_age: float | None = None,
        allow_insecure: bool = False,
        on_retry: Callable[[RetryDetails], Any] | None = None,
        on_call: Callable[[CallDetails], Any] | None = None,
        clock: Callable[[], float] = config.unix_time,
    ) -> None:
        try:
            with FramesDropped():
                account = resolve_account(api_key, api_secret, credentials, base_url, allow_insecure=allow_insecure)
        finally:
            del api_secret, credentials  # a report of an error shows the variables here
        checked("verify", verify, instance(bool, ssl.SSLContext))
        checked("trust_env", trust_env, BOOLEAN)
        checked("allow_insecure", allow_insecure, BOOLEAN)
        checked("clock", clock, PLAIN_FUNCTION)
        checked("on_retry", on_retry, or_none(PLAIN_FUNCTION))
        checked("on_call", on_call, or_none(PLAIN_FUNCTION))
        checked("max_response_bytes", max_response_bytes, whole())
        limits = config.limits_of(limits)
        self._account = account
        self._is_view = False
        with FramesDropped():  # a half-made value cannot be shown
            self._options = Options(timeout, deadline, retry, account.credentials)
        hop = _hop(transport, account.base_url, limits, proxy, verify, trust_env, allow_insecure, max_connection_age)
        self._shared = Shared(
            hop,
            middleware,
            base_url=account.base_url,
            owns_hop=transport is None,
            slots=limits.max_connections,
            rate_limit=config.rate_limit_of(rate_limit),
            clock=ServerClock(clock),
            tokens=RetryTokens(self._options.retry.budget.capacity),
            on_retry=on_retry,
            on_call=on_call,
            max_response_bytes=max_response_bytes,
        )
        self._urls: dict[str, httpx.URL] = {}
        self._templates: dict[Endpoint[Any, Any], Template[Any]] = {}

    def with_options(
        self,
        *,
        timeout: config.TimeoutTypes = UNCHANGED,
        deadline: float | None = UNCHANGED,
        retry: RetryPolicy = UNCHANGED,
        credentials: CredentialSource = UNCHANGED,
    ) -> Self:
        """Return a view of this client with other options, on the same pool, limiter, tokens and learnt clock.

        Takes what the constructor takes. Closing a view closes nothing.
        """
        given: dict[str, Any] = {"timeout": timeout, "deadline": deadline, "retry": retry, "credentials": credentials}
        changes = {name: value for name, value in given.items() if value is not UNCHANGED}
        if "credentials" in changes:
            self._account.check_trusted()
        view = object.__new__(type(self))
        # A subclass may have attributes of its own; services, once made, are of this client.
        vars(view).update((name, value) for name, value in vars(self).items() if not isinstance(value, Service))
        view._is_view = True
        try:
            with FramesDropped():
                view._options = evolve(self._options, **changes)
        finally:
            del given, changes, credentials
        return view

    @property
    def base_url(self) -> httpx.URL:
        """The address that paths are appended to."""
        return self._account.base_url

    @property
    def credentials(self) -> CredentialSource:
        """What this client, or this view of one, signs with."""
        return self._options.credentials

    @property
    def stats(self) -> Stats:
        """A snapshot of calls and connections, shared by all views."""
        return self._shared.stats()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the pool; calls after it raise `ConfigurationError`. A second time, or on a view, does nothing."""
        if not self._is_view:
            await self._shared.aclose()

    def __repr__(self) -> str:
        if not {"_shared", "_options"} <= vars(self).keys():
            return f"<{type(self).__name__} that could not be made>"  # as a report of the error shows it
        state = "closed" if self._shared.closed else "open"
        source = self._options.credentials
        # A callable's own repr may show what it holds, as that of a partial does.
        account = repr(source) if isinstance(source, Credentials) else "credentials of a callable"
        return f"<{type(self).__name__} {self._account.base_url} {account} {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an AsyncClient cannot be pickled or copied, since its connections belong to this process. Make "
            "one where it is used; with_options(...) is a view with other options."
        )

    async def call(self, endpoint: Endpoint[Q, R], request: Q, **options: Unpack[CallOptions]) -> Response[R]:
        """Make a call of the API and return the whole answer; `options` are its own `timeout`, `deadline` and `retry`.

        Raises `InvalidRequestError` before sending, `ApiError` for what the vendor refuses, `TransportError`,
        `DeadlineExceeded` or `UnexpectedResponseError` where no answer of the API came.
        """
        chosen = self._chosen(options) if options else self._options
        made = perform(self._shared, chosen, self._typed, endpoint, request)
        del request  # a report of an error shows the variables here, whatever was passed
        return await made

    def bulk(
        self,
        endpoint: Endpoint[Q, R],
        requests: Iterable[Q] | AsyncIterable[Q],
        **options: Unpack[BulkOptions],
    ) -> BulkRun[Q, R]:
        """Make a call for each request, many at once, and give each one's `Outcome` as it finishes.

        `requests` is an iterable or an async iterable, read as it is needed. `BulkOptions` says what else it takes, and
        `BulkRun` how a run ends. Raises `ConfigurationError` or `InvalidRequestError` for wrong arguments.
        """
        _check_options(options, BulkOptions)
        own: dict[str, Any] = dict(options)
        of_calls = {name: own.pop(name) for name in CallOptions.__annotations__ if name in own}
        self._template_of(endpoint)  # refuses one that is none, before anything is read
        chosen = self._chosen(of_calls)
        # The run itself says how many calls it has under way: one that waits its turn is no failure.
        chosen = evolve(chosen, timeout=httpx.Timeout(**{**chosen.timeout.as_dict(), "pool": None}))

        async def send(request: Q) -> Response[R]:
            made = perform(self._shared, chosen, self._typed, endpoint, request)
            del request
            return await made

        return BulkRun(str(endpoint), send, requests, idempotent=endpoint.idempotent, **own)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        idempotent: bool = False,
        **options: Unpack[CallOptions],
    ) -> Response[Any]:
        """Make a call that has no type yet, and return the whole answer with its `data` as it came.

        `path` is a path only; `json` None sends no body; `idempotent` says whether a repeat does no harm. A path that
        has an `Endpoint` uses its codes. Raises as `call` does.
        """
        made = perform(
            self._shared, self._chosen(options), self._untyped, method, path, json, params, idempotent is True
        )
        del json, params
        return await made

    def _chosen(self, options: Mapping[str, Any]) -> Options:
        """Return this client's options with those of one call."""
        _check_options(options, CallOptions)
        with FramesDropped():  # a half-made value cannot be shown
            return evolve(self._options, **options) if options else self._options

    def _typed(self, endpoint: Endpoint[Q, R], request: Q) -> CallRequest[R]:
        return request_of(self._template_of(endpoint), request)

    def _untyped(self, method: str, path: str, json: Any, params: Any, idempotent: bool) -> CallRequest[Any]:
        started = time.monotonic()
        method, path = method_and_path(method, path)
        url = self._url(path)
        if params is not None:
            url = with_params(url, params)
        endpoint: Endpoint[Any, Any] = Endpoint(
            method, path, object, Any, idempotent, family=family_of_path(path), envelope=form_of_path(path)
        )
        template = Template(endpoint, url, self._shared.headers)
        return CallRequest(template, b"" if json is None else json_bytes(json), started)

    def _template_of(self, endpoint: Endpoint[Q, R]) -> Template[R]:
        if not isinstance(endpoint, Endpoint):
            raise InvalidRequestError(f"an Endpoint is wanted, not a {type(endpoint).__name__}.", field="endpoint")
        template = self._templates.get(endpoint)
        if template is None:
            method, path = method_and_path(endpoint.method, up_to_ids(endpoint.path))
            if method != endpoint.method:
                raise InvalidRequestError(f"an Endpoint's method is {method}, in capitals.", field="endpoint")
            check_kinds(endpoint.request_type, endpoint.response_type)
            template = Template(endpoint, self._url(path), self._shared.headers, has_address_fields(endpoint))
            if len(self._templates) < _MOST_KEPT:
                self._templates[endpoint] = template
        return template

    def _url(self, path: str) -> httpx.URL:
        url = self._urls.get(path)
        if url is None:
            base = self._account.base_url
            url = base.copy_with(raw_path=base.raw_path.rstrip(b"/") + path.encode())
            if len(self._urls) < _MOST_KEPT:
                self._urls[path] = url
        return url


def _check_options(options: Mapping[str, Any], kind: type) -> None:
    """Raise TypeError for a name that a typed dict does not have, as Python does for keyword arguments."""
    unknown = options.keys() - kind.__annotations__.keys()
    if unknown:
        raise TypeError(f"there is no option {min(unknown)!r}; the options are {', '.join(kind.__annotations__)}")


def _hop(
    transport: Any,
    base_url: httpx.URL,
    limits: httpx.Limits,
    proxy: Any,
    verify: bool | ssl.SSLContext,
    trust_env: bool,
    allow_insecure: bool,
    max_connection_age: float | None,
) -> httpx.AsyncBaseTransport:
    """Return the last hop: the caller's, or our own."""
    checked("max_connection_age", max_connection_age, or_none(number(above=0)))
    if transport is not None:
        hop: httpx.AsyncBaseTransport = checked("transport", transport, instance(httpx.AsyncBaseTransport))
        given = {
            "proxy": proxy is not None,
            "max_connection_age": max_connection_age is not None,
            "verify": verify is not True,
        }
        for name in (name for name, is_given in given.items() if is_given):
            raise ConfigurationError(f"{name} has no effect on a transport of your own: give it to that.")
        return hop
    chosen = proxy_of(proxy, base_url, trust_env=trust_env, allow_insecure=allow_insecure)
    # Reading the certificates costs 20 ms, which plain http on loopback need not pay.
    needs_certificates = base_url.scheme == "https" or chosen is not None
    stock = StockTransport(
        limits=limits, proxy=chosen, verify=verify if needs_certificates else False, trust_env=trust_env
    )
    if chosen is not None:
        return LastHop(None, stock)
    pool = PooledTransport(limits=limits, verify=verify, trust_env=trust_env, max_connection_age=max_connection_age)
    return LastHop(pool, stock)
