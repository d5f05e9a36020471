"""How much a command says besides its results and its errors: with -q no remarks and no progress, with -v each call."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING

from itnio_async.cli.output import say, visible
from itnio_async.text import counted

if TYPE_CHECKING:
    from itnio_async import CallDetails

_is_quiet: ContextVar[bool] = ContextVar("is_quiet", default=False)


def be_quiet(quiet: bool) -> None:
    """Leave out remarks from now on, or make them again."""
    _is_quiet.set(quiet)


def is_quiet() -> bool:
    """Tell whether remarks are left out."""
    return _is_quiet.get()


def remark(text: str) -> None:
    """Say what is neither a result nor an error, unless it is to be quiet."""
    if not is_quiet():
        say(text)


def say_call(call: CallDetails) -> None:
    """Say in one line how a call ended: when, what, its code, how long it took, how often it was tried."""
    now = datetime.now().astimezone().strftime("%H:%M:%S.%f")[:-3]
    end = call.ended if call.code is None else f"{call.ended} {call.code}"
    parts = [now, call.endpoint, *(f"{name}={value}" for name, value in call.ids.items()), end]
    if call.error_type is not None:
        parts.append(call.error_type)
    if call.http_status is not None:
        parts.append(f"HTTP {call.http_status}")
    say(visible(f"{' '.join(parts)} {call.elapsed:.3f} s, {counted(call.attempts, 'attempt')}"))
