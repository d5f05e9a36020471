"""Apply a file again whose job has ended: which rows are not as that job left them, and the rows of the new job."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.places import BadRows
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.job.decide import ReadBack, as_read, journal_row, read_back, reopened
from itnio_async.bulk.journal.rows import (
    AS_WANTED,
    JournalContents,
    JournalFinishedError,
    JournalHeader,
    JournalRow,
    Result,
    RowState,
)
from itnio_async.bulk.plan.plan import Plan
from itnio_async.text import first_of

_OPEN = (RowState.WAITING, RowState.UNKNOWN, RowState.SENT)
# What an error's text lists.
_MOST_SHOWN = 5


@frozen(kw_only=True)
class Again:
    """The rows of a new job for the file of one that has ended.

    `drifted` are the rows that one of them had as wanted, and that are not so any more; `secrets` is how many others
    have another secret in the file by now.
    """

    rows: tuple[JournalRow, ...]
    drifted: tuple[ReadBack, ...]
    secrets: int


def is_finished(rows: Iterable[JournalRow]) -> bool:
    """Tell whether a job has ended: nothing waits, and no outcome is unknown."""
    return not any(row.state in _OPEN for row in rows)


def begun_again(
    contents: JournalContents, plan: Plan, trunks: Iterable[SipTrunk], identity: Identity, *, skip_invalid: bool
) -> Again | None:
    """Return what a new job does where this one has ended and not all is as it left it; None where there is none.

    What was refused stays so. A password that the listing hides counts only where the file has another one by now.
    Raises `JournalFinishedError` where a saved plan would be applied twice, and `BadRows` for what cannot be sent.
    """
    rows = contents.rows
    if not is_finished(rows):
        return None
    drifted = {
        row.id: back
        for row, back in zip(rows, read_back(rows, plan, trunks), strict=True)
        if row.state in AS_WANTED and not back.ok
    }
    can_tell = contents.header.key_check == identity.key_check
    now: list[JournalRow] = []
    secrets = 0
    for row in rows:
        item = plan.items[row.id]
        fingerprint = identity.fingerprint_of(item.row.values)
        if row.state is RowState.REFUSED:
            now.append(row._replace(fingerprint=fingerprint, verified=None, read_back="", at_first=None, canary=False))
            continue
        fresh = journal_row(item, fingerprint=fingerprint)
        if row.id in drifted:
            # Also where the plan was made before it drifted: it is looked at again then.
            result = Result(RowState.WAITING) if item.refusal is None else fresh.result
            now.append(fresh._replace(result=result, drifted=True))
        elif can_tell and fingerprint != row.fingerprint:
            secrets += 1
            now.append(fresh)
        else:
            now.append(fresh._replace(result=Result(RowState.UNCHANGED), after={}, new_secrets=()))
    if not drifted and not secrets:
        return None
    again = Again(rows=tuple(now), drifted=tuple(drifted.values()), secrets=secrets)
    _require_allowed(again, contents, plan, skip_invalid=skip_invalid)
    return again


def _require_allowed(again: Again, contents: JournalContents, plan: Plan, *, skip_invalid: bool) -> None:
    if contents.header.plan is not None:
        path = contents.path
        shown = again.drifted and first_of(
            [f"{row.place}, trunk {row.key_id}: {as_read(row)}" for row in again.drifted], _MOST_SHOWN
        )
        raise JournalFinishedError(
            "\n".join(
                [
                    f"The job of the journal {path} has ended, and not all is as it left it. Nothing was sent.",
                    *shown,
                    "A saved plan is applied once: make it again from the file.",
                ]
            )
        )
    changed = [plan.items[row.id] for row in again.rows if row.drifted or row.state is RowState.WAITING]
    bad = [item.bad_row for item in changed if item.bad_row is not None]
    if bad and not skip_invalid:
        raise BadRows.of(bad)


def with_new_secrets(
    rows: Iterable[JournalRow], header: JournalHeader, plan: Plan, identity: Identity
) -> list[JournalRow]:
    """Return the rows of a journal that have other secrets in the file by now, open again.

    None where that cannot be told: the fingerprints are of another API secret.
    """
    if header.key_check != identity.key_check:
        return []
    now = [(row, identity.fingerprint_of(plan.items[row.id].row.values)) for row in rows]
    return [reopened(row, fingerprint) for row, fingerprint in now if fingerprint != row.fingerprint]
