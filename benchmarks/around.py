"""What stands around a call in users' programs: Sentry, OpenTelemetry, a middleware that does nothing.

Each is set up as its own pages say, for all that it knows of the peers, and sends nothing anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from benchmarks.measure import Call

# The modules that each needs; Sentry's newest integration stands for all.
SENTRY = ("sentry_sdk.integrations.pyreqwest",)
OPENTELEMETRY = (
    "opentelemetry.sdk",
    "opentelemetry.instrumentation.httpx",
    "opentelemetry.instrumentation.aiohttp_client",
)


def _init_sentry() -> None:
    import sentry_sdk
    from sentry_sdk.integrations import DidNotEnable, Integration
    from sentry_sdk.integrations.aiohttp import AioHttpIntegration
    from sentry_sdk.integrations.httpx import HttpxIntegration
    from sentry_sdk.transport import Transport

    class Nowhere(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            pass

    integrations: list[Integration] = [HttpxIntegration(), AioHttpIntegration()]
    with suppress(DidNotEnable):  # pyreqwest is not installed
        from sentry_sdk.integrations.pyreqwest import PyreqwestIntegration

        integrations.append(PyreqwestIntegration())
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=Nowhere,
        traces_sample_rate=1.0,
        integrations=integrations,
        auto_enabling_integrations=False,  # they would load the libraries of all peers
    )


@asynccontextmanager
async def under_sentry(opened: AbstractAsyncContextManager[Call]) -> AsyncIterator[Call]:
    """Calls outside of any transaction, as a job or a bot makes them."""
    _init_sentry()
    async with opened as call:
        yield call


@asynccontextmanager
async def under_sentry_in_transactions(opened: AbstractAsyncContextManager[Call]) -> AsyncIterator[Call]:
    """Each call in a transaction of its own, as in a web service's handler."""
    import sentry_sdk

    _init_sentry()
    async with opened as call:

        async def handled() -> None:
            with sentry_sdk.isolation_scope(), sentry_sdk.start_transaction(op="http.server", name="update"):
                await call()

        yield handled


def _tracer_provider() -> Any:
    """Return what gives each span to an exporter that drops it."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Nowhere()))
    return provider


@asynccontextmanager
async def under_opentelemetry(opened: AbstractAsyncContextManager[Call]) -> AsyncIterator[Call]:
    """With the instrumentors."""
    from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
    from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor

    provider = _tracer_provider()
    HTTPXClientInstrumentor().instrument(tracer_provider=provider)
    AioHttpClientInstrumentor().instrument(tracer_provider=provider)
    async with opened as call:
        yield call


def with_telemetry(client: Any) -> None:
    """With the SDK's own spans and metrics."""
    from itnio_async.telemetry import instrument

    instrument(client, tracer_provider=_tracer_provider())


def hand_on(transport: Any) -> Any:
    """Return a transport of httpx's that does nothing but ask that one."""
    import httpx

    class HandOn(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await transport.handle_async_request(request)  # type: ignore[no-any-return]

        async def aclose(self) -> None:
            await transport.aclose()

    return HandOn()


async def hand_on_aiohttp(request: Any, handler: Any) -> Any:
    """The same as a client middleware of aiohttp's."""
    return await handler(request)


async def hand_on_pyreqwest(request: Any, following: Any) -> Any:
    """The same as a middleware of pyreqwest's."""
    return await following.run(request)
