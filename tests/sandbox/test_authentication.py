"""Key and sign, address, timestamp, and the clock that goes with them."""

import asyncio
from email.utils import parsedate_to_datetime

import httpx
import pytest
from support.asking import QUERY, ask, headers_for, rule_of

from itnio_async.sandbox import Sandbox
from itnio_async.sandbox.authentication import authenticate

PAGE = {"current": 1, "size": 10, "params": {}}


async def status(sandbox, **headers):
    return (await ask(sandbox, QUERY, PAGE, headers=headers)).json()["status"]


def test_the_documentations_own_vector_is_accepted():
    headers = {"api-key": "bDqJFiq9", "timestamp": "1630468800", "sign": "05d7a50893e22a5c4bb3216ae3396c7c"}
    accounts = {"bDqJFiq9": "7bz1lzh9"}
    arguments = {"accounts": accounts, "allowed_addresses": None, "now": 1630468800.5, "window": 1}
    assert authenticate(headers, "", **arguments) is None
    assert authenticate({**headers, "sign": headers["sign"].upper()}, "", **arguments) is None


@pytest.mark.parametrize(
    "headers",
    [{"Api-Key": "other"}, {"Api-Key": ""}, {"Sign": "0" * 32}, {"Sign": ""}, {"Sign": "ä".encode()}],
)
async def test_a_wrong_key_or_sign_is_refused(sandbox, headers):
    assert await status(sandbox, **headers) == -1


async def test_headers_left_out_are_refused(sandbox):
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as client:
        response = await client.post(QUERY, json=PAGE)
    assert response.json()["status"] == -1


async def test_the_secret_of_another_account_is_refused(sandbox):
    sandbox.accounts["second"] = "other-secret"
    assert await status(sandbox, **headers_for(sandbox, key="second", secret="other-secret")) == 0
    assert await status(sandbox, **headers_for(sandbox, key="second")) == -1


async def test_only_listed_addresses_are_let_in(sandbox):
    sandbox.allowed_addresses = ["127.0.0.1"]
    assert await status(sandbox) == 0
    sandbox.allowed_addresses = []
    # The true address counts, not what a header says.
    assert await status(sandbox, **{"X-Forwarded-For": "127.0.0.1"}) == -2


@pytest.mark.parametrize(("offset", "code"), [(-31, -16), (-30, 0), (30, 0), (31, -16)])
async def test_timestamps_are_good_within_the_window(offset, code):
    with Sandbox(window=30) as sandbox:
        sandbox.clock = lambda: 1_700_000_000
        headers = headers_for(sandbox, timestamp=str(1_700_000_000 + offset))
        assert await status(sandbox, **headers) == code


@pytest.mark.parametrize("timestamp", ["", "now", "1.5", "-1", "1700000000000", "1" * 40])
async def test_what_is_no_time_in_seconds_is_expired(sandbox, timestamp):
    assert await status(sandbox, **headers_for(sandbox, timestamp=timestamp)) == -16


async def test_the_date_header_is_the_sandboxs_clock(sandbox):
    sandbox.clock = lambda: 1_000_000_000.9
    for path, code in ((QUERY, 200), ("/nowhere", 501)):
        response = await ask(sandbox, path, PAGE)
        assert response.status_code == code
        assert parsedate_to_datetime(response.headers["Date"]).timestamp() == 1_000_000_000
        assert len(response.headers.get_list("Date")) == 1


async def test_a_shifted_clock_expires_timestamps(sandbox):
    headers = headers_for(sandbox)
    clock = sandbox.clock
    sandbox.clock = lambda: clock() + 301
    response = await ask(sandbox, QUERY, PAGE, headers=headers)
    assert response.json() == {"status": -16, "reason": "Timestamp expires"}
    assert rule_of(response) == "16 documented"


async def test_credentials_are_those_of_one_sandbox(sandbox):
    with Sandbox() as other:
        assert await asyncio.gather(status(other), status(sandbox)) == [0, 0]
        assert other.accounts.keys().isdisjoint(sandbox.accounts)
