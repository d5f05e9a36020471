"""What the imitated vendor has: its accounts, clock, data, assumptions, ordered faults, and a record of its requests.

The application answers requests from it; the sandbox owns it, and opens and closes its files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from itnio_async.errors import ConfigurationError
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.families import TABLES, Assumptions
from itnio_async.sandbox.faults import DELAYING, Fault, Order
from itnio_async.sandbox.record import Record
from itnio_async.sandbox.times import written


class Vendor:
    """The vendor without its server.

    `accounts` are API secrets by key, `allowed_addresses` those that calls may come from (None: any). All attributes
    may be changed at any moment; the requests that follow are answered accordingly.
    """

    def __init__(
        self, *, accounts: Mapping[str, str], allowed_addresses: Collection[str] | None, assumptions: Assumptions
    ) -> None:
        self.accounts: dict[str, str] = dict(accounts)
        self.allowed_addresses = allowed_addresses
        self.assumptions = assumptions
        self.clock: Callable[[], float] = time.time
        self.orders: tuple[Order, ...] = ()
        self.record: Record = Record(None)
        self._database: Database | None = None

    # Its files.

    @property
    def is_open(self) -> bool:
        """Whether the data is there."""
        return self._database is not None

    @property
    def database(self) -> Database:
        """The stored data."""
        if self._database is None:
            raise ConfigurationError("The sandbox's data is there only while it is entered; read it inside the `with`.")
        return self._database

    def open(self, *, state: str | None, log: str | None, seed: Callable[[Database, str], None]) -> None:
        """Open the files and begin a new record.

        `seed` stores what an empty state starts with, given the time as listings write it.
        """
        record = Record(log)
        try:
            database = Database(state, TABLES)
        except BaseException:
            record.close()
            raise
        self.record, self._database = record, database
        try:
            seed(database, written(self.clock()))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the files; data in memory is gone. What was recorded can still be read."""
        if self._database is not None:
            self._database.close()
            self._database = None
        self.record.close()

    # Ordered faults.

    def order(self, fault: Fault) -> Order:
        """Place an order, after those that were placed before."""
        placed = Order(fault)
        self.orders = (*(order for order in self.orders if not order.cancelled), placed)
        return placed

    def striking(self, path: str, key_id: int | None) -> tuple[list[Order], list[Order]]:
        """Return the orders that strike a request (delays, up to the first that decides its answer), and the limits
        that let it in, which are to be told when it leaves.
        """
        striking, limits = [], []
        for order in self.orders:
            if order.strikes(path, key_id):
                striking.append(order)
                if order.fault.kind not in DELAYING:
                    break
            elif order.counts(path, key_id):
                limits.append(order)
        return striking, limits
