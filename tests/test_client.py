"""The client as a whole: wrong arguments, untyped requests, limits, and servers that misbehave on the wire."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import time
import tracemalloc
import zlib
from collections.abc import Mapping
from typing import Any, TypedDict

import httpx
import pytest
from attrs import evolve, frozen
from hypothesis import given, settings, strategies as st
from support.raw_server import Connection, http_answer, http_bytes
from support.scripted import ScriptedTransport, answer, hang, until
from support.values import KEY, SECRET, UPDATE_PATH, shown, trunk_add, trunk_update

import itnio_async
from itnio_async import (
    ENDPOINTS,
    ApiError,
    AsyncClient,
    ConfigurationError,
    ConflictError,
    ConnectError,
    ConnectionLost,
    Credentials,
    Endpoint,
    InvalidRequestError,
    ItnioError,
    ProtocolError,
    RateLimit,
    ReadTimeout,
    RetryPolicy,
    Stats,
    TransportError,
    UnexpectedResponseError,
    ValidationError,
)

UPDATE = ENDPOINTS[0]


# -- untyped requests -----------------------------------------------------------------------------------------------


async def test_an_untyped_request_goes_to_the_path_with_body_and_query(scripted: Any) -> None:
    client, transport = scripted(answer(data={"sum": 1}), base_url="https://api.itniotech.com/prefix/")
    response = await client.request(
        "post", "/v3/cc/seat/query", json={"a": [1, None, "ü"]}, params={"b": 2, "c": ["x", "y z"], "d": "&=?#/"}
    )
    (sent,) = transport.sent
    assert response.data == {"sum": 1}
    assert sent.method == "POST"
    assert sent.url.path == "/prefix/v3/cc/seat/query"
    assert sent.url.params.multi_items() == [("b", "2"), ("c", "x"), ("c", "y z"), ("d", "&=?#/")]
    assert json.loads(sent.content) == {"a": [1, None, "ü"]}


async def test_no_body_is_sent_for_none(scripted: Any) -> None:
    client, transport = scripted(answer())
    await client.request("GET", "/v3/x", params={})
    assert transport.sent[0].content == b""
    assert str(transport.sent[0].url) == "https://api.itniotech.com/v3/x"
    await client.request("POST", "/v3/x", json={})
    assert transport.sent[1].content == b"{}"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/v3/x",
        "http://api.itniotech.com/v3/x",
        "//evil.example/v3/x",
        "/\\evil.example",
        "\\\\evil.example",
        "v3/x",
        "",
        "@evil.example/",
        "/v3/x?a=1",
        "/v3/x#part",
        "/v3/x y",
        " /v3/x",
        "/v3/x\r\nHost: evil.example",
        "/v3/\x00",
        "/v3/ü",
        "/v3/\ud800",
        "/" + "a" * 100_000,
        None,
        5,
        b"/v3/x",
        httpx.URL("/v3/x"),
    ],
    ids=lambda path: repr(path)[:40],
)
async def test_anything_but_a_path_is_refused_and_nothing_sent(scripted: Any, path: Any) -> None:
    client, transport = scripted(answer())
    with pytest.raises(ItnioError, match="path") as caught:
        await client.request("POST", path)
    assert isinstance(caught.value, ValueError)
    assert caught.value.may_have_been_processed is False
    assert transport.sent == []
    assert client.stats.requests == 0
    await client.request("POST", "/v3/x")


@settings(max_examples=200, deadline=None)
@given(path=st.text(max_size=30) | st.text("/\\.@:%?#;a", max_size=12).map(lambda text: "/" + text))
async def test_no_path_leads_to_another_host(path: str) -> None:
    transport = ScriptedTransport(answer())
    async with AsyncClient(KEY, SECRET, transport=transport) as client:
        try:
            await client.request("GET", path)
        except ItnioError:
            assert transport.sent == []
    for sent in transport.sent:
        assert sent.url.host == "api.itniotech.com"
        assert sent.url.scheme == "https"
        assert sent.headers["Host"] == "api.itniotech.com"
        assert sent.url.query == b""
        assert sent.url.userinfo == b""


async def test_paths_with_an_id_in_them_do_not_pile_up(scripted: Any) -> None:
    client, transport = scripted(answer())
    for number in range(1100):
        await client.request("GET", f"/otp/app/details/{number}")
    assert transport.sent[-1].url.path == "/otp/app/details/1099"
    assert len(client._urls) <= 1000


async def test_endpoints_with_an_id_in_their_path_do_not_pile_up(scripted: Any) -> None:
    client, transport = scripted(answer())
    for number in range(1100):
        await client.call(evolve(UPDATE, path=f"/v3/cc/sipTrunk/update/{number}"), trunk_update())
    assert transport.sent[-1].url.path == "/v3/cc/sipTrunk/update/1099"
    assert len(client._templates) <= 1000


def test_endpoints_are_values() -> None:
    assert len({*ENDPOINTS, *(evolve(endpoint) for endpoint in ENDPOINTS)}) == len(ENDPOINTS)


@pytest.mark.parametrize("method", ["", "GET /", "POST\r\n", "PÖST", None, 5, b"POST"], ids=repr)
async def test_a_method_that_is_none_is_refused(scripted: Any, method: Any) -> None:
    client, transport = scripted(answer())
    with pytest.raises(ItnioError, match="method") as caught:
        await client.request(method, "/v3/x")
    assert isinstance(caught.value, ValueError)
    assert transport.sent == []


def endless() -> Any:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (float("nan"), "json"),
        ({"a": float("inf")}, "json.a"),
        ({"a": [1, {"b": {1, 2}}]}, "json.a[1].b"),
        ({1: 2}, "json"),
        ({"a": {None: 2}}, "json.a"),
        ({"a": 2**64}, "json.a"),
        ({"a": -(2**63) - 1}, "json.a"),
        ({"a": "\ud800"}, "json.a"),
        ({"\ud800": 1}, "json"),
        (b"{}", "json"),
        (object(), "json"),
        ({"a": 1j}, "json.a"),
        (endless(), "json"),
    ],
    ids=shown,
)
async def test_what_is_no_json_data_is_refused_with_its_place(scripted: Any, data: Any, field: str) -> None:
    client, transport = scripted(answer())
    with pytest.raises(InvalidRequestError) as caught:
        await client.request("POST", "/v3/x", json=data)
    assert caught.value.field is not None
    assert caught.value.field.startswith(field)
    assert transport.sent == []
    await client.request("POST", "/v3/x")


@pytest.mark.parametrize(
    "params",
    [
        "a=1",
        [("a", 1)],
        5,
        {1: 2},
        {"a": {"b": 1}},
        {"a": b"x"},
        {"a": object()},
        {"a": [[1]]},
        {"a": "\ud800"},
        {"\ud800": "a"},
        {"a": "x" * 100_000},
    ],
    ids=shown,
)
async def test_params_that_make_no_query_are_refused_by_name(scripted: Any, params: Any) -> None:
    client, transport = scripted(answer())
    with pytest.raises(InvalidRequestError) as caught:
        await client.request("GET", "/v3/x", params=params)
    assert caught.value.field is not None
    assert caught.value.field.startswith("params")
    assert transport.sent == []
    await client.request("GET", "/v3/x")


@pytest.mark.parametrize(
    ("path", "code", "kind"),
    [
        (UPDATE_PATH, -47, ConflictError),
        (UPDATE_PATH, -45, ValidationError),
        ("/v3/cc/elsewhere", -47, ApiError),
        ("/v3/cc/elsewhere", -22, ValidationError),
        ("/wa/template/add", -47, ApiError),
        ("/wa/template/add", -22, ApiError),
    ],
)
async def test_a_known_path_uses_the_codes_of_its_family(
    scripted: Any, path: str, code: int, kind: type[ApiError]
) -> None:
    client, _ = scripted(answer(code, "no"))
    with pytest.raises(ApiError) as caught:
        await client.request("POST", path, json={})
    assert type(caught.value) is kind
    assert caught.value.endpoint == f"POST {path}"


# -- typed calls ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("request_", [None, {}, 5, "x", trunk_add()], ids=lambda value: type(value).__name__)
async def test_a_call_with_another_requests_type_is_refused(scripted: Any, request_: Any) -> None:
    client, transport = scripted(answer())
    with pytest.raises(InvalidRequestError, match="SipTrunkUpdate") as caught:
        await client.call(UPDATE, request_)
    assert caught.value.field == "request"
    with pytest.raises(InvalidRequestError):
        await client.sip_trunks.update(request_)
    assert transport.sent == []


@pytest.mark.parametrize("endpoint", [None, "POST /v3/x", UPDATE_PATH, 5], ids=repr)
async def test_a_call_of_what_is_no_endpoint_is_refused(scripted: Any, endpoint: Any) -> None:
    client, transport = scripted(answer())
    with pytest.raises(InvalidRequestError, match="Endpoint"):
        await client.call(endpoint, trunk_update())
    assert transport.sent == []


class Plain:
    """A class that no converter knows, as a model of pydantic is."""

    number = "1"


class Typed(TypedDict):
    number: str


@frozen
class Holder:
    """A class that is known, with something in it that is not."""

    number: Any


OWN_PATHS = [("POST", "/own/call"), ("GET", "/own/call"), ("POST", "/own/{number}/call")]


@pytest.mark.parametrize(("method", "path"), OWN_PATHS)
@pytest.mark.parametrize(
    ("request_type", "request_"),
    [
        (Plain, Plain()),
        (Typed, {"number": "1"}),
        (dict[str, str], {"number": "1"}),
        (Any, {"number": "1"}),
        (None, None),
        ("Plain", Plain()),
        (object, Plain()),
        (Holder, Holder(Plain())),
        (Holder, Holder({"1"})),
        (dict, {"number": {"1"}}),
        (dict, {"number": {1: "1"}}),
        (bytes, b"1"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_request_of_ones_own_that_cannot_be_sent_is_refused(
    scripted: Any, request_type: Any, request_: Any, method: str, path: str
) -> None:
    client, transport = scripted()
    with pytest.raises(InvalidRequestError) as caught:
        await client.call(Endpoint(method, path, request_type, None, idempotent=True), request_)
    assert (caught.value.field or "").startswith(("request", "params.", "endpoint", "number"))
    assert transport.sent == []


@pytest.mark.parametrize(("method", "path"), OWN_PATHS)
@pytest.mark.parametrize(
    ("request_type", "request_"), [(Holder, Holder("1")), (dict, {"number": "1"}), (Mapping, {"number": "1"})]
)
async def test_a_request_of_ones_own_is_sent(
    scripted: Any, request_type: Any, request_: Any, method: str, path: str
) -> None:
    client, transport = scripted(answer())
    await client.call(Endpoint(method, path, request_type, None, idempotent=True), request_)
    (sent,) = transport.sent
    assert sent.url.path.startswith("/own/")
    assert "1" in f"{sent.url}{sent.content!r}"


@pytest.mark.parametrize("kind", [Plain, list[Plain], Plain | None, "Plain", object])
async def test_answers_that_cannot_be_read_are_refused_before_the_call(scripted: Any, kind: Any) -> None:
    client, transport = scripted()
    endpoint = Endpoint("POST", "/own/call", dict, kind, idempotent=True)
    with pytest.raises(InvalidRequestError, match=r"Plain|object") as caught:
        await client.call(endpoint, {})
    with pytest.raises(InvalidRequestError):
        client.bulk(endpoint, [{}])
    assert caught.value.field == "endpoint"
    assert transport.sent == []


async def test_a_refused_request_leaves_the_client_usable(scripted: Any) -> None:
    client, transport = scripted(answer(), limits=httpx.Limits(max_connections=1))
    for key_id in (2**31, None, "1", True, 1.0, 2**70):
        with pytest.raises(InvalidRequestError) as caught:
            await client.sip_trunks.update(trunk_update(key_id=key_id))
        assert caught.value.field == "key_id"
    await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == client.stats.requests == 1


async def test_stats_are_a_snapshot(scripted: Any) -> None:
    client, transport = scripted(hang, limits=httpx.Limits(max_connections=2))
    before = client.stats
    calls = [asyncio.create_task(client.sip_trunks.update(trunk_update())) for _ in range(5)]
    await until(lambda: len(transport.sent) == 2)
    assert before == Stats(0, 0, 0, 0, 0, 0, 0, 0)
    assert (client.stats.in_use, client.stats.waiting, client.stats.requests) == (2, 3, 2)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


def test_every_public_name_is_there() -> None:
    for name in itnio_async.__all__:
        assert getattr(itnio_async, name) is not None
    with pytest.raises(AttributeError):
        itnio_async.nothing  # noqa: B018


# -- limits ---------------------------------------------------------------------------------------------------------


async def test_at_most_max_connections_calls_are_past_the_limiter(scripted: Any) -> None:
    inside = most = 0

    async def count(_: httpx.Request) -> httpx.Response:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1
        return answer()

    client, _ = scripted(count, limits=httpx.Limits(max_connections=3))
    await asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(50)))
    assert most == 3

    most = 0
    client, _ = scripted(count, limits=httpx.Limits(max_connections=None))
    await asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(300)))
    assert most == 300


async def test_first_come_first_served(scripted: Any) -> None:
    client, transport = scripted(answer(), limits=httpx.Limits(max_connections=1))
    await asyncio.gather(*(client.sip_trunks.update(trunk_update(key_id=number)) for number in range(1, 30)))
    assert [json.loads(request.content)["keyId"] for request in transport.sent] == list(range(1, 30))


@pytest.mark.parametrize(
    ("rate_limit", "calls", "least"),
    [(RateLimit(2, 0.05), 6, 0.09), (400, 402, 0.9), (RateLimit(0.5, 0.05), 3, 0.15), (RateLimit(1.5, 0.05), 4, 0.05)],
    ids=str,
)
async def test_each_attempt_counts_against_the_rate(scripted: Any, rate_limit: Any, calls: int, least: float) -> None:
    client, transport = scripted(answer(-16), answer(), rate_limit=rate_limit)
    started = time.monotonic()
    await asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(calls - 1)))
    assert len(transport.sent) == calls
    assert time.monotonic() - started >= least


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_limit": 0},
        {"rate_limit": -1},
        {"rate_limit": "5"},
        {"rate_limit": True},
        {"limits": httpx.Limits(max_connections=0)},
        {"limits": httpx.Limits(max_connections=1.5)},  # type: ignore[arg-type]
        {"limits": {}},
        {"timeout": -1},
        {"timeout": "5"},
        {"timeout": True},
        {"timeout": httpx.Timeout(5, pool=float("nan"))},
        {"retry": 3},
        {"transport": object()},
        {"transport": httpx.MockTransport},
        {"verify": "/etc/certificates.pem"},
        {"verify": None},
        {"trust_env": 1},
        {"allow_insecure": "yes"},
        {"max_response_bytes": 0},
        {"max_response_bytes": 1.5},
        {"on_retry": 5},
        {"on_retry": hang},  # a coroutine function, which nobody would await
        {"clock": None},
        {"clock": 1630468800},
        {"credentials": ("k", "s")},
        {"base_url": 5},
        {"base_url": ""},
        {"base_url": "api.itniotech.com"},
        {"base_url": "http://api.itniotech.com"},
        {"base_url": "https://api.itniotech.com/?a=b"},
        {"base_url": "https://user:password@api.itniotech.com"},
        {"base_url": "https://"},
        {"base_url": "https://api.itniotech.com:99999"},
        {"base_url": "https://api..itniotech.com"},
        {"base_url": f"https://{'a' * 64}.itniotech.com"},
        {"base_url": "https://.itniotech.com"},
        {"proxy": 5},
    ],
    ids=shown,
)
def test_wrong_settings_are_refused_by_name(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    account = {} if name == "credentials" else {"api_key": KEY, "api_secret": SECRET}
    with pytest.raises(ConfigurationError, match=name):
        AsyncClient(**account, **wrong)


def test_a_proxy_and_a_transport_of_the_callers_exclude_each_other() -> None:
    with pytest.raises(ConfigurationError, match="proxy"):
        AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer()), proxy="http://127.0.0.1:1")


@pytest.mark.parametrize("bad", ["", " k", "k\n", "k\r\nX: y", "\x00", "schlüssel", None, 5, b"k"], ids=repr)
@pytest.mark.parametrize("name", ["api_key", "api_secret"])
def test_keys_and_secrets_that_cannot_be_sent_are_refused_unseen(name: str, bad: Any) -> None:
    account = {"api_key": KEY, "api_secret": SECRET, name: bad}
    with pytest.raises(ConfigurationError, match=name) as caught:
        AsyncClient(**account)
    if isinstance(bad, str) and len(bad) > 2:
        assert bad not in str(caught.value)


# -- the environment ------------------------------------------------------------------------------------------------


async def test_what_is_not_passed_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITNIO_API_KEY", "from-there")
    monkeypatch.setenv("ITNIO_API_SECRET", "s")
    monkeypatch.setenv("ITNIO_BASE_URL", "https://api.onbuka.com")
    transport = ScriptedTransport(answer())
    async with AsyncClient(transport=transport) as client:
        await client.sip_trunks.update(trunk_update())
    assert transport.headers_sent("Api-Key") == ["from-there"]
    assert transport.headers_sent("Host") == ["api.onbuka.com"]
    async with AsyncClient("k", "s", base_url="http://localhost:1", transport=transport) as client:
        await client.sip_trunks.update(trunk_update())
    assert transport.headers_sent("Api-Key")[-1] == "k"
    assert transport.headers_sent("Host")[-1] == "localhost:1"


@pytest.mark.parametrize(
    ("environment", "passed", "name"),
    [
        ({}, {}, "ITNIO_API_KEY"),
        ({"ITNIO_API_KEY": "k"}, {}, "ITNIO_API_SECRET"),
        ({"ITNIO_API_KEY": "k", "ITNIO_API_SECRET": ""}, {}, "ITNIO_API_SECRET"),
        ({"ITNIO_API_SECRET": "s"}, {"api_key": "k"}, "api_secret"),
        ({"ITNIO_API_KEY": "k", "ITNIO_API_SECRET": "s"}, {"api_secret": "s"}, "api_key"),
        ({"ITNIO_API_KEY": "k", "ITNIO_API_SECRET": "s"}, {"api_key": "", "api_secret": "s"}, "api_key"),
        ({"ITNIO_BASE_URL": "https://evil.example"}, {"api_key": "k", "api_secret": "s"}, "ITNIO_BASE_URL"),
        ({"ITNIO_BASE_URL": "https://evil-itniotech.com"}, {"api_key": "k", "api_secret": "s"}, "ITNIO_BASE_URL"),
        ({"ITNIO_BASE_URL": "http://api.itniotech.com"}, {"api_key": "k", "api_secret": "s"}, "ITNIO_BASE_URL"),
        ({"ITNIO_BASE_URL": "nonsense"}, {"api_key": "k", "api_secret": "s"}, "ITNIO_BASE_URL"),
    ],
    ids=str,
)
def test_halves_and_strangers_are_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], passed: dict[str, str], name: str
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=name):
        AsyncClient(**passed)


@pytest.mark.parametrize("url", ["http://127.0.0.1:5", "https://api.laaffic.com", "https://itniotech.com", ""])
def test_an_address_of_the_environment_that_is_trusted(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("ITNIO_BASE_URL", url)
    client = AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer()))
    assert (url or "https://api.itniotech.com") in repr(client)
    asyncio.run(client.aclose())


# -- on the wire ----------------------------------------------------------------------------------------------------


def once(data: bytes, then: str = "hang_up") -> Any:
    """A handler that reads a request, sends the bytes and hangs up, resets or stays silent."""

    async def handler(connection: Connection) -> None:
        await connection.receive()
        if data:
            await connection.send(data)
        if then == "stay":
            await connection.reader.read()
        else:
            getattr(connection, then)()

    return handler


BODY = b'{"status":"0","reason":"success","data":null}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (b"", ConnectionLost),
        (b"HTTP/1.1 2", ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nContent-Le", ConnectionLost),
        (HEAD, ConnectionLost),
        (HEAD + BODY[:10], ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2d\r\n" + BODY, ConnectionLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + BODY, ProtocolError),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", ProtocolError),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", ProtocolError),
        (b"+OK ready\r\n", (ProtocolError, ConnectionLost)),
        (b"HTTP/1.1 abc OK\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n" + BODY, ProtocolError),
        (b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n" + BODY, ProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 300_000 + b"\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", UnexpectedResponseError),
        (b"HTTP/1.1 200 OK\r\n\r\n", UnexpectedResponseError),
        (b"HTTP/1.1 204 No Content\r\n\r\n", UnexpectedResponseError),
    ],
    ids=lambda value: repr(value[:50]) if isinstance(value, bytes) else "",
)
@pytest.mark.parametrize("then", ["hang_up", "reset"])
async def test_half_answers_and_garbage_are_typed_errors_at_once(
    raw_server: Any, make_client: Any, data: bytes, kinds: Any, then: str
) -> None:
    server = await raw_server(once(data, then))
    client = make_client(base_url=server.url, limits=httpx.Limits(max_connections=1))
    started = time.monotonic()
    with pytest.raises(ItnioError) as caught:
        await client.sip_trunks.update(trunk_update())
    if then == "hang_up":
        assert isinstance(caught.value, kinds)
    else:
        # A reset may overtake what was sent before it.
        assert isinstance(caught.value, ConnectionLost | ProtocolError | UnexpectedResponseError)
    assert caught.value.may_have_been_processed
    assert time.monotonic() - started < 2
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY,
        b"HTTP/1.1 200\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
        b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + BODY,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2d\r\n" + BODY + b"\r\n0\r\n\r\n",
        HEAD + BODY + b"and more that nobody asked for",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(BODY, mtime=0),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + zlib.compress(BODY),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\n" + BODY,
    ],
    ids=lambda value: repr(value[:60]),
)
async def test_unusual_but_whole_answers_are_read(raw_server: Any, make_client: Any, data: bytes) -> None:
    server = await raw_server(once(data))
    client = make_client(base_url=server.url)
    for _ in range(3):
        await client.sip_trunks.update(trunk_update())


async def test_an_answer_byte_by_byte(raw_server: Any, make_client: Any) -> None:
    async def slowly(connection: Connection) -> None:
        await connection.receive()
        for byte in http_answer():
            await connection.send(bytes([byte]))
            await asyncio.sleep(0)

    server = await raw_server(slowly)
    client = make_client(base_url=server.url)
    await client.sip_trunks.update(trunk_update())


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + BODY[:5]], ids=["nothing", "head", "half"])
async def test_a_server_that_falls_silent(raw_server: Any, make_client: Any, sent: bytes) -> None:
    server = await raw_server(once(sent, "stay"))
    client = make_client(base_url=server.url, timeout=httpx.Timeout(5, read=0.05))
    with pytest.raises(ReadTimeout) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


@pytest.mark.parametrize("how", ["hang_up", "reset"])
async def test_a_connection_closed_in_between_is_replaced(raw_server: Any, make_client: Any, how: str) -> None:
    async def one_each(connection: Connection) -> None:
        await connection.receive()
        await connection.send(http_answer())
        getattr(connection, how)()

    server = await raw_server(one_each)
    client = make_client(base_url=server.url)
    for number in range(1, 5):
        await client.sip_trunks.update(trunk_update())
        assert server.connections == number
        await asyncio.sleep(0.005)  # for the hang-up to arrive, which no event of ours tells


async def test_nobody_listens(raw_server: Any, make_client: Any) -> None:
    server = await raw_server(once(b""))
    url = server.url
    await server.__aexit__()
    client = make_client(base_url=url)
    with pytest.raises(ConnectError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed is False
    assert isinstance(caught.value, TransportError)


@pytest.mark.parametrize("host", ["-bad-.invalid", "nowhere.invalid.", "a_b.invalid", "xn--nxasmq6b.invalid"])
async def test_a_name_that_nobody_has(make_client: Any, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    def unknown(name: Any, *_: Any, **__: Any) -> Any:
        name.encode("idna") if isinstance(name, str) else name
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # no look-up leaves this machine
    client = make_client(base_url=f"https://{host}")
    with pytest.raises(ConnectError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed is False


async def test_plain_http_where_tls_is_wanted(raw_server: Any, make_client: Any) -> None:
    async def plain(connection: Connection) -> None:
        await connection.reader.read(10)
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await raw_server(plain)
    client = make_client(base_url=server.url.replace("http:", "https:"))
    with pytest.raises(ConnectError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed is False


@pytest.mark.parametrize("form", ["plain", "chunked", "gzip"])
async def test_an_answer_over_the_limit_is_refused_while_it_arrives(
    raw_server: Any, make_client: Any, form: str
) -> None:
    sent = 0
    over = asyncio.Event()

    async def for_ever(connection: Connection) -> None:
        nonlocal sent
        await connection.receive()
        encoding = {"chunked": b"Transfer-Encoding: chunked\r\n", "gzip": b"Content-Encoding: gzip\r\n"}.get(form, b"")
        await connection.send(b"HTTP/1.1 200 OK\r\n" + encoding + b"\r\n")
        packer = zlib.compressobj(wbits=31)
        try:
            while True:
                part = b"x" * 10_000
                if form == "gzip":
                    part = packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
                await connection.send(b"2710\r\n" + part + b"\r\n" if form == "chunked" else part)
                sent += 10_000
                await asyncio.sleep(0)
        finally:
            over.set()

    server = await raw_server(for_ever)
    client = make_client(base_url=server.url, max_response_bytes=50_000)
    with pytest.raises(UnexpectedResponseError, match="max_response_bytes") as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed
    await asyncio.wait_for(over.wait(), 3)  # the connection is closed, not read to an end
    assert sent < 20_000_000


async def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(raw_server: Any, make_client: Any) -> None:
    bomb = gzip.compress(b" " * 50_000_000 + BODY)
    server = await raw_server(once(http_bytes(bomb, headers="Content-Encoding: gzip\r\n"), "stay"))
    client = make_client(base_url=server.url, max_response_bytes=100_000)
    tracemalloc.start()
    try:
        with pytest.raises(UnexpectedResponseError, match="max_response_bytes"):
            await client.sip_trunks.update(trunk_update())
        assert tracemalloc.get_traced_memory()[1] < 5_000_000  # and is never unpacked whole
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [len(BODY), len(BODY) - 1])
@pytest.mark.parametrize("packed", [False, True])
async def test_the_limit_is_on_decoded_bytes_and_exact(
    raw_server: Any, make_client: Any, size: int, packed: bool
) -> None:
    body = gzip.compress(BODY) if packed else BODY
    server = await raw_server(once(http_bytes(body, headers="Content-Encoding: gzip\r\n" if packed else "")))
    client = make_client(base_url=server.url, max_response_bytes=size)
    if size == len(BODY):
        await client.sip_trunks.update(trunk_update())
    else:
        with pytest.raises(UnexpectedResponseError):
            await client.sip_trunks.update(trunk_update())


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [BODY, b"", gzip.compress(BODY, mtime=0)[:-12], b"\x1f\x8b" + b"x" * 50])
async def test_what_says_that_it_is_compressed_and_is_not(
    raw_server: Any, make_client: Any, coding: str, body: bytes
) -> None:
    server = await raw_server(once(http_bytes(body, headers=f"Content-Encoding: {coding}\r\n")))
    client = make_client(base_url=server.url)
    with pytest.raises(UnexpectedResponseError):
        await client.sip_trunks.update(trunk_update())


async def test_the_limit_holds_for_an_answer_that_is_there_at_once(scripted: Any) -> None:
    client, _ = scripted(httpx.Response(200, content=BODY), max_response_bytes=len(BODY) - 1)
    with pytest.raises(UnexpectedResponseError, match="max_response_bytes"):
        await client.sip_trunks.update(trunk_update())


async def test_the_request_on_the_wire(raw_server: Any, make_client: Any) -> None:
    received: list[bytes] = []

    async def keep(connection: Connection) -> None:
        received.append(await connection.receive())
        await connection.send(http_answer())

    server = await raw_server(keep)
    client = make_client(base_url=server.url, clock=lambda: 1630468800, retry=RetryPolicy(on=()))
    view = client.with_options(credentials=Credentials("bDqJFiq9", "7bz1lzh9"))
    await view.sip_trunks.update(trunk_update())
    head, _, body = received[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert len(headers) == len(lines) - 1
    assert lines[0] == f"POST {UPDATE_PATH} HTTP/1.1"
    assert headers["sign"] == "05d7a50893e22a5c4bb3216ae3396c7c"
    assert headers["timestamp"] == "1630468800"
    assert headers["api-key"] == "bdqjfiq9"
    assert headers["host"] == server.url.removeprefix("http://")
    assert headers["content-type"] == "application/json;charset=utf-8"
    assert headers["user-agent"] == f"itnio-async/{itnio_async.__version__}"
    assert int(headers["content-length"]) == len(body)


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "[::1]"])
async def test_prefix_query_and_host_on_the_wire(raw_server: Any, make_client: Any, address: str) -> None:
    received: list[bytes] = []

    async def keep(connection: Connection) -> None:
        received.append(await connection.receive())
        await connection.send(http_answer())

    try:
        server = await raw_server(keep, address.strip("[]"))
    except OSError:
        pytest.skip("this machine has no such address")
    port = server.url.rpartition(":")[2]
    client = make_client(base_url=f"http://{address}:{port}/some/prefix")
    await client.request("GET", "/v3/x", params={"a": "b c", "d": [1, 2]})
    lines = received[0].decode().split("\r\n")
    assert lines[0] == "GET /some/prefix/v3/x?a=b+c&d=1&d=2 HTTP/1.1"
    assert f"Host: {address}:{port}" in lines


@pytest.mark.parametrize("middleware", [[], [lambda transport: transport]], ids=["pool", "middleware"])
async def test_a_connection_that_dies_under_a_request(raw_server: Any, make_client: Any, middleware: Any) -> None:
    """What may be repeated is sent once more, quietly; what may not fails, and was sent once."""
    received: list[bytes] = []

    async def one_and_a_half(connection: Connection) -> None:
        received.append(await connection.receive())
        await connection.send(http_answer(data=7))
        received.append(await connection.receive())
        connection.hang_up()

    server = await raw_server(one_and_a_half)
    client = make_client(base_url=server.url, middleware=middleware)
    await client.sip_trunks.update(trunk_update(key_id=1))
    response = await client.call(UPDATE, trunk_update(key_id=2))
    assert response.attempts == 1
    assert [b'"keyId":2' in request for request in received] == [False, True, True]
    assert client.stats.retries == 0

    with pytest.raises(ConnectionLost) as caught:
        await client.sip_trunks.add(trunk_add())
    assert caught.value.may_have_been_processed
    assert len(received) == 4
    assert await client.sip_trunks.add(trunk_add()) == 7


async def test_ten_thousand_at_once(scripted: Any) -> None:
    client, transport = scripted(answer())
    await asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(10_000)))
    assert len(transport.sent) == 10_000
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


@pytest.mark.parametrize("way", ["pool", "middleware"])
async def test_a_refusal_that_breaks_off_says_so(raw_server: Any, make_client: Any, way: str) -> None:
    server = await raw_server(once(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 99\r\n\r\n<html>"))
    client = make_client(base_url=server.url, middleware=[lambda inner: inner] if way == "middleware" else ())
    with pytest.raises(ConnectionLost, match="after a head with HTTP 413"):
        await client.sip_trunks.update(trunk_update())
    # A later failure before any head says nothing of an earlier one.
    await server.__aexit__(None, None, None)
    with pytest.raises(ItnioError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert "HTTP 413" not in str(caught.value)


async def test_a_view_of_a_subclass_has_what_the_subclass_has() -> None:
    class Tenant(AsyncClient):
        def __init__(self, tenant: str) -> None:
            super().__init__(KEY, SECRET, transport=ScriptedTransport(answer()))
            self.tenant = tenant

    async with Tenant("berlin") as client:
        own = client.sip_trunks
        view = client.with_options(timeout=3)
        assert (type(view), view.tenant) == (Tenant, "berlin")
        assert view.sip_trunks is not own
        await view.aclose()
        await client.sip_trunks.update(trunk_update())
