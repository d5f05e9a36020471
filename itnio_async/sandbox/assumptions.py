"""What the vendor's pages leave open and the sandbox had to decide: each decision once, with a switch.

An `Assumption` tells one decision to people. The decisions themselves are attributes: those that hold for all endpoints
are here, in `SharedAssumptions`; each family has a class of its own on top of it, and `families` joins them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
from attrs import define, frozen, setters

from itnio_async.errors import ConfigurationError


@frozen
class Assumption:
    """One decision: its name, its value at the moment, the values it may take (None: see the text), and why."""

    name: str
    value: Any
    choices: tuple[Any, ...] | None
    text: str


def switch(default: bool, text: str) -> Any:
    """Declare a decision that is on or off; `text` says why it is what it is."""
    return choice(default, not default, text=text)


def choice(default: Any, *others: Any, text: str) -> Any:
    """Declare a decision between a few values."""
    return attrs.field(default=default, validator=_one_of, metadata={"choices": (default, *others), "text": text})


def value(default: Any, validator: Any, *, text: str) -> Any:
    """Declare a decision on a value that the validator, one of attrs, passes."""
    return attrs.field(default=default, validator=validator, metadata={"choices": None, "text": text})


def _one_of(_: object, attribute: attrs.Attribute[Any], given: object) -> None:
    choices = attribute.metadata["choices"]
    # By type too: 1 == True, but a switch set to 1 is a slip.
    if not any(type(given) is type(one) and given == one for one in choices):
        raise ConfigurationError(
            f"assumptions.{attribute.name} is {given!r}; give one of {', '.join(map(repr, choices))}."
        )


def _seconds(_: object, attribute: attrs.Attribute[Any], given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given) or given <= 0:
        raise ConfigurationError(f"assumptions.{attribute.name} is {given!r}; give a number of seconds above 0.")


# Without slots, so that the families' classes can be joined.
@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class SharedAssumptions:
    """The decisions that hold for all endpoints, and what all classes of decisions can do.

    Iterating lists the decisions, assigning to one flips it for the requests that follow. A value that a decision
    cannot take raises `ConfigurationError`, a name that is not a decision `AttributeError`.
    """

    window: float = value(
        300,
        _seconds,
        text="How many seconds a Timestamp may be off, either way, before it is -16. No window is stated; five "
        "minutes are usual.",
    )
    failure_http_status: int = choice(
        200,
        400,
        500,
        text="The HTTP status of a refusal. None is documented; the samples suggest 200 with a non-zero status inside.",
    )

    if not TYPE_CHECKING:  # a type checker would take any name for an attribute

        def __setattr__(self, name: str, value: object) -> None:
            attribute = attrs.fields_dict(type(self)).get(name)
            if attribute is None:
                raise AttributeError(f"there is no assumption {name!r}; iterate over the assumptions for their names")
            attribute.validator(self, attribute, value)
            super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Assumption]:
        """Go through the decisions, the shared ones first."""
        for field in attrs.fields(type(self)):
            yield Assumption(field.name, getattr(self, field.name), field.metadata["choices"], field.metadata["text"])
