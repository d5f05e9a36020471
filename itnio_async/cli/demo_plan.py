"""What `itnio demo` does to its trunks: which rows collide with another trunk, and which calls fail for a while.

All of it follows from the seed, whatever order the calls happen to arrive in: failures are ordered by key id.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from itnio_async import UNSET, GroupBinding, SipTrunk, SipTrunkUpdate, TrunkDirection
from itnio_async.sandbox import Fault

FIRST_PREFIX, SECOND_PREFIX = "00", "01"  # of the round in which all is well, and of the other
# Of 100 trunks: how many collide in each of the five ways, fail once or twice, have their timestamp refused once, and
# fail for good. Each order of a fault is looked at with each request, hence the bound.
_COLLIDE, _FAIL, _EXPIRE, _FAIL_FOR_GOOD = 0.6, 6, 0.8, 0.4
_MOST = 60
# More than the attempts that a call has.
_FOR_GOOD = 10


@frozen
class DemoPlan:
    """The updates to make, how many of them are mistakes, and the failures to order before."""

    updates: list[SipTrunkUpdate]
    mistakes: int
    faults: list[Fault]


def plan_demo(trunks: Sequence[SipTrunk], seed: int) -> DemoPlan:
    """Return what to do to these trunks: give each a new prefix, with some mistakes and failures in between."""
    chosen = random.Random(seed)  # noqa: S311 - a demo
    outbound = [trunk for trunk in trunks if trunk.type == TrunkDirection.OUTBOUND]
    inbound = [trunk for trunk in trunks if trunk.type == TrunkDirection.INBOUND]
    # What one trunk takes over from another, which keeps it: the vendor refuses that.
    collisions: list[tuple[Sequence[SipTrunk], Callable[[SipTrunk, SipTrunk], dict[str, Any]]]] = [
        (trunks, lambda _, other: {"sip_trunk_name": other.sip_trunk_name}),  # -47
        (trunks, _with_group_of),  # -52
        (outbound, lambda _, other: {"sip_gateway_ip": other.sip_gateway_ip}),  # -53
        (inbound, _with_number_of),  # -59
        (inbound, lambda _, other: {"sip_white_ip": other.sip_white_ip}),  # -60
    ]
    mistakes: dict[int | None, dict[str, Any]] = {}
    for among, taken_over in collisions:
        free = [trunk for trunk in among if trunk.key_id not in mistakes]
        for trunk in chosen.sample(free, _share(_COLLIDE, len(trunks), most=len(free))):
            others = [other for other in among if other is not trunk]
            if others:
                mistakes[trunk.key_id] = taken_over(trunk, chosen.choice(others))
    sound = [trunk.key_id for trunk in trunks if trunk.key_id not in mistakes]
    chosen.shuffle(sound)
    faults: list[Fault] = []
    for kind, share, counts in (
        ("minus18", _FAIL_FOR_GOOD, (_FOR_GOOD,)),
        ("minus16", _EXPIRE, (1,)),
        ("minus18", _FAIL, (1, 1, 2)),
    ):
        count = _share(share, len(trunks), most=len(sound))
        struck, sound = sound[:count], sound[count:]
        faults += [Fault(kind, endpoint="update", key_id=key_id, count=chosen.choice(counts)) for key_id in struck]
    updates = [trunk.to_update(sip_prefix=SECOND_PREFIX, **mistakes.get(trunk.key_id, {})) for trunk in trunks]
    return DemoPlan(updates, len(mistakes), faults)


def _share(percent: float, trunks: int, *, most: int) -> int:
    """Return how many of the trunks that is: one at least where there are ten, and not too many of a great number."""
    return min(most, _MOST, max(1 if trunks >= 10 else 0, round(trunks * percent / 100)))


def _with_group_of(trunk: SipTrunk, other: SipTrunk) -> dict[str, Any]:
    own, taken = (trunk.group_list or [])[0], (other.group_list or [])[0]
    return {"group_list": [_binding(taken.voice_group_id, own.number)]}


def _with_number_of(trunk: SipTrunk, other: SipTrunk) -> dict[str, Any]:
    own, taken = (trunk.group_list or [])[0], (other.group_list or [])[0]
    return {"group_list": [_binding(own.voice_group_id, taken.number)]}


def _binding(voice_group_id: int | None, number: str | None) -> GroupBinding:
    assert voice_group_id is not None
    return GroupBinding(voice_group_id=voice_group_id, number=UNSET if number is None else number)
