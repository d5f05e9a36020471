"""What a file of rows would change in the account: compared with the trunks as they stand, before anything is sent.

Refused is only what the vendor is certain to refuse, or what would do harm; what may be refused is a risk.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any

import attrs
from attrs import field, frozen

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.api.sip_trunks.service import UPDATE
from itnio_async.api.sip_trunks.types import SipTrunk, SipTrunkUpdate
from itnio_async.bulk.collector import paused_collector
from itnio_async.bulk.files.places import BadRow, Place
from itnio_async.bulk.plan.conflicts import circles
from itnio_async.bulk.plan.holders import Claim, Claims, Kind, Risk, given_up_by, risk_of, taken_by
from itnio_async.bulk.trunks.columns import SECRET_FIELDS
from itnio_async.bulk.trunks.rows import TrunkChange, only_drops_zeros
from itnio_async.bulk.trunks.settings import FIELDS, FieldChange, compared, filled, is_masked
from itnio_async.codec import can_send, check_types
from itnio_async.errors import InvalidRequestError

_MOST_ROWS_NAMED = 10
_KNOWN = frozenset(FIELDS)


class Verdict(Enum):
    """What a plan says of a row."""

    UPDATE = "update"
    UNCHANGED = "unchanged"
    NOT_FOUND = "not found"
    REFUSED = "refused"


@frozen
class Refusal:
    """Why a row is not sent; `code` is the vendor's code for the same mistake, or None where it has none."""

    reason: str
    code: int | None = None

    def __str__(self) -> str:
        return self.reason if self.code is None else f"{self.reason} (the vendor's code {self.code})"


@frozen(kw_only=True)
class PlanItem:
    """One row of the file and what it comes to.

    `index` is its place in `Plan.items`; `changes` what differs, field by field; `update` the whole replacement that
    would be sent (UPDATE only); `refusal` the reason where the verdict is NOT_FOUND or REFUSED; `needs` the indexes of
    the items that must be done before. `row` and `trunk` are what was compared; `trunk` is None where there is not one.
    """

    index: int
    verdict: Verdict
    changes: tuple[FieldChange, ...] = ()
    update: SipTrunkUpdate | None = None
    risks: tuple[Risk, ...] = ()
    refusal: Refusal | None = None
    needs: tuple[int, ...] = ()
    row: TrunkChange
    trunk: SipTrunk | None = field(default=None, repr=False)

    @property
    def place(self) -> Place:
        """Where the row stands."""
        return self.row.place

    @property
    def key_id(self) -> int | None:
        """The trunk's key id, or what the row has instead where there is no such trunk."""
        return self.row.key_id if self.trunk is None else self.trunk.key_id

    @property
    def trunk_name(self) -> str | None:
        """The trunk's name as listed, or as the row has it where there is no such trunk."""
        return self.row.name if self.trunk is None else self.trunk.sip_trunk_name

    @property
    def disabled(self) -> bool:
        """Tell whether the listing shows the trunk disabled."""
        return self.trunk is not None and self.trunk.state == 0

    @property
    def bad_row(self) -> BadRow | None:
        """The row as an error of the file's, or None where it can be sent or needs nothing."""
        return None if self.refusal is None else BadRow(self.place, self.refusal.reason, self.refusal.code)


@frozen
class Plan:
    """What the rows would change, in the file's order; `counts` has how many rows have each verdict."""

    items: tuple[PlanItem, ...]

    def __iter__(self) -> Iterator[PlanItem]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def of(self, verdict: Verdict) -> list[PlanItem]:
        """Return the items with this verdict."""
        return [item for item in self.items if item.verdict is verdict]

    @cached_property
    def counts(self) -> Counter[Verdict]:
        """How many rows have each verdict."""
        return Counter(item.verdict for item in self.items)

    @property
    def at_risk(self) -> list[PlanItem]:
        """The items to update that the vendor may refuse."""
        return [item for item in self.items if item.risks]

    @property
    def disabled(self) -> list[PlanItem]:
        """The items to update whose trunks are disabled: sent, and counted apart."""
        return [item for item in self.of(Verdict.UPDATE) if item.disabled]

    @property
    def bad_rows(self) -> list[BadRow]:
        """The rows that are refused or whose trunk is not there."""
        return [bad for item in self.items if (bad := item.bad_row) is not None]

    @property
    def has_changes(self) -> bool:
        """Tell whether there is anything to send."""
        return self.counts[Verdict.UPDATE] > 0


def make_plan(changes: Iterable[TrunkChange], trunks: Iterable[SipTrunk], *, accept_zeros: bool = False) -> Plan:
    """Compare rows with the account's trunks, and say what sending them would do.

    `trunks` is the whole listing, as `list_trunks` gives it: names that are taken are looked for in it. `accept_zeros`
    lets a change pass that only drops leading zeros, which else is taken for a spreadsheet's doing. Python's garbage
    collector rests meanwhile, in the whole process.

    Raises nothing for the contents of a row: what is wrong with one is its item's `refusal`.
    """
    with paused_collector():
        account = _Account(trunks)
        items = [_item(index, row, account.named_by(row), accept_zeros) for index, row in enumerate(changes)]
        _refuse_repeated(items)
        return Plan(tuple(_Together(items, account.trunks).judged()))


# -- each row by itself -----------------------------------------------------------------------------------------------


class _Account:
    """The trunks of the account, by what rows name them by."""

    def __init__(self, trunks: Iterable[SipTrunk]) -> None:
        self._by_id = {trunk.key_id: trunk for trunk in trunks if trunk.key_id is not None}

    @property
    def trunks(self) -> Iterable[SipTrunk]:
        """Each trunk once."""
        return self._by_id.values()

    @cached_property
    def _by_name(self) -> dict[str | None, list[SipTrunk]]:
        by_name: dict[str | None, list[SipTrunk]] = {}
        for trunk in self.trunks:
            by_name.setdefault(trunk.sip_trunk_name, []).append(trunk)
        return by_name

    def named_by(self, row: TrunkChange) -> Sequence[SipTrunk]:
        """Return the trunks that the row may mean: one, if all is well."""
        if row.key_id is None:
            return self._by_name.get(row.name, ())
        trunk = self._by_id.get(row.key_id)
        return () if trunk is None else (trunk,)


def _item(index: int, row: TrunkChange, found: Sequence[SipTrunk], accept_zeros: bool) -> PlanItem:
    if len(found) != 1:
        return _unmatched(index, row, found)
    (trunk,) = found
    values = filled(row.values, trunk)
    changes, others = compared(trunk, values)
    verdict, update, refusal = Verdict.UNCHANGED, None, None
    if changes or not values.keys() <= _KNOWN:
        try:
            update = _checked(trunk, values, others)
            if not accept_zeros:
                _check_zeros(changes)
            verdict = Verdict.UPDATE
        except InvalidRequestError as error:
            reason = f"{error.field}: {error.args[0]}" if error.field else str(error.args[0])
            verdict, refusal = Verdict.REFUSED, Refusal(reason, error.code)
    # Made once, whole: to make it anew with each thing that is learnt takes longer than to compare.
    return PlanItem(index=index, verdict=verdict, changes=changes, update=update, refusal=refusal, row=row, trunk=trunk)


def _unmatched(index: int, row: TrunkChange, found: Sequence[SipTrunk]) -> PlanItem:
    if found:
        ids = ", ".join(str(trunk.key_id) for trunk in found[:_MOST_ROWS_NAMED])
        verdict = Verdict.REFUSED
        reason = f"{len(found)} trunks have the name {row.name!r}: {ids}. Give the key id instead."
    else:
        named = f"the name {row.name!r}" if row.key_id is None else f"the key id {row.key_id}"
        verdict = Verdict.NOT_FOUND
        reason = f"no trunk of the account has {named}. Correct it, or look at another account."
    return PlanItem(index=index, verdict=verdict, refusal=Refusal(reason), row=row)


def _checked(trunk: SipTrunk, values: Mapping[str, Any], others: Iterable[str]) -> SipTrunkUpdate:
    """Return the whole update; raises `InvalidRequestError` for what a single one would be refused for, and more.

    `others` are the names of the values that are not as listed: what an answer had was checked when that came.
    """
    for name in SECRET_FIELDS:
        if is_masked(values.get(name)):
            raise InvalidRequestError(
                "it is only asterisks, as a listing shows a password that it hides: sent, it would replace the real "
                "one. Give the real one, or leave the cell empty to keep it.",
                field=name,
            )
    update = trunk.to_update(**values)
    if UPDATE.check is not None:
        UPDATE.check(update)
    if not can_send({name: values[name] for name in others}, SipTrunkUpdate):
        check_types(update, SipTrunkUpdate)
    return update


def _check_zeros(changes: Sequence[FieldChange]) -> None:
    for change in changes:
        for old, new in _numbers_in(change):
            # Nearly none begins with a zero, which is told at once.
            if type(old) is str and old[:1] == "0" and isinstance(new, str) and only_drops_zeros(old, new):
                raise InvalidRequestError(
                    f"{old} would become {new}, which only drops leading zeros, as spreadsheets do by themselves. "
                    "Correct the cell, or accept such changes (--accept-zeros).",
                    field=change.name,
                )


def _numbers_in(change: FieldChange) -> Sequence[tuple[Any, Any]]:
    """Return what may be numbers in a change, each as it was and as it will be."""
    before, after = change.before, change.after
    if type(before) is tuple and type(after) is tuple:
        numbers = {group.voice_group_id: group.number for group in before}
        return [(numbers.get(group.voice_group_id), group.number) for group in after]
    return ((before, after),)


def _refused(item: PlanItem, reason: str, code: int | None) -> PlanItem:
    refusal = Refusal(reason, code)
    return attrs.evolve(item, verdict=Verdict.REFUSED, update=None, refusal=refusal, risks=(), needs=())


def _refuse_repeated(items: list[PlanItem]) -> None:
    """Refuse all rows that are about one trunk, where there are several."""
    rows = Counter(item.key_id for item in items if item.trunk is not None)
    repeated: dict[int | None, list[PlanItem]] = {key_id: [] for key_id, count in rows.items() if count > 1}
    for item in items:
        if item.trunk is not None and item.key_id in repeated:
            repeated[item.key_id].append(item)
    for several in repeated.values():
        for item in several:
            others = _places(other for other in several if other is not item)
            reason = f"trunk {item.key_id} is also in {others}: which row holds is not clear. Keep one of them."
            items[item.index] = _refused(item, reason, None)


def _places(items: Iterable[PlanItem]) -> str:
    places = [str(item.place) for item in items]
    more = f" and {len(places) - _MOST_ROWS_NAMED} more" if len(places) > _MOST_ROWS_NAMED else ""
    return ", ".join(places[:_MOST_ROWS_NAMED]) + more


# -- the rows together ------------------------------------------------------------------------------------------------


class _Together:
    """The rows to update, judged by what they take from each other and from the trunks that stay as they are."""

    def __init__(self, items: list[PlanItem], trunks: Iterable[SipTrunk]) -> None:
        self._items = items
        self._by_trunk: dict[int, int] = {}
        self._takers = Claims()
        for item in items:
            if item.update is not None and item.trunk is not None and item.trunk.key_id is not None:
                self._by_trunk[item.trunk.key_id] = item.index
                for claim in taken_by(item.trunk, item.changes):
                    self._takers.add(claim, item.index)
        self._holders = Claims.listed(trunks, self._takers.kinds)
        self._taken = self._contested()
        self._given: dict[int, frozenset[Claim]] = {}

    def _contested(self) -> dict[int, list[Claim]]:
        """Return what the items take that are in each other's way, or in that of a trunk; with the rest all is well."""
        claims = {*self._takers.several, *self._takers.common(self._holders)}
        taken: dict[int, list[Claim]] = {}
        for index in sorted({index for claim in claims for index in self._takers.of(claim)}):
            item = self._items[index]
            assert item.trunk is not None
            taken[index] = [claim for claim in taken_by(item.trunk, item.changes) if claim in claims]
        return taken

    def judged(self) -> list[PlanItem]:
        """Return the items with what is certain to be refused, what is at risk, and what needs what."""
        self._refuse_names()
        self._refuse_circles()
        contenders = self._contenders()
        for index in self._live(self._taken):
            item = self._items[index]
            risks = tuple(self._risks(item, contenders))
            needs = tuple(sorted(set(self._needs(index))))
            if risks or needs:
                self._items[index] = attrs.evolve(item, risks=risks, needs=needs)
        return self._items

    def _live(self, indexes: Iterable[int]) -> list[int]:
        return [index for index in indexes if self._items[index].verdict is Verdict.UPDATE]

    # Names.

    def _refuse_names(self) -> None:
        """Refuse what takes a name that two rows claim, or that a trunk keeps."""
        for (kind, name), takers in self._takers.several.items():
            if kind is Kind.NAME:
                for index in takers:
                    others = _places(self._items[other] for other in takers if other != index)
                    self._refuse(index, f"sip_trunk_name: {others} would get the name {name!r} too", Kind.NAME)
        self._follow(self._taken)

    def _follow(self, indexes: Iterable[int]) -> None:
        """Refuse those of the items whose new name its trunk keeps, and then those who counted on them."""
        open_ = deque(indexes)
        while open_:
            index = open_.popleft()
            if self._items[index].verdict is not Verdict.UPDATE:
                continue
            keeper = self._keeper_of_name(index)
            if keeper is None:
                continue
            name = next(value for kind, value in self._taken[index] if kind is Kind.NAME)
            self._refuse(index, f"sip_trunk_name: trunk {keeper} has the name {name!r} and keeps it", Kind.NAME)
            open_.extend(self._who_wants_name_of(index))

    def _keeper_of_name(self, index: int) -> int | None:
        for claim in self._taken[index]:
            if claim[0] is Kind.NAME:
                for holder in self._holders.of(claim):
                    if holder != self._items[index].key_id and not self._gives_up(holder, claim):
                        return holder
        return None

    def _who_wants_name_of(self, index: int) -> Sequence[int]:
        return self._takers.of((Kind.NAME, self._items[index].trunk_name))

    def _refuse(self, index: int, reason: str, kind: Kind) -> None:
        code = SIP_TRUNKS[kind.value]
        self._items[index] = _refused(self._items[index], f"{reason}. {code.advice}", kind.value)

    # What needs what.

    def _gives_up(self, key_id: int, claim: Claim) -> bool:
        index = self._by_trunk.get(key_id)
        if index is None or self._items[index].verdict is not Verdict.UPDATE:
            return False
        return claim in self._given_by(index)

    def _given_by(self, index: int) -> frozenset[Claim]:
        if index not in self._given:
            item = self._items[index]
            assert item.trunk is not None
            self._given[index] = given_up_by(item.trunk, item.changes)
        return self._given[index]

    def _needs(self, index: int) -> Iterator[int]:
        """The items that give up what this one takes; where pairs are allowed, nobody has to wait."""
        for claim in self._taken[index]:
            if claim[0] in self._holders.pairs:
                continue
            for holder in self._holders.of(claim):
                if self._gives_up(holder, claim):
                    yield self._by_trunk[holder]

    def _refuse_circles(self) -> None:
        for members in circles({index: sorted(set(self._needs(index))) for index in self._live(self._taken)}):
            what = self._swapped(members)
            for index in members:
                others = _places(self._items[other] for other in members if other != index)
                reason = (
                    f"each needs what the other gives up first: this row and {others} go round in a circle ({what}). "
                    "It is not broken by itself, since a value in between would misroute calls on a live trunk: give "
                    "one of them a free value in a file of its own, and apply that before"
                )
                self._items[index] = _refused(self._items[index], f"{reason}.", None)
            for index in members:
                self._follow(self._who_wants_name_of(index))

    def _swapped(self, members: Sequence[int]) -> str:
        inside = set(members)
        claims = {
            claim
            for index in members
            for claim in self._taken[index]
            if any(self._by_trunk.get(holder) in inside for holder in self._holders.of(claim))
        }
        texts = sorted(f"{kind.words} {value}" for kind, value in claims)
        more = f" and {len(texts) - _MOST_ROWS_NAMED} more" if len(texts) > _MOST_ROWS_NAMED else ""
        return ", ".join(texts[:_MOST_ROWS_NAMED]) + more

    # Risks.

    def _contenders(self) -> dict[Claim, list[int]]:
        """Return for all that is contested which trunks will have it, by key id."""
        contenders: dict[Claim, list[int]] = {}
        for claim in {claim for taken in self._taken.values() for claim in taken}:
            keepers = [holder for holder in self._holders.of(claim) if not self._gives_up(holder, claim)]
            live = [self._items[index] for index in self._live(self._takers.of(claim))]
            contenders[claim] = sorted({*keepers, *(item.key_id for item in live if item.key_id is not None)})
        return contenders

    def _risks(self, item: PlanItem, contenders: Mapping[Claim, Sequence[int]]) -> Iterator[Risk]:
        assert item.key_id is not None
        for claim in sorted(self._taken[item.index], key=lambda claim: (-claim[0].value, str(claim[1]))):
            if claim[0] is not Kind.NAME:
                risk = risk_of(claim, item.key_id, contenders[claim], self._holders.pairs)
                if risk is not None:
                    yield risk
