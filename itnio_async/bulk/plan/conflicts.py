"""What the rows of a plan take from each other and from trunks that stay as they are: refused, at risk, or in order."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count, islice

import attrs

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.plan.holders import (
    Holding,
    Kind,
    Risk,
    given_up_by,
    holders_of,
    pairs_among,
    taken_by,
)
from itnio_async.bulk.plan.plan import MOST_NAMED, PlanItem, Swap, Verdict, places_of, refused
from itnio_async.text import listed

# The vendor's pages state no limit for names; this is the one of the other texts of a trunk.
_LONGEST_NAME = 50
# What a note about 20,000 trunks at one address lists of them.
_MOST_SHOWN = 3


class Conflicts:
    """The rows to update, judged by what they take from each other and from the trunks that stay as they are.

    `allow_swap_names` lets trunks exchange their names by way of a temporary one.
    """

    def __init__(self, items: list[PlanItem], trunks: Collection[SipTrunk], *, allow_swap_names: bool = False) -> None:
        self._items = items
        self._trunks = trunks
        self._allow_swap_names = allow_swap_names
        # By the item that gets a temporary name, the circle that this opens.
        self._opened: dict[int, Collection[int]] = {}
        self._by_trunk: dict[int, int] = {}
        self._takers: dict[Holding, list[int]] = {}
        for item in items:
            if item.update is not None and item.trunk is not None and item.trunk.key_id is not None:
                self._by_trunk[item.trunk.key_id] = item.index
                for holding in taken_by(item.trunk, item.changes):
                    self._takers.setdefault(holding, []).append(item.index)
        self._holders = holders_of(trunks, {kind for kind, _ in self._takers})
        self._pairs = pairs_among(self._holders)
        self._taken = self._contested()
        self._given: dict[int, frozenset[Holding]] = {}

    def _contested(self) -> dict[int, list[Holding]]:
        """Return what the items take that are in each other's way, or in that of a trunk; with the rest all is well."""
        holdings = {holding for holding, takers in self._takers.items() if len(takers) > 1 or holding in self._holders}
        taken: dict[int, list[Holding]] = {}
        for index in sorted({index for holding in holdings for index in self._takers[holding]}):
            item = self._items[index]
            assert item.trunk is not None
            taken[index] = [holding for holding in taken_by(item.trunk, item.changes) if holding in holdings]
        return taken

    def judged(self) -> list[PlanItem]:
        """Return the items with what is certain to be refused, what is at risk, and what needs what."""
        self._refuse_names()
        self._judge_circles()
        contenders = self._contenders()
        for index in self._live(self._taken):
            item = self._items[index]
            risks = tuple(self._risks(item, contenders))
            needs = tuple(self._needs(index))
            if risks or needs:
                self._items[index] = attrs.evolve(item, risks=risks, needs=needs)
        self._name_temporarily()
        return self._items

    def _live(self, indexes: Iterable[int]) -> list[int]:
        return [index for index in indexes if self._items[index].verdict is Verdict.UPDATE]

    # Names.

    def _refuse_names(self) -> None:
        """Refuse what takes a name that two rows want, or that a trunk keeps."""
        for (kind, name), takers in self._takers.items():
            if kind is Kind.NAME and len(takers) > 1:
                for index in takers:
                    others = places_of(self._items[other] for other in takers if other != index)
                    self._refuse_name(index, f"{others} would get the name {name!r} too")
        self._follow(self._taken)

    def _follow(self, indexes: Iterable[int]) -> None:
        """Refuse those of the items whose new name its trunk keeps, and then those that counted on them."""
        open_ = deque(indexes)
        while open_:
            index = open_.popleft()
            if self._items[index].verdict is not Verdict.UPDATE:
                continue
            kept = next(self._kept_names(index), None)
            if kept is not None:
                name, keeper = kept
                self._refuse_name(index, f"trunk {keeper} has the name {name!r} and keeps it")
                open_.extend(self._who_wants_name_of(index))

    def _kept_names(self, index: int) -> Iterator[tuple[str, int]]:
        for holding in self._taken[index]:
            if holding[0] is Kind.NAME:
                for holder in self._holders.get(holding, ()):
                    if holder != self._items[index].key_id and not self._gives_up(holder, holding):
                        yield holding[1], holder

    def _who_wants_name_of(self, index: int) -> Sequence[int]:
        return self._takers.get((Kind.NAME, self._items[index].trunk_name), ())

    def _refuse_name(self, index: int, reason: str) -> None:
        code = Kind.NAME.code
        self._items[index] = refused(self._items[index], f"sip_trunk_name: {reason}. {SIP_TRUNKS[code].advice}", code)

    # What needs what.

    def _gives_up(self, key_id: int, holding: Holding) -> bool:
        index = self._by_trunk.get(key_id)
        if index is None or self._items[index].verdict is not Verdict.UPDATE:
            return False
        if index not in self._given:
            item = self._items[index]
            assert item.trunk is not None
            self._given[index] = given_up_by(item.trunk, item.changes)
        return holding in self._given[index]

    def _needs(self, index: int) -> list[int]:
        return sorted({giver for _, giver in self._givers(index)})

    def _givers(self, index: int) -> Iterator[tuple[Holding, int]]:
        """The items that give up what this one takes; where pairs are allowed, nobody has to wait."""
        for holding in self._taken[index]:
            if holding[0] not in self._pairs:
                for holder in self._holders.get(holding, ()):
                    if self._gives_up(holder, holding):
                        yield holding, self._by_trunk[holder]

    # Circles.

    def _judge_circles(self) -> None:
        """Refuse what goes round in a circle, unless it is names alone and they may be exchanged."""
        for members in circles({index: self._needs(index) for index in self._live(self._taken)}):
            inside = frozenset(members)
            exchanged = {
                (holding, giver) for index in members for holding, giver in self._givers(index) if giver in inside
            }
            are_names = all(kind is Kind.NAME for (kind, _), _ in exchanged)
            if are_names and self._allow_swap_names:
                self._opened[members[0]] = inside
            else:
                self._refuse_circle(members, exchanged, are_names=are_names)

    def _refuse_circle(
        self, members: Sequence[int], exchanged: Collection[tuple[Holding, int]], *, are_names: bool
    ) -> None:
        what = listed(sorted({f"{kind.words} {value}" for (kind, value), _ in exchanged}), MOST_NAMED)
        first = self._items[members[0]]
        given = sorted(
            f"{kind.words} {value} (column {kind.column})" for (kind, value), giver in exchanged if giver == first.index
        )
        advice = (
            "No call is routed by a name: with --allow-swap-names one of them gets a temporary name first, and all is "
            "done in one job"
            if are_names
            else "It is not broken by itself, since a value in between would misroute calls on a live trunk"
        )
        in_two = (
            f"In two files: first give trunk {first.key_id} ({first.place}) a free value in place of "
            f"{listed(given, MOST_NAMED)}, in a file of its own, and apply that; then apply this one"
        )
        for index in members:
            others = [self._items[other].place for other in islice(members, MOST_NAMED + 1) if other != index]
            reason = (
                "each needs what the other gives up first: this row and "
                f"{listed(others, MOST_NAMED, count=len(members) - 1)} go round in a circle ({what}). {advice}. "
                f"{in_two}."
            )
            self._items[index] = refused(self._items[index], reason, None)
        for index in members:
            self._follow(self._who_wants_name_of(index))

    def _name_temporarily(self) -> None:
        """Give one trunk of each circle of names another one for the meantime."""
        if not self._opened:
            return
        taken = {trunk.sip_trunk_name for trunk in self._trunks}
        wanted = (item.row.values.get("sip_trunk_name") for item in self._items)
        taken |= {name for name in wanted if isinstance(name, str)}
        for index, circle in self._opened.items():
            item = self._items[index]
            assert item.update is not None
            name = temporary_name(item.update.sip_trunk_name, item.key_id, taken)
            taken.add(name)
            swap = Swap(name, tuple(needed for needed in item.needs if needed not in circle))
            self._items[index] = attrs.evolve(item, swap=swap)

    # Risks.

    def _contenders(self) -> dict[Holding, list[int]]:
        """Return for all that is contested which trunks will have it, by key id."""
        contenders: dict[Holding, list[int]] = {}
        for holding in {holding for taken in self._taken.values() for holding in taken}:
            holders = self._holders.get(holding, ())
            keepers = [holder for holder in holders if not self._gives_up(holder, holding)]
            live = [self._items[index] for index in self._live(self._takers[holding])]
            contenders[holding] = sorted({*keepers, *(item.key_id for item in live if item.key_id is not None)})
        return contenders

    def _risks(self, item: PlanItem, contenders: Mapping[Holding, Sequence[int]]) -> Iterator[Risk]:
        for holding in sorted(self._taken[item.index], key=lambda holding: (-holding[0].code, str(holding[1]))):
            kind, value = holding
            having = contenders[holding]
            # The trunk itself may be among the first ones; all 20,000 are not looked through for each of them.
            others = tuple(other for other in having[: _MOST_SHOWN + 1] if other != item.key_id)[:_MOST_SHOWN]
            if others and kind is not Kind.NAME:
                yield Risk(kind, value, others, len(having) - 1, self._pairs.get(kind))


def circles(needs: Mapping[int, Iterable[int]]) -> list[tuple[int, ...]]:
    """Return the sets of items that need each other, directly or over others; each sorted.

    `needs` has for each item those that must be done before it. An item that only waits for a circle is in none.
    """
    # Kosaraju's algorithm without recursion: a chain of 20,000 renames must not be too deep. graphlib, which orders the
    # rest, tells one circle only.
    needed_by: dict[int, list[int]] = {}
    for item, needed in needs.items():
        for each in needed:
            needed_by.setdefault(each, []).append(item)
    seen: set[int] = set()
    ordered = [item for root in needs for item in _reached(root, needs, seen)]
    found = []
    seen = set()
    for root in reversed(ordered):
        members = _reached(root, needed_by, seen)
        if len(members) > 1 or (members and root in needs.get(root, ())):
            found.append(tuple(sorted(members)))
    return sorted(found)


def _reached(root: int, ways: Mapping[int, Iterable[int]], seen: set[int]) -> list[int]:
    """Return what is reached from here and was not seen yet, each after all that is reached from it."""
    reached = []
    open_ = [(root, False)]
    while open_:
        item, is_left = open_.pop()
        if is_left:
            reached.append(item)
        elif item not in seen:
            seen.add(item)
            open_.append((item, True))
            open_ += ((each, False) for each in ways.get(item, ()))
    return reached


def temporary_name(wanted: str, key_id: int | None, taken: Collection[str | None]) -> str:
    """Return a name that is not `taken`, and shows which one the trunk is to have.

    It is the same each time, unless it is taken by then.
    """
    for number in count():
        mark = hashlib.sha256(f"{key_id} {number} {wanted}".encode("utf-8", "surrogatepass")).hexdigest()[:4]
        ending = f" (swap {mark})"
        name = f"{wanted[: _LONGEST_NAME - len(ending)]}{ending}"
        if name not in taken:
            return name
    raise AssertionError
