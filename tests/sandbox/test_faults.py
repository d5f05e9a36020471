"""Failures to order: what a caller sees of each, which requests they strike, and their text."""

import asyncio
import socket

import httpx
import pytest
from hypothesis import given, strategies as st
from support.asking import QUERY, UPDATE, ask, headers_for, replacement, rule_of

from itnio_async import ConfigurationError
from itnio_async.sandbox import Fault
from itnio_async.sandbox.faults import Bucket

PAGE = {"current": 1, "size": 10, "params": {}}


def update(sandbox, key_id=1, **named):
    return ask(sandbox, UPDATE, replacement(sandbox.trunk(key_id)), **named)


@pytest.mark.parametrize(
    ("fault", "http_status", "rule"),
    [
        (Fault("minus18"), 200, "18 documented"),
        (Fault("minus16"), 200, "16 documented"),
        (Fault("minus23"), 200, "23 assumed"),
        (Fault("minus999"), 200, "999 assumed"),
        (Fault("minus18", http_status=500), 500, "18 documented"),
    ],
)
async def test_a_code_to_order(sandbox, fault, http_status, rule):
    sandbox.order(fault)
    response = await update(sandbox)
    assert response.status_code == http_status
    assert response.json()["status"] == str(fault.code)
    assert rule_of(response) == rule
    assert sandbox.trunk(1).updates == 0
    (request,) = sandbox.requests
    assert (request.code, request.fault) == (fault.code, str(fault))


@pytest.mark.parametrize("kind", ["minus18", "drop", "page", "garbage", "half"])
@pytest.mark.parametrize("processed", [False, True])
async def test_the_request_is_carried_out_or_not_as_ordered(sandbox, kind, processed):
    sandbox.order(Fault(kind, processed=processed))
    try:
        await update(sandbox)
    except httpx.TransportError:
        assert kind in ("drop", "garbage", "half")
    assert sandbox.trunk(1).updates == processed


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("drop"), httpx.RemoteProtocolError),
        (Fault("drop", reset=True), httpx.ReadError),
        (Fault("garbage"), httpx.RemoteProtocolError),
        (Fault("half"), httpx.RemoteProtocolError),
    ],
)
async def test_a_broken_answer_really_ends_the_connection(sandbox, fault, error):
    order = sandbox.order(fault)
    with pytest.raises(error):
        await update(sandbox)
    order.cancel()
    assert sandbox.connections == 1
    assert (await update(sandbox)).json()["status"] == "0"
    assert sandbox.connections == 2


async def test_a_reset_is_a_reset_and_a_drop_an_end(sandbox):
    for reset in (True, False):
        order = sandbox.order(Fault("drop", reset=reset))
        reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
        writer.write(b"POST " + UPDATE.encode() + b" HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
        if reset:
            with pytest.raises(ConnectionResetError):
                await reader.read()
        else:
            assert await reader.read() == b""
        writer.close()
        order.cancel()


async def test_half_an_answer_has_all_headers_and_half_the_body(sandbox):
    sandbox.order(Fault("half"))
    reader, writer = await asyncio.open_connection("127.0.0.1", sandbox.port)
    body = b'{"keyId":1}'
    signed = "".join(f"{name}: {value}\r\n" for name, value in headers_for(sandbox).items())
    writer.write(f"POST {UPDATE} HTTP/1.1\r\nhost: x\r\n{signed}content-length: {len(body)}\r\n\r\n".encode() + body)
    head, _, rest = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    announced = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert len(rest) == announced // 2


async def test_a_gateways_page(sandbox):
    sandbox.order(Fault("page", http_status=503))
    response = await update(sandbox)
    assert response.status_code == 503
    assert response.headers["Content-Type"].startswith("text/html")


async def test_an_answer_that_takes_longer(sandbox):
    sandbox.order(Fault("wait", seconds=30))
    with pytest.raises(httpx.ReadTimeout):
        await update(sandbox, timeout=httpx.Timeout(5, read=0.05))
    sandbox.orders[0].cancel()
    sandbox.order(Fault("wait", seconds=0.01))
    assert (await update(sandbox)).json()["status"] == "0"


async def test_an_answer_that_waits_to_be_released(sandbox):
    order = sandbox.order(Fault("hold", key_id=2))
    held = asyncio.create_task(update(sandbox, 2))
    await order.reached()
    assert (await update(sandbox, 1)).json()["status"] == "0"
    assert not held.done()
    assert sandbox.trunk(2).updates == 0
    order.release()
    assert (await held).json()["status"] == "0"
    assert sandbox.trunk(2).updates == 1
    assert (await update(sandbox, 2)).json()["status"] == "0"  # released for good


async def test_waiting_for_a_fault_that_does_not_strike_ends(sandbox):
    with pytest.raises(TimeoutError):
        await sandbox.order(Fault("drop")).reached(timeout=0.01)


@pytest.mark.parametrize("fault", ["hold", "wait,seconds=3600"])
async def test_stopping_ends_what_is_held_and_carries_nothing_out(sandbox, fault):
    order = sandbox.order(fault)
    held = asyncio.create_task(update(sandbox))
    await order.reached()
    await sandbox.restart()
    with pytest.raises(httpx.TransportError):
        await held
    assert sandbox.trunk(1).updates == 0


async def test_a_delay_and_a_refusal_add_up(sandbox):
    hold = sandbox.order("hold")
    sandbox.order("minus18")
    later = sandbox.order("minus16")
    held = asyncio.create_task(update(sandbox))
    await hold.reached()
    hold.release()
    assert (await held).json()["status"] == "-18"
    assert later.struck == 0


async def test_faults_strike_only_the_requests_they_are_meant_for(sandbox):
    order = sandbox.order(Fault("minus18", endpoint="update", key_id=1, count=2))
    assert (await ask(sandbox, QUERY, PAGE)).json()["status"] == 0
    assert (await update(sandbox, 2)).json()["status"] == "0"
    assert [(await update(sandbox)).json()["status"] for _ in range(3)] == ["-18", "-18", "0"]
    assert order.struck == 2


async def test_an_order_can_be_cancelled(sandbox):
    order = sandbox.order("minus18")
    order.cancel()
    assert (await update(sandbox)).json()["status"] == "0"
    sandbox.order("drop,count=1")
    assert order not in sandbox.orders


def test_the_draws_depend_on_the_seed_alone(sandbox):
    def draws(seed):
        order = sandbox.order(Fault("minus18", probability=0.3, seed=seed))
        return [order.strikes(UPDATE, None) for _ in range(200)]

    assert draws(7) == draws(7) != draws(8)
    assert 30 < sum(draws(7)) < 90


def test_probability_0_never_strikes(sandbox):
    order = sandbox.order(Fault("drop", probability=0))
    assert not any(order.strikes(UPDATE, None) for _ in range(100))


async def test_a_caller_that_goes_away_is_no_error(sandbox, caplog):
    hold = sandbox.order("hold")
    with socket.create_connection(("127.0.0.1", sandbox.port)) as caller:
        caller.sendall(b"POST " + UPDATE.encode() + b" HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n{")
    with socket.create_connection(("127.0.0.1", sandbox.port)) as caller:
        caller.sendall(b"POST " + UPDATE.encode() + b" HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
        await hold.reached()
    hold.release()
    assert (await update(sandbox)).json()["status"] == "0"
    assert "itnio" not in caplog.text
    assert "ASGI" not in caplog.text


# Their text.


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("minus18", Fault("minus18")),
        (
            "minus18,endpoint=update,probability=0.05,seed=7",
            Fault("minus18", endpoint="update", probability=0.05, seed=7),
        ),
        (" wait , seconds=0.5 , key_id=3 ", Fault("wait", seconds=0.5, key_id=3)),
        ("drop,processed=true,reset=true,count=1", Fault("drop", processed=True, reset=True, count=1)),
        (f"page,http_status=429,endpoint={QUERY}", Fault("page", http_status=429, endpoint=QUERY)),
    ],
)
def test_a_fault_is_read_from_text(text, fault):
    assert Fault.parse(text) == fault
    assert Fault.parse(str(fault)) == fault


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", "kind"),
        ("minus", "kind"),
        ("minus0", "kind"),
        ("explode", "kind"),
        ("drop,count", "'count'"),
        ("drop,colour=red", "'colour=red'"),
        ("drop,count=1,count=2", "'count=2'"),
        ("drop,count=many", "'count=many'"),
        ("drop,reset=yes", "true or false"),
        ("drop,count=0", "count"),
        ("drop,key_id=0", "key_id"),
        ("drop,probability=1.5", "probability"),
        ("drop,probability=nan", "probability"),
        ("drop,endpoint=delete", "endpoint"),
        ("wait", "seconds"),
        ("wait,seconds=-1", "seconds"),
        ("wait,seconds=inf", "seconds"),
        ("hold,seconds=1", "seconds"),
        ("drop,http_status=500", "http_status"),
        ("page,http_status=99", "http_status"),
        ("minus18,reset=true", "reset"),
        (None, "text"),
    ],
)
def test_text_that_does_not_fit_says_what(text, names):
    with pytest.raises(ConfigurationError, match=names):
        Fault.parse(text)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"kind": 18}, "kind"),
        ({"kind": "drop", "count": True}, "count"),
        ({"kind": "drop", "count": 1.0}, "count"),
        ({"kind": "drop", "probability": "1"}, "probability"),
        ({"kind": "drop", "probability": None}, "probability"),
        ({"kind": "drop", "processed": 1}, "processed"),
        ({"kind": "drop", "reset": None}, "reset"),
        ({"kind": "drop", "endpoint": ["update"]}, "endpoint"),
    ],
)
def test_values_that_do_not_fit_are_named(arguments, named):
    with pytest.raises(ConfigurationError, match=f"^{named} "):
        Fault(**arguments)


@given(st.text())
def test_any_text_is_a_fault_or_our_error(text):
    try:
        fault = Fault.parse(text)
    except ConfigurationError:
        return
    assert Fault.parse(str(fault)) == fault


def test_only_faults_can_be_ordered(sandbox):
    with pytest.raises(ConfigurationError, match=r"^fault must be of type"):
        sandbox.order(18)


@pytest.mark.parametrize(
    ("text", "http_status", "status"),
    [
        ("limit,rate=2", 429, None),
        ("limit,rate=2,http_status=503,retry_after=3", 503, None),
        ("limit,rate=2,code=-18", 200, "-18"),
    ],
)
async def test_a_limit_of_calls_a_second_refuses_what_is_more(sandbox, text, http_status, status):
    order = sandbox.order(text)
    assert Fault.parse(str(order.fault)) == order.fault
    # At once: in half a second there would be room for another one.
    answers = await asyncio.gather(*(update(sandbox) for _ in range(3)))
    (refused,) = (answer for answer in answers if answer.status_code != 200 or answer.json()["status"] != "0")
    assert (refused.status_code, order.struck) == (http_status, 1)
    assert refused.headers.get("Retry-After") == ("3" if "retry_after" in text else None)
    assert (refused.json()["status"] if status else None) == status
    assert sandbox.trunk(1).updates == 2


def test_a_bucket_fills_again_as_time_goes_by():
    now = 0.0
    bucket = Bucket(10.0, clock=lambda: now)
    assert [bucket.takes() for _ in range(11)] == [True] * 10 + [False]
    now = 0.31
    assert [bucket.takes() for _ in range(4)] == [True] * 3 + [False]
    now = 100.0
    assert sum(bucket.takes() for _ in range(20)) == 10


async def test_a_limit_of_calls_at_once_lets_another_in_when_one_has_left(sandbox):
    held = sandbox.order("hold,key_id=2")
    limit = sandbox.order("limit,at_once=1")
    first = asyncio.create_task(update(sandbox, 2))
    await held.reached()
    assert (await update(sandbox, 1)).status_code == 429
    held.release()
    assert (await first).status_code == 200
    assert (await update(sandbox, 1)).status_code == 200
    assert limit.struck == 1


@pytest.mark.parametrize(
    "text",
    [
        "limit",
        "limit,rate=5,at_once=5",
        "drop,rate=5",
        "drop,code=-18",
        "drop,retry_after=1",
        "limit,rate=0",
        "limit,at_once=0",
        "limit,rate=5,http_status=500",
        "limit,rate=5,code=-18,retry_after=1",
        "limit,rate=5,code=18",
    ],
)
def test_a_limit_that_does_not_fit(text):
    with pytest.raises(ConfigurationError):
        Fault.parse(text)
