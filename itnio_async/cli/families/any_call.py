"""`itnio call`: make any call of the API, also one that has no command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from itnio_async.cli.account import AccountOptions
from itnio_async.cli.error_text import status_of, text_of
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import DONE, CommandError
from itnio_async.cli.families.inputs import read_json
from itnio_async.cli.output import json_line, say
from itnio_async.errors import ItnioError
from itnio_async.redaction import without_secrets


def call(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST or PUT.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="The path, such as /v3/cc/seatGroup/query.")],
    data: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help="The JSON body, or @FILE to read it from a file, @- from stdin. No secrets on the command line: "
            "others on this machine see it.",
        ),
    ] = None,
    query: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the query string.")
    ] = None,
    idempotent: Annotated[
        bool, typer.Option("--idempotent", help="The call may be repeated: sending it twice does no harm.")
    ] = False,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Show passwords and credentials of the answer; else they are ***.")
    ] = False,
    *,
    account: AccountOptions,
) -> int:
    """Make any call of the API, signed as all are, and write the whole answer as JSON."""
    body = _json(data)
    params: dict[str, list[str]] = {}
    for name, value in map(_pair, query or ()):
        params.setdefault(name, []).append(value)
    access = account.access()

    async def make() -> int:
        async with access.client(changes=not idempotent) as client:
            try:
                response = await client.request(method, path, json=body, params=params or None, idempotent=idempotent)
            except ItnioError as error:
                say(text_of(error))
                return status_of(error)
        json_line(response.raw if show_secrets else without_secrets(response.raw, ()))
        return DONE

    return run_on_loop(make())


def _json(data: str | None) -> Any:
    if data is None:
        return None
    if data == "@-":
        content: bytes = typer.get_binary_stream("stdin").read()
    else:
        content = Path(data[1:]).read_bytes() if data.startswith("@") else data.encode()
    try:
        return read_json(content)
    except ValueError as error:
        example = """give JSON such as '{"current": 1, "size": 10, "params": {}}', or @FILE."""
        raise CommandError(f"--data is not JSON: {error}.", example) from None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise CommandError(f"--query is {text!r}.", "give NAME=VALUE.")
    return name, value
