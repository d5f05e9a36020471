"""From making a client to its end: event loops, processes, views, garbage collection."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import time
import types
import warnings
import weakref
from collections.abc import Callable, Coroutine, Iterator
from itertools import pairwise
from typing import Any

import httpx
import pytest
from support.raw_server import Connection, RawServer, http_answer, serve
from support.scripted import ScriptedTransport, answer, hang, ticks, until
from support.values import KEY, SECRET, shown, trunk_add, trunk_update

from itnio_async import (
    AsyncClient,
    ConfigurationError,
    Credentials,
    DeadlineExceeded,
    ItnioError,
    RateLimit,
    RetryPolicy,
    ServerError,
)
from itnio_async.transport import loops


class ServerThread:
    """A raw server on a loop of its own, for clients whose loops come and go."""

    def __enter__(self) -> ServerThread:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))
        self._thread.start()
        self._ready.wait()
        return self

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.open = 0
        async with RawServer(self._count) as self._server:
            self.url = self._server.url
            self._ready.set()
            await self._stop.wait()

    async def _count(self, connection: Connection) -> None:
        self.open += 1
        try:
            await serve(connection)
        finally:
            self.open -= 1

    @property
    def connections(self) -> int:
        return self._server.connections

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()


@pytest.fixture
def server() -> Any:
    with ServerThread() as running:
        yield running


def make(server: ServerThread, **options: Any) -> AsyncClient:
    return AsyncClient(KEY, SECRET, base_url=server.url, **options)


def wait_for(condition: Callable[[], Any]) -> None:
    """Poll what another thread does."""
    end = time.monotonic() + 3
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.001)


async def update(client: AsyncClient) -> None:
    await client.sip_trunks.update(trunk_update())


# -- opening and closing --------------------------------------------------------------------------------------------


async def test_it_works_without_async_with_and_closes_twice(raw_server: Any) -> None:
    server = await raw_server(serve)
    client = AsyncClient(KEY, SECRET, base_url=server.url)
    await update(client)
    await client.aclose()
    await client.aclose()
    assert "closed" in repr(client)


async def test_a_call_after_closing_is_refused(scripted: Any) -> None:
    client, transport = scripted(answer())
    view = client.with_options(deadline=1)
    await client.aclose()
    for caller in (client, view):
        with pytest.raises(ConfigurationError, match="closed"):
            await update(caller)
        with pytest.raises(ConfigurationError, match="closed"):
            await caller.request("GET", "/v3/x")
    assert transport.sent == []


async def test_async_with_closes_after_an_error_too(scripted: Any) -> None:
    client, _ = scripted(answer(-18), retry=RetryPolicy(attempts=1))
    with pytest.raises(ServerError):
        async with client:
            await update(client)
    with pytest.raises(ConfigurationError, match="closed"):
        await update(client)


async def test_calls_under_way_when_it_is_closed_end_with_our_errors(raw_server: Any) -> None:
    async def never(connection: Connection) -> None:
        await connection.receive()
        await connection.reader.read()

    server = await raw_server(never)
    client = AsyncClient(KEY, SECRET, base_url=server.url, limits=httpx.Limits(max_connections=1))
    calls = [asyncio.create_task(update(client)) for _ in range(3)]
    await until(lambda: server.connections == 1 and client.stats.waiting == 2)
    await ticks(20)

    await client.aclose()
    outcomes = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 2)

    assert all(isinstance(outcome, ItnioError) for outcome in outcomes)
    assert [type(outcome) for outcome in outcomes[1:]] == [ConfigurationError] * 2
    assert [outcome.may_have_been_processed for outcome in outcomes] == [True, False, False]
    # Those that waited have not opened another connection that nobody would close.
    assert server.connections == 1


@pytest.mark.parametrize(
    "waiting_for", [{"limits": httpx.Limits(max_connections=1)}, {"rate_limit": RateLimit(1, 3600)}]
)
async def test_calls_that_wait_when_it_is_closed_end_at_once_and_send_nothing(
    scripted: Any, waiting_for: dict[str, Any]
) -> None:
    release = asyncio.Event()

    async def held(_: httpx.Request) -> httpx.Response:
        await release.wait()
        return answer()

    client, transport = scripted(held, limits=httpx.Limits(max_connections=1))
    calls = [asyncio.create_task(update(client)) for _ in range(3)]
    await until(lambda: client.stats.waiting == 2)
    await client.aclose()
    waited = await asyncio.wait_for(asyncio.gather(*calls[1:], return_exceptions=True), 1)
    release.set()
    outcomes = [await calls[0], *waited]
    # The caller's transport is still open, so that the one under way may end well.
    assert [type(outcome) for outcome in outcomes] == [type(None), ConfigurationError, ConfigurationError]
    assert len(transport.sent) == 1


async def test_a_client_closed_while_a_call_gets_its_credentials(raw_server: Any) -> None:
    server = await raw_server(serve)

    async def close_first() -> Credentials:
        await client.aclose()
        return Credentials(KEY, SECRET)

    client = AsyncClient(credentials=close_first, base_url=server.url)
    with pytest.raises(ConfigurationError, match="closed") as caught:
        await update(client)
    assert caught.value.may_have_been_processed is False
    assert server.connections == 0


@pytest.mark.parametrize("count", range(6))
async def test_closing_that_is_cancelled_closes_all_the_same(raw_server: Any, count: int) -> None:
    closed = 0

    async def until_it_goes(connection: Connection) -> None:
        nonlocal closed
        try:
            await serve(connection)
        finally:
            closed += 1

    server = await raw_server(until_it_goes)
    client = AsyncClient(KEY, SECRET, base_url=server.url)
    await asyncio.gather(*(update(client) for _ in range(3)))
    closing = asyncio.create_task(client.aclose())
    await ticks(count)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    await asyncio.gather(client.aclose(), client.aclose())
    await asyncio.wait_for(until(lambda: closed == server.connections, ticks=10**9), 3)


async def test_a_transport_of_the_callers_stays_open(scripted: Any) -> None:
    client, transport = scripted(answer())
    async with client:
        await update(client)
    assert transport.closed == 0
    async with AsyncClient(KEY, SECRET, transport=transport) as second:
        await update(second)
    assert transport.closed == 0


async def test_a_mock_transport_of_httpx_does() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={"status": "0", "data": 5}))
    async with AsyncClient(KEY, SECRET, transport=transport) as client:
        assert (await client.request("GET", "/v3/x")).data == 5


# -- garbage collection ---------------------------------------------------------------------------------------------


def test_a_client_collected_unclosed_warns() -> None:
    def drop() -> None:
        AsyncClient(KEY, SECRET)
        gc.collect()

    with pytest.warns(ResourceWarning, match="AsyncClient"):
        drop()


async def test_a_client_collected_in_a_loop_warns_and_starts_no_task(raw_server: Any) -> None:
    server = await raw_server(serve)
    client = AsyncClient(KEY, SECRET, base_url=server.url)
    await update(client)
    await ticks(5)
    before = asyncio.all_tasks()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del client
        gc.collect()
        assert asyncio.all_tasks() == before
        await ticks(5)
        assert asyncio.all_tasks() <= before
        gc.collect()
    assert "AsyncClient" in " ".join(str(warning.message) for warning in caught)
    assert {warning.category for warning in caught} == {ResourceWarning}


async def test_a_closed_client_never_warns(scripted: Any) -> None:
    client = AsyncClient(KEY, SECRET, transport=ScriptedTransport(answer()))
    gone = weakref.ref(client)
    await update(client)
    await client.aclose()
    del client
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"middleware": [42]},
        {"middleware": [lambda transport: None]},
        {"timeout": "soon"},
        {"limits": 5},
        {"retry": None},
        {"max_response_bytes": 0},
        {"base_url": "ftp://x"},
        {"rate_limit": 0},
    ],
    ids=shown,
)
def test_a_client_that_was_refused_does_not_warn(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        AsyncClient(KEY, SECRET, **wrong)
    gc.collect()


async def test_a_view_that_outlives_its_client_keeps_working(raw_server: Any) -> None:
    server = await raw_server(serve)
    client = AsyncClient(KEY, SECRET, base_url=server.url)
    view = client.with_options(deadline=1)
    core = client._shared
    del client
    gc.collect()
    await update(view)
    await core.aclose()


# -- views ----------------------------------------------------------------------------------------------------------


async def test_closing_a_view_closes_nothing(scripted: Any) -> None:
    client, transport = scripted(answer())
    async with client.with_options(deadline=1) as view:
        await update(view)
    await update(view)
    await update(client)
    assert len(transport.sent) == 3


async def test_the_options_of_a_view_are_its_own(scripted: Any) -> None:
    client, transport = scripted(answer(), timeout=httpx.Timeout(7, connect=3))
    other = client.with_options(timeout=1.5, credentials=Credentials("other", "account"))
    third = other.with_options(timeout=httpx.Timeout(2, connect=None))
    for caller in (client, other, third, client):
        await update(caller)
    assert [request.extensions["timeout"]["read"] for request in transport.sent] == [7, 1.5, 2, 7]
    assert [request.extensions["timeout"]["connect"] for request in transport.sent] == [3, 1.5, None, 3]
    assert transport.headers_sent("Api-Key") == [KEY, "other", "other", KEY]
    assert client.stats == other.stats == third.stats
    assert client.stats.requests == 4


async def test_a_view_does_not_change_its_client(scripted: Any) -> None:
    client, _ = scripted(hang)
    client.with_options(deadline=0.001, retry=RetryPolicy(on=()))
    view = client.with_options(deadline=0.01)
    with pytest.raises(DeadlineExceeded, match=r"0\.01"):
        await update(view)
    with pytest.raises(TimeoutError) as caught:
        await asyncio.wait_for(update(client), 0.05)
    assert type(caught.value) is TimeoutError


async def test_views_share_the_slots(scripted: Any) -> None:
    client, transport = scripted(hang, limits=httpx.Limits(max_connections=1))
    calls = [asyncio.create_task(update(client.with_options(deadline=9))) for _ in range(3)]
    await until(lambda: client.stats.waiting == 2)
    await ticks(5)
    assert (client.stats.in_use, len(transport.sent)) == (1, 1)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize(
    "wrong", [{"timeout": "x"}, {"retry": 3}, {"credentials": None}, {"credentials": "k"}, {"timeout": -1}], ids=str
)
async def test_a_view_with_a_wrong_option_is_refused_by_name(scripted: Any, wrong: dict[str, Any]) -> None:
    client, _ = scripted(answer())
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        client.with_options(**wrong)
    await update(client)


# -- credentials that are asked for ---------------------------------------------------------------------------------


async def test_credentials_are_asked_for_at_each_attempt(scripted: Any) -> None:
    numbers = iter(range(100))
    client, transport = scripted(answer(-16), answer())
    view = client.with_options(credentials=lambda: Credentials(f"key{next(numbers)}", "s"))
    await update(view)
    await update(view)
    assert transport.headers_sent("Api-Key") == ["key0", "key1", "key2"]


@pytest.mark.parametrize("plain", [True, False])
async def test_what_the_credentials_raise_passes_unchanged(scripted: Any, plain: bool) -> None:
    theirs = LookupError("the vault is sealed")

    def fail() -> Credentials:
        raise theirs

    async def fail_later() -> Credentials:
        await asyncio.sleep(0)
        raise theirs

    client, transport = scripted(answer(), limits=httpx.Limits(max_connections=1))
    with pytest.raises(LookupError) as caught:
        await update(client.with_options(credentials=fail if plain else fail_later))
    assert caught.value is theirs
    assert transport.sent == []
    await update(client)


@pytest.mark.parametrize("given", [None, ("k", "s"), "key", Credentials], ids=str)
async def test_credentials_of_another_type_are_refused(scripted: Any, given: Any) -> None:
    client, transport = scripted(answer())
    with pytest.raises(ConfigurationError, match="credentials"):
        await update(client.with_options(credentials=lambda: given))
    assert transport.sent == []
    assert (client.stats.in_use, client.stats.waiting) == (0, 0)


# -- loops ----------------------------------------------------------------------------------------------------------


def test_one_client_on_two_loops_one_after_the_other(server: ServerThread) -> None:
    client = make(server)

    async def work() -> None:
        await asyncio.gather(*(update(client) for _ in range(3)))

    async def last() -> None:
        await work()
        await client.aclose()

    asyncio.run(work())
    first = server.connections
    # The connections of the first loop ended with it.
    wait_for(lambda: server.open == 0)
    asyncio.run(work())
    asyncio.run(last())
    assert server.connections > first
    wait_for(lambda: server.open == 0)
    gc.collect()


def test_a_transport_of_httpxs_own_does_not_go_to_another_loop(server: ServerThread) -> None:
    transport = httpx.AsyncHTTPTransport()
    client = make(server, transport=transport)

    async def first() -> None:
        await update(client)
        await transport.aclose()  # it is the caller's own, and nobody else closes it

    asyncio.run(first())
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"httpx\.AsyncHTTPTransport, has connections of a loop"):
            asyncio.run(update(client))
    asyncio.run(client.aclose())


def test_loops_that_are_over_are_not_kept(server: ServerThread) -> None:
    seen: list[weakref.ref[asyncio.AbstractEventLoop]] = []

    async def work(client: AsyncClient) -> None:
        seen.append(weakref.ref(asyncio.get_running_loop()))
        await update(client)

    async def last(client: AsyncClient) -> None:
        await work(client)
        await client.aclose()

    def use_and_drop() -> None:
        client = make(server)
        for _ in range(5):
            asyncio.run(work(client))
        asyncio.run(last(client))

    use_and_drop()
    gc.collect()
    assert [loop() for loop in seen] == [None] * 6
    assert not loops._keepers


def test_a_second_loop_beside_a_live_one_is_refused(server: ServerThread) -> None:
    client = make(server)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        first.run_until_complete(update(client))
        with pytest.raises(ConfigurationError, match="loop"):
            second.run_until_complete(update(client))
        # The first one is not disturbed.
        first.run_until_complete(update(client))
        assert server.connections == 1
        first.run_until_complete(client.aclose())
    finally:
        first.close()
        second.close()


def test_a_second_loop_in_another_thread_is_refused(server: ServerThread) -> None:
    outcomes: list[BaseException] = []

    async def main() -> None:
        async with make(server) as client:
            await update(client)

            def elsewhere() -> None:
                for use in (update, AsyncClient.aclose):
                    try:
                        asyncio.run(use(client))
                    except BaseException as error:
                        outcomes.append(error)

            await asyncio.to_thread(elsewhere)
            # Neither the call nor the closing from there has disturbed anything here.
            await update(client)
            assert server.connections == 1

    asyncio.run(main())
    assert [type(outcome) for outcome in outcomes] == [ConfigurationError] * 2


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # asyncio's own word on a bare close
def test_a_loop_that_was_just_closed_is_over_too(server: ServerThread) -> None:
    client = make(server)
    bare = asyncio.new_event_loop()
    bare.run_until_complete(update(client))
    bare.close()

    over = weakref.ref(bare)
    del bare

    async def last() -> None:
        async with client:
            await update(client)

    asyncio.run(last())
    assert server.connections == 2
    gc.collect()
    assert over() is None
    assert not loops._keepers


def test_a_client_is_closed_on_the_loop_after(server: ServerThread) -> None:
    client = make(server)
    asyncio.run(update(client))
    asyncio.run(client.aclose())
    wait_for(lambda: server.open == 0)


def test_calls_that_the_loops_end_cancels_leave_nothing(server: ServerThread) -> None:
    client = make(server, limits=httpx.Limits(max_connections=1))

    async def leave_some_behind() -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(update(client)) for _ in range(5)]
        await ticks(2)
        return tasks

    async def last() -> None:
        assert (client.stats.in_use, client.stats.waiting) == (0, 0)
        async with client:
            await update(client)

    asyncio.run(leave_some_behind())
    asyncio.run(last())


def test_the_learnt_clock_and_the_tokens_survive_the_loop() -> None:
    now = 1_700_000_000
    transport = ScriptedTransport(answer(-16, date=now - 5000), answer())
    client = AsyncClient(KEY, SECRET, transport=transport, clock=lambda: now)

    async def last() -> None:
        async with client:
            await update(client)

    asyncio.run(update(client))
    asyncio.run(last())
    assert transport.headers_sent("Timestamp")[-1] == str(now - 5000)


def test_the_rate_holds_from_one_loop_to_the_next() -> None:
    moments = []

    def handle(_: httpx.Request) -> httpx.Response:
        moments.append(time.monotonic())
        return answer()

    client = AsyncClient(KEY, SECRET, transport=httpx.MockTransport(handle), rate_limit=RateLimit(1, 0.1))
    for _ in range(3):
        asyncio.run(update(client))
    asyncio.run(client.aclose())
    assert [after - before >= 0.09 for before, after in pairwise(moments)] == [True, True]


def test_uvloop(server: ServerThread) -> None:
    uvloop = pytest.importorskip("uvloop")
    client = make(server)

    async def work() -> None:
        await asyncio.gather(*(update(client) for _ in range(20)))
        task = asyncio.create_task(update(client))
        await ticks(3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (client.stats.in_use, client.stats.waiting) == (0, 0)

    async def last() -> None:
        async with client:
            await work()

    for main in (work, last):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())


async def test_several_tasks_of_one_loop(raw_server: Any, make_client: Any) -> None:
    server = await raw_server(serve)
    client = make_client(base_url=server.url, limits=httpx.Limits(max_connections=5))

    async def worker() -> None:
        for _ in range(10):
            await update(client)

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(worker())
    assert client.stats.requests == 200
    assert server.connections <= 5


# -- forks ----------------------------------------------------------------------------------------------------------


def in_a_child(work: Callable[[], Coroutine[Any, Any, None]]) -> str:
    """Run the coroutine in a forked child and return "done" or the error's text; a hang is killed."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: this process has several threads
        child = os.fork()
    if child == 0:
        text = "nothing"
        try:
            signal.alarm(10)
            asyncio.run(work())
            text = "done"
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        finally:
            os.write(writing, text.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    os.waitpid(child, 0)
    return text


def test_after_a_fork_the_child_has_connections_of_its_own(server: ServerThread) -> None:
    async def main() -> None:
        async with make(server) as client:
            await update(client)

            async def child() -> None:
                await asyncio.gather(*(update(client) for _ in range(3)))
                await client.aclose()
                gc.collect()

            assert await asyncio.to_thread(in_a_child, child) == "done"
            after_child = server.connections
            assert after_child > 1
            # The parent goes on with the connection that it had.
            await update(client)
            assert server.connections == after_child
            assert client.stats.connections_opened == 1

    asyncio.run(main())


def test_nor_to_a_forked_child(server: ServerThread) -> None:
    async def main() -> None:
        async with httpx.AsyncHTTPTransport() as transport, make(server, transport=transport) as client:
            await update(client)

            async def child() -> None:
                await update(client)

            assert (await asyncio.to_thread(in_a_child, child)).startswith("ConfigurationError: The client's transport")
            await update(client)

    asyncio.run(main())


def test_a_child_that_only_closes_or_forgets_the_client_disturbs_nobody(server: ServerThread) -> None:
    async def main() -> None:
        client = make(server)
        await update(client)

        async def child() -> None:
            await client.aclose()
            gc.collect()

        async def careless_child() -> None:
            await update(client)

        assert await asyncio.to_thread(in_a_child, child) == "done"
        assert await asyncio.to_thread(in_a_child, careless_child) == "done"
        await update(client)
        assert client.stats.connections_opened == 1
        await client.aclose()

    asyncio.run(main())


def test_a_fork_between_two_loops(server: ServerThread) -> None:
    client = make(server)
    asyncio.run(update(client))

    async def child() -> None:
        async with client:
            await update(client)

    assert in_a_child(child) == "done"

    async def last() -> None:
        async with client:
            await update(client)

    asyncio.run(last())


async def test_keep_alive_connections_are_used_again(raw_server: Any, make_client: Any) -> None:
    async def count(connection: Connection) -> None:
        for _ in range(3):
            await connection.receive()
            await connection.send(http_answer())
        await connection.receive()

    server = await raw_server(count)
    client = make_client(base_url=server.url)
    for _ in range(3):
        await update(client)
    stats = client.stats
    assert (stats.connections_opened, stats.connections_reused) == (1, 2)
    assert (stats.connections_open, stats.idle) == (1, 1)
    assert server.connections == 1


def reachable_strings(*roots: Any) -> Iterator[str]:
    """The strings that these objects hold, directly or not; through no module but those given."""
    seen, todo = {id(sys.modules)}, list(roots)
    while todo:
        for found in gc.get_referents(todo.pop()):
            if isinstance(found, str):
                yield found
            elif id(found) not in seen and not isinstance(found, types.ModuleType | types.FrameType):
                seen.add(id(found))
                todo.append(found)


def test_a_secret_is_gone_with_its_client() -> None:
    """Caches of the package's own, such as one of signatures, would keep it for the life of the process."""

    async def call(secret: str) -> None:
        client = AsyncClient("key", secret, transport=ScriptedTransport(answer(), answer(-18)))
        async with client:
            await client.sip_trunks.update(trunk_update())
            with pytest.raises(ServerError):
                await client.sip_trunks.add(trunk_add())

    secret = "-".join(["a", "secret", "of", "this", "test"])
    asyncio.run(call(secret))
    gc.collect()
    ours = [vars(module) for name, module in list(sys.modules.items()) if name.partition(".")[0] == "itnio_async"]
    assert secret not in set(reachable_strings(*ours))
