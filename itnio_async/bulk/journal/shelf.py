"""The journals of a directory: which job each of them is of, how far it has come, and whether it has been undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from attrs import frozen

from itnio_async.bulk.files.places import UNDO_OF
from itnio_async.bulk.journal.paths import default_directory
from itnio_async.bulk.journal.rows import JournalContents, JournalError, RowState
from itnio_async.bulk.journal.table import is_journal, read_journal


@frozen
class ShelvedJob:
    """A job by its journal; `undone_by` are the journals of its undo, from the first to the last."""

    contents: JournalContents
    undone_by: tuple[JournalContents, ...] = ()

    @cached_property
    def counts(self) -> Mapping[RowState, int]:
        """How many rows are in each state."""
        return Counter(row.state for row in self.contents.rows)

    @property
    def is_undo(self) -> bool:
        """Tell whether the job itself undoes another one."""
        return self.contents.header.is_undo

    @property
    def state(self) -> str:
        """How far it has come, in one word: running, unfinished, refused or done."""
        if self.contents.is_running:
            return "running"
        if any(self.counts[state] for state in (RowState.WAITING, RowState.SENT, RowState.UNKNOWN)):
            return "unfinished"
        return "refused" if self.counts[RowState.REFUSED] else "done"

    @property
    def is_canary_refused(self) -> bool:
        """Tell whether a row that goes first is refused, which keeps the others back."""
        return any(row.canary and row.state is RowState.REFUSED for row in self.contents.rows)

    @property
    def named_temporarily(self) -> int:
        """How many of its trunks have a temporary name, or may have, unless an undo gave them theirs back."""
        return 0 if self.undone == "yes" else sum(row.result.temporary is not None for row in self.contents.rows)

    @cached_property
    def touched(self) -> frozenset[int | None]:
        """The key ids of the trunks that it has changed."""
        rows = self.contents.rows
        return frozenset(row.key_id for row in rows if row.state is RowState.DONE or row.result.temporary is not None)

    @property
    def undone(self) -> str:
        """Whether it has been undone: yes, no, or in part."""
        back = {
            row.key_id
            for undo in self.undone_by
            for row in undo.rows
            if row.state in (RowState.DONE, RowState.UNCHANGED)
        }
        if not self.touched & back:
            return "no"
        return "yes" if self.touched <= back else "in part"


def jobs_in(directory: Path | None = None) -> tuple[list[ShelvedJob], list[JournalError]]:
    """Return the jobs whose journals lie in a directory or below it, the last begun first, and what cannot be read.

    By default this is where journals are if nobody says otherwise. What is named `.journal` is taken for one,
    other files only by what is in them.
    """
    found: list[JournalContents] = []
    errors: list[JournalError] = []
    for path in sorted((directory or default_directory()).rglob("*")):
        if path.suffix != ".journal" and not is_journal(path):
            continue
        try:
            found.append(read_journal(path))
        except JournalError as error:
            errors.append(error)
    found.sort(key=lambda contents: contents.header.created)
    jobs = [ShelvedJob(contents, _undoes(contents, found[number + 1 :])) for number, contents in enumerate(found)]
    return jobs[::-1], errors


def _undoes(job: JournalContents, later: Iterable[JournalContents]) -> tuple[JournalContents, ...]:
    """Return the undoes of a job: of the same source and account, after it and before the next one of that source."""
    undoes = []
    for one in later:
        if (one.header.host, one.header.account) == (job.header.host, job.header.account):
            if one.header.source == job.header.source:
                break
            if one.header.source == f"{UNDO_OF}{job.header.source}":
                undoes.append(one)
    return tuple(undoes)
