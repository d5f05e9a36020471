"""What is recorded of each request, and `strict`, which fails a test that relied on an assumption."""

import json

import httpx
import pytest
from support.asking import QUERY, UPDATE, ask, headers_for, replacement

from itnio_async.sandbox import AssumedRuleError, Sandbox

PAGE = {"current": 1, "size": 10, "params": {}}


async def test_requests_are_recorded(sandbox):
    sandbox.clock = lambda: 1_700_000_000.0
    await ask(sandbox, UPDATE, {**replacement(sandbox.trunk(2)), "sipWhiteIp": ""})
    (request,) = sandbox.requests
    assert (request.at, request.method, request.path, request.key_id) == (1_700_000_000.0, "POST", UPDATE, 2)
    assert (request.code, request.rule, request.text) == (-54, "54 documented", "sipWhiteIp is required")


async def test_the_log_has_each_request_and_no_secret(tmp_path):
    log = tmp_path / "log.jsonl"
    async with Sandbox(trunks=3, log=log) as sandbox:
        sandbox.order("drop,key_id=1")
        await ask(sandbox, UPDATE, replacement(sandbox.trunk(3)))
        with pytest.raises(httpx.RemoteProtocolError):
            await ask(sandbox, UPDATE, replacement(sandbox.trunk(1)))
        headers = headers_for(sandbox)
    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["key_id"], line["code"], line["fault"]) for line in lines] == [
        (3, 0, None),
        (1, None, "drop,key_id=1"),
    ]
    for secret in ("made-up-password-3", sandbox.api_secret, sandbox.api_key, headers["Sign"]):
        assert secret not in text


async def test_strict_names_what_was_relied_on():
    sandbox = await Sandbox(trunks=4, strict=True).__aenter__()
    await ask(sandbox, UPDATE, replacement(sandbox.trunk(1)))
    await ask(sandbox, UPDATE, replacement(sandbox.trunk(2), groupList=[{"voiceGroupId": 9, "number": "+1"}]))
    with pytest.raises(AssumedRuleError) as caught:
        await sandbox.__aexit__(None, None, None)
    assert "1 request was" in str(caught.value)
    assert f"POST {UPDATE} key id 2: 22 assumed (an agent group does not exist)" in str(caught.value)
    assert isinstance(caught.value, AssertionError)


async def test_strict_shows_the_first_twenty_and_counts_the_rest():
    sandbox = Sandbox(strict=True).__enter__()
    for _ in range(25):
        await ask(sandbox, "/nowhere", {})
    with pytest.raises(AssumedRuleError, match=r"^25 requests were(?s:.*)and 5 more$"):
        sandbox.__exit__(None, None, None)


async def test_strict_says_nothing_where_all_is_documented():
    async with Sandbox(trunks=2, strict=True) as sandbox:
        await ask(sandbox, UPDATE, replacement(sandbox.trunk(1)))
        await ask(sandbox, UPDATE, {})
        await ask(sandbox, QUERY, PAGE)
        sandbox.order("minus18")
        await ask(sandbox, UPDATE, replacement(sandbox.trunk(1)))
    assert sandbox.codes == {0: 2, -56: 1, -18: 1}


async def relying_and_failing():
    async with Sandbox(strict=True) as sandbox:
        await ask(sandbox, "/nowhere", {})
        raise ZeroDivisionError


async def test_strict_leaves_an_error_of_the_test_itself_alone():
    with pytest.raises(ZeroDivisionError):
        await relying_and_failing()
