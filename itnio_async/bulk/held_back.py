"""A plan of whose rows a job holds some back: what becomes of the others then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import evolve

from itnio_async.bulk.plan import Plan, Refusal, Verdict


def with_held_back(plan: Plan, held: Mapping[int, str], plan_of: Callable[[Sequence[int]], Plan]) -> Plan:
    """Return the plan with some items refused, each for the reason beside its index in `held`.

    `plan_of` makes the plan of the items with these indexes alone: what one that is held back would have given up for
    others stays taken.
    """
    if not held:
        return plan
    free = [item.index for item in plan if item.index not in held]
    items = list(plan)
    for index, reason in held.items():
        items[index] = evolve(
            items[index], verdict=Verdict.REFUSED, refusal=Refusal(reason), update=None, risks=(), needs=()
        )
    for item in plan_of(free):
        index = free[item.index]
        items[index] = evolve(item, index=index, needs=tuple(free[needed] for needed in item.needs))
    return Plan(tuple(items))
