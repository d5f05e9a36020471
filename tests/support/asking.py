"""Plain HTTP requests to the sandbox, signed here by hand, so that its tests do not rest on the client."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
from attrs import frozen

from itnio_async.sandbox import Sandbox, StoredTrunk

UPDATE = "/v3/cc/sipTrunk/update"
ADD = "/v3/cc/sipTrunk/add"
QUERY = "/v3/cc/sipTrunk/query"


def headers_for(
    sandbox: Sandbox, *, key: str | None = None, secret: str | None = None, timestamp: str | None = None
) -> dict[str, str]:
    key = sandbox.api_key if key is None else key
    secret = sandbox.api_secret if secret is None else secret
    timestamp = str(int(sandbox.clock())) if timestamp is None else timestamp
    sign = hashlib.md5(f"{key}{secret}{timestamp}".encode()).hexdigest()
    return {"Api-Key": key, "Timestamp": timestamp, "Sign": sign}


async def ask(
    sandbox: Sandbox, path: str, body: Any, *, headers: dict[str, Any] | None = None, timeout: float = 5.0
) -> httpx.Response:
    signed = {**headers_for(sandbox), "Content-Type": "application/json;charset=UTF-8", **(headers or {})}
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    async with httpx.AsyncClient(base_url=sandbox.url, timeout=timeout, trust_env=False) as client:
        return await client.post(path, headers=signed, **sent)


@frozen
class Answer:
    """What the sandbox answered: the code, the data, and the rule behind it, such as `0 documented`."""

    code: int
    data: Any
    rule: str
    text: str


class Asker:
    """Sends signed requests to a sandbox: a body by POST or PUT, fields of a query by GET."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def __call__(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self._asked("GET" if body is None else "POST", path, body, query)

    def put(self, path: str, body: Any) -> Answer:
        return self._asked("PUT", path, body, {})

    def _asked(self, method: str, path: str, body: Any, query: Any) -> Answer:
        headers = headers_for(self.sandbox)
        # Plain HTTP: loading the authorities would take longer than the call.
        with httpx.Client(base_url=self.sandbox.url, trust_env=False, verify=False, timeout=30) as client:
            response = client.request(method, path, headers=headers, json=body, params=query)
        return self._answer(response)

    @staticmethod
    def _answer(response: httpx.Response) -> Answer:
        envelope = response.json()
        # Some pages have other keys.
        keys = ("status", "reason") if "status" in envelope else ("code", "msg")
        rest = {name: value for name, value in envelope.items() if name not in keys}
        data = rest["data"] if rest.keys() <= {"data"} and rest else rest or None
        text = response.headers["X-Itnio-Rule-Text"]
        return Answer(int(envelope[keys[0]]), data, rule_of(response), text)


def rule_of(response: httpx.Response) -> str:
    return response.headers["X-Itnio-Rule"]


def replacement(trunk: StoredTrunk, **changes: Any) -> dict[str, Any]:
    """The whole body of an update that leaves the trunk as it is, but for the changes; `...` leaves a field out."""
    body = {
        "keyId": trunk.key_id,
        "sipTrunkName": trunk.sip_trunk_name,
        "sipPrefix": trunk.sip_prefix,
        "groupList": [{"voiceGroupId": group.voice_group_id, "number": group.number} for group in trunk.groups],
        "sipGatewayIp": trunk.sip_gateway_ip,
        "sipWhiteIp": trunk.sip_white_ip,
        "sipTrunkState": trunk.sip_trunk_state,
        "sipAccount": trunk.sip_account,
        "sipPassword": trunk.sip_password,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}
