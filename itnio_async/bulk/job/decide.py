"""Decide about a row by comparing it with its trunk: done, up to date, changed by somebody else, or to be sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve, frozen

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.files.places import Place
from itnio_async.bulk.job.options import JobOptions
from itnio_async.bulk.journal.rows import HELD_BACK, JournalRow, Result, RowState
from itnio_async.bulk.plan.make import make_plan
from itnio_async.bulk.plan.plan import Plan, PlanItem, Verdict, refused
from itnio_async.bulk.trunks.columns import SECRET_FIELDS
from itnio_async.bulk.trunks.rows import TrunkChange
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
    "the trunk changed since the plan was made: {}. Make the plan again, or overwrite the trunk all the same (--force)."
)


# -- one look ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Decider:
    """Decides about the rows of a job.

    `plan` is that of the job; `is_new` tells whether the journal was made for this very run, so that `plan` shows what
    the trunks were then, secrets too. `changed` are the key ids of trunks that changed since a saved plan was made.
    """

    plan: Plan
    options: JobOptions
    changed: frozenset[int]
    is_new: bool

    def look(self, rows: Sequence[JournalRow], trunks: Sequence[SipTrunk]) -> tuple[Plan, Mapping[int, Result]]:
        """Compare rows with all trunks of the account; takes a second or two for 20,000 of them.

        Returns a plan with an item for each row, in order, and by the item's index what is certain without sending.
        """
        changes = [self.plan.items[row.id].row for row in rows]
        items = list(self._planned(changes, trunks))
        results = {
            item.index: held
            for row, item in zip(rows, items, strict=True)
            if item.verdict is Verdict.UPDATE and (held := self._held_back(row, item)) is not None
        }
        if results:
            # Once more without those: what one of them would have given up for others stays taken.
            free = [item.index for item in items if item.index not in results]
            for index, held in results.items():
                items[index] = refused(items[index], held.reason, None)
            for item in self._planned([changes[index] for index in free], trunks):
                items[free[item.index]] = _renumbered(item, free)
        for row, item in zip(rows, items, strict=True):
            result = results.get(item.index) or _without_sending(row, item)
            if result is not None:
                named = is_named_temporarily(row, item.trunk) and result.state is RowState.REFUSED
                results[item.index] = result._replace(temporary=row.result.temporary if named else None)
        return Plan(tuple(items)), results

    def _planned(self, changes: Sequence[TrunkChange], trunks: Sequence[SipTrunk]) -> Plan:
        # A plan that has such names was made by somebody who allowed them.
        allow_swap_names = self.options.allow_swap_names or bool(self.plan.swaps)
        return make_plan(changes, trunks, accept_zeros=self.options.accept_zeros, allow_swap_names=allow_swap_names)

    def is_changed(self, item: PlanItem) -> bool:
        """Tell whether an item's trunk is not as a saved plan shows it, and may not be overwritten."""
        return item.key_id in self.changed and not self.options.force

    def is_as_planned(self, row: JournalRow, item: PlanItem) -> bool:
        """Tell whether the trunk is all that it was in the plan of this very run: most are, and that is soon seen."""
        if not self.is_new or row.state is not RowState.WAITING or item.trunk is None:
            return False
        return item.trunk == self.plan.items[row.id].trunk

    def _held_back(self, row: JournalRow, item: PlanItem) -> Result | None:
        assert item.trunk is not None
        if row.state is RowState.REFUSED and row.result.temporary is None and self.is_changed(item):
            # What the journal has of it is what it was after that change.
            return _NOT_AS_SAVED
        if self.options.force or self.is_as_planned(row, item):
            return None
        planned = self.plan.items[row.id].trunk if self.is_new else None
        changed = _changed_since(row, item.trunk, planned)
        return held(", ".join(changed)) if changed else None


def _renumbered(item: PlanItem, indexes: Sequence[int]) -> PlanItem:
    """Return the item of a plan of some rows as one of the plan of all; `indexes` are those of the rows there."""
    swap = item.swap and evolve(item.swap, needs=tuple(indexes[needed] for needed in item.swap.needs))
    needs = tuple(indexes[needed] for needed in item.needs)
    return evolve(item, index=indexes[item.index], needs=needs, swap=swap)


def _without_sending(row: JournalRow, item: PlanItem) -> Result | None:
    """Return what is certain about a row without sending it, or None where it is to be sent."""
    if item.refusal is not None:
        return Result(RowState.REFUSED, item.refusal.code, reason=item.refusal.reason)
    if item.verdict is not Verdict.UNCHANGED:
        return None
    if is_begun(row):
        return row.result._replace(state=RowState.DONE, code=None, error=None, reason="read back: it is as wanted")
    return Result(RowState.UNCHANGED)


def held(how: str) -> Result:
    """Return the result of a row that is held back; `how` says what changed on its trunk."""
    return Result(RowState.REFUSED, error=HELD_BACK, reason=_CHANGED_SINCE.format(how))


_NOT_AS_SAVED = held("it is not as the saved plan shows it")


def _changed_since(row: JournalRow, trunk: SipTrunk, planned: SipTrunk | None) -> list[str]:
    """Return the fields of the trunk that are not as the job found it.

    Of what the job may have sent without an answer, or under a temporary name, each field may also be as the row wants
    it, and the name may be the temporary one. `planned` is the trunk that the row was planned with where it is at hand:
    with its secrets, which no journal keeps.
    """
    before, after = from_data(row.before), from_data(row.after)
    names = [name for name in before if not same(before, trunk, [name])]
    if not is_begun(row):
        if planned is not None:
            names += [name for name in SECRET_FIELDS if settings_of(planned)[name] != settings_of(trunk)[name]]
        return names
    wanted = [name for name in after if same(after, trunk, [name])]
    if is_named_temporarily(row, trunk):
        wanted.append("sip_trunk_name")
    return [name for name in names if name not in wanted]


def is_begun(row: JournalRow) -> bool:
    """Tell whether the job may have changed the trunk, and is not through with it."""
    return row.state is RowState.UNKNOWN or row.result.temporary is not None


def is_named_temporarily(row: JournalRow, trunk: SipTrunk | None) -> bool:
    """Tell whether the trunk has the temporary name that the job gave it."""
    temporary = row.result.temporary
    return temporary is not None and trunk is not None and trunk.sip_trunk_name == temporary


# -- rows of the journal ----------------------------------------------------------------------------------------------


def journal_row(item: PlanItem, *, changed: bool = False, fingerprint: str | None = None) -> JournalRow:
    """Return a row of a plan as a new journal has it; `changed` says that its trunk is not as a saved plan has it."""
    row = JournalRow(
        id=item.index,
        place=item.place,
        key_id=item.key_id,
        trunk_name=item.trunk_name,
        disabled=item.disabled,
        secrets=tuple(sorted(SECRET_FIELDS & item.row.values.keys())),
        result=Result(RowState.WAITING),
        fingerprint=fingerprint,
    )
    result = _without_sending(row, item) or (_NOT_AS_SAVED if changed else row.result)
    return with_values(row._replace(result=result), item)


def with_values(row: JournalRow, item: PlanItem) -> JournalRow:
    """Return the row with what its trunk shows, and what of that the row changes, both without secrets."""
    before = {} if item.trunk is None else to_data(settings_of(item.trunk))
    return row._replace(
        before=before,
        after=to_data({change.name: normal(change.after) for change in item.changes}),
        new_secrets=tuple(change.name for change in item.changes if change.secret),
    )


def reopened(row: JournalRow, fingerprint: str | None) -> JournalRow:
    """Return the row with other secrets than before: what was done with those is to be done again."""
    row = row._replace(fingerprint=fingerprint)
    if row.state not in (RowState.DONE, RowState.UNCHANGED):
        return row
    if row.state is RowState.DONE:
        row = sent_again(row)
    # As its trunk was left, or that would be somebody else's change.
    before = {**row.before, **row.after}
    return row._replace(result=Result(RowState.WAITING), before=before, after={}, verified=None, read_back="")


def sent_again(row: JournalRow) -> JournalRow:
    """Return the row with what its trunk was before the job has changed it, or may have: the way back goes there."""
    now = {name: row.before.get(name) for name in row.after}
    return row._replace(at_first={**now, **(row.at_first or {})})


# -- reading back -----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class ReadBack:
    """A row after its trunk was read back: `differences` is where it is not as wanted (before: as it is).

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
        """Tell whether the trunk is as wanted, as far as the listing shows."""
        return self.found and not self.differences


def read_back(rows: Iterable[JournalRow], plan: Plan, trunks: Iterable[SipTrunk]) -> list[ReadBack]:
    """Compare the trunks of a plan's rows as they are now with what the rows want."""
    by_id = {trunk.key_id: trunk for trunk in trunks}
    read = []
    for row in rows:
        item = plan.items[row.id]
        trunk = by_id.get(item.key_id)
        read.append(
            ReadBack(
                place=item.place,
                key_id=item.key_id,
                trunk_name=item.trunk_name,
                state=row.state,
                found=trunk is not None,
                differences=() if trunk is None else differences(trunk, filled(item.row.values, trunk)),
            )
        )
    return read


def as_read(row: ReadBack) -> str:
    """Return how a trunk was read back, as people read it."""
    if not row.found:
        return "the trunk is not there"
    return "as wanted" if row.ok else ", ".join(map(_difference, row.differences))


def _difference(change: FieldChange) -> str:
    if change.secret:
        return f"{change.name} is another one"
    return f"{change.name} is {shown(change.before)}, not {shown(change.after)}"
