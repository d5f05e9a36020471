"""The three headers, and the transport that adds them on the last hop."""

import hashlib
import time
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st

from itnio_async import Credentials, SigningTransport
from itnio_async.transport.signing import SENDING_EXTENSION, Sending, Signer, sign

# The documentation's own example.
PAIR = Credentials("bDqJFiq9", "7bz1lzh9")
MOMENT = 1630468800
SIGN = "05d7a50893e22a5c4bb3216ae3396c7c"

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


def test_the_documentations_vector() -> None:
    assert sign(PAIR, MOMENT) == SIGN


@given(key=PRINTABLE, secret=PRINTABLE, moment=st.integers(0, 2**40))
def test_a_sign_is_the_md5_of_key_secret_and_moment_in_lower_case(key: str, secret: str, moment: int) -> None:
    expected = hashlib.md5((key + secret + str(moment)).encode()).hexdigest()
    assert sign(Credentials(key, secret), moment) == expected
    assert expected == expected.lower()


@given(st.floats(0, 2**40))
def test_a_timestamp_is_whole_seconds(now: float) -> None:
    sending = Sending(PAIR, Signer(lambda: now))
    headers = dict(sending.sign().headers)
    assert headers[b"Timestamp"] == str(int(now)).encode()
    assert headers[b"Sign"] == sign(PAIR, int(now)).encode()
    assert headers[b"Api-Key"] == b"bDqJFiq9"
    assert sending.timestamp == int(now)


def test_what_must_not_be_shown_is_the_secret_and_once_it_exists_the_sign() -> None:
    sending = Sending(PAIR, Signer(lambda: MOMENT))
    assert sending.secrets() == ("7bz1lzh9",)
    sending.sign()
    assert sending.secrets() == ("7bz1lzh9", SIGN)
    assert "7bz1lzh9" not in repr(sending)
    assert SIGN not in repr(sending)


class Recorder(httpx.AsyncBaseTransport):
    """A middleware that keeps what it sees."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.requests: list[httpx.Request] = []
        self.responses: list[httpx.Response] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.responses.append(await self.inner.handle_async_request(request))
        return self.responses[-1]

    async def aclose(self) -> None:
        self.closed = True
        await self.inner.aclose()


def server(seen: list[httpx.Request]) -> httpx.MockTransport:
    async def answer(request: httpx.Request) -> httpx.Response:
        await request.aread()
        seen.append(request)
        return httpx.Response(200, json={"status": "0"})

    return httpx.MockTransport(answer)


def signed_headers(request: httpx.Request) -> dict[str, list[str]]:
    return {name: request.headers.get_list(name) for name in ("Sign", "Timestamp", "Api-Key")}


async def give() -> Credentials:
    return PAIR


@pytest.mark.parametrize("source", [PAIR, lambda: PAIR, give], ids=["value", "plain", "async"])
async def test_it_signs_inside_a_plain_httpx_client(source: Any) -> None:
    seen: list[httpx.Request] = []
    transport = SigningTransport(server(seen), source, clock=lambda: MOMENT + 0.9)
    async with httpx.AsyncClient(transport=transport, base_url="https://api.itniotech.com") as client:
        response = await client.post("/v3/cc/sipTrunk/update?x=1", json={"keyId": 1}, headers={"X-Own": "kept"})
    (sent,) = seen
    assert signed_headers(sent) == {"Sign": [SIGN], "Timestamp": [str(MOMENT)], "Api-Key": ["bDqJFiq9"]}
    assert (sent.method, str(sent.url)) == ("POST", "https://api.itniotech.com/v3/cc/sipTrunk/update?x=1")
    assert sent.content == b'{"keyId":1}'
    assert sent.headers["X-Own"] == "kept"
    assert sent.headers.get_list("Host") == ["api.itniotech.com"]
    assert sent.headers.get_list("Content-Length") == ["11"]
    assert response.json() == {"status": "0"}
    assert response.elapsed.total_seconds() >= 0


@pytest.mark.parametrize("content", [b"", b"body"])
async def test_the_request_that_middleware_sees_stays_without_the_headers(content: bytes) -> None:
    seen: list[httpx.Request] = []
    outer = Recorder(SigningTransport(server(seen), PAIR, clock=lambda: MOMENT))
    request = httpx.Request("POST", "https://api.itniotech.com/x", content=content)
    before = list(request.headers.raw)
    response = await outer.handle_async_request(request)
    assert outer.requests == [request]
    assert request.headers.raw == before
    assert response.request is request
    assert response.elapsed.total_seconds() >= 0
    assert seen[0] is not request
    assert seen[0].content == content


async def test_each_request_is_signed_for_its_own_moment_and_account() -> None:
    seen: list[httpx.Request] = []
    moments = iter([MOMENT, MOMENT + 5])
    pairs = iter([PAIR, Credentials("other", "7bz1lzh9")])
    transport = SigningTransport(server(seen), lambda: next(pairs), clock=lambda: next(moments))
    for _ in range(2):
        await transport.handle_async_request(httpx.Request("GET", "https://api.itniotech.com/"))
    assert [request.headers["Sign"] for request in seen] == [SIGN, sign(Credentials("other", "7bz1lzh9"), MOMENT + 5)]
    assert [request.headers["Timestamp"] for request in seen] == [str(MOMENT), str(MOMENT + 5)]


async def test_a_signature_that_travels_with_the_request_wins() -> None:
    seen: list[httpx.Request] = []
    sending = Sending(PAIR, Signer(lambda: MOMENT))
    transport = SigningTransport(server(seen), Credentials("other", "other"), clock=lambda: 0)
    extensions = {SENDING_EXTENSION: sending, "timeout": {"read": 5}}
    await transport.handle_async_request(httpx.Request("GET", "https://api.itniotech.com/", extensions=extensions))
    assert seen[0].headers["Sign"] == SIGN
    assert seen[0].extensions["timeout"] == {"read": 5}
    assert sending.timestamp == MOMENT


@pytest.mark.parametrize("error", [httpx.ConnectError("no"), RuntimeError("bug"), AssertionError("a mock's")], ids=repr)
async def test_what_the_transport_behind_raises_passes(error: Exception) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error

    transport = SigningTransport(httpx.MockTransport(fail), PAIR)
    with pytest.raises(type(error)) as caught:
        await transport.handle_async_request(httpx.Request("GET", "https://api.itniotech.com/"))
    assert caught.value is error


async def test_closing_closes_the_transport_behind() -> None:
    inner = Recorder(server([]))
    await SigningTransport(inner, PAIR).aclose()
    assert inner.closed


async def test_it_signs_with_this_machines_time_by_default() -> None:
    sent: list[httpx.Request] = []
    before = int(time.time())
    await SigningTransport(server(sent), PAIR).handle_async_request(httpx.Request("GET", "http://vendor.example/"))
    assert before <= int(sent[0].headers["Timestamp"]) <= time.time()


def test_a_signer_keeps_one_signature_and_forgets_it() -> None:
    moment = 0.0
    signer = Signer(lambda: moment)
    other = Credentials("other", "account")
    for credentials in (PAIR, other, PAIR):
        for moment in (1.0, 2.0, 2.5):
            timestamp, signed = signer.sign(credentials)
            assert timestamp == int(moment)
            assert dict(signed.headers)[b"Sign"] == sign(credentials, timestamp).encode()


# -- for one origin ---------------------------------------------------------------------------------------------------

VENDOR = "https://api.itniotech.com"


def requested_credentials() -> Credentials:
    raise AssertionError("nobody asks for credentials where nothing is signed")


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [
        ("https://api.itniotech.com/other?x=1", True),
        ("https://api.itniotech.com:443/", True),
        ("https://API.ITNIOTECH.COM/", True),
        ("https://api.itniotech.com:8443/", False),
        ("http://api.itniotech.com/", False),
        ("http://api.itniotech.com:443/", False),
        ("https://itniotech.com/", False),
        ("https://api.itniotech.com.example/", False),
        ("https://api.itniotech.com@example.org/", False),
        ("https://[::1]/", False),
    ],
)
@pytest.mark.parametrize("base_url", [None, VENDOR, httpx.URL(f"{VENDOR}/v3")])
async def test_only_one_origin_is_signed_for(url: str, is_ours: bool, base_url: Any) -> None:
    seen: list[httpx.Request] = []
    transport = SigningTransport(server(seen), PAIR, clock=lambda: MOMENT, base_url=base_url)
    if base_url is None:
        await transport.handle_async_request(httpx.Request("GET", VENDOR))
    response = await transport.handle_async_request(httpx.Request("POST", url, content=b"body"))
    found = signed_headers(seen[-1])
    assert found == (
        {"Sign": [SIGN], "Timestamp": [str(MOMENT)], "Api-Key": ["bDqJFiq9"]}
        if is_ours
        else {name: [] for name in found}
    )
    assert seen[-1].content == b"body"
    assert response.request.url == httpx.URL(url)


async def test_the_credentials_are_not_asked_for_where_nothing_is_signed() -> None:
    transport = SigningTransport(server([]), requested_credentials, base_url=VENDOR)
    response = await transport.handle_async_request(httpx.Request("GET", "https://stranger.example/"))
    assert response.status_code == 200


async def test_a_redirect_to_a_stranger_takes_no_signature_along() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.host == "api.itniotech.com":
            return httpx.Response(302, headers={"Location": "https://stranger.example/"})
        return httpx.Response(200)

    transport = SigningTransport(httpx.MockTransport(answer), PAIR)
    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as client:
        await client.get(VENDOR)
    assert ["Sign" in request.headers for request in seen] == [True, False]
