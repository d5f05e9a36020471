"""What `on_call` is told: every call once, however it was asked for and however it ended."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import pickle
import weakref
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, get_args

import attrs
import httpx
import pytest
from support.scripted import FakeSleep, LoopClock, ScriptedTransport, answer, hang, until
from support.values import KEY, PASSWORD, SECRET, UPDATE_PATH, registered_update, trunk_add, trunk_update

from itnio_async import (
    ENDPOINTS,
    ApiError,
    AsyncClient,
    CallDetails,
    ConflictError,
    Credentials,
    DeadlineExceeded,
    InvalidRequestError,
    ItnioError,
    RetryPolicy,
    ServerError,
)
from itnio_async.calls.details import Ended, ids_of
from itnio_async.conversion.kinds import alternatives
from itnio_async.values import ID, SECRET as SECRET_MARK, fields_of

UPDATE = ENDPOINTS[0]
BUSY = answer(-18, "Port program unusual")
Ask = Callable[[AsyncClient], Awaitable[Any]]


async def bulk(client: AsyncClient) -> None:
    async with client.sip_trunks.update_many([trunk_update()]) as run:
        async for outcome in run:
            if outcome.error is not None:
                raise outcome.error


WAYS: dict[str, Ask] = {
    "service": lambda client: client.sip_trunks.update(trunk_update()),
    "call": lambda client: client.call(UPDATE, trunk_update()),
    "bulk": bulk,
    "raw": lambda client: client.request("POST", UPDATE_PATH, json={}, idempotent=True),
    "view": lambda client: client.with_options(deadline=30).sip_trunks.update(trunk_update()),
}
ENDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "succeeded": (
        answer(),
        {"ended": "succeeded", "code": 0, "http_status": 200, "error": None, "may_have_been_processed": True},
    ),
    "refused by the vendor": (
        answer(-47, http_status=400),
        {"ended": "failed", "code": -47, "http_status": 400, "error_type": "ConflictError"},
    ),
    "not the API's": (
        httpx.Response(502, html="<h1>bad</h1>"),
        {"ended": "failed", "code": None, "http_status": 502, "error_type": "UnexpectedResponseError"},
    ),
    "lost": (
        httpx.ReadError("reset"),
        {"ended": "failed", "code": None, "error_type": "ConnectionLost", "may_have_been_processed": True},
    ),
    "another's error": (
        ValueError("of a middleware"),
        {"ended": "failed", "code": None, "error": None, "error_type": "ValueError", "may_have_been_processed": True},
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ENDS)
async def test_every_way_to_ask_and_to_end_is_told_once(scripted: Any, way: str, end: str) -> None:
    step, expected = ENDS[end]
    seen: list[CallDetails] = []
    client, _ = scripted(step, on_call=seen.append)
    raised: BaseException | None = None
    try:
        await WAYS[way](client)
    except (ItnioError, ValueError) as error:
        raised = error

    (details,) = seen
    assert {name: getattr(details, name) for name in expected} == expected
    assert (details.method, details.path) == ("POST", UPDATE_PATH)
    assert details.endpoint == f"POST {UPDATE_PATH}"
    assert details.ids == ({} if way == "raw" else {"key_id": 1, "sip_trunk_name": "22232"})
    assert (details.attempts, details.waited) == (1, 0.0)
    assert details.elapsed > 0
    if isinstance(raised, ItnioError):
        assert type(details.error) is type(raised)
        assert str(details.error) == str(raised)
        assert details.may_have_been_processed == raised.may_have_been_processed
    else:
        assert details.error_type == (None if raised is None else type(raised).__name__)


@pytest.mark.parametrize(
    ("ask", "endpoint", "code"),
    [
        (lambda client: client.sip_trunks.update(trunk_update(group_list=[])), f"POST {UPDATE_PATH}", -48),
        (lambda client: client.call(UPDATE, trunk_add()), f"POST {UPDATE_PATH}", None),
        (lambda client: client.call("no endpoint", trunk_add()), "", None),
        (lambda client: client.request("POST", "https://evil.example/x"), "", None),
        (lambda client: client.request("POST", "/v3/x", params="no mapping"), "POST /v3/x", None),
        (lambda client: client.request("POST", "/v3/x", json=object()), "POST /v3/x", None),
    ],
)
async def test_what_is_refused_before_sending_is_told_too(scripted: Any, ask: Ask, endpoint: str, code: Any) -> None:
    seen: list[CallDetails] = []
    client, transport = scripted(answer(), on_call=seen.append)
    with pytest.raises(InvalidRequestError):
        await ask(client)
    (details,) = seen
    assert (details.ended, details.attempts, details.may_have_been_processed) == ("refused", 0, False)
    assert (details.endpoint, details.code, details.http_status) == (endpoint, code, None)
    assert transport.sent == []


async def test_a_call_of_a_closed_client_is_refused(scripted: Any) -> None:
    seen: list[CallDetails] = []
    client, _ = scripted(answer(), on_call=seen.append)
    await client.aclose()
    with pytest.raises(ItnioError):
        await client.sip_trunks.list()
    assert [(details.ended, details.error_type) for details in seen] == [("refused", "ConfigurationError")]


async def test_a_deadline_is_told(scripted: Any, loop_clock: LoopClock) -> None:
    seen: list[CallDetails] = []
    client, transport = scripted(BUSY, hang, on_call=seen.append, retry=RetryPolicy(sleep=FakeSleep()), deadline=5)
    call = asyncio.ensure_future(client.sip_trunks.update(trunk_update()))
    await until(lambda: len(transport.sent) == 2)
    await loop_clock.run(6)
    with pytest.raises(DeadlineExceeded):
        await call
    (details,) = seen
    assert (details.ended, details.attempts, details.code) == ("timed_out", 2, None)
    assert isinstance(details.error, DeadlineExceeded)
    assert isinstance(details.error.last_error, ServerError)


@pytest.mark.parametrize("begun", [False, True])
async def test_a_cancelled_call_is_told(scripted: Any, begun: bool) -> None:
    seen: list[CallDetails] = []
    client, transport = scripted(hang, on_call=seen.append, limits=httpx.Limits(max_connections=1))
    calls = [asyncio.ensure_future(client.sip_trunks.update(trunk_update())) for _ in range(2)]
    await until(lambda: transport.sent and client.stats.waiting)
    call = calls[0 if begun else 1]
    call.cancel()
    await asyncio.wait([call])
    (details,) = seen
    assert (details.ended, details.error, details.error_type) == ("cancelled", None, "CancelledError")
    assert details.attempts == details.may_have_been_processed == begun
    calls[1].cancel()
    calls[0].cancel()
    await asyncio.wait(calls)


async def test_a_call_whose_coroutine_is_closed_is_told(scripted: Any) -> None:
    seen: list[CallDetails] = []
    client, _ = scripted(hang, on_call=seen.append)
    call = client.sip_trunks.update(trunk_update())
    call.send(None)
    call.close()
    assert [details.ended for details in seen] == ["cancelled"]


async def test_each_cut_off_call_of_a_run_is_told(scripted: Any) -> None:
    seen: list[CallDetails] = []
    client, transport = scripted(hang, on_call=seen.append)

    async def consume() -> None:
        async for _ in client.sip_trunks.update_many([trunk_update(key_id=number) for number in range(1, 4)]):
            pass

    consumer = asyncio.ensure_future(consume())
    await until(lambda: len(transport.sent) == 3)
    consumer.cancel()
    await asyncio.wait([consumer])
    assert sorted(details.ids["key_id"] for details in seen) == [1, 2, 3]
    assert {details.ended for details in seen} == {"cancelled"}


# -- waits ------------------------------------------------------------------------------------------------------------


async def test_the_waits_between_attempts_are_counted(scripted: Any) -> None:
    seen: list[CallDetails] = []
    policy = RetryPolicy(initial=0.01, random=lambda: 1.0)
    client, _ = scripted(BUSY, BUSY, answer(), on_call=seen.append, retry=policy)
    await client.sip_trunks.update(trunk_update())
    (details,) = seen
    assert details.attempts == 3
    assert 0.03 <= details.waited <= details.elapsed


async def test_a_wait_that_is_cut_short_counts_as_far_as_it_went(scripted: Any) -> None:
    seen: list[CallDetails] = []
    sleeping = asyncio.Event()

    async def sleep(_: float) -> None:
        sleeping.set()
        await asyncio.Event().wait()

    policy = RetryPolicy(initial=1000, maximum=1000, random=lambda: 1.0, sleep=sleep)
    client, _ = scripted(BUSY, on_call=seen.append, retry=policy)
    call = asyncio.ensure_future(client.sip_trunks.update(trunk_update()))
    await sleeping.wait()
    call.cancel()
    await asyncio.wait([call])
    (details,) = seen
    assert 0 < details.waited <= details.elapsed < 1000
    assert (details.ended, details.attempts, details.may_have_been_processed) == ("cancelled", 1, True)


def lost(_: httpx.Request) -> httpx.ReadError:
    return httpx.ReadError(f"reset {PASSWORD}")


# -- what it must not do ----------------------------------------------------------------------------------------------


async def test_an_on_call_that_gives_a_coroutine_is_told_of(scripted: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def tell(_: object) -> None:
        raise AssertionError("nobody awaits it")

    client, _ = scripted(answer(), on_call=lambda details: tell(details))
    await client.sip_trunks.update(trunk_update())
    assert "on_call gave a coroutine" in caplog.text


async def test_a_failing_on_call_does_not_hurt_the_call(scripted: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: CallDetails) -> None:
        raise RuntimeError("a mistake in on_call")

    client, _ = scripted(answer(), answer(-47), on_call=fail)
    await client.sip_trunks.update(trunk_update())
    with pytest.raises(ConflictError):
        await client.sip_trunks.update(trunk_update())
    assert caplog.text.count("on_call failed") == caplog.text.count("RuntimeError: a mistake in on_call") == 2


class Metrics:
    async def __call__(self, details: CallDetails) -> None:
        """Never awaited."""


@pytest.mark.parametrize("value", [5, "x", [], hang, Metrics(), partial(hang)])
def test_on_call_must_be_a_plain_function(value: Any) -> None:
    with pytest.raises(ItnioError, match="on_call"):
        AsyncClient(KEY, SECRET, on_call=value)


@pytest.mark.parametrize("steps", [[answer(-47, f"Duplicate {PASSWORD}")], [lost], [BUSY, lost], [BUSY, hang]])
async def test_what_is_kept_keeps_neither_secrets_nor_frames(
    scripted: Any, steps: list[Any], loop_clock: LoopClock
) -> None:
    seen: list[CallDetails] = []
    client, transport = scripted(*steps, on_call=seen.append, deadline=5, retry=RetryPolicy(sleep=FakeSleep()))

    async def ask() -> weakref.ref[Any]:
        update = registered_update()
        call = asyncio.ensure_future(client.sip_trunks.update(update))
        await until(lambda: len(transport.sent) == len(steps))
        await loop_clock.run(6)
        with pytest.raises(ItnioError):
            await call
        return weakref.ref(update)

    kept = await ask()
    gc.collect()
    (details,) = seen
    assert kept() is None
    assert details.error is not None
    errors = [details.error, getattr(details.error, "last_error", None)]
    for error in errors:
        assert error is None or (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)
    told = f"{details} {details.log_fields()} {details.error} {pickle.dumps(details)!r}"
    assert PASSWORD not in told
    assert SECRET not in told


async def test_an_error_class_of_a_middleware_is_told_as_the_nearest_of_ours(scripted: Any) -> None:
    class Denied(InvalidRequestError):
        def __new__(cls, *arguments: Any) -> Denied:
            assert arguments
            return super().__new__(cls, *arguments)

    seen: list[CallDetails] = []
    client, _ = scripted(Denied("not today"), on_call=seen.append)
    with pytest.raises(Denied):
        await client.sip_trunks.update(trunk_update())
    (details,) = seen
    assert (type(details.error), str(details.error)) == (InvalidRequestError, "not today")
    assert (details.error_type, details.ended) == ("Denied", "failed")


def test_details_pickle_and_compare() -> None:
    details = CallDetails(
        endpoint="POST /v3/x",
        ids=ids_of(trunk_update()),
        ended="succeeded",
        code=0,
        http_status=200,
        attempts=1,
        waited=0.0,
        elapsed=0.1,
        error=None,
        error_type=None,
        may_have_been_processed=True,
    )
    assert pickle.loads(pickle.dumps(details)) == details
    assert len({details, pickle.loads(pickle.dumps(details))}) == 1
    assert "22232" in repr(details)
    with pytest.raises(TypeError):
        details.ids["key_id"] = 2  # type: ignore[index]


# -- ids --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_ids_are_of_plain_types_and_never_secret(endpoint: Any) -> None:
    for attribute, kind in fields_of(endpoint.request_type):
        if ID in attribute.metadata:
            assert attribute.metadata[ID] in (int, str)
            assert attribute.metadata[ID] in alternatives(kind)
            assert SECRET_MARK not in attribute.metadata
            # Names of things, and never of people; no ids that the caller may have made of a person's data.
            ids = {"key_id", "id", "voice_group_id", "seat_group_id", "app_id", "template_id", "flow_id"}
            made = {"verification_id", "voice_id", "file_id"}
            names = {"sip_trunk_name", "group_name", "task_name", "name"}
            assert attribute.name in ids | made | names, "may this stand in a log?"


@pytest.mark.parametrize(
    ("request_value", "ids"),
    [
        (trunk_update(key_id=7, sip_trunk_name="a"), {"key_id": 7, "sip_trunk_name": "a"}),
        (trunk_add(sip_trunk_name="a"), {"sip_trunk_name": "a"}),
        (trunk_update(key_id=PASSWORD, sip_trunk_name=5), {}),
        (trunk_update(key_id=True, sip_trunk_name=None), {}),
        (trunk_update(key_id=2**63, sip_trunk_name="\ud800"), {}),
        ({"key_id": 1}, {}),
        (None, {}),
        (Credentials(KEY, SECRET), {}),
    ],
)
def test_only_ids_that_could_be_sent_are_told(request_value: Any, ids: dict[str, Any]) -> None:
    assert ids_of(request_value) == ids


# -- the log ----------------------------------------------------------------------------------------------------------


async def test_the_log_has_the_same_values(scripted: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="itnio_async.client")
    seen: list[CallDetails] = []
    client, transport = scripted(answer(), answer(-47), hang, on_call=seen.append)
    await client.sip_trunks.update(trunk_update())
    with pytest.raises(ApiError):
        await client.sip_trunks.update(trunk_update())
    with pytest.raises(InvalidRequestError):
        await client.sip_trunks.update(trunk_update(group_list=[]))
    call = asyncio.ensure_future(client.sip_trunks.update(trunk_update()))
    await until(lambda: len(transport.sent) == 3)
    call.cancel()
    await asyncio.wait([call])

    lines = [record for record in caplog.records if hasattr(record, "ended")]
    names = {attribute.name for attribute in attrs.fields(CallDetails)} - {"error"}
    assert len(lines) == len(seen) == 4
    for record, details in zip(lines, seen, strict=True):
        assert {name: getattr(record, name) for name in names} == {name: getattr(details, name) for name in names}
        assert details.ended in record.getMessage()
        json.dumps(details.log_fields())


async def test_a_deadline_has_a_line(scripted: Any, loop_clock: LoopClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="itnio_async.client")
    client, transport = scripted(hang, deadline=5)
    call = asyncio.ensure_future(client.sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    await loop_clock.run(6)
    with pytest.raises(DeadlineExceeded):
        await call
    assert [record.ended for record in caplog.records] == ["timed_out"]  # type: ignore[attr-defined]


async def test_nothing_is_made_where_nobody_wants_to_know(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default costs a test of an attribute, and no more."""
    made: list[Any] = []
    monkeypatch.setattr(CallDetails, "__init__", lambda *_, **__: made.append(1))
    client, _ = scripted(answer())
    await client.sip_trunks.update(trunk_update())
    assert made == []


def test_each_end_has_a_test() -> None:
    assert set(get_args(Ended)) == {"succeeded", "failed", "refused", "timed_out", "cancelled"}


def test_a_view_shares_on_call() -> None:
    client = AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer()), on_call=print)
    assert client.with_options(deadline=1)._shared is client._shared
    asyncio.run(client.aclose())
