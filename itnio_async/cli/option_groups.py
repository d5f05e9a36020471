"""Options that several commands share: a class whose fields are options, which a command takes as one parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

import attrs


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
