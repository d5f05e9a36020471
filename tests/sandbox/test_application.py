"""What is not imitated, and bodies that are not JSON objects."""

import httpx
import pytest
from support.asking import UPDATE, ask, headers_for, rule_of


@pytest.mark.parametrize("path", ["/", "/v3/cc/sipTrunk/delete", UPDATE + "/", "/v3/cc/siptrunk/update", "/%2e%2e/ä"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_unknown_path_is_never_a_success(sandbox, method, path):
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as client:
        response = await client.request(method, path, headers=headers_for(sandbox))
    assert response.status_code == 501
    assert "does not imitate" in response.text
    assert response.headers["Content-Type"].startswith("text/plain")
    assert rule_of(response) == "501 assumed"


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "OPTIONS"])
async def test_another_method_is_never_a_success(sandbox, method):
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as client:
        response = await client.request(method, UPDATE, headers=headers_for(sandbox))
    assert response.status_code == 405
    assert "status" not in response.text
    assert rule_of(response) == "405 assumed"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"\xff", b'{"keyId": NaN}', b'{"a":"\\ud800"}', b"[" * 5000, b'{"keyId": 1e400}'],
)
async def test_what_is_no_json_object_is_a_wrong_parameter(sandbox, body):
    response = await ask(sandbox, UPDATE, body)
    assert response.json()["status"] == "-22"
    assert rule_of(response) == "22 documented"
