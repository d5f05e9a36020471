"""Attempts of calls, made without a client."""

from __future__ import annotations

import time
from typing import Any

import httpx
import orjson
from attrs import evolve

from itnio_async import Credentials
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.calls.request import Attempt, CallRequest, Template
from itnio_async.endpoint import EnvelopeForm
from itnio_async.transport.signing import Signer

MOMENT = 1630468800
SIGN = "05d7a50893e22a5c4bb3216ae3396c7c"
SECRET = "7bz1lzh9"
PASSWORD = 'hun"ter/2'


def an_attempt(
    response_type: Any = None, form: EnvelopeForm = EnvelopeForm.STATUS, content: bytes | None = None
) -> Attempt[Any]:
    endpoint = evolve(UPDATE, envelope=form, response_type=response_type)
    url = httpx.URL("https://api.itniotech.com/v3/cc/sipTrunk/update")
    template = Template(endpoint, url, ((b"Host", b"api.itniotech.com"),))
    content = orjson.dumps({"keyId": 1, "sipPassword": PASSWORD}) if content is None else content
    request = CallRequest(template, content, started=time.monotonic())
    attempt: Attempt[Any] = Attempt(Credentials("bDqJFiq9", SECRET), Signer(lambda: MOMENT), request=request, number=2)
    attempt.sign()
    return attempt
