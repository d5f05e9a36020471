"""The tools that people patch httpx with, as they come: nothing configured on our side, before our import and after it.

Each runs in a process of its own against the sandbox, since what they replace is the same for a whole process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from itnio_async.sandbox import Sandbox
from itnio_async.testing import SECRET_HEADERS
from itnio_async.transport.patchable import CLIENT, HTTPX, TRANSPORT

CALL_TWICE = """
import asyncio, json, os
from itnio_async import AsyncClient

async def main():
    async with AsyncClient() as client:
        for _ in range(2):
            total = (await client.sip_trunks.list()).total
        stats = client.stats
        return {"total": total, "opened": stats.connections_opened, "reused": stats.connections_reused}
"""

OPENTELEMETRY = """
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
HTTPXClientInstrumentor().instrument(tracer_provider=provider)
"""
OPENTELEMETRY_SAW = "[str(dict(span.attributes)) for span in exporter.get_finished_spans()]"

SENTRY = """
import sentry_sdk
from sentry_sdk.integrations.httpx import HttpxIntegration
from sentry_sdk.transport import Transport
envelopes = []
class Keep(Transport):
    def capture_envelope(self, envelope):
        envelopes.append(envelope)
sentry_sdk.init(dsn="http://key@127.0.0.1:9/1", transport=Keep, traces_sample_rate=1.0, default_integrations=False,
                integrations=[HttpxIntegration()], auto_enabling_integrations=False)
"""
SENTRY_MAIN = """
plain_main = main
async def main():
    with sentry_sdk.start_transaction(name="job"):
        return await plain_main()
"""
SENTRY_SAW = """[
    span["description"]
    for envelope in envelopes for item in envelope.items if item.type == "transaction"
    for span in item.payload.json["spans"]
]"""

VCR = """
import vcr
cassette = vcr.VCR(filter_headers=json.loads(os.environ["FILTERED"])).use_cassette(os.environ["CASSETTE"])
tape = cassette.__enter__()
"""
VCR_SAW = "[request.uri for request in tape.requests]"

RESPX = """
import httpx, respx
router = respx.mock(assert_all_called=False)
router.post(path="/v3/cc/sipTrunk/query").mock(
    return_value=httpx.Response(200, json={"status": 0, "reason": "", "data": {"total": 77, "records": []}})
)
router.start()
"""
RESPX_SAW = "[call.request.url.path for call in router.calls]"


def run(program: str, **environment: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-W", "ignore::DeprecationWarning", "-c", program],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def with_tool(order: str, activate: str, saw: str, *, more: str = "") -> str:
    activate = "import json, os\n" + activate
    parts = [activate, CALL_TWICE] if order == "before" else [CALL_TWICE, activate]
    return "\n".join([*parts, more, f"print(json.dumps(asyncio.run(main()) | dict(saw={saw})))"])


@pytest.fixture
def account():
    with Sandbox(trunks=3) as sandbox:
        yield {
            "ITNIO_API_KEY": sandbox.api_key,
            "ITNIO_API_SECRET": sandbox.api_secret,
            "ITNIO_BASE_URL": sandbox.url,
        }


PYTEST = (
    "-m",
    "pytest",
    "-q",
    "-W",
    "error",
    "-o",
    "asyncio_mode=auto",
    "-o",
    "asyncio_default_fixture_loop_scope=function",
)
ORDERS = pytest.mark.parametrize("order", ["before", "after"])
OVER_OUR_POOL = {"total": 3, "opened": 1, "reused": 1}


@ORDERS
def test_opentelemetry_sees_each_call_and_the_pool_stays_ours(order, account):
    result = run(with_tool(order, OPENTELEMETRY, OPENTELEMETRY_SAW), **account)
    spans = result.pop("saw")
    assert result == OVER_OUR_POOL
    assert len(spans) == 2
    assert all("/v3/cc/sipTrunk/query" in span for span in spans)
    assert account["ITNIO_API_SECRET"] not in str(spans)


@ORDERS
def test_sentry_sees_each_call_and_the_pool_stays_ours(order, account):
    result = run(with_tool(order, SENTRY, SENTRY_SAW, more=SENTRY_MAIN), **account)
    spans = result.pop("saw")
    assert result == OVER_OUR_POOL
    assert len(spans) == 2
    assert all("/v3/cc/sipTrunk/query" in span for span in spans)


@ORDERS
def test_opentelemetry_and_sentry_together(order, account):
    program = with_tool(
        order, OPENTELEMETRY + SENTRY, f"{OPENTELEMETRY_SAW} + {SENTRY_SAW}".replace("\n", ""), more=SENTRY_MAIN
    )
    result = run(program, **account)
    assert len(result.pop("saw")) == 4
    assert result == OVER_OUR_POOL


@pytest.mark.slow  # starts two programs that load vcrpy
@ORDERS
def test_vcrpy_records_over_our_pool_and_plays_back_without_a_server(order, account, tmp_path):
    cassette = tmp_path / "tape.yaml"
    program = with_tool(order, VCR, VCR_SAW) + "\ncassette.__exit__(None, None, None)"
    account |= {"CASSETTE": str(cassette), "FILTERED": json.dumps(SECRET_HEADERS)}
    recorded = run(program, **account)
    assert recorded["total"] == 3
    assert recorded["opened"] == 1
    text = cassette.read_text().lower()
    assert "siptrunk/query" in text
    assert not [name for name in ("sign:", "timestamp:", "api-key:") if name in text]
    played = run(program, **account)
    assert played["total"] == 3
    assert played["opened"] == 0


@ORDERS
def test_respx_answers_instead_of_the_server(order, account):
    result = run(with_tool(order, RESPX, RESPX_SAW), **account)
    assert result["total"] == 77
    assert result["saw"] == ["/v3/cc/sipTrunk/query"] * 2


@ORDERS
def test_respx_in_its_other_manner(order, account):
    program = with_tool(order, RESPX.replace("respx.mock(", 'respx.mock(using="httpx", '), RESPX_SAW)
    result = run(program, **account)
    assert result["total"] == 77
    assert len(result["saw"]) == 2


@pytest.mark.slow  # starts pytest with its plugins
@ORDERS
def test_pytest_httpx(order, account, tmp_path):
    imported = "from itnio_async import AsyncClient, ReadTimeout"
    test = tmp_path / "test_it.py"
    test.write_text(
        f"""
import httpx, pytest
{imported if order == "after" else ""}

async def test_it(httpx_mock):
    {imported if order == "before" else ""}
    httpx_mock.add_response(json={{"status": "0", "reason": "", "data": {{"total": 77, "records": []}}}})
    httpx_mock.add_exception(httpx.ReadTimeout("too slow"))
    async with AsyncClient() as client:
        assert (await client.sip_trunks.list()).total == 77
        with pytest.raises(ReadTimeout):
            await client.sip_trunks.list()
    assert len(httpx_mock.get_requests()) == 2
""",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, *PYTEST, str(test)],
        env=os.environ | account,
        cwd=Path(tmp_path),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_tool_that_is_gone_leaves_nothing_behind(account):
    program = (
        CALL_TWICE
        + RESPX
        + """
mocked = asyncio.run(main())
router.stop()
print(json.dumps({"mocked": mocked["total"]} | asyncio.run(main())))
"""
    )
    assert run(program, **account) == {"mocked": 77} | OVER_OUR_POOL


class Wrapper:
    """Says that it equals what it wraps, as wrapt's do."""

    def __init__(self, wrapped):
        self.wrapped = wrapped

    def __eq__(self, other):
        return bool(self.wrapped == other)

    __hash__ = None


@pytest.mark.parametrize(
    ("seams", "owner", "name"),
    [
        (TRANSPORT, httpx.AsyncHTTPTransport, "handle_async_request"),
        (CLIENT, httpx.AsyncClient, "send"),
        (CLIENT, httpx.AsyncClient, "_transport_for_url"),
        (CLIENT, httpx.AsyncClient, "_send_single_request"),
    ],
)
def test_each_place_is_looked_at_by_identity_in_the_one_look_of_all_calls(monkeypatch, seams, owner, name):
    for one in (seams, HTTPX):
        assert not one.are_replaced()
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, Wrapper(vars(owner)[name]))
            assert one.are_replaced()
            assert one.are_replaced()
        assert not one.are_replaced()
