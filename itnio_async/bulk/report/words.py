"""What became of rows, in words: the states, what each reason means, and what to do about it."""

from __future__ import annotations

from itnio_async.api.sip_trunks.codes import SIP_TRUNKS
from itnio_async.bulk.journal.rows import (
    AS_WANTED,
    HELD_BACK,
    TEMPORARY_NAME,
    JournalHeader,
    JournalRow,
    Result,
    RowState,
    is_otherwise,
)
from itnio_async.text import NO_ANSWER, plain_words

STATE_WORDS = {
    RowState.DONE: ("Done", "accepted by the vendor"),
    RowState.UNCHANGED: ("Unchanged", "already up to date"),
    RowState.REFUSED: ("Refused", "not changed"),
    RowState.UNKNOWN: ("Unknown", "sent, but no answer says whether they were updated"),
    RowState.SENT: ("Under way", "sent, and no answer yet"),
    RowState.WAITING: ("Not sent", "not changed"),
}
"""The name and the meaning of each state, in the order in which people are shown them."""


def meaning_of(state: RowState, named: int) -> str:
    """Return what a state means where so many of its rows have trunks with a temporary name."""
    meaning = STATE_WORDS[state][1]
    is_not_changed = state in (RowState.REFUSED, RowState.WAITING)
    return f"{meaning}, but for those with a temporary name" if named and is_not_changed else meaning


BAD_WORDS = ("Bad rows", "left out: they cannot be read, or break a rule")
"""The same for the rows of the file that were left out."""

_AGAIN = "Run the same command again: "
_RETRY_OR_UNDO = "with --retry-refused it goes on, and the trunk gets its own name; or undo the job."
_CORRECT = "Correct the rows; each has its reason."
_LOOK = "Look at the trunk: somebody else may have changed it, or the vendor does not take an empty value for one."
_CORRECT_IN_A_FILE = (
    "There is no file to correct: write one (itnio trunks report JOURNAL --failed FILE), and apply that."
)
# What to do with rows that were not sent, by how the run ended; of other ends the same command goes on.
_NOT_SENT = {
    "refused": "Correct the rows that are refused, or go on without them (--skip-invalid).",
    "declined": "Run the same command again, and say yes.",
    "dry_run": "Run the command without --dry-run.",
    "canary": "See the rows of the canary first: nothing else is sent before they are well.",
    "error": "Mend what ended the job, then run the command again.",
}


def said_of(row: JournalRow) -> str:
    """Return what was said of a row in particular: how it was read back, the vendor's words, or ours."""
    return row.read_back if is_otherwise(row) else reason_of(row.result)


def reason_of(result: Result) -> str:
    """Return why a result is what it is: the vendor's words, or ours."""
    said = NO_ANSWER.get(result.error or "", result.reason)
    if result.temporary is None:
        return said
    may = "may have" if result.state is RowState.UNKNOWN else "has"
    return f"{said}{'; ' if said else ''}the trunk {may} the temporary name {result.temporary!r}"


def meaning_and_advice(
    state: RowState | None,
    code: int | None,
    error: str | None,
    was_sent: bool,
    *,
    is_named: bool = False,
    how: str = "",
    header: JournalHeader | None = None,
) -> tuple[str, str]:
    """Return what it means that rows came to this, and what to do; no state: they were left out as bad.

    `is_named` tells that the trunks have temporary names, `how` is how the job's last run ended, and `header` what the
    job is about (None: a file).
    """
    correct = _CORRECT if header is None or header.has_file else _CORRECT_IN_A_FILE
    is_undo = header is not None and header.is_undo
    # What a saved plan or an undo finds changed is somebody's will.
    is_repeated = not is_undo and (header is None or header.plan is None)
    known = None if code is None else SIP_TRUNKS[code]
    why = known.meaning if known is not None else plain_words(error)
    if state is None:
        return f"left out: {why or 'the row cannot be read, or breaks a rule'}", correct
    if state in AS_WANTED:
        was = "the vendor said that it was done" if state is RowState.DONE else "the trunk was up to date"
        return (
            f"{was}, but the trunk was read back otherwise",
            f"{_LOOK} Once the job has ended, the same command sends the row again." if is_repeated else _LOOK,
        )
    if state is RowState.UNKNOWN:
        return (
            f"the outcome is unknown: {why or 'no answer told'}",
            f"{_AGAIN}these rows are read back first, and sent only where they are not as wanted.",
        )
    if state is RowState.REFUSED and is_named:
        meaning = "all is changed but the name: the trunk has its temporary one, and its own was refused"
        by_hand = "Give the trunk its name: itnio trunks update KEY_ID --sip-trunk-name NAME."
        return f"{meaning}{f' ({why})' if why else ''}", by_hand if is_undo else f"{_AGAIN}{_RETRY_OR_UNDO}"
    if state is RowState.REFUSED and error == HELD_BACK:
        overwrite = "Make the plan again, or overwrite the trunks all the same (--retry-refused --force)."
        return "held back: the trunk changed since the plan was made", correct if is_undo else overwrite
    if state is RowState.REFUSED and not was_sent:
        before = "refused before sending"
        return f"{before}: {why}" if why else before, correct
    if state is RowState.REFUSED:
        return why or "refused", known.advice if known is not None else "See each row's reason."
    if error == TEMPORARY_NAME:
        return (
            "names are exchanged, and the trunk has only its temporary one so far",
            f"{_AGAIN}it goes on, and the trunk gets its own name.",
        )
    if state is RowState.SENT:
        return "under way at this moment", "Wait for the end."
    advice = _NOT_SENT.get(how, f"{_AGAIN}it goes on with these rows.")
    return f"not sent{f': {why}' if why else ''}", advice
