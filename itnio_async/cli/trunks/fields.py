"""What several commands take or show of trunks: words for fields, and the option that chooses trunks by conditions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import frozen

from itnio_async import BoundGroup, GroupBinding, InvalidRequestError, TrunkDirection
from itnio_async.cli.exits import CommandError

if TYPE_CHECKING:
    from itnio_async.bulk.trunks.where import Condition

_WHERE = (
    "Only trunks for which this holds, such as group=1000026, prefix=00, gateway=10.0.0.1, whitelist=192.0.2.7, "
    "account=a, state=enabled, direction=inbound or name='berlin-*' (no other is a pattern); != is the opposite, and "
    "nothing after the sign means that the trunk has nothing there. May be repeated: all must hold."
)


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


@frozen
class WhereOptions:
    """The option that says which trunks are meant."""

    where: Annotated[list[str] | None, typer.Option(metavar="FIELD=VALUE", help=_WHERE)] = None

    def conditions(self) -> tuple[Condition, ...]:
        """Return the conditions; raises `CommandError` for a text that is not one."""
        if not self.where:
            return ()
        from itnio_async.bulk.trunks.where import condition_of

        try:
            return tuple(map(condition_of, self.where))
        except InvalidRequestError as error:
            raise CommandError(f"--where {error.args[0]}", "`itnio trunks list --help` has examples.") from None
