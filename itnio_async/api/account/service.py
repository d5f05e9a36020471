"""`client.account`: the endpoint as a value, and its method."""

from __future__ import annotations

from typing import Unpack

from itnio_async.api.account.codes import ACCOUNT
from itnio_async.api.account.types import Balance
from itnio_async.api.base import Service
from itnio_async.api.shapes import NoFields
from itnio_async.endpoint import CallOptions, Endpoint, EnvelopeForm

GET_BALANCE = Endpoint(
    "GET", "/sms/getBalance", NoFields, Balance, idempotent=True, family=ACCOUNT, envelope=EnvelopeForm.BESIDE
)


class Account(Service):
    """The account itself."""

    async def get_balance(self, **options: Unpack[CallOptions]) -> Balance:
        """Return the balance, what is left of gifts, and the credit. Raises what `client.call` does."""
        return (await self._caller.call(GET_BALANCE, NoFields(), **options)).data
