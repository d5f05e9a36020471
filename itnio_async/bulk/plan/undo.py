"""The way back: what a job changed, as rows that would change it again to what was before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import frozen

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.places import Place
from itnio_async.bulk.identity import Identity
from itnio_async.bulk.journal.journal import JournalContents, JournalMismatchError, JournalRow, RowState
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Plan, Verdict, refused
from itnio_async.bulk.trunks.rows import TrunkChange
from itnio_async.bulk.trunks.settings import from_data, same

_TOUCHED = (RowState.DONE, RowState.UNKNOWN, RowState.SENT)


@frozen
class Skipped:
    """A row of the journal that is not undone, and why."""

    place: Place
    key_id: int | None
    trunk_name: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.place}, trunk {self.key_id}: {self.reason}"


@frozen
class Undo:
    """The plan that leads back, and what it leaves as it is: `skipped` rows, and `secrets` that no journal keeps.

    The plan has all rows of the job that changed something; those that are skipped are refused in it.
    """

    plan: Plan
    skipped: tuple[Skipped, ...]
    secrets: tuple[Skipped, ...]


def plan_undo(
    journal: JournalContents,
    trunks: Iterable[SipTrunk],
    identity: Identity,
    *,
    same_account: bool = False,
    begun: JournalContents | None = None,
) -> Undo:
    """Return the plan back to the values before the job, for trunks that are as the job left them.

    `trunks` is the whole listing. A row whose outcome is unknown is undone if its trunk is as the row wanted; one that
    was sent again goes back to what was before the first time. A trunk to which the job gave a temporary name gets its
    old one back, and names that were exchanged are exchanged again. `begun` is the journal of the undo, where that goes
    on: a temporary name that it gave is nobody else's change.

    Raises `JournalMismatchError` for a journal of another host or account (`same_account` allows another API key), or
    one that a run has at this moment.
    """
    _check(journal, identity, same_account=same_account)
    listing = tuple(trunks)
    by_id = {trunk.key_id: trunk for trunk in listing if trunk.key_id is not None}
    changes: list[TrunkChange] = []
    skipped: dict[int, Skipped] = {}
    secrets: list[Skipped] = []
    underway = {} if begun is None else {row.key_id: row.result.temporary for row in begun.rows}
    for row in journal.rows:
        if not _is_touched(row) and row.at_first is None:
            continue
        if row.secrets:
            names = ", ".join(row.secrets)
            secrets.append(_skipped(row, f"{names} stays as it is: the journal does not keep secrets"))
        at_first = _at_first(row)
        if at_first:
            # Also what is left alone, so that an undo that goes on has the same rows, whatever became of them.
            # "" empties a field; a listing has null there.
            values = {name: "" if value is None else value for name, value in at_first.items()}
            changes.append(TrunkChange(row.place, row.key_id, None, values))
            trunk = by_id.get(row.key_id) if row.key_id is not None else None
            why = _why_not(row, trunk, underway.get(row.key_id))
            if why is not None:
                skipped[len(changes) - 1] = _skipped(row, why)
    # What was there before is not a slip of a spreadsheet.
    items = list(make_plan(changes, listing, accept_zeros=True, allow_swap_names=True))
    for index, one in skipped.items():
        if items[index].verdict is Verdict.UPDATE:
            items[index] = refused(items[index], one.reason, None)
    return Undo(Plan(tuple(items), len(secrets)), tuple(skipped.values()), tuple(secrets))


def _check(journal: JournalContents, identity: Identity, *, same_account: bool) -> None:
    header = journal.header
    if journal.is_running:
        raise JournalMismatchError(
            f"A run has the journal {journal.path} at this moment. Stop it, or wait for its end."
        )
    if header.host != identity.host or (header.account != identity.account and not same_account):
        raise JournalMismatchError(
            f"The journal {journal.path} is of {header.api_key} at {header.host}, and this is {identity}. Use that "
            "account; if it is a new key of the same one, say so (--same-account)."
        )


def _is_touched(row: JournalRow) -> bool:
    """Tell whether what the row changes now is on its trunk, or may be."""
    return row.state in _TOUCHED or row.result.temporary is not None


def _at_first(row: JournalRow) -> dict[str, Any]:
    """Return what the trunk was before the job, in the fields that the job has changed or may have."""
    names = row.after if _is_touched(row) else ()
    return from_data({**{name: row.before.get(name) for name in names}, **(row.at_first or {})})


def _why_not(row: JournalRow, trunk: SipTrunk | None, temporary: str | None) -> str | None:
    """Return why a row is not undone, or None; `temporary` is the name that its trunk gets on the way back."""
    if trunk is None:
        return "the trunk is not there any more"
    at_first, before = _at_first(row), from_data(row.before)
    after = {**before, **from_data(row.after)}
    if same(at_first, trunk, at_first):
        return None  # it is as before already
    # Done, it is as the row wants it; else it may still be as an earlier sending of the row left it.
    ways = [after] if row.state is RowState.DONE else [after, before]
    if any(same(way, trunk, at_first) for way in ways):
        return None
    changed = [name for name in at_first if not same(after, trunk, [name])]
    if trunk.sip_trunk_name in {row.result.temporary, temporary} - {None}:
        # On the way there or back: each field may be as it was or as it was wanted.
        changed = [name for name in changed if name != "sip_trunk_name" and not same(before, trunk, [name])]
    return f"it has changed since: {', '.join(changed)}" if changed else None


def _skipped(row: JournalRow, reason: str) -> Skipped:
    return Skipped(row.place, row.key_id, row.trunk_name, reason)
