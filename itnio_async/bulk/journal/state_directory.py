"""Where this user's programs keep on this machine what they want to find again."""

from __future__ import annotations

import os
from pathlib import Path


def state_directory() -> Path:
    """Return our part of the user's directory for state: `$XDG_STATE_HOME/itnio`, or what is usual on the system."""
    try:
        from platformdirs import user_state_path
    except ImportError:
        # It comes with the command; on Linux this is the same.
        base = os.environ.get("XDG_STATE_HOME", "").strip() or Path.home() / ".local" / "state"
        return Path(base) / "itnio"
    return user_state_path("itnio", appauthor=False)
