"""All commands put together, each loaded when it is called: nobody waits for what another one needs."""

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
from itnio_async.cli.output import line

_HELP = {"help_option_names": ["--help", "-h"]}


@frozen
class _Entry:
    """A command: its name, where its function is (`module:function` in this package), and its line in the list."""

    name: str
    where: str
    summary: str
    settings: dict[str, Any] = field(factory=dict)

    def function(self) -> Callable[..., Any]:
        """Load it."""
        module, _, name = self.where.partition(":")
        function: Callable[..., Any] = getattr(import_module(f"itnio_async.cli.{module}"), name)
        return function


_DEMO = _Entry("demo", "demo:demo", "Watch 500 trunks being updated; needs no account.")
_TRUNKS = (
    _Entry("list", "trunks.single:list_trunks", "List the trunks."),
    _Entry("update", "trunks.single:update_trunk", "Change settings of one trunk."),
    _Entry("add", "trunks.single:add_trunk", "Create a trunk."),
    _Entry("export", "trunks.export:export_trunks", "Write the trunks to a file."),
    _Entry("plan", "trunks.plan:plan_trunks", "Show what a file of trunks would change."),
    _Entry("apply", "trunks.apply:apply_trunks", "Update the trunks to what a file wants."),
    _Entry("report", "trunks.report:report_trunks", "Show what became of a job's rows."),
    _Entry("undo", "trunks.undo:undo_trunks", "Take a job's changes back."),
)
_OTHERS = (
    # A code is a negative number, and no option.
    _Entry("codes", "codes:codes", "Explain the vendor's codes.", {"ignore_unknown_options": True}),
    _Entry("sign", "sign:sign", "Show the signing headers of a moment."),
    _Entry("doctor", "doctor:doctor", "Find out why calls do not work."),
    _Entry("sandbox", "sandbox:sandbox", "Imitate the vendor on this machine."),
)


def build(*, rich: bool) -> TyperGroup:
    """Return the application; `rich` says whether its help may have boxes and colours."""
    app = _group("itnio", _start, rich=rich)
    trunks = _group("trunks", _trunks, rich=rich)
    for entry in _TRUNKS:
        trunks.add_command(_Later(entry, rich=rich))
    app.add_command(_Later(_DEMO, rich=rich))
    app.add_command(trunks)
    for entry in _OTHERS:
        app.add_command(_Later(entry, rich=rich))
    return app


class _Later(TyperCommand):
    """A command that is only known by its name and summary until it is called."""

    def __init__(self, entry: _Entry, *, rich: bool) -> None:
        super().__init__(entry.name, short_help=entry.summary)
        self._entry = entry
        self._rich = rich

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Have the command itself do it, which is the context's from then on."""
        return _command(self._entry, rich=self._rich).make_context(*arguments, **more)


def _command(entry: _Entry, *, rich: bool) -> Any:
    app = _typer(rich=rich)
    function = entry.function()
    register = app.command(
        entry.name, help=_text_of(function), epilog=exits.TEXT, context_settings={**_HELP, **entry.settings}
    )
    register(function)
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
    """Return a docstring's paragraphs without the line breaks inside them, which rich's help would keep."""
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
