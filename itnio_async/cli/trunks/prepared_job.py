"""What a command hands over to a session: a plan to apply, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import field, frozen

from itnio_async.api.sip_trunks import SipTrunk
from itnio_async.bulk import BadRow, JobOptions, Plan, Source


@frozen(kw_only=True)
class PreparedJob:
    """A plan to apply, and the journal to record it in.

    `trunks` is the listing that `plan` was made with. `name` says where its rows come from; `source` is that as a file
    (None: it is not one), and `bad` are the rows of it that cannot be read. Of a saved plan, `plan_id` is its id,
    `changed` are the key ids of the trunks that changed since, and `mark_applied` notes in it that this journal applies
    it. `stays` is how many things cannot be taken back by an undo, beside the rows that are refused.
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
    stays: int = 0
    check: Callable[[Plan], object] = field(default=lambda _: None)
    mark_applied: Callable[[Path], object] = field(default=lambda _: None)
