"""The account: its types, its endpoint and the service of `client.account`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itnio_async.api.account.service import CALLS as CALLS, GET_BALANCE as GET_BALANCE, Account as Account
    from itnio_async.api.account.types import Balance as Balance, NoFields as NoFields
else:
    from itnio_async.api.lazily import names_of

    __getattr__, __dir__ = names_of(__name__)
