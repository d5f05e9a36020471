"""What a sandbox begins with, and how its time passes."""

from __future__ import annotations

from itnio_async.sandbox import Sandbox

GROUP = 1_000_001
APPLICATION = "sandbox1"


def move_on(sandbox: Sandbox, seconds: float) -> None:
    """Let so many seconds pass in the sandbox."""
    before = sandbox.clock
    sandbox.clock = lambda: before() + seconds
