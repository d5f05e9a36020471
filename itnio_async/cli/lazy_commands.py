"""Commands whose functions are loaded when they are called, so that none waits for another's modules."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from attrs import field, frozen
from typer.core import TyperCommand, TyperGroup

from itnio_async.cli import exits
from itnio_async.cli.interrupts import first_ctrl_c_waits
from itnio_async.cli.option_groups import flattened

HELP = {"help_option_names": ["--help", "-h"]}


@frozen
class Command:
    """A command: its name, its line in the list, and how its function is loaded.

    `settings` are those of its context in click. With `--json`, a job ends with a `result`, whatever ends it.
    """

    name: str
    summary: str
    load: Callable[[], Callable[..., Any]]
    settings: dict[str, Any] = field(factory=dict)
    is_job: bool = False


def function_at(where: str) -> Callable[[], Callable[..., Any]]:
    """Return what loads a function of this package, given as `module:function`."""
    module, _, name = where.partition(":")

    def load() -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(import_module(f"itnio_async.cli.{module}"), name)
        return function

    return load


class LazyCommand(TyperCommand):
    """A command of which only name and summary are known until it is called."""

    def __init__(self, command: Command, *, rich: bool) -> None:
        super().__init__(command.name, short_help=command.summary)
        self._command = command
        self._rich = rich

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Load the command and let it make the context, which then belongs to the loaded command."""
        return _loaded(self._command, rich=self._rich).make_context(*arguments, **more)


def _loaded(command: Command, *, rich: bool) -> Any:
    app = typer_app(rich=rich)
    with first_ctrl_c_waits():  # an import that is cut off leaves modules half loaded
        function = command.load()
    register = app.command(
        command.name, help=text_of(function), epilog=exits.TEXT, context_settings={**HELP, **command.settings}
    )
    register(flattened(function))
    return typer.main.get_command(app)


def group(
    name: str, function: Callable[..., Any], *, rich: bool, help: str | None = None, kind: type[TyperGroup] = TyperGroup
) -> TyperGroup:
    """Return a command that has subcommands; `function` is called before each, and its docstring is the help."""
    app = typer_app(
        rich=rich,
        name=name,
        help=help or text_of(function),
        epilog=exits.TEXT,
        no_args_is_help=True,
        context_settings=HELP,
        cls=kind,
    )
    app.callback()(function)
    return typer.main.get_group(app)


def typer_app(*, rich: bool, **settings: Any) -> typer.Typer:
    """Return an empty app of typer; `rich` says whether its help has boxes and colours."""
    return typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if rich else None,
        **settings,
    )


def text_of(function: Callable[..., Any]) -> str:
    """Return a docstring without the line breaks inside its paragraphs, which rich's help would keep."""
    paragraphs = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
