"""What the logs say, and that neither they nor anything that can be printed tells a secret."""

from __future__ import annotations

import asyncio
import html
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.raw_server import Connection, http_answer, http_bytes
from support.scripted import FakeSleep, ScriptedTransport, answer, hang
from support.values import KEY, PASSWORD, SECRET, UPDATE_PATH, registered_update, trunk_add, trunk_update

from itnio_async import (
    ENDPOINTS,
    ApiError,
    AsyncClient,
    ConfigurationError,
    Credentials,
    InvalidRequestError,
    ItnioError,
    RetryPolicy,
    ServerError,
    UnexpectedResponseError,
)

UPDATE = ENDPOINTS[0]


@pytest.fixture
def logs(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    for name in ("", "itnio_async", "httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name or None)
    return caplog


def written(secret: str) -> set[str]:
    """A secret in the forms that it may be written in."""
    return {
        secret,
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        quote(secret, safe=""),
        secret.encode().decode("latin-1"),
        repr(secret.encode())[2:-1],
    }


class Spy(httpx.AsyncBaseTransport):
    """Knows what was signed, whatever stands below it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.signs: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.signs.append(request.headers["Sign"])
        return await self.inner.handle_async_request(request)


def assert_untold(text: str, signs: list[str], *, key: bool = False) -> None:
    secrets = {form for secret in (SECRET, PASSWORD, *signs) for form in written(secret)} | ({KEY} if key else set())
    for form in secrets:
        assert form.lower() not in text.lower(), f"{form!r} is told in {text!r}"


def all_that_was_logged(logs: pytest.LogCaptureFixture) -> str:
    formatter = logging.Formatter("%(name)s %(levelname)s %(message)s")
    lines = [formatter.format(record) + repr(vars(record)) for record in logs.records]
    return "\n".join(lines)


def all_that_an_error_tells(error: BaseException) -> str:
    pickled = pickle.dumps(error)
    return "\n".join(
        [
            str(error),
            repr(error),
            repr(vars(error)),
            "".join(traceback.format_exception(error)),
            pickled.decode("utf-8", "replace"),
            pickled.decode("latin-1"),
            repr(pickle.loads(pickled)),
        ]
    )


# -- what the vendor may say ------------------------------------------------------------------------------------------


def everything(request: httpx.Request) -> str:
    """What an unkind vendor might repeat."""
    signed = request.headers
    return f"key={signed['Api-Key']} secret={SECRET} sign={signed['Sign']} password={PASSWORD} {signed['Sign'].upper()}"


def html_page(request: httpx.Request) -> httpx.Response:
    return httpx.Response(502, html=f"<pre>{html.escape(everything(request))}\n{request.content.decode()}</pre>")


def half_json(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=b'{"status": "0", "request": ' + request.content)


def dump_of_the_request(request: httpx.Request) -> httpx.Response:
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
    return httpx.Response(500, text=f"{headers}\n\n{request.content.decode()}\n{quote(everything(request))}")


def long_page(request: httpx.Request) -> httpx.Response:
    # The excerpt's end falls into a secret.
    return httpx.Response(500, text="x" * (2000 - len(PASSWORD) // 2) + PASSWORD + SECRET * 50)


SCENARIOS: dict[str, list[Any]] = {
    "success": [answer(data={"echo": PASSWORD})],
    "refused": [lambda request: answer(-45, everything(request))],
    "refused in JSON": [lambda request: answer(-22, request.content.decode())],
    "refused as data": [
        lambda request: httpx.Response(200, json={"status": -22, "reason": {"you sent": everything(request)}})
    ],
    "wrong key": [lambda request: answer(-1, everything(request))],
    "unknown code": [lambda request: answer(-999, everything(request))],
    "busy": [lambda request: answer(-18, everything(request))],
    "expired": [lambda request: answer(-16, everything(request), date=1_700_000_000)],
    "busy, then done": [lambda request: answer(-18, everything(request)), answer()],
    "page": [html_page],
    "half JSON": [half_json],
    "dump": [dump_of_the_request],
    "long page": [long_page],
    "success outside 2xx": [lambda request: answer(0, everything(request), http_status=500)],
    "wrong envelope": [lambda request: httpx.Response(200, json={"status": everything(request)})],
    "not connected": [lambda request: httpx.ConnectError(everything(request))],
    "lost": [lambda request: httpx.ReadError(everything(request))],
    "no HTTP": [lambda request: httpx.RemoteProtocolError(f"illegal status line: {everything(request).encode()!r}")],
    "timeout": [lambda request: httpx.ReadTimeout(everything(request))],
    "system": [OSError(5, "Input/output error")],
    "deadline": [lambda request: answer(-18, everything(request)), hang],
}


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_no_secret_is_told(logs: pytest.LogCaptureFixture, scenario: str) -> None:
    spy = Spy(ScriptedTransport(*SCENARIOS[scenario]))
    retry = RetryPolicy(attempts=3, sleep=FakeSleep())
    async with AsyncClient(KEY, SECRET, transport=spy, retry=retry, deadline=0.05) as client:
        request = registered_update()
        told = [repr(client), str(client), repr(request), repr(client.with_options(deadline=1)), repr(retry)]
        calls = [client.call(UPDATE, request), client.sip_trunks.add(trunk_add(sip_password=PASSWORD))]
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            told.append(repr(outcome))
            if isinstance(outcome, BaseException):
                assert isinstance(outcome, ItnioError)
                assert_untold(all_that_an_error_tells(outcome), spy.signs)
        told.append(repr(client.stats))
    assert spy.signs
    assert_untold("\n".join(told), spy.signs)
    assert KEY not in "\n".join(told[:5])
    assert_untold(all_that_was_logged(logs), spy.signs, key=True)
    assert logs.records


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.sip_trunks.update(registered_update(key_id=PASSWORD)),
        lambda client: client.sip_trunks.update(registered_update(sip_prefix=[PASSWORD])),
        lambda client: client.sip_trunks.update(registered_update(direction=PASSWORD)),
        lambda client: client.sip_trunks.update(PASSWORD),
        lambda client: client.sip_trunks.update(trunk_update(sip_password=[PASSWORD])),
        lambda client: client.sip_trunks.update(trunk_update(sip_password=PASSWORD + "\ud800")),
        lambda client: client.call(PASSWORD, None),
        lambda client: client.request("POST", PASSWORD),
        lambda client: client.request("POST", "/v3/x", json={"sipPassword": {PASSWORD}}),
        lambda client: client.request("GET", "/v3/x", params={"password": [[PASSWORD]]}),
        lambda client: client.request("GET", "/v3/x", params=PASSWORD),
        lambda client: client.request("GET", "/v3/x", params={"password": PASSWORD + "\ud800"}),
        lambda client: client.request("GET", "/v3/x", params={"password": PASSWORD * 5000}),
        lambda client: client.sip_trunks.list(current=PASSWORD)._fetch(PASSWORD),
    ],
)
async def test_no_wrong_argument_is_repeated(
    logs: pytest.LogCaptureFixture, call: Callable[[AsyncClient], Any]
) -> None:
    async with AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer())) as client:
        with pytest.raises(ItnioError) as caught:
            await call(client)
    error = caught.value
    # The source lines of this file are in a traceback, and name no value.
    assert_untold(all_that_an_error_tells(error), [])
    assert_untold(all_that_was_logged(logs), [], key=True)


@pytest.mark.parametrize(
    "options",
    [
        {"api_key": KEY, "api_secret": SECRET + "\n"},
        {"api_key": KEY, "api_secret": SECRET.encode()},
        {"api_key": KEY, "api_secret": [SECRET]},
        {"api_key": "", "api_secret": SECRET},
        {"api_key": KEY, "api_secret": SECRET, "credentials": Credentials(KEY, SECRET)},
        {"credentials": {"api_secret": SECRET}},
        {"credentials": SECRET},
        {"api_key": KEY, "api_secret": SECRET, "base_url": f"https://user:{quote(SECRET, safe='')}@itniotech.com"},
        {"api_key": KEY, "api_secret": SECRET, "base_url": f"https://user:{SECRET}@itniotech.com"},
        {"api_key": KEY, "api_secret": SECRET, "proxy": f"ftp://user:{quote(SECRET, safe='')}@proxy.example"},
    ],
)
def test_no_wrong_setting_is_repeated(options: dict[str, Any]) -> None:
    with pytest.raises(ItnioError) as caught:
        AsyncClient(**options)
    assert_untold(all_that_an_error_tells(caught.value), [])


async def test_an_untyped_answer_shows_no_data_in_its_repr(scripted: Any) -> None:
    client, _ = scripted(answer(data={"records": [{"sipPassword": PASSWORD}]}))
    response = await client.request("POST", "/v3/cc/sipTrunk/query", json={})
    assert response.data["records"][0]["sipPassword"] == PASSWORD
    assert_untold(repr(response), [])


async def test_listed_passwords_are_in_no_repr(scripted: Any) -> None:
    client, _ = scripted(answer(data={"records": [{"keyId": 1, "sipPassword": PASSWORD, "newSecret": SECRET}]}))
    page = await client.sip_trunks.list()
    assert page.records[0].sip_password == PASSWORD
    assert_untold(repr(page) + repr(page.records[0]) + repr(page.records[0].extra), [])
    assert_untold(
        repr(page.records[0].to_update(sip_trunk_name="n", group_list=[], sip_trunk_state=True, sip_password=PASSWORD)),
        [],
    )


def test_credentials_show_the_beginning_of_the_key_only() -> None:
    shown = repr(Credentials(KEY, SECRET)) + str(Credentials(KEY, SECRET))
    assert KEY[:3] in shown
    assert_untold(shown, [], key=True)


# -- over a real connection -------------------------------------------------------------------------------------------


def sign_in(request: bytes) -> str:
    lines = request.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return next(line.split(": ")[1] for line in lines if line.lower().startswith("sign:"))


def as_reason(request: bytes) -> bytes:
    return http_answer(-22, f"{request.decode()} {SECRET}")


def as_page(request: bytes) -> bytes:
    return http_bytes(request + SECRET.encode(), status="502 Bad Gateway")


def as_status_line(request: bytes) -> bytes:
    return f"{sign_in(request)} {SECRET} {PASSWORD}\r\n\r\n".encode()


def as_http_version(request: bytes) -> bytes:
    return f"HTTP/1.1 {sign_in(request)} {SECRET}\r\n\r\n".encode()


def as_bad_header(request: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nX {sign_in(request)} {SECRET} {PASSWORD}\r\n\r\n".encode()


def as_bad_chunk(request: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{sign_in(request)} {SECRET}\r\n".encode()


def as_bad_length(request: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {sign_in(request)} {SECRET}\r\n\r\n".encode()


def as_reason_phrase(request: bytes) -> bytes:
    return f"HTTP/1.1 500 {sign_in(request)}{SECRET}\r\nContent-Length: 0\r\n\r\n".encode("ascii", "ignore")


@pytest.mark.parametrize("stock", [False, True], ids=["pool", "httpx"])
@pytest.mark.parametrize(
    "echo",
    [
        as_reason,
        as_page,
        as_status_line,
        as_http_version,
        as_bad_header,
        as_bad_chunk,
        as_bad_length,
        as_reason_phrase,
        lambda request: b"",
        lambda request: http_answer(),
    ],
    ids=lambda echo: echo.__name__,
)
async def test_no_secret_is_told_of_what_comes_over_the_wire(
    raw_server: Any, make_client: Any, logs: pytest.LogCaptureFixture, echo: Callable[[bytes], bytes], stock: bool
) -> None:
    signs: list[str] = []

    async def handler(connection: Connection) -> None:
        request = await connection.receive()
        signs.append(sign_in(request))
        await connection.send(echo(request))

    server = await raw_server(handler)
    asyncio.get_running_loop().set_debug(True)
    async with httpx.AsyncHTTPTransport() as plain:
        client = make_client(plain if stock else None, base_url=server.url)
        try:
            await client.sip_trunks.update(registered_update())
        except ItnioError as error:
            assert_untold(all_that_an_error_tells(error), signs)
        else:
            assert echo(b"") == http_answer()
    assert len(signs) == 1
    # What a peer puts in the place of HTTP's own words is logged by httpcore itself, before it comes to us.
    if not stock or echo in (as_reason, as_page):
        assert_untold(all_that_was_logged(logs), signs, key=True)


# -- what they do say -------------------------------------------------------------------------------------------------


def ours(logs: pytest.LogCaptureFixture, name: str = "itnio_async") -> list[logging.LogRecord]:
    return [record for record in logs.records if record.name.startswith(name)]


async def test_a_call_is_a_line_for_its_attempt_and_one_for_its_end(
    raw_server: Any, make_client: Any, logs: pytest.LogCaptureFixture
) -> None:
    async def handler(connection: Connection) -> None:
        for _ in range(2):
            await connection.receive()
            await connection.send(http_answer())

    server = await raw_server(handler)
    client = make_client(base_url=server.url)
    await client.sip_trunks.update(trunk_update())
    attempt, end = ours(logs, "itnio_async.client")
    assert attempt.levelno == end.levelno == logging.DEBUG
    for part in ("POST", UPDATE_PATH, "code=0", "http=200", "attempt=1", " ms", "connection=1"):
        assert part in attempt.getMessage()
    for part in ("POST", UPDATE_PATH, "succeeded", "code=0", "http=200", "attempts=1", " ms"):
        assert part in end.getMessage()
    assert "22232" not in attempt.getMessage() + end.getMessage()  # never a body
    assert vars(attempt).items() >= {"attempt": 1, "code": 0, "http_status": 200, "connection": 1}.items()


@pytest.mark.parametrize(
    ("step", "parts"),
    [
        (answer(-45, "the reason is not told"), ["code=-45", "200"]),
        (httpx.Response(502, html="<h1>nor this</h1>"), ["UnexpectedResponseError"]),
        (httpx.ConnectError("refused"), ["ConnectError"]),
    ],
)
async def test_a_failure_is_a_line_too(
    scripted: Any, logs: pytest.LogCaptureFixture, step: Any, parts: list[str]
) -> None:
    client, _ = scripted(step)
    with pytest.raises(ItnioError):
        await client.sip_trunks.update(trunk_update())
    attempt, end = ours(logs, "itnio_async.client")
    for part in [*parts, UPDATE_PATH, "attempt=1"]:
        assert part in attempt.getMessage()
    assert attempt.error_type == end.error_type  # type: ignore[attr-defined]
    for part in ["failed", UPDATE_PATH, "attempts=1"]:
        assert part in end.getMessage()
    for record in (attempt, end):
        assert "not told" not in record.getMessage()
        assert "nor this" not in record.getMessage()
        assert record.levelno <= logging.INFO


async def test_repeats_are_told_at_info(scripted: Any, logs: pytest.LogCaptureFixture) -> None:
    client, _ = scripted(answer(-18), answer(-16), answer(), retry=RetryPolicy(sleep=FakeSleep()))
    await client.sip_trunks.update(trunk_update())
    assert [record.levelno for record in ours(logs, "itnio_async.retry")] == [logging.INFO] * 2
    assert [
        f"attempt={number}" in record.getMessage() for number, record in enumerate(ours(logs, "itnio_async.client"), 1)
    ]
    assert len(ours(logs, "itnio_async.client")) == 4
    first = ours(logs, "itnio_async.retry")[0]
    assert vars(first).items() >= {"attempt": 1, "code": -18, "waited": 0.0, "endpoint": f"POST {UPDATE_PATH}"}.items()


async def test_nothing_is_above_info_in_normal_work(scripted: Any, logs: pytest.LogCaptureFixture) -> None:
    client, _ = scripted(answer(-18), answer(-18), answer(-22), retry=RetryPolicy(sleep=FakeSleep()))
    with pytest.raises(ApiError):
        await client.sip_trunks.update(trunk_update())
    assert {record.levelno for record in ours(logs)} == {logging.DEBUG, logging.INFO}


def test_the_package_has_a_null_handler() -> None:
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("itnio_async").handlers)


async def test_the_excerpt_of_a_body_is_cut(scripted: Any) -> None:
    client, _ = scripted(httpx.Response(500, text="y" * 100_000))
    with pytest.raises(UnexpectedResponseError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(caught.value.body) == 2000
    assert "yyy" not in str(caught.value)


async def test_a_long_reason_is_cut(scripted: Any) -> None:
    client, _ = scripted(answer(-18, "z" * 100_000), retry=RetryPolicy(on=()))
    with pytest.raises(ServerError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(caught.value.reason) == 2000


def chain_of(error: BaseException | None) -> list[BaseException]:
    """The error with all that Python keeps behind it, shown or not; tools such as tblib pickle that too."""
    chain: list[BaseException] = []
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain


@pytest.mark.parametrize("content", ['{"reason": "%s"', "<html>%s</html>", '{"status": "%s"}'])
async def test_nothing_behind_an_error_holds_what_the_answer_said(scripted: Any, content: str) -> None:
    secret = "sip-password-4711"
    client, _ = scripted(httpx.Response(200, text=content % secret))
    with pytest.raises(UnexpectedResponseError) as caught:
        await client.request("POST", UPDATE_PATH, json={"sipPassword": secret})
    for error in chain_of(caught.value):
        assert secret not in repr(error) + repr(vars(error)) + repr(getattr(error, "doc", ""))


async def test_nothing_behind_an_error_holds_what_was_to_be_sent(scripted: Any) -> None:
    secret = "sip-password-4711\ud800"
    client, transport = scripted(answer(0))
    with pytest.raises(InvalidRequestError) as typed:
        await client.sip_trunks.update(trunk_update(sip_password=secret))
    with pytest.raises(InvalidRequestError) as query:
        await client.request("GET", UPDATE_PATH, params={"password": secret})
    with pytest.raises(ConfigurationError) as proxy:
        AsyncClient(KEY, SECRET, proxy="http://user:sip-password-4711@host:port")
    for caught in (typed, query, proxy):
        for error in chain_of(caught.value):
            assert "sip-password-4711" not in repr(error) + repr(vars(error)) + repr(getattr(error, "object", ""))
    assert not transport.sent
