"""The option that chooses trunks by conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from attrs import frozen

from itnio_async import InvalidRequestError
from itnio_async.cli.exits import CommandError

if TYPE_CHECKING:
    from itnio_async.bulk.trunks.where import Condition

_HELP = (
    "Only trunks for which this holds, such as group=1000026, prefix=00, gateway=10.0.0.1, whitelist=192.0.2.7, "
    "account=a, state=enabled, direction=inbound or name='berlin-*'; != is the opposite, and nothing after the sign "
    "means that the trunk has nothing there. May be repeated: all must hold."
)


@frozen
class WhereOptions:
    """The option that says which trunks are meant."""

    where: Annotated[list[str] | None, typer.Option(metavar="FIELD=VALUE", help=_HELP)] = None

    def conditions(self) -> tuple[Condition, ...]:
        """Return the conditions; raises `CommandError` for a text that is not one."""
        if not self.where:
            return ()
        from itnio_async.bulk.trunks.where import condition_of

        try:
            return tuple(map(condition_of, self.where))
        except InvalidRequestError as error:
            raise CommandError(f"--where {error.args[0]}", "`itnio trunks list --help` has examples.") from None
