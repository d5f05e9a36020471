"""What the account has: its balance."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from attrs import frozen

from itnio_async.api.open_types import OpenRecord


@frozen(kw_only=True)
class Balance(OpenRecord):
    """The account's money, each amount as the vendor writes it: a decimal number in a text."""

    balance: str | None = None
    """What is left."""
    gift: str | None = None
    """What is left of what the vendor gave."""
    credit: str | None = None
    """The credit limit by the vendor's Chinese page, the credit that is left by its English one."""

    def amount(self) -> Decimal | None:
        """Return `balance` as a number, or None where the answer has none."""
        try:
            return None if self.balance is None else Decimal(self.balance)
        except InvalidOperation:
            return None
