"""Which failures are repeated, when, how often, and what the client learns from them."""

from __future__ import annotations

import asyncio
import logging
import pickle
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st
from support.raw_server import http_bytes
from support.scripted import FakeClock, FakeSleep, ScriptedTransport, answer, hang, ticks, until
from support.values import KEY, SECRET, UPDATE_PATH, trunk_add, trunk_update

from itnio_async import (
    ENDPOINTS,
    ApiError,
    AsyncClient,
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    ConnectTimeout,
    Credentials,
    DeadlineExceeded,
    GatewayBusyError,
    InvalidRequestError,
    IpNotAllowedError,
    ItnioError,
    PoolTimeout,
    RetryBudget,
    RetryDetails,
    RetryPolicy,
    ServerError,
    TimestampExpiredError,
    TransientError,
    UnexpectedResponseError,
    ValidationError,
)
from itnio_async.transport.signing import sign

UPDATE = ENDPOINTS[0]
BUSY = answer(-18, "Port program unusual")
EXPIRED = answer(-16, "timestamp expires")
DONE = answer()
NOW = 1_700_000_000


def at_once(**options: Any) -> RetryPolicy:
    return RetryPolicy(**{"sleep": FakeSleep(), **options})


# -- how long -------------------------------------------------------------------------------------------------------


def test_each_process_waits_by_its_own_randomness() -> None:
    sent = pickle.dumps(RetryPolicy())
    assert len({pickle.loads(sent).wait(1) for _ in range(9)}) > 1


@pytest.mark.parametrize("share", [0.0, 0.25, 0.999])
async def test_a_server_error_waits_a_random_part_of_a_doubling_time(scripted: Any, share: float) -> None:
    sleep = FakeSleep()
    policy = RetryPolicy(attempts=6, initial=0.2, maximum=1.0, random=lambda: share, sleep=sleep)
    client, transport = scripted(BUSY, BUSY, BUSY, BUSY, BUSY, DONE, retry=policy)

    response = await client.call(UPDATE, trunk_update())

    whole = [0.2, 0.4, 0.8, 1.0, 1.0]
    # A wait of 0 needs no sleep at all.
    assert sleep.waits == pytest.approx([share * part for part in whole] if share else [])
    assert response.attempts == len(transport.sent) == 6


@given(
    attempt=st.integers(1, 10**6),
    share=st.floats(0, 1),
    initial=st.floats(0, 1e6),
    maximum=st.floats(0, 1e6),
)
def test_no_wait_is_below_zero_or_above_the_maximum(attempt: int, share: float, initial: float, maximum: float) -> None:
    policy = RetryPolicy(initial=initial, maximum=maximum, random=lambda: share)
    assert 0 <= policy.wait(attempt) <= maximum


async def test_an_expired_timestamp_is_signed_anew_at_once(scripted: Any) -> None:
    sleep, clock = FakeSleep(), FakeClock(step=1)
    client, transport = scripted(EXPIRED, EXPIRED, DONE, retry=RetryPolicy(sleep=sleep), clock=clock)

    await client.sip_trunks.update(trunk_update())

    assert sleep.waits == []
    stamps = transport.headers_sent("Timestamp")
    assert len(set(stamps)) == 3
    assert transport.headers_sent("Sign") == [sign(Credentials(KEY, SECRET), int(stamp)) for stamp in stamps]


class SleptClock(FakeClock):
    """A clock that goes on while the client sleeps, and a little with each look at it."""

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("begin", [0.0, 0.2, 0.5, 0.999])
async def test_no_attempt_repeats_the_bytes_of_one_that_was_refused(scripted: Any, begin: float) -> None:
    clock = SleptClock(NOW + begin, step=1e-6)
    client, transport = scripted(EXPIRED, retry=RetryPolicy(sleep=clock.sleep), clock=clock)

    with pytest.raises(TimestampExpiredError):
        await client.sip_trunks.update(trunk_update())

    assert len(set(transport.headers_sent("Sign"))) == len(transport.sent) == 4
    # Each waits for the next second, and not longer.
    assert transport.headers_sent("Timestamp") == [str(NOW + second) for second in range(4)]


async def test_a_clock_that_goes_back_does_not_make_the_same_bytes_either(scripted: Any) -> None:
    clock = SleptClock(NOW + 0.5, step=1e-6)

    def put_back(_: httpx.Request) -> httpx.Response:
        clock.now -= 1
        return EXPIRED

    client, transport = scripted(put_back, retry=RetryPolicy(sleep=clock.sleep), clock=clock)
    with pytest.raises(TimestampExpiredError):
        await client.sip_trunks.update(trunk_update())
    assert len(set(transport.headers_sent("Sign"))) == 4


async def test_a_corrected_clock_is_tried_at_once(scripted: Any) -> None:
    sleep = FakeSleep()
    client, transport = scripted(
        answer(-16, date=NOW + 1000), DONE, retry=RetryPolicy(sleep=sleep, budget=RetryBudget(0)), clock=lambda: NOW
    )
    await client.sip_trunks.update(trunk_update())
    assert sleep.waits == []
    assert transport.headers_sent("Timestamp") == [str(NOW), str(NOW + 1000)]


# -- how often ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("refusal", "kind"), [(BUSY, ServerError), (EXPIRED, TimestampExpiredError)])
@pytest.mark.parametrize("attempts", [1, 2, 4])
async def test_the_last_error_is_raised_as_it_is(
    scripted: Any, refusal: httpx.Response, kind: type[TransientError], attempts: int
) -> None:
    client, transport = scripted(refusal, retry=at_once(attempts=attempts))

    with pytest.raises(kind) as caught:
        await client.sip_trunks.update(trunk_update())

    assert type(caught.value) is kind
    assert caught.value.attempts == len(transport.sent) == attempts
    assert "RetryError" not in str(caught.getrepr(style="native"))
    assert client.stats.retries == attempts - 1
    assert client.stats.requests == attempts


@pytest.mark.parametrize("code", [-1, -2, -20, -22, -23, -24, -44, -45, *range(-61, -46), -999, 7])
async def test_other_codes_are_never_repeated(scripted: Any, code: int) -> None:
    client, transport = scripted(answer(code, "no"), DONE, retry=at_once(unsafe=True))

    with pytest.raises(ApiError) as caught:
        await client.sip_trunks.update(trunk_update())

    assert len(transport.sent) == 1
    assert caught.value.code == code
    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        OSError(110, "timed out"),
        httpx.Response(502, html="<h1>Bad Gateway</h1>"),
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(200, content=b"{"),
        httpx.Response(302, headers={"Location": "/elsewhere"}),
    ],
    ids=str,
)
async def test_no_answer_and_foreign_answers_are_never_repeated(scripted: Any, failure: Any) -> None:
    client, transport = scripted(failure, DONE, retry=at_once(unsafe=True))
    with pytest.raises(ItnioError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert not isinstance(caught.value, ApiError)
    assert len(transport.sent) == 1


@pytest.mark.parametrize(
    ("on", "repeated"),
    [
        ((), set()),
        (ServerError, {-18}),
        ([TimestampExpiredError], {-16}),
        ((TransientError,), {-16, -18}),
    ],
)
@pytest.mark.parametrize("code", [-16, -18])
async def test_only_what_the_policy_names_is_repeated(scripted: Any, on: Any, repeated: set[int], code: int) -> None:
    client, transport = scripted(answer(code), DONE, retry=at_once(on=on))
    if code in repeated:
        await client.sip_trunks.update(trunk_update())
    else:
        with pytest.raises(TransientError):
            await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 1 + (code in repeated)


async def test_creating_is_not_repeated_after_a_server_error(scripted: Any) -> None:
    client, transport = scripted(BUSY, DONE, retry=at_once())
    with pytest.raises(ServerError) as caught:
        await client.sip_trunks.add(trunk_add())
    assert len(transport.sent) == 1
    assert caught.value.may_have_been_processed


async def test_creating_is_repeated_where_the_caller_accepts_it(scripted: Any) -> None:
    client, transport = scripted(BUSY, answer(data=77), retry=at_once(unsafe=True))
    assert await client.sip_trunks.add(trunk_add()) == 77
    assert len(transport.sent) == 2


async def test_creating_is_repeated_after_an_expired_timestamp(scripted: Any) -> None:
    client, transport = scripted(EXPIRED, EXPIRED, answer(data="78"), retry=at_once())
    assert await client.sip_trunks.add(trunk_add()) == 78
    assert len(transport.sent) == 3


@pytest.mark.parametrize(
    ("path", "code", "idempotent", "kind", "sent"),
    [
        ("/wa/app/create", -4, False, TimestampExpiredError, 4),
        ("/wa/app/create", -5, False, ServerError, 1),
        ("/wa/app/create", -5, True, ServerError, 4),
        ("/wa/app/create", -18, True, ApiError, 1),
        ("/wa/app/create", -6, True, IpNotAllowedError, 1),
        ("/aivoice/taskAdd", -4, False, TimestampExpiredError, 4),
        ("/aivoice/taskAdd", -16, True, ApiError, 1),
        ("/aivoice/taskAdd", -1, True, AuthenticationError, 1),
        ("/v3/cc/elsewhere", -4, True, ApiError, 1),
        ("/v3/cc/elsewhere", -18, False, ServerError, 1),
        ("/v3/cc/elsewhere", -18, True, ServerError, 4),
        # A path that has an endpoint uses its codes, and the caller's own word on repeating.
        (UPDATE_PATH, -47, True, ApiError, 1),
    ],
)
async def test_each_family_has_its_own_transient_codes(
    scripted: Any, path: str, code: int, idempotent: bool, kind: type[ApiError], sent: int
) -> None:
    client, transport = scripted(answer(code), retry=at_once())
    with pytest.raises(kind) as caught:
        await client.request("POST", path, json={}, idempotent=idempotent)
    assert len(transport.sent) == sent
    assert isinstance(caught.value, TransientError) == issubclass(kind, TransientError)


async def test_a_view_has_its_own_policy(scripted: Any) -> None:
    client, transport = scripted(BUSY, BUSY, DONE, retry=at_once())
    view = client.with_options(retry=at_once(attempts=1))
    with pytest.raises(ServerError):
        await view.sip_trunks.update(trunk_update())
    await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"attempts": 2.0},
        {"attempts": True},
        {"initial": -1},
        {"initial": float("nan")},
        {"maximum": "5"},
        {"on": (ValidationError,)},
        {"on": "ServerError"},
        {"on": None},
        {"unsafe": 1},
        {"budget": 500},
        {"random": 0.5},
        {"sleep": None},
    ],
    ids=str,
)
def test_a_policy_that_cannot_be_kept_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        RetryPolicy(**wrong)


@pytest.mark.parametrize("wrong", [{"capacity": -1}, {"cost": "5"}, {"refund": float("inf")}], ids=str)
def test_a_budget_that_cannot_be_kept_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        RetryBudget(**wrong)


# -- a gateway's word, and no connection ----------------------------------------------------------------------------


def busy(http_status: int, **headers: str) -> httpx.Response:
    return httpx.Response(http_status, headers=headers, html="<h1>Slow down</h1>")


@pytest.mark.parametrize(("http_status", "processed"), [(429, False), (503, True)])
async def test_a_busy_gateway_is_not_repeated_by_itself(scripted: Any, http_status: int, processed: bool) -> None:
    client, transport = scripted(busy(http_status, **{"Retry-After": "7"}), DONE)
    with pytest.raises(GatewayBusyError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 1
    assert (caught.value.http_status, caught.value.retry_after) == (http_status, 7.0)
    assert caught.value.may_have_been_processed is processed


@pytest.mark.parametrize("http_status", [400, 404, 500, 502, 504])
async def test_other_pages_of_a_gateway_say_nothing_of_waiting(scripted: Any, http_status: int) -> None:
    client, _ = scripted(busy(http_status, **{"Retry-After": "7"}))
    with pytest.raises(UnexpectedResponseError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert not isinstance(caught.value, GatewayBusyError)


async def test_a_policy_may_repeat_it_and_waits_as_it_is_told(scripted: Any) -> None:
    sleep, told = FakeSleep(), []
    policy = RetryPolicy(on=(GatewayBusyError,), sleep=sleep, random=lambda: 1.0)
    until_date = {"Date": "Wed, 01 Sep 2021 04:00:00 GMT", "Retry-After": "Wed, 01 Sep 2021 04:00:09 GMT"}
    client, transport = scripted(
        busy(429, **{"Retry-After": "7"}), busy(503, **until_date), busy(429), DONE, retry=policy, on_retry=told.append
    )
    await client.sip_trunks.update(trunk_update())
    assert sleep.waits == [7.0, 9.0, 0.8]  # what is not said is waited as after any failure
    assert len(transport.sent) == 4
    assert [details.code for details in told] == [None] * 3


async def test_what_may_have_been_passed_on_is_not_repeated_where_that_could_do_harm(scripted: Any) -> None:
    policy = at_once(on=(GatewayBusyError,))
    client, transport = scripted(busy(429), busy(503), DONE, retry=policy)
    with pytest.raises(GatewayBusyError) as caught:
        await client.sip_trunks.add(trunk_add())
    assert len(transport.sent) == 2
    assert caught.value.http_status == 503
    client, transport = scripted(busy(503), DONE, retry=at_once(on=(GatewayBusyError,), unsafe=True))
    await client.sip_trunks.add(trunk_add())


async def test_a_policy_may_repeat_where_no_connection_came_about(scripted: Any) -> None:
    client, transport = scripted(httpx.ConnectError("refused"), DONE, retry=at_once(on=(ConnectError,)))
    await client.sip_trunks.add(trunk_add())
    assert len(transport.sent) == 2


async def test_a_long_wait_ends_with_the_deadline(make_client: Any, loop_clock: Any) -> None:
    transport = ScriptedTransport(busy(429, **{"Retry-After": "3600"}))
    client = make_client(transport, retry=RetryPolicy(on=(GatewayBusyError,)), deadline=5)
    call = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await until(lambda: transport.sent)
    await loop_clock.run(6)
    with pytest.raises(DeadlineExceeded) as caught:
        await call
    assert isinstance(caught.value.last_error, GatewayBusyError)
    assert not caught.value.may_have_been_processed


# -- the budget -----------------------------------------------------------------------------------------------------


def on_budget(capacity: float, cost: float = 5, refund: float = 1, **options: Any) -> RetryPolicy:
    return at_once(budget=RetryBudget(capacity, cost, refund), **options)


async def test_an_empty_budget_lets_the_first_error_stand_and_says_so(scripted: Any) -> None:
    client, transport = scripted(BUSY, retry=on_budget(4))
    with pytest.raises(ServerError, match="budget") as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == caught.value.attempts == 1
    assert client.stats.retries == 0


async def test_the_budget_says_nothing_where_the_attempts_are_used_up(scripted: Any) -> None:
    client, _ = scripted(BUSY, retry=on_budget(1000))
    with pytest.raises(ServerError) as caught:
        await client.sip_trunks.update(trunk_update())
    assert "budget" not in str(caught.value)


async def test_the_tokens_are_the_clients_and_its_views_share_them(scripted: Any) -> None:
    client, transport = scripted(BUSY, retry=on_budget(10, attempts=2))
    view = client.with_options(retry=on_budget(10, attempts=2), credentials=Credentials("other", "account"))
    for caller in (client, view):
        with pytest.raises(ServerError):
            await caller.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 4  # two tokens' worth

    for caller in (view, client, client.with_options(deadline=1)):
        with pytest.raises(ServerError, match="budget"):
            await caller.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 7


async def test_successes_fill_the_budget_up_but_not_over(scripted: Any) -> None:
    steps = [BUSY, BUSY, *[DONE] * 5, BUSY, DONE]
    client, transport = scripted(*steps, retry=on_budget(5, attempts=2))
    with pytest.raises(ServerError):
        await client.sip_trunks.update(trunk_update())  # takes all five
    for _ in range(5):
        await client.sip_trunks.update(trunk_update())  # five back
    await client.sip_trunks.update(trunk_update())  # repeated once more
    assert len(transport.sent) == 9

    client, transport = scripted(*[DONE] * 50, BUSY, DONE, BUSY, retry=on_budget(5, refund=0.1))
    for _ in range(50):
        await client.sip_trunks.update(trunk_update())
    await client.sip_trunks.update(trunk_update())
    with pytest.raises(ServerError, match="budget"):
        await client.sip_trunks.update(trunk_update())


async def test_a_success_never_fills_the_budget_over_its_capacity(scripted: Any) -> None:
    client, transport = scripted(BUSY, DONE, BUSY, retry=on_budget(5, cost=2, refund=3))
    await client.sip_trunks.update(trunk_update())  # 5 - 2 + 3
    with pytest.raises(ServerError, match="budget"):
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 2 + 3


async def test_a_repeat_with_another_timestamp_costs_nothing(scripted: Any) -> None:
    client, transport = scripted(EXPIRED, EXPIRED, DONE, retry=on_budget(0), clock=FakeClock(step=1))
    await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 3


async def test_waiting_for_the_next_second_costs_what_other_repeats_do(scripted: Any) -> None:
    client, transport = scripted(EXPIRED, retry=on_budget(100), clock=lambda: NOW)
    outcomes = await asyncio.gather(
        *(client.sip_trunks.update(trunk_update()) for _ in range(200)), return_exceptions=True
    )
    assert all(isinstance(outcome, TimestampExpiredError) for outcome in outcomes)
    assert len(transport.sent) == 200 + 100 / 5
    assert "budget" in str(outcomes[-1])


async def test_a_storm_does_not_multiply_the_load(scripted: Any) -> None:
    client, transport = scripted(BUSY, retry=on_budget(100))
    outcomes = await asyncio.gather(
        *(client.sip_trunks.update(trunk_update()) for _ in range(200)), return_exceptions=True
    )
    assert all(isinstance(outcome, ServerError) for outcome in outcomes)
    assert len(transport.sent) == 200 + 100 / 5


# -- whom it tells --------------------------------------------------------------------------------------------------


async def test_on_retry_is_told_of_each_repeat(scripted: Any) -> None:
    told: list[RetryDetails] = []
    policy = at_once(random=lambda: 1.0)
    client, _ = scripted(BUSY, EXPIRED, BUSY, DONE, retry=policy, on_retry=told.append, clock=FakeClock(step=1))

    await client.sip_trunks.update(trunk_update())

    endpoint = f"POST {UPDATE_PATH}"
    assert told == [
        RetryDetails(endpoint, 1, -18, 0.2, 0.0),
        RetryDetails(endpoint, 2, -16, 0.0, pytest.approx(0.2)),
        RetryDetails(endpoint, 3, -18, pytest.approx(0.8), pytest.approx(0.2)),
    ]


async def test_on_retry_is_not_told_of_what_is_not_repeated(scripted: Any) -> None:
    told: list[RetryDetails] = []
    client, _ = scripted(BUSY, answer(-45), retry=at_once(attempts=1), on_retry=told.append)
    for _ in range(2):
        with pytest.raises(ApiError):
            await client.sip_trunks.update(trunk_update())
    assert told == []


async def test_a_failing_on_retry_does_not_hurt_the_call(scripted: Any, caplog: pytest.LogCaptureFixture) -> None:
    def fail(details: RetryDetails) -> None:
        raise ZeroDivisionError

    client, transport = scripted(BUSY, DONE, retry=at_once(), on_retry=fail)
    with caplog.at_level(logging.ERROR):
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 2
    assert "on_retry" in caplog.text


# -- side by side ---------------------------------------------------------------------------------------------------


async def test_the_slot_is_given_back_while_it_sleeps(scripted: Any) -> None:
    seen: list[tuple[int, int]] = []
    sleep = FakeSleep()
    client, transport = scripted(
        BUSY, DONE, DONE, retry=RetryPolicy(sleep=sleep), limits=httpx.Limits(max_connections=1)
    )

    async def meanwhile() -> None:
        seen.append((client.stats.in_use, client.stats.waiting))
        await client.sip_trunks.update(trunk_update(key_id=2))

    sleep.during = meanwhile
    await client.sip_trunks.update(trunk_update())

    assert seen == [(0, 0)]
    assert [b'"keyId":2' in request.content for request in transport.sent] == [False, True, False]


async def test_concurrent_calls_do_not_mix_their_states(scripted: Any) -> None:
    failures: dict[str, int] = {}

    async def some_fail(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        number = request.url.params["n"]
        failures[number] = failures.get(number, 0) + 1
        return answer(data=number) if failures[number] > int(number) % 5 else answer(-18)

    client, _ = scripted(some_fail, retry=on_budget(10_000, attempts=5))
    responses = await asyncio.gather(
        *(client.request("GET", "/v3/x", params={"n": number}, idempotent=True) for number in range(100))
    )
    assert [response.attempts for response in responses] == [number % 5 + 1 for number in range(100)]
    assert [response.data for response in responses] == [str(number) for number in range(100)]
    assert client.stats.retries == sum(number % 5 for number in range(100))


@pytest.mark.parametrize("where", ["request", "sleep"])
async def test_a_cancellation_passes_and_nothing_is_repeated_after_it(scripted: Any, where: str) -> None:
    sleep = FakeSleep(during=asyncio.Event().wait if where == "sleep" else lambda: None)
    client, transport = scripted(BUSY, hang, DONE, retry=RetryPolicy(sleep=sleep))
    task = asyncio.create_task(client.sip_trunks.update(trunk_update()))
    await until(lambda: sleep.waits if where == "sleep" else len(transport.sent) == 2)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert len(transport.sent) == (1 if where == "sleep" else 2)
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


async def test_a_client_closed_in_the_sleep_makes_no_further_attempt(scripted: Any) -> None:
    sleep = FakeSleep()
    client, transport = scripted(BUSY, DONE, retry=RetryPolicy(sleep=sleep))
    sleep.during = client.aclose
    with pytest.raises(ConfigurationError, match="closed") as caught:
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 1
    assert caught.value.may_have_been_processed


@pytest.mark.parametrize(("first", "processed"), [(BUSY, True), (EXPIRED, False)])
async def test_calls_that_sleep_when_the_client_is_closed_end_at_once(
    scripted: Any, first: Any, processed: bool
) -> None:
    sleep = FakeSleep(during=asyncio.Event().wait)  # for ever
    client, transport = scripted(first, retry=RetryPolicy(sleep=sleep), clock=lambda: NOW)
    calls = [asyncio.create_task(client.sip_trunks.update(trunk_update())) for _ in range(3)]
    await until(lambda: len(sleep.waits) == 3)
    calls[0].cancel()  # in the same tick: it wins

    await client.aclose()
    outcomes = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 1)

    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] + [ConfigurationError] * 2
    for outcome in outcomes[1:]:
        assert "closed" in str(outcome)
        assert (outcome.may_have_been_processed, outcome.attempts) == (processed, 1)
    assert [task.cancelling() for task in calls] == [1, 0, 0]
    assert len(transport.sent) == 3
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


async def test_a_time_out_of_the_sleep_itself_passes(scripted: Any) -> None:
    def fail() -> None:
        raise TimeoutError("the caller's own")

    client, _ = scripted(BUSY, retry=RetryPolicy(sleep=FakeSleep(during=fail)))
    with pytest.raises(TimeoutError, match="the caller's own"):
        await client.sip_trunks.update(trunk_update())


# -- what may have been processed -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "kind", "processed"),
    [
        (BUSY, answer(-45), ValidationError, True),
        (BUSY, EXPIRED, TimestampExpiredError, True),
        (BUSY, httpx.ConnectError("x"), ConnectError, True),
        (BUSY, httpx.ConnectTimeout("x"), ConnectTimeout, True),
        (BUSY, httpx.PoolTimeout("x"), PoolTimeout, True),
        (EXPIRED, answer(-45), ValidationError, False),
        (EXPIRED, httpx.ConnectError("x"), ConnectError, False),
        (EXPIRED, httpx.ConnectTimeout("x"), ConnectTimeout, False),
        (EXPIRED, httpx.Response(502), UnexpectedResponseError, True),
        (EXPIRED, BUSY, ServerError, True),
        (EXPIRED, EXPIRED, TimestampExpiredError, False),
    ],
)
async def test_one_attempt_that_may_have_worked_decides(
    scripted: Any, first: Any, last: Any, kind: type[ItnioError], processed: bool
) -> None:
    client, _ = scripted(first, last, retry=at_once(attempts=2))
    with pytest.raises(kind) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed is processed


async def test_a_repeat_that_gets_no_slot_says_what_the_first_attempt_may_have_done(make_client: Any) -> None:
    transport = ScriptedTransport(BUSY, hang)
    sleep = FakeSleep()
    client = make_client(
        transport,
        retry=RetryPolicy(sleep=sleep),
        limits=httpx.Limits(max_connections=1),
        timeout=httpx.Timeout(1, pool=0.01),
    )
    other: list[asyncio.Task[None]] = []

    async def take_the_slot() -> None:
        other.append(asyncio.create_task(client.sip_trunks.update(trunk_update(key_id=2))))
        await until(lambda: len(transport.sent) == 2)

    sleep.during = take_the_slot
    with pytest.raises(PoolTimeout) as caught:
        await client.sip_trunks.update(trunk_update())
    assert caught.value.may_have_been_processed
    other[0].cancel()
    await asyncio.gather(*other, return_exceptions=True)


# -- the server's clock ---------------------------------------------------------------------------------------------


def vendor(clock_of_server: Any, window: float = 300) -> Any:
    """A step that refuses timestamps outside the window and tells the server's time."""

    def judge(request: httpx.Request) -> httpx.Response:
        now = clock_of_server()
        if abs(int(request.headers["Timestamp"]) - now) > window:
            return answer(-16, "timestamp expires", date=now)
        return answer(date=now)

    return judge


@pytest.mark.parametrize("off", [-86_000, -3600, -301, 301, 3600, 86_000])
async def test_a_clock_that_is_off_is_learnt_from_one_refusal(scripted: Any, off: int) -> None:
    client, transport = scripted(vendor(lambda: NOW), clock=lambda: NOW + off, retry=at_once())
    assert (await client.call(UPDATE, trunk_update())).attempts == 2
    assert int(transport.headers_sent("Timestamp")[-1]) == pytest.approx(NOW, abs=1)
    assert (await client.call(UPDATE, trunk_update())).attempts == 1
    assert (await client.with_options(deadline=5).call(UPDATE, trunk_update())).attempts == 1


async def test_a_clock_that_is_put_right_again_keeps_working(scripted: Any) -> None:
    off = [3600]
    client, _ = scripted(vendor(lambda: NOW), clock=lambda: NOW + off[0], retry=at_once())
    attempts = []
    for moment in (3600, 3600, 0, 0, -7200, -7200, 0):
        off[0] = moment
        attempts.append((await client.call(UPDATE, trunk_update())).attempts)
    assert attempts == [2, 1, 2, 1, 2, 1, 2]


async def test_the_last_lesson_wins(scripted: Any) -> None:
    client, transport = scripted(
        answer(-16, date=NOW + 1000), DONE, answer(-16, date=NOW - 1000), DONE, clock=lambda: NOW, retry=at_once()
    )
    for _ in range(2):
        await client.sip_trunks.update(trunk_update())
    assert [int(stamp) - NOW for stamp in transport.headers_sent("Timestamp")] == [0, 1000, 1000, -1000]


@pytest.mark.parametrize("off", [0, 1, -1, 1.9, 86_401, -90_000])
async def test_what_is_no_clock_that_is_off_is_not_learnt(scripted: Any, off: float) -> None:
    client, transport = scripted(answer(-16, date=NOW + off), retry=at_once(), clock=lambda: NOW)
    with pytest.raises(TimestampExpiredError) as caught:
        await client.sip_trunks.update(trunk_update())
    # Nothing was learnt that a second refusal could prove wrong: all attempts are made.
    assert transport.headers_sent("Timestamp") == [str(NOW)] * 4
    assert caught.value.clock_skew == pytest.approx(-off, abs=1)


@pytest.mark.parametrize("off", [-2, 2, 86_400, -86_400])
async def test_two_seconds_to_a_day_are_learnt(scripted: Any, off: int) -> None:
    client, transport = scripted(answer(-16, date=NOW - off), DONE, clock=lambda: NOW, retry=at_once())
    await client.sip_trunks.update(trunk_update())
    assert transport.headers_sent("Timestamp") == [str(NOW), str(NOW - off)]


@pytest.mark.parametrize("off", [-5000, 5000])
async def test_a_refusal_that_stays_after_learning_raises_with_the_skew(scripted: Any, off: int) -> None:
    clock = SleptClock(NOW + off, step=1e-6)

    def refuse(_: httpx.Request) -> httpx.Response:
        return answer(-16, date=clock.now - off)

    client, transport = scripted(refuse, clock=clock, retry=RetryPolicy(attempts=5, sleep=clock.sleep))
    with pytest.raises(TimestampExpiredError, match=f"5000 s {'ahead' if off > 0 else 'behind'}") as caught:
        await client.sip_trunks.update(trunk_update())
    # By this machine's clock, by the server's, by this machine's: each in a second of its own.
    assert [int(stamp) - NOW for stamp in transport.headers_sent("Timestamp")] == [off, 0, off + 1, off + 2, off + 3]
    assert len(transport.sent) == caught.value.attempts == 5
    assert caught.value.clock_skew == pytest.approx(off, abs=1)
    assert caught.value.after_correction
    assert "refused as well" in str(caught.value)
    assert caught.value.may_have_been_processed is False


async def test_a_date_that_was_wrong_is_disproved_and_the_client_finds_back(scripted: Any) -> None:
    """The API judges by its own clock; `Date` is that of a gateway before it, which is ten minutes ahead."""
    late = [0.0]

    def judge(request: httpx.Request) -> httpx.Response:
        arrived, late[0] = NOW + late[0], 0.0
        refused = abs(int(request.headers["Timestamp"]) - arrived) > 60
        return answer(-16 if refused else 0, date=NOW + 600)

    client, _ = scripted(judge, clock=lambda: NOW, retry=at_once())
    attempts = []
    for delay in (0, 90, 0, 0, 90, 0):
        late[0] = delay
        attempts.append((await client.call(UPDATE, trunk_update())).attempts)
    # The one that came late, then by the gateway's clock, then by this machine's.
    assert attempts == [1, 3, 1, 1, 3, 1]


@pytest.mark.parametrize("concurrent", [2, 50])
async def test_many_calls_at_once_find_back_too(scripted: Any, concurrent: int) -> None:
    clock, wrong = SleptClock(NOW, step=1e-6), 600
    is_late = True

    async def judge(request: httpx.Request) -> httpx.Response:
        stamp, is_refused = int(request.headers["Timestamp"]), is_late
        await ticks(3)
        return answer(-16 if is_refused or abs(stamp - clock.now) > 60 else 0, date=clock.now + wrong)

    client, transport = scripted(judge, clock=clock, retry=RetryPolicy(sleep=clock.sleep))
    calls = [asyncio.create_task(client.call(UPDATE, trunk_update())) for _ in range(concurrent)]
    await until(lambda: len(transport.sent) == concurrent)
    is_late = False
    assert max(response.attempts for response in await asyncio.gather(*calls)) <= 4
    assert client._shared.clock.correction == 0
    assert (await client.call(UPDATE, trunk_update())).attempts == 1


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Foo 2023 00:00:00 GMT", "0"])
async def test_without_a_usable_date_the_refusal_is_repeated_up_to_attempts(scripted: Any, date: str | None) -> None:
    refusal = httpx.Response(200, json={"status": "-16"}, headers={} if date is None else {"Date": date})
    client, transport = scripted(refusal, retry=at_once(attempts=3), clock=lambda: NOW)
    with pytest.raises(TimestampExpiredError) as caught:
        await client.sip_trunks.add(trunk_add())
    assert len(transport.sent) == 3
    assert caught.value.clock_skew is None


async def test_only_a_refused_timestamp_teaches(scripted: Any) -> None:
    client, transport = scripted(
        answer(date=NOW + 1000),
        answer(-18, date=NOW + 2000),
        answer(date=NOW + 2000),
        answer(-1, date=NOW + 3000),
        httpx.Response(401, headers={"Date": "Tue, 14 Nov 2023 23:13:20 GMT"}, content=b"-16"),
        DONE,
        clock=lambda: NOW,
        retry=at_once(),
    )
    for _ in range(5):
        await asyncio.gather(client.sip_trunks.update(trunk_update()), return_exceptions=True)
    assert set(transport.headers_sent("Timestamp")) == {str(NOW)}


@pytest.mark.parametrize("off", [-3600, 3600])
async def test_calls_signed_with_the_old_estimate_succeed_all(scripted: Any, off: int) -> None:
    arrived = 0
    both = asyncio.Event()

    async def judge(request: httpx.Request) -> httpx.Response:
        nonlocal arrived
        arrived += 1
        if arrived == 5:
            both.set()
        if arrived <= 5:
            await both.wait()
        return vendor(lambda: NOW)(request)

    client, _ = scripted(judge, clock=lambda: NOW + off, retry=at_once())
    responses = await asyncio.gather(*(client.call(UPDATE, trunk_update(key_id=number)) for number in range(1, 6)))
    assert [response.attempts for response in responses] == [2] * 5
    assert client._shared.clock() == pytest.approx(NOW, abs=1)


@pytest.mark.parametrize("judged_after", [0, 1, 200, 399, 400])
async def test_a_slow_request_is_no_clock_that_is_off(scripted: Any, judged_after: int) -> None:
    clock = FakeClock(NOW)

    def slow(_: httpx.Request) -> httpx.Response:
        clock.now += 400  # so long under way, with a clock that is right
        return answer(-16, date=NOW + judged_after)

    client, transport = scripted(slow, DONE, clock=clock, retry=at_once())
    await client.sip_trunks.update(trunk_update())
    assert transport.headers_sent("Timestamp") == [str(NOW), str(NOW + 400)]
    assert client._shared.clock() == NOW + 400


@pytest.mark.parametrize(
    ("base_url", "learns"),
    [
        ("https://api.itniotech.com", True),
        ("http://127.0.0.1:1", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://vendor.example", False),
        ("http://10.0.0.1", False),
    ],
)
async def test_plain_http_to_another_machine_never_teaches(scripted: Any, base_url: str, learns: bool) -> None:
    client, transport = scripted(
        answer(-16, date=NOW + 1000), clock=lambda: NOW, retry=at_once(), base_url=base_url, allow_insecure=True
    )
    with pytest.raises(TimestampExpiredError) as caught:
        await client.sip_trunks.update(trunk_update())
    # What the error says helps a person, who can doubt it; only the client must not believe it.
    assert caught.value.clock_skew == -1000
    assert (str(NOW + 1000) in transport.headers_sent("Timestamp")) is learns
    assert len(transport.sent) == 4


async def test_credentials_change_between_attempts(scripted: Any) -> None:
    given_out = iter([Credentials("first", "x"), Credentials("second", "y")])

    async def next_credentials() -> Credentials:
        await asyncio.sleep(0)
        return next(given_out)

    transport = ScriptedTransport(BUSY, DONE)
    async with AsyncClient(credentials=next_credentials, transport=transport, retry=at_once()) as client:
        await client.sip_trunks.update(trunk_update())
    assert transport.headers_sent("Api-Key") == ["first", "second"]
    assert transport.headers_sent("Sign") == [
        sign(Credentials(key, secret), int(stamp))
        for key, secret, stamp in zip(["first", "second"], "xy", transport.headers_sent("Timestamp"), strict=True)
    ]


async def test_a_refused_request_takes_nothing(scripted: Any) -> None:
    client, transport = scripted(DONE, retry=at_once())
    with pytest.raises(InvalidRequestError):
        await client.sip_trunks.update(trunk_update(key_id=None))
    assert transport.sent == []
    assert client.stats.requests == 0


async def test_the_wait_is_over_a_real_connection_too(make_client: Any, raw_server: Any) -> None:
    answers = [b'{"status":"-18","reason":"Port program unusual"}', b'{"status":0,"reason":"success","data":null}']

    async def handler(connection: Any) -> None:
        for body in answers:
            await connection.receive()
            await connection.send(http_bytes(body))
        await connection.receive()

    server = await raw_server(handler)
    client = make_client(base_url=server.url, retry=at_once())
    assert (await client.call(UPDATE, trunk_update())).attempts == 2
    assert server.connections == 1


async def test_a_failure_of_the_vault_is_not_taken_for_the_vendors(scripted: Any) -> None:
    # The callable may use a client of ours too; its failures pass unchanged, and nothing is asked twice.
    asked = []

    def vault() -> Credentials:
        asked.append(1)
        if len(asked) == 1:
            raise ServerError("the vault's own", code=-18)
        raise AssertionError("asked again")

    sleep = FakeSleep()
    client, transport = scripted(
        answer(0), credentials=vault, api_key=None, api_secret=None, retry=RetryPolicy(sleep=sleep)
    )
    with pytest.raises(ServerError, match="the vault's own"):
        await client.sip_trunks.update(trunk_update())
    assert not transport.sent


async def test_a_failure_of_the_vault_between_two_attempts_ends_the_call(scripted: Any) -> None:
    given_before = []

    def vault() -> Credentials:
        if given_before:
            raise ServerError("the vault's own", code=-18)
        given_before.append(1)
        return Credentials(KEY, SECRET)

    client, transport = scripted(
        answer(-18), credentials=vault, api_key=None, api_secret=None, retry=RetryPolicy(sleep=FakeSleep())
    )
    with pytest.raises(ServerError, match="the vault's own"):
        await client.sip_trunks.update(trunk_update())
    assert len(transport.sent) == 1


async def test_a_sleep_that_cannot_be_awaited_is_named(scripted: Any) -> None:
    client, _ = scripted(answer(-18), retry=RetryPolicy(sleep=lambda seconds: None))
    with pytest.raises(ConfigurationError, match=r"RetryPolicy\.sleep"):
        await client.sip_trunks.update(trunk_update())


@pytest.mark.parametrize("time", [float("nan"), float("inf"), "now", None])
async def test_a_clock_that_gives_no_time_is_named(scripted: Any, time: Any) -> None:
    client, transport = scripted(answer(0), clock=lambda: time)
    with pytest.raises(ConfigurationError, match="clock"):
        await client.sip_trunks.update(trunk_update())
    assert not transport.sent
