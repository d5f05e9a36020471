"""Keep in mind whether a job with `--json` still has to write its last line, the `result`.

Whatever ends the command, one is written: by the job, or where the command itself ends, for options that cannot be.
"""

from __future__ import annotations

# A process has one standard output, and a run of the command one result.
_is_due = False


def expect_result(due: bool) -> None:
    """Say whether the command that begins now has to end with a result."""
    global _is_due
    _is_due = due


def note_result() -> None:
    """Take note that it is written."""
    expect_result(False)


def is_result_due() -> bool:
    """Tell whether a result is still to be written."""
    return _is_due
