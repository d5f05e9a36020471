"""Ask on the terminal, also where standard input is something else: rows that come by a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from itnio_async.cli.exits import CommandError

TERMINAL = "/dev/tty"


@contextmanager
def answers_from_terminal(*, is_stdin_taken: bool) -> Iterator[None]:
    """Let prompts read from the terminal; `is_stdin_taken` says that standard input had something else in it.

    Raises `CommandError` where there is nobody to ask.
    """
    if sys.stdin.isatty():
        yield
        return
    if not is_stdin_taken:
        # A job without a terminal, perhaps with the one of somebody who has started it and looks elsewhere.
        raise CommandError("there is nobody to ask: stdin is not a terminal.", "give --yes.")
    try:
        terminal = open(TERMINAL, encoding="utf-8", errors="replace")  # noqa: PTH123, SIM115 - closed below
    except OSError:
        raise CommandError("there is nobody to ask: this process has no terminal.", "give --yes.") from None
    stdin = sys.stdin
    with terminal:
        sys.stdin = terminal
        try:
            yield
        finally:
            sys.stdin = stdin
