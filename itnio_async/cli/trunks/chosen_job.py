"""The journals of jobs whose rows are chosen by conditions: such a job goes on with the rows that it began with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from itnio_async.bulk import Identity, JournalContents, JournalError, TrunkChange, digest_of
from itnio_async.bulk.job.again import is_finished
from itnio_async.bulk.journal.journal import default_journal_path, has_journal, read_journal


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
