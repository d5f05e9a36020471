"""Make a plan by comparing a file's rows with the account's trunks.

Refused is only what the vendor is certain to refuse, or what would do harm; what may be refused is a risk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.api.sip_trunks.types import SipTrunk, SipTrunkUpdate
from itnio_async.bulk.files.damage import CHANGES, first
from itnio_async.bulk.plan.conflicts import Conflicts
from itnio_async.bulk.plan.plan import MOST_NAMED, Plan, PlanItem, Refusal, Verdict, places_of, refused
from itnio_async.bulk.trunks.columns import SECRET_FIELDS
from itnio_async.bulk.trunks.rows import TrunkChange
from itnio_async.bulk.trunks.settings import FIELDS, FieldChange, changes_between, filled
from itnio_async.calls.request import check_request
from itnio_async.errors import InvalidRequestError
from itnio_async.values import is_masked

_KNOWN = frozenset(FIELDS)


def make_plan(
    changes: Iterable[TrunkChange],
    trunks: Iterable[SipTrunk],
    *,
    accept_zeros: bool = False,
    allow_swap_names: bool = False,
) -> Plan:
    """Compare rows with the account's trunks, and say what sending them would do.

    `trunks` is the whole listing, as `list_trunks` gives it: names that are taken are looked for in it. `accept_zeros`
    lets a change pass that only drops leading zeros or a plus, rounds a long number, or adds an apostrophe, which else
    is taken for a program's doing. A cell that seems damaged is refused unless the trunk has its value already. Trunks
    that exchange their names are refused unless `allow_swap_names`: then one of them gets a temporary name first.

    Raises nothing for the contents of a row: what is wrong with one is its item's `refusal`.
    """
    account = {trunk.key_id: trunk for trunk in trunks if trunk.key_id is not None}.values()
    # By what rows may name them by, key ids and names.
    named: dict[int | str | None, list[SipTrunk]] = {}
    for trunk in account:
        for key in (trunk.key_id, trunk.sip_trunk_name):
            named.setdefault(key, []).append(trunk)
    items = [_item(index, row, named.get(row.key, ()), accept_zeros) for index, row in enumerate(changes)]
    _refuse_repeated(items)
    return Plan(tuple(Conflicts(items, account, allow_swap_names=allow_swap_names).judged()))


# -- each row by itself -----------------------------------------------------------------------------------------------


def _item(index: int, row: TrunkChange, found: Sequence[SipTrunk], accept_zeros: bool) -> PlanItem:
    if len(found) != 1:
        return _unmatched(index, row, found)
    (trunk,) = found
    values = filled(row.values, trunk)
    changes = changes_between(trunk, values)
    verdict, update, refusal = Verdict.UNCHANGED, None, None
    if changes or not values.keys() <= _KNOWN:
        try:
            update = _checked(trunk, values)
            _check_doubts(row, changes)
            if not accept_zeros:
                _check_losses(changes, trunk, values)
            verdict = Verdict.UPDATE
        except InvalidRequestError as error:
            reason = f"{error.field}: {error.args[0]}" if error.field else str(error.args[0])
            verdict, refusal = Verdict.REFUSED, Refusal(reason, error.code)
    # Made once, whole: to make it again with each thing that is learnt takes longer than to compare.
    return PlanItem(index=index, verdict=verdict, changes=changes, update=update, refusal=refusal, row=row, trunk=trunk)


def _unmatched(index: int, row: TrunkChange, found: Sequence[SipTrunk]) -> PlanItem:
    seems = "".join(
        f" Its cell seems damaged: {doubt.reason}" for doubt in row.doubts if doubt.field == "sip_trunk_name"
    )
    if found:
        ids = ", ".join(str(trunk.key_id) for trunk in found[:MOST_NAMED])
        verdict = Verdict.REFUSED
        reason = f"{len(found)} trunks have the name {row.name!r}: {ids}. Give the key id instead."
    else:
        named = f"the name {row.name!r}" if row.key_id is None else f"the key id {row.key_id}"
        verdict = Verdict.NOT_FOUND
        reason = f"no trunk of the account has {named}. Correct it, or look at another account.{seems}"
    return PlanItem(index=index, verdict=verdict, refusal=Refusal(reason), row=row)


def _checked(trunk: SipTrunk, values: Mapping[str, Any]) -> SipTrunkUpdate:
    """Return the whole update; raises `InvalidRequestError` for what a single one would be refused for, and more."""
    for name in SECRET_FIELDS:
        if is_masked(values.get(name)):
            raise InvalidRequestError(
                "it is only asterisks, as a listing shows a password that it hides: sent, it would replace the real "
                "one. Give the real one, or leave the cell empty to keep it.",
                field=name,
            )
    update = trunk.to_update(**values)
    check_request(UPDATE, update)
    return update


def _check_doubts(row: TrunkChange, changes: Sequence[FieldChange]) -> None:
    """Refuse a cell that seems damaged, unless the trunk has its value already."""
    for doubt in row.doubts:
        for change in changes:
            if change.name == doubt.field:
                part = _parts_of(change).get(doubt.group)
                if part is None or part[0] != part[1]:
                    raise InvalidRequestError(doubt.reason, field=f"column {doubt.column}")


def _check_losses(changes: Sequence[FieldChange], trunk: SipTrunk, values: Mapping[str, Any]) -> None:
    for change in changes:
        parts = {None: (getattr(trunk, change.name), values[change.name])} if change.secret else _parts_of(change)
        for old, new in parts.values():
            if isinstance(old, str) and isinstance(new, str) and (loss := first(CHANGES, old, new)) is not None:
                what = "the change" if change.secret else f"{old} would become {new}, which"
                raise InvalidRequestError(
                    f"{what} {loss}, as spreadsheets and other programs do by themselves. "
                    "Correct the cell, or accept such changes (--accept-zeros).",
                    field=change.name,
                )


def _parts_of(change: FieldChange) -> Mapping[int | None, tuple[Any, Any]]:
    """Return what changes, as it was and as it will be: of groups each one's number by its id, else all by None."""
    if type(change.before) is not tuple or type(change.after) is not tuple:
        return {None: (change.before, change.after)}
    before = {group.voice_group_id: group.number for group in change.before}
    return {group.voice_group_id: (before.get(group.voice_group_id), group.number) for group in change.after}


def _refuse_repeated(items: list[PlanItem]) -> None:
    """Refuse all rows that are about one trunk, where there are several."""
    by_trunk: dict[int | None, list[PlanItem]] = {}
    for item in items:
        if item.trunk is not None:
            by_trunk.setdefault(item.key_id, []).append(item)
    for several in by_trunk.values():
        for item in several if len(several) > 1 else ():
            others = places_of(other for other in several if other is not item)
            reason = f"trunk {item.key_id} is also in {others}: which row holds is not clear. Keep one of them."
            items[item.index] = refused(item, reason, None)
