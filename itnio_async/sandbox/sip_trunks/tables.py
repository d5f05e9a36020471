"""The tables of SIP trunks, and what is read from them and written to them.

A `StoredTrunk` has a `StoredBinding` for each agent group that it is bound to. `Trunks` has the statements, for
handlers, rules and tests alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from attrs import field, frozen

from itnio_async.sandbox import relations
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


# The columns that a request sets; `type` only when the trunk is made.
SETTINGS = (
    "sip_trunk_name",
    "sip_prefix",
    "sip_gateway_ip",
    "sip_white_ip",
    "sip_trunk_state",
    "sip_account",
    "sip_password",
)
_UPDATE = (
    f"UPDATE trunk SET {', '.join(f'{name} = :{name}' for name in SETTINGS)}, "
    "update_time = :update_time, updates = updates + 1 WHERE key_id = :key_id"
)
_NEW = (*SETTINGS, "type", "state", "create_time", "update_time")
_INSERT = f"INSERT INTO trunk ({', '.join(_NEW)}) VALUES ({', '.join(f':{name}' for name in _NEW)})"


class Trunks:
    """The stored trunks and their bindings to agent groups."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.transaction: Callable[[], AbstractContextManager[None]] = database.transaction

    # Reading.

    def trunk(self, key_id: int) -> StoredTrunk | None:
        """Return the trunk with that key id, or None."""
        return next(iter(self._trunks("WHERE trunk.key_id = :key_id", {"key_id": key_id})), None)

    def trunks(self) -> list[StoredTrunk]:
        """Return all trunks by key id."""
        return self._trunks("", {})

    def find(
        self, *, type: int | None, name: str | None, newest_first: bool, limit: int, offset: int
    ) -> tuple[int, list[StoredTrunk]]:
        """Return how many trunks fit, and the trunks of one page: of that direction, with that text in the name."""
        where = "WHERE (:type IS NULL OR type = :type) AND (:name IS NULL OR instr(sip_trunk_name, :name))"
        order = "DESC" if newest_first else "ASC"
        arguments = {"type": type, "name": name, "limit": limit, "offset": offset}
        page = f"SELECT key_id FROM trunk {where} ORDER BY key_id {order} LIMIT :limit OFFSET :offset"
        with self.database.lock:
            total = self.database.rows(f"SELECT count(*) FROM trunk {where}", arguments)[0][0]
            found = self._trunks(f"WHERE trunk.key_id IN ({page})", arguments)
        return total, found[::-1] if newest_first else found

    def _trunks(self, where: str, arguments: Mapping[str, object]) -> list[StoredTrunk]:
        query = f"SELECT * FROM trunk {where} ORDER BY key_id"
        bindings = f"SELECT binding.* FROM binding JOIN trunk USING (key_id) {where} ORDER BY key_id, position"
        with self.database.lock:
            rows = self.database.rows(query, arguments)
            bound = self.database.rows(bindings, arguments)
        groups: dict[int, list[StoredBinding]] = {}
        for row in bound:
            groups.setdefault(row["key_id"], []).append(StoredBinding(row["voice_group_id"], row["number"]))
        return [StoredTrunk(**row, groups=tuple(groups.get(row["key_id"], ()))) for row in rows]

    def group_name(self, voice_group_id: int) -> str | None:
        """Return the name of an agent group, None if there is no such group."""
        return relations.group_name(self.database, voice_group_id)

    def count(self) -> int:
        """Return how many trunks there are."""
        number: int = self.database.value("SELECT count(*) FROM trunk")
        return number

    # Whether another trunk than `key_id` (0: any trunk) already has something.

    def name_taken(self, name: str, key_id: int) -> bool:
        """Tell whether another trunk has the name."""
        return self._taken("trunk WHERE sip_trunk_name = ? AND key_id <> ?", name, key_id)

    def gateway_taken(self, address: str, key_id: int) -> bool:
        """Tell whether another trunk has the gateway address."""
        return self._taken("trunk WHERE sip_gateway_ip = ? AND key_id <> ?", address, key_id)

    def white_address_taken(self, address: str, key_id: int) -> bool:
        """Tell whether another trunk has the whitelist address."""
        return self._taken("trunk WHERE sip_white_ip = ? AND key_id <> ?", address, key_id)

    def group_taken(self, voice_group_id: int, key_id: int) -> bool:
        """Tell whether another trunk has the agent group."""
        return self._taken("binding WHERE voice_group_id = ? AND key_id <> ?", voice_group_id, key_id)

    def number_taken(self, number: str, key_id: int) -> bool:
        """Tell whether another inbound trunk has the number."""
        return self._taken(
            "binding JOIN trunk USING (key_id) WHERE number = ? AND key_id <> ? AND type = 2", number, key_id
        )

    def _taken(self, where: str, *arguments: object) -> bool:
        return bool(self.database.value(f"SELECT EXISTS (SELECT 1 FROM {where})", *arguments))

    # Writing.

    def add_trunk(self, values: Mapping[str, Any], groups: Iterable[StoredBinding]) -> int:
        """Store a new trunk with its settings, type, state and times, and return its key id."""
        with self.database.lock:
            key_id = self.database.run(_INSERT, values)
            assert key_id is not None
            self._bind(key_id, groups)
        return key_id

    def update_trunk(self, trunk: StoredTrunk, values: Mapping[str, Any], groups: Sequence[StoredBinding]) -> None:
        """Replace a trunk's settings and bindings; `trunk` is what is stored of it."""
        key_id = trunk.key_id
        with self.database.lock:
            self.database.run(_UPDATE, {**values, "key_id": key_id})
            if tuple(groups) != trunk.groups:
                self.database.run("DELETE FROM binding WHERE key_id = :key_id", {"key_id": key_id})
                self._bind(key_id, groups)

    def _bind(self, key_id: int, groups: Iterable[StoredBinding]) -> None:
        rows = [(key_id, position, group.voice_group_id, group.number) for position, group in enumerate(groups)]
        self.database.run_all("INSERT INTO binding VALUES (?, ?, ?, ?)", rows)
