"""The commands of one family as a group, which loads the family when somebody asks for them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from typer.core import TyperGroup

from itnio_async.cli.families.words import families, option_name, summary_of
from itnio_async.cli.lazy_commands import Command, LazyCommand

if TYPE_CHECKING:
    from itnio_async.api.paths import Call


class FamilyGroup(TyperGroup):
    """The commands of the family whose word is the group's name."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return their names, in the order of the vendor's pages."""
        return [option_name(call.verb) for call in self._calls()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of this name, or None."""
        found = next((call for call in self._calls() if option_name(call.verb) == cmd_name), None)
        if found is None:
            return None
        from itnio_async.cli.families.commands import function_of

        command = Command(cmd_name, summary_of(found), partial(function_of, found))
        return LazyCommand(command, rich=self.rich_markup_mode is not None)

    def _calls(self) -> tuple[Call, ...]:
        from itnio_async.api.paths import calls_of

        return calls_of(families()[str(self.name)][0])
