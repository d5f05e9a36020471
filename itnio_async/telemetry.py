"""OpenTelemetry: a span for each call, and metrics of calls and connections.

    from itnio_async.telemetry import instrument

    instrument(client)

Needs the extra `otel` (opentelemetry-api), which `import itnio_async` never loads. The attributes `http.*`, `server.*`,
`url.full` and `error.type` are OpenTelemetry's stable conventions for HTTP; those that begin with `itnio.` are ours.
`rpc.*` is not used, since its conventions are not stable. Nothing here has a body, a header, a query or a secret.

The span of a call covers all its attempts and waits. Where something else makes a span for each HTTP request, those are
its children and ours is INTERNAL; else it is CLIENT.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import httpx
from attrs import define, frozen

try:
    from opentelemetry import context, metrics, trace
except ImportError as error:
    raise ImportError(
        "itnio_async.telemetry needs opentelemetry-api, which is in the extra `otel`: pip install 'itnio-async[otel]'."
    ) from error

from itnio_async._version import __version__
from itnio_async.api.paths import ENDPOINTS
from itnio_async.calls.details import CallDetails
from itnio_async.calls.shared import Shared
from itnio_async.client import AsyncClient
from itnio_async.errors import ConfigurationError
from itnio_async.retry import RetryDetails
from itnio_async.transport.connect import PORTS
from itnio_async.transport.patchable import LastHop

__all__ = ["instrument"]

Attributes = dict[str, str | int | float | bool]

# What OpenTelemetry advises for HTTP, in seconds, and two more: a call may take as long as its deadline.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60)
# The methods that the conventions know; any other must not make metrics without end.
_METHODS = frozenset(("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"))
# Likewise for the paths of raw requests, which may have an id in them.
_ENDPOINTS = frozenset(map(str, ENDPOINTS))
# Of `client.stats`, what can go down again, by its unit.
_GAUGES = {"connections_open": "{connection}", "idle": "{connection}", "in_use": "{call}", "waiting": "{call}"}


def instrument(
    client: AsyncClient,
    *,
    tracer_provider: trace.TracerProvider | None = None,
    meter_provider: metrics.MeterProvider | None = None,
    kind: trace.SpanKind | None = None,
) -> None:
    """Give each call of a client, and of all its views, a span and metrics from now on.

    The providers are OpenTelemetry's global ones unless given. `kind` is that of the spans; None means INTERNAL where
    `HTTPXClientInstrumentor` is on, or where the client's first middleware is an `AsyncOpenTelemetryTransport`, and
    CLIENT elsewhere. It is looked at with each call; give the kind where spans of HTTP requests come from elsewhere. A
    second time replaces the first.

    Raises `ConfigurationError` for anything but a client.
    """
    if not isinstance(client, AsyncClient):
        raise ConfigurationError(f"telemetry is for an AsyncClient, not for a {type(client).__name__}.")
    shared, url = client._shared, client.base_url
    server: Attributes = {"server.address": url.host, "server.port": url.port or PORTS[url.scheme]}
    instruments = _instruments_of(meter_provider)
    instruments.add(shared, server)
    telemetry = _Telemetry(
        tracer=trace.get_tracer("itnio_async", __version__, tracer_provider),
        instruments=instruments,
        server=server,
        base_url=str(url).rstrip("/"),
        kind=kind,
        hop=shared.hop,
        chain=shared.chain,
    )
    shared.watch_with(telemetry.begin)


# -- metrics ----------------------------------------------------------------------------------------------------------


class _Instruments:
    """The instruments of one meter provider, which has each of them once, for all clients."""

    def __init__(self, provider: metrics.MeterProvider | None) -> None:
        meter = metrics.get_meter("itnio_async", __version__, provider)
        self.duration = meter.create_histogram(
            "itnio.client.call.duration",
            unit="s",
            description="Duration of calls, with all their attempts and waits.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self.calls = meter.create_counter("itnio.client.calls", "{call}", "Calls that ended, by the vendor's code.")
        self.retries = meter.create_counter("itnio.client.retries", "{retry}", "Attempts that were repeats.")
        self._clients: WeakKeyDictionary[Shared, Attributes] = WeakKeyDictionary()
        # Metrics are read in a thread of their own.
        self._lock = threading.Lock()
        for name, unit in _GAUGES.items():
            meter.create_observable_up_down_counter(
                f"itnio.client.{name}", [self._observe(name)], unit, f"`client.stats.{name}` of all open clients."
            )

    def add(self, shared: Shared, server: Attributes) -> None:
        """Observe a client too, for as long as it lives."""
        with self._lock:
            self._clients[shared] = server

    def _observe(self, name: str) -> Callable[[metrics.CallbackOptions], Iterable[metrics.Observation]]:
        def observe(_: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
            with self._lock:
                clients = list(self._clients.items())
            totals: dict[tuple[Any, ...], int] = {}
            for shared, server in clients:
                if not shared.closed:
                    place = tuple(server.items())
                    totals[place] = totals.get(place, 0) + getattr(shared.stats(), name)
            return [metrics.Observation(total, dict(place)) for place, total in totals.items()]

        return observe


_of_providers: WeakKeyDictionary[metrics.MeterProvider, _Instruments] = WeakKeyDictionary()


@cache
def _global_instruments() -> _Instruments:
    # OpenTelemetry replaces the global provider when a program sets its own: its meters go along.
    return _Instruments(None)


def _instruments_of(provider: metrics.MeterProvider | None) -> _Instruments:
    if provider is None or provider is metrics.get_meter_provider():
        return _global_instruments()
    if provider not in _of_providers:
        _of_providers[provider] = _Instruments(provider)
    return _of_providers[provider]


# -- spans ------------------------------------------------------------------------------------------------------------


@frozen
class _Telemetry:
    """What all calls of one client have in common."""

    tracer: trace.Tracer
    instruments: _Instruments
    server: Attributes
    base_url: str
    kind: trace.SpanKind | None
    hop: httpx.AsyncBaseTransport
    chain: httpx.AsyncBaseTransport

    def begin(self, endpoint: str, ids: Mapping[str, int | str]) -> _CallSpan:
        """Begin the span of a call, and make it the current one."""
        method, _, path = endpoint.partition(" ")
        known = method if method in _METHODS else "_OTHER"
        common: Attributes = {"http.request.method": known, **self.server}
        if endpoint in _ENDPOINTS:
            common["itnio.endpoint"] = endpoint
        attributes: Attributes = {**common, "url.full": f"{self.base_url}{path}"}
        if known != method and method:
            attributes["http.request.method_original"] = method
        attributes.update({f"itnio.{name}": value for name, value in ids.items()})
        kind = self.kind
        if kind is None:
            kind = trace.SpanKind.INTERNAL if self._has_children() else trace.SpanKind.CLIENT
        name = endpoint if endpoint in _ENDPOINTS else method if known == method else "HTTP"
        span = self.tracer.start_span(name, kind=kind, attributes=attributes)
        current = trace.set_span_in_context(span)
        return _CallSpan(self.instruments, common, span, current, context.attach(current))

    def _has_children(self) -> bool:
        """Tell whether OpenTelemetry makes spans for the HTTP requests of this client."""
        module = sys.modules.get("opentelemetry.instrumentation.httpx")
        if module is None:
            return False
        # What the instrumentation replaces is on the way of our own last hop, and of httpx's.
        is_replaceable = isinstance(self.hop, LastHop | httpx.AsyncHTTPTransport)
        is_on: bool = module.HTTPXClientInstrumentor().is_instrumented_by_opentelemetry
        return (is_on and is_replaceable) or isinstance(self.chain, module.AsyncOpenTelemetryTransport)


@define(eq=False)
class _CallSpan:
    """The span of one call, which is the current one until the call ends."""

    instruments: _Instruments
    common: Attributes
    span: trace.Span
    current: context.Context
    token: Any

    def repeats(self, details: RetryDetails) -> None:
        """Take note of an attempt that is repeated."""
        code = _without_none({"itnio.code": details.code})
        self.span.add_event("itnio.retry", {"itnio.attempt": details.attempt, "itnio.wait": details.wait, **code})
        self.instruments.retries.add(1, {**self.common, **code})

    def ends(self, details: CallDetails) -> None:
        """Take note of the end."""
        try:
            outcome = _without_none(
                {
                    "itnio.ended": details.ended,
                    "itnio.code": details.code,
                    "http.response.status_code": details.http_status,
                    "error.type": details.error_type,
                }
            )
            self.instruments.duration.record(details.elapsed, {**self.common, **outcome})
            self.instruments.calls.add(1, {**self.common, **outcome})
            self.span.set_attributes(
                {
                    **outcome,
                    "itnio.attempts": details.attempts,
                    "itnio.waited": details.waited,
                    "itnio.may_have_been_processed": details.may_have_been_processed,
                }
            )
            if details.attempts > 1:
                self.span.set_attribute("http.request.resend_count", details.attempts - 1)
            # A caller that went away is not a failure of the call.
            if details.ended not in ("succeeded", "cancelled"):
                # Our own words: the vendor's may have anything in them.
                self.span.set_status(trace.StatusCode.ERROR, getattr(details.error, "meaning", None) or None)
        finally:
            # A call that the garbage collector ends does so in any task, or in none.
            if details.error_type != "GeneratorExit" or context.get_current() is self.current:
                context.detach(self.token)
            self.span.end()


def _without_none(attributes: Mapping[str, str | int | None]) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}
