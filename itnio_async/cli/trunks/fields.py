"""Words for fields of trunks that several commands take or show."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from itnio_async import BoundGroup, GroupBinding, TrunkDirection


class Direction(StrEnum):
    """Which way calls go, as the options take it."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"

    @property
    def value_sent(self) -> TrunkDirection:
        """The vendor's number for it."""
        return TrunkDirection[self.name]


class MatchBy(StrEnum):
    """What a trunk is named by."""

    KEY_ID = "key_id"
    NAME = "name"


def texts_of(groups: Sequence[BoundGroup | GroupBinding] | None) -> list[str]:
    """Return agent groups as `--group` takes them."""
    return [
        f"{group.voice_group_id}:{group.number}" if group.number else f"{group.voice_group_id}"
        for group in groups or ()
    ]
