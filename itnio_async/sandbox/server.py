"""Run uvicorn in a thread and an event loop of its own, so that no loop of the user's can block it or outlive it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.server import ServerState

from itnio_async.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"
_BACKLOG = 2048  # a burst of connections waits rather than being refused

# uvicorn's own loggers would show each request in the logs of the user's tests; what is wrong here is still said.
_logger = logging.getLogger("itnio_async.sandbox")
_logger.addHandler(logging.NullHandler())


class Connection:
    """The TCP connection under a request, which ASGI hides: how a fault ends it or writes what is not HTTP.

    uvicorn copies what it is given as `app_state` into each request's `scope["state"]`; one of these is in there.
    `stopping` is set when the server is about to end all connections.
    """

    transport: asyncio.Transport

    def __init__(self, stopping: asyncio.Event) -> None:
        self.stopping = stopping

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.transport.write(data)

    def close(self) -> None:
        """Send what is left to send, then close."""
        self.transport.close()

    def reset(self) -> None:
        """End the connection with a reset: with a linger time of 0 the kernel sends RST instead of FIN."""
        if self.transport.is_closing():
            return
        own: socket.socket = self.transport.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's HTTP protocol, httptools' or h11's, which tells its `Connection` the transport."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.logger = _logger
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.app_state["connection"].transport = transport


class Server:
    """Serves one ASGI application on loopback; may be started again after a stop, on the same port.

    `keep_alive` is how many seconds an idle connection stays open.
    """

    def __init__(self, application: ASGIApp, *, keep_alive: float) -> None:
        self._application = application
        self._keep_alive = keep_alive
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._state = ServerState()
        self.connections = 0

    @property
    def is_running(self) -> bool:
        """Whether connections are accepted."""
        return self._thread is not None

    @property
    def connections_open(self) -> int:
        """How many connections are open at the moment."""
        return len(self._state.connections)

    def start(self, port: int) -> int:
        """Listen on `port` (0: a free one) and return the port, once connections are accepted.

        Raises `ConfigurationError` if something else listens there.
        """
        listening = _listen(port)
        ready: Future[None] = Future()
        thread = threading.Thread(target=self._run, args=(listening, ready), name="itnio-sandbox", daemon=True)
        thread.start()
        self._thread = thread
        try:
            ready.result()
        except BaseException:
            ready.exception()  # an interrupt may come before the thread has got so far that it can be stopped
            self.stop()
            raise
        chosen: int = listening.getsockname()[1]
        return chosen

    def stop(self) -> None:
        """End all connections, requests in flight included, and wait for the thread to end."""
        if self._thread is None:
            return
        assert self._loop is not None
        assert self._stopping is not None
        with contextlib.suppress(RuntimeError):  # it has failed to start, and its loop is closed
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def _run(self, listening: socket.socket, ready: Future[None]) -> None:
        # This kind of loop, since it can be told to accept no more.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(self._serve(listening, ready))

    async def _serve(self, listening: socket.socket, ready: Future[None]) -> None:
        try:
            self._loop = asyncio.get_running_loop()
            self._stopping = stopping = asyncio.Event()
            self._state = ServerState()
            # Without uvicorn.Server: it looks for its end every 0.1 s, and waits for idle connections.
            server = await self._loop.create_server(self._accepting(stopping), sock=listening, backlog=_BACKLOG)
        except BaseException as error:
            listening.close()
            ready.set_exception(error)
            return
        ready.set_result(None)
        await stopping.wait()
        # First only accept no more: in Python 3.11, connections on their way in while the server closes are leaked.
        self._loop.remove_reader(listening)
        await self._end_connections()
        server.close()

    def _accepting(self, stopping: asyncio.Event) -> Callable[[], asyncio.Protocol]:
        """Return what makes the protocol of each connection that is accepted."""
        config = uvicorn.Config(
            self._application,
            http=_Protocol,
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            proxy_headers=False,  # the allow list goes by the true address
            workers=1,  # else taken from the environment
            timeout_keep_alive=self._keep_alive,  # type: ignore[arg-type]  # a float does: it goes to call_later
        )
        config.load()
        state = self._state

        def accept() -> asyncio.Protocol:
            self.connections += 1
            protocol: asyncio.Protocol = _Protocol(
                config=config, server_state=state, app_state={"connection": Connection(stopping)}
            )
            return protocol

        return accept

    async def _end_connections(self) -> None:
        # Some ticks: a request waits only for its body, a fault or `stopping`. The other tasks are the requests, and
        # asyncio's own for connections that are just being accepted.
        this = asyncio.current_task()
        while self._state.connections or asyncio.all_tasks() != {this}:
            for connection in list(self._state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)


def _listen(port: int) -> socket.socket:
    # The protocol is named, since asyncio turns Nagle's delay off only for connections that say they are TCP.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Without it, connections of a former run that linger in TIME_WAIT keep the port from being used again.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen(_BACKLOG)  # the loop does so again, but here the error is ours
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise ConfigurationError(f"port {port} {why}; give another one, or 0 for any that is free.") from error
    return listening
