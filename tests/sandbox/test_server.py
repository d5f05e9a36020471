"""How the sandbox's server treats its connections."""

import time

from itnio_async import AsyncClient


async def test_answers_are_sent_at_once(sandbox):
    """Head and body leave in two writes, and must not wait for the caller's delayed acknowledgement (40 ms) between."""
    elapsed = []
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
        for _ in range(40):
            started = time.perf_counter()
            await client.sip_trunks.list(size=1)
            elapsed.append(time.perf_counter() - started)
    # Acknowledgements are quick on a new connection, and a busy machine may slow down any answer, but not the fastest.
    assert min(elapsed[20:]) < 0.03
