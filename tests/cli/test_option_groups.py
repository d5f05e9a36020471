"""Options that commands share: a command takes them as one parameter, and typer as single ones."""

from __future__ import annotations

from inspect import signature
from typing import Annotated

import pytest
import typer
from attrs import frozen

from itnio_async.cli.lazy_commands import flattened


@frozen
class Base:
    name: Annotated[str | None, typer.Option("--name")] = None


@frozen
class Group(Base):
    count: Annotated[int, typer.Option("--count", min=1)] = 1


def command(where: Annotated[str, typer.Argument()], *, group: Group, base: bool = False):
    """Return what it is called with."""
    return where, group, base


def test_the_parameters_are_single_options_in_their_order():
    assert {name: parameter.default for name, parameter in signature(flattened(command)).parameters.items()} == {
        "where": signature(flattened(command)).empty,
        "name": None,
        "count": 1,
        "base": False,
    }


def test_the_command_gets_the_group():
    called = flattened(command)(where="here", name="x", count=2, base=True)
    assert called == ("here", Group(name="x", count=2), True)


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        (["here"], [("here", Group())]),
        (["here", "--count", "2", "--name", "x"], [("here", Group(name="x", count=2))]),
        (["here", "--count", "0"], []),
    ],
)
def test_typer_reads_them(arguments, called):
    calls = []

    def note(where: Annotated[str, typer.Argument()], *, group: Group):
        calls.append((where, group))

    app = typer.Typer(add_completion=False)
    app.command()(flattened(note))
    with pytest.raises(SystemExit):
        app(arguments)
    assert calls == called


def test_an_option_that_stands_twice_is_a_mistake():
    def twice(*, one: Group, other: Base):
        """Has the option --name in both groups."""

    with pytest.raises(ValueError, match="name"):
        flattened(twice)
