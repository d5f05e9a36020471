"""What a sandbox begins with, and how its time passes."""

from __future__ import annotations

import time

from itnio_async.sandbox import Sandbox

GROUP = 1_000_001
APPLICATION = "sandbox1"


def move_on(sandbox: Sandbox, seconds: float) -> None:
    """Set the sandbox's clock so many seconds ahead of this machine's."""
    sandbox.clock = lambda: time.time() + seconds
