"""The option that chooses trunks by conditions, and what it leaves of the rows of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import attrs
import typer
from attrs import frozen

from itnio_async import InvalidRequestError, SipTrunk
from itnio_async.bulk import Identity, JournalContents, JournalError, RowsRead, TrunkChange, digest_of
from itnio_async.bulk.job.again import is_finished
from itnio_async.bulk.journal.journal import default_journal_path, has_journal, read_journal
from itnio_async.bulk.trunks.where import Condition, chosen, condition_of
from itnio_async.cli.exits import CommandError
from itnio_async.cli.output import say
from itnio_async.text import counted

_HELP = (
    "Only trunks for which this holds, such as group=1000026, prefix=00, gateway=10.0.0.1, whitelist=192.0.2.7, "
    "account=a, state=enabled, direction=inbound or name='berlin-*'; != is the opposite, and nothing after the sign "
    "means that the trunk has nothing there. May be repeated: all must hold."
)


@frozen
class WhereOptions:
    """The option that says which trunks are meant."""

    where: Annotated[list[str] | None, typer.Option("--where", metavar="FIELD=VALUE", help=_HELP)] = None

    def conditions(self) -> tuple[Condition, ...]:
        """Return the conditions; raises `CommandError` for a text that is not one."""
        try:
            return tuple(map(condition_of, self.where or ()))
        except InvalidRequestError as error:
            raise CommandError(f"--where {error.args[0]}", "`itnio trunks list --help` has examples.") from None


def chosen_rows(
    rows: RowsRead, trunks: Sequence[SipTrunk], conditions: Sequence[Condition], going_on: JournalContents | None = None
) -> RowsRead:
    """Return the rows of a file whose trunks are meant, and those whose trunk is not there.

    A job that goes on has the rows that it began with: by now its trunks may be others than the conditions say.
    """
    if not conditions:
        return rows
    if going_on is not None:
        lines = {row.place.line for row in going_on.rows}
        left = [change for change in rows.changes if change.place.line in lines]
    else:
        meant = chosen(trunks, conditions)
        keys = {trunk.key_id for trunk in meant} | {trunk.sip_trunk_name for trunk in meant}
        known = {trunk.key_id for trunk in trunks} | {trunk.sip_trunk_name for trunk in trunks}
        left = [change for change in rows.changes if change.key in keys or change.key not in known]
    if len(left) < len(rows.changes):
        say(f"{counted(len(rows.changes) - len(left), 'row')} left out: --where does not hold for their trunks.")
    return attrs.evolve(rows, changes=tuple(left))


@frozen
class ChosenJob:
    """The journals of a job whose rows are chosen by conditions, in the default place or at `journal`.

    `kind` and `what` (the conditions, and what is to be done) tell such jobs apart.
    """

    kind: str
    what: Sequence[str]
    identity: Identity
    journal: Path | None

    def path(self, changes: Sequence[TrunkChange]) -> Path:
        """Return the journal for these rows."""
        return self.journal or default_journal_path(self._stem, digest_of(changes), self.identity)

    def going_on(self) -> JournalContents | None:
        """Return the journal of this job that has not ended, if there is one: the job goes on with its rows."""
        for path in self._paths():
            try:
                contents = read_journal(path)
            except JournalError:
                continue  # opening it says so, if it is the one
            if not is_finished(contents.rows) and contents.header.account == self.identity.account:
                return contents
        return None

    def _paths(self) -> list[Path]:
        if self.journal is not None:
            return [self.journal] if has_journal(self.journal) else []
        return sorted(default_journal_path(self._stem, "", self.identity).parent.glob(f"{self._stem}-*.journal"))

    @property
    def _stem(self) -> str:
        digest = hashlib.sha256("\0".join(self.what).encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self.kind}-{digest[:16]}"
