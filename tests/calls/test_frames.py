"""No frame of an error that leaves a call shows a secret: reports of errors show the local variables of each."""

from __future__ import annotations

import asyncio
import gc
import traceback
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import pytest
from support.raw_server import Connection, RawServer, http_answer, http_bytes
from support.scripted import FakeSleep, LoopClock, ScriptedTransport, answer, hang, until
from support.values import KEY, UPDATE_PATH, trunk_update

from itnio_async import (
    ApiError,
    AsyncClient,
    ConfigurationError,
    ConflictError,
    ConnectError,
    ConnectionLost,
    Credentials,
    DeadlineExceeded,
    InvalidRequestError,
    ItnioError,
    ProtocolError,
    ProxyError,
    ReadTimeout,
    RetryPolicy,
    ServerError,
    SipTrunk,
    SipTrunkUpdate,
    UnexpectedResponseError,
)
from itnio_async.api.sip_trunks import ADD, UPDATE
from itnio_async.calls.call import Call
from itnio_async.calls.request import CallRequest
from itnio_async.frames import drop_frames, linked_errors
from itnio_async.telemetry import instrument
from itnio_async.transport.signing import sign

PASSWORD = "hunter2-hunter2"
SECRET = "the-api-secret-4711"
NOW = 1_700_000_000
SIGN = sign(Credentials(KEY, SECRET), NOW)
HERE = Path(__file__).parent

Handler = Callable[[Connection], Awaitable[None]]
Ask = Callable[[AsyncClient], Awaitable[Any]]


def registered(**changes: Any) -> SipTrunkUpdate:
    return trunk_update(**{"sip_trunk_state": True, "sip_account": "me", "sip_password": PASSWORD, **changes})


def raw_update() -> dict[str, Any]:
    return {"keyId": 1, "sipTrunkName": "x", "groupList": [{"voiceGroupId": 1}], "sipPassword": PASSWORD}


def frames_of(error: BaseException) -> list[tuple[str, str]]:
    """Return where each frame of the error and of all that hang on it is, and its variables as a report has them."""
    found = []
    for linked in linked_errors(error, None):
        whole = traceback.TracebackException.from_exception(linked, capture_locals=True)
        found += [(f"{frame.filename} {frame.name}", str(frame.locals)) for frame in whole.stack]
    return found


def assert_hidden(error: BaseException) -> None:
    """Only the frames of callers, which are these tests, may show what they passed."""
    frames = [(place, variables) for place, variables in frames_of(error) if str(HERE) not in place]
    assert frames, "an error without any frame of ours"
    for place, variables in frames:
        for secret in (PASSWORD, SECRET, SIGN, SIGN.upper()):
            assert secret not in variables, place
    texts = "".join(f"{linked!r} {linked} {linked.args}" for linked in linked_errors(error, None))
    assert not [secret for secret in (PASSWORD, SECRET, SIGN) if secret in texts]


async def remembered(asked: Awaitable[Any]) -> weakref.ref[ItnioError]:
    """Return its error, which nobody keeps; while it was there, it kept nothing of the call."""
    try:
        await asked
    except ItnioError as error:
        assert_keeps_no(error, Call | CallRequest)
        return weakref.ref(error)
    raise AssertionError("it has not failed")


def assert_keeps_no(error: BaseException, kind: Any) -> None:
    """None of the package's frames has a variable of this kind."""
    for linked in linked_errors(error, None):
        for frame, _ in traceback.walk_tb(linked.__traceback__):
            # Not of the tests' own: to look at a frame's variables keeps them.
            if str(HERE) not in frame.f_code.co_filename:
                assert not any(isinstance(value, kind) for value in frame.f_locals.values()), frame.f_code.co_qualname


async def failure(asked: Awaitable[Any]) -> BaseException:
    """Return how it ends, with whatever it ends."""
    with pytest.raises(ItnioError) as caught:
        await asked
    return caught.value


def watched(client: AsyncClient) -> AsyncClient:
    """Have the client's calls go the way of those that somebody is told of."""
    instrument(client)
    return client


# -- how a call may be asked for --------------------------------------------------------------------------------------


async def bulk(client: AsyncClient) -> None:
    async with client.sip_trunks.update_many([registered()]) as run:
        outcomes = [outcome async for outcome in run]
    assert outcomes[0].error is not None
    raise outcomes[0].error


async def in_a_group(client: AsyncClient) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(client.sip_trunks.update(registered()))
    except ExceptionGroup as error:
        raise error.exceptions[0] from None


ASKED: dict[str, Ask] = {
    "service": lambda client: client.sip_trunks.update(registered()),
    "call": lambda client: client.call(UPDATE, registered()),
    "request": lambda client: client.request("POST", UPDATE_PATH, json=raw_update(), idempotent=True),
    "params": lambda client: client.request("POST", UPDATE_PATH, params={"sipPassword": PASSWORD}, idempotent=True),
    "bulk": bulk,
    "group": in_a_group,
    "view": lambda client: client.with_options(deadline=30).sip_trunks.update(registered()),
    "watched": lambda client: watched(client).sip_trunks.update(registered()),
    "watched request": lambda client: watched(client).request(
        "POST", UPDATE_PATH, json=raw_update(), params={"sipPassword": PASSWORD}, idempotent=True
    ),
}


async def hang_up(connection: Connection) -> None:
    await connection.receive()


async def say_nothing(connection: Connection) -> None:
    await connection.receive()
    await asyncio.Event().wait()


def saying(data: bytes) -> Handler:
    async def handler(connection: Connection) -> None:
        while True:
            await connection.receive()
            await connection.send(data)

    return handler


async def send_a_part(connection: Connection) -> None:
    await connection.receive()
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc")


ECHO = f'"{PASSWORD} {SECRET} {SIGN}"'
ANSWERS: dict[str, tuple[type[ItnioError], Handler]] = {
    "lost": (ConnectionLost, hang_up),
    "no answer": (ReadTimeout, say_nothing),
    "a part": (ConnectionLost, send_a_part),
    "no HTTP": (ProtocolError, saying(ECHO.encode() + b"\r\n\r\n")),
    "HTML": (UnexpectedResponseError, saying(http_bytes(f"<html>{ECHO}</html>".encode(), status="502 Bad"))),
    "broken JSON": (UnexpectedResponseError, saying(http_bytes(f'{{"status": {ECHO}, '.encode()))),
    "no gzip": (UnexpectedResponseError, saying(http_bytes(ECHO.encode(), headers="Content-Encoding: gzip\r\n"))),
    "conflict": (ConflictError, saying(http_answer(-47, f"Duplicate {ECHO}"))),
    "repeated": (ServerError, saying(http_answer(-18, f"unusual {ECHO}"))),
    "clock": (ApiError, saying(http_answer(-16, ECHO, headers="Date: Wed, 01 Sep 2021 04:00:00 GMT\r\n"))),
}
# Seconds until an answer that never comes is given up; the others come, however busy the machine is.
PATIENCE = dict.fromkeys((expected for expected, _ in ANSWERS.values()), 5.0) | {ReadTimeout: 0.3}


class Passing(httpx.AsyncBaseTransport):
    """A middleware that does nothing, so that httpx's objects are made."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.inner.handle_async_request(request)


@asynccontextmanager
async def client_to(way: str, url: str, *, read: float = 5) -> AsyncIterator[AsyncClient]:
    options: dict[str, Any] = {}
    stock = None
    if way == "middleware":
        options["middleware"] = [Passing]
    elif way == "httpx's own":
        options["transport"] = stock = httpx.AsyncHTTPTransport(trust_env=False)
    elif way == "proxy":
        options["proxy"] = url
    async with AsyncClient(
        KEY,
        SECRET,
        base_url=url,
        trust_env=False,
        timeout=httpx.Timeout(5, read=read, pool=None),
        retry=RetryPolicy(attempts=2, sleep=FakeSleep()),
        clock=lambda: NOW,
        **options,
    ) as client:
        yield client
    if stock is not None:
        await stock.aclose()


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("kind", ANSWERS)
async def test_no_answer_and_no_refusal_shows_a_secret(kind: str, ask: str) -> None:
    expected, handler = ANSWERS[kind]
    async with RawServer(handler) as server, client_to("pool", server.url, read=PATIENCE[expected]) as client:
        error = await failure(ASKED[ask](client))
    assert isinstance(error, expected)
    assert_hidden(error)


@pytest.mark.parametrize("ask", ["service", "request", "view", "watched"])
@pytest.mark.parametrize("kind", ANSWERS)
async def test_an_error_that_nobody_keeps_is_gone_at_once_with_its_request(kind: str, ask: str) -> None:
    expected, handler = ANSWERS[kind]
    async with RawServer(handler) as server, client_to("pool", server.url, read=PATIENCE[expected]) as client:
        gc.disable()
        try:
            error = await remembered(ASKED[ask](client))
            assert error() is None
        finally:
            gc.enable()


@pytest.mark.parametrize("way", ["middleware", "httpx's own", "proxy"])
@pytest.mark.parametrize("kind", ANSWERS)
async def test_neither_do_the_frames_of_httpx_and_others_between(kind: str, way: str) -> None:
    expected, handler = ANSWERS[kind]
    async with RawServer(handler) as server, client_to(way, server.url, read=PATIENCE[expected]) as client:
        for ask in ("service", "request"):
            error = await failure(ASKED[ask](client))
            assert isinstance(error, expected)
            assert_hidden(error)


@pytest.mark.parametrize("way", ["pool", "middleware", "httpx's own", "proxy"])
async def test_nor_a_connection_that_is_not_made(way: str) -> None:
    async with RawServer(hang_up) as server:
        url = server.url
    async with client_to(way, url) as client:
        for ask in ("service", "request", "bulk"):
            error = await failure(ASKED[ask](client))
            assert isinstance(error, ConnectError | ProxyError)
            assert_hidden(error)


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize("steps", [[hang], [answer(-18, PASSWORD), hang]])
async def test_nor_the_deadline(ask: str, steps: list[Any]) -> None:
    loop = LoopClock(asyncio.get_running_loop())
    transport = ScriptedTransport(*steps)
    async with AsyncClient(
        KEY, SECRET, transport=transport, deadline=5, clock=lambda: NOW, retry=RetryPolicy(sleep=FakeSleep())
    ) as client:
        task = asyncio.create_task(failure(ASKED[ask](client)))
        await until(lambda: len(transport.sent) == len(steps))
        loop.advance(60)
        error = await task
    assert isinstance(error, DeadlineExceeded)
    assert (error.last_error is not None) is (len(steps) == 2)
    assert_hidden(error)


async def test_nor_a_timeout_of_the_callers() -> None:
    async with RawServer(say_nothing) as server, client_to("pool", server.url) as client:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await client.sip_trunks.update(registered())
    assert not isinstance(caught.value, ItnioError)
    assert_hidden(caught.value)


TRUNK = SipTrunk(key_id=1, sip_trunk_name="x", sip_account="me", sip_trunk_state=True, sip_password=PASSWORD)
WRONG: dict[str, Ask] = {
    "a password that is a number": lambda c: c.sip_trunks.update(registered(sip_password=PASSWORD.encode())),
    "a wrong type beside it": lambda c: c.sip_trunks.update(registered(sip_prefix=7)),
    "a wrong type in a list": lambda c: c.sip_trunks.update(registered(group_list=[raw_update()])),
    "a check": lambda c: c.sip_trunks.update(registered(sip_trunk_name="")),
    "lone surrogates": lambda c: c.sip_trunks.update(registered(sip_password=f"{PASSWORD}\ud800")),
    "no request at all": lambda c: c.sip_trunks.update(raw_update()),  # type: ignore[arg-type]
    "no request to add": lambda c: c.sip_trunks.add(raw_update()),  # type: ignore[arg-type]
    "another's request": lambda c: c.call(ADD, raw_update()),
    "no endpoint": lambda c: c.call("update", raw_update()),  # type: ignore[arg-type]
    "no JSON": lambda c: c.request("POST", UPDATE_PATH, json={**raw_update(), "more": {1, 2}}),
    "no finite number": lambda c: c.request("POST", UPDATE_PATH, json=[PASSWORD, float("nan")]),
    "no query": lambda c: c.request("POST", UPDATE_PATH, params={"sipPassword": PASSWORD, "more": {}}),
    "a query too long": lambda c: c.request("POST", UPDATE_PATH, params={"sipPassword": PASSWORD * 10_000}),
    "no path": lambda c: c.request("POST", "https://example.com", json=raw_update()),
    "no method": lambda c: c.request("PO ST", UPDATE_PATH, json=raw_update(), params={"password": PASSWORD}),
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("handling", [False, True])
async def test_nor_a_request_that_is_refused_before(kind: str, handling: bool) -> None:
    async with AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer())) as client:
        try:
            made_traceback(caught := OwnError("of the caller"))
            if handling:
                raise caught
        except OwnError:
            error = await failure(WRONG[kind](client))
        else:
            error = await failure(WRONG[kind](client))
    assert isinstance(error, InvalidRequestError)
    assert places(caught)[-1] == "made_traceback"
    assert (caught in linked_errors(error, None)) is handling
    assert_hidden(error)


@pytest.mark.parametrize("request_", [registered(sip_prefix=7), registered(sip_password=8), raw_update()])
async def test_nor_an_outcome_of_a_request_that_is_refused_before(request_: Any) -> None:
    async with (
        AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer())) as client,
        client.sip_trunks.update_many([request_, registered(), request_]) as run,
    ):
        outcomes = [outcome async for outcome in run]
    for error in (outcomes[0].error, outcomes[2].error):
        assert error is not None
        assert_hidden(error)


@pytest.mark.parametrize("changes", [{"nonsense": 1}, {"sip_trunk_state": True}])
def test_nor_a_trunk_that_makes_no_update(changes: Any) -> None:
    trunk = SipTrunk(key_id=None, sip_trunk_name="x", sip_account="me", sip_trunk_state=True)
    with pytest.raises(InvalidRequestError) as caught:
        trunk.to_update(sip_password=PASSWORD, **changes)
    assert_hidden(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"api_secret": SECRET + "\n"},
        {"api_key": KEY + "\n", "api_secret": SECRET},
        {"api_key": None, "api_secret": SECRET},
        {"api_secret": SECRET, "base_url": "ftp://x"},
        {"api_secret": SECRET, "timeout": "soon"},
        {"api_secret": SECRET, "verify": "no"},
    ],
)
def test_nor_a_client_that_cannot_be_made(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncClient(**{"api_key": KEY, **options})
    assert_hidden(caught.value)


@pytest.mark.parametrize(
    "options", [{"credentials": (KEY, SECRET)}, {"credentials": Credentials(KEY, SECRET), "deadline": 0}]
)
async def test_nor_a_view_that_cannot_be_made(options: dict[str, Any]) -> None:
    async with AsyncClient(KEY, SECRET) as client:
        with pytest.raises(ConfigurationError) as caught:
            client.with_options(**options)
        assert_hidden(caught.value)


@pytest.mark.parametrize("given", [(KEY, SECRET), {"api_secret": SECRET}, SECRET])
async def test_nor_a_callable_that_gives_no_credentials(given: Any) -> None:
    async with AsyncClient(credentials=lambda: given, transport=ScriptedTransport(answer())) as client:
        error = await failure(client.sip_trunks.update(registered()))
    assert isinstance(error, ConfigurationError)
    assert_hidden(error)


@pytest.mark.parametrize("line", ["a\r\nb", "a\0b"])
async def test_nor_a_middlewares_header_that_cannot_be_sent(line: str) -> None:
    class Spoil(Passing):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            request.headers["X-Line"] = line
            return await self.inner.handle_async_request(request)

    for transport in (None, httpx.AsyncHTTPTransport(trust_env=False)):
        async with AsyncClient(
            KEY,
            SECRET,
            base_url="http://127.0.0.1:9",
            middleware=[Spoil],
            transport=transport,
            trust_env=False,
            clock=lambda: NOW,
        ) as client:
            error = await failure(client.sip_trunks.update(registered()))
        assert_hidden(error)


# -- what is not ours -------------------------------------------------------------------------------------------------


def places(error: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


class OwnError(Exception):
    pass


@pytest.mark.parametrize("kind", [OwnError, KeyError, InvalidRequestError, ServerError])
@pytest.mark.parametrize("of", ["middleware", "credentials"])
@pytest.mark.parametrize("attempt", [1, 2])
async def test_what_others_raise_passes_with_its_frames_and_causes(
    of: str, kind: type[Exception], attempt: int
) -> None:
    cause = OwnError("why")
    frames = made_traceback(cause)
    count = 0

    def raise_own() -> None:
        nonlocal count
        count += 1
        if count == attempt:
            raise kind("of others") from cause

    class Raises(Passing):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if of == "middleware":
                raise_own()
            return await self.inner.handle_async_request(request)

    async def credentials() -> Credentials:
        if of == "credentials":
            raise_own()
        return Credentials(KEY, SECRET)

    async with AsyncClient(
        credentials=credentials,
        transport=ScriptedTransport(answer(-18)),
        middleware=[Raises],
        retry=RetryPolicy(sleep=FakeSleep(), attempts=attempt),
    ) as client:
        with pytest.raises(kind) as caught:
            await client.sip_trunks.update(registered())
    error = caught.value
    assert (error.args[0], error.__cause__) == ("of others", cause)
    assert places(error)[-1] == "raise_own"
    assert cause.__traceback__ is frames
    assert error.__context__ is None


@pytest.mark.parametrize("kind", [OwnError, KeyError, RuntimeError, KeyboardInterrupt, asyncio.CancelledError])
async def test_no_frame_above_an_own_transport_shows_the_signature(kind: type[BaseException]) -> None:
    class Raises(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            del request
            raise kind("below the signer")

    async with AsyncClient(KEY, SECRET, transport=Raises(), clock=lambda: NOW) as client:
        with pytest.raises(kind) as caught:
            await client.account.get_balance()
    shown = [variables for place, variables in frames_of(caught.value) if str(HERE) not in place]
    assert not [variables for variables in shown if SIGN in variables or KEY in variables]


def made_traceback(error: OwnError) -> TracebackType | None:
    """Raise the error, and return the frames that it has from that."""
    with pytest.raises(OwnError):
        raise error
    return error.__traceback__


@pytest.mark.parametrize("ask", ["service", "request", "bulk"])
@pytest.mark.parametrize("kind", ["lost", "repeated", "HTML", "conflict"])
async def test_what_the_caller_was_handling_stays_as_it_was(kind: str, ask: str) -> None:
    beneath = OwnError(f"my {PASSWORD}")
    frames = made_traceback(beneath)
    async with RawServer(ANSWERS[kind][1]) as server, client_to("pool", server.url) as client:
        try:
            raise OwnError(f"mine: {PASSWORD}") from beneath
        except OwnError as caught:
            handled, before = caught, places(caught)
            error = await failure(ASKED[ask](client))
    assert places(handled) == before != []
    assert handled.args == (f"mine: {PASSWORD}",)
    assert (beneath.args, beneath.__traceback__) == ((f"my {PASSWORD}",), frames)
    # A failure of the connection comes from the event loop, and so without the caller's as its context.
    assert kind == "lost" or ask == "bulk" or handled in linked_errors(error, None)


# -- what hangs on an error -------------------------------------------------------------------------------------------


def test_all_that_hang_on_an_error_are_found_once_in_circles_too() -> None:
    first, second, third, fourth = (OwnError(number) for number in range(4))
    group = BaseExceptionGroup("several", [third, BaseExceptionGroup("more", [fourth, first])])
    late = DeadlineExceeded("late", last_error=ServerError("before"))
    first.__cause__, first.__context__ = second, group
    second.__context__, third.__cause__, fourth.__context__ = first, second, late
    found = list(linked_errors(first, None))
    assert {id(error) for error in found} >= {id(e) for e in (first, second, third, fourth, group, late)}
    assert late.last_error in found
    assert len(found) == len({id(error) for error in found}) == 8
    assert list(linked_errors(first, group)) == [first, second]
    assert list(linked_errors(first, first)) == []


def test_a_chain_of_any_length_is_followed() -> None:
    first = last = OwnError()
    for _ in range(100_000):
        last.__context__ = OwnError()
        last = last.__context__
    assert sum(1 for _ in linked_errors(first, None)) == 100_001
    last.__context__, first.__context__ = None, None


def test_one_frame_is_left() -> None:
    def deep() -> None:
        try:
            raise KeyError
        except KeyError as error:
            raise OwnError from error

    with pytest.raises(OwnError) as caught:
        deep()
    drop_frames(caught.value, None)
    assert caught.value.__cause__ is not None
    assert places(caught.value) == places(caught.value.__cause__) == ["test_one_frame_is_left"]
