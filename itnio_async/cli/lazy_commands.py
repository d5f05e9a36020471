"""Commands whose functions are loaded when they are called, so that none waits for another's modules.

Options that several commands share are a class whose fields are options, which a command takes as one parameter.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

import attrs
import typer
from attrs import field, frozen
from typer.core import TyperCommand, TyperGroup

from itnio_async.cli import exits
from itnio_async.cli.interrupts import first_ctrl_c_waits

_HELP = {"help_option_names": ["--help", "-h"]}


@frozen
class Command:
    """A command: its name, its line in the list, and where its function is, or what makes it.

    `settings` are those of its context in click. With `--json`, a job ends with a `result`, whatever ends it.
    """

    name: str
    summary: str
    function: str | Callable[[], Callable[..., Any]]
    settings: dict[str, Any] = field(factory=dict)
    is_job: bool = False


def function_at(where: str) -> Callable[..., Any]:
    """Load a function of this package, given as `module:function`."""
    module, _, name = where.partition(":")
    function: Callable[..., Any] = getattr(import_module(f"itnio_async.cli.{module}"), name)
    return function


class LazyCommand(TyperCommand):
    """A command of which only name and summary are known until it is called."""

    def __init__(self, command: Command, *, rich: bool) -> None:
        super().__init__(command.name, short_help=command.summary)
        self._command = command
        self._rich = rich

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Load the command and let it make the context, which then belongs to the loaded command."""
        command = self._command
        with first_ctrl_c_waits():  # an import that is cut off leaves modules half loaded
            function = function_at(command.function) if isinstance(command.function, str) else command.function()
        app = _typer_app(rich=self._rich)
        settings = {**_HELP, **command.settings}
        register = app.command(command.name, help=_text_of(function), epilog=exits.TEXT, context_settings=settings)
        register(flattened(function))
        loaded: Any = typer.main.get_command(app)
        return loaded.make_context(*arguments, **more)


def flattened(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command as typer needs it, with single options only.

    Each parameter whose type is an attrs class, such as `account: AccountOptions`, is replaced with the fields of that
    class. Called with these, it makes the object and calls the command with it.
    """
    groups: dict[str, type[Any]] = {}
    parameters: list[Parameter] = []
    for parameter in signature(command, eval_str=True).parameters.values():
        if attrs.has(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            parameters += _options_of(parameter.annotation)
        else:
            parameters.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))

    def call(**given: Any) -> Any:
        for name, group in groups.items():
            given[name] = group(**{option.name: given.pop(option.name) for option in attrs.fields(group)})
        return command(**given)

    # Both are what typer looks at.
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    call.__dict__["__signature__"] = Signature(parameters)
    return call


def _options_of(group: type[Any]) -> Iterator[Parameter]:
    types = get_type_hints(group, include_extras=True)
    for option in attrs.fields(group):
        yield Parameter(option.name, Parameter.KEYWORD_ONLY, default=option.default, annotation=types[option.name])


def group(name: str, about: str | Callable[..., Any], *, rich: bool, kind: type[TyperGroup] = TyperGroup) -> TyperGroup:
    """Return a command that has subcommands; `about` is its help, or a function called before each, which has it."""
    app = _typer_app(
        rich=rich,
        name=name,
        help=about if isinstance(about, str) else _text_of(about),
        epilog=exits.TEXT,
        no_args_is_help=True,
        context_settings=_HELP,
        cls=kind,
    )
    app.callback()(about if callable(about) else lambda: None)
    return typer.main.get_group(app)


def _typer_app(*, rich: bool, **settings: Any) -> typer.Typer:
    """Return an empty app of typer; `rich` says whether its help has boxes and colours."""
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
