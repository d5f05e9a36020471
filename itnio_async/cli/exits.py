"""The exit statuses, and the exception that ends a command with a text for its user."""

from __future__ import annotations

DONE = 0
ERROR = 1
CHANGES_TO_MAKE = 2
REFUSED_OR_UNKNOWN = 3
INTERRUPTED = 130

TEXT = (
    "Exit statuses: 0 done; 1 error (usage, settings, no connection); 2 changes to make (plan, "
    "--dry-run); 3 refused by the vendor or beforehand, or the outcome is unknown; 130 interrupted."
)


class CommandError(Exception):
    """A command cannot go on: the message says why, and `advice` what to do."""

    def __init__(self, message: str, advice: str = "", *, status: int = ERROR) -> None:
        super().__init__(message)
        self.advice = advice
        self.status = status
