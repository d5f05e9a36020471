"""Which update must wait for which other one, and where that goes round in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def circles(needs: Mapping[int, Iterable[int]]) -> list[tuple[int, ...]]:
    """Return the sets of items that need each other, directly or over others; each sorted.

    `needs` has for each item those that must be done before it. An item that only waits for a circle is in none.
    """
    # Tarjan's algorithm without recursion: a chain of 20,000 renames must not be too deep. graphlib, which orders the
    # rest, tells one circle only.
    found: list[tuple[int, ...]] = []
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in needs:
        if root in number:
            continue
        path = [(root, iter(needs[root]))]
        number[root] = lowest[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while path:
            item, rest = path[-1]
            for needed in rest:
                if needed not in number:
                    number[needed] = lowest[needed] = len(number)
                    stack.append(needed)
                    on_stack.add(needed)
                    path.append((needed, iter(needs.get(needed, ()))))
                    break
                if needed in on_stack:
                    lowest[item] = min(lowest[item], number[needed])
            else:
                path.pop()
                if path:
                    above = path[-1][0]
                    lowest[above] = min(lowest[above], lowest[item])
                if lowest[item] == number[item]:
                    members = _unstack(stack, on_stack, item)
                    if len(members) > 1 or item in needs.get(item, ()):
                        found.append(tuple(sorted(members)))
    return sorted(found)


def _unstack(stack: list[int], on_stack: set[int], last: int) -> list[int]:
    """Take the items down to `last` off the stack."""
    members = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        members.append(member)
        if member == last:
            return members
