"""The web service under real uvicorn: whoever goes away half-way leaves nothing behind."""

import asyncio
import json
import time
from collections.abc import Coroutine, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.programs import until

from itnio_async.sandbox import Fault, Sandbox

from .running import Program

SLOTS = 100  # the client's default limits.max_connections


def trunk(number: int) -> dict[str, Any]:
    """One of the sandbox's outbound trunks, with another name."""
    return {
        "sip_trunk_name": f"renamed{number}",
        "group_list": [{"voice_group_id": 2_000_000 + number}],
        "sip_gateway_ip": f"10.0.0.{number}",
    }


def update(number: int) -> bytes:
    """The request that asks the service to update it."""
    body = json.dumps(trunk(number))
    head = f"PUT /trunks/{number} HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n{body}".encode()


# Visitors ask for the first, which faults are about; the service must go on with the other all the time.
VISITED, OTHER = update(1), update(5)


class Service(Program):
    """The service, and what its tests ask of it."""

    def __init__(self, sandbox: Sandbox, folder: Path, *options: str) -> None:
        super().__init__(
            sandbox,
            *("-m", "uvicorn", "service:app", "--port", "0", *options),
            ready=r"running on http://127\.0\.0\.1:(\d+)",
            log=folder / "service.log",
        )
        self.sandbox = sandbox
        self.url = f"http://127.0.0.1:{self.port}"

    async def debug(self) -> dict[str, int]:
        async with httpx.AsyncClient() as browser:
            return (await browser.get(f"{self.url}/debug")).json()

    async def is_quiet(self) -> bool:
        stats = await self.debug()
        return stats["in_use"] == stats["waiting"] == 0 and stats["connections_open"] == stats["idle"]

    async def serves(self) -> None:
        """Plain requests, more than there are slots, all pass."""
        answers = await asyncio.gather(*(self.visit(60, sends=OTHER) for _ in range(SLOTS + 20)))
        assert [answer for answer in answers if not answer.startswith(b"HTTP/1.1 200 ")] == []

    async def recovers(self) -> dict[str, int]:
        """Nothing of a burst is left, and all is well; returns the stats."""
        # Much sooner than the client's timeout (10 s) would end what nobody waits for any more.
        await until(self.is_quiet, within=5)
        await self.serves()
        stats = await self.debug()
        assert (stats["in_use"], stats["waiting"]) == (0, 0)
        assert stats["connections_open"] == stats["idle"] <= SLOTS
        self.has_clean_log()
        return stats

    def has_clean_log(self) -> None:
        """Nothing but uvicorn's access lines and its news of starting and ending."""
        assert [line for line in self.log.splitlines() if not line.startswith("INFO: ")] == []

    async def visit(self, patience: float, *, politely: bool = True, sends: bytes = VISITED) -> bytes:
        """Ask for an update and return the answer; go away after `patience` seconds, with a reset unless `politely`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer = b""
        try:
            writer.write(sends)
            async with asyncio.timeout(patience):
                answer = await reader.readuntil(b"}")
        except TimeoutError:
            pass
        except asyncio.IncompleteReadError as ended:
            answer = ended.partial
        finally:
            if politely:
                writer.close()
            else:
                writer.transport.abort()
        return answer


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(trunks=5) as sandbox:
        yield sandbox


@pytest.fixture
def service(request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path) -> Iterator[Service]:
    with Service(sandbox, tmp_path, "--loop", getattr(request, "param", "asyncio")) as service:
        yield service


NO_UVLOOP = pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")


@pytest.mark.parametrize("service", ["asyncio", pytest.param("uvloop", marks=NO_UVLOOP)], indirect=True)
async def test_callers_that_leave_while_the_vendor_holds_its_answers(service):
    held = service.sandbox.order(Fault("hold", key_id=1))
    visits = [asyncio.create_task(service.visit(60, politely=number % 2 == 0)) for number in range(250)]
    await held.reached(SLOTS)

    async def all_wait() -> bool:
        return (await service.debug())["waiting"] == len(visits) - SLOTS

    await until(all_wait)
    for visit in visits:
        visit.cancel()
    # The vendor still holds: only the cancellations can have freed the slots.
    stats = await service.recovers()
    assert stats["cancelled"] == len(visits)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("wait,key_id=1,seconds=0.02", id="answers that take their time"),
        pytest.param("minus18,key_id=1,probability=0.7,seed=1", id="pauses before repeats"),
        pytest.param("drop,key_id=1,reset=true,probability=0.5,seed=1", id="connections that break"),
    ],
)
async def test_callers_that_leave_at_any_moment(service, fault):
    order = service.sandbox.order(fault)
    visitors = 200
    started = time.monotonic()
    await asyncio.gather(*(service.visit(60) for _ in range(visitors)))
    takes = time.monotonic() - started

    def visit(number: int) -> Coroutine[Any, Any, bytes]:
        # Before the request is whole, or read, or sent on, or answered, or after that.
        patience = 60 if number % 4 == 0 else takes * number / visitors
        return service.visit(patience, politely=number % 3 > 0, sends=VISITED[:-10] if number % 10 == 5 else VISITED)

    left = 0
    while not (await service.debug())["cancelled"]:
        answers = await asyncio.gather(*map(visit, range(visitors)))
        # Whoever stays gets an answer all the same.
        assert b"" not in answers[::4]
        left += answers.count(b"")
        # On a machine that is quicker now than it was, all were answered before they left.
        takes /= 2
        assert takes > 0.001
    assert order.struck > 0
    order.cancel()
    stats = await service.recovers()
    assert stats["cancelled"] <= left


async def test_the_end_while_requests_are_in_flight(service):
    held = service.sandbox.order(Fault("hold", key_id=1))
    visits = [asyncio.create_task(service.visit(60)) for _ in range(20)]
    await held.reached(len(visits))
    service.terminate()
    await until(lambda: "Waiting for connections to close" in service.log)
    held.release()
    for answer in await asyncio.gather(*visits):
        assert answer.startswith(b"HTTP/1.1 200 ")
    await service.ended(within=5)
    assert "Application shutdown complete" in service.log
    service.has_clean_log()


async def test_the_end_while_the_vendor_never_answers(sandbox, tmp_path):
    with Service(sandbox, tmp_path, "--timeout-graceful-shutdown", "1") as service:
        held = sandbox.order(Fault("hold", key_id=1))
        visits = [asyncio.create_task(service.visit(60)) for _ in range(SLOTS + 20)]
        await held.reached(SLOTS)
        service.terminate()
        await service.ended(within=5)
        for answer in await asyncio.gather(*visits, return_exceptions=True):
            # A caller whose connection was not accepted yet sees it reset.
            assert isinstance(answer, ConnectionResetError) or b" 200 " not in answer
        # uvicorn itself shows each task that it had to cancel, and nothing else went wrong.
        assert "Application shutdown complete" in service.log
        assert "never retrieved" not in service.log
        assert "Warning" not in service.log


REFUSALS = {
    "an empty name": ({"sip_trunk_name": ""}, None, 422, "-45"),
    "a name that is taken": ({"sip_trunk_name": "trunk00002"}, None, 409, "-47"),
    "what the service itself refuses": ({"group_list": "all"}, None, 422, "valid list"),
    "a refused key": ({}, "minus1", 500, "set up wrongly"),
    "a vendor in trouble": ({}, "minus18", 503, "-18"),
    "a lost answer": ({}, "drop", 502, "connection ended"),
    "a gateway's page": ({}, "page", 502, "HTTP 502"),
}


async def test_errors_become_http_answers(service):
    async with httpx.AsyncClient(base_url=service.url) as browser:
        for case, (changes, fault, status, said) in REFUSALS.items():
            order = service.sandbox.order(fault) if fault else None
            answer = await browser.put("/trunks/1", json={**trunk(1), **changes})
            assert (answer.status_code, said in answer.text) == (status, True), (case, answer.text)
            if order:
                order.cancel()
        assert (await browser.get("/trunks", params={"name": "00002"})).json() == [
            {"key_id": 2, "sip_trunk_name": "trunk00002", "sip_gateway_ip": None}
        ]
    service.has_clean_log()
