"""Make a command of each call: its options from what the call takes, its output from what comes back."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import cache
from inspect import Parameter, Signature
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from itnio_async.api.paths import Call, calls_of
from itnio_async.cli.account import Access, AccountOptions
from itnio_async.cli.error_text import status_of, text_of
from itnio_async.cli.event_loop import run_on_loop
from itnio_async.cli.exits import CHANGES_TO_MAKE, DONE, ERROR, REFUSED, CommandError
from itnio_async.cli.families.inputs import Input, arguments_of, inputs_of, parameter
from itnio_async.cli.families.results import ResultOptions
from itnio_async.cli.families.words import help_of, is_asked_about, reads_only
from itnio_async.cli.output import say
from itnio_async.codec import Record
from itnio_async.errors import InvalidRequestError, ItnioError
from itnio_async.listing import Listing

_COMMON = {"yes", "limit", "columns", "null"}


def balance() -> Callable[..., Any]:
    """Return the function of `itnio balance`."""
    (call,) = calls_of("account")
    return function_of(call)


@cache
def function_of(call: Call) -> Callable[..., Any]:
    """Return a call as a function whose parameters are options, for typer."""
    inputs = inputs_of(call)

    def command(*, account: AccountOptions, result: ResultOptions, **given: Any) -> int:
        how = {name: given.pop(name) for name in _COMMON & given.keys()}
        arguments = arguments_of(call, inputs, given, how.get("null") or ())
        if is_asked_about(call) and not how["yes"] and not _is_agreed(call):
            return CHANGES_TO_MAKE
        options = {wanted.name: wanted.option for wanted in inputs}
        return run_on_loop(_make(account.access(), call, arguments, result, how, options))

    parameters = [one for wanted in inputs for one in wanted.parameters()] + _own_parameters(call, inputs)
    parameters += [parameter("result", ResultOptions), parameter("account", AccountOptions)]
    command.__doc__ = help_of(call)
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    # Signatures want parameters without a default first; all are given by their names.
    command.__dict__["__signature__"] = Signature(parameters)
    return command


def _own_parameters(call: Call, inputs: list[Input]) -> list[Parameter]:
    """Return the options that not every call has."""
    found: list[Parameter] = []
    if any(wanted.may_be_null for wanted in inputs):
        null = typer.Option("--null", metavar="NAME", help="Send null for the field of this name.")
        found.append(parameter("null", Annotated[list[str] | None, null], None))
    if is_asked_about(call):
        yes = typer.Option("--yes", "-y", help="Do not ask.")
        found.append(parameter("yes", Annotated[bool, yes], False))
    if get_origin(_returned_by(call)) is Listing:
        limit = typer.Option("--limit", min=1, metavar="N", help="At most N records. Default: all.")
        found.append(parameter("limit", Annotated[int | None, limit], None))
        chosen = typer.Option("--columns", metavar="NAME,NAME", help="Only these, in this order.")
        found.append(parameter("columns", Annotated[str, chosen], ""))
    return found


def _returned_by(call: Call) -> Any:
    return get_type_hints(call.method)["return"]


async def _make(
    access: Access,
    call: Call,
    arguments: dict[str, Any],
    result: ResultOptions,
    how: dict[str, Any],
    options: Mapping[str, str],
) -> int:
    """Make the call and write what comes back; returns the exit status. `options` are those that set the fields."""
    async with access.client(changes=not reads_only(call)) as client:
        method = getattr(getattr(client, call.family), call.verb)
        if "limit" in how and "size" in inspect.signature(call.method).parameters:
            arguments["size"] = min(100, how["limit"] or 100)
        try:
            made = method(**arguments)
            if isinstance(made, Listing):
                chosen = [name.strip() for name in how["columns"].split(",") if name.strip()]
                (kind,) = get_args(_returned_by(call))
                await result.write_listing(made, kind, how["limit"], chosen)
            else:
                found = await made
                result.write(found, _returned_by(call))
                if said := _said_of_refused(found):
                    say(said)
                    return REFUSED
                # One that is false tells of a no, such as that of a wrong code: a shell must not take it for a yes.
                if isinstance(found, Record) and not bool(found):
                    return REFUSED
        except ItnioError as error:
            if reads_only(call) and not isinstance(error, InvalidRequestError):
                raise
            say(text_of(error, options))
            if error.may_have_been_processed:
                say("  The outcome is unknown: look before you give the command again.")
            return ERROR if reads_only(call) else status_of(error)
    return DONE


def _said_of_refused(found: Any) -> str | None:
    """Return what to say where the vendor refused a part of what a call succeeded with; else None."""
    if getattr(found, "is_partial", False):
        return "A part was refused by the vendor. What is shown was accepted."
    if isinstance(found, list) and not all(getattr(one, "accepted", True) for one in found):
        return "Not all of it was accepted by the vendor. What is shown says which."
    return None


def _is_agreed(call: Call) -> bool:
    if not sys.stdin.isatty():
        raise CommandError(
            "it cannot be asked whether this is meant: stdin is not a terminal.",
            "give --yes if it is. Nothing was sent.",
        )
    return bool(typer.confirm(f"{help_of(call)} Go on?", err=True))
