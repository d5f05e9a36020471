"""All commands put together."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from itnio_async._version import __version__
from itnio_async.cli import apply, codes, demo, doctor, exits, export, plan, report, sandbox, sign, trunks, undo
from itnio_async.cli.output import line

_HELP = {"help_option_names": ["--help", "-h"]}


def build(*, rich: bool) -> typer.Typer:
    """Return the application; `rich` says whether its help may have boxes and colours."""
    app = _group(rich=rich, help=_text_of(_start))
    app.callback()(_start)
    _add(app, "demo", demo.demo, "Watch 500 trunks being updated; needs no account.")
    group = _group(rich=rich, help="List, update and add SIP trunks, one or thousands.")
    _add(group, "list", trunks.list_trunks, "List the trunks.")
    _add(group, "update", trunks.update_trunk, "Change settings of one trunk.")
    _add(group, "add", trunks.add_trunk, "Create a trunk.")
    _add(group, "export", export.export_trunks, "Write the trunks to a file.")
    _add(group, "plan", plan.plan_trunks, "Show what a file of trunks would change.")
    _add(group, "apply", apply.apply_trunks, "Update the trunks to what a file wants.")
    _add(group, "report", report.report_trunks, "Show what became of a job's rows.")
    _add(group, "undo", undo.undo_trunks, "Take a job's changes back.")
    app.add_typer(group, name="trunks")
    # A code is a negative number, and no option.
    _add(app, "codes", codes.codes, "Explain the vendor's codes.", ignore_unknown_options=True)
    _add(app, "sign", sign.sign, "Show the signing headers of a moment.")
    _add(app, "doctor", doctor.doctor, "Find out why calls do not work.")
    _add(app, "sandbox", sandbox.sandbox, "Imitate the vendor on this machine.")
    return app


def _group(*, rich: bool, help: str) -> typer.Typer:
    return typer.Typer(
        help=help,
        epilog=exits.TEXT,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if rich else None,
        no_args_is_help=True,
        context_settings=_HELP,
    )


def _add(group: typer.Typer, name: str, function: Callable[..., Any], summary: str, **settings: Any) -> None:
    register = group.command(
        name,
        help=_text_of(function),
        short_help=summary,
        epilog=exits.TEXT,
        context_settings={**_HELP, **settings},
    )
    register(function)


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
