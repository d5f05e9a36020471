"""The account: its types, its endpoint and the service of `client.account`."""

from itnio_async.api.account.service import CALLS, GET_BALANCE, Account
from itnio_async.api.account.types import Balance, NoFields

__all__ = [
    "CALLS",
    "GET_BALANCE",
    "Account",
    "Balance",
    "NoFields",
]
