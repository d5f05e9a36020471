"""Event loops that end in every way, live side by side, or are forked: plain work or the clear error, no warning."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvloop
from support.fault_server import OK, FaultServer, call, client_tls, in_thread, request, serve
from support.raw_server import Connection

from itnio_async.transport import loops as loops_of_transport
from itnio_async.transport.pooled import PooledTransport

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
loops = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


@pytest.fixture(params=[False, True], ids=["tcp", "tls"])
def server(request: pytest.FixtureRequest) -> Iterator[FaultServer]:
    with in_thread(serve, tls=request.param) as server:
        yield server
    gc.collect()


@pytest.fixture
def transport() -> PooledTransport:
    return PooledTransport(verify=client_tls())


def run(new_loop: LoopFactory, main: Callable[[], object]) -> object:
    """`asyncio.run`, with a choice of the event loop."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())  # type: ignore[arg-type]


def five_calls(transport: PooledTransport, server: FaultServer) -> Callable[[], object]:
    async def main() -> int:
        return len(await asyncio.gather(*(call(transport, server) for _ in range(5))))

    return main


@loops
def test_one_run_after_another_without_closing(
    new_loop: LoopFactory, server: FaultServer, transport: PooledTransport
) -> None:
    for turn in range(1, 4):
        assert run(new_loop, five_calls(transport, server)) == 5
        gc.collect()
        assert transport.stats.connections_opened == 5 * turn
        assert transport.stats.connections_open == 0


@loops
def test_a_loop_that_is_closed_with_nothing_tidied_up(
    new_loop: LoopFactory, server: FaultServer, transport: PooledTransport, recwarn: pytest.WarningsRecorder
) -> None:
    for _ in range(3):
        loop = new_loop()
        assert loop.run_until_complete(five_calls(transport, server)()) == 5  # type: ignore[arg-type]
        loop.close()
        del loop
    if new_loop is uvloop.new_event_loop:
        recwarn.clear()  # uvloop warns of its own, while it closes: nothing of ours runs then
    run(new_loop, transport.aclose)
    gc.collect()
    assert not recwarn.list


@loops
def test_a_loop_closed_in_the_middle_of_calls(new_loop: LoopFactory, transport: PooledTransport) -> None:
    async def stuck(connection: Connection) -> None:
        await connection.receive()
        if connection.number > 1:
            await connection.send(OK)
        await asyncio.sleep(60)

    with in_thread(stuck) as server:

        async def main() -> None:
            tasks.append(asyncio.create_task(call(transport, server)))
            await asyncio.sleep(0.05)

        tasks: list[asyncio.Task[object]] = []
        run(new_loop, main)
        assert tasks[0].cancelled()

        async def again() -> int:
            return (await call(transport, server)).status_code  # type: ignore[no-any-return]

        assert run(new_loop, again) == 200


@loops
def test_the_same_loop_again_after_its_generators_were_shut_down(
    new_loop: LoopFactory, server: FaultServer, transport: PooledTransport
) -> None:
    async def main() -> int:  # httpx reads bodies with generators, which would now be too late
        response = await transport.handle_async_request(request(server))
        return response.status_code

    loop = new_loop()
    assert loop.run_until_complete(main()) == 200
    loop.run_until_complete(loop.shutdown_asyncgens())
    assert transport.stats.connections_open == 0
    assert loop.run_until_complete(main()) == 200
    loop.run_until_complete(transport.aclose())
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@loops
def test_two_live_loops_are_refused(new_loop: LoopFactory, server: FaultServer, transport: PooledTransport) -> None:
    first = new_loop()
    first.run_until_complete(call(transport, server))
    with pytest.raises(RuntimeError, match="another event loop that is still open"):
        run(new_loop, lambda: call(transport, server))
    assert first.run_until_complete(call(transport, server)).status_code == 200
    first.run_until_complete(transport.aclose())
    first.close()


@loops
def test_closing_from_another_thread_than_the_one_that_uses_it(
    new_loop: LoopFactory, server: FaultServer, transport: PooledTransport
) -> None:
    used, closed = threading.Event(), threading.Event()
    refusals: list[str] = []

    async def use() -> None:
        await call(transport, server)
        used.set()
        await asyncio.to_thread(closed.wait)
        try:
            await call(transport, server)
        except RuntimeError as error:
            refusals.append(str(error))

    thread = threading.Thread(target=run, args=(new_loop, use))
    thread.start()
    assert used.wait(5)
    run(new_loop, transport.aclose)
    closed.set()
    thread.join(5)
    assert "closed" in refusals[0]


def in_child(main: Callable[[], object]) -> int:
    """Run something in a forked child; what it returns is not used, what it raises is printed."""
    child = os.fork()
    if child:
        for _ in range(3000):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            threading.Event().wait(0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return -1
    code = 1
    try:
        main()
        gc.collect()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
@loops
@pytest.mark.parametrize("what", ["use", "use and close", "close", "drop"])
def test_forked_with_idle_connections(new_loop: LoopFactory, what: str, server: FaultServer) -> None:
    transport = PooledTransport(verify=client_tls())
    loop = new_loop()
    loop.run_until_complete(call(transport, server))

    def child() -> None:
        nonlocal transport
        inherited = transport._pool
        if "use" in what:
            run(new_loop, five_calls(transport, server))
            assert transport.stats.connections_open == 0
        if "close" in what:
            run(new_loop, transport.aclose)
        if what == "drop":
            del transport
            gc.collect()
        assert inherited in loops_of_transport._inherited

    assert in_child(child) == 0
    # The parent's connection has heard nothing of it.
    response = loop.run_until_complete(call(transport, server))
    assert response.extensions["itnio_connection"] == (1, True)
    loop.run_until_complete(transport.aclose())
    loop.close()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:unclosed event loop")
def test_forked_in_the_middle_of_an_attempt(server: FaultServer, transport: PooledTransport) -> None:
    async def main() -> None:
        under_way = asyncio.create_task(call(transport, server))
        await asyncio.sleep(0)

        def child() -> None:
            asyncio.set_event_loop(None)
            run(asyncio.new_event_loop, five_calls(transport, server))

        assert in_child(child) == 0
        assert (await under_way).status_code == 200
        await transport.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("ending", ["asyncio.run(main())", "uvloop.run(main())", "CLOSE", "LEAVE"])
def test_no_word_at_the_interpreters_exit(ending: str, server: FaultServer) -> None:
    program = """
        import asyncio, httpx, sys, uvloop
        from itnio_async.transport.pooled import PooledTransport
        transport = PooledTransport(verify=False)
        async def main():
            request = httpx.Request("GET", sys.argv[1])
            responses = await asyncio.gather(*(transport.handle_async_request(request) for _ in range(3)))
            print([response.status_code for response in responses])
    """
    endings = {
        "CLOSE": "loop = asyncio.new_event_loop(); loop.run_until_complete(main()); loop.close()",
        "LEAVE": "def f():\n    global transport\n    asyncio.run(main()); del transport\nf()",
    }
    result = subprocess.run(
        [
            sys.executable,
            *("-X", "dev", "-W", "error"),
            *("-c", textwrap.dedent(program) + endings.get(ending, ending), server.url),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "[200, 200, 200]\n"


@loops
def test_loops_are_not_kept_alive(new_loop: LoopFactory, server: FaultServer, transport: PooledTransport) -> None:
    async def main() -> weakref.ref[asyncio.AbstractEventLoop]:
        await call(transport, server)
        return weakref.ref(asyncio.get_running_loop())

    ended = [run(new_loop, main) for _ in range(4)]
    gc.collect()
    assert [reference() is None for reference in ended[:-1]] == [True] * 3  # type: ignore[operator]


async def test_a_request_object_may_be_sent_again(server: FaultServer, transport: PooledTransport) -> None:
    sent = request(server, content=b"{}")
    async with transport:
        for _ in range(2):
            assert isinstance(await transport.handle_async_request(sent), httpx.Response)
