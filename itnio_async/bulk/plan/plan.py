"""A plan: what a file of rows would change in the account, as values.

A `Plan` has a `PlanItem` for each row, with a `Verdict`; where that is not to send it, a `Refusal` says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from functools import cached_property

from attrs import evolve, field, frozen

from itnio_async.api.sip_trunks.types import SipTrunk, SipTrunkUpdate
from itnio_async.bulk.files.places import BadRow, Place
from itnio_async.bulk.plan.holders import Risk
from itnio_async.bulk.trunks.rows import TrunkChange
from itnio_async.bulk.trunks.settings import FieldChange
from itnio_async.text import listed

# Of rows, trunks or values in one text.
MOST_NAMED = 10


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


@frozen
class Swap:
    """The first of two updates of a trunk: with everything that its row wants, but under the temporary name `name`.

    `needs` are the indexes of the items that must be done before the first one.
    """

    name: str
    needs: tuple[int, ...] = ()


@frozen(kw_only=True)
class PlanItem:
    """One row of the file and what it comes to.

    `index` is its place in `Plan.items`; `changes` what differs, field by field; `update` the whole replacement that
    would be sent (UPDATE only); `refusal` the reason where the verdict is NOT_FOUND or REFUSED; `needs` the indexes of
    the items that must be done before; where one of those has a `swap`, the first of its two updates is enough. `swap`
    says that the trunk gets a temporary name first, since names are exchanged. `row` and `trunk` are what was compared;
    `trunk` is None where there is not one.
    """

    index: int
    verdict: Verdict
    changes: tuple[FieldChange, ...] = ()
    update: SipTrunkUpdate | None = None
    risks: tuple[Risk, ...] = ()
    refusal: Refusal | None = None
    needs: tuple[int, ...] = ()
    swap: Swap | None = None
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
    """What the rows would change, in the file's order; `counts` has how many rows have each verdict.

    `secrets_kept` is how many rows of a job it cannot give the secrets back that they replaced (of an undo).
    """

    items: tuple[PlanItem, ...]
    secrets_kept: int = 0

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
    def swaps(self) -> list[PlanItem]:
        """The items to update whose trunks get a temporary name first."""
        return [item for item in self.items if item.swap is not None]

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


def refused(item: PlanItem, reason: str, code: int | None) -> PlanItem:
    """Return the item as one that is not sent, for this reason."""
    refusal = Refusal(reason, code)
    return evolve(item, verdict=Verdict.REFUSED, update=None, refusal=refusal, risks=(), needs=(), swap=None)


def places_of(items: Iterable[PlanItem]) -> str:
    """Return where the items stand in their files, as people read it."""
    return listed([item.place for item in items], MOST_NAMED)
