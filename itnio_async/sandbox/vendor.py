"""What the imitated vendor has: its accounts, clock, data, assumptions, ordered faults, and a record of its requests.

The application answers requests from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack

from itnio_async.config import unix_time
from itnio_async.errors import ConfigurationError
from itnio_async.sandbox.database import Database
from itnio_async.sandbox.families import TABLES, Assumptions, seed
from itnio_async.sandbox.faults import Fault, Order
from itnio_async.sandbox.record import Record
from itnio_async.validators import checked, instance


class Vendor:
    """The vendor without its server.

    All attributes may be changed at any moment; the requests that follow are answered accordingly.

    Attributes:
        accounts: API secrets by key.
        allowed_addresses: the addresses that calls may come from; None allows all.
        assumptions: what the sandbox assumes where the vendor's pages leave something open.
        clock: a callable that gives Unix time; the Date header follows.
        orders: what is on order, in the order in which it was ordered.
        record: what the requests were, and how each was decided.
    """

    def __init__(self, accounts: dict[str, str], allowed_addresses: Collection[str] | None, window: float) -> None:
        self.accounts = accounts
        self.allowed_addresses = allowed_addresses
        self.assumptions = Assumptions(window=window)
        self.clock: Callable[[], float] = unix_time
        self.orders: tuple[Order, ...] = ()
        self.record: Record = Record(None)
        self._database: Database | None = None

    @property
    def state(self) -> Database:
        """The stored data."""
        if self._database is None:
            raise ConfigurationError("The sandbox's data is there only while it is entered; read it inside the `with`.")
        return self._database

    def _open(self, state: str | None, log: str | None, trunks: int) -> None:
        """Open the files, store what an empty state starts with, and begin a new record."""
        with ExitStack() as opened:
            record = Record(log)
            opened.callback(record.close)
            database = Database(state, TABLES)
            opened.callback(database.close)
            seed(database, self.clock(), trunks=trunks)
            opened.pop_all()
        self.record, self._database = record, database

    def close(self) -> None:
        """Close the files; data in memory is gone. What was recorded can still be read."""
        if self._database is not None:
            self._database.close()
            self._database = None
        self.record.close()

    def order(self, fault: Fault | str) -> Order:
        """Order a failure, as a `Fault` or as its text; the handle tells how often it struck and cancels it.

        Delays that fit a request are all made; then the first other fault that fits decides its answer.
        """
        fault = Fault.parse(fault) if isinstance(fault, str) else checked("fault", fault, instance(Fault))
        placed = Order(fault)
        self.orders = (*(order for order in self.orders if not order.cancelled), placed)
        return placed
