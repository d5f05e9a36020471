"""What the vendor's codes mean for call tasks, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import ConflictError, QuotaError, ValidationError

CALL_TASKS = family(
    "call tasks",
    Code(-36, "more is asked for than may be created", "Lower callout_rate, or ask the vendor for more.", QuotaError),
    Code(-38, "the file is too large", "Divide it into several files.", ValidationError),
    Code(-39, "the file's format is wrong", "Give a spreadsheet, such as an XLS file.", ValidationError),
    Code(-40, "the file has more than 100,000 rows", "Divide it into several files.", ValidationError),
    Code(
        -41,
        "the task's state does not allow this",
        "Look the task up in the listing, and wait for its end.",
        ConflictError,
    ),
    Code(-42, "the task has no numbers to call", "Choose another resend_type.", ConflictError),
    Code(-43, "a column header stands twice in the file", "Name each column of the file once.", ValidationError),
    Code(
        -74,
        "the agent group does not belong to the application",
        "Give a group of the same application.",
        ValidationError,
    ),
    Code(
        -77,
        "no minimum rate is set for the application",
        "Ask the vendor to set one, or give another app_id.",
        ValidationError,
    ),
    base=SHARED,
)
