"""Put the commands together. A command's module is loaded when it is called, so that none waits for another's."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer
from attrs import field, frozen
from typer.core import TyperCommand, TyperGroup

from itnio_async._version import __version__
from itnio_async.cli import exits
from itnio_async.cli.option_groups import flattened
from itnio_async.cli.output import line

_HELP = {"help_option_names": ["--help", "-h"]}


@frozen
class _Command:
    """A command: its name, where its function is (`module:function` in this package), and its line in the list.

    `settings` are those of its context in click.
    """

    name: str
    where: str
    summary: str
    settings: dict[str, Any] = field(factory=dict)

    def function(self) -> Callable[..., Any]:
        """Load the command's function."""
        module, _, name = self.where.partition(":")
        function: Callable[..., Any] = getattr(import_module(f"itnio_async.cli.{module}"), name)
        return function


_TRUNKS = (
    _Command("list", "trunks.list:list_trunks", "List the trunks."),
    _Command("update", "trunks.update:update_trunk", "Change settings of one trunk."),
    _Command("add", "trunks.add:add_trunk", "Create a trunk."),
    _Command("export", "trunks.export:export_trunks", "Write the trunks to a file."),
    _Command("plan", "trunks.plan:plan_trunks", "Show what a file of trunks would change."),
    _Command("apply", "trunks.apply:apply_trunks", "Update the trunks from a file."),
    _Command("report", "trunks.report:report_trunks", "Show what became of each row of a job."),
    _Command("undo", "trunks.undo:undo_trunks", "Undo the changes of a job."),
)
_DEMO = _Command("demo", "demo:demo", "Watch 500 trunks being updated; needs no account.")
_OTHERS = (
    # A code is a negative number, which click would take for an option.
    _Command("codes", "codes:codes", "Explain the vendor's codes.", {"ignore_unknown_options": True}),
    _Command("sign", "sign:sign", "Show the signing headers for a moment."),
    _Command("doctor", "doctor:doctor", "Find out why calls do not work."),
    _Command("sandbox", "sandbox:sandbox", "Imitate the vendor on this machine."),
)


def build(*, rich: bool) -> TyperGroup:
    """Return the command with all its subcommands; `rich` says whether its help has boxes and colours."""
    app = _group("itnio", _start, rich=rich)
    trunks = _group("trunks", _trunks, rich=rich)
    for command in _TRUNKS:
        trunks.add_command(_LazyCommand(command, rich=rich))
    app.add_command(_LazyCommand(_DEMO, rich=rich))
    app.add_command(trunks)
    for command in _OTHERS:
        app.add_command(_LazyCommand(command, rich=rich))
    return app


class _LazyCommand(TyperCommand):
    """A command of which only name and summary are known until it is called."""

    def __init__(self, command: _Command, *, rich: bool) -> None:
        super().__init__(command.name, short_help=command.summary)
        self._command = command
        self._rich = rich

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Load the command and let it make the context, which then belongs to the loaded command."""
        return _loaded(self._command, rich=self._rich).make_context(*arguments, **more)


def _loaded(command: _Command, *, rich: bool) -> Any:
    app = _typer(rich=rich)
    function = command.function()
    register = app.command(
        command.name, help=_text_of(function), epilog=exits.TEXT, context_settings={**_HELP, **command.settings}
    )
    register(flattened(function))
    return typer.main.get_command(app)


def _group(name: str, function: Callable[..., Any], *, rich: bool) -> TyperGroup:
    app = _typer(
        rich=rich, name=name, help=_text_of(function), epilog=exits.TEXT, no_args_is_help=True, context_settings=_HELP
    )
    app.callback()(function)
    return typer.main.get_group(app)


def _typer(*, rich: bool, **settings: Any) -> typer.Typer:
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if rich else None,
        **settings,
    )


def _text_of(function: Callable[..., Any]) -> str:
    """Return a docstring without the line breaks inside its paragraphs, which rich's help would keep."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


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


def _trunks() -> None:
    """List, update and add SIP trunks, one or thousands."""
