"""How a trunk stands beside its row in a journal: as before the job, as the row wants it, or on the way between."""

from __future__ import annotations

from itnio_async.api.sip_trunks.types import SipTrunk
from itnio_async.bulk.journal.rows import JournalRow, RowState
from itnio_async.bulk.trunks.settings import from_data, same


def changed_since(row: JournalRow, trunk: SipTrunk) -> list[str]:
    """Return the fields in which the trunk is not as the job found it.

    Of what the job may have sent without an answer, or under a temporary name, each field may also be as the row wants
    it, and the name may be the temporary one.
    """
    before, after = from_data(row.before), from_data(row.after)
    names = [name for name in before if not same(before, trunk, [name])]
    if not is_begun(row):
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
