"""What a trunk, as it stands now, says about its row: done, not needed, changed by somebody else, or to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.places import Place
from itnio_async.bulk.journal.journal import JournalFinishedError, JournalHeader, JournalRow, Result, RowState
from itnio_async.bulk.journal.rows import HELD_BACK
from itnio_async.bulk.plan.plan import Plan, PlanItem, Refusal, Verdict
from itnio_async.bulk.trunks.columns import SECRET_FIELDS
from itnio_async.bulk.trunks.settings import (
    FieldChange,
    differences,
    filled,
    from_data,
    normal,
    same,
    settings_of,
    shown,
    to_data,
)

_CHANGED_SINCE = (
    "the trunk changed since the plan was made: {}. Make the plan anew, or overwrite the trunk all the same (--force)."
)
# What an error's text lists.
_MOST_SHOWN = 5


@frozen(kw_only=True)
class ReadBack:
    """A row after its trunk was read back: `differences` is where it does not stand as wanted (before: as it stands).

    `found` is whether the trunk is there at all.
    """

    place: Place
    key_id: int | None
    trunk_name: str | None
    state: RowState
    found: bool
    differences: tuple[FieldChange, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether the trunk stands as wanted, as far as the listing shows."""
        return self.found and not self.differences


def decide(row: JournalRow, item: PlanItem, planned: SipTrunk | None, *, force: bool) -> Result | None:
    """Return what is certain about a row without sending it, or None where it is to be sent.

    `item` compares it with its trunk as it stands now; `planned` is the trunk as it was compared before, where that was
    by this very run: with its secrets, which no journal keeps. `force` overwrites what somebody else changed.
    """
    if item.verdict is Verdict.UNCHANGED:
        if row.state is RowState.UNKNOWN:
            reason = "read back: it stands as wanted"
            return row.result._replace(state=RowState.DONE, code=None, error=None, reason=reason)
        return Result(state=RowState.UNCHANGED)
    if item.refusal is not None:
        return Result(state=RowState.REFUSED, code=item.refusal.code, reason=item.refusal.reason)
    assert item.trunk is not None
    changed = [] if force else changed_since(row, item.trunk, planned)
    return _held_back(", ".join(changed)) if changed else None


def _held_back(how: str) -> Result:
    return Result(state=RowState.REFUSED, error=HELD_BACK, reason=_CHANGED_SINCE.format(how))


def changed_since(row: JournalRow, trunk: SipTrunk, planned: SipTrunk | None) -> list[str]:
    """Return the fields of the trunk that are not as they were when the row was planned."""
    if not row.before:  # there was no trunk to plan with
        return []
    before, after = from_data(row.before), from_data(row.after)
    names = [name for name in before if not same(before, trunk, [name])]
    if row.state is RowState.UNKNOWN:
        # Done in part, perhaps: each field may stand as it was or as wanted.
        return [name for name in names if name not in after or not same(after, trunk, [name])]
    if planned is not None:
        names += [name for name in SECRET_FIELDS if settings_of(planned)[name] != settings_of(trunk)[name]]
    return names


def journal_row(item: PlanItem, *, changed: bool = False, fingerprint: str | None = None) -> JournalRow:
    """Return a row of a plan as a new journal has it; `changed` says that its trunk is not as a saved plan has it."""
    if item.refusal is not None:
        result = Result(state=RowState.REFUSED, code=item.refusal.code, reason=item.refusal.reason)
    elif item.verdict is Verdict.UNCHANGED:
        result = Result(state=RowState.UNCHANGED)
    elif changed:
        result = _held_back("it is not as the saved plan shows it")
    else:
        result = Result(state=RowState.WAITING)
    before, after = before_and_after(item)
    return JournalRow(
        id=item.index,
        place=item.place,
        key_id=item.key_id,
        trunk_name=item.trunk_name,
        disabled=item.disabled,
        before=before,
        after=after,
        secrets=tuple(sorted(SECRET_FIELDS & item.row.values.keys())),
        result=result,
        fingerprint=fingerprint,
    )


def reopened(row: JournalRow, fingerprint: str | None) -> JournalRow:
    """Return the row with other secrets than before: what was done with those is to be done again."""
    row = row._replace(fingerprint=fingerprint)
    if row.state not in (RowState.DONE, RowState.UNCHANGED):
        return row
    # As its trunk stands since then, or that would be somebody else's change.
    before = {**row.before, **row.after}
    return row._replace(result=Result(state=RowState.WAITING), before=before, after={}, verified=None)


def before_and_after(item: PlanItem) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the trunk shows, and what of that the row changes, both without secrets."""
    before = {} if item.trunk is None else to_data(settings_of(item.trunk))
    return before, to_data({change.name: normal(change.after) for change in item.changes})


def read_back(item: PlanItem, state: RowState, trunk: SipTrunk | None) -> ReadBack:
    """Compare a row's trunk as it stands now (None: it is not there) with what the row wants."""
    return ReadBack(
        place=item.place,
        key_id=item.key_id,
        trunk_name=item.trunk_name,
        state=state,
        found=trunk is not None,
        differences=() if trunk is None else differences(trunk, filled(item.row.values, trunk)),
    )


def with_held_back(plan: Plan, held: Mapping[int, str], plan_of: Callable[[Sequence[int]], Plan]) -> Plan:
    """Return the plan with some items refused, each for the reason beside its index in `held`.

    `plan_of` makes the plan of the items with these indexes alone: what one that is held back would have given up for
    others stays taken.
    """
    if not held:
        return plan
    free = [item.index for item in plan if item.index not in held]
    items = list(plan)
    for index, reason in held.items():
        items[index] = evolve(
            items[index], verdict=Verdict.REFUSED, refusal=Refusal(reason), update=None, risks=(), needs=()
        )
    for item in plan_of(free):
        index = free[item.index]
        items[index] = evolve(item, index=index, needs=tuple(free[needed] for needed in item.needs))
    return Plan(tuple(items))


def as_read(row: ReadBack) -> str:
    """Return how a trunk was read back, as people read it."""
    if not row.found:
        return "the trunk is not there"
    return "as wanted" if row.ok else ", ".join(map(_as_stands, row.differences))


def _as_stands(change: FieldChange) -> str:
    if change.secret:
        return f"{change.name} is another one"
    return f"{change.name} is {shown(change.before)}, not {shown(change.after)}"


def require_as_left(
    path: Path, header: JournalHeader, rows: Iterable[JournalRow], plan: Plan, trunks: Iterable[SipTrunk]
) -> None:
    """Raise `JournalFinishedError` where a row that is done in the journal, or needed nothing, does not stand any more.

    For a journal whose job has ended: nothing would be sent with it, and what it says is not so.
    """
    by_id = {trunk.key_id: trunk for trunk in trunks}
    stood = (row for row in rows if row.state in (RowState.DONE, RowState.UNCHANGED))
    read = (read_back(plan.items[row.id], row.state, by_id.get(row.key_id)) for row in stood)
    changed = [row for row in read if not row.ok]
    if changed:
        raise JournalFinishedError(_finished(path, header, changed))


def _finished(path: Path, header: JournalHeader, changed: Sequence[ReadBack]) -> str:
    count = f"{len(changed)} of the rows that are done {'does' if len(changed) == 1 else 'do'} not stand so any more"
    lines = [f"The job of the journal {path} has ended, and {count}. Nothing was sent."]
    lines += [f"{row.place}, trunk {row.key_id}: {as_read(row)}" for row in changed[:_MOST_SHOWN]]
    if len(changed) > _MOST_SHOWN:
        lines.append(f"and {len(changed) - _MOST_SHOWN} more")
    if header.plan is not None:
        lines.append("A saved plan is applied once: make it again from the file.")
    else:
        lines.append(f"To apply all of it again, give another --journal, or move or delete {path}.")
    return "\n".join(lines)
