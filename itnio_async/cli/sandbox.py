"""`itnio sandbox`: imitate the vendor on this machine until Ctrl-C."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import json_line, line, records, say
from itnio_async.cli.secret_file import read_secret_file
from itnio_async.text import counted

if TYPE_CHECKING:
    from itnio_async.sandbox import Assumptions, Sandbox


def sandbox_class() -> type[Sandbox]:
    """Return `Sandbox`; if its extra is missing, raise `CommandError` with what to install."""
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
        int, typer.Option(metavar="N", min=0, max=65535, help="The port on 127.0.0.1; 0 is any free one.")
    ] = 8787,
    trunks: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many trunks to start with, unless the state has some.")
    ] = 200,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the trunks in this file. Default: in memory only.")
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Accept the made-up API key and secret in this file, a line each. Default: those of the state, or new "
            "ones.",
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="A fault to order, such as minus18,endpoint=update,probability=0.05,seed=7; may be given several "
            "times. Kinds: minus18 (or another code), wait,seconds=2 (a late answer), hold (no answer), drop (the end "
            "of the connection; reset=true), garbage (bytes that are not HTTP), half (half of an answer), "
            "page,http_status=502 (a gateway's page), limit,rate=100 or limit,at_once=20 (refuses what is more; "
            "http_status=429 or 503, retry_after=1, or code=-18). Each also takes endpoint, key_id, count, "
            "probability, seed, processed.",
        ),
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Change one of the assumptions about what the vendor's pages leave open, such as "
            "listed_password=masked. May be given several times.",
        ),
    ] = None,
    assumptions: Annotated[
        bool, typer.Option("--assumptions", help="List the assumptions with the values that --assume takes, and exit.")
    ] = False,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Append each request to this file, as a line of JSON.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="At the end, exit with 1 if an answer depended on an assumption.")
    ] = False,
    window: Annotated[
        float, typer.Option(metavar="SECONDS", help="How far a Timestamp may be off before it is refused with -16.")
    ] = 300,
    json: Annotated[
        bool, typer.Option("--json", help="Write address and credentials as one JSON object instead of export lines.")
    ] = False,
) -> None:
    """Run the sandbox: the vendor's API imitated on this machine, with made-up credentials, until Ctrl-C.

    Paste the first three lines into another shell: every command and program there then uses the sandbox.
    """
    sandbox_type = sandbox_class()
    account = None if secret_file is None else read_secret_file(secret_file)
    ready = sandbox_type(
        trunks,
        port=port,
        state=state,
        window=window,
        strict=strict,
        log=log,
        api_key=None if account is None else account.api_key,
        api_secret=None if account is None else account.api_secret,
    )
    for text in assume or ():
        _set_assumption(ready.assumptions, text)
    if assumptions:
        _list_assumptions(ready.assumptions, json=json)
        return
    for spec in fault or ():
        ready.order(spec)
    try:
        with ready:
            _serve(ready, json=json)
    except AssertionError as error:
        text, *rest = str(error).splitlines()
        say("\n".join(rest))
        raise CommandError(text, "leave out --strict, or ask the vendor which assumption is true.") from None
    say(f"The sandbox has ended; it answered {counted(ready.codes.total(), 'request')}.")


def _serve(ready: Sandbox, *, json: bool) -> None:
    try:
        # Inside `try`: a program may end the sandbox as soon as it has read the first line.
        _announce(ready, json=json)
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say("")  # the terminal shows ^C on the current line


def _announce(ready: Sandbox, *, json: bool) -> None:
    names = ("ITNIO_API_KEY", "ITNIO_API_SECRET", "ITNIO_BASE_URL")
    settings = dict(zip(names, (ready.api_key, ready.api_secret, ready.url), strict=True))
    if json:
        json_line(settings)
    else:
        for name, value in settings.items():
            line(f"export {name}={shlex.quote(value)}")
    trunks = counted(ready.state.count("trunk"), "trunk")
    say(
        f"The sandbox listens at {ready.url} with {trunks}. Paste the lines above into another shell, "
        "then try: itnio trunks list\nCtrl-C ends it."
    )


def _set_assumption(assumptions: Assumptions, text: str) -> None:
    name, equals, value = text.partition("=")
    known = {assumption.name: assumption for assumption in assumptions}
    if not equals or name not in known:
        raise CommandError(
            f"--assume {text}: there is no assumption {name!r}." if equals else f"--assume {text}: it has no =.",
            f"give NAME=VALUE, where NAME is one of {', '.join(known)}; `itnio sandbox --assumptions` explains them.",
        )
    setattr(assumptions, name, _value(value, known[name].choices))


def _value(text: str, choices: Iterable[Any] | None) -> Any:
    """Read the text as one of the choices, as none or as a number; otherwise the sandbox will refuse it."""
    for choice in (None, *(choices or ())):
        if text.lower() == str(choice).lower():
            return choice
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def _list_assumptions(assumptions: Assumptions, *, json: bool) -> None:
    if json:
        for one in assumptions:
            json_line({"name": one.name, "value": one.value, "choices": one.choices, "text": one.text})
        return
    records(
        ("Name", "Value", "Choices", "Why"),
        [(a.name, _text(a.value), ", ".join(map(_text, a.choices)) if a.choices else "-", a.text) for a in assumptions],
    )


def _text(value: object) -> str:
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
