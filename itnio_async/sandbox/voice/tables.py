"""The tables of sound files, phones, and the calls of both kinds."""

from __future__ import annotations

# `given_name` is what was asked for, `phone_name` what came of it.
TABLES = """
CREATE TABLE voice_file (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id TEXT NOT NULL,
    file_name TEXT NOT NULL
);
CREATE TABLE phone (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL,
    group_name TEXT NOT NULL,
    given_name TEXT NOT NULL,
    phone_name TEXT NOT NULL,
    account TEXT NOT NULL,
    password TEXT NOT NULL,
    display_num TEXT NOT NULL
);
CREATE INDEX phone_account ON phone (account);
CREATE TABLE voice_call (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    voice_id TEXT NOT NULL,
    phone_id INTEGER,
    callee TEXT NOT NULL,
    display_num TEXT,
    called_info TEXT,
    voice_file_id TEXT,
    cost TEXT NOT NULL,
    submitted_at REAL NOT NULL,
    answered_at REAL,
    ended_at REAL NOT NULL
);
CREATE INDEX voice_call_id ON voice_call (voice_id);
CREATE INDEX voice_call_submitted ON voice_call (submitted_at);
"""
# A call is there as soon as it is ordered, and has a record once it has ended.
CALLS = """
SELECT voice_call.*, group_name AS sip_group_name, phone_name
FROM voice_call LEFT JOIN phone ON phone.key_id = phone_id
"""
ENDED = f"{CALLS} WHERE ended_at <= :now AND submitted_at >= :start AND submitted_at <= :end"
