"""What the vendor's codes mean for group calls and redials, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import ApiError, ConflictError, QuotaError, ValidationError

GROUP_CALLS = family(
    "group calls",
    Code(-10, "the account's balance is too low", "Top the account up: `itnio balance` shows what it has.", QuotaError),
    Code(-21, "the data is refused by its validation", "Compare the request with the vendor's page.", ValidationError),
    Code(-26, "no rate is set for these calls", "Ask the vendor to set one.", ValidationError),
    Code(
        -34,
        "the ended task has left no number to call",
        "Look the task up, and send a new one for other numbers.",
        ConflictError,
    ),
    Code(-35, "no number was called", "Look the task up in the listing before you try again.", ConflictError),
    Code(
        -37,
        "something about the task that was submitted, which the vendor's page has only the first words of",
        "Treat the outcome as unknown: look the task up, and ask the vendor.",
        ApiError,
    ),
    Code(
        -54,
        "a task that is named is not one that this can be done to",
        "Look the tasks up: one that has ended is neither cancelled nor changed.",
        ConflictError,
        sources="The page on cancelling has it, in few words; on SIP trunks it means something else.",
    ),
    base=SHARED,
)

# Only the name stands between a task that is sent twice and people who are called twice.
SEND_CODES = GROUP_CALLS.advising(
    {
        -20: "Look for the name in the listing: an earlier attempt may have sent the task, which calls already. If "
        "it is another's, give another name."
    }
)
BY_ENDPOINT = {
    f"POST /voice/group/call/{name}": SEND_CODES for name in ("send", "send/agent", "send/ai", "resend", "resend/ai")
}
"""The codes of endpoints for which other advice holds."""
