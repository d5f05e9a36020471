"""Put the commands together. A command's module is loaded when it is called, so that none waits for another's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from typer.core import TyperGroup
from typer.main import get_install_completion_arguments

from itnio_async._version import __version__
from itnio_async.cli.families.group import FamilyGroup
from itnio_async.cli.families.words import families
from itnio_async.cli.lazy_commands import Command, LazyCommand, function_at, group
from itnio_async.cli.output import line

_TRUNKS = (
    Command("list", "List the trunks.", "trunks.list:list_trunks"),
    Command("update", "Change settings of one trunk.", "trunks.single:update_trunk"),
    Command("add", "Create a trunk.", "trunks.single:add_trunk"),
    Command("export", "Write the trunks to a file.", "trunks.export:export_trunks"),
    Command("plan", "Show what a file of trunks would change.", "trunks.plan:plan_trunks"),
    Command("apply", "Update the trunks from a file.", "trunks.apply:apply_trunks", is_job=True),
    Command("set", "Give the same values to many trunks.", "trunks.set:set_trunks", is_job=True),
    Command("jobs", "List the jobs and their journals.", "trunks.jobs:list_jobs"),
    Command("report", "Show what became of each row of a job.", "trunks.report:report_trunks"),
    Command("undo", "Undo the changes of a job.", "trunks.undo:undo_trunks", is_job=True),
)
_DEMO = Command("demo", "Watch 500 trunks being updated; needs no account.", "demo:demo")
_OTHERS = (
    Command("balance", "Show the account's balance.", lambda: function_at("families.commands:balance")()),
    Command("call", "Make any call of the API.", "families.any_call:call"),
    Command("endpoints", "List the calls of the API.", "families.endpoints:endpoints"),
    # A code is a negative number, which click would take for an option.
    Command("codes", "Explain the vendor's codes.", "codes:codes", {"ignore_unknown_options": True}),
    Command("sign", "Show the signing headers for a moment.", "sign:sign"),
    Command("doctor", "Find out why calls do not work.", "doctor:doctor"),
    Command("sandbox", "Imitate the vendor on this machine.", "sandbox:sandbox"),
)


def build(*, rich: bool) -> TyperGroup:
    """Return the command with all its subcommands; `rich` says whether its help has boxes and colours."""
    app = group("itnio", _start, rich=rich)
    trunks = group("trunks", "List, update and add SIP trunks, one or thousands.", rich=rich)
    for command in _TRUNKS:
        trunks.add_command(LazyCommand(command, rich=rich))
    app.add_command(LazyCommand(_DEMO, rich=rich))
    app.add_command(trunks)
    for word, (_, summary) in families().items():
        app.add_command(group(word, summary, rich=rich, kind=FamilyGroup))
    for command in _OTHERS:
        app.add_command(LazyCommand(command, rich=rich))
    # As typer does for an app that it makes itself.
    app.params.extend(get_install_completion_arguments())
    return app


def is_job_with_json(arguments: Sequence[str]) -> bool:
    """Tell whether these arguments are for a job with `--json`, whatever else is wrong with them."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    words = [argument for argument in arguments if not argument.startswith("-")]
    jobs = [["trunks", command.name] for command in _TRUNKS if command.is_job]
    return "--json" in options and words[:2] in jobs


def _print_version(wanted: bool) -> None:
    if wanted:
        line(f"itnio {__version__}")
        raise typer.Exit


def _start(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The ITNIO Tech API from a shell.

    Credentials come from ITNIO_API_KEY and ITNIO_API_SECRET, from --secret-file, or from a prompt. Begin with
    `itnio demo`, which needs none; `itnio doctor` finds out why something does not work.
    """
