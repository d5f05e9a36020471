"""The account's endpoint and the balance that it returns: decimals as text, which stand beside `status`."""

from __future__ import annotations

from typing import Any

from itnio_async.api.account.codes import ACCOUNT
from itnio_async.sandbox.assumptions import SharedAssumptions
from itnio_async.sandbox.handler import AUTHENTICATION, Family
from itnio_async.sandbox.rules import Call

TABLES = """
CREATE TABLE balance (balance TEXT NOT NULL, gift TEXT NOT NULL, credit TEXT NOT NULL);
INSERT INTO balance VALUES ('100.00', '0.00', '0.00');
"""
FAMILY = Family(ACCOUNT, "/sms", Call[SharedAssumptions], TABLES)


# -13 says that the user is locked, which nothing here does: order it as a fault.
@FAMILY.endpoint("getBalance", method="GET", fields={}, codes=AUTHENTICATION | {-18, -13}, beside=True)
def get_balance(call: Call[SharedAssumptions]) -> Any:
    """Return the balance, the gift balance and the credit limit."""
    return call.database.row("balance")
