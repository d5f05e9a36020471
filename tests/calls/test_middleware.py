"""What a middleware, and a transport of the caller's, get to see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from support.raw_server import serve
from support.scripted import FakeSleep, ScriptedTransport, answer
from support.values import KEY, SECRET, UPDATE_PATH, shown, trunk_update

from itnio_async import (
    AsyncClient,
    ConfigurationError,
    Credentials,
    ItnioError,
    RetryPolicy,
    SigningTransport,
    UnexpectedResponseError,
    ValidationError,
)
from itnio_async.transport.signing import sign

SIGNED = ("Sign", "Timestamp", "Api-Key")


class Watch(httpx.AsyncBaseTransport):
    """Notes what passes, as a tracing library does."""

    def __init__(self, transport: httpx.AsyncBaseTransport, name: str = "", log: list[str] | None = None) -> None:
        self.inner = transport
        self.name = name
        self.log = [] if log is None else log
        self.requests: list[httpx.Request] = []
        self.responses: list[httpx.Response] = []
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.log.append(f"{self.name} in")
        try:
            response = await self.inner.handle_async_request(request)
        finally:
            self.log.append(f"{self.name} out")
        self.responses.append(response)
        return response

    async def aclose(self) -> None:
        self.closed += 1
        await self.inner.aclose()


def watched(*steps: Any, **options: Any) -> tuple[AsyncClient, Watch]:
    seen: list[Watch] = []

    def watch(transport: httpx.AsyncBaseTransport) -> Watch:
        seen.append(Watch(transport))
        return seen[0]

    client = AsyncClient(KEY, SECRET, transport=ScriptedTransport(*steps), middleware=[watch], **options)
    return client, seen[0]


async def test_it_sees_each_attempt_and_never_the_three_headers() -> None:
    client, watch = watched(answer(-16), answer(-18), answer(), retry=RetryPolicy(sleep=FakeSleep()))
    async with client:
        await client.sip_trunks.update(trunk_update())

    assert len(watch.requests) == len(watch.responses) == 3
    assert len({id(request) for request in watch.requests}) == 3
    for request, response in zip(watch.requests, watch.responses, strict=True):
        assert not [name for name in SIGNED if name in request.headers]
        assert not [name for name in SIGNED if name in response.request.headers]
        assert request.url.path == UPDATE_PATH
        assert b'"keyId":1' in request.content
        assert response.request is request
        assert isinstance(response.elapsed, timedelta)
        assert SECRET not in repr(request) + repr(request.extensions) + repr(response)


async def test_the_transport_gets_the_three_headers_once() -> None:
    client, watch = watched(answer())
    async with client:
        await client.sip_trunks.update(trunk_update())
    (sent,) = watch.inner._transport.sent  # type: ignore[attr-defined]
    for name in SIGNED:
        assert len(sent.headers.get_list(name)) == 1
    assert sent.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert sent.headers["User-Agent"].startswith("itnio-async/")
    assert sent.headers["Host"] == "api.itniotech.com"
    assert int(sent.headers["Content-Length"]) == len(sent.content)


async def test_the_first_one_is_outermost() -> None:
    log: list[str] = []
    async with AsyncClient(
        KEY,
        SECRET,
        transport=ScriptedTransport(answer()),
        middleware=[lambda inner: Watch(inner, "first", log), lambda inner: Watch(inner, "second", log)],
    ) as client:
        await client.sip_trunks.update(trunk_update())
    assert log == ["first in", "second in", "second out", "first out"]


async def test_it_sees_failures_as_the_transport_raised_them() -> None:
    seen: list[Exception] = []

    class Notice(Watch):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            try:
                return await self.inner.handle_async_request(request)
            except Exception as error:
                seen.append(error)
                raise

    transport = ScriptedTransport(httpx.ConnectError("refused"))
    async with AsyncClient(KEY, SECRET, transport=transport, middleware=[Notice]) as client:
        with pytest.raises(ItnioError) as caught:
            await client.sip_trunks.update(trunk_update())
    assert [type(error) for error in seen] == [httpx.ConnectError]
    assert caught.value.__cause__ is seen[0]


async def test_its_own_exceptions_pass_unchanged() -> None:
    class Broken(Watch):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise ZeroDivisionError

    transport = ScriptedTransport(answer())
    async with AsyncClient(KEY, SECRET, transport=transport, middleware=[Broken]) as client:
        with pytest.raises(ZeroDivisionError):
            await client.sip_trunks.update(trunk_update())
        assert client.stats.in_use == 0
    assert transport.sent == []


async def test_it_may_answer_by_itself_and_change_the_request() -> None:
    class Header(Watch):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.headers["X-Trace"] = "t1"
            return await self.inner.handle_async_request(request)

    class Refuse(Watch):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return answer(-45, "no")

    transport = ScriptedTransport(answer())
    async with AsyncClient(KEY, SECRET, transport=transport, middleware=[Header]) as client:
        await client.sip_trunks.update(trunk_update())
    assert transport.headers_sent("X-Trace") == ["t1"]
    async with AsyncClient(KEY, SECRET, transport=transport, middleware=[Refuse]) as client:
        with pytest.raises(ValidationError):
            await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 1


@pytest.mark.parametrize("how", ["aread", "aiter_raw", "aiter_bytes"])
async def test_one_that_reads_the_answer_leaves_data_or_our_error(raw_server: Any, make_client: Any, how: str) -> None:
    class Read(Watch):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await self.inner.handle_async_request(request)
            if how == "aread":
                await response.aread()
            else:
                async for _ in getattr(response, how)():
                    pass
            return response

    server = await raw_server(serve)
    client = make_client(base_url=server.url, middleware=[Read])
    if how == "aread":
        await client.sip_trunks.update(trunk_update())
    else:
        with pytest.raises(ItnioError):
            await client.sip_trunks.update(trunk_update())


async def test_one_that_uses_up_the_answer_gets_our_error() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b'{"status":0}'

    class UseUp(Watch):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await self.inner.handle_async_request(request)
            async for _ in response.stream:  # type: ignore[union-attr]
                pass
            return response

    transport = ScriptedTransport(lambda _: httpx.Response(200, content=parts()))
    async with AsyncClient(KEY, SECRET, transport=transport, middleware=[UseUp]) as client:
        with pytest.raises(ItnioError):
            await client.sip_trunks.update(trunk_update())


async def test_a_wrapper_of_opentelemetrys_form() -> None:
    """It takes the transport and hooks, works with what both of httpx's classes have, and hides the rest."""

    class Tracing(httpx.AsyncBaseTransport):
        def __init__(self, transport: httpx.AsyncBaseTransport, provider: Any = None) -> None:
            self._transport = transport
            self.spans: list[tuple[str, str, int]] = []

        async def __aenter__(self) -> Tracing:
            await self._transport.__aenter__()
            return self

        async def __aexit__(self, *details: Any) -> None:
            await self._transport.__aexit__(*details)

        async def handle_async_request(self, *args: Any, **kwargs: Any) -> httpx.Response:
            request: httpx.Request = args[0]
            carrier = dict(request.headers)
            carrier["traceparent"] = "00-abc-def-01"
            request.headers.update(carrier)
            response = await self._transport.handle_async_request(*args, **kwargs)
            self.spans.append((request.method, str(request.url), response.status_code))
            return response

        async def aclose(self) -> None:
            await self._transport.aclose()

    made: list[Tracing] = []

    def middleware(transport: httpx.AsyncBaseTransport) -> Tracing:
        made.append(Tracing(transport))
        return made[0]

    transport = ScriptedTransport(answer(-16), answer())
    async with AsyncClient(KEY, SECRET, transport=transport, middleware=(middleware,)) as client:
        await client.sip_trunks.update(trunk_update())
    assert [status for _, _, status in made[0].spans] == [200, 200]
    assert transport.headers_sent("traceparent") == ["00-abc-def-01"] * 2


async def test_the_slot_covers_it() -> None:
    inside: list[int] = []

    class Count(Watch):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            inside.append(client.stats.in_use)
            await asyncio.sleep(0)
            return await self.inner.handle_async_request(request)

    async with AsyncClient(
        KEY,
        SECRET,
        transport=ScriptedTransport(answer()),
        middleware=[Count],
        limits=httpx.Limits(max_connections=2),
    ) as client:
        await asyncio.gather(*(client.sip_trunks.update(trunk_update()) for _ in range(6)))
    assert max(inside) == 2


@pytest.mark.parametrize("wrong", [5, None, "abc", [5], [None], [lambda transport: 5]], ids=shown)
def test_what_is_no_middleware_is_refused_by_name(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="middleware"):
        AsyncClient(KEY, SECRET, middleware=wrong)


# -- the signing transport by itself --------------------------------------------------------------------------------


async def test_the_signing_transport_works_in_a_plain_httpx_client() -> None:
    transport = ScriptedTransport(httpx.Response(200, json={"status": "0"}))
    signing = SigningTransport(transport, Credentials("bDqJFiq9", "7bz1lzh9"), clock=lambda: 1630468800.9)
    async with httpx.AsyncClient(transport=signing) as plain:
        response = await plain.post("https://api.itniotech.com/v3/x", json={})
    assert transport.headers_sent("Sign") == ["05d7a50893e22a5c4bb3216ae3396c7c"]
    assert transport.headers_sent("Timestamp") == ["1630468800"]
    assert not [name for name in SIGNED if name in response.request.headers]
    assert transport.closed == 1


async def test_the_signing_transport_asks_for_credentials_each_time() -> None:
    numbers = iter(range(9))

    async def ask() -> Credentials:
        return Credentials(f"k{next(numbers)}", SECRET)

    transport = ScriptedTransport(httpx.Response(200))
    async with httpx.AsyncClient(transport=SigningTransport(transport, ask)) as plain:
        for _ in range(2):
            await plain.get("https://api.itniotech.com/v3/x")
    assert transport.headers_sent("Api-Key") == ["k0", "k1"]
    stamp = int(transport.headers_sent("Timestamp")[0])
    assert transport.headers_sent("Sign")[0] == sign(Credentials("k0", SECRET), stamp)


async def test_a_compressed_answer_that_was_not_asked_for_is_refused_when_unknown() -> None:
    client, _ = watched(lambda _: httpx.Response(200, headers={"Content-Encoding": "br"}, stream=Bytes(b"...")))
    async with client:
        with pytest.raises(UnexpectedResponseError, match="compressed"):
            await client.sip_trunks.update(trunk_update())


class Bytes(httpx.AsyncByteStream):
    def __init__(self, *parts: bytes) -> None:
        self.parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            yield part


async def test_a_request_without_the_extensions_is_not_signed_with_somebody_elses_credentials(scripted: Any) -> None:
    class Rebuilds(httpx.AsyncBaseTransport):
        def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
            self.inner = transport

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            rebuilt = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
            return await self.inner.handle_async_request(rebuilt)

    client, transport = scripted(answer(0), middleware=[Rebuilds])
    view = client.with_options(credentials=Credentials("other-key", "other-secret"))
    with pytest.raises(ConfigurationError, match="extensions"):
        await view.sip_trunks.update(trunk_update())
    assert not transport.sent
