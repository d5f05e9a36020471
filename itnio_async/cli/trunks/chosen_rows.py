"""What conditions leave of the rows of a file."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from itnio_async import SipTrunk
from itnio_async.bulk import JournalContents, RowsRead
from itnio_async.bulk.trunks.where import Condition, chosen
from itnio_async.cli.loudness import remark
from itnio_async.text import counted


def chosen_rows(
    rows: RowsRead, trunks: Sequence[SipTrunk], conditions: Sequence[Condition], going_on: JournalContents | None = None
) -> RowsRead:
    """Return the rows of a file whose trunks are meant, and those whose trunk is not there.

    A job that goes on has the rows that it began with: by now its trunks may be others than the conditions say.
    """
    if not conditions:
        return rows
    if going_on is not None:
        lines = {row.place.line for row in going_on.rows}
        left = [change for change in rows.changes if change.place.line in lines]
    else:
        meant = chosen(trunks, conditions)
        keys = {trunk.key_id for trunk in meant} | {trunk.sip_trunk_name for trunk in meant}
        known = {trunk.key_id for trunk in trunks} | {trunk.sip_trunk_name for trunk in trunks}
        left = [change for change in rows.changes if change.key in keys or change.key not in known]
    if len(left) < len(rows.changes):
        remark(f"{counted(len(rows.changes) - len(left), 'row')} left out: --where does not hold for their trunks.")
    return attrs.evolve(rows, changes=tuple(left))
