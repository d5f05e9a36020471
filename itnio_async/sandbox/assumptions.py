"""What the vendor's pages leave open and the sandbox had to decide: each decision once, with a switch.

An `Assumption` tells one decision to people. The decisions themselves are attributes: those that hold for all endpoints
are here, in `SharedAssumptions`; each family has a class of its own on top of it, and `families` joins them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
from attrs import define, frozen, setters
from attrs.validators import in_, instance_of, matches_re

from itnio_async.validators import must_be, number, whole

DIGITS = must_be("a text of digits", matches_re("[0-9]*"))
"""The validator of a decision on some digits."""


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
    choices = (default, *others)
    # By type too: 1 == True, but a switch set to 1 is a slip.
    fits = must_be(f"one of {', '.join(map(repr, choices))}", in_(choices), instance_of(type(default)))
    return attrs.field(default=default, validator=fits, metadata={"choices": choices, "text": text})


def value(default: Any, validator: Any, *, text: str) -> Any:
    """Declare a decision on a value that the validator passes."""
    return attrs.field(default=default, validator=validator, metadata={"choices": None, "text": text})


# Without slots, so that the families' classes can be joined.
@define(kw_only=True, slots=False, on_setattr=setters.NO_OP)
class SharedAssumptions:
    """The decisions that hold for all endpoints, and what all classes of decisions can do.

    Iterating lists the decisions, assigning to one flips it for the requests that follow. A value that a decision
    cannot take raises `ConfigurationError`, a name that is not a decision `AttributeError`.
    """

    window: float = value(
        300,
        number(above=0),
        text="How many seconds a Timestamp may be off, either way, before it is -16. No window is stated; five "
        "minutes are usual.",
    )
    failure_http_status: int = choice(
        200,
        400,
        500,
        text="The HTTP status of a refusal. None is documented; the samples suggest 200 with a non-zero status inside.",
    )
    unknown_field_refused: bool = switch(
        True, "A field that the page does not list is refused with -22, so that a misspelt one is noticed."
    )
    unknown_id_code: int = choice(
        -22,
        -24,
        text="The code for an id that nothing has, where the page has no code for it; some pages have -24 (does not "
        "exist). Trunks have one of their own, unknown_key_code.",
    )
    change_left_out: str = choice(
        "keeps",
        "clears",
        text="What leaving out an optional field does to the stored value of a group's settings, an agent or a team "
        "leader: the pages do not say. A password is always kept. For trunks, see left_out.",
    )
    change_null: str = choice(
        "clears",
        "keeps",
        text="What null in such a field does: an empty string clears a group's setting by its page, null is not named.",
    )
    batch: str = choice(
        "all or nothing",
        "until one fails",
        text="What becomes of a list of ids of which one is refused: no page says whether the others are changed.",
    )
    name_filter: str = choice(
        "part",
        "whole",
        text="Whether a listing's filter by name takes a part of it: the pages on agents and trunks say so, those on "
        "agent groups, team leaders and records do not.",
    )
    listed_order: str = choice(
        "oldest first", "newest first", text="The order of the listings, by key id: none is stated."
    )
    utc_offset: int = choice(
        0,
        8,
        text="How many hours times without a zone are ahead of UTC. Some pages say UTC+8, those of the call centre "
        "nothing.",
    )

    call_seconds: float = value(0.2, number(above=0), text="How many seconds each call lasts here, where nobody talks.")
    calls_at_once: int = value(
        10, whole(1), text="How many calls of a task are made at once: what calloutRate is a ratio to is not stated."
    )
    failing_numbers: str = value(
        "0", DIGITS, text="Calls to numbers that end in one of these digits are not answered, those to others are."
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
