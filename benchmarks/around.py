"""What stands around a call in users' programs: Sentry, OpenTelemetry, a middleware that does nothing.

Each is set up as its own pages say, and sends nothing anywhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from benchmarks.measure import Call


@asynccontextmanager
async def under_sentry(opened: AbstractAsyncContextManager[Call], integrations: Sequence[str]) -> AsyncIterator[Call]:
    """Each call in a transaction of its own, as in a web service's handler."""
    from importlib import import_module

    import sentry_sdk
    from sentry_sdk.transport import Transport

    class Nowhere(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            pass

    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=Nowhere,
        traces_sample_rate=1.0,
        # Otherwise it loads all libraries that it knows, those of other peers too.
        auto_enabling_integrations=False,
        integrations=[
            getattr(import_module(f"sentry_sdk.integrations.{name.lower()}"), f"{name}Integration")()
            for name in integrations
        ],
    )
    async with opened as call:

        async def handled() -> None:
            with sentry_sdk.isolation_scope(), sentry_sdk.start_transaction(op="http.server", name="update"):
                await call()

        yield handled


@asynccontextmanager
async def under_opentelemetry(opened: AbstractAsyncContextManager[Call], instrumentor: str) -> AsyncIterator[Call]:
    """With the instrumentor of that module and class; each span goes to an exporter that drops it."""
    from pkgutil import resolve_name

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Nowhere()))
    resolve_name(f"opentelemetry.instrumentation.{instrumentor}")().instrument(tracer_provider=provider)
    async with opened as call:
        yield call


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
