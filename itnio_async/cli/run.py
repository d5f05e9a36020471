"""Run the command and turn its end into an exit status; tracebacks are only for faults of this package."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from itnio_async.cli.app import build, is_job_with_json
from itnio_async.cli.error_text import text_of, usage_text
from itnio_async.cli.exits import DONE, ERROR, INTERRUPTED, CommandError
from itnio_async.cli.interrupts import interrupted_status, interrupted_text, signals_like_ctrl_c
from itnio_async.cli.loudness import be_quiet
from itnio_async.cli.output import expect_result, is_result_due, say
from itnio_async.errors import ItnioError

# Newer versions of typer have their own copy of click, so the class is found by its name.
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Letters that the terminal's encoding lacks become escapes, instead of ending a listing half-way.
            stream.reconfigure(errors="backslashreplace")
    be_quiet(False)
    expect_result(is_job_with_json(arguments))
    with signals_like_ctrl_c():
        try:
            status = _status_of(arguments)
            if status in (INTERRUPTED, interrupted_status()):
                status = interrupted_status()
                say(interrupted_text())
        finally:
            _discard_unread()
    return status


def _open_closed_streams() -> None:
    """Open what a shell has closed, as by `2>&-`: a socket would get that number, and uvloop end the process for it."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _status_of(arguments: Sequence[str]) -> int:
    """Run it and return its status; INTERRUPTED stands for each signal."""
    status = DONE
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who reads has enough, as `head` has after its lines: what a command lists ends there, in order.
        pass
    except SystemExit as end:
        # click's own end for the same.
        if not isinstance(end.__context__, BrokenPipeError):
            raise
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        say(text_of(error))
        return status or ERROR
    return status


def _run(arguments: Sequence[str]) -> int:
    if "_ITNIO_COMPLETE" in os.environ:
        # A shell that asks for completions takes each line for one: the texts beside them must not be wrapped.
        os.environ["COLUMNS"] = "10000"
    # Only on terminals the help has boxes and colours.
    command = build(rich=sys.stdout.isatty())
    try:
        with _result_at_the_end():
            try:
                status = command.main(args=list(arguments), prog_name="itnio", standalone_mode=False)
            except _UsageError as error:
                error.message = usage_text(error)
                raise
            if status == INTERRUPTED:
                raise KeyboardInterrupt  # which typer has made a status of
    except typer.Abort:
        return INTERRUPTED
    except _UsageError as error:
        error.show()
        return ERROR  # click's own is 2, which is taken
    except (ItnioError, CommandError) as error:
        say(text_of(error))
        return error.status if isinstance(error, CommandError) else ERROR
    return status if isinstance(status, int) else DONE


@contextmanager
def _result_at_the_end() -> Iterator[None]:
    """Write the result of a job with `--json` where none is written: for options that cannot be, or for a fault."""
    try:
        yield
    except BaseException as error:
        if is_result_due():
            from itnio_async.cli.trunks.job_end import tell_error

            tell_error(CommandError(error.format_message()) if isinstance(error, _UsageError) else error)
        raise


def _discard_unread() -> None:
    """Discard what cannot be written any more: the interpreter would try again at its end, and exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
