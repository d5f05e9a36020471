"""`itnio endpoints`: which calls there are, and which commands make them."""

from __future__ import annotations

from typing import Annotated

import typer

from itnio_async.api.paths import Call, calls
from itnio_async.cli.exits import CommandError
from itnio_async.cli.families.words import command_of, summary_of
from itnio_async.cli.output import json_line, table


def endpoints(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="Only calls with this text in path, name or summary.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line for each call.")] = False,
) -> None:
    """List the calls of the API: the command that makes each, its method of the client, and where it goes."""
    rows = [row for row in map(_row, calls()) if text is None or any(text.lower() in cell.lower() for cell in row)]
    if not rows:
        raise CommandError(f"no call has {text!r} in it.", "`itnio endpoints` lists them all.")
    if json:
        for row in rows:
            json_line(dict(zip(("command", "call", "method", "path", "summary"), row, strict=True)))
    else:
        table(("Command", "Client", "Method", "Path", "What it does"), rows)


def _row(call: Call) -> tuple[str, str, str, str, str]:
    summary = summary_of(call)
    return f"itnio {command_of(call)}", str(call), call.endpoint.method, call.endpoint.path, summary
