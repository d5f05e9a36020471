"""Choose what `itnio demo` does to its trunks: which updates conflict with another trunk, and which calls fail.

The seed decides all of it. Faults are ordered by key id, so it does not matter in which order the calls arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from attrs import frozen

from itnio_async import UNSET, GroupBinding, SipTrunk, SipTrunkUpdate, TrunkDirection
from itnio_async.sandbox import Fault

NEW_PREFIX = "00"
# Of 100 trunks: how many conflict in each of the five ways, fail once or twice, have their timestamp refused once, and
# fail for good. The sandbox looks through all ordered faults with each request, hence the limit.
_CONFLICT, _FAIL, _EXPIRE, _FAIL_FOR_GOOD = 0.6, 6, 0.8, 0.4
_MOST = 60
# More than the attempts that a call has.
_FOR_GOOD = 10


@frozen
class DemoPlan:
    """The updates to make, and the faults to order before."""

    updates: list[SipTrunkUpdate]
    faults: list[Fault]


def plan_demo(trunks: Sequence[SipTrunk], seed: int) -> DemoPlan:
    """Plan a new prefix for each of these trunks, with some mistakes and faults in between."""
    random = Random(seed)  # noqa: S311 - a demo
    mistakes = _mistakes(trunks, random)
    updates = [trunk.to_update(sip_prefix=NEW_PREFIX, **mistakes.get(trunk.key_id, {})) for trunk in trunks]
    correct = [trunk.key_id for trunk in trunks if trunk.key_id not in mistakes]
    return DemoPlan(updates, _faults(correct, len(trunks), random))


def _mistakes(trunks: Sequence[SipTrunk], random: Random) -> dict[int | None, dict[str, Any]]:
    """Return by key id what some trunks take that another one has and keeps: the vendor refuses that."""
    outbound = [trunk for trunk in trunks if trunk.type == TrunkDirection.OUTBOUND]
    inbound = [trunk for trunk in trunks if trunk.type == TrunkDirection.INBOUND]
    conflicts: list[tuple[Sequence[SipTrunk], Callable[[SipTrunk, SipTrunk], dict[str, Any]]]] = [
        (trunks, lambda _, other: {"sip_trunk_name": other.sip_trunk_name}),  # -47
        (trunks, _with_group_of),  # -52
        (outbound, lambda _, other: {"sip_gateway_ip": other.sip_gateway_ip}),  # -53
        (inbound, _with_number_of),  # -59
        (inbound, lambda _, other: {"sip_white_ip": other.sip_white_ip}),  # -60
    ]
    mistakes: dict[int | None, dict[str, Any]] = {}
    for among, taken_over in conflicts:
        free = [trunk for trunk in among if trunk.key_id not in mistakes]
        for trunk in random.sample(free, _share(_CONFLICT, len(trunks), most=len(free))):
            others = [other for other in among if other is not trunk]
            if others:
                mistakes[trunk.key_id] = taken_over(trunk, random.choice(others))
    return mistakes


def _faults(key_ids: list[int | None], trunks: int, random: Random) -> list[Fault]:
    """Return faults for some of these trunks, one each; `trunks` is how many there are in all."""
    random.shuffle(key_ids)
    faults: list[Fault] = []
    for kind, share, counts in (
        ("minus18", _FAIL_FOR_GOOD, (_FOR_GOOD,)),
        ("minus16", _EXPIRE, (1,)),
        ("minus18", _FAIL, (1, 1, 2)),
    ):
        count = _share(share, trunks, most=len(key_ids))
        failing, key_ids = key_ids[:count], key_ids[count:]
        faults += [Fault(kind, endpoint="update", key_id=key_id, count=random.choice(counts)) for key_id in failing]
    return faults


def _share(percent: float, trunks: int, *, most: int) -> int:
    """Return how many trunks that is: at least one of ten, and at most `_MOST` and `most`."""
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
