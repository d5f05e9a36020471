"""What the account's endpoint does with a request that has passed authentication."""

from __future__ import annotations

from typing import Any

from itnio_async.api.account.codes import ACCOUNT
from itnio_async.sandbox.account.tables import Account
from itnio_async.sandbox.assumptions import SharedAssumptions
from itnio_async.sandbox.handler import AUTHENTICATION, Call, endpoint


def get_balance(call: Call[Account, SharedAssumptions]) -> dict[str, Any]:
    """Return the balance, which stands beside `status`."""
    return call.stored.balance()


HANDLERS = (
    endpoint(
        "/sms/getBalance",
        get_balance,
        method="GET",
        store=Account,
        family=ACCOUNT,
        # -13 says that the user is locked, which nothing here does: order it as a fault.
        codes=AUTHENTICATION | {-18, -13},
        beside=True,
    ),
)
