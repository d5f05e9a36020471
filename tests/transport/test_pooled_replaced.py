"""A dead connection whose replacement fails too: the first request may have been processed."""

from __future__ import annotations

import asyncio

import pytest

from itnio_async import AsyncClient, ConnectionLost
from itnio_async.sandbox import Sandbox


async def test_a_request_that_was_sent_is_not_called_unsent_because_its_repeat_could_not_be():
    with Sandbox(trunks=1) as sandbox:
        async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
            (trunk,) = await client.sip_trunks.list()  # so that the connection is a used one
            order = sandbox.order("hold,endpoint=update")
            call = asyncio.ensure_future(client.sip_trunks.update(trunk.to_update(sip_prefix="9")))
            await order.reached()
            sandbox.stop()
            with pytest.raises(ConnectionLost) as caught:
                await call
    assert caught.value.may_have_been_processed
