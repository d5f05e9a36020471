"""Spans and metrics of calls, as OpenTelemetry's own exporters get them."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from attrs import define
from opentelemetry import metrics, trace
from opentelemetry.instrumentation.httpx import AsyncOpenTelemetryTransport, HTTPXClientInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from support.scripted import FakeSleep, LoopClock, ScriptedTransport, answer, hang, until
from support.values import KEY, PASSWORD, SECRET, UPDATE_PATH, registered_update, trunk_update

from itnio_async import (
    AsyncClient,
    ConfigurationError,
    ConflictError,
    DeadlineExceeded,
    InvalidRequestError,
    RetryPolicy,
)
from itnio_async.sandbox import Fault, Sandbox
from itnio_async.telemetry import instrument

UPDATE_NAME = f"POST {UPDATE_PATH}"
BUSY = answer(-18, "Port program unusual")


@define
class Seen:
    """The two providers, and what their exporters got."""

    tracers: TracerProvider
    spans_kept: InMemorySpanExporter
    meters: MeterProvider
    reader: InMemoryMetricReader

    def instrument(self, client: AsyncClient, **options: Any) -> AsyncClient:
        instrument(client, tracer_provider=self.tracers, meter_provider=self.meters, **options)
        return client

    def spans(self) -> list[ReadableSpan]:
        return list(self.spans_kept.get_finished_spans())

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        resources = data.resource_metrics if data is not None else []
        scopes = [scope for resource in resources for scope in resource.scope_metrics]
        found = [metric for scope in scopes for metric in scope.metrics if metric.name == name]
        return [point for metric in found for point in metric.data.data_points]

    def values(self, name: str, attribute: str) -> dict[Any, Any]:
        return {point.attributes.get(attribute): point.value for point in self.points(name)}


@pytest.fixture
def seen() -> Iterator[Seen]:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    yield Seen(tracers, exporter, meters, reader)
    tracers.shutdown()
    meters.shutdown()


@contextmanager
def httpx_instrumented(seen: Seen) -> Iterator[None]:
    HTTPXClientInstrumentor().instrument(tracer_provider=seen.tracers)
    try:
        yield
    finally:
        HTTPXClientInstrumentor().uninstrument()


# -- spans ------------------------------------------------------------------------------------------------------------


async def test_a_call_is_a_client_span_with_the_conventions_of_http(seen: Seen) -> None:
    async with (
        Sandbox(trunks=1) as sandbox,
        AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client,
    ):
        seen.instrument(client)
        (trunk,) = await client.sip_trunks.list()
        await client.sip_trunks.update(trunk.to_update())
    listed, updated = seen.spans()
    assert (updated.name, updated.kind, updated.parent) == (UPDATE_NAME, SpanKind.CLIENT, None)
    assert updated.status.status_code is StatusCode.UNSET
    url = httpx.URL(sandbox.url)
    assert updated.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": url.host,
        "server.port": url.port,
        "url.full": f"{sandbox.url}{UPDATE_PATH}",
        "itnio.endpoint": UPDATE_NAME,
        "itnio.key_id": trunk.key_id,
        "itnio.sip_trunk_name": trunk.sip_trunk_name,
        "itnio.ended": "succeeded",
        "itnio.code": 0,
        "itnio.attempts": 1,
        "itnio.waited": 0.0,
        "itnio.may_have_been_processed": True,
    }
    assert listed.name == "POST /v3/cc/sipTrunk/query"


async def test_beside_the_instrumentation_of_httpx_it_is_internal_and_the_parent(seen: Seen) -> None:
    async with (
        Sandbox(trunks=1) as sandbox,
        AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client,
    ):
        seen.instrument(client)
        await client.sip_trunks.list()
        with httpx_instrumented(seen):
            sandbox.order(Fault("minus18", endpoint="query", count=1))
            with trace.use_span(seen.tracers.get_tracer("test").start_span("of the caller")) as caller:
                await client.with_options(retry=RetryPolicy(sleep=FakeSleep())).sip_trunks.list()
        await client.sip_trunks.list()
    before, first, second, call, after = seen.spans()
    assert (before.kind, call.kind, after.kind) == (SpanKind.CLIENT, SpanKind.INTERNAL, SpanKind.CLIENT)
    assert call.parent == caller.get_span_context()
    assert {first.kind, second.kind} == {SpanKind.CLIENT}
    assert first.parent == second.parent == call.context
    assert [event.name for event in call.events] == ["itnio.retry"]


async def test_beside_a_middleware_that_makes_spans_it_is_internal(seen: Seen, make_client: Any) -> None:
    def traced(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        return AsyncOpenTelemetryTransport(transport, tracer_provider=seen.tracers)

    client = seen.instrument(make_client(ScriptedTransport(answer()), middleware=[traced]))
    await client.sip_trunks.update(trunk_update())
    request, call = seen.spans()
    assert (request.kind, call.kind) == (SpanKind.CLIENT, SpanKind.INTERNAL)
    assert request.parent == call.context


async def test_a_transport_that_httpx_did_not_make_has_no_children(seen: Seen, scripted: Any) -> None:
    client, _ = scripted(answer())
    with httpx_instrumented(seen):
        await seen.instrument(client).sip_trunks.update(trunk_update())
        await seen.instrument(client, kind=SpanKind.INTERNAL).sip_trunks.update(trunk_update())
    assert [span.kind for span in seen.spans()] == [SpanKind.CLIENT, SpanKind.INTERNAL]


async def test_a_refusal_of_the_vendor_is_an_error_in_our_words(seen: Seen, scripted: Any) -> None:
    client, _ = scripted(answer(-47, "Duplicate: 0123456789"))
    with pytest.raises(ConflictError) as caught:
        await seen.instrument(client).sip_trunks.update(registered_update())
    (span,) = seen.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == caught.value.meaning
    assert span.attributes is not None
    assert span.attributes["error.type"] == "ConflictError"
    assert span.attributes["itnio.code"] == -47
    for told in ("0123456789", PASSWORD, SECRET, KEY, "alice"):
        assert told not in span.to_json()


async def test_each_repeat_is_an_event(seen: Seen, scripted: Any) -> None:
    client, _ = scripted(BUSY, BUSY, answer(), retry=RetryPolicy(sleep=FakeSleep(), random=lambda: 0.5))
    await seen.instrument(client).sip_trunks.update(trunk_update())
    (span,) = seen.spans()
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
        ("itnio.retry", {"itnio.attempt": 1, "itnio.code": -18, "itnio.wait": 0.1}),
        ("itnio.retry", {"itnio.attempt": 2, "itnio.code": -18, "itnio.wait": 0.2}),
    ]
    assert span.attributes is not None
    assert (span.attributes["http.request.resend_count"], span.attributes["itnio.attempts"]) == (2, 3)
    assert span.status.status_code is StatusCode.UNSET
    assert seen.values("itnio.client.retries", "itnio.code") == {-18: 2}


async def test_a_cancelled_call_is_ended_and_not_an_error(seen: Seen, scripted: Any) -> None:
    client, transport = scripted(hang)
    call = asyncio.ensure_future(seen.instrument(client).sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    call.cancel()
    await asyncio.wait([call])
    (span,) = seen.spans()
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes is not None
    assert (span.attributes["itnio.ended"], span.attributes["error.type"]) == ("cancelled", "CancelledError")
    assert span.attributes["itnio.may_have_been_processed"] is True


async def test_a_deadline_is_an_error(seen: Seen, scripted: Any, loop_clock: LoopClock) -> None:
    client, transport = scripted(hang, deadline=5)
    call = asyncio.ensure_future(seen.instrument(client).sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    await loop_clock.run(6)
    with pytest.raises(DeadlineExceeded):
        await call
    (span,) = seen.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert (span.attributes["itnio.ended"], span.attributes["error.type"]) == ("timed_out", "DeadlineExceeded")


async def test_each_call_of_a_run_is_a_child_of_what_started_it(seen: Seen, scripted: Any) -> None:
    client, _ = scripted(answer())
    seen.instrument(client)
    with trace.use_span(seen.tracers.get_tracer("test").start_span("job")) as job:
        async with client.sip_trunks.update_many([trunk_update(key_id=number) for number in range(20)]) as run:
            assert all([outcome.ok async for outcome in run])
    spans = seen.spans()
    assert len(spans) == 20
    assert all(span.parent == job.get_span_context() for span in spans)


async def test_a_raw_request_names_no_path_of_its_own_in_metrics(seen: Seen, scripted: Any) -> None:
    client, _ = scripted(answer(), base_url="https://api.itniotech.com/prefix")
    seen.instrument(client)
    await client.request("POST", UPDATE_PATH, json={})
    await client.request("GET", "/v3/x/4711", params={"token": SECRET})
    await client.request("PURGE", "/v3/x")
    with pytest.raises(InvalidRequestError):
        await client.request("POST", "no path")
    known, get, purge, broken = seen.spans()
    assert [span.name for span in (known, get, purge, broken)] == [UPDATE_NAME, "GET", "HTTP", "HTTP"]
    assert get.attributes is not None
    assert purge.attributes is not None
    assert get.attributes["url.full"] == "https://api.itniotech.com/prefix/v3/x/4711"
    assert (get.attributes["server.address"], get.attributes["server.port"]) == ("api.itniotech.com", 443)
    assert purge.attributes["http.request.method_original"] == "PURGE"
    assert broken.status.status_code is StatusCode.ERROR
    for name in ("itnio.client.calls", "itnio.client.call.duration"):
        told = str([dict(point.attributes) for point in seen.points(name)])
        assert "4711" not in told
        assert "PURGE" not in told


async def test_views_have_spans_too(seen: Seen, scripted: Any) -> None:
    client, _ = scripted(answer())
    await seen.instrument(client.with_options(deadline=5)).sip_trunks.update(trunk_update())
    await client.sip_trunks.update(trunk_update())
    assert len(seen.spans()) == 2


# -- the current span -------------------------------------------------------------------------------------------------


async def test_the_span_is_the_current_one_in_the_call_and_not_after_it(seen: Seen, scripted: Any) -> None:
    current: list[Any] = []

    def note(_: Any) -> httpx.Response:
        current.append(trace.get_current_span().get_span_context())
        return answer()

    client, _ = scripted(note, on_call=note)
    await seen.instrument(client).sip_trunks.update(trunk_update())
    (span,) = seen.spans()
    assert current == [span.context, span.context]
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize("here", [True, False])
async def test_a_coroutine_that_is_closed_leaves_the_context_in_order(
    seen: Seen, scripted: Any, caplog: pytest.LogCaptureFixture, here: bool
) -> None:
    client, _ = scripted(hang)
    call = seen.instrument(client).sip_trunks.update(trunk_update())
    call.send(None)
    if here:
        call.close()
        assert trace.get_current_span() is trace.INVALID_SPAN
    else:
        contextvars.Context().run(call.close)
    assert [span.attributes["itnio.ended"] for span in seen.spans() if span.attributes] == ["cancelled"]
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_calls_at_once_do_not_mix_their_spans(seen: Seen, scripted: Any) -> None:
    current: dict[str, Any] = {}

    async def note(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        current[request.content.decode()] = trace.get_current_span().get_span_context().span_id
        return answer()

    client, _ = scripted(note)
    seen.instrument(client)
    await asyncio.gather(*(client.sip_trunks.update(trunk_update(key_id=number)) for number in range(1, 21)))
    assert len(set(current.values())) == 20
    for span in seen.spans():
        assert span.attributes is not None
        (sent,) = [body for body, span_id in current.items() if span_id == span.context.span_id]
        assert f'"keyId":{span.attributes["itnio.key_id"]},' in sent


async def test_a_failing_processor_does_not_hurt_the_call(
    seen: Seen, scripted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(SimpleSpanProcessor):
        def on_start(self, *_: Any, **__: Any) -> None:
            raise RuntimeError("a mistake at the start")

    seen.tracers.add_span_processor(Broken(InMemorySpanExporter()))
    client, transport = scripted(answer())
    await seen.instrument(client).sip_trunks.update(trunk_update())
    assert len(transport.sent) == 1
    assert "telemetry failed" in caplog.text
    assert trace.get_current_span() is trace.INVALID_SPAN


# -- metrics ----------------------------------------------------------------------------------------------------------


async def test_calls_are_counted_by_code_and_timed_in_seconds(seen: Seen, scripted: Any) -> None:
    client, _ = scripted(answer(), answer(-47), answer())
    seen.instrument(client)
    await client.sip_trunks.update(trunk_update())
    with pytest.raises(ConflictError):
        await client.sip_trunks.update(trunk_update())
    await client.sip_trunks.update(trunk_update())
    assert seen.values("itnio.client.calls", "itnio.code") == {0: 2, -47: 1}
    points = {point.attributes["itnio.code"]: point for point in seen.points("itnio.client.call.duration")}
    assert dict(points[-47].attributes) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "api.itniotech.com",
        "server.port": 443,
        "error.type": "ConflictError",
        "itnio.endpoint": UPDATE_NAME,
        "itnio.ended": "failed",
        "itnio.code": -47,
    }
    assert points[0].count == 2
    assert 0 < points[0].sum < 10
    assert points[0].explicit_bounds[0] == 0.005
    assert points[0].explicit_bounds[-1] == 60


async def test_the_pool_is_observed_over_all_clients_of_a_place(seen: Seen, make_client: Any) -> None:
    clients = [make_client(ScriptedTransport(hang), limits=httpx.Limits(max_connections=1)) for _ in range(2)]
    for client in clients:
        seen.instrument(client)
    calls = [asyncio.ensure_future(client.sip_trunks.update(trunk_update())) for client in clients for _ in range(3)]
    await until(lambda: all(client.stats.waiting == 2 for client in clients))
    assert seen.values("itnio.client.in_use", "server.address") == {"api.itniotech.com": 2}
    assert seen.values("itnio.client.waiting", "server.address") == {"api.itniotech.com": 4}
    for call in calls:
        call.cancel()
    await asyncio.wait(calls)
    await clients[0].aclose()
    assert seen.values("itnio.client.in_use", "server.address") == {"api.itniotech.com": 0}


async def test_connections_are_observed(seen: Seen) -> None:
    async with (
        Sandbox(trunks=1) as sandbox,
        AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client,
    ):
        seen.instrument(client)
        await client.sip_trunks.list()
        assert seen.values("itnio.client.connections_open", "server.port") == {httpx.URL(sandbox.url).port: 1}
        assert seen.values("itnio.client.idle", "server.port") == {httpx.URL(sandbox.url).port: 1}
    assert seen.values("itnio.client.connections_open", "server.port") == {}


async def test_a_client_that_is_gone_is_not_kept(seen: Seen) -> None:
    client = AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer()))
    seen.instrument(client)
    assert len(seen.points("itnio.client.in_use")) == 1
    client._shared.closed = True  # as if it were closed, or it would warn
    del client
    gc.collect()
    assert seen.points("itnio.client.in_use") == []


GLOBAL = """
import asyncio
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from itnio_async import AsyncClient
from itnio_async.telemetry import instrument

async def main():
    reader = InMemoryMetricReader()
    async with AsyncClient("k", "s") as one, AsyncClient("k", "s", base_url="https://us.itniotech.com") as two:
        instrument(one)
        metrics.set_meter_provider(MeterProvider([reader]))
        instrument(two)
        instrument(two, meter_provider=metrics.get_meter_provider())
        (resource,) = reader.get_metrics_data().resource_metrics
        for metric in resource.scope_metrics[0].metrics:
            if metric.name == "itnio.client.in_use":
                print(*sorted(point.attributes["server.address"] for point in metric.data.data_points))

asyncio.run(main())
"""


def test_a_global_provider_may_be_set_before_or_after() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", GLOBAL], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("api.itniotech.com us.itniotech.com\n", "")


# -- set up -----------------------------------------------------------------------------------------------------------


def test_it_is_for_a_client() -> None:
    with pytest.raises(ConfigurationError, match="AsyncClient"):
        instrument("client")  # type: ignore[arg-type]


def test_without_the_extra_it_says_what_to_install() -> None:
    script = "import sys; sys.modules['opentelemetry'] = None; import itnio_async.telemetry"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "pip install 'itnio-async[otel]'" in done.stderr


async def test_with_the_api_alone_it_does_nothing(scripted: Any) -> None:
    """As a program without an SDK has it: the providers make nothing."""
    client, _ = scripted(answer())
    instrument(client, tracer_provider=trace.NoOpTracerProvider(), meter_provider=metrics.NoOpMeterProvider())
    await client.sip_trunks.update(trunk_update())
    assert trace.get_current_span() is trace.INVALID_SPAN
