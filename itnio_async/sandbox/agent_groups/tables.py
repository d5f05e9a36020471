"""The table of agent groups."""

from __future__ import annotations

import json

from attrs import field, frozen

from itnio_async.sandbox.database import Database

TABLES = """
CREATE TABLE agent_group (
    voice_group_id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_name TEXT NOT NULL,
    app_id TEXT NOT NULL,
    callin_strategy INTEGER DEFAULT 1,
    timeout_transfer_sec INTEGER,
    callin_auto_answer_sec INTEGER,
    wrap_up_time INTEGER,
    timeout_idle INTEGER,
    timeout_wait_sec INTEGER,
    turn_seat_ring TEXT,
    label_name TEXT,
    display_switch INTEGER NOT NULL DEFAULT 0,
    encrypt_number INTEGER NOT NULL DEFAULT 1,
    fs_node TEXT
);
CREATE INDEX agent_group_name ON agent_group (group_name);
"""


def _as_labels(text: str | None) -> tuple[str, ...]:
    return tuple(json.loads(text or "[]"))


@frozen(kw_only=True)
class StoredGroup:
    """An agent group with its settings; `bound_to` are the key ids of the trunks that it is bound to.

    `display_switch` and `encrypt_number` are 0 for on and 1 for off.
    """

    voice_group_id: int
    group_name: str
    bound_to: tuple[int, ...]
    app_id: str
    callin_strategy: int | None
    timeout_transfer_sec: int | None
    callin_auto_answer_sec: int | None
    wrap_up_time: int | None
    timeout_idle: int | None
    timeout_wait_sec: int | None
    turn_seat_ring: str | None
    label_name: tuple[str, ...] = field(converter=_as_labels)
    display_switch: int
    encrypt_number: int
    fs_node: str | None


def stored_groups(database: Database) -> list[StoredGroup]:
    """Return all agent groups by id, each with the trunks that it is bound to."""
    with database.lock:
        groups = database.rows("SELECT * FROM agent_group ORDER BY voice_group_id")
        bound = database.rows("SELECT voice_group_id, key_id FROM binding ORDER BY key_id")
    trunks: dict[int, list[int]] = {}
    for voice_group_id, key_id in bound:
        trunks.setdefault(voice_group_id, []).append(key_id)
    return [StoredGroup(**row, bound_to=tuple(trunks.get(row["voice_group_id"], ()))) for row in groups]
