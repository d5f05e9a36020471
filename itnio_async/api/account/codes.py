"""What the vendor's codes mean for the account's balance, on top of the shared ones."""

from __future__ import annotations

from itnio_async.codes import SHARED, Code, family
from itnio_async.errors import AuthenticationError

ACCOUNT = family(
    "account",
    Code(-13, "the user is locked", "Ask the vendor why, and to unlock it.", AuthenticationError),
    base=SHARED,
)
