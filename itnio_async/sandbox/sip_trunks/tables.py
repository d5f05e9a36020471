"""The tables of SIP trunks: a `StoredTrunk` has a `StoredBinding` for each agent group that it is bound to."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from itnio_async.sandbox.database import Database

OUTBOUND, INBOUND = 1, 2

TABLES = """
CREATE TABLE trunk (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    type INTEGER NOT NULL,
    sip_trunk_name TEXT NOT NULL,
    sip_prefix TEXT,
    sip_gateway_ip TEXT,
    sip_white_ip TEXT,
    sip_trunk_state INTEGER NOT NULL,
    sip_account TEXT,
    sip_password TEXT,
    state INTEGER NOT NULL,
    create_time TEXT NOT NULL,
    update_time TEXT NOT NULL,
    updates INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX trunk_name ON trunk (sip_trunk_name);
CREATE INDEX trunk_gateway ON trunk (sip_gateway_ip);
CREATE INDEX trunk_white ON trunk (sip_white_ip);
CREATE TABLE binding (
    key_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    voice_group_id INTEGER NOT NULL,
    number TEXT,
    PRIMARY KEY (key_id, position)
) WITHOUT ROWID;
CREATE INDEX binding_group ON binding (voice_group_id);
CREATE INDEX binding_number ON binding (number);
"""


@frozen
class StoredBinding:
    """An agent group bound to a trunk."""

    voice_group_id: int
    number: str | None


@frozen(kw_only=True)
class StoredTrunk:
    """A trunk, whole; `type` is 1 (outbound) or 2 (inbound), `updates` counts the successful updates."""

    key_id: int
    type: int
    sip_trunk_name: str
    sip_prefix: str | None
    sip_gateway_ip: str | None
    sip_white_ip: str | None
    sip_trunk_state: bool = field(converter=bool)
    sip_account: str | None
    sip_password: str | None = field(repr=False)
    state: int
    create_time: str
    update_time: str
    updates: int
    groups: tuple[StoredBinding, ...]


def stored_trunks(database: Database, key_id: int | None = None) -> list[StoredTrunk]:
    """Return all trunks by key id, or the one with that key id, if there is one."""
    where = "" if key_id is None else "WHERE key_id = :key_id"
    with database.lock:
        rows = database.rows(f"SELECT * FROM trunk {where} ORDER BY key_id", {"key_id": key_id})
        bound = database.rows(f"SELECT * FROM binding {where} ORDER BY key_id, position", {"key_id": key_id})
    groups: dict[int, list[StoredBinding]] = {}
    for row in bound:
        groups.setdefault(row["key_id"], []).append(StoredBinding(row["voice_group_id"], row["number"]))
    return [StoredTrunk(**row, groups=tuple(groups.get(row["key_id"], ()))) for row in rows]


def bind(database: Database, key_id: int, groups: Iterable[StoredBinding]) -> None:
    """Store the bindings of a trunk that has none."""
    rows = [(key_id, position, group.voice_group_id, group.number) for position, group in enumerate(groups)]
    database.run_all("INSERT INTO binding VALUES (?, ?, ?, ?)", rows)
