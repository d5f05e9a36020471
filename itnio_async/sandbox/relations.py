"""What several families ask about agent groups, and about the numbers that are called."""

from __future__ import annotations

from collections.abc import Iterable

from itnio_async.sandbox.assumptions import SharedAssumptions
from itnio_async.sandbox.database import Database

# The application of the groups that a new sandbox starts with; applications are made in the vendor's console.
FIRST_APPLICATION = "sandbox1"


def add_groups(database: Database, groups: Iterable[tuple[int, str]]) -> None:
    """Store agent groups, each an id and a name."""
    rows = ((id, name, FIRST_APPLICATION) for id, name in groups)
    database.run_all("INSERT INTO agent_group (voice_group_id, group_name, app_id) VALUES (?, ?, ?)", rows)


def group_name(database: Database, voice_group_id: int) -> str | None:
    """Return the name of an agent group, None if there is no such group."""
    group = database.row("agent_group WHERE voice_group_id = ?", voice_group_id)
    return group["group_name"] if group else None


def lacks_group(database: Database, voice_group_ids: Iterable[int] | None) -> bool:
    """Tell whether any of these agent groups does not exist."""
    return any(group_name(database, id) is None for id in voice_group_ids or ())


def application_name(app_id: str) -> str:
    """Return what the listings call an application."""
    return f"application {app_id}"


def masked(database: Database, number: str, voice_group_id: int | None) -> str:
    """Return a number as the listings show it: masked if the settings of the call's group say so."""
    is_masked = database.exists("agent_group WHERE voice_group_id = ? AND encrypt_number = 0", voice_group_id)
    return f"{number[:3]}****{number[-2:]}" if is_masked else number


def is_busy(assumptions: SharedAssumptions, number: str) -> bool:
    """Tell whether nobody answers a call to the number."""
    return number[-1] in assumptions.failing_numbers
