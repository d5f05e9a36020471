"""The runs of a job: who began each one, when, with which options, and how it ended."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen


@frozen(kw_only=True)
class RunEnd:
    """How a run ended: at `ended` (Unix seconds), in which way, and the text of the error that ended it.

    `retries` is how many calls were repeated.
    """

    ended: float
    how: str
    reason: str = ""
    retries: int = 0


@frozen(kw_only=True)
class Run:
    """One run of a job.

    `by` is the user and the machine, `began` in Unix seconds, `options` those of `JobOptions` that can be written as
    JSON. `end` is None while it runs, and where it was cut off before it could say more. `exit_status` is that of the
    command, None where the run was not one.
    """

    id: int = 1
    by: str
    began: float
    options: Mapping[str, Any] = field(factory=dict)
    end: RunEnd | None = None
    exit_status: int | None = None


def user_at_host() -> str:
    """Return who runs this process and on which machine: `user@host`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have a user without a name
        user = str(os.getuid()) if hasattr(os, "getuid") else "?"
    return f"{user}@{socket.gethostname()}"
