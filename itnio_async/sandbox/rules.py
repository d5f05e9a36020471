"""How a `Call` is decided: a `Rule` is one check, `decide` asks them in turn, and a `Decision` is what comes of it.

A family has a sequence of rules for each of its endpoints. The first rule that the request breaks gives the code; a
request that breaks none succeeds. A rule is documented where the vendor's page names the code for that very condition,
and assumed where the page names the code or the condition but not both. An assumed rule names its switch among the
assumptions, where the reason is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from attrs import frozen

from itnio_async.sandbox.assumptions import SharedAssumptions
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.times import written

A = TypeVar("A", bound=SharedAssumptions)
C = TypeVar("C", bound="Call[Any]")


@frozen
class Call(Generic[A]):
    """A request that has passed authentication: what rules look at and actions work on.

    A family has a class of its own, with properties for what several of its rules ask.

    Args:
        body: the fields of the request.
        database: the stored data.
        assumptions: the assumptions in force.
        now: the vendor's time, in Unix seconds.
    """

    body: Mapping[str, Any]
    database: Database
    assumptions: A
    now: float

    @property
    def moment(self) -> str:
        """The vendor's time as the listings write it, without a zone."""
        return written(self.now, self.assumptions.utc_offset)


@frozen
class Decision:
    """How a request was decided: the code, the rule's text, and whether it rests on an assumption."""

    code: int
    text: str
    assumed: bool

    @property
    def rule(self) -> str:
        """The value of the header X-Itnio-Rule: the code without its sign, and documented or assumed."""
        return f"{abs(self.code)} {'assumed' if self.assumed else 'documented'}"


@frozen
class Rule(Generic[C]):
    """One check: the code that it answers, and the condition for it, which may return the name of what breaks it.

    `switch` names the assumption that turns an assumed rule off; what it would have refused is then a success that
    rests on an assumption. Code 0 refuses nothing and only marks the success so. `code` may be the name of the
    assumption that says which it is.
    """

    code: int | str
    text: str
    broken: Callable[[C], Any]
    assumed: bool = False
    switch: str | None = None


def decide(rules: Sequence[Rule[C]], call: C) -> Decision:
    """Return the first rule that the call breaks, or success."""
    success = Decision(0, "success", assumed=False)
    for rule in rules:
        broken = rule.broken(call)
        if not broken:
            continue
        text = f"{rule.text}: {broken}" if isinstance(broken, str) else rule.text
        code = rule.code if isinstance(rule.code, int) else getattr(call.assumptions, rule.code)
        if code == 0 or (rule.switch is not None and not getattr(call.assumptions, rule.switch)):
            success = Decision(0, text, assumed=True)
        else:
            return Decision(code, text, rule.assumed)
    return success


def assumed(code: int | str, text: str, broken: Callable[[C], Any], *, switch: str | None = None) -> Rule[C]:
    """Return a rule of which the page does not state both the code and the condition."""
    return Rule(code, text, broken, assumed=True, switch=switch)


def unknown_id(text: str, broken: Callable[[C], Any]) -> Rule[C]:
    """Return the rule for an id that nothing has, where the page has no code for it: `broken` tells if it is so."""
    return assumed("unknown_id_code", text, broken)


# The form of a body.


def is_text(value: object) -> bool:
    """Tell whether a JSON value is a string."""
    return isinstance(value, str)


def is_boolean(value: object) -> bool:
    """Tell whether a JSON value is true or false."""
    return isinstance(value, bool)


def is_integer(value: object) -> bool:
    """Tell whether a JSON value is what the pages call an Integer: 32 bits, and not true, 1.0 or "1"."""
    return type(value) is int and -(2**31) <= value <= 2**31 - 1


def is_number(value: object) -> bool:
    """Tell whether a JSON value is what the pages call a Double, a whole number too, and not true or "1.0"."""
    return type(value) in (int, float)


def is_long(value: object) -> bool:
    """Tell whether a JSON value is what the pages call a Long: 64 bits, and not true, 1.0 or "1"."""
    return type(value) is int and -(2**63) <= value <= 2**63 - 1


def is_object(value: object) -> bool:
    """Tell whether a JSON value is an object."""
    return isinstance(value, dict)


def is_map_of_texts(value: object) -> bool:
    """Tell whether a JSON value is an object of any names, each with a string."""
    return isinstance(value, dict) and all(map(is_text, value.values()))
