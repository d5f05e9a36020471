"""A value that cannot stand where it stands, with the path to it."""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType
from typing import Any

from itnio_async.values import Unset


class Mismatch(Exception):
    """A value that cannot stand where it stands; `path` leads to it, and ends with `step`.

    `found` says what stands there, and `advice` what to do, where the type alone does not tell; `code` is the vendor's
    code for the mistake, or None.
    """

    def __init__(
        self,
        expected: str,
        value: object,
        *,
        found: str | None = None,
        advice: str = "Values are never converted: give the type that the field has.",
        code: int | None = None,
        step: str | int | None = None,
    ) -> None:
        super().__init__()
        self.path: list[str | int] = [] if step is None else [step]
        self.expected = expected
        self.missing: bool = value is None or value is Unset.UNSET
        # The type and never the value, which may be a password.
        self.found: str = found or _JSON_NAMES.get(type(value)) or f"a Python {type(value).__name__}"
        self.advice = advice
        self.code = code

    def __str__(self) -> str:
        return f"expected {self.expected}, got {self.found}"

    def where(self) -> str:
        """Return the path as text, such as `group_list[0].number`."""
        steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return steps.removeprefix(".")


_JSON_NAMES: dict[type, str] = {
    NoneType: "null",
    bool: "a boolean",
    int: "an integer",
    float: "a number with a fraction or exponent",
    str: "a string",
    list: "an array",
    dict: "an object",
    Unset: "nothing",
}


def at(step: str | int, hook: Callable[[Any], Any], value: Any) -> Any:
    """Return what a hook makes of a value; a mismatch in it has this step in its path.

    Whatever else the value raises when it is looked at, as `pandas.NaT` does, is a mismatch too.
    """
    try:
        return hook(value)
    except Mismatch as mismatch:
        mismatch.path.insert(0, step)
        raise
    except RecursionError:
        raise  # with all these steps; the field in which it is will do
    except Exception as error:
        raised = type(error).__name__
    # Not while the error is handled, whose text and variables may have a secret in them.
    raise Mismatch("a plain value", value, found=f"one that raises {raised} when it is looked at", step=step)


def located(step: str, hook: Callable[[Any], Any]) -> Callable[..., Any]:
    """Return the hook with its failures located; takes and drops the type that cattrs hands to structure hooks."""

    def run(value: Any, _: Any = None) -> Any:
        try:
            return at(step, hook, value)
        except RecursionError:
            pass
        raise Mismatch("a plain value", value, found="one that refers to itself or is nested too deeply", step=step)

    return run
