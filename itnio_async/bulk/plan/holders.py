"""Holders: the trunks that have a name, an address, an agent group or a number, and what they give up and take.

Of names it is certain that two trunks cannot have the same one. How far the vendor's other rules reach (the account,
the direction) its pages do not say: those are risks, and an account whose listing shows such a pair already allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import frozen

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.trunks.settings import FieldChange, is_inbound
from itnio_async.text import listed


class Kind(Enum):
    """What only one trunk may have, or perhaps may: the vendor's code for it, what people call it, and its column."""

    NAME = (-47, "the name", "sip_trunk_name")
    GROUP = (-52, "agent group", "voice_group_ids")
    GATEWAY = (-53, "gateway address", "sip_gateway_ip")
    NUMBER = (-59, "number", "numbers")
    WHITE_ADDRESS = (-60, "whitelist address", "sip_white_ip")

    def __init__(self, code: int, words: str, column: str) -> None:
        self.code = code
        self.words = words
        self.column = column

    # Equality of members is identity, and Enum's own hash, a function in Python, is most of what a look-up takes.
    __hash__ = object.__hash__


Holding = tuple[Kind, Any]


@frozen
class Pair:
    """Two trunks, by key id, that have the same thing already."""

    value: Any
    trunks: tuple[int, int]


@frozen
class Risk:
    """What the vendor may refuse with `code`, since other trunks have the same thing, or will.

    `trunks` are the first of those by key id, `count` is how many there are. `allowed` is a pair in the listing that
    has such a thing in common, so that this account seems to allow it; None where there is no such pair.
    """

    kind: Kind
    value: Any
    trunks: tuple[int, ...]
    count: int
    allowed: Pair | None = None

    @property
    def code(self) -> int:
        """The vendor's code."""
        return self.kind.code

    def __str__(self) -> str:
        trunks = listed(self.trunks, len(self.trunks), count=self.count)
        noun = "trunk" if self.count == 1 else "trunks"
        text = f"{self.kind.words} {self.value} also at {noun} {trunks}: may be refused with {self.code}"
        if self.allowed is not None:
            first, second = self.allowed.trunks
            text += f"; but this account allows it: trunks {first} and {second} share {self.allowed.value}"
        return text


def _itself(setting: Any, _: SipTrunk) -> Collection[Any]:
    return () if setting is None or setting == "" else (setting,)


def _groups(setting: Any, _: SipTrunk) -> Collection[Any]:
    return dict.fromkeys(group.voice_group_id for group in setting or () if group.voice_group_id is not None)


def _numbers(setting: Any, trunk: SipTrunk) -> Collection[Any]:
    return dict.fromkeys(group.number for group in setting or () if group.number) if is_inbound(trunk) else ()


# By the field: what a trunk has of each kind, each thing once, where this is the setting of the field.
_KINDS: Mapping[str, Sequence[tuple[Kind, Callable[[Any, SipTrunk], Collection[Any]]]]] = {
    "sip_trunk_name": [(Kind.NAME, _itself)],
    "sip_gateway_ip": [(Kind.GATEWAY, _itself)],
    "sip_white_ip": [(Kind.WHITE_ADDRESS, _itself)],
    "group_list": [(Kind.GROUP, _groups), (Kind.NUMBER, _numbers)],
}


def taken_by(trunk: SipTrunk, changes: Iterable[FieldChange]) -> list[Holding]:
    """Return what the trunk gets by these changes and does not have yet."""
    return [holding for change in changes for holding in _added(change.name, change.before, change.after, trunk)]


def given_up_by(trunk: SipTrunk, changes: Iterable[FieldChange]) -> frozenset[Holding]:
    """Return what the trunk has and will not have any more after these changes."""
    return frozenset(
        holding for change in changes for holding in _added(change.name, change.after, change.before, trunk)
    )


def _added(name: str, before: Any, after: Any, trunk: SipTrunk) -> list[Holding]:
    holdings: list[Holding] = []
    for kind, values_of in _KINDS.get(name, ()):
        had = values_of(before, trunk)
        holdings += [(kind, value) for value in values_of(after, trunk) if value not in had]
    return holdings


def holders_of(trunks: Iterable[SipTrunk], kinds: Collection[Kind]) -> dict[Holding, list[int]]:
    """Return which trunks, by key id, have each thing of these kinds."""
    holders: dict[Holding, list[int]] = {}
    for name, readers in _KINDS.items():
        for kind, values_of in readers:
            if kind in kinds:
                for trunk in trunks:
                    if trunk.key_id is not None:
                        for value in values_of(getattr(trunk, name), trunk):
                            holders.setdefault((kind, value), []).append(trunk.key_id)
    return holders


def pairs_among(holders: Mapping[Holding, Sequence[int]]) -> dict[Kind, Pair]:
    """Return for each kind but names, which no account lets trunks share, the first two holders of the same thing."""
    pairs: dict[Kind, Pair] = {}
    for (kind, value), (first, *others) in holders.items():
        if others and kind is not Kind.NAME:
            pairs.setdefault(kind, Pair(value, (first, others[0])))
    return pairs
