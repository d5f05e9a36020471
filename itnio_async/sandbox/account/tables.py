"""The balance, and what is read from it and written to it."""

from __future__ import annotations

from itnio_async.sandbox.database import Database

TABLES = """
CREATE TABLE balance (balance TEXT NOT NULL, gift TEXT NOT NULL, credit TEXT NOT NULL);
INSERT INTO balance VALUES ('100.00', '0.00', '0.00');
"""


class Account:
    """The stored balance: decimals as text."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def balance(self) -> dict[str, str]:
        """Return the balance, the gift balance and the credit limit."""
        return dict(self.database.rows("SELECT * FROM balance")[0])

    def set_balance(self, **values: str) -> None:
        """Set some of the three."""
        columns = ", ".join(f"{name} = :{name}" for name in values)
        self.database.run(f"UPDATE balance SET {columns}", values)
