"""The exit statuses, and the exception that ends a command with a text for its user."""

from __future__ import annotations

DONE = 0
ERROR = 1
CHANGES_TO_MAKE = 2
REFUSED = 3
CANARY_FAILED = 4
OUTCOME_UNKNOWN = 5
# Of Ctrl-C; those of signals are in `interrupts`.
INTERRUPTED = 130

TEXT = (
    "Exit statuses: 0 done; 1 error (usage, settings, no connection); 2 changes to make (plan, "
    "--dry-run, a no to the question, --until); 3 refused by the vendor or beforehand; 4 the canary failed, or "
    "somebody said no to it; 5 the outcome is unknown, and nothing was refused; 129, 130, 143 interrupted by "
    "SIGHUP, Ctrl-C, SIGTERM."
)


class CommandError(Exception):
    """A command cannot go on: the message says why, and `advice` what to do."""

    def __init__(self, message: str, advice: str = "", *, status: int = ERROR) -> None:
        super().__init__(message)
        self.advice = advice
        self.status = status
