"""What the vendor's codes mean for the account's balance, on top of the shared ones."""

from __future__ import annotations

from itnio_async import errors
from itnio_async.codes import SHARED, Code, family

ACCOUNT = family(
    "account",
    Code(-13, "", "the user is locked", "Ask the vendor why, and to unlock it.", errors.AuthenticationError),
    base=SHARED,
)
