"""The tables of one-time codes, what is there at the start, and what has become of a code by now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

NOT_CHECKED, RIGHT, SENDING, WRONG, UNKNOWN_ID, USED, EXPIRED = -1, 0, 1, 2, 3, 4, 5
SMS, CALL, SNA = "sms", "call", "sna"
ALPHA = 2
SENDING_FAILED = 1
_NO_LIMIT = '{"enabled": false, "unit": null, "period": null, "limit": null}'

# `matched` is the result of the newest check, null before the first; `is_over` tells that no further one can be right.
# An application and a template are there at the start, so that a code can be sent at once.
TABLES = f"""
CREATE TABLE otp_app (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '',
    code_expiry INTEGER NOT NULL DEFAULT 5,
    period_total_send_limit TEXT NOT NULL DEFAULT '{_NO_LIMIT}',
    period_phone_send_limit TEXT NOT NULL DEFAULT '{_NO_LIMIT}',
    create_time TEXT NOT NULL
);
INSERT INTO otp_app (app_id, name, create_time) VALUES ('sandbox1', 'sandbox1', '2025-01-01T00:00:00+00:00');
CREATE TABLE otp_template (
    template_id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    code_type INTEGER NOT NULL DEFAULT 1,
    code_length INTEGER NOT NULL DEFAULT 4,
    speech_rate INTEGER NOT NULL DEFAULT 50,
    language TEXT NOT NULL DEFAULT 'EN',
    max_duration INTEGER NOT NULL DEFAULT 59,
    repeat_cnt INTEGER NOT NULL DEFAULT 1,
    sender_id TEXT
);
INSERT INTO otp_template (app_id, name, text) VALUES ('sandbox1', 'first', '##code## is your code.');
CREATE TABLE otp_flow (flow_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, flow TEXT NOT NULL);
CREATE TABLE otp_code (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id TEXT NOT NULL,
    template_id INTEGER,
    flow_id INTEGER,
    receiver TEXT NOT NULL,
    channel TEXT NOT NULL,
    order_id TEXT,
    code TEXT NOT NULL,
    sent_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    matched INTEGER,
    checked_at REAL,
    is_over INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX otp_code_app ON otp_code (app_id, sent_at);
CREATE INDEX otp_code_order ON otp_code (order_id);
"""
_ID = "2220605"


def verification_id(key_id: int) -> str:
    """Return the vendor's id of a code: twenty digits, as in the pages' samples."""
    return f"{_ID}{key_id:013d}"


def key_of(id: str) -> int:
    """Return the key of the code with an id of the vendor's, 0 if it is not one of these ids."""
    digits = id.removeprefix(_ID)
    return int(digits) if len(digits) == 13 and digits.isascii() and digits.isdigit() else 0


def made_code(template: Mapping[str, Any], number: str) -> str:
    """Return the code that is made for a number: its end, so that everybody knows it without a text.

    Digits are allowed in codes of each kind but those of letters, where A stands for 0, B for 1, and so on.
    """
    digits = number[-template["code_length"] :]
    return "".join("ABCDEFGHIJ"[int(digit)] for digit in digits) if template["code_type"] == ALPHA else digits


def sendings(code: Mapping[str, Any], steps: str | None, now: float, undelivered: str) -> Iterator[tuple[str, float]]:
    """Yield how a code was sent by now, each as its channel and time: at first, and by the steps of its flow."""
    channel, at = code["channel"], code["sent_at"]
    yield channel, at
    for step in json.loads(steps or "[]"):
        at += step["waitingTime"]
        if at > now:
            return
        is_verified = code["matched"] == RIGHT and code["checked_at"] < at
        fails = is_lost(channel, code["receiver"], undelivered)
        is_met = fails if step["status"] == SENDING_FAILED else not is_verified
        if is_met and not step.get("channelCut"):
            channel = step["channel"]
            yield channel, at


def is_lost(channel: str, number: str, undelivered: str) -> bool:
    """Tell whether what is sent that way does not come."""
    return channel == SMS and number[-1] in undelivered
