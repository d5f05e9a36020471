"""Fixtures that most tests share."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from support.raw_server import Handler, RawServer
from support.scripted import LoopClock, ScriptedTransport
from support.values import KEY, SECRET

from itnio_async import AsyncClient

pytest.register_assert_rewrite("support.families")

# How long an example takes says something about the machine and nothing about the code.
# Where nobody looks into a failure at once, the examples are the same each time.
settings.register_profile("itnio", deadline=None, derandomize="CI" in os.environ)
# For another look at what has been tried thoroughly, as on another version of Python: `--hypothesis-profile few`.
settings.register_profile("few", settings.get_profile("itnio"), max_examples=20)
settings.load_profile("itnio")

# A shell starts what runs in its background with Ctrl-C ignored, and programs inherit that: those that tests interrupt
# must not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def state_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests of one process have their journals and locks, unless they say otherwise."""
    return tmp_path_factory.mktemp("state")


def pytest_asyncio_loop_factories(item: Any) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests of a module on each of the event loops that it names as `LOOPS`, others on asyncio's own."""
    return getattr(item.module, "LOOPS", {"asyncio": asyncio.new_event_loop})


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, state_directory: Path) -> None:
    """No setting of the machine that runs the tests may reach a client, and no file of theirs its directories."""
    monkeypatch.setenv("XDG_STATE_HOME", str(state_directory))
    for name in ("ITNIO_API_KEY", "ITNIO_API_SECRET", "ITNIO_BASE_URL", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    # The size of every terminal that a test opens; options that are meant for this run of pytest alone.
    for name in ("COLUMNS", "LINES", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def make_client() -> AsyncIterator[Callable[..., AsyncClient]]:
    """Makes clients of the tests' account that are closed afterwards."""
    made: list[AsyncClient] = []

    def make(transport: Any = None, **options: Any) -> AsyncClient:
        client = AsyncClient(**{"api_key": KEY, "api_secret": SECRET, "transport": transport, **options})
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
def scripted(make_client: Callable[..., AsyncClient]) -> Callable[..., tuple[AsyncClient, ScriptedTransport]]:
    """Makes a client and the scripted transport under it."""

    def make(*steps: Any, **options: Any) -> tuple[AsyncClient, ScriptedTransport]:
        transport = ScriptedTransport(*steps)
        return make_client(transport, **options), transport

    return make


@pytest.fixture
async def raw_server() -> AsyncIterator[Callable[..., Any]]:
    """Starts raw servers that are stopped afterwards."""
    started: list[RawServer] = []

    async def start(handler: Handler, address: str = "127.0.0.1") -> RawServer:
        server = await RawServer(handler, address).__aenter__()
        started.append(server)
        return server

    yield start
    for server in started:
        await server.__aexit__()


@pytest.fixture
async def loop_clock() -> AsyncIterator[LoopClock]:
    """The time of the test's loop, so that no test of a deadline waits for one."""
    clock = LoopClock(asyncio.get_running_loop())
    yield clock
    del clock.loop.time  # type: ignore[method-assign]


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """While it is not set, the look-up of a name takes for ever, and so does connecting."""
    loop = asyncio.get_running_loop()
    look_up, answers = loop.getaddrinfo, asyncio.Event()
    answers.set()

    async def getaddrinfo(*args: Any, **options: Any) -> Any:
        await answers.wait()
        return await look_up(*args, **options)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return answers
