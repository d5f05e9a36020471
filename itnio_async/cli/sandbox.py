"""`itnio sandbox`: the vendor imitated on this machine, until Ctrl-C."""

from __future__ import annotations

import shlex
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import json_line, line, records, say

if TYPE_CHECKING:
    from itnio_async.sandbox import Assumptions, Sandbox


def sandbox_class() -> type[Sandbox]:
    """Return `Sandbox`, or say what to install for it."""
    try:
        from itnio_async.sandbox import Sandbox
    except ImportError as error:
        if error.name not in ("starlette", "uvicorn"):
            raise
        raise CommandError(
            f"the sandbox needs {error.name}, which is not installed.", "pip install 'itnio-async[cli]'"
        ) from error
    return Sandbox


def sandbox(
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Where to listen on 127.0.0.1; 0 is any free one.")
    ] = 8787,
    trunks: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many trunks it starts with, unless the state has some.")
    ] = 200,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the trunks in this file. Default: in memory only.")
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="A failure to order, such as minus18,endpoint=update,probability=0.05,seed=7; wait,seconds=2; "
            "drop,count=3. May be given several times.",
        ),
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Flip one of the decisions that the vendor's pages leave open, such as listed_password=masked. "
            "May be given several times.",
        ),
    ] = None,
    assumptions: Annotated[
        bool, typer.Option("--assumptions", help="List those decisions, with what --assume takes, and exit.")
    ] = False,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append each request to this file, a line of JSON each.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="At the end, exit with 1 if a request was decided by what is only assumed.")
    ] = False,
    window: Annotated[
        float, typer.Option(metavar="SECONDS", help="How far a Timestamp may be off before it is refused with -16.")
    ] = 300,
    json: Annotated[
        bool, typer.Option("--json", help="Write address and credentials as one JSON object instead of export lines.")
    ] = False,
) -> None:
    """Run the sandbox: the vendor's API imitated on this machine, with made-up credentials, until Ctrl-C.

    The first three lines are for a shell: paste them into another one, and each command and program there works on the
    sandbox.
    """
    sandbox_type = sandbox_class()
    ready = sandbox_type(trunks, port=port, state=state, window=window, strict=strict, log=log)
    for text in assume or ():
        _flip(ready.assumptions, text)
    if assumptions:
        _list(ready.assumptions, json=json)
        return
    for spec in fault or ():
        ready.order(spec)
    # What ends a service must end it in order too, so that files are closed and a port is free again.
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ready:
            _serve(ready, json=json)
    except AssertionError as error:
        text, *rest = str(error).splitlines()
        say("\n".join(rest))
        raise CommandError(text, "leave --strict off, or ask the vendor what holds.") from None
    finally:
        signal.signal(signal.SIGTERM, before)
    say(f"The sandbox has ended; it answered {ready.codes.total()} requests.")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _serve(ready: Sandbox, *, json: bool) -> None:
    try:
        # From the first line on, since whoever reads it may end us at once.
        _introduce(ready, json=json)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say("")  # the terminal shows ^C on the current line


def _introduce(ready: Sandbox, *, json: bool) -> None:
    names = ("ITNIO_API_KEY", "ITNIO_API_SECRET", "ITNIO_BASE_URL")
    settings = dict(zip(names, (ready.api_key, ready.api_secret, ready.url), strict=True))
    if json:
        json_line(settings)
    else:
        for name, value in settings.items():
            line(f"export {name}={shlex.quote(value)}")
    say(
        f"The sandbox listens at {ready.url} with {ready.state.count()} trunks. Paste the lines above into another "
        "shell, then try: itnio trunks list\nCtrl-C ends it."
    )


def _flip(assumptions: Assumptions, text: str) -> None:
    name, equals, value = text.partition("=")
    known = {assumption.name: assumption for assumption in assumptions}
    if not equals or name not in known:
        raise CommandError(
            f"--assume {text}: there is no assumption {name!r}."
            if equals
            else f"--assume {text}: there is no = in it.",
            f"give NAME=VALUE, where NAME is one of {', '.join(known)}; `itnio sandbox --assumptions` explains them.",
        )
    setattr(assumptions, name, _value(value, known[name].choices))


def _value(text: str, choices: Iterable[Any] | None) -> Any:
    """Read the text as one of the choices, else as a number or none; what fits nowhere is for the sandbox to refuse."""
    for choice in (None, *(choices or ())):
        if text.lower() == str(choice).lower():
            return choice
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _list(assumptions: Assumptions, *, json: bool) -> None:
    if json:
        for one in assumptions:
            json_line({"name": one.name, "value": one.value, "choices": one.choices, "text": one.text})
        return
    records(
        ("Name", "Value", "Choices", "Why"),
        [(a.name, _word(a.value), ", ".join(map(_word, a.choices)) if a.choices else "-", a.text) for a in assumptions],
    )


def _word(value: object) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
