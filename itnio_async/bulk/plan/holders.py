"""Names, addresses, agent groups and numbers: who has them, who gives them up, who takes them.

Of names it is certain that two trunks cannot have the same one. How far the vendor's other rules reach (the account,
the direction) its pages do not say: those are risks, and an account whose listing shows such a pair already allows it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any

from attrs import frozen

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.trunks.settings import FieldChange, is_inbound

# What a note about 20,000 trunks at one address lists of them.
_MOST_SHOWN = 3


class Kind(Enum):
    """What only one trunk may have, or perhaps may; the value is the vendor's code for it."""

    NAME = -47
    GROUP = -52
    GATEWAY = -53
    NUMBER = -59
    WHITE_ADDRESS = -60

    # Equality of members is identity; Enum's own hash, a function in Python, is most of what looking up a claim takes.
    __hash__ = object.__hash__

    @property
    def words(self) -> str:
        """The kind as people call it."""
        return _WORDS[self]


_WORDS = {
    Kind.NAME: "the name",
    Kind.GROUP: "agent group",
    Kind.GATEWAY: "gateway address",
    Kind.NUMBER: "number",
    Kind.WHITE_ADDRESS: "whitelist address",
}

Claim = tuple[Kind, Any]


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
        return self.kind.value

    def __str__(self) -> str:
        more = f" and {self.count - len(self.trunks)} more" if self.count > len(self.trunks) else ""
        trunks = f"trunk{'s' if self.count > 1 else ''} {', '.join(map(str, self.trunks))}{more}"
        text = f"{self.kind.words} {self.value} also at {trunks}: may be refused with {self.code}"
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
_NO_KINDS: Sequence[Any] = ()


def taken_by(trunk: SipTrunk, changes: Iterable[FieldChange]) -> list[Claim]:
    """Return what the trunk gets by these changes and does not have yet."""
    return [claim for change in changes for claim in _added(change.name, change.before, change.after, trunk)]


def given_up_by(trunk: SipTrunk, changes: Iterable[FieldChange]) -> frozenset[Claim]:
    """Return what the trunk has and will not have any more after these changes."""
    return frozenset(claim for change in changes for claim in _added(change.name, change.after, change.before, trunk))


def _added(name: str, before: Any, after: Any, trunk: SipTrunk) -> list[Claim]:
    claims: list[Claim] = []
    for kind, values_of in _KINDS.get(name, _NO_KINDS):
        had = values_of(before, trunk)
        claims += [(kind, value) for value in values_of(after, trunk) if value not in had]
    return claims


class Claims:
    """Who makes which claim: trunks by key id, or items by index."""

    def __init__(self) -> None:
        # Lists only for what several claim: Python's garbage collector would be busy with one for each trunk.
        self._first: dict[Kind, dict[Any, int]] = {}
        self._several: dict[Claim, list[int]] = {}

    @classmethod
    def listed(cls, trunks: Iterable[SipTrunk], kinds: Iterable[Kind]) -> Claims:
        """Return what the trunks have of these kinds, by their key ids."""
        claims = cls()
        wanted = frozenset(kinds)
        for name, readers in _KINDS.items():
            for kind, values_of in readers:
                if kind not in wanted:
                    continue
                for trunk in trunks:
                    if trunk.key_id is not None:
                        for value in values_of(getattr(trunk, name), trunk):
                            claims.add((kind, value), trunk.key_id)
        return claims

    def add(self, claim: Claim, who: int) -> None:
        """Note a claim, once for each who makes it."""
        kind, value = claim
        first = self._first.setdefault(kind, {}).setdefault(value, who)
        if first != who:
            self._several.setdefault(claim, [first]).append(who)

    def of(self, claim: Claim) -> Sequence[int]:
        """Return who makes the claim, in the order in which they were noted."""
        several = self._several.get(claim)
        if several is not None:
            return several
        first = self._first.get(claim[0], {}).get(claim[1])
        return () if first is None else (first,)

    @property
    def kinds(self) -> Iterable[Kind]:
        """Of which kinds there are claims."""
        return self._first

    @property
    def several(self) -> Mapping[Claim, Sequence[int]]:
        """What more than one claims, and who they are; first what two did first."""
        return self._several

    def common(self, others: Claims) -> Iterator[Claim]:
        """Yield the claims that others make too."""
        for kind, first in self._first.items():
            for value in first.keys() & others._first.get(kind, {}).keys():
                yield kind, value

    @cached_property
    def pairs(self) -> Mapping[Kind, Pair]:
        """For each kind the first two who share something, but for names: no account allows to share those."""
        pairs: dict[Kind, Pair] = {}
        for (kind, value), who in self._several.items():
            if kind is not Kind.NAME:
                pairs.setdefault(kind, Pair(value, (who[0], who[1])))
        return pairs


def risk_of(claim: Claim, key_id: int, contenders: Sequence[int], pairs: Mapping[Kind, Pair]) -> Risk | None:
    """Return what threatens a trunk that takes something, or None; `contenders` are all that will have it."""
    # The trunk itself may be among the first ones; all 20,000 are not looked through for each of them.
    others = [other for other in contenders[: _MOST_SHOWN + 1] if other != key_id][:_MOST_SHOWN]
    if not others:
        return None
    kind, value = claim
    return Risk(kind, value, tuple(others), len(contenders) - 1, pairs.get(kind))
