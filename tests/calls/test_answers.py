"""What the client makes of each answer and each failure, played by respx on a client with default settings."""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import Any

import httpx
import pytest
import respx
from hypothesis import HealthCheck, given, settings, strategies as st
from support.scripted import FakeSleep, ScriptedTransport
from support.values import ADD_PATH, KEY, SECRET, UPDATE_PATH, trunk_add, trunk_update

from itnio_async import (
    ENDPOINTS,
    ApiError,
    AsyncClient,
    AuthenticationError,
    ConflictError,
    ConnectError,
    ConnectionLost,
    ConnectTimeout,
    IpNotAllowedError,
    ItnioError,
    NotFoundError,
    PoolTimeout,
    ProtocolError,
    ProxyError,
    QuotaError,
    ReadTimeout,
    RetryPolicy,
    ServerError,
    TimestampExpiredError,
    UnexpectedResponseError,
    ValidationError,
    WriteTimeout,
)

HOST = "https://api.itniotech.com"
URL = HOST + UPDATE_PATH
UPDATE = ENDPOINTS[0]
QUICK = RetryPolicy(sleep=FakeSleep())


@respx.mock
async def test_plain_respx_on_a_client_with_default_settings() -> None:
    route = respx.post(URL).respond(json={"status": "0", "reason": "success", "data": None})
    async with AsyncClient("bDqJFiq9", "7bz1lzh9") as client:
        assert await client.sip_trunks.update(trunk_update()) is None
    request = route.calls.last.request
    assert json.loads(request.content) == {
        "keyId": 1,
        "groupList": [{"voiceGroupId": 1000026}],
        "sipTrunkName": "22232",
        "sipGatewayIp": "12.325.353.2",
        "sipTrunkState": False,
    }
    assert request.headers["Api-Key"] == "bDqJFiq9"
    assert request.headers["Content-Type"] == "application/json;charset=UTF-8"


async def test_the_respx_fixture_on_a_client_with_default_settings(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(HOST + ADD_PATH).respond(json={"status": 0, "reason": "success", "data": 1234})
    async with AsyncClient(KEY, SECRET) as client:
        assert await client.sip_trunks.add(trunk_add()) == 1234


@pytest.fixture
async def client() -> Any:
    async with AsyncClient(KEY, SECRET, retry=QUICK) as made:
        yield made


async def test_an_unmocked_request_is_respxs_own_failure(client: AsyncClient, respx_mock: respx.MockRouter) -> None:
    with pytest.raises(AssertionError, match="not mocked") as caught:
        await client.sip_trunks.update(trunk_update())
    assert not isinstance(caught.value, ItnioError)
    assert type(caught.value).__module__.startswith("respx")
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


# -- what the envelope says -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["0", 0, 0.0, "-0"])
@pytest.mark.parametrize("data", [..., None, 5, "text", {}, {"status": "-1", "code": -45}, [1]], ids=str)
async def test_success_in_all_its_forms(
    client: AsyncClient, respx_mock: respx.MockRouter, status: Any, data: Any
) -> None:
    whole = {"status": status, "reason": "success", **({} if data is ... else {"data": data})}
    respx_mock.post(URL).respond(json=whole)
    response = await client.call(UPDATE, trunk_update())
    assert response.data is None
    assert response.raw == whole
    assert (response.status, response.reason, response.http_status, response.attempts) == (0, "success", 200, 1)
    assert type(response.status) is int
    assert 0 < response.elapsed < 5
    assert isinstance(response.headers, httpx.Headers)


CODES = {
    -1: AuthenticationError,
    -2: IpNotAllowedError,
    -16: TimestampExpiredError,
    -18: ServerError,
    -20: ConflictError,
    -22: ValidationError,
    -23: QuotaError,
    -24: NotFoundError,
    -44: ValidationError,
    -45: ValidationError,
    -47: ConflictError,
    -48: ValidationError,
    -49: ValidationError,
    -50: ValidationError,
    -51: ValidationError,
    -52: ConflictError,
    -53: ConflictError,
    -54: ValidationError,
    -55: ValidationError,
    -56: ValidationError,
    -57: ValidationError,
    -58: ValidationError,
    -59: ConflictError,
    -60: ConflictError,
    -61: ValidationError,
    -46: ApiError,
    -999: ApiError,
    1: ApiError,
}


@pytest.mark.parametrize(("code", "kind"), CODES.items())
@pytest.mark.parametrize("as_text", [True, False])
async def test_each_code_has_its_exception(
    client: AsyncClient, respx_mock: respx.MockRouter, code: int, kind: type[ApiError], as_text: bool
) -> None:
    respx_mock.post(URL).respond(json={"status": str(code) if as_text else code, "reason": "the vendor's words"})
    with pytest.raises(ApiError) as caught:
        await client.sip_trunks.update(trunk_update())
    error = caught.value
    assert type(error) is kind
    assert (error.code, error.reason, error.http_status) == (code, "the vendor's words", 200)
    assert error.endpoint == f"POST {UPDATE_PATH}"
    assert error.meaning
    assert error.advice
    for part in (str(code), "the vendor's words", error.meaning, error.advice):
        assert part in str(error)
    assert error.may_have_been_processed is (kind in (ServerError, ApiError))
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (kind, str(error), vars(error))


@pytest.mark.parametrize("http_status", [200, 201, 302, 400, 401, 403, 404, 429, 500, 502, 503])
async def test_a_failure_in_the_envelope_decides_at_any_http_status(
    client: AsyncClient, respx_mock: respx.MockRouter, http_status: int
) -> None:
    respx_mock.post(URL).respond(http_status, json={"status": "-45", "reason": "name"})
    with pytest.raises(ValidationError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.http_status == http_status


@pytest.mark.parametrize("http_status", [300, 302, 304, 400, 404, 429, 500, 503])
async def test_a_success_outside_2xx_is_none(
    client: AsyncClient, respx_mock: respx.MockRouter, http_status: int
) -> None:
    respx_mock.post(URL).respond(http_status, json={"status": "0"})
    with pytest.raises(UnexpectedResponseError, match="success") as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.http_status == http_status
    assert caught.value.may_have_been_processed


@pytest.mark.parametrize("http_status", [200, 204, 404, 502])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \r\n",
        b"<html><h1>502 Bad Gateway</h1></html>",
        b'{"status":"0"',
        b'{"status":"0"}}',
        b'{"status":"0","reason":"\xff\xfe"}',
        b"\xef\xbb\xbfhello",
        b"null",
        b"0",
        b'"0"',
        b'["0"]',
        b"[]",
        b"{}",
        b'{"Status":"0"}',
        b'{"code":"0","msg":"success"}',
        b'{"status":null}',
        b'{"status":true}',
        b'{"status":false}',
        b'{"status":""}',
        b'{"status":"ok"}',
        b'{"status":" 0"}',
        b'{"status":"0.0"}',
        b'{"status":"+0"}',
        b'{"status":0.5}',
        b'{"status":[]}',
        b'{"status":{"status":0}}',
        b'{"status":"\xd9\xa0"}',
        b"NaN",
        b"[" * 100_000,
        b'{"status":' + b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:40]) if isinstance(body, bytes) else str(body),
)
async def test_what_is_no_envelope_is_an_unexpected_answer(
    client: AsyncClient, respx_mock: respx.MockRouter, http_status: int, body: bytes
) -> None:
    respx_mock.post(URL).mock(return_value=httpx.Response(http_status, content=body))
    with pytest.raises(UnexpectedResponseError, match=str(http_status)) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.http_status == http_status
    assert caught.value.body == body.decode(errors="replace")[:2000]
    assert caught.value.may_have_been_processed
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), vars(again)) == (str(caught.value), vars(caught.value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.binary(max_size=60)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({"status": JSON}, optional={"reason": JSON, "data": JSON}).map(
        lambda value: json.dumps(value).encode()
    ),
    http_status=st.sampled_from([200, 302, 429, 500]),
)
async def test_any_bytes_are_data_or_our_error(body: bytes, http_status: int) -> None:
    transport = ScriptedTransport(lambda _: httpx.Response(http_status, content=body))
    async with AsyncClient(KEY, SECRET, transport=transport, retry=RetryPolicy(on=())) as client:
        for call in (
            client.sip_trunks.update(trunk_update()),
            client.sip_trunks.add(trunk_add()),
            client.sip_trunks.list()._fetch(1),
            client.request("POST", "/v3/x"),
        ):
            (outcome,) = await asyncio.gather(call, return_exceptions=True)
            if isinstance(outcome, BaseException):
                assert isinstance(outcome, ApiError | UnexpectedResponseError)
                pickle.loads(pickle.dumps(outcome))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": " 120 "}, 120.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "9" * 400}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:40 GMT", "Date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 20.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:00 GMT", "Date": "Tue, 14 Nov 2023 22:13:20 GMT"}, 0.0),
    ],
    ids=str,
)
async def test_a_429_says_when_to_come_back(
    client: AsyncClient, respx_mock: respx.MockRouter, headers: dict[str, str], seconds: float | None
) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    respx_mock.post(URL).mock(return_value=httpx.Response(429, headers=raw, text="slow down"))
    with pytest.raises(UnexpectedResponseError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("http_status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(client: AsyncClient, http_status: int) -> None:
    with respx.mock(assert_all_called=False) as router:
        router.post(URL).respond(http_status, headers={"Location": "https://elsewhere.example/"})
        elsewhere = router.route(host="elsewhere.example").respond(200)
        with pytest.raises(UnexpectedResponseError, match=r"never followed.*the API's address"):
            await client.sip_trunks.update(trunk_update())
    assert not elsewhere.called


async def test_a_field_of_an_impossible_type_names_its_path(client: AsyncClient, respx_mock: respx.MockRouter) -> None:
    respx_mock.post(HOST + ADD_PATH).respond(json={"status": 0, "data": {"keyId": 5}})
    with pytest.raises(UnexpectedResponseError, match="`data`: expected an integer, got an object") as caught:
        await client.sip_trunks.add(trunk_add())
    assert caught.value.may_have_been_processed


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/voice/group/call/cancel", {"code": "0", "msg": "success"}, 0),
        ("/voice/group/call/cancel", {"code": 0, "msg": "success", "status": "-1"}, 0),
        ("/voice/recallFlow/update", {"code": "-22", "msg": "wrong"}, -22),
        ("/voice/recallFlow/update", {"code": -22, "reason": "wrong"}, -22),
        ("/v3/cc/elsewhere", {"status": -22, "code": 0, "reason": "wrong"}, -22),
    ],
    ids=str,
)
async def test_the_other_envelope_only_where_it_is_documented(
    client: AsyncClient, respx_mock: respx.MockRouter, path: str, body: dict[str, Any], code: int
) -> None:
    respx_mock.post(HOST + path).respond(json=body)
    if code == 0:
        assert (await client.request("POST", path)).reason == "success"
    else:
        with pytest.raises(ValidationError, match="wrong") as caught:
            await client.request("POST", path)
        assert caught.value.code == code


@pytest.mark.parametrize("reason", [None, 5, {"a": 1}, ["x"], ...], ids=str)
async def test_a_reason_of_another_type_is_shown_as_it_came(
    client: AsyncClient, respx_mock: respx.MockRouter, reason: Any
) -> None:
    respx_mock.post(URL).respond(json={"status": -45, **({} if reason is ... else {"reason": reason})})
    with pytest.raises(ValidationError) as caught:
        await client.sip_trunks.update(trunk_update())
    expected = "" if reason in (None, ...) else json.dumps(reason, separators=(",", ":"))
    assert caught.value.reason == expected


# -- no answer ------------------------------------------------------------------------------------------------------

FAILURES = {
    httpx.ConnectError: (ConnectError, False),
    httpx.ConnectTimeout: (ConnectTimeout, False),
    httpx.ProxyError: (ProxyError, False),
    httpx.PoolTimeout: (PoolTimeout, False),
    httpx.ReadTimeout: (ReadTimeout, True),
    httpx.WriteTimeout: (WriteTimeout, True),
    httpx.ReadError: (ConnectionLost, True),
    httpx.WriteError: (ConnectionLost, True),
    httpx.CloseError: (ConnectionLost, True),
    httpx.RemoteProtocolError: (ProtocolError, True),
    httpx.LocalProtocolError: (ProtocolError, True),
    httpx.UnsupportedProtocol: (ProtocolError, False),
    httpx.DecodingError: (ProtocolError, True),
    httpx.TooManyRedirects: (ProtocolError, True),
    httpx.NetworkError: (ConnectionLost, True),
    httpx.TransportError: (ProtocolError, True),
    httpx.RequestError: (ProtocolError, True),
    ConnectionResetError: (ConnectionLost, True),
    BrokenPipeError: (ConnectionLost, True),
    TimeoutError: (ConnectionLost, True),
}


@pytest.mark.parametrize(("kind", "ours", "processed"), [(kind, *wanted) for kind, wanted in FAILURES.items()])
async def test_each_failure_of_httpx_is_one_of_ours(
    client: AsyncClient,
    respx_mock: respx.MockRouter,
    kind: type[Exception],
    ours: type[ItnioError],
    processed: bool,
) -> None:
    route = respx_mock.post(URL).mock(side_effect=kind("what httpx says"))
    with pytest.raises(ItnioError) as caught:
        await client.sip_trunks.update(trunk_update())
    error = caught.value
    assert type(error) is ours
    assert error.may_have_been_processed is processed
    assert isinstance(error.__cause__, kind)
    assert isinstance(error, TimeoutError) is ours.__name__.endswith("Timeout")
    assert f"POST {UPDATE_PATH}" in str(error)
    assert "what httpx says" in str(error)
    assert route.call_count == 1
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (ours, str(error), vars(error))


@pytest.mark.parametrize("kind", [kind for kind in FAILURES if kind.__module__ == "httpx"])
async def test_respxs_own_classes_of_side_effects(
    client: AsyncClient, respx_mock: respx.MockRouter, kind: type[httpx.HTTPError]
) -> None:
    respx_mock.post(URL).mock(side_effect=kind)
    with pytest.raises(FAILURES[kind][0]):
        await client.sip_trunks.update(trunk_update())


def test_every_failure_of_httpxs_transports_is_in_the_table() -> None:
    def below(kind: type) -> set[type]:
        return {kind, *(inner for sub in kind.__subclasses__() for inner in below(sub))}

    abstract = {httpx.TimeoutException, httpx.ProtocolError}
    own = {kind for kind in below(httpx.RequestError) if kind.__module__ == "httpx"}
    assert own - abstract <= FAILURES.keys()


@pytest.mark.parametrize("body", [b"<html>", b"{", b'{"status":{}}', b'{"status":0,"data":{}}'], ids=str)
async def test_no_exception_of_the_parsers_comes_out(
    client: AsyncClient, respx_mock: respx.MockRouter, body: bytes
) -> None:
    respx_mock.post(HOST + ADD_PATH).mock(return_value=httpx.Response(200, content=body))
    with pytest.raises(UnexpectedResponseError) as caught:
        await client.sip_trunks.add(trunk_add())
    # Theirs would show the whole answer in a traceback.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
