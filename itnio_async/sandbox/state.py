"""The sandbox's account: trunks, their bindings and agent groups, in one SQLite connection."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from attrs import field, frozen

from itnio_async.errors import ConfigurationError

# Marks a file as ours, so that no other database is ever written to by mistake; the version is the tables' form.
_APPLICATION_ID = 0x49544E49
_VERSION = 1

_TABLES = """
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
CREATE TABLE agent_group (voice_group_id INTEGER PRIMARY KEY, group_name TEXT NOT NULL);
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


@frozen
class StoredGroup:
    """An agent group, and the key ids of the trunks that it is bound to."""

    voice_group_id: int
    group_name: str
    bound_to: tuple[int, ...]


@frozen(kw_only=True)
class StoredTrunk:
    """A trunk as it stands, whole; `type` is 1 (outbound) or 2 (inbound), `updates` counts the successful updates."""

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
    f"UPDATE trunk SET {', '.join(f'{name} = :{name}' for name in SETTINGS)}, "  # noqa: S608  (constants only)
    "update_time = :update_time, updates = updates + 1 WHERE key_id = :key_id"
)
_NEW = (*SETTINGS, "type", "state", "create_time", "update_time")
_INSERT = f"INSERT INTO trunk ({', '.join(_NEW)}) VALUES ({', '.join(f':{name}' for name in _NEW)})"  # noqa: S608


class State:
    """The account's data, used by the server's thread and by the tests' own.

    `path` None keeps it in memory. Raises `ConfigurationError` for a path that cannot be opened or is something else.
    """

    def __init__(self, path: str | None) -> None:
        self._lock = threading.RLock()
        try:
            if path:
                _make_private(path)
            # One connection behind a lock: the statements take microseconds, and the memory is one connection's own.
            self._database = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        except (sqlite3.Error, OSError) as error:
            raise ConfigurationError(f"state {path!r} cannot be opened ({error}); give a path to write to.") from error
        self._database.row_factory = sqlite3.Row
        try:
            self._prepare(path)
        except BaseException:
            self._database.close()
            raise

    def _prepare(self, path: str | None) -> None:
        try:
            tables = self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            owner = self._database.execute("PRAGMA application_id").fetchone()[0]
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if tables and (owner, version) != (_APPLICATION_ID, _VERSION):
                raise ConfigurationError(
                    f"state {path!r} is a database of something else or of another version; give a new path."
                )
            # The journal in one appended file, never waiting for the disk: a crash of the process loses nothing.
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.execute("PRAGMA journal_mode = WAL")
            if not tables:
                self._database.executescript(
                    f"BEGIN; {_TABLES} PRAGMA application_id = {_APPLICATION_ID}; "
                    f"PRAGMA user_version = {_VERSION}; COMMIT;"
                )
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"state {path!r} cannot be used as the sandbox's database ({error}); give a new path."
            ) from error

    def close(self) -> None:
        """Close the database; what was in memory is gone."""
        with self._lock:
            self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside one step for all threads, undone if it fails."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

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
        with self._lock:
            total = self._database.execute(f"SELECT count(*) FROM trunk {where}", arguments).fetchone()[0]  # noqa: S608
            page = f"SELECT key_id FROM trunk {where} ORDER BY key_id {order} LIMIT :limit OFFSET :offset"  # noqa: S608
            found = self._trunks(f"WHERE trunk.key_id IN ({page})", arguments)
        return total, found[::-1] if newest_first else found

    def _trunks(self, where: str, arguments: Mapping[str, object]) -> list[StoredTrunk]:
        query = f"SELECT * FROM trunk {where} ORDER BY key_id"  # noqa: S608  (constants only)
        bindings = f"SELECT binding.* FROM binding JOIN trunk USING (key_id) {where} ORDER BY key_id, position"  # noqa: S608
        with self._lock:
            rows = self._database.execute(query, arguments).fetchall()
            bound = self._database.execute(bindings, arguments).fetchall()
        groups: dict[int, list[StoredBinding]] = {}
        for row in bound:
            groups.setdefault(row["key_id"], []).append(StoredBinding(row["voice_group_id"], row["number"]))
        return [StoredTrunk(**row, groups=tuple(groups.get(row["key_id"], ()))) for row in rows]

    def groups(self) -> list[StoredGroup]:
        """Return all agent groups by id, each with the trunks that it is bound to."""
        with self._lock:
            groups = self._database.execute("SELECT * FROM agent_group ORDER BY voice_group_id").fetchall()
            bound = self._database.execute("SELECT voice_group_id, key_id FROM binding ORDER BY key_id").fetchall()
        trunks: dict[int, list[int]] = {}
        for voice_group_id, key_id in bound:
            trunks.setdefault(voice_group_id, []).append(key_id)
        return [StoredGroup(number, name, tuple(trunks.get(number, ()))) for number, name in groups]

    def group_name(self, voice_group_id: int) -> str | None:
        """Return the name of an agent group, None if there is no such group."""
        with self._lock:
            row = self._database.execute(
                "SELECT group_name FROM agent_group WHERE voice_group_id = ?", (voice_group_id,)
            ).fetchone()
        return row[0] if row else None

    def count(self) -> int:
        """Return how many trunks there are."""
        return self._one("SELECT count(*) FROM trunk")

    def is_empty(self) -> bool:
        """Tell whether nothing was ever stored."""
        return not self._one("SELECT EXISTS (SELECT 1 FROM agent_group)")

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
        return bool(self._one(f"SELECT EXISTS (SELECT 1 FROM {where})", *arguments))  # noqa: S608  (constants only)

    def _one(self, query: str, *arguments: object) -> int:
        with self._lock:
            value: int = self._database.execute(query, arguments).fetchone()[0]
        return value

    # Writing.

    def add_groups(self, groups: Iterable[tuple[int, str]]) -> None:
        """Store agent groups, each an id and a name."""
        with self._lock:
            self._database.executemany("INSERT INTO agent_group VALUES (?, ?)", groups)

    def add_trunk(self, values: Mapping[str, Any], groups: Iterable[StoredBinding]) -> int:
        """Store a new trunk with its settings, type, state and times, and return its key id."""
        with self._lock:
            key_id = self._database.execute(_INSERT, values).lastrowid
            assert key_id is not None
            self._bind(key_id, groups)
        return key_id

    def update_trunk(self, trunk: StoredTrunk, values: Mapping[str, Any], groups: Sequence[StoredBinding]) -> None:
        """Replace a trunk's settings and bindings; `trunk` is as it stands."""
        with self._lock:
            self._database.execute(_UPDATE, {**values, "key_id": trunk.key_id})
            if tuple(groups) != trunk.groups:
                self._database.execute("DELETE FROM binding WHERE key_id = ?", (trunk.key_id,))
                self._bind(trunk.key_id, groups)

    def _bind(self, key_id: int, groups: Iterable[StoredBinding]) -> None:
        rows = [(key_id, position, group.voice_group_id, group.number) for position, group in enumerate(groups)]
        self._database.executemany("INSERT INTO binding VALUES (?, ?, ?, ?)", rows)


def _make_private(path: str) -> None:
    """Make the file, if there is none, for its owner alone: it may come to hold somebody's own passwords."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
