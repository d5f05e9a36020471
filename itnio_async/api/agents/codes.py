"""What the vendor's codes mean for agents, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import ConflictError, QuotaError, ValidationError

AGENTS = family(
    "agents",
    Code(-34, "another agent has that staff number", "Give another emp_no.", ConflictError),
    Code(
        -36,
        "more agents are asked for than may be created",
        "Ask `agents.get_total` how many remain, or the vendor for more.",
        QuotaError,
    ),
    Code(
        -64,
        "the password has other characters than letters and digits",
        "Give a password of letters and digits.",
        ValidationError,
    ),
    Code(
        -65,
        "the agent group does not belong to the agent's application",
        "Give a group of the same application.",
        ValidationError,
    ),
    Code(-66, "the country code does not exist", "Correct ccode, such as 91.", ValidationError),
    # A passing state, and not one that a repeat within seconds would outlast: calls take minutes.
    Code(-67, "an agent is on a call", "Try again when the call is over.", ConflictError),
    Code(
        -68,
        "an agent is in a running group call task",
        "Wait for the end of the task, or cancel it, first.",
        ConflictError,
    ),
    base=SHARED,
)

# Most of the vendor's pages require the time over which calls are counted; its English one does not know it.
LIST_CODES = AGENTS.advising(
    {-22: "Give str_time and end_time, at most 32 days apart, or correct what else the listing was asked for."}
)
BY_ENDPOINT = {"POST /v3/cc/seat/query": LIST_CODES}
"""The codes of endpoints for which other advice holds."""
