"""The tables of numbers, pools, bindings and calls, and the queries that tell what is so by now."""

from __future__ import annotations

from collections.abc import Iterable

from itnio_async.sandbox.database import Database

IN_USE, EXPIRED, DISABLED = 3, 4, 5

# What ends is told by its moment in Unix time: a number is due, a binding is over, a call has been.
TABLES = """
CREATE TABLE number (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL UNIQUE,
    ccode TEXT NOT NULL,
    country TEXT NOT NULL,
    type TEXT NOT NULL,
    app_id TEXT NOT NULL,
    due_at REAL NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    auto_renew INTEGER NOT NULL DEFAULT 0,
    out_ip TEXT,
    in_ip TEXT,
    inbound_prefix TEXT,
    remark TEXT,
    enable_voicemail INTEGER NOT NULL DEFAULT 0,
    voicemail_file_id TEXT,
    voicemail_file_name TEXT,
    voicemail_max_hangup INTEGER
);
CREATE TABLE number_pool (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    pool_number TEXT NOT NULL UNIQUE,
    customer_whitelist TEXT NOT NULL,
    max_concurrency INTEGER NOT NULL
);
CREATE TABLE number_pool_member (pool_id INTEGER NOT NULL, number TEXT NOT NULL, PRIMARY KEY (pool_id, number));
CREATE TABLE phone_binding (
    bind_id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL,
    pool_id INTEGER NOT NULL,
    phone_a TEXT NOT NULL,
    phone_b TEXT NOT NULL,
    pns_number_a TEXT NOT NULL,
    pns_number_b TEXT NOT NULL,
    ends_at REAL NOT NULL
);
CREATE INDEX phone_binding_end ON phone_binding (ends_at);
CREATE TABLE number_record (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    number TEXT NOT NULL,
    other TEXT NOT NULL,
    call_source INTEGER NOT NULL,
    sip_code TEXT NOT NULL,
    started_at REAL NOT NULL,
    ended_at REAL NOT NULL
);
CREATE INDEX number_record_start ON number_record (started_at);
"""
LISTED = f"""
SELECT *, CASE WHEN disabled THEN {DISABLED} WHEN due_at <= :now THEN {EXPIRED} ELSE {IN_USE} END AS state FROM number
"""
# The first of those that no binding has, or (by the assumption) none of these phones.
FREE = f"""
SELECT number FROM number_pool_member JOIN ({LISTED}) USING (number)
WHERE pool_id = :pool AND state = {IN_USE} AND number NOT IN (
    SELECT value FROM phone_binding JOIN json_each(json_array(pns_number_a, pns_number_b))
    WHERE ends_at > :now AND (NOT :shared OR phone_a IN (:phone_a, :phone_b) OR phone_b IN (:phone_a, :phone_b))
)
ORDER BY number_pool_member.rowid LIMIT :wanted
"""
BINDINGS = "SELECT * FROM phone_binding WHERE :ended OR ends_at > :now"
RECORDS = """
SELECT number_record.*, type, ccode, country, app_id FROM number_record JOIN number USING (number)
WHERE started_at >= :start AND started_at <= :end AND ended_at <= :now
"""


def set_members(database: Database, pool_id: int, numbers: Iterable[str]) -> None:
    """Let a pool have these numbers and no others."""
    database.run("DELETE FROM number_pool_member WHERE pool_id = :pool", {"pool": pool_id})
    rows = [(pool_id, number) for number in dict.fromkeys(numbers)]
    database.run_all("INSERT INTO number_pool_member VALUES (?, ?)", rows)
