"""Names, addresses, agent groups and numbers: who has them, who gives them up, who takes them.

Of names it is certain that two trunks cannot have the same one. How far the vendor's other rules reach (the account,
the direction) its pages do not say: those are risks, and an account whose listing shows such a pair already allows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import frozen

from itnio_async.api.sip_trunks import SipTrunk
from itnio_async.bulk.settings import is_inbound, normal

# What a note about 20,000 trunks at one address lists of them.
_MOST_SHOWN = 3


class Kind(Enum):
    """What only one trunk may have, or perhaps may; the value is the vendor's code for it."""

    NAME = -47
    GROUP = -52
    GATEWAY = -53
    NUMBER = -59
    WHITE_ADDRESS = -60

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


def claims_of(trunk: SipTrunk, values: Mapping[str, Any]) -> frozenset[Claim]:
    """Return what the trunk has once `values` stand; what is not in them is as listed."""

    def value(name: str) -> Any:
        return normal(values[name] if name in values else getattr(trunk, name))

    claims: set[Claim] = {
        (kind, value(name))
        for kind, name in (
            (Kind.NAME, "sip_trunk_name"),
            (Kind.GATEWAY, "sip_gateway_ip"),
            (Kind.WHITE_ADDRESS, "sip_white_ip"),
        )
    }
    for group in value("group_list") or ():
        claims.add((Kind.GROUP, group.voice_group_id))
        if is_inbound(trunk):
            claims.add((Kind.NUMBER, group.number))
    return frozenset(claim for claim in claims if claim[1] is not None)


class Holders:
    """Who has what in the listing, by key id."""

    def __init__(self, trunks: Iterable[SipTrunk]) -> None:
        self._holders: dict[Claim, list[int]] = defaultdict(list)
        self.pairs: dict[Kind, Pair] = {}
        for trunk in trunks:
            if trunk.key_id is None:
                continue
            for claim in claims_of(trunk, {}):
                self._holders[claim].append(trunk.key_id)
                self._note_pair(claim)

    def _note_pair(self, claim: Claim) -> None:
        kind, value = claim
        holders = self._holders[claim]
        if len(holders) == 2 and kind is not Kind.NAME and kind not in self.pairs:
            self.pairs[kind] = Pair(value, (holders[0], holders[1]))

    def of(self, claim: Claim) -> list[int]:
        """Return the trunks that have it."""
        return self._holders.get(claim, [])


def risk_of(claim: Claim, key_id: int, contenders: Sequence[int], pairs: Mapping[Kind, Pair]) -> Risk | None:
    """Return what threatens a trunk that takes something, or None; `contenders` are all that will have it."""
    # The trunk itself may be among the first ones; all 20,000 are not looked through for each of them.
    others = [other for other in contenders[: _MOST_SHOWN + 1] if other != key_id][:_MOST_SHOWN]
    if not others:
        return None
    kind, value = claim
    return Risk(kind, value, tuple(others), len(contenders) - 1, pairs.get(kind))
