"""Words for people: a count with its noun, and the first of many."""

from __future__ import annotations

from collections.abc import Sequence


def counted(count: int, noun: str) -> str:
    """Return the count with its noun, in the plural but for one: `1 trunk`, `2,000 trunks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def first_of(texts: Sequence[object], most: int, *, count: int | None = None) -> list[str]:
    """Return at most so many of the texts, and one more that says how many are left out.

    `count` is how many there are in all, where `texts` are not all of them.
    """
    shown = [str(text) for text in texts[:most]]
    left_out = (len(texts) if count is None else count) - len(shown)
    return [*shown, f"and {left_out:,} more"] if left_out > 0 else shown


def listed(texts: Sequence[object], most: int, *, count: int | None = None) -> str:
    """Return the same in one line: `a, b and 3 more`."""
    shown = first_of(texts, most, count=count)
    left_out = f" {shown.pop()}" if len(shown) > min(most, len(texts)) else ""
    return ", ".join(shown) + left_out
