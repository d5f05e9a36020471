"""Compare the rows that a journal has as done with the file and the trunks, when a job resumes."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from itnio_async.bulk import Identity, JournalContents, Plan, PlanItem, RowState, Verdict
from itnio_async.values import is_masked


@frozen
class DoneRows:
    """How many of the rows that are done need a remark.

    `again` are sent again, since the file has another password for them by now. `changed` have trunks that differ from
    the file, and are not sent again. `unclear` change nothing but a password that the listing hides, while the journal
    cannot tell whether the file's password is still the same.
    """

    again: int = 0
    changed: int = 0
    unclear: int = 0

    @classmethod
    def compare(cls, contents: JournalContents, plan: Plan, left: Plan, identity: Identity) -> DoneRows:
        """Compare a journal with the whole plan and with what is left of it to send."""
        done = {row.place for row in contents.rows if row.state in (RowState.DONE, RowState.UNCHANGED)}
        again = done & {item.place for item in left}
        differing = [item for item in plan.of(Verdict.UPDATE) if item.place in done - again]
        changed = sum(map(_is_seen_to_differ, differing))
        # With the same API secret, the journal's fingerprints say that the password is the same.
        can_tell = contents.header.key_check == identity.key_check
        return cls(len(again), changed, 0 if can_tell else len(differing) - changed)

    def remarks(self) -> Iterator[str]:
        """Yield what to say about them."""
        if self.again:
            yield (
                f"But {self.again} of the rows that are done will be sent again: the file has another password for "
                "them now."
            )
        if self.changed:
            yield (
                f"{self.changed} of the rows that are done will not be sent again, although their trunks differ from "
                "the file now. Run the same command once more when this job has ended, and they are set right."
            )
        if self.unclear:
            yield (
                f"{self.unclear} of the rows that are done will not be sent again, although the file may have another "
                "password for them now: the listing hides it, and the journal was made with another API secret. If it "
                "has, give another --journal."
            )


def _is_seen_to_differ(item: PlanItem) -> bool:
    """Tell whether the trunk differs for certain: a password that the listing hides always looks changed."""
    listed = [getattr(item.trunk, change.name) for change in item.changes if change.secret]
    return len(listed) < len(item.changes) or any(value and not is_masked(value) for value in listed)
