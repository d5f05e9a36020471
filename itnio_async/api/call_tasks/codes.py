"""What the vendor's codes mean for call tasks, on top of the shared ones."""

from __future__ import annotations

from itnio_async import errors
from itnio_async.codes import SHARED, Code, family

CALL_TASKS = family(
    "call tasks",
    Code(
        -36,
        "",
        "more is asked for than may be created",
        "Lower callout_rate, or ask the vendor for more.",
        errors.QuotaError,
    ),
    Code(-38, "", "the file is too large", "Divide it into several files.", errors.ValidationError),
    Code(-39, "", "the file's format is wrong", "Give a spreadsheet, such as an XLS file.", errors.ValidationError),
    Code(
        -40,
        "",
        "the file has more than 100,000 rows",
        "Divide it into several files.",
        errors.ValidationError,
    ),
    Code(
        -41,
        "",
        "the task's state does not allow this",
        "Look the task up in the listing, and wait for its end.",
        errors.ConflictError,
    ),
    Code(-42, "", "the task has no numbers to call", "Choose another resend_type.", errors.ConflictError),
    Code(
        -43,
        "",
        "a column header stands twice in the file",
        "Name each column of the file once.",
        errors.ValidationError,
    ),
    Code(
        -74,
        "",
        "the agent group does not belong to the application",
        "Give a group of the same application.",
        errors.ValidationError,
    ),
    Code(
        -77,
        "",
        "no minimum rate is set for the application",
        "Ask the vendor to set one, or give another app_id.",
        errors.ValidationError,
    ),
    base=SHARED,
)
