"""What ends with its event loop, what must be left alone in a forked child, and what keeps no caller's context."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from types import coroutine
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakMethod

from attrs import define, field

from itnio_async.errors import ConfigurationError

T = TypeVar("T")

# A generator a loop, which `loop.shutdown_asyncgens()` closes (asyncio.run does that before it closes the loop): the
# one place where asyncio lets a library tidy up at a loop's end. Kept here, so that nothing starts a task to finalise
# it when a client is collected before its loop ends.
_keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Keeper] = WeakKeyDictionary()

# Connections of a parent process, in its child: collecting them would close what the parent still uses.
_inherited: list[object] = []

# Noted at each fork, since every call needs it twice and the system takes 150 ns to tell.
_process = os.getpid()


def this_process() -> int:
    """Return the id of the running process."""
    return _process


def keep_for_parent(connections: object) -> None:
    """Keep connections that a parent process made, so that nothing in this one closes them."""
    _inherited.append(connections)


def _note_fork() -> None:
    global _process
    _process = os.getpid()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_note_fork)


class _Keeper:
    """The closers of one loop."""

    def __init__(self) -> None:
        self.closers: list[WeakMethod[Callable[[], Awaitable[None]]]] = []
        self.generator = self._run()

    async def _run(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            # The generator refers to its loop: what stands in the table would keep its own key.
            _keepers.pop(asyncio.get_running_loop(), None)
            for reference in self.closers:
                closer = reference()
                if closer is not None:
                    await closer()


async def close_with_loop(closer: Callable[[], Awaitable[None]]) -> None:
    """Have a bound method called when the running loop shuts down, if its object still lives then."""
    loop = asyncio.get_running_loop()
    keeper = _keepers.get(loop)
    if keeper is None:
        for other in filter(None, [reference() for reference in _keepers.keyrefs()]):
            if other.is_closed():  # without a shutdown before, which would have taken it out
                _keepers.pop(other, None)
        keeper = _keepers[loop] = _Keeper()
        await anext(keeper.generator)
    keeper.closers = [reference for reference in keeper.closers if reference() is not None]
    keeper.closers.append(WeakMethod(closer))


@coroutine
def in_empty_context(work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Await something in a context of its own, in the same task.

    What outlives the call (a connection's callbacks, a timer) keeps the context in which it was made: in the caller's
    it would keep all that a web framework has there, the request and its body.
    """
    context = Context()
    try:
        waited_for = context.run(work.send, None)
        while True:
            try:
                sent = yield waited_for
            except BaseException as error:
                waited_for = context.run(work.throw, error)
            else:
                waited_for = context.run(work.send, sent)
    except StopIteration as stop:
        result: T = stop.value
        return result


def no_loop() -> ConfigurationError:
    """Return the error for whoever runs the client without asyncio."""
    return ConfigurationError(
        "The client needs asyncio's event loop, and none is running here. Start with asyncio.run(main()); "
        "trio is not supported, anyio only on asyncio. From another thread, use asyncio.run_coroutine_threadsafe."
    )


@define(eq=False)
class Home:
    """The loop and process that connections belong to; `move` moves it."""

    loop: asyncio.AbstractEventLoop | None = None
    process: int = field(factory=this_process)

    def is_here(self) -> bool:
        """Tell whether the running loop is the one that the connections belong to."""
        try:
            return asyncio.get_running_loop() is self.loop and self.process == _process
        except RuntimeError:
            raise no_loop() from None

    def is_elsewhere(self) -> bool:
        """Tell whether another loop of this process still holds them."""
        return self.loop is not None and not self.loop.is_closed() and self.process == _process

    def move(self, connections: object) -> None:
        """Make the running loop the home; `connections` are those of the old one, or None."""
        if self.process != _process and connections is not None:
            keep_for_parent((self.loop, connections))
        self.loop = asyncio.get_running_loop()
        self.process = _process
