"""What a command hands over to a session: a plan to apply, and what is known of it; and the journals of jobs whose rows
are chosen by conditions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from attrs import field, frozen

from itnio_async import AsyncClient
from itnio_async.api.sip_trunks import SipTrunk
from itnio_async.bulk import (
    BadRow,
    Identity,
    JobOptions,
    JournalContents,
    JournalError,
    Plan,
    Source,
    TrunkChange,
    digest_of,
)
from itnio_async.bulk.job.again import is_finished
from itnio_async.bulk.journal.journal import default_journal_path, has_journal, read_journal


@frozen(kw_only=True)
class PreparedJob:
    """A plan to apply, and the journal to record it in.

    `trunks` is the listing that `plan` was made with. `name` says where its rows come from; `source` is that as a file
    (None: it is not one), and `bad` are the rows of it that cannot be read. Of a saved plan, `plan_id` is its id,
    `changed` are the key ids of the trunks that changed since, and `mark_applied` notes in it that this journal applies
    it. `is_chosen` says that its rows are chosen by conditions: the next job of the same command may have others.
    `check` raises where what is left to send is more than is allowed.
    """

    plan: Plan
    trunks: Sequence[SipTrunk] = field(repr=False)
    journal: Path
    name: str
    options: JobOptions
    source: Source | None = None
    bad: Sequence[BadRow] = ()
    plan_id: str | None = None
    changed: frozenset[int] = frozenset()
    is_chosen: bool = False
    check: Callable[[Plan], object]
    mark_applied: Callable[[Path], object] = field(default=lambda _: None)


Prepare = Callable[[AsyncClient, Identity], Awaitable[PreparedJob]]


@frozen
class ChosenJob:
    """The journals of a job whose rows are chosen by conditions, in the default place or at `journal`.

    Such a job goes on with the rows that it began with. `kind` and `what` (the conditions, and what is to be done) tell
    such jobs apart.
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
