"""The errors that hang on an error, and taking off the frames that each of them remembers.

Reports of errors show the local variables of each frame (Sentry by default, `pytest -l`, rich), and those of a call
have the request and its signature in them, down to httpx's and h11's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from itnio_async.errors import DeadlineExceeded, ItnioError

_PACKAGE = __name__.partition(".")[0]


def linked_errors(error: BaseException, handled: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and all that hang on it: causes, contexts, members of groups; each once, circles or not.

    `handled` is what the caller was handling when it made the call, which is the context of the first error there: it
    is the caller's own, and so is all that hangs on it.
    """
    seen = {id(None), id(handled)}
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += found.__cause__, found.__context__
        if isinstance(found, BaseExceptionGroup):
            waiting += found.exceptions
        elif isinstance(found, DeadlineExceeded):
            waiting.append(found.last_error)


def drop_frames(error: BaseException, handled: BaseException | None) -> None:
    """Leave the error, and all that hang on it, no frame but the one where it is now; `handled` as in `linked_errors`.

    One is left for programs that expect each error of a report to have some.
    """
    trace = error.__traceback__
    here = None if trace is None else TracebackType(None, trace.tb_frame, trace.tb_lasti, trace.tb_lineno)
    for found in linked_errors(error, handled):
        found.__traceback__ = here


def without_frames(error: ItnioError) -> ItnioError:
    """Return a copy of an error that keeps nothing alive: it has no traceback, no cause and no context.

    Of a class that is not this package's, it is of the nearest one that is: how to copy that one is not known here.
    """
    cls: Any = next(base for base in type(error).__mro__ if base.__module__ == ItnioError.__module__)
    copied: ItnioError = cls.__new__(cls)
    for name, value in vars(error).items():
        vars(copied)[name] = without_frames(value) if isinstance(value, ItnioError) else value
    return copied


def is_raised_here(error: BaseException) -> bool:
    """Tell whether an error was raised by this package's code, and not by a caller's that ours has called."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE


class FramesDropped:
    """A block whose `ItnioError`s leave it without the frames below it."""

    __slots__ = ("_handled",)

    def __enter__(self) -> None:
        self._handled = sys.exception()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: TracebackType | None) -> None:
        if isinstance(error, ItnioError):
            drop_frames(error, self._handled)
