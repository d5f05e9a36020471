"""The tables of text messages, and the query that tells what has become of each by now."""

from __future__ import annotations

# What becomes of a message is planned when it is sent; how far it is, is a matter of the time now.
TABLES = """
CREATE TABLE sms (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    msg_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    number TEXT NOT NULL,
    order_id TEXT,
    content TEXT NOT NULL,
    sender_id TEXT,
    sent_at REAL NOT NULL,
    ends_at REAL NOT NULL,
    is_failed INTEGER NOT NULL
);
CREATE INDEX sms_msg_id ON sms (msg_id);
CREATE INDEX sms_ends_at ON sms (ends_at);
CREATE TABLE sms_inbound (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL,
    number TEXT NOT NULL,
    send_id TEXT,
    content TEXT NOT NULL,
    received_at REAL NOT NULL
);
CREATE INDEX sms_inbound_time ON sms_inbound (received_at);
CREATE TABLE sms_backfill (app_id TEXT NOT NULL, msgid TEXT, number TEXT NOT NULL, time TEXT NOT NULL);
"""
DELIVERED, SENDING, FAILED_IN_REPORT, FAILED_IN_LISTING = "0", "-1", "1", "2"
# A message that waits is in neither.
REPORTED = """
SELECT * FROM sms
WHERE app_id = :app AND sent_at <= :now AND sent_at >= :oldest AND msg_id IN (SELECT value FROM json_each(:ids))
ORDER BY key_id
"""
OVER = """
SELECT * FROM (SELECT *, CASE :time WHEN 'sent' THEN sent_at ELSE ends_at END AS time FROM sms)
WHERE app_id = :app AND ends_at <= :now AND time >= :start AND time <= :end AND time >= :oldest
ORDER BY key_id
"""
RECEIVED = """
SELECT * FROM sms_inbound
WHERE app_id = :app AND received_at <= :now AND received_at >= :start AND received_at <= :end
"""
