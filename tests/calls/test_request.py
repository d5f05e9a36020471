"""The request of an attempt, as httpx and as the wire have it."""

import httpx
import pytest
from support.attempts import SECRET, SIGN, an_attempt

from itnio_async import Credentials, SigningTransport
from itnio_async.transport.head import outgoing

PAIR = Credentials("bDqJFiq9", SECRET)


@pytest.mark.parametrize("content", [b"", b'{"keyId":1}', b"x" * 100_000])
async def test_a_request_has_its_body_at_hand_and_its_length(content: bytes) -> None:
    request = an_attempt(content=content).for_httpx({"read": 5})
    assert request.content == content
    assert await request.aread() == content
    assert request.headers.raw == [(b"Host", b"api.itniotech.com"), (b"Content-Length", str(len(content)).encode())]
    assert request.extensions["timeout"] == {"read": 5}
    assert not {"sign", "timestamp", "api-key"} & set(request.headers)


async def test_on_the_wire_it_is_signed() -> None:
    sent: list[httpx.Request] = []
    attempt = an_attempt(content=b"{}")
    signing = SigningTransport(httpx.MockTransport(lambda request: sent.append(request) or httpx.Response(200)), PAIR)
    await signing.handle_async_request(attempt.for_httpx({}))
    head, _, body = outgoing(sent[0]).data.partition(b"\r\n\r\n")
    assert body == b"{}"
    assert head.split(b"\r\n") == [
        b"POST /v3/cc/sipTrunk/update HTTP/1.1",
        b"Host: api.itniotech.com",
        b"Content-Length: 2",
        b"Sign: " + SIGN.encode(),
        b"Timestamp: 1630468800",
        b"Api-Key: bDqJFiq9",
    ]
